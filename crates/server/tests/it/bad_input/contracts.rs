//! The same for the published contracts, whose errors have an envelope of their own.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode, header};

use super::{assert_goes_on, contract_operations, send_bytes};
use crate::app::{Reply, TestApp};

/// Checks that this is an error in the contracts' envelope, with one of these statuses.
#[track_caller]
fn expect_refused(reply: &Reply, statuses: &[u16], what: &str) {
    assert!(statuses.contains(&reply.status.as_u16()), "{what}: {} {}", reply.status, reply.text());
    let body = reply.json();
    let sentence = body["error"].as_str().unwrap();
    assert!(!sentence.is_empty() && body["code"].is_string(), "{what}: {body}");
    assert!(body["detail"].is_string() || body["detail"].is_array(), "{what}: {body}");
    assert_eq!(reply.headers[header::CONTENT_TYPE], "application/json", "{what}");
}

#[tokio::test]
async fn where_nothing_is_below_api_the_envelope_is_the_contracts() {
    let app = TestApp::new().await;
    for path in ["/api/v2/me", "/api/nothing", "/api/entries/1/2", "/api//entries"] {
        let reply = app.anonymous().get(path).await;
        expect_refused(&reply, &[404], path);
        assert_eq!(reply.json()["code"], "NOT_FOUND");
    }
}

#[tokio::test]
async fn a_method_that_a_route_does_not_take_is_told_those_it_takes() {
    let app = TestApp::new().await;
    let mut routes = BTreeMap::<String, BTreeSet<String>>::new();
    for operation in contract_operations() {
        routes.entry(operation.path).or_default().insert(operation.method);
    }
    assert!(routes.len() > 20);
    for (path, mut methods) in routes {
        if methods.contains("GET") {
            methods.insert("HEAD".into());
        }
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            if methods.contains(method) {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let reply = app.anonymous().send(method, &path.replace("{id}", "1"), None, &[]).await;
            expect_refused(&reply, &[405], &path);
            let allow = reply.headers["allow"].to_str().unwrap();
            let allowed: BTreeSet<String> = allow.split(',').map(|m| m.trim().to_owned()).collect();
            assert_eq!(allowed, methods, "{path}");
        }
    }
}

#[tokio::test]
async fn an_id_of_twenty_digits_or_of_nonsense_names_nothing() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let ids = ["12345678901234567890", "-1", "0", "1.5", "null", "%00", "%ff", "'%20OR%201=1--"];
    let mut tried = 0;
    for operation in contract_operations().iter().filter(|it| it.path.contains("{id}")) {
        for id in ids {
            let path = operation.path.replace("{id}", id);
            let body: &[u8] = match &*operation.path {
                path if path.ends_with("/entries/{id}") => br#"{"mood": "x"}"#,
                _ => br#"{"title": "x", "content": "x", "text": "x", "message": "x"}"#,
            };
            let body = if operation.takes_body { body } else { b"" };
            let reply = send_bytes(&mira, &operation.method, &path, body).await;
            // What is no UTF-8 is no path at all.
            let statuses: &[u16] = if id == "%ff" { &[400, 404, 422] } else { &[404, 422] };
            expect_refused(&reply, statuses, &format!("{} {path}", operation.method));
            tried += 1;
        }
    }
    assert!(tried >= 15 * ids.len(), "{tried}");
    assert_goes_on(&mira).await;
}

#[tokio::test]
async fn what_is_no_json_object_is_refused() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let deep = format!("{{\"title\":{}", "[".repeat(1_000_000));
    let bodies: [&[u8]; 10] = [
        b"{",
        b"{]",
        b"null",
        b"7",
        b"\"title\"",
        b"[]",
        br#"{"title": "torn"#,
        b"{\"title\": \"bad \xff UTF-8\"}",
        b"{\"title\": \"surrogate \xed\xa0\x80\"}",
        deep.as_bytes(),
    ];
    for operation in contract_operations().iter().filter(|it| it.takes_body) {
        let path = operation.path.replace("{id}", "1");
        for body in bodies {
            let reply = send_bytes(&mira, &operation.method, &path, body.to_vec()).await;
            // Some look first whether the thing in the path is there.
            let what = format!("{path} {}", String::from_utf8_lossy(&body[..body.len().min(40)]));
            expect_refused(&reply, &[400, 404, 422], &what);
        }
        // Nothing, and fields of the wrong kind: refused or passed over, and no mistake of ours.
        for body in ["", r#"{"title":{},"content":[],"email":7,"password":1,"note":true,"tags":5}"#]
        {
            let reply = send_bytes(&mira, &operation.method, &path, body).await;
            assert!(!reply.status.is_server_error(), "{path} {body}: {}", reply.text());
            reply.json();
        }
    }
    mira.get("/readyz").await.expect(StatusCode::OK);
}
