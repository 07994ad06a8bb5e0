//! What conversations are called: by their first words, then by the model, or by their owner.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use serene_llm::Role;

use crate::app::{Client, Setup, TestApp};

const FIRST: &str = "I walked along the river this morning";

async fn named(script: &'static str) -> TestApp {
    TestApp::with(Setup { script, titles: true, ..Setup::default() }).await
}

async fn title(client: &Client, conversation: &str) -> Value {
    let path = format!("/api/v1/conversations/{conversation}");
    client.get(&path).await.expect(StatusCode::OK)["title"].take()
}

/// Waits until the model was called so often for titles, and its answers were recorded.
async fn titles_asked(app: &TestApp, count: i64) {
    let asked = || app.count("SELECT COUNT(*) FROM usage_records WHERE purpose = 'title'");
    for _ in 0..500 {
        if asked() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(asked(), count);
}

/// Waits for a title.
async fn wait_for(client: &Client, conversation: &str, expected: &str) {
    for _ in 0..500 {
        if title(client, conversation).await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(title(client, conversation).await, expected);
}

#[tokio::test]
async fn the_model_names_a_conversation_after_the_first_answer_and_only_then() {
    let app = named("fixed:\"River in the morning.\"").await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let before = mira.get(&format!("/api/v1/conversations/{conversation}")).await;
    mira.say(&conversation, FIRST).await;
    wait_for(&mira, &conversation, "River in the morning").await;
    mira.say(&conversation, "and again in the evening").await;
    titles_asked(&app, 1).await;
    let requests = app.engine.as_ref().unwrap().requests();
    assert_eq!(requests.len(), 3);
    let asked = requests.iter().find(|request| request.max_tokens == Some(32)).unwrap();
    assert_eq!(asked.messages[0].role, Role::System);
    assert!(asked.messages[1].text.contains(FIRST), "{}", asked.messages[1].text);
    assert!(before.status.is_success());
}

#[tokio::test]
async fn what_its_owner_calls_it_stays() {
    let app = named("slow:60+fixed:River in the morning").await;
    let mira = app.user("mira").await;
    let body = json!({"title": "Mine"});
    let own = mira.post("/api/v1/conversations", body).await.expect(StatusCode::CREATED);
    let own = own["id"].as_str().unwrap();
    mira.say(own, FIRST).await;
    let renamed = mira.conversation().await;
    mira.say(&renamed, FIRST).await;
    // While the model is thinking of one.
    let path = format!("/api/v1/conversations/{renamed}");
    mira.patch(&path, json!({"title": "Also mine"})).await.expect(StatusCode::OK);
    titles_asked(&app, 2).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(title(&mira, own).await, "Mine");
    assert_eq!(title(&mira, &renamed).await, "Also mine");
}

#[tokio::test]
async fn what_cannot_be_named_keeps_its_first_words() {
    for script in ["fixed:https://example.org", "fixed:I want to kill myself"] {
        let app = named(script).await;
        let mira = app.user("mira").await;
        let conversation = mira.conversation().await;
        mira.say(&conversation, FIRST).await;
        titles_asked(&app, 1).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(title(&mira, &conversation).await, FIRST);
    }
}

#[tokio::test]
async fn nobody_is_asked_about_what_failed_or_touches_on_harm() {
    let app = named("fail").await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    mira.say(&conversation, FIRST).await;
    let app = named("fixed:I am here.").await;
    let odo = app.user("odo").await;
    for words in ["I want to kill myself", "I think everybody would be better off without me"] {
        let conversation = odo.conversation().await;
        odo.say(&conversation, words).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    titles_asked(&app, 0).await;
    assert_eq!(app.engine.as_ref().unwrap().requests().len(), 1);
}
