//! The SQL of conversations. Nobody else touches `conversations`, `messages` and `attachments`.

use bytes::Bytes;
use serene_db::{DbError, Row, Select, Statement, Write, values};
use uuid::Uuid;

use super::{
    Attachment, AttachmentInfo, Conversation, Kind, ListConversations, MediaType, Message,
    MessageOrder, MessageStatus, Role, SafetyTier, Shelf,
};
use crate::base::{
    Base, Cursor, Error, Owner, PageSize, Time, Title, limits,
    vault::{Keeper, Place, SealedColumn},
};

macro_rules! conversation_columns {
    () => {
        "id, number, kind, title, pinned_at, archived_at, ended_at, deleted_at, \
         active_generation_id, message_count, created_at, updated_at, summary"
    };
}

macro_rules! message_columns {
    () => {
        "m.id, m.number, m.conversation_id, m.position, m.version, m.shown, m.role, m.status, \
         m.content, m.error_code, m.safety_tier, m.generation_id, m.engine, m.model, \
         m.attachment_count, m.created_at, m.updated_at, m.version_count"
    };
}

pub(super) mod branches;

serene_db::statements! {
    INSERT_CONVERSATION = "conversations.insert":
        "INSERT INTO conversations (owner_id, id, number, kind, shelf, title, pinned_at, \
         archived_at, ended_at, deleted_at, next_position, message_count, created_at, updated_at, \
         summary) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0, ?, ?, ?)";
    LIST_FIRST = "conversations.list_first":
        concat!("SELECT ", conversation_columns!(), " FROM conversations",
                " WHERE owner_id = ? AND kind = ? AND shelf = ?",
                " ORDER BY updated_at DESC, id DESC LIMIT ?");
    LIST_NEXT = "conversations.list_next":
        concat!("SELECT ", conversation_columns!(), " FROM conversations",
                " WHERE owner_id = ? AND kind = ? AND shelf = ?",
                " AND updated_at <= ? AND (updated_at < ? OR id < ?)",
                " ORDER BY updated_at DESC, id DESC LIMIT ?");
    FIND = "conversations.find":
        concat!("SELECT ", conversation_columns!(), " FROM conversations",
                " WHERE owner_id = ? AND id = ? AND deleted_at IS NULL LIMIT 1");
    FIND_NUMBER = "conversations.find_number":
        concat!("SELECT ", conversation_columns!(), " FROM conversations",
                " WHERE owner_id = ? AND number = ? AND kind = ? AND deleted_at IS NULL LIMIT 1");
    STATE = "conversations.state":
        "SELECT next_position, ended_at, active_generation_id FROM conversations \
         WHERE owner_id = ? AND id = ? AND deleted_at IS NULL LIMIT 1";
    SET_TITLE = "conversations.set_title":
        "UPDATE conversations SET title = ?, updated_at = ? \
         WHERE owner_id = ? AND id = ? AND deleted_at IS NULL";
    SET_PINNED = "conversations.set_pinned":
        "UPDATE conversations SET pinned_at = ? \
         WHERE owner_id = ? AND id = ? AND deleted_at IS NULL";
    SET_ARCHIVED = "conversations.set_archived":
        "UPDATE conversations SET archived_at = ?, shelf = ? \
         WHERE owner_id = ? AND id = ? AND deleted_at IS NULL";
    END = "conversations.end":
        "UPDATE conversations SET ended_at = COALESCE(ended_at, ?) \
         WHERE owner_id = ? AND id = ? AND deleted_at IS NULL AND active_generation_id IS NULL";
    END_OTHER_SESSIONS = "conversations.end_sessions":
        "UPDATE conversations SET ended_at = ? \
         WHERE owner_id = ? AND kind = ? AND shelf = 'active' AND ended_at IS NULL";
    // MySQL sets columns from left to right, and reads what it has set: archived_at comes last.
    TOGGLE_ARCHIVE = "conversations.toggle_archive":
        "UPDATE conversations SET \
         ended_at = CASE WHEN archived_at IS NULL THEN COALESCE(ended_at, ?) ELSE ended_at END, \
         shelf = CASE WHEN archived_at IS NULL THEN 'archived' ELSE 'active' END, \
         archived_at = CASE WHEN archived_at IS NULL THEN ? ELSE NULL END \
         WHERE owner_id = ? AND id = ? AND deleted_at IS NULL";
    SET_SUMMARY = "conversations.set_summary":
        "UPDATE conversations SET summary = ? \
         WHERE owner_id = ? AND id = ? AND deleted_at IS NULL";
    TRASH = "conversations.trash":
        "UPDATE conversations SET deleted_at = ?, shelf = 'trash' \
         WHERE owner_id = ? AND id = ? AND deleted_at IS NULL AND active_generation_id IS NULL";
    RESTORE = "conversations.restore":
        "UPDATE conversations SET deleted_at = NULL, \
         shelf = CASE WHEN archived_at IS NULL THEN 'active' ELSE 'archived' END \
         WHERE owner_id = ? AND id = ? AND shelf = 'trash'";
    EMPTY = "conversations.empty":
        "UPDATE conversations SET message_count = 0 \
         WHERE owner_id = ? AND id = ? AND deleted_at IS NULL AND active_generation_id IS NULL";
    BEGIN_PURGE = "conversations.begin_purge":
        "UPDATE conversations SET shelf = 'purging', deleted_at = 0 \
         WHERE owner_id = ? AND id = ? AND shelf IN ('trash', 'purging')";
    END_PURGE = "conversations.end_purge":
        "DELETE FROM conversations WHERE owner_id = ? AND id = ? AND shelf = 'purging'";
    EXPIRED_TRASH = "conversations.expired_trash":
        "SELECT owner_id, id FROM conversations \
         WHERE shelf IN ('trash', 'purging') AND deleted_at < ? LIMIT 100";
    RETITLE = "conversations.retitle":
        "UPDATE conversations SET title = ? \
         WHERE owner_id = ? AND id = ? AND updated_at = ? AND deleted_at IS NULL";
    CLAIM = "conversations.claim":
        "UPDATE conversations SET active_generation_id = ?, next_position = next_position + 2, \
         message_count = message_count + 2, title = COALESCE(title, ?), updated_at = ? \
         WHERE owner_id = ? AND id = ? AND next_position = ? AND active_generation_id IS NULL \
         AND ended_at IS NULL AND deleted_at IS NULL";
    RELEASE = "conversations.release":
        "UPDATE conversations SET active_generation_id = NULL, updated_at = ? \
         WHERE owner_id = ? AND id = ? AND active_generation_id = ?";
    UNCOUNT_MESSAGE = "conversations.uncount_message":
        "UPDATE conversations SET message_count = message_count - 1 \
         WHERE owner_id = ? AND id = ? AND deleted_at IS NULL \
         AND (active_generation_id IS NULL OR active_generation_id = ?)";
    DELETE_CONVERSATION_CHUNK = "conversations.delete_chunk":
        "DELETE FROM conversations WHERE owner_id = ? AND id IN (SELECT id FROM \
         (SELECT id FROM conversations WHERE owner_id = ? LIMIT 200) AS chunk)";

    INSERT_MESSAGE = "messages.insert":
        "INSERT INTO messages (owner_id, id, number, conversation_id, position, version, shown, \
         role, status, content, error_code, safety_tier, generation_id, engine, model, \
         attachment_count, created_at, updated_at, version_count) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    MESSAGES_FORWARD = "messages.forward":
        concat!("SELECT ", message_columns!(), " FROM messages m",
                " WHERE m.owner_id = ? AND m.conversation_id = ? AND m.position > ? AND m.shown = 1",
                " ORDER BY m.position LIMIT ?");
    MESSAGES_BACKWARD = "messages.backward":
        concat!("SELECT ", message_columns!(), " FROM messages m",
                " WHERE m.owner_id = ? AND m.conversation_id = ? AND m.position < ? AND m.shown = 1",
                " ORDER BY m.position DESC LIMIT ?");
    MESSAGE = "messages.find":
        concat!("SELECT ", message_columns!(), " FROM messages m",
                " JOIN conversations c ON c.owner_id = m.owner_id AND c.id = m.conversation_id",
                " WHERE m.owner_id = ? AND m.id = ? AND c.deleted_at IS NULL LIMIT 1");
    MESSAGE_NUMBER = "messages.find_number":
        concat!("SELECT ", message_columns!(), " FROM messages m",
                " JOIN conversations c ON c.owner_id = m.owner_id AND c.id = m.conversation_id",
                " WHERE m.owner_id = ? AND m.number = ? AND c.deleted_at IS NULL LIMIT 1");
    SCAN = "messages.scan":
        concat!("SELECT ", message_columns!(), " FROM messages m",
                " JOIN conversations c ON c.owner_id = m.owner_id AND c.id = m.conversation_id",
                " WHERE m.owner_id = ? AND m.number < ? AND m.shown = 1 AND c.deleted_at IS NULL",
                " ORDER BY m.number DESC LIMIT ?");
    END_REPLY = "messages.end_reply":
        "UPDATE messages SET status = ?, content = ?, error_code = ?, engine = ?, model = ?, \
         updated_at = ? WHERE owner_id = ? AND id = ?";
    DELETE_MESSAGE = "messages.delete":
        "DELETE FROM messages \
         WHERE owner_id = ? AND conversation_id = ? AND position = ? AND shown = 1";
    DELETE_VERSIONS = "messages.delete_versions":
        "DELETE FROM messages WHERE owner_id = ? AND conversation_id = ? AND position = ?";
    DELETE_MESSAGES_OF = "messages.delete_of_conversation":
        "DELETE FROM messages WHERE owner_id = ? AND conversation_id = ?";
    DELETE_MESSAGE_CHUNK = "messages.delete_chunk_of_conversation":
        "DELETE FROM messages WHERE owner_id = ? AND id IN (SELECT id FROM \
         (SELECT id FROM messages WHERE owner_id = ? AND conversation_id = ? LIMIT 500) AS chunk)";
    DELETE_ANY_MESSAGE_CHUNK = "messages.delete_chunk":
        "DELETE FROM messages WHERE owner_id = ? AND id IN (SELECT id FROM \
         (SELECT id FROM messages WHERE owner_id = ? LIMIT 500) AS chunk)";

    INSERT_ATTACHMENT = "attachments.insert":
        "INSERT INTO attachments (owner_id, id, message_id, conversation_id, position, ordinal, \
         media_type, size_bytes, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    ATTACHMENTS_BETWEEN = "attachments.between":
        "SELECT id, media_type, size_bytes, message_id FROM attachments \
         WHERE owner_id = ? AND conversation_id = ? AND position BETWEEN ? AND ? \
         ORDER BY position, ordinal LIMIT 1000";
    ATTACHMENT = "attachments.find":
        "SELECT a.id, a.media_type, a.size_bytes, a.data FROM attachments a \
         JOIN conversations c ON c.owner_id = a.owner_id AND c.id = a.conversation_id \
         WHERE a.owner_id = ? AND a.id = ? AND c.deleted_at IS NULL LIMIT 1";
    RECENT_IMAGES = "attachments.recent":
        "SELECT id, media_type, size_bytes, data, message_id FROM attachments \
         WHERE owner_id = ? AND conversation_id = ? AND position < ? \
         ORDER BY position DESC, ordinal DESC LIMIT ?";

    ALL_AFTER = "conversations.all_after":
        concat!("SELECT ", conversation_columns!(), " FROM conversations",
                " WHERE owner_id = ? AND number > ? AND shelf <> 'purging'",
                " ORDER BY number LIMIT 200");
    ALL_MESSAGES_AFTER = "messages.all_after":
        concat!("SELECT ", message_columns!(), " FROM messages m",
                " JOIN conversations c ON c.owner_id = m.owner_id AND c.id = m.conversation_id",
                " WHERE m.owner_id = ? AND m.number > ? AND c.shelf <> 'purging'",
                " ORDER BY m.number LIMIT 200");
    ATTACHMENTS_OF = "attachments.of_message":
        "SELECT id, media_type, size_bytes, data FROM attachments \
         WHERE owner_id = ? AND message_id = ? ORDER BY ordinal LIMIT 100";
    HAS_MESSAGE = "messages.exists":
        "SELECT id FROM messages WHERE owner_id = ? AND id = ? LIMIT 1";
    GROW = "conversations.grow":
        "UPDATE conversations SET message_count = message_count + ?, \
         next_position = CASE WHEN next_position > ? THEN next_position ELSE ? END \
         WHERE owner_id = ? AND id = ? AND shelf <> 'purging'";

    STORED_TITLES = "conversations.stored_titles":
        "SELECT id, title FROM conversations WHERE owner_id = ? AND id > ? ORDER BY id LIMIT ?";
    STORE_TITLE = "conversations.store_title":
        "UPDATE conversations SET title = ? WHERE owner_id = ? AND id = ?";
    STORED_SUMMARIES = "conversations.stored_summaries":
        "SELECT id, summary FROM conversations WHERE owner_id = ? AND id > ? ORDER BY id LIMIT ?";
    STORE_SUMMARY = "conversations.store_summary":
        "UPDATE conversations SET summary = ? WHERE owner_id = ? AND id = ?";
    STORED_CONTENTS = "messages.stored_contents":
        "SELECT id, content FROM messages WHERE owner_id = ? AND id > ? ORDER BY id LIMIT ?";
    STORE_CONTENT = "messages.store_content":
        "UPDATE messages SET content = ? WHERE owner_id = ? AND id = ?";
    STORED_DATA = "attachments.stored_data":
        "SELECT id, data FROM attachments WHERE owner_id = ? AND id > ? ORDER BY id LIMIT ?";
    STORE_DATA = "attachments.store_data":
        "UPDATE attachments SET data = ? WHERE owner_id = ? AND id = ?";
}

