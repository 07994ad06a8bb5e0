//! What every engine is: a request in, a stream of events out.

use std::{fmt, pin::Pin, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use crate::{Manner, Person};

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The operator's instruction.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The name used on every wire format Serene speaks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// An image that travels with a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// For example `image/png`.
    pub media_type: String,
    /// The image's own bytes, not base64.
    pub data: Bytes,
}

/// One turn of the conversation as the model sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Who wrote it.
    pub role: Role,
    /// What was written.
    pub text: String,
    /// Images sent with it; engines that cannot see leave them out.
    pub images: Vec<Image>,
}

impl Message {
    /// A message of words only.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, text: text.into(), images: Vec::new() }
    }
}

// Both carry what people wrote: a stray `{:?}` must not put it into a log.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({}, [redacted], {} images)", self.role.as_str(), self.images.len())
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({}, {} bytes)", self.media_type, self.data.len())
    }
}

/// What is asked of an engine.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The system message first (if any), then the turns, oldest first. The last is the user's; or
    /// the model's own, which broke off: then only what comes after it is asked for.
    pub messages: Vec<Message>,
    /// Which of the engine's models is asked; [`Engine::model`] when absent. An engine that has but
    /// one takes no notice.
    pub model: Option<String>,
    /// How the person wants to be spoken to, for the engines that follow no instruction.
    pub manner: Manner,
    /// What is known of the person, for the same engines.
    pub person: Person,
    /// The most tokens the model may write; the engine's own default when absent.
    pub max_tokens: Option<u32>,
    /// Sampling temperature, 0 to 2; the engine's own default when absent.
    pub temperature: Option<f32>,
}

impl Request {
    /// The answer that broke off and is to be gone on with; empty when a new one is asked for.
    pub fn begun(&self) -> &str {
        match self.messages.last() {
            Some(last) if last.role == Role::Assistant => &last.text,
            _ => "",
        }
    }

    /// What is left of a whole answer after [`Self::begun`]. One that begins in another way comes
    /// whole, with a space before it where there is none.
    pub(crate) fn rest_of(&self, answer: String) -> String {
        let begun = self.begun();
        match answer.strip_prefix(begun) {
            Some("") if !begun.is_empty() => String::new(),
            Some(rest) => rest.to_owned(),
            None if begun.ends_with(char::is_whitespace) => answer,
            None => format!(" {answer}"),
        }
    }
}

/// What is said to a model that speaks in turns, after its answer that broke off.
pub(crate) const GO_ON: &str = "Your last message broke off. Go on exactly where it ends, and repeat \
    nothing of it. Say nothing about this.";

/// What a call cost, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens read.
    pub prompt_tokens: u32,
    /// Tokens written.
    pub completion_tokens: u32,
    /// Of the tokens read, those the provider had cached.
    pub cached_tokens: u32,
    /// True when the engine gave no figure and this is a guess (bytes / 4).
    pub estimated: bool,
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinishReason {
    /// It had said what it had to say.
    Stop,
    /// It ran into the limit on tokens.
    Length,
    /// The provider's filter cut it off.
    ContentFilter,
    /// The provider gave another reason, or none.
    Other,
}

/// One thing that happens while a model answers.
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    /// Another engine than the one asked answers from here on. Before the first text, if at all.
    AnsweredBy {
        /// As [`Engine::name`].
        name: &'static str,
        /// As [`Engine::model`].
        model: String,
    },
    /// More text. Never empty.
    Delta(String),
    /// The answer is whole. Exactly one, and the last event of a stream that did not fail.
    Finished {
        /// Why it ended.
        reason: FinishReason,
        /// The provider's figures; `None` when it gave none (the caller estimates).
        usage: Option<Usage>,
    },
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnsweredBy { name, model } => write!(f, "AnsweredBy({name}, {model})"),
            Self::Delta(text) => write!(f, "Delta([redacted], {} bytes)", text.len()),
            Self::Finished { reason, usage } => {
                f.debug_struct("Finished").field("reason", reason).field("usage", usage).finish()
            }
        }
    }
}

/// What an engine answers with. Dropping it closes the connection to the model.
pub type EventStream = Pin<Box<dyn Stream<Item = Result<Event, EngineError>> + Send>>;

/// Something that answers. Implementations are cheap to share and keep no state between requests.
pub trait Engine: Send + Sync + fmt::Debug {
    /// The kind of engine, as `AI_ENGINE` spells it: `basic`, `openai`, `endpoint`,
    /// `transformers`.
    fn name(&self) -> &'static str;

    /// The model that answers when a request names none, as the provider spells it.
    fn model(&self) -> &str;

