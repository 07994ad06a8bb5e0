//! Several instances on one database: any of them reads on, stops and revokes what another one
//! runs, and takes over from one that is gone.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Method, Response, StatusCode},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use serene_core::base::Error;
use tokio::time::{Instant, timeout};

use crate::{
    app::{Client, Setup, TestApp},
    replies::eventually,
};

/// They beat fifty times as often as in earnest.
const BEAT_EVERY: Duration = Duration::from_millis(100);
const SHARED: Option<Duration> = Some(BEAT_EVERY);

/// One instance, serving.
async fn one(script: &'static str) -> TestApp {
    start(Setup { script, shared: SHARED, ..Setup::default() }).await
}

/// Another one on the same database.
async fn beside(app: &TestApp, script: &'static str) -> TestApp {
    let data = Some(Arc::clone(&app.data));
    start(Setup { script, shared: SHARED, data, ..Setup::default() }).await
}

async fn start(setup: Setup) -> TestApp {
    let app = TestApp::with(setup).await;
    app.serene.join().await.unwrap();
    app.serene.start_jobs();
    app
}

/// Sends a message there, and gives the generation that answers it.
async fn send(client: &Client, conversation: &str) -> String {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let events = [("accept", "text/event-stream")];
    let body = Some(json!({"content": "go on"}));
    let response = client.open(Client::request(Method::POST, &path, body, &events)).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.headers()["x-generation-id"].to_str().unwrap().to_owned()
}

/// Reads a stream from an offset to its end: the text, the name of the last event, its data.
async fn read(client: &Client, generation: &str, after: usize) -> (String, String, Value) {
    rest(open(client, generation, after).await).await
}

/// A stream that has begun.
async fn open(client: &Client, generation: &str, after: usize) -> Response<Body> {
    let path = format!("/api/v1/generations/{generation}/stream?after={after}");
    let response = client.open(Client::request(Method::GET, &path, None, &[])).await;
    assert_eq!(response.status(), StatusCode::OK);
    response
}

/// The text of a stream, and its last event.
async fn rest(response: Response<Body>) -> (String, String, Value) {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8(bytes.to_vec()).unwrap();
    let (mut text, mut last) = (String::new(), (String::new(), Value::Null));
    for event in body.split("\n\n").filter(|event| !event.trim().is_empty()) {
        let field = |name: &str| {
            let mut lines = event.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
        };
        let data: Value = serde_json::from_str(field("data")).unwrap();
        match field("event") {
            "delta" => text.push_str(data["text"].as_str().unwrap()),
            name => last = (name.to_owned(), data),
        }
    }
    (text, last.0, last.1)
}

