//! Servers that refuse, stall, break off or talk nonsense: which error, after how many attempts.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::StreamExt;
use serene_llm::{
    Engine, EngineError, Event, FinishReason, Message, OpenAiConfig, OpenAiEngine, Request,
    Retries, Role, Timeouts,
};
use tokio::{io::AsyncWriteExt, net::TcpListener, time::Instant};

use crate::support::{
    Act, DONE, FIGURES, Outcome, Raw, STOP, USAGE, ask, ask_raw, chunk, chunked_head, delta, end,
    engine, hello, quick, send, wait_ms,
};

const CLOSE_DELIMITED: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

/// An answer that is only a status, with more headers (each with its line end).
fn status(code: u16, headers: &str) -> Vec<Act> {
    vec![send(format!("HTTP/1.1 {code} Whatever\r\n{headers}Content-Length: 2\r\n\r\n{{}}"))]
}

fn good() -> Vec<Act> {
    vec![chunked_head(), chunk([&delta("Hi"), STOP, DONE].concat()), end()]
}

/// Asks a server whose first answers are `failing`, all later ones good.
async fn ask_after(failing: Vec<Vec<Act>>) -> (Outcome, usize) {
    let server = Raw::start(move |n| failing.get(n).cloned().unwrap_or_else(good)).await;
    let outcome = ask(&engine(&server.url()), hello()).await;
    (outcome, server.requests().len())
}

fn with_timeouts(server: &Raw, timeouts: Timeouts) -> OpenAiEngine {
    let (_, retries) = quick();
    OpenAiEngine::new(OpenAiConfig { timeouts, retries, ..OpenAiConfig::new(server.url(), "m") })
        .unwrap()
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let outcome = ask(&engine(&url), hello()).await;
    assert_eq!(outcome, Outcome::failed(&[], EngineError::Unreachable));
    assert_eq!(outcome.end.unwrap_err().code(), "MODEL_UNREACHABLE");
}

#[tokio::test]
async fn a_server_that_starts_late_is_reached_by_a_retry() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (timeouts, _) = quick();
    let retries = Retries { first_wait: Duration::from_millis(300), ..Retries::default() };
    let url = format!("http://{address}");
    let engine =
        OpenAiEngine::new(OpenAiConfig { timeouts, retries, ..OpenAiConfig::new(url, "m") })
            .unwrap();
    let late = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Raw::start_at(address, |_| good()).await
    };
    let (outcome, server) = tokio::join!(ask(&engine, hello()), late);
    assert_eq!(outcome.text(), "Hi");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_connection_that_is_never_made_times_out_once() {
    // TCP is accepted and TLS never answered; the connect timeout covers both.
    let server = Raw::start(|_| vec![Act::AwaitClose]).await;
    let outcome = ask(&engine(&format!("https://{}/v1", server.address())), hello()).await;
    let limit = Duration::from_millis(300);
    assert_eq!(outcome, Outcome::failed(&[], EngineError::Timeout { phase: "connect", limit }));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn tls_to_a_server_without_it_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    let engine = engine(&url);
    let server = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        }
    };
    let outcome = tokio::select! {
        outcome = ask(&engine, hello()) => outcome,
        () = server => unreachable!(),
    };
    assert_eq!(outcome, Outcome::failed(&[], EngineError::Unreachable));
}

#[tokio::test]
async fn silence_before_the_first_byte_times_out_once() {
    let limit = Duration::from_millis(600);
    let timeout = EngineError::Timeout { phase: "first byte", limit };
    for acts in [
        vec![Act::AwaitClose],
        vec![send("HTTP/1.1 200 OK\r\nContent-"), Act::AwaitClose],
        vec![chunked_head(), Act::AwaitClose],
        // White space alone is no answer.
        vec![chunked_head(), wait_ms(150), chunk("\n"), Act::AwaitClose],
    ] {
        let started = Instant::now();
        let (outcome, asked) = ask_raw(acts.clone()).await;
        let code = outcome.end.as_ref().unwrap_err().code();
        assert_eq!((code, asked), ("MODEL_TIMEOUT", 1), "{acts:?}");
        assert!(started.elapsed() < limit * 2);
        if acts.len() < 4 {
            assert_eq!(outcome, Outcome::failed(&[], timeout.clone()), "{acts:?}");
        }
    }
}

