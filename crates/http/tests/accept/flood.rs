//! The production limits against 2,500 hostile peers at once, while others go about their work.

use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serene_http::accept::ConnectionLimits;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::peer::{GET, HALF_HEAD, Peer};
use crate::process::alone;
use crate::server::{Server, quick};

const SECOND: Duration = Duration::from_secs(1);
/// The promise is 15 s; one more for a busy machine.
const ALL_CLOSED: Duration = Duration::from_secs(16);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Silent,
    HalfHead,
    DrippingHead,
    DrippingBody,
    NotReading,
}

const KINDS: [Kind; 5] =
    [Kind::Silent, Kind::HalfHead, Kind::DrippingHead, Kind::DrippingBody, Kind::NotReading];

/// Misbehaves until the server ends it; how long that took, and the status it was given.
async fn misbehave(kind: Kind, server: SocketAddr) -> (Kind, Duration, String) {
    let drip = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 100000\r\n\r\n";
    let endless = "GET /endless HTTP/1.1\r\nhost: test\r\n\r\n";
    let ending = match kind {
        Kind::Silent => Peer::connect(server).await.ending().await,
        Kind::HalfHead => Peer::connect_and_send(server, HALF_HEAD).await.ending().await,
        Kind::DrippingHead => {
            Peer::connect_and_send(server, HALF_HEAD).await.drip_until_ended("x", SECOND).await
        }
        Kind::DrippingBody => {
            Peer::connect_and_send(server, drip).await.drip_until_ended("x", SECOND).await
        }
        Kind::NotReading => {
            let after = Peer::connect_and_send(server, endless).await.failure().await;
            return (kind, after, String::new());
        }
    };
    (kind, ending.after, ending.got.chars().take("HTTP/1.1 408".len()).collect())
}

/// Requests every 20 ms, half of them over a new connection; their latencies.
async fn work(server: SocketAddr, until: Instant) -> Vec<Duration> {
    let mut latencies = Vec::new();
    let mut peer = Peer::connect(server).await;
    while Instant::now() < until {
        let began = Instant::now();
        if latencies.len() % 2 == 0 {
            peer = Peer::connect(server).await;
        }
        assert!(peer.send(GET.as_bytes()).await, "a normal request failed");
        assert!(peer.answer().await.ends_with("hello"), "a normal request failed");
        latencies.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    latencies
}

/// How many of each kind fit: each takes a descriptor at both ends.
fn room_for_each(wanted: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let room = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX).saturating_sub(200);
    let each = wanted.min(room / 2 / KINDS.len() as u64);
    if each < wanted {
        eprintln!("the descriptor limit allows {each} of each kind instead of {wanted}");
    }
    each
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[test]
fn with_production_limits_2500_hostile_peers_are_closed_in_time_and_others_unharmed() {
    alone("flood::production_limits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures the process: run by the test above"]
async fn production_limits() {
    let each = room_for_each(500);
    let server = Server::start(ConnectionLimits::default());
    work(server.addr, Instant::now() + SECOND / 2).await;
    tokio::time::sleep(SECOND / 2).await;
    let tasks_before = Handle::current().metrics().num_alive_tasks();
    let memory_before = resident_mib();

    let mut hostile = JoinSet::new();
    for _ in 0..each {
        for kind in KINDS {
            hostile.spawn(misbehave(kind, server.addr));
        }
    }
    let mut workers = JoinSet::new();
    for _ in 0..4 {
        workers.spawn(work(server.addr, Instant::now() + ALL_CLOSED));
    }
    tokio::time::sleep(4 * SECOND).await;
    let tasks = Handle::current().metrics().num_alive_tasks() - tasks_before;
    let memory = resident_mib();
    assert!(tasks as u64 >= each * 10, "{tasks} tasks: all peers and their connections at once");

    let mut slowest = [Duration::ZERO; KINDS.len()];
    while let Some(ended) = hostile.join_next().await {
        let (kind, after, status) = ended.unwrap();
        slowest[kind as usize] = slowest[kind as usize].max(after);
        assert!(after >= 9 * SECOND && after <= ALL_CLOSED, "{kind:?} closed after {after:?}");
        let told =
            if matches!(kind, Kind::Silent | Kind::NotReading) { "" } else { "HTTP/1.1 408" };
        assert_eq!(status, told, "{kind:?}");
    }
    let mut latencies: Vec<_> = workers.join_all().await.into_iter().flatten().collect();
    latencies.sort_unstable();
    let p99 = latencies[latencies.len() * 99 / 100];
    assert_eq!(server.streams(), 0, "no stream outlives its reader");

    // The workers have hung up as well; their last connections need a moment to see it.
    tokio::time::sleep(SECOND).await;
    let tasks_after = Handle::current().metrics().num_alive_tasks();
    let memory_after = resident_mib();
    eprintln!(
        "{each} of each kind, slowest to be closed {slowest:?}; {} normal requests, p50 {:?}, \
         p99 {p99:?}, max {:?}; tasks {tasks_before}, +{tasks}, then {tasks_after}; \
         MiB {memory_before}, {memory}, then {memory_after}",
        latencies.len(),
        latencies[latencies.len() / 2],
        latencies[latencies.len() - 1],
    );
    assert!(latencies.len() > 500, "the workers worked: {}", latencies.len());
    assert!(p99 < SECOND / 2, "p99 {p99:?}");
    assert!(tasks_after <= tasks_before, "{tasks_after} tasks, {tasks_before} before");
    // Both ends of 2,500 connections; what the allocator keeps afterwards is `waves`' matter.
    assert!(memory < memory_before + 160, "{memory_before} MiB became {memory}");
}

#[test]
fn waves_of_hostile_peers_leave_nothing_behind() {
    alone("flood::waves");
}

/// Freed memory stays with the allocator, so a single flood cannot show that nothing is kept:
/// later waves must find room in what earlier ones left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures the process: run by the test above"]
async fn waves() {
    let each = room_for_each(50);
    let server = Server::start(quick());
    let mut memory = Vec::new();
    for _ in 0..12 {
        let mut hostile = JoinSet::new();
        for _ in 0..each {
            for kind in KINDS {
                hostile.spawn(misbehave(kind, server.addr));
            }
        }
        hostile.join_all().await;
        memory.push(resident_mib());
    }
    eprintln!("MiB after each wave: {memory:?}");
    let (early, late) = (memory[5], memory[11]);
    assert!(late <= early + 4, "MiB after each wave: {memory:?}");
    tokio::time::sleep(SECOND / 4).await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 1, "the accept loop alone");
}
