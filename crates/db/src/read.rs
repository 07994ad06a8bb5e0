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
    pub(crate) inner: Inner<'r>,
}

/// The row as its driver has it.
pub(crate) enum Inner<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r sqlx::postgres::PgRow),
    Mysql(&'r sqlx::mysql::MySqlRow),
}

/// One column of a row that came from a server.
#[derive(Clone, Copy)]
pub(crate) enum Cell<'r> {
    Null,
    Int(i64),
    Text(&'r str),
    Bytes(&'r [u8]),
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
        T::read(self, index).ok_or_else(|| self.wrong(index))
    }

    /// The text at `index`, without a copy: for words that become something else at once.
    ///
    /// # Errors
    /// As [`Self::get`]; NULL is no text.
    pub fn text(&self, index: usize) -> Result<&str, DbError> {
        let text = match self.inner {
            Inner::Sqlite(row) => row.get_ref(index).ok().and_then(|value| value.as_str().ok()),
            _ => match self.inner.cell(index) {
                Some(Cell::Text(text)) => Some(text),
                _ => None,
            },
        };
        text.ok_or_else(|| self.wrong(index))
    }

    const fn wrong(&self, column: usize) -> DbError {
        DbError::Column { statement: self.statement, column }
    }
}

/// What a column can be read as. `Option` reads NULL as `None`.
pub trait Column: Sized {
    /// The value, or `None` when the column holds something else.
    fn read(row: &Row<'_>, index: usize) -> Option<Self>;
}

impl Inner<'_> {
    fn cell(&self, index: usize) -> Option<Cell<'_>> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(row) => crate::postgres::cell(row, index),
            Self::Mysql(row) => crate::mysql::cell(row, index),
        }
    }
}

macro_rules! column {
    ($($type:ty: $sqlite:ty => $convert:expr, $cell:pat => $from_cell:expr;)+) => {$(
        impl Column for $type {
            fn read(row: &Row<'_>, index: usize) -> Option<Self> {
                if let Inner::Sqlite(row) = row.inner {
                    return row.get::<_, $sqlite>(index).ok().map($convert);
                }
                match row.inner.cell(index)? {
                    $cell => $from_cell,
                    _ => None,
                }
            }
        }
        impl Column for Option<$type> {
            fn read(row: &Row<'_>, index: usize) -> Option<Self> {
                if let Inner::Sqlite(row) = row.inner {
                    let value: Option<$sqlite> = row.get(index).ok()?;
                    return Some(value.map($convert));
                }
                match row.inner.cell(index)? {
                    Cell::Null => Some(None),
                    $cell => $from_cell.map(Some),
                    _ => None,
                }
            }
        }
    )+};
}

column! {
    i64: i64 => std::convert::identity, Cell::Int(value) => Some(value);
    u32: u32 => std::convert::identity, Cell::Int(value) => u32::try_from(value).ok();
    bool: bool => std::convert::identity, Cell::Int(value) => Some(value != 0);
    String: String => std::convert::identity, Cell::Text(value) => Some(value.to_owned());
    Vec<u8>: Vec<u8> => std::convert::identity, Cell::Bytes(value) => Some(value.to_vec());
    Uuid: [u8; 16] => Uuid::from_bytes, Cell::Bytes(value) => Uuid::from_slice(value).ok();
}
