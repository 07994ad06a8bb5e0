//! Told to stop while replies are being written.

use std::{
    io::{BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    mock_model_server::MockServer,
    process::{Home, Request, Server, now, read_until, wait_for},
};

/// A server whose model repeats what it was told, five words a second.
fn start(home: &Home) -> (Server, MockServer) {
    let model = MockServer::start();
    let server = home.start(&[
        ("AI_ENGINE", "openai"),
        ("OPENAI_BASE_URL", &model.base_url()),
        ("OPENAI_MODEL", "slow:200"),
    ]);
    (server, model)
}

/// A reply that is being read.
struct Reading {
    messages: String,
    said: String,
    stream: BufReader<TcpStream>,
    seen: String,
}

impl Reading {
    /// Begins a reply of so many words and reads the first two of them.
    fn begin(server: &Server, token: &str, count: usize) -> Self {
        let messages = server.conversation(token);
        let words: Vec<String> = (1..=count).map(|number| format!("word-{number}")).collect();
        let said = words.join(" ");
        let request = Request::new("POST", &messages).token(token).events();
        let body = json!({"content": said});
        let mut stream = request.json(&body).open(server.address);
        let seen = read_until(&mut stream, "word-2 ");
        Self { messages, said, stream, seen }
    }

    /// Reads to the end; returns the text of the deltas, and the name and data of the last event.
    fn finish(&mut self) -> (String, String, Value) {
        self.stream.read_to_string(&mut self.seen).unwrap();
        // The last chunk of the body, without which it was cut off.
        assert!(self.seen.ends_with("\n\n\r\n0\r\n\r\n"), "{}", self.seen);
        let data = self.seen.lines().filter_map(|line| line.strip_prefix("data: "));
        let data: Vec<Value> = data.map(|data| serde_json::from_str(data).unwrap()).collect();
        let text = data.iter().filter_map(|data| data["text"].as_str()).collect();
        let name = self.seen.lines().filter_map(|line| line.strip_prefix("event: ")).next_back();
        (text, name.unwrap().to_owned(), data.last().unwrap().clone())
    }

    /// The reply as it is stored.
    fn stored(&self, server: &Server, token: &str) -> Value {
        let page = server.get(&self.messages, token).expect(200);
        assert_eq!(page["items"][0]["content"], self.said);
        page["items"][1].clone()
    }
}

fn wait_for_the_stop_to_begin(server: &Server) {
    wait_for("the log to say so", || server.log().contains("stopping: ").then_some(()));
}

#[test]
fn sigterm_with_live_streams() {
    let home = Home::new();
    let (mut server, _model) = start(&home);
    let token = server.register("mira");
    // Half a request from before the signal is answered after it.
    let mut early = TcpStream::connect(server.address).unwrap();
    early.write_all(b"GET /readyz HTTP/1.1\r\nhost: test\r\n").unwrap();
    let mut long = Reading::begin(&server, &token, 300);
    let mut short = Reading::begin(&server, &token, 15);

    let told = now();
    server.signal(Signal::TERM);
    wait_for_the_stop_to_begin(&server);
    early.write_all(b"connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    early.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("UNAVAILABLE"), "{answer}");
    wait_for("new connections to be refused", || TcpStream::connect(server.address).err());
    assert!(told.elapsed() < Duration::from_secs(1), "{:?}", told.elapsed());

    // What ends in time is whole.
    let (text, name, done) = short.finish();
    assert_eq!((&text, name.as_str()), (&short.said, "done"));
    assert_eq!(done["message"]["status"], "complete");

    // What does not is told how far it came, once that is stored.
    let (text, name, done) = long.finish();
    let drained = told.elapsed();
    assert!((24..28).contains(&drained.as_secs()), "{drained:?}");
    assert_eq!((name.as_str(), &done["message"]["status"]), ("done", &json!("interrupted")));
    assert_eq!(done["message"]["content"], text);
    assert!(long.said.starts_with(&text) && text.contains("word-100 "), "{text}");
    let (status, _) = server.wait();
    assert_eq!(status.code(), Some(0), "{}", server.log());
    assert!(told.elapsed() < Duration::from_secs(30), "{:?}", told.elapsed());

    let (server, _model) = start(&home);
    assert_eq!(short.stored(&server, &token)["content"], short.said);
    assert_eq!(long.stored(&server, &token), done["message"]);
}

#[test]
fn a_second_signal_ends_at_once() {
    for signal in [Signal::TERM, Signal::INT] {
        let home = Home::new();
        let (mut server, _model) = start(&home);
        let token = server.register("mira");
        let _reading = Reading::begin(&server, &token, 300);
        server.signal(signal);
        wait_for_the_stop_to_begin(&server);
        let second = now();
        server.signal(signal);
        let (status, _) = server.wait();
        assert_eq!(status.code(), Some(130), "{}", server.log());
        assert!(second.elapsed() < Duration::from_secs(1), "{:?}", second.elapsed());
    }
}
