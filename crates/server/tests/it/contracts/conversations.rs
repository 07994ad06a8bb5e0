//! The contract `conversations`, row by row.

use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use serene_http::{ContractOptions, HttpOptions, contracts::Contract};

use super::{assert_keys, expect_error, shared::Browser};
use crate::app::{Client, PASSWORD, Reply, Setup, TestApp};

const FAILED: &str = "I'm sorry, but I'm having trouble generating a response right now.";

/// Both places of every route.
const ROOTS: [&str; 2] = ["", "/api"];

/// Where nobody else has its paths under `/api`.
async fn app(script: &'static str) -> TestApp {
    let on = vec![Contract::Conversations];
    let contracts = ContractOptions { on, ..ContractOptions::default() };
    let http = HttpOptions { contracts, ..HttpOptions::default() };
    TestApp::with(Setup { script, http, ..Setup::default() }).await
}

/// Somebody with the token of a sign-up.
async fn signed_up(app: &TestApp, name: &str) -> Client {
    let body = json!({"username": name, "password": PASSWORD});
    let body = app.anonymous().post("/signup", body).await.expect(StatusCode::CREATED);
    bearing(app, &body)
}

fn bearing(app: &TestApp, body: &Value) -> Client {
    assert_eq!(body["token_type"], "bearer");
    Client { token: Some(body["access_token"].as_str().unwrap().to_owned()), ..app.anonymous() }
}

#[track_caller]
fn assert_time(value: &Value) {
    let time = value.as_str().unwrap();
    assert!(time.len() == 27 && time.ends_with('Z'), "{time}");
}

#[track_caller]
fn assert_conversation(body: &Value) {
    assert_keys(body, &["id", "conversation_id", "user_id", "title", "created_at", "updated_at"]);
    assert!(body["id"].is_i64() && body["id"] == body["conversation_id"], "{body}");
    assert!(body["user_id"].is_i64() && body["title"].is_string(), "{body}");
    assert_time(&body["created_at"]);
    assert_time(&body["updated_at"]);
}

const MESSAGE: [&str; 5] = ["id", "conversation_id", "content", "is_user", "created_at"];

#[track_caller]
fn assert_message(body: &Value, content: &str, is_user: bool) {
    assert!(body["id"].is_i64() && body["conversation_id"].is_i64(), "{body}");
    assert_eq!((&body["content"], &body["is_user"]), (&json!(content), &json!(is_user)));
    assert_time(&body["created_at"]);
}

/// Checks that a request was refused as FastAPI does it: 422 and where.
#[track_caller]
fn expect_invalid(reply: &Reply, kind: &str, loc: &Value) {
    let body = reply.expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert_keys(&body, &["error", "code", "detail"]);
    let detail = body["detail"].as_array().unwrap();
    assert_eq!(detail.len(), 1, "{body}");
    assert_keys(&detail[0], &["type", "loc", "msg", "input"]);
    assert_eq!((&detail[0]["type"], &detail[0]["loc"]), (&json!(kind), loc), "{body}");
    assert!(!detail[0]["msg"].as_str().unwrap().is_empty(), "{body}");
    assert_eq!(detail[0]["input"], Value::Null, "what was sent is not repeated");
}

fn put(client: &Client, path: &str, body: Value) -> impl Future<Output = Reply> {
    let (client, path) = (client.clone(), path.to_owned());
    async move { client.send(Method::PUT, &path, Some(body), &[]).await }
}

