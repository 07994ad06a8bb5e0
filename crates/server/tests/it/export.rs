//! Taking everything out, and reading it back: nothing is lost on the way, and nothing is stored
//! twice.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use serene_core::{
    base::MasterKey,
    portable::{Importer, Item, Report, Tally, read},
};

use crate::app::{Client, Setup, TestApp};

const PICTURE: &str = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAAA";

/// One of everything, some of it in unusual states. Returns a conversation.
async fn fill(client: &Client) -> String {
    client
        .patch("/api/v1/me", json!({"time_zone": "Europe/Berlin", "country": "DE"}))
        .await
        .expect(StatusCode::OK);
    let conversation = client.conversation().await;
    let path = format!("/api/v1/conversations/{conversation}");
    let body = json!({"content": "look \u{1f30a} \"here\"", "attachments": [PICTURE, PICTURE]});
    client.post(&format!("{path}/messages"), body).await.expect(StatusCode::CREATED);
    client.say(&conversation, "I want to kill myself").await;
    let everywhere = json!({"temperature": 0.35, "instruction": "Call me Mi."});
    client.patch("/api/v1/me/preferences", everywhere).await.expect(StatusCode::OK);
    let here = json!({"personality": "expert", "instruction": "Only questions."});
    client.patch(&format!("{path}/preferences"), here).await.expect(StatusCode::OK);
    client.patch(&path, json!({"pinned": true, "archived": true})).await.expect(StatusCode::OK);
    let trashed = client.conversation().await;
    client.say(&trashed, "thrown away").await;
    client.delete(&format!("/api/v1/conversations/{trashed}")).await;
    for (mood, note) in [
        ("calm", "I walked along the river this morning and for once nothing hurried me."),
        ("low", "I want to kill myself, and I have wanted it since the beginning of the week."),
        ("odd", "asdkjh qwkejh zxmncb askjdh qwlkejh asdlkj zxcmnb qwoeiu asdkjh qwekjh"),
    ] {
        let entry = json!({"mood": mood, "tags": ["river", "Ünïcode"], "note": note,
                           "written_at": "2026-02-03T10:00:00Z"});
        client.post("/api/v1/entries", entry).await.expect(StatusCode::CREATED);
    }
    conversation
}

async fn export(client: &Client) -> Value {
    let reply = client.get("/api/v1/me/export").await;
    assert_eq!(reply.headers["content-type"], "application/json");
    assert!(reply.headers["content-disposition"].to_str().unwrap().contains("serene-export.json"));
    reply.expect(StatusCode::OK)
}

async fn import(app: &TestApp, client: &Client, document: &str) -> Report {
    let mut items = Vec::new();
    let give = &mut |item: Item| {
        items.push(item);
        true
    };
    read(document.as_bytes(), give).unwrap();
    let mut importer = Importer::new(&app.serene, app.owner(client));
    importer.take(items).await.unwrap();
    importer.report()
}

fn taken(report: &Report) -> [u64; 4] {
    report.tallies.each_ref().map(|tally| tally.taken)
}

/// A document without what differs between two accounts.
fn content(document: &Value) -> Value {
    let mut document = document.clone();
    let root = document.as_object_mut().unwrap();
    root.remove("exported_at");
    // What was charged stays where it was charged.
    root.remove("usage");
    for field in ["id", "username", "created_at"] {
        root["user"].as_object_mut().unwrap().remove(field);
    }
    document
}

#[tokio::test]
async fn everything_comes_back_as_it_was() {
    let app = TestApp::scripted("fixed:I hear you.").await;
    let mira = app.user("mira").await;
    let conversation = fill(&mira).await;
    let document = export(&mira).await;
    let count = |list: &str| document[list].as_array().unwrap().len();
    assert_eq!(["conversations", "messages", "entries", "usage"].map(count), [2, 6, 3, 3]);
    let images = document["messages"][0]["attachments"].as_array().unwrap();
    assert_eq!(images.iter().filter(|image| image["data_url"] == PICTURE).count(), 2);

    // Into another server, with a vault; from the same text twice.
    let (master_key, script) = (Some(MasterKey::random()), "panic");
    let there = TestApp::with(Setup { script, master_key, ..Setup::default() }).await;
    let noah = there.user("noah").await;
    let report = import(&there, &noah, &document.to_string()).await;
    assert_eq!(taken(&report), [2, 6, 3, 0], "{report:?}");
    assert_eq!(report.set, ["time_zone", "country", "preferences"]);
    assert_eq!(content(&export(&noah).await), content(&document));
    let again = import(&there, &noah, &document.to_string()).await;
    assert_eq!(taken(&again), [0; 4], "{again:?}");
    assert_eq!(again.tallies.each_ref().map(|tally| tally.had), [2, 6, 3, 0]);
    assert_eq!(again.tallies[3].passed_over, 3);
    assert_eq!(content(&export(&noah).await), content(&document));

    let wishes = noah.get("/api/v1/me/preferences").await.expect(StatusCode::OK);
    assert_eq!(
        (&wishes["temperature"], &wishes["instruction"]),
        (&json!(0.35), &json!("Call me Mi."))
    );
    let here = format!("/api/v1/conversations/{conversation}/preferences");
    assert_eq!(noah.get(&here).await.expect(StatusCode::OK)["instruction"], "Only questions.");

    // It is as usable as what was written here.
    let page = noah.get("/api/v1/conversations?shelf=archived").await.expect(StatusCode::OK);
    assert_eq!(page["items"][0]["message_count"], 4);
    let id = page["items"][0]["id"].as_str().unwrap();
    assert_eq!(id, conversation);
    let messages = noah.get(&format!("/api/v1/conversations/{id}/messages")).await;
    let messages = messages.expect(StatusCode::OK);
    let image = messages["items"][0]["attachments"][1]["url"].as_str().unwrap();
    noah.get(image).await.expect_raw(StatusCode::OK);
    let found = noah.get("/api/v1/search/entries?q=river").await.expect(StatusCode::OK);
    assert_eq!(found["items"].as_array().unwrap().len(), 3);

    // And on the same server, in another account: the same ids are theirs too.
    let odo = app.user("odo").await;
    assert_eq!(taken(&import(&app, &odo, &document.to_string()).await), [2, 6, 3, 0]);
    assert_eq!(content(&export(&mira).await), content(&document));
    let exchange = odo.say(&conversation, "where were we?").await;
    assert_eq!(exchange["user_message"]["position"], 5, "after what came with the document");
}

