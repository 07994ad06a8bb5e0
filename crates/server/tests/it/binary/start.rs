//! Starting: with nothing, with wrong values, in production. Twice on one file is in
//! `faults::kills`.

use std::{io::BufReader, net::TcpListener, process::Stdio};

use serde_json::Value;

use crate::process::{Finished, Home, Reaped, Request, mode, read_until};

const GOOD_SECRET: &str = "3qT8vZ1xW5bN7mK2pR9sL4dF6gH0jC8aYeUiOoVtXzQwBnMk";

/// The JSON lines of a log.
fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn it_starts_with_nothing_in_an_empty_folder() {
    let home = Home::on_sqlite();
    let server = home.start_command(home.serene(&["--port", "0"], &[]));
    let printed = server.printed();
    let address = server.address;
    for line in [
        "Serene 0.1.0 (development)".to_owned(),
        format!("  listening  http://{address}"),
        format!("  docs       http://{address}/docs"),
        "  engine     basic (built in: no key, no network)".to_owned(),
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line} is not in {printed}");
    }
    assert!(printed.contains("  database   ./data/serene.db (SQLite 3."), "{printed}");
    assert!(address.ip().is_loopback(), "nobody else reaches it");

    let log = lines(&server.log());
    let warnings: Vec<&str> = log
        .iter()
        .filter(|l| l["level"] == "WARN")
        .map(|l| l["message"].as_str().unwrap())
        .collect();
    assert!(warnings.iter().any(|w| w.starts_with("SERENE_ENV is development")), "{warnings:?}");
    assert!(warnings.iter().any(|w| w.starts_with("JWT_SECRET is not set")), "{warnings:?}");

    assert_eq!(server.get("/livez", "").expect(200)["status"], "ok");
    assert_eq!(server.get("/readyz", "").status, 200);
    assert_eq!(server.get("/docs/", "").status, 200);
    assert_eq!(server.get("/openapi.json", "").expect(200)["openapi"], "3.1.0");
    let token = server.register("mira");
    assert_eq!(server.get("/api/v1/me", &token).expect(200)["username"], "mira");

    let data = home.work().join("data");
    assert_eq!(mode(&data), 0o700);
    for file in ["jwt_secret", "serene.db", "serene.db-wal", "serene.lock"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    let folder: Vec<_> = std::fs::read_dir(home.work()).unwrap().collect();
    assert_eq!(folder.len(), 1, "it wrote outside its data folder: {folder:?}");
}

#[test]
fn the_secret_that_was_made_is_kept() {
    let home = Home::new();
    let server = home.start(&[]);
    let token = server.register("mira");
    server.crash();
    let server = home.start(&[]);
    assert!(!server.log().contains("JWT_SECRET"), "{}", server.log());
    assert_eq!(server.get("/api/v1/me", &token).status, 200);
}

/// Checks that a start failed with this code and one line, and printed nothing else.
#[track_caller]
fn refused(finished: &Finished, code: i32, begins: &str, says: &str) {
    assert_eq!(finished.code, Some(code), "{finished:?}");
    assert_eq!(finished.out, "", "{finished:?}");
    let line = finished.err.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n') && line.starts_with(begins), "{begins}: {line}");
    assert!(line.contains(says), "{says}: {line}");
}

#[test]
fn a_wrong_value_stops_the_start_with_one_line_that_names_it() {
    let home = Home::new();
    for (name, value, says) in [
        ("PORT", "99999", "\"99999\" is not a port; give a number from 0 to 65535"),
        ("SERVER_HOST", "example.org", "is not an address"),
        ("DATABASE_URL", "nonsense", "is not a database address; give sqlite:///"),
        ("DATABASE_URL", "postgresql://u:hunter2@/x", "cannot be read"),
        ("DATABASE_URL", "mysql+pymysql://u:hunter2@localhost/", "has no database name"),
        ("JWT_ALGORITHM", "RS256", "HS256 only"),
        ("JWT_ACCESS_TOKEN_EXPIRES", "1", "60"),
        ("BCRYPT_COST", "3", "4"),
        ("AI_ENGINE", "gpt", "is not known; give basic, nlp, openai, endpoint or transformers"),
        ("AI_ENGINE", "openai", "needs OPENAI_API_KEY"),
        #[cfg(not(feature = "local-models"))]
        (
            "AI_ENGINE",
            "transformers",
            "cargo build --release -p serene-server --features local-models",
        ),
        #[cfg(feature = "local-models")]
        ("AI_ENGINE", "transformers", "needs AI_MODEL_PATH"),
        ("AI_MODEL_PATH", "/nowhere", "is not a folder"),
        ("AI_MODEL_ENDPOINT", "hunter2", "is not a URL"),
        ("FRONTEND_URL", "*", "name each origin"),
        ("SERENE_ENV", "staging", "production"),
        ("SERENE_LOG_FORMAT", "xml", "json"),
    ] {
        let finished = home.run(&[], &[("PORT", "0"), (name, value)]);
        refused(&finished, 78, &format!("serene: {name} (environment): "), says);
        assert!(!finished.err.contains("hunter2"), "{finished:?}");
    }
    let left: Vec<_> = std::fs::read_dir(home.work()).unwrap().collect();
    assert!(left.is_empty(), "a start that failed left something: {left:?}");
}

#[test]
fn production_refuses_a_missing_or_weak_secret_and_says_how_to_make_one() {
    let home = Home::on_sqlite();
    let production = ("SERENE_ENV", "production");
    let advice = "openssl rand -base64 48";
    let missing = home.run(&[], &[production]);
    refused(&missing, 78, "serene: JWT_SECRET (not set): is missing", advice);
    for secret in ["supersecret", "short", &"x".repeat(64)] {
        let weak = home.run(&[], &[production, ("JWT_SECRET", secret)]);
        refused(&weak, 78, "serene: JWT_SECRET (environment): ", advice);
    }
    assert!(!home.work().join("data").exists());
    let good = [production, ("JWT_SECRET", GOOD_SECRET), ("PORT", "0")];
    let server = home.start_command(home.serene(&[], &good));
    assert!(server.printed().contains("(production)"));
    assert!(!server.log().contains("WARN"), "{}", server.log());
}

#[test]
fn a_port_that_is_taken_stops_the_start_before_anything_is_promised() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let finished = home.run(&[], &[("PORT", &port)]);
    refused(&finished, 1, &format!("serene: cannot listen on 127.0.0.1:{port}"), "in use");
    assert!(!home.work().join("data/serene.db").exists());
}

#[test]
fn readers_of_its_output_may_go() {
    let home = Home::new();
    let mut command = home.serene(&[], &[("PORT", "0"), ("SERENE_LOG", "debug")]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut child = Reaped(child);
    drop(child.0.stdout.take());
    let mut log = BufReader::new(child.0.stderr.take().unwrap());
    let logged = read_until(&mut log, "listening on ");
    let line: Value = serde_json::from_str(logged.lines().last().unwrap()).unwrap();
    let address = line["address"].as_str().unwrap().parse().unwrap();
    drop(log);
    // Each of these would be logged.
    for _ in 0..5 {
        let reply = Request::new("GET", "/api/v1/me").send(address);
        assert_eq!(reply.status, 401, "{reply:?}");
    }
    assert_eq!(child.0.try_wait().unwrap(), None);
}
