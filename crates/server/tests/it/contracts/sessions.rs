//! The contract `sessions`, row by row.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::{Value, json};
use serene_http::{ContractOptions, HttpOptions};
use serene_llm::BasicEngine;

use super::assert_keys;
use crate::app::{Client, Reply, Setup, TestApp};

const FAILED: &str = "I'm sorry, but I'm having trouble generating a response right now.";
const ENDED: &str = "This session has ended. Please create a new session to continue chatting.";

impl Client {
    async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body), &[]).await
    }

    async fn begin(&self, title: &str) -> Value {
        self.post("/sessions", json!({"title": title})).await.expect(StatusCode::CREATED)
    }

    async fn respond(&self, session: &Value, message: &str) -> Reply {
        self.post("/chat/respond", json!({"session_id": session, "message": message})).await
    }
}

/// Checks that this is an error with this status and sentence; its code is looked at where it can be
/// one of several.
#[track_caller]
fn expect_error(reply: &Reply, status: u16, sentence: &str) {
    let code = match sentence {
        "Session not found" => "CONVERSATION_NOT_FOUND".to_owned(),
        "No authorization header" => "UNAUTHENTICATED".to_owned(),
        ENDED => "CONVERSATION_ENDED".to_owned(),
        "Invalid token" => reply.json()["code"].as_str().unwrap().to_owned(),
        _ if status == 401 => "TOKEN_INVALID".to_owned(),
        _ => "MISSING_FIELDS".to_owned(),
    };
    super::expect_error(reply, status, &code, sentence);
}

/// Checks the keys and types of a session object.
#[track_caller]
fn assert_session(body: &Value) {
    assert_keys(
        body,
        &[
            "id",
            "user_email",
            "title",
            "messages",
            "summary",
            "timestamp",
            "is_deleted",
            "is_archived",
            "is_ended",
        ],
    );
    assert!(body["id"].is_i64() && body["title"].is_string(), "{body}");
    assert!(body["summary"].is_null() || body["summary"].is_string(), "{body}");
    let time = body["timestamp"].as_str().unwrap();
    assert!(time.len() == 32 && time.ends_with("+00:00") && &time[10..11] == "T", "{time}");
    for flag in ["is_deleted", "is_archived", "is_ended"] {
        assert!(body[flag].is_boolean(), "{body}");
    }
    assert_turns(&body["messages"]);
}

#[track_caller]
fn assert_turns(turns: &Value) {
    for turn in turns.as_array().unwrap() {
        assert_keys(turn, &["role", "content"]);
        assert!(turn["role"] == "user" || turn["role"] == "assistant", "{turn}");
        assert!(!turn["content"].as_str().unwrap().is_empty(), "{turn}");
    }
}

fn flags(session: &Value) -> (bool, bool) {
    (session["is_archived"].as_bool().unwrap(), session["is_ended"].as_bool().unwrap())
}

#[tokio::test]
async fn a_session_begins_with_a_greeting() {
    let app = TestApp::scripted("fixed:Welcome. What is on your mind?").await;
    let mira = app.user("mira").await;
    let session = mira.begin("  Monday  ").await;
    assert_session(&session);
    assert_eq!(session["title"], "Monday");
    assert_eq!(session["user_email"], Value::Null);
    assert_eq!(session["summary"], Value::Null);
    assert_eq!(session["is_deleted"], false);
    assert_eq!(flags(&session), (false, false));
    let greeting = json!([{"role": "assistant", "content": "Welcome. What is on your mind?"}]);
    assert_eq!(session["messages"], greeting);
    // The model was told to greet and nothing of the person's; the call is in the ledger.
    let requests = app.engine.as_ref().unwrap().requests();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].messages.iter().all(|turn| !turn.text.contains("Monday")));
    let usage = "SELECT COUNT(*) FROM usage_records WHERE purpose = 'greeting'";
    assert_eq!(app.count(usage), 1);
    let email = json!({"email": "mira@example.org"});
    mira.patch("/api/v1/me", email).await.expect(StatusCode::OK);
    assert_eq!(mira.begin("again").await["user_email"], "mira@example.org");
}

