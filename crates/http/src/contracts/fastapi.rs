//! What the two contracts of FastAPI servers have in common besides the details of a 422: who asks,
//! the number in a path, fields, and the sentences their clients know.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use serene_core::{
    accounts::Caller,
    base::{Error, Resource},
};

use super::{
    body::{Fields, NotText},
    details, ids, visitor,
};
use crate::{
    App,
    error::{ApiError, Code},
};

/// An error of the core in the words that clients of FastAPI servers know.
pub(crate) fn said(error: Error) -> ApiError {
    known(details::of_field(error))
}

/// An error with such a sentence, where there is one.
pub(crate) fn known(error: ApiError) -> ApiError {
    let sentence = match error.code() {
        Code::Unauthenticated => "Not authenticated",
        Code::TokenInvalid | Code::TokenExpired | Code::SessionEnded => {
            "Could not validate credentials"
        }
        Code::InvalidCredentials => "Incorrect username or password",
        Code::UsernameTaken => "Username already registered",
        Code::EmailTaken => "Email already registered",
        Code::UserNotFound => "User not found",
        Code::ConversationNotFound => "Conversation not found",
        _ => return error,
    };
    error.saying(sentence)
}

/// A text that must be there.
pub(crate) fn needed<'f>(fields: &'f Fields, name: &'static str) -> Result<&'f str, ApiError> {
    given(fields, name)?.ok_or_else(|| details::missing(name))
}

/// A text that may be there.
pub(crate) fn given<'f>(
    fields: &'f Fields,
    name: &'static str,
) -> Result<Option<&'f str>, ApiError> {
    fields.text(name).map_err(|NotText| details::not_text(name))
}

/// Somebody who may ask.
#[derive(Debug)]
pub(crate) struct Asker(pub(crate) Caller);

impl FromRequestParts<App> for Asker {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let visitor = visitor::find(parts, app).await.map_err(known)?;
        Ok(Self(visitor.caller))
    }
}

/// The number of a conversation. Integers that are none of ours name nothing; anything else is no
/// integer.
#[derive(Debug)]
pub(crate) struct Number(pub(crate) i64);

impl Number {
    /// Reads it.
    pub(crate) fn read(text: &str) -> Result<i64, ApiError> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(details::no_integer("conversation_id"));
        }
        ids::number(text).ok_or_else(|| said(Error::NotFound(Resource::Conversation)))
    }
}

impl FromRequestParts<App> for Number {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        let Path(text) = path.map_err(|_| details::no_integer("conversation_id"))?;
        Self::read(&text).map(Self)
    }
}
