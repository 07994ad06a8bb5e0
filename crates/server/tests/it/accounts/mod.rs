//! Accounts over the API: names, what is mine, sessions, tokens.

mod identities;
mod me;
mod names;
mod sessions;
mod tokens;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::app::{Client, Reply, TestApp};

/// Tries to register with this body.
async fn register(app: &TestApp, body: Value) -> Reply {
    app.anonymous().post("/api/v1/auth/register", body).await
}

/// Tries to sign in under `username`, which takes an e-mail address as well.
async fn login(app: &TestApp, name: &str, password: &str) -> Reply {
    let body = json!({"username": name, "password": password});
    app.anonymous().post("/api/v1/auth/login", body).await
}

/// One more session of an account.
async fn another_session(app: &TestApp, name: &str) -> Client {
    let reply = login(app, name, crate::app::PASSWORD).await;
    app.signed_in(&reply.expect(StatusCode::OK))
}

/// Exchanges a refresh token.
async fn refresh(app: &TestApp, token: &str) -> Reply {
    app.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": token})).await
}

/// Checks that this client's access token is good.
#[track_caller]
fn assert_open(reply: &Reply) {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
}

/// Checks that two answers differ in nothing but the request's id.
#[track_caller]
pub(crate) fn assert_alike(one: &Reply, other: &Reply) {
    let bare = |reply: &Reply| {
        let id = reply.headers["x-request-id"].to_str().unwrap().to_owned();
        let mut headers = reply.headers.clone();
        headers.remove("x-request-id");
        (reply.status, headers, reply.text().replace(&id, "…"))
    };
    assert_eq!(bare(one), bare(other));
}
