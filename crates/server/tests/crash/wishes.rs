//! What a client asks for, and what it was told before the server died.

use std::{sync::Arc, time::Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::wire::{Call, Message};

/// What is known of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Acknowledged: it must be there, once.
    Kept,
    /// No answer came: it may be there, once.
    Open,
    /// Refused: it must not be there.
    Refused,
}

/// How a request can be told from the same one sent again.
#[derive(Clone, Debug)]
pub(crate) enum Name {
    /// By the client's own id for what it creates.
    Id(Uuid),
    /// By an `Idempotency-Key`.
    Key(String),
    /// Not at all: it is never sent again.
    None,
}

/// How a reply is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    Whole,
    Stream,
    /// Stopped after so many deltas.
    StreamAndStop(usize),
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Conversation {
        title: Arc<str>,
    },
    Entry {
        note: Arc<str>,
    },
    Send {
        chat: usize,
        conversation: Uuid,
        text: Arc<str>,
        way: Way,
    },
    Regenerate {
        chat: usize,
        message: Uuid,
        question: Arc<str>,
    },
    /// `expected` is the text that the message can have at most.
    Continue {
        chat: usize,
        message: Uuid,
        expected: Arc<str>,
    },
}

/// One request of one client.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Who, by their place in the book.
    pub(crate) user: usize,
    pub(crate) what: What,
    pub(crate) name: Name,
    /// Whether it was sent before, and nobody answered.
    pub(crate) again: bool,
}

impl Wish {
    /// As a request.
    pub(crate) fn call<'a>(&'a self, token: &'a str) -> Call<'a> {
        let (path, body) = match &self.what {
            What::Conversation { title } => {
                ("/conversations".to_owned(), json!({"title": **title}))
            }
            What::Entry { note } => {
                ("/entries".to_owned(), json!({"mood": "calm", "tags": ["walk"], "note": **note}))
            }
            What::Send { conversation, text, .. } => {
                (format!("/conversations/{conversation}/messages"), json!({"content": **text}))
            }
            What::Regenerate { message, .. } => {
                (format!("/messages/{message}/regenerate"), Value::Null)
            }
            What::Continue { message, .. } => {
                (format!("/messages/{message}/continue"), Value::Null)
            }
        };
        let mut call = Call::post(token, path, body);
        match &self.name {
            Name::Id(id) => call.body = call.body.map(|body| with_id(body, *id)),
            Name::Key(key) => call.key = Some(key),
            Name::None => {}
        }
        call.events = self.is_streamed();
        call
    }

    /// Whether the reply comes as events.
    pub(crate) fn is_streamed(&self) -> bool {
        match &self.what {
            What::Conversation { .. } | What::Entry { .. } => false,
            What::Send { way, .. } => !matches!(way, Way::Whole),
            What::Regenerate { .. } | What::Continue { .. } => true,
        }
    }

    /// The text of which a reader sees the beginning.
    pub(crate) fn expected(&self) -> Arc<str> {
        match &self.what {
            What::Send { text, .. } => Arc::clone(text),
            What::Regenerate { question, .. } => Arc::clone(question),
            What::Continue { expected, .. } => Arc::clone(expected),
            What::Conversation { .. } | What::Entry { .. } => "".into(),
        }
    }

    /// The conversation in the book that it writes in.
    pub(crate) fn chat(&self) -> Option<usize> {
        match &self.what {
            What::Send { chat, .. }
            | What::Regenerate { chat, .. }
            | What::Continue { chat, .. } => Some(*chat),
            What::Conversation { .. } | What::Entry { .. } => None,
        }
    }

    /// The reply that it writes on: nobody else may at the same time.
    pub(crate) fn target(&self) -> Option<Uuid> {
        match &self.what {
            What::Regenerate { message, .. } | What::Continue { message, .. } => Some(*message),
            _ => None,
        }
    }
}

fn with_id(mut body: Value, id: Uuid) -> Value {
    body["id"] = json!(id);
    body
}

/// What a client was told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) wish: Wish,
    pub(crate) promise: Promise,
    /// Of what was created, where the answer says it.
    pub(crate) id: Option<Uuid>,
    pub(crate) reading: Option<Reading>,
    /// What must not have been told.
    pub(crate) wrong: Option<String>,
    /// When the connection broke.
    pub(crate) broke_at: Option<Instant>,
}

/// What a client read of a reply.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) generation: Uuid,
    /// How far it had read, and when.
    pub(crate) seen: Vec<(Instant, usize)>,
    /// The whole reply, as it was told to be stored.
    pub(crate) end: Option<Message>,
    /// The status that a stop was answered with.
    pub(crate) stopped: Option<String>,
}

impl Reading {
    pub(crate) fn new(generation: Uuid) -> Self {
        Self { generation, seen: Vec::new(), end: None, stopped: None }
    }

    /// The offset that had been read at `moment`.
    pub(crate) fn seen_by(&self, moment: Instant) -> usize {
        let before = self.seen.iter().rev().find(|(at, _)| *at <= moment);
        before.map_or(0, |(_, offset)| *offset)
    }

    /// The offset that was read in the end.
    pub(crate) fn seen(&self) -> usize {
        self.seen.last().map_or(0, |(_, offset)| *offset)
    }
}
