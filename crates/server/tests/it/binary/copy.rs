//! `serene copy`, from one engine to another and back, cut off, refused and damaged.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use uuid::Uuid;

use crate::{
    app::PASSWORD,
    database::elsewhere,
    process::{Finished, Home, Reaped, Server, finished, wait_for},
};

const UNFINISHED: &str = "a copy into this database was cut off: run `serene copy` again";
const PICTURE: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=";

fn in_silence(mut command: Command) -> Command {
    command.stdout(Stdio::null());
    command
}

fn stop(mut server: Server) {
    server.signal(Signal::TERM);
    assert!(server.wait().0.success());
}

fn copy(home: &Home, from: &str, to: &str) -> Finished {
    home.run(&["copy", "--from", from, "--to", to], &[])
}

#[track_caller]
fn copied(home: &Home, from: &str, to: &str) {
    let done = copy(home, from, to);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.out.contains("copied and compared: "), "{done:?}");
    assert!(!done.out.contains("DIFFERENT"), "{done:?}");
}

/// A new database on the server of this name, if there is one.
fn on_server(setting: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "a test's own switch and names")]
    let (server, name) = (std::env::var(setting).ok()?, format!("copy{}", Uuid::new_v4().simple()));
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    elsewhere(async {
        if server.starts_with("postgres") {
            let options: sqlx::postgres::PgConnectOptions = server.parse().unwrap();
            let mut connection = options.connect().await.unwrap();
            sqlx::raw_sql(create).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        } else {
            let options: sqlx::mysql::MySqlConnectOptions = server.parse().unwrap();
            let mut connection = options.connect().await.unwrap();
            sqlx::raw_sql(create).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    });
    Some(format!("{}/{name}", server.rsplit_once('/').unwrap().0))
}

/// A server on a database, with a key or without.
fn start(home: &Home, database: &str, key: Option<&str>) -> Server {
    let mut environment =
        vec![("DATABASE_URL", database), ("JWT_SECRET", "the same everywhere 123")];
    environment.extend(key.map(|key| ("SERENE_MASTER_KEY", key)));
    home.start(&environment)
}

fn sign_in(server: &Server, name: &str) -> String {
    let body = json!({"username": name, "password": PASSWORD});
    let reply = server.post("/api/v1/auth/login", "", &body).expect(200);
    reply["access_token"].as_str().unwrap().to_owned()
}

/// Something of every kind that an account holds.
fn live(server: &Server, name: &str) {
    let token = server.register(name);
    let messages = server.conversation(&token);
    let look = json!({"content": "look \u{1f30a} 'here' \\ ?", "attachments": [PICTURE]});
    server.post(&messages, &token, &look).expect(201);
    server.post(&messages, &token, &json!({"content": "I want to kill myself"})).expect(201);
    for mood in ["calm", "odd 'ö'"] {
        let note = "I walked along the river this morning and for once nothing hurried me.";
        let entry = json!({"mood": mood, "tags": ["river", "Ünïcode"], "note": note});
        server.post("/api/v1/entries", &token, &entry).expect(201);
    }
}

/// What each of them takes along, without the moment when it was asked for.
fn exports(server: &Server, names: &[&str]) -> Vec<Value> {
    let export = |name: &&str| {
        let mut export = server.get("/api/v1/me/export", &sign_in(server, name)).expect(200);
        assert!(export.as_object_mut().unwrap().remove("exported_at").is_some());
        assert_eq!(export["messages"].as_array().unwrap().len(), 4, "{export}");
        export
    };
    names.iter().map(export).collect()
}

/// Everything there and back: what people see is the same at each end.
fn around(middle: &str, sealed: bool) {
    let home = Home::on_sqlite();
    let key = sealed.then(|| home.run(&["vault", "key"], &[]).out.trim().to_owned());
    let key = key.as_deref();
    let names = ["mira", "noah"];
    let (first, last) = ("sqlite:///./data/serene.db", "sqlite:///./back/serene.db");
    let server = start(&home, first, key);
    for name in names {
        live(&server, name);
    }
    let before = exports(&server, &names);

    let early = copy(&home, first, middle);
    assert_eq!(early.code, Some(1), "{early:?}");
    assert!(early.err.contains("another Serene is using ./data: stop it first"), "{early:?}");
    stop(server);
    copied(&home, first, middle);
    if let Some(file) = middle.strip_prefix("sqlite:///") {
        let (one, other) = (home.work().join("data/serene.db"), home.work().join(file));
        assert_eq!(different(&one, &other), 0);
    }

    let server = start(&home, middle, key);
    assert_eq!(exports(&server, &names), before);
    // New rows find new numbers, and not those that came along.
    live(&server, "odo");
    let names = ["mira", "noah", "odo"];
    let before = exports(&server, &names);
    let early = copy(&home, middle, last);
    assert_eq!(early.code, Some(1), "{early:?}");
    let reason = if middle.starts_with("sqlite") { "is using " } else { "running on the source" };
    assert!(early.err.contains(reason), "{early:?}");
    stop(server);

    let full = copy(&home, middle, first);
    assert_eq!(full.code, Some(1), "{full:?}");
    assert!(full.err.contains("the target is not empty"), "{full:?}");
    copied(&home, middle, last);
    let server = start(&home, last, key);
    assert_eq!(exports(&server, &names), before);
    stop(server);
}

