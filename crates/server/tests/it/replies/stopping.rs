//! Stopping a reply: by itself, and by what is done to its conversation or its owner.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use serene_llm::{Event, OpenAiConfig};
use tokio::time::Instant;

use super::{
    Stream, active_generation,
    engines::{Custom, custom, over_http},
    eventually, generation_of, ledger, messages_of, only_reply, same_usage, words,
};
use crate::{
    app::{Client, TestApp},
    mock_model_server::MockServer,
};

/// Ten seconds of talking: whatever ends sooner was stopped.
const TALKS_ON: &str = "slow:20+long:500";

/// Somebody with a conversation in which a reply has begun.
struct Running {
    app: TestApp,
    mira: Client,
    id: String,
    stream: Stream,
    generation: String,
    read: String,
    since: Instant,
}

impl Running {
    async fn new() -> Self {
        let app = TestApp::scripted(TALKS_ON).await;
        let mira = app.user("mira").await;
        let id = mira.conversation().await;
        let mut stream = Stream::send(&mira, &id, json!({"content": "go on"})).await;
        let generation = stream.generation();
        let mut read = stream.delta().await;
        read.push_str(&stream.delta().await);
        Self { app, mira, id, stream, generation, read, since: Instant::now() }
    }

    fn conversation(&self) -> String {
        format!("/api/v1/conversations/{}", self.id)
    }

    /// The reader's last event, after checking that it came before the model had finished, and
    /// that its text is all there.
    async fn end(stream: Stream, read: &str, since: Instant) -> (String, Value) {
        let (rest, (name, _, data)) = stream.rest().await;
        assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
        assert_eq!(name, "done", "{data}");
        assert_eq!(data["message"]["status"], "stopped");
        assert_eq!(data["message"]["content"], format!("{read}{rest}"));
        (format!("{read}{rest}"), data)
    }
}

#[tokio::test]
async fn a_stopped_reply_keeps_its_text_and_is_settled() {
    let Running { app, mira, id, stream, generation, read, since } = Running::new().await;
    let stop = format!("{}/stop", generation_of(&generation));
    let stopped = mira.post(&stop, json!({})).await.expect(StatusCode::OK);
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    let (text, done) = Running::end(stream, &read, since).await;
    assert!(words(500).starts_with(&text) && text.len() < words(500).len());
    assert_eq!(stopped, done["generation"]);
    assert_eq!((&stopped["status"], &stopped["error_code"]), (&json!("stopped"), &Value::Null));
    assert!(stopped["ended_at"].is_string());
    assert_eq!(only_reply(&mira, &id).await, done["message"]);
    assert_eq!(active_generation(&mira, &id).await, Value::Null);

    let records = ledger(&app, &mira).await;
    assert_eq!(records.len(), 1);
    same_usage(&stopped, &records[0]);
    assert!(records[0].estimated && records[0].prompt_tokens > 0);
    assert_eq!(records[0].completion_tokens as usize, text.len().div_ceil(4));

    app.clock.step_seconds(5);
    assert_eq!(mira.post(&stop, json!({})).await.expect(StatusCode::OK), stopped, "again");
    assert_eq!(ledger(&app, &mira).await.len(), 1);
    assert_eq!(app.count("SELECT COUNT(*) FROM generation_chunks"), 0);
}

#[tokio::test]
async fn stopping_a_reply_that_has_ended_changes_nothing() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let exchange = mira.say(&mira.conversation().await, "hello").await;
    let stop = generation_of(exchange["generation"]["id"].as_str().unwrap()) + "/stop";
    let stopped = mira.post(&stop, json!({})).await.expect(StatusCode::OK);
    assert_eq!(stopped, exchange["generation"]);
}

#[tokio::test]
async fn stopping_before_the_first_word_leaves_an_empty_reply_that_costs_nothing() {
    let engine = Custom::endless(Vec::new);
    let app = TestApp::with(custom(engine.clone())).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let stream = Stream::send(&mira, &id, json!({"content": "hello"})).await;
    let stop = generation_of(&stream.generation()) + "/stop";
    mira.post(&stop, json!({})).await.expect(StatusCode::OK);
    let (text, (name, _, done)) = stream.rest().await;
    assert_eq!((text.as_str(), name.as_str()), ("", "done"));
    assert_eq!(done["message"]["status"], "stopped");
    let nothing = serene_llm::Usage { estimated: true, ..serene_llm::Usage::default() };
    assert_eq!(ledger(&app, &mira).await, [nothing]);
    assert_eq!(engine.dropped(), 1);
}

