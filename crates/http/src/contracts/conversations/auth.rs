//! Registering, signing in, and the account of whoever asks.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use secrecy::ExposeSecret;
use serene_core::{
    accounts::{Client, NewUser},
    base::{Email, Password, Username},
};

use super::types::{DoneBody, SignedInBody, SignedUpBody, SigninBody, SignupBody, UserBody};
use crate::{
    App,
    answer::Answer,
    contracts::{
        Contract,
        body::Fields,
        details,
        fastapi::{Asker, given, needed, said},
    },
    error::ApiError,
    extract::Peer,
};

/// Register
///
/// With a user name, an e-mail address, or both. The token needs no further sign-in.
#[utoipa::path(post, path = "/signup", tag = "contract conversations",
    operation_id = "conversations_signup", security(()), request_body = SignupBody,
    responses((status = 201, body = SignedUpBody), (status = 409, description = "The name is taken"),
              (status = 422, description = "A field breaks its rule"),
              (status = 429, description = "Too many registrations from this address")))]
pub(super) async fn signup(
    State(app): State<App>,
    Peer(client): Peer,
    fields: Result<Fields, ApiError>,
) -> Result<Response, ApiError> {
    register(&app, &client, &fields.map_err(details::of_body)?).await
}

/// Sign in
///
/// With JSON or a form; the e-mail address may stand in the place of the user name.
#[utoipa::path(post, path = "/login", tag = "contract conversations",
    operation_id = "conversations_login", security(()), request_body = SigninBody,
    responses((status = 200, body = SignedInBody),
              (status = 401, description = "Wrong name or password"),
              (status = 422, description = "A field breaks its rule"),
              (status = 429, description = "Too many attempts for this name or address")))]
pub(super) async fn signin(
    State(app): State<App>,
    Peer(client): Peer,
    fields: Result<Fields, ApiError>,
) -> Result<Response, ApiError> {
    login(&app, &client, &fields.map_err(details::of_body)?).await
}

/// Who am I
#[utoipa::path(get, path = "/users/me", tag = "contract conversations",
    operation_id = "conversations_me", responses((status = 200, body = UserBody)))]
pub(super) async fn me(Asker(caller): Asker) -> Answer<UserBody> {
    Answer(caller.user.into())
}

/// Delete the account
///
/// And everything that belongs to it.
#[utoipa::path(delete, path = "/users/me", tag = "contract conversations",
    operation_id = "conversations_delete_me", responses((status = 200, body = DoneBody)))]
pub(super) async fn delete_me(
    State(app): State<App>,
    Asker(caller): Asker,
) -> Result<Answer<DoneBody>, ApiError> {
    app.serene.delete_account(caller.owner).await.map_err(said)?;
    Ok(Answer(DoneBody { message: "User deleted successfully" }))
}

/// What registering answers, wherever it is mounted: 201 and a token.
pub(in crate::contracts) async fn register(
    app: &App,
    client: &Client,
    fields: &Fields,
) -> Result<Response, ApiError> {
    let (username, email) = (given(fields, "username")?, given(fields, "email")?);
    if username.is_none() && email.is_none() {
        return Err(details::missing("username"));
    }
    let new = NewUser {
        username: username.map(Username::parse).transpose().map_err(said)?,
        email: email.map(Email::parse).transpose().map_err(said)?,
        password: Password::choose("password", needed(fields, "password")?).map_err(said)?,
    };
    let lifetime = Some(app.contracts.lifetime(Contract::Conversations));
    let registered = app.serene.accounts.register_for(new, client, lifetime).await;
    let (user, tokens) = registered.map_err(said)?;
    let body = SignedUpBody {
        user: user.into(),
        access_token: tokens.access_token.expose_secret().to_owned(),
        token_type: "bearer",
    };
    Ok((StatusCode::CREATED, Answer(body)).into_response())
}

/// What signing in answers, wherever it is mounted: 200 and a token.
pub(in crate::contracts) async fn login(
    app: &App,
    client: &Client,
    fields: &Fields,
) -> Result<Response, ApiError> {
    let name = match given(fields, "username")? {
        Some(name) => name,
        None => given(fields, "email")?.ok_or_else(|| details::missing("username"))?,
    };
    let password = needed(fields, "password")?;
    let lifetime = Some(app.contracts.lifetime(Contract::Conversations));
    let found = app.serene.accounts.login_for(name, password, client, lifetime).await;
    let (user, tokens) = found.map_err(said)?;
    let access_token = tokens.access_token.expose_secret().to_owned();
    let body = SignedInBody { access_token, token_type: "bearer", user: user.into() };
    Ok(Answer(body).into_response())
}
