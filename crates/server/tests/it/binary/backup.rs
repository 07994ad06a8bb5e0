//! `serene backup` beside a server that is written to, and `serene restore`.

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::json;

use crate::process::{Finished, Home, Request, Server, mode, wait_for};

fn stop(mut server: Server) {
    server.signal(Signal::TERM);
    assert!(server.wait().0.success());
}

#[track_caller]
fn refused(done: &Finished, said: &str) {
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains(said) && done.err.lines().count() == 1, "{said}: {done:?}");
}

/// The ids of all conversations of somebody.
fn conversations(server: &Server, token: &str) -> Vec<String> {
    let export = server.get("/api/v1/me/export", token).expect(200);
    let all = export["conversations"].as_array().unwrap();
    all.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

fn files(folder: &Path) -> Vec<String> {
    let name =
        |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

/// Eight clients write; what was acknowledged before the backup began is in it.
#[test]
fn a_backup_beside_eight_writers_has_all_that_was_acknowledged_on_sqlite() {
    let home = Home::on_sqlite();
    let server = home.start(&[("JWT_SECRET", "the same everywhere 123")]);
    let (address, ending) = (server.address, Arc::new(AtomicBool::new(false)));
    let writers: Vec<_> = (0..8)
        .map(|number| {
            let (token, ending) =
                (server.register(&format!("writer{number}")), Arc::clone(&ending));
            let acknowledged = Arc::new(Mutex::new(Vec::new()));
            let (bearer, book) = (token.clone(), Arc::clone(&acknowledged));
            let thread = std::thread::Builder::new().spawn(move || {
                while !ending.load(Ordering::Relaxed) {
                    let request = Request::new("POST", "/api/v1/conversations").token(&bearer);
                    let made = request.json(&json!({})).send(address).expect(201);
                    book.lock().unwrap().push(made["id"].as_str().unwrap().to_owned());
                }
            });
            (token, acknowledged, thread.unwrap())
        })
        .collect();
    let written = || writers.iter().map(|(_, book, _)| book.lock().unwrap().len()).min().unwrap();
    for round in 1..=3 {
        wait_for("everybody to write", || (written() >= round * 15).then_some(()));
        let before: Vec<Vec<String>> =
            writers.iter().map(|(_, book, _)| book.lock().unwrap().clone()).collect();
        let file = format!("backup{round}.db");
        let done = home.run(&["backup", &file], &[]);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(done.out.starts_with(&format!("{file}: ")), "{done:?}");
        assert!(done.out.contains("accounts: 8, ") && done.out.contains("read again in "));
        assert_eq!(mode(&home.work().join(&file)), 0o600);

        let there = Home::on_sqlite();
        let from = home.work().join(&file);
        let restored = there.run(&["restore", from.to_str().unwrap()], &[]);
        assert_eq!(restored.code, Some(0), "{restored:?}");
        assert!(restored.out.contains("not in a backup: the signing secret"), "{restored:?}");
        // With the same secret even the tokens are good.
        let second = there.start(&[("JWT_SECRET", "the same everywhere 123")]);
        for ((token, ..), before) in writers.iter().zip(before) {
            let found = conversations(&second, token);
            let missing = before.iter().filter(|id| !found.contains(id)).count();
            assert_eq!(missing, 0, "of {}", before.len());
        }
        stop(second);
    }
    let during = written();
    wait_for("the server to go on", || (written() > during).then_some(()));
    ending.store(true, Ordering::Relaxed);
    for (_, _, thread) in writers {
        thread.join().unwrap();
    }
    assert_eq!(files(&home.work()), ["backup1.db", "backup2.db", "backup3.db", "data"]);
    stop(server);
}

#[test]
fn a_backup_overwrites_nothing_and_needs_a_database_on_sqlite() {
    let home = Home::on_sqlite();
    refused(&home.run(&["backup", "b.db"], &[]), "there is no database at ");
    assert_eq!(files(&home.work()), [""; 0], "nothing was made by asking");
    assert_eq!(home.run(&["migrate", "up"], &[]).code, Some(0));
    fs::write(home.work().join("b.db"), "precious").unwrap();
    refused(&home.run(&["backup", "b.db"], &[]), "b.db exists already");
    assert_eq!(fs::read(home.work().join("b.db")).unwrap(), b"precious");
    refused(&home.run(&["backup", "nowhere/b.db"], &[]), "nowhere/b.db: ");
    // A damaged database makes no backup that looks like one.
    let file = Connection::open(home.work().join("data/serene.db")).unwrap();
    file.execute_batch(
        "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA writable_schema=ON;
         UPDATE sqlite_schema SET rootpage = 999999 WHERE name = 'users';",
    )
    .unwrap();
    drop(file);
    let damaged = home.run(&["backup", "c.db"], &[]);
    assert_eq!(damaged.code, Some(1), "{damaged:?}");
    assert_eq!(files(&home.work()), ["b.db", "data"]);
}

#[test]
fn a_backup_is_put_back_and_the_old_database_kept_on_sqlite() {
    let home = Home::on_sqlite();
    let server = home.start(&[]);
    let token = server.register("mira");
    server.conversation(&token);
    let then = conversations(&server, &token);
    assert_eq!(home.run(&["backup", "b.db"], &[]).code, Some(0));
    server.conversation(&token);
    refused(&home.run(&["restore", "b.db", "--replace"], &[]), "stop it first");
    // As after a crash: a part of the database is in its log.
    server.crash();
    let data = home.work().join("data");
    assert!(fs::metadata(data.join("serene.db-wal")).unwrap().len() > 0);

    refused(&home.run(&["restore", "b.db"], &[]), "add --replace");
    let done = home.run(&["restore", "b.db", "--replace"], &[]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let kept = done.out.lines().find_map(|l| l.strip_prefix("the database that was there is now "));
    let kept = kept.unwrap().to_owned();
    assert!(kept.starts_with("./data/serene.db.before-20"), "{kept}");
    assert_eq!(mode(&home.work().join(&kept)), 0o600);
    // Whole in one file: its log was taken in before anything was moved.
    let beside: Vec<String> = files(&data).into_iter().filter(|n| n.contains(".before-")).collect();
    assert_eq!(beside.len(), 1, "{beside:?}");
    let server = home.start(&[]);
    assert_eq!(conversations(&server, &token), then);
    stop(server);

    // The old one is whole, too.
    let address = format!("sqlite:///{kept}");
    let secret = fs::read_to_string(data.join("jwt_secret")).unwrap();
    let old = [("DATABASE_URL", address.as_str()), ("JWT_SECRET", secret.trim())];
    let server = home.start(&old);
    assert_eq!(conversations(&server, &token).len(), 2);
    stop(server);
}

#[test]
fn a_damaged_database_is_set_aside_with_its_log_on_sqlite() {
    let home = Home::on_sqlite();
    let server = home.start(&[]);
    let token = server.register("mira");
    server.conversation(&token);
    assert_eq!(home.run(&["backup", "b.db"], &[]).code, Some(0));
    let then = conversations(&server, &token);
    server.crash();
    let data = home.work().join("data");
    // The log alone would bring everything back.
    fs::write(data.join("serene.db"), "this is no database").unwrap();
    fs::write(data.join("serene.db-wal"), "and this no log of one").unwrap();

    refused(&home.run(&["restore", "b.db"], &[]), "cannot be read");
    assert_eq!(fs::read(data.join("serene.db")).unwrap(), b"this is no database");
    let done = home.run(&["restore", "b.db", "--replace"], &[]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let server = home.start(&[]);
    assert_eq!(conversations(&server, &token), then);
    let find = |ending: &str| {
        let names = files(&data);
        let name = names.iter().find(|n| n.contains(".before-") && n.ends_with(ending)).unwrap();
        fs::read(data.join(name)).unwrap()
    };
    assert_eq!(find("Z"), b"this is no database");
    assert_eq!(find("Z-wal"), b"and this no log of one");
    stop(server);
}

#[test]
fn what_is_no_backup_is_refused_and_changes_nothing_on_sqlite() {
    let home = Home::on_sqlite();
    assert_eq!(home.run(&["migrate", "up"], &[]).code, Some(0));
    assert_eq!(home.run(&["backup", "b.db"], &[]).code, Some(0));
    let work = home.work();
    let bytes = fs::read(work.join("b.db")).unwrap();
    let make = |name: &str, sql: &str| {
        fs::write(work.join(name), &bytes).unwrap();
        Connection::open(work.join(name)).unwrap().execute_batch(sql).unwrap();
    };
    fs::write(work.join("text.db"), "this is no database, and long enough to be one").unwrap();
    fs::write(work.join("empty.db"), "").unwrap();
    fs::write(work.join("cut.db"), &bytes[..bytes.len() / 2]).unwrap();
    // Pages that are said to be free and are nowhere: no read of a table meets that.
    let mut blot = bytes.clone();
    blot[36..40].copy_from_slice(&5_u32.to_be_bytes());
    fs::write(work.join("blot.db"), blot).unwrap();
    Connection::open(work.join("other.db")).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    make("newer.db", "INSERT INTO schema_migrations VALUES (9999, 'later', 'x')");
    make("build.db", "UPDATE schema_migrations SET hash = 'x'");
    make("half.db", "INSERT INTO storage_copy VALUES (1, 'x', 1)");
    fs::write(work.join("live.db"), &bytes).unwrap();
    fs::write(work.join("live.db-wal"), "frames").unwrap();

    let database = fs::read(work.join("data/serene.db")).unwrap();
    for (file, said) in [
        ("missing.db", "missing.db: No such file"),
        ("text.db", "text.db is no database of Serene's"),
        ("empty.db", "empty.db is no database of Serene's"),
        ("other.db", "other.db is no database of Serene's"),
        ("cut.db", "cut.db is damaged: "),
        ("blot.db", "blot.db is damaged: "),
        ("newer.db", "use a newer Serene"),
        ("build.db", "the two come from different builds"),
        ("half.db", "a copy into half.db was cut off"),
        ("live.db", "a part of live.db is in the -wal file beside it"),
    ] {
        refused(&home.run(&["restore", file, "--replace"], &[]), said);
    }
    assert_eq!(fs::read(work.join("data/serene.db")).unwrap(), database);
    let left: Vec<String> = files(&work.join("data"))
        .into_iter()
        .filter(|name| name.contains("before") || name.contains("restoring"))
        .collect();
    assert_eq!(left, [""; 0]);
}

#[test]
fn a_database_on_a_server_is_left_to_its_own_tools() {
    let home = Home::on_sqlite();
    let quiet = Duration::from_secs(20);
    for (url, out, back) in [
        (
            "postgresql://ana:hunter2@db.example:5433/journal?sslmode=require",
            "  pg_dump --format=custom --file=b.dump 'postgresql://ana@db.example:5433/journal?sslmode=require'\n",
            "  pg_restore --single-transaction --no-owner --dbname='postgresql://ana@db.example:5433/journal?sslmode=require' b.dump\n",
        ),
        (
            "mysql://ana:hunter2@db.example/journal",
            "  mariadb-dump --single-transaction --hex-blob --host=db.example --user=ana --password --result-file=b.dump journal\n",
            "  mariadb --host=db.example --user=ana --password journal < b.dump\n",
        ),
    ] {
        let start = crate::process::now();
        for (command, line) in [("backup", out), ("restore", back)] {
            let told = home.run(&[command, "b.dump"], &[("DATABASE_URL", url)]);
            assert_eq!(told.code, Some(1), "{told:?}");
            assert!(told.out.ends_with(line), "{told:?}");
            assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
        }
        assert!(start.elapsed() < quiet, "nobody was asked");
    }
    assert_eq!(files(&home.work()), [""; 0]);
}
