//! Every operation of the API and of the published contracts, without a credential and with
//! somebody else's: what it answers is written down here, and an operation that is not here fails.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode, header};
use serde_json::{Map, Value, json};
use serene_core::conversations::{Kind as Sort, NewConversation};

use crate::app::{Client, PASSWORD, Reply, TestApp, unsigned_id_token};

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
    /// The message of a model.
    Answered,
    Generation,
    Attachment,
    Entry,
    /// Somebody's user name.
    User,
}

use Kind::{
    Answered, Attachment, Conversation, Entry, Generation, Message, Session, Trashed, User,
};
use Rule::{Named, Open, Own};

/// The operation, its rule, and what can stand behind its path. What a contract serves at several
/// paths is one row. Where the body names something, [`body`] says `{id}` in it.
const TABLE: &[(&str, Rule, &[&str])] = &[
    ("register", Open, &[""]),
    ("login", Open, &[""]),
    ("sign_in_with_firebase", Open, &[""]),
    ("refresh", Open, &[""]),
    ("link_identity", Own, &[""]),
    ("list_identities", Own, &[""]),
    ("logout", Own, &[""]),
    ("logout_everywhere", Own, &[""]),
    ("list_sessions", Own, &[""]),
    ("revoke_session", Named(Session), &[""]),
    ("read_me", Own, &[""]),
    ("change_me", Own, &[""]),
    ("export_me", Own, &[""]),
    ("my_usage", Own, &[""]),
    ("delete_me", Own, &[""]),
    ("read_preferences", Own, &[""]),
    ("change_preferences", Own, &[""]),
    ("change_password", Own, &[""]),
    ("create_conversation", Own, &[""]),
    ("list_conversations", Own, &["", "?shelf=archived", "?shelf=trash", "?limit=1"]),
    ("read_conversation", Named(Conversation), &[""]),
    ("change_conversation", Named(Conversation), &[""]),
    ("delete_conversation", Named(Conversation), &["", "?permanent=true"]),
    ("end_conversation", Named(Conversation), &[""]),
    ("restore_conversation", Named(Trashed), &[""]),
    ("read_conversation_preferences", Named(Conversation), &[""]),
    ("change_conversation_preferences", Named(Conversation), &[""]),
    ("read_context", Named(Conversation), &[""]),
    ("list_models", Own, &[""]),
    ("send_message", Named(Conversation), &[""]),
    ("fork_conversation", Named(Conversation), &[""]),
    ("regenerate_reply", Named(Answered), &[""]),
    ("continue_reply", Named(Answered), &[""]),
    ("list_versions", Named(Message), &[""]),
    ("choose_version", Named(Answered), &[""]),
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
    // The published contracts.
    ("shared_register", Open, &[""]),
    ("shared_login", Open, &[""]),
    ("shared_root_register", Open, &[""]),
    ("shared_root_login", Open, &[""]),
    ("shared_me", Own, &[""]),
    ("shared_root_me", Own, &[""]),
    ("shared_logout", Own, &[""]),
    ("entries_create", Own, &[""]),
    ("entries_list", Own, &["", "?from=2020-01-01&to=2099-01-01"]),
    ("entries_read", Named(Entry), &[""]),
    ("entries_change", Named(Entry), &[""]),
    ("entries_delete", Named(Entry), &[""]),
    ("entries_vibe_check", Own, &[""]),
    ("entries_vibe_stream", Own, &[""]),
    ("entries_weekly", Own, &["", "?tz=Europe/Berlin"]),
    ("shared_health", Open, &[""]),
    ("histories_logins", Named(User), &[""]),
    ("histories_list", Own, &[""]),
    ("histories_create", Own, &[""]),
    ("histories_read", Named(Conversation), &[""]),
    ("histories_delete", Named(Conversation), &[""]),
    ("histories_clear", Named(Conversation), &[""]),
    ("histories_ask", Own, &[""]),
    ("histories_ask_image", Own, &[""]),
    ("histories_send_image", Named(Conversation), &[""]),
    ("histories_send", Named(Conversation), &[""]),
    ("histories_messages", Named(Conversation), &[""]),
    ("histories_delete_message", Named(Message), &[""]),
    ("chatbot_greeting", Open, &[""]),
    ("chatbot_me", Own, &[""]),
    ("chatbot_user", Own, &[""]),
    ("chatbot_change_user", Own, &[""]),
    ("chatbot_preferences", Own, &[""]),
    ("chatbot_put_preferences", Own, &[""]),
    ("chatbot_patch_preferences", Own, &[""]),
    ("chatbot_post_preferences", Own, &[""]),
    ("chatbot_usage", Own, &["", "?startDate=2020-01-01"]),
    ("chatbot_token_usage", Own, &[""]),
    ("chatbot_send", Own, &[""]),
    ("chatbot_history", Named(Conversation), &[""]),
    ("chatbot_list", Own, &[""]),
    ("chatbot_create", Own, &[""]),
    ("chatbot_change", Named(Conversation), &[""]),
    ("chatbot_delete", Named(Conversation), &[""]),
    ("chatbot_messages", Named(Conversation), &[""]),
    ("chatbot_send_message", Named(Conversation), &[""]),
    ("conversations_signup", Open, &[""]),
    ("conversations_login", Open, &[""]),
    ("conversations_delete_me", Own, &[""]),
    ("conversations_create", Own, &[""]),
    ("conversations_list", Own, &[""]),
    ("conversations_read", Named(Conversation), &[""]),
    ("conversations_put", Named(Conversation), &[""]),
    ("conversations_patch", Named(Conversation), &[""]),
    ("conversations_delete", Named(Conversation), &[""]),
    ("conversations_messages", Named(Conversation), &[""]),
    ("conversations_send", Named(Conversation), &[""]),
    ("sessions_create", Own, &[""]),
    ("sessions_list", Own, &[""]),
    ("sessions_read", Named(Conversation), &[""]),
    ("sessions_rename", Named(Conversation), &[""]),
    ("sessions_delete", Named(Conversation), &[""]),
    ("sessions_archive", Named(Conversation), &[""]),
    ("sessions_end", Named(Conversation), &[""]),
    ("sessions_summary", Named(Conversation), &[""]),
    ("sessions_respond", Named(Conversation), &[""]),
];

