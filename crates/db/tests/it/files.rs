//! Opening: who may read the files, and what a refusal says.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use serene_db::{DataLock, Db, DbError, SqliteOptions};

use crate::house;

fn mode(path: &Path) -> String {
    format!("{:04o}", std::fs::metadata(path).unwrap().mode() & 0o7777)
}

#[tokio::test]
async fn nobody_else_may_read_what_is_made() {
    let temporary = tempfile::tempdir().unwrap();
    std::fs::set_permissions(temporary.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let outer = temporary.path().join("var");
    let folder = outer.join("serene");
    let db = Db::open_sqlite(SqliteOptions::new(folder.join("serene.db"))).unwrap();
    db.migrate(house::MIGRATIONS).await.unwrap();
    let _lock = DataLock::acquire(&folder).unwrap();

    assert_eq!((mode(&outer).as_str(), mode(&folder).as_str()), ("0700", "0700"));
    for name in ["serene.db", "serene.db-wal", "serene.db-shm", "serene.lock"] {
        assert_eq!(mode(&folder.join(name)), "0600", "{name}");
    }
}

#[test]
fn a_lock_makes_its_folder() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("new");
    let _lock = DataLock::acquire(&folder).unwrap();
    assert_eq!(mode(&folder), "0700");
}

#[test]
fn many_may_open_a_new_file_at_once() {
    for _ in 0..10 {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("new").join("serene.db");
        std::thread::scope(|scope| {
            let open = || Db::open_sqlite(SqliteOptions::new(&path));
            let opened: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            for one in opened {
                one.join().unwrap().unwrap();
            }
        });
    }
}

#[test]
fn a_file_in_use_is_waited_for() {
    // Turning WAL on needs the file to itself, and for a writer's lock SQLite does not wait here.
    for held in ["BEGIN; SELECT * FROM t;", "BEGIN IMMEDIATE;"] {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("serene.db");
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute_batch("CREATE TABLE t (x)").unwrap();
        other.execute_batch(held).unwrap();
        std::thread::scope(|scope| {
            let opened = scope.spawn(|| Db::open_sqlite(SqliteOptions::new(&path)));
            std::thread::sleep(std::time::Duration::from_millis(200));
            assert!(!opened.is_finished(), "it should be waiting: {held}");
            drop(other);
            opened.join().unwrap().unwrap();
        });
    }
}

#[test]
fn a_refusal_names_the_file_and_the_reason() {
    let temporary = tempfile::tempdir().unwrap();
    let text = temporary.path().join("notes.txt");
    std::fs::write(&text, "this is not a database ".repeat(100)).unwrap();
    let cases = [
        (text.clone(), "not a database"),
        (text.join("serene.db"), "Not a directory"),
        (temporary.path().to_owned(), "unable to open"),
    ];
    for (path, reason) in cases {
        let error = Db::open_sqlite(SqliteOptions::new(&path)).unwrap_err();
        let DbError::Open(message) = &error else { panic!("{error:?}") };
        assert!(message.contains(path.to_str().unwrap()), "{message}");
        assert!(message.contains(reason), "{message}");
        assert_eq!(message.lines().count(), 1);
    }
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("this is not"));
}

#[tokio::test]
async fn the_engine_says_what_it_is() {
    let house = house::House::new().await;
    let version = house.db.describe();
    assert!(version.starts_with("SQLite 3."), "{version}");
}

#[tokio::test]
async fn a_file_that_is_moved_away_takes_no_writes_until_it_is_back() {
    let house = house::House::new().await;
    let (file, elsewhere) =
        (house.folder.path().join("serene.db"), house.folder.path().join("moved.db"));
    std::fs::rename(&file, &elsewhere).unwrap();
    for another in [false, true] {
        if another {
            // Not even when another file is in its place.
            std::fs::write(&file, b"").unwrap();
        }
        let refused = house.db.probe().await;
        assert!(matches!(refused, Err(DbError::Io(_))), "{refused:?}");
        assert!(!house.db.is_writable());
    }
    std::fs::rename(&elsewhere, &file).unwrap();
    assert_eq!(house.db.probe().await, Ok(()));
    assert!(house.db.is_writable());
}
