//! The paths that several contracts share, and which of them answers. This is the one place that
//! decides; the rules are those of docs/contracts.md. Where a contract is switched off, another one
//! that has the path answers in its place, and where there is none the path is not there.

use axum::{
    extract::State,
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Contract, ContractOptions, body::Fields, chatbot, conversations, cookie, entries, histories,
    visitor,
};
use crate::{
    App,
    answer::Answer,
    error::{ApiError, Code, internal},
    extract::Peer,
    routes::{Routes, routes},
};

/// The shared routes, as far as a contract that has them is served.
pub(super) fn routes(options: &ContractOptions) -> Routes {
    let any = |contracts: &[Contract]| contracts.iter().any(|it| options.serves(*it));
    let has_tokens = any(&[Contract::Conversations, Contract::Chatbot]);
    let mut router = Routes::new();
    if any(&[Contract::Histories, Contract::Entries]) {
        router = router.with(routes!(health));
    }
    if any(&[Contract::Histories, Contract::Entries, Contract::Conversations]) {
        router = router.with(routes!(register)).with(routes!(login));
    }
    if any(&[Contract::Histories, Contract::Entries]) {
        router = router.with(routes!(me));
        router = router.with(routes!(logout).also_at(&["/auth/logout"]));
    }
    if has_tokens || options.serves(Contract::Entries) {
        router = router.with(routes!(root_register)).with(routes!(root_login));
    }
    if has_tokens {
        router = router.merge(conversations::signup_routes());
    }
    if options.serves(Contract::Entries) {
        router = router.with(routes!(root_me));
    }
    if options.serves(Contract::Chatbot) {
        router = router.merge(chatbot::me_routes());
    } else if options.serves(Contract::Conversations) {
        router = router.merge(conversations::me_routes());
    }
    if options.serves(Contract::Conversations) && !options.serves(Contract::Chatbot) {
        router = router.merge(conversations::mirror_routes());
    }
    router
}

/// It runs.
#[derive(Serialize, ToSchema)]
#[schema(as = SharedHealth)]
struct HealthBody {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Say that it runs
#[utoipa::path(get, path = "/health", tag = "contract shared", operation_id = "shared_health",
    security(()), responses((status = 200, body = HealthBody)))]
async fn health() -> Answer<HealthBody> {
    Answer(HealthBody { status: "ok" })
}

/// The three ways in which somebody is let in.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// `histories`: the user, and at sign-in a token.
    User,
    /// `conversations` and `chatbot`: a token and its type.
    Token,
    /// `entries`: the cookie.
    Cookie,
}

impl Way {
    /// The first of these that is served; the router has none of these paths where none is.
    fn first_served(app: &App, ways: &[Self]) -> Option<Self> {
        let served = |way: &&Self| match way {
            Self::User => app.contracts.serves(Contract::Histories),
            Self::Token => {
                app.contracts.serves(Contract::Conversations)
                    || app.contracts.serves(Contract::Chatbot)
            }
            Self::Cookie => app.contracts.serves(Contract::Entries),
        };
        ways.iter().find(served).copied()
    }

    /// Under `/api`: who sends a user name speaks `histories`, all others `entries`.
    fn under_api(app: &App, fields: &Fields) -> Option<Self> {
        let named = fields.has("username");
        let ways = if named {
            [Self::User, Self::Token, Self::Cookie]
        } else {
            [Self::Cookie, Self::Token, Self::User]
        };
        Self::first_served(app, &ways)
    }

    /// At the root: who sends a user name or a form wants a token, all others the cookie.
    fn at_root(app: &App, headers: &HeaderMap, fields: &Fields) -> Option<Self> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_form = kind.is_some_and(|kind| {
            kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
        });
        let ways = if fields.has("username") || is_form {
            [Self::Token, Self::Cookie]
        } else {
            [Self::Cookie, Self::Token]
        };
        Self::first_served(app, &ways)
    }
}

/// A name and a password.
#[derive(ToSchema)]
#[schema(as = SharedCredentials)]
#[expect(dead_code, reason = "describes what the handlers read")]
struct Credentials {
    /// Where it is there, no cookie is set.
    #[schema(example = json!(null))]
    username: Option<String>,
    #[schema(example = "user@email.com")]
    email: Option<String>,
    #[schema(example = "securepassword", format = Password)]
    password: String,
}

