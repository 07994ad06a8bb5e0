//! SQLite with the least that keeps the promises: a read-only connection per thread, and one thread
//! that writes, with group commit.

use std::{cell::RefCell, path::Path, path::PathBuf, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};
use tokio::sync::{mpsc, oneshot};

const CACHED_STATEMENTS: usize = 256;
/// As many as Serene takes into one transaction.
const BATCH: usize = 256;
const QUEUE: usize = 1024;

/// What is done in one savepoint. `Ok(false)` undoes it: a guard has failed.
type Work = Box<dyn FnOnce(&Connection) -> rusqlite::Result<bool> + Send>;

struct Job {
    work: Work,
    done: oneshot::Sender<bool>,
}

/// An open database.
#[derive(Clone, Debug)]
pub(super) struct Db {
    path: PathBuf,
    writes: mpsc::Sender<Job>,
}

thread_local! {
    static READER: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

impl Db {
    /// Opens a file that Serene has made.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let connection = open_writer(path)?;
        let (writes, jobs) = mpsc::channel(QUEUE);
        std::thread::Builder::new()
            .name("floor-writer".into())
            .spawn(|| write(connection, jobs))?;
        Ok(Self { path: path.to_owned(), writes })
    }

    /// Reads with this thread's connection, on this thread.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        READER.with_borrow_mut(|reader| {
            let connection = match reader {
                Some(connection) => connection,
                None => reader.insert(open_reader(&self.path)?),
            };
            read(connection)
        })
    }

    /// Answers once the work is on disk; false when a guard undid it, or it failed.
    pub(super) async fn write(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<bool> + Send + 'static,
    ) -> bool {
        let (done, answer) = oneshot::channel();
        if self.writes.send(Job { work: Box::new(work), done }).await.is_err() {
            return false;
        }
        answer.await.unwrap_or(false)
    }
}

fn open_writer(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;
         PRAGMA trusted_schema=OFF; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY;",
    )?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.execute_batch("PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;")?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// Takes what is queued into one transaction, commits once, and only then says so.
#[expect(clippy::needless_pass_by_value, reason = "the thread owns both, and drops them")]
fn write(connection: Connection, mut jobs: mpsc::Receiver<Job>) {
    while let Some(first) = jobs.blocking_recv() {
        let mut done = Vec::new();
        let mut next = Some(first);
        let begun = run(&connection, "BEGIN IMMEDIATE").is_ok();
        while let Some(Job { work, done: told }) = next.take() {
            let kept = begun && savepoint(&connection, work).unwrap_or(false);
            done.push((told, kept));
            if done.len() < BATCH {
                next = jobs.try_recv().ok();
            }
        }
        let committed = begun && run(&connection, "COMMIT").is_ok();
        for (told, kept) in done {
            // Whoever asked may have gone.
            let _ = told.send(committed && kept);
        }
    }
}

fn savepoint(connection: &Connection, work: Work) -> rusqlite::Result<bool> {
    run(connection, "SAVEPOINT one")?;
    let kept = work(connection);
    if !matches!(kept, Ok(true)) {
        run(connection, "ROLLBACK TO one")?;
    }
    run(connection, "RELEASE one")?;
    kept
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
