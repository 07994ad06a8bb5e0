//! Every way in which a call ends is settled: what was kept free is given back, what was used counts.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use serene_core::generations::SendMessage;
use tokio::task::JoinSet;

use super::{Metered, agrees, budgets, differences, metered, text, used_today};
use crate::{
    app::{Setup, TestApp},
    replies::{Stream, eventually, generation_of, ledger, messages_of},
};

const WORDS: &str = "good evening";

const NOTE: &str = "I walked along the river this morning and for once nothing hurried me.";

/// One whose engine follows a script, with budgets that have room.
async fn scripted(script: &'static str) -> TestApp {
    let budgets = budgets("10000000 tokens/day", "1000000.00 cost/month");
    TestApp::with(Setup { script, budgets, ..Setup::default() }).await
}

fn held(app: &TestApp) -> i64 {
    app.count(
        "SELECT COALESCE(MAX(tokens_reserved), 0) FROM usage_totals WHERE period LIKE '%-%-%'",
    )
}

#[tokio::test]
async fn while_a_reply_runs_its_room_is_kept_free_and_the_totals_agree() {
    let app = scripted("slow:20+long:500").await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let stream = Stream::send(&mira, &conversation, json!({"content": WORDS})).await;
    assert!(held(&app) > 1024, "{}", held(&app));
    assert_eq!(app.count("SELECT COUNT(*) FROM usage_reservations"), 1);
    assert_eq!(differences(&app).await, []);
    let stop = format!("{}/stop", generation_of(&stream.generation()));
    mira.post(&stop, json!({})).await.expect(StatusCode::OK);
    agrees(&app).await;
    assert_eq!(text(&app, "SELECT status FROM usage_records"), "stopped");
}

#[tokio::test]
async fn who_hangs_up_is_charged_at_the_end() {
    let app = scripted("slow:5+long:40").await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    drop(Stream::send(&mira, &conversation, json!({"content": WORDS})).await);
    eventually("it is charged", async || !ledger(&app, &mira).await.is_empty()).await;
    agrees(&app).await;
    assert!(used_today(&app) >= 40);
    assert_eq!(text(&app, "SELECT status FROM usage_records"), "complete");
}

#[tokio::test]
async fn what_fails_is_settled_with_what_there_was() {
    for (script, is_charged) in
        [("fail", false), ("cut:5+long:20", true), ("long:3+no-usage", true), ("garbage", false)]
    {
        let app = scripted(script).await;
        let mira = app.user("mira").await;
        mira.say(&mira.conversation().await, WORDS).await;
        agrees(&app).await;
        let records = ledger(&app, &mira).await;
        assert!(records[0].estimated, "{script}: the provider gave no figure");
        let used = app.count("SELECT COALESCE(MAX(tokens_used), 0) FROM usage_totals");
        assert_eq!(used > 0, is_charged, "{script}");
    }
}

#[tokio::test]
async fn replies_that_a_stop_of_the_server_cuts_off_are_settled() {
    let app = scripted("slow:50+long:1000").await;
    let mira = app.user("mira").await;
    let stream = Stream::send(&mira, &mira.conversation().await, json!({"content": WORDS})).await;
    let tasks = &app.serene.base().tasks;
    tasks.stop(Duration::from_millis(100), Duration::from_secs(10)).await;
    drop(stream);
    agrees(&app).await;
    assert_eq!(text(&app, "SELECT status FROM usage_records"), "interrupted");
}

#[tokio::test]
async fn a_vibe_check_is_settled_with_its_entry_or_without() {
    let app = scripted("slow:20+long:30").await;
    let mira = app.user("mira").await;
    let entry = json!({"mood": "calm", "note": NOTE});
    // Deleted before it is answered.
    let mut posting = JoinSet::new();
    let writer = mira.clone();
    posting.spawn(async move { writer.post("/api/v1/entries", entry).await });
    let entries = "SELECT COUNT(*) FROM usage_reservations";
    eventually("the model is asked", async || app.count(entries) == 1).await;
    let page = mira.get("/api/v1/entries").await.expect(StatusCode::OK);
    let id = page["items"][0]["id"].as_str().unwrap().to_owned();
    mira.delete(&format!("/api/v1/entries/{id}")).await.expect(StatusCode::NO_CONTENT);
    posting.join_next().await.unwrap().unwrap().expect_error(404, "ENTRY_NOT_FOUND");
    agrees(&app).await;
    let calls = app.count("SELECT COUNT(*) FROM usage_records WHERE entry_id IS NOT NULL");
    assert!(calls >= 1, "{calls}");
}

#[tokio::test]
async fn who_hangs_up_during_a_vibe_check_is_charged() {
    let app = scripted("slow:10+long:20").await;
    let mira = app.user("mira").await;
    let asking = mira.post("/api/v1/vibe-check", json!({"note": NOTE}));
    // Nobody waits for the answer.
    let _ = tokio::time::timeout(Duration::from_millis(60), asking).await;
    eventually("it is charged", async || !ledger(&app, &mira).await.is_empty()).await;
    agrees(&app).await;
}

#[tokio::test]
async fn an_account_that_goes_while_its_reply_runs_takes_its_room_along() {
    let app = scripted("slow:20+long:1000").await;
    let mira = app.user("mira").await;
    let stream = Stream::send(&mira, &mira.conversation().await, json!({"content": WORDS})).await;
    let chunks = "SELECT COUNT(*) FROM generation_chunks";
    eventually("it has said something", async || app.count(chunks) > 0).await;
    mira.delete("/api/v1/me").await.expect(StatusCode::NO_CONTENT);
    drop(stream);
    agrees(&app).await;
    assert_eq!(app.count("SELECT COUNT(*) FROM usage_totals"), 0);
    assert!(used_today(&app) > 0, "what was spent stays spent");
}

#[tokio::test]
async fn a_dead_process_leaves_nothing_reserved() {
    let engine = Metered { pause: Duration::from_mins(1), ..Metered::default() };
    let budgets = budgets("10000000 tokens/day", "10000000 tokens/month");
    let first = TestApp::with(metered(engine, budgets.clone())).await;
    let mira = first.user("mira").await;
    let owner = first.owner(&mira);
    let conversation = mira.conversation().await;
    let message = SendMessage {
        conversation_id: conversation.parse().unwrap(),
        message_id: None,
        text: serene_core::base::MessageText::parse("content", WORDS).unwrap(),
        attachments: Vec::new(),
        titled_by_model: false,
        retry: None,
    };
    let sent = first.serene.generations.send(owner, message).await.unwrap();
    let journal = std::sync::Arc::clone(&first.serene);
    let note = serene_core::journal::Note::parse(NOTE).unwrap();
    let mut checking = JoinSet::new();
    checking.spawn(async move { journal.journal.vibe_check(owner, &note).await });
    let rows = "SELECT COUNT(*) FROM usage_reservations";
    eventually("both are asked", async || first.count(rows) == 2).await;
    assert_eq!(differences(&first).await, []);

    // Another process on the same data, which knows nothing of the first.
    let data = std::sync::Arc::clone(&first.data);
    let setup = Setup { data: Some(data), ..metered(Metered::default(), budgets) };
    let second = TestApp::with(setup).await;
    second.serene.join().await.unwrap();
    second.serene.sweep().await;
    agrees(&second).await;
    let mira = second.here(&mira);
    let page = mira.get(&messages_of(&conversation)).await.expect(StatusCode::OK);
    assert_eq!(page["items"][1]["status"], "interrupted");
    assert_eq!(ledger(&second, &mira).await.len(), 1, "the reply; the check left no trace");
    checking.abort_all();
    drop(sent);
}
