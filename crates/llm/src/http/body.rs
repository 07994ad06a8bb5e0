//! The body of an answer, chunk by chunk, each wait bounded.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body::Body as _;
use reqwest::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use tokio::time::{Instant, Sleep};

use super::{Deadline, broken};
use crate::EngineError;

/// A body being read: a stream of chunks, none empty. Dropping it closes the connection, unless
/// the body had been read to its end.
pub(crate) struct Body {
    inner: reqwest::Body,
    /// A chunk that was looked at and is still to be read.
    peeked: Option<Bytes>,
    idle: Duration,
    total: Option<Deadline>,
    sleep: Pin<Box<Sleep>>,
    /// The error due when `sleep` ends; `None` while nobody is waiting for the server. The clock
    /// starts when a read finds nothing, so that a slow reader is never blamed on the server.
    due: Option<EngineError>,
    framed: bool,
}

impl Body {
    pub(super) fn new(
        response: reqwest::Response,
        first: Deadline,
        idle: Duration,
        total: Option<Deadline>,
    ) -> Self {
        let headers = response.headers();
        let framed =
            headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
        Self {
            inner: response.into(),
            peeked: None,
            idle,
            total,
            sleep: Box::pin(tokio::time::sleep_until(first.at)),
            due: Some(first.error),
            framed,
        }
    }

    /// Whether the end of the body can be told from a connection that broke. It cannot when the
    /// server gave neither a length nor chunks and its closing of the connection is the only end.
    pub(crate) const fn is_framed(&self) -> bool {
        self.framed
    }

    /// The first byte that is no white space, without taking it; `None` when there is none.
    pub(crate) async fn first_byte(&mut self) -> Result<Option<u8>, EngineError> {
        while let Some(chunk) = self.next().await.transpose()? {
            if let Some(&byte) = chunk.iter().find(|byte| !byte.is_ascii_whitespace()) {
                self.peeked = Some(chunk);
                return Ok(Some(byte));
            }
        }
        Ok(None)
    }

    /// The rest of the body in one piece; more than `max_bytes` is [`EngineError::Garbage`].
    pub(crate) async fn read_all(&mut self, max_bytes: usize) -> Result<Vec<u8>, EngineError> {
        let mut all = Vec::new();
        while let Some(chunk) = self.next().await.transpose()? {
            if all.len() + chunk.len() > max_bytes {
                return Err(EngineError::Garbage);
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }

    /// A server that never pauses never meets a wait: the total is looked at with each chunk too.
    fn in_time(&self) -> Result<(), EngineError> {
        match &self.total {
            Some(total) if total.at <= Instant::now() => Err(total.error.clone()),
            _ => Ok(()),
        }
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<EngineError> {
        if self.due.is_none() {
            let deadline = Deadline::after("idle", self.idle).or_earlier(self.total.as_ref());
            self.sleep.as_mut().reset(deadline.at);
            self.due = Some(deadline.error);
        }
        ready!(self.sleep.as_mut().poll(cx));
        Poll::Ready(self.due.clone().expect("set above"))
    }
}

impl Stream for Body {
    type Item = Result<Bytes, EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(chunk) = self.peeked.take() {
            return Poll::Ready(Some(Ok(chunk)));
        }
        loop {
            match Pin::new(&mut self.inner).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(chunk) if !chunk.is_empty() => {
                        self.due = None;
                        return Poll::Ready(Some(self.in_time().map(|()| chunk)));
                    }
                    // Trailers, or an empty chunk: neither says anything.
                    _ => {}
                },
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(broken(&error)))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {
                    return self.as_mut().poll_deadline(cx).map(|error| Some(Err(error)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn a_body_that_is_always_ready_meets_the_total() {
        let flood = stream::repeat_with(|| Ok::<_, EngineError>(Bytes::from_static(&[b'x'; 64])));
        let response = hyper::Response::new(reqwest::Body::wrap_stream(flood));
        let limit = Duration::from_millis(50);
        let total = Deadline::after("total", limit);
        let first = Deadline::after("first byte", Duration::from_secs(5));
        let mut body = Body::new(response.into(), first, Duration::from_secs(5), Some(total));
        let read = body.read_all(1024 * 1024 * 1024).await;
        assert_eq!(read, Err(EngineError::Timeout { phase: "total", limit }));
    }
}