/// The columns of private text here.
pub(crate) static SEALED: &[SealedColumn] = &[
    SealedColumn { column: TITLE, read: &STORED_TITLES, write: &STORE_TITLE },
    SealedColumn { column: SUMMARY, read: &STORED_SUMMARIES, write: &STORE_SUMMARY },
    SealedColumn { column: CONTENT, read: &STORED_CONTENTS, write: &STORE_CONTENT },
    SealedColumn { column: DATA, read: &STORED_DATA, write: &STORE_DATA },
];

const TITLE: &str = "conversations.title";
const SUMMARY: &str = "conversations.summary";
const CONTENT: &str = "messages.content";
const DATA: &str = "attachments.data";

/// What decides whether a conversation takes a message.
pub(super) struct State {
    pub(super) next_position: i64,
    pub(super) ended: bool,
    pub(super) active_generation_id: Option<Uuid>,
}

fn optional_time(row: &Row<'_>, column: usize) -> Result<Option<Time>, DbError> {
    Ok(row.get::<Option<i64>>(column)?.map(Time::from_micros))
}

/// A stored word that this version does not know is a column that cannot be read.
fn word<T>(row: &Row<'_>, column: usize, parse: fn(&str) -> Option<T>) -> Result<T, Error> {
    parse(row.text(column)?).ok_or(Error::Unreadable)
}

