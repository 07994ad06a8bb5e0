//! The one thread that runs a model, and the queue before it. On the threads that serve requests a
//! single answer would stop everybody.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use candle_core::Tensor;
use candle_transformers::generation::{LogitsProcessor, Sampling as Choice};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{
    Model, Sampling, failed, prompt,
    text::{Detokenizer, StopText},
};
use crate::{EngineError, Event, FinishReason, Request, Usage};

/// Requests that wait. Whoever comes later is better told so than kept for many minutes.
const WAITING: usize = 16;

/// Tokens of a prompt that are read at a time; in between it is seen whether anybody still listens.
const PROMPT_STEP: usize = 64;

/// Tokens before an answer that goes on, with which its own are decoded.
const TOKENS_BEFORE: usize = 8;

/// Below this a temperature is 0: the likeliest token is taken.
const COLD: f64 = 1e-3;

type Answer = Result<Event, EngineError>;

/// The way to the thread, which ends when the last copy of this is dropped.
#[derive(Clone)]
pub(super) struct Queue {
    handle: Arc<Handle>,
}

struct Handle(Arc<Line>);

/// Those who wait. No channel, because who gives up leaves a place that another may take.
struct Line {
    jobs: Mutex<Option<VecDeque<Job>>>,
    came: Condvar,
}

struct Job {
    request: Request,
    /// Without a bound of its own: an answer is no longer than the context, and a slow reader must
    /// not keep those who wait.
    events: UnboundedSender<Answer>,
}

impl Queue {
    /// `seed` makes every answer repeatable.
    pub(super) fn start(model: Model, seed: Option<u64>) -> std::io::Result<Self> {
        let jobs = Mutex::new(Some(VecDeque::with_capacity(WAITING)));
        let line = Arc::new(Line { jobs, came: Condvar::new() });
        let handle = Arc::new(Handle(Arc::clone(&line)));
        let name = "serene-model".to_owned();
        thread::Builder::new().name(name).spawn(move || work(&model, seed, &line))?;
        Ok(Self { handle })
    }

    /// What the model answers. It stops when the receiver is dropped.
    pub(super) fn ask(&self, request: Request) -> Result<UnboundedReceiver<Answer>, EngineError> {
        let (events, answer) = unbounded_channel();
        let line = &self.handle.0;
        let mut jobs = line.lock();
        let jobs = jobs.as_mut().expect("taken away when the last handle is dropped");
        if jobs.len() >= WAITING {
            jobs.retain(|job| !job.events.is_closed());
        }
        if jobs.len() >= WAITING {
            return Err(EngineError::Busy);
        }
        jobs.push_back(Job { request, events });
        line.came.notify_one();
        Ok(answer)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        *self.0.lock() = None;
        self.0.came.notify_one();
    }
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, Option<VecDeque<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next; `None` when nobody can come any more.
    fn next(&self) -> Option<Job> {
        let is_empty = |jobs: &mut Option<_>| jobs.as_ref().is_some_and(VecDeque::is_empty);
        let jobs = self.came.wait_while(self.lock(), is_empty);
        jobs.unwrap_or_else(PoisonError::into_inner).as_mut()?.pop_front()
    }
}

fn work(model: &Model, seed: Option<u64>, line: &Line) {
    while let Some(job) = line.next() {
        let seed = seed.unwrap_or_else(random);
        // A panic inside the network must not take those with it who wait. Nothing of the model is
        // left changed: an answer is made on a copy.
        let answered = catch_unwind(AssertUnwindSafe(|| answer(model, &job, seed)));
        if let Err(error) = answered.unwrap_or(Err(EngineError::Failed { status: None })) {
            // Nobody listening is the usual end of a request that was given up.
            let _ = job.events.send(Err(error));
        }
    }
}

fn random() -> u64 {
    getrandom::u64().unwrap_or_default()
}

