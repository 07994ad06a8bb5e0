//! Sending messages and getting replies.

mod again;
mod crashes;
mod cuts;
pub(crate) mod engines;
pub(crate) mod failures;
mod prompts;
mod resuming;
mod retrying;
mod sending;
mod stopping;
mod streaming;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderMap, Method, StatusCode},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use serene_llm::Event;

use self::engines::{Custom, custom};
use crate::{
    app::{Client, Setup, TestApp},
    database::{Cell, TestData},
};

#[tokio::test]
async fn a_message_is_stored_and_answered() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let exchange = mira.say(&conversation, "good evening").await;
    assert_eq!(exchange["assistant_message"]["content"], "good evening");
    assert_eq!(exchange["assistant_message"]["status"], "complete");
    assert_eq!(exchange["generation"]["usage"]["estimated"], false);
    let page = mira.get(&messages_of(&conversation)).await.expect(StatusCode::OK);
    assert_eq!(page["items"], json!([exchange["user_message"], exchange["assistant_message"]]));
    let generation = generation_of(exchange["generation"]["id"].as_str().unwrap());
    assert_eq!(mira.get(&generation).await.expect(StatusCode::OK), exchange["generation"]);
    let conversation = format!("/api/v1/conversations/{conversation}");
    let conversation = mira.get(&conversation).await.expect(StatusCode::OK);
    assert_eq!(conversation["active_generation_id"], Value::Null);
}

#[tokio::test]
async fn the_message_is_on_disk_before_the_model_is_asked() {
    let seen = Arc::new(Mutex::new(None));
    let data = Arc::new(TestData::new());
    let (disk, look) = (Arc::clone(&data), Arc::clone(&seen));
    let engine = Custom::new(move || {
        let rows = disk.rows("SELECT role, status, content FROM messages ORDER BY position");
        *look.lock().unwrap() = Some(rows);
        vec![Ok(Event::Delta("yes".into()))]
    });
    let setup = Setup { data: Some(data), ..custom(engine) };
    let app = TestApp::with(setup).await;
    let mira = app.user("mira").await;
    mira.say(&mira.conversation().await, "are you there?").await;
    let seen = seen.lock().unwrap().clone();
    // Not every driver tells text from bytes.
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        Cell::Blob(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        other => panic!("no text: {other:?}"),
    };
    let seen = seen.expect("the model was asked");
    let seen: Vec<Vec<String>> = seen.iter().map(|row| row.iter().map(text).collect()).collect();
    assert_eq!(seen, [["user", "complete", "are you there?"], ["assistant", "pending", ""]]);
}

pub(crate) fn messages_of(conversation: &str) -> String {
    format!("/api/v1/conversations/{conversation}/messages")
}

pub(crate) fn generation_of(id: &str) -> String {
    format!("/api/v1/generations/{id}")
}

/// The first `count` deltas that `long` gives, as one text.
pub(crate) fn words(count: usize) -> String {
    const WORDS: [&str; 8] =
        ["The ", "rain ", "has ", "stopped ", "and ", "the ", "street ", "shines. "];
    WORDS.into_iter().cycle().take(count).collect()
}

/// What is stored of the one reply there is.
pub(crate) async fn only_reply(client: &Client, conversation: &str) -> Value {
    let page = client.get(&messages_of(conversation)).await.expect(StatusCode::OK);
    assert_eq!(page["items"].as_array().unwrap().len(), 2, "{page}");
    page["items"][1].clone()
}

pub(crate) async fn active_generation(client: &Client, conversation: &str) -> Value {
    let path = format!("/api/v1/conversations/{conversation}");
    client.get(&path).await.expect(StatusCode::OK)["active_generation_id"].clone()
}

/// Waits until this holds, for at most twenty seconds.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..2000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("this never came to be: {what}");
}

/// A reply that is being read.
pub(crate) struct Stream {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

impl Stream {
    /// Sends a message and reads the reply as events.
    pub(crate) async fn send(client: &Client, conversation: &str, body: Value) -> Self {
        let path = messages_of(conversation);
        Self::open(client, Method::POST, &path, Some(body), &[("accept", "text/event-stream")])
            .await
    }

    /// Reads a reply as [`Client::get`] would.
    pub(crate) async fn get(client: &Client, path: &str) -> Self {
        Self::open(client, Method::GET, path, None, &[]).await
    }

    pub(crate) async fn open(
        client: &Client,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Self {
        let response = client.open(Client::request(method, path, body, headers)).await;
        let (parts, body) = response.into_parts();
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) fn generation(&self) -> String {
        assert_eq!(self.status, StatusCode::OK);
        self.headers["x-generation-id"].to_str().unwrap().to_owned()
    }

    /// The next bytes as they come; `None` at the end.
    pub(crate) async fn chunk(&mut self) -> Option<String> {
        let frame = self.body.frame().await?.unwrap();
        Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
    }

    /// The text of the next event, which must be a delta.
    pub(crate) async fn delta(&mut self) -> String {
        let chunk = self.chunk().await.unwrap();
        let (name, _, data) = event(&chunk);
        assert_eq!(name, "delta", "{chunk}");
        data["text"].as_str().unwrap().to_owned()
    }

    /// The rest: the text of the deltas, and the last event.
    pub(crate) async fn rest(mut self) -> (String, Read) {
        let mut text = String::new();
        let mut last = None;
        while let Some(chunk) = self.chunk().await {
            if chunk == ": ping\n" {
                continue;
            }
            assert!(last.is_none(), "nothing comes after the last event: {chunk}");
            let read = event(&chunk);
            if read.0 == "delta" {
                text.push_str(read.2["text"].as_str().unwrap());
            } else {
                last = Some(read);
            }
        }
        (text, last.expect("a last event"))
    }
}

/// The name, the id and the data of an event.
pub(crate) type Read = (String, Option<String>, Value);

/// Reads one event, which must be framed as every client can read it: each field on one line of
/// its own, ended by one line feed, and one blank line at the end.
fn event(chunk: &str) -> Read {
    let fields = chunk.strip_suffix("\n\n").unwrap_or_else(|| panic!("no end: {chunk:?}"));
    assert!(!fields.contains("\n\n") && !fields.contains('\r'), "{chunk:?}");
    let lines: Vec<&str> = fields.split('\n').collect();
    let field = |line: Option<&&str>, name: &str| {
        let line = line.unwrap_or_else(|| panic!("no {name}: {chunk:?}"));
        let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
        value.unwrap_or_else(|| panic!("no {name}: {chunk:?}")).to_owned()
    };
    let name = field(lines.first(), "event");
    let id = (lines.len() > 2).then(|| field(lines.get(1), "id"));
    let data = field(lines.last(), "data");
    assert_eq!(lines.len(), 2 + usize::from(id.is_some()), "{chunk:?}");
    (name, id, serde_json::from_str(&data).unwrap())
}

/// What the ledger says of this client: one record per call of a model.
pub(crate) async fn ledger(app: &TestApp, client: &Client) -> Vec<serene_llm::Usage> {
    let records = app.serene.ledger.records(app.owner(client)).await.unwrap();
    records.into_iter().map(|(_, usage)| usage).collect()
}

/// Asserts that the API prints this usage for this generation.
#[track_caller]
pub(crate) fn same_usage(printed: &Value, usage: &serene_llm::Usage) {
    assert_eq!(
        printed["usage"],
        json!({
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
            "cached_tokens": usage.cached_tokens,
            "estimated": usage.estimated,
        })
    );
}
