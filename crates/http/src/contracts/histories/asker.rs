//! Who asks, and what somebody is told who is not let in.

use axum::{
    extract::{FromRequestParts, Path},
    http::{header, request::Parts},
};
use serene_core::{
    accounts::Caller,
    base::{Error, Resource},
};

use super::errors::{known, said};
use crate::{
    App,
    contracts::{ids, visitor},
    error::{ApiError, Code},
    extract::bearer,
};

/// Somebody who may ask.
#[derive(Debug)]
pub(super) struct Asker(pub(super) Caller);

impl Asker {
    /// Finds out who asks. What is wrong with a token is said as this contract's clients know it;
    /// the status is always 401.
    pub(super) async fn find(parts: &Parts, app: &App) -> Result<Self, ApiError> {
        match visitor::find(parts, app).await {
            Ok(visitor) => Ok(Self(visitor.caller)),
            Err(error) if error.code() == Code::TokenInvalid => Err(bad_token(parts, error)),
            Err(error) => Err(known(error)),
        }
    }
}

impl FromRequestParts<App> for Asker {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Self::find(parts, app).await
    }
}

/// The number in a path. What is no integer is no route of this contract.
#[derive(Debug)]
pub(super) struct Number(pub(super) i64);

impl Number {
    /// The number, or what this contract says where it names nothing.
    async fn read(parts: &mut Parts, app: &App, missing: Resource) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        let text = path.map(|Path(text)| text).unwrap_or_default();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ApiError::new(Code::NotFound, "Not found"));
        }
        ids::number(&text).map(Self).ok_or_else(|| said(Error::NotFound(missing)))
    }
}

impl FromRequestParts<App> for Number {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Self::read(parts, app, Resource::Conversation).await
    }
}

/// The number of a message in a path.
#[derive(Debug)]
pub(super) struct MessageNumber(pub(super) i64);

impl FromRequestParts<App> for MessageNumber {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Number(number) = Number::read(parts, app, Resource::Message).await?;
        Ok(Self(number))
    }
}

/// A JWT has three segments.
fn bad_token(parts: &Parts, error: ApiError) -> ApiError {
    match bearer(&parts.headers) {
        Some(token) if token.split('.').count() < 3 => error.saying("Not enough segments"),
        None if parts.headers.contains_key(header::AUTHORIZATION) => {
            error.saying("Expected 'Authorization: Bearer <JWT>'")
        }
        _ => known(error),
    }
}
