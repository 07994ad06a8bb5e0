//! Migrations: one list for every engine, with type words that each engine spells its own way.
//!
//! Forward only: expand first, contract a release later, so that two versions can share a
//! database during a rolling upgrade.

use std::fmt::Write as _;

use aws_lc_rs::digest;

use crate::DbError;

/// One step of the schema. Never changed once released: its hash is stored.
#[derive(Debug)]
pub struct Migration {
    /// Counts from 1 without gaps.
    pub version: u32,
    /// What it does, in a few words.
    pub name: &'static str,
    /// Portable DDL and DML. The words `{uuid}`, `{int}`, `{text:N}`, `{blob}` and `{table}`
    /// (options at the end of a `CREATE TABLE`) are resolved per engine.
    pub statements: &'static [&'static str],
}

/// Whether a migration is in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationState {
    /// Applied, and the same as in this binary.
    Applied,
    /// Not applied yet.
    Pending,
}

/// One line of `serene migrate status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Its version.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// Applied or pending.
    pub state: MigrationState,
}

/// What the database says it has applied.
#[derive(Clone, Debug)]
pub(crate) struct AppliedMigration {
    pub(crate) version: u32,
    pub(crate) hash: String,
}

impl Migration {
    /// SHA-256 over the portable text, in hex: the same on every engine.
    pub fn hash(&self) -> String {
        hex_hash(self.statements)
    }
}

/// SHA-256 over the texts, each with a `;` behind it, in hex.
pub(crate) fn hex_hash(texts: &[&str]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for text in texts {
        context.update(text.as_bytes());
        context.update(b";");
    }
    let mut hex = String::new();
    for byte in context.finish().as_ref() {
        let _ = write!(hex, "{byte:02x}"); // writing to a String cannot fail
    }
    hex
}

/// The tables of this crate itself: what is applied, room for [`crate::Db::probe`], and the mark of
/// an unfinished [`crate::Copy`].
pub(crate) const OWN_TABLES: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS schema_migrations (
        version {int} NOT NULL PRIMARY KEY,
        name {text:128} NOT NULL,
        hash {text:64} NOT NULL
    ){table}",
    "CREATE TABLE IF NOT EXISTS storage_probe (
        id {int} NOT NULL PRIMARY KEY,
        filler {blob} NOT NULL
    ){table}",
    "CREATE TABLE IF NOT EXISTS storage_copy (
        id {int} NOT NULL PRIMARY KEY,
        source {text:64} NOT NULL,
        emptied {int} NOT NULL
    ){table}",
];

/// A line for each migration of the list.
pub(crate) fn status(
    applied: &[AppliedMigration],
    list: &[Migration],
) -> Result<Vec<MigrationStatus>, DbError> {
    pending(applied, list)?;
    let line = |migration: &Migration| MigrationStatus {
        version: migration.version,
        name: migration.name.to_owned(),
        state: if applied.len() >= migration.version as usize {
            MigrationState::Applied
        } else {
            MigrationState::Pending
        },
    };
    Ok(list.iter().map(line).collect())
}

/// A mistake in a migration, with its number (0 for none); anything else as it is.
pub(crate) fn failed(version: u32, error: DbError) -> DbError {
    match error {
        DbError::Broken { message, .. } if version > 0 => {
            DbError::Migration(format!("migration {version} failed: {message}"))
        }
        DbError::Broken { message, .. } => {
            DbError::Migration(format!("the schema cannot be looked at: {message}"))
        }
        other => other,
    }
}

/// Checks what is applied against the list, and returns what is still to be applied.
///
/// # Errors
/// [`DbError::Migration`] when they do not fit together.
pub(crate) fn pending<'m>(
    applied: &[AppliedMigration],
    migrations: &'m [Migration],
) -> Result<&'m [Migration], DbError> {
    for (index, done) in applied.iter().enumerate() {
        let Some(known) = migrations.get(index) else {
            return Err(DbError::Migration(format!(
                "the database is at schema version {}, this binary knows only {}: \
                 use a newer Serene",
                done.version,
                migrations.len()
            )));
        };
        if known.version != done.version || known.hash() != done.hash {
            return Err(DbError::Migration(format!(
                "migration {} in the database is not the one in this binary: \
                 the two come from different builds",
                done.version
            )));
        }
    }
    Ok(migrations.get(applied.len()..).unwrap_or_default())
}

/// Replaces the type words: `{text:64}` by whatever `word("text", Some(64))` says. What is no type
/// word stays as it is: in a string literal it means itself, and anywhere else the database names the mistake.
pub(crate) fn resolve(sql: &str, word: impl Fn(&str, Option<u32>) -> Option<String>) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let resolved = after.split_once('}').and_then(|(inside, tail)| {
            let (name, size) = match inside.split_once(':') {
                Some((name, size)) => (name, Some(size.parse().ok()?)),
                None => (inside, None),
            };
            Some((word(name, size)?, tail))
        });
        match resolved {
            Some((resolved, tail)) => {
                out.push_str(&resolved);
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    static LIST: &[Migration] = &[
        Migration { version: 1, name: "one", statements: &["CREATE TABLE a (x {int})"] },
        Migration { version: 2, name: "two", statements: &["CREATE TABLE b (x {text:9})"] },
    ];

    fn applied(migration: &Migration) -> AppliedMigration {
        AppliedMigration { version: migration.version, hash: migration.hash() }
    }

    #[test]
    fn what_is_not_applied_is_pending() {
        assert_eq!(pending(&[], LIST).unwrap().len(), 2);
        assert_eq!(pending(&[applied(&LIST[0])], LIST).unwrap()[0].version, 2);
    }

    #[test]
    fn a_changed_migration_is_refused() {
        let mut first = applied(&LIST[0]);
        first.hash = LIST[1].hash();
        assert!(
            matches!(pending(&[first], LIST), Err(DbError::Migration(text)) if text.contains("not the one"))
        );
    }

    #[test]
    fn a_newer_database_is_refused() {
        let both = [applied(&LIST[0]), applied(&LIST[1])];
        assert!(
            matches!(pending(&both, &LIST[..1]), Err(DbError::Migration(text)) if text.contains("newer"))
        );
    }

    #[test]
    fn type_words_are_replaced() {
        assert_eq!(resolve("a {text:9}, b {int}", word), "a <text/Some(9)>, b <int/None>");
    }

    #[test]
    fn what_is_no_type_word_stays() {
        for sql in ["DEFAULT '{}'", "'{\"a\":1}'", "a {txet:9}", "{text:many}", "'{' || '", "}"] {
            assert_eq!(resolve(sql, word), sql);
        }
        assert_eq!(resolve("'{' || {int}", word), "'{' || <int/None>");
    }

    fn word(word: &str, size: Option<u32>) -> Option<String> {
        matches!(word, "text" | "int").then(|| format!("<{word}/{size:?}>"))
    }
}
