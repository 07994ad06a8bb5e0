//! What was used, put together by day, by model, by purpose, by user.

use std::collections::BTreeMap;

use jiff::civil::Date;
use uuid::Uuid;

use super::{
    Ledger,
    budgets::{BudgetState, Period, is_within, month_of},
    store, totals,
};
use crate::base::{Error, Owner, Zone, limits};

/// What some calls took together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many there were.
    pub calls: i64,
    /// How many of them have guesses instead of a provider's figures.
    pub estimated_calls: i64,
    /// Tokens read.
    pub prompt_tokens: i64,
    /// Tokens written.
    pub completion_tokens: i64,
    /// Of the tokens read, those the provider had cached.
    pub cached_tokens: i64,
    /// Billionths of the operator's currency.
    pub cost_nanos: i64,
}

impl Sums {
    /// Tokens read and written.
    pub const fn total_tokens(&self) -> i64 {
        self.prompt_tokens + self.completion_tokens
    }

    /// Adds other calls.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.estimated_calls += other.estimated_calls;
        self.prompt_tokens += other.prompt_tokens;
        self.completion_tokens += other.completion_tokens;
        self.cached_tokens += other.cached_tokens;
        self.cost_nanos += other.cost_nanos;
    }
}

/// The calls of a day to a model for a purpose.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) day: String,
    pub(super) engine: String,
    pub(super) model: String,
    pub(super) purpose: String,
    pub(super) sums: Sums,
}

/// An engine and its model.
pub type ModelName = (String, String);

/// What was used in a range of days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageReport {
    /// All of it.
    pub total: Sums,
    /// By day (UTC), the oldest first; only days with calls.
    pub by_day: BTreeMap<String, Sums>,
    /// By the engine and the model that answered.
    pub by_model: BTreeMap<ModelName, Sums>,
    /// By what the calls were for.
    pub by_purpose: BTreeMap<String, Sums>,
}

impl FromIterator<Line> for UsageReport {
    fn from_iter<I: IntoIterator<Item = Line>>(lines: I) -> Self {
        let mut report = Self::default();
        for line in lines {
            report.total.add(&line.sums);
            report.by_day.entry(line.day).or_default().add(&line.sums);
            report.by_model.entry((line.engine, line.model)).or_default().add(&line.sums);
            report.by_purpose.entry(line.purpose).or_default().add(&line.sums);
        }
        report
    }
}

impl Ledger {
    /// Today, as the ledger counts days: in UTC.
    pub fn today(&self) -> Date {
        Zone::utc().day(self.base.clock.now())
    }

    /// What an owner used from the first to the last day, both included.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the range ends before it begins, or has more than
    /// [`limits::MAX_USAGE_DAYS`] days.
    pub async fn report(
        &self,
        owner: Owner,
        first: Date,
        last: Date,
    ) -> Result<UsageReport, Error> {
        if !is_within(first, last, limits::MAX_USAGE_DAYS) {
            let most = limits::MAX_USAGE_DAYS;
            return Err(Error::invalid(
                "from",
                format!("must not be after `to`, nor more than {most} days before"),
            ));
        }
        let range = (&*first.to_string(), &*last.to_string());
        Ok(store::lines(&self.base.db, Some(owner), range).await?.into_iter().collect())
    }

    /// What everybody used, for the operator. Reads every record of these days.
    pub async fn report_of_all(&self, first: Date, last: Date) -> Result<UsageReport, Error> {
        let range = (&*first.to_string(), &*last.to_string());
        Ok(store::lines(&self.base.db, None, range).await?.into_iter().collect())
    }

    /// What each user used, for the operator. Reads every record of these days.
    pub async fn report_by_user(
        &self,
        first: Date,
        last: Date,
    ) -> Result<Vec<(Uuid, Sums)>, Error> {
        store::by_user(&self.base.db, &first.to_string(), &last.to_string()).await
    }

    /// How far each budget of an owner is used.
    pub async fn budgets(&self, owner: Owner) -> Result<Vec<BudgetState>, Error> {
        let now = self.base.clock.now();
        let day = now.utc_day();
        let mut states = Vec::new();
        for limit in self.budgets.per_user.all() {
            let period = if limit.period == Period::Day { &*day } else { month_of(&day) };
            let kept = totals::of_period(&self.base.db, Some(owner), period).await?;
            let kept = kept.unwrap_or_default();
            let taken = kept.taken().of(limit.unit);
            states.push(BudgetState {
                limit: *limit,
                used: kept.used.of(limit.unit),
                reserved: kept.reserved.of(limit.unit),
                left: limit.amount.saturating_sub(taken).max(0),
                renews_at: limit.period.renews_at(now),
            });
        }
        Ok(states)
    }
}
