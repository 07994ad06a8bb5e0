//! The contract `histories`: AI chat under `/api`, with bearer tokens and integer ids.

mod asker;
pub(in crate::contracts) mod auth;
mod chats;
mod errors;
mod images;
mod messages;
mod types;

use crate::routes::{Routes, routes};

/// Its routes, apart from those that it shares with others.
pub(super) fn routes() -> Routes {
    Routes::new()
        .with(routes!(auth::login_history))
        .with(routes!(chats::list))
        .with(routes!(chats::create))
        .with(routes!(chats::read))
        .with(routes!(chats::delete))
        .with(routes!(chats::clear))
        .with(routes!(chats::ask))
        .with(routes!(images::ask))
        .with(routes!(images::send))
        .with(routes!(messages::send))
        .with(routes!(messages::list))
        .with(routes!(messages::delete))
}
