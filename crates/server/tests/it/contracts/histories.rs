//! The contract `histories`, row by row.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::{Value, json};

use super::{assert_keys, expect_error};
use crate::app::{Client, PASSWORD, Setup, TestApp};

const FAILED: &str = "I'm sorry, I couldn't come up with an answer right now. Please try again.";
/// A picture of one pixel, in base64.
const PICTURE: &str = "R0lGODlhAQABAAAAACwAAAAAAQABAAAA";

fn account(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@example.org"), "password": PASSWORD})
}

/// Somebody who has registered and signed in.
async fn signed_in(app: &TestApp, name: &str) -> Client {
    app.anonymous().post("/api/auth/register", account(name)).await.expect(StatusCode::CREATED);
    let body = json!({"username": name, "password": PASSWORD});
    let body = app.anonymous().post("/api/auth/login", body).await.expect(StatusCode::OK);
    Client { token: Some(body["token"].as_str().unwrap().to_owned()), ..app.anonymous() }
}

/// A new chat: its number.
async fn chat(client: &Client) -> i64 {
    let made = client.post("/api/chat/create", json!({"title": "Rivers"})).await;
    made.expect(StatusCode::CREATED)["id"].as_i64().unwrap()
}

#[track_caller]
fn assert_naive(value: &Value) {
    let time = value.as_str().unwrap();
    assert!(time.len() == 19 && !time.ends_with('Z'), "{time}");
    time.parse::<jiff::civil::DateTime>().unwrap();
}

const USER: [&str; 4] = ["id", "username", "email", "created_at"];
const CHAT: [&str; 6] = ["id", "user_id", "title", "message_count", "created_at", "updated_at"];
const MESSAGE: [&str; 10] = [
    "id",
    "chat_id",
    "user_id",
    "text",
    "sender",
    "who",
    "image_url",
    "image",
    "created_at",
    "time",
];

#[track_caller]
fn assert_message(body: &Value, sender: &str, text: &str) {
    assert_keys(body, &MESSAGE);
    assert!(body["id"].is_i64() && body["chat_id"].is_i64() && body["user_id"].is_i64(), "{body}");
    assert_eq!((&body["text"], &body["sender"]), (&json!(text), &json!(sender)));
    for [a, b] in [["sender", "who"], ["image_url", "image"], ["created_at", "time"]] {
        assert_eq!(body[a], body[b]);
    }
    assert_naive(&body["created_at"]);
}

#[tokio::test]
async fn registering_signing_in_and_who_am_i() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    let made = nobody.post("/api/auth/register", account("john_doe")).await;
    assert!(made.headers.get("set-cookie").is_none());
    let made = made.expect(StatusCode::CREATED);
    assert_keys(&made, &[&USER[..], &["message", "user"]].concat());
    assert_keys(&made["user"], &USER);
    assert!(made["id"].is_i64() && made["username"] == "john_doe");
    assert_naive(&made["created_at"]);

    let body = json!({"username": "john_doe", "password": PASSWORD});
    let login = nobody.post("/api/auth/login", body).await.expect(StatusCode::OK);
    assert_keys(&login, &["access_token", "token", "message", "username", "email", "user"]);
    assert_eq!(login["token"], login["access_token"]);
    assert_eq!(login["email"], "john_doe@example.org");
    let john = Client { token: login["token"].as_str().map(str::to_owned), ..app.anonymous() };
    let me = john.get("/api/auth/me").await.expect(StatusCode::OK);
    assert_eq!(me, made["user"]);

    for (body, status, code, sentence) in [
        (json!({"username": "x"}), 400, "MISSING_FIELDS", "Missing required fields"),
        (
            json!({"username": "x", "email": "", "password": PASSWORD}),
            400,
            "MISSING_FIELDS",
            "Missing required fields",
        ),
        (
            json!({"username": "john_doe", "email": "o@example.org", "password": PASSWORD}),
            409,
            "USERNAME_TAKEN",
            "Username already exists",
        ),
        (
            json!({"username": "other", "email": "john_doe@example.org", "password": PASSWORD}),
            409,
            "EMAIL_TAKEN",
            "Email already exists",
        ),
        (
            json!({"username": "other", "email": "o@example.org", "password": 7}),
            400,
            "INVALID_REQUEST",
            "`password` must be text.",
        ),
    ] {
        expect_error(&nobody.post("/api/auth/register", body).await, status, code, sentence);
    }
    let no_address = json!({"username": "other", "email": "notanemail", "password": PASSWORD});
    assert_eq!(nobody.post("/api/auth/register", no_address).await.status, StatusCode::BAD_REQUEST);
    for (body, status, code, sentence) in [
        (json!({"username": "john_doe"}), 400, "MISSING_FIELDS", "Missing username or password"),
        (
            json!({"username": "john_doe", "password": "wrong one"}),
            401,
            "INVALID_CREDENTIALS",
            "Invalid username or password",
        ),
        (
            json!({"username": "nobody", "password": "wrong one"}),
            401,
            "INVALID_CREDENTIALS",
            "Invalid username or password",
        ),
    ] {
        expect_error(&nobody.post("/api/auth/login", body).await, status, code, sentence);
    }

    // Whatever is wrong with a token, it is 401, and `msg` is there.
    for (token, code, sentence) in [
        ("abc", "TOKEN_INVALID", "Not enough segments"),
        ("a.b.c", "TOKEN_INVALID", "Signature verification failed"),
    ] {
        let forged = Client { token: Some(token.into()), ..app.anonymous() };
        expect_error(&forged.get("/api/chat/histories").await, 401, code, sentence);
    }
    let refused = nobody.get("/api/chat/histories").await;
    expect_error(&refused, 401, "UNAUTHENTICATED", "Missing Authorization Header");

    // A token is good for thirty days.
    app.clock.step_seconds(30 * 86_400 - 60);
    john.get("/api/auth/me").await.expect(StatusCode::OK);
    app.clock.step_seconds(61);
    expect_error(&john.get("/api/auth/me").await, 401, "TOKEN_EXPIRED", "Token has expired");
}

