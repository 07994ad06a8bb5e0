//! `/api/v1/generations`: reading a reply as it is written, again and again, and stopping it.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serene_core::base::Error;
use utoipa::IntoParams;

use super::bodies::GenerationBody;
use crate::{
    App,
    answer::Answer,
    error::ApiError,
    extract::{self, Caller, Id, Query},
    sse::{self, StreamEvent},
};

/// Where to resume.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// The id of the last event that was read. The header `Last-Event-ID` says the same, and
    /// counts for more.
    #[param(example = "0", pattern = "^([0-9]{1,15}|end)$")]
    after: Option<String>,
}

/// Where to resume, as an `EventSource` says it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what the handler below reads")]
pub(crate) struct StreamHeaders {
    /// As `after`.
    #[param(rename = "last-event-id", nullable = false, pattern = "^([0-9]{1,15}|end)$")]
    last_event_id: Option<String>,
}

/// Read a generation
#[utoipa::path(get, path = "/api/v1/generations/{id}", tag = "generations",
    operation_id = "read_generation", params(("id" = Uuid, Path)),
    responses((status = 200, body = GenerationBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Generation>,
) -> Result<Answer<GenerationBody>, ApiError> {
    Ok(Answer(app.serene.generations.get(caller.owner, id.0).await?.into()))
}

/// Stream a reply
///
/// From its beginning, or from where a reader left off: while it is written and afterwards. Any
/// number of readers may. Resuming from the id of the last event (`end`) answers 204.
#[utoipa::path(get, path = "/api/v1/generations/{id}/stream", tag = "generations",
    operation_id = "stream_generation",
    params(("id" = Uuid, Path), StreamQuery, StreamHeaders),
    responses((status = 200, content_type = "text/event-stream", body = StreamEvent,
               headers(("x-generation-id" = Uuid, description = "The generation's id."))),
              (status = 204, description = "There is nothing after this id")))]
pub(crate) async fn stream(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Generation>,
    headers: HeaderMap,
    Query(query): Query<StreamQuery>,
) -> Result<Response, ApiError> {
    let last = headers.get("last-event-id").map(|value| value.to_str().unwrap_or_default());
    let asked = query.after.as_deref().map(position).transpose()?;
    let read = last.map(position).transpose()?;
    match read.or(asked).unwrap_or(Position::After(0)) {
        Position::End => {
            app.serene.generations.get(caller.owner, id.0).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Position::After(offset) => {
            let reply = app.serene.generations.attach(caller.owner, id.0, offset).await?;
            Ok(sse::stream(reply, id.0, app.serene.help(&caller.user)))
        }
    }
}

/// How far a reader has come.
enum Position {
    After(usize),
    End,
}

/// Reads the id of an event.
fn position(id: &str) -> Result<Position, Error> {
    if id == sse::END_ID {
        return Ok(Position::End);
    }
    let digits = (1..=15).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    let offset = if digits { id.parse().ok() } else { None };
    let message = "must be an id of an earlier event".into();
    offset.map(Position::After).ok_or(Error::Invalid { field: "after", message })
}

/// Stop a generation
///
/// Closes the connection to the model and keeps the text so far. One that has ended stays as it
/// is.
#[utoipa::path(post, path = "/api/v1/generations/{id}/stop", tag = "generations",
    operation_id = "stop_generation", params(("id" = Uuid, Path)),
    responses((status = 200, body = GenerationBody)))]
pub(crate) async fn stop(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Generation>,
) -> Result<Answer<GenerationBody>, ApiError> {
    Ok(Answer(app.serene.generations.stop(caller.owner, id.0).await?.into()))
}