/// A body that is right, for the operations that take one.
#[expect(clippy::match_same_arms, reason = "one line per operation")]
fn body(operation: &str) -> Option<Value> {
    Some(match operation {
        "register" => json!({"username": "somebody", "password": PASSWORD}),
        "login" => json!({"username": "nobody", "password": PASSWORD}),
        "refresh" => json!({"refresh_token": "none"}),
        "sign_in_with_firebase" => json!({"id_token": unsigned_id_token(&json!({"sub": "open"}))}),
        "link_identity" => json!({"id_token": unsigned_id_token(&json!({"sub": "linked"}))}),
        "change_me" => json!({"email": "changed@example.org"}),
        "change_password" => {
            json!({"current_password": PASSWORD, "new_password": "another good password"})
        }
        "create_conversation" => json!({"title": "Of my own"}),
        "change_conversation" => json!({"title": "Theirs now", "pinned": true, "archived": true}),
        "change_preferences" | "change_conversation_preferences" => {
            json!({"personality": "robot", "instruction": "theirs now"})
        }
        "send_message" => json!({"content": "said by another"}),
        "fork_conversation" => json!({"position": 9}),
        "create_entry" => json!({"mood": "calm", "note": NOTE}),
        "change_entry" => json!({"mood": "theirs now"}),
        "vibe_check" => json!({"note": NOTE}),
        // The published contracts.
        "sessions_create" => json!({"title": "Of my own"}),
        "sessions_rename" => json!({"title": "Theirs now"}),
        "sessions_respond" => json!({"session_id": "{id}", "message": "said by another"}),
        "shared_register" => {
            json!({"username": "somebody", "email": "s@example.org", "password": PASSWORD})
        }
        "shared_login" => json!({"username": "nobody", "password": PASSWORD}),
        "shared_root_login" => json!({"email": "nobody@example.org", "password": PASSWORD}),
        "shared_root_register" => json!({"email": "root@example.org", "password": PASSWORD}),
        "entries_create" => json!({"mood": "calm", "note": NOTE}),
        "entries_change" => json!({"mood": "theirs now"}),
        "entries_vibe_check" | "entries_vibe_stream" => json!({"note": NOTE}),
        "histories_create" => json!({"title": "Of my own"}),
        "histories_ask" => json!({"message": "said to nobody"}),
        "histories_send" => json!({"text": "said by another"}),
        "histories_ask_image" | "histories_send_image" => {
            json!({"question": "what is it?", "image": "R0lGODlhAQABAAAAACwAAAAAAQABAAAA"})
        }
        "chatbot_change_user" => json!({"aiPreferences": {"personality": "robot"}}),
        "chatbot_put_preferences" | "chatbot_patch_preferences" | "chatbot_post_preferences" => {
            json!({"maxTokens": 512})
        }
        "chatbot_send" | "chatbot_send_message" => json!({"content": "said by another"}),
        "chatbot_create" => json!({"title": "Of my own"}),
        "chatbot_change" => json!({"title": "Theirs now"}),
        "conversations_signup" => json!({"username": "signed_up", "password": PASSWORD}),
        "conversations_login" => json!({"username": "nobody", "password": PASSWORD}),
        "conversations_create" => json!({"title": "Of my own"}),
        "conversations_put" | "conversations_patch" => json!({"title": "Theirs now"}),
        "conversations_send" => json!({"content": "said by another"}),
        _ => return None,
    })
}

