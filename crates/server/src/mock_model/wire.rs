//! The JSON of OpenAI's chat completions, as a server writes it.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use serene_llm::Usage;

/// Names that `/v1/models` lists: one of each kind. Any other script is a model as well.
const EXAMPLES: [&str; 13] = [
    "echo",
    "fixed:I hear you.",
    "slow:50+long:200",
    "first:5000+echo",
    "cut:3",
    "fail",
    "fail:3",
    "garbage:3",
    "timeout",
    "rate-limited:2",
    "times:1+rate-limited:1",
    "empty",
    "no-usage",
];

/// What an answer has besides its words.
pub(super) struct Shape {
    pub(super) number: u64,
    /// Seconds since 1970.
    pub(super) created: i64,
    pub(super) model: String,
    /// Whether a stream gives its figures.
    pub(super) usage: bool,
    pub(super) finish_reason: String,
}

impl Shape {
    fn id(&self) -> String {
        format!("chatcmpl-{}", self.number)
    }

    /// An event of a stream with one choice.
    pub(super) fn chunk(&self, delta: &Value, finish_reason: Option<&str>) -> String {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish_reason});
        self.event(&json!([choice]), None)
    }

    /// The event with the figures.
    pub(super) fn figures(&self, usage: Usage) -> String {
        self.event(&json!([]), Some(usage))
    }

    fn event(&self, choices: &Value, usage: Option<Usage>) -> String {
        let mut chunk = json!({
            "id": self.id(),
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        });
        if self.usage {
            chunk["usage"] = usage.map_or(Value::Null, figures);
        }
        event(&chunk)
    }

    /// An answer that is not streamed.
    pub(super) fn whole(&self, text: &str, usage: Option<Usage>) -> Value {
        let message = json!({"role": "assistant", "content": text, "refusal": null});
        let mut answer = json!({
            "id": self.id(),
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [{
                "index": 0,
                "message": message,
                "logprobs": null,
                "finish_reason": self.finish_reason,
            }],
        });
        if let Some(usage) = usage {
            answer["usage"] = figures(usage);
        }
        answer
    }
}

fn figures(usage: Usage) -> Value {
    let (prompt, completion) = (usage.prompt_tokens, usage.completion_tokens);
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": u64::from(prompt) + u64::from(completion),
    })
}

/// An event of a stream.
pub(super) fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// The object in which OpenAI's format tells of errors.
pub(super) fn error(sentence: &str, kind: &str) -> Value {
    json!({"error": {"message": sentence, "type": kind, "param": null, "code": null}})
}

/// An answer that says no.
pub(super) fn refusal(
    status: StatusCode,
    sentence: &str,
    kind: &str,
    retry_after_secs: Option<u64>,
) -> Response {
    let mut response = (status, axum::Json(error(sentence, kind))).into_response();
    if let Some(seconds) = retry_after_secs {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// The list of models.
pub(super) fn models() -> Value {
    let model = |id| json!({"id": id, "object": "model", "created": 0, "owned_by": "serene"});
    json!({"object": "list", "data": EXAMPLES.map(model)})
}
