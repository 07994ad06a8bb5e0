//! The reply as events: framing, heartbeats, and what `done` promises.

use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use serde_json::json;

use super::{
    Stream, engines::prompted, event, eventually, generation_of, ledger, messages_of, only_reply,
    words,
};
use crate::{
    app::TestApp,
    database::{literal, not_on_sqlite},
};

#[tokio::test]
async fn a_reply_is_streamed_and_read_again() {
    let app = TestApp::scripted("long:5").await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let accept = [("accept", "text/event-stream")];
    let body = Some(json!({"content": "go on"}));
    let reply = mira.send(Method::POST, &messages_of(&conversation), body, &accept).await;
    assert_eq!(reply.status, StatusCode::OK);
    let events = reply.events();
    let text: String = events.iter().filter_map(|(_, _, data)| data["text"].as_str()).collect();
    let (name, id, done) = events.last().unwrap();
    assert_eq!((name.as_str(), id.as_deref()), ("done", Some("end")));
    assert_eq!(done["message"]["content"], text);
    let generation = reply.headers["x-generation-id"].to_str().unwrap();
    let stream = format!("{}/stream", generation_of(generation));
    let again = mira.get(&format!("{stream}?after=4")).await.events();
    assert_eq!(again[0].2["text"], text[4..]);
    assert_eq!(mira.get(&format!("{stream}?after=end")).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn events_come_as_the_model_writes() {
    let (model, setup) = prompted();
    let app = TestApp::with(setup).await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let mut stream = Stream::send(&mira, &conversation, json!({"content": "go on"})).await;
    let mut offset = 0;
    for word in ["The ", "rain ", "has ", "stopped "] {
        model.say(word);
        offset += word.len();
        let expected = format!("event: delta\nid: {offset}\ndata: {{\"text\":\"{word}\"}}\n\n");
        assert_eq!(stream.chunk().await.unwrap(), expected);
    }
    model.finish();
    let (text, (name, id, done)) = stream.rest().await;
    assert_eq!((text.as_str(), name.as_str(), id.as_deref()), ("", "done", Some("end")));
    assert_eq!(done["message"], only_reply(&mira, &conversation).await);
    let generation = done["generation"]["id"].as_str().unwrap();
    let stored = mira.get(&generation_of(generation)).await.expect(StatusCode::OK);
    assert_eq!(done["generation"], stored);
    assert_eq!(done.as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn the_bytes_of_a_stream_are_exactly_these() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    // What could break a line, in any client's idea of a line.
    let text = "a\nb\r\nc\rd\u{2028}e\u{85}f\n\n\"\\\u{1} data: x é 世 🌊";
    let exchange = mira.say(&conversation, text).await;
    let generation = generation_of(exchange["generation"]["id"].as_str().unwrap());
    let reply = mira.get(&format!("{generation}/stream")).await;
    let data = serde_json::to_string(&json!({"text": text})).unwrap();
    let message = &exchange["assistant_message"];
    let raw = reply.text();
    let (delta, done) = raw.split_at(raw.find("event: done").unwrap());
    assert_eq!(delta, format!("event: delta\nid: {}\ndata: {data}\n\n", text.len()));
    assert!(done.starts_with("event: done\nid: end\ndata: {\"message\":{\"id\":"), "{done}");
    let (_, _, data) = event(done);
    assert_eq!(data, json!({"message": message, "generation": exchange["generation"]}));
    assert!(!raw.contains('\r') && !raw.contains("\n\n\n") && raw.ends_with("}\n\n"));
}

#[tokio::test]
async fn a_stream_has_the_headers_that_proxies_and_clients_want() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let sent = Stream::send(&mira, &conversation, json!({"content": "hello"})).await;
    let generation = sent.generation();
    let path = format!("{}/stream", generation_of(&generation));
    let again = Stream::get(&mira, &path).await;
    for stream in [&sent, &again] {
        assert_eq!(stream.headers[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(stream.headers[header::CACHE_CONTROL], "no-cache");
        assert_eq!(stream.headers["x-accel-buffering"], "no");
        assert_eq!(stream.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(stream.headers["x-generation-id"], generation);
        assert!(!stream.headers.contains_key(header::CONTENT_LENGTH));
    }
}

#[tokio::test]
async fn events_are_sent_to_those_who_accept_them() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    for (accept, kind) in [
        ("text/event-stream", "text/event-stream"),
        ("Text/Event-Stream", "text/event-stream"),
        ("application/json, text/event-stream;q=0.9", "text/event-stream"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/event-stream-like", "application/json"),
    ] {
        let body = Some(json!({"content": "hello"}));
        let path = messages_of(&conversation);
        let reply = mira.send(Method::POST, &path, body, &[("accept", accept)]).await;
        assert_eq!(reply.headers[header::CONTENT_TYPE], kind, "{accept}");
    }
}

#[tokio::test]
async fn a_silent_stream_says_that_it_lives_in_paused_time_which_no_server_knows() {
    if not_on_sqlite() {
        return;
    }
    let app = TestApp::scripted("slow:40000+long:1").await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let mut stream = Stream::send(&mira, &conversation, json!({"content": "take your time"})).await;
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    for seconds in [15, 30] {
        assert_eq!(stream.chunk().await.unwrap(), ": ping\n", "a comment and no blank line");
        assert_eq!(start.elapsed().as_secs(), seconds);
    }
    assert_eq!(stream.delta().await, "The ");
    // The end is written by another thread, whose time does not stand still.
    tokio::time::resume();
    let (_, (name, ..)) = stream.rest().await;
    assert_eq!(name, "done");
}

#[tokio::test]
async fn done_is_sent_only_once_the_reply_is_on_disk() {
    let (model, setup) = prompted();
    let app = TestApp::with(setup).await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let mut stream = Stream::send(&mira, &conversation, json!({"content": "go on"})).await;
    model.say("The ");
    assert_eq!(stream.delta().await, "The ");
    // Somebody else writes: nothing can be committed.
    let lock = app.data.hold_writes();
    model.say("rain ");
    assert_eq!(stream.delta().await, "rain ");
    model.finish();
    let early = tokio::time::timeout(Duration::from_millis(300), stream.chunk()).await;
    assert!(early.is_err(), "{early:?}");
    drop(lock);
    let (_, (name, _, done)) = stream.rest().await;
    assert_eq!((name.as_str(), &done["message"]["status"]), ("done", &json!("complete")));
    let stored = format!(
        "SELECT COUNT(*) FROM messages WHERE status = 'complete' AND role = 'assistant' \
         AND content = {}",
        literal(b"The rain ")
    );
    assert_eq!(app.count(&stored), 1);
}

#[tokio::test]
async fn a_reply_goes_on_when_a_client_hangs_up_that_waited_for_json() {
    let (model, setup) = prompted();
    let app = TestApp::with(setup).await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let path = messages_of(&conversation);
    let send = mira.post(&path, json!({"content": "go on"}));
    assert!(tokio::time::timeout(Duration::from_millis(200), send).await.is_err());
    model.say("The rain ");
    model.finish();
    eventually("the reply is whole", async || {
        only_reply(&mira, &conversation).await["status"] == "complete"
    })
    .await;
    assert_eq!(only_reply(&mira, &conversation).await["content"], "The rain ");
}

#[tokio::test]
async fn hanging_up_before_the_end_does_not_save_the_bill() {
    let (model, setup) = prompted();
    let app = TestApp::with(setup).await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let mut stream = Stream::send(&mira, &conversation, json!({"content": "go on"})).await;
    model.say("four");
    stream.delta().await;
    drop(stream);
    model.say(&"more".repeat(9));
    model.finish();
    eventually("it is charged", async || !ledger(&app, &mira).await.is_empty()).await;
    let records = ledger(&app, &mira).await;
    assert_eq!(records.len(), 1, "and once only");
    assert_eq!(records[0].completion_tokens, 10, "for the whole reply, read or not");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_readers_get_the_same_text() {
    let app = TestApp::scripted("slow:5+long:60").await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let stream = Stream::send(&mira, &conversation, json!({"content": "go on"})).await;
    let path = format!("{}/stream", generation_of(&stream.generation()));
    let mut readers = tokio::task::JoinSet::new();
    readers.spawn(stream.rest());
    for number in 0..20 {
        let (mira, path) = (mira.clone(), path.clone());
        readers.spawn(async move {
            tokio::time::sleep(Duration::from_millis(number * 20)).await;
            Stream::get(&mira, &path).await.rest().await
        });
    }
    let mut ends = Vec::new();
    while let Some(read) = readers.join_next().await {
        let (text, end) = read.unwrap();
        assert_eq!(text, words(60));
        ends.push(end);
    }
    assert_eq!(ends.len(), 21);
    assert!(ends.iter().all(|end| *end == ends[0] && end.0 == "done"));
}
