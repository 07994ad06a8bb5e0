//! The contract `conversations`: `ChatApp`, at root paths and under `/api`, with bearer tokens and
//! integer ids. Its original published no routes; these are made from what its brief says.

pub(in crate::contracts) mod auth;
mod chats;
mod messages;
mod types;

use crate::routes::{Routes, routes};

/// Its routes, apart from those that it shares with others.
pub(super) fn routes() -> Routes {
    let signup =
        ["/register", "/users", "/api/signup", "/api/register", "/api/users", "/api/auth/signup"];
    Routes::new()
        .with(routes!(auth::signup).also_at(&signup))
        .with(routes!(auth::signin).also_at(&["/token", "/api/login", "/api/token"]))
        .with(routes!(auth::delete_me).also_at(&["/api/users/me"]))
        .with(routes!(chats::create, chats::list))
        .with(routes!(chats::read, chats::put).also_at(&["/api/conversations/{id}"]))
        .with(routes!(chats::patch, chats::delete))
        .with(routes!(messages::list, messages::send))
}

/// `POST /auth/signup`, a path that another contract has as well.
pub(super) fn signup_routes() -> Routes {
    Routes::new().with(routes!(auth::signup).moved_to("/auth/signup"))
}

/// `GET /users/me`, a path that another contract has as well.
pub(super) fn me_routes() -> Routes {
    Routes::new().with(routes!(auth::me).also_at(&["/api/users/me"]))
}

/// The paths under `/api` at which another contract answers where it is served.
pub(super) fn mirror_routes() -> Routes {
    Routes::new()
        .with(routes!(chats::create, chats::list).moved_to("/api/conversations"))
        .with(routes!(chats::patch, chats::delete).moved_to("/api/conversations/{id}"))
        .with(routes!(messages::list, messages::send).moved_to("/api/conversations/{id}/messages"))
}
