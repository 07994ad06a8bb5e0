//! The contract `chatbot`, row by row.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{assert_keys, expect_error};
use crate::app::{Client, PASSWORD, Reply, TestApp};

const FAILED: &str = "I'm experiencing technical difficulties. Please try again later.";
const PICTURE: &str = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAAA";

/// Somebody with the token of a sign-up.
async fn signed_up(app: &TestApp, name: &str) -> Client {
    let body = json!({"username": name, "password": PASSWORD});
    let body = app.anonymous().post("/auth/signup", body).await.expect(StatusCode::CREATED);
    Client { token: Some(body["access_token"].as_str().unwrap().to_owned()), ..app.anonymous() }
}

async fn send(client: &Client, method: Method, path: &str, body: Value) -> Reply {
    client.send(method, path, Some(body), &[]).await
}

#[track_caller]
fn expect_invalid(reply: &Reply, kind: &str, loc: &Value) {
    let body = reply.expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert_keys(&body, &["error", "code", "detail"]);
    let detail = &body["detail"][0];
    assert_eq!((&detail["type"], &detail["loc"]), (&json!(kind), loc), "{body}");
}

const MESSAGE: [&str; 8] = [
    "id",
    "conversationId",
    "conversation_id",
    "role",
    "content",
    "attachments",
    "createdAt",
    "created_at",
];

#[track_caller]
fn assert_message(body: &Value, role: &str, content: &str) {
    assert_keys(body, &MESSAGE);
    assert!(body["id"].is_i64() && body["conversation_id"] == body["conversationId"], "{body}");
    assert_eq!((&body["role"], &body["content"]), (&json!(role), &json!(content)));
    assert!(body["created_at"].as_str().unwrap().ends_with('Z'), "{body}");
    assert_eq!(body["created_at"], body["createdAt"]);
}

#[tokio::test]
async fn whoever_signs_up_signs_in_and_reads_their_account() {
    let app = TestApp::new().await;
    let body = json!({"username": "mira", "password": PASSWORD, "email": "mira@example.org"});
    let made = app.anonymous().post("/auth/signup", body).await.expect(StatusCode::CREATED);
    for (key, value) in [
        ("username", "mira"),
        ("email", "mira@example.org"),
        ("role", "user"),
        ("token_type", "bearer"),
    ] {
        assert_eq!(made[key], value, "{made}");
    }
    assert!(made["id"].is_i64() && made["access_token"].is_string());
    // By JSON and by form.
    let body = json!({"username": "mira", "password": PASSWORD});
    let by_json = app.anonymous().post("/auth/login", body).await.expect(StatusCode::OK);
    assert_eq!(by_json["token_type"], "bearer");
    let form = axum::http::Request::post("/auth/login")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("username=mira&password=a+good+long+password".into())
        .unwrap();
    let by_form = app.anonymous().raw(form).await.expect(StatusCode::OK);
    assert!(by_form["access_token"].is_string());
    let wrong = json!({"username": "mira", "password": "not this one"});
    let wrong = app.anonymous().post("/auth/login", wrong).await;
    expect_error(&wrong, 401, "INVALID_CREDENTIALS", "Incorrect username or password");

    let token = made["access_token"].as_str().map(str::to_owned);
    let mira = Client { token, ..app.anonymous() };
    let me = mira.get("/users/me").await.expect(StatusCode::OK);
    assert_keys(&me, &["id", "username", "email", "role", "preferences", "created_at"]);
    assert_eq!(me["id"], made["id"]);
    let nobody = app.anonymous();
    for path in ["/users/me", "/users/preferences", "/api/user", "/api/conversations", "/usage"] {
        expect_error(&nobody.get(path).await, 401, "UNAUTHENTICATED", "Not authenticated");
    }
    let forged = Client { token: Some("a.b.c".into()), ..app.anonymous() };
    let refused = forged.get("/users/me").await;
    expect_error(&refused, 401, "TOKEN_INVALID", "Could not validate credentials");
}

