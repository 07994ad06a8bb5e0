//! No room, and no write lock: what is written is refused in time and in words, what is stored is
//! still read, a reply under way is kept, and nobody has to come and mend anything.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::http::StatusCode;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use serene_llm::{Engine, Event, EventStream, FinishReason, Request};
use tokio::sync::oneshot;

use crate::{
    app::{Client, Setup, TestApp},
    database::not_on_sqlite,
    mock_model_server::MockServer,
    process,
    process::{Home, Server, now, read_until},
    replies::{Stream, eventually, ledger, messages_of, only_reply},
};

/// Waits to be told, then says a lot at once; after that it answers at once and shortly.
#[derive(Debug)]
struct Held(Mutex<Option<oneshot::Receiver<()>>>);

fn much() -> String {
    "It rained all night. ".repeat(3000)
}

impl Engine for Held {
    fn name(&self) -> &'static str {
        "held"
    }

    fn model(&self) -> &'static str {
        "held"
    }

    fn stream(&self, _: Request) -> EventStream {
        let told = self.0.lock().unwrap().take();
        let said = async move {
            match told {
                Some(told) => told.await.map_or_else(|_| String::new(), |()| much()),
                None => "Yes.".to_owned(),
            }
        };
        let end = Event::Finished { reason: FinishReason::Stop, usage: None };
        Box::pin(
            stream::once(said).map(|said| Ok(Event::Delta(said))).chain(stream::iter([Ok(end)])),
        )
    }
}

/// How many pages of 4 KiB the database may have.
const ROOM: u32 = 400;

/// Takes all the room there is, as something else on the disk would.
fn fill(app: &TestApp) {
    let sql = rusqlite::Connection::open(app.data.path().join("serene.db")).unwrap();
    sql.execute_batch("CREATE TABLE ballast (bytes BLOB)").unwrap();
    let pages = || sql.query_row("PRAGMA page_count", [], |row| row.get::<_, u32>(0)).unwrap();
    while pages() < ROOM {
        sql.execute("INSERT INTO ballast VALUES (zeroblob(4000))", []).unwrap();
    }
}

