//! Who asks: by a Firebase ID token, by one of Serene's own, or by what every contract knows.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use serene_core::base::Owner;

use super::errors::{bad_header, no_email, refused};
use crate::{App, contracts::visitor, error::ApiError, extract::bearer, rate};

/// Somebody who may ask.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) owner: Owner,
    /// What is printed as their address: as their token has it, or as they gave it here.
    pub(super) email: Option<String>,
}

impl FromRequestParts<App> for Asker {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            let token = bearer(&parts.headers).ok_or_else(bad_header)?;
            let accounts = &app.serene.accounts;
            let identity = accounts.identify(token).await.map_err(|error| refused(error.into()))?;
            if let Some(identity) = identity {
                let email = identity.email.clone().ok_or_else(no_email)?;
                let caller = accounts.caller_of(&identity).await;
                let caller = caller.map_err(|error| refused(error.into()))?;
                rate::charge(parts, app, caller.owner).await?;
                return Ok(Self { owner: caller.owner, email: Some(email) });
            }
        }
        let visitor = visitor::find(parts, app).await.map_err(refused)?;
        Ok(Self { owner: visitor.caller.owner, email: visitor.caller.user.email })
    }
}
