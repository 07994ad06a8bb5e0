//! The contract `sessions`: journaling sessions, at root paths, with Firebase ID tokens and integer
//! ids.
//!
//! A session is a conversation of [`Kind::Session`](serene_core::conversations::Kind); what is
//! particular to it (one open at a time, the greeting, the summary) is the core's.

mod asker;
mod errors;
mod handlers;
mod reading;
mod types;

use crate::routes::{Routes, routes};

/// Its routes, apart from those that it shares with others.
pub(super) fn routes() -> Routes {
    Routes::new()
        .with(routes!(handlers::create, handlers::list))
        .with(routes!(handlers::read, handlers::rename, handlers::delete))
        .with(routes!(handlers::archive))
        .with(routes!(handlers::end))
        .with(routes!(handlers::summary))
        .with(routes!(handlers::respond))
}