async fn expect_full(app: &TestApp, mira: &Client, conversation: &str) {
    let before = app.count("SELECT COUNT(*) FROM messages");
    let long = json!({"content": "x".repeat(15_000)});
    let refused = mira.post(&messages_of(conversation), long).await;
    refused.expect_error(507, "STORAGE_FULL");
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), before, "nothing was changed");
    app.anonymous().get("/readyz").await.expect_error(507, "STORAGE_FULL");
    app.anonymous().get("/livez").await.expect(StatusCode::OK);
    mira.get("/api/v1/conversations").await.expect(StatusCode::OK);
    mira.get(&messages_of(conversation)).await.expect(StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disk_full() {
    // Only SQLite can be given so little room; what a server of databases says of a full disk is
    // translated in the same place.
    if not_on_sqlite() {
        return;
    }
    let (go_on, told) = oneshot::channel();
    let engine: Arc<dyn Engine> = Arc::new(Held(Mutex::new(Some(told))));
    let setup = Setup { engine: Some(engine), max_pages: Some(ROOM), ..Setup::default() };
    let app = TestApp::with(setup).await;
    let mira = app.user("mira").await;
    let (id, other) = (mira.conversation().await, mira.conversation().await);
    let stream = Stream::send(&mira, &id, json!({"content": "how was the night?"})).await;
    fill(&app);
    expect_full(&app, &mira, &other).await;

    // A reply under way: it is read whole, and its reader is told that it is not stored.
    go_on.send(()).unwrap();
    let (text, (name, _, data)) = stream.rest().await;
    assert_eq!((name.as_str(), &data["code"]), ("error", &json!("STORAGE_FULL")));
    assert_eq!(text, much());
    assert_eq!(only_reply(&mira, &id).await["status"], "pending");
    expect_full(&app, &mira, &other).await;

    // There is room again: no restart, no request for it.
    app.data.execute("DROP TABLE ballast");
    let since = now();
    eventually("the reply is stored after all", async || {
        only_reply(&mira, &id).await["status"] == "complete"
    })
    .await;
    assert!(since.elapsed() < Duration::from_secs(7), "{:?}", since.elapsed());
    assert_eq!(only_reply(&mira, &id).await["content"], much());
    assert_eq!(ledger(&app, &mira).await.len(), 1, "and paid for once");
    app.anonymous().get("/readyz").await.expect(StatusCode::OK);
    let long = "x".repeat(15_000);
    assert_eq!(mira.say(&other, &long).await["user_message"]["content"], long);
}

/// A write that waits for the lock and is refused after five seconds.
fn expect_locked(server: &Server, token: &str) {
    let start = now();
    let refused = server.post("/api/v1/conversations", token, &json!({"title": "refused"}));
    let took = start.elapsed();
    let error = refused.expect(503);
    assert_eq!((&error["code"], refused.header("retry-after")), (&json!("UNAVAILABLE"), Some("1")));
    assert!((4500..7000).contains(&took.as_millis()), "told after {took:?}");
}

#[test]
fn database_locked_or_gone() {
    let home = Home::on_sqlite();
    let model = MockServer::start();
    let base_url = model.base_url();
    let server = home.start(&[
        ("AI_ENGINE", "openai"),
        ("OPENAI_BASE_URL", &base_url),
        ("OPENAI_MODEL", "slow:100+long:15"),
    ]);
    let token = server.register("mira");
    let messages = server.conversation(&token);
    let said = process::Request::new("POST", &messages).token(&token).events();
    let mut stream = said.json(&json!({"content": "go on"})).open(server.address);
    let mut seen = read_until(&mut stream, "The ");

    // Another process has the write lock, and this test is one.
    let other = rusqlite::Connection::open(home.work().join("data/serene.db")).unwrap();
    other.execute_batch("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
    let locked = now();
    std::thread::scope(|scope| {
        let writes: Vec<_> =
            (0..8).map(|_| scope.spawn(|| expect_locked(&server, &token))).collect();
        // Reading goes on all the while, the reply included.
        seen += &read_until(&mut stream, "street ");
        assert!(locked.elapsed() < Duration::from_secs(4), "{:?}", locked.elapsed());
        while !writes.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let start = now();
            assert_eq!(server.get(&messages, &token).status, 200);
            assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    assert!(!seen.contains("event: done"), "what is not stored was promised: {seen}");

    other.execute_batch("ROLLBACK").unwrap();
    let released = now();
    let made = server.post("/api/v1/conversations", &token, &json!({"title": "taken"}));
    assert_eq!(made.expect(201)["title"], "taken");
    read_until(&mut stream, "event: done");
    assert!(released.elapsed() < Duration::from_secs(5), "{:?}", released.elapsed());

    // The file is gone: what would be written into it nobody would find again.
    let (file, elsewhere) = (home.work().join("data/serene.db"), home.work().join("moved.db"));
    std::fs::rename(&file, &elsewhere).unwrap();
    let refused = server.post("/api/v1/conversations", &token, &json!({"title": "refused"}));
    assert_eq!(refused.expect(503)["code"], "UNAVAILABLE");
    assert_eq!(server.get("/readyz", "").status, 503);
    assert_eq!(server.get(&messages, &token).status, 200, "what is there is read");
    std::fs::rename(&elsewhere, &file).unwrap();
    assert_eq!(server.get("/readyz", "").status, 200);
    let made = server.post("/api/v1/conversations", &token, &json!({"title": "taken again"}));
    made.expect(201);

    let page = server.get(&messages, &token).expect(200);
    let statuses: Vec<&Value> =
        page["items"].as_array().unwrap().iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, ["complete", "complete"]);
    let titles = server.get("/api/v1/conversations", &token).body;
    assert!(titles.contains("taken") && !titles.contains("refused"), "{titles}");
    let records = "SELECT COUNT(*) FROM usage_records";
    assert_eq!(other.query_row(records, [], |row| row.get::<_, i64>(0)), Ok(1));
}