fn title_place(row: Uuid) -> Place {
    Place::new(TITLE, row)
}

fn summary_place(row: Uuid) -> Place {
    Place::new(SUMMARY, row)
}

fn content_place(row: Uuid) -> Place {
    Place::new(CONTENT, row)
}

fn data_place(row: Uuid) -> Place {
    Place::new(DATA, row)
}

fn conversation(keeper: &Keeper, row: &Row<'_>) -> Result<Conversation, Error> {
    let id = row.get(0)?;
    let title: Option<Vec<u8>> = row.get(3)?;
    let summary: Option<Vec<u8>> = row.get(12)?;
    Ok(Conversation {
        id,
        number: row.get(1)?,
        kind: word(row, 2, Kind::from_word)?,
        title: title.map(|sealed| keeper.open(title_place(id), sealed)).transpose()?,
        summary: summary.map(|sealed| keeper.open(summary_place(id), sealed)).transpose()?,
        pinned_at: optional_time(row, 4)?,
        archived_at: optional_time(row, 5)?,
        ended_at: optional_time(row, 6)?,
        deleted_at: optional_time(row, 7)?,
        active_generation_id: row.get(8)?,
        message_count: row.get(9)?,
        created_at: Time::from_micros(row.get(10)?),
        updated_at: Time::from_micros(row.get(11)?),
    })
}

