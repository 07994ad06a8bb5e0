//! What is on disk of a reply while it is written, and what becomes of it when the server ends.

use std::{sync::Arc, time::Duration};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use serene_core::base::limits::{CHECKPOINT_BYTES, CHECKPOINT_EVERY};
use tokio::runtime::Runtime;

use super::{
    Stream, active_generation, engines::prompted, eventually, generation_of, ledger, messages_of,
    only_reply, same_usage, words,
};
use crate::{
    app::{Client, PASSWORD, Setup, TestApp},
    database::{Cell, TestData},
};

/// The text that is saved of the running reply, in order.
fn saved(app: &TestApp) -> Vec<(i64, String)> {
    chunks(&app.data)
}

fn chunks(data: &TestData) -> Vec<(i64, String)> {
    let chunks = "SELECT start_offset, content FROM generation_chunks ORDER BY start_offset";
    let chunk = |row: Vec<Cell>| match <[Cell; 2]>::try_from(row) {
        Ok([Cell::Integer(start), Cell::Blob(text)]) => (start, String::from_utf8(text).unwrap()),
        other => panic!("no chunk: {other:?}"),
    };
    data.rows(chunks).into_iter().map(chunk).collect()
}

fn text_of(chunks: &[(i64, String)]) -> String {
    chunks.iter().map(|(_, text)| text.as_str()).collect()
}

#[tokio::test]
async fn a_running_reply_is_saved_as_it_grows() {
    let (model, setup) = prompted();
    let app = TestApp::with(setup).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let stream = Stream::send(&mira, &id, json!({"content": "go on"})).await;
    let mut said = String::new();
    for words in ["The rain ", "has stopped ", "and the street shines 🌧"] {
        model.say(words);
        said.push_str(words);
        eventually("the new words are saved", async || text_of(&saved(&app)) == said).await;
        let mut offset = 0;
        for (start, chunk) in saved(&app) {
            assert_eq!(usize::try_from(start).unwrap(), offset, "no gap, no overlap");
            offset += chunk.len();
        }
        let running = "SELECT COUNT(*) FROM generations WHERE status = 'running'";
        assert_eq!(app.count(running), 1);
    }
    let running = mira.get(&generation_of(&stream.generation())).await.expect(StatusCode::OK);
    assert_eq!(running["status"], "running");
    assert_eq!(only_reply(&mira, &id).await["status"], "pending");
    model.finish();
    let (text, _) = stream.rest().await;
    assert_eq!(text, said);
    assert_eq!(saved(&app), [], "at the end the message has it all");
    assert_eq!(only_reply(&mira, &id).await["content"], said);
}

#[tokio::test]
async fn much_text_at_once_is_saved_at_once() {
    let (model, setup) = prompted();
    let app = TestApp::with(setup).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut stream = Stream::send(&mira, &id, json!({"content": "go on"})).await;
    let start = tokio::time::Instant::now();
    for round in 1..=12 {
        model.say(&"x".repeat(CHECKPOINT_BYTES));
        assert_eq!(stream.delta().await.len(), CHECKPOINT_BYTES);
        eventually("the text is saved", async || saved(&app).len() == round).await;
    }
    // By the clock alone it would take eleven times as long as from one checkpoint to the next.
    assert!(start.elapsed() < CHECKPOINT_EVERY * 8, "{:?}", start.elapsed());
}

/// What is left of a server that was killed while it wrote a reply.
struct Killed {
    data: Arc<TestData>,
    conversation: String,
    generation: String,
    saved: String,
}

/// Runs a server, begins a reply in it, and ends it as a kill does: no task finishes anything.
fn killed() -> Killed {
    let runtime = Runtime::new().unwrap();
    let killed = runtime.block_on(async {
        let app = TestApp::scripted("slow:10+long:1000").await;
        let mira = app.user("mira").await;
        let conversation = mira.conversation().await;
        let stream = Stream::send(&mira, &conversation, json!({"content": "go on"})).await;
        let generation = stream.generation();
        eventually("two chunks are saved", async || saved(&app).len() >= 2).await;
        let TestApp { data, .. } = app;
        Killed { data, conversation, generation, saved: String::new() }
    });
    drop(runtime);
    let saved = text_of(&chunks(&killed.data));
    Killed { saved, ..killed }
}

