//! Conversations: making, finding, changing, ending and deleting them.

use std::collections::HashSet;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use serene_core::conversations::Kind;

use crate::app::{Client, PASSWORD, TestApp};

const ALL: &str = "/api/v1/conversations";
const DAY_SECONDS: i64 = 24 * 60 * 60;

fn path(id: &str) -> String {
    format!("{ALL}/{id}")
}

fn id_of(conversation: &Value) -> String {
    conversation["id"].as_str().unwrap().to_owned()
}

/// The ids on a shelf, page by page of `limit`, and the lengths of the pages.
async fn shelf(client: &Client, shelf: &str, limit: u32) -> (Vec<String>, Vec<usize>) {
    let (mut ids, mut lengths) = (Vec::new(), Vec::new());
    let mut next = format!("{ALL}?shelf={shelf}&limit={limit}");
    loop {
        let page = client.get(&next).await.expect(StatusCode::OK);
        let items = page["items"].as_array().unwrap();
        lengths.push(items.len());
        ids.extend(items.iter().map(id_of));
        let Some(cursor) = page["next_cursor"].as_str() else { return (ids, lengths) };
        next = format!("{ALL}?shelf={shelf}&limit={limit}&cursor={cursor}");
    }
}

async fn is_on(client: &Client, name: &str, id: &str) -> bool {
    shelf(client, name, 100).await.0.iter().any(|other| other == id)
}

#[tokio::test]
async fn creating_with_an_own_id_is_idempotent() {
    let app = TestApp::new().await;
    let (mira, odo) = (app.user("mira").await, app.user("odo").await);
    let id = "0199e4c7-54c8-7a53-a5b0-0e9cfbe7aa2d";
    let body = json!({"id": id, "title": "A walk by the river"});
    let first = mira.post(ALL, body.clone()).await.expect(StatusCode::CREATED);
    assert_eq!((&first["id"], &first["title"]), (&body["id"], &body["title"]));
    app.clock.step_seconds(60);
    let again = mira.post(ALL, json!({"id": id, "title": "Another"})).await;
    assert_eq!(again.expect(StatusCode::CREATED), first, "the one that is there");

    // The same id is free for somebody else, and is another conversation.
    let theirs = odo.post(ALL, json!({"id": id})).await.expect(StatusCode::CREATED);
    assert_eq!(theirs["title"], Value::Null);
    odo.delete(&format!("{}?permanent=true", path(id))).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(mira.get(&path(id)).await.expect(StatusCode::OK), first);

    mira.delete(&path(id)).await.expect(StatusCode::NO_CONTENT);
    mira.post(ALL, json!({"id": id})).await.expect_error(409, "ID_TAKEN");
}

#[tokio::test]
async fn pages_hold_every_conversation_once_with_the_last_active_first() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let mut made = Vec::new();
    for n in 0..120 {
        // Some share a moment: the order is total all the same.
        app.clock.step_seconds(i64::from(n % 3 == 0));
        made.push(mira.conversation().await);
    }
    let (ids, lengths) = shelf(&mira, "active", 50).await;
    assert_eq!(lengths, [50, 50, 20]);
    assert_eq!(shelf(&mira, "active", 50).await.0, ids, "the same order each time");
    let distinct: HashSet<_> = ids.iter().collect();
    assert_eq!(distinct, made.iter().collect());
    let moment = |id: &String| made.iter().position(|other| other == id).unwrap() / 3;
    assert!(ids.is_sorted_by_key(|id| std::cmp::Reverse(moment(id))), "newest first");

    app.clock.step_seconds(1);
    mira.say(&made[0], "still here").await;
    let (ids, _) = shelf(&mira, "active", 100).await;
    assert_eq!(ids[0], made[0], "writing in a conversation brings it to the front");
    app.clock.step_seconds(1);
    mira.patch(&path(&made[1]), json!({"title": "Renamed"})).await.expect(StatusCode::OK);
    mira.patch(&path(&made[2]), json!({"pinned": true})).await.expect(StatusCode::OK);
    let (ids, _) = shelf(&mira, "active", 100).await;
    assert_eq!(ids[..2], [made[1].clone(), made[0].clone()], "renaming as well, pinning not");
}

