//! What `serene config` prints: every setting, its value and where it came from. No secret is in it.

use std::fmt;

use serde_json::{Value, json};

use super::{settings::Setting, sources::Origin};

/// The effective configuration, for people (`Display`) and for programs ([`Report::to_json`]).
#[derive(Clone, Debug)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

/// One setting of a [`Report`].
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) setting: &'static Setting,
    pub(super) shown: Shown,
    pub(super) origin: Origin,
}

/// What may be seen of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The value, already without passwords.
    Value(String),
    /// It is set, and that is all to be told.
    Hidden,
    /// It is not set.
    Unset,
    /// It is set to an example that counts as unset.
    Placeholder,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value(value) => value,
            Self::Hidden => "set (hidden)",
            Self::Unset => "not set",
            Self::Placeholder => "not set (a placeholder)",
        })
    }
}

impl Report {
    pub(super) const fn new(rows: Vec<Row>) -> Self {
        Self { rows }
    }

    /// A list of `{"name", "value", "set", "secret", "from"}`, in the order of the table. The value of a
    /// secret is null, like that of a setting nobody set.
    pub(crate) fn to_json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let value = if let Shown::Value(value) = &row.shown { Some(value) } else { None };
            json!({
                "name": row.setting.name,
                "value": value,
                "set": matches!(row.shown, Shown::Value(_) | Shown::Hidden),
                "secret": row.setting.secret,
                "from": row.origin.to_string(),
            })
        });
        rows.collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<[String; 3]> = std::iter::once(["NAME", "VALUE", "FROM"].map(str::to_owned))
            .chain(self.rows.iter().map(|row| {
                let shown = row.shown.to_string().escape_debug().to_string();
                [row.setting.name.to_owned(), shown, row.origin.to_string()]
            }))
            .collect();
        let width = |column: usize| {
            lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default()
        };
        let (names, values) = (width(0), width(1));
        for [name, value, from] in &lines {
            writeln!(f, "{name:names$}  {value:values$}  {from}")?;
        }
        Ok(())
    }
}