async fn reply_of(client: &Client, conversation: &str) -> Value {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    client.get(&path).await.expect(StatusCode::OK)["items"][1].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_is_read_on_the_other_instance_while_it_is_written_and_afterwards() {
    let first = one("slow:4+long:400").await;
    let second = beside(&first, "panic").await;
    let mira = first.user("mira").await;
    let there = second.here(&mira);
    let id = mira.conversation().await;
    let generation = send(&mira, &id).await;
    let whole = read(&mira, &generation, 0);
    let (from_start, from_middle) = (read(&there, &generation, 0), read(&there, &generation, 40));
    // Two readers at once, and one who is ahead of what is on disk.
    let ahead = read(&there, &generation, 1200);
    let (whole, from_start, from_middle, ahead) =
        tokio::join!(whole, from_start, from_middle, ahead);
    assert_eq!(whole.1, "done");
    assert_eq!(from_start, whole, "byte for byte, to the last event");
    assert_eq!(from_middle.0, whole.0[40..]);
    assert_eq!(ahead.0, whole.0[1200..]);
    assert_eq!(read(&there, &generation, 7).await.0, whole.0[7..], "and once it is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_new_is_heard_elsewhere_within_seven_tenths_of_a_second() {
    let first = one("slow:4+long:100").await;
    let second = beside(&first, "panic").await;
    let mira = first.user("mira").await;
    let there = second.here(&mira);
    for _ in 0..5 {
        let generation = send(&mira, &mira.conversation().await).await;
        let ended = async |client: &Client| {
            let (_, name, _) = read(client, &generation, 0).await;
            assert_eq!(name, "done");
            Instant::now()
        };
        let (here, elsewhere) = tokio::join!(ended(&mira), ended(&there));
        // Where instances tell each other, they look for themselves every two seconds only.
        let late = elsewhere.saturating_duration_since(here);
        assert!(late < Duration::from_millis(700), "{late:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_is_busy_on_every_instance() {
    let first = one("slow:20+long:1000").await;
    let second = beside(&first, "echo").await;
    let mira = first.user("mira").await;
    let there = second.here(&mira);
    let id = mira.conversation().await;
    let generation = send(&mira, &id).await;
    let path = format!("/api/v1/conversations/{id}/messages");
    let busy = there.post(&path, json!({"content": "me too"})).await;
    assert_eq!(busy.expect_error(409, "CONVERSATION_BUSY")["generation_id"], generation);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_is_stopped_from_the_other_instance_within_two_seconds() {
    let first = one("slow:20+long:5000").await;
    let second = beside(&first, "panic").await;
    let mira = first.user("mira").await;
    let there = second.here(&mira);
    let id = mira.conversation().await;
    let generation = send(&mira, &id).await;
    let start = Instant::now();
    let stop = format!("/api/v1/generations/{generation}/stop");
    let stopped = there.post(&stop, json!({})).await.expect(StatusCode::OK);
    assert_eq!(stopped["status"], "stopped");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let (text, name, done) = read(&mira, &generation, 0).await;
    assert_eq!((name.as_str(), &done["message"]["content"]), ("done", &json!(text)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_deleted_elsewhere_stops_what_runs_here() {
    let first = one("slow:20+long:5000").await;
    let second = beside(&first, "panic").await;
    let mira = first.user("mira").await;
    let there = second.here(&mira);
    let id = mira.conversation().await;
    let generation = send(&mira, &id).await;
    // Open before the account goes, or there would be nobody to let in.
    let reader = rest(open(&mira, &generation, 0).await);
    let deleted = async {
        let start = Instant::now();
        let deleted = there.delete("/api/v1/me").await;
        (deleted.status, start.elapsed())
    };
    let ((_, name, _), (status, took)) = tokio::join!(reader, deleted);
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(["done", "error"].contains(&name.as_str()), "{name}");
    assert_eq!(first.count("SELECT COUNT(*) FROM generations"), 0);
    mira.get("/api/v1/me").await.expect_error(401, "SESSION_ENDED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_revoked_elsewhere_is_refused_at_once() {
    let first = one("echo").await;
    let second = beside(&first, "echo").await;
    let mira = first.user("mira").await;
    let there = second.here(&mira);
    there.post("/api/v1/auth/logout", json!({})).await.expect(StatusCode::NO_CONTENT);
    mira.get("/api/v1/me").await.expect_error(401, "SESSION_ENDED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_instance_ran_is_interrupted_by_another() {
    let first = one("slow:20+long:5000").await;
    let mira = first.user("mira").await;
    let id = mira.conversation().await;
    let generation = send(&mira, &id).await;
    eventually("something is saved", async || {
        first.count("SELECT COUNT(*) FROM generation_chunks") > 0
    })
    .await;
    let second = beside(&first, "echo").await;
    let there = second.here(&mira);
    // The first one is alive: nothing of it is touched.
    second.serene.sweep().await;
    assert_eq!(reply_of(&there, &id).await["status"], "pending");
    // It is gone: its row is taken away, as it is when its beats stay out.
    first.data.execute(
        "DELETE FROM instances WHERE started_at = \
        (SELECT MIN(started_at) FROM instances)",
    );
    second.serene.sweep().await;
    let reply = reply_of(&there, &id).await;
    assert_eq!(reply["status"], "interrupted");
    // It comes back, and writes nothing any more.
    eventually("the first one gives up", async || {
        let (_, name, _) = read(&mira, &generation, 0).await;
        name == "done"
    })
    .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(reply_of(&there, &id).await, reply, "no zombie writes");
    assert_eq!(first.count("SELECT COUNT(*) FROM usage_records"), 1);
    let path = format!("/api/v1/messages/{}/regenerate", reply["id"].as_str().unwrap());
    there.post(&path, json!({})).await.expect(StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_whose_beats_stay_out_is_noticed_within_six_of_them() {
    let script = "slow:20+long:100000";
    let first = TestApp::with(Setup { script, shared: SHARED, ..Setup::default() }).await;
    // It joins and never beats again.
    first.serene.join().await.unwrap();
    let mira = first.user("mira").await;
    let id = mira.conversation().await;
    send(&mira, &id).await;
    let second = beside(&first, "echo").await;
    let there = second.here(&mira);
    let start = Instant::now();
    let interrupted = async {
        while reply_of(&there, &id).await["status"] != "interrupted" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    // In earnest: thirty seconds. This machine may be busy, so that is not held to the beat here.
    timeout(BEAT_EVERY * 60, interrupted).await.expect("it is noticed");
    assert!(start.elapsed() >= BEAT_EVERY * 3, "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_comes_back_to_its_place_need_not_wait_to_sweep() {
    let place = Some(uuid::Uuid::from_u128(7));
    let setup = Setup { script: "slow:20+long:100000", shared: SHARED, place, ..Setup::default() };
    let first = TestApp::with(setup).await;
    first.serene.join().await.unwrap();
    let mira = first.user("mira").await;
    let id = mira.conversation().await;
    send(&mira, &id).await;
    for (place, status) in [(Some(uuid::Uuid::from_u128(8)), "pending"), (place, "interrupted")] {
        let data = Some(Arc::clone(&first.data));
        let next = TestApp::with(Setup { shared: SHARED, place, data, ..Setup::default() }).await;
        next.serene.join().await.unwrap();
        next.serene.sweep().await;
        assert_eq!(reply_of(&next.here(&mira), &id).await["status"], status);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_with_another_secret_is_refused_while_the_first_one_lives() {
    let first = one("echo").await;
    let secret = "another secret of at least 32 bytes";
    let data = Some(Arc::clone(&first.data));
    let setup = Setup { shared: SHARED, secret, data, ..Setup::default() };
    let other = TestApp::with(setup).await;
    assert_eq!(other.serene.join().await, Err(Error::AnotherSecret));
    // One that died does not stand in the way for long.
    let tasks = first.serene.base().tasks.clone();
    tasks.stop(Duration::from_secs(5), Duration::from_secs(1)).await;
    assert_eq!(other.serene.join().await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_was_taken_for_dead_begins_anew() {
    let first = one("slow:5+long:20").await;
    let mira = first.user("mira").await;
    first.data.execute("DELETE FROM instances");
    eventually("it is there again", async || first.count("SELECT COUNT(*) FROM instances") == 1)
        .await;
    let exchange = mira.say(&mira.conversation().await, "hello").await;
    assert_eq!(exchange["assistant_message"]["status"], "complete");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_stops_leaves_nothing_to_wait_for() {
    let first = one("slow:5+long:50").await;
    let second = beside(&first, "echo").await;
    let mira = first.user("mira").await;
    let there = second.here(&mira);
    let id = mira.conversation().await;
    let generation = send(&mira, &id).await;
    let tasks = first.serene.base().tasks.clone();
    assert!(tasks.stop(Duration::from_secs(20), Duration::from_secs(5)).await);
    first.serene.leave().await.unwrap();
    assert_eq!(first.count("SELECT COUNT(*) FROM instances"), 1);
    let (text, name, _) = read(&there, &generation, 0).await;
    assert_eq!(name, "done");
    assert_eq!(reply_of(&there, &id).await["content"], text);
}
