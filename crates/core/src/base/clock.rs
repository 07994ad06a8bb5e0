//! Time as the product knows it: microseconds, UTC, from a clock that tests can hold in hand.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// A point in time: microseconds since 1970-01-01 UTC, as stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// From stored microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// As stored.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, as tokens count.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This much later; stays at the last representable time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This much earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The calendar, for printing. Times that no calendar knows become its first day.
    pub fn to_timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MIN)
    }

    /// The day in UTC, `YYYY-MM-DD`.
    pub fn utc_day(self) -> String {
        self.to_timestamp().to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
    }
}

/// RFC 3339 in UTC with microseconds: `2026-02-03T04:05:06.789012Z`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.to_timestamp())
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where the time comes from.
#[derive(Clone, Debug)]
pub struct Clock {
    /// `None`: the operating system's clock.
    manual: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The operating system's clock.
    pub const fn system() -> Self {
        Self { manual: None }
    }

    /// A clock that stands at `start` until it is moved.
    pub fn manual(start: Time) -> Self {
        Self { manual: Some(Arc::new(AtomicI64::new(start.as_micros()))) }
    }

    /// The time now.
    pub fn now(&self) -> Time {
        match &self.manual {
            Some(micros) => Time(micros.load(Ordering::SeqCst)),
            None => {
                #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
                let now = jiff::Timestamp::now();
                Time(now.as_microsecond())
            }
        }
    }

    /// Moves a manual clock by `seconds`, backwards when negative. Does nothing to the system's.
    pub fn step_seconds(&self, seconds: i64) {
        if let Some(micros) = &self.manual {
            micros.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_rfc_3339_with_six_digits() {
        assert_eq!(Time::from_micros(0).to_string(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(
            Time::from_micros(1_770_091_506_789_012).to_string(),
            "2026-02-03T04:05:06.789012Z"
        );
    }

    #[test]
    fn a_manual_clock_moves_both_ways() {
        let clock = Clock::manual(Time::from_micros(5_000_000));
        clock.step_seconds(-3);
        assert_eq!(clock.now().as_seconds(), 2);
    }
}
