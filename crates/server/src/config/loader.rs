//! Takes settings from the sources one by one, and keeps the account of it: rows for the report, warnings.

use super::{
    error::ConfigError,
    report::{Row, Shown},
    settings::Setting,
    sources::{Found, Origin, Sources},
};

/// Collects what [`super::Config::load`] finds.
pub(super) struct Loader<'a> {
    pub(super) sources: Sources<'a>,
    pub(super) rows: Vec<Row>,
    pub(super) warnings: Vec<String>,
}

impl<'a> Loader<'a> {
    pub(super) const fn new(sources: Sources<'a>) -> Self {
        Self { sources, rows: Vec::new(), warnings: Vec::new() }
    }

    /// The value of `setting`, or its default; `None` when it has neither.
    ///
    /// Surrounding blanks are dropped, except those of a secret. `show` gives what the report prints of the
    /// value and is not asked for a secret's.
    pub(super) fn optional<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl FnOnce(&str) -> Result<T, String>,
        show: impl FnOnce(&T) -> String,
    ) -> Result<Option<T>, ConfigError> {
        let default =
            || Some(Found { value: setting.default?.to_owned(), origin: Origin::Default });
        let Some(found) = self.sources.find(setting).or_else(default) else {
            self.note(setting, Shown::Unset, Origin::Default);
            return Ok(None);
        };
        let value = if setting.secret { found.value.as_str() } else { found.value.trim() };
        let parsed = parse(value).map_err(|problem| found.origin.error(setting, problem))?;
        let shown = if setting.secret { Shown::Hidden } else { Shown::Value(show(&parsed)) };
        self.note(setting, shown, found.origin);
        Ok(Some(parsed))
    }

    /// The value of a setting that has a default.
    pub(super) fn required<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl FnOnce(&str) -> Result<T, String>,
        show: impl FnOnce(&T) -> String,
    ) -> Result<T, ConfigError> {
        let value = self.optional(setting, parse, show)?;
        Ok(value.expect("the table gives this setting a default"))
    }

    /// Adds a row to the report.
    pub(super) fn note(&mut self, setting: &'static Setting, shown: Shown, origin: Origin) {
        self.rows.push(Row { setting, shown, origin });
    }

    /// Where the value of a setting that was already taken came from.
    pub(super) fn origin(&self, setting: &Setting) -> Origin {
        origin(&self.rows, setting)
    }
}

/// Where `rows` say the value of `setting` came from.
pub(super) fn origin(rows: &[Row], setting: &Setting) -> Origin {
    let row = rows.iter().find(|row| row.setting.name == setting.name);
    row.map_or(Origin::Default, |row| row.origin.clone())
}
