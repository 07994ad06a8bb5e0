//! Sending a message and reading what was said.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde_json::Value;
use serene_core::{
    accounts::Caller,
    base::{Error, MessageText, Retry, Title, limits},
    conversations::{Conversation, Kind, Message, NewAttachment, NewConversation},
    generations::{End, Generation, SendMessage},
};

use super::types::{MessageBody, ReplyBody, UsageBody};
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

/// Titles that are made from the first message are cut here.
const TITLE_CHARS: usize = 25;

/// The fields of a message: images may come along.
pub(super) type MessageFields = Fields<{ limits::MAX_SEND_BODY_BYTES }>;

/// Send a message
///
/// `{conversation_id?, content, role?, attachments?}`. Without a conversation one is made, and its
/// title is the beginning of the message. Where the model failed, a fixed sentence says so, and the
/// header `x-serene-model-error` has the code.
#[utoipa::path(post, path = "/chat/send", tag = "contract chatbot", operation_id = "chatbot_send",
    request_body = Object,
    responses((status = 200, body = ReplyBody),
              (status = 409, description = "The conversation has ended or is busy"),
              (status = 422, description = "A field breaks its rule")))]
pub(super) async fn send(
    State(app): State<App>,
    Asker(caller): Asker,
    fields: Result<MessageFields, ApiError>,
) -> Result<Response, ApiError> {
    let fields = fields.map_err(details::of_body)?;
    let (text, attachments) = message(&fields)?;
    let asked = text.expose().to_owned();
    let conversation = match fields.all.get("conversation_id").or(fields.all.get("conversationId"))
    {
        None | Some(Value::Null) => begin(&app, &caller, &asked, fields.retry).await?,
        Some(Value::Number(number)) => find(&app, &caller, &number.to_string()).await?,
        Some(Value::String(number)) => find(&app, &caller, number).await?,
        Some(_) => return Err(details::no_integer("conversation_id")),
    };
    let number = conversation.number;
    let said = (text, attachments);
    let (_, answer, generation) =
        exchange(&app, &caller, &conversation, said, fields.retry).await?;
    let code = answer.error_code.clone();
    let usage = generation.usage.unwrap_or_default();
    let message = MessageBody::new(answer, number);
    let body = ReplyBody {
        conversation_id: number,
        user_message: asked,
        ai_response: message.content.clone(),
        message,
        usage: UsageBody {
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            total_tokens: usage.prompt_tokens.saturating_add(usage.completion_tokens),
        },
    };
    Ok(with_model_error(Answer(body).into_response(), code.as_deref()))
}

/// Read what was said
///
/// The oldest first; at most 1,000.
#[utoipa::path(get, path = "/chat/history/{id}", tag = "contract chatbot",
    operation_id = "chatbot_history", params(("id" = i64, Path)),
    responses((status = 200, body = Vec<MessageBody>), (status = 422, description = "No integer")))]
pub(super) async fn history(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
) -> Result<Answer<Vec<MessageBody>>, ApiError> {
    all(&app, &caller, number).await.map(Answer)
}

/// What a message says and what comes with it.
pub(super) fn message(
    fields: &MessageFields,
) -> Result<(MessageText, Vec<NewAttachment>), ApiError> {
    let text = fields.text_of(&["content", "message"]);
    let text = text.map_err(|NotText| details::not_text("content"))?;
    let text = text.ok_or_else(|| details::missing("content"))?;
    let role = fields.text("role").map_err(|NotText| details::not_text("role"))?;
    if role.is_some_and(|role| role != "user") {
        let message = "Input should be 'user'";
        return Err(details::invalid("literal_error", &["body", "role"], message));
    }
    let urls = match fields.all.get("attachments") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(urls)) => {
            let urls = urls.iter().map(|url| url.as_str().map(str::to_owned));
            let urls: Option<Vec<String>> = urls.collect();
            urls.ok_or_else(|| details::not_text("attachments"))?
        }
        Some(_) => {
            let message = "Input should be a valid list";
            return Err(details::invalid("list_type", &["body", "attachments"], message));
        }
    };
    let text = MessageText::parse("content", text).map_err(said)?;
    Ok((text, NewAttachment::from_data_urls(&urls).map_err(said)?))
}

/// A new conversation, named after its first message.
async fn begin(
    app: &App,
    caller: &Caller,
    text: &str,
    retry: Option<Retry>,
) -> Result<Conversation, ApiError> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut title: String = line.chars().take(TITLE_CHARS).collect();
    if line.chars().nth(TITLE_CHARS).is_some() {
        title.push_str("...");
    }
    let title = Title::parse(&title).map_err(said)?;
    // The key itself remembers the message; the same conversation is found by its id.
    let id = retry.map(Retry::id_on_the_way);
    let new = NewConversation { id, title: Some(title), ..NewConversation::default() };
    app.serene.conversations.create(caller.owner, new).await.map_err(said)
}

async fn find(app: &App, caller: &Caller, number: &str) -> Result<Conversation, ApiError> {
    let number = Number::read(number)?;
    let conversations = &app.serene.conversations;
    conversations.by_number(caller.owner, number, Kind::Chat).await.map_err(said)
}

/// Sends and waits for the answer.
pub(super) async fn exchange(
    app: &App,
    caller: &Caller,
    conversation: &Conversation,
    (text, attachments): (MessageText, Vec<NewAttachment>),
    retry: Option<Retry>,
) -> Result<(Message, Message, Generation), ApiError> {
    let conversation_id = conversation.id;
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
    match begun.reply.end().await {
        End::Finished { message, generation } => Ok((begun.user_message, *message, generation)),
        End::Reconnect => Err(said(Error::ShuttingDown)),
        End::NotStored(error) => Err(said(error)),
    }
}

/// The messages of a conversation.
pub(super) async fn all(
    app: &App,
    caller: &Caller,
    number: i64,
) -> Result<Vec<MessageBody>, ApiError> {
    let conversations = &app.serene.conversations;
    let found = conversations.by_number(caller.owner, number, Kind::Chat).await.map_err(said)?;
    let messages = unpaged::messages(app, caller.owner, found.id).await.map_err(said)?;
    Ok(messages.into_iter().map(|message| MessageBody::new(message, number)).collect())
}