#[tokio::test]
async fn pages_lose_and_repeat_nothing_while_others_are_written() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let mut made = HashSet::new();
    for _ in 0..9 {
        app.clock.step_seconds(1);
        made.insert(mira.conversation().await);
    }
    let mut read = Vec::new();
    let mut next = format!("{ALL}?limit=3");
    loop {
        let page = mira.get(&next).await.expect(StatusCode::OK);
        read.extend(page["items"].as_array().unwrap().iter().map(id_of));
        // A new one, a message in one that was read, and one of those deleted.
        app.clock.step_seconds(1);
        mira.conversation().await;
        mira.say(read.last().unwrap(), "once more").await;
        mira.delete(&path(&read[0])).await;
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("{ALL}?limit=3&cursor={cursor}");
    }
    assert_eq!(read.len(), made.len());
    assert_eq!(read.into_iter().collect::<HashSet<_>>(), made);
}

#[tokio::test]
async fn a_page_is_bounded_and_a_cursor_is_checked() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    for query in ["limit=0", "limit=101", "limit=-1", "limit=x", "cursor=x", "shelf=attic", "x=1"] {
        mira.get(&format!("{ALL}?{query}")).await.expect_error(400, "INVALID_REQUEST");
    }
    let page = mira.get(&format!("{ALL}?limit=100")).await.expect(StatusCode::OK);
    assert_eq!(page, json!({"items": [], "next_cursor": null}));
}

#[tokio::test]
async fn a_conversation_is_renamed_and_pinned() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let change = async |body| mira.patch(&path(&id), body).await;
    let now = app.clock.now().to_string();
    let renamed = change(json!({"title": "  Notes 🌊 "})).await.expect(StatusCode::OK);
    assert_eq!(renamed["title"], "Notes 🌊");
    let pinned = change(json!({"pinned": true})).await.expect(StatusCode::OK);
    assert_eq!(pinned["pinned_at"].as_str().unwrap(), now);
    assert_eq!(pinned["title"], "Notes 🌊");
    assert_eq!(mira.get(&path(&id)).await.expect(StatusCode::OK), pinned);
    let unpinned = change(json!({"pinned": false})).await.expect(StatusCode::OK);
    assert_eq!(unpinned["pinned_at"], Value::Null);

    for body in [
        json!({}),
        json!({"title": " "}),
        json!({"title": "x".repeat(201)}),
        json!({"title": "a\0b"}),
        json!({"name": "x"}),
        json!({"pinned": "yes"}),
    ] {
        change(body).await.expect_error(400, "INVALID_REQUEST");
    }
    assert_eq!(mira.get(&path(&id)).await.expect(StatusCode::OK), unpinned, "nothing changed");
}

#[tokio::test]
async fn archiving_moves_between_shelves() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let archived = mira.patch(&path(&id), json!({"archived": true})).await.expect(StatusCode::OK);
    assert!(archived["archived_at"].is_string());
    assert!(is_on(&mira, "archived", &id).await && !is_on(&mira, "active", &id).await);
    mira.get(&path(&id)).await.expect(StatusCode::OK);
    let back = mira.patch(&path(&id), json!({"archived": false})).await.expect(StatusCode::OK);
    assert_eq!(back["archived_at"], Value::Null);
    assert!(is_on(&mira, "active", &id).await && !is_on(&mira, "archived", &id).await);
}

