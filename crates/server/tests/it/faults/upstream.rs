//! The model server fails, and is asked over HTTP as in production: the message is kept, the reply
//! says how it failed, nothing is asked again once words came, and each reply is paid for once.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use serene_llm::{OpenAiConfig, Retries, Timeouts, Usage};

use crate::{
    app::{Client, TestApp},
    mock_model::{MockModel, nobody},
    mock_model_server::MockServer,
    process::now,
    replies::{
        engines::over_http,
        failures::{expect_failed, say},
        ledger, only_reply, same_usage, words,
    },
};

/// Long enough for an answer that comes, short enough to wait for one that does not.
const LIMIT: Duration = Duration::from_millis(600);

/// An application that asks the server at this address for this model, without much patience.
async fn asking(base_url: &str, model: &str) -> TestApp {
    asking_within(base_url, model, Timeouts { first_byte: LIMIT, idle: LIMIT, ..patient() }).await
}

fn patient() -> Timeouts {
    Timeouts { connect: LIMIT, ..Timeouts::default() }
}

async fn asking_within(base_url: &str, model: &str, timeouts: Timeouts) -> TestApp {
    let retries = Retries { first_wait: Duration::from_millis(20), ..Retries::default() };
    let config = OpenAiConfig { timeouts, retries, ..OpenAiConfig::new(base_url, model) };
    TestApp::with(over_http(config)).await
}

/// Checks that a reply fails with this code after so many words, the model server having been asked
/// so often.
async fn fails(model: &MockServer, script: &str, code: &str, count: usize, asked: usize) {
    let before = model.requests().len();
    let app = asking(&model.base_url(), script).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let exchange = say(&mira, &id).await;
    let reply = expect_failed(&app, &mira, &id, code, &words(count)).await;
    assert_eq!(exchange["assistant_message"], reply, "{script}");
    assert_eq!(model.requests().len() - before, asked, "{script}");
}

/// Checks that a reply is whole, the model server having been asked so often, and paid for once.
async fn succeeds(model: &MockServer, script: &str, count: u32, asked: usize) {
    let before = model.requests().len();
    let app = asking(&model.base_url(), script).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    say(&mira, &id).await;
    let text = words(count as usize);
    let usage = expect_whole(&app, &mira, &id, &text).await;
    assert_eq!((usage.completion_tokens, usage.estimated), (count, false), "{script}");
    assert_eq!(model.requests().len() - before, asked, "{script}");
}

/// Checks that the reply is whole, and returns its one usage record.
async fn expect_whole(app: &TestApp, mira: &Client, id: &str, text: &str) -> Usage {
    let reply = only_reply(mira, id).await;
    assert_eq!((&reply["status"], &reply["content"]), (&json!("complete"), &json!(text)));
    let generation = format!("/api/v1/generations/{}", reply["generation_id"].as_str().unwrap());
    let records = ledger(app, mira).await;
    assert_eq!(records.len(), 1, "one record for one reply");
    same_usage(&mira.get(&generation).await.json(), &records[0]);
    records[0]
}

#[tokio::test]
async fn upstream_refuses() {
    let app = asking(&nobody(), "echo").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    say(&mira, &id).await;
    expect_failed(&app, &mira, &id, "MODEL_UNREACHABLE", "").await;

    // One that answers, and wants neither the key nor the request: asking again changes nothing.
    let model = MockServer::start();
    fails(&model, "unauthorized", "MODEL_UNAUTHORIZED", 0, 1).await;
    fails(&model, "rejected", "MODEL_REJECTED", 0, 1).await;
}

/// Asks a model that is too slow, checks that this is what the reply says, and returns its text and
/// how long it took.
async fn times_out(base_url: &str, model: &str, timeouts: Timeouts) -> (String, Duration) {
    let app = asking_within(base_url, model, timeouts).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let start: Instant = now();
    say(&mira, &id).await;
    let took = start.elapsed();
    let text = only_reply(&mira, &id).await["content"].as_str().unwrap().to_owned();
    expect_failed(&app, &mira, &id, "MODEL_TIMEOUT", &text).await;
    (text, took)
}

/// Once, and neither sooner nor much later than this limit.
#[track_caller]
fn at_the_limit(took: Duration) {
    assert!((LIMIT..LIMIT * 2).contains(&took), "{took:?}");
}

#[tokio::test]
async fn upstream_times_out_connect() {
    // The kernel accepts, and nobody ever answers the greeting of TLS.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("https://{}/v1", silent.local_addr().unwrap());
    let (text, took) = times_out(&base_url, "echo", patient()).await;
    assert_eq!(text, "");
    at_the_limit(took);
}

#[tokio::test]
async fn upstream_times_out_first_byte() {
    let model = MockServer::start();
    let timeouts = Timeouts { first_byte: LIMIT, ..patient() };
    let (text, took) = times_out(&model.base_url(), "timeout", timeouts).await;
    assert_eq!((text.as_str(), model.requests().len()), ("", 1));
    at_the_limit(took);
}

