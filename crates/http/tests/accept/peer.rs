//! A client that does exactly what it is told, down to the byte.

use std::io::ErrorKind::WouldBlock;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// Nothing in these tests may take longer.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const GET: &str = "GET / HTTP/1.1\r\nhost: test\r\n\r\n";
pub(crate) const HALF_HEAD: &str = "GET / HTTP/1.1\r\nhost: te";

pub(crate) struct Peer {
    stream: TcpStream,
    pub(crate) since: Instant,
}

/// How the server ended a connection.
#[derive(Debug)]
pub(crate) struct Ending {
    /// What came before the end.
    pub(crate) got: String,
    /// Since connecting.
    pub(crate) after: Duration,
    /// Ended by a reset rather than in order.
    pub(crate) reset: bool,
}

impl Peer {
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.unwrap();
        Self { stream, since: Instant::now() }
    }

    pub(crate) async fn connect_and_send(addr: SocketAddr, bytes: &str) -> Self {
        let peer = Self::connect(addr).await;
        assert!(peer.send(bytes.as_bytes()).await);
        peer
    }

    /// False when the server has gone.
    pub(crate) async fn send(&self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let writable = timeout(PATIENCE, self.stream.writable()).await;
            writable.expect("the server never read").unwrap();
            match self.stream.try_write(bytes) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) if error.kind() == WouldBlock => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// One answer that has a content-length, head and body.
    pub(crate) async fn answer(&self) -> String {
        let mut got = String::new();
        while !is_whole(&got) {
            let more = timeout(PATIENCE, self.read()).await.expect("no answer");
            match more {
                Some(more) if !more.is_empty() => got.push_str(&more),
                _ => panic!("closed after {got:?}"),
            }
        }
        got
    }

    /// Reads to the end.
    pub(crate) async fn ending(&self) -> Ending {
        let mut got = String::new();
        let read_all = async {
            loop {
                match self.read().await {
                    Some(more) if more.is_empty() => return false,
                    Some(more) => got.push_str(&more),
                    None => return true,
                }
            }
        };
        let reset = timeout(PATIENCE, read_all).await.expect("never closed");
        Ending { got, after: self.since.elapsed(), reset }
    }

    /// Sends `byte` at each `pace` until the connection ends.
    pub(crate) async fn drip_until_ended(&self, byte: &str, pace: Duration) -> Ending {
        let drip = async {
            while self.send(byte.as_bytes()).await {
                tokio::time::sleep(pace).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ending = self.ending() => ending,
            () = drip => unreachable!("drips for ever"),
        }
    }

    /// Reads nothing and waits for the socket to fail; how long that took since connecting.
    pub(crate) async fn failure(&self) -> Duration {
        let failed = async {
            while self.stream.take_error().unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, failed).await.expect("never reset");
        self.since.elapsed()
    }

    /// What there is now; empty at the end, `None` after a reset.
    pub(crate) async fn read(&self) -> Option<String> {
        loop {
            self.stream.readable().await.unwrap();
            // Here and not above, or each of thousands of waiting peers would hold one.
            let mut buffer = [0; 16 * 1024];
            match self.stream.try_read(&mut buffer) {
                Ok(read) => return Some(String::from_utf8_lossy(&buffer[..read]).into_owned()),
                Err(error) if error.kind() == WouldBlock => {}
                Err(_) => return None,
            }
        }
    }
}

fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.expect("the test asks for sized answers").parse().unwrap()
}
