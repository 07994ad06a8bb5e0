//! The process is killed, or a second one is started: what was acknowledged is there once, and two
//! never write to one file. `make crash-test` does the first of these for a long time.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::BufReader,
    net::TcpStream,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    mock_model_server::MockServer,
    process::{Home, Request, Server, read_until, wait_for},
    replies::words,
};

const CONVERSATIONS: &str = "/api/v1/conversations";

/// Makes conversations until the server is gone. Returns the id and the title of each that it
/// acknowledged.
fn write_until_killed(
    server: std::net::SocketAddr,
    token: &str,
    writer: usize,
    acknowledged: &AtomicUsize,
) -> BTreeMap<String, String> {
    let mut made = BTreeMap::new();
    for number in 0.. {
        let title = format!("writer {writer}, conversation {number}");
        let request = Request::new("POST", CONVERSATIONS).token(token);
        let Some(reply) = request.json(&json!({"title": title})).try_send(server) else { break };
        made.insert(reply.expect(201)["id"].as_str().unwrap().to_owned(), title);
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    made
}

/// Everything in the list of conversations, page by page: the title of each id.
fn stored(server: &Server, token: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut path = format!("{CONVERSATIONS}?limit=100");
    loop {
        let page = server.get(&path, token).expect(200);
        let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let items = page["items"].as_array().unwrap().iter();
        all.extend(items.map(|item| (text(item, "id"), text(item, "title"))));
        let Some(cursor) = page["next_cursor"].as_str() else { return all };
        path = format!("{CONVERSATIONS}?limit=100&cursor={cursor}");
    }
}

/// Sends a message and reads the reply until this has come.
fn stream(
    server: &Server,
    messages: &str,
    token: &str,
    until: &str,
) -> (BufReader<TcpStream>, String) {
    let request = Request::new("POST", messages).token(token).events();
    let mut stream = request.json(&json!({"content": "go on"})).open(server.address);
    let seen = read_until(&mut stream, until);
    (stream, seen)
}

/// The text of the whole events in what was read of a stream.
fn text_of(seen: &str) -> String {
    let data = seen.lines().filter_map(|line| line.strip_prefix("data: "));
    let deltas = data.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    deltas.filter_map(|data| data["text"].as_str().map(str::to_owned)).collect()
}

fn start(home: &Home, model: &MockServer) -> Server {
    home.start(&[
        ("AI_ENGINE", "openai"),
        ("OPENAI_BASE_URL", &model.base_url()),
        ("OPENAI_MODEL", "slow:50+long:5000"),
    ])
}

/// The reply of a conversation with one exchange, once it has ended.
fn ended_reply(server: &Server, messages: &str, token: &str) -> Value {
    wait_for("the sweep", || {
        let page = server.get(messages, token).expect(200);
        let items = page["items"].as_array().unwrap();
        assert_eq!((items.len(), &items[0]["content"]), (2, &json!("go on")), "{page}");
        (items[1]["status"] != "pending").then(|| items[1].clone())
    })
}

#[test]
fn sigkill_during_writes_and_streams() {
    let home = Home::new();
    let model = MockServer::start();
    let server = start(&home, &model);
    let token = server.register("mira");
    let talks: Vec<String> = (0..3).map(|_| server.conversation(&token)).collect();
    let mut streams: Vec<_> =
        talks.iter().map(|messages| stream(&server, messages, &token, "shines. ")).collect();
    // What was shown before a checkpoint is on disk after it.
    std::thread::sleep(Duration::from_millis(600));

    let (acknowledged, address) = (AtomicUsize::new(0), server.address);
    let made: Vec<_> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (token, acknowledged) = (&token, &acknowledged);
                scope.spawn(move || write_until_killed(address, token, writer, acknowledged))
            })
            .collect();
        wait_for("enough writes", || (acknowledged.load(Ordering::Relaxed) > 300).then_some(()));
        server.crash();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });

    let doctor = home.run(&["doctor"], &[]);
    assert!(doctor.out.contains("ok    the database file is sound"), "{doctor:?}");
    let server = start(&home, &model);
    let there = stored(&server, &token);
    let ids: BTreeMap<_, _> = there.iter().cloned().collect();
    let titles: BTreeSet<_> = there.iter().map(|(_, title)| title).collect();
    assert_eq!(ids.len(), there.len(), "an id is there twice");
    // Those of the streams have no title, or one and the same.
    assert!(titles.len() >= there.len() - (talks.len() - 1), "a write is there twice");
    for (id, title) in made.iter().flatten() {
        assert_eq!(ids.get(id), Some(title), "acknowledged and lost");
    }
    for (messages, (_, seen)) in talks.iter().zip(&mut streams) {
        let reply = ended_reply(&server, messages, &token);
        let text = reply["content"].as_str().unwrap();
        assert_eq!(reply["status"], "interrupted");
        assert!(words(5000).starts_with(text) && text.starts_with(&text_of(seen)), "{text}");
    }
    // One goes on: the model is shown what it had said.
    let before = model.requests().len();
    drop(stream(&server, &talks[0], &token, "The "));
    let shown = &model.requests()[before]["messages"];
    let turns = shown.as_array().unwrap().iter().rev().take(2).map(|turn| &turn["content"]);
    let said = &ended_reply_of_two(&server, &talks[0], &token);
    assert_eq!(turns.collect::<Vec<_>>(), [&json!("go on"), said]);
}

