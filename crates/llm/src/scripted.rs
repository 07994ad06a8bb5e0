//! An engine without a model or a network, for tests: what it does is written in its model's name.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt, stream};

use crate::{Engine, EventStream, NotAScript, Request, Script};

/// A model name that asks for a panic: no script, because no server may be made to do that.
const PANIC: &str = "panic";

/// An engine that plays the [`Script`] which its model's name is, and keeps what it was asked.
///
/// The name `panic` stands for an engine that panics when asked, for tests that prove that no
/// model is. Clones share the record.
#[derive(Clone, Debug)]
pub struct ScriptedEngine {
    model: String,
    script: Script,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl ScriptedEngine {
    /// Reads the script.
    ///
    /// # Errors
    /// [`NotAScript`] names the step that is unknown or has a wrong argument.
    pub fn new(model: &str) -> Result<Self, NotAScript> {
        let script = if model == PANIC { Script::default() } else { model.parse()? };
        Ok(Self { model: model.to_owned(), script, requests: Arc::default() })
    }

    /// What it was asked so far, oldest first. A request counts once its stream is polled.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records a request and plays the script to it.
    fn play(&self, request: Request) -> EventStream {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let events = self.script.stream(&request, requests.len());
        requests.push(request);
        events
    }
}

impl Engine for ScriptedEngine {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn stream(&self, request: Request) -> EventStream {
        assert!(self.model != PANIC, "a scripted engine was asked although it must not be");
        let engine = self.clone();
        Box::pin(stream::once(async move { engine.play(request) }).flatten())
    }
}
