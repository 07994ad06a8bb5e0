//! The chat-completions format: what is sent, and what of the answer is read. Reading is lenient:
//! a field nobody needs may be missing, null or odd.

use std::fmt;

use base64::{display::Base64Display, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::{FinishReason, Image, Message, Request, Role, Usage, engine::GO_ON};

/// How a server calls the limit on tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenLimit {
    /// `max_tokens`, which compatible servers know.
    MaxTokens,
    /// `max_completion_tokens`: OpenAI itself, where reasoning models refuse the other.
    MaxCompletionTokens,
}

/// The JSON body of a request that asks for a stream and its usage.
pub(crate) fn encode(model: &str, limit: TokenLimit, request: &Request) -> Vec<u8> {
    let with_name = |name| request.max_tokens.filter(|_| limit == name);
    let go_on = Turn { role: Role::User.as_str(), content: Content::Text(GO_ON) };
    let go_on = (!request.begun().is_empty()).then_some(go_on);
    let payload = Payload {
        model,
        messages: request.messages.iter().map(Turn::from).chain(go_on).collect(),
        stream: true,
        stream_options: StreamOptions { include_usage: true },
        max_tokens: with_name(TokenLimit::MaxTokens),
        max_completion_tokens: with_name(TokenLimit::MaxCompletionTokens),
        temperature: request.temperature,
    };
    serde_json::to_vec(&payload).expect("strings and numbers under string keys")
}

#[derive(Serialize)]
struct Payload<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    model: &'a str,
    messages: Vec<Turn<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'static str,
    content: Content<'a>,
}

impl<'a> From<&'a Message> for Turn<'a> {
    fn from(message: &'a Message) -> Self {
        let content = if message.images.is_empty() {
            // Small servers know no other form than a plain string.
            Content::Text(&message.text)
        } else {
            let text = (!message.text.is_empty()).then_some(Part::Text { text: &message.text });
            let images = message
                .images
                .iter()
                .map(|image| Part::ImageUrl { image_url: ImageUrl { url: DataUrl(image) } });
            Content::Parts(text.into_iter().chain(images).collect())
        };
        Self { role: message.role.as_str(), content }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    Parts(Vec<Part<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl<'a> },
}

#[derive(Serialize)]
struct ImageUrl<'a> {
    url: DataUrl<'a>,
}

/// Written straight into the JSON: an image of 5 MiB is not held as text on the way.
struct DataUrl<'a>(&'a Image);

impl fmt::Display for DataUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base64 = Base64Display::new(&self.0.data, &STANDARD);
        write!(f, "data:{};base64,{base64}", self.0.media_type)
    }
}

impl Serialize for DataUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A chunk of a stream, or a whole answer: they differ in `delta` and `message` only.
#[derive(Deserialize)]
pub(crate) struct Chunk {
    pub(crate) choices: Option<Vec<Choice>>,
    pub(crate) usage: Option<Value>,
    pub(crate) error: Option<Value>,
}

/// One choice. Serene asks for one and reads the first.
#[derive(Deserialize)]
pub(crate) struct Choice {
    delta: Option<Text>,
    message: Option<Text>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Text {
    content: Option<String>,
}

impl Choice {
    /// The text that is new with this chunk.
    pub(crate) fn take_delta(&mut self) -> Option<String> {
        self.delta.take()?.content.filter(|text| !text.is_empty())
    }

    /// The whole text, where a server gives it at once.
    pub(crate) fn take_message(&mut self) -> Option<String> {
        self.message.take()?.content.filter(|text| !text.is_empty())
    }

