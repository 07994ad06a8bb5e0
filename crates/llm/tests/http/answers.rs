//! Answers that are right, and the ways in which real servers are nearly right.

use std::time::Duration;

use futures_util::StreamExt;
use serene_llm::{Engine, EngineError, Event, FinishReason, Usage, complete};
use tokio::time::Instant;

use crate::support::{
    Act, DONE, FIGURES, Outcome, Raw, STOP, USAGE, ask, ask_raw, chunk, chunked_head, delta, end,
    engine, hello, send, wait_ms,
};

/// A whole body with its length, of this type.
fn whole(media_type: &str, body: impl AsRef<[u8]>) -> Vec<Act> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    vec![send([head.as_bytes(), body].concat())]
}

async fn ask_sse(body: impl AsRef<[u8]>) -> Outcome {
    ask_raw(whole("text/event-stream", body)).await.0
}

#[tokio::test]
async fn a_plain_stream() {
    let first = r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#;
    let body = [first, "\n\n", &delta("Hel"), &delta("lo 🙂"), STOP, USAGE, DONE].concat();
    let outcome = ask_sse(body).await;
    assert_eq!(outcome.deltas, ["Hel", "lo 🙂"]);
    assert_eq!(outcome.end, Ok((FinishReason::Stop, Some(FIGURES))));
}

const ZEROS: &str = r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#;

