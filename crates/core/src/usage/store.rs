//! The SQL of the records. Nobody else touches `usage_records`.

use serene_db::{Db, DbError, Row, Select, Statement, values};
use serene_llm::Usage;
use uuid::Uuid;

use super::{KeptRecord, MadeFor, UsageRecord, report::Line};
use crate::base::{Error, Owner, Time};

/// How many calls, how many of them with guesses, and what they took.
macro_rules! sums {
    () => {
        "COUNT(*), SUM(estimated), SUM(prompt_tokens), SUM(completion_tokens), \
         SUM(cached_tokens), SUM(cost_nanos)"
    };
}

serene_db::statements! {
    INSERT = "usage_records.insert":
        "INSERT INTO usage_records (owner_id, id, day, purpose, generation_id, entry_id, status, \
         engine, model, prompt_tokens, completion_tokens, cached_tokens, estimated, cost_nanos, \
         created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    RECORDS = "usage_records.list":
        "SELECT id, prompt_tokens, completion_tokens, cached_tokens, estimated \
         FROM usage_records WHERE owner_id = ? ORDER BY id DESC LIMIT 1000";
    BY_DAY = "usage_records.by_day":
        "SELECT day, SUM(prompt_tokens + completion_tokens) FROM usage_records \
         WHERE owner_id = ? AND day >= ? AND day <= ? GROUP BY day ORDER BY day LIMIT 4000";
    DAYS = "usage_records.days":
        "SELECT day FROM usage_records WHERE owner_id = ? GROUP BY day \
         HAVING SUM(prompt_tokens + completion_tokens + cost_nanos) > 0 ORDER BY day LIMIT 40000";
    ALL_AFTER = "usage_records.all_after":
        "SELECT id, purpose, status, engine, model, created_at, prompt_tokens, completion_tokens, \
         cached_tokens, estimated, cost_nanos, generation_id, entry_id FROM usage_records \
         WHERE owner_id = ? AND id > ? ORDER BY id LIMIT 500";
    DELETE_CHUNK = "usage_records.delete_chunk":
        "DELETE FROM usage_records WHERE owner_id = ? AND id IN (SELECT id FROM \
         (SELECT id FROM usage_records WHERE owner_id = ? LIMIT 1000) AS chunk)";

    OWN_LINES = "usage_records.lines":
        concat!("SELECT day, engine, model, purpose, ", sums!(), " FROM usage_records",
                " WHERE owner_id = ? AND day >= ? AND day <= ?",
                " GROUP BY day, engine, model, purpose ORDER BY day, engine, model, purpose",
                " LIMIT 20000");
    ALL_LINES = "usage_records.all_lines":
        concat!("SELECT day, engine, model, purpose, ", sums!(), " FROM usage_records",
                " WHERE day >= ? AND day <= ?",
                " GROUP BY day, engine, model, purpose ORDER BY day, engine, model, purpose",
                " LIMIT 1000000");
    USER_LINES = "usage_records.user_lines":
        concat!("SELECT owner_id, ", sums!(), " FROM usage_records",
                " WHERE day >= ? AND day <= ? GROUP BY owner_id ORDER BY owner_id LIMIT 1000000");
}

pub(super) fn insert(owner: Owner, id: Uuid, record: &UsageRecord, now: Time) -> Statement {
    let (generation_id, entry_id) = match record.made_for {
        MadeFor::Generation(id) => (Some(id), None),
        MadeFor::Entry(id) => (None, Some(id)),
        MadeFor::NothingKept => (None, None),
    };
    Statement::new(
        &INSERT,
        values![
            owner.id(),
            id,
            record.began_at.utc_day(),
            record.purpose.as_str(),
            generation_id,
            entry_id,
            record.status,
            record.engine.clone(),
            record.model.clone(),
            record.tokens.prompt_tokens,
            record.tokens.completion_tokens,
            record.tokens.cached_tokens,
            record.tokens.estimated,
            record.cost_nanos,
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

/// The days on which an owner used anything.
pub(super) async fn days(db: &Db, owner: Owner) -> Result<Vec<String>, Error> {
    let map = |row: &Row<'_>| Ok::<_, Error>(row.get(0)?);
    db.query(Select::new(&DAYS, values![owner.id()], map)).await
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
            cost_nanos: row.get(10)?,
            generation_id: row.get(11)?,
            entry_id: row.get(12)?,
        })
    };
    db.query(Select::new(&ALL_AFTER, values![owner.id(), after], map)).await
}

pub(super) fn delete_chunk(owner: Owner) -> Statement {
    Statement::new(&DELETE_CHUNK, values![owner.id(), owner.id()])
}

/// The sums in the six columns from this one on.
fn sums(row: &Row<'_>, first: usize) -> Result<super::report::Sums, DbError> {
    Ok(super::report::Sums {
        calls: row.get(first)?,
        estimated_calls: row.get(first + 1)?,
        prompt_tokens: row.get(first + 2)?,
        completion_tokens: row.get(first + 3)?,
        cached_tokens: row.get(first + 4)?,
        cost_nanos: row.get(first + 5)?,
    })
}

/// What was used in a range of days, by day, model and purpose: by an owner, or by everybody.
pub(super) async fn lines(
    db: &Db,
    owner: Option<Owner>,
    (first, last): (&str, &str),
) -> Result<Vec<Line>, Error> {
    let map = |row: &Row<'_>| {
        Ok::<_, Error>(Line {
            day: row.get(0)?,
            engine: row.get(1)?,
            model: row.get(2)?,
            purpose: row.get(3)?,
            sums: sums(row, 4)?,
        })
    };
    match owner {
        Some(owner) => {
            db.query(Select::new(&OWN_LINES, values![owner.id(), first, last], map)).await
        }
        None => db.query(Select::new(&ALL_LINES, values![first, last], map)).await,
    }
}

/// What was used in a range of days, by user.
pub(super) async fn by_user(
    db: &Db,
    first: &str,
    last: &str,
) -> Result<Vec<(Uuid, super::report::Sums)>, Error> {
    let map = |row: &Row<'_>| Ok::<_, Error>((row.get(0)?, sums(row, 1)?));
    db.query(Select::new(&USER_LINES, values![first, last], map)).await
}
