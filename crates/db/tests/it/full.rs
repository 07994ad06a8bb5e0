//! No room: writes say so, reads go on, and everything heals once there is room again.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serene_db::{Db, DbError, SqliteOptions, Write};

use crate::house::{self, House};

/// Fills the database with things of 20 kB, and says how many fitted.
async fn fill(db: &Db) -> usize {
    for (fitted, id) in (1000..2000).enumerate() {
        match db.commit(house::add_big(id, 20_000)).await {
            Ok(_) => {}
            Err(DbError::StorageFull) => return fitted,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("20 MB fitted");
}

#[tokio::test]
async fn a_full_quota_refuses_writes_serves_reads_and_heals() {
    let house = House::with_pages(Some(100)).await;
    assert!(house.db.is_writable());
    let fitted = fill(&house.db).await;
    assert!(fitted > 0);

    assert!(!house.db.is_writable());
    assert_eq!(house.things().await.len(), fitted);
    assert_eq!(house.db.probe().await, Err(DbError::StorageFull));
    assert!(!house.db.is_writable());

    // What needs no room may succeed; what touches nothing proves nothing.
    let nothing = Write::from(house::delete_range(5, 6));
    assert_eq!(house.db.commit(nothing).await, Ok(vec![0]));
    assert!(!house.db.is_writable());

    let room = Write::from(house::delete_range(1000, 1010));
    assert_eq!(house.db.commit(room).await, Ok(vec![11]));
    assert_eq!(house.db.probe().await, Ok(()));
    assert!(house.db.is_writable());
    house.db.commit(house::add_big(1, 20_000)).await.unwrap();
    assert_eq!(house.db.quick_check().await, Ok(vec!["ok".to_owned()]));
}

#[tokio::test]
async fn a_full_disk_refuses_writes_serves_reads_and_heals() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: mounting a small disk needs root");
        return;
    };
    let db = Db::open_sqlite(SqliteOptions::new(disk.path().join("serene.db"))).unwrap();
    house::set_up(&db).await;
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; 1024 * 1024]).unwrap();

    let fitted = fill(&db).await;
    assert!(fitted > 0);
    assert!(!db.is_writable());
    assert_eq!(house::things(&db).await.len(), fitted);
    assert_eq!(db.probe().await, Err(DbError::StorageFull));
    assert!(!db.is_writable());
    // A reader that is opened only now.
    let elsewhere = std::thread::scope(|scope| {
        let read = || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(house::things(&db)).len()
        };
        scope.spawn(read).join().unwrap()
    });
    assert_eq!(elsewhere, fitted);

    std::fs::remove_file(ballast).unwrap();
    assert_eq!(db.probe().await, Ok(()));
    assert!(db.is_writable());
    db.commit(house::add_big(1, 20_000)).await.unwrap();
    assert_eq!(house::things(&db).await.len(), fitted + 1);
    assert_eq!(db.quick_check().await, Ok(vec!["ok".to_owned()]));
}

#[tokio::test]
async fn one_write_too_big_for_the_disk_does_not_fail_its_batch() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: mounting a small disk needs root");
        return;
    };
    let file = disk.path().join("serene.db");
    let db = Db::open_sqlite(SqliteOptions::new(&file)).unwrap();
    house::set_up(&db).await;
    let writes = vec![house::add_thing(1), house::add_big(2, 1_800_000), house::add_thing(3)];
    // SQLite keeps 2 MB in memory, so that it is COMMIT which finds the disk full.
    std::fs::write(disk.path().join("ballast"), vec![0; 2_500_000]).unwrap();
    let answers = house::in_one_batch(&db, &file, writes).await;
    assert_eq!(answers, [Ok(vec![1]), Err(DbError::StorageFull), Ok(vec![1])]);
    assert_eq!(house::things(&db).await, [1, 3]);
}

/// A file system of 4 MiB in memory, gone when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        mount.is_ok_and(|status| status.success()).then(|| Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: this thread's reader may still have the file open.
        let done = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
        assert!(
            done.is_ok_and(|status| status.success()),
            "{} is still mounted",
            self.0.path().display()
        );
    }
}