#[tokio::test]
async fn a_title_is_trimmed_and_has_a_default() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    for body in [json!({}), json!({"title": null}), json!({"unknown": 1})] {
        let session = mira.post("/sessions", body).await.expect(StatusCode::CREATED);
        assert_eq!(session["title"], "Untitled Chat");
    }
    let no_body = mira.send(Method::POST, "/sessions", None, &[]).await;
    assert_eq!(no_body.expect(StatusCode::CREATED)["title"], "Untitled Chat");
    let before = app.count("SELECT COUNT(*) FROM conversations");
    for title in [json!(""), json!("  \n "), json!(5), json!(["a"])] {
        let reply = mira.post("/sessions", json!({"title": title})).await;
        expect_error(&reply, 400, "Session title cannot be empty");
    }
    let long = mira.post("/sessions", json!({"title": "x".repeat(201)})).await;
    assert_eq!(long.expect(StatusCode::BAD_REQUEST)["code"], "INVALID_REQUEST");
    let broken = Request::post("/sessions").header(header::CONTENT_TYPE, "application/json");
    let broken = mira.raw(broken.body(Body::from("{\"title\": ")).unwrap()).await;
    assert_eq!(broken.expect(StatusCode::BAD_REQUEST)["code"], "INVALID_JSON");
    assert_eq!(app.count("SELECT COUNT(*) FROM conversations"), before);
}

#[tokio::test]
async fn beginning_one_ends_the_others_of_the_same_person_only() {
    let app = TestApp::new().await;
    let (mira, odo) = (app.user("mira").await, app.user("odo").await);
    let chat = mira.conversation().await;
    let theirs = odo.begin("theirs").await;
    let first = mira.begin("first").await;
    let second = mira.begin("second").await;
    let list = mira.get("/sessions").await.expect(StatusCode::OK);
    let found: Vec<_> =
        list.as_array().unwrap().iter().map(|it| (it["id"].clone(), flags(it).1)).collect();
    assert_eq!(found, [(second["id"].clone(), false), (first["id"].clone(), true)]);
    let theirs_now = odo.get("/sessions").await.expect(StatusCode::OK);
    assert_eq!((&theirs_now[0]["id"], flags(&theirs_now[0])), (&theirs["id"], (false, false)));
    // A chat is no session: it goes on, and is not listed here.
    mira.say(&chat, "still here").await;
    let reply = mira.respond(&first["id"], "anybody there?").await;
    expect_error(&reply, 403, ENDED);
    let path = format!("/sessions/{}", first["id"]);
    assert_turns(&mira.get(&path).await.expect(StatusCode::OK)["messages"]);
}

#[tokio::test]
async fn sessions_are_listed_newest_first_with_what_was_said() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    assert_eq!(mira.get("/sessions").await.expect(StatusCode::OK), json!([]));
    let mut ids = Vec::new();
    for index in 0..120 {
        app.clock.step_seconds(1);
        let session = mira.begin(&format!("session {index}")).await;
        ids.insert(0, session["id"].clone());
    }
    // What was written in last, archived or not, does not change the order.
    app.clock.step_seconds(1);
    mira.respond(&ids[0], "a word").await.expect(StatusCode::OK);
    mira.put(&format!("/sessions/{}/archive", ids[5]), json!({})).await.expect(StatusCode::OK);
    let renamed = json!({"title": "renamed"});
    mira.put(&format!("/sessions/{}", ids[7]), renamed).await.expect(StatusCode::OK);
    let list = mira.get("/sessions").await.expect(StatusCode::OK);
    let list = list.as_array().unwrap();
    list.iter().for_each(assert_session);
    assert!(list.iter().map(|it| &it["id"]).eq(&ids));
    let said: Vec<_> = list[0]["messages"].as_array().unwrap().clone();
    assert_eq!((said.len(), &said[1]["content"]), (3, &json!("a word")));
    assert_eq!(flags(&list[5]), (true, true));
}

