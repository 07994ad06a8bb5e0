//! `Idempotency-Key`: a request that comes again creates nothing again.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Stream, generation_of, ledger, messages_of, only_reply, words};
use crate::app::{Client, Reply, TestApp};

const NOTE: &str = "Today I walked along the river and it was quiet, which did me good.";

async fn keyed(client: &Client, path: &str, body: Value, key: &str) -> Reply {
    client.send(Method::POST, path, Some(body), &[("idempotency-key", key)]).await
}

#[tokio::test]
async fn every_request_that_creates_is_answered_with_what_it_created() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let reply = mira.say(&id, "good evening").await["assistant_message"]["id"].clone();
    let requests = [
        ("/api/v1/conversations".to_owned(), json!({"title": "A walk"})),
        (messages_of(&id), json!({"content": "good night"})),
        ("/api/v1/entries".to_owned(), json!({"mood": "calm", "note": NOTE})),
        (format!("/api/v1/conversations/{id}/fork"), json!({"position": 2})),
        (format!("/api/v1/messages/{}/regenerate", reply.as_str().unwrap()), json!({})),
    ];
    let rows = || {
        let tables = ["conversations", "messages", "entries", "generations", "usage_records"];
        tables.map(|table| app.count(&format!("SELECT COUNT(*) FROM {table}")))
    };
    for (number, (path, body)) in requests.iter().enumerate() {
        let key = format!("key-{number}");
        let first = keyed(&mira, path, body.clone(), &key).await.expect(StatusCode::CREATED);
        let after = rows();
        let again = keyed(&mira, path, body.clone(), &key).await.expect(StatusCode::CREATED);
        assert_eq!(again, first, "{path}");
        assert_eq!(rows(), after, "{path} created nothing again");
        // Under another key it is another request.
        let other = keyed(&mira, path, body.clone(), &format!("{key}-b")).await;
        other.expect(StatusCode::CREATED);
        assert_ne!(rows(), after, "{path}");
    }
}

#[tokio::test]
async fn another_request_under_a_key_is_refused_and_does_nothing() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let path = messages_of(&id);
    keyed(&mira, &path, json!({"content": "one"}), "k").await.expect(StatusCode::CREATED);
    let other = mira.conversation().await;
    let requests = [
        (path.clone(), json!({"content": "two"})),
        (messages_of(&other), json!({"content": "one"})),
        ("/api/v1/conversations".to_owned(), json!({})),
        ("/api/v1/entries".to_owned(), json!({"mood": "calm", "note": NOTE})),
        (format!("/api/v1/conversations/{id}/fork"), json!({"position": 1})),
    ];
    for (path, body) in requests {
        let refused = keyed(&mira, &path, body, "k").await;
        refused.expect_error(422, "IDEMPOTENCY_KEY_REUSED");
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), 2);
    assert_eq!(app.count("SELECT COUNT(*) FROM conversations"), 2);
    // A refused request keeps no key.
    let bad = keyed(&mira, &path, json!({"content": ""}), "bad").await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    keyed(&mira, &path, json!({"content": "good"}), "bad").await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn a_key_is_its_owners() {
    let app = TestApp::new().await;
    let (mira, odo) = (app.user("mira").await, app.user("odo").await);
    let body = json!({"title": "mine"});
    let path = "/api/v1/conversations";
    let hers = keyed(&mira, path, body.clone(), "same").await.expect(StatusCode::CREATED);
    let his = keyed(&odo, path, body, "same").await.expect(StatusCode::CREATED);
    assert_ne!(hers["id"], his["id"]);
}

#[tokio::test]
async fn a_key_is_visible_and_not_too_long() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    for bad in ["", " ", "a b", &"k".repeat(256)] {
        let refused = keyed(&mira, "/api/v1/conversations", json!({}), bad).await;
        let error = refused.expect_error(400, "INVALID_REQUEST");
        assert_eq!(error["field"], "idempotency-key", "{bad:?}");
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM conversations"), 0);
}

#[tokio::test]
async fn a_key_is_kept_for_a_day() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let path = "/api/v1/entries";
    let body = json!({"mood": "calm", "note": NOTE});
    let first = keyed(&mira, path, body.clone(), "k").await.expect(StatusCode::CREATED);
    app.clock.step_seconds(24 * 60 * 60 - 60);
    let mira = app.sign_in("mira").await;
    let again = keyed(&mira, path, body.clone(), "k").await.expect(StatusCode::CREATED);
    assert_eq!(again["id"], first["id"]);
    app.clock.step_seconds(120);
    let anew = keyed(&mira, path, body, "k").await.expect(StatusCode::CREATED);
    assert_ne!(anew["id"], first["id"]);
    assert_eq!(app.count("SELECT COUNT(*) FROM idempotency_keys"), 1);
}