#[tokio::test]
async fn whoever_signs_up_is_signed_in() {
    let app = app("echo").await;
    let paths = ["/signup", "/register", "/users", "/auth/signup", "/auth/register"];
    let mut index = 0;
    for path in ROOTS.iter().flat_map(|root| paths.map(|path| format!("{root}{path}"))) {
        index += 1;
        let nobody = app.anonymous();
        let name = format!("user{index}");
        let email = format!("{name}@example.org");
        let body = json!({"username": name, "email": email, "password": PASSWORD, "more": 1});
        let body = nobody.post(&path, body).await.expect(StatusCode::CREATED);
        assert_keys(
            &body,
            &["id", "username", "email", "role", "created_at", "access_token", "token_type"],
        );
        assert!(body["id"].is_i64(), "{body}");
        assert_eq!((&body["username"], &body["email"]), (&json!(name), &json!(email)));
        assert_time(&body["created_at"]);
        let me = bearing(&app, &body).get("/users/me").await.expect(StatusCode::OK);
        assert_eq!(me["id"], body["id"]);

        for one in [
            json!({"username": format!("only{index}")}),
            json!({"email": format!("only{index}@example.org")}),
        ] {
            let mut body = one.clone();
            body["password"] = PASSWORD.into();
            let body = nobody.post(&path, body).await.expect(StatusCode::CREATED);
            let other = if one["email"].is_null() { "email" } else { "username" };
            assert_eq!(body[other], Value::Null, "{path}");
        }
        let taken = json!({"username": name.to_uppercase(), "password": PASSWORD});
        let reply = nobody.post(&path, taken).await;
        expect_error(&reply, 409, "USERNAME_TAKEN", "Username already registered");
        let taken = json!({"email": email, "password": PASSWORD});
        let reply = nobody.post(&path, taken).await;
        expect_error(&reply, 409, "EMAIL_TAKEN", "Email already registered");

        let field = |name: &str| json!(["body", name]);
        for (body, kind, loc) in [
            (json!({}), "missing", field("username")),
            (json!({"password": PASSWORD}), "missing", field("username")),
            (json!({"username": "nobody"}), "missing", field("password")),
            (json!({"username": 5, "password": PASSWORD}), "string_type", field("username")),
            (
                json!({"username": "nobody", "password": 12_345_678}),
                "string_type",
                field("password"),
            ),
            (json!({"username": "a b", "password": PASSWORD}), "value_error", field("username")),
            (json!({"email": "a", "password": PASSWORD}), "value_error", field("email")),
            (json!({"username": "nobody", "password": "short"}), "value_error", field("password")),
        ] {
            expect_invalid(&nobody.post(&path, body).await, kind, &loc);
        }
        expect_broken(&nobody.post(&path, json!([])).await, &path);
    }
}

/// Checks that a body was refused that is no JSON object. At a path that others have as well it is
/// not known yet who is to answer.
#[track_caller]
fn expect_broken(reply: &Reply, path: &str) {
    if path.ends_with("/auth/register") || path.ends_with("/auth/login") {
        assert_eq!(reply.expect(StatusCode::BAD_REQUEST)["code"], "INVALID_JSON");
    } else {
        expect_invalid(reply, "json_invalid", &json!(["body"]));
    }
}

#[tokio::test]
async fn signing_in_takes_json_or_a_form_and_either_name() {
    let app = app("echo").await;
    let nobody = app.anonymous();
    let body = json!({"username": "mira", "email": "mira@example.org", "password": PASSWORD});
    nobody.post("/signup", body).await.expect(StatusCode::CREATED);
    let paths = ["/login", "/token", "/auth/login"];
    for path in ROOTS.iter().flat_map(|root| paths.map(|path| format!("{root}{path}"))) {
        for name in ["mira", "MIRA", "mira@example.org"] {
            let body = json!({"username": name, "password": PASSWORD});
            let body = nobody.post(&path, body).await.expect(StatusCode::OK);
            assert_keys(&body, &["access_token", "token_type", "user"]);
            assert_keys(&body["user"], &["id", "username", "email", "role", "created_at"]);
            bearing(&app, &body).get("/users/me").await.expect(StatusCode::OK);
        }
        let form = "grant_type=password&username=mira%40example.org&password=a+good+long+password";
        let kind = "application/x-www-form-urlencoded";
        let body = Browser::new(&app).typed(&path, kind, form).await.expect(StatusCode::OK);
        assert_eq!(body["user"]["username"], "mira");
        for name in ["mira", "nobody"] {
            let body = json!({"username": name, "password": "a wrong password"});
            let reply = nobody.post(&path, body).await;
            expect_error(&reply, 401, "INVALID_CREDENTIALS", "Incorrect username or password");
            assert_eq!(reply.headers[header::WWW_AUTHENTICATE], "Bearer");
        }
        let missing = nobody.post(&path, json!({"username": "mira"})).await;
        expect_invalid(&missing, "missing", &json!(["body", "password"]));
        let missing = nobody.post(&path, json!({"password": PASSWORD})).await;
        expect_invalid(&missing, "missing", &json!(["body", "username"]));
        let broken = Browser::new(&app).typed(&path, "application/json", "{").await;
        expect_broken(&broken, &path);
    }
}

