//! Holding a conversation with the engine, and the rules every conversation must keep. Written
//! apart from the engine's own bookkeeping, so that a mistake there shows here.

use std::collections::HashMap;

use serene_llm::{BasicEngine, Message, Request, Role, complete};

/// One message and its answer.
pub(crate) struct Turn {
    pub(crate) said: String,
    pub(crate) answer: String,
}

/// The answer of the engine to a conversation.
pub(crate) fn answer(messages: Vec<Message>) -> String {
    let runtime =
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime needs nothing");
    let request = Request { messages, ..Request::default() };
    runtime.block_on(complete(&BasicEngine, request)).expect("this engine always answers").text
}

/// A whole conversation, each message sent with everything before it.
pub(crate) fn hold(system: Option<&str>, messages: &[&str]) -> Vec<Turn> {
    let mut history: Vec<Message> =
        system.map(|text| Message::text(Role::System, text)).into_iter().collect();
    let mut turns = Vec::new();
    for said in messages {
        history.push(Message::text(Role::User, *said));
        let answer = answer(history.clone());
        history.push(Message::text(Role::Assistant, answer.clone()));
        turns.push(Turn { said: (*said).to_owned(), answer });
    }
    turns
}

/// The words of a text, folded, punctuation removed.
pub(crate) fn words(text: &str) -> Vec<String> {
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
            !answer.contains(['{', '}', '*', '#', '`', '[', ']', '<', '>']),
            "a slot or markup in: {answer}"
        );
        assert!(!answer.contains("  ") && answer.trim() == answer, "loose spaces in: {answer:?}");
    }
}

/// The conversation as it would be read aloud.
pub(crate) fn transcript(turns: &[Turn]) -> String {
    turns.iter().map(|t| format!("> {}\n\n{}\n", t.said, t.answer)).collect::<Vec<_>>().join("\n")
}