#[tokio::test]
async fn what_cannot_be_taken_is_told_with_its_reason() {
    let app = TestApp::scripted("fixed:I hear you.").await;
    let mira = app.user("mira").await;
    fill(&mira).await;
    let mut document = export(&mira).await;
    let long = "x".repeat(40_000);
    let conversations = document["conversations"].as_array_mut().unwrap();
    conversations[1]["kind"] = json!("séance");
    conversations.push(json!({"id": 7}));
    let messages = document["messages"].as_array_mut().unwrap();
    messages[1]["content"] = json!("a\u{0}b");
    messages[2]["surprise"] = json!("secret words");
    messages[3]["position"] = messages[0]["position"].clone();
    let entries = document["entries"].as_array_mut().unwrap();
    entries[0]["note"] = json!("short");
    entries[1]["note"] = json!(long);
    entries[2]["written_at"] = json!("yesterday, with secret words");

    let odo = app.user("odo").await;
    let report = import(&app, &odo, &document.to_string()).await;
    assert_eq!(taken(&report), [1, 1, 0, 0], "{report:?}");
    let reasons = report.tallies.each_ref().map(|tally| tally.reasons.join("\n"));
    for (reasons, said) in [
        (&reasons[0], "kind is not known here"),
        (&reasons[0], "without an id: "),
        (&reasons[1], "content must not contain a NUL"),
        (&reasons[1], "unknown field `surprise`"),
        (&reasons[1], "another message stands in its place"),
        (&reasons[1], "its conversation is missing"),
        (&reasons[2], "the note has fewer than 50 characters"),
        (&reasons[2], "note must have at most"),
        (&reasons[2], "wrong type"),
    ] {
        assert!(reasons.contains(said), "{said}: {reasons}");
        assert!(!reasons.contains("secret words"), "{reasons}");
    }
    assert_eq!(report.tallies[1], Tally { refused: 5, taken: 1, ..report.tallies[1].clone() });
}

#[test]
fn what_is_no_export_is_refused() {
    for (text, said) in [
        ("", "EOF"),
        ("[]", "expected an export of Serene"),
        ("{}", "this is no export of Serene"),
        ("{\"version\": 1}", "this is no export of Serene"),
        ("{\"format\": \"mbox\"}", "this is no export of Serene"),
        ("{\"format\": \"serene-export\", \"version\": 9}", "written by a newer Serene"),
        ("{\"format\": \"serene-export\", \"entries\": 7}", "a list of entries"),
        ("{\"format\": \"serene-export\", \"entries\": [", "EOF"),
        ("{\"format\": \"serene-export\"} and more", "trailing"),
    ] {
        let error = read(text.as_bytes(), &mut |_| true).unwrap_err();
        assert!(error.contains(said), "{text}: {error}");
    }
    let document = "{\"format\": \"serene-export\", \"later\": {\"a\": [1]}, \"usage\": [1, 2]}";
    let mut items = 0;
    let mut count = |_| {
        items += 1;
        true
    };
    read(document.as_bytes(), &mut count).unwrap();
    assert_eq!(items, 2);
}

#[tokio::test]
async fn an_export_holds_what_is_its_owners_and_nothing_else() {
    let app = TestApp::scripted("fixed:I hear you.").await;
    let (mira, odo) = (app.user("mira").await, app.user("odo").await);
    fill(&mira).await;
    let document = export(&odo).await;
    for list in ["conversations", "messages", "entries", "usage"] {
        assert_eq!(document[list], json!([]), "{list}");
    }
    assert!(!export(&mira).await.to_string().contains("password"));
    app.anonymous().get("/api/v1/me/export").await.expect_error(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_large_export_is_written_while_it_is_read() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let long = "a line of a long letter. ".repeat(1200);
    for _ in 0..12 {
        mira.say(&conversation, &long).await;
    }
    let request = Client::request(Method::GET, "/api/v1/me/export", None, &[]);
    let mut body = mira.open(request).await.into_body();
    let mut read = 0;
    let mut pieces = 0;
    while let Some(frame) = http_body_util::BodyExt::frame(&mut body).await {
        let data = frame.unwrap().into_data().unwrap();
        assert!(data.len() < 200_000, "{}", data.len());
        (read, pieces) = (read + data.len(), pieces + 1);
    }
    assert!(read > 24 * long.len() && pieces > 5, "{read} bytes in {pieces} pieces");
    // Whoever leaves early leaves nothing behind.
    let request = Client::request(Method::GET, "/api/v1/me/export", None, &[]);
    drop(mira.open(request).await);
    app.serene
        .base()
        .tasks
        .stop(std::time::Duration::ZERO, std::time::Duration::from_secs(5))
        .await;
}
