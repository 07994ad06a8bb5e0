//! What reaches a log: names of statements, and never what people wrote.

use std::{
    io,
    sync::{Mutex, Once},
};

use serene_db::{DbError, Row, Select, Statement, Value, Write, values};

use crate::house::{self, House};

const SECRET: &str = "I have never told anyone this";

serene_db::statements! {
    /// Takes a while.
    SLOW_READ = "test.slow_read": "WITH RECURSIVE r (i) AS \
        (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 3000000) SELECT max(i), ? FROM r";
    /// Takes a while, and writes.
    SLOW_WRITE = "test.slow_write": "INSERT INTO counters (n, name) WITH RECURSIVE r (i) AS \
        (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 3000000) SELECT max(i), ? FROM r";
    /// Text where a number must be.
    WRONG_TYPE = "test.wrong_type": "INSERT INTO counters (name, n) VALUES ('x', ?)";
    /// One value.
    ECHO = "test.echo": "SELECT ?";
}

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// From now on, what this process logs is kept for [`logged`].
fn start_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(|| Log)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

fn logged() -> String {
    String::from_utf8(LOG.lock().unwrap().clone()).unwrap()
}

#[tokio::test]
async fn slow_statements_are_logged_by_name() {
    start_log();
    let house = House::new().await;
    let read = Select::new(&SLOW_READ, values![SECRET], |row: &Row<'_>| row.get::<i64>(0));
    assert_eq!(house.db.query_one::<i64, DbError, _>(read).await, Ok(Some(3_000_000)));
    let write = Statement::guard(&SLOW_WRITE, values![SECRET]);
    house.db.commit(Write::from(write)).await.unwrap();
    house::counter(&house.db).await.unwrap();

    let log = logged();
    assert!(log.contains("slow statement test.slow_read"), "{log}");
    assert!(log.contains("slow statement test.slow_write"), "{log}");
    assert!(log.contains("took_ms="), "{log}");
    assert!(!log.contains("counters.get"), "{log}");
    assert!(!log.contains(SECRET), "{log}");
}

#[tokio::test]
async fn errors_and_their_log_lines_quote_no_values() {
    start_log();
    let house = House::new().await;
    let write = Write::from(Statement::new(&WRONG_TYPE, values![SECRET]));
    let error = house.db.commit(write).await.unwrap_err();
    assert!(matches!(&error, DbError::Broken { statement: "test.wrong_type", .. }), "{error:?}");
    house.db.commit(house::add_owner(uuid::Uuid::nil(), SECRET)).await.unwrap();
    let again = house::add_owner(uuid::Uuid::max(), SECRET);
    let duplicate = house.db.commit(again).await.unwrap_err();
    assert_eq!(duplicate, DbError::Duplicate("owners_name_key".into()));

    let log = logged();
    assert!(log.contains("test.wrong_type"), "{log}");
    for text in [log, format!("{error} {error:?} {duplicate} {duplicate:?}")] {
        assert!(!text.contains("never told"), "{text}");
    }
}

#[tokio::test]
async fn debug_shows_kinds_and_sizes_only() {
    let number = 31_415_926_i64;
    let values = values![SECRET, SECRET.as_bytes().to_vec(), number, None::<String>];
    let statement = Statement::new(&ECHO, values.clone());
    let write = Write::from(statement.clone());
    let shown = format!("{values:?} {statement:?} {write:?} {write:#?}");
    assert!(shown.contains("Text(29 bytes)") && shown.contains("test.echo"), "{shown}");

    let house = House::new().await;
    let shown_row =
        Select::new(&ECHO, values![SECRET], |row: &Row<'_>| Ok::<_, DbError>(format!("{row:?}")));
    let shown_row = house.db.query_one(shown_row).await.unwrap().unwrap();
    assert!(shown_row.contains("test.echo"), "{shown_row}");
    for text in [shown, shown_row, format!("{:?}", Value::from(uuid::Uuid::max()))] {
        assert!(!text.contains("never told"), "{text}");
        assert!(!text.contains("31415926"), "{text}");
        assert!(!text.contains("73, 32, 104"), "{text}");
        assert!(!text.contains("ffffffff"), "{text}");
    }
}
