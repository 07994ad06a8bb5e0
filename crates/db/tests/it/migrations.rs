//! Migrations: each applied once, whole, and only the ones this binary knows.

use serene_db::{
    Db, DbError, Migration,
    MigrationState::{Applied, Pending},
    Sql,
};

use crate::engines::{Kind, Site, on_every_engine};

on_every_engine! {
    each_is_applied_once: bare,
    eight_that_start_together_apply_each_once: bare,
    one_that_was_changed_is_refused: bare,
    a_newer_database_is_refused: bare,
    one_that_fails_is_named_and_those_before_it_stand: bare,
}

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
    /// The same on a server.
    TABLES_POSTGRES = "test.tables_postgres": "SELECT table_name::text FROM information_schema.tables
        WHERE table_schema = 'public' ORDER BY table_name::text COLLATE \"C\"";
    /// The same on another.
    TABLES_MYSQL = "test.tables_mysql": "SELECT table_name FROM information_schema.tables
        WHERE table_schema = DATABASE() ORDER BY table_name";
    /// The rows of the first table.
    ONE = "test.one": "SELECT x FROM one LIMIT 10";
}

async fn words(site: &Site) -> Vec<String> {
    let tables: &'static Sql = match site.kind() {
        Kind::Sqlite => &TABLES,
        Kind::Postgres => &TABLES_POSTGRES,
        Kind::Mysql => &TABLES_MYSQL,
    };
    crate::house::firsts(&site.db, tables, vec![]).await.unwrap()
}

fn refusal<T: std::fmt::Debug>(result: Result<T, DbError>) -> String {
    match result {
        Err(DbError::Migration(text)) => text,
        other => panic!("{other:?}"),
    }
}

async fn each_is_applied_once(site: Site) {
    let db = site.db.clone();
    let states = |db: Db| async move {
        let lines = db.migration_status(THREE).await.unwrap();
        lines.into_iter().map(|line| (line.version, line.name, line.state)).collect::<Vec<_>>()
    };
    let line = |version, name: &str, state| (version, name.to_owned(), state);
    assert_eq!(states(db.clone()).await[0], line(1, "one", Pending));
    assert_eq!(words(&site).await, [""; 0], "looking must change nothing");

    assert_eq!(db.migrate(&THREE[..2]).await, Ok(2));
    assert_eq!(
        states(db.clone()).await,
        [line(1, "one", Applied), line(2, "two", Applied), line(3, "three", Pending)]
    );
    assert_eq!(db.migrate(THREE).await, Ok(1));
    assert_eq!(db.migrate(THREE).await, Ok(0));
    drop(db);
    let db = site.again().await;
    assert_eq!(db.migrate(THREE).await, Ok(0));
    assert_eq!(crate::house::firsts::<i64>(&db, &TWO, vec![]).await, Ok(vec![1, 2]));
}

async fn eight_that_start_together_apply_each_once(site: Site) {
    for before in [0, 1] {
        // The second time, on another database.
        let site = Site::bare(site.kind()).await.unwrap();
        site.db.migrate(&THREE[..before]).await.unwrap();
        let mut starting = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let db = site.again().await;
            starting.spawn(async move { db.migrate(THREE).await.unwrap() });
        }
        let applied: usize = starting.join_all().await.into_iter().sum();
        assert_eq!(applied, 3 - before);
        assert_eq!(crate::house::firsts::<i64>(&site.db, &TWO, vec![]).await, Ok(vec![1, 2]));
    }
}

async fn one_that_was_changed_is_refused(site: Site) {
    let db = &site.db;
    db.migrate(THREE).await.unwrap();
    let text = refusal(db.migrate(CHANGED).await);
    assert!(text.contains("migration 2") && text.contains("different builds"), "{text}");
    assert_eq!(refusal(db.migration_status(CHANGED).await), text);
}

async fn a_newer_database_is_refused(site: Site) {
    let db = &site.db;
    db.migrate(THREE).await.unwrap();
    let text = refusal(db.migrate(&THREE[..1]).await);
    assert!(text.contains("newer Serene") && text.contains("only 1"), "{text}");
    assert_eq!(refusal(db.migration_status(&THREE[..1]).await), text);
}

async fn one_that_fails_is_named_and_those_before_it_stand(site: Site) {
    let db = &site.db;
    let text = refusal(db.migrate(FAILING).await);
    assert!(text.contains("migration 2 failed") && text.contains('x'), "{text}");
    assert_eq!(
        crate::house::firsts::<i64>(db, &ONE, vec![]).await.map(|rows| rows.len() < 2),
        Ok(true)
    );
    if site.kind() == Kind::Mysql {
        // It cannot be undone there, and waits for the build that began it.
        let text = refusal(db.migrate(THREE).await);
        assert!(text.contains("begun by another build"), "{text}");
        return;
    }
    // Nothing of it is left, and the database is of use.
    assert_eq!(words(&site).await, ["one", "schema_migrations", "storage_copy", "storage_probe"]);
    assert_eq!(crate::house::firsts::<i64>(db, &ONE, vec![]).await, Ok(vec![]));
    assert_eq!(db.migrate(THREE).await, Ok(2));
}
