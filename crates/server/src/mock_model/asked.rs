//! A request for a chat, as far as anything here depends on it.

use serde_json::Value;
use serene_llm::{Message, Request, Role};

/// What was asked. It holds what people wrote: it goes into the answer and to whoever reads
/// `/requests`, and nowhere else.
pub(super) struct Asked {
    /// Empty when none was named.
    pub(super) model: String,
    pub(super) stream: bool,
    /// Whether a stream shall end with its figures.
    pub(super) include_usage: bool,
    /// As they came: a list.
    pub(super) messages: Value,
}

impl Asked {
    /// Reads a body, or says in a sentence why not.
    pub(super) fn read(body: &[u8]) -> Result<Self, &'static str> {
        let mut body: Value = serde_json::from_slice(body).map_err(|_| "The body is no JSON.")?;
        let model = match &body["model"] {
            Value::Null => String::new(),
            Value::String(model) => model.clone(),
            _ => return Err("`model` must be a string."),
        };
        let flag = |path| body.pointer(path).and_then(Value::as_bool).unwrap_or(false);
        let (stream, include_usage) = (flag("/stream"), flag("/stream_options/include_usage"));
        match body.get_mut("messages").map(Value::take) {
            Some(messages @ Value::Array(_)) => Ok(Self { model, stream, include_usage, messages }),
            _ => Err("`messages` must be a list."),
        }
    }

    /// The same for an engine: words only.
    pub(super) fn request(&self) -> Request {
        let messages = self.messages.as_array().into_iter().flatten();
        let messages = messages.map(|message| {
            let role = match message["role"].as_str() {
                Some("user") => Role::User,
                Some("assistant") => Role::Assistant,
                _ => Role::System,
            };
            Message::text(role, words(&message["content"]))
        });
        Request { messages: messages.collect(), ..Request::default() }
    }
}

/// The text of a message: a string, or the parts that are text.
fn words(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}