#[test]
fn everything_goes_to_another_file_and_back() {
    around("sqlite:///./other/there.db", false);
    around("sqlite:///./data/there.db", true);
}

#[test]
fn everything_goes_to_postgresql_and_back() {
    for sealed in [false, true] {
        let Some(middle) = on_server("SERENE_TEST_POSTGRES_URL") else { return };
        around(&middle, sealed);
    }
}

#[test]
fn everything_goes_to_mariadb_and_back() {
    for sealed in [false, true] {
        let Some(middle) = on_server("SERENE_TEST_MYSQL_URL") else { return };
        around(&middle, sealed);
    }
}

#[test]
fn an_address_with_a_password_is_read_from_a_file() {
    let home = Home::on_sqlite();
    assert_eq!(home.run(&["migrate", "up"], &[]).code, Some(0));
    std::fs::write(home.work().join("to"), "sqlite:///./there/serene.db\n").unwrap();
    copied(&home, "sqlite:///./data/serene.db", "@to");
    assert!(home.work().join("there/serene.db").exists());
    for (from, to, said) in [
        ("sqlite:///./data/serene.db", "@missing", "--to: cannot read missing"),
        ("nonsense", "@to", "--from is not a database address"),
        ("sqlite:///./nowhere/x.db", "@to", "there is no database at ./nowhere/x.db"),
        ("postgresql://u:hunter2@127.0.0.1:1/d", "@to", "--from holds a password"),
    ] {
        let refused = copy(&home, from, to);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.err.contains(said) && !refused.err.contains("hunter2"), "{refused:?}");
    }
    assert!(!home.work().join("nowhere").exists());
}

/// A database of many rows, which nobody wrote one by one.
fn crowded(home: &Home) -> PathBuf {
    assert_eq!(home.run(&["migrate", "up"], &[]).code, Some(0));
    let path = home.work().join("data/serene.db");
    let file = Connection::open(&path).unwrap();
    file.execute_batch(
        "PRAGMA foreign_keys=ON; BEGIN;
         CREATE TEMP TABLE n AS WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 60) SELECT i FROM r;
         CREATE TEMP TABLE m AS WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 700) SELECT i FROM r;
         INSERT INTO users (id, number, username, username_folded, created_at, updated_at)
             SELECT randomblob(16), i, 'user' || i, 'user' || i, 1, 2 FROM n;
         INSERT INTO conversations (owner_id, id, number, kind, shelf, title, next_position, message_count, created_at, updated_at)
             SELECT id, randomblob(16), number, 'chat', 'active', NULL, 701, 700, 1, 2 FROM users;
         INSERT INTO messages (owner_id, id, number, conversation_id, position, version, version_count, shown, role, status, content, attachment_count, created_at, updated_at)
             SELECT c.owner_id, randomblob(16), c.number * 1000 + i, c.id, i, 1, 1, 1, 'user', 'complete', randomblob(60 + i % 400), 0, i, i FROM conversations c, m;
         UPDATE sequences SET next_number = 100000;
         COMMIT;",
    )
    .unwrap();
    path
}

fn count(path: &Path, sql: &str) -> i64 {
    let look = || {
        let file = Connection::open(path)?;
        file.busy_timeout(Duration::from_secs(5))?;
        file.query_row(sql, [], |row| row.get(0))
    };
    // Before the copy has made its tables.
    look().unwrap_or(0)
}

/// The tables that are to be copied: all that there are, but for these.
fn tables(path: &Path) -> BTreeSet<String> {
    let file = Connection::open(path).unwrap();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN \
        ('instances', 'schema_migrations', 'storage_probe', 'storage_copy')";
    let mut statement = file.prepare(sql).unwrap();
    let tables: BTreeSet<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(tables.contains("messages") && tables.len() > 10, "{tables:?}");
    tables
}

