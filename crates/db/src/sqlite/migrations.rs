//! Applying migrations on SQLite, where DDL is transactional: a kill half-way leaves nothing.

use rusqlite::{Connection, TransactionBehavior};

use super::translate;
use crate::{
    DbError, Migration, MigrationStatus,
    migrate::{self, AppliedMigration, OWN_TABLES, pending, resolve},
};

const NAME: &str = "storage.migrate";

pub(super) fn apply(connection: &mut Connection, list: &[Migration]) -> Result<usize, DbError> {
    let mut count = 0;
    loop {
        // The write lock is taken before looking: two processes never apply the same step.
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| translate(NAME, &error))?;
        for table in OWN_TABLES {
            run(&transaction, table, 0)?;
        }
        let applied = applied(&transaction)?;
        let Some(next) = pending(&applied, list)?.first() else {
            commit(transaction)?;
            return Ok(count);
        };
        for statement in next.statements {
            run(&transaction, statement, next.version)?;
        }
        transaction
            .execute(
                "INSERT INTO schema_migrations (version, name, hash) VALUES (?, ?, ?)",
                rusqlite::params![next.version, next.name, next.hash()],
            )
            .map_err(|error| translate(NAME, &error))?;
        commit(transaction)?;
        count += 1;
    }
}

fn commit(transaction: rusqlite::Transaction<'_>) -> Result<(), DbError> {
    transaction.commit().map_err(|error| translate(NAME, &error))
}

pub(super) fn status(
    connection: &Connection,
    list: &[Migration],
) -> Result<Vec<MigrationStatus>, DbError> {
    let exists: bool = connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations')",
            [],
            |row| row.get(0),
        )
        .map_err(|error| translate(NAME, &error))?;
    let applied = if exists { applied(connection)? } else { Vec::new() };
    migrate::status(&applied, list)
}

fn applied(connection: &Connection) -> Result<Vec<AppliedMigration>, DbError> {
    let read = || -> rusqlite::Result<Vec<AppliedMigration>> {
        connection
            .prepare("SELECT version, hash FROM schema_migrations ORDER BY version")?
            .query_map([], |row| Ok(AppliedMigration { version: row.get(0)?, hash: row.get(1)? }))?
            .collect()
    };
    read().map_err(|error| translate(NAME, &error))
}

fn run(connection: &Connection, sql: &str, version: u32) -> Result<(), DbError> {
    connection
        .execute_batch(&resolve(sql, type_word))
        .map_err(|error| migrate::failed(version, translate(NAME, &error)))
}

/// How SQLite spells the portable type words. Lengths are kept by the types that write them.
fn type_word(word: &str, _size: Option<u32>) -> Option<String> {
    let spelled = match word {
        "uuid" | "blob" => "BLOB",
        "int" => "INTEGER",
        "text" => "TEXT",
        // A value of another type is refused, as the other engines would.
        "table" => " STRICT",
        _ => return None,
    };
    Some(spelled.to_owned())
}
