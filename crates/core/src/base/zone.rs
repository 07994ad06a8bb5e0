//! Time zones: which day a moment belongs to, for somebody somewhere.

use super::{Error, Time};

/// A time zone of the IANA database, from the data in this binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(jiff::tz::TimeZone);

impl Zone {
    /// # Errors
    /// [`Error::Invalid`] when there is no zone of that name.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let zone = jiff::tz::TimeZone::get(name);
        zone.map(Self).map_err(|_| {
            Error::invalid(
                "time_zone",
                "must be a name of the IANA time zone database, as Europe/Berlin",
            )
        })
    }

    /// UTC.
    pub const fn utc() -> Self {
        Self(jiff::tz::TimeZone::UTC)
    }

    /// Its name, as it was given.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The day of a moment here.
    pub fn day(&self, time: Time) -> jiff::civil::Date {
        time.to_timestamp().to_zoned(self.0.clone()).date()
    }

    /// The first moment of a day here. Where midnight is skipped, the day begins later.
    pub fn start_of(&self, day: jiff::civil::Date) -> Option<Time> {
        let start = day.to_zoned(self.0.clone()).ok()?;
        Some(Time::from_micros(start.timestamp().as_microsecond()))
    }
}
