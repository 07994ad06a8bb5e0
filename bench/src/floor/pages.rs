//! Reading pages, and creating what no model is asked about.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderName, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Caller, Shared, Wrong,
    bodies::{Conversation, Entry, Message, Stamp, day},
    new_id, now,
};

const LIST_FIRST: &str = "SELECT id, number, kind, title, pinned_at, archived_at, ended_at, deleted_at, \
     active_generation_id, message_count, created_at, updated_at, summary FROM conversations \
     WHERE owner_id = ? AND kind = ? AND shelf = ? ORDER BY updated_at DESC, id DESC LIMIT ?";
const INSERT_CONVERSATION: &str = "INSERT INTO conversations (owner_id, id, number, kind, shelf, title, pinned_at, \
     archived_at, ended_at, deleted_at, next_position, message_count, created_at, updated_at, \
     summary) VALUES (?, ?, ?, 'chat', 'active', ?, NULL, NULL, NULL, NULL, 1, 0, ?, ?, NULL)";
pub(super) const STATE: &str = "SELECT next_position, ended_at, active_generation_id FROM conversations \
     WHERE owner_id = ? AND id = ? AND deleted_at IS NULL LIMIT 1";
const MESSAGES_FORWARD: &str = "SELECT m.id, m.number, m.conversation_id, m.position, m.version, m.shown, m.role, \
     m.status, m.content, m.error_code, m.safety_tier, m.generation_id, m.engine, m.model, \
     m.attachment_count, m.created_at, m.updated_at, m.version_count FROM messages m \
     WHERE m.owner_id = ? AND m.conversation_id = ? AND m.position > ? AND m.shown = 1 \
     ORDER BY m.position LIMIT ?";
const LIST_ENTRIES: &str = "SELECT id, day, mood, tags, note, ai_status, ai_response, ai_error_code, safety_tier, \
     revision, written_at, created_at, updated_at FROM entries \
     WHERE owner_id = ? AND written_at >= ? AND written_at <= ? \
     AND (written_at < ? OR id < ?) ORDER BY written_at DESC, id DESC LIMIT ?";
const INSERT_ENTRY: &str = "INSERT INTO entries (owner_id, id, day, mood, mood_folded, tags, note, ai_status, \
     ai_response, ai_error_code, safety_tier, revision, written_at, created_at, updated_at, \
     ai_holder) VALUES (?, ?, ?, ?, ?, ?, ?, 'skipped', NULL, NULL, NULL, 1, ?, ?, ?, ?)";

#[derive(Deserialize)]
pub(super) struct Which {
    limit: Option<u32>,
}

impl Which {
    fn limit(&self) -> u32 {
        self.limit.unwrap_or(50)
    }
}

/// Where the next page begins: the sort key of a page's last row.
type Key = (i64, Uuid);

