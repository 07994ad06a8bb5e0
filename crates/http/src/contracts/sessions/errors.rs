//! The sentences that clients of `sessions` know.

use axum::http::StatusCode;
use serene_core::base::Error;

use crate::error::{ApiError, Code};

/// What is said of a title that cannot be one.
pub(super) const EMPTY_TITLE: &str = "Session title cannot be empty";
/// What is said when no title came to rename by.
pub(super) const TITLE_REQUIRED: &str = "Title is required";
/// What is said when a message has no session or no text.
pub(super) const INCOMPLETE: &str = "Session ID and message are required";

/// An error of the core in this contract's words.
pub(super) fn said(error: Error) -> ApiError {
    known(error.into())
}

/// An error with this contract's sentence and status, where it has them.
pub(super) fn known(error: ApiError) -> ApiError {
    match error.code() {
        Code::ConversationNotFound => error.saying("Session not found"),
        Code::ConversationEnded => error
            .saying("This session has ended. Please create a new session to continue chatting.")
            .with_status(StatusCode::FORBIDDEN),
        Code::Unauthenticated => error.saying("No authorization header"),
        Code::TokenInvalid | Code::TokenExpired | Code::SessionEnded => {
            error.saying("Invalid token")
        }
        _ => error,
    }
}

/// Why somebody is not let in. That their token cannot be checked is said as if it were theirs:
/// clients know no other sentence.
pub(super) fn refused(error: ApiError) -> ApiError {
    match error.code() {
        Code::Unavailable | Code::UserNotFound => {
            error.saying("Authentication failed").with_status(StatusCode::UNAUTHORIZED)
        }
        _ => known(error),
    }
}

/// The token is good, and names no address.
pub(super) fn no_email() -> ApiError {
    ApiError::new(Code::TokenInvalid, "No email in token")
}

/// A field that is needed is missing, empty, or no text.
pub(super) fn missing(sentence: &'static str) -> ApiError {
    ApiError::new(Code::MissingFields, sentence)
}

/// The header says something else than `Bearer` and a token.
pub(super) fn bad_header() -> ApiError {
    ApiError::new(Code::TokenInvalid, "Invalid authorization header format")
}
