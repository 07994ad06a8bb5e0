//! The API as a client speaks it.

use std::collections::VecDeque;

use reqwest::{Method, Response};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

/// What is wrong with an answer, or why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// The connection is gone.
    #[error("the connection broke")]
    Broken(#[from] reqwest::Error),
    /// It is no answer of this API.
    #[error("{0}")]
    Strange(String),
}

/// A running server.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: reqwest::Client,
    url: String,
}

/// A request.
pub(crate) struct Call<'a> {
    pub(crate) path: String,
    pub(crate) token: &'a str,
    /// GET without one.
    pub(crate) body: Option<Value>,
    pub(crate) key: Option<&'a str>,
    pub(crate) events: bool,
}

impl<'a> Call<'a> {
    pub(crate) fn get(token: &'a str, path: String) -> Self {
        Self { path, token, body: None, key: None, events: false }
    }

    pub(crate) fn post(token: &'a str, path: String, body: Value) -> Self {
        Self { body: Some(body), ..Self::get(token, path) }
    }
}

/// A message as it is read.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: Uuid,
    pub(crate) position: i64,
    pub(crate) version: i64,
    pub(crate) version_count: i64,
    pub(crate) shown: bool,
    pub(crate) role: String,
    pub(crate) status: String,
    pub(crate) content: String,
    pub(crate) generation_id: Option<Uuid>,
}

/// A generation as it is read.
#[derive(Debug, Deserialize)]
pub(crate) struct Generation {
    pub(crate) message_id: Uuid,
    pub(crate) status: String,
}

/// A conversation as it is read.
#[derive(Debug, Deserialize)]
pub(crate) struct Conversation {
    pub(crate) id: Uuid,
    pub(crate) title: Option<String>,
    pub(crate) active_generation_id: Option<Uuid>,
    pub(crate) message_count: usize,
}

/// An entry as it is read.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: Uuid,
    pub(crate) note: String,
    pub(crate) ai_status: String,
}

#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

impl Api {
    /// A client whose connections are all to this server. It never sends a request twice by itself.
    pub(crate) fn new(url: &str) -> anyhow::Result<Self> {
        let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]);
        let http = builder.retry(reqwest::retry::never()).build()?;
        Ok(Self { http, url: url.to_owned() })
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Response, WireError> {
        let method = if call.body.is_some() { Method::POST } else { Method::GET };
        let mut request = self.http.request(method, format!("{}/api/v1{}", self.url, call.path));
        if !call.token.is_empty() {
            request = request.bearer_auth(call.token);
        }
        if let Some(key) = call.key {
            request = request.header("idempotency-key", key);
        }
        if call.events {
            request = request.header("accept", "text/event-stream");
        }
        if let Some(body) = call.body.filter(|body| !body.is_null()) {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Ok(request.send().await?)
    }

    /// Reads something; `None` for what is not there.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        token: &str,
        path: String,
    ) -> Result<Option<T>, WireError> {
        let response = self.send(Call::get(token, path.clone())).await?;
        match response.status().as_u16() {
            200 => Ok(Some(parse(response).await?)),
            404 => Ok(None),
            status => Err(WireError::Strange(format!("{status} from GET {path}"))),
        }
    }

    /// Every page of a list, or the first `most` items and perhaps some more.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        token: &str,
        path: &str,
        most: usize,
    ) -> Result<Vec<T>, WireError> {
        let mut items: Vec<T> = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("{path}?limit=100{cursor}");
            let page: Option<Page<T>> = self.find(token, path.clone()).await?;
            let page = page.ok_or_else(|| WireError::Strange(format!("404 from GET {path}")))?;
            items.extend(page.items);
            match page.next_cursor {
                Some(next) if items.len() < most => cursor = format!("&cursor={next}"),
                _ => return Ok(items),
            }
        }
    }
}

/// The JSON of an answer.
pub(crate) async fn parse<T: DeserializeOwned>(response: Response) -> Result<T, WireError> {
    let bytes = response.bytes().await?;
    serde_json::from_slice(&bytes).map_err(|error| WireError::Strange(format!("bad JSON: {error}")))
}

/// An event of a reply.
#[derive(Debug)]
pub(crate) enum Event {
    /// Text, and the offset after it.
    Delta(usize, String),
    /// The whole message, as stored.
    Done(Message),
    /// Anything else, by its name.
    Other(String),
}

/// The events of a reply as they come.
pub(crate) struct Events {
    response: Response,
    unread: Vec<u8>,
    read: VecDeque<Event>,
}

impl Events {
    pub(crate) fn new(response: Response) -> Self {
        Self { response, unread: Vec::new(), read: VecDeque::new() }
    }

    /// The next event; `None` at the end of the answer.
    pub(crate) async fn next(&mut self) -> Result<Option<Event>, WireError> {
        while self.read.is_empty() {
            let Some(bytes) = self.response.chunk().await? else { return Ok(None) };
            self.unread.extend_from_slice(&bytes);
            while let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.unread.drain(..end + 2).collect();
                self.read.push_back(event(&block)?);
            }
        }
        Ok(self.read.pop_front())
    }
}

fn event(block: &[u8]) -> Result<Event, WireError> {
    let strange = || WireError::Strange("an event that nobody can read".to_owned());
    let block = std::str::from_utf8(block).map_err(|_| strange())?;
    let field = |name| block.lines().find_map(|line| line.strip_prefix(name));
    let data: Value =
        serde_json::from_str(field("data: ").ok_or_else(strange)?).map_err(|_| strange())?;
    match field("event: ") {
        Some("delta") => {
            let offset = field("id: ").and_then(|id| id.parse().ok()).ok_or_else(strange)?;
            let text = data["text"].as_str().ok_or_else(strange)?;
            Ok(Event::Delta(offset, text.to_owned()))
        }
        Some("done") => {
            let message = Message::deserialize(&data["message"]).map_err(|_| strange())?;
            Ok(Event::Done(message))
        }
        other => Ok(Event::Other(format!("{} {}", other.unwrap_or("nameless"), data["code"]))),
    }
}
