//! The caller's own account: reading, changing and deleting it.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;
use serene_core::{
    accounts::{Personality, Preferences},
    schema::OWNED_TABLES,
};
use uuid::Uuid;

use super::{another_session, assert_open, login, refresh, register};
use crate::{
    app::{Client, PASSWORD, TestApp, unsigned_id_token},
    database::literal,
};

#[tokio::test]
async fn names_are_changed_one_at_a_time_or_together() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    app.clock.step_seconds(5);
    let before = mira.get("/api/v1/me").await.expect(StatusCode::OK);
    let body = json!({"email": "mira@example.org"});
    let after = mira.patch("/api/v1/me", body).await.expect(StatusCode::OK);
    assert_eq!((&after["username"], &after["email"]), (&json!("mira"), &json!("mira@example.org")));
    assert_eq!((&after["id"], &after["created_at"]), (&before["id"], &before["created_at"]));
    assert_ne!(after["updated_at"], before["updated_at"]);

    let body = json!({"username": "Mira_V", "email": "m@example.org"});
    let after = mira.patch("/api/v1/me", body).await.expect(StatusCode::OK);
    assert_eq!(mira.get("/api/v1/me").await.expect(StatusCode::OK), after);
    login(&app, "mira_v", PASSWORD).await.expect(StatusCode::OK);
    login(&app, "m@example.org", PASSWORD).await.expect(StatusCode::OK);
    for old in ["mira", "mira@example.org"] {
        login(&app, old, PASSWORD).await.expect_error(401, "INVALID_CREDENTIALS");
        let body = json!({"username": "new", "password": PASSWORD});
        let field = if old.contains('@') { "email" } else { "username" };
        let mut body = body;
        body[field] = json!(old);
        if field == "email" {
            body["username"] = json!(null);
        }
        register(&app, body).await.expect(StatusCode::CREATED);
    }
}

#[tokio::test]
async fn a_change_that_breaks_a_rule_changes_nothing() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let noor = json!({"username": "noor", "email": "noor@example.org", "password": PASSWORD});
    register(&app, noor).await.expect(StatusCode::CREATED);
    let before = mira.get("/api/v1/me").await.expect(StatusCode::OK);
    for (body, status, code) in [
        (json!({}), 400, "INVALID_REQUEST"),
        (json!({"username": null}), 400, "INVALID_REQUEST"),
        (json!({"username": "a b"}), 400, "INVALID_REQUEST"),
        (json!({"email": "nowhere"}), 400, "INVALID_REQUEST"),
        (json!({"password": "another password"}), 400, "INVALID_REQUEST"),
        (json!({"username": "NOOR"}), 409, "USERNAME_TAKEN"),
        (json!({"email": "Noor@example.org"}), 409, "EMAIL_TAKEN"),
        (json!({"username": "free", "email": "noor@example.org"}), 409, "EMAIL_TAKEN"),
    ] {
        mira.patch("/api/v1/me", body).await.expect_error(status, code);
        assert_eq!(mira.get("/api/v1/me").await.expect(StatusCode::OK), before);
    }
    // One's own name in another spelling is no duplicate.
    mira.patch("/api/v1/me", json!({"username": "MIRA"})).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_keeps_this_one() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let phone = another_session(&app, "mira").await;
    let noor = app.user("noor").await;
    let change = |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        mira.post("/api/v1/me/password", body)
    };
    change("a wrong password", "an even better one").await.expect_error(401, "INVALID_CREDENTIALS");
    let weak = change(PASSWORD, "short").await.expect_error(400, "INVALID_REQUEST");
    assert_eq!(weak["field"], "new_password");
    change(PASSWORD, &"ä".repeat(37)).await.expect_error(400, "INVALID_REQUEST");
    assert_open(&phone.get("/api/v1/me").await);

    assert_eq!(change(PASSWORD, "an even better one").await.status, StatusCode::NO_CONTENT);
    assert_open(&mira.get("/api/v1/me").await);
    refresh(&app, mira.refresh_token.as_ref().unwrap()).await.expect(StatusCode::OK);
    phone.get("/api/v1/me").await.expect_error(401, "SESSION_ENDED");
    refresh(&app, phone.refresh_token.as_ref().unwrap()).await.expect_error(401, "REFRESH_INVALID");
    assert_open(&noor.get("/api/v1/me").await);
    login(&app, "mira", PASSWORD).await.expect_error(401, "INVALID_CREDENTIALS");
    login(&app, "mira", "an even better one").await.expect(StatusCode::OK);
}

/// A pixel, as a client sends it.
const IMAGE: &str = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";

/// Fills every table with something of this user's. One piece of a running reply is put there by
/// hand: a finished one leaves none.
async fn fill(app: &TestApp, client: &Client) {
    let robot = Preferences { personality: Some(Personality::Robot), ..Preferences::default() };
    app.serene.accounts.set_preferences(app.owner(client), robot).await.unwrap();
    let conversation = client.conversation().await;
    let here = format!("/api/v1/conversations/{conversation}/preferences");
    client.patch(&here, json!({"instruction": "Be brief."})).await.expect(StatusCode::OK);
    for _ in 0..3 {
        let conversation = client.conversation().await;
        let path = format!("/api/v1/conversations/{conversation}/messages");
        let body = json!({"content": "look at this", "attachments": [IMAGE]});
        let key = [("idempotency-key", conversation.as_str())];
        let sent = client.send(Method::POST, &path, Some(body), &key).await;
        sent.expect(StatusCode::CREATED);
        client.say(&conversation, "and at this").await;
    }
    let note = "I walked along the river this morning and for once nothing hurried me.";
    let entry = json!({"mood": "calm", "tags": ["river"], "note": note});
    client.post("/api/v1/entries", entry).await.expect(StatusCode::CREATED);
    let id_token = unsigned_id_token(&json!({"sub": client.user_id}));
    let identities = "/api/v1/me/identities";
    client.post(identities, json!({"id_token": id_token})).await.expect(StatusCode::CREATED);
    let thrown_away = client.conversation().await;
    client.delete(&format!("/api/v1/conversations/{thrown_away}")).await;
    let insert = "INSERT INTO generation_chunks (owner_id, generation_id, start_offset, content) \
                  SELECT owner_id, id, 0, X'61' FROM generations WHERE owner_id = ";
    app.data.execute(&format!("{insert}{}", id_of(client)));
}

