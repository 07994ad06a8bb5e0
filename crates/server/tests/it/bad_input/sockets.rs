//! The same over real sockets, and what only a socket can carry: lengths that lie, heads that are
//! none, and clients that stop in the middle.

use std::{
    fmt::Write as _,
    io::{Read, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::{Value, json};
use serene_core::base::limits::MAX_BODY_BYTES;
use serene_http::accept::{self, ConnectionLimits};
use tokio::net::TcpListener;

use crate::app::{Client, TestApp};

const CONVERSATIONS: &str = "/api/v1/conversations";

struct Server {
    address: SocketAddr,
    mira: Client,
    bearer: String,
    _app: TestApp,
}

impl Server {
    async fn start() -> Self {
        let app = TestApp::new().await;
        let mira = app.user("mira").await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tasks = &app.serene.base().tasks;
        let (router, stopping) = (app.router.clone(), tasks.stopping().clone());
        let limits = ConnectionLimits::default();
        tasks.spawn(async move {
            accept::serve(listener, router, limits, stopping, Duration::ZERO).await;
        });
        let bearer = format!("Bearer {}", mira.token.as_ref().unwrap());
        Self { address, mira, bearer, _app: app }
    }

    fn head(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
        head(method, path, &[headers, &[("authorization", &self.bearer)]].concat())
    }

    /// Sends these bytes; what comes back, if anything, must be an error in the envelope.
    #[track_caller]
    fn refused(&self, bytes: &[u8], statuses: &[u16]) {
        let answer = exchange(self.address, bytes);
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
        assert!(statuses.contains(&answer.status()), "{shown:?}: {answer:?}");
        if answer.status() != 0 {
            let error = answer.json(answer.status());
            assert!(error["code"].is_string() && error["request_id"].is_string(), "{error}");
            let head = answer.head.to_ascii_lowercase();
            assert!(head.contains("content-type: application/json"), "{head}");
            assert!(head.contains("x-content-type-options: nosniff"), "{head}");
        }
        self.goes_on();
    }

    #[track_caller]
    fn goes_on(&self) {
        let headers = [("authorization", self.bearer.as_str())];
        let good = post(CONVERSATIONS, &headers, &json!({"title": "a walk"}).to_string());
        exchange(self.address, good.as_bytes()).json(201);
    }
}

/// A body in chunks of 32 KiB.
fn chunked(body: &str) -> String {
    let mut out = String::new();
    for chunk in body.as_bytes().chunks(32 * 1024) {
        let chunk = std::str::from_utf8(chunk).unwrap();
        write!(out, "{:x}\r\n{chunk}\r\n", chunk.len()).unwrap();
    }
    out + "0\r\n\r\n"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_over_a_mebibyte_gets_its_answer_over_the_wire() {
    let server = Server::start().await;
    let large = format!(r#"{{"title": "{}"}}"#, "x".repeat(MAX_BODY_BYTES));
    let length = large.len().to_string();
    let declared = server.head("POST", CONVERSATIONS, &[("content-length", &length)]);
    let in_chunks = server.head("POST", CONVERSATIONS, &[("transfer-encoding", "chunked")]);
    server.refused(format!("{declared}{large}").as_bytes(), &[413]);
    server.refused(format!("{in_chunks}{}", chunked(&large)).as_bytes(), &[413]);
    // Where the body is not wanted at all, the answer gets through as well.
    for (path, status) in [("/nothing", 404), ("/api/v1/me", 405), ("/api/v1/auth/login", 413)] {
        let head = server.head("POST", path, &[("content-length", &length)]);
        server.refused(format!("{head}{large}").as_bytes(), &[status]);
    }
    let anonymous = head("POST", CONVERSATIONS, &[("content-length", &length)]);
    server.refused(format!("{anonymous}{large}").as_bytes(), &[401]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_content_length_that_lies_fools_nobody() {
    let server = Server::start().await;
    let body = r#"{"title": "a walk"}"#;
    // Less than there is: the body is torn, and what follows is no request.
    let short = server.head("POST", CONVERSATIONS, &[("content-length", "10")]);
    server.refused(format!("{short}{body}").as_bytes(), &[400]);
    // More than comes: the client is waited for, and has gone.
    let conversations = || async {
        let page = server.mira.get(CONVERSATIONS).await.json();
        page["items"].as_array().unwrap().len()
    };
    let before = conversations().await;
    for declared in ["25", "5000000", "18446744073709551615"] {
        let long = server.head("POST", CONVERSATIONS, &[("content-length", declared)]);
        let mut socket = TcpStream::connect(server.address).unwrap();
        socket.write_all(format!("{long}{body}").as_bytes()).unwrap();
        drop(socket);
        server.goes_on();
    }
    assert_eq!(conversations().await, before + 3, "half a body was taken for a whole one");
    for lie in ["-1", "1e3", "0x10", "ten", "", "18446744073709551616", "19, 20", "1 9"] {
        let head = format!("{CONVERSATIONS} HTTP/1.1\r\nhost: here\r\ncontent-length: {lie}\r\n");
        server.refused(format!("POST {head}\r\n{body}").as_bytes(), &[400, 401]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_hidden_in_another_is_not_run() {
    let server = Server::start().await;
    let hidden = server.head("DELETE", "/api/v1/me", &[]);
    let length = hidden.len().to_string();
    let both = [("content-length", "4"), ("transfer-encoding", "chunked")];
    let twice = [("content-length", "0"), ("content-length", &length)];
    for headers in [&both[..], &twice] {
        let outer = server.head("POST", CONVERSATIONS, headers);
        let answer = exchange(server.address, format!("{outer}0\r\n\r\n{hidden}").as_bytes());
        assert_ne!(answer.status(), 204, "{answer:?}");
        // The account is still there.
        server.goes_on();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_http_is_refused_in_json() {
    let server = Server::start().await;
    let long = |count| "x".repeat(count);
    let many = "a: b\r\n".repeat(5000);
    for (bytes, statuses) in [
        (b"nonsense\r\n\r\n".to_vec(), &[400][..]),
        (b"GET\r\n\r\n".to_vec(), &[400]),
        (b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_vec(), &[400, 404]),
        (b"GET /a b HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), &[400]),
        (b"GET / HTTP/9.9\r\nhost: x\r\n\r\n".to_vec(), &[400]),
        // Who speaks HTTP/2 would not understand an answer, and gets none.
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), &[0]),
        (b"GET / HTTP/1.1\r\nhost: x\r\nna\0me: x\r\n\r\n".to_vec(), &[400]),
        (b"GET / HTTP/1.1\r\nhost: x\r\nname: a\0b\r\n\r\n".to_vec(), &[400]),
        (b"GET / HTTP/1.1\r\nhost: x\r\nname : x\r\n\r\n".to_vec(), &[400]),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello \r\n\r\n".to_vec(), &[400]),
        (b"\0\0\0\0\r\n\r\n".to_vec(), &[400]),
        (format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", long(70_000)).into(), &[414, 431]),
        (format!("GET / HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n", long(70_000)).into(), &[431]),
        (format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n").into(), &[431]),
        (
            format!(
                "{}zz\r\n\r\n",
                server.head("POST", CONVERSATIONS, &[("transfer-encoding", "chunked")])
            )
            .into(),
            &[400],
        ),
        (
            format!(
                "{}{}\r\n",
                server.head("POST", CONVERSATIONS, &[("transfer-encoding", "chunked")]),
                "f".repeat(20)
            )
            .into(),
            &[400],
        ),
    ] {
        server.refused(&bytes, statuses);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_stops_in_the_middle_harms_nobody() {
    let server = Server::start().await;
    let whole =
        server.head("POST", CONVERSATIONS, &[("content-length", "19")]) + r#"{"title": "a walk"}"#;
    for end in (0..whole.len()).step_by(17) {
        let mut socket = TcpStream::connect(server.address).unwrap();
        socket.write_all(&whole.as_bytes()[..end]).unwrap();
    }
    server.goes_on();
    let items = server.mira.get(CONVERSATIONS).await.json();
    assert_eq!(items["items"].as_array().unwrap().len(), 1, "a part of a request was run");
    assert_eq!(exchange(server.address, whole.as_bytes()).status(), 201);
}

/// An answer as it came over the wire.
#[derive(Debug)]
struct Answer {
    head: String,
    body: String,
}

impl Answer {
    fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
    }

    /// The body, after checking the status.
    #[track_caller]
    fn json(&self, status: u16) -> Value {
        assert_eq!(self.status(), status, "{self:?}");
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A whole POST of JSON, after which the connection is closed.
fn post(path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let length = [("content-length", &*body.len().to_string())];
    let head = head("POST", path, &[headers, &length].concat());
    format!("{head}{body}")
}

/// The head of a request with a body of JSON, after which the connection is closed.
fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let common = "host: here\r\nconnection: close\r\ncontent-type: application/json\r\n";
    let mut head = format!("{method} {path} HTTP/1.1\r\n{common}");
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head + "\r\n"
}

/// Sends these bytes on a connection of their own and reads what comes back until it is closed.
fn exchange(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut socket = TcpStream::connect(address).unwrap();
    let patience = Some(Duration::from_secs(20));
    socket.set_read_timeout(patience).unwrap();
    socket.set_write_timeout(patience).unwrap();
    // A server that has heard enough may close before all is sent.
    let _ = socket.write_all(bytes);
    let mut answer = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = socket.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..count]);
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    Answer { head: head.to_owned(), body: body.to_owned() }
}
