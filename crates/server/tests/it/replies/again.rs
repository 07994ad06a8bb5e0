//! Replies once more: regenerated beside the first, continued where they broke off, chosen.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use serene_llm::{EngineError, Event, FinishReason, Role};

use super::{
    Stream, active_generation,
    engines::{Custom, custom},
    generation_of, ledger, messages_of, only_reply, words,
};
use crate::app::{Client, Setup, TestApp};

fn message(id: &Value, what: &str) -> String {
    format!("/api/v1/messages/{}{what}", id.as_str().unwrap())
}

async fn versions(client: &Client, id: &Value) -> Vec<Value> {
    let body = client.get(&message(id, "/versions")).await.expect(StatusCode::OK);
    body["items"].as_array().unwrap().clone()
}

/// An engine that answers the first request with one text, the second with another, and so on.
fn answering(answers: &'static [&'static str]) -> Setup {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    custom(Custom::new(move || {
        let number = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let finished = Event::Finished { reason: FinishReason::Stop, usage: None };
        vec![Ok(Event::Delta(answers[number].into())), Ok(finished)]
    }))
}

#[tokio::test]
async fn a_regenerated_reply_is_another_version_at_the_same_place() {
    let app = TestApp::with(answering(&["one", "two", "three", "next"])).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let first = mira.say(&id, "say a number").await["assistant_message"].clone();
    let second = mira.post(&message(&first["id"], "/regenerate"), json!({})).await;
    let second = second.expect(StatusCode::CREATED)["assistant_message"].clone();
    assert_eq!(second["content"], "two");
    assert_eq!((&second["version"], &second["version_count"]), (&json!(2), &json!(2)));
    assert_eq!(second["position"], first["position"]);
    assert_ne!(second["id"], first["id"]);
    // Any version names the place.
    let third = mira.post(&message(&first["id"], "/regenerate"), json!({})).await;
    let third = third.expect(StatusCode::CREATED)["assistant_message"].clone();
    assert_eq!(third["version"], 3);
    let all = versions(&mira, &second["id"]).await;
    let texts: Vec<&Value> = all.iter().map(|version| &version["content"]).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    let shown: Vec<&Value> = all.iter().map(|version| &version["shown"]).collect();
    assert_eq!(shown, [false, false, true]);
    assert!(all.iter().all(|version| version["version_count"] == 3), "{all:?}");
    let page = mira.get(&messages_of(&id)).await.expect(StatusCode::OK);
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    assert_eq!(page["items"][1], third);
    let conversation = format!("/api/v1/conversations/{id}");
    let conversation = mira.get(&conversation).await.expect(StatusCode::OK);
    assert_eq!(conversation["message_count"], 2, "a version is no further message");
    assert_eq!(ledger(&app, &mira).await.len(), 3);

    let chosen = mira.post(&message(&first["id"], "/choose"), json!({})).await;
    let chosen = chosen.expect(StatusCode::OK);
    assert_eq!((&chosen["shown"], &chosen["content"]), (&json!(true), &json!("one")));
    assert_eq!(only_reply(&mira, &id).await, chosen);
    let shown = versions(&mira, &first["id"]).await;
    assert_eq!(shown.iter().filter(|version| version["shown"] == true).count(), 1);
}

#[tokio::test]
async fn the_model_is_told_what_came_before_the_place_and_which_version_is_shown() {
    let app = TestApp::scripted("echo").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let first = mira.say(&id, "first").await["assistant_message"].clone();
    mira.say(&id, "second").await;
    mira.post(&message(&first["id"], "/regenerate"), json!({})).await.expect(StatusCode::CREATED);
    let texts = |index: usize| -> Vec<String> {
        let requests = app.engine.as_ref().unwrap().requests();
        let turns = requests[index].messages.iter().filter(|turn| turn.role != Role::System);
        turns.map(|turn| turn.text.clone()).collect()
    };
    assert_eq!(texts(2), ["first"], "nothing that came later, and no other version");
    mira.say(&id, "third").await;
    assert_eq!(texts(3), ["first", "first", "second", "second", "third"]);
}

#[tokio::test]
async fn only_a_reply_to_a_message_can_be_written_again() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let exchange = mira.say(&id, "good evening").await;
    let user = &exchange["user_message"]["id"];
    let refused = mira.post(&message(user, "/regenerate"), json!({})).await;
    refused.expect_error(400, "INVALID_REQUEST");
    let refused = mira.post(&message(user, "/continue"), json!({})).await;
    refused.expect_error(409, "NOTHING_TO_CONTINUE");
    let reply = &exchange["assistant_message"]["id"];
    let whole = mira.post(&message(reply, "/continue"), json!({})).await;
    whole.expect_error(409, "NOTHING_TO_CONTINUE");
    // Without what it answered, there is nothing to answer.
    mira.delete(&message(user, "")).await.expect(StatusCode::NO_CONTENT);
    let refused = mira.post(&message(reply, "/regenerate"), json!({})).await;
    refused.expect_error(400, "INVALID_REQUEST");
    mira.post(&format!("/api/v1/conversations/{id}/end"), json!({})).await.expect(StatusCode::OK);
    let other = mira.conversation().await;
    let reply = mira.say(&other, "good night").await["assistant_message"]["id"].clone();
    mira.post(&format!("/api/v1/conversations/{other}/end"), json!({}))
        .await
        .expect(StatusCode::OK);
    let ended = mira.post(&message(&reply, "/regenerate"), json!({})).await;
    ended.expect_error(409, "CONVERSATION_ENDED");
}

