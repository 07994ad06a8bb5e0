//! Conversations.

use axum::{extract::State, http::StatusCode};
use serene_core::{
    accounts::Caller,
    base::Title,
    conversations::{ConversationChanges, Kind, NewConversation},
};

use super::{
    messages,
    types::{ConversationBody, DEFAULT_TITLE, DoneBody, TitleBody, WholeBody},
};
use crate::{
    App,
    answer::Answer,
    contracts::{
        body::Fields,
        details,
        fastapi::{Asker, Number, given, needed, said},
        unpaged,
    },
    error::ApiError,
};

/// Create a conversation
///
/// Its title is `New Conversation` unless one is given; the body may be empty.
#[utoipa::path(post, path = "/conversations", tag = "contract conversations",
    operation_id = "conversations_create", request_body = Option<TitleBody>,
    responses((status = 201, body = ConversationBody),
              (status = 422, description = "A field breaks its rule")))]
pub(super) async fn create(
    State(app): State<App>,
    Asker(caller): Asker,
    fields: Result<Fields, ApiError>,
) -> Result<(StatusCode, Answer<ConversationBody>), ApiError> {
    let fields = fields.map_err(details::of_body)?;
    let title = given(&fields, "title")?.filter(|title| !title.trim().is_empty());
    let title = Title::parse(title.unwrap_or(DEFAULT_TITLE)).map_err(said)?;
    let new =
        NewConversation { title: Some(title), retry: fields.retry, ..NewConversation::default() };
    let created = app.serene.conversations.create(caller.owner, new).await.map_err(said)?;
    Ok((StatusCode::CREATED, Answer(ConversationBody::new(created, caller.user.number))))
}

/// List conversations
///
/// The newest first, without their messages; at most 1,000.
#[utoipa::path(get, path = "/conversations", tag = "contract conversations",
    operation_id = "conversations_list", responses((status = 200, body = Vec<ConversationBody>)))]
pub(super) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
) -> Result<Answer<Vec<ConversationBody>>, ApiError> {
    let found = unpaged::conversations(&app, caller.owner, Kind::Chat).await;
    let mut found = found.map_err(said)?;
    // The core has the last active first.
    found.sort_by_key(|it| std::cmp::Reverse((it.created_at, it.number)));
    let body = |conversation| ConversationBody::new(conversation, caller.user.number);
    Ok(Answer(found.into_iter().map(body).collect()))
}

/// Read a conversation
///
/// With its messages, the oldest first.
#[utoipa::path(get, path = "/conversations/{id}", tag = "contract conversations",
    operation_id = "conversations_read", params(("id" = i64, Path)),
    responses((status = 200, body = WholeBody), (status = 422, description = "No integer")))]
pub(super) async fn read(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
) -> Result<Answer<WholeBody>, ApiError> {
    let conversations = &app.serene.conversations;
    let found = conversations.by_number(caller.owner, number, Kind::Chat).await.map_err(said)?;
    let messages = messages::all(&app, caller.owner, &found).await?;
    let conversation = ConversationBody::new(found, caller.user.number);
    Ok(Answer(WholeBody { conversation, messages }))
}

/// Rename a conversation
#[utoipa::path(put, path = "/conversations/{id}", tag = "contract conversations",
    operation_id = "conversations_put", params(("id" = i64, Path)), request_body = TitleBody,
    responses((status = 200, body = ConversationBody),
              (status = 422, description = "A field breaks its rule")))]
pub(super) async fn put(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
    fields: Result<Fields, ApiError>,
) -> Result<Answer<ConversationBody>, ApiError> {
    rename(&app, &caller, number, &fields.map_err(details::of_body)?).await
}

/// Rename a conversation, as PUT does
#[utoipa::path(patch, path = "/conversations/{id}", tag = "contract conversations",
    operation_id = "conversations_patch", params(("id" = i64, Path)), request_body = TitleBody,
    responses((status = 200, body = ConversationBody),
              (status = 422, description = "A field breaks its rule")))]
pub(super) async fn patch(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
    fields: Result<Fields, ApiError>,
) -> Result<Answer<ConversationBody>, ApiError> {
    rename(&app, &caller, number, &fields.map_err(details::of_body)?).await
}

/// Delete a conversation
///
/// With its messages, for good.
#[utoipa::path(delete, path = "/conversations/{id}", tag = "contract conversations",
    operation_id = "conversations_delete", params(("id" = i64, Path)),
    responses((status = 200, body = DoneBody), (status = 422, description = "No integer")))]
pub(super) async fn delete(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
) -> Result<Answer<DoneBody>, ApiError> {
    let conversations = &app.serene.conversations;
    let found = conversations.by_number(caller.owner, number, Kind::Chat).await.map_err(said)?;
    app.serene.delete_conversation(caller.owner, found.id).await.map_err(said)?;
    Ok(Answer(DoneBody { message: "Conversation deleted successfully" }))
}

async fn rename(
    app: &App,
    caller: &Caller,
    number: i64,
    fields: &Fields,
) -> Result<Answer<ConversationBody>, ApiError> {
    let title = Title::parse(needed(fields, "title")?).map_err(said)?;
    let conversations = &app.serene.conversations;
    let found = conversations.by_number(caller.owner, number, Kind::Chat).await.map_err(said)?;
    let changes = ConversationChanges { title: Some(title), ..ConversationChanges::default() };
    let renamed = conversations.change(caller.owner, found.id, changes).await.map_err(said)?;
    Ok(Answer(ConversationBody::new(renamed, caller.user.number)))
}
