//! Values, their order and their names: the same on every engine.

use serene_db::{Db, DbError, Migration, Row, Select, Statement, Write, values};
use uuid::Uuid;

use crate::{
    engines::{Kind, Site, on_every_engine},
    house::{self, OWNER},
};

on_every_engine! {
    ids_and_text_are_in_the_order_of_their_bytes: bare,
    text_that_differs_by_a_blank_or_a_capital_is_not_the_same: bare,
    too_long_a_text_is_no_secret: bare,
    sums_and_counts_are_numbers: furnished,
    big_blobs_come_back: furnished,
    long_names_come_back_whole: bare,
}

serene_db::statements! {
    /// A mark.
    MARK = "marks.add": "INSERT INTO marks (id, word) VALUES (?, ?)";
    /// All marks by id.
    BY_ID = "marks.by_id": "SELECT word FROM marks ORDER BY id LIMIT 100";
    /// All marks by word.
    BY_WORD = "marks.by_word": "SELECT word FROM marks ORDER BY word LIMIT 100";
    /// The marks behind one.
    AFTER = "marks.after": "SELECT word FROM marks WHERE id > ? ORDER BY id LIMIT 100";
    /// How many marks have a word.
    WITH_WORD = "marks.with_word": "SELECT COUNT(*) FROM marks WHERE word = ? LIMIT 1";
    /// Sums, counts and comparisons.
    SUMS = "things.sums": "SELECT SUM(id), SUM(id + id), COUNT(*), MAX(id), COUNT(body), \
        COALESCE(SUM(id), 0) FROM things WHERE owner_id = ? LIMIT 1";
    /// A sum of nothing.
    NO_SUM = "things.no_sum": "SELECT SUM(id) FROM things WHERE owner_id = ? AND id < 0 LIMIT 1";
    /// Two long names.
    LONG = "long.add": "INSERT INTO a_table_with_a_name_that_goes_on (first_column_of_this_table, \
        second_column_of_this_table) VALUES (?, ?)";
}

static MARKS: &[Migration] = &[Migration {
    version: 1,
    name: "marks",
    statements: &[
        "CREATE TABLE marks (id {uuid} NOT NULL, word {text:9} NOT NULL,
            CONSTRAINT marks_id_key PRIMARY KEY (id)){table}",
        "CREATE INDEX marks_word_idx ON marks (word)",
    ],
}];

async fn words(db: &Db, sql: &'static serene_db::Sql) -> Vec<String> {
    house::firsts(db, sql, values![]).await.unwrap()
}

fn mark(id: u128, word: &str) -> Write {
    Write::from(Statement::guard(&MARK, values![Uuid::from_u128(id), word]))
}

async fn ids_and_text_are_in_the_order_of_their_bytes(site: Site) {
    site.db.migrate(MARKS).await.unwrap();
    let ids = [0, 1, 0x7F << 120, 0x80 << 120, 0xFF << 120, u128::MAX];
    let texts = ["", "B", "a", "a b", "z", "é", "\u{FFFD}", "\u{1F642}"];
    for (index, text) in texts.iter().enumerate().rev() {
        let id = *ids.get(index).unwrap_or(&(0x40 + index as u128));
        site.db.commit(mark(id, text)).await.unwrap();
    }
    assert_eq!(words(&site.db, &BY_WORD).await, texts);
    let by_id = ["", "B", "\u{FFFD}", "\u{1F642}", "a", "a b", "z", "é"];
    assert_eq!(words(&site.db, &BY_ID).await, by_id);
    for (index, id) in [0, 1, 0x46, 0x47, ids[2], ids[3], ids[4], ids[5]].into_iter().enumerate() {
        let after = house::firsts::<String>(&site.db, &AFTER, values![Uuid::from_u128(id)]).await;
        assert_eq!(after.unwrap(), by_id[index + 1..], "{id:x}");
    }
}

