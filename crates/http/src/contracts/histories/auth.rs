//! Registering, signing in and asking who one is, as `histories` answers it. The paths are shared
//! with other contracts: `shared` mounts them.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use secrecy::ExposeSecret;
use serene_core::{
    accounts::{Client, NewUser},
    base::{Email, Error, Password, Resource, Username},
};

use super::{
    asker::Asker,
    errors::{self, said},
    types::{LoginBody, LoginsBody, RegisteredBody, UserBody},
};
use crate::{
    App,
    answer::Answer,
    contracts::{
        Contract,
        body::{Fields, NotText},
    },
    error::{ApiError, Code},
};

/// `POST /api/auth/register` with `{username, email, password}`: 201, without a token.
pub(in crate::contracts) async fn register(
    app: &App,
    client: &Client,
    fields: &Fields,
) -> Result<Response, ApiError> {
    const MISSING: &str = "Missing required fields";
    let username = needed(fields, "username", MISSING)?;
    let email = needed(fields, "email", MISSING)?;
    let password = needed(fields, "password", MISSING)?;
    let new = NewUser {
        username: Some(Username::parse(username).map_err(said)?),
        email: Some(Email::parse(email).map_err(said)?),
        password: Password::choose("password", password).map_err(said)?,
    };
    let user = app.serene.accounts.enrol(new, client).await.map_err(said)?;
    let body = RegisteredBody::new(UserBody::from(user));
    Ok((StatusCode::CREATED, Answer(body)).into_response())
}

/// `POST /api/auth/login` with `{username, password}`: a token that is good for a month.
pub(in crate::contracts) async fn login(
    app: &App,
    client: &Client,
    fields: &Fields,
) -> Result<Response, ApiError> {
    const MISSING: &str = "Missing username or password";
    let name = needed(fields, "username", MISSING)?;
    let password = needed(fields, "password", MISSING)?;
    let lifetime = app.contracts.lifetime(Contract::Histories);
    let accounts = &app.serene.accounts;
    let signed_in = accounts.login_for(name, password, client, Some(lifetime)).await;
    let (user, tokens) = signed_in.map_err(said)?;
    let token = tokens.access_token.expose_secret().to_owned();
    Ok(Answer(LoginBody::new(UserBody::from(user), token)).into_response())
}

/// `GET /api/auth/me` with a bearer token.
pub(in crate::contracts) async fn me(app: &App, parts: &Parts) -> Result<Response, ApiError> {
    let Asker(caller) = Asker::find(parts, app).await?;
    Ok(Answer(UserBody::from(caller.user)).into_response())
}

/// Where I signed in
///
/// The caller's own open sessions; nobody else's.
#[utoipa::path(get, path = "/api/auth/login-history/{username}", tag = "contract histories",
    operation_id = "histories_logins", params(("username" = String, Path)),
    responses((status = 200, body = LoginsBody)))]
pub(super) async fn login_history(
    State(app): State<App>,
    Asker(caller): Asker,
    path: Result<Path<String>, PathRejection>,
) -> Result<Answer<LoginsBody>, ApiError> {
    let nobody = || said(Error::NotFound(Resource::User));
    let Path(name) = path.map_err(|_| nobody())?;
    let own = caller.user.username.clone().filter(|own| *own == name).ok_or_else(nobody)?;
    let sessions = app.serene.accounts.sessions(caller.owner).await.map_err(said)?;
    let history = sessions.into_iter().map(Into::into).collect();
    Ok(Answer(LoginsBody { username: own, history }))
}

/// A field that must be there and must not be empty.
fn needed<'f>(
    fields: &'f Fields,
    name: &'static str,
    missing: &'static str,
) -> Result<&'f str, ApiError> {
    match fields.text(name) {
        Ok(Some(text)) if !text.is_empty() => Ok(text),
        Ok(_) => Err(ApiError::new(Code::MissingFields, missing)),
        Err(NotText) => Err(errors::not_text(name)),
    }
}
