//! Logs: JSON on a pipe, with request ids, and never what people wrote.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    mock_model::{MockModel, nobody},
    process::{Home, Request},
};

/// In every text that somebody writes or a model says, and nowhere else.
const CANARY: &str = "canary7131";

#[test]
fn what_people_write_reaches_no_log_at_any_level() {
    for level in ["debug", "trace"] {
        let home = Home::new();
        let model = MockModel::saying(&["I hear you, ", CANARY, "."]);
        let server = home.start(&[
            ("SERENE_LOG", level),
            ("AI_ENGINE", "openai"),
            ("OPENAI_BASE_URL", &model.base_url),
            ("OPENAI_API_KEY", "key-canary7131"),
            ("JWT_SECRET", "secret-canary7131-Zx81kPq02mVb77"),
            ("SYSTEM_INSTRUCTION", "Be kind to canary7131."),
        ]);
        let secrets = speak_of_everything(&server);
        drop(server.get("/no/such/canary7131?canary7131=canary7131", ""));
        let log = server.log();
        assert!(!log.contains(CANARY), "{level}: {}", lines_with(&log, CANARY));
        for secret in secrets {
            assert!(!log.contains(&secret), "{level}: {}", lines_with(&log, &secret));
        }
        assert!(log.lines().count() > 10, "there is a log at all: {log}");
    }
}

fn lines_with(log: &str, text: &str) -> String {
    log.lines().filter(|line| line.contains(text)).collect::<Vec<_>>().join("\n")
}

/// Sends texts with the canary in them wherever the API takes text, rightly and wrongly. Returns
/// the tokens that were given out.
fn speak_of_everything(server: &crate::process::Server) -> Vec<String> {
    let account =
        json!({"username": CANARY, "email": "canary7131@example.org", "password": "canary7131 x"});
    let signed_in = server.post("/api/v1/auth/register", "", &account).expect(201);
    let text = |key: &str| signed_in[key].as_str().unwrap().to_owned();
    let (token, refresh) = (text("access_token"), text("refresh_token"));
    server.post("/api/v1/auth/register", "", &account).expect(409);
    for wrong in [json!({"username": CANARY, "password": "canary7131 y"}), json!({"canary7131": 1})]
    {
        let status = server.post("/api/v1/auth/login", "", &wrong).status;
        assert!([400, 401].contains(&status));
    }
    let title = json!({"title": "A canary7131 in a mine"});
    server.post("/api/v1/conversations", &token, &title).expect(201);
    let messages = server.conversation(&token);
    let said = json!({"content": "I saw a canary7131."});
    let exchange = server.post(&messages, &token, &said).expect(201);
    assert!(exchange["assistant_message"]["content"].as_str().unwrap().contains(CANARY));
    let streamed = Request::new("POST", &messages).token(&token).json(&said).events();
    assert!(streamed.send(server.address).body.contains(CANARY));
    for wrong in [json!({"content": CANARY, "canary7131": CANARY}), json!({"content": [CANARY]})] {
        server.post(&messages, &token, &wrong).expect(400);
    }
    let broken =
        Request::new("POST", &messages).token(&token).header("content-type", "text/canary7131");
    assert_eq!(broken.send(server.address).status, 415);
    server.get("/api/v1/conversations?cursor=canary7131", &token).expect(400);
    server.get("/api/v1/me", "canary7131.canary7131.canary7131").expect(401);
    let refreshed = server.post("/api/v1/auth/refresh", "", &json!({"refresh_token": refresh}));
    let refreshed = refreshed.expect(200)["access_token"].as_str().unwrap().to_owned();
    vec![token, refresh, refreshed]
}

#[test]
fn a_model_that_fails_takes_no_words_with_it_into_the_log() {
    let home = Home::new();
    let base_url = nobody();
    let server = home.start(&[
        ("SERENE_LOG", "debug"),
        ("AI_ENGINE", "openai"),
        ("OPENAI_BASE_URL", &base_url),
    ]);
    let token = server.register("mira");
    let messages = server.conversation(&token);
    server.post(&messages, &token, &json!({"content": "I saw a canary7131."})).expect(201);
    let log = server.log();
    assert!(log.contains("MODEL_UNREACHABLE") || log.contains("unreachable"), "{log}");
    assert!(!log.contains(CANARY), "{}", lines_with(&log, CANARY));
}

#[test]
fn every_request_is_a_line_of_json_with_its_id() {
    let home = Home::new();
    let server = home.start(&[("SERENE_LOG", "debug")]);
    let mut ids = BTreeSet::new();
    for path in ["/livez", "/api/v1/me", "/no/such/page"] {
        let reply = server.get(path, "");
        ids.insert(reply.header("x-request-id").unwrap().to_owned());
    }
    let own =
        Request::new("GET", "/livez").header("x-request-id", "of-my-own").send(server.address);
    assert_eq!(own.header("x-request-id"), Some("of-my-own"));
    ids.insert("of-my-own".to_owned());
    assert_eq!(ids.len(), 4);

    let log: Vec<Value> =
        server.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &log {
        let keys = ["timestamp", "level", "message", "target"];
        assert!(keys.iter().all(|key| line[key].is_string()), "{line}");
    }
    let logged: BTreeSet<String> =
        log.iter().filter_map(|line| line["request_id"].as_str().map(str::to_owned)).collect();
    assert_eq!(logged, ids);
    let me = log.iter().find(|line| line["message"] == "GET /api/v1/me 401").unwrap();
    assert_eq!((&me["status"], &me["level"]), (&json!(401), &json!("DEBUG")), "{me}");
}

#[test]
fn lines_are_for_people_when_that_is_asked() {
    let home = Home::new();
    let server = home.start(&[("SERENE_LOG_FORMAT", "pretty")]);
    let log = server.log();
    assert!(log.contains(" WARN ") && !log.contains('{'), "{log}");
    assert!(!log.contains('\u{1b}'), "no colours where no terminal is: {log}");
}
