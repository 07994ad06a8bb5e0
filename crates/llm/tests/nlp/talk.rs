//! Holding a conversation with an engine, and the rules every conversation must keep. Written apart
//! from the engine's own bookkeeping, so that a mistake there shows here.

use std::collections::HashMap;

use serene_llm::{Engine, Manner, Message, NlpEngine, Request, Role, complete};

/// One message and its answer.
pub(crate) struct Turn {
    pub(crate) said: String,
    pub(crate) answer: String,
}

/// The answer of an engine to a request.
pub(crate) fn ask(engine: &dyn Engine, request: Request) -> String {
    let runtime =
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime needs nothing");
    runtime.block_on(complete(engine, request)).expect("this engine always answers").text
}

/// A whole conversation with an engine in a manner, each message sent with everything before it.
pub(crate) fn hold_with(
    engine: &dyn Engine,
    manner: Manner,
    system: Option<&str>,
    messages: &[&str],
) -> Vec<Turn> {
    let mut history: Vec<Message> =
        system.map(|text| Message::text(Role::System, text)).into_iter().collect();
    let mut turns = Vec::new();
    for said in messages {
        history.push(Message::text(Role::User, *said));
        let request = Request { messages: history.clone(), manner, ..Request::default() };
        let answer = ask(engine, request);
        history.push(Message::text(Role::Assistant, answer.clone()));
        turns.push(Turn { said: (*said).to_owned(), answer });
    }
    turns
}

/// A whole conversation with `nlp`.
pub(crate) fn hold(messages: &[&str]) -> Vec<Turn> {
    let turns = hold_with(&NlpEngine, Manner::default(), None, messages);
    check(&turns);
    turns
}

/// The last answer of a conversation with `nlp`.
pub(crate) fn last(messages: &[&str]) -> String {
    hold(messages).pop().map(|turn| turn.answer).unwrap_or_default()
}

/// The words of a text, folded, punctuation removed.
fn words(text: &str) -> Vec<String> {
    let bare = |word: &str| {
        word.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>()
    };
    text.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect()
}

/// The spans of six words that come twice in a text.
pub(crate) fn repeated(text: &str) -> Vec<String> {
    let words = words(text);
    let mut count: HashMap<&[String], usize> = HashMap::new();
    for span in words.windows(6) {
        *count.entry(span).or_default() += 1;
    }
    count.into_iter().filter(|(_, n)| *n > 1).map(|(span, _)| span.join(" ")).collect()
}

/// The spans of six words of `text` that stand in `source`.
pub(crate) fn copied(text: &str, source: &str) -> Vec<String> {
    let source = words(source);
    let text = words(text);
    text.windows(6)
        .filter(|span| source.windows(6).any(|other| other == *span))
        .map(|span| span.join(" "))
        .collect()
}

/// Everything that holds for every answer of every conversation.
pub(crate) fn check(turns: &[Turn]) {
    let answers: Vec<&str> = turns.iter().map(|t| t.answer.as_str()).collect();
    let all = answers.join(" ");
    assert_eq!(
        repeated(&all),
        Vec::<String>::new(),
        "six words twice in the answers:\n{}",
        answers.join("\n")
    );
    for turn in turns {
        let answer = &turn.answer;
        assert!(!answer.trim().is_empty(), "empty answer to {:?}", turn.said);
        assert!(answer.chars().count() <= 600, "too long: {answer}");
        let questions = answer.matches(['?', '？', '؟']).count();
        assert!(questions <= 1, "{questions} questions: {answer}");
        assert_eq!(
            copied(answer, &turn.said),
            Vec::<String>::new(),
            "six words of the person's in: {answer}"
        );
        assert!(
            !answer.contains(['{', '}', '*', '#', '`', '[', ']', '<', '>', '|', '~']),
            "a slot or markup in: {answer}"
        );
        assert!(!answer.contains("  ") && answer.trim() == answer, "loose spaces in: {answer:?}");
        let words = words(answer);
        let clinical = ["diagnosis", "disorder", "bipolar", "medication", "symptom", "therapy"];
        assert!(!words.iter().any(|w| clinical.contains(&w.as_str())), "clinical: {answer}");
    }
}
