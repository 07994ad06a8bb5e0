//! SIGKILL from outside: what was acknowledged is there, what was half done is not.

use std::{collections::BTreeSet, time::Duration};

use serene_db::{DataLock, Db, LockError, Migration, SqliteOptions};
use tokio::task::JoinSet;

use crate::{
    child::{self, Victim},
    house::{self, House},
};

#[tokio::test]
async fn what_a_killed_process_acknowledged_is_there() {
    let house = House::new().await;
    let mut victim = Victim::start("kills::child_writes", house.folder.path());
    let mut acknowledged = Vec::new();
    while acknowledged.len() < 1000 {
        acknowledged.extend(victim.line().expect("the child died early").parse::<i64>());
    }
    victim.kill();
    while let Some(line) = victim.line() {
        acknowledged.extend(line.parse::<i64>());
    }

    let reopened = Db::open_sqlite(SqliteOptions::new(house.path())).unwrap();
    let there: BTreeSet<i64> = house::things(&reopened).await.into_iter().collect();
    let lost: Vec<_> = acknowledged.iter().filter(|id| !there.contains(id)).collect();
    assert!(lost.is_empty(), "{} of {} lost: {lost:?}", lost.len(), acknowledged.len());
    assert_eq!(reopened.quick_check().await, Ok(vec!["ok".to_owned()]));
    assert_eq!(reopened.commit(house::add_thing(-1)).await, Ok(vec![1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child process of another test"]
async fn child_writes() {
    let Some(folder) = child::folder() else { return };
    let db = Db::open_sqlite(SqliteOptions::new(folder.join("serene.db"))).unwrap();
    let mut tasks = JoinSet::new();
    for task in 0..16 {
        let db = db.clone();
        tasks.spawn(async move {
            for number in 0..10_000 {
                let id = task * 10_000 + number;
                db.commit(house::add_thing(id)).await.unwrap();
                child::say(&id.to_string());
            }
        });
    }
    tasks.join_all().await;
}

#[test]
fn a_lock_keeps_others_out_until_its_process_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut victim = Victim::start("kills::child_locks", folder.path());
    while victim.line().expect("the child died early") != "locked" {}

    let refused = DataLock::acquire(folder.path());
    assert!(matches!(&refused, Err(LockError::Held(path)) if path == folder.path()), "{refused:?}");
    victim.kill();
    let held = DataLock::acquire(folder.path()).unwrap();
    assert!(matches!(DataLock::acquire(folder.path()), Err(LockError::Held(_))));
    drop(held);
    DataLock::acquire(folder.path()).unwrap();
}

#[test]
#[ignore = "the child process of another test"]
fn child_locks() {
    let Some(folder) = child::folder() else { return };
    let _lock = DataLock::acquire(&folder).unwrap();
    child::say("locked");
    std::thread::sleep(Duration::from_mins(1));
}

static LONG: &[Migration] = &[
    Migration { version: 1, name: "short", statements: &["CREATE TABLE whole (x {int}){table}"] },
    Migration {
        version: 2,
        name: "long",
        statements: &[
            "ALTER TABLE whole ADD COLUMN y {int}",
            "CREATE TABLE half (x {int}){table}",
            "INSERT INTO half (x) WITH RECURSIVE r (i) AS
                (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 6000000) SELECT max(i) FROM r",
            "CREATE TABLE other_half (x {int}){table}",
        ],
    },
];

#[tokio::test]
async fn a_migration_killed_half_way_leaves_nothing_and_is_completed_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("serene.db");
    let mut victim = Victim::start("kills::child_migrates", folder.path());
    while victim.line().expect("the child died early") != "migrating" {}
    let look = |sql: &str| -> rusqlite::Result<i64> {
        rusqlite::Connection::open(&path)?.query_row(sql, [], |row| row.get(0))
    };
    while look("SELECT count(*) FROM schema_migrations") != Ok(1) {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(100));
    victim.kill();
    assert_eq!(look("SELECT max(version) FROM schema_migrations"), Ok(1), "killed too late");
    let traces = "SELECT (SELECT count(*) FROM pragma_table_info('whole')) * 10
        + (SELECT count(*) FROM sqlite_schema WHERE name LIKE '%half')";
    assert_eq!(look(traces), Ok(10));

    let db = Db::open_sqlite(SqliteOptions::new(&path)).unwrap();
    assert_eq!(db.migrate(LONG).await, Ok(1));
    assert_eq!(look(traces), Ok(22));
    assert_eq!(look("SELECT x FROM half"), Ok(6_000_000));
}

#[tokio::test]
#[ignore = "the child process of another test"]
async fn child_migrates() {
    let Some(folder) = child::folder() else { return };
    let db = Db::open_sqlite(SqliteOptions::new(folder.join("serene.db"))).unwrap();
    child::say("migrating");
    db.migrate(LONG).await.unwrap();
}
