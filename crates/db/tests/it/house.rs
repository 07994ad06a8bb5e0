//! What every room of these tests shares: a small schema, its statements, and hands on the file.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::Connection;
use serene_db::{
    Column, Db, DbError, Migration, Must, Row, Select, Sql, SqliteOptions, Statement, Value, Write,
    values,
};
use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;

serene_db::statements! {
    /// An owner: a key and a unique name.
    ADD_OWNER = "owners.add": "INSERT INTO owners (id, name) VALUES (?, ?)";
    /// A thing of an owner.
    ADD_THING = "things.add": "INSERT INTO things (owner_id, id, body) VALUES (?, ?, ?)";
    /// Things from one number up to another, as one statement that touches many rows.
    ADD_RANGE = "things.add_range": "INSERT INTO things (owner_id, id, body) \
        WITH RECURSIVE r (i) AS (SELECT ? UNION ALL SELECT i + 1 FROM r WHERE i < ?) \
        SELECT ?, i, NULL FROM r";
    /// Deletes all things of an owner.
    DELETE_ALL = "things.delete_all": "DELETE FROM things WHERE owner_id = ?";
    /// Deletes the things from one number up to another.
    DELETE_RANGE = "things.delete_range": "DELETE FROM things WHERE owner_id = ? AND id BETWEEN ? AND ?";
    /// One body.
    GET_BODY = "things.body": "SELECT body FROM things WHERE owner_id = ? AND id = ? LIMIT 1";
    /// The numbers of an owner's things.
    LIST_THINGS = "things.list": "SELECT id FROM things WHERE owner_id = ? ORDER BY id LIMIT 100000";
    /// The owner of a name.
    FIND_OWNER = "owners.find": "SELECT id FROM owners WHERE name = ? LIMIT 1";
    /// The name of an owner.
    OWNER_NAME = "owners.name": "SELECT name FROM owners WHERE id = ? LIMIT 1";
    /// Sets a counter, if nobody else did in between.
    SET_COUNTER = "counters.set": "UPDATE counters SET n = ? WHERE name = ? AND n = ?";
    /// A counter.
    GET_COUNTER = "counters.get": "SELECT n FROM counters WHERE name = ? LIMIT 1";
    /// A reference that is looked at only by COMMIT.
    ADD_LATE = "late.add": "INSERT INTO late (id, owner_id) VALUES (?, ?)";
}

/// What every engine takes.
const THINGS: Migration = Migration {
    version: 1,
    name: "things",
    statements: &[
        "CREATE TABLE owners (
            id {uuid} NOT NULL,
            name {text:64} NOT NULL,
            CONSTRAINT owners_id_key PRIMARY KEY (id),
            CONSTRAINT owners_name_key UNIQUE (name)
        ){table}",
        "CREATE TABLE things (
            owner_id {uuid} NOT NULL,
            id {int} NOT NULL,
            body {blob},
            CONSTRAINT things_owner_id_id_key PRIMARY KEY (owner_id, id),
            CONSTRAINT things_owner_id_fkey FOREIGN KEY (owner_id)
                REFERENCES owners (id) ON DELETE CASCADE
        ){table}",
        "CREATE TABLE counters (
            name {text:64} NOT NULL,
            n {int} NOT NULL,
            CONSTRAINT counters_name_key PRIMARY KEY (name)
        ){table}",
        "INSERT INTO counters (name, n) VALUES ('visits', 0)",
        "CREATE TABLE sequences (
            name {text:64} NOT NULL,
            next_number {int} NOT NULL,
            CONSTRAINT sequences_name_key PRIMARY KEY (name)
        ){table}",
        "INSERT INTO sequences (name, next_number) VALUES ('things', 1)",
    ],
};

/// What MySQL does not know.
const LATE: Migration = Migration {
    version: 2,
    name: "late",
    statements: &["CREATE TABLE late (
        id {int} NOT NULL,
        owner_id {uuid} NOT NULL,
        CONSTRAINT late_id_key PRIMARY KEY (id),
        CONSTRAINT late_owner_id_fkey FOREIGN KEY (owner_id)
            REFERENCES owners (id) DEFERRABLE INITIALLY DEFERRED
    ){table}"],
};

/// The schema of these tests on every engine.
pub(crate) static PORTABLE: &[Migration] = &[THINGS];

/// The schema of the tests that are about SQLite, or PostgreSQL.
pub(crate) static MIGRATIONS: &[Migration] = &[THINGS, LATE];

/// The owner that [`House::new`] puts into the database.
pub(crate) const OWNER: Uuid = Uuid::from_u128(0xA11CE);

/// A SQLite database in a folder of its own, removed when dropped.
pub(crate) struct House {
    // Fields are dropped in order: the database is closed before its folder goes.
    pub(crate) db: Db,
    pub(crate) folder: TempDir,
}

impl House {
    /// A migrated database with one owner.
    pub(crate) async fn new() -> Self {
        Self::with_pages(None).await
    }

    /// Like [`new`](Self::new), with a quota.
    pub(crate) async fn with_pages(max_pages: Option<u32>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = SqliteOptions::new(folder.path().join("serene.db"));
        options.max_pages = max_pages;
        let db = Db::open_sqlite(options).unwrap();
        set_up(&db).await;
        Self { db, folder }
    }

