//! The contract `conversations`: `ChatApp`, at root paths and under `/api`, with bearer tokens and
//! integer ids. Its original published no routes; these are made from what its brief says.

pub(in crate::contracts) mod auth;
mod chats;
mod messages;
mod types;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{also_at, moved_to};
use crate::App;

/// Its routes, apart from those that it shares with others.
pub(super) fn routes() -> OpenApiRouter<App> {
    let signup =
        ["/register", "/users", "/api/signup", "/api/register", "/api/users", "/api/auth/signup"];
    let read = routes!(chats::read, chats::put);
    OpenApiRouter::new()
        .routes(also_at(routes!(auth::signup), &signup))
        .routes(also_at(routes!(auth::signin), &["/token", "/api/login", "/api/token"]))
        .routes(also_at(routes!(auth::delete_me), &["/api/users/me"]))
        .routes(routes!(chats::create, chats::list))
        .routes(also_at(read, &["/api/conversations/{id}"]))
        .routes(routes!(chats::patch, chats::delete))
        .routes(routes!(messages::list, messages::send))
}

/// `POST /auth/signup`, a path that another contract has as well.
pub(super) fn signup_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(moved_to(routes!(auth::signup), "/auth/signup"))
}

/// `GET /users/me`, a path that another contract has as well.
pub(super) fn me_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(also_at(routes!(auth::me), &["/api/users/me"]))
}

/// The paths under `/api` at which another contract answers where it is served.
pub(super) fn mirror_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(moved_to(routes!(chats::create, chats::list), "/api/conversations"))
        .routes(moved_to(routes!(chats::patch, chats::delete), "/api/conversations/{id}"))
        .routes(moved_to(
            routes!(messages::list, messages::send),
            "/api/conversations/{id}/messages",
        ))
}
