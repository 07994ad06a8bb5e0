//! The real binary, killed again and again while many send against a budget for some of them.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use serde_json::json;

use crate::{
    database::Cell,
    mock_model_server::MockServer,
    process::{Home, Request, Server, wait_for},
};

/// What all may use in a month. Each send keeps some 1,200 free, and uses some 60.
const BUDGET: i64 = 20_000;

const NOTE: &str = "I walked along the river this morning and for once nothing hurried me.";

fn start(home: &Home, model: &MockServer) -> Server {
    home.start(&[
        ("AI_ENGINE", "openai"),
        ("OPENAI_BASE_URL", &model.base_url()),
        ("OPENAI_MODEL", "slow:10+long:30"),
        ("BUDGET_PER_USER", "20000 tokens/month, 1000.00 cost/day"),
        ("BUDGET_PER_INSTANCE", "20000 tokens/month"),
    ])
}

fn number(home: &Home, sql: &str) -> i64 {
    match home.rows(sql)[0][0] {
        Cell::Integer(number) => number,
        ref other => panic!("no number: {other:?}"),
    }
}

/// That each total is right, by the command that counts them again; and that no budget is overshot.
#[track_caller]
fn verify(home: &Home) {
    let verified = home.run(&["usage", "verify"], &[]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert!(verified.out.ends_with("totals, all of them right\n"), "{verified:?}");
    for table in ["usage_totals", "instance_usage_totals"] {
        let taken = format!("SELECT COALESCE(MAX(tokens_used + tokens_reserved), 0) FROM {table}");
        assert!(number(home, &taken) <= BUDGET, "{table}");
    }
}

/// Sends, and writes entries, until the server is gone.
fn send_until_killed(server: &Server, token: &str, tally: &[AtomicUsize; 2]) {
    let address = server.address;
    for n in 0.. {
        let post = |path: &str| Request::new("POST", path).token(token);
        let request = if n % 3 == 2 {
            let note = format!("{NOTE} This is number {n}.");
            post("/api/v1/entries").json(&json!({"mood": "calm", "note": note}))
        } else {
            let made = post("/api/v1/conversations").json(&json!({})).try_send(address);
            let Some(made) = made else { return };
            let path =
                format!("/api/v1/conversations/{}/messages", made.json()["id"].as_str().unwrap());
            post(&path).json(&json!({"content": "good evening"}))
        };
        let Some(reply) = request.try_send(address) else { return };
        assert!([201, 429].contains(&reply.status), "{reply:?}");
        tally[usize::from(reply.status == 429)].fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn sigkill_leaves_every_total_right_and_no_room_lost() {
    let home = Home::new();
    let model = MockServer::start();
    let mut tokens = Vec::new();
    let tally = [const { AtomicUsize::new(0) }; 2];
    for round in 0..6_u64 {
        let server = start(&home, &model);
        if round == 0 {
            tokens.extend(["mira", "noor"].map(|name| server.register(name)));
        }
        std::thread::scope(|scope| {
            for n in 0..24 {
                let (server, token, tally) = (&server, &tokens[n % 2], &tally);
                scope.spawn(move || send_until_killed(server, token, tally));
            }
            std::thread::sleep(Duration::from_millis(150 + round * 97));
            // Beside the running server as well.
            verify(&home);
            server.signal(rustix::process::Signal::KILL);
        });
        drop(server);
        verify(&home);
    }
    assert!(tally.iter().all(|count| count.load(Ordering::Relaxed) > 0), "{tally:?}");

    let server = start(&home, &model);
    wait_for("the sweep", || {
        // What waits for its answer keeps room free once more.
        let pending = "SELECT COUNT(*) FROM entries WHERE ai_status = 'pending'";
        let kept = "SELECT COUNT(*) FROM usage_reservations";
        (number(&home, pending) == 0 && number(&home, kept) == 0).then_some(())
    });
    drop(server);
    verify(&home);
    let kept = "SELECT COUNT(*) FROM instance_usage_totals WHERE tokens_reserved <> 0";
    assert_eq!(number(&home, kept), 0, "what was kept free is given back");
}

#[test]
fn a_total_that_is_wrong_is_printed_and_mended_when_asked() {
    let home = Home::on_sqlite();
    let server = home.start(&[]);
    let token = server.register("mira");
    let path = server.conversation(&token);
    server.post(&path, &token, &json!({"content": "good evening"})).expect(201);
    drop(server);
    verify(&home);
    let file = rusqlite::Connection::open(home.work().join("data/serene.db")).unwrap();
    file.execute("UPDATE usage_totals SET tokens_used = tokens_used + 1", []).unwrap();
    drop(file);
    for arguments in [&["usage", "verify"][..], &["usage", "verify", "--repair"]] {
        let verified = home.run(arguments, &[]);
        assert_eq!(verified.code, Some(1), "{verified:?}");
        assert!(verified.out.contains(" of user ") && verified.out.contains(" counted: "));
    }
    verify(&home);

    let report = home.run(&["usage", "report", "--by", "user", "--json"], &[]);
    let report: serde_json::Value = serde_json::from_str(&report.out).unwrap();
    assert_eq!(report["total"]["calls"], 1);
    assert!(report["items"][0]["user"].as_str().unwrap().ends_with(" mira"), "{report}");
    for by in ["day", "model", "purpose", "user"] {
        let report = home.run(&["usage", "report", "--by", by], &[]);
        assert_eq!(report.code, Some(0), "{report:?}");
        assert_eq!(report.out.lines().count(), 3, "{report:?}");
    }
    let none = home.run(&["usage", "report", "--from", "2020-01-01", "--to", "2020-01-31"], &[]);
    assert_eq!(none.out.lines().count(), 2, "{none:?}");
    let wrong = home.run(&["usage", "report", "--from", "2026-02-03", "--to", "2026-02-01"], &[]);
    assert!(wrong.code == Some(1) && wrong.err.contains("is after --to"), "{wrong:?}");
    let refused = home.run(&[], &[("PORT", "0"), ("BUDGET_PER_USER", "5 a day")]);
    let wrong = refused.err;
    assert!(wrong.contains("BUDGET_PER_USER (environment): \"5 a day\" is no budget"), "{wrong}");
}

#[test]
fn the_prices_of_serene_toml_are_what_calls_cost() {
    let home = Home::on_sqlite();
    let model = MockServer::start();
    let file = format!(
        "[engines.mock]\nkind = \"openai\"\nbase_url = \"{}\"\n\
         [[models]]\nname = \"dear\"\nengine = \"mock\"\nmodel = \"fixed:one two three\"\n\
         prompt_price = 0\ncompletion_price = 2.5\n",
        model.base_url()
    );
    std::fs::write(home.work().join("serene.toml"), file).unwrap();
    let server = home.start(&[("BUDGET_PER_USER", "10.00 cost/day"), ("AI_TITLES", "off")]);
    let token = server.register("mira");
    let path = server.conversation(&token);
    server.post(&path, &token, &json!({"content": "good evening"})).expect(201);
    let usage = server.get("/api/v1/me/usage", &token).expect(200);
    assert_eq!(usage["by_model"][0]["model"], "dear", "{usage}");
    // Three tokens at 2,500 billionths.
    assert_eq!(usage["total"]["cost_nanos"], 7500, "{usage}");
    assert_eq!(usage["budgets"][0]["used"], 7500);
    drop(server);
    verify(&home);
}
