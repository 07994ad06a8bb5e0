//! `/api/v1/auth`: signing up, in and out, and the sessions that come of it.

use axum::{extract::State, http::StatusCode};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serene_core::{
    accounts::{NewUser, Session, TokenPair, User},
    base::{Email, Password, Username},
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{bodies::UserBody, identities::checked};
use crate::{
    App,
    answer::Answer,
    error::{ApiError, Code},
    extract::{self, Caller, Id, Json, Peer},
    time::Stamp,
};

/// Who registers: a user name, an e-mail address, or both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    /// No spaces, no `@`, no characters that stand for another. Compared without regard to case.
    #[schema(example = "mira", min_length = 2, max_length = 64)]
    username: Option<String>,
    /// At most 254 bytes.
    #[schema(example = "mira@example.org", max_length = 254)]
    email: Option<String>,
    /// At most 72 bytes: bcrypt reads no more.
    #[schema(example = "a good long password", min_length = 8, max_length = 72, format = Password)]
    password: String,
}

/// Who signs in, by one of the two names.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// The user name; the e-mail address is taken here as well.
    #[schema(example = "mira")]
    username: Option<String>,
    #[schema(example = json!(null))]
    email: Option<String>,
    #[schema(example = "a good long password", format = Password)]
    password: String,
}

/// A refresh token to exchange.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    /// The one of the last answer.
    #[schema(example = "AZnkx1TIeFOlsA6c--eqLQ")]
    refresh_token: String,
}

/// Tokens, and whose they are.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedIn {
    user: UserBody,
    /// For the `Authorization: Bearer` header.
    access_token: String,
    /// Always `bearer`.
    #[schema(example = "bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 900)]
    expires_in: u64,
    /// Good for one exchange at `/api/v1/auth/refresh`.
    refresh_token: String,
    /// The session both tokens belong to.
    session_id: Uuid,
}

/// A Firebase ID token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdToken {
    /// As the Firebase client library gives it.
    #[schema(example = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.e30.c2ln", max_length = 8192)]
    id_token: String,
}

impl SignedIn {
    fn new(user: User, tokens: &TokenPair) -> Self {
        Self {
            user: user.into(),
            access_token: tokens.access_token.expose_secret().to_owned(),
            token_type: "bearer",
            expires_in: tokens.access_lifetime.as_secs(),
            refresh_token: tokens.refresh_token.expose_secret().to_owned(),
            session_id: tokens.session_id,
        }
    }
}

/// One sign-in on one device.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionBody {
    id: Uuid,
    /// Whether this request belongs to it.
    current: bool,
    /// What the client said it was.
    #[schema(example = "Firefox on Linux")]
    user_agent: Option<String>,
    /// The address it was opened from.
    #[schema(example = "203.0.113.7")]
    address: Option<String>,
    created_at: Stamp,
    last_used_at: Stamp,
    expires_at: Stamp,
}

impl SessionBody {
    fn new(session: Session, current: Uuid) -> Self {
        Self {
            id: session.id,
            current: session.id == current,
            user_agent: session.user_agent,
            address: session.address,
            created_at: session.created_at.into(),
            last_used_at: session.last_used_at.into(),
            expires_at: session.expires_at.into(),
        }
    }
}

/// The open sessions: at most a hundred, so there are no pages.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionList {
    items: Vec<SessionBody>,
    /// Always null.
    #[schema(example = json!(null))]
    next_cursor: Option<String>,
}

/// Register
///
/// Makes an account and signs it in. At least one of `username` and `email` is needed.
#[utoipa::path(post, path = "/api/v1/auth/register", tag = "auth", operation_id = "register",
    security(()), request_body = Registration,
    responses((status = 201, body = SignedIn), (status = 409, description = "The name is taken"),
              (status = 429, description = "Too many registrations from this address")))]
pub(crate) async fn register(
    State(app): State<App>,
    Peer(client): Peer,
    Json(body): Json<Registration>,
) -> Result<(StatusCode, Answer<SignedIn>), ApiError> {
    let new = NewUser {
        username: body.username.as_deref().map(Username::parse).transpose()?,
        email: body.email.as_deref().map(Email::parse).transpose()?,
        password: Password::choose("password", &body.password)?,
    };
    let (user, tokens) = app.serene.accounts.register(new, &client).await?;
    Ok((StatusCode::CREATED, Answer(SignedIn::new(user, &tokens))))
}