#[tokio::test]
async fn preferences_are_kept_and_reach_the_model() {
    let app = TestApp::new().await;
    let mira = signed_up(&app, "mira").await;
    let path = "/users/preferences";
    let usual = json!({"maxTokens": 4000, "max_tokens": 4000, "personality": "default",
                       "addressStyle": "friendly", "address_style": "friendly"});
    assert_eq!(mira.get(path).await.expect(StatusCode::OK), usual);
    mira.post("/chat/send", json!({"content": "hello"})).await.expect(StatusCode::OK);
    for (method, body) in [
        (Method::PUT, json!({"maxTokens": 512})),
        (Method::PATCH, json!({"personality": "robot", "unknown": 1})),
        (Method::POST, json!({"address_style": "formal"})),
    ] {
        send(&mira, method, path, body).await.expect(StatusCode::OK);
    }
    let set = json!({"maxTokens": 512, "max_tokens": 512, "personality": "robot",
                     "addressStyle": "formal", "address_style": "formal"});
    assert_eq!(mira.get(path).await.expect(StatusCode::OK), set);
    assert_eq!(mira.get("/users/me").await.expect(StatusCode::OK)["preferences"], set);
    mira.post("/chat/send", json!({"content": "hello"})).await.expect(StatusCode::OK);
    let requests = app.engine.as_ref().unwrap().requests();
    let instruction = |at: usize| requests[at].messages[0].text.clone();
    assert!(!instruction(0).contains("robot") && requests[0].max_tokens.is_none());
    assert!(instruction(1).contains("robot") && instruction(1).contains("formally"));
    assert_eq!(requests[1].max_tokens, Some(512));

    for (body, kind, field) in [
        (json!({"maxTokens": 255}), "int_type", "maxTokens"),
        (json!({"max_tokens": 8193}), "int_type", "max_tokens"),
        (json!({"maxTokens": "many"}), "int_type", "maxTokens"),
        (json!({"personality": "pirate"}), "literal_error", "personality"),
        (json!({"addressStyle": 7}), "literal_error", "addressStyle"),
    ] {
        let refused = send(&mira, Method::PUT, path, body).await;
        expect_invalid(&refused, kind, &json!(["body", field]));
    }
    let noor = signed_up(&app, "noor").await;
    assert_eq!(noor.get(path).await.expect(StatusCode::OK), usual);
}

#[tokio::test]
async fn a_message_begins_a_conversation_or_goes_on_with_one() {
    let app = TestApp::new().await;
    let mira = signed_up(&app, "mira").await;
    let long = "Please tell me something about rivers";
    let first =
        mira.post("/chat/send", json!({"content": long, "role": "user", "attachments": null}));
    let first = first.await.expect(StatusCode::OK);
    assert_keys(&first, &["conversation_id", "user_message", "ai_response", "message", "usage"]);
    assert_eq!((&first["user_message"], &first["ai_response"]), (&json!(long), &json!(long)));
    assert_message(&first["message"], "assistant", long);
    assert_keys(&first["usage"], &["prompt_tokens", "completion_tokens", "total_tokens"]);
    let number = first["conversation_id"].as_i64().unwrap();
    let list = mira.get("/api/conversations").await.expect(StatusCode::OK);
    assert_eq!(list[0]["title"], "Please tell me something ...");

    for id in [json!(number), json!(number.to_string())] {
        let body = json!({"conversation_id": id, "message": "go on"});
        let next = mira.post("/chat/send", body).await.expect(StatusCode::OK);
        assert_eq!(next["conversation_id"], number);
    }
    let with_image =
        json!({"conversation_id": number, "content": "look", "attachments": [PICTURE]});
    mira.post("/chat/send", with_image).await.expect(StatusCode::OK);
    let history = mira.get(&format!("/chat/history/{number}")).await.expect(StatusCode::OK);
    let history = history.as_array().unwrap();
    assert_eq!(history.len(), 8);
    assert_message(&history[0], "user", long);
    assert_message(&history[1], "assistant", long);
    assert_eq!(history[0]["attachments"], Value::Null);
    let image = history[6]["attachments"][0].as_str().unwrap();
    mira.get(image).await.expect_raw(StatusCode::OK);

    let noor = signed_up(&app, "noor").await;
    for (client, id) in
        [(&noor, json!(number)), (&mira, json!(99_999)), (&mira, json!("9".repeat(20)))]
    {
        let body = json!({"conversation_id": id, "content": "hello"});
        let refused = client.post("/chat/send", body).await;
        expect_error(&refused, 404, "CONVERSATION_NOT_FOUND", "Conversation not found");
    }
    let foreign = noor.get(&format!("/chat/history/{number}")).await;
    expect_error(&foreign, 404, "CONVERSATION_NOT_FOUND", "Conversation not found");
    expect_invalid(
        &mira.get("/chat/history/abc").await,
        "int_parsing",
        &json!(["path", "conversation_id"]),
    );
    for (body, kind, loc) in [
        (json!({}), "missing", json!(["body", "content"])),
        (json!({"content": 7}), "string_type", json!(["body", "content"])),
        (json!({"content": "  "}), "value_error", json!(["body", "content"])),
        (json!({"content": "x", "role": "system"}), "literal_error", json!(["body", "role"])),
        (json!({"content": "x", "attachments": "y"}), "list_type", json!(["body", "attachments"])),
        (
            json!({"content": "x", "attachments": [7]}),
            "string_type",
            json!(["body", "attachments"]),
        ),
        (
            json!({"content": "x", "attachments": ["http://x/y.png"]}),
            "value_error",
            json!(["body", "attachments"]),
        ),
        (
            json!({"content": "x", "conversation_id": {}}),
            "int_parsing",
            json!(["path", "conversation_id"]),
        ),
    ] {
        expect_invalid(&mira.post("/chat/send", body).await, kind, &loc);
    }
    let crisis = mira.post("/chat/send", json!({"content": "I want to kill myself"})).await;
    let crisis = crisis.expect(StatusCode::OK);
    assert!(crisis["ai_response"].as_str().unwrap().starts_with("If you're feeling unsafe"));
}

