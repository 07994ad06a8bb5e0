//! Shapes on the wire, as they are: whoever changes one sees it here.

use axum::http::{Method, StatusCode};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::app::{Client, PASSWORD, Reply, TestApp};

/// What differs from run to run, by what it is.
fn redacted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), field(name, value))).collect()
        }
        Value::Array(items) => items.iter().map(redacted).collect(),
        other => other.clone(),
    }
}

fn field(name: &str, value: &Value) -> Value {
    let Some(text) = value.as_str() else { return redacted(value) };
    if uuid::Uuid::try_parse(text).is_ok_and(|id| id.get_version_num() == 7) {
        return "(id)".into();
    }
    let is_time = text.len() == 27 && text.as_bytes()[10] == b'T' && text.ends_with('Z');
    match name {
        _ if name.ends_with("_at") && is_time => "(time)".into(),
        "url" => text.rsplit_once('/').map_or("(url)".into(), |(path, _)| format!("{path}/(id)").into()),
        "access_token" | "refresh_token" | "next_cursor" => "(opaque)".into(),
        _ => value.clone(),
    }
}

async fn scratch() {}

#[tokio::test]
async fn dump() {
    let app = TestApp::scripted("fixed:I hear you.").await;
    let body = json!({"username": "mira", "email": "mira@example.org", "password": PASSWORD});
    let agent = [("user-agent", "Firefox on Linux")];
    let signed = app.anonymous().send(Method::POST, "/api/v1/auth/register", Some(body), &agent).await.expect(StatusCode::CREATED);
    let mira = app.signed_in(&signed);
    let p = |name: &str, v: &Value| println!("== {name}\n{}", serde_json::to_string_pretty(&redacted(v)).unwrap());
    p("signed", &signed);
    p("me", &mira.get("/api/v1/me").await.json());
    p("sessions", &mira.get("/api/v1/auth/sessions").await.json());
    let c = mira.post("/api/v1/conversations", json!({})).await.json();
    p("conv", &c);
    let id = c["id"].as_str().unwrap();
    let b = json!({"content": "I slept badly again.", "attachments": ["data:image/gif;base64,R0lGODlh"]});
    let e = mira.post(&format!("/api/v1/conversations/{id}/messages"), b).await.json();
    p("exchange", &e);
    p("list", &mira.get("/api/v1/conversations?limit=1").await.json());
    p("page", &mira.get(&format!("/api/v1/conversations/{id}/messages?limit=1")).await.json());
}
