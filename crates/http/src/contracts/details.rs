//! What is wrong with a request, as clients of FastAPI servers read it: 422, and in `detail` a list
//! of `{type, loc, msg, input}`. `input` is always null: what was sent may be a password, or what
//! somebody confided.

use axum::http::StatusCode;
use serde_json::json;
use serene_core::base::Error;

use crate::error::{ApiError, Code};

/// A field, a part of the path or the body as a whole breaks its rule.
pub(crate) fn invalid(kind: &str, loc: &[&str], message: &str) -> ApiError {
    let place = loc.last().copied().unwrap_or("body");
    let detail = json!([{"type": kind, "loc": loc, "msg": message, "input": null}]);
    ApiError::new(Code::InvalidRequest, format!("{place}: {message}"))
        .with_status(StatusCode::UNPROCESSABLE_ENTITY)
        .with_detail(detail)
}

/// A field of the body is missing.
pub(crate) fn missing(field: &str) -> ApiError {
    invalid("missing", &["body", field], "Field required")
}

/// A field of the body holds something else than text.
pub(crate) fn not_text(field: &str) -> ApiError {
    invalid("string_type", &["body", field], "Input should be a valid string")
}

/// The integer in the path is none.
pub(crate) fn no_integer(name: &str) -> ApiError {
    let message = "Input should be a valid integer, unable to parse string as an integer";
    invalid("int_parsing", &["path", name], message)
}

/// The body is not JSON, or no object; other errors stay as they are.
pub(crate) fn of_body(error: ApiError) -> ApiError {
    match error.code() {
        Code::InvalidJson => invalid("json_invalid", &["body"], error.message()),
        _ => error,
    }
}

/// A rule of the core that a field breaks; other errors stay as they are.
pub(crate) fn of_field(error: Error) -> ApiError {
    match error {
        Error::Invalid { field, message } => {
            invalid("value_error", &["body", field], &format!("Value error, {message}"))
        }
        other => other.into(),
    }
}
