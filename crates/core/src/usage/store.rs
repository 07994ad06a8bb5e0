//! The SQL of the ledger. Nobody else touches `usage_records`.

use serene_db::{Db, DbError, Row, Select, Statement, values};
use serene_llm::Usage;
use uuid::Uuid;

use super::{KeptRecord, UsageRecord};
use crate::base::{Error, Owner, Time};

serene_db::statements! {
    INSERT = "usage_records.insert":
        "INSERT INTO usage_records (owner_id, id, day, purpose, status, engine, model, \
         prompt_tokens, completion_tokens, cached_tokens, estimated, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    RECORDS = "usage_records.list":
        "SELECT id, prompt_tokens, completion_tokens, cached_tokens, estimated \
         FROM usage_records WHERE owner_id = ? ORDER BY id DESC LIMIT 1000";
    BY_DAY = "usage_records.by_day":
        "SELECT day, SUM(prompt_tokens + completion_tokens) FROM usage_records \
         WHERE owner_id = ? AND day >= ? AND day <= ? GROUP BY day ORDER BY day LIMIT 4000";
    ALL_AFTER = "usage_records.all_after":
        "SELECT id, purpose, status, engine, model, created_at, prompt_tokens, completion_tokens, \
         cached_tokens, estimated FROM usage_records \
         WHERE owner_id = ? AND id > ? ORDER BY id LIMIT 500";
    DELETE_CHUNK = "usage_records.delete_chunk":
        "DELETE FROM usage_records WHERE owner_id = ? AND id IN (SELECT id FROM \
         (SELECT id FROM usage_records WHERE owner_id = ? LIMIT 1000) AS chunk)";
}

pub(super) fn insert(owner: Owner, id: Uuid, record: &UsageRecord, now: Time) -> Statement {
    Statement::new(
        &INSERT,
        values![
            owner.id(),
            id,
            now.utc_day(),
            record.purpose.as_str(),
            record.status,
            record.engine.clone(),
            record.model.clone(),
            record.tokens.prompt_tokens,
            record.tokens.completion_tokens,
            record.tokens.cached_tokens,
            record.tokens.estimated,
            now.as_micros(),
        ],
    )
}

/// The tokens in the four columns from this one on.
fn usage(row: &Row<'_>, first: usize) -> Result<Usage, DbError> {
    Ok(Usage {
        prompt_tokens: row.get(first)?,
        completion_tokens: row.get(first + 1)?,
        cached_tokens: row.get(first + 2)?,
        estimated: row.get(first + 3)?,
    })
}

pub(super) async fn records(db: &Db, owner: Owner) -> Result<Vec<(Uuid, Usage)>, Error> {
    let map = |row: &Row<'_>| Ok((row.get(0)?, usage(row, 1)?));
    db.query(Select::new(&RECORDS, values![owner.id()], map)).await
}

pub(super) async fn by_day(
    db: &Db,
    owner: Owner,
    first: &str,
    last: &str,
) -> Result<Vec<(String, i64)>, Error> {
    let map = |row: &Row<'_>| Ok::<_, Error>((row.get(0)?, row.get(1)?));
    db.query(Select::new(&BY_DAY, values![owner.id(), first, last], map)).await
}

pub(super) async fn all_after(
    db: &Db,
    owner: Owner,
    after: Uuid,
) -> Result<Vec<KeptRecord>, Error> {
    let map = |row: &Row<'_>| {
        Ok(KeptRecord {
            id: row.get(0)?,
            purpose: row.get(1)?,
            status: row.get(2)?,
            engine: row.get(3)?,
            model: row.get(4)?,
            created_at: Time::from_micros(row.get(5)?),
            tokens: usage(row, 6)?,
        })
    };
    db.query(Select::new(&ALL_AFTER, values![owner.id(), after], map)).await
}

pub(super) fn delete_chunk(owner: Owner) -> Statement {
    Statement::new(&DELETE_CHUNK, values![owner.id(), owner.id()])
}
