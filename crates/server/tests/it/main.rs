//! The whole server, in this process and as the real binary. One room per subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod app;
mod attachments;
mod conversations;
mod crisis;
mod messages;
mod readme;
mod replies;
mod statements;
