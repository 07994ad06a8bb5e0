//! The SQL of the ledger. Nobody else touches `usage_records`.

use serene_db::{Db, Row, Select, Statement, values};
use serene_llm::Usage;
use uuid::Uuid;

use super::UsageRecord;
use crate::base::{Error, Owner, Time};

serene_db::statements! {
    INSERT = "usage_records.insert":
        "INSERT INTO usage_records (owner_id, id, day, purpose, status, engine, model, \
         prompt_tokens, completion_tokens, cached_tokens, estimated, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    RECORDS = "usage_records.list":
        "SELECT id, prompt_tokens, completion_tokens, cached_tokens, estimated \
         FROM usage_records WHERE owner_id = ? ORDER BY id DESC LIMIT 1000";
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

pub(super) async fn records(db: &Db, owner: Owner) -> Result<Vec<(Uuid, Usage)>, Error> {
    let map = |row: &Row<'_>| {
        let usage = Usage {
            prompt_tokens: row.get(1)?,
            completion_tokens: row.get(2)?,
            cached_tokens: row.get(3)?,
            estimated: row.get(4)?,
        };
        Ok((row.get(0)?, usage))
    };
    db.query(Select::new(&RECORDS, values![owner.id()], map)).await
}

pub(super) fn delete_chunk(owner: Owner) -> Statement {
    Statement::new(&DELETE_CHUNK, values![owner.id(), owner.id()])
}
