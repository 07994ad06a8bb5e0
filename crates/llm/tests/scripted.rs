//! The scripted engine does what its name says.

#![expect(clippy::unwrap_used, reason = "in a test, what is not there is a failure")]

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::StreamExt;
use serene_llm::{
    Engine, EngineError, Event, FinishReason, Message, Request, Role, ScriptedEngine, Usage,
};

fn request() -> Request {
    Request {
        messages: vec![
            Message::text(Role::System, "Be kind."),
            Message::text(Role::User, "How are you today?"),
            Message::text(Role::Assistant, "Fine."),
        ],
        ..Request::default()
    }
}

async fn run(model: &str) -> (Vec<String>, Result<Option<Usage>, EngineError>) {
    let engine = ScriptedEngine::new(model).unwrap();
    assert_eq!((engine.name(), engine.model()), ("scripted", model));
    let mut stream = engine.stream(request());
    let mut deltas = Vec::new();
    let end = loop {
        match stream.next().await.unwrap() {
            Ok(Event::Delta(text)) => deltas.push(text),
            Ok(Event::AnsweredBy { .. }) => panic!("there is no other engine"),
            Ok(Event::Finished { reason, usage }) => {
                assert_eq!(reason, FinishReason::Stop);
                break Ok(usage);
            }
            Err(error) => break Err(error),
        }
    };
    assert_eq!(stream.next().await, None);
    (deltas, end)
}

fn usage(prompt_tokens: u32, completion_tokens: u32) -> Usage {
    Usage { prompt_tokens, completion_tokens, ..Usage::default() }
}

#[tokio::test]
async fn answers() {
    let (deltas, end) = run("echo").await;
    assert_eq!(deltas, ["How ", "are ", "you ", "today?"]);
    assert_eq!(end, Ok(Some(usage(7, 4))));
    let (deltas, end) = run("no-usage+fixed:a+b: c").await;
    assert_eq!((deltas.concat().as_str(), end), ("a+b: c", Ok(None)));
    let (deltas, end) = run("long:11").await;
    assert_eq!((deltas.len(), end), (11, Ok(Some(usage(7, 11)))));
    assert_eq!(deltas[8], deltas[0]);
}

#[tokio::test]
async fn faults() {
    let limited = |retry_after| EngineError::RateLimited { retry_after };
    for (model, deltas, error) in [
        ("cut:2", 2, EngineError::Cut),
        ("cut:0", 0, EngineError::Cut),
        ("cut:99", 4, EngineError::Cut),
        ("fail", 0, EngineError::Failed { status: Some(503) }),
        ("fail:3", 3, EngineError::Failed { status: Some(503) }),
        ("garbage", 0, EngineError::Garbage),
        ("long:5+garbage:4", 4, EngineError::Garbage),
        ("unreachable", 0, EngineError::Unreachable),
        ("unauthorized", 0, EngineError::Unauthorized { status: 401 }),
        ("rejected", 0, EngineError::Rejected { status: 400 }),
        ("empty", 0, EngineError::Empty),
        ("fixed:", 0, EngineError::Empty),
        ("long:0", 0, EngineError::Empty),
        ("rate-limited", 0, limited(None)),
        ("rate-limited:7", 0, limited(Some(Duration::from_secs(7)))),
    ] {
        let (given, end) = run(model).await;
        assert_eq!((given.len(), end), (deltas, Err(error)), "{model}");
    }
    assert_eq!(run("timeout").await.1.unwrap_err().code(), "MODEL_TIMEOUT");
}

#[tokio::test(start_paused = true)]
async fn slow_waits_before_each_delta() {
    let started = tokio::time::Instant::now();
    let (deltas, _) = run("slow:100+long:6").await;
    assert_eq!((deltas.len(), started.elapsed()), (6, Duration::from_millis(600)));
}

#[tokio::test]
async fn requests_are_kept_once_polled() {
    let engine = ScriptedEngine::new("echo").unwrap();
    let clone = engine.clone();
    drop(engine.stream(request()));
    assert!(clone.requests().is_empty());
    let _ = engine.stream(request()).next().await;
    let kept = clone.requests();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].messages, request().messages);
}

#[test]
fn panic_panics_when_asked() {
    let engine = ScriptedEngine::new("panic").unwrap();
    let asked = std::panic::catch_unwind(AssertUnwindSafe(|| drop(engine.stream(request()))));
    assert!(asked.is_err());
}

#[test]
fn other_names_are_refused() {
    for (model, step) in [
        ("", ""),
        ("gpt-4o", "gpt-4o"),
        ("slow", "slow"),
        ("slow:x", "slow:x"),
        ("long:", "long:"),
        ("cut:-1", "cut:-1"),
        ("echo:3", "echo:3"),
        ("long:3+nonsense+echo", "nonsense"),
        ("echo+", ""),
    ] {
        let refused = ScriptedEngine::new(model).unwrap_err();
        assert_eq!(refused.0, step, "{model}");
    }
}