/// The first reply of a conversation with two exchanges.
fn ended_reply_of_two(server: &Server, messages: &str, token: &str) -> Value {
    server.get(messages, token).expect(200)["items"][1]["content"].clone()
}

/// The statements that made a database, and the migrations that it says were applied.
fn schema(path: &std::path::Path) -> Vec<String> {
    let sql = rusqlite::Connection::open(path).unwrap();
    let list = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL \
                UNION ALL SELECT version || ' ' || hash FROM schema_migrations ORDER BY 1";
    let mut statement = sql.prepare(list).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// How many migrations a database has, and how many of our tables.
fn progress(path: &std::path::Path) -> Option<(i64, i64)> {
    let sql = rusqlite::Connection::open(path).ok()?;
    let count = |select: &str| sql.query_row(select, [], |row| row.get(0));
    let tables = "SELECT COUNT(*) FROM sqlite_schema WHERE name IN ('users', 'usage_records')";
    Some((count("SELECT COUNT(*) FROM schema_migrations").unwrap_or(0), count(tables).ok()?))
}

#[test]
fn migration_killed_half_way() {
    let whole = Home::on_sqlite();
    drop(whole.start(&[]));
    let whole = schema(&whole.work().join("data/serene.db"));
    let mut seen = BTreeSet::new();
    for round in 0..24 {
        let home = Home::on_sqlite();
        let mut command = home.serene(&["migrate", "up"], &[]);
        let mut child = crate::process::Reaped(command.spawn().unwrap());
        std::thread::sleep(Duration::from_micros(700 * round));
        child.0.kill().unwrap();
        child.0.wait().unwrap();

        let file = home.work().join("data/serene.db");
        let found = file.exists().then(|| progress(&file).unwrap());
        // A migration is there whole or not at all.
        if let Some((applied, tables)) = found {
            assert_eq!(tables > 0, applied > 0, "half a migration: {applied}, {tables}");
        }
        seen.insert(found.map(|(applied, _)| applied));
        let server = home.start(&[]);
        assert_eq!(server.get("/readyz", "").status, 200);
        server.register("mira");
        assert_eq!(schema(&file), whole, "after {found:?}");
    }
    eprintln!("killed with so many migrations applied: {seen:?}");
}

#[test]
fn second_process_on_the_same_file() {
    let home = Home::on_sqlite();
    let server = home.start(&[]);
    let elsewhere = Home::on_sqlite();
    let data = home.work().join("data");
    std::os::unix::fs::symlink(&data, elsewhere.work().join("linked")).unwrap();
    let absolute = format!("sqlite:///{}", data.join("serene.db").display());
    for (from, url) in [
        (&home, "sqlite:///./data/serene.db"),
        (&elsewhere, &*absolute),
        (&elsewhere, "sqlite:///./linked/serene.db"),
    ] {
        let second = from.run(&[], &[("PORT", "0"), ("DATABASE_URL", url)]);
        assert_eq!((second.code, &*second.out), (Some(1), ""), "{url}: {second:?}");
        assert!(second.err.starts_with("serene: another Serene is using "), "{second:?}");
        assert!(second.err.contains("stop it first") && second.err.lines().count() == 1);
        assert_eq!(server.get("/readyz", "").status, 200);
    }
    // The lock goes with the process, however it ends.
    server.crash();
    drop(home.start(&[]));
}