#[tokio::test]
async fn an_ended_conversation_stays_readable_and_takes_no_message() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let exchange = mira.say(&id, "that was all").await;
    let end = format!("{}/end", path(&id));
    let ended = mira.post(&end, json!({})).await.expect(StatusCode::OK);
    assert!(ended["ended_at"].is_string());
    app.clock.step_seconds(60);
    assert_eq!(mira.post(&end, json!({})).await.expect(StatusCode::OK), ended, "again is the same");

    let messages = format!("{}/messages", path(&id));
    mira.post(&messages, json!({"content": "one more"}))
        .await
        .expect_error(409, "CONVERSATION_ENDED");
    assert_eq!(mira.get(&path(&id)).await.expect(StatusCode::OK), ended);
    let page = mira.get(&messages).await.expect(StatusCode::OK);
    assert_eq!(page["items"], json!([exchange["user_message"], exchange["assistant_message"]]));
    // A message that was sent before the end can be asked for again.
    let repeat = json!({"id": exchange["user_message"]["id"], "content": "that was all"});
    assert_eq!(mira.post(&messages, repeat).await.expect(StatusCode::CREATED), exchange);
}

/// Everything that names a conversation in the trash finds nothing.
async fn expect_gone(client: &Client, id: &str) {
    let path = path(id);
    let messages = format!("{path}/messages");
    let gone = "CONVERSATION_NOT_FOUND";
    client.get(&path).await.expect_error(404, gone);
    client.patch(&path, json!({"title": "x"})).await.expect_error(404, gone);
    client.post(&format!("{path}/end"), json!({})).await.expect_error(404, gone);
    client.get(&messages).await.expect_error(404, gone);
    client.post(&messages, json!({"content": "x"})).await.expect_error(404, gone);
    client.delete(&messages).await.expect_error(404, gone);
    client.delete(&path).await.expect_error(404, gone);
}

#[tokio::test]
async fn a_deleted_conversation_waits_in_the_trash() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let exchange = mira.say(&id, "hello").await;
    let message = format!("/api/v1/messages/{}", exchange["user_message"]["id"].as_str().unwrap());
    let generation =
        format!("/api/v1/generations/{}", exchange["generation"]["id"].as_str().unwrap());
    let before = mira.get(&path(&id)).await.expect(StatusCode::OK);

    mira.delete(&path(&id)).await.expect(StatusCode::NO_CONTENT);
    expect_gone(&mira, &id).await;
    mira.get(&message).await.expect_error(404, "MESSAGE_NOT_FOUND");
    mira.delete(&message).await.expect_error(404, "MESSAGE_NOT_FOUND");
    mira.get(&generation).await.expect_error(404, "GENERATION_NOT_FOUND");
    mira.get(&format!("{generation}/stream")).await.expect_error(404, "GENERATION_NOT_FOUND");
    assert!(is_on(&mira, "trash", &id).await && !is_on(&mira, "active", &id).await);

    let restore = format!("{}/restore", path(&id));
    let back = mira.post(&restore, json!({})).await.expect(StatusCode::OK);
    assert_eq!(back, before);
    assert!(!is_on(&mira, "trash", &id).await && is_on(&mira, "active", &id).await);
    assert_eq!(mira.get(&message).await.expect(StatusCode::OK), exchange["user_message"]);
    mira.post(&restore, json!({})).await.expect_error(404, "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn an_archived_conversation_is_restored_to_the_archive() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    mira.patch(&path(&id), json!({"archived": true})).await.expect(StatusCode::OK);
    mira.delete(&path(&id)).await.expect(StatusCode::NO_CONTENT);
    assert!(!is_on(&mira, "archived", &id).await);
    let restore = format!("{}/restore", path(&id));
    let back = mira.post(&restore, json!({})).await.expect(StatusCode::OK);
    assert!(back["archived_at"].is_string());
    assert!(is_on(&mira, "archived", &id).await && !is_on(&mira, "active", &id).await);
}

/// How many rows of each table hang on a conversation.
fn rows_of_conversations(app: &TestApp) -> Vec<i64> {
    ["conversations", "messages", "generations", "attachments", "generation_chunks"]
        .iter()
        .map(|table| app.count(&format!("SELECT COUNT(*) FROM {table}")))
        .collect()
}

