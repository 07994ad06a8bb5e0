//! One connection from accept to close.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, Response, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use super::body::{AnswerBody, TimedBody};
use super::stream::WatchedStream;
use super::watch::{Clock, Expired, Watch};
use super::{ConnectionLimits, Shared};
use crate::{error::Code, metrics};

/// How long, and how much at once, to read from a peer that was answered before it had sent all.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BUFFER: usize = 16 * 1024;
/// How much the kernel takes beyond what is on its way to the peer.
const UNSENT: u32 = 128 * 1024;

/// Serves one connection and closes it. Ends by itself: at the peer's wish, by a limit, or (the
/// requests under way being answered) after a shutdown began.
pub(super) async fn run(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    tune(&stream, &shared.limits);
    let watch = Arc::new(Watch::default());
    let io = TokioIo::new(WatchedStream::new(stream, Arc::clone(&watch)));
    let service = service_fn(|request| answer(&shared, &watch, peer, request));
    let mut http = shared.http.serve_connection(io, service);

    let sleep = pin!(tokio::time::sleep(shared.limits.first_request_timeout));
    let mut clock = Clock::new(sleep);
    let mut shutdown = pin!(shared.shutdown.cancelled());
    let mut closing = false;
    let ended = poll_fn(|cx| {
        if !closing && shutdown.as_mut().poll(cx).is_ready() {
            closing = true;
            Pin::new(&mut http).graceful_shutdown();
        }
        match Pin::new(&mut http).poll(cx) {
            Poll::Ready(result) => Poll::Ready(Ok(result)),
            Poll::Pending => clock.poll(cx, &watch, &shared).map(Err),
        }
    })
    .await;

    let stream = http.into_parts().io.into_inner().into_inner();
    match ended {
        Ok(result) => {
            if let Err(error) = result {
                tracing::debug!(%peer, %error, "connection failed");
            }
            close(stream, watch.refused(), watch.body_left()).await;
        }
        Err(expired) => {
            tracing::debug!(%peer, ?expired, "connection timed out");
            match expired {
                Expired::Unused => close(stream, None, false).await,
                Expired::InHead => close(stream, Some(StatusCode::REQUEST_TIMEOUT), false).await,
                // A reset, or the kernel would keep the unread bytes for minutes.
                Expired::NotReading => {
                    metrics::slow_reader_dropped();
                    let _ = stream.set_zero_linger();
                }
            }
        }
    }
}

/// Hands a request to the app, dressed with what the watch needs.
fn answer(
    shared: &Shared,
    watch: &Arc<Watch>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<AnswerBody>, Infallible>> + use<> {
    watch.request_began();
    let mut request = request.map(|incoming| {
        if incoming.is_end_stream() {
            Body::empty()
        } else {
            Body::new(TimedBody::new(incoming, Arc::clone(watch), &shared.limits))
        }
    });
    request.extensions_mut().insert(ConnectInfo(peer));
    let answer = shared.app.call(request);
    let watch = Arc::clone(watch);
    async move { answer.await.map(|response| response.map(|body| AnswerBody::new(body, watch))) }
}

/// Sets what can be set; a socket that refuses is already on its way out, which shows soon enough.
fn tune(stream: &TcpStream, limits: &ConnectionLimits) {
    // An event of a stream must not wait for the acknowledgement of the one before it.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    {
        let socket = socket2::SockRef::from(stream);
        // A peer that vanished acknowledges nothing, and a small answer to it would sit in the
        // kernel for a quarter of an hour without ever stalling a write.
        let _ = socket.set_tcp_user_timeout(Some(limits.write_stall_timeout));
        // Bounds what a peer that does not read makes the kernel hold, and shows sooner that it
        // does not: 0.26 MB each, measured on loopback, instead of 3.9 MB.
        // SO_SNDBUF is left alone: it would bound what is on its way too, and with that the speed
        // of a download over a long line.
        let _ = socket.set_tcp_notsent_lowat(UNSENT);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (limits, UNSENT);
}

/// Says the last word, if there is one, and closes.
///
/// When the peer may still be sending, it is read from for a while: closing a socket that holds
/// unread bytes resets it, and the reset destroys an answer the peer has not yet read.
async fn close(mut stream: TcpStream, last_word: Option<StatusCode>, still_sending: bool) {
    if let Some(status) = last_word {
        // Fits into any socket's buffer; a peer that has filled it is not listening.
        let _ = stream.try_write(&refusal(status));
    }
    if poll_fn(|cx| Pin::new(&mut stream).poll_shutdown(cx)).await.is_err() {
        return;
    }
    if still_sending || last_word.is_some() {
        let _ = tokio::time::timeout(LINGER, discard(&stream)).await;
    }
}

/// Reads until the peer closes.
async fn discard(stream: &TcpStream) {
    let mut waste = vec![0; LINGER_BUFFER];
    while stream.readable().await.is_ok() {
        match stream.try_read(&mut waste) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

/// An answer to a peer whose request never reached the app.
fn refusal(status: StatusCode) -> Vec<u8> {
    let (code, sentence) = match status {
        StatusCode::REQUEST_TIMEOUT => {
            (Code::RequestTimeout, "The request took too long to arrive. Please try again.")
        }
        StatusCode::URI_TOO_LONG => (Code::UriTooLong, "The address of the request is too long."),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            (Code::HeadersTooLarge, "The headers of the request are too large.")
        }
        _ => (Code::InvalidRequest, "The request is not valid HTTP/1.1."),
    };
    let code = code.as_str();
    // Clients may count on the field, and there was no request that could have an id.
    let body = serde_json::json!({ "error": sentence, "code": code, "request_id": "" }).to_string();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         x-content-type-options: nosniff\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
