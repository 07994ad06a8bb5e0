//! `/api/v1/moods`: what was felt, by week and over time.

use axum::extract::State;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serene_core::{
    base::Error,
    journal::moods::{self, Bucket, Counts, ENOUGH_ENTRIES, Step},
};
use utoipa::{IntoParams, ToSchema};

use super::entries::zone;
use crate::{
    App,
    answer::Answer,
    error::ApiError,
    extract::{Caller, Query},
};

/// Which week.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WeekQuery {
    /// An ISO week; the current one unless given.
    #[param(example = "2026-W07", pattern = "^[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])$")]
    week: Option<String>,
    /// The zone that decides which week is the current one; the account's own unless given, else
    /// UTC.
    #[param(example = "Europe/Berlin")]
    tz: Option<String>,
}

/// Which stretch of time, in which steps.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// `day` (the default), `week` or `month`.
    #[serde(default)]
    #[param(inline)]
    by: StepName,
    /// The first day; 30 days before the last unless given.
    #[param(example = "2026-01-01", format = Date)]
    from: Option<String>,
    /// The last day; today unless given.
    #[param(example = "2026-02-03", format = Date)]
    to: Option<String>,
    /// The zone that decides what today is.
    #[param(example = "Europe/Berlin")]
    tz: Option<String>,
}

/// Which zone.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ZoneQuery {
    /// The zone that decides what today is; the account's own unless given, else UTC.
    #[param(example = "Europe/Berlin")]
    tz: Option<String>,
}

/// How long each stretch is.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepName {
    #[default]
    Day,
    Week,
    Month,
}

/// A stretch of days.
#[derive(Serialize, ToSchema)]
#[schema(as = MoodBucket)]
pub(crate) struct BucketBody {
    #[schema(format = Date, example = "2026-02-02")]
    from: String,
    #[schema(format = Date, example = "2026-02-08")]
    to: String,
    /// Only moods that are there.
    #[schema(value_type = std::collections::BTreeMap<String, u64>, example = json!({"calm": 2, "tired": 1}))]
    counts: Counts,
    #[schema(example = 3)]
    total: u64,
}

impl From<Bucket> for BucketBody {
    fn from(bucket: Bucket) -> Self {
        Self {
            from: bucket.first.to_string(),
            to: bucket.last.to_string(),
            counts: bucket.counts,
            total: bucket.total,
        }
    }
}

/// A week of moods.
#[derive(Serialize, ToSchema)]
#[schema(as = WeeklyMoods)]
pub(crate) struct WeekBody {
    #[schema(example = "2026-W06")]
    week: String,
    #[serde(flatten)]
    whole: BucketBody,
    /// Its seven days, from Monday.
    days: Vec<BucketBody>,
    /// The week before.
    previous: BucketBody,
    /// False when there are too few entries in the two weeks to speak of a trend.
    enough: bool,
}

/// Moods over time.
#[derive(Serialize, ToSchema)]
#[schema(as = MoodHistory)]
pub(crate) struct HistoryBody {
    /// The oldest first; stretches without an entry are there too.
    items: Vec<BucketBody>,
    /// Always null: there are no pages.
    #[schema(example = json!(null))]
    next_cursor: Option<String>,
    /// False when there are too few entries to speak of a trend.
    enough: bool,
}

/// Days in a row.
#[derive(Serialize, ToSchema)]
#[schema(as = Streaks)]
pub(crate) struct StreaksBody {
    /// The run that ends today or yesterday: today is not over yet.
    #[schema(example = 4)]
    current_days: u64,
    #[schema(example = 12)]
    longest_days: u64,
}

pub(super) fn day(field: &'static str, text: &str) -> Result<Date, Error> {
    let message = || "must be a day, as 2026-02-03".to_owned();
    let plain = text.len() == 10 && text.is_ascii();
    let day = if plain { text.parse().ok() } else { None };
    day.ok_or_else(|| Error::Invalid { field, message: message() })
}

/// Moods of a week
#[utoipa::path(get, path = "/api/v1/moods/weekly", tag = "journal", operation_id = "weekly_moods",
    params(WeekQuery), responses((status = 200, body = WeekBody)))]
pub(crate) async fn weekly(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<WeekQuery>,
) -> Result<Answer<WeekBody>, ApiError> {
    let journal = &app.serene.journal;
    let zone = zone(query.tz.as_deref(), &caller.user)?;
    let monday = match &query.week {
        Some(week) => moods::parse_week(week)?,
        None => moods::monday_of(journal.today(&zone)),
    };
    let (first, last) = moods::week_range(monday);
    let week = moods::week(monday, &journal.count_moods(caller.owner, first, last).await?);
    let enough = week.week.total + week.previous.total >= ENOUGH_ENTRIES;
    Ok(Answer(WeekBody {
        week: week.name,
        whole: week.week.into(),
        days: week.days.into_iter().map(Into::into).collect(),
        previous: week.previous.into(),
        enough,
    }))
}

/// Moods over time
///
/// By day, week or month, at most 400 stretches.
#[utoipa::path(get, path = "/api/v1/moods/history", tag = "journal", operation_id = "mood_history",
    params(HistoryQuery), responses((status = 200, body = HistoryBody)))]
pub(crate) async fn history(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<HistoryQuery>,
) -> Result<Answer<HistoryBody>, ApiError> {
    let journal = &app.serene.journal;
    let step = match query.by {
        StepName::Day => Step::Day,
        StepName::Week => Step::Week,
        StepName::Month => Step::Month,
    };
    let today = journal.today(&zone(query.tz.as_deref(), &caller.user)?);
    let to = query.to.as_deref().map_or(Ok(today), |text| day("to", text))?;
    let from = query.from.as_deref().map(|text| day("from", text)).transpose()?;
    let from = from.unwrap_or_else(|| to.saturating_sub(jiff::Span::new().days(30)));
    // Refuses a range that is too long before anything is read.
    moods::history(step, from, to, &[])?;
    let counted = journal.count_moods(caller.owner, from, to).await?;
    let buckets = moods::history(step, from, to, &counted)?;
    let enough = buckets.iter().map(|bucket| bucket.total).sum::<u64>() >= ENOUGH_ENTRIES;
    let items = buckets.into_iter().map(Into::into).collect();
    Ok(Answer(HistoryBody { items, next_cursor: None, enough }))
}

/// Days in a row
///
/// Counted anew each time, so an old entry that is added or deleted counts at once.
#[utoipa::path(get, path = "/api/v1/moods/streaks", tag = "journal", operation_id = "streaks",
    params(ZoneQuery), responses((status = 200, body = StreaksBody)))]
pub(crate) async fn streaks(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<ZoneQuery>,
) -> Result<Answer<StreaksBody>, ApiError> {
    let journal = &app.serene.journal;
    let today = journal.today(&zone(query.tz.as_deref(), &caller.user)?);
    let streaks = journal.streaks(caller.owner, today).await?;
    Ok(Answer(StreaksBody {
        current_days: streaks.current_days,
        longest_days: streaks.longest_days,
    }))
}
