//! `/api/v1/me`: the caller's own account.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serene_core::{
    accounts::UserChanges,
    base::{Country, Email, Language, Password, Username, Zone},
    portable,
};
use utoipa::ToSchema;

use super::bodies::UserBody;
use crate::{
    App,
    answer::Answer,
    error::{ApiError, Code},
    extract::{Caller, Json, Peer},
};

/// What to change. Fields that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserChanges)]
pub(crate) struct Changes {
    #[schema(example = "mira_v", min_length = 2, max_length = 64)]
    username: Option<String>,
    /// At most 254 bytes.
    #[schema(example = "mira@example.org", max_length = 254)]
    email: Option<String>,
    /// The zone your days are in: a name of the IANA database.
    #[schema(example = "Europe/Berlin", max_length = 64)]
    time_zone: Option<String>,
    /// Where you live: two letters of ISO 3166-1. Decides which help you are shown.
    #[schema(example = "DE", min_length = 2, max_length = 2, pattern = "^[A-Za-z]{2}$")]
    country: Option<String>,
    /// What you speak: a language tag, of which the first part is kept.
    #[schema(example = "de", max_length = 35, pattern = "^[A-Za-z]{2,3}([-_][0-9A-Za-z_-]*)?$")]
    language: Option<String>,
}

/// The old password and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    #[schema(example = "a good long password", format = Password)]
    current_password: String,
    /// At most 72 bytes: bcrypt reads no more.
    #[schema(example = "an even better password", min_length = 8, max_length = 72, format = Password)]
    new_password: String,
}

/// Read my account
#[utoipa::path(get, path = "/api/v1/me", tag = "me", operation_id = "read_me",
    responses((status = 200, body = UserBody)))]
pub(crate) async fn read(Caller(caller): Caller) -> Answer<UserBody> {
    // Authentication has just read it.
    Answer(caller.user.into())
}

/// Change my names
#[utoipa::path(patch, path = "/api/v1/me", tag = "me", operation_id = "change_me",
    request_body = Changes,
    responses((status = 200, body = UserBody), (status = 409, description = "The name is taken")))]
pub(crate) async fn change(
    State(app): State<App>,
    Caller(caller): Caller,
    Json(body): Json<Changes>,
) -> Result<Answer<UserBody>, ApiError> {
    let changes = UserChanges {
        username: body.username.as_deref().map(Username::parse).transpose()?,
        email: body.email.as_deref().map(Email::parse).transpose()?,
        time_zone: body.time_zone.as_deref().map(Zone::parse).transpose()?,
        country: body.country.as_deref().map(Country::parse).transpose()?,
        language: body.language.as_deref().map(Language::parse).transpose()?,
    };
    if changes == UserChanges::default() {
        let text = "Send `username`, `email`, `time_zone`, `country` or `language`.";
        return Err(ApiError::new(Code::InvalidRequest, text));
    }
    Ok(Answer(app.serene.accounts.change_user(caller.owner, changes).await?.into()))
}

/// Export everything of mine
///
/// One JSON document: the account, conversations with those in the trash, messages with every
/// version and attachment, entries, usage. It is written while it is read. When it is cut off (the
/// server stops), the connection is closed before the end, and the document is not whole.
#[utoipa::path(get, path = "/api/v1/me/export", tag = "me", operation_id = "export_me",
    responses((status = 200, content_type = "application/json", body = Object,
               description = "The document; docs/export.md describes it")))]
pub(crate) async fn export(State(app): State<App>, Caller(caller): Caller) -> Response {
    let pieces = portable::export(&app.serene, &caller);
    let pieces = futures_util::stream::unfold(pieces, |mut pieces| async move {
        Some((pieces.recv().await?, pieces))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"serene-export.json\""),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, Body::from_stream(pieces)).into_response()
}

/// Delete my account
///
/// Everything of mine goes: sessions, conversations, messages, attachments, usage. For good.
#[utoipa::path(delete, path = "/api/v1/me", tag = "me", operation_id = "delete_me",
    responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete(
    State(app): State<App>,
    Caller(caller): Caller,
) -> Result<StatusCode, ApiError> {
    app.serene.delete_account(caller.owner).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change my password
///
/// Ends every other session. After a few wrong passwords each attempt has to wait longer.
#[utoipa::path(post, path = "/api/v1/me/password", tag = "me", operation_id = "change_password",
    request_body = PasswordChange,
    responses((status = 204, description = "Changed"),
              (status = 401, description = "The current password is wrong"),
              (status = 429, description = "Too many attempts")))]
pub(crate) async fn change_password(
    State(app): State<App>,
    Caller(caller): Caller,
    Peer(client): Peer,
    Json(body): Json<PasswordChange>,
) -> Result<StatusCode, ApiError> {
    let new = Password::choose("new_password", &body.new_password)?;
    let current = &body.current_password;
    app.serene.accounts.change_password(&caller, current, new, &client).await?;
    Ok(StatusCode::NO_CONTENT)
}
