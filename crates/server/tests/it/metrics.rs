//! What a Prometheus reads: that it says what happened and nothing of what was written, and who may
//! read it. Prometheus' own parsers read it in `make metrics-test`.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use axum::http::StatusCode;
use rustix::process::Signal;
use serde_json::json;

use crate::{
    app::TestApp,
    database::{Engine, engine},
    mock_model::{MockModel, Speech},
    process::{Home, Reply, Request, Server, read_until, wait_for},
};

const TOKEN: &str = "a-token-of-the-operator";
const OWN_ADDRESS: (&str, &str) = ("METRICS_ADDRESS", "127.0.0.1:0");

/// Where the metrics have an address of their own.
fn own_address(server: &Server) -> SocketAddr {
    let printed = server.printed();
    let url = printed.lines().find_map(|line| line.strip_prefix("  metrics    http://")).unwrap();
    url.strip_suffix("/metrics").unwrap().parse().unwrap()
}

fn scrape(server: &Server) -> String {
    let page = Request::new("GET", "/metrics").send(own_address(server));
    assert_eq!(page.status, 200, "{page:?}");
    page.body
}

/// The value of the one sample of this name that has all of these labels.
#[track_caller]
fn value(page: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect();
    let mut found = page.lines().filter(|line| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
            && labels.iter().all(|label| line.contains(label))
    });
    let line = found.next().unwrap_or_else(|| panic!("no {name} {labels:?} in {page}"));
    assert_eq!(found.next(), None, "{name} {labels:?} is not one");
    line.rsplit_once(' ').unwrap().1.parse().unwrap()
}

#[track_caller]
fn requests(page: &str, method: &str, route: &str, status: &str) -> f64 {
    let labels = [
        ("http_request_method", method),
        ("http_route", route),
        ("http_response_status_code", status),
    ];
    value(page, "http_server_request_duration_seconds_count", &labels)
}

#[test]
#[expect(clippy::float_cmp, reason = "these are counts")]
fn what_happened_is_counted_and_what_was_written_is_not_told() {
    let model = MockModel::saying(&["You marker-said ", "something."]);
    let server = Home::new();
    let server = server.start(&[
        OWN_ADDRESS,
        ("OPENAI_BASE_URL", &model.base_url),
        ("OPENAI_API_KEY", "marker-key"),
        ("OPENAI_MODEL", "tiny"),
    ]);
    let token = server.register("marker-mira");
    let messages = server.conversation(&token);
    let send = || Request::new("POST", &messages).token(&token).events();
    for _ in 0..3 {
        let streamed = send().json(&json!({"content": "marker-asked"})).send(server.address);
        assert!(streamed.body.contains("event: done"), "{streamed:?}");
    }
    // Refused by a rule, by the router, and for want of a token.
    assert_eq!(send().json(&json!({"content": ""})).send(server.address).status, 400);
    assert_eq!(server.get("/marker-path?marker=query", &token).status, 404);
    assert_eq!(server.get("/api/v1/me", "").status, 401);
    assert_eq!(Request::new("MARKER", "/livez").send(server.address).status, 405);

    let page = scrape(&server);
    assert_eq!(requests(&page, "POST", "/api/v1/conversations/{id}/messages", "200"), 3.0);
    assert_eq!(requests(&page, "POST", "/api/v1/conversations/{id}/messages", "400"), 1.0);
    assert_eq!(requests(&page, "GET", "", "404"), 1.0);
    assert_eq!(requests(&page, "GET", "/api/v1/me", "401"), 1.0);
    assert_eq!(requests(&page, "_OTHER", "/livez", "405"), 1.0);

    let ended = [("status", "complete"), ("error_type", "")];
    assert_eq!(value(&page, "serene_generations_total", &ended), 3.0);
    let asked = [("gen_ai_provider_name", "openai"), ("gen_ai_request_model", "tiny")];
    for name in ["gen_ai_client_operation_duration", "gen_ai_server_time_to_first_token"] {
        assert!(value(&page, &format!("{name}_seconds_count"), &asked) >= 3.0);
    }
    for (kind, of_each) in [("input", 7.0), ("output", 5.0)] {
        let labels = [&asked[..], &[("gen_ai_token_type", kind)]].concat();
        let count = value(&page, "gen_ai_client_token_usage_count", &labels);
        assert!(count >= 3.0);
        assert_eq!(value(&page, "gen_ai_client_token_usage_sum", &labels), count * of_each);
    }

    let system = match engine() {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgresql",
        Engine::Mysql => "mysql",
    };
    let statement = [("db_system_name", system), ("db_query_summary", "conversations.claim")];
    assert_eq!(value(&page, "db_client_operation_duration_seconds_count", &statement), 3.0);
    if engine() == Engine::Sqlite {
        let commit = [("db_system_name", system), ("db_query_summary", "COMMIT")];
        let commits = value(&page, "db_client_operation_duration_seconds_count", &commit);
        let writes = value(&page, "serene_db_write_batch_sum", &[]);
        assert!(commits >= 8.0 && writes >= commits, "{writes} writes in {commits}");
    }
    for at_rest in ["serene_db_write_queue", "serene_hashing_queue"] {
        assert_eq!(value(&page, at_rest, &[]), 0.0);
    }
    assert!(value(&page, "process_open_fds", &[]) > 3.0);
    assert!(!page.to_lowercase().contains("marker"), "{page}");
}

