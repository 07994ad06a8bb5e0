//! The write path: one thread takes every queued write into one transaction, commits once, and
//! only then acknowledges them all.
//!
//! One `fsync` serves everybody who was waiting. That is how `synchronous=FULL` costs next to
//! nothing under load.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{bind, translate};
use crate::{
    DbError, Must, Statement, Write,
    files::FileIdentity,
    metrics::{self, Queued},
    slow::{timed, watched},
};

/// Writes that wait their turn; past this, senders wait for room.
const QUEUE: usize = 1024;

/// What makes a transaction durable.
const COMMIT: &str = "COMMIT";

/// The most writes in one transaction, so that the first of them does not wait for ever.
const BATCH: usize = 256;

type Acknowledge = oneshot::Sender<Result<Vec<u64>, DbError>>;
type Work = Box<dyn FnOnce(&mut Connection) + Send>;

enum Job {
    Write(Write, Acknowledge, Queued),
    /// Migrations: what needs the connection to itself.
    Run(Work),
}

/// The handle to the writer thread. Dropping it waits until what is queued is on disk and the
/// file is closed.
#[derive(Debug)]
pub(super) struct Writer {
    // Dropped first, which is what ends the thread.
    queue: mpsc::Sender<Job>,
    _thread: JoinOnDrop,
}

#[derive(Debug)]
struct JoinOnDrop(Option<JoinHandle<()>>);

impl Drop for JoinOnDrop {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take()
            && thread.thread().id() != thread::current().id()
        {
            // A panic over there was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        file: FileIdentity,
        writable: Arc<AtomicBool>,
    ) -> Result<Self, DbError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("serene-writer".into())
            .spawn(move || Loop { connection, file, writable }.run(jobs))
            .map_err(|error| DbError::Open(format!("cannot start the writer thread: {error}")))?;
        Ok(Self { queue, _thread: JoinOnDrop(Some(thread)) })
    }

    pub(super) async fn commit(&self, write: Write) -> Result<Vec<u64>, DbError> {
        let (acknowledge, answer) = oneshot::channel();
        let job = Job::Write(write, acknowledge, Queued::new());
        self.queue.send(job).await.map_err(|_| DbError::Closed)?;
        answer.await.map_err(|_| DbError::Closed)?
    }

    /// Runs `work` on the writer's connection, between two transactions.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let (acknowledge, answer) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            // Nobody listening is nobody to tell.
            let _ = acknowledge.send(work(connection));
        });
        self.queue.send(Job::Run(work)).await.map_err(|_| DbError::Closed)?;
        answer.await.map_err(|_| DbError::Closed)?
    }
}

struct Loop {
    connection: Connection,
    /// What is open. A file that was moved away or deleted takes every write, and nobody finds it at
    /// the next start.
    file: FileIdentity,
    writable: Arc<AtomicBool>,
}

/// A write of the current transaction, not yet committed. Its sender is told nothing before that,
/// not even a refusal: what it collided with may be a neighbour in the same transaction, which
/// nobody can read yet and which may still be lost.
struct Executed {
    write: Write,
    acknowledge: Acknowledge,
    result: Result<Vec<u64>, DbError>,
}

/// SQLite rolled the whole transaction back (disk full, I/O error).
struct TransactionLost(DbError);

impl Drop for Loop {
    /// However the thread ends, nothing can be written any more.
    fn drop(&mut self) {
        self.writable.store(false, Ordering::Relaxed);
    }
}

