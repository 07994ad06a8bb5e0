//! Another program holds the database: writes wait five seconds and then say so, reads go on.

use std::time::Duration;

use serene_db::DbError;
use tokio::{task::JoinSet, time::Instant};

use crate::house::{self, House};

/// Just less than the five seconds that a write waits, and more than it may take to say so.
const NOT_YET: Duration = Duration::from_millis(4500);
const LONG_SINCE: Duration = Duration::from_secs(7);

#[tokio::test]
async fn a_locked_database_is_busy_after_five_seconds_and_then_recovers() {
    let house = House::new().await;
    let lock = house.hold_write_lock();
    let start = Instant::now();
    let mut writes = JoinSet::new();
    for id in 0..50 {
        let db = house.db.clone();
        writes.spawn(async move { (db.commit(house::add_thing(id)).await, start.elapsed()) });
    }
    let mut migration = JoinSet::new();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let db = house.db.clone();
    migration.spawn(async move { db.migrate(house::MIGRATIONS).await });

    // Reads know nothing of it.
    let mut longest = Duration::ZERO;
    while start.elapsed() < NOT_YET {
        let before = Instant::now();
        assert_eq!(house::counter(&house.db).await, Ok(0));
        longest = longest.max(before.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(longest < Duration::from_millis(500), "a read waited {longest:?}");

    // All of them are told after the same five seconds, not one after the other.
    for (answer, after) in writes.join_all().await {
        assert_eq!(answer, Err(DbError::Busy));
        assert!(after > NOT_YET, "gave up after {after:?}");
        assert!(after < LONG_SINCE, "told only after {after:?}");
    }
    assert!(house.db.is_writable(), "a lock is not a broken disk");

    // What is no write keeps its place, and has its own five seconds.
    drop(lock);
    assert_eq!(migration.join_all().await, [Ok(0)]);
    let start = Instant::now();
    assert_eq!(house.db.commit(house::add_thing(1)).await, Ok(vec![1]));
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(house.things().await, [1]);
}

#[tokio::test]
async fn a_short_lock_is_waited_for() {
    let house = House::new().await;
    let lock = house.hold_write_lock();
    let mut writes = JoinSet::new();
    let db = house.db.clone();
    writes.spawn(async move { db.commit(house::add_thing(1)).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(writes.try_join_next().is_none(), "it should be waiting");
    drop(lock);
    assert_eq!(writes.join_all().await, [Ok(vec![1])]);
}
