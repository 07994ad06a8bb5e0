//! What one connection is doing, and the clock that ends it when that takes too long.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::StatusCode;
use tokio::time::{Instant, Sleep};

use super::Shared;

/// The life of a connection: silent, then requests one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// Accepted; not a byte has come.
    #[default]
    Silent,
    /// Part of the first head has come.
    FirstHead,
    /// A request was handed to the app, and its answer is not complete.
    Answering,
    /// The answer is complete, but hyper may still hold some of it.
    Flushing,
    /// The answer is with the kernel; the next request has not begun.
    Idle,
    /// Part of a later head has come.
    LaterHead,
}

/// Why the clock ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expired {
    /// Nothing was under way: no first byte, or no further request.
    Unused,
    /// Part of a head had come.
    InHead,
    /// The peer did not take what was written for it.
    NotReading,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    phase: Phase,
    /// The socket refused the last write.
    stalled: bool,
    /// Rises whenever the clock must start anew; the phase alone may come back to what it was.
    changes: u64,
    body_left: bool,
    refused: Option<StatusCode>,
}

/// Shared by the parts of one connection. All but request bodies live in one task, so the lock is
/// practically never contended; it is never held while other code runs.
#[derive(Debug, Default)]
pub(super) struct Watch(Mutex<State>);

impl Watch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The socket gave some bytes.
    pub(super) fn received(&self) {
        let mut state = self.state();
        match state.phase {
            // The clock goes on: a first byte at the ninth second earns no further ten.
            Phase::Silent => state.phase = Phase::FirstHead,
            Phase::Idle => state.enter(Phase::LaterHead),
            _ => {}
        }
    }

    /// hyper has a whole head, and the app has the request.
    pub(super) fn request_began(&self) {
        let mut state = self.state();
        state.enter(Phase::Answering);
        state.body_left = false;
    }

    /// hyper has taken the whole of the answer.
    pub(super) fn answer_complete(&self) {
        let mut state = self.state();
        if state.phase == Phase::Answering {
            state.enter(Phase::Flushing);
        }
    }

    /// hyper has no byte left to write. It says so also in the middle of an answer.
    pub(super) fn flushed(&self) {
        let mut state = self.state();
        if state.phase == Phase::Flushing {
            state.enter(Phase::Idle);
        }
    }

    /// Whether bytes written now belong to an answer of the app. When none is due, they are
    /// hyper's own words to a peer whose head it could not read.
    pub(super) fn answer_due(&self) -> bool {
        matches!(self.state().phase, Phase::Answering | Phase::Flushing)
    }

    /// hyper refuses the peer's head.
    pub(super) fn refuse(&self, status: StatusCode) {
        self.state().refused.get_or_insert(status);
    }

    pub(super) fn refused(&self) -> Option<StatusCode> {
        self.state().refused
    }

    /// The socket took some bytes, or (`stalled`) would not.
    pub(super) fn wrote(&self, stalled: bool) {
        let mut state = self.state();
        if state.stalled != stalled {
            state.stalled = stalled;
            state.changes += 1;
        }
    }

    /// The app dropped a request body before its end.
    pub(super) fn leave_body(&self) {
        self.state().body_left = true;
    }

    pub(super) fn body_left(&self) -> bool {
        self.state().body_left
    }
}

impl State {
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.changes += 1;
    }

    fn timeout(self, shared: &Shared) -> Option<Duration> {
        let limits = &shared.limits;
        if self.stalled {
            return Some(limits.write_stall_timeout);
        }
        match self.phase {
            Phase::Silent | Phase::FirstHead => Some(limits.first_request_timeout),
            Phase::LaterHead => Some(limits.header_timeout),
            Phase::Idle => Some(shared.idle_timeout()),
            Phase::Answering | Phase::Flushing => None,
        }
    }

    fn expired(self) -> Expired {
        match self.phase {
            _ if self.stalled => Expired::NotReading,
            Phase::FirstHead | Phase::LaterHead => Expired::InHead,
            _ => Expired::Unused,
        }
    }
}

/// The one timer of a connection. It is moved only when it fires or must fire earlier, so busy
/// connections do not touch the runtime's timers.
pub(super) struct Clock<'a> {
    sleep: Pin<&'a mut Sleep>,
    deadline: Option<Instant>,
    seen: u64,
}

impl<'a> Clock<'a> {
    /// `sleep` ends when the first request is due.
    pub(super) fn new(sleep: Pin<&'a mut Sleep>) -> Self {
        Self { deadline: Some(sleep.deadline()), sleep, seen: 0 }
    }

    /// To be polled after everything else of the connection has been.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        watch: &Watch,
        shared: &Shared,
    ) -> Poll<Expired> {
        let state = *watch.state();
        if state.changes != self.seen {
            self.seen = state.changes;
            self.deadline = state.timeout(shared).map(|timeout| Instant::now() + timeout);
        }
        let Some(deadline) = self.deadline else { return Poll::Pending };
        if deadline < self.sleep.deadline() {
            self.sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(self.sleep.as_mut().poll(cx));
            if deadline <= self.sleep.deadline() {
                return Poll::Ready(state.expired());
            }
            self.sleep.as_mut().reset(deadline);
        }
    }
}
