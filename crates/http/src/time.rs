//! Times on the wire: RFC 3339, UTC, microseconds, always the same 27 characters.
//!
//! Written by hand because a page of fifty conversations prints two hundred of them, and the
//! calendar library takes ten times as long for each.

use serde::{Serialize, Serializer};
use serene_core::base::Time;
use utoipa::ToSchema;

/// A time as clients read it: `2026-02-03T04:05:06.789012Z`.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-02-03T04:05:06.789012Z")]
pub(crate) struct Stamp(pub(crate) Time);

impl From<Time> for Stamp {
    fn from(time: Time) -> Self {
        Self(time)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = format(self.0);
        serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// A time with its offset in digits, as one published contract prints it:
/// `2026-02-03T04:05:06.789012+00:00`.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-02-03T04:05:06.789012+00:00")]
pub(crate) struct WithOffset(pub(crate) Time);

impl From<Time> for WithOffset {
    fn from(time: Time) -> Self {
        Self(time)
    }
}

impl Serialize for WithOffset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = format(self.0);
        let local = std::str::from_utf8(&text[..26]).unwrap_or_default();
        serializer.collect_str(&format_args!("{local}+00:00"))
    }
}

/// A time without its offset, in whole seconds of UTC: `2026-02-03T04:05:06`. What one published
/// contract prints; no `date-time` of RFC 3339, so its schema does not say so.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(value_type = String, example = "2026-02-03T04:05:06")]
pub(crate) struct Naive(pub(crate) Time);

impl From<Time> for Naive {
    fn from(time: Time) -> Self {
        Self(time)
    }
}

impl Serialize for Naive {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = format(self.0);
        serializer.serialize_str(std::str::from_utf8(&text[..19]).unwrap_or_default())
    }
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

fn format(time: Time) -> [u8; 27] {
    let micros = time.as_micros();
    let (year, month, day) = civil(micros.div_euclid(MICROS_PER_DAY));
    let rest = micros.rem_euclid(MICROS_PER_DAY);
    let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let pairs = [
        (0, year / 100),
        (2, year),
        (5, month),
        (8, day),
        (11, seconds / 3600),
        (14, seconds / 60 % 60),
        (17, seconds % 60),
        (20, micros / 10_000),
        (22, micros / 100),
        (24, micros),
    ];
    for (at, number) in pairs {
        let digits = PAIRS[usize::try_from(number.rem_euclid(100)).unwrap_or(0)];
        text[at..at + 2].copy_from_slice(&digits);
    }
    text
}

/// The numbers below a hundred in two digits. A page of entries prints nine hundred of them.
static PAIRS: [[u8; 2]; 100] = {
    let digits = b"0123456789";
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < pairs.len() {
        pairs[number] = [digits[number / 10], digits[number % 10]];
        number += 1;
    }
    pairs
};

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar:
/// years begin in March, so that the leap day is their last.
fn civil(day: i64) -> (i64, i64, i64) {
    // 719,468 days lie between 0000-03-01 and 1970-01-01; 146,097 days are 400 years.
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let day_of_era = day.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_calendar_library_on_every_day_of_three_centuries() {
        let first = Time::from_micros(-4_000_000_000_000_000);
        for day in 0..110_000_i64 {
            let micros =
                first.as_micros() + day * MICROS_PER_DAY + day * 7_919_003 % MICROS_PER_DAY;
            let time = Time::from_micros(micros);
            let ours = format(time);
            assert_eq!(std::str::from_utf8(&ours).unwrap(), time.to_string());
        }
    }
}
