//! The whole server, in this process and as the real binary. One room per subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts;
mod app;
mod attachments;
mod attacks;
mod bad_input;
mod binary;
mod census;
mod contracts;
mod conversations;
mod crisis;
mod database;
mod docs;
mod export;
mod faults;
mod instances;
mod journal;
mod messages;
mod metrics;
mod mock_model;
mod mock_model_server;
mod openapi;
mod preferences;
mod process;
mod rate_limits;
mod readme;
mod replies;
mod search;
mod slow_clients;
mod statements;
mod titles;
mod usage;
mod vault;
mod wire;