/// Sign in
///
/// By user name or e-mail address. Wrong and unknown names are answered alike, and after a few
/// wrong passwords each attempt has to wait longer.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "auth", operation_id = "login",
    security(()), request_body = Login,
    responses((status = 200, body = SignedIn), (status = 401, description = "Wrong name or password"),
              (status = 429, description = "Too many attempts for this name or address")))]
pub(crate) async fn login(
    State(app): State<App>,
    Peer(client): Peer,
    Json(body): Json<Login>,
) -> Result<Answer<SignedIn>, ApiError> {
    let ((Some(name), None) | (None, Some(name))) = (&body.username, &body.email) else {
        let text = "Send either `username` or `email`.";
        return Err(ApiError::new(Code::InvalidRequest, text));
    };
    let (user, tokens) = app.serene.accounts.login(name, &body.password, &client).await?;
    Ok(Answer(SignedIn::new(user, &tokens)))
}

/// Sign in with Firebase
///
/// Exchanges a Firebase ID token for a session. Whoever it names is found by its issuer and
/// subject, and gets an account when they are first seen; never by e-mail address. A server that
/// knows no Firebase project takes none.
#[utoipa::path(post, path = "/api/v1/auth/firebase", tag = "auth",
    operation_id = "sign_in_with_firebase", security(()), request_body = IdToken,
    responses((status = 200, body = SignedIn),
              (status = 401, description = "The token is not valid here, or has expired")))]
pub(crate) async fn firebase(
    State(app): State<App>,
    Peer(client): Peer,
    Json(body): Json<IdToken>,
) -> Result<Answer<SignedIn>, ApiError> {
    let (user, tokens) = app.serene.accounts.sign_in_as(checked(&body.id_token)?, &client).await?;
    Ok(Answer(SignedIn::new(user, &tokens)))
}

/// Exchange a refresh token
///
/// The token is good once: the answer has the next one. Within ten seconds the same token gives
/// the same answer again, for two tabs that start at once; later it ends the session.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "auth", operation_id = "refresh",
    security(()), request_body = Refresh,
    responses((status = 200, body = SignedIn), (status = 401, description = "Not valid, or used before")))]
pub(crate) async fn refresh(
    State(app): State<App>,
    Json(body): Json<Refresh>,
) -> Result<Answer<SignedIn>, ApiError> {
    let (user, tokens) = app.serene.accounts.refresh(&body.refresh_token).await?;
    Ok(Answer(SignedIn::new(user, &tokens)))
}

/// Sign out
///
/// Ends this session. Its tokens are refused from now on.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth", operation_id = "logout",
    responses((status = 204, description = "Signed out")))]
pub(crate) async fn logout(
    State(app): State<App>,
    Caller(caller): Caller,
) -> Result<StatusCode, ApiError> {
    app.serene.accounts.revoke_session(caller.owner, caller.session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign out everywhere
///
/// Ends every session of the account, this one included.
#[utoipa::path(post, path = "/api/v1/auth/logout-everywhere", tag = "auth",
    operation_id = "logout_everywhere",
    responses((status = 204, description = "Signed out everywhere")))]
pub(crate) async fn logout_everywhere(
    State(app): State<App>,
    Caller(caller): Caller,
) -> Result<StatusCode, ApiError> {
    app.serene.accounts.revoke_sessions(caller.owner, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List sessions
///
/// Where the account is signed in, the last used first.
#[utoipa::path(get, path = "/api/v1/auth/sessions", tag = "auth", operation_id = "list_sessions",
    responses((status = 200, body = SessionList)))]
pub(crate) async fn sessions(
    State(app): State<App>,
    Caller(caller): Caller,
) -> Result<Answer<SessionList>, ApiError> {
    let sessions = app.serene.accounts.sessions(caller.owner).await?;
    let body = |session| SessionBody::new(session, caller.session_id);
    let items = sessions.into_iter().map(body).collect();
    Ok(Answer(SessionList { items, next_cursor: None }))
}

/// End a session
///
/// Signs one device out.
#[utoipa::path(delete, path = "/api/v1/auth/sessions/{id}", tag = "auth",
    operation_id = "revoke_session", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Ended")))]
pub(crate) async fn revoke_session(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Session>,
) -> Result<StatusCode, ApiError> {
    app.serene.accounts.revoke_session(caller.owner, id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}
