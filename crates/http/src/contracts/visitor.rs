//! Who asks: by bearer token, by cookie, or as the demo user. What each contract says to somebody
//! it does not let in is its own.

use axum::http::{HeaderMap, Method, header, request::Parts};
use serene_core::{accounts::Caller, base::Error};

use super::cookie;
use crate::{
    App,
    error::{ApiError, Code},
    extract::{bearer, is_json},
    rate,
};

/// By what somebody was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    /// A token in the `Authorization` header.
    Bearer,
    /// The cookie.
    Cookie,
    /// No credential at all, where the operator lets such visitors in.
    Demo,
}

/// Who asks, and by what they were recognised.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) caller: Caller,
    pub(crate) means: Means,
}

/// Finds out who asks, and counts the request as theirs. A bad bearer token never falls back to the
/// cookie.
///
/// # Errors
/// [`Code::RateLimited`]; [`Code::Unauthenticated`] without a credential; [`Code::TokenInvalid`], [`Code::TokenExpired`],
/// [`Code::SessionEnded`] with a bad one; [`Code::OriginNotAllowed`] when another site's page uses
/// the cookie.
pub(crate) async fn find(parts: &Parts, app: &App) -> Result<Visitor, ApiError> {
    let visitor = recognise(parts, app).await?;
    rate::charge(parts, app, visitor.caller.owner).await?;
    Ok(visitor)
}

async fn recognise(parts: &Parts, app: &App) -> Result<Visitor, ApiError> {
    if parts.headers.contains_key(header::AUTHORIZATION) {
        let token = bearer(&parts.headers).ok_or(Error::TokenInvalid)?;
        let caller = app.serene.accounts.authenticate(token).await?;
        return Ok(Visitor { caller, means: Means::Bearer });
    }
    if let Some(token) = cookie::read(&parts.headers).filter(|token| !token.is_empty()) {
        check_page(parts, app)?;
        let caller = app.serene.accounts.authenticate(token).await?;
        return Ok(Visitor { caller, means: Means::Cookie });
    }
    match &app.contracts.demo_user {
        Some(name) => {
            let caller = app.serene.accounts.act_as(name).await?;
            Ok(Visitor { caller, means: Means::Demo })
        }
        None => Err(Error::Unauthenticated.into()),
    }
}

/// Ends the session of a visitor who is signed in.
///
/// # Errors
/// When storage fails.
pub(crate) async fn sign_out(app: &App, visitor: &Visitor) -> Result<(), ApiError> {
    let Visitor { caller, means } = visitor;
    if *means == Means::Demo {
        return Ok(());
    }
    match app.serene.accounts.revoke_session(caller.owner, caller.session_id).await {
        // Somebody else was quicker.
        Ok(()) | Err(Error::NotFound(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether the request brings a cookie, good or not.
pub(crate) fn has_cookie(headers: &HeaderMap) -> bool {
    cookie::read(headers).is_some()
}

/// The token that a request brings: the bearer token, or else the cookie's.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    if headers.contains_key(header::AUTHORIZATION) {
        return bearer(headers);
    }
    cookie::read(headers)
}

/// Another site's page must not act with a visitor's cookie, nor give them one of its own (CSRF).
/// On methods that change something, bodies are JSON, which no form can send, and the page must be
/// ours or on the list. A request without either header comes from no browser.
///
/// # Errors
/// [`Code::UnsupportedMediaType`], [`Code::OriginNotAllowed`].
pub(crate) fn check_page(parts: &Parts, app: &App) -> Result<(), ApiError> {
    let headers = &parts.headers;
    if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    if headers.contains_key(header::CONTENT_TYPE) && !is_json(headers) {
        let text = "With a cookie the body must be JSON.";
        return Err(ApiError::new(Code::UnsupportedMediaType, text));
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let listed = || headers.get(header::ORIGIN).is_some_and(|origin| app.origins.allows(origin));
    let allowed = match (text("sec-fetch-site"), text("origin")) {
        (Some("same-origin" | "none"), _) | (None, None) => true,
        (Some(_), _) => listed(),
        (None, Some(origin)) => {
            let host = text("host").unwrap_or_default();
            let own =
                origin.split_once("://").is_some_and(|(_, at)| at == host && !host.is_empty());
            own || listed()
        }
    };
    if allowed {
        Ok(())
    } else {
        let text = "This page may not act for you: its origin is not on the list.";
        Err(ApiError::new(Code::OriginNotAllowed, text))
    }
}

/// Whether the request came by https, as far as is known: a proxy that is trusted says so.
pub(crate) fn is_https(parts: &Parts, app: &App) -> bool {
    let peer = parts.extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>();
    let trusted = peer.is_some_and(|info| app.proxies.contains(info.0.ip()));
    let proto = parts.headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    // Proxies in a row append; the last one is ours.
    let last = proto.and_then(|list| list.rsplit(',').next()).map(str::trim);
    trusted && last.is_some_and(|proto| proto.eq_ignore_ascii_case("https"))
}