#[tokio::test]
async fn an_account_is_read_and_deleted_with_everything() {
    for root in ROOTS {
        let app = app("echo").await;
        let mira = signed_up(&app, "mira").await;
        let path = format!("{root}/users/me");
        let me = mira.get(&path).await.expect(StatusCode::OK);
        assert_keys(&me, &["id", "username", "email", "role", "created_at"]);
        assert_eq!((&me["username"], &me["role"]), (&json!("mira"), &json!("user")));
        let id = begin(&mira, "Mine").await;
        say(&mira, id, "hello").await.expect(StatusCode::OK);
        let deleted = mira.delete(&path).await.expect(StatusCode::OK);
        assert_eq!(deleted, json!({"message": "User deleted successfully"}));
        for table in ["users", "sessions", "conversations", "messages"] {
            assert_eq!(app.count(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
        }
        let refused = mira.get(&path).await;
        expect_error(&refused, 401, "SESSION_ENDED", "Could not validate credentials");
    }
}

#[tokio::test]
async fn without_a_good_token_nothing_is_answered() {
    let app = app("echo").await;
    let mira = signed_up(&app, "mira").await;
    let id = begin(&mira, "Mine").await;
    for root in ROOTS {
        for (method, path) in [
            (Method::GET, "/users/me".to_owned()),
            (Method::DELETE, "/users/me".to_owned()),
            (Method::POST, "/conversations".to_owned()),
            (Method::GET, "/conversations".to_owned()),
            (Method::GET, format!("/conversations/{id}")),
            (Method::PUT, format!("/conversations/{id}")),
            (Method::PATCH, format!("/conversations/{id}")),
            (Method::DELETE, format!("/conversations/{id}")),
            (Method::GET, format!("/conversations/{id}/messages")),
            (Method::POST, format!("/conversations/{id}/messages")),
        ] {
            let path = format!("{root}{path}");
            let send = |client: Client| {
                let (method, path) = (method.clone(), path.clone());
                async move { client.send(method, &path, None, &[]).await }
            };
            let reply = send(app.anonymous()).await;
            expect_error(&reply, 401, "UNAUTHENTICATED", "Not authenticated");
            assert_eq!(reply.headers[header::WWW_AUTHENTICATE], "Bearer");
            let reply = send(Client { token: Some("x.y.z".into()), ..app.anonymous() }).await;
            expect_error(&reply, 401, "TOKEN_INVALID", "Could not validate credentials");
        }
    }
    app.clock.step_seconds(24 * 3600 + 1);
    let expired = mira.get("/conversations").await;
    expect_error(&expired, 401, "TOKEN_EXPIRED", "Could not validate credentials");
}

async fn begin(client: &Client, title: &str) -> i64 {
    let body = client.post("/conversations", json!({"title": title})).await;
    body.expect(StatusCode::CREATED)["id"].as_i64().unwrap()
}

async fn say(client: &Client, id: i64, content: &str) -> Reply {
    client.post(&format!("/conversations/{id}/messages"), json!({"content": content})).await
}

#[tokio::test]
async fn conversations_are_made_listed_renamed_and_deleted() {
    for root in ROOTS {
        let app = app("echo").await;
        let mira = signed_up(&app, "mira").await;
        let user = mira.get("/users/me").await.json()["id"].clone();
        let path = format!("{root}/conversations");
        assert_eq!(mira.get(&path).await.expect(StatusCode::OK), json!([]));
        let created = mira.post(&path, json!({"title": " Of rivers "})).await;
        let first = created.expect(StatusCode::CREATED);
        assert_conversation(&first);
        assert_eq!((&first["title"], &first["user_id"]), (&json!("Of rivers"), &user));
        for body in
            [None, Some(json!({})), Some(json!({"title": null})), Some(json!({"title": ""}))]
        {
            app.clock.step_seconds(1);
            let created = mira.send(Method::POST, &path, body, &[]).await;
            assert_eq!(created.expect(StatusCode::CREATED)["title"], "New Conversation");
        }
        let wrong = mira.post(&path, json!({"title": 5})).await;
        expect_invalid(&wrong, "string_type", &json!(["body", "title"]));
        let long = mira.post(&path, json!({"title": "a".repeat(201)})).await;
        expect_invalid(&long, "value_error", &json!(["body", "title"]));

        // The newest first, whichever was last spoken in; and without messages.
        let id = first["id"].as_i64().unwrap();
        say(&mira, id, "hello").await.expect(StatusCode::OK);
        let listed = mira.get(&path).await.expect(StatusCode::OK);
        let listed = listed.as_array().unwrap();
        assert_eq!((listed.len(), &listed[4]["id"]), (5, &first["id"]));
        listed.iter().for_each(assert_conversation);
        assert_eq!(listed[4]["title"], "Of rivers", "the first message does not rename it");

        let one = format!("{path}/{id}");
        for (method, title) in [(Method::PUT, "Of hills"), (Method::PATCH, "Of seas")] {
            let body = Some(json!({"title": title}));
            let renamed = mira.send(method.clone(), &one, body, &[]).await.expect(StatusCode::OK);
            assert_conversation(&renamed);
            assert_eq!((&renamed["title"], &renamed["id"]), (&json!(title), &first["id"]));
            for (body, kind) in [
                (json!({}), "missing"),
                (json!({"title": null}), "missing"),
                (json!({"title": 5}), "string_type"),
                (json!({"title": " "}), "value_error"),
            ] {
                let reply = mira.send(method.clone(), &one, Some(body), &[]).await;
                expect_invalid(&reply, kind, &json!(["body", "title"]));
            }
        }
        let whole = mira.get(&one).await.expect(StatusCode::OK);
        assert_eq!(
            (&whole["title"], whole["messages"].as_array().unwrap().len()),
            (&json!("Of seas"), 2)
        );
        let deleted = mira.delete(&one).await.expect(StatusCode::OK);
        assert_eq!(deleted, json!({"message": "Conversation deleted successfully"}));
        assert_eq!(app.count("SELECT count(*) FROM messages"), 0);
        assert_eq!(mira.get(&path).await.json().as_array().unwrap().len(), 4);
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_ones_own_is_not_found() {
    let app = app("echo").await;
    let (mira, odo) = (signed_up(&app, "mira").await, signed_up(&app, "odo").await);
    let id = begin(&mira, "Mine").await.to_string();
    let far = "9".repeat(40);
    for root in ROOTS {
        for (client, id) in
            [(&odo, id.as_str()), (&mira, "999"), (&mira, "-1"), (&mira, "0"), (&mira, &far)]
        {
            for (method, rest) in [
                (Method::GET, ""),
                (Method::PUT, ""),
                (Method::PATCH, ""),
                (Method::DELETE, ""),
                (Method::GET, "/messages"),
                (Method::POST, "/messages"),
            ] {
                let path = format!("{root}/conversations/{id}{rest}");
                let body = json!({"title": "Theirs", "content": "Theirs"});
                let reply = client.send(method.clone(), &path, Some(body.clone()), &[]).await;
                expect_error(&reply, 404, "CONVERSATION_NOT_FOUND", "Conversation not found");
                let path = format!("{root}/conversations/abc{rest}");
                let reply = client.send(method, &path, Some(body), &[]).await;
                expect_invalid(&reply, "int_parsing", &json!(["path", "conversation_id"]));
            }
        }
    }
    let mine = mira.get(&format!("/conversations/{id}")).await.expect(StatusCode::OK);
    assert_eq!((&mine["title"], &mine["messages"]), (&json!("Mine"), &json!([])));
}

#[tokio::test]
async fn a_message_is_stored_and_answered_with_what_was_said_before() {
    for root in ROOTS {
        let app = app("fixed:I hear you.").await;
        let mira = signed_up(&app, "mira").await;
        let id = begin(&mira, "Mine").await;
        let path = format!("{root}/conversations/{id}/messages");
        assert_eq!(mira.get(&path).await.expect(StatusCode::OK), json!([]));
        for (field, text) in [("content", "one"), ("message", "two"), ("text", "three")] {
            let reply = mira.post(&path, json!({field: text})).await;
            assert!(reply.headers.get("x-serene-model-error").is_none());
            let sent = reply.expect(StatusCode::OK);
            assert_keys(&sent, &[&MESSAGE[..], &["user_message", "ai_message"]].concat());
            assert_message(&sent, "I hear you.", false);
            assert_keys(&sent["user_message"], &MESSAGE);
            assert_keys(&sent["ai_message"], &MESSAGE);
            assert_message(&sent["user_message"], text, true);
            assert_eq!(
                (&sent["ai_message"]["id"], &sent["conversation_id"]),
                (&sent["id"], &json!(id))
            );
        }
        let listed = mira.get(&path).await.expect(StatusCode::OK);
        let listed = listed.as_array().unwrap();
        let said: Vec<_> = listed.iter().map(|it| it["content"].as_str().unwrap()).collect();
        assert_eq!(said, ["one", "I hear you.", "two", "I hear you.", "three", "I hear you."]);
        for (index, message) in listed.iter().enumerate() {
            assert_keys(message, &MESSAGE);
            assert_message(message, said[index], index % 2 == 0);
        }
        let whole = mira.get(&format!("{root}/conversations/{id}")).await.expect(StatusCode::OK);
        assert_eq!(whole["messages"], json!(listed));
        // The instruction, two exchanges and the message.
        let requests = app.engine.as_ref().unwrap().requests();
        assert_eq!(requests.last().unwrap().messages.len(), 6);

        for (body, kind) in [
            (json!({}), "missing"),
            (json!({"content": null}), "missing"),
            (json!({"content": 5}), "string_type"),
            (json!({"content": " "}), "value_error"),
            (json!({"content": "a".repeat(32_001)}), "value_error"),
        ] {
            expect_invalid(&mira.post(&path, body).await, kind, &json!(["body", "content"]));
        }
        let broken = mira.post(&path, json!("hello")).await;
        expect_invalid(&broken, "json_invalid", &json!(["body"]));
        assert_eq!(mira.get(&path).await.json().as_array().unwrap().len(), 6);
    }
}

#[tokio::test]
async fn where_the_model_fails_the_message_is_kept_and_a_sentence_says_so() {
    let app = app("fail").await;
    let mira = signed_up(&app, "mira").await;
    let id = begin(&mira, "Mine").await;
    for count in 1..=2 {
        let reply = say(&mira, id, "hello").await;
        assert_eq!(reply.headers["x-serene-model-error"], "MODEL_FAILED");
        assert_message(&reply.expect(StatusCode::OK), FAILED, false);
        let listed = mira.get(&format!("/conversations/{id}/messages")).await.json();
        assert_eq!(listed.as_array().unwrap().len(), count * 2);
        assert_message(&listed[0], "hello", true);
        assert_message(&listed[1], FAILED, false);
    }
    assert_eq!(app.count("SELECT count(*) FROM messages WHERE content LIKE '%trouble%'"), 0);
    for request in app.engine.as_ref().unwrap().requests() {
        assert!(request.messages.iter().all(|message| !message.text.contains("trouble")));
    }
}

#[tokio::test]
async fn a_reply_that_is_being_written_is_waited_for() {
    let app = app("slow:30+fixed:I hear you now.").await;
    let mira = signed_up(&app, "mira").await;
    let id = begin(&mira, "Mine").await;
    let (one, two) = tokio::join!(say(&mira, id, "one"), say(&mira, id, "two"));
    assert_eq!((one.status, two.status), (StatusCode::OK, StatusCode::OK));
    let listed = mira.get(&format!("/conversations/{id}/messages")).await.json();
    let said: Vec<_> = listed.as_array().unwrap().iter().map(|it| it["is_user"].clone()).collect();
    assert_eq!(said, [true, false, true, false]);
}

#[tokio::test]
async fn one_that_takes_longer_than_ten_seconds_is_said_to_be_busy() {
    let app = app("slow:60000+fixed:late").await;
    let mira = signed_up(&app, "mira").await;
    let id = begin(&mira, "Mine").await;
    let second = async {
        while app.count("SELECT count(*) FROM messages") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        say(&mira, id, "two").await
    };
    tokio::select! {
        first = say(&mira, id, "one") => panic!("answered: {first:?}"),
        busy = second => {
            let busy = busy.expect(StatusCode::CONFLICT);
            assert_eq!(busy["code"], "CONVERSATION_BUSY");
        }
    }
}

#[tokio::test]
async fn the_lists_are_not_cut_at_a_page() {
    let app = app("fixed:yes").await;
    let mira = signed_up(&app, "mira").await;
    let id = begin(&mira, "First").await;
    for _ in 0..51 {
        say(&mira, id, "hello").await.expect(StatusCode::OK);
    }
    for _ in 0..100 {
        begin(&mira, "Another").await;
    }
    let messages = mira.get(&format!("/conversations/{id}/messages")).await.json();
    assert_eq!(messages.as_array().unwrap().len(), 102);
    assert_eq!(mira.get("/conversations").await.json().as_array().unwrap().len(), 101);
}

#[tokio::test]
async fn sessions_of_the_journal_are_no_chats() {
    use serene_core::conversations::{Kind, NewConversation};
    let app = app("echo").await;
    let mira = app.user("mira").await;
    let session = NewConversation { kind: Kind::Session, ..NewConversation::default() };
    let session = app.serene.conversations.create(app.owner(&mira), session).await.unwrap();
    assert_eq!(mira.get("/conversations").await.expect(StatusCode::OK), json!([]));
    let path = format!("/conversations/{}", session.number);
    mira.get(&path).await.expect(StatusCode::NOT_FOUND);
    put(&mira, &path, json!({"title": "a"})).await.expect(StatusCode::NOT_FOUND);
}
