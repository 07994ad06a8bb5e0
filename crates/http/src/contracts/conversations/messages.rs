//! Messages.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serene_core::{
    base::{Error, MessageText, Owner},
    conversations::{Conversation, Kind},
    generations::{End, SendMessage},
};

use super::types::{ExchangeBody, MessageBody, NewMessageBody};
use crate::{
    App,
    answer::Answer,
    contracts::{
        BUSY_PATIENCE,
        body::{Fields, NotText},
        details,
        fastapi::{Asker, Number, said},
        unpaged, with_model_error,
    },
    error::ApiError,
};

/// List messages
///
/// The oldest first; at most 1,000.
#[utoipa::path(get, path = "/conversations/{id}/messages", tag = "contract conversations",
    operation_id = "conversations_messages", params(("id" = i64, Path)),
    responses((status = 200, body = Vec<MessageBody>), (status = 422, description = "No integer")))]
pub(super) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
) -> Result<Answer<Vec<MessageBody>>, ApiError> {
    let conversations = &app.serene.conversations;
    let found = conversations.by_number(caller.owner, number, Kind::Chat).await.map_err(said)?;
    all(&app, caller.owner, &found).await.map(Answer)
}

/// Send a message
///
/// Stores it, asks the model with what was said before, stores the answer and returns it. Where the
/// model failed, a fixed sentence says so, and the header `x-serene-model-error` has the code. A
/// reply that is still being written is waited for, ten seconds at most.
#[utoipa::path(post, path = "/conversations/{id}/messages", tag = "contract conversations",
    operation_id = "conversations_send", params(("id" = i64, Path)), request_body = NewMessageBody,
    responses((status = 200, body = ExchangeBody),
              (status = 409, description = "The conversation has ended or is busy"),
              (status = 422, description = "A field breaks its rule")))]
pub(super) async fn send(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
    fields: Result<Fields, ApiError>,
) -> Result<Response, ApiError> {
    let fields = fields.map_err(details::of_body)?;
    let text = fields.text_of(&["content", "message", "text"]);
    let text = text.map_err(|NotText| details::not_text("content"))?;
    let text = text.ok_or_else(|| details::missing("content"))?;
    let text = MessageText::parse("content", text).map_err(said)?;
    let conversations = &app.serene.conversations;
    let found = conversations.by_number(caller.owner, number, Kind::Chat).await.map_err(said)?;
    let message = SendMessage {
        conversation_id: found.id,
        message_id: None,
        text,
        attachments: Vec::new(),
        retry: fields.retry,
        titled_by_model: false,
    };
    let generations = &app.serene.generations;
    let sent = generations.send_when_free(caller.owner, message, BUSY_PATIENCE).await;
    let sent = sent.map_err(said)?;
    let answer = match sent.reply.end().await {
        End::Finished { message, .. } => *message,
        End::Reconnect => return Err(said(Error::ShuttingDown)),
        End::NotStored(error) => return Err(said(error)),
    };
    let code = answer.error_code.clone();
    let ai_message = MessageBody::new(answer, number);
    let body = ExchangeBody {
        answer: ai_message.clone(),
        user_message: MessageBody::new(sent.user_message, number),
        ai_message,
    };
    Ok(with_model_error(Answer(body).into_response(), code.as_deref()))
}

/// The messages of a conversation.
pub(super) async fn all(
    app: &App,
    owner: Owner,
    conversation: &Conversation,
) -> Result<Vec<MessageBody>, ApiError> {
    let found = unpaged::messages(app, owner, conversation.id).await.map_err(said)?;
    let body = |message| MessageBody::new(message, conversation.number);
    Ok(found.into_iter().map(body).collect())
}
