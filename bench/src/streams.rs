//! The load of streams: many that are read at once, each on a connection of its own, and when their
//! words came.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::model::WORD;

/// The longest wait for the next word.
const PATIENCE: Duration = Duration::from_secs(30);

/// How an answer begins that is a stream.
const OK: &str = "HTTP/1.1 200";

/// The end of a body in chunks.
const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";

/// What the streams gave.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Words that came.
    pub(crate) words: usize,
    /// From sending each request to its first word, the shortest first.
    pub(crate) first: Vec<Duration>,
    /// Between one arrival of words and the next of the same stream, the shortest first.
    pub(crate) between: Vec<Duration>,
    /// From the first request to the end of the last stream.
    pub(crate) wall: Duration,
}

/// What to read, and how many at once.
#[derive(Clone, Debug)]
pub(crate) struct Streams {
    /// Each client reads its own, one after the other.
    pub(crate) requests: Vec<Vec<Arc<[u8]>>>,
    /// The words of each.
    pub(crate) words: usize,
    /// The clients begin one after the other over this time, so that their words do not come all
    /// together for ever.
    pub(crate) ramp: Duration,
}

impl Outcome {
    /// The time within which this many percent of a list were; zero without any.
    pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
        let rank = (sorted.len() * percent).div_ceil(100);
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

impl Streams {
    /// Reads all of them.
    pub(crate) async fn read(self, address: SocketAddr) -> anyhow::Result<Outcome> {
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        let clients = u32::try_from(self.requests.len().max(1))?;
        for (index, requests) in (0_u32..).zip(self.requests) {
            let begin = start + self.ramp * index / clients;
            tasks.spawn(async move {
                tokio::time::sleep_until(begin.into()).await;
                client(address, &requests, self.words).await
            });
        }
        let mut outcome = Outcome::default();
        while let Some(one) = tasks.join_next().await {
            let one = one??;
            outcome.words += one.words;
            outcome.first.extend(one.first);
            outcome.between.extend(one.between);
        }
        outcome.wall = start.elapsed();
        outcome.first.sort_unstable();
        outcome.between.sort_unstable();
        Ok(outcome)
    }
}

async fn client(
    address: SocketAddr,
    requests: &[Arc<[u8]>],
    words: usize,
) -> anyhow::Result<Outcome> {
    let mut stream = TcpStream::connect(address).await.context("cannot connect")?;
    stream.set_nodelay(true)?;
    let mut outcome = Outcome::default();
    for request in requests {
        one(&mut stream, request, words, &mut outcome).await?;
    }
    Ok(outcome)
}

/// Reads one stream to its end.
async fn one(
    stream: &mut TcpStream,
    request: &[u8],
    words: usize,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    let sent = Instant::now();
    stream.write_all(request).await?;
    let mut listener = Listener::default();
    let mut last = sent;
    loop {
        let read = listener.read(stream);
        let new = tokio::time::timeout(PATIENCE, read).await.context("a stream fell silent")??;
        // The end of a reply repeats its words.
        let new = new.min(words - listener.heard);
        if new > 0 {
            let now = Instant::now();
            let waits = if listener.heard == 0 { &mut outcome.first } else { &mut outcome.between };
            waits.push(now - last);
            (last, listener.heard) = (now, listener.heard + new);
        }
        if listener.is_over() {
            break;
        }
    }
    anyhow::ensure!(listener.heard == words, "{} of {words} words came", listener.heard);
    outcome.words += words;
    Ok(())
}

/// Opens a stream and reads its first word. It stays open as long as the connection is kept.
pub(crate) async fn open(address: SocketAddr, request: &[u8]) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await.context("cannot connect")?;
    stream.write_all(request).await?;
    let mut listener = Listener::default();
    let first = async {
        while listener.read(&mut stream).await? == 0 {}
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, first).await.context("a stream said nothing")??;
    Ok(stream)
}

/// Finds words and the end in what comes, however it is cut.
#[derive(Debug, Default)]
struct Listener {
    buffer: Vec<u8>,
    /// How much of the buffer was searched before.
    kept: usize,
    heard: usize,
    begun: bool,
}

impl Listener {
    /// Reads what there is; how many words came with it.
    async fn read(&mut self, stream: &mut TcpStream) -> anyhow::Result<usize> {
        // What a word or the end may begin with is kept for the next piece.
        let piece = LAST_CHUNK.len().max(WORD.len()) - 1;
        let keep = self.buffer.len().min(if self.begun { piece } else { usize::MAX });
        self.buffer.drain(..self.buffer.len() - keep);
        self.kept = keep;
        if stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("a stream was cut off");
        }
        self.take()
    }

    fn take(&mut self) -> anyhow::Result<usize> {
        if !self.begun && self.buffer.len() >= OK.len() {
            let head = String::from_utf8_lossy(&self.buffer);
            anyhow::ensure!(head.starts_with(OK), "no stream, but: {head}");
            self.begun = true;
        }
        // A word that was whole before does not count again.
        let from = self.kept.saturating_sub(WORD.len() - 1);
        Ok(count(&self.buffer[from..], WORD.as_bytes()))
    }

    fn is_over(&self) -> bool {
        self.buffer.ends_with(LAST_CHUNK)
    }
}

fn count(bytes: &[u8], word: &[u8]) -> usize {
    let Some(&first) = word.first() else { return 0 };
    let mut rest = bytes;
    let mut found = 0;
    while let Some(place) = rest.iter().position(|byte| *byte == first) {
        rest = &rest[place..];
        let step = if rest.starts_with(word) {
            found += 1;
            word.len()
        } else {
            1
        };
        rest = &rest[step..];
    }
    found
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers one request in pieces of this many bytes.
    async fn server(answer: String, piece: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            assert!(stream.read(&mut [0; 64]).await.unwrap() > 0);
            for bytes in answer.as_bytes().chunks(piece) {
                stream.write_all(bytes).await.unwrap();
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        });
        address
    }

    #[tokio::test]
    async fn words_are_counted_once_however_they_are_cut() {
        for piece in [1, 3, 7, 10, 1000] {
            let body = format!("HTTP/1.1 200 OK\r\n\r\n5\r\n{WORD}{WORD}x {WORD}\r\n0\r\n\r\n");
            let address = server(body, piece).await;
            let requests = vec![vec![Arc::from(b"GET /".as_slice())]];
            let streams = Streams { requests, words: 3, ramp: Duration::ZERO };
            let outcome = streams.read(address).await.unwrap();
            assert_eq!((outcome.words, outcome.first.len()), (3, 1), "in pieces of {piece}");
        }
    }

    #[tokio::test]
    async fn a_stream_that_says_too_little_is_an_error() {
        for answer in ["HTTP/1.1 200 OK\r\n\r\n0\r\n\r\n", "HTTP/1.1 409 Conflict\r\n\r\n"] {
            let address = server(answer.to_owned(), 100).await;
            let requests = vec![vec![Arc::from(b"GET /".as_slice())]];
            let streams = Streams { requests, words: 3, ramp: Duration::ZERO };
            assert!(streams.read(address).await.is_err());
        }
    }
}
