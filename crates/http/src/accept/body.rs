//! Bodies that keep the watch informed: a request's, which must not trickle, and an answer's.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::ConnectionLimits;
use super::watch::Watch;

/// A request body came more slowly than [`ConnectionLimits`] allow.
///
/// An extractor meets it somewhere in the `source` chain of its error and should answer 408; the
/// connection closes after that answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request body arrived too slowly")]
pub struct BodyTooSlow;

impl BodyTooSlow {
    /// Whether this is what `error`, or anything it came from, says.
    pub fn is_behind(error: &(dyn Error + 'static)) -> bool {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if error.is::<Self>() {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// A request body with a purse of waiting time. Waiting for the peer empties it, bytes fill it;
/// the time a handler takes between two reads costs nothing.
pub(super) struct TimedBody {
    incoming: Incoming,
    watch: Arc<Watch>,
    purse: Purse,
    waiting_since: Option<Instant>,
    /// Made when the first wait begins: most bodies come with their head.
    alarm: Option<Pin<Box<Sleep>>>,
    ended: bool,
    too_slow: bool,
}

impl TimedBody {
    pub(super) fn new(incoming: Incoming, watch: Arc<Watch>, limits: &ConnectionLimits) -> Self {
        Self {
            incoming,
            watch,
            purse: Purse::new(limits.body_timeout, limits.body_bytes_per_second),
            waiting_since: None,
            alarm: None,
            ended: false,
            too_slow: false,
        }
    }

    /// Whether the purse ran out while waiting.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let alarm = if self.waiting_since.is_none() {
            let now = Instant::now();
            self.waiting_since = Some(now);
            let until = now + self.purse.left;
            match &mut self.alarm {
                Some(alarm) => {
                    alarm.as_mut().reset(until);
                    alarm
                }
                none => none.insert(Box::pin(tokio::time::sleep_until(until))),
            }
        } else {
            self.alarm.as_mut().expect("made when the wait began")
        };
        alarm.as_mut().poll(cx)
    }

    fn account(&mut self, frame: Option<&Frame<Bytes>>) {
        if let Some(since) = self.waiting_since.take() {
            self.purse.spend(since.elapsed());
        }
        match frame {
            Some(frame) => self.purse.earn(frame.data_ref().map_or(0, Bytes::len)),
            None => self.ended = true,
        }
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.too_slow {
            // Told again, so that nobody takes an unfinished body for a whole one.
            return Poll::Ready(Some(Err(BodyTooSlow.into())));
        }
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(frame) => {
                let frame = frame.transpose()?;
                self.account(frame.as_ref());
                Poll::Ready(frame.map(Ok))
            }
            Poll::Pending if self.poll_alarm(cx).is_ready() => {
                self.too_slow = true;
                Poll::Ready(Some(Err(BodyTooSlow.into())))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for TimedBody {
    fn drop(&mut self) {
        if !self.ended && !self.incoming.is_end_stream() {
            self.watch.leave_body();
        }
    }
}

/// Waiting time that is spent by waiting and earned by bytes, up to what it began with.
struct Purse {
    left: Duration,
    most: Duration,
    bytes_per_second: u32,
}

impl Purse {
    fn new(most: Duration, bytes_per_second: u32) -> Self {
        Self { left: most, most, bytes_per_second: bytes_per_second.max(1) }
    }

    fn spend(&mut self, waited: Duration) {
        self.left = self.left.saturating_sub(waited);
    }

    fn earn(&mut self, bytes: usize) {
        let micros = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(1_000_000)
            / u64::from(self.bytes_per_second);
        self.left = self.left.saturating_add(Duration::from_micros(micros)).min(self.most);
    }
}

/// The app's answer; hyper drops it when it has taken the whole of it.
pub(super) struct AnswerBody {
    body: Body,
    watch: Arc<Watch>,
}

impl AnswerBody {
    pub(super) fn new(body: Body, watch: Arc<Watch>) -> Self {
        Self { body, watch }
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.watch.answer_complete();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purse_never_holds_more_than_it_began_with() {
        let mut purse = Purse::new(Duration::from_secs(10), 1024);
        purse.earn(usize::MAX);
        assert_eq!(purse.left, Duration::from_secs(10));
        purse.spend(Duration::from_secs(4));
        purse.earn(1024);
        assert_eq!(purse.left, Duration::from_secs(7));
        purse.spend(Duration::from_secs(8));
        assert_eq!(purse.left, Duration::ZERO);
        purse.earn(512);
        assert_eq!(purse.left, Duration::from_millis(500));
    }

    #[test]
    fn the_error_is_found_behind_others() {
        let wrapped = axum::Error::new(axum::Error::new(BodyTooSlow));
        assert!(BodyTooSlow::is_behind(&wrapped));
        assert!(BodyTooSlow::is_behind(&BodyTooSlow));
        assert!(!BodyTooSlow::is_behind(&axum::Error::new(std::fmt::Error)));
    }
}
