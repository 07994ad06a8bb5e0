//! From the events of a script to HTTP: the answer as a stream or in one piece, and what each fault
//! looks like from outside.

use std::future::pending;

use axum::{
    Json,
    body::{Body, Bytes},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde_json::json;
use serene_llm::{EngineError, Event, EventStream, Usage};

use super::{
    log::{End, Running},
    wire::{self, Shape},
};

/// What is sent where JSON is expected.
const GARBAGE: &str = "this is no JSON";

/// What ends a body so that the connection is closed in the middle of it.
#[derive(Debug, thiserror::Error)]
#[error("the script hangs up")]
struct HangsUp;

/// The answer as a stream. Its head comes with the first word, or with what is in its place.
pub(super) async fn streamed(
    mut events: EventStream,
    mut running: Running,
    shape: Shape,
) -> Response {
    let first = next(&mut events).await;
    if let Err(error) = &first
        && let Some(refusal) = refused(error)
    {
        running.end(End::Failed);
        return refusal;
    }
    let events = stream::iter([first]).chain(events).boxed();
    let speech = Speech { events, running, shape, begun: false, over: false };
    let body = stream::unfold(speech, async |mut speech| Some((speech.next().await?, speech)));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, Body::from_stream(body)).into_response()
}

/// The answer in one piece.
pub(super) async fn whole(
    mut events: EventStream,
    mut running: Running,
    shape: &Shape,
) -> Response {
    let mut text = String::new();
    let (usage, fault) = loop {
        match next(&mut events).await {
            Ok(Event::Delta(delta)) => {
                text.push_str(&delta);
                running.delta();
            }
            Ok(Event::Finished { usage, .. }) => break (usage, None),
            Ok(Event::AnsweredBy { .. }) => {}
            Err(EngineError::Empty) => break (None, None),
            Err(error) => break (None, Some(error)),
        }
    };
    running.end(if fault.is_some() { End::Failed } else { End::Finished });
    let answer = shape.whole(&text, usage);
    match fault {
        None => Json(answer).into_response(),
        Some(EngineError::Garbage) => {
            ([(header::CONTENT_TYPE, "application/json")], GARBAGE).into_response()
        }
        Some(error) => refused(&error).unwrap_or_else(|| half(answer.to_string(), &error)),
    }
}

/// The next event. A script that says that a wait ran out is silent for ever: it is the client's
/// wait.
async fn next(events: &mut EventStream) -> Result<Event, EngineError> {
    match events.next().await.unwrap_or(Err(EngineError::Cut)) {
        Err(EngineError::Timeout { .. }) => pending().await,
        event => event,
    }
}

/// The first half of an answer, or not a word, and then the connection is closed.
fn half(answer: String, error: &EngineError) -> Response {
    let mut bytes = Bytes::from(answer);
    bytes.truncate(bytes.len() / 2);
    let wordless = *error == EngineError::Unreachable;
    let said = (!wordless).then_some(Ok(bytes));
    let end = stream::once(async move { Err(hang_up(wordless).await) });
    let headers = [(header::CONTENT_TYPE, "application/json")];
    (headers, Body::from_stream(stream::iter(said).chain(end))).into_response()
}

/// Closes the connection. A body that fails at once takes its own head with it: the client gets
/// nothing. After a turn of the others, what was said before has been sent.
async fn hang_up(wordless: bool) -> HangsUp {
    if !wordless {
        tokio::task::yield_now().await;
    }
    HangsUp
}

/// The refusal that stands for a fault, if it is one that a status tells.
fn refused(error: &EngineError) -> Option<Response> {
    let (status, sentence, kind) = told(error)?;
    let retry_after_secs = match error {
        EngineError::RateLimited { retry_after } => retry_after.map(|wait| wait.as_secs()),
        _ => None,
    };
    Some(wire::refusal(status, sentence, kind, retry_after_secs))
}

/// Status, sentence and type of a fault that a server would tell of.
const fn told(error: &EngineError) -> Option<(StatusCode, &'static str, &'static str)> {
    Some(match error {
        EngineError::RateLimited { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "The script asks to slow down.", "rate_limit_error")
        }
        EngineError::Unauthorized { .. } => {
            (StatusCode::UNAUTHORIZED, "The script refuses the key.", "authentication_error")
        }
        EngineError::Rejected { .. } => {
            (StatusCode::BAD_REQUEST, "The script refuses the request.", "invalid_request_error")
        }
        EngineError::Failed { .. } => {
            (StatusCode::INTERNAL_SERVER_ERROR, "The script fails.", "server_error")
        }
        _ => return None,
    })
}

/// An answer being streamed.
struct Speech {
    events: EventStream,
    running: Running,
    shape: Shape,
    /// Whether anything of the format was sent.
    begun: bool,
    over: bool,
}

impl Speech {
    /// The next bytes of the body.
    async fn next(&mut self) -> Option<Result<String, HangsUp>> {
        if self.over {
            return None;
        }
        let bytes = match next(&mut self.events).await {
            Ok(Event::Delta(text)) => {
                self.running.delta();
                format!("{}{}", self.opening(), self.shape.chunk(&json!({"content": text}), None))
            }
            Ok(Event::Finished { usage, .. }) => self.closing(usage),
            Ok(Event::AnsweredBy { .. }) => String::new(),
            Err(error) => return self.fail(&error).await,
        };
        Some(Ok(bytes))
    }

    /// The event that comes before all others.
    fn opening(&mut self) -> String {
        if std::mem::replace(&mut self.begun, true) {
            return String::new();
        }
        self.shape.chunk(&json!({"role": "assistant", "content": ""}), None)
    }

    fn closing(&mut self, usage: Option<Usage>) -> String {
        self.finish(End::Finished);
        let usage = usage.filter(|_| self.shape.usage);
        let figures = usage.map(|usage| self.shape.figures(usage)).unwrap_or_default();
        let opening = self.opening();
        let end = self.shape.chunk(&json!({}), Some(&self.shape.finish_reason));
        format!("{opening}{end}{figures}data: [DONE]\n\n")
    }

    fn finish(&mut self, end: End) {
        self.over = true;
        self.running.end(end);
    }

    async fn fail(&mut self, error: &EngineError) -> Option<Result<String, HangsUp>> {
        if *error == EngineError::Empty {
            return Some(Ok(self.closing(None)));
        }
        self.finish(End::Failed);
        Some(match (error, told(error)) {
            (EngineError::Garbage, _) => Ok(format!("data: {GARBAGE}\n\n")),
            (_, Some((_, sentence, kind))) => Ok(wire::event(&wire::error(sentence, kind))),
            (error, None) => Err(hang_up(*error == EngineError::Unreachable && !self.begun).await),
        })
    }
}
