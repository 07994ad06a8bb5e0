//! Every operation of the API, without a credential and with somebody else's: what it answers is
//! written down here, and an operation that is not here fails.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::app::{Client, PASSWORD, Reply, TestApp};

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    /// Anybody: it shows nothing of anyone's.
    Open,
    /// Whoever is signed in, and it touches only what is theirs.
    Own,
    /// The owner of what the path names; for everybody else it does not exist.
    Named(Kind),
}

/// What an id in a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Session,
    Conversation,
    Trashed,
    Message,
    Generation,
    Attachment,
    Entry,
}

use Kind::{Attachment, Conversation, Entry, Generation, Message, Session, Trashed};
use Rule::{Named, Open, Own};

/// The operation, its rule, and what can stand behind its path.
const TABLE: &[(&str, Rule, &[&str])] = &[
    ("register", Open, &[""]),
    ("login", Open, &[""]),
    ("refresh", Open, &[""]),
    ("logout", Own, &[""]),
    ("logout_everywhere", Own, &[""]),
    ("list_sessions", Own, &[""]),
    ("revoke_session", Named(Session), &[""]),
    ("read_me", Own, &[""]),
    ("change_me", Own, &[""]),
    ("export_me", Own, &[""]),
    ("delete_me", Own, &[""]),
    ("change_password", Own, &[""]),
    ("create_conversation", Own, &[""]),
    ("list_conversations", Own, &["", "?shelf=archived", "?shelf=trash", "?limit=1"]),
    ("read_conversation", Named(Conversation), &[""]),
    ("change_conversation", Named(Conversation), &[""]),
    ("delete_conversation", Named(Conversation), &["", "?permanent=true"]),
    ("end_conversation", Named(Conversation), &[""]),
    ("restore_conversation", Named(Trashed), &[""]),
    ("send_message", Named(Conversation), &[""]),
    ("list_messages", Named(Conversation), &["", "?order=desc&limit=1"]),
    ("clear_conversation", Named(Conversation), &[""]),
    ("read_message", Named(Message), &[""]),
    ("delete_message", Named(Message), &[""]),
    ("read_attachment", Named(Attachment), &[""]),
    ("read_generation", Named(Generation), &[""]),
    ("stream_generation", Named(Generation), &["", "?after=1", "?after=999", "?after=end"]),
    ("stop_generation", Named(Generation), &[""]),
    ("create_entry", Own, &[""]),
    ("list_entries", Own, &["", "?mood=calm", "?tag=mine", "?limit=1"]),
    ("read_entry", Named(Entry), &[""]),
    ("change_entry", Named(Entry), &[""]),
    ("delete_entry", Named(Entry), &[""]),
    ("vibe_check", Own, &[""]),
    ("weekly_moods", Own, &["", "?week=2026-W07"]),
    ("mood_history", Own, &["", "?by=month"]),
    ("streaks", Own, &[""]),
    ("search_entries", Own, &["?q=mine", "?q=a"]),
    ("search_messages", Own, &["?q=mine", "?q=a"]),
    ("livez", Open, &[""]),
    ("readyz", Open, &[""]),
    ("healthz", Open, &[""]),
];

/// A body that is right, for the operations that take one.
fn body(operation: &str) -> Option<Value> {
    Some(match operation {
        "register" => json!({"username": "somebody", "password": PASSWORD}),
        "login" => json!({"username": "nobody", "password": PASSWORD}),
        "refresh" => json!({"refresh_token": "none"}),
        "change_me" => json!({"email": "changed@example.org"}),
        "change_password" => {
            json!({"current_password": PASSWORD, "new_password": "another good password"})
        }
        "create_conversation" => json!({"title": "Of my own"}),
        "change_conversation" => json!({"title": "Theirs now", "pinned": true, "archived": true}),
        "send_message" => json!({"content": "said by another"}),
        "create_entry" => json!({"mood": "calm", "note": NOTE}),
        "change_entry" => json!({"mood": "theirs now"}),
        "vibe_check" => json!({"note": NOTE}),
        _ => return None,
    })
}

/// An operation of the document.
#[derive(Debug)]
struct Operation {
    id: String,
    method: Method,
    path: String,
}

impl Operation {
    fn rule(&self) -> (Rule, &'static [&'static str]) {
        let row = TABLE.iter().find(|(id, ..)| *id == self.id);
        let (_, rule, suffixes) = row.unwrap_or_else(|| panic!("{} is not in the table", self.id));
        (*rule, suffixes)
    }

    /// Calls it with this id in the path, in every way the table knows.
    async fn call(&self, client: &Client, id: &str) -> Vec<Reply> {
        let mut replies = Vec::new();
        for suffix in self.rule().1 {
            let path = format!("{}{suffix}", self.path.replace("{id}", id));
            replies.push(client.send(self.method.clone(), &path, body(&self.id), &[]).await);
        }
        replies
    }
}

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(serene_http::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            let method = method.to_uppercase().parse().unwrap();
            operations.push(Operation { id, method, path: path.clone() });
        }
    }
    operations
}

/// Long enough for an entry.
const NOTE: &str = "A note of somebody's own, about a day on which nothing much happened.";

const SECRET: &str = "a word that only its owner reads";

