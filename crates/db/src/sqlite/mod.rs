//! The SQLite engine: reads inline on the calling thread, writes on one thread of their own.
//!
//! Both are measured choices; `docs/decisions/0001-storage-engine.md` has the figures.

mod connection;
mod migrations;
mod reader;
mod writer;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

pub(crate) use reader::Reader;
use rusqlite::{ErrorCode, ffi};

use crate::{
    Column, DbError, Migration, MigrationStatus, Select, Sql, SqliteOptions, Write,
    files::FileIdentity,
};

/// How long a read waits for a lock that WAL readers almost never meet, and how often it looks.
const READ_PATIENCE: Duration = Duration::from_secs(5);
const READ_RETRY_EVERY: Duration = Duration::from_millis(10);

pub(crate) fn describe() -> String {
    format!("SQLite {}", rusqlite::version())
}

/// One open SQLite database.
#[derive(Debug)]
pub(crate) struct Engine {
    path: PathBuf,
    /// Tells the databases of one process apart in the thread-local readers.
    id: u64,
    writer: writer::Writer,
    writable: Arc<AtomicBool>,
    alive: Arc<()>,
}

impl Engine {
    pub(crate) fn open(options: SqliteOptions) -> Result<Self, DbError> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        connection::check_version()?;
        let connection = connection::open_writer(&options)?;
        let file = FileIdentity::of(&options.path)
            .map_err(|error| DbError::Open(format!("cannot find the database file: {error}")))?;
        let writable = Arc::new(AtomicBool::new(true));
        Ok(Self {
            path: options.path,
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            writer: writer::Writer::start(connection, file, Arc::clone(&writable))?,
            writable,
            alive: Arc::new(()),
        })
    }

    /// Runs `read` on this thread's own read-only connection.
    pub(crate) async fn read<T, E: From<DbError>>(
        &self,
        mut read: impl FnMut(&Reader<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut waited = Duration::ZERO;
        loop {
            match reader::on_this_thread(self.id, &self.path, &self.alive, &mut read) {
                // The outer error is the connection's, before anything of `read` was used.
                Err(DbError::Busy) if waited < READ_PATIENCE => {}
                Err(error) => return Err(error.into()),
                Ok(result) => return result,
            }
            tokio::time::sleep(READ_RETRY_EVERY).await;
            waited += READ_RETRY_EVERY;
        }
    }

    pub(crate) async fn commit(&self, write: Write) -> Result<Vec<u64>, DbError> {
        self.writer.commit(write).await
    }

    pub(crate) async fn migrate(&self, list: &'static [Migration]) -> Result<usize, DbError> {
        self.writer.run(move |connection| migrations::apply(connection, list)).await
    }

    pub(crate) async fn migration_status(
        &self,
        list: &'static [Migration],
    ) -> Result<Vec<MigrationStatus>, DbError> {
        self.writer.run(move |connection| migrations::status(connection, list)).await
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.writable.load(Ordering::Relaxed)
    }

    pub(crate) async fn checkpoint(&self) -> Result<(), DbError> {
        const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
        let run = |connection: &mut rusqlite::Connection| {
            let busy = connection.query_row(CHECKPOINT, [], |row| row.get::<_, bool>(0));
            let busy = busy.map_err(|error| translate("storage.checkpoint", &error))?;
            if busy { Err(DbError::Busy) } else { Ok(()) }
        };
        self.writer.run(run).await
    }

    pub(crate) async fn explain(&self, sql: &'static Sql) -> Result<Vec<String>, DbError> {
        self.read(|reader| reader.explain(sql)).await
    }

    pub(crate) async fn quick_check(&self) -> Result<Vec<String>, DbError> {
        static QUICK_CHECK: Sql = Sql::declare("storage.quick_check", "PRAGMA quick_check");
        let mut select = Select::new(&QUICK_CHECK, Vec::new(), |row: &crate::Row<'_>| {
            String::read(row, 0)
                .ok_or(DbError::Column { statement: "storage.quick_check", column: 0 })
        });
        self.read(|reader| reader.all(&mut select)).await
    }
}

