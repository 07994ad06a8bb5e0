//! The contract `chatbot`: AI Chatbot, at root paths and under `/api`, with bearer tokens or the
//! cookie and integer ids. Its back end answers in snake case and its front end reads camel case:
//! what both read is printed both ways.

mod account;
mod chat;
mod conversations;
mod types;

use crate::routes::{Routes, routes};

/// Its routes, apart from those that it shares with others.
pub(super) fn routes() -> Routes {
    Routes::new()
        .with(routes!(account::greeting))
        .with(routes!(account::read_preferences))
        .with(routes!(account::put_preferences))
        .with(routes!(account::patch_preferences))
        .with(routes!(account::post_preferences))
        .with(routes!(account::usage).also_at(&["/usage"]))
        .with(routes!(account::token_usage))
        .with(routes!(account::read_user, account::change_user))
        .with(routes!(chat::send))
        .with(routes!(chat::history))
        .with(routes!(conversations::list, conversations::create))
        .with(routes!(conversations::change, conversations::delete))
        .with(routes!(conversations::messages, conversations::send))
}

/// `GET /users/me`, a path that another contract has as well.
pub(super) fn me_routes() -> Routes {
    Routes::new().with(routes!(account::me).also_at(&["/api/users/me"]))
}
