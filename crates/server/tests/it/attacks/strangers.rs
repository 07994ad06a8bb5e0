//! Another user's ids: in the path, in the body, in the query, and behind a stream. Each answer
//! must be the one for an id that nobody has, byte for byte, and nothing may have happened.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    accounts::assert_alike,
    app::{Client, TestApp},
};

/// A pixel, as a client sends it.
const IMAGE: &str = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";

/// What a user has that a stranger would like to reach: the kind of id, and the id.
struct Belongings {
    conversation: String,
    thrown_away: String,
    message: String,
    reply: String,
    attachment: String,
    generation: String,
    entry: String,
    session: String,
}

const NOTE: &str = "Nobody else's business is what I wrote down here this morning by the river.";

async fn belongings(client: &Client) -> Belongings {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let conversation = client.conversation().await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let body = json!({"content": "nobody else's business", "attachments": [IMAGE]});
    let sent = client.post(&path, body).await.expect(StatusCode::CREATED);
    let entry = json!({"mood": "calm", "tags": ["river"], "note": NOTE});
    let entry = client.post("/api/v1/entries", entry).await.expect(StatusCode::CREATED);
    let thrown_away = client.conversation().await;
    client.delete(&format!("/api/v1/conversations/{thrown_away}")).await;
    let sessions = client.get("/api/v1/auth/sessions").await.expect(StatusCode::OK);
    Belongings {
        conversation,
        thrown_away,
        message: text(&sent["user_message"]["id"]),
        reply: text(&sent["assistant_message"]["id"]),
        attachment: text(&sent["user_message"]["attachments"][0]["id"]),
        generation: text(&sent["generation"]["id"]),
        entry: text(&entry["id"]),
        session: text(&sessions["items"][0]["id"]),
    }
}

/// Everything that a user can see of their own.
async fn view(client: &Client, own: &Belongings) -> Vec<String> {
    let conversation = format!("/api/v1/conversations/{}", own.conversation);
    let mut view = Vec::new();
    for path in [
        "/api/v1/me".to_owned(),
        "/api/v1/auth/sessions".to_owned(),
        "/api/v1/conversations".to_owned(),
        "/api/v1/conversations?shelf=trash".to_owned(),
        "/api/v1/entries".to_owned(),
        format!("{conversation}/messages"),
        format!("/api/v1/generations/{}", own.generation),
        format!("/api/v1/attachments/{}", own.attachment),
        conversation,
    ] {
        let reply = client.get(&path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}");
        view.push(String::from_utf8_lossy(&reply.bytes).into_owned());
    }
    view
}

#[tokio::test]
async fn another_users_id_in_the_path_is_an_id_that_nobody_has() {
    let app = TestApp::new().await;
    let (mira, stranger) = (app.user("mira").await, app.user("stranger").await);
    let own = belongings(&mira).await;
    let before = view(&mira, &own).await;
    let (get, post, patch, delete) = (Method::GET, Method::POST, Method::PATCH, Method::DELETE);
    let say = || Some(json!({"content": "hello"}));
    let rename = || Some(json!({"title": "mine now", "pinned": true}));
    let mut tries = vec![
        (delete.clone(), "/api/v1/auth/sessions/ID", &own.session, None),
        (get.clone(), "/api/v1/attachments/ID", &own.attachment, None),
        (get.clone(), "/api/v1/generations/ID", &own.generation, None),
        (get.clone(), "/api/v1/generations/ID/stream", &own.generation, None),
        (get.clone(), "/api/v1/generations/ID/stream?after=3", &own.generation, None),
        (get.clone(), "/api/v1/generations/ID/stream?after=end", &own.generation, None),
        (post.clone(), "/api/v1/generations/ID/stop", &own.generation, None),
    ];
    tries.extend([
        (get.clone(), "/api/v1/entries/ID", &own.entry, None),
        (patch.clone(), "/api/v1/entries/ID", &own.entry, Some(json!({"mood": "theirs"}))),
        (delete.clone(), "/api/v1/entries/ID", &own.entry, None),
    ]);
    for message in [&own.message, &own.reply] {
        tries.push((get.clone(), "/api/v1/messages/ID", message, None));
        tries.push((delete.clone(), "/api/v1/messages/ID", message, None));
    }
    for id in [&own.conversation, &own.thrown_away] {
        tries.extend([
            (get.clone(), "/api/v1/conversations/ID", id, None),
            (patch.clone(), "/api/v1/conversations/ID", id, rename()),
            (delete.clone(), "/api/v1/conversations/ID", id, None),
            (delete.clone(), "/api/v1/conversations/ID?permanent=true", id, None),
            (post.clone(), "/api/v1/conversations/ID/end", id, None),
            (post.clone(), "/api/v1/conversations/ID/restore", id, None),
            (get.clone(), "/api/v1/conversations/ID/messages", id, None),
            (get.clone(), "/api/v1/conversations/ID/messages?order=desc&limit=1", id, None),
            (post.clone(), "/api/v1/conversations/ID/messages", id, say()),
            (delete.clone(), "/api/v1/conversations/ID/messages", id, None),
        ]);
    }
    for (method, path, id, body) in tries {
        let with = |id: &str| path.replace("ID", id);
        let theirs = stranger.send(method.clone(), &with(id), body.clone(), &[]).await;
        assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{method} {path}: {}", theirs.text());
        let nobodys = stranger.send(method, &with(&Uuid::nil().to_string()), body, &[]).await;
        assert_alike(&theirs, &nobodys);
    }
    assert_eq!(view(&mira, &own).await, before);
}