/// Stops a reply of this model once it has said something, where it says anything. Returns how long
/// after the request the model server saw its connection closed.
async fn stopped_over_the_wire(model: &MockServer, script: &str) -> Duration {
    let before = model.requests().len();
    let asked = || model.requests().get(before).cloned();
    let app = TestApp::with(over_http(OpenAiConfig::new(model.base_url(), script))).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut stream = Stream::send(&mira, &id, json!({"content": "hello"})).await;
    let generation = generation_of(&stream.generation());
    let silent = script == "timeout";
    let read = if silent { String::new() } else { stream.delta().await };
    eventually("the model is asked", async || asked().is_some()).await;

    let sent = wall_clock();
    let stopped = mira.post(&format!("{generation}/stop"), json!({})).await;
    let stopped = stopped.expect(StatusCode::OK);
    eventually("the close is noticed", async || asked().unwrap()["end"] != "running").await;
    let asked = asked().unwrap();
    assert_eq!(asked["end"], "closed", "{script}");
    let noticed: jiff::Timestamp = asked["ended_at"].as_str().unwrap().parse().unwrap();

    let (rest, (name, _, done)) = stream.rest().await;
    assert_eq!((name.as_str(), &done["generation"]), ("done", &stopped), "{script}");
    let reply = only_reply(&mira, &id).await;
    assert_eq!((&reply["status"], &reply["content"]), (&json!("stopped"), &json!(read + &rest)));
    let records = ledger(&app, &mira).await;
    assert_eq!(records.len(), 1, "{script}");
    same_usage(&stopped, &records[0]);
    noticed.duration_since(sent).unsigned_abs()
}

#[expect(clippy::disallowed_methods, reason = "compared with the clock of another process")]
fn wall_clock() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_closes_the_connection_to_the_model_within_100_ms() {
    // Silent from the start, silent in the middle, taking its time, and fast.
    for script in ["timeout", "timeout:1", "slow:70+long:300", "slow:1+long:20000"] {
        let model = MockServer::start();
        let mut times = Vec::new();
        for _ in 0..5 {
            times.push(stopped_over_the_wire(&model, script).await);
        }
        times.sort();
        eprintln!("{script}: {times:?}");
        // Whatever waits for a tick of something is late every time; a busy machine is late once.
        assert!(times[2] < Duration::from_millis(100), "{script}: {times:?}");
        assert!(times[4] < Duration::from_secs(1), "{script}: {times:?}");
    }
}

