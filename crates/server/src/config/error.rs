//! What goes wrong while configuring: always one line, never a secret.

/// A start that cannot go on because of its configuration.
///
/// The text is one line that names the setting or file, where it came from, what is wrong and what is accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A setting has a value that cannot be used, or lacks one.
    #[error("{name} ({place}): {problem}")]
    Setting {
        /// The name the value was set under, which may be an alias.
        name: &'static str,
        /// Where it was set.
        place: String,
        /// What is wrong and what is accepted.
        problem: String,
    },
    /// The `.env` file has a line that cannot be read.
    #[error("{file} line {line}: {problem}")]
    EnvFileLine {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong; never quotes the line.
        problem: &'static str,
    },
    /// A file that configuration needs cannot be read or written.
    #[error("{file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
}

impl ConfigError {
    /// What the process exits with: 78, the `EX_CONFIG` of `sysexits.h`.
    // Every variant answers alike today; asking the error keeps the number in one place.
    #[expect(clippy::unused_self, reason = "the caller asks the error it holds, whatever it is")]
    pub(crate) const fn exit_code(&self) -> u8 {
        78
    }
}

/// A path as it may stand inside a one-line message.
pub(super) fn shown_path(path: &std::path::Path) -> String {
    path.display().to_string().escape_debug().to_string()
}
