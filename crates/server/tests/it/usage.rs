//! What models are used for: the records, the totals, the reports, the budgets.

mod ending;
mod killed;
mod many;
mod refused;
mod reports;

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use serene_core::usage::{Budgets, Figures, Price, Prices};
use serene_llm::{
    Engine, Event, EventStream, FinishReason, Request, TURN_TOKENS, Usage, estimate_tokens,
};

use crate::{
    app::{Client, Setup, TestApp},
    database::Cell,
    replies::messages_of,
};

/// What every answer of [`Metered`] is counted as, unless it is told otherwise.
const ANSWER: &str = "Yes, of course.";

/// Counts as Serene reserves: the prompt as it is guessed, and as much of an answer as it was allowed. So what is settled is what was kept free.
#[derive(Clone, Debug, Default)]
pub(super) struct Metered {
    /// More tokens than it was allowed.
    excess: u32,
    /// How long it takes.
    pause: Duration,
    /// The provider counts nothing.
    silent: bool,
    /// It says what no guard lets through.
    clinical: bool,
}

impl Engine for Metered {
    fn name(&self) -> &'static str {
        "metered"
    }

    fn model(&self) -> &'static str {
        "m"
    }

    fn stream(&self, request: Request) -> EventStream {
        let turn = |text: &str| estimate_tokens(text) + TURN_TOKENS;
        let usage = Usage {
            prompt_tokens: request.messages.iter().map(|message| turn(&message.text)).sum(),
            completion_tokens: request.max_tokens.unwrap_or(7) + self.excess,
            cached_tokens: 0,
            estimated: false,
        };
        let usage = (!self.silent).then_some(usage);
        let text = if self.clinical { "You have a bipolar disorder." } else { ANSWER };
        let events = [
            Ok(Event::Delta(text.into())),
            Ok(Event::Finished { reason: FinishReason::Stop, usage }),
        ];
        let pause = self.pause;
        let waited = stream::once(async move { tokio::time::sleep(pause).await });
        Box::pin(waited.flat_map(move |()| stream::iter(events.clone())))
    }
}

/// Budgets as an operator writes them.
pub(super) fn budgets(per_user: &str, per_instance: &str) -> Budgets {
    let limits = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
    Budgets {
        per_user: limits(per_user).unwrap_or_default(),
        per_instance: limits(per_instance).unwrap_or_default(),
    }
}

/// A token of the prompt costs 2, one of the answer 10.
pub(super) fn prices(engine: &str, model: &str) -> Prices {
    let price = Price { prompt_nanos: 2, cached_nanos: 1, completion_nanos: 10 };
    Prices::default().with(engine, model, price)
}

/// An application with these budgets, whose engine counts exactly.
pub(super) fn metered(engine: Metered, budgets: Budgets) -> Setup {
    let prices = prices("metered", "m");
    Setup { engine: Some(Arc::new(engine)), prices, budgets, ..Setup::default() }
}

/// What one first message of these words takes: it is asked for where there is room enough.
pub(super) async fn cost_of(words: &str) -> i64 {
    let app = TestApp::with(metered(Metered::default(), budgets("1000000 tokens/day", ""))).await;
    let somebody = app.user("somebody").await;
    somebody.say(&somebody.conversation().await, words).await;
    app.count("SELECT tokens_used FROM usage_totals WHERE period LIKE '%-%-%'")
}

/// Sends a message; the answer may be a refusal.
pub(super) async fn send(client: &Client, conversation: &str, words: &str) -> crate::app::Reply {
    client.post(&messages_of(conversation), json!({"content": words})).await
}

/// That every total is the sum of what it counts, and nothing is kept free any more.
pub(super) async fn agrees(app: &TestApp) {
    let verified = app.serene.ledger.verify(false).await.unwrap();
    assert_eq!(verified.differences, []);
    for table in ["usage_totals", "instance_usage_totals"] {
        let kept = format!("SELECT COUNT(*) FROM {table} WHERE tokens_reserved <> 0");
        assert_eq!(app.count(&kept), 0, "{table}");
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM usage_reservations"), 0);
}

/// The tokens that everybody used today.
pub(super) fn used_today(app: &TestApp) -> i64 {
    app.count("SELECT tokens_used FROM instance_usage_totals WHERE period LIKE '%-%-%'")
}

/// The only budget of this user.
pub(super) async fn budget_of(client: &Client) -> Value {
    let report = client.get("/api/v1/me/usage").await.expect(StatusCode::OK);
    assert_eq!(report["budgets"].as_array().unwrap().len(), 1, "{report}");
    report["budgets"][0].clone()
}

/// A text column of the only row.
pub(super) fn text(app: &TestApp, sql: &str) -> String {
    match &app.data.rows(sql)[0][0] {
        Cell::Text(text) => text.clone(),
        // Not every driver tells text from bytes.
        Cell::Blob(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        other => panic!("no text: {other:?}"),
    }
}

/// Whose totals are wrong, and how.
pub(super) async fn differences(app: &TestApp) -> Vec<(bool, String, Option<Figures>, Figures)> {
    let verified = app.serene.ledger.verify(false).await.unwrap();
    let differences = verified.differences.into_iter();
    differences.map(|it| (it.user_id.is_some(), it.period, it.kept, it.should_be)).collect()
}
