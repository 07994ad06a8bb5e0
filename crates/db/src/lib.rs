//! Storage: statements, reads, writes as values, migrations and number sequences.
//!
//! This crate knows SQL and connections, and nothing of the product: no table of Serene's is named
//! here. The seam ([`Db`]) carries no type of any driver; behind it are SQLite, PostgreSQL, and
//! MySQL or MariaDB. The reasons are in `docs/decisions/`.

mod backup;
mod copy;
mod error;
mod files;
mod listen;
mod lock;
pub mod metrics;
mod migrate;
mod mysql;
mod postgres;
mod probe;
mod read;
mod sequence;
mod server;
mod slow;
mod sqlite;
mod statement;
mod write;

use std::{path::PathBuf, sync::Arc};

pub use backup::{BackupError, Checked, Restored, back_up, check_backup, restore};
pub use copy::{Copied, Copy, CopyError, CopyPlan, refuse_unfinished_copy};
pub use error::DbError;
pub use listen::{Heard, Listener};
pub use lock::{DataLock, LockError};
pub use migrate::{Migration, MigrationState, MigrationStatus};
pub use read::{Column, Row, Select};
pub use sequence::Sequence;
pub use server::ServerOptions;
pub use statement::{Sql, Value};
pub use write::{Must, Statement, Write};

/// A database. Cheap to clone; every clone is the same database.
///
/// On SQLite, dropping the last one waits until what is queued is on disk. On a server, a write
/// goes on in its own task.
#[derive(Clone, Debug)]
pub struct Db {
    engine: Arc<Engine>,
}

#[derive(Debug)]
enum Engine {
    Sqlite(sqlite::Engine),
    Postgres(postgres::Engine),
    Mysql(mysql::Engine),
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
    sequence::ALL.iter().chain(probe::ALL).chain(copy::STATEMENTS).copied()
}

impl Db {
    fn new(engine: Engine) -> Self {
        Self { engine: Arc::new(engine) }
    }

    /// Opens (or creates) a SQLite database and starts its writer thread. Applies no migrations.
    ///
    /// # Errors
    /// [`DbError::Open`] says in one line what is wrong: the folder cannot be made, the file is
    /// not a database, or SQLite itself is older than 3.51.3.
    pub fn open_sqlite(options: SqliteOptions) -> Result<Self, DbError> {
        sqlite::Engine::open(options).map(|engine| Self::new(Engine::Sqlite(engine)))
    }

    /// Opens a database on a PostgreSQL server, which must exist. Applies no migrations. Must run
    /// on a tokio runtime, and so must everything else that is asked of the database.
    ///
    /// # Errors
    /// [`DbError::Open`] says in one line what is wrong: the address cannot be used, the server
    /// did not answer within the time a request waits for a connection, it refused, or the
    /// database is not in UTF-8.
    pub async fn open_postgres(options: ServerOptions) -> Result<Self, DbError> {
        postgres::Engine::open(options).await.map(|engine| Self::new(Engine::Postgres(engine)))
    }

    /// Opens a database on a MySQL or MariaDB server, which must exist. Otherwise like
    /// [`open_postgres`](Self::open_postgres).
    ///
    /// # Errors
    /// [`DbError::Open`], also when the server's `max_allowed_packet` is below 32 MiB.
    pub async fn open_mysql(options: ServerOptions) -> Result<Self, DbError> {
        mysql::Engine::open(options).await.map(|engine| Self::new(Engine::Mysql(engine)))
    }

