//! Bodies that are too large, no JSON, or the wrong JSON.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode},
};
use futures_util::stream;
use serde_json::json;
use serene_core::base::limits::{MAX_BODY_BYTES, MAX_DISCARDED_BYTES, MAX_SEND_BODY_BYTES};

use super::{assert_goes_on, operations, send_bytes};
use crate::app::{Client, Reply, TestApp};

const CONVERSATIONS: &str = "/api/v1/conversations";
const NOTE: &str = "I walked along the river this morning and for once nothing hurried me.";

/// A good body, filled up with white space to this size.
fn filled(size: usize) -> Vec<u8> {
    let mut body = br#"{"title": "a walk""#.to_vec();
    body.resize(size - 1, b' ');
    body.push(b'}');
    body
}

/// A body in pieces of 64 KiB, and the count of what was read of it.
fn pieces(size: usize) -> (Body, Arc<AtomicUsize>) {
    const PIECE: &[u8] = &[b' '; 64 * 1024];
    let read = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&read);
    let pieces = (0..size.div_ceil(PIECE.len())).map(move |_| {
        counter.fetch_add(PIECE.len(), Ordering::Relaxed);
        Ok::<_, std::io::Error>(Bytes::from_static(PIECE))
    });
    (Body::from_stream(stream::iter(pieces)), read)
}

async fn send_declared(client: &Client, path: &str, body: Body, length: Option<usize>) -> Reply {
    let mut request = Request::post(path).header("content-type", "application/json");
    if let Some(length) = length {
        request = request.header("content-length", length);
    }
    client.raw(request.body(body).unwrap()).await
}

#[tokio::test]
async fn a_body_over_a_mebibyte_is_refused_however_it_is_declared() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let most = MAX_BODY_BYTES;
    let whole = |size| Body::from(filled(size));
    send_declared(&mira, CONVERSATIONS, whole(most), Some(most)).await.expect(StatusCode::CREATED);
    send_declared(&mira, CONVERSATIONS, whole(most), None).await.expect(StatusCode::CREATED);
    for declared in [Some(most + 1), None, Some(0), Some(10), Some(most), Some(usize::MAX)] {
        let reply = send_declared(&mira, CONVERSATIONS, whole(most + 1), declared).await;
        let error = reply.expect_error(413, "PAYLOAD_TOO_LARGE");
        assert!(error["error"].as_str().unwrap().contains("1048576"), "{error}");
    }
    // One that says it is large is refused, whatever comes.
    let reply = send_declared(&mira, CONVERSATIONS, whole(100), Some(most + 1)).await;
    reply.expect_error(413, "PAYLOAD_TOO_LARGE");
    let (body, _) = pieces(2 * most);
    let reply = send_declared(&mira, CONVERSATIONS, body, None).await;
    reply.expect_error(413, "PAYLOAD_TOO_LARGE");
    assert_goes_on(&mira).await;
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_its_end() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let send = format!("{CONVERSATIONS}/{conversation}/messages");
    for (path, most) in [(CONVERSATIONS, MAX_BODY_BYTES), (&send, MAX_SEND_BODY_BYTES)] {
        let (body, read) = pieces(1024 * 1024 * 1024);
        let reply = send_declared(&mira, path, body, None).await;
        reply.expect_error(413, "PAYLOAD_TOO_LARGE");
        let read = read.load(Ordering::Relaxed);
        assert!(read <= most + MAX_DISCARDED_BYTES + 128 * 1024, "{read} bytes were read");
    }
    assert_goes_on(&mira).await;
}

