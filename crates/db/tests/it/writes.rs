//! A write: all of it or none of it, and a refusal that names what did not hold.

use serene_db::{DbError, Must, Write};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    engines::{Site, on_every_engine},
    house::{self, House, OWNER},
};

on_every_engine! {
    it_says_how_many_rows_each_statement_touched: furnished,
    a_guard_that_fails_undoes_everything_and_is_named: furnished,
    a_guard_that_touches_two_rows_fails_too: furnished,
    an_error_in_the_middle_of_a_statement_undoes_that_statement_too: furnished,
    what_exists_already_is_named_by_table_and_columns: furnished,
    a_missing_reference_is_refused: furnished,
    the_wrong_number_of_values_is_a_mistake_and_no_panic: furnished,
    tasks_that_read_then_write_the_same_row_never_meet_a_lock: furnished,
}

async fn it_says_how_many_rows_each_statement_touched(house: Site) {
    let write = house::add_thing(1)
        .with_all([house::add_range(10, 14), house::delete_all(Must::Anything)])
        .with(house::delete_all(Must::Anything));
    assert_eq!(house.db.commit(write).await, Ok(vec![1, 5, 6, 0]));
    assert_eq!(house.db.commit(Write::new()).await, Ok(vec![]));
}

async fn a_guard_that_fails_undoes_everything_and_is_named(house: Site) {
    let write =
        house::add_thing(1).with(house::set_counter(5, 4)).with(house::thing(OWNER, 2, None));
    assert_eq!(house.db.commit(write).await, Err(DbError::Guard("counters.set")));
    assert_eq!(house.things().await, [0; 0]);
    assert_eq!(house::counter(&house.db).await, Ok(0));
}

async fn a_guard_that_touches_two_rows_fails_too(house: Site) {
    house.db.commit(Write::from(house::add_range(1, 2))).await.unwrap();
    let write = Write::from(house::delete_all(Must::TouchOne));
    assert_eq!(house.db.commit(write).await, Err(DbError::Guard("things.delete_all")));
    assert_eq!(house.things().await, [1, 2]);
}

async fn an_error_in_the_middle_of_a_statement_undoes_that_statement_too(house: Site) {
    house.db.commit(house::add_thing(50)).await.unwrap();
    // The fiftieth row of this statement is the one that is there.
    let write = Write::from(house::add_range(1, 99));
    let duplicate = DbError::Duplicate("things_owner_id_id_key".into());
    assert_eq!(house.db.commit(write).await, Err(duplicate));
    assert_eq!(house.things().await, [50]);
}

async fn what_exists_already_is_named_by_table_and_columns(house: Site) {
    let cases = [
        (house::add_owner(Uuid::from_u128(2), "alice"), "owners_name_key"),
        (house::add_owner(OWNER, "bob"), "owners_id_key"),
        (house::add_thing(1).with(house::thing(OWNER, 1, None)), "things_owner_id_id_key"),
    ];
    for (write, constraint) in cases {
        assert_eq!(house.db.commit(write).await, Err(DbError::Duplicate(constraint.into())));
    }
}

async fn a_missing_reference_is_refused(house: Site) {
    let nobody = Uuid::from_u128(0xDEAD);
    let write = house::add_thing(1).with(house::thing(nobody, 1, None));
    assert_eq!(house.db.commit(write).await, Err(DbError::MissingReference("things.add")));
    assert_eq!(house.things().await, [0; 0]);
}

async fn the_wrong_number_of_values_is_a_mistake_and_no_panic(house: Site) {
    let write = Write::from(house::mistaken());
    let error = house.db.commit(write).await.unwrap_err();
    assert!(
        matches!(&error, DbError::Broken { statement: "things.delete_range", .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_was_acknowledged_is_read_at_once_on_another_thread() {
    let house = House::new().await;
    for id in 0..200 {
        house.db.commit(house::add_thing(id)).await.unwrap();
        let seen = std::thread::scope(|scope| {
            let read = || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(house::body(&house.db, id))
            };
            scope.spawn(read).join().unwrap()
        });
        assert_eq!(seen, Ok(vec![None]), "thing {id}");
    }
}

async fn tasks_that_read_then_write_the_same_row_never_meet_a_lock(house: Site) {
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let db = house.db.clone();
        tasks.spawn(async move {
            let mut done = 0;
            while done < 20 {
                let seen = house::counter(&db).await.unwrap();
                match db.commit(Write::from(house::set_counter(seen + 1, seen))).await {
                    Ok(_) => done += 1,
                    // Somebody else was quicker.
                    Err(DbError::Guard(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(house::counter(&house.db).await, Ok(16 * 20));
}

#[tokio::test]
async fn the_last_handle_waits_for_what_is_queued() {
    let house = House::new().await;
    let lock = house.hold_write_lock();
    for id in 0..3 {
        // Polled once, which queues the write, then given up.
        let given_up = tokio::time::timeout(std::time::Duration::ZERO, async {
            house.db.commit(house::add_thing(id)).await
        });
        assert!(given_up.await.is_err(), "the lock should have kept it waiting");
    }
    let House { db, folder } = house;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(200));
            drop(lock);
        });
        drop(db);
    });
    let file = folder.path().join("serene.db");
    assert!(!folder.path().join("serene.db-wal").exists(), "the file was not closed");
    let count = rusqlite::Connection::open(file).unwrap().query_row(
        "SELECT count(*) FROM things",
        [],
        |row| row.get::<_, i64>(0),
    );
    assert_eq!(count.unwrap(), 3);
}
