//! Readers that go away, and readers that stay and do not read: the reply is written and stored at
//! the model's own pace, and whoever comes back reads the rest.

use std::{
    io::{BufReader, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    database::Cell,
    mock_model::{MockModel, Speech},
    mock_model_server::MockServer,
    process::{Home, Request, Server, now, read_until, wait_for},
    replies::words,
};

/// A reader over a socket of its own, which takes whole events only.
struct Reader {
    socket: BufReader<TcpStream>,
    stream: String,
    text: String,
    last_id: String,
}

impl Reader {
    /// Sends a message and reads its head.
    fn send(server: &Server, token: &str, messages: &str) -> Self {
        let request = Request::new("POST", messages).token(token).events();
        let mut socket = request.json(&json!({"content": "go on"})).open(server.address);
        let head = read_until(&mut socket, "\r\n\r\n");
        let id = head.lines().find_map(|line| line.strip_prefix("x-generation-id: ")).unwrap();
        let stream = format!("/api/v1/generations/{id}/stream");
        Self { socket, stream, text: String::new(), last_id: "0".to_owned() }
    }

    /// Reads one more event, which must be a delta.
    fn delta(&mut self) {
        let event = read_until(&mut self.socket, "\n\n");
        let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        assert_eq!(line("event: "), "delta");
        line("id: ").clone_into(&mut self.last_id);
        let data: Value = serde_json::from_str(line("data: ")).unwrap();
        self.text.push_str(data["text"].as_str().unwrap());
    }

    /// What it has read, and what it reads when it comes back and stays: all of the text.
    fn come_back(&self, server: &Server, token: &str) -> String {
        let request = Request::new("GET", &self.stream).token(token);
        let rest = request.header("last-event-id", &self.last_id).send(server.address);
        let (text, status) = text_of(&rest.events());
        assert_eq!(status, "complete");
        format!("{}{text}", self.text)
    }
}

/// The text of a stream's deltas, and the status of the reply that it ended with.
fn text_of(events: &[(String, Value)]) -> (String, String) {
    let text = events.iter().filter_map(|(_, data)| data["text"].as_str()).collect();
    let (name, done) = events.last().unwrap();
    assert_eq!(name, "done");
    (text, done["message"]["status"].as_str().unwrap().to_owned())
}

#[test]
fn client_disconnects_mid_stream() {
    let home = Home::new();
    let model = MockServer::start();
    let server = home.start(&[
        ("AI_ENGINE", "openai"),
        ("OPENAI_BASE_URL", &model.base_url()),
        ("OPENAI_MODEL", "slow:30+long:60"),
    ]);
    let token = server.register("mira");
    let messages = server.conversation(&token);
    let mut reader = Reader::send(&server, &token, &messages);
    for _ in 0..5 {
        reader.delta();
    }
    let Reader { socket, .. } = &reader;
    socket.get_ref().shutdown(std::net::Shutdown::Both).unwrap();
    let generation = reader.stream.strip_suffix("/stream").unwrap();
    let running = server.get(generation, &token).expect(200);
    assert_eq!((&running["ended_at"], &running["usage"]), (&Value::Null, &Value::Null));
    assert_eq!(reader.come_back(&server, &token), words(60), "while it is written");
    let ended = wait_for("the end", || {
        let asked = model.requests().swap_remove(0);
        (asked["end"] != "running").then_some(asked)
    });
    assert_eq!((&ended["end"], &ended["deltas"]), (&json!("finished"), &json!(60)));
    assert_eq!(reader.come_back(&server, &token), words(60), "after the end");
    let page = server.get(&messages, &token).expect(200);
    assert_eq!(page["items"][1]["content"], words(60));
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    let bill = home.rows("SELECT completion_tokens FROM usage_records");
    assert_eq!(bill, [[Cell::Integer(60)]], "paid for once, and for all of it");
}

/// A piece of text that takes six times its size on the wire.
const PIECE_BYTES: usize = 4000;
const PIECES: usize = 60;

#[test]
fn a_reader_that_stops_reading_is_dropped_and_harms_nobody() {
    let home = Home::new();
    let pause = Duration::from_millis(30);
    let piece: &str = Box::leak("\u{1}".repeat(PIECE_BYTES).into_boxed_str());
    let pieces: &[&str] = Box::leak(Box::new([piece]));
    let model = MockModel::start(Speech { words: pieces, pause, times: PIECES });
    let server = home.start(&[("AI_ENGINE", "openai"), ("OPENAI_BASE_URL", &model.base_url)]);
    let token = server.register("mira");
    let messages = server.conversation(&token);
    let start = now();
    let mut stuck = Reader::send(&server, &token, &messages);
    stuck.delta();
    let stopped_reading = now();

    // Another reader of the same reply gets it as fast as the model writes it.
    let other = Request::new("GET", &stuck.stream).token(&token).send(server.address);
    let took = start.elapsed();
    let whole = piece.repeat(PIECES);
    assert_eq!(text_of(&other.events()), (whole.clone(), "complete".to_owned()));
    assert!(took < pause * 60 + Duration::from_secs(2), "it took {took:?}");

    // Nothing is read, so the end shows as a reset when something is written.
    while stuck.socket.get_mut().write_all(b" ").is_ok() {
        assert!(stopped_reading.elapsed() < Duration::from_mins(1), "it is never dropped");
        std::thread::sleep(Duration::from_millis(100));
    }
    let dropped = stopped_reading.elapsed();
    eprintln!("dropped after {dropped:.1?}");
    // Fifteen seconds without progress, and the second in which the buffers on the way fill up.
    assert!((10..16).contains(&dropped.as_secs()), "dropped after {dropped:?}");
    assert!(stuck.text.len() < whole.len());
    assert_eq!(stuck.come_back(&server, &token), whole);
}
