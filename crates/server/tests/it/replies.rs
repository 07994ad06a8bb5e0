//! Sending messages and getting replies.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn a_message_is_stored_and_answered() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let exchange = mira.say(&conversation, "good evening").await;
    assert_eq!(exchange["assistant_message"]["content"], "good evening");
    assert_eq!(exchange["assistant_message"]["status"], "complete");
    assert_eq!(exchange["generation"]["usage"]["estimated"], false);
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let page = mira.get(&path).await.expect(StatusCode::OK);
    assert_eq!(page["items"], json!([exchange["user_message"], exchange["assistant_message"]]));
}

#[tokio::test]
async fn a_reply_is_streamed_and_read_again() {
    let app = TestApp::scripted("long:5").await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let accept = [("accept", "text/event-stream")];
    let body = Some(json!({"content": "go on"}));
    let reply = mira.send(Method::POST, &path, body, &accept).await;
    assert_eq!(reply.status, StatusCode::OK);
    let events = reply.events();
    let text: String =
        events.iter().filter_map(|(_, _, data)| data["text"].as_str()).collect();
    let (name, id, done) = events.last().unwrap();
    assert_eq!((name.as_str(), id.as_deref()), ("done", Some("end")));
    assert_eq!(done["message"]["content"], text);
    let generation = reply.headers["x-generation-id"].to_str().unwrap();
    let stream = format!("/api/v1/generations/{generation}/stream");
    let again = mira.get(&format!("{stream}?after=4")).await.events();
    assert_eq!(again[0].2["text"], text[4..]);
    assert_eq!(mira.get(&format!("{stream}?after=end")).await.status, StatusCode::NO_CONTENT);
}
