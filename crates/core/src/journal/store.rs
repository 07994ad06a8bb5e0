//! The SQL of the journal. Nobody else touches `entries`.

use jiff::civil::Date;
use serene_care::screen::Tier as SafetyTier;
use serene_db::{Row, Select, Statement, values};
use uuid::Uuid;

use super::{AiStatus, Entry, ListEntries, Mood, moods::DayCount};
use crate::{
    base::{
        Base, Cursor, Error, Owner, Private, Time,
        vault::{Keeper, Place, SealedColumn},
    },
    conversations::safety_tier_of,
};

macro_rules! entry_columns {
    () => {
        "id, day, mood, tags, note, ai_status, ai_response, ai_error_code, safety_tier, \
         revision, written_at, created_at, updated_at"
    };
}

serene_db::statements! {
    INSERT = "entries.insert":
        "INSERT INTO entries (owner_id, id, day, mood, mood_folded, tags, note, ai_status, \
         ai_response, ai_error_code, safety_tier, revision, written_at, created_at, updated_at, \
         ai_holder) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    FIND = "entries.find":
        concat!("SELECT ", entry_columns!(),
                " FROM entries WHERE owner_id = ? AND id = ? LIMIT 1");
    LIST = "entries.list":
        concat!("SELECT ", entry_columns!(), " FROM entries",
                " WHERE owner_id = ? AND written_at >= ? AND written_at <= ?",
                " AND (written_at < ? OR id < ?)",
                " ORDER BY written_at DESC, id DESC LIMIT ?");
    LIST_MOOD = "entries.list_mood":
        concat!("SELECT ", entry_columns!(), " FROM entries",
                " WHERE owner_id = ? AND written_at >= ? AND written_at <= ?",
                " AND (written_at < ? OR id < ?) AND mood_folded = ?",
                " ORDER BY written_at DESC, id DESC LIMIT ?");
    SET_MOOD = "entries.set_mood":
        "UPDATE entries SET mood = ?, mood_folded = ?, updated_at = ? WHERE owner_id = ? AND id = ?";
    SET_TAGS = "entries.set_tags":
        "UPDATE entries SET tags = ?, updated_at = ? WHERE owner_id = ? AND id = ?";
    SET_NOTE = "entries.set_note":
        "UPDATE entries SET note = ?, ai_status = ?, ai_response = ?, ai_error_code = NULL, \
         safety_tier = ?, revision = revision + 1, updated_at = ?, ai_holder = ? \
         WHERE owner_id = ? AND id = ?";
    SET_ANSWER = "entries.set_answer":
        "UPDATE entries SET ai_status = ?, ai_response = ?, ai_error_code = ? \
         WHERE owner_id = ? AND id = ? AND revision = ? AND ai_status = 'pending'";
    DELETE = "entries.delete":
        "DELETE FROM entries WHERE owner_id = ? AND id = ?";
    DELETE_CHUNK = "entries.delete_chunk":
        "DELETE FROM entries WHERE owner_id = ? AND id IN (SELECT id FROM \
         (SELECT id FROM entries WHERE owner_id = ? LIMIT 500) AS chunk)";
    LATEST_ANSWER = "entries.latest_answer":
        "SELECT id, ai_response FROM entries \
         WHERE owner_id = ? AND id <> ? AND ai_status = 'complete' \
         ORDER BY written_at DESC, id DESC LIMIT 1";
    PENDING = "entries.pending":
        "SELECT e.owner_id, e.id, e.ai_holder FROM entries e \
         LEFT JOIN instances i ON i.id = e.ai_holder \
         WHERE e.ai_status = 'pending' AND i.id IS NULL LIMIT 1000";
    TAKE_OVER = "entries.take_over":
        "UPDATE entries SET ai_holder = ? WHERE owner_id = ? AND id = ? \
         AND ai_status = 'pending' AND COALESCE(ai_holder, ?) = ?";
    COUNT_MOODS = "entries.count_moods":
        "SELECT day, mood_folded, COUNT(*) FROM entries \
         WHERE owner_id = ? AND day >= ? AND day <= ? GROUP BY day, mood_folded \
         ORDER BY day, mood_folded LIMIT 100000";
    DAYS = "entries.days":
        "SELECT DISTINCT day FROM entries WHERE owner_id = ? ORDER BY day DESC LIMIT 40000";

    STORED_TAGS = "entries.stored_tags":
        "SELECT id, tags FROM entries WHERE owner_id = ? AND id > ? ORDER BY id LIMIT ?";
    STORE_TAGS = "entries.store_tags":
        "UPDATE entries SET tags = ? WHERE owner_id = ? AND id = ?";
    STORED_NOTES = "entries.stored_notes":
        "SELECT id, note FROM entries WHERE owner_id = ? AND id > ? ORDER BY id LIMIT ?";
    STORE_NOTE = "entries.store_note":
        "UPDATE entries SET note = ? WHERE owner_id = ? AND id = ?";
    STORED_RESPONSES = "entries.stored_responses":
        "SELECT id, ai_response FROM entries WHERE owner_id = ? AND id > ? ORDER BY id LIMIT ?";
    STORE_RESPONSE = "entries.store_response":
        "UPDATE entries SET ai_response = ? WHERE owner_id = ? AND id = ?";
}

