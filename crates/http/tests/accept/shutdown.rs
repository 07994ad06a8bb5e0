//! How the server stops.

use std::time::Duration;

use serene_http::accept::ServeReport;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::peer::{GET, HALF_HEAD, Peer};
use crate::server::{Server, quick};

const TICKS: &str = "GET /ticks HTTP/1.1\r\nhost: test\r\n\r\n";

async fn wait_for_stream(server: &Server) {
    while server.streams() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn streams_are_finished_idle_connections_closed_new_ones_refused() {
    let server = Server::start(quick());
    let idle = Peer::connect_and_send(server.addr, GET).await;
    idle.answer().await;
    let streaming = Peer::connect_and_send(server.addr, TICKS).await;
    wait_for_stream(&server).await;

    let began = Instant::now();
    server.shutdown.cancel();
    assert_eq!(idle.ending().await.got, "");
    assert!(began.elapsed() < Duration::from_millis(500), "idle ones at once");
    assert!(TcpStream::connect(server.addr).await.is_err(), "no new connections");
    let got = streaming.ending().await.got;
    assert!(got.contains("tick 9\n\r\n0\r\n\r\n"), "the stream is whole: {got}");

    let report = server.report().await;
    assert_eq!(report, ServeReport { accepted: 2, open_at_shutdown: 2, cut: 0 });
    assert!(began.elapsed() < Duration::from_secs(3), "it does not wait out the grace");
}

#[tokio::test]
async fn a_head_under_way_is_still_answered() {
    let server = Server::start(quick());
    let peer = Peer::connect_and_send(server.addr, HALF_HEAD).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.shutdown.cancel();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(peer.send(b"st\r\n\r\n").await);
    let got = peer.ending().await.got;
    assert!(got.ends_with("hello") && got.contains("connection: close"), "{got}");
    assert_eq!(server.report().await.cut, 0);
}

#[tokio::test]
async fn what_outlasts_the_grace_is_cut_and_counted() {
    let server = Server::with_grace(quick(), Duration::from_millis(300));
    let peer = Peer::connect_and_send(server.addr, TICKS).await;
    wait_for_stream(&server).await;
    server.shutdown.cancel();
    let got = peer.ending().await.got;
    assert!(got.contains("tick 1") && !got.contains("tick 9"), "{got}");
    let streams = server.streams.clone();
    let report = server.report().await;
    assert_eq!(report, ServeReport { accepted: 1, open_at_shutdown: 1, cut: 1 });
    assert_eq!(streams.load(std::sync::atomic::Ordering::SeqCst), 0, "its stream was dropped");
}
