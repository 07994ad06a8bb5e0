//! The canonical API under `/api/v1`, one file per resource; its documentation and health beside
//! it.

mod auth;
mod bodies;
mod conversations;
mod entries;
mod generations;
mod health;
mod identities;
mod me;
mod messages;
mod moods;
pub(crate) mod openapi;
mod preferences;
mod replies;
mod rules;
mod search;
mod usage;

pub(crate) use bodies::{GenerationBody, MessageBody, SafetyBody};

use crate::routes::{Routes, routes};

/// Every route of the API, in the order of the documentation.
pub(crate) fn routes() -> Routes {
    Routes::new()
        // Accounts.
        .with(routes!(auth::register))
        .with(routes!(auth::login))
        .with(routes!(auth::firebase))
        .with(routes!(auth::refresh))
        .with(routes!(auth::logout))
        .with(routes!(auth::logout_everywhere))
        .with(routes!(auth::sessions))
        .with(routes!(auth::revoke_session))
        .with(routes!(me::read, me::change, me::delete))
        .with(routes!(me::export))
        .with(routes!(preferences::read, preferences::change))
        .with(routes!(me::change_password))
        .with(routes!(usage::report))
        .with(routes!(identities::link, identities::list))
        // Conversations.
        .with(routes!(conversations::create, conversations::list))
        .with(routes!(conversations::read, conversations::change, conversations::delete))
        .with(routes!(conversations::end))
        .with(routes!(conversations::fork))
        .with(routes!(conversations::restore))
        .with(routes!(preferences::read_here, preferences::change_here))
        .with(routes!(preferences::context))
        // Messages and replies.
        .with(routes!(messages::send, messages::list, messages::clear))
        .with(routes!(messages::read, messages::delete))
        .with(routes!(replies::regenerate))
        .with(routes!(replies::go_on))
        .with(routes!(replies::versions))
        .with(routes!(replies::choose))
        .with(routes!(messages::attachment))
        .with(routes!(generations::read))
        .with(routes!(generations::stream))
        .with(routes!(generations::stop))
        .with(routes!(preferences::models))
        // The journal.
        .with(routes!(entries::create, entries::list))
        .with(routes!(entries::read, entries::change, entries::delete))
        .with(routes!(entries::vibe_check))
        .with(routes!(moods::weekly))
        .with(routes!(moods::history))
        .with(routes!(moods::streaks))
        .with(routes!(search::entries))
        .with(routes!(search::messages))
        // Health.
        .with(routes!(health::live))
        .with(routes!(health::ready))
        .with(routes!(health::health))
}