/// Somebody signed out.
#[derive(Serialize, ToSchema)]
#[schema(as = SharedLoggedOut)]
struct LoggedOut {
    success: bool,
    #[schema(example = "Successfully logged out")]
    message: &'static str,
}

/// Register
///
/// With a `username` as `histories` has it: 201 and the user. Otherwise as `entries` has it: 201,
/// `{"success": true}` and the cookie `auth_token`.
#[utoipa::path(post, path = "/api/auth/register", tag = "contract shared",
    operation_id = "shared_register", security(()), request_body = Credentials,
    responses((status = 201, description = "Registered", body = Object),
              (status = 403, description = "Another site's page"),
              (status = 409, description = "The name is taken"),
              (status = 429, description = "Too many registrations from this address")))]
async fn register(
    State(app): State<App>,
    parts: Parts,
    Peer(client): Peer,
    fields: Fields,
) -> Result<Response, ApiError> {
    match Way::under_api(&app, &fields) {
        Some(Way::User) => histories::auth::register(&app, &client, &fields).await,
        Some(Way::Token) => conversations::auth::register(&app, &client, &fields).await,
        Some(Way::Cookie) => entries::auth::register(&app, &parts, &client, &fields).await,
        None => Err(internal()),
    }
}

/// Sign in
///
/// With a `username` as `histories` has it: 200 and a token. Otherwise as `entries` has it: 200,
/// `{"success": true}` and the cookie `auth_token`.
#[utoipa::path(post, path = "/api/auth/login", tag = "contract shared",
    operation_id = "shared_login", security(()), request_body = Credentials,
    responses((status = 200, description = "Signed in", body = Object),
              (status = 401, description = "Wrong name or password"),
              (status = 403, description = "Another site's page"),
              (status = 429, description = "Too many attempts for this name or address")))]
async fn login(
    State(app): State<App>,
    parts: Parts,
    Peer(client): Peer,
    fields: Fields,
) -> Result<Response, ApiError> {
    match Way::under_api(&app, &fields) {
        Some(Way::User) => histories::auth::login(&app, &client, &fields).await,
        Some(Way::Token) => conversations::auth::login(&app, &client, &fields).await,
        Some(Way::Cookie) => entries::auth::login(&app, &parts, &client, &fields).await,
        None => Err(internal()),
    }
}

/// Register, at the root
///
/// With a `username` or a form as `conversations` has it: 201 and a token. Otherwise as `entries`
/// has it: 201, `{"success": true}` and the cookie `auth_token`.
#[utoipa::path(post, path = "/auth/register", tag = "contract shared",
    operation_id = "shared_root_register", security(()), request_body = Credentials,
    responses((status = 201, description = "Registered", body = Object),
              (status = 403, description = "Another site's page"),
              (status = 409, description = "The name is taken"),
              (status = 422, description = "A field breaks its rule"),
              (status = 429, description = "Too many registrations from this address")))]
async fn root_register(
    State(app): State<App>,
    parts: Parts,
    Peer(client): Peer,
    fields: Fields,
) -> Result<Response, ApiError> {
    match Way::at_root(&app, &parts.headers, &fields) {
        Some(Way::Cookie) => entries::auth::register(&app, &parts, &client, &fields).await,
        Some(_) => conversations::auth::register(&app, &client, &fields).await,
        None => Err(internal()),
    }
}

/// Sign in, at the root
///
/// With a `username` or a form: 200 and `{access_token, token_type}`. Otherwise as `entries` has
/// it: 200, `{"success": true}` and the cookie `auth_token`.
#[utoipa::path(post, path = "/auth/login", tag = "contract shared",
    operation_id = "shared_root_login", security(()), request_body = Credentials,
    responses((status = 200, description = "Signed in", body = Object),
              (status = 401, description = "Wrong name or password"),
              (status = 403, description = "Another site's page"),
              (status = 422, description = "A field breaks its rule"),
              (status = 429, description = "Too many attempts for this name or address")))]
