//! The contract `histories`: AI chat under `/api`, with bearer tokens and integer ids.

mod asker;
pub(in crate::contracts) mod auth;
mod chats;
mod errors;
mod images;
mod messages;
mod types;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

/// Its routes, apart from those that it shares with others.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(auth::login_history))
        .routes(routes!(chats::list))
        .routes(routes!(chats::create))
        .routes(routes!(chats::read))
        .routes(routes!(chats::delete))
        .routes(routes!(chats::clear))
        .routes(routes!(chats::ask))
        .routes(routes!(images::ask))
        .routes(routes!(images::send))
        .routes(routes!(messages::send))
        .routes(routes!(messages::list))
        .routes(routes!(messages::delete))
}