#[tokio::test]
async fn permanent_deletion_leaves_nothing_wherever_it_lies() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let (here, trashed) = (mira.conversation().await, mira.conversation().await);
    for id in [&here, &trashed] {
        let image = "data:image/gif;base64,R0lGODlh";
        let body = json!({"content": "hello", "attachments": [image]});
        mira.post(&format!("{}/messages", path(id)), body).await.expect(StatusCode::CREATED);
    }
    mira.delete(&path(&trashed)).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(rows_of_conversations(&app), [2, 4, 2, 2, 0]);
    for id in [&here, &trashed] {
        let permanent = format!("{}?permanent=true", path(id));
        mira.delete(&permanent).await.expect(StatusCode::NO_CONTENT);
        expect_gone(&mira, id).await;
        mira.delete(&permanent).await.expect_error(404, "CONVERSATION_NOT_FOUND");
        let restore = format!("{}/restore", path(id));
        mira.post(&restore, json!({})).await.expect_error(404, "CONVERSATION_NOT_FOUND");
    }
    assert_eq!(rows_of_conversations(&app), [0; 5]);
    assert_eq!(app.count("SELECT COUNT(*) FROM usage_records"), 2, "what it cost stays known");
}

#[tokio::test]
async fn the_trash_is_emptied_after_thirty_days() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let (old, younger, kept) =
        (mira.conversation().await, mira.conversation().await, mira.conversation().await);
    mira.say(&old, "long ago").await;
    mira.delete(&path(&old)).await.expect(StatusCode::NO_CONTENT);
    app.clock.step_seconds(10);
    mira.delete(&path(&younger)).await.expect(StatusCode::NO_CONTENT);

    app.clock.step_seconds(30 * DAY_SECONDS - 10);
    let conversations = &app.serene.conversations;
    assert_eq!(conversations.purge_trash().await, Ok(0), "thirty days are not over");
    app.clock.step_seconds(1);
    assert_eq!(conversations.purge_trash().await, Ok(1));
    assert_eq!(conversations.purge_trash().await, Ok(0));

    let login = json!({"username": "mira", "password": PASSWORD});
    let login = app.anonymous().post("/api/v1/auth/login", login).await.expect(StatusCode::OK);
    let mira = app.signed_in(&login);
    assert_eq!(shelf(&mira, "trash", 100).await.0, [younger]);
    assert_eq!(shelf(&mira, "active", 100).await.0, [kept]);
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), 0);
    let restore = format!("{}/restore", path(&old));
    mira.post(&restore, json!({})).await.expect_error(404, "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn a_purge_that_was_cut_off_is_finished_and_cannot_be_undone() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    mira.say(&id, "hello").await;
    mira.delete(&path(&id)).await.expect(StatusCode::NO_CONTENT);
    // As a purge leaves it that began and got no further.
    let begun = "UPDATE conversations SET shelf = 'purging', deleted_at = 0";
    assert_eq!(app.data.execute(begun), 1);
    let restore = format!("{}/restore", path(&id));
    mira.post(&restore, json!({})).await.expect_error(404, "CONVERSATION_NOT_FOUND");
    assert!(!is_on(&mira, "trash", &id).await);
    assert_eq!(app.serene.conversations.purge_trash().await, Ok(1));
    assert_eq!(rows_of_conversations(&app), [0; 5]);
}

#[tokio::test]
async fn the_lists_show_chats_and_not_journal_sessions() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let owner = app.owner(&mira);
    let new =
        serene_core::conversations::NewConversation { kind: Kind::Session, ..Default::default() };
    app.serene.conversations.create(owner, new).await.unwrap();
    assert!(shelf(&mira, "active", 100).await.0.is_empty());
}

#[tokio::test]
async fn what_a_body_may_not_say_is_refused_by_name() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    for (body, word) in [
        (json!({"titel": "x"}), "titel"),
        (json!({"id": "not a uuid"}), "UUID"),
        (json!({"title": 7}), "integer"),
        (json!({"title": "x".repeat(201)}), "200"),
    ] {
        let error = mira.post(ALL, body).await.expect_error(400, "INVALID_REQUEST");
        assert!(error["error"].as_str().unwrap().contains(word), "{error}");
    }
    let array = mira.send(Method::POST, ALL, Some(json!([])), &[]).await;
    array.expect_error(400, "INVALID_JSON");
}

