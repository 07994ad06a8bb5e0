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

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

/// Its routes, apart from those that it shares with others.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(handlers::create, handlers::list))
        .routes(routes!(handlers::read, handlers::rename, handlers::delete))
        .routes(routes!(handlers::archive))
        .routes(routes!(handlers::end))
        .routes(routes!(handlers::summary))
        .routes(routes!(handlers::respond))
}