/// How many rows of all tables are in one file and not in the other.
fn different(one: &Path, other: &Path) -> i64 {
    let file = Connection::open(one).unwrap();
    file.execute("ATTACH ? AS other", [other.to_str().unwrap()]).unwrap();
    let differences = |table: &String| -> i64 {
        let one_way = |a: &str, b: &str| {
            format!(
                "(SELECT COUNT(*) FROM (SELECT * FROM {a}.{table} EXCEPT SELECT * FROM {b}.{table}))"
            )
        };
        let sql = format!("SELECT {} + {}", one_way("main", "other"), one_way("other", "main"));
        file.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    tables(one).iter().map(differences).sum()
}

#[test]
fn a_copy_that_is_killed_again_and_again_is_taken_up_each_time() {
    let home = Home::on_sqlite();
    let source = crowded(&home);
    let target = home.work().join("there/serene.db");
    let arguments =
        ["copy", "--from", "sqlite:///./data/serene.db", "--to", "sqlite:///./there/serene.db"];
    let there = [("DATABASE_URL", "sqlite:///./there/serene.db"), ("PORT", "0")];
    let (mut cut, mut last) = (0, 0);
    for round in 0..12_u64 {
        let mut child = Reaped(in_silence(home.serene(&arguments, &[])).spawn().unwrap());
        // Once rows have arrived, at any moment.
        let rows = "SELECT COUNT(*) FROM messages";
        wait_for("more rows to arrive, or the end", || {
            let ended = child.0.try_wait().unwrap().is_some();
            (ended || count(&target, rows) > last).then_some(())
        });
        let random = RandomState::new().hash_one(round) % 60;
        std::thread::sleep(Duration::from_millis(random));
        child.0.kill().unwrap();
        let status = child.0.wait().unwrap();
        if status.success() {
            break;
        }
        last = count(&target, rows);
        cut += 1;
        // Nobody serves half a database, or manages accounts in it.
        for command in [&[][..], &["user", "list"], &["doctor"], &["migrate", "up"]] {
            let refused = home.run(command, &there);
            assert_eq!(refused.code, Some(1), "{refused:?}");
            let said = format!("{}{}", refused.out, refused.err);
            assert!(said.contains(UNFINISHED), "{command:?}: {refused:?}");
        }
    }
    assert!(cut >= 3, "killed {cut} times only: the database is too small");
    if different(&source, &target) > 0 || count(&target, "SELECT COUNT(*) FROM storage_copy") > 0 {
        let done = finished(home.serene(&arguments, &[]), "");
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(done.out.starts_with("going on with the copy that was cut off\n"), "{done:?}");
        assert!(done.out.lines().any(|l| l.starts_with("messages ") && l.ends_with(" 42000  ok")));
    }
    assert_eq!(different(&source, &target), 0);
    let named = |out: &str| -> BTreeSet<String> {
        let lines = out.lines().filter(|line| line.ends_with("  ok"));
        lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    let again = copy(&home, arguments[4], "sqlite:///./third/serene.db");
    assert_eq!(named(&again.out), tables(&source), "{again:?}");
    assert_eq!(home.run(&["user", "list"], &there).out.lines().count(), 60);
}

#[test]
fn a_byte_that_changed_in_the_target_is_noticed() {
    let home = Home::on_sqlite();
    crowded(&home);
    let target = home.work().join("there/serene.db");
    let (from, to) = ("sqlite:///./data/serene.db", "sqlite:///./there/serene.db");
    let command = in_silence(home.serene(&["copy", "--from", from, "--to", to], &[])).spawn();
    let mut child = Reaped(command.unwrap());
    wait_for("some messages to arrive", || {
        assert!(child.0.try_wait().unwrap().is_none(), "the database is too small");
        (count(&target, "SELECT COUNT(*) FROM messages") > 1000).then_some(())
    });
    child.0.kill().unwrap();
    child.0.wait().unwrap();

    let file = Connection::open(&target).unwrap();
    let change = "UPDATE messages SET content = CAST(substr(content, 1, 20) || x'00' || substr(content, 22) AS BLOB)
        WHERE rowid = (SELECT rowid FROM messages WHERE substr(content, 21, 1) <> x'00' LIMIT 1)";
    assert_eq!(file.execute(change, []).unwrap(), 1);
    drop(file);
    for _ in 0..2 {
        let done = copy(&home, from, to);
        assert_eq!(done.code, Some(1), "{done:?}");
        let line = done.out.lines().find(|line| line.starts_with("messages ")).unwrap();
        assert!(line.ends_with(" 42000  DIFFERENT (42000 in the target)"), "{line}");
        assert_eq!(done.out.matches("DIFFERENT").count(), 1, "{done:?}");
        assert!(done.err.contains("source and target differ (tables: 1)"), "{done:?}");
        let refused = home.run(&[], &[("DATABASE_URL", to), ("PORT", "0")]);
        assert!(refused.err.contains(UNFINISHED), "{refused:?}");
    }
}

#[test]
fn an_unfinished_copy_goes_on_from_its_own_source_alone() {
    let home = Home::on_sqlite();
    crowded(&home);
    let (from, to) = ("sqlite:///./data/serene.db", "sqlite:///./there/serene.db");
    copied(&home, from, to);
    let mark = "INSERT INTO storage_copy (id, source, emptied) VALUES (1, 'another', 1)";
    let target = home.work().join("there/serene.db");
    Connection::open(&target).unwrap().execute(mark, []).unwrap();
    let refused = copy(&home, from, to);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("unfinished copy of another source"), "{refused:?}");
    let refused = copy(&home, to, "sqlite:///./third/serene.db");
    assert!(refused.err.contains("the source is not whole"), "{refused:?}");

    // A source that has no tables, and one that is its own target.
    let bare = home.work().join("bare.db");
    Connection::open(&bare).unwrap().execute_batch("PRAGMA user_version = 1").unwrap();
    let refused = copy(&home, "sqlite:///./bare.db", "sqlite:///./third/serene.db");
    assert!(refused.err.contains("run `serene migrate up` on it first"), "{refused:?}");
    let refused = copy(&home, from, "sqlite:///./data/../data/serene.db");
    assert_eq!(refused.code, Some(1), "{refused:?}");
}