/// Keeps room free in the budgets, as a call does that runs.
fn hold(app: &TestApp, client: &Client) {
    let insert = "INSERT INTO usage_reservations (owner_id, id, holder, day, tokens, cost_nanos) \
                  SELECT owner_id, id, owner_id, '2026-02-03', 0, 0 FROM conversations \
                  WHERE owner_id = ";
    app.data.execute(&format!("{insert}{}", id_of(client)));
}

fn id_of(client: &Client) -> String {
    literal(Uuid::parse_str(client.user_id.as_ref().unwrap()).unwrap().as_bytes())
}

/// Every table of the database that names an owner, and the account's own.
fn rows_of(app: &TestApp, client: &Client) -> Vec<(String, i64)> {
    let owned = app.data.tables_with("owner_id");
    assert_eq!(owned.len(), OWNED_TABLES.len(), "the schema's list and the database differ");
    let owned = owned.into_iter().map(|table| (table, "owner_id"));
    let count = |(table, column): (String, &str)| {
        let select = format!("SELECT COUNT(*) FROM {table} WHERE {column} = {}", id_of(client));
        let count = app.count(&select);
        (table, count)
    };
    owned.chain([("users".to_owned(), "id")]).map(count).collect()
}

#[tokio::test]
async fn deleting_my_account_deletes_everything_of_mine_and_nothing_of_others() {
    let app = TestApp::sealed("echo").await;
    let (mira, noor) = (app.user("mira").await, app.user("noor").await);
    let tablet = another_session(&app, "mira").await;
    for client in [&mira, &noor] {
        fill(&app, client).await;
        hold(&app, client);
    }
    let of_noor = rows_of(&app, &noor);
    for (table, count) in rows_of(&app, &mira) {
        assert!(count > 0, "the test put nothing into {table}");
    }

    assert_eq!(mira.delete("/api/v1/me").await.status, StatusCode::NO_CONTENT);
    for (table, count) in rows_of(&app, &mira) {
        assert_eq!(count, 0, "{table}");
    }
    assert_eq!(rows_of(&app, &noor), of_noor);
    assert_open(&noor.get("/api/v1/me").await);
    for client in [&mira, &tablet] {
        client.get("/api/v1/me").await.expect_error(401, "SESSION_ENDED");
        client.delete("/api/v1/me").await.expect_error(401, "SESSION_ENDED");
        let token = client.refresh_token.as_ref().unwrap();
        refresh(&app, token).await.expect_error(401, "REFRESH_INVALID");
    }
    login(&app, "mira", PASSWORD).await.expect_error(401, "INVALID_CREDENTIALS");
    // The name is free again, and stands for somebody else.
    let again = app.user("mira").await;
    assert_ne!(again.user_id, mira.user_id);
    let page = again.get("/api/v1/conversations").await.expect(StatusCode::OK);
    assert_eq!(page["items"], json!([]));
}

#[tokio::test]
async fn deleting_my_account_stops_the_reply_that_is_being_written() {
    let app = TestApp::scripted("slow:50+long:2000").await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let sending = mira.post(&path, json!({"content": "go on and on"}));
    let deleting = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        mira.delete("/api/v1/me").await
    };
    let (_, deleted) = tokio::join!(sending, deleting);
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    for (table, count) in rows_of(&app, &mira) {
        assert_eq!(count, 0, "{table}");
    }
}

#[tokio::test]
async fn a_deletion_that_was_cut_off_is_finished_by_the_next_start() {
    let app = TestApp::new().await;
    let (mira, noor) = (app.user("mira").await, app.user("noor").await);
    fill(&app, &mira).await;
    fill(&app, &noor).await;
    let of_noor = rows_of(&app, &noor);
    // The server died after the first step of the deletion.
    app.data.execute(&format!("UPDATE users SET closed_at = 1 WHERE id = {}", id_of(&mira)));
    mira.get("/api/v1/me").await.expect_error(401, "SESSION_ENDED");
    login(&app, "mira", PASSWORD).await.expect_error(401, "INVALID_CREDENTIALS");
    let body = json!({"username": "mira", "password": PASSWORD});
    register(&app, body).await.expect_error(409, "USERNAME_TAKEN");

    app.serene.start_jobs();
    let gone = |rows: Vec<(String, i64)>| rows.iter().all(|(_, count)| *count == 0);
    for _ in 0..200 {
        if gone(rows_of(&app, &mira)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(gone(rows_of(&app, &mira)), "{:?}", rows_of(&app, &mira));
    assert_eq!(rows_of(&app, &noor), of_noor);
    app.user("mira").await;
}