#[tokio::test]
async fn another_users_id_in_a_body_makes_something_of_ones_own() {
    let app = TestApp::new().await;
    let (mira, stranger) = (app.user("mira").await, app.user("stranger").await);
    let own = belongings(&mira).await;
    let before = view(&mira, &own).await;

    let body = json!({"id": own.conversation, "title": "mine now"});
    let made = stranger.post("/api/v1/conversations", body).await.expect(StatusCode::CREATED);
    assert_eq!((&made["id"], &made["message_count"]), (&json!(own.conversation), &json!(0)));
    let path = format!("/api/v1/conversations/{}/messages", own.conversation);
    let body = json!({"id": own.message, "content": "what was said here?"});
    let sent = stranger.post(&path, body).await.expect(StatusCode::CREATED);
    assert_eq!(sent["user_message"]["content"], "what was said here?");
    assert_eq!(sent["user_message"]["attachments"], json!([]));
    // The model was told what the stranger wrote, and nothing else.
    let asked = app.engine.as_ref().unwrap().requests().pop().unwrap();
    assert!(asked.messages.iter().all(|message| !message.text.contains("business")));

    let note = NOTE.replace("river", "lake");
    let body = json!({"id": own.entry, "mood": "curious", "note": note});
    let made = stranger.post("/api/v1/entries", body).await.expect(StatusCode::CREATED);
    assert_eq!((&made["id"], &made["note"]), (&json!(own.entry), &json!(note)));

    let seen = stranger.get(&path).await.expect(StatusCode::OK);
    assert_eq!(seen["items"].as_array().unwrap().len(), 2);
    stranger.delete(&format!("/api/v1/messages/{}", own.message)).await;
    stranger.delete(&format!("/api/v1/conversations/{}?permanent=true", own.conversation)).await;
    assert_eq!(view(&mira, &own).await, before);
}

#[tokio::test]
async fn another_users_cursor_in_the_query_shows_ones_own_pages() {
    let app = TestApp::new().await;
    let (mira, stranger) = (app.user("mira").await, app.user("stranger").await);
    let mut mine = Vec::new();
    for _ in 0..3 {
        mira.conversation().await;
        mine.push(json!(stranger.conversation().await));
    }
    let page = mira.get("/api/v1/conversations?limit=1").await.expect(StatusCode::OK);
    let cursor = page["next_cursor"].as_str().unwrap();
    let page = stranger.get(&format!("/api/v1/conversations?cursor={cursor}")).await;
    for item in page.expect(StatusCode::OK)["items"].as_array().unwrap() {
        assert!(mine.contains(&item["id"]), "{item}");
    }

    let own = belongings(&mira).await;
    let path = |id: &str| format!("/api/v1/conversations/{id}/messages");
    let page = mira.get(&format!("{}?limit=1", path(&own.conversation))).await;
    let page = page.expect(StatusCode::OK);
    let cursor = page["next_cursor"].as_str().unwrap();
    let reply = stranger.get(&format!("{}?cursor={cursor}", path(&own.conversation))).await;
    reply.expect_error(404, "CONVERSATION_NOT_FOUND");
    let reply = stranger.get(&format!("{}?cursor={cursor}", path(mine[0].as_str().unwrap()))).await;
    assert_eq!(reply.expect(StatusCode::OK)["items"], json!([]));
}

#[tokio::test]
async fn another_users_running_stream_can_be_neither_read_nor_stopped() {
    let app = TestApp::scripted("slow:20+long:30").await;
    let (mira, stranger) = (app.user("mira").await, app.user("stranger").await);
    let conversation = mira.conversation().await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let accept = [("accept", "text/event-stream")];
    let body = Some(json!({"content": "tell me"}));
    let request = Client::request(Method::POST, &path, body, &accept);
    let running = mira.open(request).await;
    let id = running.headers()["x-generation-id"].to_str().unwrap();
    let generation = format!("/api/v1/generations/{id}");
    assert_eq!(mira.get(&generation).await.json()["ended_at"], Value::Null);
    let stream = format!("{generation}/stream");
    for after in ["0", "4", "end"] {
        let header = [("last-event-id", after)];
        let reply = stranger.send(Method::GET, &stream, None, &header).await;
        reply.expect_error(404, "GENERATION_NOT_FOUND");
    }
    let stop = format!("{generation}/stop");
    stranger.post(&stop, json!({})).await.expect_error(404, "GENERATION_NOT_FOUND");
    stranger.get(&generation).await.expect_error(404, "GENERATION_NOT_FOUND");
    let events = mira.get(&stream).await.events();
    assert_eq!(events.last().unwrap().0, "done");
    assert_eq!(events.last().unwrap().2["generation"]["status"], "complete");
}