#[tokio::test]
async fn while_a_version_is_written_its_conversation_is_busy_and_can_be_stopped() {
    let app = TestApp::scripted("slow:20+long:500").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let stream = Stream::send(&mira, &id, json!({"content": "go on"})).await;
    let reply = only_reply(&mira, &id).await["id"].clone();
    for what in ["/regenerate", "/continue"] {
        let busy = mira.post(&message(&reply, what), json!({})).await;
        let busy = busy.expect_error(409, "CONVERSATION_BUSY");
        assert_eq!(busy["generation_id"], stream.generation());
    }
    let stop = format!("{}/stop", generation_of(&stream.generation()));
    mira.post(&stop, json!({})).await.expect(StatusCode::OK);
    let events = [("accept", "text/event-stream")];
    let path = message(&reply, "/regenerate");
    let again = Stream::open(&mira, Method::POST, &path, None, &events).await;
    let generation = again.generation();
    assert_eq!(active_generation(&mira, &id).await, generation);
    // To delete any version is to delete the one that is being written.
    mira.delete(&message(&reply, "")).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(active_generation(&mira, &id).await, Value::Null);
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), 1);
    let (_, (name, _, _)) = again.rest().await;
    assert_eq!(name, "done");
    let next = Stream::send(&mira, &id, json!({"content": "still here"})).await;
    next.generation();
}

#[tokio::test]
async fn a_stopped_reply_goes_on_where_it_stopped() {
    let app = TestApp::scripted("slow:5+long:60").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut stream = Stream::send(&mira, &id, json!({"content": "go on"})).await;
    for _ in 0..5 {
        stream.delta().await;
    }
    let first = stream.generation();
    mira.post(&format!("{}/stop", generation_of(&first)), json!({})).await.expect(StatusCode::OK);
    let stopped = only_reply(&mira, &id).await;
    let begun = stopped["content"].as_str().unwrap().to_owned();
    assert!(words(60).starts_with(&begun) && begun.len() < words(60).len());

    let events = [("accept", "text/event-stream")];
    let path = message(&stopped["id"], "/continue");
    let rest = Stream::open(&mira, Method::POST, &path, None, &events).await;
    let second = rest.generation();
    assert_ne!(second, first);
    let running = only_reply(&mira, &id).await;
    assert_eq!((&running["status"], &running["content"]), (&json!("pending"), &json!(begun)));
    // Who resumes the first one reads on in the second.
    let path = format!("{}/stream?after={}", generation_of(&first), begun.len());
    let (read_on, _) = Stream::get(&mira, &path).await.rest().await;
    let (text, (name, _, done)) = rest.rest().await;
    assert_eq!((name.as_str(), begun.clone() + &text), ("done", words(60)));
    assert_eq!(read_on, text);
    assert_eq!(done["message"]["content"], words(60));
    assert_eq!(done["message"]["version"], 1, "it is the same version");
    assert_eq!(done["message"]["id"], stopped["id"]);
    assert_eq!(done["generation"]["id"], second);
    assert_eq!(only_reply(&mira, &id).await, done["message"]);
    for generation in [&first, &second] {
        let whole = Stream::get(&mira, &format!("{}/stream", generation_of(generation))).await;
        assert_eq!(whole.rest().await.0, words(60));
    }
    // The model was told what there was, and charged for what was new.
    let asked = app.engine.as_ref().unwrap().requests().remove(1);
    let last = asked.messages.last().unwrap();
    assert_eq!((last.role, last.text.as_str()), (Role::Assistant, begun.as_str()));
    let tokens: Vec<u32> =
        ledger(&app, &mira).await.iter().map(|usage| usage.completion_tokens).collect();
    assert_eq!(tokens.len(), 2);
    assert!(tokens[0] < 60, "{tokens:?}");
}

#[tokio::test]
async fn a_failed_reply_without_a_word_is_written_from_its_beginning() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let engine =
        Custom::new(move || match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => vec![Err(EngineError::Failed { status: Some(500) })],
            _ => {
                let finished = Event::Finished { reason: FinishReason::Stop, usage: None };
                vec![Ok(Event::Delta("here I am".into())), Ok(finished)]
            }
        });
    let app = TestApp::with(custom(engine)).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let failed = mira.say(&id, "are you there?").await["assistant_message"].clone();
    assert_eq!(failed["status"], "failed");
    let reply = mira.post(&message(&failed["id"], "/continue"), json!({})).await;
    let reply = reply.expect(StatusCode::CREATED)["assistant_message"].clone();
    assert_eq!((&reply["content"], &reply["status"]), (&json!("here I am"), &json!("complete")));
    assert_eq!(reply["error_code"], Value::Null);
    assert_eq!(reply["id"], failed["id"]);
}

#[tokio::test]
async fn explicit_words_get_the_fixed_sentence_again_and_no_model_is_asked() {
    let app = TestApp::scripted("panic").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let reply = mira.say(&id, "I want to kill myself").await["assistant_message"].clone();
    let again = mira.post(&message(&reply["id"], "/regenerate"), json!({})).await;
    let again = again.expect(StatusCode::CREATED)["assistant_message"].clone();
    assert_eq!(again["content"], reply["content"]);
    assert_eq!(again["safety"], reply["safety"]);
    assert_eq!(again["engine"], "care");
    assert!(ledger(&app, &mira).await.is_empty());
}
