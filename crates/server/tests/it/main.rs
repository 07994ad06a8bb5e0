//! The whole server, in this process and as the real binary. One room per subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod app;
mod attachments;
mod census;
mod conversations;
mod crisis;
mod journal;
mod messages;
mod openapi;
mod readme;
mod replies;
mod search;
mod statements;
mod wire;
