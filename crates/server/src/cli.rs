//! The command line.

use clap::{Parser, Subcommand, ValueEnum};

use crate::config::Flags;

/// The back end for apps that people confide in. Without a command: `serve`.
#[derive(Debug, Parser)]
#[command(name = "serene", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) flags: Flags,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API
    Serve,
    /// Show or change the schema of the database
    Migrate {
        #[command(subcommand)]
        command: MigrateCommand,
    },
    /// Manage accounts
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Show what models were used for, or count it again
    Usage {
        #[command(subcommand)]
        command: UsageCommand,
    },
    /// Read an export (GET /api/v1/me/export) into an account
    Import {
        /// The document; `-` reads standard input
        file: std::path::PathBuf,
        /// The user name or e-mail address of the account
        #[arg(long, value_name = "NAME")]
        user: String,
    },
    /// Seal private text in the database under a master key
    Vault {
        #[command(subcommand)]
        command: VaultCommand,
    },
    /// Move everything into another, empty database (no server may run on either)
    ///
    /// An address is given as in `DATABASE_URL`. One with a password belongs into a file, because command
    /// lines show in `ps`: --to @FILE. A copy that was cut off goes on when it is run again.
    Copy {
        /// The database to read, or @FILE with its address
        #[arg(long, value_name = "URL")]
        from: String,
        /// The database to fill, or @FILE with its address
        #[arg(long, value_name = "URL")]
        to: String,
    },
    /// Write the SQLite database into a new file, beside a running server
    Backup {
        /// The new file
        file: std::path::PathBuf,
    },
    /// Put a backup in the place of the SQLite database (no server may run)
    Restore {
        /// A file made by `serene backup`
        file: std::path::PathBuf,
        /// Set the database aside that is there, with its accounts
        #[arg(long)]
        replace: bool,
    },
    /// Print the effective configuration and where each value came from
    Config {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Measure the crisis screen, the gibberish check and the reply guard
    Care {
        #[command(subcommand)]
        command: CareCommand,
    },
    /// Print the `OpenAPI` document
    Openapi,
    /// Run a model server without a model, for tests (docs/mock-model.md)
    ///
    /// It speaks OpenAI's chat format, and does what the model's name says: `echo` answers with the
    /// last message, `slow:50+long:200` gives 200 words, one every 50 ms, `cut:3` hangs up after three,
    /// `fail` answers 500. It listens on 127.0.0.1, port 8811, unless --host and --port say otherwise,
    /// and reads no other configuration. GET /requests tells what it was asked.
    MockModel,
    /// Check what a server needs, and say what is wrong
    Doctor,
    /// Ask the server on this machine whether it is ready (for containers)
    Healthcheck,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CareCommand {
    /// Print how they do on the reviewed sentences; fails if a figure is below its bound
    Report,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// Say which migrations are applied
    Status,
    /// Apply those that are not (serve does so by itself)
    Up,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account
    Create {
        /// The user name
        #[arg(long, required_unless_present = "email")]
        username: Option<String>,
        /// The e-mail address
        #[arg(long)]
        email: Option<String>,
        /// Read the password from standard input; otherwise one is made and printed
        #[arg(long)]
        password_stdin: bool,
    },
    /// List accounts
    List,
    /// Delete an account and everything in it, for good
    Delete {
        /// The user name or e-mail address
        name: String,
        /// Do it: without this, only what would be deleted is said
        #[arg(long)]
        yes: bool,
    },
    /// Set a password and end all sessions
    SetPassword {
        /// The user name or e-mail address
        name: String,
        /// Read the password from standard input; otherwise one is made and printed
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum VaultCommand {
    /// Print a new master key
    Key,
    /// Say whether texts are sealed, and whether the configured key fits
    Status,
    /// Seal every text under the configured key (no server may run)
    Encrypt,
    /// Store every text as it is again, and destroy all keys (no server may run)
    Decrypt,
    /// Change from the configured master key to another (no server may run)
    Rotate {
        /// The file that holds the new key
        #[arg(long, value_name = "FILE")]
        new_key_file: std::path::PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum UsageCommand {
    /// Print what all users used, day by day
    Report {
        /// The first day, in UTC (2026-02-01); the first of this month unless given
        #[arg(long, value_name = "DAY")]
        from: Option<jiff::civil::Date>,
        /// The last day, in UTC; today unless given
        #[arg(long, value_name = "DAY")]
        to: Option<jiff::civil::Date>,
        /// What makes a line
        #[arg(long, value_enum, default_value_t = UsageBy::Day)]
        by: UsageBy,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Count every total anew, and print those that are wrong; fails if any is
    Verify {
        /// Mend what is wrong
        #[arg(long)]
        repair: bool,
    },
}

/// What makes a line of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum UsageBy {
    Day,
    Model,
    Purpose,
    User,
}
