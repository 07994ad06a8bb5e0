//! The stream: deltas, the end, usage, limits, going on; danger, journal entries, speed.

use std::time::Duration;

use futures_util::StreamExt;
use serene_llm::{
    BasicEngine, Engine, Event, FinishReason, Message, NlpEngine, Request, Role, Usage, complete,
    reflect,
};

use crate::talk::ask;

fn request(text: &str) -> Request {
    Request {
        messages: vec![Message::text(Role::System, "Be kind."), Message::text(Role::User, text)],
        ..Request::default()
    }
}

#[test]
fn it_has_a_name() {
    assert_eq!((NlpEngine.name(), NlpEngine.model()), ("nlp", "nlp"));
}

#[tokio::test]
async fn words_come_one_by_one_with_an_estimated_usage() {
    let whole = complete(&NlpEngine, request("I am worried about my exam")).await.unwrap();
    let events: Vec<Event> = NlpEngine
        .stream(request("I am worried about my exam"))
        .map(|event| event.unwrap())
        .collect()
        .await;
    let (end, deltas) = events.split_last().unwrap();
    let text: String = deltas
        .iter()
        .map(|event| match event {
            Event::Delta(text) => text.as_str(),
            _ => panic!("an end in the middle"),
        })
        .collect();
    assert!(deltas.len() > 4);
    assert_eq!(text, whole.text);
    let prompt = "Be kind.".len() + "I am worried about my exam".len();
    let usage = Usage {
        prompt_tokens: u32::try_from(prompt.div_ceil(4)).unwrap(),
        completion_tokens: u32::try_from(whole.text.len().div_ceil(4)).unwrap(),
        cached_tokens: 0,
        estimated: true,
    };
    assert_eq!(*end, Event::Finished { reason: FinishReason::Stop, usage: Some(usage) });
}

#[tokio::test]
async fn a_limit_cuts_after_a_word_and_the_rest_can_be_asked_for() {
    let whole = complete(&NlpEngine, request("I lost my keys again")).await.unwrap().text;
    for max_tokens in [0, 1, 3, 7] {
        let short = Request { max_tokens: Some(max_tokens), ..request("I lost my keys again") };
        let cut = complete(&NlpEngine, short).await.unwrap();
        assert_eq!(cut.reason, FinishReason::Length);
        assert!(!cut.text.is_empty() && whole.starts_with(&cut.text), "{}", cut.text);
        let mut on = request("I lost my keys again");
        on.messages.push(Message::text(Role::Assistant, cut.text.clone()));
        let rest = complete(&NlpEngine, on).await.unwrap();
        assert_eq!(format!("{}{}", cut.text, rest.text), whole);
    }
}

#[test]
fn words_of_danger_get_exactly_one_sentence() {
    let fixed = "If you're feeling unsafe or overwhelmed, please consider reaching out to someone you trust or a local support service.";
    for text in
        ["I want to die", "i keep thinking about SUICIDE", "self-harm again", "kill\nmyself"]
    {
        assert_eq!(ask(&NlpEngine, request(text)), fixed, "{text}");
    }
    assert_ne!(ask(&NlpEngine, request("I want to diet")), fixed);
}

#[test]
fn what_it_has_no_words_for_is_answered_as_basic_does() {
    for text in ["今日は疲れました", "Bugün çok yorgunum", "мне грустно", ""] {
        let basic = ask(&BasicEngine, request(text));
        if !text.is_empty() {
            assert_eq!(ask(&NlpEngine, request(text)), basic, "{text}");
        }
    }
    let nobody = ask(&NlpEngine, Request::default());
    assert_eq!(nobody, ask(&BasicEngine, Request::default()));
}

#[test]
fn a_journal_entry_is_answered_as_the_journal_is() {
    let note = "My grandmother died in March and I baked her cake today, all by myself.";
    for (head, mood) in [("", None), ("Mood: sad\n", Some("sad"))] {
        let turn = format!("{head}<entry>\n{note}\n</entry>");
        for engine in [&NlpEngine as &dyn Engine, &BasicEngine] {
            let answer = ask(engine, request(&turn));
            assert_eq!(answer, reflect(note, mood, None));
            assert!(answer.chars().count() <= 280, "{answer}");
        }
    }
    // In a chat the markers are only words.
    let mut chat = request(&format!("<entry>\n{note}\n</entry>"));
    chat.messages.remove(0);
    assert_ne!(ask(&NlpEngine, chat), reflect(note, None, None));
}

/// Fifty turns of an ordinary conversation, and one more question.
fn fifty_turns() -> Request {
    let said = [
        "My sister Ana says I should relax about the exam",
        "I couldn't sleep again, and work was too much today",
        "we went to the lake with our dog and it was lovely",
        "I'm worried about the rent and I haven't told my wife",
        "what did I tell you about Ana?",
    ];
    let mut messages = Vec::new();
    for turn in 0..50 {
        messages.push(Message::text(Role::User, format!("{} ({turn})", said[turn % said.len()])));
        let answer = ask(&NlpEngine, Request { messages: messages.clone(), ..Request::default() });
        messages.push(Message::text(Role::Assistant, answer));
    }
    messages.push(Message::text(Role::User, "What should I do about my boss?"));
    Request { messages, ..Request::default() }
}

/// How long one answer takes, over `rounds`.
#[expect(clippy::disallowed_methods, reason = "measures how long an answer takes")]
fn one_answer(request: &Request, rounds: u32) -> Duration {
    ask(&NlpEngine, request.clone());
    let start = std::time::Instant::now();
    for _ in 0..rounds {
        ask(&NlpEngine, request.clone());
    }
    start.elapsed() / rounds
}

#[test]
fn a_long_conversation_is_answered_quickly() {
    let one = one_answer(&fifty_turns(), 10);
    // Without optimisation, on a busy machine; `docs/nlp-responder.md` has the figure of a release.
    assert!(one < Duration::from_millis(250), "{one:?}");
}

#[test]
#[ignore = "measures; run it with --release --nocapture"]
fn how_long_an_answer_takes_after_fifty_turns() {
    let request = fifty_turns();
    let mut rounds: Vec<Duration> = (0..20).map(|_| one_answer(&request, 20)).collect();
    rounds.sort();
    println!("best {:?}, middle {:?}, worst {:?}", rounds[0], rounds[10], rounds[19]);
}
