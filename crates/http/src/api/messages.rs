//! Messages: sending one and getting its reply, reading, deleting; and the images that came along.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serene_core::{
    base::{Cursor, Error, MessageText, PageSize, limits},
    conversations::{MessageOrder, NewAttachment},
    generations::{End, SendMessage},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::bodies::{GenerationBody, IdempotencyHeader, MessageBody, MessagePageBody};
use crate::{
    App,
    answer::Answer,
    error::ApiError,
    extract::{self, Caller, Creation, Id, Query, wants_events},
    sse::{self, StreamEvent},
};

/// A message to send.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMessage)]
pub(crate) struct Outgoing {
    /// Your own id for it: sending it again attaches to the first one's reply.
    #[schema(example = json!(null))]
    id: Option<Uuid>,
    #[schema(example = "I slept badly again.", min_length = 1, max_length = 32000)]
    content: String,
    /// Images as `data:` URLs in base64: PNG, JPEG, WebP or GIF, at most 5 MiB each.
    #[serde(default)]
    #[schema(example = json!([]), max_items = 4)]
    attachments: Vec<String>,
}

/// The message as stored, and its reply.
#[derive(Serialize, ToSchema)]
pub(crate) struct Exchange {
    user_message: MessageBody,
    /// Its `status` is `failed` when the model failed; `error_code` says how.
    assistant_message: MessageBody,
    generation: GenerationBody,
}

/// The bytes of an image.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes what the handler below writes")]
pub(crate) struct Image(Vec<u8>);

/// Which page of messages.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// `asc` (the default): as it was said. `desc`: from the end.
    #[serde(default)]
    #[param(inline)]
    order: Order,
    /// The `next_cursor` of the page before, in the same order.
    cursor: Option<String>,
    /// Items on the page; 50 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Which end to begin at.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    #[default]
    Asc,
    Desc,
}

/// Send a message
///
/// Stores it and answers it. Once this answers, in either form, the message is on disk. With
/// `Accept: text/event-stream` the reply is streamed: `delta` events, then one `done` or `error`;
/// the header `x-generation-id` says what to resume or stop. Closing the connection does not stop
/// the reply.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/messages", tag = "messages",
    operation_id = "send_message", params(("id" = Uuid, Path), IdempotencyHeader),
    request_body = Outgoing,
    responses((status = 201, body = Exchange, description = "Stored and answered"),
              (status = 200, content_type = "text/event-stream", body = StreamEvent,
               description = "Stored; the reply follows as events",
               headers(("x-generation-id" = Uuid, description = "What to resume or stop."))),
              (status = 409, description = "The conversation has ended or is busy, or the id is in use"),
              (status = 422, description = "The idempotency key came before, with another request")))]
pub(crate) async fn send(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Conversation>,
    headers: HeaderMap,
    Creation { body, retry }: Creation<Outgoing, { limits::MAX_SEND_BODY_BYTES }>,
) -> Result<Response, ApiError> {
    let message = SendMessage {
        conversation_id: id.0,
        message_id: body.id,
        text: MessageText::parse("content", &body.content)?,
        attachments: NewAttachment::from_data_urls(&body.attachments)?,
        retry,
        titled_by_model: true,
    };
    drop(body);
    let help = app.serene.help(&caller.user);
    let sent = app.serene.generations.send(caller.owner, message).await?;
    if wants_events(&headers) {
        return Ok(sse::stream(sent.reply, sent.generation.id, help));
    }
    match sent.reply.end().await {
        End::Finished { message, generation } => {
            let exchange = Exchange {
                user_message: MessageBody::new(sent.user_message, &help),
                assistant_message: MessageBody::new(*message, &help),
                generation: generation.into(),
            };
            Ok((StatusCode::CREATED, Answer(exchange)).into_response())
        }
        End::Reconnect => Err(Error::ShuttingDown.into()),
        End::NotStored(error) => Err(error.into()),
    }
}

/// List messages
#[utoipa::path(get, path = "/api/v1/conversations/{id}/messages", tag = "messages",
    operation_id = "list_messages", params(("id" = Uuid, Path), ListQuery),
    responses((status = 200, body = MessagePageBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Conversation>,
    Query(query): Query<ListQuery>,
) -> Result<Answer<MessagePageBody>, ApiError> {
    let order = match query.order {
        Order::Asc => MessageOrder::OldestFirst,
        Order::Desc => MessageOrder::NewestFirst,
    };
    let cursor = query.cursor.as_deref().map(Cursor::decode).transpose()?;
    let size = PageSize::new(query.limit)?;
    let conversations = &app.serene.conversations;
    let page = conversations.messages(caller.owner, id.0, order, cursor, size).await?;
    Ok(Answer(MessagePageBody::new(page, &app.serene.help(&caller.user))))
}

/// Clear a conversation
///
/// Deletes all its messages, for good; the conversation stays. A reply that is being written is
/// stopped first.
#[utoipa::path(delete, path = "/api/v1/conversations/{id}/messages", tag = "messages",
    operation_id = "clear_conversation", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Cleared")))]
pub(crate) async fn clear(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Conversation>,
) -> Result<StatusCode, ApiError> {
    app.serene.clear_conversation(caller.owner, id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read a message
#[utoipa::path(get, path = "/api/v1/messages/{id}", tag = "messages",
    operation_id = "read_message", params(("id" = Uuid, Path)),
    responses((status = 200, body = MessageBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Message>,
) -> Result<Answer<MessageBody>, ApiError> {
    let message = app.serene.conversations.message(caller.owner, id.0).await?;
    Ok(Answer(MessageBody::new(message, &app.serene.help(&caller.user))))
}

/// Delete a message
///
/// For good, with all its versions. A reply that is being written is stopped first.
#[utoipa::path(delete, path = "/api/v1/messages/{id}", tag = "messages",
    operation_id = "delete_message", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Message>,
) -> Result<StatusCode, ApiError> {
    app.serene.delete_message(caller.owner, id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read an attachment
///
/// The image's bytes.
#[utoipa::path(get, path = "/api/v1/attachments/{id}", tag = "messages",
    operation_id = "read_attachment", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The image", content(
        (Image = "image/png"), (Image = "image/jpeg"),
        (Image = "image/webp"), (Image = "image/gif")))))]
pub(crate) async fn attachment(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Attachment>,
) -> Result<Response, ApiError> {
    let attachment = app.serene.conversations.attachment(caller.owner, id.0).await?;
    let kind = HeaderValue::from_static(attachment.info.media_type.as_str());
    let headers = [
        (header::CONTENT_TYPE, kind),
        // An image never changes, and nobody but its owner may keep it.
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    Ok((headers, attachment.data).into_response())
}