/// The columns of private text here.
pub(crate) static SEALED: &[SealedColumn] = &[
    SealedColumn { column: TAGS, read: &STORED_TAGS, write: &STORE_TAGS },
    SealedColumn { column: NOTE, read: &STORED_NOTES, write: &STORE_NOTE },
    SealedColumn { column: RESPONSE, read: &STORED_RESPONSES, write: &STORE_RESPONSE },
];

fn place(column: &'static str, row: Uuid) -> Place {
    Place::new(column, row)
}

const TAGS: &str = "entries.tags";
const NOTE: &str = "entries.note";
const RESPONSE: &str = "entries.ai_response";

fn entry(keeper: &Keeper, row: &Row<'_>) -> Result<Entry, Error> {
    let id: Uuid = row.get(0)?;
    let tags = keeper.open(place(TAGS, id), row.get(3)?)?;
    let tags: Vec<String> = serde_json::from_str(tags.expose()).map_err(|_| Error::Unreadable)?;
    let response: Option<Vec<u8>> = row.get(6)?;
    let tier: Option<String> = row.get(8)?;
    Ok(Entry {
        id,
        day: row.get(1)?,
        mood: row.get(2)?,
        tags: tags.into_iter().map(Private::new).collect(),
        note: keeper.open(place(NOTE, id), row.get(4)?)?,
        ai_status: AiStatus::from_word(row.text(5)?).ok_or(Error::Unreadable)?,
        ai_response: response.map(|sealed| keeper.open(place(RESPONSE, id), sealed)).transpose()?,
        ai_error_code: row.get(7)?,
        safety_tier: tier.as_deref().map(safety_tier_of).transpose()?,
        revision: row.get(9)?,
        written_at: Time::from_micros(row.get(10)?),
        created_at: Time::from_micros(row.get(11)?),
        updated_at: Time::from_micros(row.get(12)?),
    })
}

fn sealed_tags(keeper: &Keeper, entry: &Entry) -> Vec<u8> {
    let tags: Vec<&str> = entry.tags.iter().map(Private::expose).collect();
    let json = serde_json::to_string(&tags).expect("strings are JSON");
    keeper.seal(place(TAGS, entry.id), &json)
}

fn sealed_response(keeper: &Keeper, entry: &Entry) -> Option<Vec<u8>> {
    let response = entry.ai_response.as_ref()?;
    Some(keeper.seal(place(RESPONSE, entry.id), response.expose()))
}

/// `holder` is the instance that answers it.
pub(super) fn insert(
    keeper: &Keeper,
    owner: Owner,
    (new, mood): (&Entry, &Mood),
    holder: Uuid,
) -> Statement {
    Statement::new(
        &INSERT,
        values![
            owner.id(),
            new.id,
            new.day.clone(),
            mood.shown(),
            mood.folded(),
            sealed_tags(keeper, new),
            keeper.seal(place(NOTE, new.id), new.note.expose()),
            new.ai_status.as_str(),
            sealed_response(keeper, new),
            new.ai_error_code.clone(),
            new.safety_tier.map(SafetyTier::name),
            new.revision,
            new.written_at.as_micros(),
            new.created_at.as_micros(),
            new.updated_at.as_micros(),
            holder,
        ],
    )
}

pub(super) async fn find(base: &Base, owner: Owner, id: Uuid) -> Result<Option<Entry>, Error> {
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| entry(&keeper, row);
    base.db.query_one(Select::new(&FIND, values![owner.id(), id], map)).await
}

/// Rows after the cursor, newest first, of any tag.
pub(super) async fn list(
    base: &Base,
    owner: Owner,
    list: &ListEntries,
    cursor: Option<Cursor>,
    limit: u32,
) -> Result<Vec<Entry>, Error> {
    let from = list.from.map_or(i64::MIN, Time::as_micros);
    let to = list.to.map_or(i64::MAX, Time::as_micros);
    // Without a cursor every row is before this one.
    let cursor = cursor.unwrap_or(Cursor { number: i64::MAX, id: Uuid::max() });
    let to = to.min(cursor.number);
    let mut values = values![owner.id(), from, to, cursor.number, cursor.id];
    let sql = match &list.mood {
        None => &LIST,
        Some(mood) => {
            values.extend(values![mood.folded()]);
            &LIST_MOOD
        }
    };
    values.extend(values![limit]);
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| entry(&keeper, row);
    base.db.query(Select::new(sql, values, map)).await
}