/// A message, and how many attachments it has; [`add_attachments`] brings them.
fn message(keeper: &Keeper, row: &Row<'_>) -> Result<Message, Error> {
    let id = row.get(0)?;
    let safety_tier: Option<String> = row.get(10)?;
    let attachment_count: u32 = row.get(14)?;
    Ok(Message {
        id,
        number: row.get(1)?,
        conversation_id: row.get(2)?,
        position: row.get(3)?,
        version: row.get(4)?,
        version_count: row.get(17)?,
        shown: row.get(5)?,
        role: word(row, 6, Role::from_word)?,
        status: word(row, 7, MessageStatus::from_word)?,
        content: keeper.open(content_place(id), row.get(8)?)?,
        error_code: row.get(9)?,
        safety_tier: safety_tier.as_deref().map(safety_tier_of).transpose()?,
        generation_id: row.get(11)?,
        engine: row.get(12)?,
        model: row.get(13)?,
        attachments: vec![PLACEHOLDER; attachment_count as usize],
        created_at: Time::from_micros(row.get(15)?),
        updated_at: Time::from_micros(row.get(16)?),
    })
}

/// The tier of a stored word.
pub(crate) fn safety_tier_of(word: &str) -> Result<SafetyTier, Error> {
    let tiers =
        [SafetyTier::BareWord, SafetyTier::Passive, SafetyTier::Method, SafetyTier::Explicit];
    tiers.into_iter().find(|tier| tier.name() == word).ok_or(Error::Unreadable)
}

