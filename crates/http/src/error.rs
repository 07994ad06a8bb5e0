//! One error for every route, and its one rendering: `{error, code, request_id}`.
//!
//! A handler returns an [`ApiError`]. It travels in the response's extensions to the outermost
//! middleware, which knows the request's id and writes the body. So do 404, 405, 413 and panics.

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serene_core::{
    base::{BudgetScope, Error, Resource, Time},
    conversations::SafetyTier,
    safety::{Help, SafetyResources},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{api::SafetyBody, time::Stamp};

/// Every code that a client can meet, with its status and what it means.
macro_rules! codes {
    ($($variant:ident = $code:literal, $status:ident, $meaning:literal;)+) => {
        /// A stable name for what went wrong. Clients decide by it; sentences may change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $(#[doc = $meaning] $variant),+ }

        impl Code {
            /// All of them, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As it is sent.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The status it is sent with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            /// What it means, for `docs/errors.md`.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),+ }
            }
        }
    };
}

codes! {
    InvalidRequest = "INVALID_REQUEST", BAD_REQUEST,
        "A field, a query parameter or a header breaks its rule. `field` names it where there is one.";
    NoteTooShort = "NOTE_TOO_SHORT", BAD_REQUEST,
        "A note needs 50 characters. `safety` carries the fixed sentence where it is called for.";
    NoteGibberish = "NOTE_GIBBERISH", BAD_REQUEST,
        "The note is no text that could be answered.";
    InvalidJson = "INVALID_JSON", BAD_REQUEST,
        "The body is not JSON, or not a JSON object.";
    MissingFields = "MISSING_FIELDS", BAD_REQUEST,
        "Published contracts: a field that is needed is missing or empty.";
    MissingNote = "MISSING_NOTE", BAD_REQUEST,
        "Contract `entries`: the note is missing.";
    InvalidDate = "INVALID_DATE", BAD_REQUEST,
        "Contract `entries`: a bound of the list is no date.";
    AuthRequired = "AUTH_REQUIRED", UNAUTHORIZED,
        "Contract `entries`: no cookie came with the request.";
    AuthExpired = "AUTH_EXPIRED", UNAUTHORIZED,
        "Contract `entries`: the cookie's token has expired.";
    AuthInvalid = "AUTH_INVALID", UNAUTHORIZED,
        "Contract `entries`: the cookie's token is not valid.";
    EmailExists = "EMAIL_EXISTS", CONFLICT,
        "Contract `entries`: another account has this e-mail address.";
    OriginNotAllowed = "ORIGIN_NOT_ALLOWED", FORBIDDEN,
        "A page of an origin that is not on the list used a cookie.";
    Unauthenticated = "UNAUTHENTICATED", UNAUTHORIZED,
        "No `Authorization: Bearer …` header came with the request.";
    TokenInvalid = "TOKEN_INVALID", UNAUTHORIZED,
        "The access token is not one of this server's.";
    TokenExpired = "TOKEN_EXPIRED", UNAUTHORIZED,
        "The access token's time is over: exchange the refresh token.";
    SessionEnded = "SESSION_ENDED", UNAUTHORIZED,
        "The session behind the token was ended: sign in again.";
    RefreshInvalid = "REFRESH_INVALID", UNAUTHORIZED,
        "The refresh token is not one of this server's, or its session is over: sign in again.";
    RefreshReused = "REFRESH_REUSED", UNAUTHORIZED,
        "The refresh token was used before. Two parties hold it, so its session was ended.";
    InvalidCredentials = "INVALID_CREDENTIALS", UNAUTHORIZED,
        "Name or password is wrong. It is not said which.";
    NotFound = "NOT_FOUND", NOT_FOUND, "There is no such route.";
    UserNotFound = "USER_NOT_FOUND", NOT_FOUND, "The account is gone.";
    SessionNotFound = "SESSION_NOT_FOUND", NOT_FOUND,
        "There is no such open session, or it is not yours.";
    ConversationNotFound = "CONVERSATION_NOT_FOUND", NOT_FOUND,
        "There is no such conversation, it is in the trash, or it is not yours.";
    MessageNotFound = "MESSAGE_NOT_FOUND", NOT_FOUND,
        "There is no such message, or it is not yours.";
    GenerationNotFound = "GENERATION_NOT_FOUND", NOT_FOUND,
        "There is no such generation, or it is not yours.";
    AttachmentNotFound = "ATTACHMENT_NOT_FOUND", NOT_FOUND,
        "There is no such attachment, or it is not yours.";
    EntryNotFound = "ENTRY_NOT_FOUND", NOT_FOUND,
        "There is no such entry, or it is not yours.";
    MethodNotAllowed = "METHOD_NOT_ALLOWED", METHOD_NOT_ALLOWED,
        "The route exists, the method does not. `Allow` lists those that do.";
    RequestTimeout = "REQUEST_TIMEOUT", REQUEST_TIMEOUT,
        "The request arrived too slowly.";
    UsernameTaken = "USERNAME_TAKEN", CONFLICT, "Another account has this user name.";
    EmailTaken = "EMAIL_TAKEN", CONFLICT, "Another account has this e-mail address.";
    IdentityTaken = "IDENTITY_TAKEN", CONFLICT,
        "The identity opens another account already.";
    IdTaken = "ID_TAKEN", CONFLICT,
        "The id you chose is in use for something else.";
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", UNPROCESSABLE_ENTITY,
        "The `Idempotency-Key` came before, with another request.";
    NothingToContinue = "NOTHING_TO_CONTINUE", CONFLICT,
        "The message is no reply that broke off.";
    ConversationEnded = "CONVERSATION_ENDED", CONFLICT,
        "The conversation was ended: it can be read, and takes no message.";
    ConversationBusy = "CONVERSATION_BUSY", CONFLICT,
        "A reply is being written. `generation_id` names it: read it, stop it, or wait.";
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", PAYLOAD_TOO_LARGE,
        "The body is larger than this route takes.";
    UriTooLong = "URI_TOO_LONG", URI_TOO_LONG,
        "The address of the request is too long. `request_id` is empty.";
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", UNSUPPORTED_MEDIA_TYPE,
        "The body is not declared as `application/json`.";
    TooManyAttempts = "TOO_MANY_ATTEMPTS", TOO_MANY_REQUESTS,
        "Too many attempts to sign in or register. `Retry-After` says how long to wait.";
    RateLimited = "RATE_LIMITED", TOO_MANY_REQUESTS,
        "Too many requests of this user or from this address. `Retry-After` says how long to wait.";
    BudgetExceeded = "BUDGET_EXCEEDED", TOO_MANY_REQUESTS,
        "The budget of tokens or money has no room for this call. `renews_at` says when it begins anew, \
         `Retry-After` how long that is. Nothing was stored. An entry is kept all the same, and has this \
         as its `ai_error_code`.";
    HeadersTooLarge = "HEADERS_TOO_LARGE", REQUEST_HEADER_FIELDS_TOO_LARGE,
        "The headers of the request are too large. `request_id` is empty.";
    Internal = "INTERNAL", INTERNAL_SERVER_ERROR,
        "A mistake of the server. The log has it under the request's id.";
    Unreadable = "UNREADABLE", INTERNAL_SERVER_ERROR,
        "Stored text cannot be read: another key, or a damaged row.";
    Unavailable = "UNAVAILABLE", SERVICE_UNAVAILABLE,
        "The database does not answer, or the server is stopping. Try again after `Retry-After`.";
    ServerBusy = "SERVER_BUSY", SERVICE_UNAVAILABLE,
        "Too many passwords are waiting to be checked. Try again after `Retry-After`.";
    StorageFull = "STORAGE_FULL", INSUFFICIENT_STORAGE,
        "The disk is full. Nothing was changed; reading still works.";
}

