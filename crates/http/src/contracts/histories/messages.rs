//! Messages of a chat.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serene_core::{
    accounts::Caller,
    base::{Error, MessageText, Retry, limits},
    conversations::{Conversation, NewAttachment},
    generations::{End, SendMessage},
};

use super::{
    asker::{Asker, MessageNumber, Number},
    chats,
    errors::{empty_message, not_text, said},
    images,
    types::{DoneBody, ExchangeBody, MessageBody},
};
use crate::{
    App,
    answer::Answer,
    contracts::{
        BUSY_PATIENCE,
        body::{Fields, NotText},
        with_model_error,
    },
    error::ApiError,
};

/// The fields of a message: images may come along.
pub(super) type MessageFields = Fields<{ limits::MAX_SEND_BODY_BYTES }>;

/// Send a message
///
/// `{text, voice_text?, image?}`. `image` is base64 or a `data:` URL; an address in `image_url` is
/// passed over, as the server fetches nothing. Where the model failed, a fixed sentence says so, and
/// the header `x-serene-model-error` has the code.
#[utoipa::path(post, path = "/api/messages/{id}/send", tag = "contract histories",
    operation_id = "histories_send", params(("id" = i64, Path)), request_body = Object,
    responses((status = 200, body = ExchangeBody),
              (status = 409, description = "The chat has ended or is busy")))]
pub(super) async fn send(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
    fields: MessageFields,
) -> Result<Response, ApiError> {
    let text = |name: &'static str| {
        let text = fields.text(name).map_err(|NotText| not_text(name))?;
        Ok::<_, ApiError>(text.map(str::trim).filter(|text| !text.is_empty()))
    };
    let said_text = match (text("text")?, text("voice_text")?) {
        (Some(typed), Some(spoken)) => format!("{typed} [Voice: {spoken}]"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => return Err(empty_message()),
    };
    let chat = chats::find(&app, &caller, number).await?;
    let image = text("image")?.or(text("image_url")?.filter(|url| url.starts_with("data:")));
    let images = images::of(image)?;
    exchange(&app, &caller, &chat, (&said_text, images), fields.retry).await
}

/// List messages
///
/// The oldest first; at most 1,000.
#[utoipa::path(get, path = "/api/messages/{id}/messages", tag = "contract histories",
    operation_id = "histories_messages", params(("id" = i64, Path)),
    responses((status = 200, body = Vec<MessageBody>)))]
pub(super) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
) -> Result<Answer<Vec<MessageBody>>, ApiError> {
    let chat = chats::find(&app, &caller, number).await?;
    chats::messages(&app, &caller, &chat).await.map(Answer)
}

/// Delete a message
#[utoipa::path(delete, path = "/api/messages/{id}", tag = "contract histories",
    operation_id = "histories_delete_message", params(("id" = i64, Path)),
    responses((status = 200, body = DoneBody)))]
pub(super) async fn delete(
    State(app): State<App>,
    Asker(caller): Asker,
    MessageNumber(number): MessageNumber,
) -> Result<Answer<DoneBody>, ApiError> {
    let message = app.serene.conversations.message_by_number(caller.owner, number).await;
    let message = message.map_err(said)?;
    app.serene.delete_message(caller.owner, message.id).await.map_err(said)?;
    Ok(Answer(DoneBody { message: "Message deleted successfully" }))
}

/// Sends, waits for the answer, and prints both.
pub(super) async fn exchange(
    app: &App,
    caller: &Caller,
    chat: &Conversation,
    (text, attachments): (&str, Vec<NewAttachment>),
    retry: Option<Retry>,
) -> Result<Response, ApiError> {
    let text = MessageText::parse("text", text).map_err(said)?;
    let conversation_id = chat.id;
    let message = SendMessage {
        conversation_id,
        message_id: None,
        text,
        attachments,
        retry,
        titled_by_model: false,
    };
    let sending = app.serene.generations.send_when_free(caller.owner, message, BUSY_PATIENCE);
    let begun = sending.await.map_err(said)?;
    let answer = match begun.reply.end().await {
        End::Finished { message, .. } => *message,
        End::Reconnect => return Err(said(Error::ShuttingDown)),
        End::NotStored(error) => return Err(said(error)),
    };
    let code = answer.error_code.clone();
    let body = |message| MessageBody::new(message, chat.number, caller.user.number);
    let ai_response = body(answer);
    let exchange = ExchangeBody {
        user_message: body(begun.user_message),
        ai_message: ai_response.clone(),
        ai_response,
    };
    Ok(with_model_error(Answer(exchange).into_response(), code.as_deref()))
}
