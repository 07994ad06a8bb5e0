//! What people write, and what lets them in, must not get into a log or into anybody else's
//! answers, whatever fails on the way. Canaries are sent through every private field; then every
//! line that was logged, and every error that was answered, is searched for them.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, StatusCode},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use serene_llm::{Engine, EventStream};
use tracing_subscriber::{EnvFilter, fmt::format::FmtSpan};

use crate::{
    app::{Client, PASSWORD, Reply, Setup, TestApp},
    database::{literal, not_on_sqlite},
};

/// What every canary begins with.
const CANARY: &str = "canary-7f3a";

fn canary(kind: &str) -> String {
    format!("{CANARY}-{kind}")
}

/// An image whose bytes are a canary.
fn image() -> String {
    let bytes = format!("GIF89a{}", canary("image"));
    format!("data:image/gif;base64,{}", STANDARD.encode(bytes))
}

/// Whether a text has a canary in it, in any spelling that one was sent or stored in.
fn sings(text: &str) -> bool {
    // Base64 has three spellings, by where the word begins in its group of three bytes.
    let base64 = ["", "x", "xx"].map(|before| {
        let encoded = STANDARD.encode(format!("{before}{CANARY}"));
        encoded[4..encoded.len() - 4].to_owned()
    });
    text.contains(CANARY) || base64.iter().any(|encoded| text.contains(encoded))
}

/// Every line that this process has logged since the first call.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Sink;

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Logs everything there is, from every thread: nothing else in this program may.
fn log_everything() {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("trace"))
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(|| Sink)
        .finish();
    tracing::subscriber::set_global_default(subscriber).expect("only this test logs everything");
}

fn logged() -> String {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&log).into_owned()
}

/// An engine that falls over the text it was given, and says so.
#[derive(Debug)]
struct FallsOver {
    /// In the handler, before anything is written; otherwise in the task that writes the reply.
    at_once: bool,
}

impl Engine for FallsOver {
    fn name(&self) -> &'static str {
        "falls-over"
    }

    fn model(&self) -> &'static str {
        assert!(!self.at_once, "the model has no name: {}", canary("panic"));
        "falls-over"
    }

    fn stream(&self, request: serene_llm::Request) -> EventStream {
        let text = &request.messages.last().unwrap().text;
        panic!("{} is too much", &text[..text.len()]);
    }
}

/// Sends what can fail, and checks that no error quotes what was sent.
struct Bird {
    client: Client,
}

impl Bird {
    #[track_caller]
    fn quiet(reply: &Reply) {
        if reply.status.is_client_error() || reply.status.is_server_error() {
            assert!(!sings(&reply.text()), "{}", reply.text());
        }
        assert!(!sings(&format!("{:?}", reply.headers)), "{:?}", reply.headers);
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        let reply = self.client.post(path, body).await;
        Self::quiet(&reply);
        reply
    }

    async fn raw(&self, path: &str, kind: &str, body: Vec<u8>) {
        let request = Request::post(path).header("content-type", kind).body(Body::from(body));
        Self::quiet(&self.client.raw(request.unwrap()).await);
    }
}

