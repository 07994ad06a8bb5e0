//! A raw TCP server that says exactly what a test wants said, and helpers to ask an engine.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::StreamExt;
use serene_llm::{
    Engine, EngineError, Event, FinishReason, Message, OpenAiConfig, OpenAiEngine, Request,
    Retries, Role, Timeouts, Usage,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};

/// What a raw server does, one after another.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Writes these bytes, at once and on their own.
    Send(Vec<u8>),
    /// Writes these bytes again and again, until the client is gone.
    Repeat(Vec<u8>),
    /// Does nothing for a while.
    Wait(Duration),
    /// Ends the connection properly (FIN). A script without it serves the next request.
    Close,
    /// Breaks the connection (RST).
    Reset,
    /// Waits until the client closes the connection, and reports it.
    AwaitClose,
}

pub(crate) fn send(bytes: impl AsRef<[u8]>) -> Act {
    Act::Send(bytes.as_ref().to_vec())
}

pub(crate) fn wait_ms(ms: u64) -> Act {
    Act::Wait(Duration::from_millis(ms))
}

/// The head of a chunked event stream.
pub(crate) fn chunked_head() -> Act {
    send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
}

/// One HTTP chunk: the client reads it as a piece of its own, however TCP joins the bytes.
pub(crate) fn chunk(bytes: impl AsRef<[u8]>) -> Act {
    let bytes = bytes.as_ref();
    let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(b"\r\n");
    Act::Send(framed)
}

/// The last HTTP chunk.
pub(crate) fn end() -> Act {
    send("0\r\n\r\n")
}

/// An SSE frame with this delta.
pub(crate) fn delta(text: &str) -> String {
    let json = serde_json::json!({"choices": [{"index": 0, "delta": {"content": text}}]});
    format!("data: {json}\n\n")
}

/// The SSE frame in which the model says why it stopped.
pub(crate) const STOP: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
/// The SSE frame with the figures.
pub(crate) const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2,\"total_tokens\":7}}\n\n";
/// The last SSE frame.
pub(crate) const DONE: &str = "data: [DONE]\n\n";

/// The figures in [`USAGE`].
pub(crate) const FIGURES: Usage =
    Usage { prompt_tokens: 5, completion_tokens: 2, cached_tokens: 0, estimated: false };

/// A raw server and what it saw.
pub(crate) struct Raw {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
    closed: mpsc::UnboundedReceiver<()>,
    _tasks: JoinSet<()>,
}

impl Raw {
    /// Serves each request by the acts its number (from 0) is given.
    pub(crate) async fn start(script: impl Fn(usize) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), script).await
    }

    /// The same, at an address of the test's choice.
    pub(crate) async fn start_at(
        address: SocketAddr,
        script: impl Fn(usize) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let connections = Arc::<Mutex<usize>>::default();
        let (closing, closed) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        let (seen, count) = (Arc::clone(&requests), Arc::clone(&connections));
        tasks.spawn(async move {
            let script = Arc::new(script);
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                *count.lock().unwrap() += 1;
                let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
                open.spawn(connection(stream, script, seen, closing.clone()));
            }
        });
        Self { address, requests, connections, closed, _tasks: tasks }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Heads and bodies received so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// Waits until an [`Act::AwaitClose`] saw the client go.
    pub(crate) async fn saw_close(&mut self) {
        self.closed.recv().await.unwrap();
    }
}

async fn connection(
    mut stream: TcpStream,
    script: Arc<impl Fn(usize) -> Vec<Act>>,
    seen: Arc<Mutex<Vec<String>>>,
    closing: mpsc::UnboundedSender<()>,
) {
    stream.set_nodelay(true).unwrap();
    while let Some(request) = read_request(&mut stream).await {
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request);
            seen.len() - 1
        };
        for act in script(number) {
            let written = match act {
                Act::Send(bytes) => stream.write_all(&bytes).await,
                Act::Repeat(bytes) => loop {
                    if let Err(gone) = stream.write_all(&bytes).await {
                        break Err(gone);
                    }
                },
                Act::Wait(time) => {
                    tokio::time::sleep(time).await;
                    Ok(())
                }
                Act::Close => return,
                Act::Reset => return stream.set_zero_linger().unwrap(),
                Act::AwaitClose => {
                    let _ = stream.read(&mut [0; 64]).await;
                    closing.send(()).unwrap();
                    return;
                }
            };
            if written.is_err() {
                return;
            }
        }
    }
}

/// One request, head and body; `None` when the client has closed.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.parse().unwrap());
            if body.len() >= length {
                return Some(text.into_owned());
            }
        }
        let count = stream.read(&mut buffer).await.ok().filter(|&count| count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    }
}

/// Waits short enough for tests, long enough for a busy machine.
pub(crate) fn quick() -> (Timeouts, Retries) {
    let timeouts = Timeouts {
        connect: Duration::from_millis(300),
        first_byte: Duration::from_millis(600),
        idle: Duration::from_millis(400),
        total: Some(Duration::from_secs(20)),
    };
    let retries = Retries { first_wait: Duration::from_millis(1), ..Retries::default() };
    (timeouts, retries)
}

/// An OpenAI engine with [`quick`] waits.
pub(crate) fn engine(base_url: &str) -> OpenAiEngine {
    let (timeouts, retries) = quick();
    OpenAiEngine::new(OpenAiConfig {
        timeouts,
        retries,
        ..OpenAiConfig::new(base_url, "test-model")
    })
    .unwrap()
}

/// A request of one user message.
pub(crate) fn hello() -> Request {
    Request { messages: vec![Message::text(Role::User, "Hello")], ..Request::default() }
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) deltas: Vec<String>,
    pub(crate) end: Result<(FinishReason, Option<Usage>), EngineError>,
}

impl Outcome {
    pub(crate) fn text(&self) -> String {
        self.deltas.concat()
    }

    pub(crate) fn finished(text: &str, reason: FinishReason, usage: Option<Usage>) -> Self {
        Self { deltas: vec![text.to_owned()], end: Ok((reason, usage)) }
    }

    pub(crate) fn failed(deltas: &[&str], error: EngineError) -> Self {
        Self { deltas: deltas.iter().map(|&delta| delta.to_owned()).collect(), end: Err(error) }
    }
}

/// Asks, and checks what holds for every stream: no empty delta, exactly one last item.
pub(crate) async fn ask(engine: &dyn Engine, request: Request) -> Outcome {
    let mut stream = engine.stream(request);
    let mut deltas = Vec::new();
    let end = loop {
        match stream.next().await.expect("a stream says how it ended") {
            Ok(Event::Delta(text)) => {
                assert!(!text.is_empty());
                deltas.push(text);
            }
            Ok(Event::AnsweredBy { .. }) => panic!("there is no other engine"),
            Ok(Event::Finished { reason, usage }) => break Ok((reason, usage)),
            Err(error) => break Err(error),
        }
    };
    assert_eq!(stream.next().await, None);
    Outcome { deltas, end }
}

/// Asks a raw server that answers every request by `acts`; also says how many requests it got.
pub(crate) async fn ask_raw(acts: Vec<Act>) -> (Outcome, usize) {
    let server = Raw::start(move |_| acts.clone()).await;
    let outcome = ask(&engine(&server.url()), hello()).await;
    (outcome, server.requests().len())
}
