//! The responder `nlp`: its dialogues, its memory, its promises.

#![expect(clippy::unwrap_used, reason = "in a test, what is not there is a failure")]

mod dialogues;
mod talk;