/// What a failed reply says of its model: stored with the message and sent in its `error` event,
/// never as the status of a response.
pub const MODEL_CODES: &[(&str, &str)] = &[
    ("MODEL_UNREACHABLE", "The model server could not be reached."),
    ("MODEL_TIMEOUT", "The model server took too long."),
    ("MODEL_RATE_LIMITED", "The model server asked to slow down."),
    ("MODEL_UNAUTHORIZED", "The model server refused the operator's key."),
    ("MODEL_REJECTED", "The model server refused the request."),
    ("MODEL_FAILED", "The model server failed."),
    ("MODEL_CUT", "The model's answer was cut off. What came is kept."),
    ("MODEL_GARBAGE", "The model server sent something unreadable."),
    ("MODEL_EMPTY", "The model answered with nothing."),
    ("MODEL_BUSY", "The server's own model has too many requests waiting. Try again later."),
    ("PROMPT_TOO_LONG", "The message is longer than the model takes. It is kept."),
];

/// An error on its way to the client.
#[derive(Clone, Debug)]
pub struct ApiError {
    code: Code,
    message: String,
    field: Option<&'static str>,
    generation_id: Option<Uuid>,
    safety: Option<Box<SafetyBody>>,
    retry_after: Option<Duration>,
    renews_at: Option<Time>,
    /// Where a published contract has another status than the code.
    status: Option<StatusCode>,
    /// What a published contract says in `detail`, where that is more than the sentence.
    detail: Option<Box<serde_json::Value>>,
}