    /// The kind of engine that answers for a model, by [`Request::model`]; `None` for one that is not
    /// offered.
    fn offers(&self, model: &str) -> Option<&'static str> {
        (model == self.model()).then(|| self.name())
    }

    /// Every model that a request may name, the usual one first.
    fn models(&self) -> Vec<String> {
        vec![self.model().to_owned()]
    }

    /// The most tokens that a model reads and writes together; `None` where nobody knows.
    fn context_tokens(&self, _model: &str) -> Option<u32> {
        None
    }

    /// How many tokens a text has for a model; `None` where nobody can count. What a turn costs
    /// besides its text is [`crate::TURN_TOKENS`].
    fn count_tokens(&self, _model: &str, _text: &str) -> Option<u32> {
        None
    }

    /// Starts an answer. Nothing happens before the stream is polled. A failure is the stream's
    /// last item: an `Err`, after the deltas that had already arrived.
    fn stream(&self, request: Request) -> EventStream;
}

/// Why an engine did not answer, or stopped in the middle. Messages never quote what the
/// provider or the person wrote.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum EngineError {
    /// No connection could be made.
    #[error("the model server could not be reached")]
    Unreachable,
    /// A connect, first-byte, idle or total timeout ran out.
    #[error("the model server took longer than {} s ({phase})", limit.as_secs())]
    Timeout {
        /// Which one: `connect`, `first byte`, `idle`, `total`.
        phase: &'static str,
        /// How long it was.
        limit: Duration,
    },
    /// 429, with the provider's own `Retry-After` if it sent one.
    #[error("the model server asks to slow down")]
    RateLimited {
        /// How long to wait, by the provider's word.
        retry_after: Option<Duration>,
    },
    /// The provider refused the credential (401, 403).
    #[error("the model server refused the credential (HTTP {status})")]
    Unauthorized {
        /// The HTTP status it answered.
        status: u16,
    },
    /// The provider refused the request: another 4xx, or a redirect, which is never followed.
    #[error("the model server refused the request (HTTP {status})")]
    Rejected {
        /// The HTTP status it answered.
        status: u16,
    },
    /// The provider failed (5xx, or an error object inside a stream).
    #[error("the model server failed{}", status.map(|s| format!(" (HTTP {s})")).unwrap_or_default())]
    Failed {
        /// The HTTP status, when the failure had one.
        status: Option<u16>,
    },
    /// The connection ended before the answer did.
    #[error("the model server's answer was cut off")]
    Cut,
    /// What arrived was not the wire format.
    #[error("the model server sent something unreadable")]
    Garbage,
    /// A whole answer without a single character.
    #[error("the model server answered with nothing")]
    Empty,
    /// A model on this machine has as many requests waiting as it takes.
    #[error("the model on this machine has too many requests waiting")]
    Busy,
    /// Even without its older turns, the conversation is longer than the model can hold.
    #[error("the conversation is longer than the model on this machine can hold")]
    TooLong,
}

impl EngineError {
    /// The stable code that is stored with a failed reply and shown to clients.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable => "MODEL_UNREACHABLE",
            Self::Timeout { .. } => "MODEL_TIMEOUT",
            Self::RateLimited { .. } => "MODEL_RATE_LIMITED",
            Self::Unauthorized { .. } => "MODEL_UNAUTHORIZED",
            Self::Rejected { .. } => "MODEL_REJECTED",
            Self::Failed { .. } => "MODEL_FAILED",
            Self::Cut => "MODEL_CUT",
            Self::Garbage => "MODEL_GARBAGE",
            Self::Empty => "MODEL_EMPTY",
            Self::Busy => "MODEL_BUSY",
            Self::TooLong => "PROMPT_TOO_LONG",
        }
    }
}

/// A whole answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// What the model wrote.
    pub text: String,
    /// Why it ended.
    pub reason: FinishReason,
    /// The provider's figures, if it gave any.
    pub usage: Option<Usage>,
    /// Name and model of the engine that wrote it, where that is not the one asked.
    pub answered_by: Option<(&'static str, String)>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply([redacted], {} bytes, {:?})", self.text.len(), self.reason)
    }
}

/// The answer without streaming: the fold over the stream.
///
/// # Errors
/// The stream's own; a stream that ends without `Finished` is [`EngineError::Cut`].
pub async fn complete(engine: &dyn Engine, request: Request) -> Result<Reply, EngineError> {
    let mut stream = engine.stream(request);
    let mut text = String::new();
    let mut answered_by = None;
    while let Some(event) = stream.next().await {
        match event? {
            Event::AnsweredBy { name, model } => answered_by = Some((name, model)),
            Event::Delta(delta) => text.push_str(&delta),
            Event::Finished { reason, usage } => {
                return Ok(Reply { text, reason, usage, answered_by });
            }
        }
    }
    Err(EngineError::Cut)
}
