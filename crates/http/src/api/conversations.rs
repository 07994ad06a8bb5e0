//! `/api/v1/conversations`: making, finding, changing and deleting them.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use serene_core::{
    base::{Cursor, PageSize, Title},
    conversations::{
        ConversationChanges, Kind, ListConversations, NewConversation, NewFork, Shelf,
    },
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::bodies::{ConversationBody, ConversationPageBody, IdempotencyHeader};
use crate::{
    App,
    answer::Answer,
    error::{ApiError, Code},
    extract::{self, Caller, Creation, Id, Json, Query},
};

/// What a conversation begins with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewConversation)]
pub(crate) struct NewBody {
    /// Your own id for it: making it again returns the one that is there.
    #[schema(example = json!(null))]
    id: Option<Uuid>,
    /// Left out, the first message makes one.
    #[schema(example = "A walk by the river", min_length = 1, max_length = 200)]
    title: Option<String>,
}

/// Where another conversation begins.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fork {
    /// The position of the last message that it takes over.
    #[schema(value_type = u32, minimum = 1, example = 2)]
    position: std::num::NonZeroU32,
    /// Your own id for it: making it again returns the one that is there.
    #[schema(example = json!(null))]
    id: Option<Uuid>,
    /// Left out, it is that of the other one.
    #[schema(example = json!(null), min_length = 1, max_length = 200)]
    title: Option<String>,
}

/// What to change. Fields that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConversationChanges)]
pub(crate) struct Changes {
    #[schema(example = "A walk by the sea", min_length = 1, max_length = 200)]
    title: Option<String>,
    pinned: Option<bool>,
    archived: Option<bool>,
}

/// Which list.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ShelfName {
    #[default]
    Active,
    Archived,
    Trash,
}

/// Which page of which list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// `active` (the default), `archived` or `trash`.
    #[serde(default)]
    #[param(inline)]
    shelf: ShelfName,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Items on the page; 50 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// How to delete.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteQuery {
    /// True: for good, instead of into the trash. Works on what is in the trash as well.
    #[serde(default)]
    permanent: bool,
}

/// Create a conversation
#[utoipa::path(post, path = "/api/v1/conversations", tag = "conversations",
    operation_id = "create_conversation", params(IdempotencyHeader),
    request_body = NewBody,
    responses((status = 201, body = ConversationBody),
              (status = 409, description = "The id is in use, in the trash"),
              (status = 422, description = "The idempotency key came before, with another request")))]
pub(crate) async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    Creation { body, retry }: Creation<NewBody>,
) -> Result<(StatusCode, Answer<ConversationBody>), ApiError> {
    let title = body.title.as_deref().map(Title::parse).transpose()?;
    let new = NewConversation { id: body.id, kind: Kind::Chat, title, retry };
    let conversation = app.serene.conversations.create(caller.owner, new).await?;
    Ok((StatusCode::CREATED, Answer(conversation.into())))
}

/// Fork a conversation
///
/// Makes a new one of its messages up to a position, as they are shown now: so an earlier message
/// is said in another way, and what was said instead stays.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/fork", tag = "conversations",
    operation_id = "fork_conversation", params(("id" = Uuid, Path), IdempotencyHeader),
    request_body = Fork,
    responses((status = 201, body = ConversationBody),
              (status = 409, description = "The id is in use, or one of the messages is written"),
              (status = 422, description = "The idempotency key came before, with another request")))]
pub(crate) async fn fork(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Conversation>,
    Creation { body, retry }: Creation<Fork>,
) -> Result<(StatusCode, Answer<ConversationBody>), ApiError> {
    let title = body.title.as_deref().map(Title::parse).transpose()?;
    let position = i64::from(body.position.get());
    let new = NewFork { conversation_id: id.0, position, id: body.id, title, retry };
    let conversation = app.serene.conversations.fork(caller.owner, new).await?;
    Ok((StatusCode::CREATED, Answer(conversation.into())))
}