#[tokio::test]
async fn a_model_that_fails_is_said_in_a_sentence_and_a_header() {
    let app = TestApp::scripted("fail").await;
    let mira = signed_up(&app, "mira").await;
    let reply = mira.post("/chat/send", json!({"content": "hello"})).await;
    assert_eq!(reply.headers["x-serene-model-error"], "MODEL_FAILED");
    let body = reply.expect(StatusCode::OK);
    assert_eq!((&body["user_message"], &body["ai_response"]), (&json!("hello"), &json!(FAILED)));
    // The sentence is printed, and neither stored nor told to a model.
    let path = format!("/api/conversations/{}/messages", body["conversation_id"]);
    let again = mira.post(&path, json!({"content": "and now?"})).await;
    assert_eq!(again.expect(StatusCode::OK)["ai_message"]["content"], FAILED);
    for request in app.engine.as_ref().unwrap().requests() {
        assert!(request.messages.iter().all(|message| !message.text.contains("technical")));
    }
    assert_eq!(mira.get(&path).await.expect(StatusCode::OK)[1]["content"], FAILED);
}

#[tokio::test]
async fn the_front_end_lists_pins_renames_and_deletes() {
    let app = TestApp::new().await;
    let mira = signed_up(&app, "mira").await;
    let made =
        mira.post("/api/conversations", json!({"title": "Rivers"})).await.expect(StatusCode::OK);
    let keys = [
        "id",
        "userId",
        "user_id",
        "title",
        "isPinned",
        "is_pinned",
        "createdAt",
        "created_at",
        "updatedAt",
        "updated_at",
    ];
    assert_keys(&made, &keys);
    assert_eq!((&made["title"], &made["isPinned"]), (&json!("Rivers"), &json!(false)));
    let untitled = mira.post("/api/conversations", json!({})).await.expect(StatusCode::OK);
    assert_eq!(untitled["title"], "New Conversation");
    let path = format!("/api/conversations/{}", made["id"]);
    for body in [json!({"isPinned": true}), json!({"is_pinned": true}), json!({})] {
        let pinned = mira.patch(&path, body).await.expect(StatusCode::OK);
        assert_eq!((&pinned["isPinned"], &pinned["is_pinned"]), (&json!(true), &json!(true)));
    }
    let renamed = mira.patch(&path, json!({"title": "Seas", "isPinned": false})).await;
    let renamed = renamed.expect(StatusCode::OK);
    assert_eq!((&renamed["title"], &renamed["isPinned"]), (&json!("Seas"), &json!(false)));
    expect_invalid(
        &mira.patch(&path, json!({"isPinned": "yes"})).await,
        "bool_type",
        &json!(["body", "isPinned"]),
    );
    expect_invalid(
        &mira.patch("/api/conversations/abc", json!({"isPinned": true})).await,
        "int_parsing",
        &json!(["path", "conversation_id"]),
    );

    let messages = format!("{path}/messages");
    app.clock.step_seconds(1);
    let body = json!({"content": "hello", "role": "user", "attachments": null});
    let sent = mira.post(&messages, body).await.expect(StatusCode::OK);
    assert_keys(&sent, &[&MESSAGE[..], &["ai_message"]].concat());
    assert_eq!((&sent["role"], &sent["content"]), (&json!("user"), &json!("hello")));
    assert_message(&sent["ai_message"], "assistant", "hello");
    let page = mira.get(&messages).await.expect(StatusCode::OK);
    assert_eq!(page.as_array().unwrap().len(), 2);
    assert_message(&page[0], "user", "hello");
    let list = mira.get("/api/conversations").await.expect(StatusCode::OK);
    assert_eq!(list[0]["id"], made["id"], "the last active first");

    let noor = signed_up(&app, "noor").await;
    let foreign = [
        noor.patch(&path, json!({"isPinned": true})).await,
        noor.delete(&path).await,
        noor.get(&messages).await,
        noor.post(&messages, json!({"content": "hello"})).await,
    ];
    for reply in foreign {
        expect_error(&reply, 404, "CONVERSATION_NOT_FOUND", "Conversation not found");
    }
    let gone = mira.delete(&path).await.expect(StatusCode::OK);
    assert_eq!(gone, json!({"message": "Conversation deleted successfully"}));
    expect_error(
        &mira.delete(&path).await,
        404,
        "CONVERSATION_NOT_FOUND",
        "Conversation not found",
    );
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), 0);
}