/// Gives somebody one thing of every kind, and says what each is called.
async fn furnish(client: &Client) -> BTreeMap<Kind, String> {
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let titled = json!({"title": SECRET});
    let conversation = client.post("/api/v1/conversations", titled).await;
    let conversation = id(&conversation.expect(StatusCode::CREATED));
    let image = "data:image/gif;base64,R0lGODlh";
    let messages = format!("/api/v1/conversations/{conversation}/messages");
    let body = json!({"content": SECRET, "attachments": [image]});
    let exchange = client.post(&messages, body).await.expect(StatusCode::CREATED);
    let trashed = client.conversation().await;
    let path = format!("/api/v1/conversations/{trashed}");
    client.delete(&path).await.expect(StatusCode::NO_CONTENT);
    let sessions = client.get("/api/v1/auth/sessions").await.expect(StatusCode::OK);
    let note = format!("{NOTE} {SECRET}.");
    let entry = json!({"mood": SECRET, "tags": [SECRET], "note": note});
    let entry = client.post("/api/v1/entries", entry).await.expect(StatusCode::CREATED);
    BTreeMap::from([
        (Entry, id(&entry)),
        (Session, id(&sessions["items"][0])),
        (Conversation, conversation),
        (Trashed, trashed),
        (Message, id(&exchange["user_message"])),
        (Generation, id(&exchange["generation"])),
        (Attachment, id(&exchange["user_message"]["attachments"][0])),
    ])
}

/// An answer without what differs from one to the next anyway.
fn comparable(reply: &Reply) -> (StatusCode, Vec<(String, String)>, String) {
    let request_id = reply.headers["x-request-id"].to_str().unwrap();
    let headers = reply.headers.iter().filter(|(name, _)| *name != "x-request-id");
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (reply.status, headers.collect(), reply.text().replace(request_id, "(request)"))
}

/// Made up, and nobody's.
const NOBODYS: &str = "0199e4c7-54c8-7a53-a5b0-0e9cfbe7aa2d";

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let operations: Vec<Operation> = operations();
    let documented: BTreeSet<&str> = operations.iter().map(|it| it.id.as_str()).collect();
    let listed: BTreeSet<&str> = TABLE.iter().map(|(id, ..)| *id).collect();
    assert_eq!(documented, listed);
    assert_eq!(TABLE.len(), operations.len(), "none is there twice");
    for operation in &operations {
        let names_something = operation.path.contains('{');
        assert_eq!(matches!(operation.rule().0, Named(_)), names_something, "{operation:?}");
    }
}

#[tokio::test]
async fn without_a_credential_only_what_is_open_answers() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let theirs = furnish(&mira).await;
    let before = app.rows_of(&mira);
    let mut forged = app.anonymous();
    forged.token = Some("x.y.z".into());
    for operation in operations() {
        let (rule, _) = operation.rule();
        let id = if let Named(kind) = rule { &theirs[&kind] } else { "" };
        let replies = operation.call(&app.anonymous(), id).await;
        if rule == Open {
            for reply in replies.iter().chain(&operation.call(&forged, id).await) {
                let code = reply.json()["code"].clone();
                assert!(code != "UNAUTHENTICATED" && code != "TOKEN_INVALID", "{operation:?}");
            }
            continue;
        }
        for reply in &replies {
            reply.expect_error(401, "UNAUTHENTICATED");
            assert_eq!(reply.headers[header::WWW_AUTHENTICATE], "Bearer");
        }
        // Nothing tells whether the thing is there.
        let nobodys = operation.call(&app.anonymous(), NOBODYS).await;
        assert!(nobodys.iter().map(comparable).eq(replies.iter().map(comparable)));
        for reply in operation.call(&forged, id).await {
            reply.expect_error(401, "TOKEN_INVALID");
        }
    }
    assert_eq!(app.rows_of(&mira), before);
}

#[tokio::test]
async fn what_is_anothers_is_answered_as_what_does_not_exist() {
    let app = TestApp::new().await;
    let (mira, odo) = (app.user("mira").await, app.user("odo").await);
    let theirs = furnish(&mira).await;
    let before = app.rows_of(&mira);
    for operation in operations() {
        let (Named(kind), _) = operation.rule() else { continue };
        let existing = operation.call(&odo, &theirs[&kind]).await;
        let missing = operation.call(&odo, NOBODYS).await;
        for (existing, missing) in existing.iter().zip(&missing) {
            let kind = if kind == Trashed { Conversation } else { kind };
            let code = format!("{}_NOT_FOUND", format!("{kind:?}").to_uppercase());
            existing.expect_error(404, &code);
            assert_eq!(comparable(existing), comparable(missing), "{operation:?}");
        }
        assert_eq!(app.rows_of(&mira), before, "{operation:?}");
    }
}

#[tokio::test]
async fn whoever_is_signed_in_reaches_only_what_is_theirs() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let theirs = furnish(&mira).await;
    let before = app.rows_of(&mira);
    for operation in operations().into_iter().filter(|operation| operation.rule().0 == Own) {
        // Somebody new each time: some of these end a session or an account.
        let other = app.user(&operation.id).await;
        for reply in operation.call(&other, "").await {
            assert!(reply.status.is_success(), "{operation:?}: {}", reply.text());
            let text = reply.text();
            assert!(!text.contains(SECRET) && !text.contains("mira"), "{operation:?}: {text}");
            let leaked = theirs.values().find(|id| text.contains(id.as_str()));
            assert_eq!(leaked, None, "{operation:?}");
        }
        assert_eq!(app.rows_of(&mira), before, "{operation:?}");
    }
}

#[tokio::test]
async fn their_owner_finds_them_all() {
    // Otherwise the 404s above could be for anything.
    let app = TestApp::new().await;
    for operation in operations() {
        let (Named(kind), suffixes) = operation.rule() else { continue };
        for suffix in suffixes {
            let name = app.serene.base().new_id().to_string();
            let owner = app.user(&name).await;
            let theirs = furnish(&owner).await;
            let path = format!("{}{suffix}", operation.path.replace("{id}", &theirs[&kind]));
            let reply = owner.send(operation.method.clone(), &path, body(&operation.id), &[]).await;
            assert!(reply.status.is_success(), "{path}: {}", reply.text());
        }
    }
}
