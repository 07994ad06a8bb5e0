//! The accept loop: who may connect, for how long they may be silent, and how the server stops.
//!
//! Everything about a TCP connection that carries HTTP lives here; what a request means does not.
//!
//! `axum::serve` waits for ever: for a first byte, for the rest of a head, for the next byte of a
//! body, for a peer that stopped reading. hyper's own `header_read_timeout` (1.12) runs from the
//! moment it wants a head: at accept, and again as soon as a response is written. So it does cover
//! a silent peer, half a head and a byte a second, but it cannot tell the pause between two
//! requests (75 s is usual) from a head that is under way (10 s is generous), it answers nothing
//! when it fires, and it knows nothing of bodies and readers. It is therefore switched off, and
//! each connection has one clock of its own (`watch`), which is told what the connection is doing
//! by the three places that know: the socket, the service and the response body.
//!
//! | the peer | the connection |
//! |---|---|
//! | sends nothing | closed silently after `first_request_timeout` (browsers open spare sockets) |
//! | sends part of its first head | 408 and closed, `first_request_timeout` after accepting |
//! | sends part of a later head | 408 and closed, `header_timeout` after that head's first byte |
//! | is idle between requests | closed silently after `keep_alive_idle_timeout` |
//! | is slow with a body | [`BodyTooSlow`] in the handler, whose answer is sent, then closed |
//! | does not read its answer | reset after `write_stall_timeout` without progress |
//! | sends what is not HTTP/1.1, or too much of it | 400, 414 or 431 and closed |
//!
//! The answers above are JSON in the product's error envelope.
//!
//! Limits: a handler may take as long as it likes, and one that holds a request body without ever
//! reading it is not disturbed. A peer that takes a little of its answer within each
//! `write_stall_timeout` may take for ever. A head whose first part came in the same packet as the end of the
//! request before it is judged as an idle connection until its next byte arrives.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

mod body;
mod connection;
mod stream;
mod watch;

pub use body::BodyTooSlow;

/// hyper's own number of headers; asking it for this very number costs an allocation per request.
const HYPER_MAX_HEADERS: usize = 100;
/// hyper refuses a smaller buffer.
const HYPER_MIN_BUFFER: usize = 8 * 1024;
/// What hyper may hold per connection and direction. Its default, 400 KiB, would let 2,000 peers
/// that do not read occupy 800 MB. A download is no faster with it (1.9 GB/s on loopback).
const BUFFER: usize = 64 * 1024;
const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// Trouble that returns within this time is still the same trouble, and is not logged again.
const SAME_BURST: Duration = Duration::from_secs(10);
/// How long a connection cut at the end of the grace may take to let go of its socket.
const CUT_WAIT: Duration = Duration::from_secs(1);

/// What a connection may cost. [`Default`] is meant for production.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// How many connections are open at once. Further ones wait in the kernel's queue, unanswered,
    /// until a place is free. Each takes one file descriptor, so keep this below `RLIMIT_NOFILE`.
    pub max_connections: usize,
    /// From accepting a connection to the whole head of its first request.
    pub first_request_timeout: Duration,
    /// From the first byte of a later head to the whole of it.
    pub header_timeout: Duration,
    /// How long a connection may rest between two requests. While more than half of
    /// `max_connections` are open, `header_timeout` is used instead, so that resting connections
    /// cannot keep new ones out for long.
    pub keep_alive_idle_timeout: Duration,
    /// How long a peer may take none of the bytes that wait for it.
    pub write_stall_timeout: Duration,
    /// How long a request body may keep a handler waiting. What arrives earns waiting time back,
    /// never beyond this, so it is also the longest single pause.
    pub body_timeout: Duration,
    /// How many bytes of a body earn one second. A body slower than this ends after
    /// `body_timeout` at the earliest; a faster one is never disturbed.
    pub body_bytes_per_second: u32,
    /// Request line and headers together, in bytes; more is 431.
    pub max_header_bytes: usize,
    /// Headers per request; more is 431. Any value but 100 costs an allocation per request.
    pub max_headers: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            first_request_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            keep_alive_idle_timeout: Duration::from_secs(75),
            // Promised are 15 s, and who counts them began before the socket's buffers were full.
            write_stall_timeout: Duration::from_secs(14),
            body_timeout: Duration::from_secs(10),
            // Half of a poor 3G uplink: a journal's photograph must get through from a train.
            body_bytes_per_second: 4 * 1024,
            max_header_bytes: 32 * 1024,
            max_headers: HYPER_MAX_HEADERS,
        }
    }
}

