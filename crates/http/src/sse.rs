//! Replies as server-sent events. The framing is the one that every client measured in
//! docs/api-design.md reads: LF, one `data:` line, and never a blank line that ends no event.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Serialize;
use serene_core::{
    generations::{End, ReplyEvent, ReplyReader},
    safety::Help,
};
use tokio::time::Instant;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    api::{GenerationBody, MessageBody},
    error::{ApiError, MODEL_CODES},
    metrics::Counted,
};

/// The id of the last event. Resuming from it is 204, which ends an `EventSource`.
pub(crate) const END_ID: &str = "end";

/// The generation behind a stream, for clients that will resume or stop it.
pub(crate) const GENERATION_ID: HeaderName = HeaderName::from_static("x-generation-id");

/// How often a silent stream says that it lives.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);

/// A comment with one newline: with two, some clients see an empty event.
const HEARTBEAT: Bytes = Bytes::from_static(b": ping\n");

/// One event of a stream. A comment line comes when nothing else does for a while.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the functions below write")]
pub(crate) struct StreamEvent {
    /// `delta`: more of the text. Then one of `done`; `error`: the model failed, or the reply
    /// could not be stored; `reconnect`: the server is stopping, resume from the last id.
    event: EventName,
    /// Resume from it. `end` on the last event; `reconnect` has none.
    #[schema(pattern = "^([0-9]{1,15}|end)$", example = "42", nullable = false)]
    id: Option<String>,
    /// JSON. `delta`: `{text}`. `done`: `{message, generation}`. `error`: `{error, code}` and the
    /// message where it is stored. `reconnect`: `{}`.
    #[schema(content_media_type = "application/json", example = "{\"text\":\"I am listening.\"}")]
    data: String,
}

/// What an event says.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes what the functions below write")]
pub(crate) enum EventName {
    Delta,
    Done,
    Error,
    Reconnect,
}

/// What a `done` event carries.
#[derive(Serialize)]
struct Done<'a> {
    message: &'a MessageBody,
    generation: &'a GenerationBody,
}

/// What an `error` event carries.
#[derive(Serialize)]
struct Failed<'a> {
    error: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a MessageBody>,
}

/// Streams a reply to its end, to somebody whom this help fits.
pub(crate) fn stream(reply: ReplyReader, generation_id: Uuid, help: Help) -> Response {
    let open = Counted::stream();
    // One timer for the whole stream: to put it off costs less than a new one for each word.
    let silence = Box::pin(tokio::time::sleep(HEARTBEAT_EVERY));
    let reading = Some((reply, help, silence, open));
    let frames = futures_util::stream::unfold(reading, |reading| async {
        let (mut reply, help, mut silence, open) = reading?;
        silence.as_mut().reset(Instant::now() + HEARTBEAT_EVERY);
        let frame = tokio::select! {
            biased;
            event = reply.next() => match event? {
                ReplyEvent::Delta { offset, text } => delta(offset, &text),
                ReplyEvent::End(end) => {
                    return Some((Ok::<_, Infallible>(last(end, &help)), None));
                }
            },
            () = &mut silence => HEARTBEAT,
        };
        Some((Ok(frame), Some((reply, help, silence, open))))
    });
    let mut response = events(Body::from_stream(frames));
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&generation_id.to_string()) {
        headers.insert(GENERATION_ID, value);
    }
    response
}

/// Streams a text that is whole already, word by word, and ends with `done`.
pub(crate) fn whole(text: &str, done: &impl Serialize) -> Response {
    let mut out = Vec::new();
    let mut offset = 0;
    for word in text.split_inclusive(' ') {
        offset += word.len();
        out.extend_from_slice(&delta(offset, word));
    }
    out.extend_from_slice(&frame("done", END_ID, done));
    events(Body::from(out))
}

/// A response of events.
pub(crate) fn events(body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn delta(offset: usize, text: &str) -> Bytes {
    #[derive(Serialize)]
    struct Delta<'a> {
        text: &'a str,
    }
    frame("delta", &offset.to_string(), &Delta { text })
}

fn last(end: End, help: &Help) -> Bytes {
    match end {
        End::Finished { message, generation } => {
            let message = MessageBody::new(*message, help);
            let generation = GenerationBody::from(generation);
            match &message.error_code {
                None => frame("done", END_ID, &Done { message: &message, generation: &generation }),
                Some(code) => {
                    let error = model_sentence(code);
                    frame("error", END_ID, &Failed { error, code, message: Some(&message) })
                }
            }
        }
        End::NotStored(error) => {
            let error = ApiError::from(error);
            let failed =
                Failed { error: error.message(), code: error.code().as_str(), message: None };
            frame("error", END_ID, &failed)
        }
        // Without an id: a client that resumes asks for what it has not read.
        End::Reconnect => Bytes::from_static(b"event: reconnect\ndata: {}\n\n"),
    }
}

/// The sentence for a code that a failed reply carries.
pub(crate) fn model_sentence(code: &str) -> &'static str {
    let known = MODEL_CODES.iter().find(|(known, _)| *known == code);
    known.map_or("The reply could not be written.", |(_, sentence)| sentence)
}

fn frame(event: &str, id: &str, data: &impl Serialize) -> Bytes {
    let mut out = Vec::with_capacity(64);
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(event.as_bytes());
    out.extend_from_slice(b"\nid: ");
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    // JSON escapes line breaks: one data line is enough. Our own types always serialize.
    let _ = serde_json::to_writer(&mut out, data);
    out.extend_from_slice(b"\n\n");
    out.into()
}
