//! A small app behind the accept loop.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, Request, State};
use axum::routing::{get, post};
use futures_util::stream;
use http::StatusCode;
use serene_http::accept::{BodyTooSlow, ConnectionLimits, ServeReport, serve};
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Limits short enough for a test, and idle connections last longer than anything else.
pub(crate) fn quick() -> ConnectionLimits {
    ConnectionLimits {
        first_request_timeout: Duration::from_millis(300),
        header_timeout: Duration::from_millis(300),
        keep_alive_idle_timeout: Duration::from_millis(1500),
        write_stall_timeout: Duration::from_millis(400),
        body_timeout: Duration::from_millis(300),
        ..ConnectionLimits::default()
    }
}

pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    /// How many streams of `/endless` and `/ticks` are alive.
    pub(crate) streams: Arc<AtomicUsize>,
    report: JoinHandle<ServeReport>,
}

impl Server {
    pub(crate) fn start(limits: ConnectionLimits) -> Self {
        Self::with_grace(limits, Duration::from_secs(5))
    }

    #[expect(clippy::disallowed_methods, reason = "the test awaits it in `report`")]
    pub(crate) fn with_grace(limits: ConnectionLimits, grace: Duration) -> Self {
        // With the 1,024 places of `TcpListener::bind`, some of a flood's own connects wait 1 s.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(4096).unwrap();
        let addr = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let streams = Arc::new(AtomicUsize::new(0));
        let serving = serve(listener, app(Arc::clone(&streams)), limits, shutdown.clone(), grace);
        Self { addr, shutdown, streams, report: tokio::spawn(serving) }
    }

    pub(crate) fn streams(&self) -> usize {
        self.streams.load(Ordering::SeqCst)
    }

    /// Waits for the server to end.
    pub(crate) async fn report(self) -> ServeReport {
        self.report.await.unwrap()
    }
}

fn app(streams: Arc<AtomicUsize>) -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route(
            "/peer",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }),
        )
        .route("/wait", get(|| pause(800, "late")))
        .route("/panic", get(fail))
        .route("/endless", get(endless))
        .route("/ticks", get(ticks))
        .route("/echo", post(echo))
        .route("/refuse", post(|| async { (StatusCode::PAYLOAD_TOO_LARGE, "too much") }))
        .route("/hold", post(hold))
        .with_state(streams)
}

async fn pause(millis: u64, answer: &'static str) -> &'static str {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    answer
}

async fn fail() -> &'static str {
    panic!("asked for by the test")
}

/// Keeps the body for a while without reading it, then reads it.
async fn hold(request: Request) -> (StatusCode, String) {
    pause(800, "").await;
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await;
    (StatusCode::OK, format!("{} bytes", body.unwrap().len()))
}

async fn echo(body: Result<Bytes, BytesRejection>) -> (StatusCode, Bytes) {
    match body {
        Ok(body) => (StatusCode::OK, body),
        Err(error) if BodyTooSlow::is_behind(&error) => {
            (StatusCode::REQUEST_TIMEOUT, Bytes::from_static(b"slow body"))
        }
        Err(_) => (StatusCode::BAD_REQUEST, Bytes::from_static(b"bad body")),
    }
}

struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(streams: Arc<AtomicUsize>) -> Self {
        streams.fetch_add(1, Ordering::SeqCst);
        Self(streams)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn endless(State(streams): State<Arc<AtomicUsize>>) -> Body {
    let chunk = Bytes::from(vec![b'x'; 16 * 1024]);
    Body::from_stream(stream::unfold((Alive::new(streams), chunk), |(alive, chunk)| async {
        Some((Ok::<_, Infallible>(chunk.clone()), (alive, chunk)))
    }))
}

/// Ten short events, one every 100 ms.
async fn ticks(State(streams): State<Arc<AtomicUsize>>) -> Body {
    Body::from_stream(stream::unfold((Alive::new(streams), 0), |(alive, tick)| async move {
        if tick == 10 {
            return None;
        }
        pause(100, "").await;
        Some((Ok::<_, Infallible>(format!("tick {tick}\n")), (alive, tick + 1)))
    }))
}
