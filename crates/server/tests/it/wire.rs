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
    let path = "/api/v1/auth/register";
    let reply = app.anonymous().send(Method::POST, path, Some(body), &agent).await;
    let body = reply.expect(StatusCode::CREATED);
    (app.signed_in(&body), body)
}

async fn got(client: &Client, path: &str) -> Value {
    redacted(&client.get(path).await.expect(StatusCode::OK))
}

#[tokio::test]
async fn a_user_and_a_session() {
    let app = TestApp::new().await;
    let (mira, body) = registered(&app).await;
    assert_json_snapshot!(redacted(&body), @r#"
    {
      "access_token": "(opaque)",
      "expires_in": 900,
      "refresh_token": "(opaque)",
      "session_id": "(id)",
      "token_type": "bearer",
      "user": {
        "country": null,
        "created_at": "(time)",
        "email": "mira@example.org",
        "id": "(id)",
        "language": null,
        "time_zone": null,
        "updated_at": "(time)",
        "username": "mira"
      }
    }
    "#);
    assert_json_snapshot!(got(&mira, "/api/v1/me").await, @r#"
    {
      "country": null,
      "created_at": "(time)",
      "email": "mira@example.org",
      "id": "(id)",
      "language": null,
      "time_zone": null,
      "updated_at": "(time)",
      "username": "mira"
    }
    "#);
    assert_json_snapshot!(got(&mira, "/api/v1/auth/sessions").await, @r#"
    {
      "items": [
        {
          "address": "127.0.0.1",
          "created_at": "(time)",
          "current": true,
          "expires_at": "(time)",
          "id": "(id)",
          "last_used_at": "(time)",
          "user_agent": "Firefox on Linux"
        }
      ],
      "next_cursor": null
    }
    "#);
}

#[tokio::test]
async fn a_conversation() {
    let app = TestApp::new().await;
    let (mira, _) = registered(&app).await;
    let new = mira.post("/api/v1/conversations", json!({})).await.expect(StatusCode::CREATED);
    assert_json_snapshot!(redacted(&new), @r#"
    {
      "active_generation_id": null,
      "archived_at": null,
      "created_at": "(time)",
      "deleted_at": null,
      "ended_at": null,
      "id": "(id)",
      "message_count": 0,
      "pinned_at": null,
      "title": null,
      "updated_at": "(time)"
    }
    "#);
    let path = format!("/api/v1/conversations/{}", new["id"].as_str().unwrap());
    let full = json!({"title": "A walk by the river", "pinned": true, "archived": true});
    mira.patch(&path, full).await.expect(StatusCode::OK);
    mira.post(&format!("{path}/end"), json!({})).await.expect(StatusCode::OK);
    mira.delete(&path).await.expect(StatusCode::NO_CONTENT);
    assert_json_snapshot!(got(&mira, "/api/v1/conversations?shelf=trash").await, @r#"
    {
      "items": [
        {
          "active_generation_id": null,
          "archived_at": "(time)",
          "created_at": "(time)",
          "deleted_at": "(time)",
          "ended_at": "(time)",
          "id": "(id)",
          "message_count": 0,
          "pinned_at": "(time)",
          "title": "A walk by the river",
          "updated_at": "(time)"
        }
      ],
      "next_cursor": null
    }
    "#);
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
    assert_json_snapshot!(redacted(&exchange), @r#"
    {
      "assistant_message": {
        "attachments": [],
        "content": "I hear you.",
        "conversation_id": "(id)",
        "created_at": "(time)",
        "engine": "scripted",
        "error_code": null,
        "generation_id": "(id)",
        "id": "(id)",
        "model": "fixed:I hear you.",
        "position": 2,
        "role": "assistant",
        "safety": null,
        "shown": true,
        "status": "complete",
        "updated_at": "(time)",
        "version": 1,
        "version_count": 1
      },
      "generation": {
        "conversation_id": "(id)",
        "created_at": "(time)",
        "ended_at": "(time)",
        "engine": "scripted",
        "error_code": null,
        "finish_reason": "stop",
        "id": "(id)",
        "message_id": "(id)",
        "model": "fixed:I hear you.",
        "status": "complete",
        "usage": {
          "cached_tokens": 0,
          "completion_tokens": 3,
          "estimated": false,
          "prompt_tokens": "(number)",
          "total_tokens": "(number)"
        }
      },
      "user_message": {
        "attachments": [
          {
            "id": "(id)",
            "media_type": "image/gif",
            "size_bytes": 6,
            "url": "/api/v1/attachments/(id)"
          }
        ],
        "content": "I slept badly again.",
        "conversation_id": "(id)",
        "created_at": "(time)",
        "engine": null,
        "error_code": null,
        "generation_id": null,
        "id": "(id)",
        "model": null,
        "position": 1,
        "role": "user",
        "safety": null,
        "shown": true,
        "status": "complete",
        "updated_at": "(time)",
        "version": 1,
        "version_count": 1
      }
    }
    "#);
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
    assert_json_snapshot!(redacted(reply), @r#"
    {
      "attachments": [],
      "content": "The rain ",
      "conversation_id": "(id)",
      "created_at": "(time)",
      "engine": "scripted",
      "error_code": "MODEL_CUT",
      "generation_id": "(id)",
      "id": "(id)",
      "model": "no-usage+cut:2+long:5",
      "position": 2,
      "role": "assistant",
      "safety": null,
      "shown": true,
      "status": "failed",
      "updated_at": "(time)",
      "version": 1,
      "version_count": 1
    }
    "#);
    let mut generation = redacted(&exchange["generation"]);
    generation["usage"] = "(as above)".into();
    assert_json_snapshot!(generation, @r#"
    {
      "conversation_id": "(id)",
      "created_at": "(time)",
      "ended_at": "(time)",
      "engine": "scripted",
      "error_code": "MODEL_CUT",
      "finish_reason": null,
      "id": "(id)",
      "message_id": "(id)",
      "model": "no-usage+cut:2+long:5",
      "status": "failed",
      "usage": "(as above)"
    }
    "#);
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
    assert_json_snapshot!(redacted(&busy), @r#"
    {
      "code": "CONVERSATION_BUSY",
      "error": "A reply is being written in this conversation.",
      "generation_id": "(id)",
      "request_id": "(id)"
    }
    "#);
    let blank = mira.post(&path, json!({"content": ""})).await.expect(StatusCode::BAD_REQUEST);
    assert_json_snapshot!(redacted(&blank), @r#"
    {
      "code": "INVALID_REQUEST",
      "error": "`content` must not be empty.",
      "field": "content",
      "request_id": "(id)"
    }
    "#);
    let unknown = mira.post(&path, json!({"text": "hi"})).await.expect(StatusCode::BAD_REQUEST);
    assert_json_snapshot!(redacted(&unknown), @r#"
    {
      "code": "INVALID_REQUEST",
      "error": "unknown field `text`, expected one of `id`, `content`, `attachments` at line 1 column 7.",
      "request_id": "(id)"
    }
    "#);
    let missing = mira.get("/api/v1/messages/7").await.expect(StatusCode::NOT_FOUND);
    assert_json_snapshot!(redacted(&missing), @r#"
    {
      "code": "MESSAGE_NOT_FOUND",
      "error": "The message was not found.",
      "request_id": "(id)"
    }
    "#);
    let nobody = app.anonymous().get("/api/v1/me").await.expect(StatusCode::UNAUTHORIZED);
    assert_json_snapshot!(redacted(&nobody), @r#"
    {
      "code": "UNAUTHENTICATED",
      "error": "Sign in first: no access token was sent.",
      "request_id": "(id)"
    }
    "#);
    let nowhere = mira.get("/v2").await.expect(StatusCode::NOT_FOUND);
    assert_json_snapshot!(redacted(&nowhere), @r#"
    {
      "code": "NOT_FOUND",
      "error": "There is nothing at this address. /docs lists what there is.",
      "request_id": "(id)"
    }
    "#);
    let method = mira.delete("/api/v1/auth/login").await.expect(StatusCode::METHOD_NOT_ALLOWED);
    assert_json_snapshot!(redacted(&method), @r#"
    {
      "code": "METHOD_NOT_ALLOWED",
      "error": "This address does not take this method.",
      "request_id": "(id)"
    }
    "#);
}
