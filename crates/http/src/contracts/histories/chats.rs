//! Chats, and the chat that is kept nowhere.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serene_core::{
    accounts::Caller,
    base::{MessageText, Title},
    conversations::{Conversation, Kind, NewConversation},
};

use super::{
    asker::{Asker, Number},
    errors::{empty_message, not_text, said},
    types::{
        AnswerBody, ChatBody, DEFAULT_TITLE, DoneBody, MODEL_FAILED, MessageBody, WholeChatBody,
    },
};
use crate::{
    App,
    answer::Answer,
    contracts::{
        body::{Fields, NotText},
        unpaged, with_model_error,
    },
    error::{ApiError, Code},
};

/// List chats
///
/// The last active first; at most 1,000.
#[utoipa::path(get, path = "/api/chat/histories", tag = "contract histories",
    operation_id = "histories_list", responses((status = 200, body = Vec<ChatBody>)))]
pub(super) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
) -> Result<Answer<Vec<ChatBody>>, ApiError> {
    let found = unpaged::conversations(&app, caller.owner, Kind::Chat).await.map_err(said)?;
    let body = |conversation| ChatBody::new(conversation, caller.user.number);
    Ok(Answer(found.into_iter().map(body).collect()))
}

/// Create a chat
#[utoipa::path(post, path = "/api/chat/create", tag = "contract histories",
    operation_id = "histories_create", request_body = Object,
    responses((status = 201, body = WholeChatBody)))]
pub(super) async fn create(
    State(app): State<App>,
    Asker(caller): Asker,
    fields: Fields,
) -> Result<(StatusCode, Answer<WholeChatBody>), ApiError> {
    let title = fields.text("title").map_err(|NotText| not_text("title"))?;
    let title = title.filter(|title| !title.trim().is_empty()).unwrap_or(DEFAULT_TITLE);
    let title = Some(Title::parse(title).map_err(said)?);
    let new = NewConversation { title, retry: fields.retry, ..NewConversation::default() };
    let created = app.serene.conversations.create(caller.owner, new).await.map_err(said)?;
    let chat = ChatBody::new(created, caller.user.number);
    Ok((StatusCode::CREATED, Answer(WholeChatBody { chat, messages: Vec::new() })))
}

/// Read a chat
///
/// With its messages, the oldest first.
#[utoipa::path(get, path = "/api/chat/{id}", tag = "contract histories",
    operation_id = "histories_read", params(("id" = i64, Path)),
    responses((status = 200, body = WholeChatBody)))]
pub(super) async fn read(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
) -> Result<Answer<WholeChatBody>, ApiError> {
    let found = find(&app, &caller, number).await?;
    let messages = messages(&app, &caller, &found).await?;
    Ok(Answer(WholeChatBody { chat: ChatBody::new(found, caller.user.number), messages }))
}

/// Delete a chat
///
/// With its messages, for good.
#[utoipa::path(delete, path = "/api/chat/{id}/delete", tag = "contract histories",
    operation_id = "histories_delete", params(("id" = i64, Path)),
    responses((status = 200, body = DoneBody)))]
pub(super) async fn delete(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
) -> Result<Answer<DoneBody>, ApiError> {
    let found = find(&app, &caller, number).await?;
    app.serene.delete_conversation(caller.owner, found.id).await.map_err(said)?;
    Ok(Answer(DoneBody { message: "Chat deleted successfully" }))
}

/// Clear a chat
///
/// Its messages go, the chat stays.
#[utoipa::path(post, path = "/api/chat/{id}/clear", tag = "contract histories",
    operation_id = "histories_clear", params(("id" = i64, Path)),
    responses((status = 200, body = DoneBody)))]
pub(super) async fn clear(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
) -> Result<Answer<DoneBody>, ApiError> {
    let found = find(&app, &caller, number).await?;
    app.serene.clear_conversation(caller.owner, found.id).await.map_err(said)?;
    Ok(Answer(DoneBody { message: "Chat cleared successfully" }))
}

/// Ask something that is kept nowhere
///
/// `{message}`. The whole front end of this contract uses only this.
#[utoipa::path(post, path = "/api/chat", tag = "contract histories",
    operation_id = "histories_ask", request_body = Object,
    responses((status = 200, body = AnswerBody)))]
pub(super) async fn ask(
    State(app): State<App>,
    Asker(caller): Asker,
    fields: Fields,
) -> Result<Response, ApiError> {
    if fields.all.get("messages").is_some_and(serde_json::Value::is_array) {
        let text = "Streams of UI messages are not served here yet: send `message`.";
        return Err(ApiError::new(Code::InvalidRequest, text));
    }
    let text = fields.text("message").map_err(|NotText| not_text("message"))?;
    let text = text.filter(|text| !text.trim().is_empty()).ok_or_else(empty_message)?;
    let message = MessageText::parse("message", text).map_err(said)?;
    let answer = app.serene.generations.answer_once(caller.owner, &message, Vec::new()).await;
    let answer = answer.map_err(said)?;
    let reply = match answer.error_code {
        None => answer.text.into_exposed(),
        Some(_) => MODEL_FAILED.to_owned(),
    };
    let body = AnswerBody { message: text.to_owned(), reply: reply.clone(), response: reply };
    Ok(with_model_error(Answer(body).into_response(), answer.error_code))
}

/// The caller's chat of this number.
pub(super) async fn find(
    app: &App,
    caller: &Caller,
    number: i64,
) -> Result<Conversation, ApiError> {
    let conversations = &app.serene.conversations;
    conversations.by_number(caller.owner, number, Kind::Chat).await.map_err(said)
}

/// The messages of a chat.
pub(super) async fn messages(
    app: &App,
    caller: &Caller,
    chat: &Conversation,
) -> Result<Vec<MessageBody>, ApiError> {
    let found = unpaged::messages(app, caller.owner, chat.id).await.map_err(said)?;
    let body = |message| MessageBody::new(message, chat.number, caller.user.number);
    Ok(found.into_iter().map(body).collect())
}