/// An operation of the document.
#[derive(Debug)]
struct Operation {
    /// Its name in the document, for a contract without the path it stands at.
    id: String,
    method: Method,
    path: String,
    /// The published contract it belongs to.
    contract: Option<String>,
}

impl Operation {
    fn rule(&self) -> (Rule, &'static [&'static str]) {
        let row = TABLE.iter().find(|(id, ..)| *id == self.id);
        let (_, rule, suffixes) = row.unwrap_or_else(|| panic!("{} is not in the table", self.id));
        (*rule, suffixes)
    }

    /// Calls it with this id in the path or in the body, in every way the table knows.
    async fn call(&self, client: &Client, id: &str) -> Vec<Reply> {
        let mut replies = Vec::new();
        for suffix in self.rule().1 {
            replies.push(self.call_with(client, id, suffix).await);
        }
        replies
    }

    async fn call_with(&self, client: &Client, id: &str, suffix: &str) -> Reply {
        let path = match self.path.split_once('{') {
            Some((before, rest)) => {
                format!("{before}{id}{}{suffix}", rest.split_once('}').unwrap().1)
            }
            None => format!("{}{suffix}", self.path),
        };
        let mut body = body(&self.id);
        for value in
            body.as_mut().and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
        {
            if value == "{id}" {
                *value = id.parse::<i64>().map_or_else(|_| id.into(), Value::from);
            }
        }
        client.send(self.method.clone(), &path, body, &[]).await
    }

    fn names_something(&self) -> bool {
        let body = body(&self.id);
        let mut values = body.iter().filter_map(Value::as_object).flat_map(Map::values);
        self.path.contains('{') || values.any(|value| value == "{id}")
    }

    /// Checks that whoever asks is told to sign in.
    fn expect_refused(&self, reply: &Reply, code: &str) {
        if self.contract.is_none() {
            reply.expect_error(401, code);
        } else {
            let body = reply.expect(StatusCode::UNAUTHORIZED);
            for name in ["error", "code", "msg"] {
                assert!(!body[name].as_str().unwrap().is_empty(), "{self:?}: {body}");
            }
        }
        assert_eq!(reply.headers[header::WWW_AUTHENTICATE], "Bearer");
    }
}

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(serene_http::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let method = method.to_uppercase().parse().unwrap();
            let tag = operation["tags"][0].as_str().unwrap();
            let contract = tag.strip_prefix("contract ").map(str::to_owned);
            let known = if contract.is_some() { id.split("_at_").next().unwrap() } else { id };
            operations.push(Operation {
                id: known.to_owned(),
                method,
                path: path.clone(),
                contract,
            });
        }
    }
    operations
}

/// Long enough for an entry.
const NOTE: &str = "A note of somebody's own, about a day on which nothing much happened.";

const SECRET: &str = "a word that only its owner reads";

/// What somebody has: one thing of every kind.
struct Things {
    ids: BTreeMap<Kind, String>,
    /// The integers of the published contracts.
    conversation: i64,
    session: i64,
    message: i64,
}

impl Things {
    /// What this operation calls a thing.
    fn name(&self, operation: &Operation, kind: Kind) -> String {
        match (operation.contract.as_deref(), kind) {
            (Some("sessions"), Conversation) => self.session.to_string(),
            (Some(_), Conversation) => self.conversation.to_string(),
            (Some(_), Message) => self.message.to_string(),
            _ => self.ids[&kind].clone(),
        }
    }
}

/// What nobody has.
fn nobodys(operation: &Operation, kind: Kind) -> &'static str {
    match (&operation.contract, kind) {
        (Some(_), Conversation | Message) => "987654321",
        _ => NOBODYS,
    }
}