/// The body of an error of a published contract: each of their clients finds the member it reads.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContractError)]
pub(crate) struct ContractBody<'a> {
    /// A sentence for people.
    #[schema(example = "The conversation was not found.")]
    error: &'a str,
    /// A stable name for programs.
    #[schema(example = "CONVERSATION_NOT_FOUND")]
    code: &'a str,
    /// The sentence again, or a list of what is wrong with the body.
    #[schema(example = "The conversation was not found.")]
    detail: serde_json::Value,
    /// What clients of one contract read when they are not let in.
    #[serde(skip_serializing_if = "Option::is_none")]
    msg: Option<&'a str>,
    /// What the crisis screen found in a note that was refused for its length.
    #[serde(skip_serializing_if = "Option::is_none")]
    safety: Option<&'a SafetyBody>,
    /// When the budget begins anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    renews_at: Option<Stamp>,
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorBody<'a> {
    /// A sentence for people.
    #[schema(example = "The conversation was not found.")]
    error: &'a str,
    /// A stable name for programs; `docs/errors.md` lists them.
    #[schema(example = "CONVERSATION_NOT_FOUND")]
    code: &'a str,
    /// What to quote when asking the operator.
    #[schema(example = "0199e4c7-54c8-7a53-a5b0-0e9cfbe7aa2d")]
    request_id: &'a str,
    /// The field that breaks its rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// The generation that keeps a conversation busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_id: Option<Uuid>,
    /// What the crisis screen found in a note that was refused for its length.
    #[serde(skip_serializing_if = "Option::is_none")]
    safety: Option<SafetyBody>,
    /// When the budget begins anew that has no room.
    #[serde(skip_serializing_if = "Option::is_none")]
    renews_at: Option<Stamp>,
}