/// List conversations
///
/// The last active first.
#[utoipa::path(get, path = "/api/v1/conversations", tag = "conversations",
    operation_id = "list_conversations", params(ListQuery),
    responses((status = 200, body = ConversationPageBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
) -> Result<Answer<ConversationPageBody>, ApiError> {
    let shelf = match query.shelf {
        ShelfName::Active => Shelf::Active,
        ShelfName::Archived => Shelf::Archived,
        ShelfName::Trash => Shelf::Trash,
    };
    let list = ListConversations {
        kind: Kind::Chat,
        shelf,
        cursor: query.cursor.as_deref().map(Cursor::decode).transpose()?,
        size: PageSize::new(query.limit)?,
    };
    Ok(Answer(app.serene.conversations.list(caller.owner, list).await?.into()))
}

/// Read a conversation
///
/// Its messages are at `/messages` below it. `active_generation_id` says what a page that was
/// loaded again can attach to.
#[utoipa::path(get, path = "/api/v1/conversations/{id}", tag = "conversations",
    operation_id = "read_conversation", params(("id" = Uuid, Path)),
    responses((status = 200, body = ConversationBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Conversation>,
) -> Result<Answer<ConversationBody>, ApiError> {
    Ok(Answer(app.serene.conversations.get(caller.owner, id.0).await?.into()))
}

/// Rename, pin or archive a conversation
#[utoipa::path(patch, path = "/api/v1/conversations/{id}", tag = "conversations",
    operation_id = "change_conversation", params(("id" = Uuid, Path)), request_body = Changes,
    responses((status = 200, body = ConversationBody)))]
pub(crate) async fn change(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Conversation>,
    Json(body): Json<Changes>,
) -> Result<Answer<ConversationBody>, ApiError> {
    let title = body.title.as_deref().map(Title::parse).transpose()?;
    if title.is_none() && body.pinned.is_none() && body.archived.is_none() {
        let text = "Send `title`, `pinned` or `archived`.";
        return Err(ApiError::new(Code::InvalidRequest, text));
    }
    let changes = ConversationChanges { title, pinned: body.pinned, archived: body.archived };
    let conversation = app.serene.conversations.change(caller.owner, id.0, changes).await?;
    Ok(Answer(conversation.into()))
}

/// End a conversation
///
/// It stays readable and takes no further message. A reply that is being written is stopped
/// first. Ending it again changes nothing.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/end", tag = "conversations",
    operation_id = "end_conversation", params(("id" = Uuid, Path)),
    responses((status = 200, body = ConversationBody)))]
pub(crate) async fn end(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Conversation>,
) -> Result<Answer<ConversationBody>, ApiError> {
    let conversation = app.serene.end_conversation(caller.owner, id.0).await?;
    Ok(Answer(conversation.into()))
}

/// Delete a conversation
///
/// Into the trash, from where it can be restored for 30 days. A reply that is being written is
/// stopped first.
#[utoipa::path(delete, path = "/api/v1/conversations/{id}", tag = "conversations",
    operation_id = "delete_conversation", params(("id" = Uuid, Path), DeleteQuery),
    responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Conversation>,
    Query(query): Query<DeleteQuery>,
) -> Result<StatusCode, ApiError> {
    if query.permanent {
        app.serene.delete_conversation(caller.owner, id.0).await?;
    } else {
        app.serene.trash_conversation(caller.owner, id.0).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Restore a conversation
///
/// Takes it out of the trash, back to where it was.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/restore", tag = "conversations",
    operation_id = "restore_conversation", params(("id" = Uuid, Path)),
    responses((status = 200, body = ConversationBody)))]
pub(crate) async fn restore(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Conversation>,
) -> Result<Answer<ConversationBody>, ApiError> {
    Ok(Answer(app.serene.conversations.restore(caller.owner, id.0).await?.into()))
}
