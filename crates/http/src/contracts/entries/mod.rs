//! The contract `entries`: the Serene journal, under `/api` and at root paths, with the cookie and
//! UUIDs.

mod asker;
pub(in crate::contracts) mod auth;
mod errors;
mod journal;
mod types;
mod vibe;

use crate::routes::{Routes, routes};

/// Its routes, apart from those that it shares with others. The deployed front end's proxy drops
/// the `/api`, so each is at two paths.
pub(super) fn routes() -> Routes {
    Routes::new()
        .with(routes!(journal::create, journal::list).also_at(&["/entries"]))
        .with(routes!(journal::read, journal::change, journal::delete).also_at(&["/entries/{id}"]))
        .with(routes!(journal::weekly).also_at(&["/analytics/weekly"]))
        .with(routes!(vibe::vibe_check).also_at(&["/ai/vibe-check"]))
        .with(routes!(vibe::vibe_stream).also_at(&["/ai/vibe-check/stream"]))
}
