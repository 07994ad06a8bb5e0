//! Peers that are silent, slow, or do not read; and slow ones that are within their rights.

use std::time::Duration;

use prometheus_client::{encoding::text::encode, registry::Registry};
use serene_http::accept::ConnectionLimits;

use crate::peer::{GET, HALF_HEAD, Peer};
use crate::server::{Server, quick};

const PACE: Duration = Duration::from_millis(50);
/// Far below the idle timeout of these tests, far above the other limits.
const SOON: Duration = Duration::from_millis(1200);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[tokio::test]
async fn a_silent_peer_is_closed_without_a_word() {
    let server = Server::start(quick());
    let ending = Peer::connect(server.addr).await.ending().await;
    assert_eq!(ending.got, "");
    assert!(!ending.reset, "closed in order");
    assert!(ending.after >= millis(300) && ending.after < SOON, "{ending:?}");
}

#[tokio::test]
async fn half_a_head_is_answered_with_408() {
    let server = Server::start(quick());
    let ending = Peer::connect_and_send(server.addr, HALF_HEAD).await.ending().await;
    let (head, body) = ending.got.split_once("\r\n\r\n").expect("an answer");
    assert!(head.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{head}");
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    assert!(head.contains("connection: close"), "{head}");
    assert!(body.contains(r#""code":"REQUEST_TIMEOUT""#), "{body}");
    assert!(ending.after >= millis(300) && ending.after < SOON, "{ending:?}");
}

#[tokio::test]
async fn bytes_that_drip_into_a_head_buy_no_time() {
    let server = Server::start(quick());
    let peer = Peer::connect_and_send(server.addr, HALF_HEAD).await;
    let ending = peer.drip_until_ended("x", PACE).await;
    assert!(ending.got.starts_with("HTTP/1.1 408 "), "{ending:?}");
    assert!(ending.after >= millis(300) && ending.after < SOON, "{ending:?}");
}

#[tokio::test]
async fn the_first_byte_of_the_first_head_buys_no_time() {
    let limits = ConnectionLimits { first_request_timeout: millis(600), ..quick() };
    let server = Server::start(limits);
    let peer = Peer::connect(server.addr).await;
    tokio::time::sleep(millis(400)).await;
    assert!(peer.send(b"G").await);
    let ending = peer.ending().await;
    assert!(ending.after >= millis(600) && ending.after < millis(950), "{ending:?}");
}

#[tokio::test]
async fn an_idle_connection_may_rest_and_is_then_closed_without_a_word() {
    let server = Server::start(quick());
    let peer = Peer::connect_and_send(server.addr, GET).await;
    assert!(peer.answer().await.ends_with("hello"));
    tokio::time::sleep(millis(1000)).await;
    assert!(peer.send(GET.as_bytes()).await);
    assert!(peer.answer().await.ends_with("hello"), "rested for longer than any other limit");

    let ending = peer.ending().await;
    assert_eq!(ending.got, "");
    assert!(ending.after >= millis(2500) && ending.after < millis(4500), "{ending:?}");
}

#[tokio::test]
async fn a_later_head_has_its_own_time_from_its_first_byte() {
    let server = Server::start(quick());
    let peer = Peer::connect_and_send(server.addr, GET).await;
    peer.answer().await;
    tokio::time::sleep(millis(700)).await;
    assert!(peer.send(HALF_HEAD.as_bytes()).await);
    let ending = peer.drip_until_ended("x", PACE).await;
    assert!(ending.got.starts_with("HTTP/1.1 408 "), "{ending:?}");
    assert!(ending.after >= millis(1000) && ending.after < millis(1450), "{ending:?}");
}

#[tokio::test]
async fn a_body_that_trickles_is_a_typed_error() {
    let server = Server::start(quick());
    let head = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\n";
    let peer = Peer::connect_and_send(server.addr, head).await;
    let ending = peer.drip_until_ended("x", PACE).await;
    assert!(ending.got.starts_with("HTTP/1.1 408 "), "{ending:?}");
    assert!(ending.got.ends_with("slow body"), "{ending:?}");
    assert!(ending.after >= millis(300) && ending.after < SOON + millis(2000), "{ending:?}");
}

#[tokio::test]
async fn a_body_that_stops_after_a_fast_start_is_too_slow_as_well() {
    let server = Server::start(quick());
    let head = "POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n100000\r\n";
    let peer = Peer::connect_and_send(server.addr, head).await;
    assert!(peer.send(&vec![b'x'; 500_000]).await);
    let ending = peer.ending().await;
    assert!(ending.got.ends_with("slow body"), "{ending:?}");
    assert!(ending.after >= millis(300) && ending.after < SOON, "{ending:?}");
}

#[tokio::test]
async fn a_slow_but_steady_body_arrives() {
    let server = Server::start(quick());
    // 250 bytes each 50 ms are 5,000 a second, for three times the waiting time a body begins with.
    let head = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 5000\r\n\r\n";
    let peer = Peer::connect_and_send(server.addr, head).await;
    for _ in 0..20 {
        tokio::time::sleep(PACE).await;
        assert!(peer.send(&[b'x'; 250]).await);
    }
    let answer = peer.answer().await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_handler_that_takes_its_time_costs_the_body_nothing() {
    let server = Server::start(quick());
    let head = "POST /hold HTTP/1.1\r\nhost: test\r\ncontent-length: 20\r\n\r\nten bytes.";
    let peer = Peer::connect_and_send(server.addr, head).await;
    // The handler begins to read after 800 ms, far more than a body may keep it waiting.
    tokio::time::sleep(millis(900)).await;
    assert!(peer.send(b"ten bytes.").await);
    let answer = peer.answer().await;
    assert!(answer.ends_with("20 bytes"), "{answer}");
}

#[tokio::test]
async fn a_peer_that_stops_reading_is_reset_and_its_stream_dropped() {
    let mut registry = Registry::default();
    serene_http::metrics::register(&mut registry);
    let server = Server::start(quick());
    let request = "GET /endless HTTP/1.1\r\nhost: test\r\n\r\n";
    let peer = Peer::connect_and_send(server.addr, request).await;
    while server.streams() == 0 {
        tokio::time::sleep(millis(10)).await;
    }
    let after = peer.failure().await;
    assert!(after >= millis(400) && after < SOON, "{after:?}");
    assert_eq!(server.streams(), 0);
    let mut page = String::new();
    encode(&mut page, &registry).unwrap();
    let counted = page.lines().find_map(|it| it.strip_prefix("serene_slow_readers_dropped_total "));
    // Others in this process may have stopped reading, too.
    assert!(counted.unwrap().parse::<u32>().unwrap() >= 1, "{page}");
}

#[tokio::test]
async fn a_peer_that_reads_slowly_is_not_disturbed() {
    let server = Server::start(quick());
    let request = "GET /endless HTTP/1.1\r\nhost: test\r\n\r\n";
    let peer = Peer::connect_and_send(server.addr, request).await;
    // Each pause is shorter than the limit, all of them together are much longer, and what is
    // read between them makes room in the window.
    for _ in 0..8 {
        tokio::time::sleep(millis(200)).await;
        for _ in 0..64 {
            assert!(peer.read().await.is_some_and(|got| !got.is_empty()));
        }
    }
    assert_eq!(server.streams(), 1);
}

#[tokio::test]
async fn a_slow_handler_and_a_slow_stream_are_not_disturbed() {
    let server = Server::start(quick());
    let peer =
        Peer::connect_and_send(server.addr, "GET /wait HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert!(peer.answer().await.ends_with("late"));
    assert!(peer.send(b"GET /ticks HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await);
    let ending = peer.ending().await;
    assert!(ending.got.contains("tick 9"), "{ending:?}");
}
