//! Sessions: where an account is signed in, and signing out.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use serene_core::base::limits::{MAX_SESSIONS, MAX_USER_AGENT_CHARS};
use uuid::Uuid;

use super::{another_session, assert_open, login, refresh};
use crate::app::{Client, PASSWORD, TestApp};

const SESSIONS: &str = "/api/v1/auth/sessions";

async fn sessions(client: &Client) -> Vec<Value> {
    let page = client.get(SESSIONS).await.expect(StatusCode::OK);
    assert_eq!(page["next_cursor"], Value::Null);
    page["items"].as_array().unwrap().clone()
}

/// The session that a client's requests belong to.
async fn current(client: &Client) -> String {
    let sessions = sessions(client).await;
    let mut current = sessions.iter().filter(|session| session["current"] == true);
    let id = current.next().unwrap()["id"].as_str().unwrap().to_owned();
    assert!(current.next().is_none());
    id
}

async fn assert_ended(app: &TestApp, client: &Client) {
    client.get("/api/v1/me").await.expect_error(401, "SESSION_ENDED");
    let token = client.refresh_token.as_ref().unwrap();
    refresh(app, token).await.expect_error(401, "REFRESH_INVALID");
}

#[tokio::test]
async fn the_list_says_where_an_account_is_signed_in() {
    let app = TestApp::new().await;
    let laptop = app.user("mira").await;
    app.user("noor").await;
    app.clock.step_seconds(60);
    let mut phone = app.anonymous();
    phone.address = ([203, 0, 113, 7], 4321).into();
    let agent = "Firefox on a phone ".repeat(50);
    let body = json!({"username": "mira", "password": PASSWORD});
    let headers = [("user-agent", agent.as_str())];
    let reply = phone.send(Method::POST, "/api/v1/auth/login", Some(body), &headers).await;
    let phone = app.signed_in(&reply.expect(StatusCode::OK));

    let listed = sessions(&phone).await;
    assert_eq!(listed.len(), 2);
    assert_eq!((&listed[0]["current"], &listed[1]["current"]), (&json!(true), &json!(false)));
    assert_eq!(listed[0]["address"], "203.0.113.7");
    assert_eq!(listed[1]["address"], "127.0.0.1");
    let kept: String = agent.chars().take(MAX_USER_AGENT_CHARS).collect();
    assert_eq!(listed[0]["user_agent"], kept);
    assert_eq!(listed[1]["user_agent"], Value::Null);

    // Using a session brings it to the top.
    app.clock.step_seconds(60);
    refresh(&app, laptop.refresh_token.as_ref().unwrap()).await.expect(StatusCode::OK);
    let listed = sessions(&phone).await;
    assert_eq!((&listed[0]["current"], &listed[1]["current"]), (&json!(false), &json!(true)));
    assert!(listed[0]["last_used_at"].as_str() > listed[0]["created_at"].as_str());
}

#[tokio::test]
async fn a_revoked_session_is_over_at_once() {
    let app = TestApp::new().await;
    let laptop = app.user("mira").await;
    let phone = another_session(&app, "mira").await;
    let path = format!("{SESSIONS}/{}", current(&phone).await);
    assert_eq!(laptop.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_ended(&app, &phone).await;
    assert_eq!(sessions(&laptop).await.len(), 1);
    laptop.delete(&path).await.expect_error(404, "SESSION_NOT_FOUND");
    let unknown = format!("{SESSIONS}/{}", Uuid::nil());
    laptop.delete(&unknown).await.expect_error(404, "SESSION_NOT_FOUND");
    assert_open(&laptop.get("/api/v1/me").await);
}

#[tokio::test]
async fn signing_out_ends_this_session_and_no_other() {
    let app = TestApp::new().await;
    let laptop = app.user("mira").await;
    let phone = another_session(&app, "mira").await;
    assert_eq!(laptop.post("/api/v1/auth/logout", json!({})).await.status, StatusCode::NO_CONTENT);
    assert_ended(&app, &laptop).await;
    assert_open(&phone.get("/api/v1/me").await);
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_of_mine() {
    let app = TestApp::new().await;
    let noor = app.user("noor").await;
    let laptop = app.user("mira").await;
    let phone = another_session(&app, "mira").await;
    let reply = laptop.post("/api/v1/auth/logout-everywhere", json!({})).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT);
    assert_ended(&app, &laptop).await;
    assert_ended(&app, &phone).await;
    assert_open(&noor.get("/api/v1/me").await);
    login(&app, "mira", PASSWORD).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn the_longest_unused_session_makes_room_for_a_new_one() {
    let app = TestApp::new().await;
    let first = app.user("mira").await;
    let mut second = None;
    for _ in 1..=MAX_SESSIONS {
        app.clock.step_seconds(1);
        let next = another_session(&app, "mira").await;
        second.get_or_insert(next);
    }
    let second = second.unwrap();
    assert_eq!(sessions(&second).await.len(), MAX_SESSIONS as usize);
    assert_ended(&app, &first).await;
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends_by_itself() {
    const DAYS_30: i64 = 30 * 24 * 60 * 60;
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    app.clock.step_seconds(DAYS_30 - 1);
    let token = mira.refresh_token.as_ref().unwrap();
    let used = app.signed_in(&refresh(&app, token).await.expect(StatusCode::OK));
    app.clock.step_seconds(DAYS_30);
    let token = used.refresh_token.as_ref().unwrap();
    refresh(&app, token).await.expect_error(401, "REFRESH_INVALID");
}
