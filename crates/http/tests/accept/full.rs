//! When there is no room: all connections taken, or no file descriptor left.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serene_http::accept::ConnectionLimits;
use tokio::net::TcpStream;

use crate::peer::{GET, Peer};
use crate::process::alone;
use crate::server::{Server, quick};

#[tokio::test]
async fn beyond_the_limit_new_connections_wait_and_are_then_served() {
    let server = Server::start(ConnectionLimits { max_connections: 2, ..quick() });
    let silent = [Peer::connect(server.addr).await, Peer::connect(server.addr).await];
    tokio::time::sleep(Duration::from_millis(50)).await;
    let waiting = Peer::connect_and_send(server.addr, GET).await;
    let early = tokio::time::timeout(Duration::from_millis(100), waiting.read()).await;
    assert!(early.is_err(), "nothing while the two places are taken: {early:?}");
    assert!(waiting.answer().await.ends_with("hello"), "served when a silent one lost its place");
    assert!(waiting.since.elapsed() < Duration::from_secs(2));
    drop(silent);
}

#[tokio::test]
async fn in_a_crowd_resting_connections_lose_their_place_sooner() {
    let server = Server::start(ConnectionLimits { max_connections: 1, ..quick() });
    let resting = Peer::connect_and_send(server.addr, GET).await;
    resting.answer().await;
    let ending = resting.ending().await;
    assert!(ending.after < Duration::from_millis(1200), "not the idle timeout: {ending:?}");
}

#[test]
fn without_descriptors_it_waits_and_goes_on() {
    alone("full::in_a_process_with_few_descriptors");
}

#[tokio::test]
#[ignore = "lowers the descriptor limit of the process: run by the test above"]
async fn in_a_process_with_few_descriptors() {
    let server = Server::start(quick());
    assert!(Peer::connect_and_send(server.addr, GET).await.answer().await.ends_with("hello"));
    let hard = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), maximum: hard }).unwrap();

    // The first of these are accepted; the last take the descriptors the server would need.
    let mut taken = Vec::new();
    while let Ok(stream) = TcpStream::connect(server.addr).await {
        taken.push(stream);
    }
    let waiting = taken.pop().expect("some connected");
    drop(waiting);
    let waiting = Peer::connect_and_send(server.addr, GET).await;
    taken.truncate(taken.len() / 2);
    assert!(waiting.answer().await.ends_with("hello"), "accepted once descriptors came free");
    assert!(Peer::connect_and_send(server.addr, GET).await.answer().await.ends_with("hello"));
}
