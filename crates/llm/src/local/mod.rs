//! The engine for a model of one's own: a folder with weights and a tokenizer, run on this machine's
//! processor. Everything about it is here, behind the cargo feature `local-models`; how it is used is
//! in `docs/local-models.md`.
//!
//! - [`folder`] finds and reads the files; [`weights`], [`shape`] and [`net`] make a network of them
//! - [`template`] writes a conversation as the model learned it; [`prompt`] makes it fit
//! - [`text`] makes text of tokens, never half a character
//! - [`worker`] is the thread that does the work

mod folder;
mod net;
mod prompt;
mod shape;
mod template;
mod text;
mod weights;
mod worker;

use std::{fmt, path::Path, sync::Arc};

use futures_util::{StreamExt, stream};
use tokenizers::Tokenizer;
use worker::Queue;

use crate::{Engine, EngineError, EventStream, Request};

/// Why a folder is no model. One line, which names the file and what is wrong with it.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{file}: {problem}")]
pub struct LocalModelError {
    /// The file or folder.
    pub file: String,
    /// What is wrong with it.
    pub problem: String,
}

impl LocalModelError {
    fn new(file: &Path, problem: impl fmt::Display) -> Self {
        // Causes from elsewhere may have several lines, of which the first says what it is.
        let problem = problem.to_string();
        let problem = problem.lines().next().unwrap_or_default().to_owned();
        Self { file: file.display().to_string().escape_debug().to_string(), problem }
    }
}

/// What can be chosen about a local model beyond its folder.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalOptions {
    /// Makes every answer repeatable: the same request then gets the same answer. Without it each
    /// answer is drawn anew, unless the temperature is 0.
    pub seed: Option<u64>,
}

/// A model on this machine. Cheap to clone; clones share the model and its one thread.
///
/// It answers one request at a time; up to 16 wait, and a further one is [`EngineError::Busy`].
/// Dropping the stream ends the work with the next token, and a request that still waits is never
/// begun. Where a conversation is longer than the model can hold, its oldest turns are left out;
/// the system message and the last turn never are ([`EngineError::TooLong`] when these alone do not
/// fit). Images are left out. The figures in `Finished` are exact.
#[derive(Clone)]
pub struct LocalEngine {
    name: Arc<str>,
    context_tokens: u32,
    tokenizer: Arc<Tokenizer>,
    queue: Queue,
}

impl fmt::Debug for LocalEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEngine")
            .field("name", &self.name)
            .field("context_tokens", &self.context_tokens)
            .finish_non_exhaustive()
    }
}

impl LocalEngine {
    /// Reads a model's folder and starts its thread. Takes as long as reading the weights does, and
    /// then as much memory as they have: four bytes a weight from safetensors, a GGUF file's own
    /// size otherwise.
    ///
    /// # Errors
    /// [`LocalModelError`] names the file that is missing, broken or not of a kind that is known.
    pub fn load(folder: &Path, options: LocalOptions) -> Result<Self, LocalModelError> {
        let model = folder::load(folder)?;
        let tokenizer = Arc::clone(&model.tokenizer);
        let context_tokens = model.context_tokens;
        let queue = Queue::start(model, options.seed)
            .map_err(|error| LocalModelError::new(folder, format!("no thread for it: {error}")))?;
        Ok(Self { name: name(folder).into(), context_tokens, tokenizer, queue })
    }
}

/// The folder's name, also where the path is `.`.
fn name(folder: &Path) -> String {
    let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    absolute.file_name().map_or_else(|| "model".into(), |name| name.to_string_lossy().into_owned())
}

impl Engine for LocalEngine {
    fn name(&self) -> &'static str {
        "transformers"
    }

    fn model(&self) -> &str {
        &self.name
    }

    fn stream(&self, request: Request) -> EventStream {
        let queue = self.queue.clone();
        let events =
            stream::once(async move { queue.ask(request) }).flat_map(|asked| match asked {
                Ok(events) => stream::unfold(events, |mut events| async {
                    Some((events.recv().await?, events))
                })
                .boxed(),
                Err(error) => stream::iter([Err(error)]).boxed(),
            });
        Box::pin(events)
    }

    fn context_tokens(&self, _model: &str) -> Option<u32> {
        Some(self.context_tokens)
    }

    fn count_tokens(&self, _model: &str, text: &str) -> Option<u32> {
        let encoding = self.tokenizer.encode_fast(text, false).ok()?;
        u32::try_from(encoding.len()).ok()
    }
}

/// A whole model as the thread uses it.
struct Model {
    tokenizer: Arc<Tokenizer>,
    template: template::Template,
    net: net::Net,
    /// Tokens of prompt and answer together.
    context_tokens: u32,
    sampling: Sampling,
    /// Tokens that end an answer.
    stop_tokens: Vec<u32>,
}

/// How the next token is chosen where the request does not say.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sampling {
    temperature: f64,
    /// The share of probability that the likeliest tokens must have for the others to be left out.
    top_p: f64,
    /// No token beyond so many of the likeliest.
    top_k: Option<usize>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.7, top_p: 0.95, top_k: None }
    }
}

/// What fails inside a network says nothing that could be mended by who asked.
fn failed(error: &candle_core::Error) -> EngineError {
    let error = error.to_string();
    let error = error.lines().next().unwrap_or_default();
    tracing::error!(error, "the model on this machine failed: {error}");
    EngineError::Failed { status: None }
}
