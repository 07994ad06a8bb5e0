//! `/api/v1/generations`: reading a reply as it is written, again and again, and stopping it.

use axum::{
    Json as Answer,
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
    error::ApiError,
    extract::{self, Caller, Id, Query},
    sse,
};

/// Where to resume.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// The id of the last event that was read. The header `Last-Event-ID` says the same, and
    /// counts for more.
    #[param(example = "0")]
    after: Option<String>,
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
    params(("id" = Uuid, Path), StreamQuery,
           ("last-event-id" = Option<String>, Header, description = "As `after`.")),
    responses((status = 200, content_type = "text/event-stream", body = String),
              (status = 204, description = "There is nothing after this id")))]
pub(crate) async fn stream(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Generation>,
    headers: HeaderMap,
    Query(query): Query<StreamQuery>,
) -> Result<Response, ApiError> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let after = last.or(query.after.as_deref()).unwrap_or("0");
    if after == sse::END_ID {
        app.serene.generations.get(caller.owner, id.0).await?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let after = after.parse::<usize>().map_err(|_| Error::Invalid {
        field: "after",
        message: "must be an id of an earlier event".into(),
    })?;
    let reply = app.serene.generations.attach(caller.owner, id.0, after).await?;
    Ok(sse::stream(reply, id.0))
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
