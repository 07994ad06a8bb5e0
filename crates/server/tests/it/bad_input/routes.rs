//! Addresses, ids, methods, queries and headers that are not as they should be.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, StatusCode, Uri},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{assert_goes_on, operations};
use crate::app::TestApp;

#[tokio::test]
async fn where_nothing_is_the_answer_is_an_error_of_our_own() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    for path in [
        "/favicon.ico",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/API/V1/ME",
        "/api/v1/me/",
        "/api/v1/conversations/",
        "/api/v1//me",
        "//api/v1/me",
        "/api/v1/../../etc/passwd",
        "/api/v1/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%00",
        "/%ff",
        "/%",
        "/%zz",
        "/;/@:&=+$,",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
            let reply = mira.send(method, path, None, &[]).await;
            assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
            reply.expect_error(404, "NOT_FOUND");
        }
    }
    let long = format!("/{}", "x".repeat(60_000));
    mira.get(&long).await.expect_error(404, "NOT_FOUND");
    // The form that OPTIONS may ask the whole server in.
    let mut request = Request::new(Body::empty());
    *request.method_mut() = Method::OPTIONS;
    *request.uri_mut() = Uri::from_static("*");
    mira.raw(request).await.expect_error(404, "NOT_FOUND");
    assert_goes_on(&mira).await;
}

