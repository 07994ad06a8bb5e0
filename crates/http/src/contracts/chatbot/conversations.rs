//! `/api/conversations`, as the front end calls it.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde_json::Value;
use serene_core::{
    base::Title,
    conversations::{ConversationChanges, Kind, NewConversation},
};

use super::{
    chat::{self, MessageFields},
    types::{ConversationBody, DEFAULT_TITLE, DoneBody, MessageBody, SentBody},
};
use crate::{
    App,
    answer::Answer,
    contracts::{
        body::{Fields, NotText},
        details,
        fastapi::{Asker, Number, said},
        unpaged, with_model_error,
    },
    error::ApiError,
};

/// List conversations
///
/// The last active first; at most 1,000.
#[utoipa::path(get, path = "/api/conversations", tag = "contract chatbot",
    operation_id = "chatbot_list", responses((status = 200, body = Vec<ConversationBody>)))]
pub(super) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
) -> Result<Answer<Vec<ConversationBody>>, ApiError> {
    let found = unpaged::conversations(&app, caller.owner, Kind::Chat).await.map_err(said)?;
    let body = |conversation| ConversationBody::new(conversation, caller.user.number);
    Ok(Answer(found.into_iter().map(body).collect()))
}

/// Create a conversation
///
/// Answers 200, as its original does.
#[utoipa::path(post, path = "/api/conversations", tag = "contract chatbot",
    operation_id = "chatbot_create", request_body = Object,
    responses((status = 200, body = ConversationBody),
              (status = 422, description = "A field breaks its rule")))]
pub(super) async fn create(
    State(app): State<App>,
    Asker(caller): Asker,
    fields: Result<Fields, ApiError>,
) -> Result<Answer<ConversationBody>, ApiError> {
    let fields = fields.map_err(details::of_body)?;
    let title = fields.text("title").map_err(|NotText| details::not_text("title"))?;
    let title = title.filter(|title| !title.trim().is_empty()).unwrap_or(DEFAULT_TITLE);
    let title = Some(Title::parse(title).map_err(said)?);
    let new = NewConversation { title, retry: fields.retry, ..NewConversation::default() };
    let created = app.serene.conversations.create(caller.owner, new).await.map_err(said)?;
    Ok(Answer(ConversationBody::new(created, caller.user.number)))
}

/// Pin or rename a conversation
#[utoipa::path(patch, path = "/api/conversations/{id}", tag = "contract chatbot",
    operation_id = "chatbot_change", params(("id" = i64, Path)), request_body = Object,
    responses((status = 200, body = ConversationBody),
              (status = 422, description = "A field breaks its rule")))]
pub(super) async fn change(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
    fields: Result<Fields, ApiError>,
) -> Result<Answer<ConversationBody>, ApiError> {
    let fields = fields.map_err(details::of_body)?;
    let title = fields.text("title").map_err(|NotText| details::not_text("title"))?;
    let pinned = match fields.all.get("isPinned").or(fields.all.get("is_pinned")) {
        None | Some(Value::Null) => None,
        Some(Value::Bool(pinned)) => Some(*pinned),
        Some(_) => {
            let message = "Input should be a valid boolean";
            return Err(details::invalid("bool_type", &["body", "isPinned"], message));
        }
    };
    let title = title.map(Title::parse).transpose().map_err(said)?;
    let conversations = &app.serene.conversations;
    let found = conversations.by_number(caller.owner, number, Kind::Chat).await.map_err(said)?;
    let is_something = title.is_some() || pinned.is_some();
    let changes = ConversationChanges { title, pinned, archived: None };
    let now = if is_something {
        conversations.change(caller.owner, found.id, changes).await.map_err(said)?
    } else {
        found
    };
    Ok(Answer(ConversationBody::new(now, caller.user.number)))
}

/// Delete a conversation
///
/// With its messages, for good.
#[utoipa::path(delete, path = "/api/conversations/{id}", tag = "contract chatbot",
    operation_id = "chatbot_delete", params(("id" = i64, Path)),
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

/// List messages
///
/// The oldest first; at most 1,000.
#[utoipa::path(get, path = "/api/conversations/{id}/messages", tag = "contract chatbot",
    operation_id = "chatbot_messages", params(("id" = i64, Path)),
    responses((status = 200, body = Vec<MessageBody>), (status = 422, description = "No integer")))]
pub(super) async fn messages(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
) -> Result<Answer<Vec<MessageBody>>, ApiError> {
    chat::all(&app, &caller, number).await.map(Answer)
}

/// Send a message
///
/// Answers with the user's own message, as its original does, and with the answer beside it.
#[utoipa::path(post, path = "/api/conversations/{id}/messages", tag = "contract chatbot",
    operation_id = "chatbot_send_message", params(("id" = i64, Path)), request_body = Object,
    responses((status = 200, body = SentBody),
              (status = 409, description = "The conversation has ended or is busy"),
              (status = 422, description = "A field breaks its rule")))]
pub(super) async fn send(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
    fields: Result<MessageFields, ApiError>,
) -> Result<Response, ApiError> {
    let fields = fields.map_err(details::of_body)?;
    let message = chat::message(&fields)?;
    let conversations = &app.serene.conversations;
    let found = conversations.by_number(caller.owner, number, Kind::Chat).await.map_err(said)?;
    let (asked, answer, _) = chat::exchange(&app, &caller, &found, message, fields.retry).await?;
    let code = answer.error_code.clone();
    let body = SentBody {
        user_message: MessageBody::new(asked, number),
        ai_message: MessageBody::new(answer, number),
    };
    Ok(with_model_error(Answer(body).into_response(), code.as_deref()))
}
