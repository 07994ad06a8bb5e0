//! Writes as values: lists of statements that are committed together or not at all.
//!
//! No logic runs between the statements. That is what lets one SQLite thread commit many writes
//! at once, lets the other engines try again after a deadlock, and keeps every transaction short:
//! nothing can hold one across a call to a model.

use crate::{Sql, Value};

/// What a statement must do for its write to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Must {
    /// Touch any number of rows, none included.
    Anything,
    /// Touch exactly one row; otherwise the write fails with [`crate::DbError::Guard`].
    TouchOne,
}

/// One statement of a write.
#[derive(Clone, Debug)]
pub struct Statement {
    pub(crate) sql: &'static Sql,
    pub(crate) values: Vec<Value>,
    pub(crate) must: Must,
}

impl Statement {
    /// A statement that may touch any number of rows.
    pub fn new(sql: &'static Sql, values: Vec<Value>) -> Self {
        Self { sql, values, must: Must::Anything }
    }

    /// A statement that must touch exactly one row: the guard of a write.
    pub fn guard(sql: &'static Sql, values: Vec<Value>) -> Self {
        Self { sql, values, must: Must::TouchOne }
    }
}

/// A list of statements, committed together.
#[derive(Clone, Debug, Default)]
pub struct Write {
    pub(crate) statements: Vec<Statement>,
}

impl Write {
    /// An empty write.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a statement.
    #[must_use]
    pub fn with(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }

    /// Adds a piece of a write that another slice put together.
    #[must_use]
    pub fn with_all(mut self, statements: impl IntoIterator<Item = Statement>) -> Self {
        self.statements.extend(statements);
        self
    }
}

impl From<Statement> for Write {
    fn from(statement: Statement) -> Self {
        Self { statements: vec![statement] }
    }
}
