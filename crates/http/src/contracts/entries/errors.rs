//! The codes and sentences that clients of `entries` know.

use serene_core::{base::Error, safety::Help};

use crate::error::{ApiError, Code};

/// An error of the core in this contract's words.
pub(super) fn said(error: Error) -> ApiError {
    known(error.into())
}

/// An error with this contract's code and sentence, where it has its own.
pub(super) fn known(error: ApiError) -> ApiError {
    match error.code() {
        Code::Unauthenticated => ApiError::new(Code::AuthRequired, "Authentication required"),
        Code::TokenExpired => ApiError::new(Code::AuthExpired, "Authentication has expired"),
        Code::TokenInvalid | Code::SessionEnded => {
            ApiError::new(Code::AuthInvalid, "Authentication is not valid")
        }
        Code::EmailTaken => ApiError::new(Code::EmailExists, "Email already exists"),
        Code::InvalidCredentials => error.saying("Invalid email or password"),
        Code::UserNotFound => error.saying("User not found"),
        Code::EntryNotFound => error.saying("Entry not found"),
        Code::NoteTooShort => error.saying("Note must be at least 50 characters"),
        _ => error,
    }
}

/// What is wrong with a note. One that is too short is told where to turn, if that is called for.
pub(super) fn of_note(error: Error, help: &Help) -> ApiError {
    match error {
        Error::NoteTooShort { safety_tier } => known(ApiError::note_too_short(safety_tier, help)),
        other => said(other),
    }
}

/// A field that is needed is missing or empty.
pub(super) fn missing(sentence: &'static str) -> ApiError {
    ApiError::new(Code::MissingFields, sentence)
}

/// A field holds something else than text.
pub(super) fn not_text(name: &str) -> ApiError {
    ApiError::new(Code::InvalidRequest, format!("`{name}` must be text."))
}