/// A page, written as its rows come: no row is copied anywhere else. One more row is looked for than
/// the page holds.
fn page(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    limit: u32,
    write: impl Fn(&Row<'_>, &mut Vec<u8>) -> rusqlite::Result<Key>,
) -> rusqlite::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(16 * 1024);
    out.extend_from_slice(b"{\"items\":[");
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query(values)?;
    let (mut written, mut last, mut more) = (0, None, false);
    while let Some(row) = rows.next()? {
        if written == limit {
            more = true;
            break;
        }
        if written > 0 {
            out.push(b',');
        }
        last = Some(write(row, &mut out)?);
        written += 1;
    }
    let next = last.filter(|_| more).map(|(number, id)| {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        bytes[8..].copy_from_slice(id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    });
    out.extend_from_slice(b"],\"next_cursor\":");
    write_json(&next, &mut out);
    out.push(b'}');
    Ok(out)
}

fn write_json(value: &impl Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("our own types are JSON, and memory takes it");
}

type Answer = ([(HeaderName, &'static str); 1], Vec<u8>);

fn json(body: Vec<u8>) -> Answer {
    ([(header::CONTENT_TYPE, "application/json")], body)
}

pub(super) async fn conversations(
    State(floor): Shared,
    caller: Caller,
    Query(which): Query<Which>,
) -> Result<Answer, Wrong> {
    let limit = which.limit();
    let found = floor.db.read(|connection| {
        let values = params![caller.owner.as_bytes(), "chat", "active", limit + 1];
        page(connection, LIST_FIRST, values, limit, |row, out| {
            let one = Conversation::read(row)?;
            write_json(&one, out);
            Ok((one.updated_at.0, one.id))
        })
    })?;
    Ok(json(found))
}

pub(super) async fn messages(
    State(floor): Shared,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(which): Query<Which>,
) -> Result<Answer, Wrong> {
    let limit = which.limit();
    let found = floor.db.read(|connection| {
        // Under one snapshot: an empty page and a missing conversation are different answers.
        connection.prepare_cached("BEGIN")?.execute([])?;
        let own = (caller.owner.as_bytes(), id.as_bytes());
        let state = connection.prepare_cached(STATE)?.query_row(own, |_| Ok(())).optional();
        let values = params![own.0, own.1, i64::MIN, limit + 1];
        let read = || {
            page(connection, MESSAGES_FORWARD, values, limit, |row, out| {
                let one = Message::read(row)?;
                write_json(&one, out);
                Ok((one.position, Uuid::nil()))
            })
        };
        let found = state.and_then(|there| there.map(|()| read()).transpose());
        connection.prepare_cached("ROLLBACK")?.execute([])?;
        found
    })?;
    Ok(json(found.ok_or(Wrong(StatusCode::NOT_FOUND))?))
}

pub(super) async fn entries(
    State(floor): Shared,
    caller: Caller,
    Query(which): Query<Which>,
) -> Result<Answer, Wrong> {
    let limit = which.limit();
    let found = floor.db.read(|connection| {
        let (own, last) = (caller.owner.as_bytes(), Uuid::max());
        let values = params![own, i64::MIN, i64::MAX, i64::MAX, last.as_bytes(), limit + 1];
        page(connection, LIST_ENTRIES, values, limit, |row, out| {
            let one = Entry::read(row)?;
            write_json(&one, out);
            Ok((one.written_at.0, one.id))
        })
    })?;
    Ok(json(found))
}

fn created(body: &impl Serialize) -> Answer {
    let mut out = Vec::with_capacity(512);
    write_json(body, &mut out);
    json(out)
}

#[derive(Deserialize)]
pub(super) struct NewConversation {
    title: Option<String>,
}

pub(super) async fn create_conversation(
    State(floor): Shared,
    caller: Caller,
    Json(new): Json<NewConversation>,
) -> Result<(StatusCode, Answer), Wrong> {
    let (id, number, now) = (new_id(), floor.number(), now());
    let title = new.title.clone().map(String::into_bytes);
    let written = floor.db.write(move |connection| {
        let own = caller.owner.as_bytes();
        let values = params![own, id.as_bytes(), number, title, now, now];
        connection.prepare_cached(INSERT_CONVERSATION)?.execute(values)?;
        Ok(true)
    });
    if !written.await {
        return Err(Wrong(StatusCode::INTERNAL_SERVER_ERROR));
    }
    let conversation = Conversation {
        id,
        title: new.title.as_deref(),
        pinned_at: None,
        archived_at: None,
        ended_at: None,
        deleted_at: None,
        active_generation_id: None,
        message_count: 0,
        created_at: Stamp(now),
        updated_at: Stamp(now),
    };
    Ok((StatusCode::CREATED, created(&conversation)))
}

#[derive(Deserialize)]
pub(super) struct NewEntry {
    mood: String,
    tags: Vec<String>,
    note: String,
}

pub(super) async fn create_entry(
    State(floor): Shared,
    caller: Caller,
    Json(new): Json<NewEntry>,
) -> Result<(StatusCode, Answer), Wrong> {
    let (id, now) = (new_id(), now());
    let day = day(now);
    let folded = new.mood.to_lowercase();
    let tags = serde_json::to_vec(&new.tags).map_err(|_| Wrong(StatusCode::BAD_REQUEST))?;
    let (stored_day, mood, note) = (day.clone(), new.mood.clone(), new.note.clone().into_bytes());
    let written = floor.db.write(move |connection| {
        let (own, holder) = (caller.owner.as_bytes(), Uuid::nil());
        let values = params![
            own,
            id.as_bytes(),
            stored_day,
            mood,
            folded,
            tags,
            note,
            now,
            now,
            now,
            holder.as_bytes(),
        ];
        connection.prepare_cached(INSERT_ENTRY)?.execute(values)?;
        Ok(true)
    });
    if !written.await {
        return Err(Wrong(StatusCode::INTERNAL_SERVER_ERROR));
    }
    let entry = Entry {
        id,
        day: &day,
        mood: &new.mood,
        tags: new.tags.iter().map(String::as_str).collect(),
        note: &new.note,
        ai_status: "skipped",
        ai_response: None,
        ai_error_code: None,
        safety: None,
        written_at: Stamp(now),
        created_at: Stamp(now),
        updated_at: Stamp(now),
    };
    Ok((StatusCode::CREATED, created(&entry)))
}
