//! The SQL of versions, of going on with a reply, and of forks.

use serene_db::{Row, Select, Statement, values};
use uuid::Uuid;

use super::{message, title_place};
use crate::{
    base::{Base, Error, Owner, Time, limits, vault::Keeper},
    conversations::{Message, Shelf},
};

serene_db::statements! {
    CLAIM_REPLY = "conversations.claim_reply":
        "UPDATE conversations SET active_generation_id = ?, updated_at = ? \
         WHERE owner_id = ? AND id = ? AND active_generation_id IS NULL \
         AND ended_at IS NULL AND deleted_at IS NULL";
    BEGIN_FORK = "conversations.begin_fork":
        "INSERT INTO conversations (owner_id, id, number, kind, shelf, title, deleted_at, \
         next_position, message_count, created_at, updated_at) \
         VALUES (?, ?, ?, 'chat', 'purging', ?, ?, 1, 0, ?, ?)";
    IS_UNFINISHED = "conversations.is_unfinished":
        "SELECT id FROM conversations WHERE owner_id = ? AND id = ? AND shelf = 'purging' LIMIT 1";
    END_FORK = "conversations.end_fork":
        "UPDATE conversations SET shelf = ?, deleted_at = NULL, next_position = ?, \
         message_count = ? WHERE owner_id = ? AND id = ? AND shelf = 'purging'";

    VERSIONS = "messages.versions":
        concat!("SELECT ", message_columns!(), " FROM messages m",
                " WHERE m.owner_id = ? AND m.conversation_id = ? AND m.position = ?",
                " ORDER BY m.version LIMIT ?");
    HIDE_VERSIONS = "messages.hide_versions":
        "UPDATE messages SET shown = 0 WHERE owner_id = ? AND conversation_id = ? AND position = ?";
    SHOW_VERSION = "messages.show_version":
        "UPDATE messages SET shown = 1 WHERE owner_id = ? AND id = ?";
    COUNT_VERSIONS = "messages.count_versions":
        "UPDATE messages SET version_count = ? WHERE owner_id = ? AND conversation_id = ? \
         AND position = ? AND version_count < ?";
    REOPEN = "messages.reopen":
        "UPDATE messages SET status = 'pending', error_code = NULL, generation_id = ? \
         WHERE owner_id = ? AND id = ? AND status IN ('stopped', 'interrupted', 'failed')";
    SHOWN_UP_TO = "messages.shown_up_to":
        concat!("SELECT ", message_columns!(), " FROM messages m",
                " WHERE m.owner_id = ? AND m.conversation_id = ? AND m.position > ?",
                " AND m.position <= ? AND m.shown = 1 ORDER BY m.position LIMIT ?");
}

/// Takes the conversation for one generation, if nobody else has it.
pub(crate) fn claim_reply(
    owner: Owner,
    conversation_id: Uuid,
    generation_id: Uuid,
    now: Time,
) -> Statement {
    let values = values![generation_id, now.as_micros(), owner.id(), conversation_id];
    Statement::guard(&CLAIM_REPLY, values)
}

/// Every version at the place of this message, the first one first.
pub(crate) async fn versions(
    base: &Base,
    owner: Owner,
    of: &Message,
) -> Result<Vec<Message>, Error> {
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| message(&keeper, row);
    let place = values![owner.id(), of.conversation_id, of.position, limits::MAX_VERSIONS];
    base.db.query(Select::new(&VERSIONS, place, map)).await
}

pub(crate) fn hide_versions(owner: Owner, of: &Message) -> Statement {
    Statement::new(&HIDE_VERSIONS, values![owner.id(), of.conversation_id, of.position])
}

pub(crate) fn show_version(owner: Owner, id: Uuid) -> Statement {
    Statement::guard(&SHOW_VERSION, values![owner.id(), id])
}

/// Tells the earlier versions that there is one more: this one.
pub(crate) fn count_versions(owner: Owner, newest: &Message) -> Statement {
    let count = newest.version;
    let place = values![count, owner.id(), newest.conversation_id, newest.position, count];
    Statement::new(&COUNT_VERSIONS, place)
}

/// Opens a reply that broke off, for one more generation.
pub(crate) fn reopen(owner: Owner, id: Uuid, generation_id: Uuid) -> Statement {
    Statement::guard(&REOPEN, values![generation_id, owner.id(), id])
}

/// A fork that cannot be seen yet. Left behind, it is purged like the trash.
pub(crate) fn begin_fork(
    keeper: &Keeper,
    owner: Owner,
    (id, number): (Uuid, i64),
    title: Option<&str>,
    now: Time,
) -> Statement {
    let now = now.as_micros();
    let title = title.map(|title| keeper.seal(title_place(id), title));
    Statement::new(&BEGIN_FORK, values![owner.id(), id, number, title, now, now, now])
}

/// Whether a fork of this id, or its deletion, was cut off.
pub(crate) async fn is_unfinished(base: &Base, owner: Owner, id: Uuid) -> Result<bool, Error> {
    let map = |row: &Row<'_>| Ok::<_, Error>(row.get::<Uuid>(0)?);
    let found = base.db.query_one(Select::new(&IS_UNFINISHED, values![owner.id(), id], map));
    Ok(found.await?.is_some())
}

/// The fork as it can be seen.
pub(crate) fn end_fork(owner: Owner, id: Uuid, last_position: i64, count: i64) -> Statement {
    let shelf = Shelf::Active.as_str();
    let next = last_position.saturating_add(1);
    Statement::guard(&END_FORK, values![shelf, next, count, owner.id(), id])
}

/// What is shown after one position up to another, a page of it.
pub(crate) async fn shown_up_to(
    base: &Base,
    owner: Owner,
    conversation_id: Uuid,
    (after, up_to): (i64, i64),
) -> Result<Vec<Message>, Error> {
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| message(&keeper, row);
    let values = values![owner.id(), conversation_id, after, up_to, limits::FORK_PAGE_ROWS];
    base.db.query(Select::new(&SHOWN_UP_TO, values, map)).await
}
