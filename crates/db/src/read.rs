//! Reads: a statement, its values, and how a row becomes a domain type.

use std::fmt;

use uuid::Uuid;

use crate::{DbError, Sql, Value};

/// A read that is ready to run.
#[derive(Debug)]
pub struct Select<F> {
    pub(crate) sql: &'static Sql,
    pub(crate) values: Vec<Value>,
    pub(crate) map: F,
}

impl<F> Select<F> {
    /// `map` turns each row into the type the caller wants.
    pub fn new<T, E>(sql: &'static Sql, values: Vec<Value>, map: F) -> Self
    where
        F: FnMut(&Row<'_>) -> Result<T, E>,
    {
        Self { sql, values, map }
    }
}

/// One row, on whichever engine it came from.
pub struct Row<'r> {
    pub(crate) statement: &'static str,
    pub(crate) inner: &'r rusqlite::Row<'r>,
}

// The driver's own would print what is in the row.
impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row of {}", self.statement)
    }
}

impl Row<'_> {
    /// The column at `index`, counted from 0.
    ///
    /// # Errors
    /// [`DbError::Column`] when it holds something else.
    pub fn get<T: Column>(&self, index: usize) -> Result<T, DbError> {
        T::read(self, index).ok_or(DbError::Column { statement: self.statement, column: index })
    }
}

/// What a column can be read as. `Option` reads NULL as `None`.
pub trait Column: Sized {
    /// The value, or `None` when the column holds something else.
    fn read(row: &Row<'_>, index: usize) -> Option<Self>;
}

macro_rules! column {
    ($($type:ty),+) => {$(
        impl Column for $type {
            fn read(row: &Row<'_>, index: usize) -> Option<Self> { row.inner.get(index).ok() }
        }
        impl Column for Option<$type> {
            fn read(row: &Row<'_>, index: usize) -> Option<Self> { row.inner.get(index).ok() }
        }
    )+};
}

column!(i64, u32, bool, String, Vec<u8>);

impl Column for Uuid {
    fn read(row: &Row<'_>, index: usize) -> Option<Self> {
        Option::<Self>::read(row, index)?
    }
}

impl Column for Option<Uuid> {
    fn read(row: &Row<'_>, index: usize) -> Option<Self> {
        let bytes: Option<[u8; 16]> = row.inner.get(index).ok()?;
        Some(bytes.map(Uuid::from_bytes))
    }
}
