//! The engine for a plain generate URL (`AI_MODEL_ENDPOINT`): one JSON request, one JSON answer.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reqwest::Url;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;

use crate::{
    ConfigError, Engine, EngineError, Event, EventStream, FinishReason, OpenAiConfig, OpenAiEngine,
    Reply, Request, Retries, Role, Timeouts,
    engine::GO_ON,
    http::{Upstream, parse_url},
    openai::{self, MAX_ANSWER_BYTES, wire},
};

/// The engine for a model URL: a path that ends in `/chat/completions` speaks OpenAI's format, any
/// other is a plain generate endpoint ([`EndpointEngine`]). The request goes to exactly this URL.
///
/// # Errors
/// [`ConfigError`] when the URL or the key cannot be used, or no TLS client can be made.
pub fn endpoint(
    url: &str,
    api_key: Option<SecretString>,
    model: &str,
    timeouts: Timeouts,
    retries: Retries,
) -> Result<Arc<dyn Engine>, ConfigError> {
    let parsed = parse_url(url)?;
    if openai::is_chat_url(&parsed) {
        let (base_url, model) = (url.to_owned(), model.to_owned());
        let config = OpenAiConfig { base_url, api_key, model, timeouts, retries };
        return Ok(Arc::new(OpenAiEngine::new(config)?));
    }
    Ok(Arc::new(EndpointEngine::new(parsed, api_key, model, timeouts, retries)?))
}

/// Asked for when the request sets no limit: told nothing, such servers stop after a few words.
const DEFAULT_MAX_TOKENS: u32 = 1024;

/// Where servers put the text, in the order they are looked at.
const TEXT_PATHS: [&str; 6] =
    ["/response", "/text", "/output", "/generated_text", "/content", "/choices/0/message/content"];

/// The engine for a plain generate URL. It posts
/// `{"messages": [{"role", "content"}, …], "prompt": "<last user text>", "max_tokens": n}` and
/// reads the first of `response`, `text`, `output`, `generated_text`, `content` and
/// `choices[0].message.content` that is a string, from the object or from an array of one object.
/// Images are left out. The answer is one delta; since nothing is sent before it is whole,
/// [`Timeouts::first_byte`] bounds the model's whole work here.
#[derive(Clone)]
pub struct EndpointEngine {
    upstream: Arc<Upstream>,
    model: String,
}

impl fmt::Debug for EndpointEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointEngine").field("upstream", &self.upstream).finish_non_exhaustive()
    }
}

impl EndpointEngine {
    fn new(
        url: Url,
        api_key: Option<SecretString>,
        model: &str,
        timeouts: Timeouts,
        retries: Retries,
    ) -> Result<Self, ConfigError> {
        let upstream = Arc::new(Upstream::new(url, api_key, timeouts, retries)?);
        let model = if model.is_empty() { "default" } else { model };
        Ok(Self { upstream, model: model.to_owned() })
    }
}

impl Engine for EndpointEngine {
    fn name(&self) -> &'static str {
        "endpoint"
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn stream(&self, request: Request) -> EventStream {
        let upstream = Arc::clone(&self.upstream);
        let events =
            stream::once(async move { ask(&upstream, &request).await }).flat_map(|reply| {
                stream::iter(match reply {
                    Ok(Reply { text, reason, usage, .. }) => {
                        vec![Ok(Event::Delta(text)), Ok(Event::Finished { reason, usage })]
                    }
                    Err(error) => vec![Err(error)],
                })
            });
        Box::pin(events)
    }
}

#[derive(Serialize)]
struct Payload<'a> {
    messages: Vec<Turn<'a>>,
    prompt: &'a str,
    max_tokens: u32,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'static str,
    content: &'a str,
}

async fn ask(upstream: &Upstream, request: &Request) -> Result<Reply, EngineError> {
    let messages = &request.messages;
    let last_user = messages.iter().rfind(|message| message.role == Role::User);
    let mut turns: Vec<Turn<'_>> = messages
        .iter()
        .map(|message| Turn { role: message.role.as_str(), content: &message.text })
        .collect();
    let mut prompt = last_user.map_or("", |message| &message.text).to_owned();
    if !request.begun().is_empty() {
        turns.push(Turn { role: Role::User.as_str(), content: GO_ON });
        // What completes a text goes on with it by itself.
        prompt = format!("{prompt}\n\n{}", request.begun());
    }
    let payload = Payload {
        messages: turns,
        prompt: &prompt,
        max_tokens: request.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS),
    };
    let json = serde_json::to_vec(&payload).expect("strings and numbers under string keys");
    let mut body = upstream.post(Bytes::from(json)).await?;
    let json = body.read_all(MAX_ANSWER_BYTES).await?;
    if json.trim_ascii().is_empty() {
        return Err(if body.is_framed() { EngineError::Empty } else { EngineError::Cut });
    }
    let answer = serde_json::from_slice(&json).map_err(|error| openai::not_json(&error))?;
    read(&answer)
}

fn read(answer: &Value) -> Result<Reply, EngineError> {
    let answer = match answer.as_array().map(Vec::as_slice) {
        Some([only]) => only,
        _ => answer,
    };
    let text = TEXT_PATHS.into_iter().find_map(|path| answer.pointer(path)?.as_str());
    let text = match text {
        Some("") => return Err(EngineError::Empty),
        Some(text) => text.to_owned(),
        None if answer.get("error").is_some_and(|error| !error.is_null()) => {
            return Err(EngineError::Failed { status: None });
        }
        None => return Err(EngineError::Garbage),
    };
    let reason = answer.pointer("/choices/0/finish_reason").and_then(Value::as_str);
    Ok(Reply {
        text,
        reason: reason.and_then(wire::finish_reason).unwrap_or(FinishReason::Other),
        usage: answer.get("usage").and_then(wire::usage),
        answered_by: None,
    })
}