/// Holds the place of an attachment until [`add_attachments`] has read it.
const PLACEHOLDER: AttachmentInfo =
    AttachmentInfo { id: Uuid::nil(), media_type: MediaType::Png, size_bytes: 0 };

fn attachment_info(row: &Row<'_>) -> Result<AttachmentInfo, Error> {
    Ok(AttachmentInfo {
        id: row.get(0)?,
        media_type: word(row, 1, MediaType::from_word)?,
        size_bytes: row.get(2)?,
    })
}

fn attachment_with_data(keeper: &Keeper, row: &Row<'_>) -> Result<Attachment, Error> {
    let info = attachment_info(row)?;
    let data = keeper.open_bytes(data_place(info.id), row.get(3)?)?;
    Ok(Attachment { info, data: data.into() })
}

pub(super) fn insert_conversation(keeper: &Keeper, owner: Owner, new: &Conversation) -> Statement {
    let title = new.title.as_ref();
    let title = title.map(|title| keeper.seal(title_place(new.id), title.expose()));
    let summary = new.summary.as_ref();
    let summary = summary.map(|text| keeper.seal(summary_place(new.id), text.expose()));
    let shelf = match (new.deleted_at, new.archived_at) {
        (Some(_), _) => Shelf::Trash,
        (None, Some(_)) => Shelf::Archived,
        (None, None) => Shelf::Active,
    };
    Statement::new(
        &INSERT_CONVERSATION,
        values![
            owner.id(),
            new.id,
            new.number,
            new.kind.as_str(),
            shelf.as_str(),
            title,
            new.pinned_at.map(Time::as_micros),
            new.archived_at.map(Time::as_micros),
            new.ended_at.map(Time::as_micros),
            new.deleted_at.map(Time::as_micros),
            new.created_at.as_micros(),
            new.updated_at.as_micros(),
            summary,
        ],
    )
}

pub(super) async fn list(
    base: &Base,
    owner: Owner,
    list: &ListConversations,
) -> Result<Vec<Conversation>, Error> {
    let mut values = values![owner.id(), list.kind.as_str(), list.shelf.as_str()];
    let sql = match list.cursor {
        None => &LIST_FIRST,
        Some(cursor) => {
            values.extend(values![cursor.number, cursor.number, cursor.id]);
            &LIST_NEXT
        }
    };
    values.extend(values![list.size.and_one_more()]);
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| conversation(&keeper, row);
    base.db.query(Select::new(sql, values, map)).await
}

pub(super) async fn find(
    base: &Base,
    owner: Owner,
    id: Uuid,
) -> Result<Option<Conversation>, Error> {
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| conversation(&keeper, row);
    base.db.query_one(Select::new(&FIND, values![owner.id(), id], map)).await
}

pub(super) async fn find_number(
    base: &Base,
    owner: Owner,
    number: i64,
    kind: Kind,
) -> Result<Option<Conversation>, Error> {
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| conversation(&keeper, row);
    let values = values![owner.id(), number, kind.as_str()];
    base.db.query_one(Select::new(&FIND_NUMBER, values, map)).await
}

pub(super) async fn state(base: &Base, owner: Owner, id: Uuid) -> Result<Option<State>, Error> {
    let map = |row: &Row<'_>| {
        Ok(State {
            next_position: row.get(0)?,
            ended: row.get::<Option<i64>>(1)?.is_some(),
            active_generation_id: row.get(2)?,
        })
    };
    base.db.query_one(Select::new(&STATE, values![owner.id(), id], map)).await
}

