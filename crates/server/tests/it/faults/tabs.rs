//! Several tabs send at once: a conversation takes one message at a time, in one order.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    app::{Client, TestApp},
    replies::{generation_of, ledger, messages_of},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tabs_send_at_once() {
    let app = TestApp::scripted("first:60000+echo").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut expected = Vec::new();
    for round in 0..20 {
        let mut tabs = JoinSet::new();
        for tab in ["left", "right"] {
            let (mira, path) = (mira.clone(), messages_of(&id));
            tabs.spawn(async move {
                let body = Some(json!({"content": format!("{tab} {round}")}));
                let accept = [("accept", "text/event-stream")];
                (tab, mira.open(Client::request(Method::POST, &path, body, &accept)).await)
            });
        }
        let answers = tabs.join_all().await.into_iter();
        let (won, lost): (Vec<_>, Vec<_>) =
            answers.partition(|(_, answer)| answer.status() == StatusCode::OK);
        assert_eq!((won.len(), lost.len()), (1, 1), "one wins");
        let (tab, won) = &won[0];
        let generation = won.headers()["x-generation-id"].to_str().unwrap();
        let (_, lost) = lost.into_iter().next().unwrap();
        assert_eq!(lost.status(), StatusCode::CONFLICT);
        let error: Value =
            serde_json::from_slice(&lost.into_body().collect().await.unwrap().to_bytes()).unwrap();
        assert_eq!(error["code"], "CONVERSATION_BUSY");
        assert_eq!(error["generation_id"], generation, "the loser is told who won");
        expected.extend([json!(format!("{tab} {round}")), json!("")]);
        let stop = format!("{}/stop", generation_of(generation));
        mira.post(&stop, json!({})).await.expect(StatusCode::OK);
    }
    let page = mira.get(&format!("{}?limit=100", messages_of(&id))).await.expect(StatusCode::OK);
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.iter().map(|item| item["content"].clone()).collect::<Vec<_>>(), expected);
    assert!(items.iter().zip(1..).all(|(item, position)| item["position"] == position), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_tabs_send_at_once() {
    let app = TestApp::scripted("slow:2").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut senders = JoinSet::new();
    for n in 0..20 {
        let (mira, path) = (mira.clone(), messages_of(&id));
        // Half of them give up; half come again until they are heard.
        senders.spawn(async move {
            let body = json!({"content": format!("sender {n}")});
            loop {
                let reply = mira.post(&path, body.clone()).await;
                if reply.status == StatusCode::CREATED {
                    return Some(reply.json());
                }
                reply.expect_error(409, "CONVERSATION_BUSY");
                if n % 2 == 0 {
                    return None;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }
    let answers = senders.join_all().await;
    let mut accepted: Vec<Value> = answers.into_iter().flatten().collect();
    assert!((10..=20).contains(&accepted.len()));
    accepted.sort_by_key(|exchange| exchange["user_message"]["position"].as_i64());
    let expected: Vec<Value> = accepted
        .iter()
        .flat_map(|exchange| [&exchange["user_message"], &exchange["assistant_message"]])
        .cloned()
        .collect();
    let page = mira.get(&format!("{}?limit=100", messages_of(&id))).await.expect(StatusCode::OK);
    assert_eq!(page["items"].as_array().unwrap(), &expected, "exactly those, each with its reply");
    for (message, position) in expected.iter().zip(1..) {
        assert_eq!(message["position"], position, "no gap");
    }
    for exchange in &accepted {
        let content = |message: &str| exchange[message]["content"].clone();
        assert_eq!(content("user_message"), content("assistant_message"), "each its own answer");
    }
    assert_eq!(ledger(&app, &mira).await.len(), accepted.len());
}