    /// Why the model stopped; `None` while it has not (some servers say `""` instead of null).
    pub(crate) fn reason(&self) -> Option<FinishReason> {
        finish_reason(self.finish_reason.as_deref()?)
    }
}

/// The reason by its name, the names of other providers included.
pub(crate) fn finish_reason(name: &str) -> Option<FinishReason> {
    match name {
        "" => None,
        "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" => Some(FinishReason::Stop),
        "length" | "max_tokens" => Some(FinishReason::Length),
        "content_filter" => Some(FinishReason::ContentFilter),
        _ => Some(FinishReason::Other),
    }
}

/// The figures in a `usage` object. Half a set is completed from the total or is none at all: the
/// caller's estimate is nearer the truth. Zeros are figures; where they come before the end of an
/// answer, the caller knows that nobody has counted yet.
pub(crate) fn usage(value: &Value) -> Option<Usage> {
    let count = |value: &Value| {
        let count = value.as_u64().or_else(|| value.as_f64().and_then(whole))?;
        Some(u32::try_from(count).unwrap_or(u32::MAX))
    };
    let named =
        |names: [&str; 2]| names.into_iter().find_map(|name| value.get(name).and_then(count));
    let prompt = named(["prompt_tokens", "input_tokens"]);
    let completion = named(["completion_tokens", "output_tokens"]);
    let total = value.get("total_tokens").and_then(count);
    let (prompt_tokens, completion_tokens) = match (prompt, completion, total) {
        (Some(prompt), Some(completion), _) => (prompt, completion),
        (Some(prompt), None, Some(total)) => (prompt, total.checked_sub(prompt)?),
        (None, Some(completion), Some(total)) => (total.checked_sub(completion)?, completion),
        _ => return None,
    };
    let cached = value.pointer("/prompt_tokens_details/cached_tokens").and_then(count);
    let cached = cached.or_else(|| value.get("prompt_cache_hit_tokens").and_then(count));
    // They are part of the prompt.
    let cached_tokens = cached.unwrap_or(0).min(prompt_tokens);
    Some(Usage { prompt_tokens, completion_tokens, cached_tokens, estimated: false })
}

/// `12.0`, as some servers write it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked first")]
fn whole(number: f64) -> Option<u64> {
    (0.0..=f64::from(u32::MAX)).contains(&number).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::Role;

    fn sent(limit: TokenLimit, request: &Request) -> Value {
        serde_json::from_slice(&encode("m", limit, request)).unwrap()
    }

    #[test]
    fn a_plain_request_has_plain_strings_and_no_unset_fields() {
        let request = Request {
            messages: vec![
                Message::text(Role::System, "Be kind."),
                Message::text(Role::User, "Hi \"you\" 🙂"),
            ],
            ..Request::default()
        };
        assert_eq!(
            sent(TokenLimit::MaxTokens, &request),
            json!({
                "model": "m",
                "messages": [
                    {"role": "system", "content": "Be kind."},
                    {"role": "user", "content": "Hi \"you\" 🙂"},
                ],
                "stream": true,
                "stream_options": {"include_usage": true},
            })
        );
    }

    #[test]
    fn the_limit_on_tokens_goes_by_the_name_the_server_knows() {
        let request = Request { max_tokens: Some(7), temperature: Some(0.7), ..Request::default() };
        let plain = sent(TokenLimit::MaxTokens, &request);
        assert_eq!(plain["max_tokens"], 7);
        assert_eq!(plain.get("max_completion_tokens"), None);
        assert!(
            encode("m", TokenLimit::MaxTokens, &request)
                .windows(17)
                .any(|part| part == br#""temperature":0.7"#)
        );
        let own = sent(TokenLimit::MaxCompletionTokens, &request);
        assert_eq!(own["max_completion_tokens"], 7);
        assert_eq!(own.get("max_tokens"), None);
    }

    #[test]
    fn images_are_parts_with_data_urls() {
        let image =
            Image { media_type: "image/png".into(), data: Bytes::from_static(b"\x00\xff?") };
        let mut message = Message::text(Role::User, "What is this?");
        message.images = vec![image.clone()];
        let wordless = Message { text: String::new(), ..message.clone() };
        let request = Request { messages: vec![message, wordless], ..Request::default() };
        let part = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AP8/"}});
        let messages = &sent(TokenLimit::MaxTokens, &request)["messages"];
        assert_eq!(
            messages[0]["content"],
            json!([{"type": "text", "text": "What is this?"}, part])
        );
        assert_eq!(messages[1]["content"], json!([part]));
    }

    #[test]
    fn an_unnamed_model_is_left_out() {
        let sent = encode("", TokenLimit::MaxTokens, &Request::default());
        let sent: Value = serde_json::from_slice(&sent).unwrap();
        assert_eq!(sent.get("model"), None);
    }

    #[test]
    fn reasons_by_name() {
        for (name, expected) in [
            ("stop", Some(FinishReason::Stop)),
            ("end_turn", Some(FinishReason::Stop)),
            ("length", Some(FinishReason::Length)),
            ("content_filter", Some(FinishReason::ContentFilter)),
            ("tool_calls", Some(FinishReason::Other)),
            ("", None),
        ] {
            assert_eq!(finish_reason(name), expected, "{name}");
        }
    }

    #[test]
    fn usage_is_whole_or_nothing() {
        let figures = |prompt_tokens, completion_tokens, cached_tokens| {
            Some(Usage { prompt_tokens, completion_tokens, cached_tokens, estimated: false })
        };
        for (value, expected) in [
            (json!({"prompt_tokens": 3, "completion_tokens": 2}), figures(3, 2, 0)),
            (json!({"prompt_tokens": 3.0, "completion_tokens": 2.0}), figures(3, 2, 0)),
            (json!({"input_tokens": 3, "output_tokens": 2}), figures(3, 2, 0)),
            (json!({"prompt_tokens": 3, "total_tokens": 5}), figures(3, 2, 0)),
            (json!({"completion_tokens": 2, "total_tokens": 5}), figures(3, 2, 0)),
            (
                json!({"prompt_tokens": 9, "completion_tokens": 2,
                       "prompt_tokens_details": {"cached_tokens": 4}}),
                figures(9, 2, 4),
            ),
            (
                json!({"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": null}),
                figures(9, 2, 0),
            ),
            (
                json!({"prompt_tokens": 99_999_999_999_u64, "completion_tokens": 2}),
                figures(u32::MAX, 2, 0),
            ),
            (json!({}), None),
            (json!(null), None),
            (json!("lots"), None),
            (json!({"prompt_tokens": 3}), None),
            (json!({"completion_tokens": 2}), None),
            (json!({"prompt_tokens": 9, "total_tokens": 5}), None),
            (json!({"prompt_tokens": null, "completion_tokens": 2}), None),
            (json!({"prompt_tokens": -3, "completion_tokens": -2}), None),
            (
                json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}),
                figures(0, 0, 0),
            ),
            (
                json!({"prompt_tokens": 9, "completion_tokens": 2,
                       "prompt_cache_hit_tokens": 6, "prompt_cache_miss_tokens": 3}),
                figures(9, 2, 6),
            ),
            (
                json!({"prompt_tokens": 9, "completion_tokens": 2,
                       "prompt_tokens_details": {"cached_tokens": 99}}),
                figures(9, 2, 9),
            ),
        ] {
            assert_eq!(usage(&value), expected, "{value}");
        }
    }
}