    /// Runs one read. The rows go through the statement's own mapping, straight into the type.
    pub async fn query<T, E, F>(&self, select: Select<F>) -> Result<Vec<T>, E>
    where
        F: FnMut(&Row<'_>) -> Result<T, E>,
        E: From<DbError>,
    {
        let mut select = select;
        match &*self.engine {
            Engine::Sqlite(engine) => engine.read(|reader| reader.all(&mut select)).await,
            // Boxed, so that they cost the embedded engine nothing.
            Engine::Postgres(engine) => Box::pin(engine.server.all(&mut select)).await,
            Engine::Mysql(engine) => Box::pin(engine.server.all(&mut select)).await,
        }
    }

    /// Like [`query`](Self::query), for a statement that returns at most one row.
    pub async fn query_one<T, E, F>(&self, select: Select<F>) -> Result<Option<T>, E>
    where
        F: FnMut(&Row<'_>) -> Result<T, E>,
        E: From<DbError>,
    {
        let mut select = select;
        match &*self.engine {
            Engine::Sqlite(engine) => engine.read(|reader| reader.one(&mut select)).await,
            Engine::Postgres(engine) => Box::pin(engine.server.one(&mut select)).await,
            Engine::Mysql(engine) => Box::pin(engine.server.one(&mut select)).await,
        }
    }

    /// Two reads under one snapshot: what the second sees is what the first saw. The second is
    /// not run when the first returns no row. On a server whose connection breaks in between, both
    /// are read again, so that the first mapping may see a row twice.
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
        match &*self.engine {
            Engine::Sqlite(engine) => {
                let both = |reader: &sqlite::Reader<'_>| {
                    let Some(first) = reader.one(&mut parent)? else { return Ok(None) };
                    Ok(Some((first, reader.all(&mut children)?)))
                };
                let mut both = both;
                engine.read(|reader| reader.snapshot(&mut both)).await
            }
            Engine::Postgres(engine) => {
                Box::pin(engine.server.pair(&mut parent, &mut children)).await
            }
            Engine::Mysql(engine) => Box::pin(engine.server.pair(&mut parent, &mut children)).await,
        }
    }

    /// Commits a write: all of it, or none of it. When this returns `Ok`, it is on disk (on a
    /// server: as durable as the server is told to make it, see [`warnings`](Self::warnings)).
    ///
    /// The value says how many rows each statement touched, in order. Dropping this future does
    /// not take the write back: once queued, it is committed whether anybody listens or not.
    ///
    /// A server's deadlocks and lost connections are met by trying again, for a while. Only when
    /// the connection is lost while the server commits, it is not known whether the write was
    /// kept: that is [`DbError::Io`], and the caller looks for its rows by their ids.
    ///
    /// # Errors
    /// [`DbError::Guard`] and [`DbError::Duplicate`] name what did not hold; nothing was changed.
    pub async fn commit(&self, write: Write) -> Result<Vec<u64>, DbError> {
        match &*self.engine {
            Engine::Sqlite(engine) => engine.commit(write).await,
            Engine::Postgres(engine) => Box::pin(engine.server.commit(write)).await,
            Engine::Mysql(engine) => Box::pin(engine.server.commit(write)).await,
        }
    }

    /// Applies every migration that is not yet applied, each in a transaction of its own (on MySQL:
    /// each statement), and returns how many that were. Processes that start together wait for
    /// each other.
    ///
    /// # Errors
    /// [`DbError::Migration`] when an applied migration is not the one in this binary, or the
    /// database is newer than this binary.
    pub async fn migrate(&self, migrations: &'static [Migration]) -> Result<usize, DbError> {
        match &*self.engine {
            Engine::Sqlite(engine) => engine.migrate(migrations).await,
            Engine::Postgres(engine) => Box::pin(engine.migrate(migrations)).await,
            Engine::Mysql(engine) => Box::pin(engine.migrate(migrations)).await,
        }
    }

    /// What is applied and what is waiting. Changes nothing.
    pub async fn migration_status(
        &self,
        migrations: &'static [Migration],
    ) -> Result<Vec<MigrationStatus>, DbError> {
        match &*self.engine {
            Engine::Sqlite(engine) => engine.migration_status(migrations).await,
            Engine::Postgres(engine) => Box::pin(engine.migration_status(migrations)).await,
            Engine::Mysql(engine) => Box::pin(engine.migration_status(migrations)).await,
        }
    }

