//! PostgreSQL's errors in Serene's words, told apart by their SQLSTATE.

use sqlx::postgres::PgDatabaseError;

use crate::{
    DbError, Sql,
    server::{Failure, without_answer},
};

pub(super) fn judge(sql: &'static Sql, error: &sqlx::Error) -> Failure {
    let statement = sql.name();
    let sqlx::Error::Database(error) = error else { return without_answer(statement, error) };
    let error = error.downcast_ref::<PgDatabaseError>();
    let text = || said(error);
    match error.code() {
        "23505" => Failure::Duplicate(error.constraint().unwrap_or_default().to_owned()),
        "23503" => DbError::MissingReference(statement).into(),
        // A serialization failure, a deadlock.
        "40001" | "40P01" => Failure::Conflict,
        // A lock, a statement that took too long, no memory, no more connections.
        "55P03" | "57014" | "53200" | "53300" => DbError::Busy.into(),
        "53100" => DbError::StorageFull.into(),
        // A server that stops, crashed or starts; a connection that was cut off; a statement that
        // another hand (a pooler's) prepared, or whose tables have changed since.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "26000" => Failure::Lost(text()),
        code if code.starts_with("08") => Failure::Lost(text()),
        "0A000" if error.message().contains("cached plan") => Failure::Lost(text()),
        // A standby: only BEGIN says so.
        "0A000" | "25006" if statement == "storage.begin" => {
            DbError::Io(format!("the server cannot be written to: {}", text())).into()
        }
        "58030" => DbError::Io(text()).into(),
        _ => DbError::Broken { statement, message: text() }.into(),
    }
}

/// [`judge`] for work that is not tried again.
pub(super) fn refusal(sql: &'static Sql, error: &sqlx::Error) -> DbError {
    match judge(sql, error) {
        Failure::Refused(error) | Failure::Unreachable(error) => error,
        Failure::Duplicate(key) => DbError::Duplicate(key),
        Failure::Conflict | Failure::Lost(_) => DbError::Busy,
    }
}

/// The server's words. Those about the form of a value quote the value, so they are kept out.
fn said(error: &PgDatabaseError) -> String {
    let code = error.code();
    if code.starts_with("22") && code != "22001" {
        return format!("a value does not fit (SQLSTATE {code})");
    }
    format!("{} (SQLSTATE {code})", error.message())
}