#[tokio::test]
async fn a_session_is_read_without_its_flags() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.begin("Monday").await["id"].clone();
    mira.respond(&id, "I slept badly").await.expect(StatusCode::OK);
    let body = mira.get(&format!("/sessions/{id}")).await.expect(StatusCode::OK);
    assert_keys(&body, &["session_id", "messages", "title"]);
    assert_eq!((&body["session_id"], &body["title"]), (&id, &json!("Monday")));
    assert_turns(&body["messages"]);
    let said = json!([
        {"role": "user", "content": "I slept badly"},
        {"role": "assistant", "content": "I slept badly"},
    ]);
    assert_eq!(body["messages"].as_array().unwrap()[1..], *said.as_array().unwrap());
    // A slash at the end is the same address.
    assert_eq!(mira.get(&format!("/sessions/{id}/")).await.expect(StatusCode::OK), body);
}

#[tokio::test]
async fn what_names_nothing_is_not_found() {
    let app = TestApp::new().await;
    let (mira, odo) = (app.user("mira").await, app.user("odo").await);
    let own = mira.begin("mine").await["id"].clone();
    let chat = mira.conversation().await;
    let hex = chat.replace('-', "");
    let sql = format!("SELECT number FROM conversations WHERE id = X'{hex}'");
    let chat = app.count(&sql).to_string();
    let deleted = mira.begin("deleted").await["id"].to_string();
    mira.delete(&format!("/sessions/{deleted}")).await.expect(StatusCode::OK);
    let foreign = odo.begin("theirs").await["id"].to_string();
    let missing = ["0", "999999", "99999999999999999999999", "-1", "abc", "1.5"];
    for id in missing.iter().chain([&&*chat, &&*deleted, &&*foreign]) {
        let at = |rest: &str| format!("/sessions/{id}{rest}");
        for reply in [
            mira.get(&at("")).await,
            mira.put(&at(""), json!({"title": "x"})).await,
            mira.delete(&at("")).await,
            mira.put(&at("/archive"), json!({})).await,
            mira.put(&at("/end"), json!({})).await,
            mira.post(&at("/summary"), json!({})).await,
            mira.respond(&json!(id), "hello").await,
        ] {
            expect_error(&reply, 404, "Session not found");
        }
    }
    let list = odo.get("/sessions").await.expect(StatusCode::OK);
    assert_eq!((&list[0]["title"], flags(&list[0])), (&json!("theirs"), (false, false)));
    mira.get(&format!("/sessions/{own}")).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_session_is_renamed() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.begin("Monday").await["id"].clone();
    let path = format!("/sessions/{id}");
    for body in [json!({}), json!({"title": " "}), json!({"title": null}), json!({"title": 7})] {
        expect_error(&mira.put(&path, body).await, 400, "Title is required");
    }
    let renamed = mira.put(&path, json!({"title": " Tuesday "})).await.expect(StatusCode::OK);
    assert_session(&renamed);
    assert_eq!((&renamed["title"], &renamed["id"]), (&json!("Tuesday"), &id));
    assert_eq!(mira.get(&path).await.expect(StatusCode::OK)["title"], "Tuesday");
}

#[tokio::test]
async fn a_deleted_session_lies_in_the_trash() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.begin("Monday").await["id"].clone();
    let path = format!("/sessions/{id}");
    let reply = mira.delete(&path).await.expect(StatusCode::OK);
    assert_eq!(reply, json!({"message": "Session deleted successfully"}));
    expect_error(&mira.delete(&path).await, 404, "Session not found");
    assert_eq!(mira.get("/sessions").await.expect(StatusCode::OK), json!([]));
    let kept = "SELECT COUNT(*) FROM conversations WHERE shelf = 'trash' AND deleted_at > 0";
    assert_eq!(app.count(kept), 1);
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), 1);
}

#[tokio::test]
async fn archiving_toggles_and_ends() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.begin("Monday").await["id"].clone();
    let path = format!("/sessions/{id}/archive");
    let archived = mira.put(&path, json!({})).await.expect(StatusCode::OK);
    assert_session(&archived);
    assert_eq!(flags(&archived), (true, true));
    // Without a body as well.
    let back = mira.send(Method::PUT, &path, None, &[]).await.expect(StatusCode::OK);
    assert_eq!(flags(&back), (false, true));
    expect_error(&mira.respond(&id, "hello").await, 403, ENDED);
    let again = mira.put(&path, json!({})).await.expect(StatusCode::OK);
    assert_eq!(flags(&again), (true, true));
}

