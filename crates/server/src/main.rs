//! The `serene` binary: command line, configuration, wiring and shutdown. What the product does
//! is in `serene-core`; what it says on the wire is in `serene-http`.

mod admin;
mod backup;
mod care;
mod cli;
mod config;
mod copy;
mod doctor;
mod healthcheck;
mod import;
mod logging;
mod metrics;
mod mock_model;
mod out;
mod serve;
mod usage;
mod vault;
mod wiring;

use std::{io::Write as _, process::ExitCode};

use clap::Parser;
use cli::{Cli, Command, VaultCommand};
use config::{Config, ConfigError};
use out::say;
use serene_core::base::MasterKey;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            // One line, with what it comes from: the whole answer to "why does it not start".
            let _ = writeln!(std::io::stderr(), "serene: {error:#}");
            let config = error.downcast_ref::<ConfigError>();
            ExitCode::from(config.map_or(1, ConfigError::exit_code))
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    // The document needs no configuration: it can be printed anywhere.
    if matches!(cli.command, Some(Command::Openapi)) {
        say!("{}", serde_json::to_string_pretty(&serene_http::openapi())?);
        return Ok(ExitCode::SUCCESS);
    }
    if matches!(cli.command, Some(Command::Vault { command: VaultCommand::Key })) {
        say!("{}", MasterKey::random().to_base64());
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(Command::Care { command }) = &cli.command {
        return Ok(care::run(command));
    }
    if matches!(cli.command, Some(Command::MockModel)) {
        return mock_model::run(&cli.flags);
    }
    let config = Config::from_process(&cli.flags)?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Config { json } => {
            let report = config.report();
            if json {
                say!("{}", serde_json::to_string_pretty(&report.to_json())?);
            } else {
                say!("{}", report.to_string().trim_end());
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Healthcheck => healthcheck::run(&config),
        command => {
            logging::start(&config);
            let runtime = wiring::runtime()?;
            let result = runtime.block_on(with_database(command, &config));
            // What still hangs after a stop must not keep the process.
            runtime.shutdown_timeout(std::time::Duration::from_secs(1));
            result
        }
    }
}

async fn with_database(command: Command, config: &Config) -> anyhow::Result<ExitCode> {
    match command {
        Command::Migrate { command } => admin::migrate(config, command).await,
        Command::User { command } => admin::user(config, command).await,
        Command::Usage { command } => usage::run(config, command).await,
        Command::Import { file, user } => import::run(config, &file, &user).await,
        Command::Vault { command } => vault::run(config, command).await,
        Command::Copy { from, to } => copy::run(&from, &to).await,
        Command::Backup { file } => backup::back_up(config, &file),
        Command::Restore { file, replace } => backup::restore(config, &file, replace).await,
        Command::Doctor => doctor::run(config).await,
        Command::Serve
        | Command::Openapi
        | Command::Care { .. }
        | Command::MockModel
        | Command::Config { .. }
        | Command::Healthcheck => serve::run(config).await,
    }
}
