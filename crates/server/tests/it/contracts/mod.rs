//! The published contracts: every row of their tables, success and error.

mod chatbot;
mod conversations;
mod entries;
mod histories;
mod retries;
mod sessions;
mod shared;

use axum::http::{StatusCode, header};
use serde_json::Value;

use crate::app::Reply;

/// Checks that a body has these members and no other.
#[track_caller]
fn assert_keys(body: &Value, keys: &[&str]) {
    let mut found: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let mut keys = keys.to_vec();
    found.sort_unstable();
    keys.sort_unstable();
    assert_eq!(found, keys, "{body}");
}

/// Checks that this is an error in the contracts' envelope, with this status, code and sentence.
#[track_caller]
fn expect_error(reply: &Reply, status: u16, code: &str, sentence: &str) {
    let body = reply.expect(StatusCode::from_u16(status).unwrap());
    assert_eq!((body["error"].as_str(), body["code"].as_str()), (Some(sentence), Some(code)));
    assert_eq!(body["detail"], sentence);
    let is_401 = status == 401;
    assert_keys(
        &body,
        if is_401 { &["error", "code", "detail", "msg"] } else { &["error", "code", "detail"] },
    );
    assert_eq!(reply.headers.get(header::WWW_AUTHENTICATE).is_some(), is_401);
    assert_eq!(reply.headers[header::CONTENT_TYPE], "application/json");
}
