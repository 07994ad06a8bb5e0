//! The scripted engine does what its name says.

#![expect(clippy::unwrap_used, reason = "in a test, what is not there is a failure")]

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::StreamExt;
use serene_llm::{
    Engine, EngineError, Event, FinishReason, Message, Request, Role, Script, ScriptedEngine, Usage,
};

fn request() -> Request {
    Request {
        messages: vec![
            Message::text(Role::System, "Be kind."),
            Message::text(Role::Assistant, "Fine."),
            Message::text(Role::User, "How are you today?"),
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
        ("fail", 0, EngineError::Failed { status: Some(500) }),
        ("fail:3", 3, EngineError::Failed { status: Some(500) }),
        ("times:1+fail", 0, EngineError::Failed { status: Some(500) }),
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

#[tokio::test(start_paused = true)]
async fn first_waits_once_and_before_a_fault_too() {
    for (model, deltas, ms) in [
        ("first:700+echo", 4, 700),
        ("slow:10+first:700+fail:2", 2, 720),
        ("first:700+fail", 0, 700),
    ] {
        let started = tokio::time::Instant::now();
        let (given, _) = run(model).await;
        assert_eq!(
            (given.len(), started.elapsed()),
            (deltas, Duration::from_millis(ms)),
            "{model}"
        );
    }
}

#[tokio::test]
async fn a_fault_befalls_the_first_requests_only_when_they_are_counted() {
    let engine = ScriptedEngine::new("times:2+fail:1").unwrap();
    for deltas in [1, 1, 4, 4] {
        let events: Vec<_> = engine.stream(request()).collect().await;
        let given = events.iter().filter(|event| matches!(event, Ok(Event::Delta(_)))).count();
        assert_eq!((given, events.last().unwrap().is_err()), (deltas, deltas == 1));
    }
}

#[tokio::test]
async fn reasons() {
    for (model, named, reason) in [
        ("echo", "stop", FinishReason::Stop),
        ("finish:length", "length", FinishReason::Length),
        ("finish:content_filter+echo", "content_filter", FinishReason::ContentFilter),
        ("finish:tool_calls", "tool_calls", FinishReason::Other),
        ("finish:", "", FinishReason::Other),
        ("finish:+long:3", "", FinishReason::Other),
    ] {
        let script: Script = model.parse().unwrap();
        assert_eq!(script.finish_reason(), named);
        let events: Vec<_> = script.stream(&request(), 0).collect().await;
        let Some(Ok(Event::Finished { reason: given, .. })) = events.last() else {
            panic!("{events:?}")
        };
        assert_eq!(*given, reason, "{model}");
    }
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
        ("first", "first"),
        ("times", "times"),
        ("finish", "finish"),
        ("panic+echo", "panic"),
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