#[tokio::test]
async fn where_i_signed_in_is_told_to_me_alone() {
    let app = TestApp::new().await;
    let (john, mary) = (signed_in(&app, "john").await, signed_in(&app, "mary").await);
    let history = john.get("/api/auth/login-history/john").await.expect(StatusCode::OK);
    assert_keys(&history, &["username", "history"]);
    assert_eq!(history["history"].as_array().unwrap().len(), 1);
    assert_keys(&history["history"][0], &["login_time", "ip_address", "user_agent"]);
    assert_naive(&history["history"][0]["login_time"]);
    for name in ["john", "nobody"] {
        let foreign = mary.get(&format!("/api/auth/login-history/{name}")).await;
        expect_error(&foreign, 404, "USER_NOT_FOUND", "User not found");
    }
    let left = john.post("/api/auth/logout", json!({})).await.expect(StatusCode::OK);
    assert_eq!(left["message"], "Successfully logged out");
    let gone = john.get("/api/auth/me").await;
    expect_error(&gone, 401, "SESSION_ENDED", "Token has been revoked");
}

#[tokio::test]
async fn chats_are_made_listed_read_cleared_and_deleted() {
    let app = TestApp::new().await;
    let john = signed_in(&app, "john").await;
    let made = john.post("/api/chat/create", json!({"title": "Rivers"})).await;
    let made = made.expect(StatusCode::CREATED);
    assert_keys(&made, &[&CHAT[..], &["messages"]].concat());
    assert_eq!((&made["messages"], &made["message_count"]), (&json!([]), &json!(0)));
    assert_naive(&made["updated_at"]);
    for body in [json!({}), json!({"title": null}), json!({"title": "  "})] {
        let untitled = john.post("/api/chat/create", body).await.expect(StatusCode::CREATED);
        assert_eq!(untitled["title"], "New Chat");
    }
    let path = format!("/api/chat/{}", made["id"]);
    app.clock.step_seconds(5);
    let send = format!("/api/messages/{}/send", made["id"]);
    john.post(&send, json!({"text": "hello"})).await.expect(StatusCode::OK);
    let list = john.get("/api/chat/histories").await.expect(StatusCode::OK);
    assert_eq!(list.as_array().unwrap().len(), 4);
    assert_keys(&list[0], &CHAT);
    assert_eq!((&list[0]["id"], &list[0]["message_count"]), (&made["id"], &json!(2)));
    let read = john.get(&path).await.expect(StatusCode::OK);
    assert_eq!(read["messages"].as_array().unwrap().len(), 2);
    let before = read["updated_at"].clone();

    app.clock.step_seconds(5);
    let cleared = john.post(&format!("{path}/clear"), json!({})).await.expect(StatusCode::OK);
    assert_eq!(cleared, json!({"message": "Chat cleared successfully"}));
    let read = john.get(&path).await.expect(StatusCode::OK);
    assert_eq!((&read["messages"], &read["updated_at"]), (&json!([]), &before));

    let mary = signed_in(&app, "mary").await;
    for path in [path.clone(), "/api/chat/99999".into(), format!("/api/chat/{}", "9".repeat(20))] {
        let replies = [
            mary.get(&path).await,
            mary.delete(&format!("{path}/delete")).await,
            mary.post(&format!("{path}/clear"), json!({})).await,
        ];
        for reply in replies {
            expect_error(&reply, 404, "CONVERSATION_NOT_FOUND", "Chat not found");
        }
    }
    for path in ["/api/chat/abc", "/api/nothing"] {
        expect_error(&john.get(path).await, 404, "NOT_FOUND", "Not found");
    }
    let deleted = john.delete(&format!("{path}/delete")).await.expect(StatusCode::OK);
    assert_eq!(deleted, json!({"message": "Chat deleted successfully"}));
    expect_error(&john.get(&path).await, 404, "CONVERSATION_NOT_FOUND", "Chat not found");
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), 0);
}

