//! Finding what one wrote.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::app::{Client, TestApp};

async fn found(client: &Client, path: &str) -> Vec<String> {
    let page = client.get(path).await.expect(StatusCode::OK);
    let text =
        |item: &Value| item["note"].as_str().or(item["content"].as_str()).unwrap().to_owned();
    page["items"].as_array().unwrap().iter().map(text).collect()
}

async fn write(app: &TestApp, client: &Client, mood: &str, tag: &str, note: &str) {
    app.clock.step_seconds(1);
    let note = format!("{note} And that is all there is to say about it for today.");
    let body = json!({"mood": mood, "tags": [tag], "note": note});
    client.post("/api/v1/entries", body).await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn entries_are_found_by_words_phrases_moods_tags_and_answers_newest_first() {
    let app = TestApp::scripted("fixed:Thank you for the lantern.").await;
    let (mira, noor) = (app.user("mira").await, app.user("noor").await);
    write(&app, &mira, "calm", "Fluß", "We walked by the river.").await;
    write(&app, &mira, "tired", "work", "The river was loud, and the café closed.").await;
    write(&app, &noor, "calm", "sea", "Noor's own river.").await;
    let at = |query: &str| format!("/api/v1/search/entries?q={query}");
    let both = found(&mira, &at("RIVER")).await;
    assert_eq!(both.len(), 2);
    assert!(both[0].starts_with("The river"), "newest first: {both:?}");
    for (query, count) in [
        ("river%20cafe", 1),
        ("%22by%20the%20river%22", 1),
        ("%22river%20cafe%22", 0),
        ("tired", 1),
        ("flu%C3%9F", 1),
        ("lantern", 2),
        ("noor", 0),
    ] {
        assert_eq!(found(&mira, &at(query)).await.len(), count, "{query}");
    }
    mira.get(&at("")).await.expect_error(400, "INVALID_REQUEST");
    mira.get(&at("%22%22")).await.expect_error(400, "INVALID_REQUEST");
}

#[tokio::test]
async fn messages_are_found_on_both_sides_and_not_in_the_trash() {
    let app = TestApp::scripted("fixed:The tide turns.").await;
    let mira = app.user("mira").await;
    let (kept, thrown) = (mira.conversation().await, mira.conversation().await);
    mira.say(&kept, "the moon over the harbour").await;
    mira.say(&thrown, "the moon behind clouds").await;
    let at = |query: &str| format!("/api/v1/search/messages?q={query}");
    assert_eq!(found(&mira, &at("moon")).await.len(), 2);
    assert_eq!(found(&mira, &at("tide")).await.len(), 2);
    mira.delete(&format!("/api/v1/conversations/{thrown}")).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(found(&mira, &at("moon")).await, ["the moon over the harbour"]);
}

#[tokio::test]
async fn pages_of_a_search_lose_nothing_and_repeat_nothing() {
    let app = TestApp::scripted("fixed:I hear you.").await;
    let mira = app.user("mira").await;
    // More than a search reads at a time, a third of them with the word.
    for index in 0..250 {
        let word = if index % 3 == 0 { "harbour" } else { "meadow" };
        write(&app, &mira, "calm", "t", &format!("Day {index} at the {word}.")).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/search/entries?q=harbour&limit=20{cursor}");
        let page = mira.get(&path).await.expect(StatusCode::OK);
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].to_string()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let distinct: std::collections::HashSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (84, 84));
}