/// What [`serve`] did, told when it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServeReport {
    /// Connections accepted in all.
    pub accepted: u64,
    /// Connections open when the shutdown began.
    pub open_at_shutdown: usize,
    /// Those of them that did not end within the grace and were cut.
    pub cut: usize,
}

/// What every connection of one server shares.
struct Shared {
    app: TowerToHyperService<Router>,
    http: http1::Builder,
    limits: ConnectionLimits,
    shutdown: CancellationToken,
    open: AtomicUsize,
}

impl Shared {
    fn new(app: Router, limits: ConnectionLimits, shutdown: CancellationToken) -> Self {
        let mut http = http1::Builder::new();
        http.keep_alive(true)
            .half_close(false)
            .header_read_timeout(None::<Duration>)
            .max_header_size(limits.max_header_bytes)
            .max_buf_size(BUFFER.max(limits.max_header_bytes).max(HYPER_MIN_BUFFER));
        if limits.max_headers != HYPER_MAX_HEADERS {
            http.max_headers(limits.max_headers);
        }
        // Gives the router its (empty) state now rather than at each request.
        let app = TowerToHyperService::new(app.with_state(()));
        Self { app, http, limits, shutdown, open: AtomicUsize::new(0) }
    }

    fn idle_timeout(&self) -> Duration {
        let crowded = self.open.load(Ordering::Relaxed) > self.limits.max_connections / 2;
        if crowded {
            self.limits.header_timeout.min(self.limits.keep_alive_idle_timeout)
        } else {
            self.limits.keep_alive_idle_timeout
        }
    }
}

/// Serves `app` on `listener` until `shutdown` is cancelled and the connections have ended.
///
/// Every request carries the peer's address as `ConnectInfo<SocketAddr>`. HTTP/1.0 and 1.1 only,
/// without upgrades. Dropping this future cuts every connection at once.
///
/// When `shutdown` is cancelled, the listener is closed at once. Idle connections are closed,
/// requests under way are answered and their connections closed after that. What has not ended
/// after `grace` is cut and counted in the report.
///
/// Out of file descriptors, and at every other failure to accept, it waits 50 ms to 1 s and tries
/// again; it never gives up.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: ConnectionLimits,
    shutdown: CancellationToken,
    grace: Duration,
) -> ServeReport {
    let shared = Arc::new(Shared::new(app, limits, shutdown.clone()));
    let mut connections = JoinSet::new();
    let accepted = accept_until(&shutdown, &listener, &shared, &mut connections).await;
    drop(listener);

    let open_at_shutdown = connections.len();
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            reap(ended);
        }
    };
    let cut = match tokio::time::timeout(grace, all_ended).await {
        Ok(()) => 0,
        Err(_) => connections.len(),
    };
    // Aborted tasks let go at their next await; a handler that blocks its thread has none.
    let _ = tokio::time::timeout(CUT_WAIT, connections.shutdown()).await;
    ServeReport { accepted, open_at_shutdown, cut }
}