async fn root_login(
    State(app): State<App>,
    parts: Parts,
    Peer(client): Peer,
    fields: Fields,
) -> Result<Response, ApiError> {
    match Way::at_root(&app, &parts.headers, &fields) {
        Some(Way::Cookie) => entries::auth::login(&app, &parts, &client, &fields).await,
        Some(_) => conversations::auth::login(&app, &client, &fields).await,
        None => Err(internal()),
    }
}

/// Who am I
///
/// With an `Authorization` header as `histories` has it, with an integer; otherwise as `entries`
/// has it, with a UUID. A bad bearer token never falls back to the cookie.
#[utoipa::path(get, path = "/api/auth/me", tag = "contract shared", operation_id = "shared_me",
    responses((status = 200, description = "The account", body = Object),
              (status = 404, description = "The account is gone")))]
async fn me(State(app): State<App>, parts: Parts) -> Result<Response, ApiError> {
    let bearer = parts.headers.contains_key(header::AUTHORIZATION);
    let ways = if bearer { [Way::User, Way::Cookie] } else { [Way::Cookie, Way::User] };
    match Way::first_served(&app, &ways) {
        Some(Way::User) => histories::auth::me(&app, &parts).await,
        Some(_) => entries::auth::me(&app, &parts).await,
        None => Err(internal()),
    }
}

/// Who am I, at the root
///
/// As `entries` has it.
#[utoipa::path(get, path = "/auth/me", tag = "contract shared", operation_id = "shared_root_me",
    responses((status = 200, description = "The account", body = Object),
              (status = 404, description = "The account is gone")))]
async fn root_me(State(app): State<App>, parts: Parts) -> Result<Response, ApiError> {
    entries::auth::me(&app, &parts).await
}

/// Sign out
///
/// Ends the session and takes the cookie away. A cookie that is no good any more is enough; with no
/// credential at all there is nothing to sign out of.
#[utoipa::path(post, path = "/api/auth/logout", tag = "contract shared",
    operation_id = "shared_logout",
    responses((status = 200, description = "Signed out", body = LoggedOut),
              (status = 403, description = "Another site's page")))]
async fn logout(State(app): State<App>, parts: Parts) -> Result<Response, ApiError> {
    let has_cookie = visitor::has_cookie(&parts.headers);
    if has_cookie {
        visitor::check_page(&parts, &app)?;
    }
    let bearer = parts.headers.contains_key(header::AUTHORIZATION);
    match visitor::find(&parts, &app).await {
        Ok(visitor) => visitor::sign_out(&app, &visitor).await?,
        Err(error) if !is_refusal(&error) => return Err(error),
        Err(error) if !has_cookie => return Err(not_signed_in(&error)),
        Err(_) => {}
    }
    // Both credentials of one browser end together.
    if bearer && has_cookie {
        let mut cookie_only = parts.clone();
        cookie_only.headers.remove(header::AUTHORIZATION);
        match visitor::find(&cookie_only, &app).await {
            Ok(visitor) => visitor::sign_out(&app, &visitor).await?,
            Err(error) if !is_refusal(&error) => return Err(error),
            Err(_) => {}
        }
    }
    let gone = cookie::expire(&app, visitor::is_https(&parts, &app)).ok_or_else(internal)?;
    let body = LoggedOut { success: true, message: "Successfully logged out" };
    Ok(([(header::SET_COOKIE, gone)], Answer(body)).into_response())
}

/// Whether a credential is missing or no good, rather than the server.
fn is_refusal(error: &ApiError) -> bool {
    let refusals =
        [Code::Unauthenticated, Code::TokenInvalid, Code::TokenExpired, Code::SessionEnded];
    refusals.contains(&error.code())
}

/// The sentence that clients of `histories` know, with the code that those of `entries` know.
fn not_signed_in(error: &ApiError) -> ApiError {
    match error.code() {
        Code::Unauthenticated => ApiError::new(Code::AuthRequired, "Missing Authorization Header"),
        Code::TokenExpired => ApiError::new(Code::AuthExpired, "Token has expired"),
        _ => ApiError::new(Code::AuthInvalid, "Token is not valid"),
    }
}