#[tokio::test]
async fn upstream_times_out_idle() {
    let model = MockServer::start();
    let timeouts = Timeouts { idle: LIMIT, ..patient() };
    let (text, took) = times_out(&model.base_url(), "long:9+timeout:4", timeouts).await;
    assert_eq!((text, model.requests().len()), (words(4), 1));
    at_the_limit(took);
}

#[tokio::test]
async fn upstream_times_out_total() {
    let model = MockServer::start();
    let timeouts = Timeouts { total: Some(LIMIT), ..patient() };
    let (text, took) = times_out(&model.base_url(), "slow:40+long:500", timeouts).await;
    assert!(words(500).starts_with(&text) && text.len() > words(3).len(), "{text}");
    assert_eq!(model.requests().len(), 1);
    at_the_limit(took);
}

#[tokio::test]
async fn upstream_429() {
    let model = MockServer::start();
    let start = now();
    succeeds(&model, "times:2+rate-limited:1+long:5", 5, 3).await;
    assert!(start.elapsed() >= Duration::from_secs(2), "its Retry-After counts, twice");
    // Two retries and no more; none where it asks for more patience than anybody has.
    fails(&model, "rate-limited", "MODEL_RATE_LIMITED", 0, 3).await;
    let start = now();
    fails(&model, "rate-limited:60", "MODEL_RATE_LIMITED", 0, 1).await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn upstream_5xx() {
    let model = MockServer::start();
    succeeds(&model, "times:2+fail+long:5", 5, 3).await;
    fails(&model, "fail", "MODEL_FAILED", 0, 3).await;
    // Words came before it, so nothing is asked again.
    fails(&model, "fail:2+long:9", "MODEL_FAILED", 2, 1).await;
}

#[tokio::test]
async fn upstream_cuts_mid_stream() {
    let model = MockServer::start();
    for count in [0, 1, 5, 9] {
        fails(&model, &format!("cut:{count}+long:9"), "MODEL_CUT", count, 1).await;
    }
    // Hung up without a word, it may have been a connection that was too old.
    fails(&model, "unreachable", "MODEL_CUT", 0, 3).await;
    succeeds(&model, "times:1+unreachable+long:5", 5, 2).await;
}

#[tokio::test]
async fn upstream_sends_garbage() {
    let model = MockServer::start();
    fails(&model, "garbage", "MODEL_GARBAGE", 0, 1).await;
    fails(&model, "garbage:3+long:9", "MODEL_GARBAGE", 3, 1).await;
    for body in ["<html>Sign in</html>", "data: [[[[\n\n", "data: {\"choices\": 3}\n\n"] {
        expect_of_body(body, Err("MODEL_GARBAGE")).await;
    }
}

#[tokio::test]
async fn upstream_empty_choices() {
    let model = MockServer::start();
    fails(&model, "empty+long:9", "MODEL_EMPTY", 0, 1).await;
    let done = "data: [DONE]\n\n";
    let none = "data: {\"choices\": []}\n\n";
    let word = "data: {\"choices\": [{\"delta\": {\"content\": \"Yes.\"}}]}\n\n";
    let end = "data: {\"choices\": [{\"delta\": {}, \"finish_reason\": \"stop\"}]}\n\n";
    expect_of_body(&[none, none, done].concat(), Err("MODEL_EMPTY")).await;
    expect_of_body(&[none, end, done].concat(), Err("MODEL_EMPTY")).await;
    // Where words come as well, they are all that counts.
    expect_of_body(&[none, word, none, end, none, done].concat(), Ok("Yes.")).await;
}

/// Checks what becomes of an answer with exactly this body, asked for once: the code it fails with,
/// or its text.
async fn expect_of_body(body: &str, expected: Result<&str, &str>) {
    let model = MockModel::sending(body);
    let app = asking(&model.base_url, "tiny").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let exchange = say(&mira, &id).await;
    match expected {
        Err(code) => {
            expect_failed(&app, &mira, &id, code, "").await;
        }
        Ok(text) => {
            expect_whole(&app, &mira, &id, text).await;
            assert_eq!(exchange["assistant_message"]["error_code"], Value::Null);
        }
    }
    assert_eq!(model.asked().len(), 1, "{body}");
}

#[tokio::test]
async fn upstream_no_usage() {
    let model = MockServer::start();
    let app = asking(&model.base_url(), "no-usage+long:8").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    say(&mira, &id).await;
    let guessed = expect_whole(&app, &mira, &id, &words(8)).await;
    // A quarter of the bytes, the instruction's and the message's among them.
    assert_eq!((guessed.completion_tokens, guessed.estimated), (11, true));
    assert!(guessed.prompt_tokens > 3);

    let word = "{\"delta\": {\"content\": \"Yes.\"}, \"finish_reason\": \"stop\"}";
    for figures in ["{}", "null", "{\"prompt_tokens\": null}"] {
        let body = format!("data: {{\"choices\": [{word}], \"usage\": {figures}}}\n\n");
        expect_of_body(&(body + "data: [DONE]\n\n"), Ok("Yes.")).await;
    }
}
