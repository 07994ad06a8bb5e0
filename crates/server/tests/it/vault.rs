//! The vault: what it hides on disk, and what becomes of sealed text that was moved, damaged or
//! lost its key. What `serene vault` does is in `binary/vault.rs`.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use serene_core::{
    base::{Base, MasterKey, Vault},
    sealing::{self, Status, VaultError},
};
use tokio::runtime::Runtime;

use crate::{
    app::{Client, Setup, TestApp},
    database::{Cell, literal},
    replies::eventually,
};

/// What every private text of these tests begins with.
const MARK: &str = "wistaria7";

/// A picture with the mark in it: what makes it a picture are its first bytes.
fn picture() -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let mut bytes = b"GIF89a".to_vec();
    bytes.extend(MARK.as_bytes());
    format!("data:image/gif;base64,{}", STANDARD.encode(bytes))
}

fn note(word: &str) -> String {
    format!("{MARK} {word}: the river was high, and we stood there until it got dark.")
}

/// Writes the mark into every private field there is, and returns entry and conversation.
async fn write_everywhere(client: &Client) -> (Value, String) {
    let body = json!({"mood": "calm", "tags": [format!("{MARK}-tag")], "note": note("first")});
    let entry = client.post("/api/v1/entries", body).await.expect(StatusCode::CREATED);
    let titled = json!({"title": format!("{MARK} title")});
    client.post("/api/v1/conversations", titled).await.expect(StatusCode::CREATED);
    let conversation = client.conversation().await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let body = json!({"content": format!("{MARK} said"), "attachments": [picture()]});
    client.post(&path, body).await.expect(StatusCode::CREATED);
    (entry, conversation)
}

#[tokio::test]
async fn nothing_private_is_in_any_file() {
    let app = TestApp::sealed("echo").await;
    let mira = app.user("mira").await;
    let (entry, conversation) = write_everywhere(&mira).await;
    assert_eq!(app.data.places_with(MARK), [""; 0]);
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), 2);

    // It is all there for its owner.
    let path = format!("/api/v1/entries/{}", entry["id"].as_str().unwrap());
    let read = mira.get(&path).await.expect(StatusCode::OK);
    assert_eq!(
        (&read["note"], &read["ai_response"]),
        (&json!(note("first")), &entry["ai_response"])
    );
    assert_eq!(read["tags"], json!([format!("{MARK}-tag")]));
    let messages = format!("/api/v1/conversations/{conversation}/messages");
    let page = mira.get(&messages).await.expect(StatusCode::OK);
    assert_eq!(page["items"][0]["content"], format!("{MARK} said"));
    assert_eq!(page["items"][1]["content"], format!("{MARK} said"));
    let id = page["items"][0]["attachments"][0]["id"].as_str().unwrap();
    let picture = mira.get(&format!("/api/v1/attachments/{id}")).await;
    assert_eq!(picture.expect_raw(StatusCode::OK), b"GIF89awistaria7");
    let listed = mira.get("/api/v1/conversations").await.expect(StatusCode::OK);
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);

    // The same without a vault is in the files: the search of this test sees.
    let open = TestApp::scripted("echo").await;
    write_everywhere(&open.user("mira").await).await;
    assert_ne!(open.data.places_with(MARK), [""; 0]);
}

#[test]
fn a_running_reply_is_sealed_chunk_by_chunk_and_survives_a_kill() {
    let runtime = Runtime::new().unwrap();
    let (data, key, path, mira) = runtime.block_on(async {
        let (script, key) = ("slow:10+long:1000", MasterKey::random());
        let master_key = Some(key.clone());
        let app = TestApp::with(Setup { script, master_key, ..Setup::default() }).await;
        let mira = app.user("mira").await;
        let path = format!("/api/v1/conversations/{}/messages", mira.conversation().await);
        let body = Some(json!({"content": "Go on."}));
        let stream = [("accept", "text/event-stream")];
        let _reply = mira.open(Client::request(Method::POST, &path, body, &stream)).await;
        eventually("two chunks are saved", async || {
            app.count("SELECT COUNT(*) FROM generation_chunks") >= 2
        })
        .await;
        let TestApp { data, .. } = app;
        (data, key, path, mira)
    });
    // As a kill does: no task finishes anything.
    drop(runtime);
    assert_eq!(data.places_with("The rain has"), [""; 0]);
    Runtime::new().unwrap().block_on(async {
        let (data, master_key) = (Some(data), Some(key));
        let again = TestApp::with(Setup { master_key, data, ..Setup::default() }).await;
        assert_eq!(again.serene.generations.sweep().await, Ok(1));
        let page = again.here(&mira).get(&path).await.expect(StatusCode::OK);
        let reply = &page["items"][1];
        assert_eq!(reply["status"], "interrupted");
        assert!(reply["content"].as_str().unwrap().starts_with("The rain has stopped"), "{reply}");
        assert_eq!(again.data.places_with("The rain has"), [""; 0]);
    });
}

