//! Replies once more: written again, gone on with where they broke off, and which of several is
//! shown.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serene_core::{
    accounts,
    base::Error,
    generations::{Again, End},
};
use utoipa::ToSchema;

use super::bodies::{GenerationBody, IdempotencyHeader, MessageBody};
use crate::{
    App,
    answer::Answer,
    error::ApiError,
    extract::{self, Caller, Id, RetryKey, wants_events},
    sse::{self, StreamEvent},
};

/// A reply, and the generation that wrote it.
#[derive(Serialize, ToSchema)]
#[schema(as = Reply)]
pub(crate) struct ReplyBody {
    /// Its `status` is `failed` when the model failed; `error_code` says how.
    assistant_message: MessageBody,
    generation: GenerationBody,
}

/// Every version of a message, the first one first.
#[derive(Serialize, ToSchema)]
#[schema(as = MessageVersions)]
pub(crate) struct VersionsBody {
    items: Vec<MessageBody>,
}

/// Regenerate a reply
///
/// Writes it again: a new version at its place, which is shown from now on. The earlier ones stay,
/// at `/versions`. Streams and answers as sending a message does.
#[utoipa::path(post, path = "/api/v1/messages/{id}/regenerate", tag = "messages",
    operation_id = "regenerate_reply", params(("id" = Uuid, Path), IdempotencyHeader),
    responses((status = 201, body = ReplyBody, description = "Written"),
              (status = 200, content_type = "text/event-stream", body = StreamEvent,
               description = "The reply follows as events",
               headers(("x-generation-id" = Uuid, description = "What to resume or stop."))),
              (status = 409, description = "The conversation has ended or is busy"),
              (status = 422, description = "The idempotency key came before, with another request")))]
pub(crate) async fn regenerate(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Message>,
    headers: HeaderMap,
    RetryKey(retry): RetryKey,
) -> Result<Response, ApiError> {
    let again = app.serene.generations.regenerate(caller.owner, id.0, retry).await?;
    answer(&app, &caller, &headers, again).await
}

/// Continue a reply
///
/// Goes on with one that was stopped, interrupted or failed, from the text that it has. The events
/// carry what is new; their ids count from the beginning of the text.
#[utoipa::path(post, path = "/api/v1/messages/{id}/continue", tag = "messages",
    operation_id = "continue_reply", params(("id" = Uuid, Path), IdempotencyHeader),
    responses((status = 201, body = ReplyBody, description = "Written"),
              (status = 200, content_type = "text/event-stream", body = StreamEvent,
               description = "The rest of the reply follows as events",
               headers(("x-generation-id" = Uuid, description = "What to resume or stop."))),
              (status = 409, description = "The reply is whole, or the conversation has ended or is busy"),
              (status = 422, description = "The idempotency key came before, with another request")))]
pub(crate) async fn go_on(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Message>,
    headers: HeaderMap,
    RetryKey(retry): RetryKey,
) -> Result<Response, ApiError> {
    let again = app.serene.generations.go_on(caller.owner, id.0, retry).await?;
    answer(&app, &caller, &headers, again).await
}

async fn answer(
    app: &App,
    caller: &accounts::Caller,
    headers: &HeaderMap,
    again: Again,
) -> Result<Response, ApiError> {
    let help = app.serene.help(&caller.user);
    if wants_events(headers) {
        return Ok(sse::stream(again.reply, again.generation.id, help));
    }
    match again.reply.end().await {
        End::Finished { message, generation } => {
            let assistant_message = MessageBody::new(*message, &help);
            let reply = ReplyBody { assistant_message, generation: generation.into() };
            Ok((StatusCode::CREATED, Answer(reply)).into_response())
        }
        End::Reconnect => Err(Error::ShuttingDown.into()),
        End::NotStored(error) => Err(error.into()),
    }
}

/// List the versions of a message
///
/// Every attempt at its place, the first one first. All but one are not `shown`.
#[utoipa::path(get, path = "/api/v1/messages/{id}/versions", tag = "messages",
    operation_id = "list_versions", params(("id" = Uuid, Path)),
    responses((status = 200, body = VersionsBody)))]
pub(crate) async fn versions(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Message>,
) -> Result<Answer<VersionsBody>, ApiError> {
    let versions = app.serene.conversations.versions(caller.owner, id.0).await?;
    let help = app.serene.help(&caller.user);
    let items = versions.into_iter().map(|version| MessageBody::new(version, &help)).collect();
    Ok(Answer(VersionsBody { items }))
}

/// Choose a version
///
/// Shows this one at its place, and what is sent next follows it.
#[utoipa::path(post, path = "/api/v1/messages/{id}/choose", tag = "messages",
    operation_id = "choose_version", params(("id" = Uuid, Path)),
    responses((status = 200, body = MessageBody)))]
pub(crate) async fn choose(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Message>,
) -> Result<Answer<MessageBody>, ApiError> {
    let chosen = app.serene.conversations.choose(caller.owner, id.0).await?;
    Ok(Answer(MessageBody::new(chosen, &app.serene.help(&caller.user))))
}