/// Gives somebody one thing of every kind, and says what each is called.
async fn furnish(app: &TestApp, client: &Client) -> Things {
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
    let me = client.get("/api/v1/me").await.expect(StatusCode::OK);
    let username = me["username"].as_str().unwrap().to_owned();
    let note = format!("{NOTE} {SECRET}.");
    let entry = json!({"mood": SECRET, "tags": [SECRET], "note": note});
    let entry = client.post("/api/v1/entries", entry).await.expect(StatusCode::CREATED);
    let session = NewConversation { kind: Sort::Session, ..NewConversation::default() };
    let session = app.serene.conversations.create(app.owner(client), session).await.unwrap();
    let number = |table: &str, value: &Value| {
        let hex = id(value).replace('-', "");
        app.count(&format!("SELECT number FROM {table} WHERE id = X'{hex}'"))
    };
    let conversation_number = number("conversations", &json!({"id": conversation}));
    let message_number = number("messages", &exchange["user_message"]);
    let ids = BTreeMap::from([
        (Entry, id(&entry)),
        (User, username),
        (Session, id(&sessions["items"][0])),
        (Conversation, conversation),
        (Trashed, trashed),
        (Message, id(&exchange["user_message"])),
        (Answered, id(&exchange["assistant_message"])),
        (Generation, id(&exchange["generation"])),
        (Attachment, id(&exchange["user_message"]["attachments"][0])),
    ]);
    let session = session.number;
    Things { ids, conversation: conversation_number, session, message: message_number }
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
    assert_eq!(TABLE.len(), listed.len(), "none is there twice");
    for operation in &operations {
        let named = matches!(operation.rule().0, Named(_));
        assert_eq!(named, operation.names_something(), "{operation:?}");
    }
}

#[tokio::test]
async fn without_a_credential_only_what_is_open_answers() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let theirs = furnish(&app, &mira).await;
    let before = app.rows_of(&mira);
    let mut forged = app.anonymous();
    forged.token = Some("x.y.z".into());
    for operation in operations() {
        let (rule, _) = operation.rule();
        let (id, missing) = match rule {
            Named(kind) => (theirs.name(&operation, kind), nobodys(&operation, kind)),
            _ => (String::new(), ""),
        };
        let id = &id;
        let replies = operation.call(&app.anonymous(), id).await;
        if rule == Open {
            for reply in replies.iter().chain(&operation.call(&forged, id).await) {
                let code = reply.json()["code"].clone();
                let refused = ["UNAUTHENTICATED", "TOKEN_INVALID", "AUTH_REQUIRED", "AUTH_INVALID"];
                assert!(!refused.iter().any(|refused| code == *refused), "{operation:?}");
            }
            continue;
        }
        for reply in &replies {
            operation.expect_refused(reply, "UNAUTHENTICATED");
        }
        // Nothing tells whether the thing is there.
        let nobodys = operation.call(&app.anonymous(), missing).await;
        assert!(nobodys.iter().map(comparable).eq(replies.iter().map(comparable)));
        for reply in operation.call(&forged, id).await {
            operation.expect_refused(&reply, "TOKEN_INVALID");
        }
    }
    assert_eq!(app.rows_of(&mira), before);
}

#[tokio::test]
async fn what_is_anothers_is_answered_as_what_does_not_exist() {
    let app = TestApp::new().await;
    let (mira, odo) = (app.user("mira").await, app.user("odo").await);
    let theirs = furnish(&app, &mira).await;
    let before = app.rows_of(&mira);
    for operation in operations() {
        let (Named(kind), _) = operation.rule() else { continue };
        let existing = operation.call(&odo, &theirs.name(&operation, kind)).await;
        let missing = operation.call(&odo, nobodys(&operation, kind)).await;
        for (existing, missing) in existing.iter().zip(&missing) {
            if operation.contract.is_none() {
                let kind = match kind {
                    Trashed => Conversation,
                    Answered => Message,
                    kind => kind,
                };
                let code = format!("{}_NOT_FOUND", format!("{kind:?}").to_uppercase());
                existing.expect_error(404, &code);
            } else {
                assert!(existing.expect(StatusCode::NOT_FOUND)["error"].is_string());
            }
            assert_eq!(comparable(existing), comparable(missing), "{operation:?}");
        }
        assert_eq!(app.rows_of(&mira), before, "{operation:?}");
    }
}

#[tokio::test]
async fn whoever_is_signed_in_reaches_only_what_is_theirs() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let theirs = furnish(&app, &mira).await;
    let before = app.rows_of(&mira);
    for operation in operations().into_iter().filter(|operation| operation.rule().0 == Own) {
        // Somebody new each time: some of these end a session or an account.
        let other = app.user(&app.serene.base().new_id().to_string()).await;
        for reply in operation.call(&other, "").await {
            assert!(reply.status.is_success(), "{operation:?}: {}", reply.text());
            let text = reply.text();
            assert!(!text.contains(SECRET) && !text.contains("mira"), "{operation:?}: {text}");
            let leaked = theirs.ids.values().find(|id| text.contains(id.as_str()));
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
            let theirs = furnish(&app, &owner).await;
            let id = theirs.name(&operation, kind);
            let reply = operation.call_with(&owner, &id, suffix).await;
            // Found, and whole: there is nothing to go on with.
            if operation.id == "continue_reply" {
                reply.expect_error(409, "NOTHING_TO_CONTINUE");
                continue;
            }
            assert!(reply.status.is_success(), "{operation:?}: {}", reply.text());
        }
    }
}
