//! What peers are told: by the app, and when the app never saw their request.

use std::time::Duration;

use crate::peer::{GET, Peer};
use crate::server::{Server, quick};

fn assert_refused(got: &str, status: &str, code: &str) {
    let (head, body) = got.split_once("\r\n\r\n").expect("an answer");
    assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{got}");
    assert!(head.contains("content-type: application/json\r\n"), "{got}");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON and nothing else");
    assert_eq!(body["code"], code);
    assert_eq!(body["request_id"], "");
    assert!(body["error"].as_str().is_some_and(|sentence| sentence.ends_with('.')), "{got}");
}

#[tokio::test]
async fn requests_know_their_peer() {
    let server = Server::start(quick());
    let request = "GET /peer HTTP/1.1\r\nhost: test\r\n\r\n";
    let answer = Peer::connect_and_send(server.addr, request).await.answer().await;
    assert!(answer.contains("\r\n\r\n127.0.0.1:"), "{answer}");
}

#[tokio::test]
async fn what_is_not_http_is_refused_in_the_envelope() {
    let server = Server::start(quick());
    let long_path = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(70_000));
    let long_header = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(33 * 1024));
    let huge_header = format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(5_000_000));
    let many_headers = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(101));
    for (request, status, code) in [
        ("nonsense\r\n\r\n", "400 Bad Request", "INVALID_REQUEST"),
        ("GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", "400 Bad Request", "INVALID_REQUEST"),
        (&long_path, "431 Request Header Fields Too Large", "HEADERS_TOO_LARGE"),
        (&long_header, "431 Request Header Fields Too Large", "HEADERS_TOO_LARGE"),
        (&huge_header, "431 Request Header Fields Too Large", "HEADERS_TOO_LARGE"),
        (&many_headers, "431 Request Header Fields Too Large", "HEADERS_TOO_LARGE"),
    ] {
        let peer = Peer::connect_and_send(server.addr, request).await;
        assert_refused(&peer.ending().await.got, status, code);
    }
}

#[tokio::test]
async fn a_bad_head_after_a_good_request_is_refused_in_the_envelope() {
    let server = Server::start(quick());
    let peer = Peer::connect_and_send(server.addr, GET).await;
    peer.answer().await;
    assert!(peer.send(b"nonsense\r\n\r\n").await);
    assert_refused(&peer.ending().await.got, "400 Bad Request", "INVALID_REQUEST");
}

#[tokio::test]
async fn requests_sent_together_are_answered_one_after_the_other() {
    let server = Server::start(quick());
    let streamed = "GET /ticks HTTP/1.1\r\nhost: test\r\n\r\n";
    let last = GET.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    let peer = Peer::connect_and_send(server.addr, &[GET, streamed, GET, &last].concat()).await;
    let got = peer.ending().await.got;
    assert_eq!(got.matches("HTTP/1.1 200 OK").count(), 4, "{got}");
    assert_eq!(got.matches("hello").count(), 3, "{got}");
    assert!(got.contains("tick 9\n\r\n0\r\n\r\n"), "the stream is whole: {got}");
}

#[tokio::test]
async fn answers_before_a_bad_head_are_not_lost() {
    let server = Server::start(quick());
    let peer = Peer::connect_and_send(server.addr, &[GET, GET, "nonsense\r\n\r\n"].concat()).await;
    let got = peer.ending().await.got;
    assert_eq!(got.matches("hello").count(), 2, "{got}");
    let refusal = got.rfind("HTTP/1.1 4").expect("answers");
    assert_refused(&got[refusal..], "400 Bad Request", "INVALID_REQUEST");
}

#[tokio::test]
async fn an_answer_that_does_not_wait_for_the_body_reaches_a_peer_still_sending() {
    let server = Server::start(quick());
    let head = "POST /refuse HTTP/1.1\r\nhost: test\r\ncontent-length: 20000000\r\n\r\n";
    let peer = Peer::connect_and_send(server.addr, head).await;
    let body = vec![b'x'; 20_000_000];
    assert!(peer.send(&body).await, "the server listens until all is sent");
    let ending = peer.ending().await;
    assert!(ending.got.starts_with("HTTP/1.1 413 "), "{ending:?}");
    assert!(!ending.reset);
    assert!(ending.after < Duration::from_secs(4), "{ending:?}");
}

#[tokio::test]
async fn a_body_nobody_reads_does_not_keep_the_connection() {
    let server = Server::start(quick());
    let head = "POST /refuse HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\n";
    let peer = Peer::connect_and_send(server.addr, head).await;
    let ending = peer.drip_until_ended("x", Duration::from_millis(50)).await;
    assert!(ending.got.ends_with("too much"), "{ending:?}");
    assert!(ending.after < Duration::from_secs(4), "{ending:?}");
}

#[tokio::test]
async fn a_panic_ends_its_connection_and_no_other() {
    let server = Server::start(quick());
    let other = Peer::connect_and_send(server.addr, GET).await;
    other.answer().await;
    let peer = Peer::connect_and_send(server.addr, "GET /panic HTTP/1.1\r\nhost: t\r\n\r\n").await;
    assert_eq!(peer.ending().await.got, "");
    assert!(other.send(GET.as_bytes()).await);
    assert!(other.answer().await.ends_with("hello"));
    assert!(Peer::connect_and_send(server.addr, GET).await.answer().await.ends_with("hello"));
}