fn fork_of(id: &str) -> String {
    format!("/api/v1/conversations/{id}/fork")
}

#[tokio::test]
async fn a_fork_has_the_messages_up_to_a_position_and_goes_its_own_way() {
    for app in [TestApp::new().await, TestApp::sealed("echo").await] {
        let mira = app.user("mira").await;
        let id = mira.conversation().await;
        for text in ["one", "two", "three"] {
            mira.say(&id, text).await;
        }
        let image = "data:image/gif;base64,R0lGODlh";
        let body = json!({"content": "look", "attachments": [image]});
        let path = format!("/api/v1/conversations/{id}/messages");
        mira.post(&path, body).await.expect(StatusCode::CREATED);
        let all = mira.get(&path).await.expect(StatusCode::OK)["items"].clone();

        let fork = mira.post(&fork_of(&id), json!({"position": 4})).await;
        let fork = fork.expect(StatusCode::CREATED);
        assert_eq!((&fork["message_count"], &fork["title"]), (&json!(4), &json!("one")));
        let forked = format!("/api/v1/conversations/{}/messages", fork["id"].as_str().unwrap());
        let copied = mira.get(&forked).await.expect(StatusCode::OK)["items"].clone();
        assert_eq!(copied.as_array().unwrap().len(), 4);
        for (copy, first) in copied.as_array().unwrap().iter().zip(all.as_array().unwrap()) {
            for same in ["content", "role", "position", "status", "created_at", "engine"] {
                assert_eq!(copy[same], first[same], "{same}");
            }
            assert_ne!(copy["id"], first["id"]);
            assert_eq!(copy["conversation_id"], fork["id"]);
        }
        mira.say(fork["id"].as_str().unwrap(), "another way").await;
        assert_eq!(mira.get(&path).await.expect(StatusCode::OK)["items"], all, "it is as it was");

        // With its images, and in whole when the position is past the end.
        let whole = json!({"position": 99, "title": "All of it"});
        let whole = mira.post(&fork_of(&id), whole).await.expect(StatusCode::CREATED);
        assert_eq!((&whole["message_count"], &whole["title"]), (&json!(8), &json!("All of it")));
        let forked = format!("/api/v1/conversations/{}/messages", whole["id"].as_str().unwrap());
        let copied = mira.get(&forked).await.expect(StatusCode::OK)["items"].clone();
        let (copy, first) = (&copied[6]["attachments"][0], &all[6]["attachments"][0]);
        assert_ne!(copy["id"], first["id"]);
        let bytes = |attachment: &serde_json::Value| {
            let url = attachment["url"].as_str().unwrap().to_owned();
            let mira = mira.clone();
            async move { mira.get(&url).await.bytes }
        };
        assert_eq!(bytes(copy).await, bytes(first).await);
    }
}

#[tokio::test]
async fn a_fork_takes_the_version_that_is_shown_and_nothing_that_is_being_written() {
    let app = TestApp::scripted("slow:5+long:30").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let reply = mira.say(&id, "one").await["assistant_message"]["id"].clone();
    let reply = format!("/api/v1/messages/{}", reply.as_str().unwrap());
    let again = format!("{reply}/regenerate");
    mira.post(&again, json!({})).await.expect(StatusCode::CREATED);
    mira.post(&format!("{reply}/choose"), json!({})).await.expect(StatusCode::OK);
    let shown = mira.get(&reply).await.expect(StatusCode::OK);
    let fork = mira.post(&fork_of(&id), json!({"position": 2})).await.expect(StatusCode::CREATED);
    let forked = format!("/api/v1/conversations/{}/messages", fork["id"].as_str().unwrap());
    let copied = mira.get(&forked).await.expect(StatusCode::OK)["items"].clone();
    assert_eq!((&copied[1]["content"], &copied[1]["version"]), (&shown["content"], &json!(1)));
    assert_eq!(copied[1]["version_count"], 1);

    let path = format!("/api/v1/conversations/{id}/messages");
    let events = [("accept", "text/event-stream")];
    let more = Some(json!({"content": "more"}));
    let running = mira.open(Client::request(Method::POST, &path, more, &events)).await;
    let generation = running.headers()["x-generation-id"].to_str().unwrap();
    let busy = mira.post(&fork_of(&id), json!({"position": 4})).await;
    assert_eq!(busy.expect_error(409, "CONVERSATION_BUSY")["generation_id"], generation);
    // What was said before it can be had meanwhile.
    mira.post(&fork_of(&id), json!({"position": 2})).await.expect(StatusCode::CREATED);
    let made = "SELECT COUNT(*) FROM conversations WHERE shelf = 'purging'";
    assert_eq!(app.count(made), 0, "nothing is left of the one that was refused");
}