/// Accepts until `shutdown`; returns how many.
///
/// At `max_connections` it stops accepting rather than accepting and closing: a peer that waits a
/// second in the kernel's queue is served, one that is turned away is not, and places come free
/// soon because silent peers lose theirs within `first_request_timeout`.
async fn accept_until(
    shutdown: &CancellationToken,
    listener: &TcpListener,
    shared: &Arc<Shared>,
    connections: &mut JoinSet<()>,
) -> u64 {
    let limit = shared.limits.max_connections.max(1);
    let mut stopping = std::pin::pin!(shutdown.cancelled());
    let mut trouble = Trouble::default();
    let mut crowd = Burst::default();
    let mut accepted = 0;
    loop {
        shared.open.store(connections.len(), Ordering::Relaxed);
        tokio::select! {
            biased;
            () = &mut stopping => return accepted,
            Some(ended) = connections.join_next() => reap(ended),
            incoming = listener.accept(), if connections.len() < limit => match incoming {
                Ok((stream, peer)) => {
                    accepted += 1;
                    trouble.over();
                    connections.spawn(connection::run(stream, peer, Arc::clone(shared)));
                    if connections.len() == limit && crowd.begins(Instant::now()) {
                        tracing::warn!(limit, "all connections are taken, new ones wait");
                    }
                }
                Err(error) => {
                    let Some(delay) = trouble.delay_after(&error, Instant::now()) else {
                        continue;
                    };
                    tokio::select! {
                        () = &mut stopping => return accepted,
                        () = tokio::time::sleep(delay) => {}
                    }
                }
            },
        }
    }
}

/// A panic that no layer caught ends its connection and nothing else.
fn reap(ended: Result<(), JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        tracing::error!("a connection's task panicked");
    }
}

/// How to go on after `accept` failed.
#[derive(Default)]
struct Trouble {
    delay: Option<Duration>,
    burst: Burst,
}

impl Trouble {
    /// How long to wait before the next try; `None` when the peer alone was the trouble.
    fn delay_after(&mut self, error: &io::Error, now: Instant) -> Option<Duration> {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
        if matches!(
            error.kind(),
            ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
        ) {
            return None;
        }
        if self.burst.begins(now) {
            tracing::warn!(%error, "cannot accept connections, trying again");
        }
        let delay = self.delay.map_or(BACKOFF_MIN, |last| (last * 2).min(BACKOFF_MAX));
        self.delay = Some(delay);
        Some(delay)
    }

    fn over(&mut self) {
        self.delay = None;
    }
}

/// Tells the first of a run of events from those that follow it closely.
#[derive(Default)]
struct Burst {
    last: Option<Instant>,
}

impl Burst {
    fn begins(&mut self, now: Instant) -> bool {
        let last = self.last.replace(now);
        last.is_none_or(|last| now.duration_since(last) > SAME_BURST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_waits_longer_each_time_and_is_logged_once_per_burst() {
        let (full, now) = (io::Error::from_raw_os_error(24), Instant::now());
        let mut trouble = Trouble::default();
        let mut waits = Vec::new();
        for _ in 0..7 {
            waits.extend(trouble.delay_after(&full, now).map(|delay| delay.as_millis()));
        }
        assert_eq!(waits, [50, 100, 200, 400, 800, 1000, 1000]);
        trouble.over();
        assert_eq!(trouble.delay_after(&full, now), Some(BACKOFF_MIN), "starts over");
    }

    #[test]
    fn a_burst_ends_with_a_pause() {
        let now = Instant::now();
        let mut burst = Burst::default();
        assert!(burst.begins(now));
        assert!(!burst.begins(now + SAME_BURST));
        assert!(!burst.begins(now + SAME_BURST * 2), "it went on all the time");
        assert!(burst.begins(now + SAME_BURST * 3 + Duration::from_millis(1)));
    }

    #[test]
    fn a_peer_that_went_away_delays_nobody() {
        let gone = io::Error::from(io::ErrorKind::ConnectionAborted);
        assert_eq!(Trouble::default().delay_after(&gone, Instant::now()), None);
    }

    #[test]
    fn idle_connections_get_less_time_in_a_crowd() {
        let limits = ConnectionLimits { max_connections: 10, ..ConnectionLimits::default() };
        let shared = Shared::new(Router::new(), limits, CancellationToken::new());
        shared.open.store(5, Ordering::Relaxed);
        assert_eq!(shared.idle_timeout(), Duration::from_secs(75));
        shared.open.store(6, Ordering::Relaxed);
        assert_eq!(shared.idle_timeout(), Duration::from_secs(10));
    }
}
