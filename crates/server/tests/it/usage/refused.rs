//! What is refused where a budget has no room, how, and what is not.

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use serene_llm::Usage;

use super::{Metered, agrees, budget_of, budgets, cost_of, metered, send, text, used_today};
use crate::{
    app::{Setup, TestApp},
    replies::{eventually, ledger, messages_of},
};

const WORDS: &str = "good evening";

const NOTE: &str = "I walked along the river this morning and for once nothing hurried me.";

const CRISIS: &str = "I want to kill myself, I have thought about it for a long time now.";

/// One whose users have nothing left.
async fn empty() -> TestApp {
    TestApp::with(metered(Metered::default(), budgets("1 tokens/day", ""))).await
}

#[tokio::test]
async fn a_refusal_says_when_the_budget_renews_and_leaves_nothing_behind() {
    let app = empty().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let reply = send(&mira, &conversation, WORDS).await;
    let body = reply.expect_error(429, "BUDGET_EXCEEDED");
    let now = app.clock.now();
    let tomorrow: jiff::Timestamp = body["renews_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(tomorrow.as_second() % 86_400, 0, "{body}");
    let wait: i64 = reply.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    let to_wait = tomorrow.as_microsecond() - now.as_micros();
    assert_eq!(wait, (to_wait + 999_999) / 1_000_000);
    assert!((1..=86_400).contains(&wait));
    let page = mira.get(&messages_of(&conversation)).await.expect(StatusCode::OK);
    assert_eq!(page["items"], json!([]));
    assert!(ledger(&app, &mira).await.is_empty());
    agrees(&app).await;
}

#[tokio::test]
async fn the_contracts_refuse_in_their_own_envelopes() {
    let app = empty().await;
    let mira = app.user("mira").await;
    let made = mira.post("/api/chat/create", json!({"title": "one"})).await;
    let chat = made.expect(StatusCode::CREATED)["id"].clone();
    let address = json!({"email": "mira@example.org"});
    mira.patch("/api/v1/me", address).await.expect(StatusCode::OK);
    let made = mira.post("/sessions", json!({"title": "an evening"})).await;
    let made = made.expect(StatusCode::CREATED);
    let session = made["id"].clone();
    for (path, body) in [
        (format!("/api/messages/{chat}/send"), json!({"text": WORDS})),
        (format!("/conversations/{chat}/messages"), json!({"content": WORDS})),
        ("/api/chat".to_owned(), json!({"message": WORDS})),
        ("/chat/send".to_owned(), json!({"content": WORDS})),
        ("/chat/respond".to_owned(), json!({"session_id": session, "message": WORDS})),
        ("/api/ai/vibe-check".to_owned(), json!({"note": NOTE})),
        ("/api/ai/vibe-check/stream".to_owned(), json!({"note": NOTE})),
    ] {
        let reply = mira.post(&path, body).await;
        assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS, "{path}: {}", reply.text());
        let body = reply.json();
        assert_eq!(body["code"], "BUDGET_EXCEEDED", "{path}: {body}");
        assert!(body["renews_at"].is_string() && body["detail"].is_string(), "{path}: {body}");
        assert!(reply.headers.contains_key(header::RETRY_AFTER), "{path}");
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE role = 'user'"), 0);
    assert_eq!(app.count("SELECT COUNT(*) FROM usage_records"), 0);
    agrees(&app).await;
}

#[tokio::test]
async fn an_entry_is_kept_and_says_why_it_has_no_answer() {
    let app = empty().await;
    let mira = app.user("mira").await;
    let entry = json!({"mood": "calm", "note": NOTE});
    let entry = mira.post("/api/v1/entries", entry).await.expect(StatusCode::CREATED);
    assert_eq!((&entry["ai_status"], &entry["ai_response"]), (&json!("failed"), &Value::Null));
    assert_eq!(entry["ai_error_code"], "BUDGET_EXCEEDED");
    mira.post("/api/v1/vibe-check", json!({"note": NOTE}))
        .await
        .expect_error(429, "BUDGET_EXCEEDED");
    assert!(ledger(&app, &mira).await.is_empty());
    agrees(&app).await;
}

#[tokio::test]
async fn who_is_in_need_is_answered_whatever_is_left() {
    let app = empty().await;
    let mira = app.user("mira").await;
    let exchange = mira.say(&mira.conversation().await, CRISIS).await;
    assert_eq!(exchange["assistant_message"]["status"], "complete");
    assert_eq!(exchange["generation"]["engine"], "care");
    let entry = json!({"mood": "low", "note": CRISIS});
    let entry = mira.post("/api/v1/entries", entry).await.expect(StatusCode::CREATED);
    assert_eq!(entry["ai_status"], "care");
    assert!(ledger(&app, &mira).await.is_empty());
    agrees(&app).await;
}

#[tokio::test]
async fn a_send_that_was_made_is_answered_again_when_nothing_is_left() {
    let each = cost_of(WORDS).await;
    let app =
        TestApp::with(metered(Metered::default(), budgets(&format!("{each} tokens/day"), "")))
            .await;
    let mira = app.user("mira").await;
    let path = messages_of(&mira.conversation().await);
    let key = [("idempotency-key", "once")];
    let body = || Some(json!({"content": WORDS}));
    let first = mira.send(Method::POST, &path, body(), &key).await.expect(StatusCode::CREATED);
    for _ in 0..3 {
        let again = mira.send(Method::POST, &path, body(), &key).await;
        let again = again.expect(StatusCode::CREATED);
        assert_eq!(again["user_message"], first["user_message"]);
    }
    mira.post(&path, json!({"content": WORDS})).await.expect_error(429, "BUDGET_EXCEEDED");
    let reply = first["assistant_message"]["id"].as_str().unwrap();
    let again = mira.post(&format!("/api/v1/messages/{reply}/regenerate"), json!({})).await;
    again.expect_error(429, "BUDGET_EXCEEDED");
    assert_eq!(ledger(&app, &mira).await.len(), 1, "charged once");
    agrees(&app).await;
}

#[tokio::test]
async fn a_day_and_a_month_renew_by_the_clock() {
    let each = cost_of(WORDS).await;
    let both = format!("{each} tokens/day, {} tokens/month", each * 2);
    let app = TestApp::with(metered(Metered::default(), budgets(&both, ""))).await;
    let mut mira = app.user("mira").await;
    // To the second day of a month, so that there are days left.
    let mut day = app.clock.now().utc_day();
    while !day.ends_with("-02") {
        app.clock.step_seconds(86_400);
        day = app.clock.now().utc_day();
    }
    for (moved, answered, renews) in [
        (0, true, ""),
        (0, false, "-03T00:00:00.000000Z"),
        (86_400, true, ""),
        // The month has nothing left: its first is later than the next day.
        (0, false, "-01T00:00:00.000000Z"),
        (86_400, false, "-01T00:00:00.000000Z"),
        (86_400 * 31, true, ""),
    ] {
        app.clock.step_seconds(moved);
        mira = app.sign_in("mira").await;
        let reply = send(&mira, &mira.conversation().await, WORDS).await;
        if answered {
            reply.expect(StatusCode::CREATED);
        } else {
            let body = reply.expect_error(429, "BUDGET_EXCEEDED");
            assert!(body["renews_at"].as_str().unwrap().ends_with(renews), "{body}");
        }
    }
    assert_eq!(budget_count(&mira).await, 2);
    agrees(&app).await;
}

async fn budget_count(client: &crate::app::Client) -> usize {
    let report = client.get("/api/v1/me/usage").await.expect(StatusCode::OK);
    report["budgets"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_longer_answer_than_expected_stays_as_debt() {
    let each = cost_of(WORDS).await;
    let engine = Metered { excess: 5000, ..Metered::default() };
    let limit = format!("{} tokens/month", each * 2);
    let app = TestApp::with(metered(engine, budgets(&limit, ""))).await;
    let mira = app.user("mira").await;
    mira.say(&mira.conversation().await, WORDS).await;
    let budget = budget_of(&mira).await;
    assert_eq!(budget["used"], each + 5000);
    assert_eq!((&budget["left"], &budget["reserved"]), (&json!(0), &json!(0)));
    assert_eq!((&budget["unit"], &budget["period"]), (&json!("tokens"), &json!("month")));
    let reply = send(&mira, &mira.conversation().await, WORDS).await;
    reply.expect_error(429, "BUDGET_EXCEEDED");
    agrees(&app).await;
}

#[tokio::test]
async fn the_budget_of_all_is_used_by_each_of_them() {
    let each = cost_of(WORDS).await;
    let app =
        TestApp::with(metered(Metered::default(), budgets("", &format!("{each} tokens/day"))))
            .await;
    let (mira, noor) = (app.user("mira").await, app.user("noor").await);
    mira.say(&mira.conversation().await, WORDS).await;
    let reply = send(&noor, &noor.conversation().await, WORDS).await;
    let body = reply.expect_error(429, "BUDGET_EXCEEDED");
    assert!(body["error"].as_str().unwrap().starts_with("The server's budget"), "{body}");
    // Who leaves takes nothing of it along.
    mira.delete("/api/v1/me").await.expect(StatusCode::NO_CONTENT);
    assert_eq!(app.count("SELECT COUNT(*) FROM usage_totals WHERE tokens_used > 0"), 0);
    assert_eq!(used_today(&app), each);
    send(&noor, &noor.conversation().await, WORDS).await.expect_error(429, "BUDGET_EXCEEDED");
    agrees(&app).await;
}

#[tokio::test]
async fn every_request_says_how_much_may_be_written_and_sessions_do_not_depend_on_it() {
    let app = empty().await;
    let mira = app.user("mira").await;
    let owner = app.owner(&mira);
    let title = serene_core::base::Title::parse("an evening").unwrap();
    // Serene has words of its own for both.
    let opened = app.serene.generations.open_session(owner, title, None).await.unwrap();
    assert_eq!(text(&app, "SELECT engine FROM messages"), "basic");
    let summary = app.serene.generations.sum_up(owner, opened.id).await.unwrap();
    assert_eq!(summary.error_code, None, "nothing was said, and nobody is asked");
    agrees(&app).await;
}

#[tokio::test]
async fn where_the_provider_counts_nothing_a_guess_is_settled() {
    let setup = metered(
        Metered { silent: true, ..Metered::default() },
        budgets("1000000 tokens/day", "1000000 tokens/day"),
    );
    let app = TestApp::with(Setup { master_key: None, ..setup }).await;
    let mira = app.user("mira").await;
    mira.say(&mira.conversation().await, WORDS).await;
    let entry = json!({"mood": "calm", "note": NOTE});
    mira.post("/api/v1/entries", entry).await.expect(StatusCode::CREATED);
    eventually("both are charged", async || ledger(&app, &mira).await.len() == 2).await;
    let records = ledger(&app, &mira).await;
    assert!(records.iter().all(|it| it.estimated && *it != Usage::default()), "{records:?}");
    agrees(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_message_sent_many_times_at_once_needs_room_for_one() {
    let each = cost_of(WORDS).await;
    for by_key in [true, false] {
        let limit = budgets(&format!("{} tokens/day", each + 1), "");
        let app = TestApp::with(metered(Metered::default(), limit)).await;
        let mira = app.user("mira").await;
        let path = messages_of(&mira.conversation().await);
        let mut senders = tokio::task::JoinSet::new();
        for _ in 0..30 {
            let (mira, path) = (mira.clone(), path.clone());
            senders.spawn(async move {
                let key = [("idempotency-key", "once")];
                let mut body = json!({"content": WORDS});
                if by_key {
                    return mira.send(Method::POST, &path, Some(body), &key).await;
                }
                body["id"] = json!("0199e4c7-54c8-7a53-a5b0-0e9cfbe7aa2d");
                mira.post(&path, body).await
            });
        }
        while let Some(reply) = senders.join_next().await {
            reply.unwrap().expect(StatusCode::CREATED);
        }
        assert_eq!(ledger(&app, &mira).await.len(), 1, "charged once");
        agrees(&app).await;
    }
}

#[tokio::test]
async fn a_second_try_at_a_vibe_check_needs_room_of_its_own() {
    // What the guard does not let through is asked for once more.
    let engine = Metered { clinical: true, ..Metered::default() };
    for (limit, calls) in [("1000000 tokens/day", 2), ("600 tokens/day", 1)] {
        let app = TestApp::with(metered(engine.clone(), budgets(limit, ""))).await;
        let mira = app.user("mira").await;
        let entry = json!({"mood": "calm", "note": NOTE});
        let entry = mira.post("/api/v1/entries", entry).await.expect(StatusCode::CREATED);
        // The built-in sentence stands in, whether the second call was made or not.
        assert_eq!(entry["ai_status"], "complete", "{entry}");
        assert_eq!(ledger(&app, &mira).await.len(), calls, "{limit}");
        agrees(&app).await;
    }
}
