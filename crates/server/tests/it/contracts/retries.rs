//! `Idempotency-Key` in the published contracts: whatever they create, they create once.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Client, Reply, TestApp};

const NOTE: &str = "Today I walked along the river and it was quiet, which did me good.";

async fn keyed(client: &Client, path: &str, body: &Value, key: &str) -> Reply {
    client.send(Method::POST, path, Some(body.clone()), &[("idempotency-key", key)]).await
}

#[tokio::test]
async fn what_a_contract_creates_it_creates_once() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    mira.conversation().await;
    let chat = app.count("SELECT number FROM conversations");
    let session = mira.post("/sessions", json!({"title": "Today"})).await;
    let session = session.expect(StatusCode::CREATED)["id"].clone();
    let said =
        json!({"content": "good evening", "text": "good evening", "message": "good evening"});
    let requests = [
        ("/api/entries".to_owned(), json!({"mood": "calm", "note": NOTE})),
        ("/api/chat/create".to_owned(), json!({"title": "New"})),
        (format!("/api/messages/{chat}/send"), said.clone()),
        ("/chat/send".to_owned(), said.clone()),
        ("/api/conversations".to_owned(), json!({"title": "New"})),
        (format!("/api/conversations/{chat}/messages"), said.clone()),
        ("/conversations".to_owned(), json!({"title": "New"})),
        (format!("/conversations/{chat}/messages"), said.clone()),
        ("/chat/respond".to_owned(), json!({"session_id": session, "message": "good evening"})),
        // The last, because it ends the session above.
        ("/sessions".to_owned(), json!({"title": "New"})),
    ];
    let rows = || {
        let tables = ["conversations", "messages", "entries", "generations"];
        tables.map(|table| app.count(&format!("SELECT COUNT(*) FROM {table}")))
    };
    for (number, (path, body)) in requests.iter().enumerate() {
        let key = format!("key-{number}");
        let before = rows();
        let first = keyed(&mira, path, body, &key).await;
        assert!(first.status.is_success(), "{path}: {}", first.text());
        let after = rows();
        assert_ne!(after, before, "{path} creates something");
        let again = keyed(&mira, path, body, &key).await;
        assert_eq!((again.status, again.json()), (first.status, first.json()), "{path}");
        assert_eq!(rows(), after, "{path} created something again");
        let other = json!({"title": "Another", "mood": "calm", "note": NOTE, "content": "other",
                           "text": "other", "message": "other", "session_id": session});
        let other = keyed(&mira, path, &other, &key).await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {}", other.text());
        assert_eq!(other.json()["code"], "IDEMPOTENCY_KEY_REUSED");
        assert_eq!(rows(), after, "{path}");
    }
}