/// The next server on the same data, and the same user.
async fn restarted(data: Arc<TestData>) -> (TestApp, Client) {
    restarted_with("echo", data).await
}

/// The same, with a model that follows this script.
async fn restarted_with(script: &'static str, data: Arc<TestData>) -> (TestApp, Client) {
    let app = TestApp::with(Setup { script, data: Some(data), ..Setup::default() }).await;
    let login = json!({"username": "mira", "password": PASSWORD});
    let login = app.anonymous().post("/api/v1/auth/login", login).await.expect(StatusCode::OK);
    let mira = app.signed_in(&login);
    (app, mira)
}

#[test]
fn a_reply_that_a_kill_cut_off_is_kept_as_far_as_it_was_saved() {
    let Killed { data, conversation, generation, saved: text } = killed();
    assert!(!text.is_empty() && words(1000).starts_with(&text));
    Runtime::new().unwrap().block_on(async {
        let (app, mira) = restarted(data).await;
        assert_eq!(active_generation(&mira, &conversation).await, generation.as_str());
        assert_eq!(app.serene.generations.sweep().await, Ok(1));

        let reply = only_reply(&mira, &conversation).await;
        assert_eq!((&reply["status"], &reply["content"]), (&json!("interrupted"), &json!(text)));
        assert_eq!(reply["error_code"], Value::Null);
        let path = generation_of(&generation);
        let stored = mira.get(&path).await.expect(StatusCode::OK);
        assert_eq!(stored["status"], "interrupted");
        assert!(stored["ended_at"].is_string());
        let records = ledger(&app, &mira).await;
        assert_eq!(records.len(), 1);
        same_usage(&stored, &records[0]);
        assert!(records[0].estimated);
        assert_eq!(saved(&app), []);

        // A reader resumes with what it has, even if that is more than was saved.
        let stream = format!("{path}/stream");
        let (rest, (name, _, done)) =
            Stream::get(&mira, &format!("{stream}?after=4")).await.rest().await;
        assert_eq!((rest.as_str(), name.as_str()), (&text[4..], "done"));
        assert_eq!(done["message"], reply);
        let ahead = format!("{stream}?after={}", text.len() + 500);
        let (rest, (_, _, done)) = Stream::get(&mira, &ahead).await.rest().await;
        assert_eq!((rest.as_str(), &done["message"]), ("", &reply));

        // The conversation goes on.
        assert_eq!(app.serene.generations.sweep().await, Ok(0));
        let next = mira.say(&conversation, "where were we?").await;
        assert_eq!(next["user_message"]["position"], 3);
        assert_eq!(ledger(&app, &mira).await.len(), 2);
    });
}

#[test]
fn until_it_is_swept_a_reader_is_told_to_come_again() {
    let Killed { data, conversation, generation, .. } = killed();
    Runtime::new().unwrap().block_on(async {
        let (_app, mira) = restarted(data).await;
        let path = format!("{}/stream", generation_of(&generation));
        let mut stream = Stream::get(&mira, &path).await;
        assert_eq!(stream.chunk().await.unwrap(), "event: reconnect\ndata: {}\n\n");
        assert_eq!(stream.chunk().await, None);
        let busy = mira.post(&messages_of(&conversation), json!({"content": "hello?"})).await;
        assert_eq!(busy.expect_error(409, "CONVERSATION_BUSY")["generation_id"], generation);
    });
}

#[test]
fn the_jobs_sweep_at_the_start() {
    let Killed { data, conversation, .. } = killed();
    Runtime::new().unwrap().block_on(async {
        let (app, mira) = restarted(data).await;
        app.serene.start_jobs();
        eventually("the reply is interrupted", async || {
            only_reply(&mira, &conversation).await["status"] == "interrupted"
        })
        .await;
    });
}

#[tokio::test]
async fn a_server_leaves_its_own_running_replies_alone_when_it_sweeps() {
    let app = TestApp::scripted("slow:20+long:20").await;
    app.serene.join().await.unwrap();
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let stream = Stream::send(&mira, &id, json!({"content": "go on"})).await;
    assert_eq!(app.serene.generations.sweep().await, Ok(0));
    assert_eq!(stream.rest().await.0, words(20));
}

