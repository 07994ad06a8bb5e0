//! Registering, signing in and asking who one is, as `entries` answers it: with the cookie. The
//! paths are shared with other contracts: `shared` mounts them.

use axum::{
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use secrecy::{ExposeSecret, SecretString};
use serene_core::{
    accounts::{Client, NewUser},
    base::{Email, Password},
};

use super::{
    errors::{self, known, said},
    types::{Success, UserBody},
};
use crate::{
    App,
    answer::Answer,
    contracts::{
        Contract,
        body::{Fields, NotText},
        cookie, visitor,
    },
    error::{ApiError, Code},
};

/// `POST /api/auth/register` with `{email, password}`: 201 and the cookie.
pub(in crate::contracts) async fn register(
    app: &App,
    parts: &Parts,
    client: &Client,
    fields: &Fields,
) -> Result<Response, ApiError> {
    visitor::check_page(parts, app)?;
    let new = NewUser {
        username: None,
        email: Some(Email::parse(needed(fields, "email")?).map_err(said)?),
        password: Password::choose("password", needed(fields, "password")?).map_err(said)?,
    };
    let lifetime = Some(app.contracts.lifetime(Contract::Entries));
    let registered = app.serene.accounts.register_for(new, client, lifetime).await;
    let (_, tokens) = registered.map_err(said)?;
    signed_in(app, parts, StatusCode::CREATED, &tokens.access_token)
}

/// `POST /api/auth/login` with `{email, password}`: 200 and the cookie.
pub(in crate::contracts) async fn login(
    app: &App,
    parts: &Parts,
    client: &Client,
    fields: &Fields,
) -> Result<Response, ApiError> {
    visitor::check_page(parts, app)?;
    let (email, password) = (needed(fields, "email")?, needed(fields, "password")?);
    let lifetime = Some(app.contracts.lifetime(Contract::Entries));
    let found = app.serene.accounts.login_for(email, password, client, lifetime).await;
    let (_, tokens) = found.map_err(said)?;
    signed_in(app, parts, StatusCode::OK, &tokens.access_token)
}

/// `GET /api/auth/me` with the cookie.
pub(in crate::contracts) async fn me(app: &App, parts: &Parts) -> Result<Response, ApiError> {
    match visitor::find(parts, app).await {
        Ok(visitor) => Ok(Answer(UserBody::from(visitor.caller.user)).into_response()),
        // Sessions go with their account: which of the two is gone is a question of its own.
        Err(error) if error.code() == Code::SessionEnded => {
            let token = visitor::token(&parts.headers).unwrap_or_default();
            app.serene.accounts.check_account(token).await.map_err(said)?;
            Err(known(error))
        }
        Err(error) => Err(known(error)),
    }
}

/// Says that it went well, and gives the cookie.
fn signed_in(
    app: &App,
    parts: &Parts,
    status: StatusCode,
    token: &SecretString,
) -> Result<Response, ApiError> {
    let https = visitor::is_https(parts, app);
    let cookie = cookie::set(app, token.expose_secret(), https);
    let cookie = cookie.ok_or_else(crate::error::internal)?;
    Ok((status, [(header::SET_COOKIE, cookie)], Answer(Success::new())).into_response())
}

/// A field that must be there and must not be empty.
fn needed<'f>(fields: &'f Fields, name: &'static str) -> Result<&'f str, ApiError> {
    match fields.text(name) {
        Ok(Some(text)) if !text.is_empty() => Ok(text),
        Ok(_) => Err(errors::missing("Email and password are required")),
        Err(NotText) => Err(errors::not_text(name)),
    }
}
