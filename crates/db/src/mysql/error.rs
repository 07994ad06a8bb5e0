//! Errors of MySQL and MariaDB in Serene's words, told apart by their numbers.

use sqlx::mysql::MySqlDatabaseError;

use crate::{
    DbError, Sql,
    server::{Failure, without_answer},
};

pub(super) fn judge(sql: &'static Sql, error: &sqlx::Error) -> Failure {
    let statement = sql.name();
    let sqlx::Error::Database(error) = error else { return without_answer(statement, error) };
    let error = error.downcast_ref::<MySqlDatabaseError>();
    match error.number() {
        1022 | 1062 | 1169 | 1586 => Failure::Duplicate(key(sql.text(), error.message())),
        1216 | 1217 | 1451 | 1452 => DbError::MissingReference(statement).into(),
        // A deadlock, a lock that was waited for in vain, a row that changed under the reader.
        1213 | 1205 | 1020 => Failure::Conflict,
        // Too many connections, a statement that took too long.
        1040 | 1203 | 1969 | 3024 => DbError::Busy.into(),
        // The disk, or the tablespace, is full.
        1021 | 1114 => DbError::StorageFull.into(),
        // An error of the operating system, which says "no space left" by its number.
        3 | 1026 | 1030 | 1180 if error.message().contains("28 ") => DbError::StorageFull.into(),
        3 | 1026 | 1030 | 1180 => DbError::Io(said(error)).into(),
        // Shutting down, or killed; a statement whose tables have changed since.
        1053 | 1079 | 1152 | 1158..=1161 | 1243 | 1317 | 1615 | 1927 | 2006 | 2013 | 4031 => {
            Failure::Lost(said(error))
        }
        // A replica, or one that an operator has stopped from being written.
        1290 | 1836 => {
            DbError::Io(format!("the server cannot be written to: {}", said(error))).into()
        }
        _ => DbError::Broken { statement, message: said(error) }.into(),
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

/// `table.key` from `Duplicate entry 'x' for key 'key'`. MySQL writes the table before the key,
/// MariaDB does not: then it is the one that the statement writes to.
fn key(sql: &str, message: &str) -> String {
    let key = message.rsplit_once("for key ").map_or("", |(_, key)| key);
    let key = key.trim_matches(|c| c == '\'' || c == '`');
    if key.contains('.') { key.to_owned() } else { format!("{}.{key}", table(sql)) }
}

/// The table that an INSERT or an UPDATE names.
fn table(sql: &str) -> &str {
    let mut words =
        sql.split(|c: char| c.is_whitespace() || c == '(').filter(|word| !word.is_empty());
    let verb = words.next().unwrap_or_default();
    if verb.eq_ignore_ascii_case("insert") {
        words.next(); // INTO
    }
    words.next().unwrap_or_default()
}

/// The server's words, where they are about tables and columns. Others quote values.
fn said(error: &MySqlDatabaseError) -> String {
    let number = error.number();
    let safe = matches!(
        number,
        // Unknown tables, columns, functions and keys; syntax; NULL, length and range by column;
        // what exists already or cannot be dropped; no privilege; read only; too big a packet.
        1044 | 1045 | 1048..=1052 | 1054 | 1059..=1061 | 1064 | 1071 | 1091 | 1118 | 1136 | 1142
            | 1146 | 1153 | 1264 | 1290 | 1305 | 1364 | 1406 | 1792 | 1836 | 3 | 1026 | 1030
    );
    if safe { format!("{} (error {number})", error.message()) } else { format!("error {number}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_the_words_of_both_makers() {
        let insert = "INSERT INTO users (id, name) VALUES (?, ?)";
        let cases = [
            (insert, "Duplicate entry 'a' for key 'users.PRIMARY'", "users.PRIMARY"),
            (insert, "Duplicate entry 'a' for key 'PRIMARY'", "users.PRIMARY"),
            (
                insert,
                "Duplicate entry 'x' for key 'y'' for key 'users_name_key'",
                "users.users_name_key",
            ),
            (
                "update  things\n SET a = ?",
                "Duplicate entry '1' for key 'PRIMARY'",
                "things.PRIMARY",
            ),
            ("INSERT INTO t(a) VALUES (1)", "Duplicate entry '1' for key 'PRIMARY'", "t.PRIMARY"),
        ];
        for (sql, message, expected) in cases {
            assert_eq!(key(sql, message), expected);
        }
    }
}