impl Loop {
    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.blocking_recv() {
            let mut next = Some(job);
            while let Some(job) = next.take() {
                match job {
                    Job::Run(work) => work(&mut self.connection),
                    Job::Write(write, acknowledge, queued) => {
                        drop(queued);
                        next = self.transaction(write, acknowledge, &mut jobs);
                    }
                }
            }
        }
    }

    /// One transaction over this write and all that are queued behind it. Returns a job that has
    /// to run outside of it.
    fn transaction(
        &self,
        write: Write,
        acknowledge: Acknowledge,
        jobs: &mut mpsc::Receiver<Job>,
    ) -> Option<Job> {
        if !self.file.is_in_place() {
            let gone = "the file is no longer where it was opened".to_owned();
            return self.refuse_all(&DbError::Io(gone), acknowledge, jobs);
        }
        if let Err(error) = self.execute("BEGIN IMMEDIATE") {
            return self.refuse_all(&error, acknowledge, jobs);
        }
        let mut executed = Vec::new();
        let mut next = Some((write, acknowledge));
        let mut left_over = None;
        while let Some((write, acknowledge)) = next.take() {
            match self.savepoint(&write) {
                Ok(result) => executed.push(Executed { write, acknowledge, result }),
                Err(TransactionLost(error)) => {
                    self.replay(executed);
                    self.note_failure(&error);
                    answer(acknowledge, Err(error));
                    return None;
                }
            }
            if executed.len() < BATCH {
                match jobs.try_recv() {
                    Ok(Job::Write(write, acknowledge, _)) => next = Some((write, acknowledge)),
                    Ok(job) => left_over = Some(job),
                    Err(_) => {}
                }
            }
        }
        metrics::batch(executed.len());
        self.finish(executed);
        left_over
    }

    /// Commits, and only then says so.
    fn finish(&self, executed: Vec<Executed>) {
        #[cfg(feature = "acknowledge-before-commit")]
        let executed = acknowledge_too_early(executed);
        let committed = if executed.iter().all(|one| one.result.is_err()) {
            self.roll_back();
            Ok(())
        } else {
            self.execute(COMMIT)
        };
        match committed {
            Ok(()) => {
                self.note_success(&executed);
                for one in executed {
                    answer(one.acknowledge, one.result);
                }
            }
            // One of them broke it for all. SQLite has forgotten the transaction, and nothing can
            // have read it: the others may try again, each on its own.
            Err(error) if executed.len() > 1 && !matches!(error, DbError::Io(_)) => {
                self.replay(executed);
            }
            // Not acknowledged, so not promised: whether a failing disk kept it is not known.
            Err(error) => {
                self.roll_back();
                self.note_failure(&error);
                refuse(executed, &error);
            }
        }
    }

    /// Runs each write of a lost transaction again, in a transaction of its own: a write is a
    /// value, and none of these was acknowledged or committed.
    fn replay(&self, lost: Vec<Executed>) {
        self.roll_back();
        let mut lost = lost.into_iter();
        while let Some(one) = lost.next() {
            if let Err(error) = self.execute("BEGIN IMMEDIATE") {
                // Not once for each: SQLite has waited its five seconds.
                self.note_failure(&error);
                refuse(std::iter::once(one).chain(lost), &error);
                return;
            }
            match self.savepoint(&one.write) {
                Ok(result) => self.finish(vec![Executed { result, ..one }]),
                Err(TransactionLost(error)) => {
                    self.roll_back();
                    self.note_failure(&error);
                    answer(one.acknowledge, Err(error));
                }
            }
        }
    }

    /// Executes one write. When it is refused (the inner error) it is undone, and the transaction
    /// stands.
    fn savepoint(&self, write: &Write) -> Result<Result<Vec<u64>, DbError>, TransactionLost> {
        let result = self.execute("SAVEPOINT one").and_then(|()| {
            let touched = self.statements(&write.statements)?;
            self.execute("RELEASE one")?;
            Ok(touched)
        });
        let error = match result {
            Ok(touched) => return Ok(Ok(touched)),
            Err(error) => error,
        };
        // Some errors end the transaction, savepoints and all.
        if self.connection.is_autocommit() {
            return Err(TransactionLost(error));
        }
        match self.execute("ROLLBACK TO one").and_then(|()| self.execute("RELEASE one")) {
            Ok(()) => {
                self.note_failure(&error);
                Ok(Err(error))
            }
            Err(_) => Err(TransactionLost(error)),
        }
    }

    fn statements(&self, statements: &[Statement]) -> Result<Vec<u64>, DbError> {
        let mut touched = Vec::with_capacity(statements.len());
        for statement in statements {
            let name = statement.sql.name();
            let rows = timed(name, || {
                let mut prepared = self.connection.prepare_cached(statement.sql.text())?;
                bind(&mut prepared, &statement.values)?;
                prepared.raw_execute()
            })
            .map_err(|error| translate(name, &error))?;
            if statement.must == Must::TouchOne && rows != 1 {
                return Err(DbError::Guard(name));
            }
            touched.push(rows as u64);
        }
        Ok(touched)
    }

    /// The database is locked from outside: everybody who waited while SQLite waited is told now,
    /// or the last in the queue would wait for all their turns. Returns a job that is no write: it
    /// has its own patience.
    fn refuse_all(
        &self,
        error: &DbError,
        first: Acknowledge,
        jobs: &mut mpsc::Receiver<Job>,
    ) -> Option<Job> {
        self.note_failure(error);
        answer(first, Err(error.clone()));
        for _ in 0..QUEUE {
            match jobs.try_recv() {
                Ok(Job::Write(_, acknowledge, _)) => answer(acknowledge, Err(error.clone())),
                Ok(job) => return Some(job),
                Err(_) => break,
            }
        }
        None
    }

    /// A write that touched nothing says nothing about the disk.
    fn note_success(&self, executed: &[Executed]) {
        let touched = |one: &Executed| one.result.iter().flatten().any(|rows| *rows > 0);
        if executed.iter().any(touched) {
            self.writable.store(true, Ordering::Relaxed);
        }
    }

    /// Tells the operator what is wrong with the database, not what was wrong with a write.
    fn note_failure(&self, error: &DbError) {
        match error {
            DbError::StorageFull | DbError::Io(_) => {
                self.writable.store(false, Ordering::Relaxed);
            }
            DbError::Busy | DbError::Broken { .. } => {}
            _ => return,
        }
        tracing::error!(%error, "the database refused to write: {error}");
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(%error, "cannot roll back: {error}");
        }
    }

    fn execute(&self, sql: &'static str) -> Result<(), DbError> {
        let run = || self.connection.prepare_cached(sql)?.raw_execute();
        // The commit is what everybody waits for.
        let ran = if sql == COMMIT { timed(sql, run) } else { watched(sql, run) };
        ran.map(drop).map_err(|error| translate(sql, &error))
    }
}