/// Registering and signing in, rightly and wrongly.
async fn sing_at_the_door(app: &TestApp) -> Bird {
    let bird = Bird { client: app.anonymous() };
    let password = canary("password");
    let good = json!({
        "username": canary("name"),
        "email": format!("{}@example.org", canary("mail")),
        "password": password,
    });
    let reply = bird.post("/api/v1/auth/register", good.clone()).await;
    let client = app.signed_in(&reply.expect(StatusCode::CREATED));
    assert_eq!(bird.post("/api/v1/auth/register", good).await.status, StatusCode::CONFLICT);
    let long = password.repeat(9);
    for (field, value) in [
        ("password", json!(long)),
        ("password", json!(format!("{password}\0"))),
        ("password", json!([password])),
        ("password", json!({"is": password})),
        ("username", json!(canary("name").repeat(9))),
        ("username", json!(format!("{} {}", canary("name"), canary("name")))),
        ("username", json!([canary("name")])),
        ("email", json!(canary("mail"))),
        ("nickname", json!(canary("name"))),
    ] {
        let mut body = json!({"username": "bird", "password": PASSWORD});
        body[field] = value;
        bird.post("/api/v1/auth/register", body).await.expect_error(400, "INVALID_REQUEST");
    }
    for wrong in [canary("wrong"), long, password.clone() + "\0"] {
        let body = json!({"username": canary("name"), "password": wrong});
        bird.post("/api/v1/auth/login", body).await.expect_error(401, "INVALID_CREDENTIALS");
    }
    for path in ["/api/v1/auth/login", "/api/v1/auth/register", "/api/v1/auth/refresh"] {
        let torn = format!(r#"{{"username": "{}", "password": "{password}"#, canary("name"));
        bird.raw(path, "application/json", torn.clone().into_bytes()).await;
        bird.raw(path, "application/json", format!("\"{password}\"").into_bytes()).await;
        bird.raw(path, "application/json", [password.as_bytes(), b"\xff"].concat()).await;
        bird.raw(path, "text/plain", torn.clone().into_bytes()).await;
        bird.raw(path, "application/json", torn.repeat(30_000).into_bytes()).await;
    }
    for token in [canary("refresh"), STANDARD.encode(canary("refresh"))] {
        let body = json!({"refresh_token": token});
        bird.post("/api/v1/auth/refresh", body).await.expect_error(401, "REFRESH_INVALID");
        let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        let request = Request::get("/api/v1/me").header("authorization", value);
        let reply = bird.client.raw(request.body(Body::empty()).unwrap()).await;
        reply.expect_error(401, "TOKEN_INVALID");
        Bird::quiet(&reply);
    }
    Bird { client }
}

/// Writing, rightly and wrongly.
async fn sing_in_conversations(bird: &Bird) {
    let title = json!({"title": canary("title")});
    let made = bird.post("/api/v1/conversations", title.clone()).await.expect(StatusCode::CREATED);
    let conversation = format!("/api/v1/conversations/{}", made["id"].as_str().unwrap());
    let messages = format!("{conversation}/messages");
    for wrong in [
        json!({"title": canary("title").repeat(20)}),
        json!({"title": canary("title") + "\0"}),
        json!({"title": [canary("title")]}),
        json!({"title": "x", "id": canary("id")}),
    ] {
        bird.post("/api/v1/conversations", wrong.clone())
            .await
            .expect_error(400, "INVALID_REQUEST");
        Bird::quiet(&bird.client.patch(&conversation, wrong).await);
    }
    Bird::quiet(&bird.client.patch(&conversation, title).await);
    let content = canary("message");
    for wrong in [
        json!({"content": content.repeat(2000)}),
        json!({"content": content.clone() + "\0"}),
        json!({"content": [content]}),
        json!({"content": content, "attachments": content}),
        json!({"content": content, "attachments": [content]}),
        json!({"content": content, "attachments": [image() + "*"]}),
        json!({"content": content, "attachments": [image().replace("gif", "png")]}),
        json!({"content": content, "attachments": vec![image(); 5]}),
        json!({"content": content, "mood": content}),
    ] {
        bird.post(&messages, wrong).await.expect_error(400, "INVALID_REQUEST");
    }
    let right = json!({"content": content, "attachments": [image()]});
    let sent = bird.post(&messages, right.clone()).await.expect(StatusCode::CREATED);
    let id = &sent["user_message"]["id"];
    let other = json!({"id": id, "content": canary("other")});
    bird.post(&messages, other).await.expect_error(409, "ID_TAKEN");
    let accept = [("accept", "text/event-stream")];
    let streamed = bird.client.send(Method::POST, &messages, Some(right.clone()), &accept).await;
    assert_eq!(streamed.status, StatusCode::OK);
    let query = format!("{messages}?cursor={}&limit={}", canary("cursor"), canary("limit"));
    for path in
        [query, format!("/api/v1/messages/{}", canary("id")), format!("/{}", canary("path"))]
    {
        Bird::quiet(&bird.client.get(&path).await);
    }
    bird.client.post(&format!("{conversation}/end"), json!({})).await.expect(StatusCode::OK);
    bird.post(&messages, right).await.expect_error(409, "CONVERSATION_ENDED");
}

/// Writing a journal, rightly and wrongly.
async fn sing_in_the_journal(bird: &Bird) {
    const ENTRIES: &str = "/api/v1/entries";
    let note = format!("{} is what I wrote down this morning by the river.", canary("note"));
    let right = json!({"mood": canary("mood"), "tags": [canary("tag")], "note": note});
    let made = bird.post(ENTRIES, right.clone()).await.expect(StatusCode::CREATED);
    let entry = format!("{ENTRIES}/{}", made["id"].as_str().unwrap());
    for (field, wrong) in [
        ("note", json!(note.repeat(1000))),
        ("note", json!(note.clone() + "\0")),
        ("note", json!([note])),
        ("mood", json!(canary("mood").repeat(9))),
        ("mood", json!({"is": canary("mood")})),
        ("tags", json!(canary("tag"))),
        ("tags", json!([canary("tag").repeat(9)])),
        ("tags", json!(vec![canary("tag"); 30])),
        ("written_at", json!(canary("time"))),
        ("time_zone", json!(canary("zone"))),
        ("id", json!(canary("id"))),
        ("weather", json!(canary("weather"))),
    ] {
        let mut body = right.clone();
        body[field] = wrong;
        bird.post(ENTRIES, body.clone()).await;
        Bird::quiet(&bird.client.patch(&entry, json!({field: body[field]})).await);
    }
    for note in [canary("short"), format!("{} {}", canary("x"), "hjkl ".repeat(20)), note] {
        bird.post(ENTRIES, json!({"mood": "calm", "note": note})).await;
        bird.post("/api/v1/vibe-check", json!({"note": note})).await;
    }
    for query in ["q", "tag", "mood", "from", "to", "tz", "cursor", "limit", "by", "week"] {
        let query = format!("{query}={}", canary("query"));
        for path in ["search/entries", "search/messages", "entries", "moods/history"] {
            Bird::quiet(&bird.client.get(&format!("/api/v1/{path}?q=x&{query}")).await);
            bird.client.get(&format!("/api/v1/{path}?{query}")).await;
        }
    }
}

/// Another password, and the end.
async fn sing_on_leaving(bird: &Bird) {
    let change = |current: String, new: String| {
        let body = json!({"current_password": current, "new_password": new});
        bird.post("/api/v1/me/password", body)
    };
    let (old, new) = (canary("password"), canary("new-password"));
    change(canary("wrong"), new.clone()).await.expect_error(401, "INVALID_CREDENTIALS");
    change(old.clone(), new.repeat(9)).await.expect_error(400, "INVALID_REQUEST");
    assert_eq!(change(old, new).await.status, StatusCode::NO_CONTENT);
    Bird::quiet(&bird.client.delete("/api/v1/me").await);
}

/// A reply that fails, in each way that a model can.
async fn sing_to_a_model_that_fails(setup: Setup) {
    let app = TestApp::with(setup).await;
    let bird = Bird { client: app.user("bird").await };
    let conversation = bird.client.conversation().await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let body = json!({"content": format!("{} and then some more", canary("message"))});
    bird.post(&path, body.clone()).await;
    let accept = [("accept", "text/event-stream")];
    Bird::quiet(&bird.client.send(Method::POST, &path, Some(body), &accept).await);
}

/// Writes until the disk is full.
async fn sing_until_the_disk_is_full() {
    let app = TestApp::with(Setup { max_pages: Some(120), ..Setup::default() }).await;
    let bird = Bird { client: app.user("bird").await };
    let conversation = bird.client.conversation().await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    for _ in 0..50 {
        let body = json!({"content": canary("message").repeat(1500)});
        let reply = bird.post(&path, body).await;
        if reply.status == StatusCode::INSUFFICIENT_STORAGE {
            return;
        }
    }
    panic!("the disk was never full");
}

/// Reads what something else has damaged.
async fn sing_from_damaged_rows() {
    let app = TestApp::new().await;
    let bird = Bird { client: app.user("bird").await };
    let conversation = bird.client.conversation().await;
    bird.client.say(&conversation, &canary("message")).await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let noise = literal(format!("{}\u{7f3a}", canary("message")).as_bytes());
    let noise = format!("{}ff'", noise.trim_end_matches('\''));
    for damage in [
        "UPDATE messages SET role = 'canary-7f3a'".to_owned(),
        "UPDATE messages SET role = 'user', error_code = 'canary-7f3a'".to_owned(),
        format!("UPDATE messages SET content = {noise}"),
        format!("UPDATE conversations SET title = {noise}"),
        "UPDATE generations SET status = 'canary-7f3a'".to_owned(),
    ] {
        app.data.execute(&damage);
        for path in [&path, "/api/v1/conversations"] {
            Bird::quiet(&bird.client.get(path).await);
        }
        bird.post(&path, json!({"content": canary("message")})).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_text_is_in_no_log_and_in_no_error() {
    log_everything();
    let app = TestApp::new().await;
    let noor = app.user("noor").await;
    let bird = sing_at_the_door(&app).await;
    sing_in_conversations(&bird).await;
    sing_in_the_journal(&bird).await;

    // What another user is told while all that goes on.
    let conversation = noor.conversation().await;
    noor.say(&conversation, "hello").await;
    let messages = format!("/api/v1/conversations/{conversation}/messages");
    for path in [
        "/api/v1/me",
        "/api/v1/auth/sessions",
        "/api/v1/conversations",
        "/api/v1/entries",
        "/api/v1/search/entries?q=river",
        "/api/v1/search/messages?q=hello",
        &messages,
        "/x",
    ] {
        assert!(!sings(&noor.get(path).await.text()), "{path}");
    }
    sing_on_leaving(&bird).await;
    for script in ["fail", "garbage", "echo+cut:1", "timeout:1", "rejected:2", "panic"] {
        sing_to_a_model_that_fails(Setup { script, ..Setup::default() }).await;
    }
    for at_once in [true, false] {
        let engine: Arc<dyn Engine> = Arc::new(FallsOver { at_once });
        sing_to_a_model_that_fails(Setup { engine: Some(engine), ..Setup::default() }).await;
    }
    if !not_on_sqlite() {
        // A server's disk is its own.
        sing_until_the_disk_is_full().await;
    }
    sing_from_damaged_rows().await;

    let log = logged();
    let full = "POST /api/v1/conversations/{id}/messages 507";
    assert!(log.contains(full) || not_on_sqlite());
    for line in [
        "POST /api/v1/auth/login 401",
        "POST /api/v1/conversations/{id}/messages 201",
        "POST /api/v1/conversations/{id}/messages 500",
        "MODEL_CUT",
        "an engine panicked",
    ] {
        assert!(log.contains(line), "the log was not listened to: it lacks {line:?}");
    }
    for line in log.lines() {
        assert!(!sings(line), "{line}");
    }
    let tokens = [&bird.client.token, &bird.client.refresh_token, &noor.token, &noor.refresh_token];
    for token in tokens.into_iter().flatten() {
        assert!(!log.contains(token), "a token was logged");
    }
}
