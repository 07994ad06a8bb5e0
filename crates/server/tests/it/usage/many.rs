//! Many at once against one budget.

use axum::http::StatusCode;
use tokio::task::JoinSet;

use super::{Metered, agrees, budgets, cost_of, metered, send, used_today};
use crate::app::{Client, Setup, TestApp};

const WORDS: &str = "good evening";

/// Sends one message in each of so many conversations at once; how many were answered, and refused.
async fn all_at_once(clients: &[&Client], count: usize) -> (usize, usize) {
    let mut conversations = Vec::new();
    for n in 0..count {
        let client = clients[n % clients.len()].clone();
        let conversation = client.conversation().await;
        conversations.push((client, conversation));
    }
    let mut sends = JoinSet::new();
    for (client, conversation) in conversations {
        sends.spawn(async move { send(&client, &conversation, WORDS).await });
    }
    let (mut answered, mut refused) = (0, 0);
    while let Some(reply) = sends.join_next().await {
        let reply = reply.unwrap();
        if reply.status == StatusCode::CREATED {
            assert_eq!(reply.json()["assistant_message"]["status"], "complete");
            answered += 1;
        } else {
            reply.expect_error(429, "BUDGET_EXCEEDED");
            refused += 1;
        }
    }
    (answered, refused)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_200_sends_at_once_exactly_the_100_that_fit_are_answered() {
    let each = cost_of(WORDS).await;
    for budget in [
        budgets(&format!("{} tokens/day", each * 100), ""),
        budgets(&format!("{} tokens/month", each * 101 - 1), "1000.00 cost/day"),
        budgets("", &format!("{} tokens/day", each * 100)),
    ] {
        let app = TestApp::with(metered(Metered::default(), budget)).await;
        let (mira, noor) = (app.user("mira").await, app.user("noor").await);
        // Each by themselves, or both together.
        let is_shared = app.serene.ledger.budgets(app.owner(&mira)).await.unwrap().is_empty();
        let clients = if is_shared { vec![&mira, &noor] } else { vec![&mira] };
        assert_eq!(all_at_once(&clients, 200).await, (100, 100));
        agrees(&app).await;
        assert_eq!(used_today(&app), each * 100);
        // Nothing of the others was stored, and nothing charged.
        assert_eq!(app.count("SELECT COUNT(*) FROM messages"), 200);
        assert_eq!(app.count("SELECT COUNT(*) FROM generations"), 100);
        assert_eq!(app.count("SELECT COUNT(*) FROM usage_records"), 100);
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations WHERE message_count > 0"), 100);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_budget_of_money_is_kept_by_the_price() {
    let each = cost_of(WORDS).await;
    // 1,024 tokens of an answer at 10, the others at 2.
    let nanos = (each - 1024) * 2 + 1024 * 10;
    let whole = format!("0.{:09} cost/month", nanos * 10 + 5);
    let app = TestApp::with(metered(Metered::default(), budgets(&whole, ""))).await;
    let mira = app.user("mira").await;
    assert_eq!(all_at_once(&[&mira], 20).await, (10, 10));
    agrees(&app).await;
    let spent = "SELECT cost_nanos_used FROM usage_totals WHERE period LIKE '%-%-%'";
    assert_eq!(app.count(spent), nanos * 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_budget_nothing_is_kept_free_and_the_totals_agree_all_the_same() {
    let app =
        TestApp::with(Setup { engine: None, ..metered(Metered::default(), budgets("", "")) }).await;
    let (mira, noor) = (app.user("mira").await, app.user("noor").await);
    assert_eq!(all_at_once(&[&mira, &noor], 60).await, (60, 0));
    agrees(&app).await;
    assert_eq!(app.count("SELECT COUNT(*) FROM usage_totals"), 4, "a day and a month each");
    assert!(used_today(&app) > 0);
}
