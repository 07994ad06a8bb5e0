//! Messages that speak of suicide or self-harm.

use axum::http::{Method, StatusCode};
use serde_json::json;
use serene_core::{base::Owner, safety::SafetyResources};

use crate::app::{Setup, TestApp};

const SENTENCE: &str = "If you're feeling unsafe or overwhelmed, please consider reaching out to \
    someone you trust or a local support service.";

#[tokio::test]
async fn explicit_intent_is_answered_with_the_fixed_sentence_and_no_model() {
    // The engine panics when it is asked.
    let app = TestApp::scripted("panic").await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    for text in [
        "I want to kill myself",
        "i w@nt to k i l l  m y s e l f tonight",
        "quiero morirme, voy a suicidarme",
    ] {
        let exchange = mira.say(&conversation, text).await;
        let reply = &exchange["assistant_message"];
        assert_eq!(reply["content"], SENTENCE, "{text}");
        assert_eq!(reply["status"], "complete", "{text}");
        assert_eq!(reply["engine"], "care", "{text}");
        assert_eq!(
            reply["safety"],
            json!({"level": "explicit", "message": SENTENCE, "resources": []}),
            "{text}"
        );
        assert_eq!(exchange["user_message"]["content"], text, "what was written is kept");
        assert_eq!(exchange["generation"]["usage"]["total_tokens"], 0, "{text}");
    }
    let owner = Owner::for_job(mira.user_id.as_ref().unwrap().parse().unwrap(), "test");
    assert!(app.serene.ledger.records(owner).await.unwrap().is_empty(), "nothing is charged");
}

#[tokio::test]
async fn the_fixed_sentence_is_streamed_like_any_reply() {
    let app = TestApp::scripted("panic").await;
    let mira = app.user("mira").await;
    let path = format!("/api/v1/conversations/{}/messages", mira.conversation().await);
    let body = Some(json!({"content": "I am going to end my life"}));
    let reply = mira.send(Method::POST, &path, body, &[("accept", "text/event-stream")]).await;
    assert_eq!(reply.status, StatusCode::OK);
    let events = reply.events();
    let text: String = events.iter().filter_map(|(_, _, data)| data["text"].as_str()).collect();
    assert_eq!(text, SENTENCE);
    assert_eq!(events.last().unwrap().0, "done");
}

#[tokio::test]
async fn what_was_explicit_is_never_shown_to_a_model_later() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    mira.say(&conversation, "I want to kill myself").await;
    mira.say(&conversation, "sorry, it has been a long day").await;
    let requests = app.engine.as_ref().unwrap().requests();
    assert_eq!(requests.len(), 1);
    let told: Vec<&str> =
        requests[0].messages[1..].iter().map(|message| message.text.as_str()).collect();
    assert_eq!(told, ["sorry, it has been a long day"]);
}

#[tokio::test]
async fn lower_tiers_are_answered_by_the_model_under_a_stricter_instruction() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    mira.say(&conversation, "we talked about the weather").await;
    let exchange = mira.say(&conversation, "everyone would be better off without me").await;
    assert_eq!(exchange["assistant_message"]["safety"]["level"], "passive");
    assert_eq!(exchange["assistant_message"]["engine"], "scripted");
    let requests = app.engine.as_ref().unwrap().requests();
    assert!(!requests[0].messages[0].text.contains("self-harm"));
    assert!(requests[1].messages[0].text.contains("self-harm"));
}

#[tokio::test]
async fn wherever_safety_is_told_it_says_where_to_turn() {
    let list = "[[resource]]\nname = \"Near\"\nphone = \"1\"\ncountry = \"DE\"\n\
                [[resource]]\nname = \"Far\"\nurl = \"https://example.org\"\n";
    let resources = SafetyResources::parse(list).unwrap();
    let app = TestApp::with(Setup { script: "panic", resources, ..Setup::default() }).await;
    let mira = app.user("mira").await;
    let near = json!([{"name": "Near", "phone": "1", "url": null}]);
    let far = json!([{"name": "Far", "phone": null, "url": "https://example.org"}]);

    let conversation = mira.conversation().await;
    let said = "I want to kill myself";
    let exchange = mira.say(&conversation, said).await;
    assert_eq!(exchange["assistant_message"]["safety"]["resources"], far, "no country is known");
    let changed = mira.patch("/api/v1/me", json!({"country": "de", "language": "de-AT"})).await;
    let changed = changed.expect(StatusCode::OK);
    assert_eq!((&changed["country"], &changed["language"]), (&json!("DE"), &json!("de")));

    // Old messages are read with what is known now.
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let page = mira.get(&path).await.expect(StatusCode::OK);
    assert_eq!(page["items"][0]["safety"]["resources"], near);
    let body = Some(json!({"content": said}));
    let stream = mira.send(Method::POST, &path, body, &[("accept", "text/event-stream")]).await;
    let (name, _, done) = stream.events().pop().unwrap();
    assert_eq!((name.as_str(), &done["message"]["safety"]["resources"]), ("done", &near));
    let note = format!("{said}. There is nothing left that I would want to stay here for.");
    let entry = json!({"mood": "low", "note": note});
    let entry = mira.post("/api/v1/entries", entry).await.expect(StatusCode::CREATED);
    assert_eq!(entry["safety"]["resources"], near);
    let vibe = mira.post("/api/v1/vibe-check", json!({"note": note})).await;
    assert_eq!(vibe.expect(StatusCode::OK)["safety"]["resources"], near);
    for (method, path) in [
        (Method::POST, "/api/v1/entries".to_owned()),
        (Method::POST, "/api/v1/vibe-check".to_owned()),
        (Method::PATCH, format!("/api/v1/entries/{}", entry["id"].as_str().unwrap())),
    ] {
        let mut body = json!({"note": said});
        if method == Method::POST && path.ends_with("entries") {
            body["mood"] = json!("low");
        }
        let refused = mira.send(method, &path, Some(body), &[]).await;
        let refused = refused.expect_error(400, "NOTE_TOO_SHORT");
        assert_eq!(refused["safety"]["message"], SENTENCE, "{path}");
        assert_eq!(refused["safety"]["resources"], near, "{path}");
    }
    mira.patch("/api/v1/me", json!({"country": "Germany"}))
        .await
        .expect_error(400, "INVALID_REQUEST");
}