#[tokio::test]
async fn ending_is_done_once_and_asked_as_often_as_one_likes() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.begin("Monday").await["id"].clone();
    let path = format!("/sessions/{id}/end");
    let ended = mira.put(&path, json!({})).await.expect(StatusCode::OK);
    assert_session(&ended);
    assert_eq!(flags(&ended), (false, true));
    app.clock.step_seconds(5);
    let again = mira.send(Method::PUT, &path, None, &[]).await.expect(StatusCode::OK);
    assert_eq!(again, ended);
    let reply = mira.respond(&id, "hello").await;
    expect_error(&reply, 403, ENDED);
    assert_eq!(reply.json()["code"], "CONVERSATION_ENDED");
    let read = mira.get(&format!("/sessions/{id}")).await.expect(StatusCode::OK);
    assert_eq!(read["messages"], ended["messages"]);
}

#[tokio::test]
async fn a_message_is_answered_with_the_prompt_it_belongs_to() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.begin("Monday").await["id"].clone();
    let reply = mira.respond(&id, "I slept badly").await;
    assert_eq!(reply.expect(StatusCode::OK), json!({"message": "I slept badly"}));
    assert!(!reply.headers.contains_key("x-serene-model-error"));
    // The integer may come as text.
    let reply = mira.respond(&json!(id.to_string()), "And you?").await;
    assert_eq!(reply.expect(StatusCode::OK), json!({"message": "And you?"}));
    let requests = app.engine.as_ref().unwrap().requests();
    let said: Vec<_> = requests[2].messages[1..].iter().map(|turn| turn.text.as_str()).collect();
    assert_eq!(said, ["Hello.", "I slept badly", "I slept badly", "And you?"]);
}

#[tokio::test]
async fn a_message_needs_a_session_and_a_text() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.begin("Monday").await["id"].clone();
    for body in [
        json!({}),
        json!({"session_id": id}),
        json!({"message": "hello"}),
        json!({"session_id": id, "message": ""}),
        json!({"session_id": id, "message": " \n"}),
        json!({"session_id": id, "message": 7}),
        json!({"session_id": "", "message": "hello"}),
        json!({"session_id": null, "message": "hello"}),
        json!({"session_id": [1], "message": "hello"}),
    ] {
        let reply = mira.post("/chat/respond", body).await;
        expect_error(&reply, 400, "Session ID and message are required");
    }
    let empty = mira.send(Method::POST, "/chat/respond", None, &[]).await;
    expect_error(&empty, 400, "Session ID and message are required");
    let long = mira.respond(&id, &"x".repeat(32_001)).await;
    assert_eq!(long.expect(StatusCode::BAD_REQUEST)["code"], "INVALID_REQUEST");
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), 1);
}

#[tokio::test]
async fn a_model_that_fails_is_said_in_a_sentence_that_is_stored_nowhere() {
    let app = TestApp::scripted("fail:2").await;
    let mira = app.user("mira").await;
    let session = mira.begin("Monday").await;
    // The greeting does not depend on it.
    assert_eq!(session["messages"][0]["role"], "assistant");
    assert_ne!(session["messages"][0]["content"], FAILED);
    let id = &session["id"];
    let reply = mira.respond(id, "first").await;
    assert_eq!(reply.expect(StatusCode::OK), json!({"message": FAILED}));
    assert_eq!(reply.headers["x-serene-model-error"], "MODEL_FAILED");
    mira.respond(id, "second").await.expect(StatusCode::OK);
    let read = mira.get(&format!("/sessions/{id}")).await.expect(StatusCode::OK);
    assert_eq!(read["messages"][2], json!({"role": "assistant", "content": FAILED}));
    let requests = app.engine.as_ref().unwrap().requests();
    let last = requests.last().unwrap();
    assert!(last.messages.iter().any(|turn| turn.text == "first"));
    assert!(last.messages.iter().all(|turn| !turn.text.contains("trouble generating")));
    let stored = "SELECT COUNT(*) FROM messages WHERE content LIKE '%trouble generating%'";
    assert_eq!(app.count(stored), 0);
}

