//! Migrations: each applied once, whole, and only the ones this binary knows.

use serene_db::{
    Db, DbError, Migration,
    MigrationState::{Applied, Pending},
    SqliteOptions,
};

static THREE: &[Migration] = &[
    Migration { version: 1, name: "one", statements: &["CREATE TABLE one (x {int}){table}"] },
    Migration {
        version: 2,
        name: "two",
        statements: &[
            "CREATE TABLE two (x {int} NOT NULL){table}",
            "INSERT INTO two (x) VALUES (1)",
        ],
    },
    Migration {
        version: 3,
        name: "three",
        statements: &["INSERT INTO two (x) SELECT x + 1 FROM two"],
    },
];

/// The second was edited after it was applied.
static CHANGED: &[Migration] = &[
    Migration { version: 1, name: "one", statements: &["CREATE TABLE one (x {int}){table}"] },
    Migration { version: 2, name: "two", statements: &["CREATE TABLE two (x {text:9}){table}"] },
];

/// The second fails in its third statement.
static FAILING: &[Migration] = &[
    Migration { version: 1, name: "one", statements: &["CREATE TABLE one (x {int}){table}"] },
    Migration {
        version: 2,
        name: "broken",
        statements: &[
            "CREATE TABLE two (x {int} NOT NULL){table}",
            "INSERT INTO one (x) VALUES (1)",
            "INSERT INTO two (x) VALUES (NULL)",
            "CREATE TABLE three (x {int}){table}",
        ],
    },
];

serene_db::statements! {
    /// The rows that two migrations made.
    TWO = "test.two": "SELECT x FROM two ORDER BY x LIMIT 10";
    /// The tables there are.
    TABLES = "test.tables": "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    /// The rows of the first table.
    ONE = "test.one": "SELECT x FROM one LIMIT 10";
}

struct File(tempfile::TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn open(&self) -> Db {
        Db::open_sqlite(SqliteOptions::new(self.0.path().join("serene.db"))).unwrap()
    }
}

async fn words(db: &Db) -> Vec<String> {
    crate::house::firsts(db, &TABLES, vec![]).await.unwrap()
}

fn refusal<T: std::fmt::Debug>(result: Result<T, DbError>) -> String {
    match result {
        Err(DbError::Migration(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_is_applied_once() {
    let file = File::new();
    let db = file.open();
    let states = |db: Db| async move {
        let lines = db.migration_status(THREE).await.unwrap();
        lines.into_iter().map(|line| (line.version, line.name, line.state)).collect::<Vec<_>>()
    };
    let line = |version, name: &str, state| (version, name.to_owned(), state);
    assert_eq!(states(db.clone()).await[0], line(1, "one", Pending));
    assert_eq!(words(&db).await, [""; 0], "looking must change nothing");

    assert_eq!(db.migrate(&THREE[..2]).await, Ok(2));
    assert_eq!(
        states(db.clone()).await,
        [line(1, "one", Applied), line(2, "two", Applied), line(3, "three", Pending)]
    );
    assert_eq!(db.migrate(THREE).await, Ok(1));
    assert_eq!(db.migrate(THREE).await, Ok(0));
    drop(db);
    let db = file.open();
    assert_eq!(db.migrate(THREE).await, Ok(0));
    assert_eq!(crate::house::firsts::<i64>(&db, &TWO, vec![]).await, Ok(vec![1, 2]));
}

#[test]
fn eight_that_start_together_apply_each_once() {
    for before in [0, 1] {
        let file = File::new();
        runtime().block_on(file.open().migrate(&THREE[..before])).unwrap();
        let all_open = std::sync::Barrier::new(8);
        let applied: usize = std::thread::scope(|scope| {
            let start = || {
                let db = file.open();
                all_open.wait();
                runtime().block_on(db.migrate(THREE)).unwrap()
            };
            let started: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            started.into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!(applied, 3 - before);
        let rows = runtime().block_on(crate::house::firsts::<i64>(&file.open(), &TWO, vec![]));
        assert_eq!(rows, Ok(vec![1, 2]));
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

#[tokio::test]
async fn one_that_was_changed_is_refused() {
    let file = File::new();
    let db = file.open();
    db.migrate(THREE).await.unwrap();
    let text = refusal(db.migrate(CHANGED).await);
    assert!(text.contains("migration 2") && text.contains("different builds"), "{text}");
    assert_eq!(refusal(db.migration_status(CHANGED).await), text);
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let file = File::new();
    let db = file.open();
    db.migrate(THREE).await.unwrap();
    let text = refusal(db.migrate(&THREE[..1]).await);
    assert!(text.contains("newer Serene") && text.contains("only 1"), "{text}");
    assert_eq!(refusal(db.migration_status(&THREE[..1]).await), text);
}

#[tokio::test]
async fn one_that_fails_leaves_nothing_of_itself() {
    let file = File::new();
    let db = file.open();
    let text = refusal(db.migrate(FAILING).await);
    assert!(text.contains("migration 2 failed") && text.contains("two.x"), "{text}");
    assert_eq!(words(&db).await, ["one", "schema_migrations", "storage_probe"]);
    assert_eq!(crate::house::firsts::<i64>(&db, &ONE, vec![]).await, Ok(vec![]));
    // The first stands, and the database is of use.
    assert_eq!(db.migrate(THREE).await, Ok(2));
}
