//! The SQL of generations. Nobody else touches `generations` and `generation_chunks`.

use serene_db::{Db, DbError, Row, Select, Statement, values};
use serene_llm::Usage;
use uuid::Uuid;

use super::Generation;
use crate::{
    base::{
        Base, Error, Owner, Time,
        vault::{Keeper, Place},
    },
    conversations::MessageStatus,
};

macro_rules! generation_columns {
    () => {
        "g.id, g.conversation_id, g.message_id, g.status, g.finish_reason, g.error_code, \
         g.engine, g.model, g.prompt_tokens, g.completion_tokens, g.cached_tokens, \
         g.usage_estimated, g.created_at, g.ended_at"
    };
}

serene_db::statements! {
    INSERT = "generations.insert":
        "INSERT INTO generations (owner_id, id, conversation_id, message_id, holder, status, \
         stop_requested, engine, model, created_at) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?)";
    FIND = "generations.find":
        concat!("SELECT ", generation_columns!(), " FROM generations g",
                " JOIN conversations c ON c.owner_id = g.owner_id AND c.id = g.conversation_id",
                " WHERE g.owner_id = ? AND g.id = ? AND c.deleted_at IS NULL LIMIT 1");
    FIND_BY_POSITION = "generations.find_by_position":
        concat!("SELECT ", generation_columns!(), " FROM messages m",
                " JOIN generations g ON g.owner_id = m.owner_id AND g.id = m.generation_id",
                " WHERE m.owner_id = ? AND m.conversation_id = ? AND m.position = ?",
                " AND m.shown = 1 LIMIT 1");
    MARK_RUNNING = "generations.mark_running":
        "UPDATE generations SET status = 'running' WHERE owner_id = ? AND id = ? AND holder = ? \
         AND status IN ('pending', 'running')";
    END = "generations.end":
        "UPDATE generations SET status = ?, finish_reason = ?, error_code = ?, engine = ?, \
         model = ?, prompt_tokens = ?, completion_tokens = ?, cached_tokens = ?, usage_estimated = ?, \
         ended_at = ? WHERE owner_id = ? AND id = ? AND holder = ? \
         AND status IN ('pending', 'running')";
    LEFT_BEHIND = "generations.left_behind":
        concat!("SELECT ", generation_columns!(), ", g.owner_id, g.holder FROM generations g",
                " LEFT JOIN instances i ON i.id = g.holder",
                " WHERE g.status IN ('pending', 'running') AND i.id IS NULL LIMIT 100");
    RUN_BY = "generations.run_by":
        "SELECT owner_id, id, stop_requested FROM generations \
         WHERE status IN ('pending', 'running') AND holder = ? LIMIT 100000";
    REQUEST_STOP = "generations.request_stop":
        "UPDATE generations SET stop_requested = 1 WHERE owner_id = ? AND id = ? \
         AND status IN ('pending', 'running')";
    ACTIVE_OF = "generations.active_of_owner":
        "SELECT id FROM generations WHERE owner_id = ? AND status IN ('pending', 'running') \
         LIMIT 1000";
    STATUS = "generations.status":
        "SELECT status FROM generations WHERE owner_id = ? AND id = ? LIMIT 1";
    CLOSE_ORPHAN = "generations.close_orphan":
        "UPDATE generations SET status = 'interrupted' WHERE owner_id = ? AND id = ? \
         AND status IN ('pending', 'running')";

    INSERT_CHUNK = "generation_chunks.insert":
        "INSERT INTO generation_chunks (owner_id, generation_id, start_offset, content) \
         VALUES (?, ?, ?, ?)";
    CHUNKS = "generation_chunks.list":
        "SELECT content, start_offset FROM generation_chunks WHERE owner_id = ? AND generation_id = ? \
         AND start_offset >= ? ORDER BY start_offset LIMIT 10000";
    DELETE_CHUNKS = "generation_chunks.delete":
        "DELETE FROM generation_chunks WHERE owner_id = ? AND generation_id = ?";
}

/// A generation whose process is gone.
pub(super) struct Orphan {
    pub(super) owner_id: Uuid,
    pub(super) holder: Uuid,
    pub(super) generation: Generation,
}

/// How many columns [`generation`] reads.
const COLUMNS: usize = 14;

fn generation(row: &Row<'_>) -> Result<Generation, Error> {
    let prompt_tokens: Option<u32> = row.get(8)?;
    let usage = |prompt_tokens| -> Result<Usage, DbError> {
        Ok(Usage {
            prompt_tokens,
            completion_tokens: row.get(9)?,
            cached_tokens: row.get(10)?,
            estimated: row.get(11)?,
        })
    };
    Ok(Generation {
        id: row.get(0)?,
        conversation_id: row.get(1)?,
        message_id: row.get(2)?,
        status: MessageStatus::from_word(row.text(3)?).ok_or(Error::Unreadable)?,
        finish_reason: row.get(4)?,
        error_code: row.get(5)?,
        engine: row.get(6)?,
        model: row.get(7)?,
        usage: prompt_tokens.map(usage).transpose()?,
        created_at: Time::from_micros(row.get(12)?),
        ended_at: row.get::<Option<i64>>(13)?.map(Time::from_micros),
    })
}

