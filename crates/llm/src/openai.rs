//! The engine for servers that speak OpenAI's chat completions, OpenAI's own and the many alike.
//! It always streams on the wire. The format itself is in `wire`, the reading of it in `answer`.

mod answer;
pub(crate) mod wire;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use futures_util::stream;
use reqwest::Url;
use secrecy::SecretString;

use self::{
    answer::Answer,
    wire::{Chunk, TokenLimit},
};
use crate::{
    ConfigError, Engine, EngineError, Event, EventStream, FinishReason, Request, Retries, Timeouts,
    http::{Body, Upstream, parse_url},
    tokens,
};

/// Where OpenAI itself answers.
pub const OPENAI_BASE_URL: &str = "https://api.openai.com/v1";

/// The path, below the base URL, that a chat is posted to.
pub(crate) const CHAT_PATH: &str = "/chat/completions";

/// The largest answer that is read when a server does not stream, and from a generate endpoint.
pub(crate) const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// How to reach an OpenAI-compatible server.
#[derive(Clone)]
pub struct OpenAiConfig {
    /// For example [`OPENAI_BASE_URL`]. A URL that already ends in `/chat/completions` is taken
    /// as it is.
    pub base_url: String,
    /// Sent as a bearer token; local servers often need none. An empty one counts as none.
    pub api_key: Option<SecretString>,
    /// The model's name as the server spells it. When empty, none is sent: servers with a single
    /// model answer all the same.
    pub model: String,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// How often to try.
    pub retries: Retries,
}

impl OpenAiConfig {
    /// A server and a model, without a key, with the default waits.
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            api_key: None,
            model: model.into(),
            timeouts: Timeouts::default(),
            retries: Retries::default(),
        }
    }
}

// The URL may hold a password.
impl fmt::Debug for OpenAiConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiConfig")
            .field("model", &self.model)
            .field("timeouts", &self.timeouts)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

/// The engine for OpenAI-compatible servers. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct OpenAiEngine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    upstream: Upstream,
    model: String,
    limit: TokenLimit,
}

impl OpenAiEngine {
    /// Sets the engine up. Nothing is connected to yet.
    ///
    /// # Errors
    /// [`ConfigError`] when the URL or the key cannot be used, or no TLS client can be made.
    pub fn new(config: OpenAiConfig) -> Result<Self, ConfigError> {
        let mut url = parse_url(&config.base_url)?;
        if !is_chat_url(&url) {
            let path = format!("{}{CHAT_PATH}", url.path().trim_end_matches('/'));
            url.set_path(&path);
        }
        let limit = if url.host_str() == Some("api.openai.com") {
            TokenLimit::MaxCompletionTokens
        } else {
            TokenLimit::MaxTokens
        };
        let upstream = Upstream::new(url, config.api_key, config.timeouts, config.retries)?;
        Ok(Self { inner: Arc::new(Inner { upstream, model: config.model, limit }) })
    }
}

/// Whether a URL names the chat route itself.
pub(crate) fn is_chat_url(url: &Url) -> bool {
    url.path().trim_end_matches('/').ends_with(CHAT_PATH)
}

impl Engine for OpenAiEngine {
    fn name(&self) -> &'static str {
        "openai"
    }

    /// The configured name; `default` when the choice is left to the server.
    fn model(&self) -> &str {
        if self.inner.model.is_empty() { "default" } else { &self.inner.model }
    }

    fn context_tokens(&self, model: &str) -> Option<u32> {
        tokens::family(model).map(|(_, context)| context)
    }

    fn count_tokens(&self, model: &str, text: &str) -> Option<u32> {
        tokens::family(model).map(|(vocabulary, _)| vocabulary.count(text))
    }

    fn stream(&self, request: Request) -> EventStream {
        let start = State::Start(Arc::clone(&self.inner), request);
        Box::pin(stream::try_unfold(start, |state| async move {
            let step = state.step().await;
            if let Err(error) = &step {
                tracing::debug!(code = error.code(), "no answer, or not all of it");
            }
            step
        }))
    }
}

enum State {
    Start(Arc<Inner>, Request),
    // Boxed, because a state is moved with every delta.
    Streaming(Box<Answer>),
    Last(Event),
    Over,
}

impl State {
    async fn step(self) -> Result<Option<(Event, Self)>, EngineError> {
        let mut answer = match self {
            Self::Start(inner, request) => {
                let model = request.model.as_deref().unwrap_or(&inner.model);
                let json = Bytes::from(wire::encode(model, inner.limit, &request));
                drop(request);
                let mut body = inner.upstream.post(json).await?;
                match body.first_byte().await? {
                    Some(b'{') => return read_whole(&mut body).await.map(Some),
                    Some(b'<') => return Err(EngineError::Garbage),
                    Some(_) => Box::new(Answer::new(body)),
                    None if body.is_framed() => return Err(EngineError::Empty),
                    None => return Err(EngineError::Cut),
                }
            }
            Self::Streaming(answer) => answer,
            Self::Last(event) => return Ok(Some((event, Self::Over))),
            Self::Over => return Ok(None),
        };
        Ok(Some(match answer.next().await? {
            delta @ Event::Delta(_) => (delta, Self::Streaming(answer)),
            other => (other, Self::Over),
        }))
    }
}

/// The answer of a server that does not stream: one delta, then the end.
async fn read_whole(body: &mut Body) -> Result<(Event, State), EngineError> {
    let json = body.read_all(MAX_ANSWER_BYTES).await?;
    let mut chunk: Chunk = serde_json::from_slice(&json).map_err(|error| not_json(&error))?;
    if chunk.error.is_some() {
        return Err(EngineError::Failed { status: None });
    }
    let choices = chunk.choices.take().ok_or(EngineError::Garbage)?;
    let mut choice = choices.into_iter().next().ok_or(EngineError::Empty)?;
    let text = choice.take_message().or_else(|| choice.take_delta()).ok_or(EngineError::Empty)?;
    let finished = Event::Finished {
        reason: choice.reason().unwrap_or(FinishReason::Other),
        usage: chunk.usage.as_ref().and_then(wire::usage),
    };
    Ok((Event::Delta(text), State::Last(finished)))
}

/// JSON that stops in the middle was cut off; anything else was never right.
pub(crate) fn not_json(error: &serde_json::Error) -> EngineError {
    if error.is_eof() { EngineError::Cut } else { EngineError::Garbage }
}
