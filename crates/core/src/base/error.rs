//! What can go wrong in the product, named once. The wire gives each a status and a sentence.

use std::time::Duration;

use serene_db::DbError;
use uuid::Uuid;

use super::Time;

/// A kind of thing that can be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// An account.
    User,
    /// A sign-in session.
    Session,
    /// A conversation.
    Conversation,
    /// A message.
    Message,
    /// A generation.
    Generation,
    /// An attachment.
    Attachment,
    /// A journal entry.
    Entry,
}

/// Whom a budget is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetScope {
    /// Each user by themselves.
    User,
    /// All users of the server together.
    Instance,
}

/// Why a request was not done. Nothing was changed.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// A field does not keep its rule. The message names the rule, never the value.
    #[error("{field}: {message}")]
    Invalid {
        /// The field, as the API spells it.
        field: &'static str,
        /// The rule, as a clause: "must not be empty".
        message: String,
    },
    /// There is no such thing, or it is somebody else's: both are the same to the asker.
    #[error("{0:?} not found")]
    NotFound(Resource),
    /// The user name is in use.
    #[error("the user name is taken")]
    UsernameTaken,
    /// The e-mail address is in use.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The id that the client chose is in use.
    #[error("the id is in use")]
    IdTaken,
    /// The idempotency key came before, with another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The reply is whole, or was never one: there is nothing to go on from.
    #[error("there is nothing to continue")]
    NothingToContinue,
    /// Name or password is wrong.
    #[error("wrong name or password")]
    InvalidCredentials,
    /// No credential came with the request.
    #[error("no credential")]
    Unauthenticated,
    /// The access token is not ours, not whole, or of another kind.
    #[error("bad access token")]
    TokenInvalid,
    /// The access token's time is over.
    #[error("the access token has expired")]
    TokenExpired,
    /// The session behind a token was ended or has expired.
    #[error("the session has ended")]
    SessionEnded,
    /// The keys of another issuer, by which its tokens are checked, cannot be had.
    #[error("the issuer's keys cannot be had")]
    IssuerUnavailable,
    /// The identity opens another account.
    #[error("the identity is linked to another account")]
    IdentityTaken,
    /// The refresh token is not ours, or its session is over.
    #[error("bad refresh token")]
    RefreshInvalid,
    /// The refresh token had been used before: its session was ended.
    #[error("the refresh token was used twice")]
    RefreshReused,
    /// Too many attempts to sign in or register.
    #[error("too many attempts")]
    TooManyAttempts {
        /// How long to wait.
        retry_after: Duration,
    },
    /// What the call of a model may take is more than a budget has left. Nothing was stored and
    /// nothing is charged.
    #[error("the budget is used up until {renews_at}")]
    BudgetExceeded {
        /// Whose budget it is.
        scope: BudgetScope,
        /// When the budget begins anew.
        renews_at: Time,
        /// How long that is from now.
        retry_after: Duration,
    },
    /// Too many passwords are waiting to be hashed.
    #[error("the hashing queue is full")]
    HashingBusy,
    /// The note has too few characters. What the crisis screen found in it is said all the same.
    #[error("the note is too short")]
    NoteTooShort {
        /// Set when the answer must carry the fixed sentence.
        safety_tier: Option<serene_care::screen::Tier>,
    },
    /// The note is no text that could be answered.
    #[error("the note is gibberish")]
    NoteGibberish,
    /// The conversation takes no more messages.
    #[error("the conversation has ended")]
    ConversationEnded,
    /// A reply is being written.
    #[error("the conversation is busy")]
    ConversationBusy {
        /// The generation that writes it, when it could still be named.
        generation_id: Option<Uuid>,
    },
    /// An instance that serves the same database signs with another secret.
    #[error("an instance with another secret serves this database")]
    AnotherSecret,
    /// An instance is serving the database.
    #[error("the database is being served: stop every instance first")]
    OthersServe,
    /// Stored text cannot be read: another key, or a damaged row.
    #[error("stored text cannot be read")]
    Unreadable,
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] DbError),
    /// The server is shutting down and starts nothing new.
    #[error("shutting down")]
    ShuttingDown,
}

impl Error {
    pub(crate) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field, message: message.into() }
    }

    /// True when the same may succeed a little later.
    pub(crate) const fn is_temporary(&self) -> bool {
        matches!(self, Self::Storage(error) if error.is_temporary())
    }

    /// What a guard that did not hold means to the caller.
    pub(crate) fn on_guard(self, meaning: Self) -> Self {
        match self {
            Self::Storage(DbError::Guard(_)) => meaning,
            other => other,
        }
    }
}

/// `Ok(Some(row))` is the row; no row is a 404.
pub(crate) trait OrNotFound<T> {
    fn or_not_found(self, resource: Resource) -> Result<T, Error>;
}

impl<T> OrNotFound<T> for Option<T> {
    fn or_not_found(self, resource: Resource) -> Result<T, Error> {
        self.ok_or(Error::NotFound(resource))
    }
}