#[tokio::test]
async fn a_body_nested_a_million_deep_is_an_error_and_no_crash() {
    const DEPTH: usize = 1_000_000;
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let send = format!("{CONVERSATIONS}/{conversation}/messages");
    let arrays = "[".repeat(DEPTH);
    let objects = r#"{"a":"#.repeat(DEPTH);
    let own = r#"{"content":"#.repeat(DEPTH);
    for body in [
        arrays.clone(),
        format!("{}{}", arrays, "]".repeat(DEPTH)),
        objects.clone(),
        own,
        format!(r#"{{"content":{arrays}"#),
        format!(r#"{{"content":{objects}"#),
        format!(r#"{{"attachments":{arrays}"#),
        format!(r#"{{"content":"x","attachments":[{objects}"#),
        format!(r#"{{"nothing":{arrays}"#),
    ] {
        let reply = send_bytes(&mira, "POST", &send, body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        let code = reply.json()["code"].clone();
        assert!(code == "INVALID_JSON" || code == "INVALID_REQUEST", "{code}");
    }
    for operation in operations().iter().filter(|operation| operation.takes_body) {
        let path = operation.path.replace("{id}", &conversation);
        let reply = send_bytes(&mira, &operation.method, &path, arrays.clone()).await;
        reply.expect_error(400, "INVALID_JSON");
    }
    assert_goes_on(&mira).await;
}

#[tokio::test]
async fn what_is_no_json_object_is_refused_by_every_route_that_takes_one() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let bodies: [&[u8]; 21] = [
        b"",
        b"  \n",
        b"{",
        b"}",
        b"{]",
        b"null",
        b"7",
        b"\"title\"",
        b"[]",
        br#"["mira", null, "a good long password"]"#,
        br#"{"title": "torn"#,
        br#"{"title": 'quotes'}"#,
        br#"{title: "bare"}"#,
        br#"{"title": "more"} {"title": "than one"}"#,
        br#"{"title": "comma",}"#,
        b"{\"title\": \"bad \xff UTF-8\"}",
        b"{\"title\": \"cut \xe2\x82\"}",
        b"{\"title\": \"overlong \xc0\xaf\"}",
        b"{\"title\": \"surrogate \xed\xa0\x80\"}",
        b"{\"title\": \"a bare \0 inside\"}",
        b"\xef\xbb\xbf{\"title\": \"byte order mark\"}",
    ];
    for operation in operations().iter().filter(|operation| operation.takes_body) {
        let path = operation.path.replace("{id}", &conversation);
        for body in bodies {
            let reply = send_bytes(&mira, &operation.method, &path, body).await;
            // Some routes have no `title`, or need more than that, and say so first.
            let error = reply.json()["error"].as_str().unwrap().to_owned();
            let another = String::from_utf8_lossy(body).contains("title\":")
                && (error.contains("unknown field `title`")
                    || error.contains("missing field `position`"));
            if !another {
                reply.expect_error(400, "INVALID_JSON");
            }
        }
    }
    for body in bodies {
        let reply = send_bytes(&mira, "POST", CONVERSATIONS, body).await;
        reply.expect_error(400, "INVALID_JSON");
    }
    assert_goes_on(&mira).await;
}

#[tokio::test]
async fn bad_utf8_is_refused_wherever_text_may_stand() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let send = format!("{CONVERSATIONS}/{conversation}/messages");
    let note = format!(r#"{{"mood": "calm", "note": "{NOTE} "#).into_bytes();
    let bad: [&[u8]; 6] =
        [b"\xff", b"\xe2\x82", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\x80"];
    for bytes in bad {
        for (path, start) in [
            (&*send, &b"{\"content\": \""[..]),
            (CONVERSATIONS, b"{\"title\": \""),
            ("/api/v1/entries", &note),
        ] {
            let body = [start, bytes, b"\"}"].concat();
            let reply = send_bytes(&mira, "POST", path, body).await;
            reply.expect_error(400, "INVALID_JSON");
        }
        let escaped: Vec<String> = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
        let escaped = escaped.concat();
        let reply = mira.get(&format!("{CONVERSATIONS}/{escaped}")).await;
        reply.expect_error(404, "CONVERSATION_NOT_FOUND");
        for query in [format!("cursor={escaped}"), format!("{escaped}=1")] {
            let reply = mira.get(&format!("{CONVERSATIONS}?{query}")).await;
            reply.expect_error(400, "INVALID_REQUEST");
        }
    }
    assert_eq!(mira.get(&send).await.expect(StatusCode::OK)["items"], json!([]));
    assert_goes_on(&mira).await;
}

#[tokio::test]
async fn a_lone_surrogate_is_refused_and_a_whole_character_taken() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    for escape in [r"\ud800", r"\udc00", r"\ud800\ud800", r"\ud800x", r"\udc00\ud800", r"\ud83d\n"]
    {
        let body = format!(r#"{{"title": "half {escape}"}}"#);
        let reply = send_bytes(&mira, "POST", CONVERSATIONS, body).await;
        reply.expect_error(400, "INVALID_JSON");
        let body = format!(r#"{{"half {escape}": "title"}}"#);
        let reply = send_bytes(&mira, "POST", CONVERSATIONS, body).await;
        reply.expect_error(400, "INVALID_JSON");
    }
    let body = r#"{"title": "whole \ud83d\ude00"}"#;
    let made = send_bytes(&mira, "POST", CONVERSATIONS, body).await.expect(StatusCode::CREATED);
    assert_eq!(made["title"], "whole 😀");
    assert_goes_on(&mira).await;
}

#[tokio::test]
async fn a_nul_is_refused_in_every_text() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let (one, send) = (
        format!("{CONVERSATIONS}/{conversation}"),
        format!("{CONVERSATIONS}/{conversation}/messages"),
    );
    let nul = "a\0b\0c\0d\0e";
    let password = "a good long password";
    for (method, path, body, field) in [
        (
            "POST",
            "/api/v1/auth/register",
            json!({"username": nul, "password": password}),
            "username",
        ),
        ("POST", "/api/v1/auth/register", json!({"email": "a\0@b", "password": password}), "email"),
        ("POST", "/api/v1/auth/register", json!({"username": "x1", "password": nul}), "password"),
        ("PATCH", "/api/v1/me", json!({"username": nul}), "username"),
        ("PATCH", "/api/v1/me", json!({"email": "a\0@b"}), "email"),
        (
            "POST",
            "/api/v1/me/password",
            json!({"current_password": password, "new_password": nul}),
            "new_password",
        ),
        ("POST", CONVERSATIONS, json!({"title": nul}), "title"),
        ("PATCH", &one, json!({"title": nul}), "title"),
        ("POST", &send, json!({"content": nul}), "content"),
        ("POST", "/api/v1/entries", json!({"mood": nul, "note": NOTE}), "mood"),
        ("POST", "/api/v1/entries", json!({"mood": "calm", "note": NOTE, "tags": [nul]}), "tags"),
        ("POST", "/api/v1/entries", json!({"mood": "calm", "note": format!("{NOTE}\0")}), "note"),
        ("POST", "/api/v1/vibe-check", json!({"note": format!("{NOTE}\0")}), "note"),
    ] {
        let reply = send_bytes(&mira, method, path, body.to_string()).await;
        let error = reply.expect_error(400, "INVALID_REQUEST");
        assert_eq!(error["field"], field, "{method} {path}");
    }
    let body = json!({"username": "mira", "password": nul});
    let reply = mira.post("/api/v1/auth/login", body).await;
    reply.expect_error(401, "INVALID_CREDENTIALS");
    assert_goes_on(&mira).await;
}

#[tokio::test]
async fn a_field_that_is_not_known_is_named() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let with_body = operations().into_iter().filter(|operation| operation.takes_body);
    let mut tried = 0;
    for operation in with_body {
        let path = operation.path.replace("{id}", &conversation);
        for field in ["nonsense", "Title", "__proto__", "", "naïve"] {
            let body = json!({field: {"deep": [1, 2]}}).to_string();
            let reply = send_bytes(&mira, &operation.method, &path, body).await;
            let error = reply.expect_error(400, "INVALID_REQUEST");
            let sentence = error["error"].as_str().unwrap();
            assert!(sentence.contains(&format!("`{field}`")), "{path}: {sentence}");
        }
        // However long it is, little of it comes back.
        let body = json!({"x".repeat(500_000): 1}).to_string();
        let reply = send_bytes(&mira, &operation.method, &path, body).await;
        reply.expect_error(400, "INVALID_REQUEST");
        assert!(reply.bytes.len() < 1000);
        tried += 1;
    }
    assert!(tried >= 8, "{tried}");
    assert_goes_on(&mira).await;
}

#[tokio::test]
async fn a_field_of_the_wrong_kind_is_refused() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let one = format!("{CONVERSATIONS}/{conversation}");
    let send = format!("{one}/messages");
    for (method, path, body) in [
        ("POST", CONVERSATIONS, r#"{"title": 7}"#),
        ("POST", CONVERSATIONS, r#"{"title": ["a"]}"#),
        ("POST", CONVERSATIONS, r#"{"title": {"a": "b"}}"#),
        ("POST", CONVERSATIONS, r#"{"title": true}"#),
        ("POST", CONVERSATIONS, r#"{"title": 123456789012345678901234567890}"#),
        ("POST", CONVERSATIONS, r#"{"title": -0.0000000000000000000000000000001}"#),
        ("POST", CONVERSATIONS, r#"{"title": ""}"#),
        ("POST", CONVERSATIONS, r#"{"title": "   "}"#),
        ("POST", CONVERSATIONS, r#"{"id": 7}"#),
        ("POST", CONVERSATIONS, r#"{"id": "12345678901234567890"}"#),
        ("POST", CONVERSATIONS, r#"{"id": "not-a-uuid"}"#),
        ("POST", CONVERSATIONS, r#"{"id": ""}"#),
        ("POST", CONVERSATIONS, r#"{"title": "one", "title": "two"}"#),
        ("PATCH", &one, r#"{"pinned": "yes"}"#),
        ("PATCH", &one, r#"{"pinned": 1}"#),
        ("PATCH", &one, r#"{"archived": {}}"#),
        ("PATCH", &one, r#"{"pinned": true, "pinned": false}"#),
        ("PATCH", &one, "{}"),
        ("PATCH", &one, r#"{"title": null, "pinned": null}"#),
        ("POST", &send, "{}"),
        ("POST", &send, r#"{"content": null}"#),
        ("POST", &send, r#"{"content": 7}"#),
        ("POST", &send, r#"{"content": ""}"#),
        ("POST", &send, r#"{"content": "\n \t"}"#),
        ("POST", &send, r#"{"content": "a", "content": "b"}"#),
        ("POST", &send, r#"{"content": "a", "attachments": null}"#),
        ("POST", &send, r#"{"content": "a", "attachments": "data:"}"#),
        ("POST", &send, r#"{"content": "a", "attachments": [7]}"#),
        ("POST", &send, r#"{"content": "a", "attachments": {"0": "data:"}}"#),
        ("POST", "/api/v1/auth/login", r#"{"username": "mira"}"#),
        ("POST", "/api/v1/auth/login", r#"{"username": "mira", "password": 12345678}"#),
        ("POST", "/api/v1/auth/login", r#"{"username": ["mira"], "password": "12345678"}"#),
        ("POST", "/api/v1/auth/login", r#"{"username": {"$ne": null}, "password": {"$ne": null}}"#),
        ("POST", "/api/v1/auth/register", r#"{"username": "x", "password": null}"#),
        (
            "POST",
            "/api/v1/auth/register",
            r#"{"username": "xy", "username": "z", "password": "p"}"#,
        ),
        ("POST", "/api/v1/auth/refresh", r#"{"refresh_token": 7}"#),
        ("POST", "/api/v1/auth/refresh", "{}"),
        ("POST", "/api/v1/me/password", r#"{"current_password": "x", "new_password": 7}"#),
        ("PATCH", "/api/v1/me", r#"{"username": 7}"#),
        ("PATCH", "/api/v1/me", "{}"),
        ("POST", "/api/v1/entries", r#"{"mood": 7, "note": "x"}"#),
        ("POST", "/api/v1/entries", r#"{"mood": "calm", "note": "x", "tags": "river"}"#),
        ("POST", "/api/v1/entries", r#"{"mood": "calm", "note": "x", "written_at": 1760000000}"#),
        ("POST", "/api/v1/vibe-check", r#"{"note": null}"#),
    ] {
        let reply = send_bytes(&mira, method, path, body).await;
        assert_eq!(
            reply.status,
            StatusCode::BAD_REQUEST,
            "{method} {path} {body}: {}",
            reply.text()
        );
        reply.expect_error(400, "INVALID_REQUEST");
    }
    let huge = send_bytes(&mira, "POST", CONVERSATIONS, r#"{"title": 1e400}"#).await;
    huge.expect_error(400, "INVALID_JSON");
    let long = json!({"content": "ä".repeat(32_001)});
    let error = mira.post(&send, long).await.expect_error(400, "INVALID_REQUEST");
    assert_eq!(error["field"], "content");
    let messages = mira.get(&send).await.expect(StatusCode::OK);
    assert_eq!(messages["items"], json!([]), "something of that was written");
    assert_goes_on(&mira).await;
}

#[tokio::test]
async fn a_body_that_is_not_declared_as_json_is_not_read() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let request = |method: &str, path: &str, kind: Option<&str>| {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        request.body(Body::from(r#"{"title": "a walk"}"#)).unwrap()
    };
    let refused = [
        None,
        Some(""),
        Some("text/plain"),
        Some("text/json"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("application/jsonp"),
        Some("application/octet-stream"),
        Some("json"),
        Some("*/*"),
    ];
    for operation in operations().iter().filter(|operation| operation.takes_body) {
        let path = operation.path.replace("{id}", &conversation);
        for kind in refused {
            let reply = mira.raw(request(&operation.method, &path, kind)).await;
            reply.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
        }
    }
    for kind in
        ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]
    {
        mira.raw(request("POST", CONVERSATIONS, Some(kind))).await.expect(StatusCode::CREATED);
    }
    assert_goes_on(&mira).await;
}