#[tokio::test]
async fn silence_in_the_middle_times_out() {
    let limit = Duration::from_millis(400);
    let acts = vec![chunked_head(), chunk(delta("Hi")), Act::AwaitClose];
    let (outcome, asked) = ask_raw(acts).await;
    assert_eq!(outcome, Outcome::failed(&["Hi"], EngineError::Timeout { phase: "idle", limit }));
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn keep_alive_comments_count_as_life() {
    let mut acts = vec![chunked_head(), chunk(delta("Hi"))];
    for _ in 0..8 {
        acts.extend([wait_ms(100), chunk(": processing\n\n")]);
    }
    acts.extend([chunk(STOP), end()]);
    let (outcome, _) = ask_raw(acts).await;
    assert_eq!(outcome, Outcome::finished("Hi", FinishReason::Stop, None));
}

#[tokio::test]
async fn a_reader_that_takes_its_time_is_not_the_servers_fault() {
    let server = Raw::start(|_| {
        vec![chunked_head(), chunk(delta("a")), chunk(delta("b")), chunk(STOP), chunk(DONE), end()]
    })
    .await;
    let mut stream = engine(&server.url()).stream(hello());
    let mut events = Vec::new();
    while let Some(event) = stream.next().await {
        events.push(event.unwrap());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(events.len(), 3);
}

#[tokio::test]
async fn a_server_that_only_keeps_itself_alive_meets_the_total() {
    let mut acts = vec![chunked_head(), chunk(delta("Hi"))];
    acts.extend((0..100).flat_map(|_| [wait_ms(50), chunk(": wait\n\n")]));
    let server = Raw::start(move |_| acts.clone()).await;
    let (timeouts, _) = quick();
    let limit = Duration::from_millis(500);
    let engine = with_timeouts(&server, Timeouts { total: Some(limit), ..timeouts });
    let started = Instant::now();
    let outcome = ask(&engine, hello()).await;
    assert_eq!(outcome, Outcome::failed(&["Hi"], EngineError::Timeout { phase: "total", limit }));
    assert!(started.elapsed() < limit * 2);
}

#[tokio::test]
async fn the_total_ends_a_silence_and_a_flood() {
    let limit = Duration::from_millis(300);
    let total = EngineError::Timeout { phase: "total", limit };
    let silence = Act::AwaitClose;
    let flood = Act::Repeat(b": wait\n\n".repeat(8 * 1024));
    for act in [silence, flood] {
        let server =
            Raw::start(move |_| vec![send(CLOSE_DELIMITED), send(delta("Hi")), act.clone()]).await;
        let (timeouts, _) = quick();
        let engine = with_timeouts(&server, Timeouts { total: Some(limit), ..timeouts });
        let started = Instant::now();
        let outcome = ask(&engine, hello()).await;
        assert_eq!(outcome, Outcome::failed(&["Hi"], total.clone()));
        assert!(started.elapsed() < limit * 2, "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn the_total_bounds_the_retries_as_well() {
    let server = Raw::start(|_| status(503, "Retry-After: 2\r\n")).await;
    let (timeouts, _) = quick();
    let total = Some(Duration::from_millis(500));
    let engine = with_timeouts(&server, Timeouts { total, ..timeouts });
    let started = Instant::now();
    let outcome = ask(&engine, hello()).await;
    assert_eq!(outcome, Outcome::failed(&[], EngineError::Failed { status: Some(503) }));
    assert!(started.elapsed() < Duration::from_millis(400));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn what_each_status_means() {
    let rate_limited = |retry_after| EngineError::RateLimited { retry_after };
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    for (code, headers, error, attempts) in [
        (400, "", EngineError::Rejected { status: 400 }, 1),
        (404, "", EngineError::Rejected { status: 404 }, 1),
        (413, "", EngineError::Rejected { status: 413 }, 1),
        (422, "", EngineError::Rejected { status: 422 }, 1),
        (401, "", EngineError::Unauthorized { status: 401 }, 1),
        (403, "", EngineError::Unauthorized { status: 403 }, 1),
        (302, "Location: /v1/elsewhere\r\n", EngineError::Rejected { status: 302 }, 1),
        (307, "Location: /v1/elsewhere\r\n", EngineError::Rejected { status: 307 }, 1),
        (429, "", rate_limited(None), 3),
        (429, "Retry-After: 0\r\n", rate_limited(seconds(0)), 3),
        (429, "Retry-After: 60\r\n", rate_limited(seconds(60)), 1),
        (429, "Retry-After: soon\r\n", rate_limited(None), 3),
        (429, "Retry-After-Ms: 20\r\n", rate_limited(Some(Duration::from_millis(20))), 3),
        (500, "", EngineError::Failed { status: Some(500) }, 3),
        (503, "", EngineError::Failed { status: Some(503) }, 3),
        (503, "Retry-After: 60\r\n", EngineError::Failed { status: Some(503) }, 1),
    ] {
        let (outcome, asked) = ask_raw(status(code, headers)).await;
        assert_eq!(outcome, Outcome::failed(&[], error), "{code} {headers}");
        assert_eq!(asked, attempts, "{code} {headers}");
    }
}

#[tokio::test]
async fn a_retry_that_succeeds_is_an_answer_like_any_other() {
    let expected = Outcome::finished("Hi", FinishReason::Stop, None);
    for failing in [
        vec![status(429, "")],
        vec![status(500, ""), status(503, "")],
        vec![vec![Act::Close]],
        vec![vec![Act::Reset], status(502, "")],
    ] {
        let attempts = failing.len() + 1;
        assert_eq!(ask_after(failing.clone()).await, (expected.clone(), attempts), "{failing:?}");
    }
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let started = Instant::now();
    let (outcome, asked) = ask_after(vec![status(429, "Retry-After: 1\r\n")]).await;
    assert_eq!((outcome.text().as_str(), asked), ("Hi", 2));
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn attempts_are_configurable_and_capped() {
    for (max_attempts, expected) in [(0, 1), (1, 1), (2, 2), (9, 3)] {
        let server = Raw::start(|_| status(500, "")).await;
        let (timeouts, retries) = quick();
        let retries = Retries { max_attempts, ..retries };
        let config = OpenAiConfig { timeouts, retries, ..OpenAiConfig::new(server.url(), "m") };
        ask(&OpenAiEngine::new(config).unwrap(), hello()).await;
        assert_eq!(server.requests().len(), expected, "{max_attempts}");
    }
}

#[tokio::test]
async fn a_connection_lost_before_the_answer_is_cut_after_the_retries() {
    for acts in [vec![Act::Close], vec![Act::Reset], vec![send("HTTP/1.1 200 OK\r\n"), Act::Close]]
    {
        let (outcome, asked) = ask_raw(acts.clone()).await;
        assert_eq!(outcome, Outcome::failed(&[], EngineError::Cut), "{acts:?}");
        assert_eq!(asked, 3, "{acts:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_cut_and_never_asked_for_again() {
    let hi = delta("Hi");
    let half_frame = &delta("there")[..30];
    let half_letter =
        [b"data: {\"choices\":[{\"delta\":{\"content\":\"\xf0\x9f".as_slice()].concat();
    let short = format!("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{hi}");
    for acts in [
        vec![chunked_head(), chunk(&hi), Act::Close],
        vec![chunked_head(), chunk(&hi), wait_ms(50), Act::Reset],
        vec![chunked_head(), chunk(&hi), chunk(half_frame), Act::Close],
        vec![chunked_head(), chunk(&hi), chunk(half_letter), Act::Close],
        vec![chunked_head(), chunk(&hi), send("ff\r\ndata: {\"cho"), Act::Close],
        vec![send(&short), Act::Close],
        // Here nothing but the end of the connection ends the answer, and it came too early.
        vec![send(CLOSE_DELIMITED), send(&hi), Act::Close],
        vec![send(CLOSE_DELIMITED), send(&hi), send(half_frame), Act::Close],
    ] {
        let (outcome, asked) = ask_raw(acts.clone()).await;
        assert_eq!(outcome, Outcome::failed(&["Hi"], EngineError::Cut), "{acts:?}");
        assert_eq!(asked, 1, "{acts:?}");
    }
    for acts in [
        vec![chunked_head(), Act::Close],
        vec![send(CLOSE_DELIMITED), Act::Close],
        vec![send(CLOSE_DELIMITED), send("{\"choices\":[{\"mes"), Act::Close],
    ] {
        let (outcome, asked) = ask_raw(acts.clone()).await;
        assert_eq!(outcome, Outcome::failed(&[], EngineError::Cut), "{acts:?}");
        assert_eq!(asked, 1, "{acts:?}");
    }
}

#[tokio::test]
async fn what_breaks_after_the_models_last_word_costs_the_figures_at_most() {
    let text = [&delta("Hi"), STOP].concat();
    let figures = [&text, USAGE].concat();
    for (acts, usage) in [
        (vec![chunked_head(), chunk(&text), Act::Close], None),
        (vec![chunked_head(), chunk(&figures), wait_ms(50), Act::Reset], Some(FIGURES)),
        (vec![send(CLOSE_DELIMITED), send(&figures), Act::Close], Some(FIGURES)),
        (vec![chunked_head(), chunk(&text), Act::AwaitClose], None),
    ] {
        let (outcome, asked) = ask_raw(acts.clone()).await;
        assert_eq!(outcome, Outcome::finished("Hi", FinishReason::Stop, usage), "{acts:?}");
        assert_eq!(asked, 1);
    }
}

#[tokio::test]
async fn rubbish_is_garbage() {
    let sse = |body: &[u8]| vec![chunked_head(), chunk(body), end()];
    let big_event = delta(&"x".repeat(2 * 1024 * 1024));
    let big_line = vec![b'x'; 2 * 1024 * 1024];
    let many_lines = b"data: x\r\n".repeat(200_000);
    for acts in [
        sse(b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\xfe\"}}]}\n\n"),
        sse(b"data: {\"choices\":[{\"del\n\n"),
        sse(b"data: hello\n\n"),
        sse(b"data: 17\n\n"),
        sse(b"data: {\"choices\":\"none\"}\n\n"),
        sse(b"data: {\"choices\":[{\"delta\":{\"content\":17}}]}\n\n"),
        sse(b"Service temporarily strange\n"),
        sse(b"<html>Sign in</html>"),
        sse(b"\x00\x01\x02\x03"),
        sse(&[b"data: ".as_slice(), &b"[".repeat(100_000), b"\n\n"].concat()),
        sse(big_event.as_bytes()),
        sse(&big_line),
        sse(&many_lines),
        vec![send("SSH-2.0-OpenSSH_9.6\r\n\r\n"), Act::Close],
        vec![chunked_head(), send("zz\r\n"), Act::Close],
    ] {
        let (outcome, asked) = ask_raw(acts.clone()).await;
        let shown = format!("{acts:?}");
        assert_eq!(outcome, Outcome::failed(&[], EngineError::Garbage), "{shown:.200}");
        assert_eq!(asked, 1, "{shown:.200}");
    }
}

#[tokio::test]
async fn rubbish_after_text_keeps_the_text() {
    let acts = vec![chunked_head(), chunk(delta("Hi")), chunk("data: {\n\n"), end()];
    let (outcome, asked) = ask_raw(acts).await;
    assert_eq!((outcome, asked), (Outcome::failed(&["Hi"], EngineError::Garbage), 1));
}

#[tokio::test]
async fn an_answer_of_many_events_may_be_larger_than_one_event() {
    let text = "x".repeat(1000);
    let mut acts = vec![chunked_head()];
    // Comments and both kinds of line ends among them: what is bounded is a single event.
    acts.extend((0..1200).map(|_| chunk(delta(&text).replace('\n', "\r\n"))));
    acts.extend((0..1200).map(|_| chunk([": wait\n\n", &delta(&text)].concat())));
    acts.extend([chunk(STOP), end()]);
    let (outcome, _) = ask_raw(acts).await;
    assert_eq!(outcome.text().len(), 2_400_000);
    assert!(outcome.end.is_ok());
}

#[tokio::test]
async fn a_plain_answer_beyond_all_bounds_is_garbage() {
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 33554432\r\n\r\n{";
    let mut acts = vec![send(head)];
    acts.extend((0..32).map(|_| send(vec![b' '; 1024 * 1024])));
    let (outcome, _) = ask_raw(acts).await;
    assert_eq!(outcome, Outcome::failed(&[], EngineError::Garbage));
}

#[tokio::test]
async fn an_error_object_in_the_stream_is_a_failure() {
    let hi = delta("Hi");
    for frame in [
        "data: {\"error\":{\"message\":\"overloaded\",\"code\":502}}\n\n",
        "data: {\"error\":\"overloaded\"}\n\n",
        "data: {\"choices\":[],\"error\":{\"message\":\"overloaded\"}}\n\n",
        "event: error\ndata: overloaded\n\n",
    ] {
        let acts = vec![chunked_head(), chunk([&hi, frame, DONE].concat()), end()];
        let (outcome, asked) = ask_raw(acts).await;
        let failed = EngineError::Failed { status: None };
        assert_eq!((outcome, asked), (Outcome::failed(&["Hi"], failed), 1), "{frame}");
    }
}

/// A writer that keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_private_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let headers = "X-Canary: canary\r\n";
    let server = Raw::start(move |n| match n {
        0 => status(500, headers),
        1 => vec![chunked_head(), chunk([&delta("canary"), STOP, DONE].concat()), end()],
        2 => status(400, headers),
        _ => vec![chunked_head(), chunk(delta("canary")), chunk("data: canary\n\n"), end()],
    })
    .await;
    let (timeouts, retries) = quick();
    let engine = OpenAiEngine::new(OpenAiConfig {
        api_key: Some("canary".into()),
        timeouts,
        retries,
        ..OpenAiConfig::new(format!("{}/canary", server.url()), "m")
    })
    .unwrap();
    let request =
        || Request { messages: vec![Message::text(Role::User, "canary")], ..Request::default() };
    for _ in 0..3 {
        let mut stream = engine.stream(request());
        while let Some(event) = stream.next().await {
            assert!(!format!("{event:?}").contains("canary"));
            if let Ok(Event::Delta(text)) = event {
                assert_eq!(text, "canary");
            }
        }
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("500") && log.contains("MODEL_REJECTED"), "{log}");
    assert!(log.contains("MODEL_GARBAGE"), "{log}");
    assert!(!log.contains("canary"), "{log}");
}
