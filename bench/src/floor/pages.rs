//! Reading pages, and creating what no model is asked about.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Caller, Shared, Wrong,
    bodies::{Conversation, Entry, Message, Page, Stamp, day},
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

fn rows<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map(values, read)?.collect()
}

/// One more was read than the page holds, if there was that much.
fn cut<T>(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> (i64, Uuid)) -> Json<Page<T>> {
    let limit = limit as usize;
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|last| {
        let (number, id) = key(last);
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        bytes[8..].copy_from_slice(id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    });
    Json(Page { items, next_cursor })
}

pub(super) async fn conversations(
    State(floor): Shared,
    caller: Caller,
    Query(which): Query<Which>,
) -> Result<Json<Page<Conversation>>, Wrong> {
    let limit = which.limit();
    let found = floor.db.read(|connection| {
        let values = params![caller.owner.as_bytes(), "chat", "active", limit + 1];
        rows(connection, LIST_FIRST, values, Conversation::read)
    })?;
    Ok(cut(found, limit, |one| (one.updated_at.0, one.id)))
}

pub(super) async fn messages(
    State(floor): Shared,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(which): Query<Which>,
) -> Result<Json<Page<Message>>, Wrong> {
    let limit = which.limit();
    let found = floor.db.read(|connection| {
        // Under one snapshot: an empty page and a missing conversation are different answers.
        connection.prepare_cached("BEGIN")?.execute([])?;
        let own = (caller.owner.as_bytes(), id.as_bytes());
        let state = connection.prepare_cached(STATE)?.query_row(own, |_| Ok(())).optional();
        let page = state.and_then(|there| {
            let values = params![own.0, own.1, i64::MIN, limit + 1];
            let page = || rows(connection, MESSAGES_FORWARD, values, Message::read);
            there.map(|()| page()).transpose()
        });
        connection.prepare_cached("ROLLBACK")?.execute([])?;
        page
    })?;
    let found = found.ok_or(Wrong(StatusCode::NOT_FOUND))?;
    Ok(cut(found, limit, |one| (one.position, Uuid::nil())))
}

pub(super) async fn entries(
    State(floor): Shared,
    caller: Caller,
    Query(which): Query<Which>,
) -> Result<Json<Page<Entry>>, Wrong> {
    let limit = which.limit();
    let found = floor.db.read(|connection| {
        let (own, last) = (caller.owner.as_bytes(), Uuid::max());
        let values = params![own, i64::MIN, i64::MAX, i64::MAX, last.as_bytes(), limit + 1];
        rows(connection, LIST_ENTRIES, values, Entry::read)
    })?;
    Ok(cut(found, limit, |one| (one.written_at.0, one.id)))
}

#[derive(Deserialize)]
pub(super) struct NewConversation {
    title: Option<String>,
}

pub(super) async fn create_conversation(
    State(floor): Shared,
    caller: Caller,
    Json(new): Json<NewConversation>,
) -> Result<(StatusCode, Json<Conversation>), Wrong> {
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
        title: new.title,
        pinned_at: None,
        archived_at: None,
        ended_at: None,
        deleted_at: None,
        active_generation_id: None,
        message_count: 0,
        created_at: Stamp(now),
        updated_at: Stamp(now),
    };
    Ok((StatusCode::CREATED, Json(conversation)))
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
) -> Result<(StatusCode, Json<Entry>), Wrong> {
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
        day,
        mood: new.mood,
        tags: new.tags,
        note: new.note,
        ai_status: "skipped".into(),
        ai_response: None,
        ai_error_code: None,
        safety: None,
        written_at: Stamp(now),
        created_at: Stamp(now),
        updated_at: Stamp(now),
    };
    Ok((StatusCode::CREATED, Json(entry)))
}
