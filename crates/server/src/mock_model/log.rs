//! What was asked and what came of it: for `/requests`, and a line each on the terminal.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};
use serene_core::base::{Clock, Time};

use super::asked::Asked;
use crate::out::say;

/// Requests that are remembered; of more, the oldest are forgotten.
const MAX_REQUESTS: usize = 1000;

/// The longest name of a model on the terminal, in characters.
const MAX_NAME_CHARS: usize = 60;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It has not.
    Running,
    /// All was said.
    Finished,
    /// The client hung up before.
    Closed,
    /// The script let it fail.
    Failed,
}

impl End {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Closed => "closed",
            Self::Failed => "failed",
        }
    }
}

/// Every request so far. Holds what people wrote, so it has no `Debug`.
pub(super) struct Log {
    clock: Clock,
    requests: Mutex<Requests>,
}

#[derive(Default)]
struct Requests {
    /// Goes on when requests are forgotten, so that a number means one request.
    count: u64,
    kept: VecDeque<Entry>,
    /// How often each model was asked.
    asked: HashMap<String, usize>,
}

struct Entry {
    number: u64,
    model: String,
    stream: bool,
    messages: Value,
    deltas: usize,
    end: End,
    started: Time,
    ended: Option<Time>,
}

impl Log {
    pub(super) fn new() -> Self {
        Self { clock: Clock::system(), requests: Mutex::default() }
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a request down, and says how many this model got before it.
    pub(super) fn begin(self: &Arc<Self>, asked: &Asked) -> (Running, usize) {
        let started = self.clock.now();
        let mut requests = self.requests();
        requests.count += 1;
        let number = requests.count;
        let times = requests.asked.entry(asked.model.clone()).or_default();
        let earlier = *times;
        *times += 1;
        if requests.kept.len() == MAX_REQUESTS {
            requests.kept.pop_front();
        }
        requests.kept.push_back(Entry {
            number,
            model: asked.model.clone(),
            stream: asked.stream,
            messages: asked.messages.clone(),
            deltas: 0,
            end: End::Running,
            started,
            ended: None,
        });
        (Running { log: Arc::clone(self), number, started, over: false }, earlier)
    }

    /// Changes what is known of a request, unless it was forgotten.
    fn change<T>(&self, number: u64, change: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let mut requests = self.requests();
        requests.kept.iter_mut().rfind(|entry| entry.number == number).map(change)
    }

    fn end(&self, number: u64, end: End) {
        let now = self.clock.now();
        let line = self.change(number, |entry| {
            entry.end = end;
            entry.ended = Some(now);
            entry.line(now)
        });
        if let Some(line) = line {
            say!("{line}");
        }
    }

    /// All that was asked, oldest first.
    pub(super) fn to_json(&self) -> Value {
        let now = self.clock.now();
        self.requests().kept.iter().map(|entry| entry.to_json(now)).collect()
    }

    /// Forgets all, also how often which model was asked.
    pub(super) fn forget(&self) {
        let mut requests = self.requests();
        requests.kept.clear();
        requests.asked.clear();
    }
}

impl Entry {
    fn to_json(&self, now: Time) -> Value {
        json!({
            "number": self.number,
            "model": self.model,
            "stream": self.stream,
            "messages": self.messages,
            "deltas": self.deltas,
            "end": self.end.as_str(),
            "elapsed_ms": self.elapsed_ms(now),
            "started_at": self.started.to_string(),
            "ended_at": self.ended.map(|ended| ended.to_string()),
        })
    }

    fn elapsed_ms(&self, now: Time) -> u128 {
        self.ended.unwrap_or(now).since(self.started).as_millis()
    }

    /// Without a word of what was written.
    fn line(&self, now: Time) -> String {
        let Self { number, deltas, .. } = self;
        let shown: String = self.model.chars().take(MAX_NAME_CHARS).collect();
        let shown = shown.escape_debug();
        let way = if self.stream { "streamed" } else { "whole" };
        let (ms, end) = (self.elapsed_ms(now), self.end.as_str());
        format!("{number:>4}  {end:<8}  {deltas:>5} deltas  {ms:>6} ms  {way:<8}  {shown}")
    }
}

/// A request that is being answered. Dropped before its end, it was closed by the client.
pub(super) struct Running {
    log: Arc<Log>,
    number: u64,
    started: Time,
    over: bool,
}

impl Running {
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    pub(super) const fn started(&self) -> Time {
        self.started
    }

    /// One more delta was said.
    pub(super) fn delta(&self) {
        self.log.change(self.number, |entry| entry.deltas += 1);
    }

    /// It is over; what comes later does not count.
    pub(super) fn end(&mut self, end: End) {
        if !std::mem::replace(&mut self.over, true) {
            self.log.end(self.number, end);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end(End::Closed);
    }
}