#[tokio::test]
async fn search_moods_and_changes_work_as_without_a_vault() {
    let app = TestApp::sealed("fixed:That sounds like a long day.").await;
    let mira = app.user("mira").await;
    let (entry, conversation) = write_everywhere(&mira).await;
    for (path, found) in [
        ("/api/v1/search/entries?q=RIVER", 1),
        ("/api/v1/search/entries?q=sea", 0),
        ("/api/v1/search/messages?q=wistaria7", 1),
        ("/api/v1/entries?tag=wistaria7-tag", 1),
        ("/api/v1/entries?mood=Calm", 1),
    ] {
        let page = mira.get(path).await.expect(StatusCode::OK);
        assert_eq!(page["items"].as_array().unwrap().len(), found, "{path}");
    }
    let week = mira.get("/api/v1/moods/weekly").await.expect(StatusCode::OK);
    assert_eq!(week["counts"], json!({"calm": 1}));
    let path = format!("/api/v1/entries/{}", entry["id"].as_str().unwrap());
    let body = json!({"note": note("second"), "tags": ["other"]});
    let changed = mira.patch(&path, body).await.expect(StatusCode::OK);
    assert_eq!(mira.get(&path).await.expect(StatusCode::OK), changed);
    let path = format!("/api/v1/conversations/{conversation}");
    let renamed = mira.patch(&path, json!({"title": "wistaria7 again"})).await;
    assert_eq!(renamed.expect(StatusCode::OK)["title"], "wistaria7 again");
    mira.say(&conversation, "And then?").await;
    assert_eq!(app.data.places_with(MARK), [""; 0]);
}

