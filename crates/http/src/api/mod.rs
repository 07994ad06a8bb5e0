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
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

/// Every route of the API, in the order of the documentation.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::base())
        // Accounts.
        .routes(routes!(auth::register))
        .routes(routes!(auth::login))
        .routes(routes!(auth::firebase))
        .routes(routes!(auth::refresh))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::logout_everywhere))
        .routes(routes!(auth::sessions))
        .routes(routes!(auth::revoke_session))
        .routes(routes!(me::read, me::change, me::delete))
        .routes(routes!(me::export))
        .routes(routes!(preferences::read, preferences::change))
        .routes(routes!(me::change_password))
        .routes(routes!(usage::report))
        .routes(routes!(identities::link, identities::list))
        // Conversations.
        .routes(routes!(conversations::create, conversations::list))
        .routes(routes!(conversations::read, conversations::change, conversations::delete))
        .routes(routes!(conversations::end))
        .routes(routes!(conversations::fork))
        .routes(routes!(conversations::restore))
        .routes(routes!(preferences::read_here, preferences::change_here))
        .routes(routes!(preferences::context))
        // Messages and replies.
        .routes(routes!(messages::send, messages::list, messages::clear))
        .routes(routes!(messages::read, messages::delete))
        .routes(routes!(replies::regenerate))
        .routes(routes!(replies::go_on))
        .routes(routes!(replies::versions))
        .routes(routes!(replies::choose))
        .routes(routes!(messages::attachment))
        .routes(routes!(generations::read))
        .routes(routes!(generations::stream))
        .routes(routes!(generations::stop))
        .routes(routes!(preferences::models))
        // The journal.
        .routes(routes!(entries::create, entries::list))
        .routes(routes!(entries::read, entries::change, entries::delete))
        .routes(routes!(entries::vibe_check))
        .routes(routes!(moods::weekly))
        .routes(routes!(moods::history))
        .routes(routes!(moods::streaks))
        .routes(routes!(search::entries))
        .routes(routes!(search::messages))
        // Health.
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::health))
}
