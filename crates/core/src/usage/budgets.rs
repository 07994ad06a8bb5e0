//! Budgets as the operator writes them: so many tokens or so much money, per day or month.

use std::{fmt, str::FromStr};

use jiff::{ToSpan, civil::Date};

use super::totals::{Amount, Figures};
use crate::base::{BudgetScope, Error, Time, Zone};

/// The most tokens, or billionths, that a budget may name: sums stay far from the end of 64 bits.
const MAX_BUDGET: i64 = 1_000_000_000_000_000_000;

/// Billionths in one unit of money.
const NANOS: i64 = 1_000_000_000;

/// What a budget counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Tokens, of the prompt and of the answer.
    Tokens,
    /// Money, in billionths of the operator's currency.
    CostNanos,
}

impl Unit {
    /// The name of the figure.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::CostNanos => "cost_nanos",
        }
    }
}

/// How long a budget lasts, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From the first to the last day of a month.
    Month,
}

impl Period {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// The first moment of the next one.
    pub(super) fn renews_at(self, now: Time) -> Time {
        let utc = Zone::utc();
        let today = utc.day(now);
        let next = match self {
            Self::Day => today.saturating_add(1.day()),
            Self::Month => today.first_of_month().saturating_add(1.month()),
        };
        utc.start_of(next).unwrap_or(now)
    }
}

/// One budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is counted.
    pub unit: Unit,
    /// For how long.
    pub period: Period,
    /// How much there is: tokens, or billionths.
    pub amount: i64,
}

/// `5.00` as billionths. Nothing is rounded: more than nine decimals are refused.
fn nanos(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) || decimals.len() > 9 {
        return None;
    }
    let decimals: i64 = format!("{decimals:0<9}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(NANOS)?.checked_add(decimals)
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            let shown: String = text.chars().take(40).collect();
            format!(
                "{shown:?} {why}; give an amount as 200000 tokens/day, 5.00 cost/month, \
                 tokens/month or cost/day"
            )
        };
        let (amount, kind) =
            text.split_once(char::is_whitespace).ok_or_else(|| wrong("is no budget"))?;
        let (unit, period) = match kind.trim_start() {
            "tokens/day" => (Unit::Tokens, Period::Day),
            "tokens/month" => (Unit::Tokens, Period::Month),
            "cost/day" => (Unit::CostNanos, Period::Day),
            "cost/month" => (Unit::CostNanos, Period::Month),
            _ => return Err(wrong("is no budget")),
        };
        let digits = amount.bytes().all(|it| it.is_ascii_digit());
        let amount = match unit {
            Unit::Tokens => amount.parse().ok().filter(|_| digits),
            Unit::CostNanos => nanos(amount),
        };
        let amount = amount.ok_or_else(|| wrong("has an amount that cannot be read"))?;
        if !(1..=MAX_BUDGET).contains(&amount) {
            return Err(wrong("has an amount that is nothing or far too large"));
        }
        Ok(Self { unit, period, amount })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = self.period.as_str();
        match self.unit {
            Unit::Tokens => write!(f, "{} tokens/{period}", self.amount),
            Unit::CostNanos => write!(f, "{} cost/{period}", Money(self.amount)),
        }
    }
}

/// Billionths as people read them: at least two decimals, at most nine.
#[derive(Clone, Copy, Debug)]
pub struct Money(pub i64);

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let decimals = format!("{:09}", nanos % NANOS.unsigned_abs());
        let shown = decimals.trim_end_matches('0').len().max(2);
        write!(f, "{sign}{}.{}", nanos / NANOS.unsigned_abs(), &decimals[..shown])
    }
}

/// The budgets of one scope, at most one of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits(Vec<Limit>);

impl Limits {
    /// All of them, as they were written.
    pub fn all(&self) -> &[Limit] {
        &self.0
    }

    /// What there is of a unit in a period; without a budget, more than anybody can use.
    pub(super) fn most(&self, unit: Unit, period: Period) -> i64 {
        let found = self.0.iter().find(|limit| limit.unit == unit && limit.period == period);
        found.map_or(i64::MAX, |limit| limit.amount)
    }

    /// Until when there is no room for an amount, by the figures of the day and of the month.
    pub(super) fn refused_until(
        &self,
        (day, month): (&Figures, &Figures),
        more: Amount,
        now: Time,
    ) -> Option<Time> {
        let refused = self.0.iter().filter(|limit| {
            let kept = if limit.period == Period::Day { day } else { month };
            kept.taken().of(limit.unit).saturating_add(more.of(limit.unit)) > limit.amount
        });
        refused.map(|limit| limit.period.renews_at(now)).max()
    }
}

