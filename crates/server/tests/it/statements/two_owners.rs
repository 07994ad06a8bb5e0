//! Every function of the product that takes an owner, called by one owner with another's ids: it
//! finds nothing and changes nothing.

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use serene_core::{
    accounts::{Caller, Client as From, Personality, PreferenceChanges, Preferences, UserChanges},
    base::{Error, MasterKey, MessageText, Owner, PageSize, Password, Username, Zone},
    conversations::{
        ConversationChanges, Kind, ListConversations, MessageOrder, NewAttachment, NewConversation,
        NewFork, Shelf,
    },
    generations::SendMessage,
    journal::{EntryChanges, ListEntries, Mood, NewEntry, Note},
    schema::OWNED_TABLES,
    search::Wanted,
    usage::Budgets,
};
use serene_llm::{EngineError, Event, EventStream};
use uuid::Uuid;

use crate::app::{Client, PASSWORD, Setup, TestApp, unsigned_id_token};

/// Says a word and falls silent, so that a reply is running and its rows stand still.
#[derive(Debug)]
struct Silent;

impl serene_llm::Engine for Silent {
    fn name(&self) -> &'static str {
        "silent"
    }

    fn model(&self) -> &'static str {
        "silent"
    }

    fn stream(&self, _: serene_llm::Request) -> EventStream {
        use futures_util::StreamExt;
        let word = futures_util::stream::iter([Ok::<_, EngineError>(Event::Delta("hm".into()))]);
        Box::pin(word.chain(futures_util::stream::pending()))
    }
}

/// What one owner has: the ids that another one will use.
struct Ids {
    session: Uuid,
    /// A conversation whose reply has been stopped.
    conversation: Uuid,
    message: Uuid,
    attachment: Uuid,
    generation: Uuid,
    /// A conversation in which a reply is running.
    busy: Uuid,
    running: Uuid,
    running_message: Uuid,
    trashed: Uuid,
    entry: Uuid,
}