/// Breaks the promise of this file now and then, so that the crash test can show that it would
/// notice. Not always: a server that never reads what it has just written does nothing else well.
#[cfg(feature = "acknowledge-before-commit")]
fn acknowledge_too_early(executed: Vec<Executed>) -> Vec<Executed> {
    static TRANSACTIONS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    if TRANSACTIONS.fetch_add(1, Ordering::Relaxed) % 8 != 7 {
        return executed;
    }
    let early = |one: Executed| {
        answer(one.acknowledge, one.result.clone());
        Executed { acknowledge: oneshot::channel().0, ..one }
    };
    let executed = executed.into_iter().map(early).collect();
    // Long enough for a kill to come between.
    thread::sleep(std::time::Duration::from_millis(10));
    executed
}

fn refuse(writes: impl IntoIterator<Item = Executed>, error: &DbError) {
    for one in writes {
        answer(one.acknowledge, Err(error.clone()));
    }
}

fn answer(acknowledge: Acknowledge, result: Result<Vec<u64>, DbError>) {
    // Whoever asked may have gone; what was committed stays committed.
    let _ = acknowledge.send(result);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[tokio::test]
    async fn a_writer_that_died_is_neither_writable_nor_silent() {
        let writable = Arc::new(AtomicBool::new(true));
        let connection = Connection::open_in_memory().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = FileIdentity::of(folder.path()).unwrap();
        let writer = Writer::start(connection, file, Arc::clone(&writable)).unwrap();
        let died = writer.run::<()>(|_| panic!("a job that panics, as this test wants")).await;
        assert_eq!(died, Err(DbError::Closed));
        assert_eq!(writer.commit(Write::new()).await, Err(DbError::Closed));
        drop(writer);
        assert!(!writable.load(Ordering::Relaxed));
    }
}