#[tokio::test]
async fn only_its_owner_stops_a_reply() {
    let Running { app, mira, stream, generation, .. } = Running::new().await;
    let odo = app.user("odo").await;
    let stop = format!("{}/stop", generation_of(&generation));
    odo.post(&stop, json!({})).await.expect_error(404, "GENERATION_NOT_FOUND");
    odo.get(&generation_of(&generation)).await.expect_error(404, "GENERATION_NOT_FOUND");
    let mut stream = stream;
    stream.delta().await;
    mira.post(&stop, json!({})).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn ending_a_conversation_stops_its_reply_first() {
    let running = Running::new().await;
    let end = format!("{}/end", running.conversation());
    let ended = running.mira.post(&end, json!({})).await.expect(StatusCode::OK);
    assert!(ended["ended_at"].is_string());
    assert_eq!(ended["active_generation_id"], Value::Null);
    let Running { app, mira, id, stream, read, since, .. } = running;
    let (text, _) = Running::end(stream, &read, since).await;
    assert_eq!(only_reply(&mira, &id).await["content"], text);
    assert_eq!(ledger(&app, &mira).await.len(), 1);
}

#[tokio::test]
async fn deleting_a_conversation_stops_its_reply_first() {
    let running = Running::new().await;
    let path = running.conversation();
    running.mira.delete(&path).await.expect(StatusCode::NO_CONTENT);
    let Running { mira, id, stream, read, since, .. } = running;
    let (text, _) = Running::end(stream, &read, since).await;
    mira.get(&path).await.expect_error(404, "CONVERSATION_NOT_FOUND");
    mira.post(&format!("{path}/restore"), json!({})).await.expect(StatusCode::OK);
    assert_eq!(only_reply(&mira, &id).await["content"], text);
    assert_eq!(active_generation(&mira, &id).await, Value::Null);
}

#[tokio::test]
async fn deleting_a_conversation_for_good_stops_its_reply_first() {
    let running = Running::new().await;
    let path = format!("{}?permanent=true", running.conversation());
    running.mira.delete(&path).await.expect(StatusCode::NO_CONTENT);
    let Running { app, mira, stream, read, since, generation, .. } = running;
    Running::end(stream, &read, since).await;
    mira.get(&generation_of(&generation)).await.expect_error(404, "GENERATION_NOT_FOUND");
    for table in ["conversations", "messages", "generations", "generation_chunks"] {
        assert_eq!(app.count(&format!("SELECT COUNT(*) FROM {table}")), 0, "{table}");
    }
    assert_eq!(ledger(&app, &mira).await.len(), 1);
}

#[tokio::test]
async fn clearing_a_conversation_stops_its_reply_first() {
    let running = Running::new().await;
    let path = messages_of(&running.id);
    running.mira.delete(&path).await.expect(StatusCode::NO_CONTENT);
    let Running { app, mira, id, stream, read, since, .. } = running;
    Running::end(stream, &read, since).await;
    assert_eq!(mira.get(&path).await.expect(StatusCode::OK)["items"], json!([]));
    assert_eq!(active_generation(&mira, &id).await, Value::Null);
    assert_eq!(app.count("SELECT message_count FROM conversations"), 0);
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), 0);
}

#[tokio::test]
async fn deleting_a_reply_that_is_written_stops_it_first() {
    let running = Running::new().await;
    let reply = only_reply(&running.mira, &running.id).await;
    assert_eq!(reply["status"], "pending");
    let path = format!("/api/v1/messages/{}", reply["id"].as_str().unwrap());
    running.mira.delete(&path).await.expect(StatusCode::NO_CONTENT);
    let Running { app, mira, id, stream, read, since, .. } = running;
    Running::end(stream, &read, since).await;
    mira.get(&path).await.expect_error(404, "MESSAGE_NOT_FOUND");
    assert_eq!(active_generation(&mira, &id).await, Value::Null);
    assert_eq!(app.count("SELECT message_count FROM conversations"), 1);
    assert_eq!(ledger(&app, &mira).await.len(), 1);
}

#[tokio::test]
async fn deleting_an_account_stops_its_replies_and_leaves_nothing() {
    let Running { app, mira, stream, read, since, .. } = Running::new().await;
    let odo = app.user("odo").await;
    let second = Stream::send(&mira, &mira.conversation().await, json!({"content": "and"})).await;
    mira.delete("/api/v1/me").await.expect(StatusCode::NO_CONTENT);
    Running::end(stream, &read, since).await;
    Running::end(second, "", since).await;
    mira.get("/api/v1/me").await.expect_error(401, "SESSION_ENDED");
    let mine = app.owner(&mira).id().simple().to_string();
    for table in serene_core::schema::OWNED_TABLES {
        let left = format!("SELECT COUNT(*) FROM {table} WHERE owner_id = X'{mine}'");
        assert_eq!(app.count(&left), 0, "{table}");
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM users"), 1);
    odo.get("/api/v1/me").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_reply_whose_rows_vanish_is_given_up() {
    let engine = Custom::endless(|| vec![Ok(Event::Delta("word ".into()))]);
    let app = TestApp::with(custom(engine.clone())).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut stream = Stream::send(&mira, &id, json!({"content": "hello"})).await;
    stream.delta().await;
    // As another instance does that deletes the account: the next checkpoint finds nothing.
    app.data.execute("DELETE FROM users");
    let (text, (name, _, data)) = stream.rest().await;
    assert_eq!((text.as_str(), name.as_str()), ("", "error"));
    assert_eq!(data["code"], "GENERATION_NOT_FOUND");
    eventually("the model is not asked any more", async || engine.dropped() == 1).await;
}