#[tokio::test]
async fn messages_are_sent_listed_and_deleted() {
    let app = TestApp::new().await;
    let john = signed_in(&app, "john").await;
    let id = chat(&john).await;
    let send = format!("/api/messages/{id}/send");
    for (body, said) in [
        (json!({"text": "hello"}), "hello"),
        (json!({"voice_text": "spoken"}), "spoken"),
        (json!({"text": "typed", "voice_text": "spoken"}), "typed [Voice: spoken]"),
        (json!({"text": "look", "image_url": "https://example.org/a.png"}), "look"),
    ] {
        let both = john.post(&send, body).await.expect(StatusCode::OK);
        assert_keys(&both, &["user_message", "ai_response", "ai_message"]);
        assert_message(&both["user_message"], "user", said);
        assert_message(&both["ai_response"], "bot", said);
        assert_eq!(both["ai_response"], both["ai_message"]);
        assert_eq!(both["user_message"]["image"], Value::Null);
    }
    for image in [PICTURE.to_owned(), format!("data:image/gif;base64,{PICTURE}")] {
        let both = john.post(&send, json!({"text": "look", "image": image})).await;
        let url = both.expect(StatusCode::OK)["user_message"]["image_url"].clone();
        john.get(url.as_str().unwrap()).await.expect_raw(StatusCode::OK);
    }
    let list = john.get(&format!("/api/messages/{id}/messages")).await.expect(StatusCode::OK);
    assert_eq!(list.as_array().unwrap().len(), 12);
    assert_message(&list[0], "user", "hello");

    for body in [json!({}), json!({"text": ""}), json!({"text": "  ", "voice_text": null})] {
        let refused = john.post(&send, body).await;
        expect_error(&refused, 400, "MISSING_FIELDS", "Message cannot be empty");
    }
    let no_image = john.post(&send, json!({"text": "x", "image": "AAAA"})).await;
    assert_eq!(no_image.status, StatusCode::BAD_REQUEST);
    let array = john.post(&send, json!(["text"])).await;
    assert_eq!(array.status, StatusCode::BAD_REQUEST);

    let mary = signed_in(&app, "mary").await;
    let foreign = mary.post(&send, json!({"text": "hello"})).await;
    expect_error(&foreign, 404, "CONVERSATION_NOT_FOUND", "Chat not found");
    let foreign = mary.get(&format!("/api/messages/{id}/messages")).await;
    expect_error(&foreign, 404, "CONVERSATION_NOT_FOUND", "Chat not found");
    let message = format!("/api/messages/{}", list[0]["id"]);
    expect_error(&mary.delete(&message).await, 404, "MESSAGE_NOT_FOUND", "Message not found");
    let deleted = john.delete(&message).await.expect(StatusCode::OK);
    assert_eq!(deleted, json!({"message": "Message deleted successfully"}));
    expect_error(&john.delete(&message).await, 404, "MESSAGE_NOT_FOUND", "Message not found");
    let huge = format!("/api/messages/{}", "9".repeat(20));
    expect_error(&john.delete(&huge).await, 404, "MESSAGE_NOT_FOUND", "Message not found");
}

