//! `/api/v1/me/usage`: what the caller's calls of models took, and what is left of the budgets.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serene_core::usage::{BudgetState, Sums, UsageReport};
use utoipa::{IntoParams, ToSchema};

use super::moods::day;
use crate::{
    App,
    answer::Answer,
    error::ApiError,
    extract::{Caller, Query},
    time::Stamp,
};

/// Which days.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageQuery {
    /// The first day, in UTC; 30 days before the last unless given.
    #[param(example = "2026-02-01", format = Date)]
    from: Option<String>,
    /// The last day, in UTC, at most 92 days in all; today unless given.
    #[param(example = "2026-02-03", format = Date)]
    to: Option<String>,
}

/// What some calls took together. Costs are billionths of the operator's currency.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageSums)]
pub(crate) struct SumsBody {
    #[schema(example = 12)]
    calls: i64,
    /// How many of the calls have guesses instead of the provider's figures.
    #[schema(example = 1)]
    estimated_calls: i64,
    #[schema(example = 8140)]
    prompt_tokens: i64,
    #[schema(example = 1210)]
    completion_tokens: i64,
    /// Of the prompt's tokens, those the provider had cached.
    #[schema(example = 512)]
    cached_tokens: i64,
    /// Of the prompt and of the answers.
    #[schema(example = 9350)]
    total_tokens: i64,
    #[schema(example = 1_947_000)]
    cost_nanos: i64,
}

impl From<&Sums> for SumsBody {
    fn from(sums: &Sums) -> Self {
        Self {
            calls: sums.calls,
            estimated_calls: sums.estimated_calls,
            prompt_tokens: sums.prompt_tokens,
            completion_tokens: sums.completion_tokens,
            cached_tokens: sums.cached_tokens,
            total_tokens: sums.total_tokens(),
            cost_nanos: sums.cost_nanos,
        }
    }
}

/// A day.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageOfDay)]
pub(crate) struct DayBody {
    #[schema(format = Date, example = "2026-02-03")]
    day: String,
    #[serde(flatten)]
    sums: SumsBody,
}

/// The engine and the model that answered.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageOfModel)]
pub(crate) struct ModelBody {
    #[schema(example = "openai")]
    engine: String,
    #[schema(example = "gpt-4o-mini")]
    model: String,
    #[serde(flatten)]
    sums: SumsBody,
}

/// What calls were made for.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageOfPurpose)]
pub(crate) struct PurposeBody {
    /// `reply`, `vibe_check`, `greeting` or `summary`.
    #[schema(example = "reply")]
    purpose: String,
    #[serde(flatten)]
    sums: SumsBody,
}

/// A budget of yours.
#[derive(Serialize, ToSchema)]
#[schema(as = Budget)]
pub(crate) struct BudgetBody {
    /// What is counted: `tokens`, or `cost_nanos`, billionths of the operator's currency.
    #[schema(example = "tokens")]
    unit: &'static str,
    /// `day` or `month`, in UTC.
    #[schema(example = "day")]
    period: &'static str,
    #[schema(example = 200_000)]
    limit: i64,
    /// What calls took that are over. An answer that was longer than expected may bring it above
    /// the limit.
    #[schema(example = 9350)]
    used: i64,
    /// What is kept free for calls that run.
    #[schema(example = 2100)]
    reserved: i64,
    #[schema(example = 188_550)]
    left: i64,
    /// When it begins anew.
    renews_at: Stamp,
}

impl From<BudgetState> for BudgetBody {
    fn from(state: BudgetState) -> Self {
        Self {
            unit: state.limit.unit.as_str(),
            period: state.limit.period.as_str(),
            limit: state.limit.amount,
            used: state.used,
            reserved: state.reserved,
            left: state.left,
            renews_at: Stamp(state.renews_at),
        }
    }
}

/// What was used.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageReport)]
pub(crate) struct ReportBody {
    #[schema(format = Date, example = "2026-02-01")]
    from: String,
    #[schema(format = Date, example = "2026-02-03")]
    to: String,
    total: SumsBody,
    /// Only days with calls, the oldest first.
    by_day: Vec<DayBody>,
    by_model: Vec<ModelBody>,
    by_purpose: Vec<PurposeBody>,
    /// As they stand now, whatever days were asked for; empty where there are none.
    budgets: Vec<BudgetBody>,
}

impl ReportBody {
    fn new((from, to): (String, String), report: UsageReport, budgets: Vec<BudgetState>) -> Self {
        let days = report.by_day.into_iter();
        let models = report.by_model.into_iter();
        let purposes = report.by_purpose.into_iter();
        Self {
            from,
            to,
            total: (&report.total).into(),
            by_day: days.map(|(day, sums)| DayBody { day, sums: (&sums).into() }).collect(),
            by_model: models
                .map(|((engine, model), sums)| ModelBody { engine, model, sums: (&sums).into() })
                .collect(),
            by_purpose: purposes
                .map(|(purpose, sums)| PurposeBody { purpose, sums: (&sums).into() })
                .collect(),
            budgets: budgets.into_iter().map(Into::into).collect(),
        }
    }
}

/// What my calls of models took
///
/// Days are those of UTC, on which the calls began.
#[utoipa::path(get, path = "/api/v1/me/usage", tag = "me", operation_id = "my_usage",
    params(UsageQuery), responses((status = 200, body = ReportBody)))]
pub(crate) async fn report(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<UsageQuery>,
) -> Result<Answer<ReportBody>, ApiError> {
    let ledger = &app.serene.ledger;
    let to = query.to.as_deref().map(|text| day("to", text)).transpose()?;
    let to = to.unwrap_or_else(|| ledger.today());
    let from = query.from.as_deref().map(|text| day("from", text)).transpose()?;
    let from = from.unwrap_or_else(|| to.saturating_sub(jiff::Span::new().days(30)));
    let report = ledger.report(caller.owner, from, to).await?;
    let budgets = ledger.budgets(caller.owner).await?;
    Ok(Answer(ReportBody::new((from.to_string(), to.to_string()), report, budgets)))
}
