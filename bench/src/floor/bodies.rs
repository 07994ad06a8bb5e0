//! What is answered, byte for byte as Serene answers it, and the rows it comes from.

use rusqlite::{Row, types::ValueRef};
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// Microseconds since 1970, printed as Serene prints them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp(pub(super) i64);

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = stamp(self.0);
        serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

fn stamp(micros: i64) -> [u8; 27] {
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let (year, month, day) = civil(micros.div_euclid(MICROS_PER_DAY));
    let rest = micros.rem_euclid(MICROS_PER_DAY);
    let seconds = rest / 1_000_000;
    for (place, number) in [
        (0..4, year),
        (5..7, month),
        (8..10, day),
        (11..13, seconds / 3600),
        (14..16, seconds / 60 % 60),
        (17..19, seconds % 60),
        (20..26, rest % 1_000_000),
    ] {
        digits(&mut text[place], number);
    }
    text
}

/// `2026-02-03` of a time.
pub(super) fn day(micros: i64) -> String {
    String::from_utf8_lossy(&stamp(micros)[..10]).into_owned()
}

fn digits(place: &mut [u8], mut number: i64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

/// Year, month and day of a day since 1970: the calendar repeats every 400 years of 146,097 days,
/// and a year that begins in March has its leap day at the end.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[derive(Serialize)]
pub(super) struct Conversation<'r> {
    pub(super) id: Uuid,
    pub(super) title: Option<&'r str>,
    pub(super) pinned_at: Option<Stamp>,
    pub(super) archived_at: Option<Stamp>,
    pub(super) ended_at: Option<Stamp>,
    pub(super) deleted_at: Option<Stamp>,
    pub(super) active_generation_id: Option<Uuid>,
    pub(super) message_count: i64,
    pub(super) created_at: Stamp,
    pub(super) updated_at: Stamp,
}

/// Nothing is flagged in what the bench writes, so the floor has no help to name.
type Nothing = Option<()>;

#[derive(Serialize)]
pub(super) struct Message<'r> {
    pub(super) id: Uuid,
    pub(super) conversation_id: Uuid,
    pub(super) position: i64,
    pub(super) version: i64,
    pub(super) version_count: i64,
    pub(super) shown: bool,
    pub(super) role: &'r str,
    pub(super) status: &'r str,
    pub(super) content: &'r str,
    pub(super) error_code: Option<&'r str>,
    pub(super) safety: Nothing,
    pub(super) generation_id: Option<Uuid>,
    pub(super) engine: Option<&'r str>,
    pub(super) model: Option<&'r str>,
    /// The bench sends no images through the floor.
    pub(super) attachments: [(); 0],
    pub(super) created_at: Stamp,
    pub(super) updated_at: Stamp,
}

#[derive(Serialize)]
pub(super) struct Entry<'r> {
    pub(super) id: Uuid,
    pub(super) day: &'r str,
    pub(super) mood: &'r str,
    pub(super) tags: Vec<&'r str>,
    pub(super) note: &'r str,
    pub(super) ai_status: &'r str,
    pub(super) ai_response: Option<&'r str>,
    pub(super) ai_error_code: Option<&'r str>,
    pub(super) safety: Nothing,
    pub(super) written_at: Stamp,
    pub(super) created_at: Stamp,
    pub(super) updated_at: Stamp,
}

#[derive(Clone, Copy, Default, Serialize)]
pub(super) struct Usage {
    pub(super) prompt_tokens: u32,
    pub(super) completion_tokens: u32,
    pub(super) total_tokens: u32,
    pub(super) cached_tokens: u32,
    pub(super) estimated: bool,
}

#[derive(Serialize)]
pub(super) struct Generation {
    pub(super) id: Uuid,
    pub(super) conversation_id: Uuid,
    pub(super) message_id: Uuid,
    pub(super) status: &'static str,
    pub(super) finish_reason: &'static str,
    pub(super) error_code: Nothing,
    pub(super) engine: &'static str,
    pub(super) model: &'static str,
    pub(super) usage: Usage,
    pub(super) created_at: Stamp,
    pub(super) ended_at: Stamp,
}

/// Text of either kind of column, where it lies in SQLite's own memory.
fn text<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<&'r str> {
    Ok(optional_text(row, column)?.unwrap_or_default())
}

fn optional_text<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<Option<&'r str>> {
    match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Ok(Some(std::str::from_utf8(bytes)?)),
        _ => Ok(None),
    }
}

fn stamp_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Stamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Stamp))
}

fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    Ok(Uuid::from_bytes(row.get(column)?))
}

fn optional_id(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Uuid>> {
    Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(Uuid::from_bytes))
}

impl<'r> Conversation<'r> {
    pub(super) fn read(row: &'r Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: id(row, 0)?,
            title: optional_text(row, 3)?,
            pinned_at: stamp_at(row, 4)?,
            archived_at: stamp_at(row, 5)?,
            ended_at: stamp_at(row, 6)?,
            deleted_at: stamp_at(row, 7)?,
            active_generation_id: optional_id(row, 8)?,
            message_count: row.get(9)?,
            created_at: Stamp(row.get(10)?),
            updated_at: Stamp(row.get(11)?),
        })
    }
}

impl<'r> Message<'r> {
    pub(super) fn read(row: &'r Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: id(row, 0)?,
            conversation_id: id(row, 2)?,
            position: row.get(3)?,
            version: row.get(4)?,
            version_count: row.get(17)?,
            shown: row.get(5)?,
            role: text(row, 6)?,
            status: text(row, 7)?,
            content: text(row, 8)?,
            error_code: optional_text(row, 9)?,
            safety: None,
            generation_id: optional_id(row, 11)?,
            engine: optional_text(row, 12)?,
            model: optional_text(row, 13)?,
            attachments: [],
            created_at: Stamp(row.get(15)?),
            updated_at: Stamp(row.get(16)?),
        })
    }
}

impl<'r> Entry<'r> {
    pub(super) fn read(row: &'r Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: id(row, 0)?,
            day: text(row, 1)?,
            mood: text(row, 2)?,
            tags: serde_json::from_str(text(row, 3)?).unwrap_or_default(),
            note: text(row, 4)?,
            ai_status: text(row, 5)?,
            ai_response: optional_text(row, 6)?,
            ai_error_code: optional_text(row, 7)?,
            safety: None,
            written_at: Stamp(row.get(10)?),
            created_at: Stamp(row.get(11)?),
            updated_at: Stamp(row.get(12)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_printed_as_the_product_prints_them() {
        let print = |micros| String::from_utf8(stamp(micros).to_vec()).unwrap();
        assert_eq!(print(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(print(1_770_091_506_789_012), "2026-02-03T04:05:06.789012Z");
        // The leap day of a year that four hundred divides, and the moment before it began.
        assert_eq!(print(951_782_400_000_000), "2000-02-29T00:00:00.000000Z");
        assert_eq!(print(951_782_399_999_999), "2000-02-28T23:59:59.999999Z");
        assert_eq!(day(1_770_091_506_789_012), "2026-02-03");
    }
}
