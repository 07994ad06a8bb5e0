//! Applying migrations on MySQL and MariaDB, which commit each DDL statement by itself.
//!
//! So how far a migration has come is written down: before a statement that it begins, after it
//! that it is done. What was killed half-way goes on where it was. Only the one statement that had
//! begun may find its own work there already; anybody else's is an error, as elsewhere. Statements
//! that change rows are in a transaction with the note that they are done.

use std::time::Duration;

use sqlx::{Executor as _, MySqlConnection, Row as _, mysql::MySqlRow};
use tokio::time::Instant;

use super::{Driven, error};
use crate::{
    DbError, Migration, MigrationStatus, Sql,
    migrate::{self, AppliedMigration, OWN_TABLES, pending, resolve},
    server::{Driver as _, shorten},
};

static MIGRATE: Sql = Sql::declare("storage.migrate", "");

/// How long one process waits for the migrations of another.
const PATIENCE: Duration = Duration::from_mins(10);

/// How far the migration that runs has come. Empty when none does.
const PROGRESS: &str = "CREATE TABLE IF NOT EXISTS schema_progress (
    version {int} NOT NULL,
    hash {text:64} NOT NULL,
    done {int} NOT NULL,
    begun {int} NOT NULL,
    CONSTRAINT schema_progress_version_key PRIMARY KEY (version)
){table}";

/// A connection that migrates.
pub(super) struct Migrator {
    pub(super) connection: MySqlConnection,
    pub(super) collation: &'static str,
    pub(super) database: String,
}

/// Statements that are done, and statements that have begun.
#[derive(Clone, Copy)]
struct Progress {
    done: usize,
    begun: usize,
}

impl Migrator {
    /// The lock goes with the connection, at the end or when the process dies.
    pub(super) async fn apply(mut self, list: &[Migration]) -> Result<usize, DbError> {
        self.lock().await?;
        for table in OWN_TABLES.iter().chain([&PROGRESS]) {
            let text = self.resolve(table);
            self.run(&text, 0).await?;
        }
        let applied = self.applied().await?;
        let pending = pending(&applied, list)?;
        for migration in pending {
            self.migration(migration).await?;
        }
        Ok(pending.len())
    }

    pub(super) async fn status(
        mut self,
        list: &[Migration],
    ) -> Result<Vec<MigrationStatus>, DbError> {
        const EXISTS: &str = "SELECT COUNT(*) FROM information_schema.tables \
            WHERE table_schema = DATABASE() AND table_name = 'schema_migrations'";
        let rows = self.connection.fetch_one(EXISTS).await;
        let exists = rows.and_then(|row| row.try_get::<i64, _>(0)).map_err(|e| failed(0, &e))?;
        let applied = if exists > 0 { self.applied().await? } else { Vec::new() };
        migrate::status(&applied, list)
    }

    /// Waits until no other process migrates this database.
    async fn lock(&mut self) -> Result<(), DbError> {
        let start = Instant::now();
        // Names of locks belong to the whole server, and end at 64 characters.
        let name = format!("serene.{}", &migrate::hex_hash(&[&self.database])[..32]);
        while start.elapsed() < PATIENCE {
            let take = sqlx::query("SELECT GET_LOCK(?, 5)").bind(&name);
            let taken = self.connection.fetch_one(take).await;
            let taken = taken.and_then(|row| row.try_get::<Option<i64>, _>(0));
            if taken.map_err(|error| failed(0, &error))? == Some(1) {
                return Ok(());
            }
        }
        Err(DbError::Busy)
    }

    async fn migration(&mut self, migration: &Migration) -> Result<(), DbError> {
        let mut progress = self.progress(migration).await?;
        while let Some(statement) = migration.statements.get(progress.done) {
            let text = self.resolve(statement);
            if changes_rows(&text) {
                self.run("START TRANSACTION READ WRITE", migration.version).await?;
                self.run(&text, migration.version).await?;
                self.note(migration, progress.done + 1, progress.done + 1).await?;
                self.run("COMMIT", migration.version).await?;
            } else {
                let again = progress.begun > progress.done;
                self.note(migration, progress.done, progress.done + 1).await?;
                self.define(&text, migration.version, again).await?;
                self.note(migration, progress.done + 1, progress.done + 1).await?;
            }
            progress = Progress { done: progress.done + 1, begun: progress.done + 1 };
        }
        self.finish(migration).await
    }

