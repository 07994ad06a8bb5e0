//! Stopping in order, and crashing, with replies under way.

use std::{
    io::{BufReader, Read, Write},
    net::TcpStream,
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    mock_model::{MockModel, Speech},
    process::{Home, Reaped, Request, Server, now, read_until, wait_for},
};

const WORDS: &[&str] = &["one ", "two ", "three ", "four ", "five "];

/// A server whose model says five words, so many times, one every 200 ms.
fn with_slow_model(home: &Home, times: usize) -> (Server, MockModel) {
    let pause = Duration::from_millis(200);
    let model = MockModel::start(Speech { words: WORDS, pause, times });
    let server = start_with(home, &model);
    (server, model)
}

fn start_with(home: &Home, model: &MockModel) -> Server {
    home.start(&[("AI_ENGINE", "openai"), ("OPENAI_BASE_URL", &model.base_url)])
}

/// The stored reply of a conversation with one message.
fn reply_in(server: &Server, messages: &str, token: &str) -> Value {
    let page = server.get(messages, token).expect(200);
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{page}");
    assert_eq!(items[0]["content"], "count for me");
    items[1].clone()
}

/// Sends the message as a stream, and returns once this word has come.
fn stream_until(
    server: &Server,
    messages: &str,
    token: &str,
    word: &str,
) -> (BufReader<TcpStream>, String) {
    let body = json!({"content": "count for me"});
    let request = Request::new("POST", messages).token(token).json(&body).events();
    let mut stream = request.open(server.address);
    let seen = read_until(&mut stream, word);
    (stream, seen)
}

/// The text of all `delta` events in what was read of a stream.
fn text_of(seen: &str) -> String {
    let data = seen.lines().filter_map(|line| line.strip_prefix("data: "));
    let deltas = data.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    deltas.filter_map(|data| data["text"].as_str().map(str::to_owned)).collect()
}

#[test]
fn an_idle_server_stops_at_once_and_in_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let home = Home::new();
        let mut server = home.start(&[]);
        // A client that keeps its connection does not hold it up.
        let mut kept = Request::new("GET", "/livez").open(server.address);
        read_until(&mut kept, "\r\n\r\n");
        server.signal(signal);
        let (status, took) = server.wait();
        assert_eq!(status.code(), Some(0), "{}", server.log());
        assert!(took < Duration::from_secs(2), "it took {took:?}");
        let mut rest = String::new();
        kept.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, r#"{"status":"ok"}"#, "nothing else was said on the connection");
    }
}

