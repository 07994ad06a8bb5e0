//! Group commit: many writes in one transaction, and none of them feels the others.

use std::time::Duration;

use serene_db::{Db, DbError};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::house::{self, House, OWNER};

#[tokio::test]
async fn a_refused_write_leaves_its_neighbours_alone() {
    let house = House::new().await;
    let bad = house::add_thing(2).with(house::set_counter(9, 12345));
    let writes = vec![house::add_thing(1), bad, house::add_thing(1), house::add_thing(3)];

    let before = Commits::watch(&house);
    let answers = house.in_one_batch(writes).await;

    assert_eq!(before.count(), 1, "all four were meant to be in one transaction");
    assert_eq!(answers[0], Ok(vec![1]));
    assert_eq!(answers[1], Err(DbError::Guard("counters.set")));
    assert_eq!(answers[2], Err(DbError::Duplicate("things_owner_id_id_key".into())));
    assert_eq!(answers[3], Ok(vec![1]));
    assert_eq!(house.things().await, [1, 3]);
}

#[tokio::test]
async fn whoever_is_refused_sees_why() {
    // Refused because of a neighbour in the same transaction: what it collided with must be
    // readable by the time it is told.
    let house = House::new().await;
    let lock = house.hold_write_lock();
    let mut tasks = JoinSet::new();
    for number in 0..20_u128 {
        let db = house.db.clone();
        tasks.spawn(async move {
            let id = Uuid::from_u128(number + 1);
            let answer = db.commit(house::add_owner(id, "same name")).await;
            let found = house::find_owner(&db, "same name").await;
            (answer, found.unwrap())
        });
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(lock);

    let answers = tasks.join_all().await;
    let refused = answers.iter().filter(|(answer, _)| answer.is_err()).count();
    assert_eq!(refused, 19);
    for (answer, found) in answers {
        assert_eq!(found.len(), 1, "{answer:?} was told before the winner could be read");
    }
}

#[tokio::test]
async fn a_commit_that_fails_costs_only_the_write_that_broke_it() {
    let house = House::new().await;
    let nobody = Uuid::from_u128(0xDEAD);
    let late = house::add_late(1, nobody);
    let answers = house.in_one_batch(vec![house::add_thing(1), late, house::add_thing(2)]).await;
    assert_eq!(answers[0], Ok(vec![1]));
    assert!(matches!(answers[1], Err(DbError::MissingReference(_))), "{:?}", answers[1]);
    assert_eq!(answers[2], Ok(vec![1]));
    assert_eq!(house.things().await, [1, 2]);
}

#[tokio::test]
async fn a_write_too_big_for_the_disk_takes_nobody_with_it() {
    let house = House::with_pages(Some(60)).await;
    let writes = vec![
        house::add_thing(1),
        house::add_owner(OWNER, "taken"),
        house::add_big(2, 10_000_000),
        house::add_thing(3),
    ];
    let answers = house.in_one_batch(writes).await;
    assert_eq!(answers[0], Ok(vec![1]));
    assert_eq!(answers[1], Err(DbError::Duplicate("owners_id_key".into())));
    assert_eq!(answers[2], Err(DbError::StorageFull));
    assert_eq!(answers[3], Ok(vec![1]));
    assert_eq!(house.things().await, [1, 3]);
}

const TASKS: i64 = 32;
const EACH: i64 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_at_once_lose_nothing_and_share_their_commits() {
    let house = House::new().await;
    let commits = Commits::watch(&house);
    for number in 0..10 {
        house.db.commit(house::add_thing(TASKS * EACH + number)).await.unwrap();
    }
    assert_eq!(commits.count(), 10, "one at a time, each write is a commit of its own");

    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let db = house.db.clone();
        tasks.spawn(write_and_read_back(db, task));
    }
    tasks.join_all().await;

    let expected: Vec<i64> = (0..TASKS * EACH + 10).collect();
    assert_eq!(house.things().await, expected);
    let shared = commits.count() - 10;
    println!("{} writes in {shared} commits", TASKS * EACH);
    assert!(shared * 4 < usize::try_from(TASKS * EACH).unwrap(), "{shared} commits");
}

async fn write_and_read_back(db: Db, task: i64) {
    for number in 0..EACH {
        let id = task * EACH + number;
        db.commit(house::add_thing(id)).await.unwrap();
        // The runtime has moved this task to whichever thread was free.
        assert_eq!(house::body(&db, id).await, Ok(vec![None]), "acknowledged, and not there");
    }
}

/// Counts transactions by the commit marks in the WAL. An open reader keeps SQLite from starting
/// the WAL over, so that all of them stay in the file.
struct Commits {
    wal: std::path::PathBuf,
    before: usize,
    _reader: rusqlite::Connection,
}

impl Commits {
    fn watch(house: &House) -> Self {
        let reader = house.outside();
        reader.execute_batch("BEGIN; SELECT count(*) FROM things;").unwrap();
        let mut wal = house.path().into_os_string();
        wal.push("-wal");
        let wal = std::path::PathBuf::from(wal);
        let before = Self::marks(&wal);
        Self { wal, before, _reader: reader }
    }

    fn count(&self) -> usize {
        Self::marks(&self.wal) - self.before
    }

    /// The file is a header of 32 bytes, then frames: a header of 24 bytes and a page. The second
    /// word of a frame's header is not 0 in the last frame of a transaction.
    fn marks(wal: &std::path::Path) -> usize {
        let bytes = std::fs::read(wal).unwrap();
        let page_size = u32::from_be_bytes(bytes[8..12].try_into().unwrap()) as usize;
        let salts = &bytes[16..24];
        bytes[32..]
            .chunks_exact(24 + page_size)
            .filter(|frame| &frame[8..16] == salts && frame[4..8] != [0; 4])
            .count()
    }
}
