//! The command line's share of the configuration.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use super::{
    error::ConfigError,
    network, parse,
    settings::{self, Setting},
    sources::Origin,
};

/// Where the flags stand in the help; said of each, or a command's own flags would slip under it.
const HEADING: &str = "Configuration";

/// Flags that set configuration, to be flattened into a command. They go before every other source.
///
/// Secrets have no flag, because other users of a machine can read command lines.
#[derive(clap::Args, Clone, Default)]
pub(crate) struct Flags {
    #[arg(long, global = true, help_heading = HEADING, value_name = "URL", help = format!(
        "{} (without a password: flags show in `ps`)", settings::DATABASE_URL.help
    ))]
    pub(super) database_url: Option<String>,
    #[arg(long, global = true, help_heading = HEADING, value_name = "ADDRESS", help = settings::SERVER_HOST.help)]
    pub(super) host: Option<String>,
    #[arg(long, global = true, help_heading = HEADING, value_name = "PORT", help = settings::PORT.help)]
    pub(super) port: Option<String>,
    #[arg(long, global = true, help_heading = HEADING, value_name = "NAME", help = settings::SERENE_ENV.help)]
    pub(super) env: Option<String>,
    #[arg(long, global = true, help_heading = HEADING, value_name = "NAME", help = settings::AI_ENGINE.help)]
    pub(super) ai_engine: Option<String>,
    #[arg(long, global = true, help_heading = HEADING, value_name = "URL", help = settings::AI_MODEL_ENDPOINT.help)]
    pub(super) ai_model_endpoint: Option<String>,
    #[arg(long, global = true, help_heading = HEADING, value_name = "URL", help = settings::OPENAI_BASE_URL.help)]
    pub(super) openai_base_url: Option<String>,
    #[arg(long, global = true, help_heading = HEADING, value_name = "MODEL", help = settings::OPENAI_MODEL.help)]
    pub(super) openai_model: Option<String>,
    #[arg(long, global = true, help_heading = HEADING, value_name = "FILTER", help = settings::SERENE_LOG.help)]
    pub(super) log: Option<String>,
    #[arg(long, global = true, help_heading = HEADING, value_name = "FORMAT", help = settings::SERENE_LOG_FORMAT.help)]
    pub(super) log_format: Option<String>,
    #[arg(
        long,
        global = true,
        help_heading = HEADING,
        value_name = "FILE",
        help = "Read this file instead of .env. Secrets have no flag, because flags show in `ps`: \
         set them in the environment or in this file"
    )]
    pub(super) env_file: Option<PathBuf>,
}

impl Flags {
    /// Where a command listens that reads no other configuration: as `--host` and `--port` say, else
    /// on this port, for this machine alone.
    pub(crate) fn listen_address(&self, default_port: u16) -> Result<SocketAddr, ConfigError> {
        let wrong = |setting: &'static Setting, problem| {
            Origin::Flag(setting.flag.unwrap_or_default()).error(setting, problem)
        };
        let host = self.host.as_deref().map(network::host).transpose();
        let host = host.map_err(|problem| wrong(&settings::SERVER_HOST, problem))?;
        let port = self.port.as_deref().map(parse::port).transpose();
        let port = port.map_err(|problem| wrong(&settings::PORT, problem))?;
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Ok(SocketAddr::new(host.unwrap_or(here), port.unwrap_or(default_port)))
    }

    /// Every flag of the table with what the command line gave it.
    pub(super) fn all(&self) -> [(&'static Setting, Option<&str>); 10] {
        [
            (&settings::DATABASE_URL, self.database_url.as_deref()),
            (&settings::SERVER_HOST, self.host.as_deref()),
            (&settings::PORT, self.port.as_deref()),
            (&settings::SERENE_ENV, self.env.as_deref()),
            (&settings::AI_ENGINE, self.ai_engine.as_deref()),
            (&settings::AI_MODEL_ENDPOINT, self.ai_model_endpoint.as_deref()),
            (&settings::OPENAI_BASE_URL, self.openai_base_url.as_deref()),
            (&settings::OPENAI_MODEL, self.openai_model.as_deref()),
            (&settings::SERENE_LOG, self.log.as_deref()),
            (&settings::SERENE_LOG_FORMAT, self.log_format.as_deref()),
        ]
    }
}

// A URL may carry a password in spite of the advice: only the names of flags are printed.
impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = self.all().into_iter().filter(|(_, value)| value.is_some());
        f.debug_set().entries(given.map(|(setting, _)| setting.flag)).finish()
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, CommandFactory, Parser};

    use super::*;

    /// What the program is.
    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        flags: Flags,
        #[arg(long)]
        json: bool,
    }

    #[test]
    fn every_flag_of_the_table_exists_and_carries_its_help() {
        let command = Flags::augment_args(clap::Command::new("serene"));
        command.clone().debug_assert();
        for setting in settings::ALL {
            let argument = command.get_arguments().find(|argument| {
                argument.get_long().is_some() && argument.get_long() == setting.flag
            });
            assert_eq!(argument.is_some(), setting.flag.is_some(), "{}", setting.name);
            if let Some(help) = argument.and_then(clap::Arg::get_help) {
                assert!(help.to_string().starts_with(setting.help), "{}", setting.name);
            }
        }
        assert_eq!(command.get_arguments().count(), 1 + Flags::default().all().len());
    }

    #[test]
    fn each_flag_reaches_the_setting_of_its_name() {
        for setting in settings::ALL.iter().filter(|setting| setting.flag.is_some()) {
            let flag = setting.flag.unwrap();
            let cli = Cli::try_parse_from(["serene", &format!("--{flag}"), "marker"]).unwrap();
            let given: Vec<_> = cli.flags.all().into_iter().filter(|(_, v)| v.is_some()).collect();
            assert_eq!(given.len(), 1, "{flag}");
            assert_eq!((given[0].0.name, given[0].1), (setting.name, Some("marker")), "{flag}");
        }
    }

    #[test]
    fn no_secret_has_a_flag_and_the_help_says_why() {
        assert!(settings::ALL.iter().all(|setting| !setting.secret || setting.flag.is_none()));
        let help = Cli::command().render_help().to_string();
        assert!(help.contains("Secrets have no flag"), "{help}");
    }

    #[test]
    fn the_help_of_the_command_around_stays_its_own() {
        let help = Cli::command().render_long_help().to_string();
        assert!(help.starts_with("What the program is\n"), "{help}");
        let (options, configuration) = help.split_once("Configuration:").unwrap();
        assert!(options.contains("--json") && configuration.contains("--port"), "{help}");
        assert!(!Cli::try_parse_from(["serene"]).unwrap().json);
    }

    #[test]
    fn debug_output_names_flags_without_values() {
        let flags =
            Flags { database_url: Some("mysql://u:hunter2@h/d".into()), ..Flags::default() };
        let printed = format!("{flags:?}");
        assert!(printed.contains("database-url") && !printed.contains("hunter2"), "{printed}");
    }
}
