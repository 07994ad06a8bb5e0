//! The command line.

use std::{path::PathBuf, time::Duration};

use crate::{cases::Stage, seed::Size};

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) quick: bool,
    pub(crate) only: Option<String>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) vault: bool,
}

impl Options {
    /// # Errors
    /// A sentence about what cannot be understood.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--vault" => options.vault = true,
                "--only" => {
                    let name = arguments.next().ok_or("--only needs the name of an operation")?;
                    options.only = Some(name);
                }
                "--json" => {
                    let file = arguments.next().ok_or("--json needs the name of a file")?;
                    options.json = Some(file.into());
                }
                other => return Err(format!("{other} is not known; see --help")),
            }
        }
        Ok(options)
    }

    /// Whether this operation is to be measured.
    pub(crate) fn wants(&self, operation: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == operation)
    }

    /// How long each case is measured, and warmed up before that.
    pub(crate) const fn times(&self) -> (Duration, Duration) {
        if self.quick {
            (Duration::from_millis(500), Duration::from_millis(100))
        } else {
            (Duration::from_secs(3), Duration::from_millis(500))
        }
    }

    /// How many things a case makes that uses up what it works on.
    pub(crate) const fn supply(&self) -> usize {
        if self.quick { 320 } else { 1_920 }
    }

    /// How much is seeded. The spare accounts are not there to be read.
    pub(crate) const fn size(&self) -> Size {
        Size {
            users: 40,
            conversations_each: 5,
            conversations: 200,
            messages: 500,
            images: 10,
            image_bytes: 200 * 1024,
            entries: 300,
            spare_accounts: Stage::spare_accounts(self.supply()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_understood_or_refused() {
        let parse = |line: &str| Options::parse(line.split_whitespace().map(str::to_owned));
        let all = parse("--quick --only login --json out.json").unwrap();
        let (only, json) = (Some("login".into()), Some("out.json".into()));
        assert_eq!(all, Options { quick: true, only, json, vault: false });
        assert_eq!(parse("").unwrap(), Options::default());
        assert!(parse("--json").is_err() && parse("--only").is_err() && parse("--fast").is_err());
    }
}
