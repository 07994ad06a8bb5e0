//! The stream: deltas, the end, usage, limits.

use futures_util::StreamExt;
use serene_llm::{
    BasicEngine, Engine, Event, FinishReason, Message, Request, Role, Usage, complete,
};

fn request(text: &str) -> Request {
    Request {
        messages: vec![Message::text(Role::System, "Be kind."), Message::text(Role::User, text)],
        ..Request::default()
    }
}

#[test]
fn it_has_a_name() {
    assert_eq!((BasicEngine.name(), BasicEngine.model()), ("basic", "basic"));
}

#[tokio::test]
async fn words_come_one_by_one_and_make_up_the_answer() {
    let whole = complete(&BasicEngine, request("I am worried about my exam")).await.unwrap();
    let events: Vec<Event> = BasicEngine
        .stream(request("I am worried about my exam"))
        .map(|event| event.unwrap())
        .collect()
        .await;
    let (end, deltas) = events.split_last().unwrap();
    let deltas: Vec<&str> = deltas
        .iter()
        .map(|event| match event {
            Event::Delta(text) => text.as_str(),
            _ => panic!("an end in the middle"),
        })
        .collect();
    assert!(
        deltas.len() > 4 && deltas.iter().all(|d| d.split_whitespace().count() == 1),
        "{deltas:?}"
    );
    assert_eq!(deltas.concat(), whole.text);
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
async fn a_limit_cuts_after_a_word() {
    let whole = complete(&BasicEngine, request("I lost my keys again")).await.unwrap().text;
    for max in [0, 1, 3, 7] {
        let cut = complete(
            &BasicEngine,
            Request { max_tokens: Some(max), ..request("I lost my keys again") },
        )
        .await
        .unwrap();
        assert_eq!(cut.reason, FinishReason::Length);
        assert!(!cut.text.is_empty() && whole.starts_with(&cut.text), "{}", cut.text);
        assert!(
            cut.text.trim_end().len()
                <= usize::max(4 * usize::try_from(max).unwrap(), whole.find(' ').unwrap())
        );
    }
    let roomy = complete(
        &BasicEngine,
        Request { max_tokens: Some(4000), ..request("I lost my keys again") },
    )
    .await
    .unwrap();
    assert_eq!((roomy.text, roomy.reason), (whole, FinishReason::Stop));
}

#[tokio::test]
async fn a_conversation_nobody_has_opened_gets_a_welcome() {
    for messages in [vec![], vec![Message::text(Role::System, "Greet the user.")]] {
        let reply =
            complete(&BasicEngine, Request { messages, ..Request::default() }).await.unwrap();
        assert!(
            reply.text.starts_with("Hello")
                || reply.text.starts_with("Hi")
                || reply.text.starts_with("Welcome"),
            "{}",
            reply.text
        );
    }
}

#[tokio::test]
async fn words_of_danger_get_exactly_one_sentence() {
    let fixed = "If you're feeling unsafe or overwhelmed, please consider reaching out to someone you trust or a local support service.";
    for text in [
        "I want to die",
        "i keep thinking about SUICIDE",
        "self-harm again",
        "kill\nmyself",
        "I feel suicidal",
        "Want  to   die.",
    ] {
        assert_eq!(complete(&BasicEngine, request(text)).await.unwrap().text, fixed, "{text}");
    }
    assert_ne!(complete(&BasicEngine, request("I want to diet")).await.unwrap().text, fixed);
}