#[tokio::test]
async fn what_is_asked_in_passing_is_answered_and_kept_nowhere() {
    let app = TestApp::new().await;
    let john = signed_in(&app, "john").await;
    let answer = john.post("/api/chat", json!({"message": "hello there"})).await;
    let answer = answer.expect(StatusCode::OK);
    let expected =
        json!({"message": "hello there", "reply": "hello there", "response": "hello there"});
    assert_eq!(answer, expected);
    for body in [json!({}), json!({"message": " "})] {
        let refused = john.post("/api/chat", body).await;
        expect_error(&refused, 400, "MISSING_FIELDS", "Message cannot be empty");
    }
    let ui = json!({"id": "1", "messages": [], "trigger": "submit-message"});
    assert_eq!(john.post("/api/chat", ui).await.status, StatusCode::BAD_REQUEST);
    let crisis = john.post("/api/chat", json!({"message": "I want to kill myself"})).await;
    let crisis = crisis.expect(StatusCode::OK);
    assert!(crisis["reply"].as_str().unwrap().starts_with("If you're feeling unsafe"));
    assert_eq!(app.engine.as_ref().unwrap().requests().len(), 1, "no model was asked");

    // About an image: as JSON, and as a form with a file.
    let expected =
        json!({"question": "what is it?", "reply": "what is it?", "response": "what is it?"});
    let body = json!({"question": "what is it?", "image": PICTURE});
    let by_json = john.post("/api/chat/image", body).await.expect(StatusCode::OK);
    assert_eq!(by_json, expected);
    let form = multipart("what is it?", Some(b"GIF89a\x01\x00\x01\x00\x00\x00\x00,"));
    assert_eq!(john.raw(form("/api/chat/image")).await.expect(StatusCode::OK), expected);
    let requests = app.engine.as_ref().unwrap().requests();
    for request in &requests[1..] {
        assert_eq!(request.messages.last().unwrap().images.len(), 1);
    }
    for (question, file) in [("", Some(&b"GIF89a"[..])), ("what?", None), ("what?", Some(b"text"))]
    {
        let refused = john.raw(multipart(question, file)("/api/chat/image")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text());
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), 0);

    let id = chat(&john).await;
    let path = format!("/api/messages/{id}/send-image-query");
    let body = json!({"question": "what is it?", "image": PICTURE});
    let sent = john.post(&path, body).await.expect(StatusCode::OK);
    assert_message(&sent["ai_response"], "bot", "what is it?");
    assert!(sent["user_message"]["image"].is_string());
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), 2);
}

/// A form with a question and, if there is one, a file.
fn multipart(question: &str, file: Option<&[u8]>) -> impl Fn(&str) -> Request<Body> + use<> {
    let mut body = Vec::new();
    let head = "--x\r\ncontent-disposition: form-data; name=\"question\"\r\n\r\n";
    body.extend_from_slice(format!("{head}{question}\r\n").as_bytes());
    if let Some(file) = file {
        let head =
            "--x\r\ncontent-disposition: form-data; name=\"image\"; filename=\"a.gif\"\r\n\r\n";
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--x--\r\n");
    move |path| {
        Request::post(path)
            .header("content-type", "multipart/form-data; boundary=x")
            .body(Body::from(body.clone()))
            .unwrap()
    }
}

#[tokio::test]
async fn a_model_that_fails_is_said_in_a_sentence_and_a_header() {
    let app = TestApp::with(Setup { script: "fail", ..Setup::default() }).await;
    let john = signed_in(&app, "john").await;
    let id = chat(&john).await;
    let path = format!("/api/messages/{id}/send");
    for _ in 0..2 {
        let reply = john.post(&path, json!({"text": "hello"})).await;
        assert_eq!(reply.headers["x-serene-model-error"], "MODEL_FAILED");
        assert_eq!(reply.expect(StatusCode::OK)["ai_response"]["text"], FAILED);
    }
    let asked = john.post("/api/chat", json!({"message": "hello"})).await;
    assert_eq!(asked.headers["x-serene-model-error"], "MODEL_FAILED");
    assert_eq!(asked.expect(StatusCode::OK)["reply"], FAILED);
    // The sentence is printed, and neither stored nor told to a model.
    assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE content LIKE '%sorry%'"), 0);
    for request in app.engine.as_ref().unwrap().requests() {
        assert!(request.messages.iter().skip(1).all(|message| !message.text.contains("sorry")));
    }
}

#[tokio::test]
async fn it_says_that_it_runs() {
    let app = TestApp::new().await;
    let body = app.anonymous().get("/health").await.expect(StatusCode::OK);
    assert_eq!(body, json!({"status": "ok"}));
}
