//! Resuming: from any offset, while the reply is written and afterwards, exactly the rest.

use std::sync::LazyLock;

use axum::http::{Method, StatusCode};
use proptest::prelude::{ProptestConfig, Strategy, any, proptest};
use serde_json::json;
use tokio::runtime::Runtime;

use super::{Stream, generation_of, words};
use crate::app::{Client, TestApp};

/// Characters of one to four bytes, some of which only make sense together.
const MIXED: &str = "fixed:é e\u{301} 世界 👩\u{200d}👧 \u{1f1e9}\u{1f1ea} ok";

fn text() -> &'static str {
    &MIXED["fixed:".len()..]
}

fn after(generation: &str, offset: usize) -> String {
    format!("{}/stream?after={offset}", generation_of(generation))
}

/// Reads from this offset of a finished reply: exactly the rest, or a refusal inside a character.
async fn check_offset(client: &Client, generation: &str, text: &str, offset: usize) {
    let path = after(generation, offset);
    if offset <= text.len() && !text.is_char_boundary(offset) {
        let error = client.get(&path).await.expect_error(400, "INVALID_REQUEST");
        assert_eq!(error["field"], "after");
        return;
    }
    let (rest, (name, id, done)) = Stream::get(client, &path).await.rest().await;
    assert_eq!(rest, text.get(offset..).unwrap_or_default());
    assert_eq!((name.as_str(), id.as_deref()), ("done", Some("end")));
    assert_eq!(done["message"]["content"], text, "the end has the whole text");
}

/// One server for every case of the property below.
static SHARED: LazyLock<(Runtime, TestApp, Client)> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let (app, client) = runtime.block_on(async {
        let app = TestApp::new().await;
        let client = app.user("mira").await;
        (app, client)
    });
    (runtime, app, client)
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_text_can_be_resumed_at_any_offset(
        text in proptest::collection::vec(any::<char>(), 1..10)
            .prop_map(|chars| chars.into_iter().collect::<String>())
            .prop_filter("a message says something", |text| {
                !text.trim().is_empty() && !text.contains('\0')
            })
    ) {
        let (runtime, _, client) = &*SHARED;
        runtime.block_on(async {
            let exchange = client.say(&client.conversation().await, &text).await;
            let generation = exchange["generation"]["id"].as_str().unwrap();
            for offset in 0..text.len() + 3 {
                check_offset(client, generation, &text, offset).await;
            }
        });
    }
}

#[tokio::test]
async fn a_running_reply_is_resumed_at_any_offset_it_has_reached() {
    let script = format!("slow:15+{MIXED}");
    let app = TestApp::scripted(Box::leak(script.into_boxed_str())).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut first = Stream::send(&mira, &id, json!({"content": "go on"})).await;
    let generation = first.generation();
    let mut seen = String::new();
    let mut readers = Vec::new();
    while seen.len() < text().len() - 2 {
        seen.push_str(&first.delta().await);
        for offset in 0..=seen.len() {
            let reader = Stream::get(&mira, &after(&generation, offset)).await;
            if seen.is_char_boundary(offset) {
                readers.push((offset, reader));
            } else {
                assert_eq!(reader.status, StatusCode::BAD_REQUEST);
            }
        }
    }
    assert!(readers.len() > 30, "{}", readers.len());
    for (offset, reader) in readers {
        let (rest, (name, _, done)) = reader.rest().await;
        assert_eq!((rest.as_str(), name.as_str()), (&text()[offset..], "done"));
        assert_eq!(done["message"]["content"], text());
    }
}

#[tokio::test]
async fn a_reader_ahead_of_a_running_reply_gets_its_end() {
    let app = TestApp::scripted("slow:10+long:5").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut first = Stream::send(&mira, &id, json!({"content": "go on"})).await;
    first.delta().await;
    let ahead = Stream::get(&mira, &after(&first.generation(), 10_000)).await;
    let (text, (name, _, done)) = ahead.rest().await;
    assert_eq!((text.as_str(), name.as_str()), ("", "done"));
    assert_eq!(done["message"]["content"], words(5));
}

#[tokio::test]
async fn the_last_event_id_says_where_to_resume() {
    let app = TestApp::scripted(MIXED).await;
    let mira = app.user("mira").await;
    let exchange = mira.say(&mira.conversation().await, "go on").await;
    let generation = generation_of(exchange["generation"]["id"].as_str().unwrap());
    let stream = format!("{generation}/stream");
    let resume = async |path: &str, last: &str| {
        mira.send(Method::GET, path, None, &[("last-event-id", last)]).await
    };
    let offset = "é e\u{301} ".len();
    let rest = resume(&stream, &offset.to_string()).await.events();
    assert_eq!(rest[0].2["text"], text()[offset..]);
    assert_eq!(rest[0].1, Some(text().len().to_string()), "ids go on from there");
    let rest = resume(&format!("{stream}?after=0"), &offset.to_string()).await.events();
    assert_eq!(rest[0].2["text"], text()[offset..], "the header counts for more");
    assert_eq!(resume(&stream, "end").await.status, StatusCode::NO_CONTENT);
    let over = mira.get(&format!("{stream}?after=end")).await;
    assert_eq!((over.status, over.bytes.len()), (StatusCode::NO_CONTENT, 0));
    resume(&stream, "1").await.expect_error(400, "INVALID_REQUEST");
}

#[tokio::test]
async fn what_is_no_offset_is_refused() {
    let app = TestApp::new().await;
    let (mira, odo) = (app.user("mira").await, app.user("odo").await);
    let exchange = mira.say(&mira.conversation().await, "hello").await;
    let stream =
        format!("{}/stream", generation_of(exchange["generation"]["id"].as_str().unwrap()));
    for bad in ["-1", "x", "", "1.0", "END", "99999999999999999999", "%00"] {
        let path = format!("{stream}?after={bad}");
        mira.get(&path).await.expect_error(400, "INVALID_REQUEST");
        if bad != "%00" {
            let header = mira.send(Method::GET, &stream, None, &[("last-event-id", bad)]).await;
            header.expect_error(400, "INVALID_REQUEST");
        }
    }
    for query in ["", "?after=0", "?after=1", "?after=end"] {
        let path = format!("{stream}{query}");
        odo.get(&path).await.expect_error(404, "GENERATION_NOT_FOUND");
    }
}
