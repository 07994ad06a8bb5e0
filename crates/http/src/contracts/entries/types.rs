//! What goes over the wire.

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serene_core::{
    accounts::User,
    base::{Private, Time},
    journal::{AiStatus, Entry},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::time::Stamp;

/// What this contract says where the model failed. It is not stored, and no model ever reads it.
pub(super) const MODEL_FAILED: &str =
    "I'm having trouble connecting to my thoughts right now, but I'm listening.";

/// It went well.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EntriesSuccess)]
pub(super) struct Success {
    success: bool,
}

impl Success {
    pub(super) const fn new() -> Self {
        Self { success: true }
    }
}

/// The account of whoever asks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EntriesUser)]
pub(super) struct UserBody {
    id: Uuid,
    #[schema(example = "user@email.com")]
    email: Option<String>,
    created_at: Stamp,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self { id: user.id, email: user.email, created_at: user.created_at.into() }
    }
}

/// What an entry begins with.
#[derive(ToSchema)]
#[schema(as = EntriesNewEntry)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(super) struct NewEntryBody {
    #[schema(example = "happy")]
    mood: String,
    /// Null counts as none.
    #[schema(example = json!(["walk"]))]
    tags: Option<Vec<String>>,
    /// At least 50 characters, counted in Unicode code points after trimming.
    #[schema(example = "I walked along the river this morning and for once nothing hurried me.")]
    note: String,
}

/// What to change. Fields that are left out stay as they are.
#[derive(ToSchema)]
#[schema(as = EntriesChanges)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(super) struct ChangesBody {
    #[schema(example = "calm")]
    mood: Option<String>,
    /// Null counts as none.
    #[schema(example = json!(["river"]))]
    tags: Option<Vec<String>>,
    /// It is answered anew if it really is another.
    #[schema(example = "I walked along the river again this evening, and it was just as quiet.")]
    note: Option<String>,
}

/// A note to check.
#[derive(ToSchema)]
#[schema(as = EntriesNote)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(super) struct NoteBody {
    #[schema(example = "I walked along the river this morning and for once nothing hurried me.")]
    note: String,
}

/// An entry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EntriesEntry)]
pub(super) struct EntryBody {
    id: Uuid,
    #[schema(example = "happy")]
    mood: String,
    /// Never null.
    #[schema(example = json!(["walk"]))]
    tags: Vec<String>,
    #[schema(example = "I walked along the river this morning and for once nothing hurried me.")]
    note: String,
    /// Null for a note that is no text, and while the answer is written.
    #[schema(example = "That sounds like a gentle morning.")]
    ai_response: Option<String>,
    created_at: Stamp,
    updated_at: Stamp,
}

impl From<Entry> for EntryBody {
    fn from(entry: Entry) -> Self {
        let failed = entry.ai_status == AiStatus::Failed;
        let answer = entry.ai_response.map(Private::into_exposed);
        Self {
            id: entry.id,
            mood: entry.mood,
            tags: entry.tags.into_iter().map(Private::into_exposed).collect(),
            note: entry.note.into_exposed(),
            ai_response: if failed { Some(MODEL_FAILED.to_owned()) } else { answer },
            // Lists are sorted and bounded by it.
            created_at: entry.written_at.into(),
            updated_at: entry.updated_at.into(),
        }
    }
}

/// What is said back to a note.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EntriesVibe)]
pub(super) struct VibeBody {
    #[schema(example = "That sounds like a gentle morning.")]
    pub(super) ai_response: String,
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RangeQuery {
    /// The first moment or day, included. Without an offset it is in UTC.
    #[param(example = "2026-02-03")]
    pub(super) from: Option<String>,
    /// The last moment or day, included.
    #[param(example = "2026-02-09T12:00:00Z")]
    pub(super) to: Option<String>,
}

/// Which zone.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ZoneQuery {
    /// The zone that decides which week is the current one; UTC unless given.
    #[param(example = "Europe/Berlin")]
    pub(super) tz: Option<String>,
}

/// One end of a range in ISO 8601: a moment, one without an offset (UTC), or a day, of which it is
/// the first or the last moment. `None` when it is none of these.
pub(super) fn bound(text: &str, end_of_day: bool) -> Option<Time> {
    let text = text.trim();
    // In a query an unescaped + is a space.
    let repaired = text.replace(' ', "+");
    for text in [text, &repaired] {
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Some(Time::from_micros(moment.as_microsecond()));
        }
    }
    let is_day = text.len() == 10;
    let moment: civil::DateTime = text.parse().ok()?;
    let moment =
        if is_day && end_of_day { moment.date().to_datetime(civil::Time::MAX) } else { moment };
    let moment = moment.to_zoned(TimeZone::UTC).ok()?;
    Some(Time::from_micros(moment.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_what_iso_8601_calls_dates_and_times() {
        let at = |text: &str| bound(text, false).map(|time| time.to_string());
        for (text, moment) in [
            ("2026-02-03", "2026-02-03T00:00:00.000000Z"),
            ("2026-02-03T10:20", "2026-02-03T10:20:00.000000Z"),
            ("2026-02-03T10:20:30.5", "2026-02-03T10:20:30.500000Z"),
            ("2026-02-03 10:20:30", "2026-02-03T10:20:30.000000Z"),
            ("2026-02-03T10:20:30Z", "2026-02-03T10:20:30.000000Z"),
            ("2026-02-03T10:20:30+02:00", "2026-02-03T08:20:30.000000Z"),
            ("2026-02-03T10:20:30 02:00", "2026-02-03T08:20:30.000000Z"),
        ] {
            assert_eq!(at(text).as_deref(), Some(moment), "{text}");
        }
        for text in ["", "yesterday", "2026-02-30", "2026-02", "10:20", "1700000000"] {
            assert_eq!(at(text), None, "{text}");
        }
        let last = bound("2026-02-03", true).unwrap().to_string();
        assert_eq!(last, "2026-02-03T23:59:59.999999Z");
    }
}
