//! Names of keys: the schema's rule on one side, what a server makes of it on the other.
//!
//! PostgreSQL cuts a name after 63 bytes, MySQL refuses one of more than 64 and calls every primary
//! key `PRIMARY`. So long names are shortened before a server sees them, and what comes back in an
//! error is looked up: table and columns of the key give the name, as they do on SQLite.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use aws_lc_rs::digest;

/// The longest name that both servers take.
const LONGEST: usize = 63;

/// The keys of the database, read when the first duplicate is met.
#[derive(Debug, Default)]
pub(crate) struct Names(RwLock<HashMap<String, String>>);

/// A column of a key; the columns of a key follow each other in its order.
pub(crate) struct KeyColumn {
    /// As the driver names the key in an error.
    pub(crate) key: String,
    pub(crate) table: String,
    pub(crate) column: String,
}

impl Names {
    pub(crate) fn get(&self, key: &str) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Takes what the catalogue says.
    pub(crate) fn set(&self, columns: Vec<KeyColumn>) {
        let mut names = HashMap::new();
        for KeyColumn { key, table, column } in columns {
            let name: &mut String = names.entry(key).or_insert(table);
            name.push('_');
            name.push_str(&column);
        }
        for name in names.values_mut() {
            name.push_str("_key");
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = names;
    }
}

/// Shortens the names of constraints and indexes in a statement that makes or drops them.
pub(crate) fn shorten(ddl: &str) -> String {
    let mut out = String::with_capacity(ddl.len());
    let mut named = false;
    // Words and what stands between them, in turn.
    for piece in ddl.split_inclusive(|c: char| !is_word(c)) {
        let word = piece.trim_end_matches(|c| !is_word(c));
        if named && word.len() > LONGEST {
            out.push_str(&short(word));
            out.push_str(&piece[word.len()..]);
        } else {
            out.push_str(piece);
        }
        if !word.is_empty() {
            named = ["CONSTRAINT", "INDEX", "KEY"].iter().any(|key| word.eq_ignore_ascii_case(key));
        }
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The beginning of a name, and a hash of the whole.
fn short(name: &str) -> String {
    use std::fmt::Write as _;
    let hash = digest::digest(&digest::SHA256, name.as_bytes());
    let mut out = name[..LONGEST - 13].to_owned();
    out.push('_');
    for byte in &hash.as_ref()[..6] {
        write!(out, "{byte:02x}").expect("writing to a String cannot fail");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_by_table_and_columns() {
        let names = Names::default();
        assert_eq!(names.get("users.PRIMARY"), None);
        let column = |key: &str, column: &str| KeyColumn {
            key: key.into(),
            table: "users".into(),
            column: column.into(),
        };
        names.set(vec![column("users.PRIMARY", "owner_id"), column("users.PRIMARY", "id")]);
        assert_eq!(names.get("users.PRIMARY").as_deref(), Some("users_owner_id_id_key"));
    }

    #[test]
    fn only_long_names_are_shortened_and_each_to_one_of_its_own() {
        let long = format!("t_{}", "x".repeat(70));
        let other = format!("t_{}y", "x".repeat(70));
        let ddl = |a: &str| {
            format!(
                "CREATE TABLE t (a INT,\n  CONSTRAINT {a} UNIQUE (a), CONSTRAINT t_a_key UNIQUE (a))"
            )
        };
        let shortened = shorten(&ddl(&long));
        assert_eq!(shortened, ddl(&short(&long)));
        assert_eq!(short(&long).len(), LONGEST);
        assert_ne!(short(&long), short(&other));
        assert_eq!(
            shorten(&format!("CREATE INDEX {long} ON t (a)")),
            format!("CREATE INDEX {} ON t (a)", short(&long))
        );
        for whole in [&ddl("t_b_key"), &format!("INSERT INTO t VALUES ('{long}')"), "ü 'ö' x"] {
            assert_eq!(&shorten(whole), whole);
        }
    }
}