    /// Whether there is such a table.
    pub(crate) async fn has_table(&self, name: &'static str) -> Result<bool, DbError> {
        static SQLITE: Sql = Sql::declare(
            "storage.has_table",
            "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = ?",
        );
        static POSTGRES: Sql = Sql::declare(
            "storage.has_table",
            "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?",
        );
        static MYSQL: Sql = Sql::declare(
            "storage.has_table",
            "SELECT COUNT(*) FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = ?",
        );
        let sql = match &*self.engine {
            Engine::Sqlite(_) => &SQLITE,
            Engine::Postgres(_) => &POSTGRES,
            Engine::Mysql(_) => &MYSQL,
        };
        let count = Select::new(sql, values![name], |row: &Row<'_>| row.get::<i64>(0));
        Ok(self.query_one::<_, DbError, _>(count).await?.unwrap_or(0) > 0)
    }

    /// False after a write failed for want of room, a working disk or a server that answers, until
    /// one that changed something succeeds again.
    pub fn is_writable(&self) -> bool {
        match &*self.engine {
            Engine::Sqlite(engine) => engine.is_writable(),
            Engine::Postgres(engine) => engine.server.is_writable(),
            Engine::Mysql(engine) => engine.server.is_writable(),
        }
    }

    /// Tries whether writing works (again): takes room for 64 KiB and gives it back, as a durable
    /// write. The migrations must have run.
    pub async fn probe(&self) -> Result<(), DbError> {
        self.commit(probe::write()).await.map(drop)
    }

    /// Moves everything from SQLite's write-ahead log into the database file and empties the log:
    /// what was overwritten is then in neither. Does nothing on a server, which looks after its
    /// logs itself.
    ///
    /// # Errors
    /// [`DbError::Busy`] while another process reads.
    pub async fn checkpoint(&self) -> Result<(), DbError> {
        match &*self.engine {
            Engine::Sqlite(engine) => engine.checkpoint().await,
            Engine::Postgres(_) | Engine::Mysql(_) => Ok(()),
        }
    }

    /// How the database would run a statement of its own: for tests and `serene doctor`. Returns
    /// the lines of its plan, in the engine's own words.
    pub async fn explain(&self, sql: &'static Sql) -> Result<Vec<String>, DbError> {
        match &*self.engine {
            Engine::Sqlite(engine) => engine.explain(sql).await,
            Engine::Postgres(engine) => Box::pin(engine.explain(sql)).await,
            Engine::Mysql(engine) => Box::pin(engine.explain(sql)).await,
        }
    }

    /// The lines of SQLite's `PRAGMA quick_check`: `["ok"]` when the file is sound. Reads the
    /// whole file. A server only says that it answers, by `["ok"]`.
    pub async fn quick_check(&self) -> Result<Vec<String>, DbError> {
        match &*self.engine {
            Engine::Sqlite(engine) => engine.quick_check().await,
            Engine::Postgres(engine) => Box::pin(engine.quick_check()).await,
            Engine::Mysql(engine) => Box::pin(engine.quick_check()).await,
        }
    }

    /// The engine and its version, for the lines printed at start: `SQLite 3.54.1`,
    /// `PostgreSQL 15.18`, `MariaDB 10.11.19`. A server's is from when it was opened.
    pub fn describe(&self) -> String {
        match &*self.engine {
            Engine::Sqlite(_) => sqlite::describe(),
            Engine::Postgres(engine) => engine.describe.clone(),
            Engine::Mysql(engine) => engine.describe.clone(),
        }
    }

    /// What the operator should know of the server, one sentence each: settings that let it forget
    /// what it acknowledged, a version that is too old. Empty for SQLite.
    pub fn warnings(&self) -> &[String] {
        match &*self.engine {
            Engine::Sqlite(_) => &[],
            Engine::Postgres(engine) => &engine.warnings,
            Engine::Mysql(engine) => &engine.warnings,
        }
    }

    /// Listens to what all processes on this database [`notify`](Self::notify), over a connection
    /// of its own. `None` where the engine has no such thing: there is PostgreSQL only.
    ///
    /// # Errors
    /// When the server cannot be reached now. Later losses are [`Heard::Missed`].
    pub async fn listen(&self, channel: &'static str) -> Result<Option<Listener>, DbError> {
        match &*self.engine {
            Engine::Postgres(engine) => Ok(Some(Listener(Box::pin(engine.listen(channel)).await?))),
            Engine::Sqlite(_) | Engine::Mysql(_) => Ok(None),
        }
    }

    /// Tells everybody who listens, this process included. Does nothing where nobody can listen.
    /// The payload is for ids and offsets, never for what people wrote.
    ///
    /// # Errors
    /// [`DbError::Broken`] when the payload has 8000 bytes or more.
    pub async fn notify(
        &self,
        channel: &'static str,
        payload: impl Into<String>,
    ) -> Result<(), DbError> {
        let payload = payload.into();
        if payload.len() >= listen::PAYLOAD_BYTES {
            let message = format!("a payload of {} bytes is too long", payload.len());
            return Err(DbError::Broken { statement: "storage.notify", message });
        }
        match &*self.engine {
            Engine::Postgres(engine) => Box::pin(engine.notify(channel, payload)).await,
            Engine::Sqlite(_) | Engine::Mysql(_) => Ok(()),
        }
    }
}

/// The examples of the guide are compiled with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/storage.md")]
struct StorageGuide;
