//! The settings of the connections, read back from the connections themselves.

use serene_db::{Statement, Write, values};

use crate::house::{self, House};

serene_db::statements! {
    /// The writer answers no questions; it writes down what it finds.
    NOTE = "test.note": "INSERT INTO counters (name, n)
        SELECT 'synchronous', synchronous FROM pragma_synchronous
        UNION ALL SELECT 'foreign_keys', foreign_keys FROM pragma_foreign_keys
        UNION ALL SELECT 'secure_delete', secure_delete FROM pragma_secure_delete
        UNION ALL SELECT 'trusted_schema', trusted_schema FROM pragma_trusted_schema
        UNION ALL SELECT 'temp_store', temp_store FROM pragma_temp_store
        UNION ALL SELECT 'busy_timeout', timeout FROM pragma_busy_timeout
        UNION ALL SELECT 'page_size', page_size FROM pragma_page_size";
    /// What it found.
    NOTED = "test.noted": "SELECT name || '=' || n FROM counters WHERE name <> 'visits' ORDER BY name";
    /// What a reader is set to.
    READER = "test.reader": "SELECT 'trusted_schema=' || trusted_schema FROM pragma_trusted_schema
        UNION ALL SELECT 'temp_store=' || temp_store FROM pragma_temp_store
        UNION ALL SELECT 'busy_timeout=' || timeout FROM pragma_busy_timeout";
    /// The journal, which both share.
    JOURNAL = "test.journal": "PRAGMA journal_mode";
}

#[tokio::test]
async fn the_writer_keeps_what_it_says() {
    let house = House::new().await;
    house.db.commit(Write::from(Statement::new(&NOTE, values![]))).await.unwrap();
    let noted = house::firsts::<String>(&house.db, &NOTED, values![]).await.unwrap();
    let expected = [
        "busy_timeout=5000",
        "foreign_keys=1",
        "page_size=4096",
        "secure_delete=1",
        "synchronous=2",
        "temp_store=2",
        "trusted_schema=0",
    ];
    assert_eq!(noted, expected);
}

#[tokio::test]
async fn a_reader_trusts_nothing_and_waits_for_nobody() {
    let house = House::new().await;
    let set = house::firsts::<String>(&house.db, &READER, values![]).await.unwrap();
    assert_eq!(set, ["trusted_schema=0", "temp_store=2", "busy_timeout=0"]);
    let journal = house::firsts::<String>(&house.db, &JOURNAL, values![]).await.unwrap();
    assert_eq!(journal, ["wal"]);
}
