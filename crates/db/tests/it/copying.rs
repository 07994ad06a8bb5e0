//! Copying everything into another database, from each engine into each.

use std::time::Duration;

use serene_db::{Copy, CopyError, CopyPlan, Db, SqliteOptions, Write, refuse_unfinished_copy};
use tempfile::TempDir;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    engines::{Site, on_every_engine},
    house::{OWNER, PORTABLE, add_owner, thing},
};

const PLAN: CopyPlan = CopyPlan { migrations: PORTABLE, skipped: &["counters"], root: "owners" };

on_every_engine! {
    everything_arrives_and_comes_back: bare,
    a_copy_that_was_cut_off_goes_on_after_the_last_row: bare,
    a_changed_row_is_noticed: bare,
    a_target_with_somebody_in_it_is_refused: furnished,
    another_source_does_not_go_on_with_it: bare,
}

/// An SQLite database in a folder of its own.
async fn sqlite() -> (Db, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open_sqlite(SqliteOptions::new(folder.path().join("serene.db"))).unwrap();
    db.migrate(PORTABLE).await.unwrap();
    (db, folder)
}

/// Two thousand things of one owner, one of each of six hundred others; empty, missing and large
/// bodies, and bytes that are no text.
async fn filled() -> (Db, TempDir) {
    let (db, folder) = sqlite().await;
    db.commit(add_owner(OWNER, "alice 'ö' ?")).await.unwrap();
    let body = |id: i64| match id % 4 {
        0 => None,
        1 => Some(Vec::new()),
        2 => Some(vec![0, 255, 0x27, b'\\', b'?']),
        _ => Some(vec![u8::try_from(id % 251).unwrap(); if id % 100 == 3 { 300_000 } else { 80 }]),
    };
    let mut write = Write::new();
    for id in -1000..1000_i64 {
        write = write.with(thing(OWNER, id, body(id.abs())));
    }
    for number in 0..600_u32 {
        // Bytes in every place, so that each engine sorts them by the same.
        let owner = Uuid::from_u128(u128::from(number.wrapping_mul(2_654_435_761)) << 96 | 7);
        db.commit(add_owner(owner, &format!("owner {number}"))).await.unwrap();
        write = write.with(thing(owner, i64::from(number), body(2)));
    }
    db.commit(write).await.unwrap();
    let leased = serene_db::Sequence::new("things", 100);
    leased.next(&db).await.unwrap();
    (db, folder)
}

/// Every row, as another program reads it.
fn content(folder: &TempDir) -> Vec<String> {
    let file = rusqlite::Connection::open(folder.path().join("serene.db")).unwrap();
    let mut all = Vec::new();
    for sql in [
        "SELECT hex(id) || name FROM owners ORDER BY id",
        "SELECT hex(owner_id) || id || coalesce(hex(body), 'null') FROM things ORDER BY owner_id, id",
        "SELECT name || next_number FROM sequences ORDER BY name",
    ] {
        let mut statement = file.prepare(sql).unwrap();
        all.extend(
            statement.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap),
        );
    }
    all
}

async fn copy(from: &Db, to: &Db) -> Result<bool, CopyError> {
    let copy = Copy::begin(from, to, PLAN).await?;
    copy.rows(|_, _| ()).await?;
    let tables = copy.verify().await?;
    let equal = tables.iter().all(|table| table.equal);
    if equal {
        copy.finish().await?;
    }
    Ok(equal)
}

/// Copies until a table has so many rows, and is then gone like a killed process.
async fn copy_until(from: &Db, to: &Db, table: &str, rows: u64) {
    let copy = Copy::begin(from, to, PLAN).await.unwrap();
    let enough = Notify::new();
    let told = |name: &str, count: u64| {
        if name == table && count >= rows {
            enough.notify_one();
        }
    };
    tokio::select! {
        biased;
        () = enough.notified() => {}
        done = copy.rows(told) => panic!("too late: {done:?}"),
    }
    // A commit that was on its way is made by somebody else.
    tokio::time::sleep(Duration::from_millis(100)).await;
}

async fn everything_arrives_and_comes_back(site: Site) {
    let (from, source) = filled().await;
    let copying = Copy::begin(&from, &site.db, PLAN).await.unwrap();
    assert!(!copying.is_resumed());
    assert!(refuse_unfinished_copy(&site.db).await.is_err());
    copying.rows(|_, _| ()).await.unwrap();
    let tables = copying.verify().await.unwrap();
    let summary: Vec<_> =
        tables.iter().map(|t| (t.table.as_str(), t.source_rows, t.target_rows, t.equal)).collect();
    assert_eq!(
        summary,
        [("owners", 601, 601, true), ("things", 2600, 2600, true), ("sequences", 1, 1, true)]
    );
    copying.finish().await.unwrap();
    assert_eq!(refuse_unfinished_copy(&site.db).await, Ok(()));

    let (back, target) = sqlite().await;
    assert!(copy(&site.db, &back).await.unwrap());
    assert_eq!(content(&target), content(&source));
    // What is skipped stays as the migrations made it, and the rest of the product works.
    assert_eq!(site.outside("SELECT COUNT(*) FROM counters").await, 1);
    assert_eq!(serene_db::Sequence::new("things", 1).next(&back).await, Ok(101));
}