#[test]
#[expect(clippy::float_cmp, reason = "these are counts")]
fn a_stream_is_open_until_it_ends_or_is_left() {
    let pause = Duration::from_millis(20);
    let model = MockModel::start(Speech { words: &["word "], pause, times: 500 });
    let home = Home::new();
    let server = home.start(&[
        OWN_ADDRESS,
        ("OPENAI_BASE_URL", &model.base_url),
        ("OPENAI_API_KEY", "sk-of-the-operator"),
    ]);
    let token = server.register("mira");
    let messages = server.conversation(&token);
    let request = Request::new("POST", &messages).token(&token).events();
    let mut stream = request.json(&json!({"content": "Tell me more"})).open(server.address);
    read_until(&mut stream, "event: delta");
    let page = scrape(&server);
    assert_eq!(value(&page, "serene_open_streams", &[]), 1.0);
    assert_eq!(value(&page, "http_server_active_requests", &[]), 0.0, "its head was answered");
    assert!(!page.contains("serene_generations_total{"), "it has not ended");
    drop(stream);
    wait_for("the stream to be left", || {
        (value(&scrape(&server), "serene_open_streams", &[]) == 0.0).then_some(())
    });
}

#[test]
fn an_address_of_its_own_has_the_page_and_nothing_else() {
    let home = Home::new();
    let mut server = home.start(&[OWN_ADDRESS]);
    let address = own_address(&server);
    let page = Request::new("GET", "/metrics").send(address);
    assert_eq!(page.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let accept = "application/openmetrics-text;version=1.0.0;q=0.7,text/plain;q=0.5";
    let open = Request::new("GET", "/metrics").header("accept", accept).send(address);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(open.header("content-type"), Some(kind));
    assert!(open.body.ends_with("# EOF\n") && !page.body.contains("# EOF"));
    for (method, path, status, code) in [
        ("GET", "/livez", 404, "NOT_FOUND"),
        ("GET", "/api/v1/me", 404, "NOT_FOUND"),
        ("POST", "/metrics", 405, "METHOD_NOT_ALLOWED"),
    ] {
        let reply = Request::new(method, path).send(address);
        assert_eq!(reply.expect(status)["code"], code, "{method} {path}");
    }
    // It was not opened for the main port.
    assert_eq!(server.get("/metrics", TOKEN).status, 404);
    // Who keeps reading does not keep the server.
    let mut kept = Request::new("GET", "/metrics").open(address);
    read_until(&mut kept, "\r\n\r\n");
    server.signal(Signal::TERM);
    let (status, took) = server.wait();
    assert_eq!(status.code(), Some(0), "{}", server.log());
    assert!(took < Duration::from_secs(3), "it took {took:?}");
}

#[test]
fn at_the_main_port_it_takes_the_operators_token() {
    let home = Home::new();
    let server = home.start(&[("METRICS_TOKEN", TOKEN)]);
    assert!(!server.printed().contains("  metrics  "), "it has no address of its own");
    let page = server.get("/metrics", TOKEN);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("\nprocess_cpu_seconds_total "), "{}", page.body);
    let user = server.register("mira");
    let refused = |reply: &Reply, code: &str| {
        let body = reply.expect(401);
        assert_eq!(
            (&body["code"], reply.header("www-authenticate")),
            (&json!(code), Some("bearer"))
        );
        assert_eq!(body["request_id"].as_str(), reply.header("x-request-id"));
    };
    refused(&server.get("/metrics", ""), "UNAUTHENTICATED");
    let longer = format!("{TOKEN}x");
    for wrong in [&user, &longer, &TOKEN[1..], "wrong"] {
        refused(&server.get("/metrics", wrong), "TOKEN_INVALID");
    }
}

#[tokio::test]
async fn where_nobody_asked_for_metrics_there_is_no_such_page() {
    let app = TestApp::new().await;
    let somebody = app.anonymous();
    let [page, nothing] = [somebody.get("/metrics").await, somebody.get("/nothing-here").await];
    let bodies = [page, nothing].map(|reply| {
        let mut body = reply.expect(StatusCode::NOT_FOUND);
        body["request_id"].take();
        body
    });
    assert_eq!(bodies[0], bodies[1]);
}

#[test]
fn an_address_that_is_taken_stops_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = Home::new();
    let finished = home.run(&[], &[("PORT", "0"), ("METRICS_ADDRESS", &address)]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let says = format!("cannot listen on {address} for METRICS_ADDRESS");
    assert!(finished.err.contains(&says), "{finished:?}");
}
