//! Opening connections: versions, PRAGMAs, files and their permissions.

use std::{
    fmt::Display,
    io,
    path::Path,
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use crate::{DbError, SqliteOptions, files};

/// Older versions can corrupt a WAL database when one connection writes while another
/// checkpoints (fixed in 3.51.3).
const OLDEST_VERSION: i32 = 3_051_003;

/// Statements are few and all static: keep every one of them prepared.
const CACHED_STATEMENTS: usize = 256;

/// How long a write waits for a lock from outside.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn check_version() -> Result<(), DbError> {
    if rusqlite::version_number() >= OLDEST_VERSION {
        return Ok(());
    }
    Err(DbError::Open(format!(
        "SQLite {} can corrupt a database in WAL mode; Serene needs 3.51.3 or newer",
        rusqlite::version()
    )))
}

/// The one connection that writes.
pub(super) fn open_writer(options: &SqliteOptions) -> Result<Connection, DbError> {
    let path = &options.path;
    create_private(path).map_err(|error| cannot_open(path, &error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .and_then(set_up_writer)
        .map_err(|error| cannot_open(path, &error))?;
    let mode = enter_wal(&connection).map_err(|error| cannot_open(path, &error))?;
    if mode != "wal" {
        let why = format!("its file system does not support WAL (SQLite chose {mode})");
        return Err(cannot_open(path, &why));
    }
    if let Some(pages) = options.max_pages {
        connection
            .query_row(&format!("PRAGMA max_page_count={pages}"), [], |_| Ok(()))
            .map_err(|error| cannot_open(path, &error))?;
    }
    Ok(connection)
}

fn set_up_writer(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch(
        "PRAGMA synchronous=FULL;
         PRAGMA foreign_keys=ON;
         PRAGMA trusted_schema=OFF;
         PRAGMA secure_delete=ON;
         PRAGMA temp_store=MEMORY;",
    )?;
    keep_statements(&connection)?;
    Ok(connection)
}

/// Keeps every statement prepared, and with it its plan. Without QPSG a statement with a `LIMIT ?` is
/// prepared anew each time it is used, for a plan that might fit the number better: a fifth of what a
/// page costs. And the plan that is tested is the plan that runs.
fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// Turns WAL on, or finds it on. SQLite does not wait for the lock that this change needs, so two
/// programs that open a new file together would refuse each other.
fn enter_wal(connection: &Connection) -> rusqlite::Result<String> {
    let retry_every = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        let mode = connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0));
        match mode {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && waited < PATIENCE => {}
            result => return result,
        }
        thread::sleep(retry_every);
        waited += retry_every;
    }
}

/// A connection that can only read. WAL readers never wait, so neither does it.
pub(super) fn open_reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.execute_batch("PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;")?;
    keep_statements(&connection)?;
    Ok(connection)
}

/// Makes the folder and the file before SQLite does, which would leave both to the umask. SQLite
/// gives its WAL files the permissions of the database file.
fn create_private(path: &Path) -> io::Result<()> {
    // Closing any handle of a file drops all locks that this process has on it (POSIX). So no
    // other thread may open the new file with SQLite before this handle of it is closed.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = path.parent() {
        files::private_folder(folder)?;
    }
    match files::new_private_file(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn cannot_open(path: &Path, why: &dyn Display) -> DbError {
    DbError::Open(format!("cannot open the database {}: {why}", path.display()))
}
