//! What can go wrong in storage, named once.

/// Why a read or a write did not happen. A write that fails has changed nothing; only after
/// [`Io`](Self::Io) and [`Closed`](Self::Closed) it is not known: look for its rows by their ids.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum DbError {
    /// A statement that had to touch one row did not. Holds the statement's name.
    #[error("guard {0} did not hold")]
    Guard(&'static str),
    /// A unique key exists already. Holds the constraint, `<table>_<columns>_key`.
    #[error("duplicate: {0}")]
    Duplicate(String),
    /// A row that is pointed to is not there (any more).
    #[error("a referenced row is missing ({0})")]
    MissingReference(&'static str),
    /// The disk, or the quota, is full.
    #[error("storage is full")]
    StorageFull,
    /// The database was locked or did not answer within the time allowed.
    #[error("the database is busy")]
    Busy,
    /// The disk failed, the server cannot be written to, or the connection to it was lost at
    /// COMMIT.
    #[error("the database cannot keep what it is given: {0}")]
    Io(String),
    /// The database could not be opened.
    #[error("{0}")]
    Open(String),
    /// Migrations and database do not fit together.
    #[error("{0}")]
    Migration(String),
    /// A value in a row was not what the schema promises.
    #[error("column {column} of {statement} is not readable")]
    Column {
        /// The statement's name.
        statement: &'static str,
        /// The column's index.
        column: usize,
    },
    /// Anything else: a mistake in a statement, or a broken file. The text is the database's own
    /// where that quotes no value.
    #[error("statement {statement} failed: {message}")]
    Broken {
        /// The statement's name.
        statement: &'static str,
        /// The database's own words.
        message: String,
    },
    /// The writer is gone: the process is ending.
    #[error("the database is shutting down")]
    Closed,
}

impl DbError {
    /// True when the same request may succeed a little later.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy | Self::Io(_) | Self::Closed)
    }
}
