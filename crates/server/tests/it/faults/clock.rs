//! The clock is set an hour forwards or back while people write. What it does to tokens is in
//! `accounts::tokens`: `exp` exactly, `nbf` and `iat` up to thirty seconds ahead.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    app::{Client, TestApp},
    replies::{Stream, messages_of, words},
};

const HOUR: i64 = 3600;

fn contents(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["content"].as_str().unwrap()).collect()
}

/// A conversation's messages, page by page, two at a time.
async fn paged(client: &Client, conversation: &str, order: &str) -> Vec<Value> {
    let first = format!("{}?limit=2{order}", messages_of(conversation));
    let (mut items, mut path) = (Vec::new(), first.clone());
    loop {
        let page = client.get(&path).await.expect(StatusCode::OK);
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else { return items };
        path = format!("{first}&cursor={cursor}");
    }
}

#[tokio::test]
async fn clock_steps_an_hour() {
    let app = TestApp::new().await;
    let mut mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut said = Vec::new();
    let steps = [0, HOUR, -HOUR, -HOUR, 2 * HOUR, -HOUR, 0];
    for (number, step) in steps.into_iter().enumerate() {
        app.clock.step_seconds(step);
        // A token of an hour ago is over, and one of an hour ahead is not valid yet.
        mira = app.sign_in("mira").await;
        let word = format!("number-{number}");
        mira.say(&id, &word).await;
        said.extend([word.clone(), word]);
    }
    let all = paged(&mira, &id, "").await;
    assert_eq!(contents(&all), said, "in the order in which it was said");
    for (message, position) in all.iter().zip(1..) {
        assert_eq!(message["position"], position);
    }
    // The clock did go back.
    let at = |index: usize| all[index]["created_at"].as_str().unwrap();
    assert!(at(4) < at(2) && at(6) < at(0), "{all:?}");
    let mut backwards = paged(&mira, &id, "&order=desc").await;
    backwards.reverse();
    assert_eq!(backwards, all);

    // The model is shown it in that order too.
    let asked = app.engine.as_ref().unwrap().requests().pop().unwrap();
    let mut shown: Vec<&str> = asked.messages.iter().map(|message| &*message.text).collect();
    shown.drain(..shown.len() - (said.len() - 1));
    assert_eq!(shown, said[..said.len() - 1]);
}

#[tokio::test]
async fn a_reply_under_way_does_not_notice_that_the_clock_steps() {
    for step in [HOUR, -HOUR] {
        let app = TestApp::scripted("slow:10+long:30").await;
        app.serene.join().await.unwrap();
        let mira = app.user("mira").await;
        let id = mira.conversation().await;
        let mut stream = Stream::send(&mira, &id, json!({"content": "go on"})).await;
        let begun = stream.delta().await;
        app.clock.step_seconds(step);
        assert_eq!(app.serene.generations.sweep().await, Ok(0), "it is not given up");
        let (rest, (name, _, done)) = stream.rest().await;
        assert_eq!((begun + &rest, name.as_str()), (words(30), "done"));
        assert_eq!(done["message"]["status"], "complete");
        let mira = app.sign_in("mira").await;
        mira.say(&id, "and then?").await;
    }
}