#[tokio::test]
async fn a_method_that_a_route_does_not_take_is_told_those_it_takes() {
    let app = TestApp::new().await;
    let mut routes = BTreeMap::<String, BTreeSet<String>>::new();
    for operation in operations() {
        routes.entry(operation.path).or_default().insert(operation.method);
    }
    for page in ["/openapi.json", "/docs/"] {
        routes.entry(page.into()).or_default().insert("GET".into());
    }
    assert!(routes.len() > 20);
    for (path, mut methods) in routes {
        if methods.contains("GET") {
            methods.insert("HEAD".into());
        }
        let path = path.replace("{id}", "0199e4c7-54c8-7a53-a5b0-0e9cfbe7aa2d");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            if methods.contains(method) {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let reply = app.anonymous().send(method.clone(), &path, None, &[]).await;
            assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            reply.expect_error(405, "METHOD_NOT_ALLOWED");
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
    let codes = [
        ("/sessions/", "SESSION_NOT_FOUND"),
        ("/conversations/", "CONVERSATION_NOT_FOUND"),
        ("/messages/", "MESSAGE_NOT_FOUND"),
        ("/attachments/", "ATTACHMENT_NOT_FOUND"),
        ("/generations/", "GENERATION_NOT_FOUND"),
        ("/entries/", "ENTRY_NOT_FOUND"),
    ];
    let long = "9".repeat(10_000);
    let ids = [
        "12345678901234567890",
        "99999999999999999999999999",
        "-1",
        "0",
        "1",
        "1.5",
        "NaN",
        "null",
        "undefined",
        "me",
        "%00",
        "%ff",
        "%ed%a0%80",
        "..%2f..",
        "'%20OR%201=1--",
        "0199e4c7-54c8-7a53-a5b0-0e9cfbe7aa2",
        "0199e4c7-54c8-7a53-a5b0-0e9cfbe7aa2d0",
        "0199e4c7-54c8-7a53-a5b0-0e9cfbe7aa2g",
        "0199e4c7-54c8-7a53-a5b0-0e9cfbe7aa2d",
        &long,
    ];
    let mut tried = 0;
    for operation in operations().iter().filter(|operation| operation.path.contains("{id}")) {
        let code = codes.iter().find(|(part, _)| operation.path.contains(part)).unwrap().1;
        for id in ids {
            let path = operation.path.replace("{id}", id);
            let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
            let body = match &*operation.path {
                "/api/v1/conversations/{id}/messages" => json!({"content": "x"}),
                "/api/v1/conversations/{id}/fork" => json!({"position": 1}),
                "/api/v1/conversations/{id}/preferences" => json!({"max_tokens": 9}),
                "/api/v1/entries/{id}" => json!({"mood": "x"}),
                _ => json!({"title": "x"}),
            };
            let body = operation.takes_body.then_some(body);
            let reply = mira.send(method, &path, body, &[]).await;
            assert_eq!(reply.status, StatusCode::NOT_FOUND, "{} {path}", operation.method);
            reply.expect_error(404, code);
            tried += 1;
        }
    }
    assert!(tried >= 15 * ids.len(), "{tried}");
    assert_goes_on(&mira).await;
}

#[tokio::test]
async fn a_query_that_breaks_a_rule_is_refused_by_its_parameter() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let mut tried = 0;
    for operation in operations().iter().filter(|operation| operation.takes_query) {
        let path = operation.path.replace("{id}", &conversation);
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
        for query in ["nonsense=1", "nonsense", "Limit=5", "limit[]=5", "%00=1"] {
            let name = query.split('=').next().unwrap().replace("%00", "\0");
            let reply = mira.send(method.clone(), &format!("{path}?{query}"), None, &[]).await;
            let error = reply.expect_error(400, "INVALID_REQUEST");
            let sentence = error["error"].as_str().unwrap();
            assert!(sentence.contains(&format!("`{name}`")), "{path}?{query}: {sentence}");
        }
        tried += 1;
    }
    assert!(tried >= 4, "{tried}");

    let lists =
        ["/api/v1/conversations".into(), format!("/api/v1/conversations/{conversation}/messages")];
    for list in lists {
        for limit in
            ["0", "101", "-1", "abc", "1.5", "", "+", "0x10", "1e1", "%00", "99999999999999999999"]
        {
            let error = mira.get(&format!("{list}?limit={limit}")).await;
            let error = error.expect_error(400, "INVALID_REQUEST");
            assert!(error["error"].as_str().unwrap().contains("limit"), "{limit}: {error}");
        }
        let twice = mira.get(&format!("{list}?limit=1&limit=2")).await;
        twice.expect_error(400, "INVALID_REQUEST");
        for limit in ["1", "100"] {
            mira.get(&format!("{list}?limit={limit}")).await.expect(StatusCode::OK);
        }
        for cursor in ["", "x", "AAAA", "%00", "%ff", &"A".repeat(31), &"A".repeat(33), "😀"] {
            let cursor = cursor.replace('😀', "%F0%9F%98%80");
            let error = mira.get(&format!("{list}?cursor={cursor}")).await;
            assert_eq!(error.expect_error(400, "INVALID_REQUEST")["field"], "cursor");
        }
        // What has the form of a cursor is a place, wherever it is.
        for bytes in [[0_u8; 24], [0xff; 24], [0x7f; 24], [0x80; 24]] {
            let cursor = URL_SAFE_NO_PAD.encode(bytes);
            mira.get(&format!("{list}?cursor={cursor}")).await.expect(StatusCode::OK);
        }
    }
    for (path, word) in [
        ("/api/v1/conversations?shelf=attic".to_owned(), "attic"),
        (format!("/api/v1/conversations/{conversation}/messages?order=up"), "up"),
    ] {
        let error = mira.get(&path).await.expect_error(400, "INVALID_REQUEST");
        assert!(error["error"].as_str().unwrap().contains(word), "{error}");
    }
    let path = format!("/api/v1/conversations/{conversation}?permanent=perhaps");
    let error = mira.delete(&path).await.expect_error(400, "INVALID_REQUEST");
    assert!(error["error"].as_str().unwrap().contains("permanent"), "{error}");
    assert_goes_on(&mira).await;
}

#[tokio::test]
async fn a_place_in_a_stream_that_cannot_be_is_refused() {
    let app = TestApp::scripted("fixed:äöü").await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let sent = mira.say(&conversation, "x").await;
    let stream =
        format!("/api/v1/generations/{}/stream", sent["generation"]["id"].as_str().unwrap());
    for after in ["-1", "1", "3", "abc", "", "1.5", "0x2", "%00", "99999999999999999999", "END"] {
        let reply = mira.get(&format!("{stream}?after={after}")).await;
        assert_eq!(reply.expect_error(400, "INVALID_REQUEST")["field"], "after", "{after}");
    }
    for after in ["-1", "1", "abc", "\u{7f}", "99999999999999999999"] {
        let Ok(value) = HeaderValue::from_bytes(after.as_bytes()) else { continue };
        let request = Request::get(&stream).header("last-event-id", value);
        let reply = mira.raw(request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.expect_error(400, "INVALID_REQUEST")["field"], "after", "{after}");
    }
    assert_eq!(mira.get(&format!("{stream}?after=2")).await.events()[0].2["text"], "öü");
    assert_goes_on(&mira).await;
}

#[tokio::test]
async fn an_id_for_the_request_is_taken_when_it_is_harmless() {
    let app = TestApp::new().await;
    let long = "x".repeat(64);
    for id in ["abc-123_4.5", "0", &long] {
        let header = [("x-request-id", id)];
        let reply = app.anonymous().send(Method::GET, "/x", None, &header).await;
        assert_eq!(reply.expect_error(404, "NOT_FOUND")["request_id"], id);
    }
    let mut seen = BTreeSet::new();
    let longer = "x".repeat(65);
    for id in
        ["", "two words", "<script>", "a\tb", "{\"a\":1}", "%0d%0aset-cookie:a=b", "é", &longer]
    {
        let value = HeaderValue::from_bytes(id.as_bytes()).unwrap();
        let request = Request::get("/x").header("x-request-id", value);
        let reply = app.anonymous().raw(request.body(Body::empty()).unwrap()).await;
        let given = reply.expect_error(404, "NOT_FOUND")["request_id"].as_str().unwrap().to_owned();
        assert_eq!(given.len(), 36, "{given}");
        assert!(seen.insert(given), "every request has an id of its own");
    }
}

#[tokio::test]
async fn a_credential_that_is_none_is_an_error_and_no_crash() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    for (value, code) in [
        (&b""[..], "UNAUTHENTICATED"),
        (b"Bearer", "UNAUTHENTICATED"),
        (b"Bearer ", "UNAUTHENTICATED"),
        (b"Bearer \xff\xfe", "UNAUTHENTICATED"),
        (b"\xff", "UNAUTHENTICATED"),
        (b"Basic bWlyYTpwYXNz", "UNAUTHENTICATED"),
        (b"Bearer x", "TOKEN_INVALID"),
        (b"Bearer a.b.c", "TOKEN_INVALID"),
        (b"Bearer a b", "TOKEN_INVALID"),
        (format!("Bearer {}", "x".repeat(20_000)).as_bytes(), "TOKEN_INVALID"),
    ] {
        let value = HeaderValue::from_bytes(value).unwrap();
        let request = Request::get("/api/v1/me").header("authorization", value);
        let reply = app.anonymous().raw(request.body(Body::empty()).unwrap()).await;
        reply.expect_error(401, code);
    }
    assert_goes_on(&mira).await;
}