/// Answers, or stops as soon as nobody listens.
fn answer(model: &Model, job: &Job, seed: u64) -> Result<(), EngineError> {
    if job.events.is_closed() {
        return Ok(());
    }
    let prompt = prompt::fit(model, &job.request)?;
    let mut net = model.net.clone();
    let mut position = 0;
    let mut weighed: Option<Tensor> = None;
    for some in prompt.tokens.chunks(PROMPT_STEP) {
        if job.events.is_closed() {
            return Ok(());
        }
        weighed = Some(net.forward(some, position).map_err(|error| failed(&error))?);
        position += some.len();
    }
    let mut weighed = weighed.ok_or(EngineError::TooLong)?;
    let mut choice = choice(model.sampling, job.request.temperature, seed);
    let mut writing = Writing::new(model, job, &prompt.tokens);
    loop {
        let token = choice.sample(&weighed).map_err(|error| failed(&error))?;
        if let Some(reason) = writing.push(token, prompt.max_tokens) {
            return writing.finish(reason);
        }
        if job.events.is_closed() {
            return Ok(());
        }
        weighed = net.forward(&[token], position).map_err(|error| failed(&error))?;
        position += 1;
    }
}

/// An answer as it grows.
struct Writing<'a> {
    model: &'a Model,
    events: &'a UnboundedSender<Answer>,
    detokenizer: Detokenizer<'a>,
    stop: StopText<'a>,
    prompt_tokens: usize,
    tokens: usize,
    /// A new answer has no blanks before its first word; one that goes on may need them.
    at_start: bool,
    any_text: bool,
}

impl<'a> Writing<'a> {
    fn new(model: &'a Model, job: &'a Job, prompt: &[u32]) -> Self {
        let is_new = job.request.begun().is_empty();
        let before = if is_new { prompt.len() } else { prompt.len().saturating_sub(TOKENS_BEFORE) };
        Self {
            model,
            events: &job.events,
            detokenizer: Detokenizer::new(&model.tokenizer, &prompt[before..]),
            stop: StopText::new(model.template.stops()),
            prompt_tokens: prompt.len(),
            tokens: 0,
            at_start: is_new,
            any_text: false,
        }
    }

    /// Takes a token; says why when it is the last.
    fn push(&mut self, token: u32, max_tokens: usize) -> Option<FinishReason> {
        self.tokens += 1;
        if self.model.stop_tokens.contains(&token) {
            return Some(FinishReason::Stop);
        }
        let text = self.detokenizer.push(token);
        let (text, ended) = self.stop.push(&text);
        self.send(&text);
        if ended {
            return Some(FinishReason::Stop);
        }
        (self.tokens >= max_tokens).then_some(FinishReason::Length)
    }

    fn send(&mut self, text: &str) {
        let text = if self.at_start { text.trim_start() } else { text };
        if text.is_empty() {
            return;
        }
        (self.at_start, self.any_text) = (false, true);
        let _ = self.events.send(Ok(Event::Delta(text.to_owned())));
    }

    fn finish(mut self, reason: FinishReason) -> Result<(), EngineError> {
        let held = std::mem::replace(&mut self.stop, StopText::new(&[])).rest();
        self.send(&held);
        if !self.any_text {
            return Err(EngineError::Empty);
        }
        let figure = |count| u32::try_from(count).unwrap_or(u32::MAX);
        let usage = Some(Usage {
            prompt_tokens: figure(self.prompt_tokens),
            completion_tokens: figure(self.tokens),
            cached_tokens: 0,
            estimated: false,
        });
        let _ = self.events.send(Ok(Event::Finished { reason, usage }));
        Ok(())
    }
}

/// How tokens are chosen for one request.
fn choice(usual: Sampling, temperature: Option<f32>, seed: u64) -> LogitsProcessor {
    let temperature = temperature.map_or(usual.temperature, f64::from);
    let choice = match (temperature, usual.top_p, usual.top_k) {
        (temperature, ..) if temperature < COLD => Choice::ArgMax,
        (temperature, p, Some(k)) => Choice::TopKThenTopP { k, p, temperature },
        (temperature, p, None) => Choice::TopP { p, temperature },
    };
    LogitsProcessor::from_sampling(seed, choice)
}
