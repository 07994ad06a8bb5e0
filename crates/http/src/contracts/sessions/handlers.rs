//! The routes.

use axum::{
    extract::{Path, State},
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use serene_core::{
    base::{Error, MessageText, Owner, Resource, Title},
    conversations::{Conversation, ConversationChanges, Kind, Message},
    generations::{End, SendMessage},
};

use super::{
    asker::Asker,
    errors::{EMPTY_TITLE, INCOMPLETE, TITLE_REQUIRED, missing, said},
    reading,
    types::{
        HistoryBody, NewBody, RenameBody, SaidBody, SendBody, SessionBody, SummaryBody, UNTITLED,
        text,
    },
};
use crate::{
    App,
    answer::Answer,
    contracts::{BUSY_PATIENCE, body::Fields, ids},
    error::ApiError,
};

/// How the model failed, beside an answer that does not say it.
const MODEL_ERROR: HeaderName = HeaderName::from_static("x-serene-model-error");

/// Begin a session
///
/// Ends the caller's other sessions that are open. The first message is a greeting.
#[utoipa::path(post, path = "/sessions", tag = "contract sessions",
    operation_id = "sessions_create", request_body(content = NewBody),
    responses((status = 201, body = SessionBody), (status = 400, description = "The title is blank")))]
pub(super) async fn create(
    State(app): State<App>,
    asker: Asker,
    body: Fields,
) -> Result<(StatusCode, Answer<SessionBody>), ApiError> {
    let title = body.text("title").map_err(|_| missing(EMPTY_TITLE))?;
    let title = title_of(title.unwrap_or(UNTITLED), EMPTY_TITLE)?;
    let opened =
        app.serene.generations.open_session(asker.owner, title, body.retry).await.map_err(said)?;
    Ok((StatusCode::CREATED, Answer(with_messages(&app, asker, opened).await?)))
}

/// List sessions
///
/// The newest first, with what was said in them, without those that were deleted. At most a
/// thousand.
#[utoipa::path(get, path = "/sessions", tag = "contract sessions", operation_id = "sessions_list",
    responses((status = 200, body = Vec<SessionBody>)))]
pub(super) async fn list(
    State(app): State<App>,
    asker: Asker,
) -> Result<Answer<Vec<SessionBody>>, ApiError> {
    let sessions = reading::sessions(&app, asker.owner).await.map_err(said)?;
    let sessions = reading::with_messages(&app, asker.owner, sessions).await.map_err(said)?;
    let body = |(session, said)| SessionBody::new(session, said, asker.email.clone());
    Ok(Answer(sessions.into_iter().map(body).collect()))
}

/// Read what was said in a session
#[utoipa::path(get, path = "/sessions/{id}", tag = "contract sessions",
    operation_id = "sessions_read", params(("id" = i64, Path)),
    responses((status = 200, body = HistoryBody)))]
pub(super) async fn read(
    State(app): State<App>,
    asker: Asker,
    Path(id): Path<String>,
) -> Result<Answer<HistoryBody>, ApiError> {
    let session = find(&app, asker.owner, &id).await?;
    let messages = reading::messages(&app, asker.owner, &session).await.map_err(said)?;
    Ok(Answer(HistoryBody::new(session, messages)))
}

/// Rename a session
#[utoipa::path(put, path = "/sessions/{id}", tag = "contract sessions",
    operation_id = "sessions_rename", params(("id" = i64, Path)), request_body = RenameBody,
    responses((status = 200, body = SessionBody), (status = 400, description = "No title")))]
pub(super) async fn rename(
    State(app): State<App>,
    asker: Asker,
    Path(id): Path<String>,
    body: Fields,
) -> Result<Answer<SessionBody>, ApiError> {
    let title = body.text("title").ok().flatten().unwrap_or_default();
    let title = title_of(title, TITLE_REQUIRED)?;
    let session = find(&app, asker.owner, &id).await?;
    let changes = ConversationChanges { title: Some(title), ..ConversationChanges::default() };
    let result = app.serene.conversations.change(asker.owner, session.id, changes).await;
    Ok(Answer(with_messages(&app, asker, result.map_err(said)?).await?))
}

/// Delete a session
///
/// It goes into the trash, and for its owner it is gone.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "contract sessions",
    operation_id = "sessions_delete", params(("id" = i64, Path)),
    responses((status = 200, body = SaidBody)))]
pub(super) async fn delete(
    State(app): State<App>,
    asker: Asker,
    Path(id): Path<String>,
) -> Result<Answer<SaidBody>, ApiError> {
    let session = find(&app, asker.owner, &id).await?;
    app.serene.trash_conversation(asker.owner, session.id).await.map_err(said)?;
    Ok(Answer(SaidBody { message: "Session deleted successfully".to_owned() }))
}

/// Archive a session, or take it out again
///
/// Archiving ends it; taken out again it stays ended. A body is not read.
#[utoipa::path(put, path = "/sessions/{id}/archive", tag = "contract sessions",
    operation_id = "sessions_archive", params(("id" = i64, Path)),
    responses((status = 200, body = SessionBody)))]