    /// Where to go on, which is the beginning for a migration that is new.
    async fn progress(&mut self, migration: &Migration) -> Result<Progress, DbError> {
        let broken = |error: sqlx::Error| failed(migration.version, &error);
        let version = i64::from(migration.version);
        let read = sqlx::query("SELECT hash, done, begun FROM schema_progress WHERE version = ?");
        let row = self.connection.fetch_optional(read.bind(version)).await.map_err(broken)?;
        let Some(row) = row else {
            let insert =
                "INSERT INTO schema_progress (version, hash, done, begun) VALUES (?, ?, 0, 0)";
            let insert = sqlx::query(insert).bind(version).bind(migration.hash());
            self.connection.execute(insert).await.map_err(broken)?;
            return Ok(Progress { done: 0, begun: 0 });
        };
        if row.try_get::<String, _>(0).map_err(broken)? != migration.hash() {
            return Err(DbError::Migration(format!(
                "migration {version} was begun by another build and is half done: complete it with \
                 that build, or restore the backup from before"
            )));
        }
        let count = |index: usize| -> Result<usize, DbError> {
            let count = row.try_get::<i64, _>(index).map_err(broken)?;
            Ok(usize::try_from(count).unwrap_or(0))
        };
        Ok(Progress { done: count(1)?, begun: count(2)? })
    }

    async fn note(
        &mut self,
        migration: &Migration,
        done: usize,
        begun: usize,
    ) -> Result<(), DbError> {
        let number = |count: usize| i64::try_from(count).expect("a migration is short");
        let update =
            sqlx::query("UPDATE schema_progress SET done = ?, begun = ? WHERE version = ?")
                .bind(number(done))
                .bind(number(begun))
                .bind(i64::from(migration.version));
        self.connection.execute(update).await.map_err(|e| failed(migration.version, &e))?;
        Ok(())
    }

    /// Runs a DDL statement. One that had begun before may have been done as well.
    async fn define(&mut self, text: &str, version: u32, again: bool) -> Result<(), DbError> {
        match Driven::run(&mut self.connection, text).await {
            Err(error) if again && is_done_already(&error) => Ok(()),
            result => result.map_err(|error| failed(version, &error)),
        }
    }

    async fn finish(&mut self, migration: &Migration) -> Result<(), DbError> {
        let broken = |error: sqlx::Error| failed(migration.version, &error);
        let version = i64::from(migration.version);
        self.run("START TRANSACTION READ WRITE", migration.version).await?;
        let insert =
            sqlx::query("INSERT INTO schema_migrations (version, name, hash) VALUES (?, ?, ?)")
                .bind(version)
                .bind(migration.name)
                .bind(migration.hash());
        self.connection.execute(insert).await.map_err(broken)?;
        let clear = sqlx::query("DELETE FROM schema_progress WHERE version = ?").bind(version);
        self.connection.execute(clear).await.map_err(broken)?;
        self.run("COMMIT", migration.version).await
    }

    async fn applied(&mut self) -> Result<Vec<AppliedMigration>, DbError> {
        let broken = |error: sqlx::Error| failed(0, &error);
        let rows = self
            .connection
            .fetch_all("SELECT version, hash FROM schema_migrations ORDER BY version")
            .await
            .map_err(broken)?;
        let line = |row: &MySqlRow| {
            let version = row.try_get::<i64, _>(0).map_err(broken)?;
            Ok(AppliedMigration {
                version: u32::try_from(version).unwrap_or(u32::MAX),
                hash: row.try_get(1).map_err(broken)?,
            })
        };
        rows.iter().map(line).collect()
    }

    async fn run(&mut self, text: &str, version: u32) -> Result<(), DbError> {
        Driven::run(&mut self.connection, text).await.map_err(|error| failed(version, &error))
    }

    fn resolve(&self, sql: &str) -> String {
        shorten(&resolve(sql, |word, size| type_word(word, size, self.collation)))
    }
}

/// Whether a statement can be undone, and not the schema's.
fn changes_rows(sql: &str) -> bool {
    let verb = sql.split_whitespace().next().unwrap_or_default();
    ["insert", "update", "delete"].iter().any(|change| verb.eq_ignore_ascii_case(change))
}

/// A table, a column or a key that is there already, or gone already.
fn is_done_already(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    let error = error.downcast_ref::<sqlx::mysql::MySqlDatabaseError>();
    matches!(error.number(), 1050 | 1051 | 1060 | 1061 | 1091 | 1826)
}

/// What went wrong, with the number of the migration when it was one.
pub(super) fn failed(version: u32, error: &sqlx::Error) -> DbError {
    migrate::failed(version, error::refusal(&MIGRATE, error))
}

/// How MySQL spells the portable type words. The table says how its text is compared.
fn type_word(word: &str, size: Option<u32>, collation: &str) -> Option<String> {
    Some(match (word, size) {
        ("uuid", None) => "BINARY(16)".to_owned(),
        ("int", None) => "BIGINT".to_owned(),
        ("text", Some(size)) => format!("VARCHAR({size})"),
        ("blob", None) => "LONGBLOB".to_owned(),
        ("table", None) => format!(
            " ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation}"
        ),
        _ => return None,
    })
}