async fn send(client: &Client, conversation: &str) -> Uuid {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let image = "data:image/gif;base64,R0lGODlh";
    let body = json!({"content": "this is mine", "attachments": [image]});
    let accept = [("accept", "text/event-stream")];
    let request = Client::request(axum::http::Method::POST, &path, Some(body), &accept);
    let response = client.open(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    id(&json!(response.headers()["x-generation-id"].to_str().unwrap()))
}

fn id(value: &Value) -> Uuid {
    value.as_str().unwrap().parse().unwrap()
}

fn robot() -> Preferences {
    Preferences { personality: Some(Personality::Robot), ..Preferences::default() }
}

/// Gives an owner something of every kind.
async fn furnish(app: &TestApp, client: &Client) -> Ids {
    app.serene.accounts.set_preferences(app.owner(client), robot()).await.unwrap();
    let (conversation, busy, trashed) =
        (client.conversation().await, client.conversation().await, client.conversation().await);
    let here = format!("/api/v1/conversations/{conversation}/preferences");
    client.patch(&here, json!({"instruction": "theirs"})).await.expect(StatusCode::OK);
    let key = [("idempotency-key", "mine")];
    let created = client.send(Method::POST, "/api/v1/conversations", Some(json!({})), &key).await;
    created.expect(StatusCode::CREATED);
    let generation = send(client, &conversation).await;
    let stop = format!("/api/v1/generations/{generation}/stop");
    client.post(&stop, json!({})).await.expect(StatusCode::OK);
    let running = send(client, &busy).await;
    send(client, &trashed).await;
    client.delete(&format!("/api/v1/conversations/{trashed}")).await.expect(StatusCode::NO_CONTENT);
    let page = client.get(&format!("/api/v1/conversations/{conversation}/messages")).await;
    let message = page.expect(StatusCode::OK)["items"][0].clone();
    let page = client.get(&format!("/api/v1/conversations/{busy}/messages")).await;
    let running_message = page.expect(StatusCode::OK)["items"][1].clone();
    let sessions = client.get("/api/v1/auth/sessions").await.expect(StatusCode::OK);
    for _ in 0..500 {
        if app.count("SELECT COUNT(*) FROM generation_chunks") == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    // Gibberish asks no engine: this one never answers.
    let note = "asdkjh qwkejh zxmncb askjdh qwlkejh asdlkj zxcmnb qwoeiu asdkjh";
    let body = json!({"mood": "mine", "tags": ["mine"], "note": note});
    let entry = client.post("/api/v1/entries", body).await.expect(StatusCode::CREATED);
    let token = unsigned_id_token(&json!({"sub": "mira"}));
    app.serene.accounts.link_identity(app.owner(client), &token).await.unwrap();
    Ids {
        entry: id(&entry["id"]),
        session: id(&sessions["items"][0]["id"]),
        conversation: conversation.parse().unwrap(),
        message: id(&message["id"]),
        attachment: id(&message["attachments"][0]["id"]),
        generation,
        busy: busy.parse().unwrap(),
        running,
        running_message: id(&running_message["id"]),
        trashed: trashed.parse().unwrap(),
    }
}

/// How long a send waits for another reply.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// The calls that were made, by name.
#[derive(Default)]
struct Calls(BTreeSet<&'static str>);

impl Calls {
    #[track_caller]
    fn not_found<T: std::fmt::Debug>(&mut self, name: &'static str, result: Result<T, Error>) {
        match result {
            Err(Error::NotFound(_)) => {}
            other => panic!("{name}: {other:?}"),
        }
        self.0.insert(name);
    }

    /// It did something, to the caller's own things.
    #[track_caller]
    fn own<T>(&mut self, name: &'static str, result: Result<T, Error>) -> T {
        self.0.insert(name);
        result.unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

#[tokio::test]
async fn another_owners_ids_find_nothing_and_change_nothing() {
    // With a vault, so that there is a row in every table.
    let (engine, master_key) = (Some(Arc::new(Silent) as _), Some(MasterKey::random()));
    let budgets = Budgets { per_user: "1000000 tokens/day".parse().unwrap(), ..Budgets::default() };
    let app = TestApp::with(Setup { engine, master_key, budgets, ..Setup::default() }).await;
    let (mira, odo) = (app.user("mira").await, app.user("odo").await);
    let theirs = furnish(&app, &mira).await;
    let before = app.rows_of(&mira);
    let tables: BTreeSet<&str> = before.iter().map(|(table, _)| *table).collect();
    assert_eq!(tables.len(), OWNED_TABLES.len() + 1, "there is a row in every table: {tables:?}");

    let mut calls = Calls::default();
    conversations(&app, app.owner(&odo), &theirs, &mut calls).await;
    assert_eq!(app.rows_of(&mira), before);
    generations(&app, app.owner(&odo), &theirs, &mut calls).await;
    assert_eq!(app.rows_of(&mira), before);
    journal(&app, app.owner(&odo), &theirs, &mut calls).await;
    assert_eq!(app.rows_of(&mira), before);
    accounts(&app, &odo, &theirs, &mut calls).await;
    assert_eq!(app.rows_of(&mira), before);
    assert!(app.rows_of(&odo).is_empty(), "they deleted their own account");
    assert_eq!(calls.0, functions_that_take_an_owner());
}

async fn conversations(app: &TestApp, owner: Owner, theirs: &Ids, calls: &mut Calls) {
    let (serene, slice) = (&app.serene, &app.serene.conversations);
    let size = PageSize::new(None).unwrap();
    let order = MessageOrder::OldestFirst;
    for id in [theirs.conversation, theirs.busy, theirs.trashed] {
        calls.not_found("conversations.get", slice.get(owner, id).await);
        let changes = ConversationChanges {
            title: Some(serene_core::base::Title::parse("theirs now").unwrap()),
            pinned: Some(true),
            archived: Some(true),
        };
        calls.not_found("conversations.change", slice.change(owner, id, changes).await);
        let none = ConversationChanges::default();
        calls.not_found("conversations.change", slice.change(owner, id, none).await);
        calls.not_found("conversations.restore", slice.restore(owner, id).await);
        let toggled = slice.toggle_archive(owner, id).await;
        calls.not_found("conversations.toggle_archive", toggled);
        let summed_up = serene.generations.sum_up(owner, id).await;
        calls.not_found("generations.sum_up", summed_up);
        let deleted = slice.delete_from_trash(owner, id).await;
        calls.not_found("conversations.delete_from_trash", deleted);
        let messages = slice.messages(owner, id, order, None, size).await;
        calls.not_found("conversations.messages", messages);
        let fork = NewFork { conversation_id: id, position: 9, id: None, title: None, retry: None };
        calls.not_found("conversations.fork", slice.fork(owner, fork).await);
        calls.not_found("conversations.preferences", slice.preferences(owner, id).await);
        let robot = PreferenceChanges {
            personality: Some(Some(Personality::Robot)),
            ..PreferenceChanges::default()
        };
        let spoken = slice.change_preferences(owner, id, robot).await;
        calls.not_found("conversations.change_preferences", spoken);
        calls.not_found("generations.context", serene.generations.context(owner, id).await);
        calls.not_found("serene.end_conversation", serene.end_conversation(owner, id).await);
        calls.not_found("serene.trash_conversation", serene.trash_conversation(owner, id).await);
        calls.not_found("serene.delete_conversation", serene.delete_conversation(owner, id).await);
        calls.not_found("serene.clear_conversation", serene.clear_conversation(owner, id).await);
    }
    let number = |table: &str, id: Uuid| {
        app.count(&format!("SELECT number FROM {table} WHERE id = X'{}'", id.simple()))
    };
    for id in [theirs.conversation, theirs.busy, theirs.trashed] {
        let found = slice.by_number(owner, number("conversations", id), Kind::Chat).await;
        calls.not_found("conversations.by_number", found);
    }
    for id in [theirs.message, theirs.running_message] {
        let found = slice.message_by_number(owner, number("messages", id)).await;
        calls.not_found("conversations.message_by_number", found);
        calls.not_found("conversations.message", slice.message(owner, id).await);
        calls.not_found("serene.delete_message", serene.delete_message(owner, id).await);
        calls.not_found("conversations.versions", slice.versions(owner, id).await);
        calls.not_found("conversations.choose", slice.choose(owner, id).await);
        let generations = &serene.generations;
        let again = generations.regenerate(owner, id, None).await;
        calls.not_found("generations.regenerate", again);
        calls.not_found("generations.go_on", generations.go_on(owner, id, None).await);
    }
    calls.not_found("conversations.attachment", slice.attachment(owner, theirs.attachment).await);
    for shelf in [Shelf::Active, Shelf::Archived, Shelf::Trash] {
        let list = ListConversations { kind: Kind::Chat, shelf, cursor: None, size };
        let page = calls.own("conversations.list", slice.list(owner, list).await);
        assert!(page.items.is_empty());
    }
    // The same ids are free for them, and name other things.
    for id in [theirs.conversation, theirs.busy, theirs.trashed] {
        let new = NewConversation { id: Some(id), ..NewConversation::default() };
        let own = calls.own("conversations.create", slice.create(owner, new).await);
        assert_eq!((own.id, own.message_count), (id, 0));
        let page = slice.messages(owner, id, order, None, size).await.unwrap();
        assert!(page.items.is_empty());
        serene.clear_conversation(owner, id).await.unwrap();
        serene.delete_conversation(owner, id).await.unwrap();
    }
}

async fn generations(app: &TestApp, owner: Owner, theirs: &Ids, calls: &mut Calls) {
    let slice = &app.serene.generations;
    for id in [theirs.generation, theirs.running] {
        calls.not_found("generations.get", slice.get(owner, id).await);
        calls.not_found("generations.attach", slice.attach(owner, id, 0).await);
        calls.not_found("generations.stop", slice.stop(owner, id).await);
    }
    let attachment = || NewAttachment::from_data_url("data:image/gif;base64,R0lGODlh").unwrap();
    let message = |conversation_id, message_id| SendMessage {
        conversation_id,
        message_id,
        text: MessageText::parse("content", "this is mine").unwrap(),
        attachments: vec![attachment()],
        retry: None,
        titled_by_model: true,
    };
    for conversation in [theirs.conversation, theirs.busy, theirs.trashed] {
        for message_id in [None, Some(theirs.message), Some(theirs.running_message)] {
            let sent = slice.send(owner, message(conversation, message_id)).await;
            calls.not_found("generations.send", sent);
            let sent =
                slice.send_when_free(owner, message(conversation, message_id), PATIENCE).await;
            calls.not_found("generations.send_when_free", sent);
        }
    }
    // Word for word the same, under the same ids, it is a message of their own.
    let new = NewConversation { id: Some(theirs.conversation), ..NewConversation::default() };
    app.serene.conversations.create(owner, new).await.unwrap();
    let own = message(theirs.conversation, Some(theirs.message));
    let own = calls.own("generations.send", slice.send(owner, own).await);
    assert_eq!(own.user_message.id, theirs.message);
    assert_ne!(own.generation.id, theirs.generation);
    slice.stop(owner, own.generation.id).await.unwrap();
    let ledger = &app.serene.ledger;
    let days = calls.own("ledger.by_day", ledger.by_day(owner, "2000-01-01", "2999-01-01").await);
    assert_eq!(days.len(), 1);
    let records = calls.own("ledger.records", ledger.records(owner).await);
    assert_eq!(records.len(), 1);
    let today = ledger.today();
    let report = calls.own("ledger.report", ledger.report(owner, today, today).await);
    assert_eq!(report.total.calls, 1);
    let states = calls.own("ledger.budgets", ledger.budgets(owner).await);
    let own = records[0].1.prompt_tokens + records[0].1.completion_tokens;
    assert_eq!(states[0].used, i64::from(own), "and nobody else's");
    // It takes no id; here its engine would be waited for.
    let elsewhere = TestApp::new().await;
    let somebody = elsewhere.owner(&elsewhere.user("somebody").await);
    let title = serene_core::base::Title::parse("mine").unwrap();
    let opened = elsewhere.serene.generations.open_session(somebody, title, None).await;
    calls.own("generations.open_session", opened);
    let question = MessageText::parse("content", "this is mine").unwrap();
    let answer = elsewhere.serene.generations.answer_once(somebody, &question, Vec::new()).await;
    calls.own("generations.answer_once", answer);
}

async fn journal(app: &TestApp, owner: Owner, theirs: &Ids, calls: &mut Calls) {
    let slice = &app.serene.journal;
    let note = || Note::parse(&format!("{} I want to die.", "x ".repeat(40))).unwrap();
    let mood = || Mood::parse("theirs").unwrap();
    calls.not_found("journal.get", slice.get(owner, theirs.entry).await);
    let changes = EntryChanges { mood: Some(mood()), tags: Some(Vec::new()), note: Some(note()) };
    calls.not_found("journal.change", slice.change(owner, theirs.entry, changes).await);
    calls.not_found("journal.delete", slice.delete(owner, theirs.entry).await);
    let size = PageSize::new(None).unwrap();
    let list = |mood| ListEntries { from: None, to: None, mood, tag: None, cursor: None, size };
    for wanted in [None, Some(Mood::parse("mine").unwrap())] {
        let page = calls.own("journal.list", slice.list(owner, list(wanted)).await);
        assert!(page.items.is_empty());
    }
    let wanted = Wanted::parse("mine").unwrap();
    let found = app.serene.search_entries(owner, &wanted, None, size).await;
    assert!(calls.own("serene.search_entries", found).items.is_empty());
    let found = app.serene.search_messages(owner, &wanted, None, size).await;
    let found = calls.own("serene.search_messages", found).items;
    assert!(found.iter().all(|message| message.id == theirs.message), "their own, of that id");
    let today = slice.today(&Zone::utc());
    let counted = slice.count_moods(owner, today, today).await;
    assert!(calls.own("journal.count_moods", counted).is_empty());
    let streaks = calls.own("journal.streaks", slice.streaks(owner, today).await);
    assert_eq!(streaks.longest_days, 0);
    calls.own("journal.vibe_check", slice.vibe_check(owner, &note()).await);
    // The same id is free for them, and names another entry.
    let new = NewEntry {
        id: Some(theirs.entry),
        mood: mood(),
        tags: Vec::new(),
        note: note(),
        written_at: None,
        time_zone: None,
        retry: None,
    };
    let own = calls.own("journal.create", slice.create(owner, new).await);
    assert_eq!((own.id, own.mood.as_str()), (theirs.entry, "theirs"));
}

async fn accounts(app: &TestApp, odo: &Client, theirs: &Ids, calls: &mut Calls) {
    let (owner, slice) = (app.owner(odo), &app.serene.accounts);
    let preferences = calls.own("accounts.preferences", slice.preferences(owner).await);
    assert_eq!(preferences, Preferences::default());
    let expert = Preferences { personality: Some(Personality::Expert), ..Preferences::default() };
    calls.own("accounts.set_preferences", slice.set_preferences(owner, expert).await);
    let spoken = slice.change_preferences(owner, PreferenceChanges::default()).await;
    let spoken = calls.own("accounts.change_preferences", spoken);
    assert_eq!(spoken.personality, Some(Personality::Expert));
    let remembered = calls.own("accounts.remembers", slice.remembers(owner, b"mine").await);
    assert!(!remembered, "it is the other's key");
    let revoked = slice.revoke_session(owner, theirs.session).await;
    calls.not_found("accounts.revoke_session", revoked);
    let sessions = calls.own("accounts.sessions", slice.sessions(owner).await);
    assert!(sessions.iter().all(|session| session.id != theirs.session));
    let stolen = slice.link_identity(owner, &unsigned_id_token(&json!({"sub": "mira"}))).await;
    assert_eq!(stolen, Err(Error::IdentityTaken));
    let own = slice.link_identity(owner, &unsigned_id_token(&json!({"sub": "odo"}))).await;
    let own = calls.own("accounts.link_identity", own);
    let linked = calls.own("accounts.identities", slice.identities(owner).await);
    assert_eq!(linked, [own]);
    let user = calls.own("accounts.user", slice.user(owner).await);
    assert_eq!(user.id, owner.id());
    let taken = UserChanges {
        username: Some(Username::parse("MIRA").unwrap()),
        email: None,
        ..UserChanges::default()
    };
    assert_eq!(slice.change_user(owner, taken).await, Err(Error::UsernameTaken));
    let changes = UserChanges {
        username: Some(Username::parse("otto").unwrap()),
        email: None,
        ..UserChanges::default()
    };
    calls.own("accounts.change_user", slice.change_user(owner, changes).await);
    let password = || Password::choose("new_password", "another good password").unwrap();
    let caller = Caller { owner, session_id: theirs.session, user };
    let from = From::default();
    let new_password = slice.change_password(&caller, PASSWORD, password(), &from).await;
    calls.own("accounts.change_password", new_password);
    calls.own("accounts.set_password", slice.set_password(owner, password(), None).await);
    let revoked = slice.revoke_sessions(owner, Some(theirs.session)).await;
    calls.own("accounts.revoke_sessions", revoked);
    calls.own("serene.delete_account", app.serene.delete_account(owner).await);
}

/// The public functions of the product that take an owner, from its source: one that is added
/// there is missing here until it is called above.
fn functions_that_take_an_owner() -> BTreeSet<&'static str> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src");
    let rooms = [
        ("accounts", "accounts/mod.rs"),
        ("accounts", "accounts/preferences.rs"),
        ("accounts", "accounts/identities/mod.rs"),
        ("conversations", "conversations/mod.rs"),
        ("generations", "generations/mod.rs"),
        ("generations", "generations/once.rs"),
        ("generations", "generations/sessions.rs"),
        ("conversations", "conversations/policy.rs"),
        ("journal", "journal/mod.rs"),
        ("conversations", "conversations/branches.rs"),
        ("conversations", "conversations/preferences.rs"),
        ("generations", "generations/again.rs"),
        ("ledger", "usage/mod.rs"),
        ("ledger", "usage/report.rs"),
        ("serene", "serene.rs"),
    ];
    let slices = fs::read_to_string(folder.join("lib.rs")).unwrap();
    let slices = slices.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    // These are no slices: they have no rows of their own.
    let others = ["base", "metrics", "portable", "safety", "schema", "search", "sealing"];
    for slice in slices.filter(|slice| !others.contains(slice)) {
        let is_read = rooms.iter().any(|(_, file)| *file == format!("{slice}/mod.rs"));
        assert!(is_read, "the slice {slice} is not looked at");
    }
    let mut found = BTreeSet::new();
    for (slice, file) in rooms {
        let source = fs::read_to_string(folder.join(file)).unwrap();
        for function in source.split("\n    pub async fn ").skip(1) {
            let (signature, _) = function.split_once(" {\n").unwrap();
            if signature.contains(": Owner") || signature.contains(": &Caller") {
                let name = signature.split(['(', '<']).next().unwrap();
                found.insert(&*format!("{slice}.{name}").leak());
            }
        }
    }
    assert!(found.len() > 20, "{found:?}");
    found
}
