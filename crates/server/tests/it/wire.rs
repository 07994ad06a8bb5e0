//! Shapes on the wire, as they are: whoever changes one sees it here.

use axum::http::{Method, StatusCode};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::app::{Client, PASSWORD, TestApp};

/// The same, with a word in the place of what differs from run to run.
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
    let is_time = text.len() == 27 && &text[10..11] == "T" && text.ends_with('Z');
    match name {
        _ if name.ends_with("_at") && is_time => "(time)".into(),
        "url" => format!("{}/(id)", text.rsplit_once('/').unwrap().0).into(),
        "access_token" | "refresh_token" | "next_cursor" => "(opaque)".into(),
        _ => value.clone(),
    }
}

/// Somebody who has just registered, and what they were told.
async fn registered(app: &TestApp) -> (Client, Value) {
    let body = json!({"username": "mira", "email": "mira@example.org", "password": PASSWORD});
    let agent = [("user-agent", "Firefox on Linux")];
    let reply = app.anonymous().send(Method::POST, "/api/v1/auth/register", Some(body), &agent);
    let body = reply.await.expect(StatusCode::CREATED);
    (app.signed_in(&body), body)
}

async fn got(client: &Client, path: &str) -> Value {
    redacted(&client.get(path).await.expect(StatusCode::OK))
}

#[tokio::test]
async fn a_user_and_a_session() {
    let app = TestApp::new().await;
    let (mira, body) = registered(&app).await;
    assert_json_snapshot!(redacted(&body), @"@signed");
    assert_json_snapshot!(got(&mira, "/api/v1/me").await, @"@me");
    assert_json_snapshot!(got(&mira, "/api/v1/auth/sessions").await, @"@sessions");
}

#[tokio::test]
async fn a_conversation() {
    let app = TestApp::new().await;
    let (mira, _) = registered(&app).await;
    let new = mira.post("/api/v1/conversations", json!({})).await.expect(StatusCode::CREATED);
    assert_json_snapshot!(redacted(&new), @"@conv");
    let path = format!("/api/v1/conversations/{}", new["id"].as_str().unwrap());
    let full = json!({"title": "A walk by the river", "pinned": true, "archived": true});
    mira.patch(&path, full).await.expect(StatusCode::OK);
    mira.post(&format!("{path}/end"), json!({})).await.expect(StatusCode::OK);
    mira.delete(&path).await.expect(StatusCode::NO_CONTENT);
    assert_json_snapshot!(got(&mira, "/api/v1/conversations?shelf=trash").await, @"@trash");
}

#[tokio::test]
async fn an_exchange() {
    let app = TestApp::scripted("fixed:I hear you.").await;
    let (mira, _) = registered(&app).await;
    let id = mira.conversation().await;
    let path = format!("/api/v1/conversations/{id}/messages");
    let image = "data:image/gif;base64,R0lGODlh";
    let body = json!({"content": "I slept badly again.", "attachments": [image]});
    let mut exchange = mira.post(&path, body).await.expect(StatusCode::CREATED);
    let usage = exchange["generation"]["usage"].as_object_mut().unwrap();
    for figure in ["prompt_tokens", "total_tokens"] {
        // They follow from the length of the instruction.
        assert!(usage.insert(figure.to_owned(), "(number)".into()).unwrap().is_u64());
    }
    assert_json_snapshot!(redacted(&exchange), @"@exchange");
    let page = mira.get(&format!("{path}?limit=1")).await.expect(StatusCode::OK);
    assert_eq!(page["items"], json!([exchange["user_message"]]));
    let last = format!("{path}?limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
    let last = mira.get(&last).await.expect(StatusCode::OK);
    let expected = json!({"items": [exchange["assistant_message"]], "next_cursor": null});
    assert_eq!(last, expected);
}

#[tokio::test]
async fn a_failed_reply() {
    let app = TestApp::scripted("no-usage+cut:2+long:5").await;
    let (mira, _) = registered(&app).await;
    let exchange = mira.say(&mira.conversation().await, "I slept badly again.").await;
    let reply = &exchange["assistant_message"];
    assert_json_snapshot!(redacted(reply), @"@failed");
    let mut generation = redacted(&exchange["generation"]);
    generation["usage"] = "(as above)".into();
    assert_json_snapshot!(generation, @"@failedgen");
}

#[tokio::test]
async fn errors() {
    let app = TestApp::scripted("slow:5000").await;
    let (mira, _) = registered(&app).await;
    let id = mira.conversation().await;
    let path = format!("/api/v1/conversations/{id}/messages");
    let accept = [("accept", "text/event-stream")];
    let request = Client::request(Method::POST, &path, Some(json!({"content": "hi"})), &accept);
    drop(mira.open(request).await);
    let busy = mira.post(&path, json!({"content": "hi"})).await.expect(StatusCode::CONFLICT);
    assert_json_snapshot!(redacted(&busy), @"@busy");
    let blank = mira.post(&path, json!({"content": ""})).await.expect(StatusCode::BAD_REQUEST);
    assert_json_snapshot!(redacted(&blank), @"@blank");
    let unknown = mira.post(&path, json!({"text": "hi"})).await.expect(StatusCode::BAD_REQUEST);
    assert_json_snapshot!(redacted(&unknown), @"@unknown");
    let missing = mira.get("/api/v1/messages/7").await.expect(StatusCode::NOT_FOUND);
    assert_json_snapshot!(redacted(&missing), @"@missing");
    let nobody = app.anonymous().get("/api/v1/me").await.expect(StatusCode::UNAUTHORIZED);
    assert_json_snapshot!(redacted(&nobody), @"@nobody");
    let nowhere = mira.get("/api/v2").await.expect(StatusCode::NOT_FOUND);
    assert_json_snapshot!(redacted(&nowhere), @"@nowhere");
    let method = mira.delete("/api/v1/auth/login").await.expect(StatusCode::METHOD_NOT_ALLOWED);
    assert_json_snapshot!(redacted(&method), @"@method");
}
