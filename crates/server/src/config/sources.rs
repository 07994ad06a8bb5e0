//! Where values come from, and which source goes before which: flag, environment, `.env`, default.

use std::{
    collections::HashMap,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use super::{
    dotenv,
    error::ConfigError,
    flags::Flags,
    settings::{self, Setting},
};

/// Where a value was taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A command line flag, named without dashes.
    Flag(&'static str),
    /// A variable of the process environment.
    Environment(&'static str),
    /// A line of the `.env` file.
    EnvFile {
        /// The file as it was named.
        file: String,
        /// Counted from 1.
        line: usize,
        /// The name on that line.
        name: &'static str,
    },
    /// It follows from other settings, which this text names.
    Derived(&'static str),
    /// Nothing set it.
    Default,
}

impl Origin {
    /// The name to show beside [`Origin::place`] in a message about `setting`.
    pub(super) const fn name_of(&self, setting: &Setting) -> &'static str {
        match self {
            Self::Environment(name) | Self::EnvFile { name, .. } => name,
            Self::Flag(_) | Self::Derived(_) | Self::Default => setting.name,
        }
    }

    /// Where to go and change it, for an error message.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Flag(flag) => format!("flag --{flag}"),
            Self::Environment(_) => "environment".to_owned(),
            Self::EnvFile { file, line, .. } => format!("{file} line {line}"),
            Self::Derived(reason) => (*reason).to_owned(),
            Self::Default => "not set".to_owned(),
        }
    }

    /// An error about a value of `setting` that came from here.
    pub(super) fn error(&self, setting: &Setting, problem: impl Into<String>) -> ConfigError {
        ConfigError::Setting {
            name: self.name_of(setting),
            place: self.place(),
            problem: problem.into(),
        }
    }
}

/// As `serene config` prints it: `flag --port`, `environment PORT`, `.env SERVER_PORT`, `default`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag --{flag}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::EnvFile { file, name, .. } => write!(f, "{file} {name}"),
            Self::Derived(reason) => f.write_str(reason),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and where it was found.
pub(super) struct Found {
    pub(super) value: String,
    pub(super) origin: Origin,
}

/// All sources, read once.
pub(super) struct Sources<'a> {
    flags: &'a Flags,
    /// Every variable that is text: a models file may name any for a key.
    environment: HashMap<String, String>,
    file_name: String,
    /// Where files are looked for that nothing names.
    folder: Option<PathBuf>,
    file: HashMap<String, dotenv::Entry>,
}

impl<'a> Sources<'a> {
    /// Collects what is set. `default_file` is read when it exists; `--env-file` replaces it and must exist.
    pub(super) fn collect(
        flags: &'a Flags,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        default_file: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let path = flags.env_file.as_deref().or(default_file);
        let entries = match path {
            Some(path) => dotenv::read(path, flags.env_file.is_some())?.unwrap_or_default(),
            None => Vec::new(),
        };
        // As in a shell, the last line of a name counts.
        let file = entries.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
        Ok(Self {
            flags,
            environment: text_of(environment)?,
            folder: default_file.and_then(Path::parent).map(Path::to_owned),
            file_name: path.map(super::error::shown_path).unwrap_or_default(),
            file,
        })
    }

    /// The value of `setting` in the source that goes first.
    pub(super) fn find(&self, setting: &'static Setting) -> Option<Found> {
        self.candidates(setting).next()
    }

    /// The variable of this name that a models file asks for, from the environment or the `.env`
    /// file; a blank one counts as unset.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let file = self.file.get(name).map(|entry| &entry.value);
        let value = self.environment.get(name).or(file)?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// `serene.toml` beside the `.env` file, where it is.
    pub(super) fn models_file(&self) -> Option<PathBuf> {
        let path = self.folder.as_ref()?.join("serene.toml");
        path.is_file().then_some(path)
    }

    /// Every value set for `setting`, the one that counts first. Blank values count as unset.
    pub(super) fn candidates(&self, setting: &'static Setting) -> impl Iterator<Item = Found> {
        let flags = self.flags.all().into_iter().filter_map(move |(owner, value)| {
            let value = value.filter(|_| owner.name == setting.name)?;
            Some(Found { value: value.to_owned(), origin: Origin::Flag(setting.flag?) })
        });
        let environment = setting.names().filter_map(|name| {
            let value = self.environment.get(name)?.clone();
            Some(Found { value, origin: Origin::Environment(name) })
        });
        let file = setting.names().filter_map(|name| {
            let entry = self.file.get(name)?;
            let origin = Origin::EnvFile { file: self.file_name.clone(), line: entry.line, name };
            Some(Found { value: entry.value.clone(), origin })
        });
        flags.chain(environment).chain(file).filter(|found| !found.value.trim().is_empty())
    }
}

/// Keeps the variables that are text; those that are settings have to be.
fn text_of(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<HashMap<String, String>, ConfigError> {
    let mut kept = HashMap::new();
    for (name, value) in environment {
        let Ok(name) = name.into_string() else { continue };
        match (value.into_string(), settings::known_name(&name)) {
            (Ok(value), _) => drop(kept.insert(name, value)),
            (Err(_), None) => {}
            (Err(_), Some(setting_name)) => {
                return Err(ConfigError::Setting {
                    name: setting_name,
                    place: "environment".to_owned(),
                    problem: "is not UTF-8 text".to_owned(),
                });
            }
        }
    }
    Ok(kept)
}
