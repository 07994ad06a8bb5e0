//! The read path: one read-only connection per thread and database, statements kept prepared.

use std::{
    cell::RefCell,
    path::Path,
    sync::{Arc, Weak},
};

use rusqlite::Connection;

use super::{bind, connection, translate};
use crate::{DbError, Row, Select, Sql, read::Inner, slow::timed};

struct OpenReader {
    engine: u64,
    /// Dead once the database it belongs to is closed.
    alive: Weak<()>,
    connection: Connection,
}

thread_local! {
    static READERS: RefCell<Vec<OpenReader>> = const { RefCell::new(Vec::new()) };
}

/// A connection in use for one read.
#[derive(Debug)]
pub(crate) struct Reader<'c> {
    connection: &'c Connection,
}

/// Runs `read` with this thread's connection. The outer error is [`DbError::Busy`] when a lock was
/// met, whatever `read` made of it, so that the caller can wait and try again.
pub(super) fn on_this_thread<T, E: From<DbError>>(
    engine: u64,
    path: &Path,
    alive: &Arc<()>,
    read: &mut impl FnMut(&Reader<'_>) -> Result<T, E>,
) -> Result<Result<T, E>, DbError> {
    let known = READERS.with_borrow_mut(|readers| {
        let index = readers.iter().position(|reader| reader.engine == engine)?;
        Some(readers.swap_remove(index))
    });
    let reader = match known {
        Some(reader) => reader,
        None => open(engine, path, alive)?,
    };
    BUSY.set(false);
    let result = read(&Reader { connection: &reader.connection });
    // A connection still in a transaction, or lost to a panic in `read`, is closed: its snapshot
    // would stay where it is for good, and keep the WAL growing.
    if reader.connection.is_autocommit() {
        READERS.with_borrow_mut(|readers| readers.push(reader));
    }
    if result.is_err() && BUSY.get() { Err(DbError::Busy) } else { Ok(result) }
}

/// Opens a connection for this thread, and closes those of databases that are gone.
fn open(engine: u64, path: &Path, alive: &Arc<()>) -> Result<OpenReader, DbError> {
    READERS.with_borrow_mut(|readers| readers.retain(|reader| reader.alive.strong_count() > 0));
    let connection =
        connection::open_reader(path).map_err(|error| translate("storage.open_reader", &error))?;
    Ok(OpenReader { engine, alive: Arc::downgrade(alive), connection })
}

thread_local! {
    /// Whether a statement of the current read met a lock: the caller's error type may not say.
    static BUSY: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

fn failed(statement: &'static str, error: &rusqlite::Error) -> DbError {
    let error = translate(statement, error);
    if error == DbError::Busy {
        BUSY.set(true);
    }
    error
}

impl Reader<'_> {
    pub(crate) fn all<T, E, F>(&self, select: &mut Select<F>) -> Result<Vec<T>, E>
    where
        F: FnMut(&Row<'_>) -> Result<T, E>,
        E: From<DbError>,
    {
        self.rows(select, usize::MAX)
    }

    pub(crate) fn one<T, E, F>(&self, select: &mut Select<F>) -> Result<Option<T>, E>
    where
        F: FnMut(&Row<'_>) -> Result<T, E>,
        E: From<DbError>,
    {
        Ok(self.rows(select, 1)?.pop())
    }

    fn rows<T, E, F>(&self, select: &mut Select<F>, most: usize) -> Result<Vec<T>, E>
    where
        F: FnMut(&Row<'_>) -> Result<T, E>,
        E: From<DbError>,
    {
        let name = select.sql.name();
        let Select { sql, values, map } = select;
        timed(name, || {
            let broken = |error: rusqlite::Error| failed(name, &error);
            let mut prepared = self.connection.prepare_cached(sql.text()).map_err(broken)?;
            bind(&mut prepared, values).map_err(broken)?;
            let mut rows = prepared.raw_query();
            let mut out = Vec::new();
            while out.len() < most
                && let Some(row) = rows.next().map_err(broken)?
            {
                out.push(map(&Row { statement: name, inner: Inner::Sqlite(row) })?);
            }
            Ok(out)
        })
    }

    /// Runs `reads` under one snapshot.
    pub(crate) fn snapshot<T, E: From<DbError>>(
        &self,
        reads: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let broken = |error: rusqlite::Error| failed("storage.snapshot", &error);
        // Cached like any other statement; a rollback of a read changes nothing.
        let run = |sql| self.connection.prepare_cached(sql)?.raw_execute().map(drop);
        run("BEGIN").map_err(broken)?;
        let result = reads(self);
        run("ROLLBACK").map_err(broken)?;
        result
    }

    pub(crate) fn explain(&self, sql: &'static Sql) -> Result<Vec<String>, DbError> {
        let broken = |error: rusqlite::Error| failed(sql.name(), &error);
        let text = format!("EXPLAIN QUERY PLAN {}", sql.text());
        let mut prepared = self.connection.prepare(&text).map_err(broken)?;
        let mut rows = prepared.raw_query();
        let mut lines = Vec::new();
        while let Some(row) = rows.next().map_err(broken)? {
            lines.push(row.get(3).map_err(broken)?);
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;
    use crate::{SqliteOptions, sqlite::Engine};

    /// An error type that does not say what the database said.
    #[derive(Debug, PartialEq)]
    struct Vague;

    impl From<DbError> for Vague {
        fn from(_: DbError) -> Self {
            Self
        }
    }

    fn engine(folder: &tempfile::TempDir) -> Engine {
        Engine::open(SqliteOptions::new(folder.path().join("serene.db"))).unwrap()
    }

    #[tokio::test]
    async fn a_connection_left_in_a_transaction_is_not_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(&folder);
        let leave = |reader: &Reader<'_>| {
            reader.connection.execute_batch("BEGIN").unwrap();
            Ok::<_, DbError>(())
        };
        engine.read(leave).await.unwrap();
        // A second BEGIN would fail.
        engine.read(leave).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_meets_a_lock_is_tried_again_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(&folder);
        let busy = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None);

        let mut tries = 0;
        let read = engine.read(|_| {
            tries += 1;
            if tries < 4 { Err(Vague::from(failed("test.busy", &busy))) } else { Ok(tries) }
        });
        assert_eq!(read.await, Ok(4));

        let start = tokio::time::Instant::now();
        let never = engine.read(|_| Err::<(), _>(failed("test.busy", &busy)));
        assert_eq!(never.await, Err(DbError::Busy));
        assert_eq!(start.elapsed().as_secs(), 5);

        let mut tries = 0;
        let other = engine.read(|_| {
            tries += 1;
            Err::<(), _>(Vague)
        });
        assert_eq!(other.await, Err(Vague));
        assert_eq!(tries, 1, "only a lock is worth another try");
    }
}
