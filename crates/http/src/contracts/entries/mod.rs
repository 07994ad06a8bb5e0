//! The contract `entries`: the Serene journal, under `/api` and at root paths, with the cookie and
//! UUIDs.

mod asker;
pub(in crate::contracts) mod auth;
mod errors;
mod journal;
mod types;
mod vibe;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::also_at;
use crate::App;

/// Its routes, apart from those that it shares with others. The deployed front end's proxy drops
/// the `/api`, so each is at two paths.
pub(super) fn routes() -> OpenApiRouter<App> {
    let one = routes!(journal::read, journal::change, journal::delete);
    OpenApiRouter::new()
        .routes(also_at(routes!(journal::create, journal::list), &["/entries"]))
        .routes(also_at(one, &["/entries/{id}"]))
        .routes(also_at(routes!(journal::weekly), &["/analytics/weekly"]))
        .routes(also_at(routes!(vibe::vibe_check), &["/ai/vibe-check"]))
        .routes(also_at(routes!(vibe::vibe_stream), &["/ai/vibe-check/stream"]))
}
