//! Moods by day, week and month. Pure: takes counted days, knows calendars, no database.
//!
//! A week is an ISO 8601 week, Monday to Sunday, of the day stored with each entry: the writer's
//! own day when it was written. The zone of the request only decides which week is the current one.

use std::collections::BTreeMap;

use jiff::civil::{Date, ISOWeekDate, Weekday};

use crate::base::{Error, limits};

/// Below this many entries nothing is said about a trend.
pub const ENOUGH_ENTRIES: u64 = 5;

/// How often each mood was written, by its folded word.
pub type Counts = BTreeMap<String, u64>;

/// One mood on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayCount {
    /// The day.
    pub day: Date,
    /// The mood, folded.
    pub mood: String,
    /// How many entries.
    pub count: u64,
}

/// A stretch of days and what was felt in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its first day.
    pub first: Date,
    /// Its last day.
    pub last: Date,
    /// Only moods that are there.
    pub counts: Counts,
    /// All of them together.
    pub total: u64,
}

/// A week, its days, and the week before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// `2026-W07`.
    pub name: String,
    /// The whole week.
    pub week: Bucket,
    /// Its seven days.
    pub days: Vec<Bucket>,
    /// The week before it.
    pub previous: Bucket,
}

/// How many days in a row somebody wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streaks {
    /// The run that ends today or yesterday: today is not over yet.
    pub current_days: u64,
    /// The longest run there was.
    pub longest_days: u64,
}

/// How long the stretches of a history are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Step {
    /// Each day.
    #[default]
    Day,
    /// Each ISO week.
    Week,
    /// Each month.
    Month,
}

/// The Monday of a week written as `2026-W07`.
///
/// # Errors
/// [`Error::Invalid`] when there is no such week.
pub fn parse_week(text: &str) -> Result<Date, Error> {
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let parts = text.split_once("-W").filter(|(year, week)| digits(year, 4) && digits(week, 2));
    let monday = parts.and_then(|(year, week)| {
        ISOWeekDate::new(year.parse().ok()?, week.parse().ok()?, Weekday::Monday).ok()
    });
    let monday = monday.map(ISOWeekDate::date);
    monday.ok_or_else(|| Error::invalid("week", "must be an ISO week, as 2026-W07"))
}

/// The Monday of the week a day is in.
pub fn monday_of(day: Date) -> Date {
    add_days(day, -i64::from(day.weekday().to_monday_zero_offset()))
}

/// `2026-W07`.
pub fn week_name(monday: Date) -> String {
    let week = monday.iso_week_date();
    format!("{:04}-W{:02}", week.year(), week.week())
}

/// The first and last day that [`week`] wants counted: the week before is in it.
pub fn week_range(monday: Date) -> (Date, Date) {
    (add_days(monday, -7), add_days(monday, 6))
}

/// Sorts counted days into a week.
pub fn week(monday: Date, counted: &[DayCount]) -> Week {
    let days = (0..7).map(|offset| {
        let day = add_days(monday, offset);
        bucket(day, day, counted)
    });
    Week {
        name: week_name(monday),
        week: bucket(monday, add_days(monday, 6), counted),
        days: days.collect(),
        previous: bucket(add_days(monday, -7), add_days(monday, -1), counted),
    }
}

/// Sorts counted days into stretches, the oldest first; empty ones are there too.
///
/// # Errors
/// [`Error::Invalid`] when `from` is after `to`, or there would be more than
/// [`limits::MAX_HISTORY_BUCKETS`].
pub fn history(
    step: Step,
    from: Date,
    to: Date,
    counted: &[DayCount],
) -> Result<Vec<Bucket>, Error> {
    if from > to {
        return Err(Error::invalid("from", "must not be after `to`"));
    }
    let mut buckets = Vec::new();
    let mut first = match step {
        Step::Day => from,
        Step::Week => monday_of(from),
        Step::Month => from.first_of_month(),
    };
    while first <= to {
        if buckets.len() == limits::MAX_HISTORY_BUCKETS {
            let most = limits::MAX_HISTORY_BUCKETS;
            return Err(Error::invalid("from", format!("must leave at most {most} stretches")));
        }
        let last = match step {
            Step::Day => first,
            Step::Week => add_days(first, 6),
            Step::Month => first.last_of_month(),
        };
        // A stretch at an end of the range holds what is inside of the range.
        buckets.push(bucket(first.max(from), last.min(to), counted));
        first = add_days(last, 1);
    }
    Ok(buckets)
}