pub(super) fn insert(owner: Owner, holder: Uuid, new: &Generation) -> Statement {
    Statement::new(
        &INSERT,
        values![
            owner.id(),
            new.id,
            new.conversation_id,
            new.message_id,
            holder,
            new.status.as_str(),
            new.engine.clone(),
            new.model.clone(),
            new.created_at.as_micros(),
        ],
    )
}

pub(super) async fn find(db: &Db, owner: Owner, id: Uuid) -> Result<Option<Generation>, Error> {
    db.query_one(Select::new(&FIND, values![owner.id(), id], generation)).await
}

pub(super) async fn find_by_position(
    db: &Db,
    owner: Owner,
    conversation_id: Uuid,
    position: i64,
) -> Result<Option<Generation>, Error> {
    let values = values![owner.id(), conversation_id, position];
    db.query_one(Select::new(&FIND_BY_POSITION, values, generation)).await
}

pub(super) fn mark_running(owner: Owner, holder: Uuid, id: Uuid) -> Statement {
    Statement::guard(&MARK_RUNNING, values![owner.id(), id, holder])
}

pub(super) fn end(owner: Owner, holder: Uuid, ended: &Generation) -> Statement {
    Statement::guard(
        &END,
        values![
            ended.status.as_str(),
            ended.finish_reason.clone(),
            ended.error_code.clone(),
            ended.engine.clone(),
            ended.model.clone(),
            ended.usage.map(|usage| usage.prompt_tokens),
            ended.usage.map(|usage| usage.completion_tokens),
            ended.usage.map(|usage| usage.cached_tokens),
            ended.usage.map(|usage| usage.estimated),
            ended.ended_at.map(Time::as_micros),
            owner.id(),
            ended.id,
            holder,
        ],
    )
}

/// For the sweep, which serves every owner: returns whose it is beside what it is.
pub(super) async fn left_behind(db: &Db) -> Result<Vec<Orphan>, Error> {
    let map = |row: &Row<'_>| {
        Ok(Orphan {
            generation: generation(row)?,
            owner_id: row.get(COLUMNS)?,
            holder: row.get(COLUMNS + 1)?,
        })
    };
    db.query(Select::new(&LEFT_BEHIND, values![], map)).await
}

/// What an instance runs, of every owner: whose it is, which it is, and whether it is to stop.
pub(super) async fn run_by(db: &Db, holder: Uuid) -> Result<Vec<(Uuid, Uuid, bool)>, Error> {
    let map = |row: &Row<'_>| Ok::<_, Error>((row.get(0)?, row.get(1)?, row.get(2)?));
    db.query(Select::new(&RUN_BY, values![holder], map)).await
}

/// Asks whichever instance runs it to stop it.
pub(super) fn request_stop(owner: Owner, id: Uuid) -> Statement {
    Statement::new(&REQUEST_STOP, values![owner.id(), id])
}

/// What is being written for an owner, wherever that is.
pub(super) async fn active_of(db: &Db, owner: Owner) -> Result<Vec<Uuid>, Error> {
    let map = |row: &Row<'_>| Ok::<_, Error>(row.get(0)?);
    db.query(Select::new(&ACTIVE_OF, values![owner.id()], map)).await
}

/// How far it has come, wherever it lies; `None` when its row is gone.
pub(super) async fn status(
    db: &Db,
    owner: Owner,
    id: Uuid,
) -> Result<Option<MessageStatus>, Error> {
    let map = |row: &Row<'_>| MessageStatus::from_word(row.text(0)?).ok_or(Error::Unreadable);
    db.query_one(Select::new(&STATUS, values![owner.id(), id], map)).await
}

pub(super) fn close_orphan(owner: Owner, id: Uuid) -> Statement {
    Statement::guard(&CLOSE_ORPHAN, values![owner.id(), id])
}

fn chunk_place(generation_id: Uuid, start_offset: i64) -> Place {
    Place::new("generation_chunks.content", generation_id).part(start_offset)
}

pub(super) fn insert_chunk(
    keeper: &Keeper,
    owner: Owner,
    generation_id: Uuid,
    start_offset: usize,
    text: &str,
) -> Statement {
    let start_offset = i64::try_from(start_offset).unwrap_or(i64::MAX);
    let sealed = keeper.seal(chunk_place(generation_id, start_offset), text);
    Statement::new(&INSERT_CHUNK, values![owner.id(), generation_id, start_offset, sealed])
}

/// The text that was saved of a running reply, from the chunk on that begins at an offset.
pub(super) async fn chunks(
    base: &Base,
    owner: Owner,
    generation_id: Uuid,
    from_offset: usize,
) -> Result<String, Error> {
    let keeper = base.vault.of(owner)?;
    let from_offset = i64::try_from(from_offset).unwrap_or(i64::MAX);
    let map = |row: &Row<'_>| keeper.open(chunk_place(generation_id, row.get(1)?), row.get(0)?);
    let values = values![owner.id(), generation_id, from_offset];
    let chunks = base.db.query(Select::new(&CHUNKS, values, map)).await?;
    Ok(chunks.iter().map(crate::base::Private::expose).collect())
}

pub(super) fn delete_chunks(owner: Owner, generation_id: Uuid) -> Statement {
    Statement::new(&DELETE_CHUNKS, values![owner.id(), generation_id])
}
