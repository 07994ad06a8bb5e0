//! Who asks.

use axum::{extract::FromRequestParts, http::request::Parts};
use serene_core::accounts::Caller;

use super::errors::known;
use crate::{App, contracts::visitor, error::ApiError};

/// Somebody who may ask: by the cookie, or by a bearer token, which the original did not take.
#[derive(Debug)]
pub(super) struct Asker(pub(super) Caller);

impl FromRequestParts<App> for Asker {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let visitor = visitor::find(parts, app).await.map_err(known)?;
        Ok(Self(visitor.caller))
    }
}