pub(super) async fn archive(
    State(app): State<App>,
    asker: Asker,
    Path(id): Path<String>,
) -> Result<Answer<SessionBody>, ApiError> {
    let session = find(&app, asker.owner, &id).await?;
    let toggled = app.serene.conversations.toggle_archive(asker.owner, session.id).await;
    Ok(Answer(with_messages(&app, asker, toggled.map_err(said)?).await?))
}

/// End a session
///
/// It stays readable and takes no further message. Again is no error. A body is not read.
#[utoipa::path(put, path = "/sessions/{id}/end", tag = "contract sessions",
    operation_id = "sessions_end", params(("id" = i64, Path)),
    responses((status = 200, body = SessionBody)))]
pub(super) async fn end(
    State(app): State<App>,
    asker: Asker,
    Path(id): Path<String>,
) -> Result<Answer<SessionBody>, ApiError> {
    let session = find(&app, asker.owner, &id).await?;
    let ended = app.serene.end_conversation(asker.owner, session.id).await.map_err(said)?;
    Ok(Answer(with_messages(&app, asker, ended).await?))
}

/// Sum up a session
///
/// In a sentence or two, by the model; the built-in responder, and whatever else stands in for a
/// model, picks sentences of the person's own. The summary is kept with the session. A body is not
/// read.
#[utoipa::path(post, path = "/sessions/{id}/summary", tag = "contract sessions",
    operation_id = "sessions_summary", params(("id" = i64, Path)),
    responses((status = 200, body = SummaryBody)))]
pub(super) async fn summary(
    State(app): State<App>,
    asker: Asker,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let session = find(&app, asker.owner, &id).await?;
    let summary = app.serene.generations.sum_up(asker.owner, session.id).await.map_err(said)?;
    let body = SummaryBody {
        message: "Summary generated successfully",
        summary: summary.text.into_exposed(),
    };
    Ok(telling(summary.error_code, Answer(body)))
}

/// Send a message
///
/// Stores it, waits for the reply and answers with that. Where the model fails, the answer is a
/// sentence that says so, and `x-serene-model-error` has the code.
#[utoipa::path(post, path = "/chat/respond", tag = "contract sessions",
    operation_id = "sessions_respond", request_body = SendBody,
    responses((status = 200, body = SaidBody), (status = 400, description = "No session or no text"),
              (status = 403, description = "The session has ended"),
              (status = 404, description = "There is no such session, or it is not yours"),
              (status = 409, description = "Another reply has been written for ten seconds")))]
pub(super) async fn respond(
    State(app): State<App>,
    asker: Asker,
    body: Fields,
) -> Result<Response, ApiError> {
    let number = match body.all.get("session_id") {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => return Err(missing(INCOMPLETE)),
    };
    let text = body.text("message").ok().flatten().filter(|text| !text.trim().is_empty());
    let text = MessageText::parse("message", text.ok_or_else(|| missing(INCOMPLETE))?)?;
    let session = find(&app, asker.owner, &number).await?;
    let send = SendMessage {
        conversation_id: session.id,
        message_id: None,
        text,
        attachments: Vec::new(),
        retry: body.retry,
        titled_by_model: false,
    };
    let result = app.serene.generations.send_when_free(asker.owner, send, BUSY_PATIENCE).await;
    match result.map_err(said)?.reply.end().await {
        End::Finished { message, .. } => Ok(answered(*message)),
        End::Reconnect => Err(Error::ShuttingDown.into()),
        End::NotStored(error) => Err(said(error)),
    }
}

/// The session of this number.
async fn find(app: &App, owner: Owner, number: &str) -> Result<Conversation, ApiError> {
    let number =
        ids::number(number).ok_or_else(|| said(Error::NotFound(Resource::Conversation)))?;
    app.serene.conversations.by_number(owner, number, Kind::Session).await.map_err(said)
}

async fn with_messages(
    app: &App,
    asker: Asker,
    session: Conversation,
) -> Result<SessionBody, ApiError> {
    let messages = reading::messages(app, asker.owner, &session).await.map_err(said)?;
    Ok(SessionBody::new(session, messages, asker.email))
}

/// A title, or the sentence for one that is blank.
fn title_of(text: &str, blank: &'static str) -> Result<Title, ApiError> {
    if text.trim().is_empty() {
        return Err(missing(blank));
    }
    Ok(Title::parse(text)?)
}

fn answered(message: Message) -> Response {
    let failed = message.error_code.clone();
    telling(failed.as_deref(), Answer(SaidBody { message: text(message) }))
}

/// An answer, with the model's failure beside it where there was one.
fn telling(error_code: Option<&str>, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if let Some(code) = error_code.and_then(|code| HeaderValue::from_str(code).ok()) {
        response.headers_mut().insert(MODEL_ERROR, code);
    }
    response
}