pub(super) fn set_mood(owner: Owner, entry: &Entry, mood: &Mood) -> Statement {
    let now = entry.updated_at.as_micros();
    let values = values![mood.shown(), mood.folded(), now, owner.id(), entry.id];
    Statement::guard(&SET_MOOD, values)
}

pub(super) fn set_tags(keeper: &Keeper, owner: Owner, entry: &Entry) -> Statement {
    let now = entry.updated_at.as_micros();
    let tags = sealed_tags(keeper, entry);
    Statement::guard(&SET_TAGS, values![tags, now, owner.id(), entry.id])
}

/// `holder` is the instance that answers it.
pub(super) fn set_note(keeper: &Keeper, owner: Owner, entry: &Entry, holder: Uuid) -> Statement {
    Statement::guard(
        &SET_NOTE,
        values![
            keeper.seal(place(NOTE, entry.id), entry.note.expose()),
            entry.ai_status.as_str(),
            sealed_response(keeper, entry),
            entry.safety_tier.map(SafetyTier::name),
            entry.updated_at.as_micros(),
            holder,
            owner.id(),
            entry.id,
        ],
    )
}

/// Takes an entry that waits for its answer from an instance that is gone.
pub(super) fn take_over(owner: Owner, id: Uuid, from: Option<Uuid>, holder: Uuid) -> Statement {
    let from = from.unwrap_or(Uuid::nil());
    Statement::guard(&TAKE_OVER, values![holder, owner.id(), id, Uuid::nil(), from])
}

/// Holds only while the note is the one that was answered.
pub(super) fn set_answer(keeper: &Keeper, owner: Owner, entry: &Entry) -> Statement {
    Statement::guard(
        &SET_ANSWER,
        values![
            entry.ai_status.as_str(),
            sealed_response(keeper, entry),
            entry.ai_error_code.clone(),
            owner.id(),
            entry.id,
            entry.revision,
        ],
    )
}

pub(super) fn delete(owner: Owner, id: Uuid) -> Statement {
    Statement::guard(&DELETE, values![owner.id(), id])
}

pub(super) fn delete_chunk(owner: Owner) -> Statement {
    Statement::new(&DELETE_CHUNK, values![owner.id(), owner.id()])
}

/// The answer that the owner read last, apart from this entry's own.
pub(super) async fn latest_answer(
    base: &Base,
    owner: Owner,
    except: Uuid,
) -> Result<Option<Private>, Error> {
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| {
        let id = row.get(0)?;
        keeper.open(place(RESPONSE, id), row.get(1)?)
    };
    base.db.query_one(Select::new(&LATEST_ANSWER, values![owner.id(), except], map)).await
}

/// An entry whose answer nobody is writing.
pub(super) struct Unanswered {
    pub(super) owner_id: Uuid,
    pub(super) id: Uuid,
    pub(super) holder: Option<Uuid>,
}

/// For the sweep, which serves every owner: returns whose it is beside what it is.
pub(super) async fn pending(base: &Base) -> Result<Vec<Unanswered>, Error> {
    let map = |row: &Row<'_>| {
        Ok::<_, Error>(Unanswered { owner_id: row.get(0)?, id: row.get(1)?, holder: row.get(2)? })
    };
    base.db.query(Select::new(&PENDING, values![], map)).await
}

pub(super) async fn count_moods(
    base: &Base,
    owner: Owner,
    first: Date,
    last: Date,
) -> Result<Vec<DayCount>, Error> {
    let map = |row: &Row<'_>| {
        let count: i64 = row.get(2)?;
        Ok(DayCount { day: day(row)?, mood: row.get(1)?, count: count.unsigned_abs() })
    };
    let values = values![owner.id(), first.to_string(), last.to_string()];
    base.db.query(Select::new(&COUNT_MOODS, values, map)).await
}

pub(super) async fn days(base: &Base, owner: Owner) -> Result<Vec<Date>, Error> {
    base.db.query(Select::new(&DAYS, values![owner.id()], day)).await
}

fn day(row: &Row<'_>) -> Result<Date, Error> {
    row.get::<String>(0)?.parse().map_err(|_| Error::Unreadable)
}