async fn text_that_differs_by_a_blank_or_a_capital_is_not_the_same(site: Site) {
    site.db.migrate(MARKS).await.unwrap();
    let texts = ["a", "a ", " a", "A", "á", "a\u{301}", "ａ"];
    for (id, text) in texts.iter().enumerate() {
        site.db.commit(mark(id as u128, text)).await.unwrap();
    }
    for text in texts {
        let count = house::firsts::<i64>(&site.db, &WITH_WORD, values![text]).await;
        assert_eq!(count, Ok(vec![1]), "{text:?}");
    }
}

async fn too_long_a_text_is_no_secret(site: Site) {
    site.db.migrate(MARKS).await.unwrap();
    let secret = "tell nobody of this";
    let answer = site.db.commit(mark(1, secret)).await;
    match site.kind() {
        Kind::Sqlite => assert_eq!(answer, Ok(vec![1])),
        Kind::Postgres | Kind::Mysql => {
            let error = answer.unwrap_err();
            assert!(matches!(&error, DbError::Broken { statement: "marks.add", .. }), "{error:?}");
            assert!(!format!("{error} {error:?}").contains("nobody"), "{error:?}");
        }
    }
}

async fn sums_and_counts_are_numbers(site: Site) {
    let write = Write::from(house::add_range(1, 500)).with(house::thing(OWNER, 1 << 60, None));
    site.db.commit(write).await.unwrap();
    let sums = Select::new(&SUMS, values![OWNER], |row: &Row<'_>| {
        let numbers: [i64; 2] = [row.get(0)?, row.get(1)?];
        Ok((numbers, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
    });
    let row =
        site.db.query_one::<(_, u32, i64, bool, Option<i64>), DbError, _>(sums).await.unwrap();
    let sum = (1 << 60) + 500 * 501 / 2;
    assert_eq!(row, Some(([sum, 2 * sum], 501, 1 << 60, false, Some(sum))));
    let none = house::firsts::<Option<i64>>(&site.db, &NO_SUM, values![OWNER]).await;
    assert_eq!(none, Ok(vec![None]));
}

async fn big_blobs_come_back(site: Site) {
    // Around the place where MySQL cuts its packets.
    for (id, bytes) in [(1, 16 * 1024 * 1024), (2, 0xFF_FF_FF - 40), (3, 0)] {
        let body: Vec<u8> = (0..bytes).map(|index: u32| (index % 251) as u8).collect();
        let write = Write::from(house::thing(OWNER, id, Some(body.clone())));
        assert_eq!(site.db.commit(write).await, Ok(vec![1]));
        let back = house::body(&site.db, id).await.unwrap();
        assert!(back == [Some(body)], "{bytes} bytes came back as something else");
    }
}

static LONG_NAMES: &[Migration] = &[Migration {
    version: 1,
    name: "long names",
    statements: &[
        "CREATE TABLE a_table_with_a_name_that_goes_on (
            first_column_of_this_table {int} NOT NULL,
            second_column_of_this_table {int} NOT NULL,
            CONSTRAINT a_table_with_a_name_that_goes_on_first_column_of_this_table_key
                PRIMARY KEY (first_column_of_this_table),
            CONSTRAINT a_table_with_a_name_that_goes_on_second_column_of_this_table_key
                UNIQUE (second_column_of_this_table),
            CONSTRAINT a_table_with_a_name_that_goes_on_second_column_of_this_table_first_column_of_this_table_key
                UNIQUE (second_column_of_this_table, first_column_of_this_table)
        ){table}",
        "CREATE INDEX a_table_with_a_name_that_goes_on_and_an_index_with_a_longer_name_idx
            ON a_table_with_a_name_that_goes_on (second_column_of_this_table)",
    ],
}];

async fn long_names_come_back_whole(site: Site) {
    site.db.migrate(LONG_NAMES).await.unwrap();
    let add = |a: i64, b: i64| Write::from(Statement::guard(&LONG, values![a, b]));
    site.db.commit(add(1, 1)).await.unwrap();
    let table = "a_table_with_a_name_that_goes_on";
    for (write, column) in [(add(1, 2), "first"), (add(2, 1), "second")] {
        let key = format!("{table}_{column}_column_of_this_table_key");
        assert_eq!(site.db.commit(write).await, Err(DbError::Duplicate(key)));
    }
}