#[tokio::test]
async fn explicit_intent_gets_the_fixed_sentence_and_no_model() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.begin("Monday").await["id"].clone();
    let asked = app.engine.as_ref().unwrap().requests().len();
    let reply = mira.respond(&id, "I am going to kill myself tonight").await;
    let body = reply.expect(StatusCode::OK);
    assert_eq!(body["message"], serene_core::conversations::CRISIS_SENTENCE);
    let summary = format!("/sessions/{id}/summary");
    let summary = mira.post(&summary, json!({})).await.expect(StatusCode::OK);
    assert_eq!(summary["summary"], serene_core::conversations::CRISIS_SENTENCE);
    assert_eq!(app.engine.as_ref().unwrap().requests().len(), asked);
}

#[tokio::test]
async fn a_second_message_waits_for_the_first_reply() {
    let app = TestApp::scripted("slow:30+echo").await;
    let mira = app.user("mira").await;
    let id = mira.begin("Monday").await["id"].clone();
    let (first, second) = tokio::join!(
        mira.respond(&id, "one two three four five six"),
        mira.respond(&id, "seven eight nine"),
    );
    first.expect(StatusCode::OK);
    second.expect(StatusCode::OK);
    let read = mira.get(&format!("/sessions/{id}")).await.expect(StatusCode::OK);
    let roles: Vec<_> = read["messages"].as_array().unwrap().iter().map(|it| &it["role"]).collect();
    assert_eq!(roles, ["assistant", "user", "assistant", "user", "assistant"]);
}

#[tokio::test]
async fn a_session_is_summed_up_by_the_model() {
    let app = TestApp::scripted("fixed:You slept badly and thought about work.").await;
    let mira = app.user("mira").await;
    let id = mira.begin("Monday").await["id"].clone();
    let path = format!("/sessions/{id}/summary");
    let nothing = mira.post(&path, json!({})).await.expect(StatusCode::OK);
    assert_eq!(nothing["summary"], "Nothing was written in this session.");
    mira.respond(&id, "I slept badly").await.expect(StatusCode::OK);
    // The front end asks right after it has ended the session, with or without a body.
    mira.put(&format!("/sessions/{id}/end"), json!({})).await.expect(StatusCode::OK);
    let reply = mira.send(Method::POST, &path, None, &[]).await;
    let said = "You slept badly and thought about work.";
    let body = json!({"message": "Summary generated successfully", "summary": said});
    assert_eq!(reply.expect(StatusCode::OK), body);
    assert!(!reply.headers.contains_key("x-serene-model-error"));
    let list = mira.get("/sessions").await.expect(StatusCode::OK);
    assert_eq!(list[0]["summary"], said);
    let requests = app.engine.as_ref().unwrap().requests();
    assert!(requests.last().unwrap().messages[1].text.contains("Person: I slept badly"));
    let usage = "SELECT COUNT(*) FROM usage_records WHERE purpose = 'summary'";
    assert_eq!(app.count(usage), 1);
}

#[tokio::test]
async fn a_session_is_summed_up_without_a_model() {
    for (script, failed) in [("panic", true), ("fail", true), ("fixed:You have depression.", false)]
    {
        let app = TestApp::scripted(script).await;
        let mira = app.user("mira").await;
        let id = mira.begin("Monday").await["id"].clone();
        let long = "My sister called. We argued about the garden and my sister cried.";
        mira.respond(&id, long).await.expect(StatusCode::OK);
        let reply = mira.post(&format!("/sessions/{id}/summary"), json!({})).await;
        let body = reply.expect(StatusCode::OK);
        assert_eq!(body["summary"], long, "{script}");
        assert_eq!(reply.headers.contains_key("x-serene-model-error"), failed, "{script}");
    }
    let setup = Setup { engine: Some(Arc::new(BasicEngine)), ..Setup::default() };
    let app = TestApp::with(setup).await;
    let mira = app.user("mira").await;
    let session = mira.begin("Monday").await;
    assert_session(&session);
    assert_eq!(session["messages"].as_array().unwrap().len(), 1);
    mira.respond(&session["id"], "The cat is ill.").await.expect(StatusCode::OK);
    let path = format!("/sessions/{}/summary", session["id"]);
    let body = mira.post(&path, json!({})).await.expect(StatusCode::OK);
    assert_eq!(body["summary"], "The cat is ill.");
    let calls = "SELECT COUNT(*) FROM usage_records WHERE purpose <> 'reply'";
    assert_eq!(app.count(calls), 0, "nothing was asked of a model");
}