#[tokio::test]
async fn a_fork_under_an_id_of_ones_own_is_made_once() {
    const ID: &str = "0199e4c7-54c8-7a53-a5b0-0e9cfbe7aa2d";
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    mira.say(&id, "one").await;
    let body = json!({"position": 2, "id": ID});
    let first = mira.post(&fork_of(&id), body.clone()).await.expect(StatusCode::CREATED);
    assert_eq!(first["id"], ID);
    let again = mira.post(&fork_of(&id), body.clone()).await.expect(StatusCode::CREATED);
    assert_eq!(again, first);
    let path = format!("/api/v1/conversations/{ID}");
    mira.delete(&path).await.expect(StatusCode::NO_CONTENT);
    mira.post(&fork_of(&id), body.clone()).await.expect_error(409, "ID_TAKEN");
    // As a crash leaves it in the middle of the copy: the same request begins anew.
    let cut_off = "UPDATE conversations SET shelf = 'purging' WHERE shelf = 'trash'";
    assert_eq!(app.data.execute(cut_off), 1);
    let anew = mira.post(&fork_of(&id), body).await.expect(StatusCode::CREATED);
    assert_eq!((&anew["id"], &anew["message_count"]), (&json!(ID), &json!(2)));
    for bad in [json!({}), json!({"position": 0}), json!({"position": -1})] {
        mira.post(&fork_of(&id), bad).await.expect_error(400, "INVALID_REQUEST");
    }
}

#[tokio::test]
async fn a_long_conversation_is_forked_whole() {
    let app = TestApp::scripted("long:1").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    for number in 0..130 {
        mira.say(&id, &format!("message {number}")).await;
    }
    let fork = mira.post(&fork_of(&id), json!({"position": 251})).await;
    let fork = fork.expect(StatusCode::CREATED);
    assert_eq!(fork["message_count"], 251);
    let counted = format!(
        "SELECT COUNT(*) FROM messages m JOIN conversations c ON c.id = m.conversation_id \
         WHERE c.id = X'{}' AND c.next_position = 252",
        fork["id"].as_str().unwrap().replace('-', "")
    );
    assert_eq!(app.count(&counted), 251);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_tasks_that_read_then_write_one_conversation_never_find_it_locked() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..16 {
        let (mira, id) = (mira.clone(), id.clone());
        tasks.spawn(async move {
            let messages = format!("{}/messages", path(&id));
            let mut sent = 0;
            for round in 0..10 {
                let read = mira.get(&path(&id)).await.expect(StatusCode::OK);
                assert!(read["message_count"].as_i64().unwrap() >= sent);
                let title = json!({"title": format!("{task} in round {round}")});
                mira.patch(&path(&id), title).await.expect(StatusCode::OK);
                mira.get(&messages).await.expect(StatusCode::OK);
                let reply = mira.post(&messages, json!({"content": format!("{task}, {round}")}));
                let reply = reply.await;
                // Busy is an answer. Locked would be the database's trouble, not the sender's.
                if reply.status == StatusCode::CREATED {
                    sent += 2;
                } else {
                    reply.expect_error(409, "CONVERSATION_BUSY");
                }
            }
            sent
        });
    }
    let sent: i64 = tasks.join_all().await.into_iter().sum();
    let read = mira.get(&path(&id)).await.expect(StatusCode::OK);
    assert_eq!(read["message_count"], sent);
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), sent);
}