    /// The database file.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("serene.db")
    }

    /// See [`hold_write_lock`].
    pub(crate) fn hold_write_lock(&self) -> Connection {
        hold_write_lock(&self.path())
    }

    /// Another program's connection.
    pub(crate) fn outside(&self) -> Connection {
        outside(&self.path())
    }

    /// The numbers of the owner's things.
    pub(crate) async fn things(&self) -> Vec<i64> {
        things(&self.db).await
    }

    /// See [`in_one_batch`].
    pub(crate) async fn in_one_batch(&self, writes: Vec<Write>) -> Vec<Result<Vec<u64>, DbError>> {
        in_one_batch(&self.db, &self.path(), writes).await
    }
}

fn outside(file: &Path) -> Connection {
    let connection = Connection::open(file).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    connection
}

/// Holds the write lock as another program would, until it is dropped.
fn hold_write_lock(file: &Path) -> Connection {
    let connection = outside(file);
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection
}

/// Queues the writes behind a lock, in order, so that one transaction takes them all, and returns
/// the answers. On a runtime of one thread, tasks begin in the order they are spawned.
pub(crate) async fn in_one_batch(
    db: &Db,
    file: &Path,
    writes: Vec<Write>,
) -> Vec<Result<Vec<u64>, DbError>> {
    let lock = hold_write_lock(file);
    let mut tasks = JoinSet::new();
    for (index, write) in writes.into_iter().enumerate() {
        let db = db.clone();
        tasks.spawn(async move { (index, db.commit(write).await) });
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(lock);
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// The schema, and the one owner.
pub(crate) async fn set_up(db: &Db) {
    db.migrate(MIGRATIONS).await.unwrap();
    db.commit(add_owner(OWNER, "alice")).await.unwrap();
}

/// The numbers of the owner's things.
pub(crate) async fn things(db: &Db) -> Vec<i64> {
    firsts(db, &LIST_THINGS, values![OWNER]).await.unwrap()
}

pub(crate) fn add_owner(id: Uuid, name: &str) -> Write {
    Write::from(Statement::guard(&ADD_OWNER, values![id, name]))
}

pub(crate) fn add_thing(id: i64) -> Write {
    Write::from(thing(OWNER, id, None))
}

/// A thing with a body of this many bytes, which no page is shared with.
pub(crate) fn add_big(id: i64, bytes: usize) -> Write {
    Write::from(thing(OWNER, id, Some(vec![7_u8; bytes])))
}

pub(crate) fn thing(owner: Uuid, id: i64, body: Option<Vec<u8>>) -> Statement {
    Statement::guard(&ADD_THING, values![owner, id, body])
}

/// Things of these numbers, in one statement that touches them all.
pub(crate) fn add_range(first: i64, last: i64) -> Statement {
    Statement::new(&ADD_RANGE, values![first, last, OWNER])
}

/// Deletes all things, and must touch as many rows as `must` says.
pub(crate) fn delete_all(must: Must) -> Statement {
    match must {
        Must::Anything => Statement::new(&DELETE_ALL, values![OWNER]),
        Must::TouchOne => Statement::guard(&DELETE_ALL, values![OWNER]),
    }
}

pub(crate) fn delete_range(first: i64, last: i64) -> Statement {
    Statement::new(&DELETE_RANGE, values![OWNER, first, last])
}

/// A statement with fewer values than placeholders.
pub(crate) fn mistaken() -> Statement {
    Statement::new(&DELETE_RANGE, values![OWNER])
}

/// Sets the counter to `new`, guarded by its being `old`.
pub(crate) fn set_counter(new: i64, old: i64) -> Statement {
    Statement::guard(&SET_COUNTER, values![new, "visits", old])
}

/// A row whose reference is looked at only when the transaction commits.
pub(crate) fn add_late(id: i64, owner: Uuid) -> Write {
    Write::from(Statement::guard(&ADD_LATE, values![id, owner]))
}

pub(crate) async fn body(db: &Db, id: i64) -> Result<Vec<Option<Vec<u8>>>, DbError> {
    firsts(db, &GET_BODY, values![OWNER, id]).await
}

pub(crate) async fn find_owner(db: &Db, name: &str) -> Result<Vec<Uuid>, DbError> {
    firsts(db, &FIND_OWNER, values![name]).await
}

/// The name of an owner.
pub(crate) async fn owner_name(db: &Db, id: Uuid) -> String {
    firsts(db, &OWNER_NAME, values![id]).await.unwrap().remove(0)
}

pub(crate) async fn counter(db: &Db) -> Result<i64, DbError> {
    let get = Select::new(&GET_COUNTER, values!["visits"], |row: &Row<'_>| row.get(0));
    Ok(db.query_one::<i64, DbError, _>(get).await?.unwrap())
}

/// The first column of every row.
pub(crate) async fn firsts<T: Column>(
    db: &Db,
    sql: &'static Sql,
    values: Vec<Value>,
) -> Result<Vec<T>, DbError> {
    db.query(Select::new(sql, values, |row: &Row<'_>| row.get::<T>(0))).await
}