#[tokio::test]
async fn the_account_is_printed_in_both_spellings_and_changed() {
    let app = TestApp::new().await;
    let mira = signed_up(&app, "mira").await;
    let user = mira.get("/api/user").await.expect(StatusCode::OK);
    let keys = [
        "id",
        "username",
        "email",
        "role",
        "preferences",
        "created_at",
        "createdAt",
        "profilePhoto",
        "profile_photo",
        "aiPreferences",
        "ai_preferences",
    ];
    assert_keys(&user, &keys);
    assert_eq!(user["profilePhoto"], Value::Null);
    let body = json!({"username": "mira2", "aiPreferences": {"personality": "expert"}});
    let changed = mira.patch("/api/user", body).await.expect(StatusCode::OK);
    assert_eq!(changed["username"], "mira2");
    assert_eq!(changed["aiPreferences"]["personality"], "expert");
    assert_eq!(mira.get("/api/user").await.expect(StatusCode::OK), changed);
    signed_up(&app, "noor").await;
    let taken = mira.patch("/api/user", json!({"username": "noor"})).await;
    expect_error(&taken, 409, "USERNAME_TAKEN", "Username already registered");
    // One part of it is wrong: nothing is changed.
    let body = json!({"username": "mira3", "ai_preferences": {"maxTokens": 1}});
    expect_invalid(&mira.patch("/api/user", body).await, "int_type", &json!(["body", "maxTokens"]));
    assert_eq!(mira.get("/api/user").await.expect(StatusCode::OK), changed);
}

#[tokio::test]
async fn usage_is_told_by_day() {
    let app = TestApp::new().await;
    let mira = signed_up(&app, "mira").await;
    let none = mira.get("/users/usage").await.expect(StatusCode::OK);
    assert_eq!(none, json!({"total_tokens": 0, "items": []}));
    assert_eq!(mira.get("/api/token-usage").await.expect(StatusCode::OK), json!([]));
    let mut total = 0;
    for _ in 0..2 {
        let sent = mira.post("/chat/send", json!({"content": "two words"})).await;
        total += sent.expect(StatusCode::OK)["usage"]["total_tokens"].as_i64().unwrap();
    }
    assert!(total > 0);
    let today = app.clock.now().utc_day();
    for path in
        ["/users/usage", "/usage", &format!("/usage?startDate={today}&endDate={today}T23:59")]
    {
        let usage = mira.get(path).await.expect(StatusCode::OK);
        let days = json!([{"date": today, "tokens_used": total}]);
        assert_eq!(usage, json!({"total_tokens": total, "items": days}), "{path}");
    }
    let past = mira.get("/usage?endDate=2020-01-01").await.expect(StatusCode::OK);
    assert_eq!(past["items"], json!([]));
    expect_invalid(
        &mira.get("/usage?startDate=yesterday").await,
        "date_parsing",
        &json!(["query", "startDate"]),
    );
    let days = mira.get("/api/token-usage").await.expect(StatusCode::OK);
    assert_keys(&days[0], &["id", "userId", "user_id", "date", "tokensUsed", "tokens_used"]);
    assert_eq!((&days[0]["tokensUsed"], &days[0]["date"]), (&json!(total), &json!(today)));
    assert!(days[0]["id"].as_i64().unwrap() > 20_000);
    let noor = signed_up(&app, "noor").await;
    assert_eq!(noor.get("/usage").await.expect(StatusCode::OK), none);
}

#[tokio::test]
async fn it_says_that_it_runs() {
    let app = TestApp::new().await;
    let body = app.anonymous().get("/").await.expect(StatusCode::OK);
    assert_eq!(body, json!({"message": "AI Chatbot Backend running \u{1f680}"}));
}