/// Gives a conversation another title if nothing about it has changed since it was read.
pub(super) fn retitle(
    keeper: &Keeper,
    owner: Owner,
    read: &Conversation,
    title: &Title,
) -> Statement {
    let sealed = keeper.seal(title_place(read.id), title.expose());
    let values = values![sealed, owner.id(), read.id, read.updated_at.as_micros()];
    Statement::guard(&RETITLE, values)
}

pub(super) fn set_title(
    keeper: &Keeper,
    owner: Owner,
    id: Uuid,
    title: &Title,
    now: Time,
) -> Statement {
    let sealed = keeper.seal(title_place(id), title.expose());
    Statement::guard(&SET_TITLE, values![sealed, now.as_micros(), owner.id(), id])
}

pub(super) fn set_pinned(owner: Owner, id: Uuid, since: Option<Time>) -> Statement {
    let since = since.map(Time::as_micros);
    Statement::guard(&SET_PINNED, values![since, owner.id(), id])
}

pub(super) fn set_archived(owner: Owner, id: Uuid, since: Option<Time>) -> Statement {
    let shelf = if since.is_some() { "archived" } else { "active" };
    let since = since.map(Time::as_micros);
    Statement::guard(&SET_ARCHIVED, values![since, shelf, owner.id(), id])
}

pub(super) fn end(owner: Owner, id: Uuid, now: Time) -> Statement {
    Statement::guard(&END, values![now.as_micros(), owner.id(), id])
}

/// Ends every session that is neither ended nor archived.
pub(super) fn end_sessions(owner: Owner, now: Time) -> Statement {
    let kind = Kind::Session.as_str();
    Statement::new(&END_OTHER_SESSIONS, values![now.as_micros(), owner.id(), kind])
}

pub(super) fn toggle_archive(owner: Owner, id: Uuid, now: Time) -> Statement {
    let now = now.as_micros();
    Statement::guard(&TOGGLE_ARCHIVE, values![now, now, owner.id(), id])
}

pub(super) fn set_summary(keeper: &Keeper, owner: Owner, id: Uuid, summary: &str) -> Statement {
    let sealed = keeper.seal(summary_place(id), summary);
    Statement::guard(&SET_SUMMARY, values![sealed, owner.id(), id])
}

pub(super) fn trash(owner: Owner, id: Uuid, now: Time) -> Statement {
    Statement::guard(&TRASH, values![now.as_micros(), owner.id(), id])
}

pub(super) fn restore(owner: Owner, id: Uuid) -> Statement {
    Statement::guard(&RESTORE, values![owner.id(), id])
}

pub(super) fn empty_conversation(owner: Owner, id: Uuid) -> Statement {
    Statement::guard(&EMPTY, values![owner.id(), id])
}

pub(super) fn begin_purge(owner: Owner, id: Uuid) -> Statement {
    Statement::guard(&BEGIN_PURGE, values![owner.id(), id])
}

pub(super) fn end_purge(owner: Owner, id: Uuid) -> Statement {
    Statement::guard(&END_PURGE, values![owner.id(), id])
}

/// For the purge, which serves every owner: returns whose it is beside what it is.
pub(super) async fn expired_trash(base: &Base, before: Time) -> Result<Vec<(Uuid, Uuid)>, Error> {
    let map = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    base.db.query(Select::new(&EXPIRED_TRASH, values![before.as_micros()], map)).await
}

/// Takes the conversation for one generation, if nobody else has it and it has not moved on.
pub(super) fn claim(
    keeper: &Keeper,
    owner: Owner,
    message: &Message,
    generation_id: Uuid,
    title: &Title,
) -> Statement {
    let id = message.conversation_id;
    let title = keeper.seal(title_place(id), title.expose());
    let now = message.created_at.as_micros();
    Statement::guard(&CLAIM, values![generation_id, title, now, owner.id(), id, message.position])
}

pub(super) fn insert_message(keeper: &Keeper, owner: Owner, new: &Message) -> Statement {
    Statement::new(
        &INSERT_MESSAGE,
        values![
            owner.id(),
            new.id,
            new.number,
            new.conversation_id,
            new.position,
            new.version,
            new.shown,
            new.role.as_str(),
            new.status.as_str(),
            keeper.seal(content_place(new.id), new.content.expose()),
            new.error_code.clone(),
            new.safety_tier.map(SafetyTier::name),
            new.generation_id,
            new.engine.clone(),
            new.model.clone(),
            i64::try_from(new.attachments.len()).unwrap_or(i64::MAX),
            new.created_at.as_micros(),
            new.updated_at.as_micros(),
            new.version_count,
        ],
    )
}

