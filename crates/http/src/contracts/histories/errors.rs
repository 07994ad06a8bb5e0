//! The sentences that clients of `histories` know.

use serene_core::base::Error;

use crate::error::{ApiError, Code};

/// An error of the core in this contract's words.
pub(super) fn said(error: Error) -> ApiError {
    known(error.into())
}

/// An error with this contract's sentence, where it has one.
pub(super) fn known(error: ApiError) -> ApiError {
    let sentence = match error.code() {
        Code::UsernameTaken => "Username already exists",
        Code::EmailTaken => "Email already exists",
        Code::InvalidCredentials => "Invalid username or password",
        Code::ConversationNotFound => "Chat not found",
        Code::MessageNotFound => "Message not found",
        Code::UserNotFound => "User not found",
        Code::Unauthenticated => "Missing Authorization Header",
        Code::TokenExpired => "Token has expired",
        Code::TokenInvalid => "Signature verification failed",
        Code::SessionEnded => "Token has been revoked",
        _ => return error,
    };
    error.saying(sentence)
}

/// A field that holds something else than text.
pub(super) fn not_text(name: &str) -> ApiError {
    ApiError::new(Code::InvalidRequest, format!("`{name}` must be text."))
}

/// What is sent is blank.
pub(super) fn empty_message() -> ApiError {
    ApiError::new(Code::MissingFields, "Message cannot be empty")
}
