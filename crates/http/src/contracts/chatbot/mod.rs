//! The contract `chatbot`: AI Chatbot, at root paths and under `/api`, with bearer tokens or the
//! cookie and integer ids. Its back end answers in snake case and its front end reads camel case:
//! what both read is printed both ways.

mod account;
mod chat;
mod conversations;
mod types;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::also_at;
use crate::App;

/// Its routes, apart from those that it shares with others.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(account::greeting))
        .routes(routes!(account::read_preferences))
        .routes(routes!(account::put_preferences))
        .routes(routes!(account::patch_preferences))
        .routes(routes!(account::post_preferences))
        .routes(also_at(routes!(account::usage), &["/usage"]))
        .routes(routes!(account::token_usage))
        .routes(routes!(account::read_user, account::change_user))
        .routes(routes!(chat::send))
        .routes(routes!(chat::history))
        .routes(routes!(conversations::list, conversations::create))
        .routes(routes!(conversations::change, conversations::delete))
        .routes(routes!(conversations::messages, conversations::send))
}

/// `GET /users/me`, a path that another contract has as well.
pub(super) fn me_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(also_at(routes!(account::me), &["/api/users/me"]))
}