pub(super) fn insert_attachment(
    keeper: &Keeper,
    owner: Owner,
    message: &Message,
    ordinal: u32,
    (info, data): (AttachmentInfo, Bytes),
) -> Statement {
    Statement::new(
        &INSERT_ATTACHMENT,
        values![
            owner.id(),
            info.id,
            message.id,
            message.conversation_id,
            message.position,
            ordinal,
            info.media_type.as_str(),
            info.size_bytes,
            keeper.seal_bytes(data_place(info.id), data.into()),
        ],
    )
}

/// One more row than the page holds, when there is that much; `None` without a conversation.
pub(super) async fn messages(
    base: &Base,
    owner: Owner,
    conversation_id: Uuid,
    order: MessageOrder,
    cursor: Option<Cursor>,
    size: PageSize,
) -> Result<Option<Vec<Message>>, Error> {
    let (sql, from) = match order {
        MessageOrder::OldestFirst => (&MESSAGES_FORWARD, i64::MIN),
        MessageOrder::NewestFirst => (&MESSAGES_BACKWARD, i64::MAX),
    };
    let from = cursor.map_or(from, |cursor| cursor.number);
    let keeper = base.vault.of(owner)?;
    let parent = Select::new(&STATE, values![owner.id(), conversation_id], |_| Ok::<_, Error>(()));
    let values = values![owner.id(), conversation_id, from, size.and_one_more()];
    let page = Select::new(sql, values, |row: &Row<'_>| message(&keeper, row));
    Ok(base.db.query_parent_and(parent, page).await?.map(|((), messages)| messages))
}

/// Replaces the placeholders in these messages of one conversation by what is stored.
pub(super) async fn add_attachments(
    base: &Base,
    owner: Owner,
    conversation_id: Uuid,
    messages: &mut [Message],
) -> Result<(), Error> {
    let with = || messages.iter().filter(|message| !message.attachments.is_empty());
    let first = with().map(|message| message.position).min();
    let last = with().map(|message| message.position).max();
    let (Some(first), Some(last)) = (first, last) else { return Ok(()) };
    let map = |row: &Row<'_>| Ok::<_, Error>((row.get::<Uuid>(3)?, attachment_info(row)?));
    let values = values![owner.id(), conversation_id, first, last];
    let found = base.db.query(Select::new(&ATTACHMENTS_BETWEEN, values, map)).await?;
    for message in messages {
        let own = found.iter().filter(|(id, _)| *id == message.id);
        message.attachments = own.map(|(_, info)| info.clone()).collect();
    }
    Ok(())
}

pub(super) async fn message_by(
    base: &Base,
    owner: Owner,
    id: Uuid,
) -> Result<Option<Message>, Error> {
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| message(&keeper, row);
    base.db.query_one(Select::new(&MESSAGE, values![owner.id(), id], map)).await
}

pub(super) async fn message_number(
    base: &Base,
    owner: Owner,
    number: i64,
) -> Result<Option<Message>, Error> {
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| message(&keeper, row);
    base.db.query_one(Select::new(&MESSAGE_NUMBER, values![owner.id(), number], map)).await
}

pub(super) async fn scan(
    base: &Base,
    owner: Owner,
    cursor: Option<Cursor>,
) -> Result<Vec<Message>, Error> {
    let before = cursor.map_or(i64::MAX, |cursor| cursor.number);
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| message(&keeper, row);
    let values = values![owner.id(), before, limits::SCAN_PAGE_ROWS];
    base.db.query(Select::new(&SCAN, values, map)).await
}

pub(super) async fn recent(
    base: &Base,
    owner: Owner,
    conversation_id: Uuid,
    before_position: i64,
) -> Result<Vec<Message>, Error> {
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| message(&keeper, row);
    let values = values![owner.id(), conversation_id, before_position, limits::MAX_PROMPT_MESSAGES];
    let mut found = base.db.query(Select::new(&MESSAGES_BACKWARD, values, map)).await?;
    found.reverse();
    Ok(found)
}

pub(super) async fn recent_images(
    base: &Base,
    owner: Owner,
    conversation_id: Uuid,
    before_position: i64,
) -> Result<Vec<(Uuid, Attachment)>, Error> {
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| Ok::<_, Error>((row.get(4)?, attachment_with_data(&keeper, row)?));
    let values = values![owner.id(), conversation_id, before_position, limits::MAX_PROMPT_IMAGES];
    let mut found = base.db.query(Select::new(&RECENT_IMAGES, values, map)).await?;
    found.reverse();
    Ok(found)
}

pub(super) async fn attachment(
    base: &Base,
    owner: Owner,
    id: Uuid,
) -> Result<Option<Attachment>, Error> {
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| attachment_with_data(&keeper, row);
    base.db.query_one(Select::new(&ATTACHMENT, values![owner.id(), id], map)).await
}

/// Conversations after a number, those in the trash too.
pub(super) async fn all_after(
    base: &Base,
    owner: Owner,
    after: i64,
) -> Result<Vec<Conversation>, Error> {
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| conversation(&keeper, row);
    base.db.query(Select::new(&ALL_AFTER, values![owner.id(), after], map)).await
}

/// Messages after a number, every version of them, those in the trash too.
pub(super) async fn all_messages_after(
    base: &Base,
    owner: Owner,
    after: i64,
) -> Result<Vec<Message>, Error> {
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| message(&keeper, row);
    base.db.query(Select::new(&ALL_MESSAGES_AFTER, values![owner.id(), after], map)).await
}

pub(super) async fn attachments_of(
    base: &Base,
    owner: Owner,
    message_id: Uuid,
) -> Result<Vec<Attachment>, Error> {
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| attachment_with_data(&keeper, row);
    base.db.query(Select::new(&ATTACHMENTS_OF, values![owner.id(), message_id], map)).await
}

/// Whether there is such a message, wherever it lies.
pub(super) async fn has_message(base: &Base, owner: Owner, id: Uuid) -> Result<bool, Error> {
    let map = |row: &Row<'_>| Ok::<_, Error>(row.get::<Uuid>(0)?);
    let found = base.db.query_one(Select::new(&HAS_MESSAGE, values![owner.id(), id], map)).await?;
    Ok(found.is_some())
}

/// Makes room for a message that comes from elsewhere with a position of its own.
pub(super) fn grow(owner: Owner, message: &Message) -> Statement {
    let next = message.position.saturating_add(1);
    let shown = i64::from(message.shown);
    Statement::guard(&GROW, values![shown, next, next, owner.id(), message.conversation_id])
}

/// The end of a reply: its message as it stands now, and the conversation free again.
pub(crate) fn end_reply(
    keeper: &Keeper,
    owner: Owner,
    reply: &Message,
    generation_id: Uuid,
) -> [Statement; 2] {
    let now = reply.updated_at.as_micros();
    [
        Statement::new(
            &END_REPLY,
            values![
                reply.status.as_str(),
                keeper.seal(content_place(reply.id), reply.content.expose()),
                reply.error_code.clone(),
                reply.engine.clone(),
                reply.model.clone(),
                now,
                owner.id(),
                reply.id,
            ],
        ),
        Statement::new(&RELEASE, values![now, owner.id(), reply.conversation_id, generation_id]),
    ]
}

/// Deletes a message with its versions while nothing is being written but what is `elsewhere`.
pub(super) fn delete_message(owner: Owner, message: &Message, elsewhere: Option<Uuid>) -> Write {
    let place = || values![owner.id(), message.conversation_id, message.position];
    let conversation = values![owner.id(), message.conversation_id, elsewhere];
    Write::new()
        .with(Statement::guard(&UNCOUNT_MESSAGE, conversation))
        .with(Statement::guard(&DELETE_MESSAGE, place()))
        .with(Statement::new(&DELETE_VERSIONS, place()))
}

pub(super) fn delete_messages_of(owner: Owner, conversation_id: Uuid) -> Statement {
    Statement::new(&DELETE_MESSAGES_OF, values![owner.id(), conversation_id])
}

pub(super) fn delete_message_chunk(owner: Owner, conversation_id: Uuid) -> Statement {
    let values = values![owner.id(), owner.id(), conversation_id];
    Statement::new(&DELETE_MESSAGE_CHUNK, values)
}

pub(super) fn delete_any_message_chunk(owner: Owner) -> Statement {
    Statement::new(&DELETE_ANY_MESSAGE_CHUNK, values![owner.id(), owner.id()])
}

pub(super) fn delete_conversation_chunk(owner: Owner) -> Statement {
    Statement::new(&DELETE_CONVERSATION_CHUNK, values![owner.id(), owner.id()])
}
