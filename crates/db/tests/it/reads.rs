//! A read: the types of columns, NULLs, snapshots, and what a failing read leaves behind.

use std::fmt::Debug;

use serene_db::{Column, DbError, Row, Select, Statement, Value, Write, values};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    engines::{Kind, Site, on_every_engine},
    house::{self, House, OWNER},
};

on_every_engine! {
    every_kind_of_value_comes_back_and_so_does_its_null: bare,
    the_short_forms_bind_what_they_say: furnished,
    a_column_of_another_type_is_an_error_and_no_panic: furnished,
    a_column_that_is_not_there_is_an_error_and_no_panic: furnished,
    one_row_at_most: furnished,
    a_reader_cannot_write: furnished,
    a_mistake_in_a_statement_is_named: furnished,
    both_reads_of_a_pair_see_the_same_moment: furnished,
    without_a_parent_there_are_no_children_to_read: furnished,
    a_pair_that_fails_or_panics_leaves_no_old_snapshot_behind: furnished,
    a_mapping_may_fail_with_an_error_of_its_own: furnished,
    a_plan_says_which_index_is_used: furnished,
}

serene_db::statements! {
    /// One value of each kind.
    ECHO = "test.echo": "SELECT ?, ?, ?, ?";
    /// One value, a statement for each kind.
    ECHO_INT = "test.echo_one": "SELECT ? AS number";
    /// A Uuid.
    ECHO_UUID = "test.echo_one": "SELECT ? AS id";
    /// Text.
    ECHO_TEXT = "test.echo_one": "SELECT ? AS word";
    /// Bytes.
    ECHO_BLOB = "test.echo_one": "SELECT ? AS body";
    /// Several rows.
    SEVERAL = "test.several": "SELECT id FROM things WHERE owner_id = ? ORDER BY id LIMIT 10";
    /// A row that is always there.
    PARENT = "test.parent": "SELECT name FROM owners WHERE id = ? LIMIT 1";
    /// Text and a blob to keep in a row.
    KEEP = "test.keep": "INSERT INTO kept (n, id, word, body) VALUES (?, ?, ?, ?)";
    /// What was kept.
    KEPT = "test.kept": "SELECT n, id, word, body FROM kept LIMIT 10";
    /// A write whose plan is asked for.
    KEEP_NOTHING = "test.keep_nothing": "UPDATE owners SET name = ? WHERE id = ? AND name <> ?";
    /// A write in disguise.
    NOT_A_READ = "test.not_a_read": "DELETE FROM things RETURNING id";
    /// A mistake.
    NO_TABLE = "test.no_table": "SELECT 1 FROM nowhere LIMIT 1";
}

static KEPT_TABLE: &[serene_db::Migration] = &[serene_db::Migration {
    version: 1,
    name: "kept",
    statements: &["CREATE TABLE kept (n {int}, id {uuid}, word {text:9}, body {blob}){table}"],
}];

type Kept = (Option<i64>, Option<Uuid>, Option<String>, Option<Vec<u8>>);