/// A list such as `200000 tokens/day, 5.00 cost/month`.
impl FromStr for Limits {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut limits: Vec<Limit> = Vec::new();
        for part in text.split(',') {
            let limit: Limit = part.trim().parse()?;
            let same = |it: &Limit| it.unit == limit.unit && it.period == limit.period;
            if limits.iter().any(same) {
                return Err(format!("has two budgets of one kind: {limit} is the second"));
            }
            limits.push(limit);
        }
        Ok(Self(limits))
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&all.join(", "))
    }
}

/// Every budget there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    /// For each user.
    pub per_user: Limits,
    /// For all of them together.
    pub per_instance: Limits,
}

impl Budgets {
    /// Whether there is any.
    pub(super) fn any(&self) -> bool {
        !self.per_user.0.is_empty() || !self.per_instance.0.is_empty()
    }
}

/// That a budget has no room, said at a certain time.
pub(super) fn exceeded(scope: BudgetScope, renews_at: Time, now: Time) -> Error {
    Error::BudgetExceeded { scope, renews_at, retry_after: renews_at.since(now) }
}

/// How far one budget of a user is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetState {
    /// The budget.
    pub limit: Limit,
    /// What calls took that are over.
    pub used: i64,
    /// What is kept free for calls that run.
    pub reserved: i64,
    /// What is left; 0 where more than there was is used.
    pub left: i64,
    /// When it begins anew.
    pub renews_at: Time,
}

/// The days of a month, as text sorts them.
pub(super) fn days_of(month: &str) -> (String, String) {
    (format!("{month}-01"), format!("{month}-31"))
}

/// The month of a day, both as they are stored.
pub(super) fn month_of(day: &str) -> &str {
    day.get(..7).unwrap_or(day)
}

/// Whether there are at most so many days from one to the other.
pub(super) fn is_within(first: Date, last: Date, days: i64) -> bool {
    first.until(last).is_ok_and(|span| (0..days).contains(&i64::from(span.get_days())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_budgets_is_read_and_written() {
        let limits: Limits = "200000 tokens/day, 5.00 cost/month".parse().unwrap();
        assert_eq!(limits.to_string(), "200000 tokens/day, 5.00 cost/month");
        assert_eq!(limits.most(Unit::Tokens, Period::Day), 200_000);
        assert_eq!(limits.most(Unit::CostNanos, Period::Month), 5 * NANOS);
        assert_eq!(limits.most(Unit::CostNanos, Period::Day), i64::MAX);
        let all = "1 tokens/day,2   tokens/month,0.000000001 cost/day,12 cost/month";
        let limits: Limits = all.parse().unwrap();
        assert_eq!(limits.all().len(), 4);
        assert_eq!(limits.most(Unit::CostNanos, Period::Day), 1);
    }

    #[test]
    fn what_is_no_budget_is_refused_with_a_clear_sentence() {
        for wrong in [
            "",
            "many",
            "5",
            "tokens/day",
            "5 tokens",
            "5 tokens/week",
            "5 Tokens/day",
            "5.5 tokens/day",
            "-5 tokens/day",
            "+5 tokens/day",
            "0 tokens/day",
            "0.00 cost/day",
            "5,00 cost/day",
            "5. cost/day",
            ".5 cost/day",
            "1e3 cost/day",
            "5 EUR/day",
            "0.0000000001 cost/day",
            "99999999999999999999 tokens/day",
            "5 tokens/day,",
            "9999999999999 cost/month",
        ] {
            let message = wrong.parse::<Limits>().unwrap_err();
            assert!(message.contains("give an amount as 200000 tokens/day"), "{wrong}: {message}");
        }
        let twice = "5 tokens/day, 6 tokens/day".parse::<Limits>().unwrap_err();
        assert_eq!(twice, "has two budgets of one kind: 6 tokens/day is the second");
    }

    #[test]
    fn a_day_renews_at_midnight_and_a_month_on_its_first() {
        let at = |text: &str| {
            let time: jiff::Timestamp = text.parse().unwrap();
            Time::from_micros(time.as_microsecond())
        };
        for (now, day, month) in [
            ("2026-02-03T04:05:06Z", "2026-02-04T00:00:00Z", "2026-03-01T00:00:00Z"),
            ("2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z", "2028-03-01T00:00:00Z"),
            ("2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        ] {
            assert_eq!(Period::Day.renews_at(at(now)), at(day), "{now}");
            assert_eq!(Period::Month.renews_at(at(now)), at(month), "{now}");
        }
    }

    #[test]
    fn money_is_printed_exactly() {
        for (nanos, shown) in [
            (0, "0.00"),
            (5 * NANOS, "5.00"),
            (1, "0.000000001"),
            (1_230_000_000, "1.23"),
            (1_234_000_000, "1.234"),
            (-1_500_000_000, "-1.50"),
        ] {
            assert_eq!(Money(nanos).to_string(), shown);
        }
    }
}