/// Puts SQLite's error into Serene's words. Its messages name tables and columns, never values.
fn translate(statement: &'static str, error: &rusqlite::Error) -> DbError {
    let rusqlite::Error::SqliteFailure(code, message) = error else {
        return DbError::Broken { statement, message: error.to_string() };
    };
    let message = message.as_deref().unwrap_or_default();
    match (code.code, code.extended_code) {
        (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
            DbError::Duplicate(constraint_name(message))
        }
        (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => DbError::MissingReference(statement),
        (ErrorCode::DiskFull, _) => DbError::StorageFull,
        (
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed,
            _,
        ) => DbError::Busy,
        (ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly, _) => {
            DbError::Io(format!("{message} (SQLite code {})", code.extended_code))
        }
        _ => DbError::Broken { statement, message: message.to_owned() },
    }
}

/// SQLite names the columns (`UNIQUE constraint failed: users.number, users.x`), the other engines
/// the constraint; the schema's naming rule makes them the same.
fn constraint_name(message: &str) -> String {
    let columns = message.rsplit_once(": ").map_or(message, |(_, columns)| columns);
    let mut name = String::new();
    for (index, column) in columns.split(", ").enumerate() {
        let (table, column) = column.split_once('.').unwrap_or(("", column));
        if index == 0 {
            name.push_str(table);
        }
        name.push('_');
        name.push_str(column);
    }
    name + "_key"
}

/// Binds the values to a prepared statement.
fn bind(
    prepared: &mut rusqlite::Statement<'_>,
    values: &[crate::Value],
) -> Result<(), rusqlite::Error> {
    if prepared.parameter_count() != values.len() {
        return Err(rusqlite::Error::InvalidParameterCount(
            values.len(),
            prepared.parameter_count(),
        ));
    }
    for (index, value) in values.iter().enumerate() {
        prepared.raw_bind_parameter(index + 1, value)?;
    }
    Ok(())
}

impl rusqlite::ToSql for crate::Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Int(Some(value)) => ValueRef::Integer(*value),
            Self::Uuid(Some(value)) => ValueRef::Blob(value.as_bytes()),
            Self::Text(Some(value)) => ValueRef::Text(value.as_bytes()),
            Self::Blob(Some(value)) => ValueRef::Blob(value),
            Self::Int(None) | Self::Uuid(None) | Self::Text(None) | Self::Blob(None) => {
                ValueRef::Null
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraint_names_follow_the_rule() {
        assert_eq!(
            constraint_name("UNIQUE constraint failed: messages.owner_id, messages.id"),
            "messages_owner_id_id_key"
        );
        assert_eq!(constraint_name("UNIQUE constraint failed: users.number"), "users_number_key");
    }
    #[test]
    fn errors_are_told_apart() {
        use rusqlite::Error::SqliteFailure;
        let of = |code| translate("test", &SqliteFailure(ffi::Error::new(code), None));
        assert_eq!(of(ffi::SQLITE_BUSY), DbError::Busy);
        assert_eq!(of(ffi::SQLITE_BUSY_RECOVERY), DbError::Busy);
        assert_eq!(of(ffi::SQLITE_PROTOCOL), DbError::Busy);
        assert_eq!(of(ffi::SQLITE_FULL), DbError::StorageFull);
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_CANTOPEN, ffi::SQLITE_READONLY] {
            let error = of(code);
            assert!(matches!(error, DbError::Io(_)) && error.is_temporary(), "{error:?}");
        }
        assert!(matches!(of(ffi::SQLITE_CORRUPT), DbError::Broken { statement: "test", .. }));
        assert!(!of(ffi::SQLITE_FULL).is_temporary());
    }
}