#[tokio::test]
async fn what_is_private_is_sealed() {
    let app = TestApp::sealed("fixed:You slept badly.").await;
    let mira = app.user("mira").await;
    let id = mira.begin("Monday").await["id"].clone();
    mira.respond(&id, "hm").await.expect(StatusCode::OK);
    let path = format!("/sessions/{id}/summary");
    let body = mira.post(&path, json!({})).await.expect(StatusCode::OK);
    assert_eq!(body["summary"], "You slept badly.");
    let open = "SELECT COUNT(*) FROM conversations WHERE summary LIKE '%slept%'";
    assert_eq!(app.count(open), 0);
    let exported = mira.get("/api/v1/me/export").await.expect(StatusCode::OK);
    assert_eq!(exported["conversations"][0]["summary"], "You slept badly.");
}

#[tokio::test]
async fn who_is_not_let_in_is_told_why() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.begin("Monday").await["id"].clone();
    let routes = [
        (Method::POST, "/sessions".to_owned()),
        (Method::GET, "/sessions".to_owned()),
        (Method::GET, format!("/sessions/{id}")),
        (Method::PUT, format!("/sessions/{id}")),
        (Method::DELETE, format!("/sessions/{id}")),
        (Method::PUT, format!("/sessions/{id}/archive")),
        (Method::PUT, format!("/sessions/{id}/end")),
        (Method::POST, format!("/sessions/{id}/summary")),
        (Method::POST, "/chat/respond".to_owned()),
    ];
    let token = mira.token.clone().unwrap();
    let (bearer, basic) = (format!("Bearer {token}x"), format!("Basic {token}"));
    for (method, path) in routes {
        let nobody = app.anonymous();
        let ask = async |authorization: Option<&str>| {
            let headers: Vec<_> =
                authorization.map(|it| ("authorization", it)).into_iter().collect();
            nobody.send(method.clone(), &path, Some(json!({})), &headers).await
        };
        expect_error(&ask(None).await, 401, "No authorization header");
        for bad in ["Bearer", "Bearer ", &token, &basic, ""] {
            expect_error(&ask(Some(bad)).await, 401, "Invalid authorization header format");
        }
        for bad in [&*bearer, "Bearer x", "Bearer x.y.z"] {
            expect_error(&ask(Some(bad)).await, 401, "Invalid token");
        }
    }
    mira.post("/api/v1/auth/logout", json!({})).await.expect(StatusCode::NO_CONTENT);
    let reply = mira.get("/sessions").await;
    super::expect_error(&reply, 401, "SESSION_ENDED", "Invalid token");
    let odo = app.user("odo").await;
    app.clock.step_seconds(901);
    let reply = odo.get("/sessions").await;
    super::expect_error(&reply, 401, "TOKEN_EXPIRED", "Invalid token");
}

#[tokio::test]
async fn other_methods_and_addresses_are_answered_in_the_envelope() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let reply = mira.patch("/sessions", json!({})).await;
    assert_eq!(reply.expect(StatusCode::METHOD_NOT_ALLOWED)["code"], "METHOD_NOT_ALLOWED");
    let reply = mira.get("/chat/respond").await;
    reply.expect(StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(reply.headers[header::ALLOW], "POST");
}

#[tokio::test]
async fn the_demo_user_needs_no_credential() {
    let demo_user = Some("demo".to_owned());
    let contracts = ContractOptions { demo_user, ..ContractOptions::default() };
    let http = HttpOptions { contracts, ..HttpOptions::default() };
    let app = TestApp::with(Setup { http, ..Setup::default() }).await;
    let nobody = app.anonymous();
    let id = nobody.begin("Monday").await["id"].clone();
    let list = nobody.get("/sessions").await.expect(StatusCode::OK);
    assert_eq!((list.as_array().unwrap().len(), &list[0]["id"]), (1, &id));
    // A credential that is wrong is not passed over.
    let wrong = [("authorization", "Bearer x")];
    let reply = nobody.send(Method::GET, "/sessions", None, &wrong).await;
    expect_error(&reply, 401, "Invalid token");
}
