//! The responder `nlp`: its dialogues, its memory, its promises; and the manner of both built-in
//! responders.

#![expect(clippy::unwrap_used, reason = "in a test, what is not there is a failure")]

mod dialogues;
mod engine;
mod manner;
mod memory;
mod page;
mod promises;
mod talk;
