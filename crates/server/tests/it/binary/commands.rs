//! The commands besides `serve`, beside a running server where that matters.

use serde_json::Value;

use crate::{
    app::PASSWORD,
    process::{Home, finished},
};

#[test]
fn migrations_are_told_and_applied_once() {
    let home = Home::new();
    let status = home.run(&["migrate", "status"], &[]);
    assert_eq!(status.code, Some(0), "{status:?}");
    assert!(status.out.lines().all(|line| line.contains("  pending  ")), "{status:?}");
    assert!(status.out.starts_with("   1  pending  "), "{status:?}");
    let count = status.out.lines().count();

    let up = home.run(&["migrate", "up"], &[]);
    assert_eq!(up.code, Some(0), "{up:?}");
    assert!(up.out.starts_with(&format!("applied now: {count}\n")), "{up:?}");

    let server = home.start(&[]);
    let up = home.run(&["migrate", "up"], &[]);
    assert!(up.out.starts_with("applied now: 0\n   1  applied  "), "{up:?}");
    let status = home.run(&["migrate", "status"], &[]);
    assert_eq!(status.out.matches("  applied  ").count(), count, "{status:?}");
    assert_eq!(server.get("/readyz", "").status, 200);
}

#[test]
fn accounts_are_managed_beside_a_running_server() {
    let home = Home::new();
    let server = home.start(&[]);
    let cheap = [("BCRYPT_COST", "4")];
    let user = |arguments: &[&str]| home.run(&[&["user"], arguments].concat(), &cheap);

    let made = user(&["create", "--username", "mira", "--email", "mira@example.org"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let password = made.out.lines().find_map(|line| line.strip_prefix("password: ")).unwrap();
    assert_eq!(server.login("mira", password), 200);
    let token = server.register("noor");

    let again = user(&["create", "--username", "MIRA"]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.err.starts_with("serene: ") && again.err.lines().count() == 1, "{again:?}");
    let nobody = user(&["create"]);
    assert_eq!(nobody.code, Some(2), "{nobody:?}");

    let list = user(&["list"]);
    assert_eq!(list.out.lines().count(), 2, "{list:?}");
    assert!(list.out.contains("  mira  mira@example.org\n") && list.out.contains("  noor  -\n"));

    let set = home.serene(&["user", "set-password", "noor", "--password-stdin"], &cheap);
    let set = finished(set, "another long password\n");
    assert_eq!(set.code, Some(0), "{set:?}");
    assert!(!set.out.contains("another long password"), "{set:?}");
    assert_eq!(server.get("/api/v1/me", &token).expect(401)["code"], "SESSION_ENDED");
    assert_eq!(server.login("noor", PASSWORD), 401);
    assert_eq!(server.login("noor", "another long password"), 200);

    let asked = user(&["delete", "mira"]);
    assert_eq!(asked.code, Some(1), "{asked:?}");
    assert!(asked.out.contains("would delete"), "{asked:?}");
    assert_eq!(server.login("mira", password), 200);
    let deleted = user(&["delete", "mira@example.org", "--yes"]);
    assert_eq!(deleted.code, Some(0), "{deleted:?}");
    assert_eq!(server.login("mira", password), 401);
    assert_eq!(user(&["delete", "mira", "--yes"]).code, Some(1));
}

#[test]
fn the_configuration_is_shown_without_its_secrets() {
    let home = Home::new();
    std::fs::write(home.work().join(".env"), "OPENAI_MODEL=tiny\nSERVER_PORT=1234\n").unwrap();
    let environment = [
        ("JWT_SECRET_KEY", "canary-of-the-secret"),
        ("OPENAI_API_KEY", "sk-canary-of-the-key"),
        ("DATABASE_URL", "sqlite:///./here.db"),
        ("PORT", "4321"),
    ];
    let shown = home.run(&["config"], &environment);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let row = |name: &str| {
        let mut rows =
            shown.out.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "));
        rows.find(|row| row.starts_with(&format!("{name} "))).unwrap()
    };
    assert_eq!(row("PORT"), "PORT 4321 environment PORT");
    assert_eq!(row("DATABASE_URL"), "DATABASE_URL sqlite:///./here.db environment DATABASE_URL");
    assert!(row("OPENAI_MODEL").starts_with("OPENAI_MODEL tiny .env"), "{shown:?}");
    assert!(row("JWT_SECRET").starts_with("JWT_SECRET set (hidden) "), "{shown:?}");
    assert!(row("BCRYPT_COST").ends_with("10 default"), "{shown:?}");

    let json = home.run(&["config", "--json"], &environment);
    let rows: Vec<Value> = serde_json::from_str(&json.out).unwrap();
    let key = rows.iter().find(|row| row["name"] == "OPENAI_API_KEY").unwrap();
    assert_eq!((&key["set"], &key["value"]), (&Value::Bool(true), &Value::Null));
    for text in [&shown.out, &shown.err, &json.out, &json.err] {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn the_document_is_the_one_that_is_served() {
    let home = Home::new();
    // It needs no configuration, not even a good one.
    let printed = home.run(&["openapi"], &[("PORT", "nonsense")]);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let server = home.start(&[]);
    let document = server.get("/openapi.json", "").expect(200);
    assert_eq!(serde_json::from_str::<Value>(&printed.out).unwrap(), document);
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    let home = Home::on_sqlite();
    let server = home.start(&[]);
    let well = home.run(&["doctor"], &[]);
    assert_eq!(well.code, Some(0), "{well:?}");
    for line in [
        "note  a server is running on ./data",
        "ok    the database file is sound",
        "ok    the database can be written",
        "ok    engine: basic (built in: no key, no network)",
    ] {
        assert!(well.out.lines().any(|printed| printed == line), "{line}: {}", well.out);
    }
    let weak = home.run(&["doctor"], &[("SERENE_ENV", "production")]);
    assert_eq!(weak.code, Some(1), "{weak:?}");
    assert!(weak.out.contains("BAD   JWT_SECRET"), "{weak:?}");

    server.crash();
    std::fs::write(home.work().join("data/serene.db"), "this is no database").unwrap();
    for file in ["serene.db-wal", "serene.db-shm"] {
        let _ = std::fs::remove_file(home.work().join("data").join(file));
    }
    let ill = home.run(&["doctor"], &[]);
    assert_eq!(ill.code, Some(1), "{ill:?}");
    assert!(ill.out.contains("BAD   "), "{ill:?}");
}

#[test]
fn the_healthcheck_asks_the_server_beside_it() {
    let home = Home::new();
    let server = home.start(&[]);
    let port = server.address.port().to_string();
    // In a container the server listens on every address, and so says its configuration.
    for host in ["127.0.0.1", "0.0.0.0"] {
        let well = home.run(&["healthcheck"], &[("PORT", &port), ("SERVER_HOST", host)]);
        assert_eq!((well.code, &*well.out), (Some(0), "ready\n"), "{well:?}");
    }
    server.crash();
    let ill = home.run(&["healthcheck"], &[("PORT", &port)]);
    assert_eq!(ill.code, Some(1), "{ill:?}");
    let says = format!("serene: no answer from http://127.0.0.1:{port}/readyz: ");
    assert!(ill.err.starts_with(&says) && ill.err.lines().count() == 1, "{ill:?}");
}

#[test]
fn help_and_mistakes_on_the_command_line() {
    let home = Home::new();
    let help = home.run(&["--help"], &[]);
    assert_eq!(help.code, Some(0));
    for command in [
        "serve",
        "migrate",
        "user",
        "copy",
        "backup",
        "restore",
        "config",
        "openapi",
        "doctor",
        "healthcheck",
    ] {
        assert!(help.out.contains(&format!("\n  {command} ")), "{command}: {}", help.out);
    }
    assert_eq!(home.run(&["--version"], &[]).out, "serene 0.1.0\n");
    let wrong = home.run(&["--nonsense"], &[]);
    assert_eq!((wrong.code, &*wrong.out), (Some(2), ""));
}
