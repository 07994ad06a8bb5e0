//! Slow and silent clients, 500 of each kind at once, against the real binary: all of them are
//! closed in time, and nobody else notices.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};

use crate::process::{Home, Request, now};

const OF_EACH: usize = 500;
const CLOSED_WITHIN: Duration = Duration::from_secs(16);
const P99_UNDER: Duration = Duration::from_millis(500);
/// A client that was not closed by then never will be.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Silent,
    HalfHead,
    ByteByByteHead,
    ByteByByteBody,
    NeverReading,
}

const KINDS: [Kind; 5] =
    [Kind::Silent, Kind::HalfHead, Kind::ByteByByteHead, Kind::ByteByByteBody, Kind::NeverReading];

impl Kind {
    /// What it sends at once.
    const fn opening(self) -> &'static [u8] {
        match self {
            Self::Silent => b"",
            Self::HalfHead => b"GET /livez HTTP/1.1\r\nhost: te",
            Self::ByteByByteHead => b"GET /livez HTTP/1.1\r\nx-slow: ",
            Self::ByteByByteBody => {
                b"POST /api/v1/auth/login HTTP/1.1\r\nhost: test\r\n\
                  content-type: application/json\r\ncontent-length: 1000\r\n\r\n{"
            }
            // More than the buffers on the way hold.
            Self::NeverReading => b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: test\r\n\r\n",
        }
    }

    const fn goes_on(self) -> bool {
        matches!(self, Self::ByteByByteHead | Self::ByteByByteBody)
    }
}

/// Behaves as its kind does until the server closes the connection, and says how long that took.
async fn suffer(kind: Kind, address: SocketAddr) -> (Kind, Duration) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let start = now();
    stream.write_all(kind.opening()).await.unwrap();
    if kind == Kind::NeverReading {
        // Nothing is read, so the end shows as a reset when something is written.
        while stream.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        return (kind, start.elapsed());
    }
    let (mut reader, mut writer) = stream.split();
    let drip = async {
        while kind.goes_on() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if writer.write_all(b"x").await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let mut answer = Vec::new();
    tokio::select! {
        _ = reader.read_to_end(&mut answer) => {}
        () = drip => {}
    }
    (kind, start.elapsed())
}

/// An ordinary request on a connection of its own, from connecting to the last byte.
async fn ordinary(request: &[u8], address: SocketAddr) -> Duration {
    let start = now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    start.elapsed()
}

fn raise_the_limit_on_open_files() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    let needed = (KINDS.len() * OF_EACH + 500) as u64;
    assert!(maximum.is_none_or(|files| files >= needed), "this needs {needed} open files");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_and_silent_clients_are_closed_while_ordinary_traffic_goes_on() {
    raise_the_limit_on_open_files();
    let home = Home::new();
    let server = home.start(&[]);
    let address = server.address;
    let token = server.register("mira");
    let me = Request::new("GET", "/api/v1/me").token(&token).header("connection", "close").bytes();

    let mut sufferers = JoinSet::new();
    for number in 0..KINDS.len() * OF_EACH {
        let kind = KINDS[number % KINDS.len()];
        sufferers.spawn(tokio::time::timeout(PATIENCE, suffer(kind, address)));
    }
    let mut ordinary_times: Vec<Duration> = Vec::new();
    let mut closed_after: Vec<(Kind, Duration)> = Vec::new();
    let started: Instant = now();
    while !sufferers.is_empty() {
        ordinary_times.push(ordinary(&me, address).await);
        while let Some(closed) = sufferers.try_join_next() {
            closed_after.push(closed.unwrap().expect("a client was never closed"));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    ordinary_times.sort();
    let p99 = ordinary_times[ordinary_times.len() * 99 / 100];
    eprintln!(
        "{} ordinary requests in {:.0?}, p99 {p99:.1?}",
        ordinary_times.len(),
        started.elapsed()
    );
    let mut late = Vec::new();
    for kind in KINDS {
        let times = closed_after.iter().filter(|(of, _)| *of == kind).map(|(_, after)| *after);
        let (count, last) = (times.clone().count(), times.max().unwrap());
        eprintln!("{count} {kind:?}: the last closed after {last:.1?}");
        assert_eq!(count, OF_EACH, "{kind:?}");
        if last >= CLOSED_WITHIN {
            late.push((kind, last));
        }
    }
    assert!(late.is_empty(), "closed too late: {late:?}");
    assert!(ordinary_times.len() > 200, "{}", ordinary_times.len());
    assert!(p99 < P99_UNDER, "ordinary requests took {p99:?}");
    assert_eq!(server.get("/readyz", "").status, 200);
}