/// Counts runs of days. `days` are distinct, the newest first.
pub fn streaks(days: &[Date], today: Date) -> Streaks {
    let mut streaks = Streaks::default();
    let mut run = 0;
    let mut next_newer: Option<Date> = None;
    let mut touches_today = false;
    for day in days {
        if next_newer.is_some_and(|newer| add_days(*day, 1) == newer) {
            run += 1;
        } else {
            run = 1;
            touches_today = next_newer.is_none() && *day >= add_days(today, -1);
        }
        next_newer = Some(*day);
        streaks.longest_days = streaks.longest_days.max(run);
        if touches_today {
            streaks.current_days = run;
        }
    }
    streaks
}

fn bucket(first: Date, last: Date, counted: &[DayCount]) -> Bucket {
    let mut counts = Counts::new();
    let mut total = 0;
    for one in counted.iter().filter(|one| (first..=last).contains(&one.day)) {
        *counts.entry(one.mood.clone()).or_default() += one.count;
        total += one.count;
    }
    Bucket { first, last, counts, total }
}

/// Days far outside of any calendar stay where they are.
fn add_days(day: Date, days: i64) -> Date {
    day.saturating_add(jiff::Span::new().days(days))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn counted(day: Date, mood: &str, count: u64) -> DayCount {
        DayCount { day, mood: mood.into(), count }
    }

    #[test]
    fn the_week_at_a_years_end_belongs_to_one_year() {
        assert_eq!(week_name(monday_of(date(2027, 1, 3))), "2026-W53");
        assert_eq!(parse_week("2026-W53").unwrap(), date(2026, 12, 28));
        for wrong in ["2025-W53", "2026-W00", "2026-53", "2026-W7", "26-W07", "week", "2026-W１2"]
        {
            assert!(parse_week(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_week_has_its_days_and_the_week_before() {
        let monday = date(2026, 12, 28);
        let all = [
            counted(date(2026, 12, 27), "calm", 2),
            counted(date(2026, 12, 28), "calm", 1),
            counted(date(2027, 1, 3), "tired", 3),
            counted(date(2027, 1, 4), "calm", 9),
        ];
        let week = week(monday, &all);
        assert_eq!(week.week.counts, Counts::from([("calm".into(), 1), ("tired".into(), 3)]));
        assert_eq!((week.week.total, week.previous.total), (4, 2));
        assert_eq!(
            week.days.iter().map(|day| day.total).collect::<Vec<_>>(),
            [1, 0, 0, 0, 0, 0, 3]
        );
    }

    #[test]
    fn a_history_is_bounded_and_keeps_to_its_range() {
        let all = [counted(date(2026, 1, 31), "calm", 1), counted(date(2026, 2, 1), "calm", 1)];
        let months = history(Step::Month, date(2026, 1, 31), date(2026, 3, 2), &all).unwrap();
        assert_eq!(months.iter().map(|month| month.total).collect::<Vec<_>>(), [1, 1, 0]);
        assert_eq!((months[0].first, months[2].last), (date(2026, 1, 31), date(2026, 3, 2)));
        assert!(history(Step::Day, date(1990, 1, 1), date(2026, 1, 1), &[]).is_err());
        assert!(history(Step::Day, date(2026, 1, 2), date(2026, 1, 1), &[]).is_err());
    }

    #[test]
    fn a_streak_may_end_yesterday() {
        let today = date(2026, 3, 10);
        let days = |all: &[i8]| all.iter().map(|day| date(2026, 3, *day)).collect::<Vec<_>>();
        let streak = |all: &[i8]| {
            let streaks = streaks(&days(all), today);
            (streaks.current_days, streaks.longest_days)
        };
        assert_eq!(streak(&[]), (0, 0));
        assert_eq!(streak(&[10, 9, 8, 6]), (3, 3));
        assert_eq!(streak(&[9, 8, 5, 4, 3, 2]), (2, 4));
        assert_eq!(streak(&[8, 7, 6]), (0, 3));
    }
}
