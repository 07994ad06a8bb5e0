//! Logs: lines for people on a terminal, JSON otherwise, always to standard error.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{Config, LogFormat};

/// Starts logging. The first call counts.
pub(crate) fn start(config: &Config) {
    let pretty = match config.log_format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    let filter = EnvFilter::new(&config.log_filter);
    let registry = tracing_subscriber::registry().with(filter);
    let result = if pretty {
        let ansi = std::io::stderr().is_terminal();
        let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(ansi).with_target(false);
        registry.with(lines).try_init()
    } else {
        let lines = fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
        registry.with(lines).try_init()
    };
    if result.is_err() {
        eprintln!("serene: logging had been started before");
    }
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
}
