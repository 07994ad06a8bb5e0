//! What is told of usage: to a user, and to the operator; and whether the totals are right.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Metered, agrees, budgets, differences, metered};
use crate::{
    app::{Setup, TestApp},
    replies::ledger,
};

const NOTE: &str = "I walked along the river this morning and for once nothing hurried me.";

#[tokio::test]
async fn usage_is_told_by_day_by_model_and_by_purpose() {
    let setup = metered(Metered::default(), budgets("100000 tokens/day", ""));
    let app = TestApp::with(setup).await;
    let mira = app.user("mira").await;
    let noor = app.user("noor").await;
    noor.say(&noor.conversation().await, "this is nobody else's").await;
    let first_day = app.clock.now().utc_day();
    mira.say(&mira.conversation().await, "one").await;
    app.clock.step_seconds(86_400);
    let mira = app.sign_in("mira").await;
    mira.say(&mira.conversation().await, "two").await;
    mira.say(&mira.conversation().await, "three").await;
    let entry = json!({"mood": "calm", "note": NOTE});
    mira.post("/api/v1/entries", entry).await.expect(StatusCode::CREATED);

    let report = mira.get("/api/v1/me/usage").await.expect(StatusCode::OK);
    let calls = |list: &str, key: &str| -> Vec<(Value, Value)> {
        let items = report[list].as_array().unwrap();
        items.iter().map(|it| (it[key].clone(), it["calls"].clone())).collect()
    };
    let second_day = app.clock.now().utc_day();
    assert_eq!(
        calls("by_day", "day"),
        [(json!(first_day), json!(1)), (json!(second_day), json!(3))]
    );
    assert_eq!(calls("by_model", "model"), [(json!("m"), json!(4))]);
    assert_eq!(
        calls("by_purpose", "purpose"),
        [(json!("reply"), json!(3)), (json!("vibe_check"), json!(1))]
    );
    let total = &report["total"];
    let number = |key: &str| total[key].as_i64().unwrap();
    assert_eq!(number("total_tokens"), number("prompt_tokens") + number("completion_tokens"));
    let cost = number("prompt_tokens") * 2 + number("completion_tokens") * 10;
    assert_eq!((number("cost_nanos"), number("estimated_calls")), (cost, 0));
    let today = report["by_day"][1]["total_tokens"].clone();
    assert_eq!(report["budgets"][0]["used"], today);
    assert_eq!(report["budgets"][0]["limit"], 100_000);
    // One day alone.
    let path = format!("/api/v1/me/usage?from={first_day}&to={first_day}");
    let alone = mira.get(&path).await.expect(StatusCode::OK);
    assert_eq!(alone["total"]["calls"], 1);
    agrees(&app).await;
}

#[tokio::test]
async fn a_range_has_an_order_and_at_most_92_days() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let get = |query: &'static str| {
        let mira = mira.clone();
        async move { mira.get(&format!("/api/v1/me/usage?{query}")).await }
    };
    get("from=2026-01-01&to=2026-04-02").await.expect(StatusCode::OK);
    for wrong in [
        "from=2026-01-01&to=2026-04-03",
        "from=2026-01-02&to=2026-01-01",
        "from=yesterday",
        "to=2026-02-30",
        "tz=Europe/Berlin",
    ] {
        get(wrong).await.expect_error(400, "INVALID_REQUEST");
    }
    let nothing = get("").await.expect(StatusCode::OK);
    assert_eq!(nothing["total"]["calls"], 0);
    assert_eq!((&nothing["by_day"], &nothing["budgets"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn verify_finds_each_total_that_is_wrong_and_mends_it() {
    let app = TestApp::with(metered(Metered::default(), budgets("", ""))).await;
    let mira = app.user("mira").await;
    mira.say(&mira.conversation().await, "one").await;
    let day = app.clock.now().utc_day();
    for (what, wrong) in [
        ("UPDATE usage_totals SET tokens_used = tokens_used + 1 WHERE period LIKE '%-%-%'", 2),
        ("UPDATE usage_totals SET cost_nanos_reserved = 5 WHERE period NOT LIKE '%-%-%'", 2),
        ("UPDATE instance_usage_totals SET cost_nanos_used = 0", 2),
        ("UPDATE instance_usage_totals SET tokens_reserved = -3", 2),
        ("UPDATE usage_records SET cost_nanos = cost_nanos + 1", 2),
        ("DELETE FROM usage_totals WHERE period LIKE '%-%-%'", 2),
        ("DELETE FROM instance_usage_totals", 2),
    ] {
        agrees(&app).await;
        app.data.execute(what);
        let found = differences(&app).await;
        assert_eq!(found.len(), wrong, "{what}: {found:?}");
        app.serene.ledger.verify(true).await.unwrap();
    }
    agrees(&app).await;
    assert_eq!(app.count("SELECT COUNT(*) FROM usage_totals"), 2);
    assert!(differences(&app).await.is_empty(), "{day}");
}

#[tokio::test]
async fn a_record_says_what_it_was_made_for_and_outlives_it() {
    let app = TestApp::with(metered(Metered::default(), budgets("", ""))).await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let exchange = mira.say(&conversation, "one").await;
    let entry = json!({"mood": "calm", "note": NOTE});
    let entry = mira.post("/api/v1/entries", entry).await.expect(StatusCode::CREATED);
    let export = mira.get("/api/v1/me/export").await.expect(StatusCode::OK);
    let records = export["usage"].as_array().unwrap();
    let of = |purpose: &str| records.iter().find(|it| it["purpose"] == purpose).unwrap();
    let (reply, check) = (of("reply"), of("vibe_check"));
    let generation = &exchange["generation"]["id"];
    assert_eq!((&reply["generation_id"], &reply["entry_id"]), (generation, &Value::Null));
    assert_eq!((&check["generation_id"], &check["entry_id"]), (&Value::Null, &entry["id"]));
    let cost = |it: &Value| {
        it["prompt_tokens"].as_i64().unwrap() * 2 + it["completion_tokens"].as_i64().unwrap() * 10
    };
    assert!(records.iter().all(|it| it["cost_nanos"] == cost(it)), "{records:?}");
    let entry = entry["id"].as_str().unwrap();
    mira.delete(&format!("/api/v1/entries/{entry}")).await.expect(StatusCode::NO_CONTENT);
    mira.delete(&format!("/api/v1/conversations/{conversation}")).await;
    mira.delete(&format!("/api/v1/conversations/{conversation}?permanent=true")).await;
    assert_eq!(ledger(&app, &mira).await.len(), 2);
    agrees(&app).await;
}

#[tokio::test]
async fn the_contracts_report_by_day_counts_the_same() {
    let app = TestApp::with(Setup { ..metered(Metered::default(), budgets("", "")) }).await;
    let mira = app.user("mira").await;
    mira.say(&mira.conversation().await, "one").await;
    let own = mira.get("/api/v1/me/usage").await.expect(StatusCode::OK);
    let contract = mira.get("/users/usage").await.expect(StatusCode::OK);
    assert_eq!(contract["total_tokens"], own["total"]["total_tokens"], "{contract}");
}