impl ApiError {
    /// An error with a sentence of its own.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            code,
            message,
            field: None,
            generation_id: None,
            safety: None,
            retry_after: None,
            renews_at: None,
            status: None,
            detail: None,
        }
    }

    /// A note is too short; what the crisis screen found in it is answered all the same.
    pub(crate) fn note_too_short(tier: Option<SafetyTier>, help: &Help) -> Self {
        let mut error = Self::new(Code::NoteTooShort, "A note needs at least 50 characters.");
        error.safety = tier.map(|tier| Box::new(SafetyBody::fixed(tier, help)));
        error
    }

    fn with_field(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }

    pub(crate) fn after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }

    /// The same with another sentence.
    pub(crate) fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// The same with another status than the code's.
    pub(crate) const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// The same with more to say in `detail`, where a published contract answers.
    pub(crate) fn with_detail(mut self, detail: serde_json::Value) -> Self {
        self.detail = Some(Box::new(detail));
        self
    }

    /// The status it is sent with.
    pub fn status(&self) -> StatusCode {
        self.status.unwrap_or(self.code.status())
    }

    /// The body where a published contract answers.
    pub(crate) fn contract_body(&self) -> Vec<u8> {
        let body = ContractBody {
            error: &self.message,
            code: self.code.as_str(),
            detail: self.detail.as_deref().cloned().unwrap_or_else(|| self.message.clone().into()),
            msg: (self.status() == StatusCode::UNAUTHORIZED).then_some(&self.message),
            safety: self.safety.as_deref(),
            renews_at: self.renews_at.map(Stamp),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    /// Its code.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// Its sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The body for a request.
    pub(crate) fn body<'a>(&'a self, request_id: &'a str) -> ErrorBody<'a> {
        ErrorBody {
            error: &self.message,
            code: self.code.as_str(),
            request_id,
            field: self.field,
            generation_id: self.generation_id,
            safety: self.safety.as_deref().cloned(),
            renews_at: self.renews_at.map(Stamp),
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let second = Duration::from_secs(1);
        match error {
            Error::Invalid { field, message } => {
                Self::new(Code::InvalidRequest, format!("`{field}` {message}.")).with_field(field)
            }
            Error::NotFound(resource) => not_found(resource),
            Error::UsernameTaken => Self::new(Code::UsernameTaken, "This user name is taken."),
            Error::EmailTaken => Self::new(Code::EmailTaken, "This e-mail address is taken."),
            // Only a start or a command meets these.
            Error::AnotherSecret | Error::OthersServe => internal(),
            Error::IdempotencyKeyReused => Self::new(
                Code::IdempotencyKeyReused,
                "This `Idempotency-Key` came before, with another request. Use a new one.",
            ),
            Error::NothingToContinue => Self::new(
                Code::NothingToContinue,
                "This message is no reply that broke off: there is nothing to go on with.",
            ),
            Error::IdTaken => Self::new(Code::IdTaken, "This id is in use for something else."),
            Error::InvalidCredentials => {
                Self::new(Code::InvalidCredentials, "The name or the password is wrong.")
            }
            Error::Unauthenticated => {
                Self::new(Code::Unauthenticated, "Sign in first: no access token was sent.")
            }
            Error::TokenInvalid => {
                Self::new(Code::TokenInvalid, "The access token is not valid here.")
            }
            Error::TokenExpired => Self::new(Code::TokenExpired, "The access token has expired."),
            Error::SessionEnded => Self::new(Code::SessionEnded, "This session has ended."),
            Error::IssuerUnavailable => {
                let text = "The token cannot be checked now: its issuer's keys cannot be had.";
                Self::new(Code::Unavailable, text).after(second)
            }
            Error::IdentityTaken => {
                Self::new(Code::IdentityTaken, "This identity opens another account.")
            }
            Error::RefreshInvalid => {
                Self::new(Code::RefreshInvalid, "The refresh token is not valid: sign in again.")
            }
            Error::RefreshReused => Self::new(
                Code::RefreshReused,
                "The refresh token was used before; to be safe, its session was ended.",
            ),
            Error::TooManyAttempts { retry_after } => {
                let seconds = whole_seconds(retry_after);
                let text = format!("Too many attempts. Try again in {seconds} s.");
                Self::new(Code::TooManyAttempts, text).after(retry_after)
            }
            Error::BudgetExceeded { scope, renews_at, retry_after } => {
                let text = match scope {
                    BudgetScope::User => "Your budget for answers is used up for now.",
                    BudgetScope::Instance => "The server's budget for answers is used up for now.",
                };
                let mut error = Self::new(Code::BudgetExceeded, text).after(retry_after);
                error.renews_at = Some(renews_at);
                error
            }
            Error::HashingBusy => {
                Self::new(Code::ServerBusy, "Many people are signing in. Try again in a moment.")
                    .after(second)
            }
            // Handlers that know who is asking say where to turn as well.
            Error::NoteTooShort { safety_tier } => {
                let nowhere = SafetyResources::default().seen_by(None, None);
                Self::note_too_short(safety_tier, &nowhere)
            }
            Error::NoteGibberish => {
                Self::new(Code::NoteGibberish, "There is nothing in this note to answer.")
            }
            Error::ConversationEnded => Self::new(
                Code::ConversationEnded,
                "This conversation has ended. Start a new one to go on.",
            ),
            Error::ConversationBusy { generation_id } => {
                let text = "A reply is being written in this conversation.";
                let mut error = Self::new(Code::ConversationBusy, text);
                error.generation_id = generation_id;
                error
            }
            Error::Unreadable => Self::new(Code::Unreadable, "This text cannot be read."),
            Error::Storage(error) => storage(&error),
            Error::ShuttingDown => {
                Self::new(Code::Unavailable, "The server is stopping. Try again in a moment.")
                    .after(second)
            }
        }
    }
}

fn not_found(resource: Resource) -> ApiError {
    let (code, what) = match resource {
        Resource::User => (Code::UserNotFound, "account"),
        Resource::Session => (Code::SessionNotFound, "session"),
        Resource::Conversation => (Code::ConversationNotFound, "conversation"),
        Resource::Message => (Code::MessageNotFound, "message"),
        Resource::Generation => (Code::GenerationNotFound, "generation"),
        Resource::Attachment => (Code::AttachmentNotFound, "attachment"),
        Resource::Entry => (Code::EntryNotFound, "entry"),
    };
    ApiError::new(code, format!("The {what} was not found."))
}

fn storage(error: &serene_core::DbError) -> ApiError {
    if *error == serene_core::DbError::StorageFull {
        return ApiError::new(Code::StorageFull, "The server's disk is full. Nothing was changed.");
    }
    if error.is_temporary() {
        return ApiError::new(Code::Unavailable, "The database does not answer. Try again soon.")
            .after(Duration::from_secs(1));
    }
    tracing::error!(%error, "storage failed: {error}");
    internal()
}

/// The error that tells a client nothing.
pub(crate) fn internal() -> ApiError {
    ApiError::new(Code::Internal, "Something went wrong on the server.")
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let headers = response.headers_mut();
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(retry_after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, whole_seconds(retry_after).into());
        }
        response.extensions_mut().insert(self);
        response
    }
}
