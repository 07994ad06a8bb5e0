//! Messages: titles made of them, pages of them, counting, deleting and clearing them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::app::{Client, TestApp};

fn messages_of(conversation: &str) -> String {
    format!("/api/v1/conversations/{conversation}/messages")
}

async fn read(client: &Client, conversation: &str) -> Value {
    client.get(&format!("/api/v1/conversations/{conversation}")).await.expect(StatusCode::OK)
}

/// All messages, page by page.
async fn pages(
    client: &Client,
    conversation: &str,
    order: &str,
    limit: u32,
) -> (Vec<Value>, Vec<usize>) {
    let (mut messages, mut lengths) = (Vec::new(), Vec::new());
    let first = format!("{}?order={order}&limit={limit}", messages_of(conversation));
    let mut next = first.clone();
    loop {
        let page = client.get(&next).await.expect(StatusCode::OK);
        let items = page["items"].as_array().unwrap();
        lengths.push(items.len());
        messages.extend(items.iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else { return (messages, lengths) };
        next = format!("{first}&cursor={cursor}");
    }
}

#[tokio::test]
async fn a_title_is_the_first_line_of_the_first_message_cut_at_a_word() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let long = "\n  I could not sleep   again last night, and the whole of Tuesday was a blur\nso";
    for (content, title) in [
        ("Hello", "Hello"),
        ("  First line \nsecond line", "First line"),
        (long, "I could not sleep again last night, and the whole of…"),
        ("日記を書きたい", "日記を書きたい"),
    ] {
        let conversation = mira.conversation().await;
        assert_eq!(read(&mira, &conversation).await["title"], Value::Null);
        mira.say(&conversation, content).await;
        assert_eq!(read(&mira, &conversation).await["title"], title);
        mira.say(&conversation, "and then this").await;
        assert_eq!(read(&mira, &conversation).await["title"], title, "only the first one counts");
    }
}

#[tokio::test]
async fn a_title_that_was_given_stays() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let body = json!({"title": "Given"});
    let conversation = mira.post("/api/v1/conversations", body).await.expect(StatusCode::CREATED);
    let id = conversation["id"].as_str().unwrap();
    mira.say(id, "hello").await;
    assert_eq!(read(&mira, id).await["title"], "Given");
}

#[tokio::test]
async fn messages_are_counted_at_once() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let count = async || read(&mira, &id).await["message_count"].as_i64().unwrap();
    assert_eq!(count().await, 0);
    let exchange = mira.say(&id, "one").await;
    mira.say(&id, "two").await;
    assert_eq!(count().await, 4);
    let message = format!("/api/v1/messages/{}", exchange["user_message"]["id"].as_str().unwrap());
    mira.delete(&message).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(count().await, 3);
    mira.delete(&message).await.expect_error(404, "MESSAGE_NOT_FOUND");
    assert_eq!(count().await, 3, "deleting it again takes nothing away");
    mira.delete(&messages_of(&id)).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(count().await, 0);
    mira.say(&id, "three").await;
    assert_eq!(count().await, 2);
}

#[tokio::test]
async fn messages_are_paged_in_both_orders() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut said = Vec::new();
    for n in 0..6 {
        // Order is by position: a clock that goes back changes nothing.
        app.clock.step_seconds(if n % 2 == 0 { -6 } else { 1 });
        let exchange = mira.say(&id, &format!("message {n}")).await;
        said.extend([exchange["user_message"].clone(), exchange["assistant_message"].clone()]);
    }
    let (forward, lengths) = pages(&mira, &id, "asc", 5).await;
    assert_eq!((forward, lengths), (said.clone(), vec![5, 5, 2]));
    let (mut backward, lengths) = pages(&mira, &id, "desc", 5).await;
    backward.reverse();
    assert_eq!((backward, lengths), (said.clone(), vec![5, 5, 2]));
    let (whole, lengths) = pages(&mira, &id, "asc", 12).await;
    assert_eq!((whole, lengths), (said, vec![12]), "a page that is just full is the last");
    for query in ["order=sideways", "limit=0", "limit=101", "cursor=!", "shelf=active"] {
        let path = format!("{}?{query}", messages_of(&id));
        mira.get(&path).await.expect_error(400, "INVALID_REQUEST");
    }
}

