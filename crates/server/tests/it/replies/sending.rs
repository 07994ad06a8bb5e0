//! Sending: to a conversation that is busy, and the same message again. Two tabs at once are in
//! `faults::tabs`.

use std::{collections::HashSet, time::Duration};

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    Stream, active_generation, eventually, generation_of, ledger, messages_of, only_reply, words,
};
use crate::app::TestApp;

const ID: &str = "0199e4c7-54c8-7a53-a5b0-0e9cfbe7aa2d";

#[tokio::test]
async fn a_busy_conversation_names_the_generation_that_keeps_it() {
    let app = TestApp::scripted("slow:20+long:500").await;
    let mira = app.user("mira").await;
    let (id, other) = (mira.conversation().await, mira.conversation().await);
    let stream = Stream::send(&mira, &id, json!({"content": "first"})).await;
    let generation = stream.generation();
    assert_eq!(active_generation(&mira, &id).await, generation);
    let busy = mira.post(&messages_of(&id), json!({"content": "second"})).await;
    let busy = busy.expect_error(409, "CONVERSATION_BUSY");
    assert_eq!(busy["generation_id"], generation);
    assert_eq!(only_reply(&mira, &id).await["generation_id"], generation, "nothing was stored");
    // Another conversation is another matter.
    let elsewhere = Stream::send(&mira, &other, json!({"content": "elsewhere"})).await;
    elsewhere.generation();
    let stop = format!("{}/stop", generation_of(&generation));
    mira.post(&stop, json!({})).await.expect(StatusCode::OK);
    assert_eq!(active_generation(&mira, &id).await, Value::Null);
    let next = Stream::send(&mira, &id, json!({"content": "second"})).await;
    assert_eq!(active_generation(&mira, &id).await, next.generation());
}

#[tokio::test]
async fn a_message_sent_again_gives_the_first_ones_reply() {
    let app = TestApp::scripted("long:5").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let body = json!({"id": ID, "content": "hello"});
    let first = mira.post(&messages_of(&id), body.clone()).await.expect(StatusCode::CREATED);
    assert_eq!(first["user_message"]["id"], ID);
    mira.say(&id, "something else").await;
    let again = mira.post(&messages_of(&id), body.clone()).await.expect(StatusCode::CREATED);
    assert_eq!(again, first);
    let stream = Stream::send(&mira, &id, body).await;
    assert_eq!(stream.generation(), first["generation"]["id"].as_str().unwrap());
    let (text, (name, _, done)) = stream.rest().await;
    assert_eq!((text, name.as_str()), (words(5), "done"));
    assert_eq!(done["message"], first["assistant_message"]);
    assert_eq!(ledger(&app, &mira).await.len(), 2);
    assert_eq!(app.engine.as_ref().unwrap().requests().len(), 2);
}

#[tokio::test]
async fn a_message_sent_again_while_it_is_answered_attaches_to_the_reply() {
    let app = TestApp::scripted("slow:20+long:15").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let body = json!({"id": ID, "content": "hello"});
    let mut stream = Stream::send(&mira, &id, body.clone()).await;
    stream.delta().await;
    let again = Stream::send(&mira, &id, body.clone()).await;
    assert_eq!(again.generation(), stream.generation());
    let path = messages_of(&id);
    let waiting = mira.post(&path, body);
    let (again, waiting) = tokio::join!(again.rest(), waiting);
    let (text, (_, _, done)) = again;
    assert_eq!(text, words(15), "from its beginning");
    assert_eq!(waiting.expect(StatusCode::CREATED)["assistant_message"], done["message"]);
    assert_eq!(ledger(&app, &mira).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_message_fifty_times_at_once_is_one_message() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    for round in 1..=4 {
        let id = mira.conversation().await;
        let message = app.serene.base().new_id();
        let mut senders = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (mira, path) = (mira.clone(), messages_of(&id));
            let body = json!({"id": message, "content": "hello"});
            senders.spawn(async move { mira.post(&path, body).await });
        }
        let answers = senders.join_all().await;
        let distinct: HashSet<String> =
            answers.iter().map(|reply| reply.expect(StatusCode::CREATED).to_string()).collect();
        assert_eq!(distinct.len(), 1);
        only_reply(&mira, &id).await;
        assert_eq!(ledger(&app, &mira).await.len(), round);
        assert_eq!(app.engine.as_ref().unwrap().requests().len(), round);
    }
}