async fn a_copy_that_was_cut_off_goes_on_after_the_last_row(site: Site) {
    let (from, source) = filled().await;
    copy_until(&from, &site.db, "owners", 500).await;
    copy_until(&from, &site.db, "things", 300).await;
    let refused = refuse_unfinished_copy(&site.db).await.unwrap_err().to_string();
    assert_eq!(refused, "a copy into this database was cut off: run `serene copy` again");
    let before = site.outside("SELECT COUNT(*) FROM things").await;
    assert!((300..2600).contains(&before), "{before}");

    // Nor is it whole enough to be copied itself.
    let (elsewhere, _folder) = sqlite().await;
    let onwards = Copy::begin(&site.db, &elsewhere, PLAN).await;
    assert!(matches!(onwards, Err(CopyError::SourceUnfinished)), "{onwards:?}");

    let copying = Copy::begin(&from, &site.db, PLAN).await.unwrap();
    assert!(copying.is_resumed());
    let mut written = 0;
    copying
        .rows(|table, rows| written = if table == "things" { rows } else { written })
        .await
        .unwrap();
    assert_eq!(written, 2600 - before.cast_unsigned(), "only what was missing");
    assert!(copying.verify().await.unwrap().iter().all(|table| table.equal));
    copying.finish().await.unwrap();

    let (back, target) = sqlite().await;
    assert!(copy(&site.db, &back).await.unwrap());
    assert_eq!(content(&target), content(&source));
}

async fn a_changed_row_is_noticed(site: Site) {
    let (from, _source) = filled().await;
    let copying = Copy::begin(&from, &site.db, PLAN).await.unwrap();
    copying.rows(|_, _| ()).await.unwrap();
    let thing = format!("owner_id = {} AND id = 3", site.literal(OWNER));
    let changed =
        format!("UPDATE things SET body = {} WHERE {thing}", site.bytes(&"02".repeat(80)));
    for (damage, found) in [
        ("UPDATE sequences SET next_number = 102".to_owned(), &["sequences"][..]),
        (changed, &["things", "sequences"]),
        (format!("UPDATE things SET body = NULL WHERE {thing}"), &["things", "sequences"]),
        (
            "UPDATE owners SET name = 'owner 5x' WHERE name = 'owner 5'".to_owned(),
            &["owners", "things", "sequences"],
        ),
    ] {
        assert!(copying.verify().await.unwrap().iter().any(|table| table.equal), "before {damage}");
        site.outside(&damage).await;
        let tables = copying.verify().await.unwrap();
        let different = tables.iter().filter(|table| !table.equal).map(|t| t.table.as_str());
        assert_eq!(different.collect::<Vec<_>>(), found, "{damage}");
        assert!(tables.iter().all(|table| table.source_rows == table.target_rows), "{damage}");
    }
    site.outside(&format!("DELETE FROM things WHERE {thing}")).await;
    let tables = copying.verify().await.unwrap();
    assert_eq!((tables[1].source_rows, tables[1].target_rows), (2600, 2599));
    // Another run does not make it good, and says so again.
    assert!(!copy(&from, &site.db).await.unwrap());
    assert!(refuse_unfinished_copy(&site.db).await.is_err());
}

async fn a_target_with_somebody_in_it_is_refused(site: Site) {
    let (from, _source) = filled().await;
    let refused = Copy::begin(&from, &site.db, PLAN).await;
    assert!(matches!(refused, Err(CopyError::TargetNotEmpty)), "{refused:?}");
    assert_eq!(site.outside("SELECT COUNT(*) FROM owners").await, 1);
    assert_eq!(refuse_unfinished_copy(&site.db).await, Ok(()));
}

#[tokio::test]
async fn what_is_no_source_is_refused_and_a_database_is_not_copied_into_itself() {
    let (db, folder) = sqlite().await;
    let again = SqliteOptions::new(folder.path().join("../").join(folder.path()).join("serene.db"));
    let again = Db::open_sqlite(again).unwrap();
    let same = Copy::begin(&db, &again, PLAN).await;
    assert!(matches!(same, Err(CopyError::Same)), "{same:?}");
    assert_eq!(refuse_unfinished_copy(&db).await, Ok(()));
    assert_eq!(serene_db::Sequence::new("things", 1).next(&db).await, Ok(1));

    let elsewhere = tempfile::tempdir().unwrap();
    let bare = Db::open_sqlite(SqliteOptions::new(elsewhere.path().join("serene.db"))).unwrap();
    assert_eq!(refuse_unfinished_copy(&bare).await, Ok(()));
    let outdated = Copy::begin(&bare, &db, PLAN).await;
    assert!(matches!(outdated, Err(CopyError::SourceOutdated(1))), "{outdated:?}");
}

async fn another_source_does_not_go_on_with_it(site: Site) {
    let (from, _source) = filled().await;
    copy_until(&from, &site.db, "things", 300).await;
    let (other, _folder) = sqlite().await;
    other.commit(add_owner(OWNER, "alice")).await.unwrap();
    let refused = Copy::begin(&other, &site.db, PLAN).await;
    assert!(matches!(refused, Err(CopyError::OtherSource)), "{refused:?}");
    // The same one, after it was used again.
    serene_db::Sequence::new("things", 100).next(&from).await.unwrap();
    let refused = Copy::begin(&from, &site.db, PLAN).await;
    assert!(matches!(refused, Err(CopyError::OtherSource)), "{refused:?}");
}