#[test]
fn a_server_that_has_just_started_hears_the_first_signal() {
    let home = Home::new();
    for round in 0..30 {
        let mut command = home.serene(&["--port", "0"], &[]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = Reaped(command.spawn().unwrap());
        let mut out = BufReader::new(child.0.stdout.take().unwrap());
        read_until(&mut out, "  engine ");
        kill_process(Pid::from_child(&child.0), Signal::TERM).unwrap();
        let status = wait_for("the server to end", || child.0.try_wait().unwrap());
        assert_eq!(status.code(), Some(0), "in round {round}");
    }
}

#[test]
fn a_stop_waits_for_the_reply_that_is_being_written() {
    let home = Home::new();
    let (mut server, _model) = with_slow_model(&home, 3);
    let token = server.register("mira");
    let messages = server.conversation(&token);
    let (mut stream, mut seen) = stream_until(&server, &messages, &token, "two");
    server.signal(Signal::TERM);
    wait_for("the log to say so", || server.log().contains("stopping: ").then_some(()));
    // Whoever asks now is told no, or finds nobody.
    if let Ok(mut late) = TcpStream::connect(server.address) {
        let mut answer = String::new();
        late.write_all(&Request::new("GET", "/readyz").header("connection", "close").bytes())
            .unwrap();
        let _ = late.read_to_string(&mut answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503"), "{answer}");
    }
    stream.read_to_string(&mut seen).unwrap();
    assert!(seen.contains("event: done\nid: end\n"), "{seen}");
    assert_eq!(text_of(&seen), WORDS.concat().repeat(3));
    assert_eq!(server.wait().0.code(), Some(0), "{}", server.log());

    let server = home.start(&[]);
    let reply = reply_in(&server, &messages, &token);
    assert_eq!(reply["status"], "complete");
    assert_eq!(reply["content"], WORDS.concat().repeat(3));
}

#[test]
fn readiness_ends_with_the_signal_while_a_reply_is_still_written() {
    let home = Home::new();
    let (mut server, _model) = with_slow_model(&home, 3);
    let token = server.register("mira");
    let messages = server.conversation(&token);
    // Sent on before the signal, half a request is still answered after it.
    let mut early = TcpStream::connect(server.address).unwrap();
    early.write_all(b"GET /readyz HTTP/1.1\r\nhost: test\r\n").unwrap();
    let (mut stream, mut seen) = stream_until(&server, &messages, &token, "one");
    server.signal(Signal::TERM);
    wait_for("the log to say so", || server.log().contains("stopping: ").then_some(()));
    let mut answer = String::new();
    let sent = early.write_all(b"connection: close\r\n\r\n");
    if sent.is_ok() {
        let _ = early.read_to_string(&mut answer);
    }
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503"), "{answer}");
    stream.read_to_string(&mut seen).unwrap();
    assert_eq!(server.wait().0.code(), Some(0));
}

#[test]
fn a_reply_without_end_is_stored_and_the_server_stops_within_thirty_seconds() {
    let home = Home::new();
    let (mut server, _model) = with_slow_model(&home, 100);
    let token = server.register("mira");
    let messages = server.conversation(&token);
    let (mut stream, mut seen) = stream_until(&server, &messages, &token, "two");
    server.signal(Signal::TERM);
    stream.read_to_string(&mut seen).unwrap();
    let (status, took) = server.wait();
    assert_eq!(status.code(), Some(0), "{}", server.log());
    assert!(took < Duration::from_secs(30), "it took {took:?}");

    let server = home.start(&[]);
    let reply = reply_in(&server, &messages, &token);
    assert_eq!(reply["status"], "interrupted", "{seen}");
    let stored = reply["content"].as_str().unwrap();
    assert!(stored.starts_with(&text_of(&seen)), "shown but not stored: {stored}");
    assert!(stored.starts_with(&WORDS.concat().repeat(15)), "the drain was not used: {stored}");
}

#[test]
fn a_killed_server_leaves_the_text_so_far() {
    let home = Home::new();
    let (server, model) = with_slow_model(&home, 100);
    let token = server.register("mira");
    let messages = server.conversation(&token);
    let (stream, seen) = stream_until(&server, &messages, &token, "five");
    // What was shown at least a checkpoint ago is on disk.
    std::thread::sleep(Duration::from_millis(600));
    server.crash();
    drop(stream);

    let server = start_with(&home, &model);
    let reply = wait_for("the sweep", || {
        let reply = reply_in(&server, &messages, &token);
        (!["pending", "running"].contains(&reply["status"].as_str().unwrap())).then_some(reply)
    });
    assert_eq!(reply["status"], "interrupted");
    let stored = reply["content"].as_str().unwrap();
    assert!(stored.starts_with(&text_of(&seen)), "{stored:?} is less than {seen}");
    assert!(WORDS.concat().repeat(100).starts_with(stored), "{stored}");
    let doctor = home.run(&["doctor"], &[]);
    assert!(doctor.out.contains("ok    the database file is sound"), "{doctor:?}");

    // The conversation goes on, and the model is shown what it had said.
    let before = model.asked().len();
    let (_stream, _) = stream_until(&server, &messages, &token, "one");
    let asked = model.asked()[before].body["messages"].clone();
    let asked = asked.as_array().unwrap();
    assert_eq!(asked.last().unwrap()["content"], "count for me");
    assert_eq!(asked[asked.len() - 2]["content"], stored, "{asked:?}");
}

#[test]
fn a_second_signal_does_not_wait() {
    let home = Home::new();
    let (mut server, _model) = with_slow_model(&home, 100);
    let token = server.register("mira");
    let messages = server.conversation(&token);
    let (_stream, _) = stream_until(&server, &messages, &token, "one");
    server.signal(Signal::INT);
    wait_for("the log to say so", || server.log().contains("stopping: ").then_some(()));
    let second = now();
    server.signal(Signal::INT);
    let (status, _) = server.wait();
    assert_eq!(status.code(), Some(130), "{}", server.log());
    assert!(second.elapsed() < Duration::from_secs(3), "{:?}", second.elapsed());
}