#[tokio::test]
async fn pages_of_messages_stay_as_they_are_while_more_is_said() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    for n in 0..3 {
        mira.say(&id, &format!("message {n}")).await;
    }
    let first = format!("{}?order=desc&limit=3", messages_of(&id));
    let page = mira.get(&first).await.expect(StatusCode::OK);
    mira.say(&id, "said in between").await;
    let next = format!("{first}&cursor={}", page["next_cursor"].as_str().unwrap());
    let next = mira.get(&next).await.expect(StatusCode::OK);
    let positions = |page: &Value| {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|message| message["position"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((positions(&page), positions(&next)), (vec![6, 5, 4], vec![3, 2, 1]));
}

#[tokio::test]
async fn a_message_is_read_and_deleted_for_good() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let first = mira.say(&id, "one").await;
    let second = mira.say(&id, "two").await;
    let path = |message: &Value| format!("/api/v1/messages/{}", message["id"].as_str().unwrap());
    for message in [&first["user_message"], &first["assistant_message"]] {
        assert_eq!(&mira.get(&path(message)).await.expect(StatusCode::OK), message);
    }
    mira.delete(&path(&first["assistant_message"])).await.expect(StatusCode::NO_CONTENT);
    mira.get(&path(&first["assistant_message"])).await.expect_error(404, "MESSAGE_NOT_FOUND");
    let generation = format!("/api/v1/generations/{}", first["generation"]["id"].as_str().unwrap());
    mira.get(&generation).await.expect_error(404, "GENERATION_NOT_FOUND");
    let (left, _) = pages(&mira, &id, "asc", 100).await;
    let second = [second["user_message"].clone(), second["assistant_message"].clone()];
    assert_eq!(left, [&[first["user_message"].clone()], &second[..]].concat());
    // What was deleted is not shown to the model either.
    mira.say(&id, "three").await;
    let requests = app.engine.as_ref().unwrap().requests();
    let texts: Vec<&str> =
        requests[2].messages[1..].iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["one", "two", "two", "three"]);
}

#[tokio::test]
async fn clearing_deletes_the_messages_and_keeps_the_conversation() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let (id, other) = (mira.conversation().await, mira.conversation().await);
    mira.say(&id, "one").await;
    mira.say(&other, "elsewhere").await;
    mira.delete(&messages_of(&id)).await.expect(StatusCode::NO_CONTENT);
    mira.delete(&messages_of(&id)).await.expect(StatusCode::NO_CONTENT);
    assert!(pages(&mira, &id, "asc", 100).await.0.is_empty());
    assert_eq!(pages(&mira, &other, "asc", 100).await.0.len(), 2);
    assert_eq!(read(&mira, &id).await["title"], "one");
    let next = mira.say(&id, "two").await;
    assert_eq!(next["user_message"]["position"], 3, "places are not given twice");
    let requests = app.engine.as_ref().unwrap().requests();
    assert_eq!(requests[2].messages.len(), 2, "the model does not know what was cleared");
}

#[tokio::test]
async fn what_a_message_may_not_be_is_refused() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let longest = "字".repeat(32_000);
    for body in [
        json!({"content": ""}),
        json!({"content": " \n\t"}),
        json!({"content": "a\u{0}b"}),
        json!({"content": format!("{longest}字")}),
        json!({"content": 7}),
        json!({"text": "hello"}),
        json!({"content": "hello", "role": "system"}),
        json!({"content": "hello", "id": "7"}),
        json!({"content": "hello", "attachments": "data:"}),
    ] {
        mira.post(&messages_of(&id), body).await.expect_error(400, "INVALID_REQUEST");
    }
    assert_eq!(read(&mira, &id).await["message_count"], 0);
    let exchange = mira.say(&id, &longest).await;
    assert_eq!(exchange["user_message"]["content"], longest);
}

#[tokio::test]
async fn what_people_write_comes_back_as_they_wrote_it() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let text =
        "  two  spaces\r\n\ttab \u{1f469}\u{200d}\u{1f467} e\u{301} \u{202e}rtl \u{feff}\\\" ";
    let exchange = mira.say(&id, text).await;
    let id = exchange["user_message"]["id"].as_str().unwrap();
    let message = mira.get(&format!("/api/v1/messages/{id}")).await.expect(StatusCode::OK);
    assert_eq!(message["content"], text);
}