#[tokio::test]
async fn a_message_whose_sender_hangs_up_while_it_is_written_is_answered() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    // From here on the numbers of messages are leased: the next write is the message itself.
    mira.say(&mira.conversation().await, "something").await;
    let lock = app.data.hold_writes();
    let path = messages_of(&id);
    let send = mira.post(&path, json!({"content": "hello"}));
    assert!(tokio::time::timeout(Duration::from_millis(300), send).await.is_err());
    drop(lock);
    eventually("the message is stored", async || app.count("SELECT COUNT(*) FROM messages") == 4)
        .await;
    eventually("the reply is whole", async || only_reply(&mira, &id).await["status"] == "complete")
        .await;
    assert_eq!(active_generation(&mira, &id).await, Value::Null);
}

#[tokio::test]
async fn a_message_sent_again_after_its_reply_was_deleted_is_not_answered_twice() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let message = app.serene.base().new_id();
    let body = json!({"id": message, "content": "hello"});
    mira.post(&messages_of(&id), body.clone()).await.expect(StatusCode::CREATED);
    let reply = only_reply(&mira, &id).await["id"].as_str().unwrap().to_owned();
    mira.delete(&format!("/api/v1/messages/{reply}")).await.expect(StatusCode::NO_CONTENT);
    mira.post(&messages_of(&id), body).await.expect_error(409, "ID_TAKEN");
    assert_eq!(app.engine.as_ref().unwrap().requests().len(), 1);
}

#[tokio::test]
async fn an_id_that_stands_for_something_else_is_taken() {
    let app = TestApp::new().await;
    let (mira, odo) = (app.user("mira").await, app.user("odo").await);
    let (id, other) = (mira.conversation().await, mira.conversation().await);
    let image = "data:image/gif;base64,R0lGODlh";
    let body = json!({"id": ID, "content": "hello", "attachments": [image]});
    let first = mira.post(&messages_of(&id), body.clone()).await.expect(StatusCode::CREATED);
    let reply_id = first["assistant_message"]["id"].clone();
    let larger = "data:image/gif;base64,R0lGODlhAAAA";
    for (conversation, body) in [
        (&id, json!({"id": ID, "content": "hello!", "attachments": [image]})),
        (&id, json!({"id": ID, "content": "hello"})),
        (&id, json!({"id": ID, "content": "hello", "attachments": [image, image]})),
        (&id, json!({"id": ID, "content": "hello", "attachments": [larger]})),
        (&other, body.clone()),
        (&id, json!({"id": reply_id, "content": "hello"})),
    ] {
        mira.post(&messages_of(conversation), body).await.expect_error(409, "ID_TAKEN");
    }
    assert_eq!(mira.post(&messages_of(&id), body.clone()).await.expect(StatusCode::CREATED), first);

    // Somebody else may use it.
    let theirs = odo.conversation().await;
    odo.post(&messages_of(&theirs), body.clone()).await.expect(StatusCode::CREATED);

    // In the trash it is still in use.
    mira.delete(&format!("/api/v1/conversations/{id}")).await.expect(StatusCode::NO_CONTENT);
    mira.post(&messages_of(&other), body).await.expect_error(409, "ID_TAKEN");
    assert_eq!(active_generation(&mira, &other).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_id_sent_to_two_conversations_at_once_is_stored_in_one() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    for round in 0..10 {
        let message = format!("0199e4c7-54c8-7a53-a5b0-0e9cfbe7aa{round:02}");
        let mut senders = tokio::task::JoinSet::new();
        for _ in 0..2 {
            let (mira, id) = (mira.clone(), mira.conversation().await);
            let body = json!({"id": message, "content": "hello"});
            senders.spawn(async move { mira.post(&messages_of(&id), body).await });
        }
        let mut answers = senders.join_all().await;
        answers.sort_by_key(|reply| reply.status);
        answers[0].expect(StatusCode::CREATED);
        answers[1].expect_error(409, "ID_TAKEN");
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), 20);
}

#[tokio::test]
async fn a_stopping_server_takes_no_message_and_still_reads() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let exchange = mira.say(&id, "before").await;
    let tasks = &app.serene.base().tasks;
    assert!(tasks.stop(Duration::from_secs(1), Duration::from_secs(1)).await);
    let refused = mira.post(&messages_of(&id), json!({"content": "after"})).await;
    refused.expect_error(503, "UNAVAILABLE");
    assert_eq!(refused.headers["retry-after"], "1");
    app.anonymous().get("/readyz").await.expect_error(503, "UNAVAILABLE");
    app.anonymous().get("/livez").await.expect(StatusCode::OK);
    assert_eq!(only_reply(&mira, &id).await, exchange["assistant_message"]);
    let generation = generation_of(exchange["generation"]["id"].as_str().unwrap());
    mira.get(&generation).await.expect(StatusCode::OK);
}
