//! Storage: statements, reads, writes as values, migrations and number sequences.
//!
//! This crate knows SQL and connections, and nothing of the product: no table of Serene's is named
//! here. Today the engine is SQLite; the seam ([`Db`]) carries no type of any driver, so that
//! PostgreSQL and MySQL can follow behind it. The reasons are in `docs/decisions/`.

mod error;
mod files;
mod lock;
mod migrate;
mod read;
mod sequence;
mod sqlite;
mod statement;
mod write;

use std::{path::PathBuf, sync::Arc};

pub use error::DbError;
pub use lock::{DataLock, LockError};
pub use migrate::{Migration, MigrationState, MigrationStatus};
pub use read::{Column, Row, Select};
pub use sequence::Sequence;
pub use statement::{Sql, Value};
pub use write::{Must, Statement, Write};

/// A database. Cheap to clone; every clone is the same database. Dropping the last one waits until
/// what is queued is on disk.
#[derive(Clone, Debug)]
pub struct Db {
    engine: Arc<sqlite::Engine>,
}

/// How a SQLite database is opened.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The database file. Its folder is made if it is missing.
    pub path: PathBuf,
    /// The file may not grow past this many pages of 4 KiB; no limit when `None`. A quota, and
    /// the way the tests fill a disk.
    pub max_pages: Option<u32>,
}

impl SqliteOptions {
    /// The usual settings for the file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), max_pages: None }
    }
}

/// The statements of this crate itself, for the tests that read every statement there is.
pub fn own_statements() -> impl Iterator<Item = &'static Sql> {
    sequence::ALL.iter().chain(sqlite::ALL).copied()
}

impl Db {
    /// Opens (or creates) a SQLite database and starts its writer thread. Applies no migrations.
    ///
    /// # Errors
    /// [`DbError::Open`] says in one line what is wrong: the folder cannot be made, the file is
    /// not a database, or SQLite itself is older than 3.51.3.
    pub fn open_sqlite(options: SqliteOptions) -> Result<Self, DbError> {
        Ok(Self { engine: Arc::new(sqlite::Engine::open(options)?) })
    }

    /// Runs one read. The rows go through the statement's own mapping, straight into the type.
    pub async fn query<T, E, F>(&self, select: Select<F>) -> Result<Vec<T>, E>
    where
        F: FnMut(&Row<'_>) -> Result<T, E>,
        E: From<DbError>,
    {
        let mut select = select;
        self.engine.read(|reader| reader.all(&mut select)).await
    }

    /// Like [`query`](Self::query), for a statement that returns at most one row.
    pub async fn query_one<T, E, F>(&self, select: Select<F>) -> Result<Option<T>, E>
    where
        F: FnMut(&Row<'_>) -> Result<T, E>,
        E: From<DbError>,
    {
        let mut select = select;
        self.engine.read(|reader| reader.one(&mut select)).await
    }

    /// Two reads under one snapshot: what the second sees is what the first saw. The second is
    /// not run when the first returns no row.
    pub async fn query_parent_and<A, B, E, FA, FB>(
        &self,
        parent: Select<FA>,
        children: Select<FB>,
    ) -> Result<Option<(A, Vec<B>)>, E>
    where
        FA: FnMut(&Row<'_>) -> Result<A, E>,
        FB: FnMut(&Row<'_>) -> Result<B, E>,
        E: From<DbError>,
    {
        let (mut parent, mut children) = (parent, children);
        self.engine
            .read(|reader| {
                reader.snapshot(|reader| {
                    let Some(first) = reader.one(&mut parent)? else { return Ok(None) };
                    Ok(Some((first, reader.all(&mut children)?)))
                })
            })
            .await
    }

    /// Commits a write: all of it, or none of it. When this returns `Ok`, it is on disk.
    ///
    /// The value says how many rows each statement touched, in order. Dropping this future does
    /// not take the write back: once queued, it is committed whether anybody listens or not.
    ///
    /// # Errors
    /// [`DbError::Guard`] and [`DbError::Duplicate`] name what did not hold; nothing was changed.
    pub async fn commit(&self, write: Write) -> Result<Vec<u64>, DbError> {
        self.engine.commit(write).await
    }

    /// Applies every migration that is not yet applied, each in a transaction of its own, and
    /// returns how many that were.
    ///
    /// # Errors
    /// [`DbError::Migration`] when an applied migration is not the one in this binary, or the
    /// database is newer than this binary.
    pub async fn migrate(&self, migrations: &'static [Migration]) -> Result<usize, DbError> {
        self.engine.migrate(migrations).await
    }

    /// What is applied and what is waiting. Changes nothing.
    pub async fn migration_status(
        &self,
        migrations: &'static [Migration],
    ) -> Result<Vec<MigrationStatus>, DbError> {
        self.engine.migration_status(migrations).await
    }

    /// False after a write failed for want of room or a working disk, until one that changed
    /// something succeeds again.
    pub fn is_writable(&self) -> bool {
        self.engine.is_writable()
    }

    /// Tries whether writing works (again): takes room for 64 KiB and gives it back, as a durable
    /// write. The migrations must have run.
    pub async fn probe(&self) -> Result<(), DbError> {
        self.engine.probe().await
    }

    /// Moves everything from the write-ahead log into the database file and empties the log: what
    /// was overwritten is then in neither.
    ///
    /// # Errors
    /// [`DbError::Busy`] while another process reads.
    pub async fn checkpoint(&self) -> Result<(), DbError> {
        self.engine.checkpoint().await
    }

    /// What SQLite thinks of a read of its own: for tests and `serene doctor`. Returns the lines
    /// of `EXPLAIN QUERY PLAN`.
    pub async fn explain(&self, sql: &'static Sql) -> Result<Vec<String>, DbError> {
        self.engine.explain(sql).await
    }

    /// The lines of `PRAGMA quick_check`: `["ok"]` when the file is sound. Reads the whole file.
    pub async fn quick_check(&self) -> Result<Vec<String>, DbError> {
        self.engine.quick_check().await
    }

    /// The engine and its version, for the lines printed at start: `SQLite 3.54.1`.
    pub fn describe(&self) -> String {
        sqlite::describe()
    }
}

/// The examples of the guide are compiled with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/storage.md")]
struct StorageGuide;