#[tokio::test]
async fn the_database_holds_neither_the_key_nor_the_request() {
    let app = TestApp::sealed("echo").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let said = json!({"content": "marker-of-what-was-said"});
    keyed(&mira, &messages_of(&id), said, "marker-of-the-key").await.expect(StatusCode::CREATED);
    for marker in ["marker-of-what-was-said", "marker-of-the-key"] {
        assert_eq!(app.data.places_with(marker), [""; 0], "{marker}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn same_idempotency_key_50_times_at_once() {
    let app = TestApp::scripted("slow:5+long:20").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (mira, path) = (mira.clone(), messages_of(&id));
        senders
            .spawn(async move { keyed(&mira, &path, json!({"content": "only once"}), "k").await });
    }
    let mut answers: Vec<Value> = Vec::new();
    for reply in senders.join_all().await {
        answers.push(reply.expect(StatusCode::CREATED));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "one reply for all");
    assert_eq!(answers[0]["assistant_message"]["content"], words(20));
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), 2);
    assert_eq!(app.count("SELECT COUNT(*) FROM generations"), 1);
    assert_eq!(app.engine.as_ref().unwrap().requests().len(), 1, "one call of the model");
    assert_eq!(ledger(&app, &mira).await.len(), 1, "one charge");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_else_50_times_at_once_is_created_once_too() {
    let app = TestApp::scripted("long:3").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let reply = mira.say(&id, "hello").await["assistant_message"]["id"].clone();
    let requests = [
        ("/api/v1/conversations".to_owned(), json!({})),
        ("/api/v1/entries".to_owned(), json!({"mood": "calm", "note": NOTE})),
        (format!("/api/v1/conversations/{id}/fork"), json!({"position": 2})),
        (format!("/api/v1/messages/{}/regenerate", reply.as_str().unwrap()), json!({})),
    ];
    for (number, (path, body)) in requests.into_iter().enumerate() {
        let mut senders = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (mira, path, body) = (mira.clone(), path.clone(), body.clone());
            senders.spawn(async move {
                keyed(&mira, &path, body, &format!("k{number}")).await.expect(StatusCode::CREATED)
            });
        }
        let answers = senders.join_all().await;
        let id = |answer: &Value| answer.get("id").unwrap_or(&answer["generation"]["id"]).clone();
        assert!(answers.iter().all(|answer| id(answer) == id(&answers[0])), "{path}");
    }
    // The one it began with, the one made, the fork; and no half of another.
    assert_eq!(app.count("SELECT COUNT(*) FROM conversations"), 3);
    assert_eq!(app.count("SELECT COUNT(*) FROM entries"), 1);
    assert_eq!(app.count("SELECT COUNT(*) FROM generations"), 2);
}

#[tokio::test]
async fn a_stream_that_is_asked_for_again_attaches_to_the_first() {
    let app = TestApp::scripted("slow:20+long:15").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let headers = [("accept", "text/event-stream"), ("idempotency-key", "k")];
    let path = messages_of(&id);
    let open = || {
        let body = Some(json!({"content": "hello"}));
        Stream::open(&mira, Method::POST, &path, body, &headers)
    };
    let mut first = open().await;
    first.delta().await;
    let again = open().await;
    assert_eq!(again.generation(), first.generation());
    drop(first);
    let (text, (name, _, _)) = again.rest().await;
    assert_eq!((text, name.as_str()), (words(15), "done"), "from its beginning");
    let late = open().await;
    assert_eq!(late.rest().await.0, words(15));
    assert_eq!(app.engine.as_ref().unwrap().requests().len(), 1);
}

#[tokio::test]
async fn a_rest_that_is_asked_for_again_is_written_once() {
    let app = TestApp::scripted("slow:5+long:40").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut stream = Stream::send(&mira, &id, json!({"content": "go on"})).await;
    stream.delta().await;
    let stop = format!("{}/stop", generation_of(&stream.generation()));
    mira.post(&stop, json!({})).await.expect(StatusCode::OK);
    let reply = only_reply(&mira, &id).await["id"].clone();
    let path = format!("/api/v1/messages/{}/continue", reply.as_str().unwrap());
    let first = keyed(&mira, &path, json!({}), "k").await.expect(StatusCode::CREATED);
    let again = keyed(&mira, &path, json!({}), "k").await.expect(StatusCode::CREATED);
    assert_eq!(again, first);
    assert_eq!(first["assistant_message"]["content"], words(40));
    assert_eq!(app.count("SELECT COUNT(*) FROM generations"), 2);
}