#[tokio::test]
async fn a_sealed_value_is_unreadable_in_another_row_or_with_another_user() {
    let app = TestApp::sealed("fixed:I hear you.").await;
    let (mira, noah) = (app.user("mira").await, app.user("noah").await);
    let (first, second) = (write_everywhere(&mira).await.0, write_everywhere(&mira).await.0);
    let theirs = write_everywhere(&noah).await.0;
    let id = |entry: &Value| entry["id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap();
    let row = |entry: &Value| literal(id(entry).as_bytes());
    let note_of = |entry: &Value| -> Vec<u8> {
        let note = app.data.rows(&format!("SELECT note FROM entries WHERE id = {}", row(entry)));
        let Cell::Blob(note) = &note[0][0] else { panic!("no note") };
        note.clone()
    };
    let put = |value: &[u8], column: &str| {
        let (value, row) = (literal(value), row(&first));
        app.data.execute(&format!("UPDATE entries SET {column} = {value} WHERE id = {row}"));
    };
    let path = format!("/api/v1/entries/{}", id(&first));
    let own = note_of(&first);
    for (what, value) in [
        ("of another row", note_of(&second)),
        ("of another user", note_of(&theirs)),
        ("damaged", [&own[..20], &[own[20] ^ 1], &own[21..]].concat()),
        ("cut", own[..own.len() - 1].to_vec()),
        ("empty", Vec::new()),
        ("in the open", note("put there").into_bytes()),
    ] {
        put(&value, "note");
        let body = mira.get(&path).await.expect_error(500, "UNREADABLE");
        assert!(!body.to_string().contains(MARK), "{what}: {body}");
        mira.get("/api/v1/entries").await.expect_error(500, "UNREADABLE");
    }
    put(&own, "ai_response");
    mira.get(&path).await.expect_error(500, "UNREADABLE");
    // The others are not touched by it, and neither is the server.
    let path = format!("/api/v1/entries/{}", id(&second));
    mira.get(&path).await.expect(StatusCode::OK);
    noah.get("/api/v1/entries").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn deleting_an_account_destroys_its_key_first() {
    let app = TestApp::sealed("fixed:I hear you.").await;
    let (mira, noah) = (app.user("mira").await, app.user("noah").await);
    write_everywhere(&mira).await;
    assert_eq!(app.count("SELECT COUNT(*) FROM vault_keys"), 2);
    mira.delete("/api/v1/me").await.expect(StatusCode::NO_CONTENT);
    assert_eq!(app.count("SELECT COUNT(*) FROM vault_keys"), 1);
    noah.get("/api/v1/me").await.expect(StatusCode::OK);

    // Also when the deletion is cut off right after its first step.
    let noahs = app.owner(&noah);
    app.data.stick("DELETE ON users");
    app.serene.delete_account(noahs).await.unwrap_err();
    assert_eq!(app.count("SELECT COUNT(*) FROM vault_keys"), 0);
    assert_eq!(app.count("SELECT COUNT(*) FROM users"), 1);
}

#[tokio::test]
async fn many_write_at_once_and_each_reads_their_own() {
    let app = TestApp::sealed("echo").await;
    let app = Arc::new(app);
    let mut all = tokio::task::JoinSet::new();
    for number in 0..8 {
        let app = Arc::clone(&app);
        all.spawn(async move {
            let client = app.user(&format!("user-{number}")).await;
            let conversation = client.conversation().await;
            for turn in 0..5 {
                let said = format!("{number} said {turn}");
                let exchange = client.say(&conversation, &said).await;
                assert_eq!(exchange["user_message"]["content"], said);
            }
            let path = format!("/api/v1/conversations/{conversation}/messages");
            let page = client.get(&path).await.expect(StatusCode::OK);
            assert_eq!(page["items"].as_array().unwrap().len(), 10);
        });
    }
    while let Some(ended) = all.join_next().await {
        ended.unwrap();
    }
}

/// A base whose vault is this one, on the database of an application.
fn base(app: &TestApp, vault: Vault) -> Base {
    Base { vault, ..app.serene.base().clone() }
}

/// Makes every change of an entry fail, as a full disk would.
fn stick(app: &TestApp) {
    app.data.stick("UPDATE ON entries");
}

fn unstick(app: &TestApp) {
    app.data.unstick("entries");
}

#[tokio::test]
async fn sealing_that_was_cut_off_is_taken_up_again() {
    let app = TestApp::scripted("echo").await;
    let mira = app.user("mira").await;
    let (entry, _) = write_everywhere(&mira).await;
    let path = format!("/api/v1/entries/{}", entry["id"].as_str().unwrap());
    let entry = mira.get(&path).await.expect(StatusCode::OK);
    let (key, other) = (MasterKey::random(), MasterKey::random());
    let db = &app.serene.base().db;

    // A key for a database that is not sealed is refused, and so is what has no key to change.
    let refused = sealing::open(db, Some(&key)).await.unwrap_err();
    assert!(matches!(refused, VaultError::NotSealed));
    let plain = base(&app, Vault::plain());
    assert!(matches!(sealing::rotate(&plain, &key, &other).await, Err(VaultError::Off)));
    assert!(matches!(sealing::decrypt(&plain, &key).await, Err(VaultError::Off)));

    stick(&app);
    sealing::encrypt(&plain, &key).await.unwrap_err();
    assert_eq!(sealing::status(db).await.unwrap(), Status::Unfinished("encrypt"));
    for key in [None, Some(&key)] {
        let refused = sealing::open(db, key).await.unwrap_err();
        assert!(refused.to_string().contains("run it again"), "{refused}");
    }
    unstick(&app);
    let wrong = sealing::encrypt(&plain, &other).await.unwrap_err();
    assert!(matches!(wrong, VaultError::WrongKey { .. }), "{wrong}");
    assert!(sealing::encrypt(&plain, &key).await.unwrap() > 0);
    assert!(matches!(sealing::encrypt(&plain, &key).await, Err(VaultError::AlreadyOn)));
    let data = app.data;
    drop((app.serene, app.router, plain));

    let master_key = Some(key.clone());
    let app = TestApp::with(Setup { data: Some(data), master_key, ..Setup::default() }).await;
    assert_eq!(app.here(&mira).get(&path).await.expect(StatusCode::OK), entry);
    assert_eq!(app.data.places_with(MARK), [""; 0], "not in what was overwritten either");

    // The key is changed: cut off in the middle, it goes on with the same two keys only.
    let on = base(&app, sealing::open(&app.serene.base().db, Some(&key)).await.unwrap());
    app.data.stick("UPDATE ON vault_keys");
    sealing::rotate(&on, &key, &other).await.unwrap_err();
    app.data.unstick("vault_keys");
    let third = MasterKey::random();
    let wrong = sealing::rotate(&on, &key, &third).await.unwrap_err();
    assert!(matches!(wrong, VaultError::WrongKey { .. }), "{wrong}");
    assert!(matches!(
        sealing::open(&on.db, Some(&key)).await,
        Err(VaultError::Unfinished { command: "rotate" })
    ));
    assert_eq!(sealing::rotate(&on, &key, &other).await.unwrap(), 1);
    assert!(matches!(sealing::open(&on.db, Some(&key)).await, Err(VaultError::WrongKey { .. })));
    let rotated = sealing::open(&on.db, Some(&other)).await.unwrap();
    assert!(rotated.is_on());

    // And off again.
    stick(&app);
    sealing::decrypt(&on, &other).await.unwrap_err();
    unstick(&app);
    assert_eq!(sealing::status(&on.db).await.unwrap(), Status::Unfinished("decrypt"));
    assert!(sealing::decrypt(&on, &other).await.unwrap() > 0);
    assert_eq!(sealing::status(&on.db).await.unwrap(), Status::Off);
    assert_eq!(app.count("SELECT COUNT(*) FROM vault_keys"), 0);
    let data = app.data;
    drop((app.serene, app.router, on));
    let app = TestApp::with(Setup { data: Some(data), ..Setup::default() }).await;
    assert_eq!(app.here(&mira).get(&path).await.expect(StatusCode::OK), entry);
}
