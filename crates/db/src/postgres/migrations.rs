//! Applying migrations on PostgreSQL, where DDL is transactional: a kill half-way leaves nothing.

use sqlx::{Executor as _, PgConnection, Row as _};

use super::{Driven, error};
use crate::{
    DbError, Migration, MigrationStatus, Sql,
    migrate::{self, AppliedMigration, OWN_TABLES, pending, resolve},
    server::{Driver as _, shorten},
};

static MIGRATE: Sql = Sql::declare("storage.migrate", "");

/// How long one process waits for the migrations of another.
const PATIENCE: &str = "SET LOCAL lock_timeout = '10min'";

/// A lock of the database that nothing else of Serene's takes: "serene" in bytes.
const LOCK: &str = "SELECT pg_advisory_xact_lock(x'736572656e65'::bigint)";

pub(super) async fn apply(
    connection: &mut PgConnection,
    list: &[Migration],
) -> Result<usize, DbError> {
    let mut count = 0;
    loop {
        let next = begin(connection, list).await?;
        let Some(next) = next else {
            run(connection, "COMMIT", 0).await?;
            return Ok(count);
        };
        for statement in next.statements {
            run(connection, &shorten(&resolve(statement, type_word)), next.version).await?;
        }
        let insert =
            sqlx::query("INSERT INTO schema_migrations (version, name, hash) VALUES ($1, $2, $3)")
                .bind(i64::from(next.version))
                .bind(next.name)
                .bind(next.hash());
        connection.execute(insert).await.map_err(|error| failed(next.version, &error))?;
        run(connection, "COMMIT", next.version).await?;
        count += 1;
    }
}

/// Begins a transaction, alone among all processes, and looks what is to be applied.
async fn begin<'m>(
    connection: &mut PgConnection,
    list: &'m [Migration],
) -> Result<Option<&'m Migration>, DbError> {
    run(connection, "BEGIN READ WRITE", 0).await?;
    let own_patience: String = {
        let row = connection.fetch_one("SELECT current_setting('lock_timeout')").await;
        let row = row.map_err(|error| failed(0, &error))?;
        row.try_get(0).map_err(|error| failed(0, &error))?
    };
    run(connection, PATIENCE, 0).await?;
    run(connection, LOCK, 0).await?;
    run(connection, &format!("SET LOCAL lock_timeout = '{own_patience}'"), 0).await?;
    for table in OWN_TABLES {
        run(connection, &resolve(table, type_word), 0).await?;
    }
    let applied = applied(connection).await?;
    Ok(pending(&applied, list)?.first())
}

pub(super) async fn status(
    connection: &mut PgConnection,
    list: &[Migration],
) -> Result<Vec<MigrationStatus>, DbError> {
    let exists = connection.fetch_one("SELECT to_regclass('schema_migrations') IS NOT NULL").await;
    let exists = exists.and_then(|row| row.try_get(0)).map_err(|error| failed(0, &error))?;
    let applied = if exists { applied(connection).await? } else { Vec::new() };
    migrate::status(&applied, list)
}

async fn applied(connection: &mut PgConnection) -> Result<Vec<AppliedMigration>, DbError> {
    let broken = |error: sqlx::Error| failed(0, &error);
    let rows = connection
        .fetch_all("SELECT version, hash FROM schema_migrations ORDER BY version")
        .await
        .map_err(broken)?;
    let line = |row: &sqlx::postgres::PgRow| {
        let version = row.try_get::<i64, _>(0).map_err(broken)?;
        Ok(AppliedMigration {
            version: u32::try_from(version).unwrap_or(u32::MAX),
            hash: row.try_get(1).map_err(broken)?,
        })
    };
    rows.iter().map(line).collect()
}

async fn run(connection: &mut PgConnection, text: &str, version: u32) -> Result<(), DbError> {
    Driven::run(connection, text).await.map_err(|error| failed(version, &error))
}

/// What went wrong, with the number of the migration when it was one.
pub(super) fn failed(version: u32, error: &sqlx::Error) -> DbError {
    migrate::failed(version, error::refusal(&MIGRATE, error))
}

/// How PostgreSQL spells the portable type words. Text is compared as bytes.
fn type_word(word: &str, size: Option<u32>) -> Option<String> {
    Some(match (word, size) {
        ("uuid", None) => "UUID".to_owned(),
        ("int", None) => "BIGINT".to_owned(),
        ("text", Some(size)) => format!("VARCHAR({size}) COLLATE \"C\""),
        ("blob", None) => "BYTEA".to_owned(),
        ("table", None) => String::new(),
        _ => return None,
    })
}