fn kept(row: &Row<'_>) -> Result<Kept, DbError> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

async fn every_kind_of_value_comes_back_and_so_does_its_null(house: Site) {
    let db = &house.db;
    db.migrate(KEPT_TABLE).await.unwrap();

    let full = (Some(i64::MIN), Some(OWNER), Some("ö\u{1F642}".to_owned()), Some(vec![0, 255]));
    // Nothing is not NULL.
    let empty = (Some(0), Some(Uuid::nil()), Some(String::new()), Some(Vec::new()));
    let null: Kept = (None, None, None, None);
    for (n, id, word, body) in [full.clone(), empty.clone(), null.clone()] {
        let keep = Statement::guard(&KEEP, values![n, id, word, body]);
        db.commit(Write::from(keep)).await.unwrap();
    }
    let rows: Vec<Kept> = db.query(Select::new(&KEPT, values![], kept)).await.unwrap();
    assert_eq!(rows, [full, empty, null]);
}

async fn the_short_forms_bind_what_they_say(house: Site) {
    let select = Select::new(&ECHO, values![7_u32, true, "word", None::<&str>], |row: &Row<'_>| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    });
    let row: Option<(u32, bool, String, Option<String>)> =
        house.db.query_one::<_, DbError, _>(select).await.unwrap();
    assert_eq!(row, Some((7, true, "word".to_owned(), None)));
}

/// What comes of reading `value` as a `T`.
async fn read_as<T: Column>(house: &Site, value: Value) -> Result<Vec<T>, DbError> {
    let echo = match &value {
        Value::Int(_) => &ECHO_INT,
        Value::Uuid(_) => &ECHO_UUID,
        Value::Text(_) => &ECHO_TEXT,
        Value::Blob(_) => &ECHO_BLOB,
    };
    house::firsts(&house.db, echo, vec![value]).await
}

fn assert_unreadable<T: Debug>(result: Result<Vec<T>, DbError>) {
    let column = DbError::Column { statement: "test.echo_one", column: 0 };
    assert_eq!(result.map(|_| ()), Err(column));
}

async fn a_column_of_another_type_is_an_error_and_no_panic(house: Site) {
    assert_unreadable(read_as::<i64>(&house, "1".into()).await);
    assert_unreadable(read_as::<bool>(&house, "true".into()).await);
    assert_unreadable(read_as::<String>(&house, 1_i64.into()).await);
    assert_unreadable(read_as::<String>(&house, b"text".to_vec().into()).await);
    assert_unreadable(read_as::<Vec<u8>>(&house, "blob".into()).await);
    assert_unreadable(read_as::<Uuid>(&house, vec![1_u8; 15].into()).await);
    assert_unreadable(read_as::<Option<Uuid>>(&house, vec![1_u8; 17].into()).await);
    assert_unreadable(read_as::<u32>(&house, (-1_i64).into()).await);
    assert_unreadable(read_as::<u32>(&house, i64::from(u32::MAX).wrapping_add(1).into()).await);
    // NULL, where the schema promises a value.
    assert_unreadable(read_as::<i64>(&house, None::<i64>.into()).await);
    assert_unreadable(read_as::<bool>(&house, None::<bool>.into()).await);
    assert_unreadable(read_as::<Uuid>(&house, None::<Uuid>.into()).await);
    assert_unreadable(read_as::<String>(&house, None::<String>.into()).await);
    assert_unreadable(read_as::<Vec<u8>>(&house, None::<Vec<u8>>.into()).await);
}

async fn a_column_that_is_not_there_is_an_error_and_no_panic(house: Site) {
    let select = Select::new(&ECHO_INT, values![1_i64], |row: &Row<'_>| row.get::<i64>(1));
    let result: Result<Vec<i64>, DbError> = house.db.query(select).await;
    assert_eq!(result, Err(DbError::Column { statement: "test.echo_one", column: 1 }));
}

async fn one_row_at_most(house: Site) {
    let first = || Select::new(&SEVERAL, values![OWNER], |row: &Row<'_>| row.get::<i64>(0));
    assert_eq!(house.db.query_one::<i64, DbError, _>(first()).await, Ok(None));
    house.db.commit(Write::from(house::add_range(1, 3))).await.unwrap();
    assert_eq!(house.db.query_one::<i64, DbError, _>(first()).await, Ok(Some(1)));
}

async fn a_reader_cannot_write(house: Site) {
    house.db.commit(house::add_thing(1)).await.unwrap();
    let result = house::firsts::<i64>(&house.db, &NOT_A_READ, values![]).await;
    assert!(result.is_err(), "{result:?}");
    assert_eq!(house.things().await, [1]);
}

async fn a_mistake_in_a_statement_is_named(house: Site) {
    let result = house::firsts::<i64>(&house.db, &NO_TABLE, values![]).await;
    let Err(DbError::Broken { statement, message }) = result else { panic!("{result:?}") };
    assert_eq!(statement, "test.no_table");
    assert!(message.contains("nowhere"), "{message}");
}

async fn both_reads_of_a_pair_see_the_same_moment(house: Site) {
    house.db.commit(house::add_thing(1)).await.unwrap();
    let parent = Select::new(&PARENT, values![OWNER], |row: &Row<'_>| {
        // Between the two reads somebody else commits.
        let owner = house.literal(OWNER);
        house.outside_blocking(&format!("INSERT INTO things (owner_id, id) VALUES ({owner}, 2)"));
        row.get::<String>(0)
    });
    let children = Select::new(&SEVERAL, values![OWNER], |row: &Row<'_>| row.get::<i64>(0));
    let pair = house.db.query_parent_and::<_, _, DbError, _, _>(parent, children).await;
    assert_eq!(pair, Ok(Some(("alice".to_owned(), vec![1]))));
    // And the snapshot is gone afterwards.
    assert_eq!(house.things().await, [1, 2]);
}

async fn without_a_parent_there_are_no_children_to_read(house: Site) {
    let parent = Select::new(&PARENT, values![Uuid::nil()], |row: &Row<'_>| row.get::<String>(0));
    let children = Select::new(&SEVERAL, values![OWNER], |_: &Row<'_>| -> Result<(), DbError> {
        panic!("nobody asked")
    });
    house.db.commit(house::add_thing(1)).await.unwrap();
    assert_eq!(house.db.query_parent_and(parent, children).await, Ok(None));
}

async fn a_pair_that_fails_or_panics_leaves_no_old_snapshot_behind(house: Site) {
    for panics in [false, true] {
        let (db, mut tasks) = (house.db.clone(), JoinSet::new());
        // One thread runs everything here: the next read uses the same connection.
        tasks.spawn(async move {
            let parent = Select::new(&PARENT, values![OWNER], |row: &Row<'_>| {
                assert!(!panics, "a mapping that panics, as this test wants");
                row.get::<i64>(0)
            });
            let children = Select::new(&SEVERAL, values![OWNER], |row: &Row<'_>| row.get::<i64>(0));
            db.query_parent_and::<_, _, DbError, _, _>(parent, children).await
        });
        match tasks.join_next().await.unwrap() {
            Ok(result) => assert!(matches!(result, Err(DbError::Column { .. })), "{result:?}"),
            Err(error) => assert!(error.is_panic()),
        }
        let id = i64::from(panics);
        house.db.commit(house::add_thing(id)).await.unwrap();
        assert_eq!(house::body(&house.db, id).await, Ok(vec![None]));
    }
}

async fn a_mapping_may_fail_with_an_error_of_its_own(house: Site) {
    #[derive(Debug, PartialEq)]
    enum Mine {
        Db,
        Odd,
    }
    impl From<DbError> for Mine {
        fn from(_: DbError) -> Self {
            Self::Db
        }
    }
    let odd = Select::new(&ECHO_INT, values![1_i64], |_: &Row<'_>| Err::<(), _>(Mine::Odd));
    assert_eq!(house.db.query(odd).await, Err(Mine::Odd));
    let broken = Select::new(&NO_TABLE, values![], |_: &Row<'_>| Err::<(), _>(Mine::Odd));
    assert_eq!(house.db.query(broken).await, Err(Mine::Db));
}

#[tokio::test]
async fn two_databases_on_one_thread_are_not_mixed_up() {
    let (first, second) = (House::new().await, House::new().await);
    first.db.commit(house::add_thing(1)).await.unwrap();
    second.db.commit(house::add_thing(2)).await.unwrap();
    assert_eq!((first.things().await, second.things().await), (vec![1], vec![2]));
    drop(first);
    let third = House::new().await;
    assert_eq!((second.things().await, third.things().await), (vec![2], vec![]));
}

async fn a_plan_says_which_index_is_used(house: Site) {
    let plan = house.db.explain(&SEVERAL).await.unwrap().join("\n");
    let wanted = match house.kind() {
        Kind::Sqlite => ["USING", "owner_id=?"],
        Kind::Postgres => ["things_owner_id_id_key", "owner_id = $1"],
        Kind::Mysql => ["table=things", "key=PRIMARY"],
    };
    assert!(wanted.iter().all(|part| plan.contains(part)), "{plan}");
    // What writes has a plan as well.
    assert!(!house.db.explain(&KEEP_NOTHING).await.unwrap().is_empty());
    assert_eq!(house.db.quick_check().await, Ok(vec!["ok".to_owned()]));
}
