//! `serene mock-model`: every step of its scripts, as Serene's own client sees it and on the wire.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::StreamExt;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use serene_llm::{
    Engine, EngineError, Event, FinishReason, Message, OpenAiConfig, OpenAiEngine, Retries, Role,
    Timeouts, Usage,
};

use crate::process::{Home, Reaped, Reply, Request, now, read_until, wait_for};

/// A model server as its own process, on a free port.
pub(crate) struct MockServer {
    child: Reaped,
    address: SocketAddr,
    printed: Arc<Mutex<String>>,
    _home: Home,
}

impl MockServer {
    pub(crate) fn start() -> Self {
        let home = Home::new();
        // Settings that would stop any command that reads them.
        let environment = [("PORT", "none"), ("DATABASE_URL", "nowhere")];
        let mut command = home.serene(&["mock-model", "--port", "0"], &environment);
        let mut child = Reaped(command.stdout(Stdio::piped()).spawn().unwrap());
        let mut out = BufReader::new(child.0.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        let url = first.strip_prefix("Mock model server on http://").expect(&first);
        let address = url.split_once("/v1 - ").expect(&first).0.parse().unwrap();
        let printed = Arc::new(Mutex::new(first));
        let lines = Arc::clone(&printed);
        let read = move || {
            let mut line = String::new();
            while out.read_line(&mut line).unwrap() > 0 {
                lines.lock().unwrap().push_str(&std::mem::take(&mut line));
            }
        };
        std::thread::Builder::new().spawn(read).unwrap();
        Self { child, address, printed, _home: home }
    }

    /// For `OPENAI_BASE_URL`.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What it was asked so far, oldest first.
    pub(crate) fn requests(&self) -> Vec<Value> {
        let requests = Request::new("GET", "/requests").send(self.address).expect(200);
        requests.as_array().unwrap().clone()
    }

    /// The model, the deltas and the end of each request.
    fn told(&self) -> Vec<(String, u64, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let told =
            |it: &Value| (text(&it["model"]), it["deltas"].as_u64().unwrap(), text(&it["end"]));
        self.requests().iter().map(told).collect()
    }

    /// Asks for a whole answer, or for a stream.
    fn ask(&self, model: &str, stream: bool) -> Reply {
        chat(&asking(model, stream)).send(self.address)
    }

    /// Asks, and returns everything that came until the connection was closed, as it came.
    fn ask_raw(&self, model: &str, stream: bool) -> String {
        let request = chat(&asking(model, stream)).header("connection", "close");
        let mut answer = String::new();
        request.open(self.address).read_to_string(&mut answer).unwrap();
        answer
    }

    /// Serene's own client, which tries so often and waits a second for each byte.
    fn engine(&self, model: &str, max_attempts: u32) -> OpenAiEngine {
        let wait = Duration::from_secs(1);
        let timeouts = Timeouts { first_byte: wait, idle: wait, ..Timeouts::default() };
        let first_wait = Duration::from_millis(1);
        let retries = Retries { max_attempts, first_wait, ..Retries::default() };
        let config = OpenAiConfig::new(self.base_url(), model);
        OpenAiEngine::new(OpenAiConfig { timeouts, retries, ..config }).unwrap()
    }
}

fn chat(body: &Value) -> Request {
    Request::new("POST", "/v1/chat/completions").json(body)
}

fn asking(model: &str, stream: bool) -> Value {
    let said = json!({"role": "user", "content": "How are you today?"});
    json!({"model": model, "stream": stream, "messages": [said]})
}

fn hello() -> serene_llm::Request {
    let messages = vec![
        Message::text(Role::System, "Be kind."),
        Message::text(Role::User, "How are you today?"),
    ];
    serene_llm::Request { messages, ..serene_llm::Request::default() }
}

type Ended = Result<(FinishReason, Option<Usage>), EngineError>;

/// The deltas of an answer, and how it ended.
async fn hear(engine: &OpenAiEngine) -> (Vec<String>, Ended) {
    let mut stream = engine.stream(hello());
    let mut deltas = Vec::new();
    loop {
        match stream.next().await.unwrap() {
            Ok(Event::Delta(text)) => deltas.push(text),
            Ok(Event::Finished { reason, usage }) => return (deltas, Ok((reason, usage))),
            Ok(other) => panic!("{other:?}"),
            Err(error) => return (deltas, Err(error)),
        }
    }
}

fn figures(completion_tokens: u32) -> Usage {
    Usage { prompt_tokens: 6, completion_tokens, cached_tokens: 0, estimated: false }
}

#[tokio::test]
async fn answers_as_serenes_own_client_hears_them() {
    let model = MockServer::start();
    let echo = ["How ", "are ", "you ", "today?"];
    for (script, deltas, reason, usage) in [
        ("echo", &echo[..], FinishReason::Stop, Some(figures(4))),
        ("some-model-4.1:7b", &echo, FinishReason::Stop, Some(figures(4))),
        (
            "fixed:Yes + no: both.",
            &["Yes ", "+ ", "no: ", "both."],
            FinishReason::Stop,
            Some(figures(4)),
        ),
        ("long:3", &["The ", "rain ", "has "], FinishReason::Stop, Some(figures(3))),
        ("no-usage+long:1", &["The "], FinishReason::Stop, None),
        ("finish:length+long:1", &["The "], FinishReason::Length, Some(figures(1))),
        ("finish:+long:1", &["The "], FinishReason::Other, Some(figures(1))),
        ("times:0+fail+long:1", &["The "], FinishReason::Stop, Some(figures(1))),
    ] {
        let (heard, ended) = hear(&model.engine(script, 1)).await;
        assert_eq!(heard, deltas, "{script}");
        assert_eq!(ended, Ok((reason, usage)), "{script}");
    }
}

// The client closes its connections while the test waits.
#[tokio::test(flavor = "multi_thread")]
async fn faults_as_serenes_own_client_hears_them() {
    let model = MockServer::start();
    let limited = |retry_after| EngineError::RateLimited { retry_after };
    let late = |phase| EngineError::Timeout { phase, limit: Duration::from_secs(1) };
    let told_of = [
        ("cut:2", 2, EngineError::Cut, "failed"),
        ("cut:0", 0, EngineError::Cut, "failed"),
        ("long:40+cut:39", 39, EngineError::Cut, "failed"),
        ("unreachable", 0, EngineError::Cut, "failed"),
        ("unreachable:2", 2, EngineError::Cut, "failed"),
        ("fail", 0, EngineError::Failed { status: Some(500) }, "failed"),
        ("fail:3", 3, EngineError::Failed { status: None }, "failed"),
        ("garbage", 0, EngineError::Garbage, "failed"),
        ("garbage:1", 1, EngineError::Garbage, "failed"),
        ("unauthorized", 0, EngineError::Unauthorized { status: 401 }, "failed"),
        ("rejected", 0, EngineError::Rejected { status: 400 }, "failed"),
        ("rate-limited", 0, limited(None), "failed"),
        ("rate-limited:9", 0, limited(Some(Duration::from_secs(9))), "failed"),
        ("empty", 0, EngineError::Empty, "finished"),
        ("fixed:", 0, EngineError::Empty, "finished"),
        ("timeout", 0, late("first byte"), "closed"),
        ("first:60000", 0, late("first byte"), "closed"),
        ("slow:60000", 0, late("first byte"), "closed"),
        ("timeout:2", 2, late("idle"), "closed"),
    ];
    for (script, deltas, error, _) in &told_of {
        let (heard, ended) = hear(&model.engine(script, 1)).await;
        assert_eq!((heard.len(), ended), (*deltas, Err(error.clone())), "{script}");
    }
    let expected =
        told_of.map(|(script, deltas, _, end)| (script.to_owned(), deltas as u64, end.to_owned()));
    let told = wait_for("the last close to be noticed", || {
        let told = model.told();
        told.iter().all(|(_, _, end)| end != "running").then_some(told)
    });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_fault_that_is_counted_goes_away_when_one_tries_again() {
    let model = MockServer::start();
    let told = |script: &str, deltas: u64, end: &str| (script.to_owned(), deltas, end.to_owned());
    let (heard, ended) = hear(&model.engine("times:2+fail", 3)).await;
    assert_eq!((heard.len(), ended), (4, Ok((FinishReason::Stop, Some(figures(4))))));
    let failed = told("times:2+fail", 0, "failed");
    assert_eq!(model.told(), [failed.clone(), failed.clone(), told("times:2+fail", 4, "finished")]);

    let start = now();
    let (heard, _) = hear(&model.engine("times:1+rate-limited:1+long:2", 2)).await;
    assert_eq!(heard.len(), 2);
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());

    // Each name has a count of its own, and forgetting begins it anew.
    assert_eq!(hear(&model.engine("times:2+fail", 1)).await.0.len(), 4);
    assert_eq!(Request::new("DELETE", "/requests").send(model.address).status, 204);
    assert_eq!(model.requests(), [] as [Value; 0]);
    let (_, ended) = hear(&model.engine("times:2+fail", 1)).await;
    assert_eq!(ended, Err(EngineError::Failed { status: Some(500) }));
    assert_eq!(model.told(), [failed]);
}

#[tokio::test]
async fn waits_are_as_long_as_they_are_written() {
    let model = MockServer::start();
    for (script, ms) in
        [("first:300+echo", 300), ("slow:100+echo", 400), ("first:200+slow:50+long:3", 350)]
    {
        let start = now();
        let (heard, ended) = hear(&model.engine(script, 1)).await;
        let took = start.elapsed();
        assert!(
            ended.is_ok() && took >= Duration::from_millis(ms),
            "{script}: {heard:?} in {took:?}"
        );
        assert!(took < Duration::from_millis(ms + 900), "{script} took {took:?}");
    }
    let elapsed = model.requests()[0]["elapsed_ms"].as_u64().unwrap();
    assert!((300..1200).contains(&elapsed), "{elapsed}");
}

#[test]
fn a_stream_has_the_events_of_openais_format() {
    let model = MockServer::start();
    let stream = |include_usage: Option<bool>| -> Vec<Value> {
        let mut body = asking("long:2", true);
        if let Some(include_usage) = include_usage {
            body["stream_options"] = json!({"include_usage": include_usage});
        }
        let reply = chat(&body).send(model.address);
        let kind = reply.header("content-type").unwrap();
        assert_eq!((reply.status, kind), (200, "text/event-stream; charset=utf-8"));
        let mut data: Vec<&str> = reply
            .body
            .split_terminator("\n\n")
            .map(|line| line.strip_prefix("data: ").unwrap())
            .collect();
        assert_eq!(data.pop(), Some("[DONE]"));
        data.into_iter().map(|data| serde_json::from_str(data).unwrap()).collect()
    };
    let choices = [
        json!([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}]),
        json!([{"index": 0, "delta": {"content": "The "}, "finish_reason": null}]),
        json!([{"index": 0, "delta": {"content": "rain "}, "finish_reason": null}]),
        json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]),
    ];
    for without in [stream(None), stream(Some(false))] {
        assert_eq!(
            without.iter().map(|chunk| chunk["choices"].clone()).collect::<Vec<_>>(),
            choices
        );
        assert!(without.iter().all(|chunk| chunk.get("usage").is_none()), "{without:?}");
        for chunk in &without {
            assert_eq!(
                (&chunk["object"], &chunk["model"]),
                (&json!("chat.completion.chunk"), &json!("long:2"))
            );
            assert_eq!(
                (&chunk["id"], &chunk["created"]),
                (&without[0]["id"], &without[0]["created"])
            );
            assert!(chunk["id"].is_string() && chunk["created"].as_i64().unwrap() > 1_700_000_000);
        }
    }
    let mut with = stream(Some(true));
    let last = with.pop().unwrap();
    let usage = json!({"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6});
    assert_eq!((&last["choices"], &last["usage"]), (&json!([]), &usage));
    assert_eq!(with.iter().map(|chunk| chunk["choices"].clone()).collect::<Vec<_>>(), choices);
    assert!(with.iter().all(|chunk| chunk.get("usage") == Some(&Value::Null)), "{with:?}");
}

#[test]
fn an_answer_in_one_piece_and_its_faults() {
    let model = MockServer::start();
    let whole = model.ask("finish:length+long:2", false).expect(200);
    let message = json!({"role": "assistant", "content": "The rain ", "refusal": null});
    let choice =
        json!({"index": 0, "message": message, "logprobs": null, "finish_reason": "length"});
    assert_eq!(
        (&whole["object"], &whole["choices"]),
        (&json!("chat.completion"), &json!([choice]))
    );
    let usage = json!({"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6});
    assert_eq!(whole["usage"], usage);
    assert_eq!(model.ask("no-usage", false).expect(200).get("usage"), None);
    assert_eq!(model.ask("empty", false).expect(200)["choices"][0]["message"]["content"], "");

    for (script, status, kind) in [
        ("fail", 500, "server_error"),
        ("fail:2", 500, "server_error"),
        ("unauthorized", 401, "authentication_error"),
        ("rejected", 400, "invalid_request_error"),
        ("rate-limited:7", 429, "rate_limit_error"),
    ] {
        let refused = model.ask(script, false);
        let error = &refused.expect(status)["error"];
        assert_eq!(error["type"], kind, "{script}");
        assert!(
            error["message"].is_string() && error["param"].is_null() && error["code"].is_null()
        );
        assert_eq!(refused.header("retry-after"), (status == 429).then_some("7"), "{script}");
    }
    let garbage = model.ask("garbage", false);
    assert_eq!((garbage.status, &*garbage.body), (200, "this is no JSON"));
    let cut = model.ask_raw("cut:2", false);
    assert!(cut.contains("How are ") && !cut.contains("finish_reason\":\"stop\"}]"), "{cut}");
    assert!(!cut.ends_with("0\r\n\r\n"), "{cut}");
    assert_eq!(model.ask_raw("unreachable", false), "");
}

#[test]
fn what_is_cut_off_has_no_end_on_the_wire() {
    let model = MockServer::start();
    for (script, head, words) in [
        ("cut:2", true, "are "),
        ("cut:0", true, ""),
        ("unreachable", false, ""),
        ("unreachable:1", true, "How "),
    ] {
        let answer = model.ask_raw(script, true);
        assert_eq!(answer.starts_with("HTTP/1.1 200 OK\r\n"), head, "{script}: {answer}");
        assert!(answer.contains(words), "{script}: {answer}");
        assert!(!answer.ends_with("0\r\n\r\n") && !answer.contains("[DONE]"), "{script}: {answer}");
    }
    for (script, data) in [
        ("garbage:1", "this is no JSON"),
        (
            "fail:1",
            "{\"error\":{\"code\":null,\"message\":\"The script fails.\",\"param\":null,\"type\":\"server_error\"}}",
        ),
    ] {
        let body = model.ask(script, true).body;
        assert!(body.ends_with(&format!("data: {data}\n\n")), "{script}: {body}");
        assert!(!body.contains("[DONE]"), "{script}: {body}");
    }
}

#[test]
fn a_client_that_hangs_up_is_noticed_at_once() {
    let model = MockServer::start();
    // Before the first word, between two words, and with nothing to be heard of a whole answer.
    for (script, stream, wait) in
        [("first:60000", true, ""), ("timeout:2", true, "are "), ("slow:60000", false, "")]
    {
        let mut open = chat(&asking(script, stream)).open(model.address);
        read_until_or_not(&mut open, wait);
        let last = || model.requests().pop();
        let running = wait_for("the request", || last().filter(|it| it["model"] == script));
        assert_eq!((&running["end"], &running["ended_at"]), (&json!("running"), &Value::Null));
        let (hung_up, clock) = (now(), jiff_now());
        drop(open);
        let closed = wait_for("the close", || last().filter(|it| it["end"] != "running"));
        assert_eq!(closed["end"], "closed", "{script}");
        assert!(hung_up.elapsed() < Duration::from_secs(1), "{script}: {:?}", hung_up.elapsed());
        let ended: jiff::Timestamp = closed["ended_at"].as_str().unwrap().parse().unwrap();
        let late = ended.as_millisecond() - clock.as_millisecond();
        assert!((-1..1000).contains(&late), "{script}: noticed after {late} ms");
        assert_eq!(closed["deltas"], if wait.is_empty() { 0 } else { 2 });
    }
}

fn read_until_or_not(open: &mut BufReader<TcpStream>, wanted: &str) {
    if !wanted.is_empty() {
        read_until(open, wanted);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "compared with what another process says of its clock"
)]
fn jiff_now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[test]
fn it_tells_what_it_was_asked_but_prints_no_word_of_it() {
    let model = MockServer::start();
    let parts = json!([{"type": "text", "text": "a canary7131"},
                       {"type": "image_url", "image_url": {"url": "data:image/png;base64,AP8/"}}]);
    let messages =
        json!([{"role": "developer", "content": "Be kind."}, {"role": "user", "content": parts}]);
    let body = json!({"model": "echo", "messages": messages});
    let answer = chat(&body).send(model.address).expect(200);
    assert_eq!(answer["choices"][0]["message"]["content"], "a canary7131");
    chat(&json!({"stream": true, "messages": []})).send(model.address);
    let odd = format!("a\n{}", "b".repeat(100));
    chat(&json!({"model": odd, "messages": messages})).send(model.address).expect(200);

    let requests = model.requests();
    let first = &requests[0];
    assert_eq!(
        (&first["number"], &first["model"], &first["stream"]),
        (&json!(1), &json!("echo"), &json!(false))
    );
    assert_eq!(first["messages"], messages);
    assert_eq!((&requests[1]["model"], &requests[1]["stream"]), (&json!(""), &json!(true)));
    assert_eq!(requests[2]["model"], odd);
    let printed = wait_for("a line for each", || {
        let printed = model.printed.lock().unwrap().clone();
        (printed.lines().count() == 4).then_some(printed)
    });
    assert!(
        printed.contains("   1  finished      2 deltas") && printed.contains("whole     echo\n"),
        "{printed}"
    );
    assert!(printed.ends_with(&format!("  a\\n{}\n", "b".repeat(58))), "{printed}");
    assert!(!printed.contains("canary7131"), "{printed}");
}

#[test]
fn other_requests_get_an_error_in_openais_shape() {
    let model = MockServer::start();
    let listed = Request::new("GET", "/v1/models").send(model.address).expect(200);
    assert_eq!(listed["object"], "list");
    let ids: Vec<_> =
        listed["data"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    for id in ids {
        id.parse::<serene_llm::Script>().unwrap();
    }
    let broken = |body: &str| {
        let mut stream = TcpStream::connect(model.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "POST /v1/chat/completions HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    for (body, sentence) in [
        ("{", "The body is no JSON."),
        ("3", "`messages` must be a list."),
        ("{\"model\":\"echo\"}", "`messages` must be a list."),
        ("{\"model\":3,\"messages\":[]}", "`model` must be a string."),
    ] {
        let answer = broken(body);
        assert!(
            answer.starts_with("HTTP/1.1 400 ") && answer.contains(sentence),
            "{body}: {answer}"
        );
    }
    for (method, path) in [("POST", "/v1/responses"), ("GET", "/v1/chat/completions"), ("GET", "/")]
    {
        let error = Request::new(method, path).send(model.address).expect(404);
        assert_eq!(error["error"]["message"], format!("There is no {method} {path} here."));
    }
    assert_eq!(model.requests(), [] as [Value; 0], "only chats are taken down");
}

#[test]
fn the_page_names_steps_that_there_are() {
    let page = include_str!("../../../../docs/mock-model.md");
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" |"));
    let steps: Vec<&str> =
        cells.flat_map(|(cell, _)| cell.trim_end_matches('`').split("`, `")).collect();
    assert!(steps.len() > 20, "{steps:?}");
    for step in steps {
        let script = step.replace("<n>", "1").replace("<ms>", "1").replace("<s>", "1");
        script.parse::<serene_llm::Script>().unwrap();
    }
}

fn end_of(child: &mut Child) -> Option<i32> {
    wait_for("the server to end", || child.try_wait().unwrap()).code()
}

#[test]
fn it_ends_at_once_whatever_is_being_said() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut model = MockServer::start();
        let mut open = chat(&asking("slow:50+long:10000", true)).open(model.address);
        read_until(&mut open, "rain ");
        let start = now();
        kill_process(Pid::from_child(&model.child.0), signal).unwrap();
        assert_eq!(end_of(&mut model.child.0), Some(0));
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
}

#[test]
fn it_says_why_it_does_not_start() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = home.run(&["mock-model", "--port", &port], &[]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let sentence =
        format!("serene: cannot listen on 127.0.0.1:{port} (--port 0 takes any free port): ");
    assert!(refused.err.starts_with(&sentence) && refused.err.lines().count() == 1, "{refused:?}");
    for (flag, value) in [("--port", "70000"), ("--host", "model.example")] {
        let refused = home.run(&["mock-model", flag, value], &[]);
        assert_eq!(refused.code, Some(78), "{refused:?}");
        assert!(
            refused.err.contains(&format!("(flag {flag}): \"{value}\" is not a")),
            "{refused:?}"
        );
    }
    let left: Vec<_> = std::fs::read_dir(home.work()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