#[tokio::test]
async fn a_reply_that_ends_in_time_is_whole_when_the_server_stops() {
    let app = TestApp::scripted("slow:10+long:20").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let stream = Stream::send(&mira, &id, json!({"content": "go on"})).await;
    let tasks = &app.serene.base().tasks;
    assert!(tasks.stop(Duration::from_secs(5), Duration::ZERO).await);
    let (text, (name, _, done)) = stream.rest().await;
    assert_eq!((text, name.as_str()), (words(20), "done"));
    assert_eq!(done["message"]["status"], "complete");
}

#[tokio::test]
async fn a_reply_that_takes_too_long_is_interrupted_when_the_server_stops() {
    let app = TestApp::scripted("slow:20+long:500").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut stream = Stream::send(&mira, &id, json!({"content": "go on"})).await;
    let read = stream.delta().await;
    let tasks = &app.serene.base().tasks;
    let start = tokio::time::Instant::now();
    assert!(tasks.stop(Duration::from_millis(200), Duration::from_secs(5)).await);
    assert!((200..4000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    let reply = only_reply(&mira, &id).await;
    assert_eq!(reply["status"], "interrupted");
    let (rest, (name, _, done)) = stream.rest().await;
    assert_eq!((name.as_str(), &done["message"]), ("done", &reply));
    assert_eq!(reply["content"], format!("{read}{rest}"));
    assert!(!rest.is_empty(), "it went on while there was time");
    assert_eq!(active_generation(&mira, &id).await, Value::Null);
    assert_eq!(ledger(&app, &mira).await.len(), 1);
    let refused = mira.post(&messages_of(&id), json!({"content": "more"})).await;
    refused.expect_error(503, "UNAVAILABLE");
}

fn rest_of(reply: &Value) -> String {
    format!("/api/v1/messages/{}/continue", reply["id"].as_str().unwrap())
}

#[test]
fn a_reply_that_a_kill_cut_off_goes_on_at_the_next_start() {
    let Killed { data, conversation, saved: begun, .. } = killed();
    Runtime::new().unwrap().block_on(async {
        let (app, mira) = restarted_with("long:1000", data).await;
        assert_eq!(app.serene.generations.sweep().await, Ok(1));
        let cut = only_reply(&mira, &conversation).await;
        assert_eq!(cut["content"], begun);
        let whole = mira.post(&rest_of(&cut), json!({})).await.expect(StatusCode::CREATED);
        assert_eq!(whole["assistant_message"]["content"], words(1000));
        assert_eq!(whole["assistant_message"]["status"], "complete");
        assert_eq!(whole["assistant_message"]["id"], cut["id"]);
    });
}

#[test]
fn a_kill_while_a_reply_goes_on_loses_neither_part() {
    let Killed { data, conversation, saved: begun, .. } = killed();
    let runtime = Runtime::new().unwrap();
    let data = runtime.block_on(async {
        let (app, mira) = restarted_with("slow:10+long:1000", data).await;
        assert_eq!(app.serene.generations.sweep().await, Ok(1));
        let cut = only_reply(&mira, &conversation).await;
        let events = [("accept", "text/event-stream")];
        let _rest = Stream::open(&mira, Method::POST, &rest_of(&cut), None, &events).await;
        eventually("two chunks of the rest are saved", async || saved(&app).len() >= 2).await;
        let first = usize::try_from(saved(&app)[0].0).unwrap();
        assert_eq!(first, begun.len(), "what is new is saved after what there was");
        let TestApp { data, .. } = app;
        data
    });
    drop(runtime);
    Runtime::new().unwrap().block_on(async {
        let (app, mira) = restarted(data).await;
        assert_eq!(app.serene.generations.sweep().await, Ok(1));
        let cut = only_reply(&mira, &conversation).await;
        let text = cut["content"].as_str().unwrap();
        assert_eq!(cut["status"], "interrupted");
        assert!(words(1000).starts_with(text) && text.len() > begun.len(), "{text}");
        // Each generation is charged for what it wrote.
        let tokens: Vec<u32> =
            ledger(&app, &mira).await.iter().map(|usage| usage.completion_tokens).collect();
        let bytes = |tokens: u32| tokens as usize * 4;
        assert!(tokens.iter().all(|tokens| bytes(*tokens) < text.len()), "{tokens:?}");
    });
}