#[tokio::test]
async fn oddities_of_real_servers() {
    let hi = delta("Hi");
    let stopped = |usage| Outcome::finished("Hi", FinishReason::Stop, usage);
    let unexplained = || Outcome::finished("Hi", FinishReason::Other, None);
    let with_usage =
        |usage: &str| format!("{hi}data: {{\"choices\":[],\"usage\":{usage}}}\n\n{STOP}{DONE}");
    let some = |prompt_tokens, completion_tokens| {
        Some(Usage { prompt_tokens, completion_tokens, ..Usage::default() })
    };
    for (what, body, expected) in [
        ("no figures", [&hi, STOP, DONE].concat(), stopped(None)),
        ("usage null", with_usage("null"), stopped(None)),
        ("usage {}", with_usage("{}"), stopped(None)),
        ("usage without one half", with_usage(r#"{"completion_tokens":2}"#), stopped(None)),
        (
            "usage to be completed",
            with_usage(r#"{"completion_tokens":2,"total_tokens":9}"#),
            stopped(some(7, 2)),
        ),
        (
            "usage counted along",
            [&hi, &USAGE.replace("\"completion_tokens\":2", "\"completion_tokens\":1"), USAGE, STOP]
                .concat(),
            stopped(Some(FIGURES)),
        ),
        (
            "finish_reason empty until the end",
            format!(
                "data: {{\"choices\":[{{\"delta\":{{\"content\":\"Hi\"}},\"finish_reason\":\"\"}}]}}\n\n{STOP}{DONE}"
            ),
            stopped(None),
        ),
        (
            "finish_reason always empty",
            "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"\"}]}\n\ndata: [DONE]\n\n"
                .to_owned(),
            unexplained(),
        ),
        ("no finish_reason", [&hi, DONE].concat(), unexplained()),
        ("neither finish_reason nor [DONE]", hi.clone(), unexplained()),
        ("no [DONE]", [&hi, STOP].concat(), stopped(None)),
        (
            "text and finish_reason in one chunk",
            "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"length\"}]}\n\n"
                .to_owned(),
            Outcome::finished("Hi", FinishReason::Length, None),
        ),
        (
            "cut off by a filter",
            [&hi, &STOP.replace("stop", "content_filter"), DONE].concat(),
            Outcome::finished("Hi", FinishReason::ContentFilter, None),
        ),
        ("last event without its blank line", [&hi, STOP.trim_end()].concat(), stopped(None)),
        ("last delta without its blank line", hi.trim_end().to_owned(), unexplained()),
        (
            "choices empty, content null, delta missing or null",
            [
                "data: {\"choices\":[]}\n\ndata: {\"choices\":null}\n\n",
                "data: {\"choices\":[{\"delta\":{\"content\":null}}]}\n\n",
                "data: {\"choices\":[{}]}\n\ndata: {\"choices\":[{\"delta\":null}]}\n\n",
                &hi, STOP, DONE,
            ]
            .concat(),
            stopped(None),
        ),
        (
            "comments, blank lines, other fields and events",
            [
                ": hello\n\n:\n", "\n\nid: 7\n\nretry: 5\n\nevent: ping\ndata: {}\n\ndata:\n\n",
                &hi, ": still here\n", STOP, DONE,
            ]
            .concat(),
            stopped(None),
        ),
        ("no space after the colon", [&hi, STOP, DONE].concat().replace("data: ", "data:"), stopped(None)),
        ("CRLF", [": x\n\n", &hi, STOP, DONE].concat().replace('\n', "\r\n"), stopped(None)),
        ("byte order mark", ["\u{feff}", &hi, STOP, DONE].concat(), stopped(None)),
        ("nothing after [DONE] counts", [&hi, STOP, DONE, "data: ?\n\n"].concat(), stopped(None)),
        ("rubbish after the end", [&hi, STOP, "data: ?\n\n", DONE].concat(), stopped(None)),
        (
            "the whole message in one frame",
            "data: {\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\n"
                .to_owned(),
            stopped(None),
        ),
        (
            "the whole message repeated at the end",
            [
                &hi,
                "data: {\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\n",
            ]
            .concat(),
            stopped(None),
        ),
    ] {
        assert_eq!(ask_sse(&body).await, expected, "{what}:\n{body}");
    }
}

#[tokio::test]
async fn zeros_count_at_the_end_and_nowhere_before() {
    let hi = delta("Hi");
    let stopped = |usage| Outcome::finished("Hi", FinishReason::Stop, usage);
    let some = |prompt_tokens, completion_tokens| {
        Some(Usage { prompt_tokens, completion_tokens, ..Usage::default() })
    };
    let zeros = format!("data: {{\"choices\":[],\"usage\":{ZEROS}}}\n\n");
    let with_text = |text: &str, usage: &str| {
        format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}],\"usage\":{usage}}}\n\n"
        )
    };
    let early = with_text("Hi", ZEROS);
    let hi_counted = with_text("Hi", r#"{"prompt_tokens":5,"completion_tokens":1}"#);
    let more = with_text("!", ZEROS);
    for (what, body, expected) in [
        ("zeros at the end are figures", [&hi, STOP, &zeros, DONE].concat(), stopped(some(0, 0))),
        (
            "zeros after the text, though the reason comes later",
            [&hi, &zeros, STOP, DONE].concat(),
            stopped(some(0, 0)),
        ),
        (
            "zeros before anybody has counted",
            [&zeros, &early, STOP, USAGE, DONE].concat(),
            stopped(Some(FIGURES)),
        ),
        ("zeros and nothing after them", [&zeros, &early, STOP, DONE].concat(), stopped(None)),
        (
            "a count, and zeros with the next word",
            [&hi_counted, &more, STOP, DONE].concat(),
            Outcome { deltas: vec!["Hi".into(), "!".into()], ..stopped(some(5, 1)) },
        ),
        (
            "zeros at the end win over a count on the way",
            [&hi_counted, STOP, &zeros, DONE].concat(),
            stopped(some(0, 0)),
        ),
    ] {
        assert_eq!(ask_sse(&body).await, expected, "{what}:\n{body}");
    }
}

#[tokio::test]
async fn the_type_of_the_answer_does_not_matter() {
    let body = [&delta("Hi"), STOP, DONE].concat();
    let expected = Outcome::finished("Hi", FinishReason::Stop, None);
    for media_type in ["text/plain", "application/octet-stream", "application/json", "nonsense"] {
        assert_eq!(ask_raw(whole(media_type, &body)).await.0, expected, "{media_type}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_stream() {
    let json = r#" {"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Hi 🙂"},
        "finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#;
    for media_type in ["application/json", "application/json; charset=utf-8", "text/event-stream"] {
        let (outcome, _) = ask_raw(whole(media_type, json)).await;
        let expected = Outcome::finished("Hi 🙂", FinishReason::Stop, Some(FIGURES));
        assert_eq!(outcome, expected, "{media_type}");
    }
    for (json, error) in [
        (r#"{"choices":[{"message":{"content":""},"finish_reason":"stop"}]}"#, EngineError::Empty),
        (r#"{"choices":[{"message":{"content":null}}]}"#, EngineError::Empty),
        (r#"{"choices":[]}"#, EngineError::Empty),
        (r#"{"error":{"message":"no"}}"#, EngineError::Failed { status: None }),
        (r#"{"hello":"there"}"#, EngineError::Garbage),
        (r#"{"choices":7}"#, EngineError::Garbage),
        ("{]", EngineError::Garbage),
        (r#"{"choices":[{"mess"#, EngineError::Cut),
    ] {
        let (outcome, asked) = ask_raw(whole("application/json", json)).await;
        assert_eq!(outcome, Outcome::failed(&[], error), "{json}");
        assert_eq!(asked, 1);
    }
}

#[tokio::test]
async fn an_answer_without_a_character_is_an_error() {
    for body in [
        [STOP, USAGE, DONE].concat(),
        DONE.to_owned(),
        "data: {\"choices\":[]}\n\ndata: [DONE]\n\n".to_owned(),
        "data: {\"choices\":[]}\n\n".to_owned(),
        "data: {\"choices\":[{\"delta\":{\"content\":\"\"}}]}\n\n".to_owned(),
        String::new(),
        " \n\n".to_owned(),
    ] {
        assert_eq!(ask_sse(&body).await, Outcome::failed(&[], EngineError::Empty), "{body:?}");
    }
}

#[tokio::test]
async fn complete_is_the_fold() {
    let acts = whole("text/event-stream", [&delta("Hel"), &delta("lo"), STOP, USAGE].concat());
    let server = Raw::start(move |_| acts.clone()).await;
    let reply = complete(&engine(&server.url()), hello()).await.unwrap();
    assert_eq!((&*reply.text, reply.reason), ("Hello", FinishReason::Stop));
    assert_eq!(reply.usage, Some(FIGURES));
}

#[tokio::test]
async fn deltas_arrive_as_they_are_sent() {
    let server = Raw::start(|_| {
        vec![
            chunked_head(),
            chunk(delta("now")),
            wait_ms(300),
            chunk(delta("later")),
            chunk(STOP),
            end(),
        ]
    })
    .await;
    let started = Instant::now();
    let mut stream = engine(&server.url()).stream(hello());
    assert_eq!(stream.next().await, Some(Ok(Event::Delta("now".into()))));
    assert!(started.elapsed() < Duration::from_millis(250));
    assert_eq!(stream.next().await, Some(Ok(Event::Delta("later".into()))));
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = Raw::start(|_| {
        // The body's end comes a little after the last event, as it does from real servers.
        vec![chunked_head(), chunk(delta("Hi")), chunk(STOP), chunk(DONE), wait_ms(10), end()]
    })
    .await;
    let engine = engine(&server.url());
    for _ in 0..5 {
        assert_eq!(ask(&engine, hello()).await.text(), "Hi");
    }
    assert_eq!(server.requests().len(), 5);
    // One as a rule; the next request may be there before the connection is back in the pool.
    assert!(server.connections() <= 2, "{}", server.connections());
}

#[tokio::test]
async fn a_server_that_never_closes_its_answer_is_not_waited_for() {
    for acts in [
        vec![chunked_head(), chunk(delta("Hi")), chunk(STOP), chunk(DONE), Act::AwaitClose],
        vec![chunked_head(), chunk(delta("Hi")), chunk(DONE), Act::AwaitClose],
    ] {
        let started = Instant::now();
        let (outcome, _) = ask_raw(acts).await;
        assert_eq!(outcome.text(), "Hi");
        assert!(outcome.end.is_ok());
        assert!(started.elapsed() < Duration::from_millis(350), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn figures_that_do_not_come_are_not_waited_for_long() {
    let pings = (0..100).flat_map(|_| [wait_ms(100), chunk(": wait\n\n")]);
    let mut acts = vec![chunked_head(), chunk(delta("Hi")), chunk(STOP)];
    acts.extend(pings);
    let started = Instant::now();
    let (outcome, _) = ask_raw(acts).await;
    assert_eq!(outcome, Outcome::finished("Hi", FinishReason::Stop, None));
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connection_at_once() {
    let mut server =
        Raw::start(|_| vec![chunked_head(), chunk(delta("Hi")), Act::AwaitClose]).await;
    let mut stream = engine(&server.url()).stream(hello());
    assert_eq!(stream.next().await, Some(Ok(Event::Delta("Hi".into()))));
    drop(stream);
    let closed = tokio::time::timeout(Duration::from_millis(200), server.saw_close()).await;
    assert_eq!(closed, Ok(()));
}

#[tokio::test]
async fn dropping_the_stream_before_the_answer_closes_the_connection_too() {
    let mut server = Raw::start(|_| vec![Act::AwaitClose]).await;
    let mut stream = engine(&server.url()).stream(hello());
    let early = tokio::time::timeout(Duration::from_millis(100), stream.next()).await;
    assert!(early.is_err());
    drop(stream);
    let closed = tokio::time::timeout(Duration::from_millis(200), server.saw_close()).await;
    assert_eq!(closed, Ok(()));
}
