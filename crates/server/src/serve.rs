//! `serene serve`: from the lock on the data folder to the last connection.

use std::{net::SocketAddr, process::ExitCode, sync::Arc};

use anyhow::Context;
use prometheus_client::registry::Registry;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serene_core::{
    Serene,
    base::{
        Error,
        limits::{DRAIN, LAST_WORDS},
    },
};
use serene_db::refuse_unfinished_copy;
use serene_http::{
    AllowedOrigins, HttpOptions, MetricsPage, TrustedProxies,
    accept::{self, ConnectionLimits},
};
use tokio::{
    net::{TcpListener, TcpSocket},
    signal::unix::{Signal, SignalKind, signal},
    sync::Notify,
};

use crate::{
    config::{Config, DatabaseUrl, Environment, check_production},
    metrics::{self, OwnAddress},
    out::say,
    wiring,
};

/// File descriptors kept for everything that is no connection of a client.
const RESERVED_FILES: u64 = 128;

/// Serves until a signal says otherwise.
pub(crate) async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    check_production(config)?;
    let lock = wiring::lock(config)?;
    // Before anything is promised: a port that is taken must not have migrated a database.
    let address = config.listen_address();
    let listener = listen(address).with_context(|| format!("cannot listen on {address}"))?;
    let registry = metrics::registry(config);
    let own_address = OwnAddress::open(config, registry.as_ref()).await?;
    let serene = wiring::open(config, lock.as_ref()).await?;
    join(config, &serene).await?;
    // Again: `serene copy` looks for us only before and after it leaves its mark.
    if let Err(unfinished) = refuse_unfinished_copy(&serene.base().db).await {
        serene.leave().await?;
        return Err(unfinished.into());
    }
    serene.start_jobs();
    // Before it says that it listens: whoever reads that may stop it at once.
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let metrics_at = own_address.as_ref().map(OwnAddress::address).transpose()?;
    announce(config, &serene, listener.local_addr()?, metrics_at);

    let app = serene_http::router(Arc::clone(&serene), http_options(config, registry));
    let limits = ConnectionLimits {
        max_connections: connections(config.max_connections),
        ..ConnectionLimits::default()
    };
    let tasks = serene.base().tasks.clone();
    let stopping = tasks.stopping().clone();
    let serving_metrics = async {
        if let Some(own_address) = own_address {
            own_address.serve(stopping.clone()).await;
        }
    };
    let serving = accept::serve(listener, app, limits, stopping.clone(), DRAIN + LAST_WORDS);
    let asked = Notify::new();
    let stop = async {
        asked.notified().await;
        tracing::info!("stopping: running replies have {} s", DRAIN.as_secs());
        let all = tasks.stop(DRAIN, LAST_WORDS).await;
        if let Err(error) = serene.leave().await {
            tracing::warn!(%error, "the others will notice a little later: {error}");
        }
        all
    };
    let second_signal = async {
        signals.next().await;
        asked.notify_one();
        signals.next().await;
    };
    let outcome = tokio::select! {
        finished = async { tokio::join!(serving, stop, serving_metrics) } => Some(finished),
        () = second_signal => None,
    };
    drop(lock);
    match outcome {
        Some((report, all, ())) => {
            let cut = report.cut;
            tracing::info!(cut, "stopped; {cut} connections were cut, all replies stored: {all}");
            Ok(ExitCode::SUCCESS)
        }
        None => {
            tracing::warn!("stopped at once; the next start stores what was cut off");
            Ok(ExitCode::from(130))
        }
    }
}

/// Joins those that serve the same database.
async fn join(config: &Config, serene: &Serene) -> anyhow::Result<()> {
    match serene.join().await {
        Err(Error::AnotherSecret) => Err(config.another_secret().into()),
        joined => joined.context("cannot join those that serve this database"),
    }
}

/// Connections that the kernel holds until they are accepted. A burst of 2,500 overflowed tokio's own
/// 1,024, and a fifth of them had to knock again.
const BACKLOG: u32 = 4096;

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A port whose last owner has just gone is free again.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn announce(config: &Config, serene: &Serene, address: SocketAddr, metrics_at: Option<SocketAddr>) {
    let database = match &config.database {
        DatabaseUrl::Sqlite { path } => path.display().to_string(),
        other => other.to_string(),
    };
    let database = format!("{} ({})", database, serene.base().db.describe());
    let engine = wiring::describe_engine(&config.ai);
    let environment = match config.environment {
        Environment::Development => "development",
        Environment::Production => "production",
    };
    say!("Serene {} ({environment})", env!("CARGO_PKG_VERSION"));
    say!("  listening  http://{address}");
    say!("  docs       http://{address}/docs");
    if let Some(metrics_at) = metrics_at {
        say!("  metrics    http://{metrics_at}/metrics");
    }
    say!("  database   {database}");
    say!("  engine     {engine}");
    tracing::info!(%address, environment, database, engine, "listening on {address}");
    for warning in serene.base().db.warnings() {
        tracing::warn!("{warning}");
    }
    if config.environment == Environment::Development {
        tracing::warn!(
            "SERENE_ENV is development: weak secrets are accepted and any page on this machine \
             may call. Set SERENE_ENV=production where others can reach it."
        );
    }
}

fn http_options(config: &Config, registry: Option<Arc<Registry>>) -> HttpOptions {
    let proxies = config.trusted_proxies.iter().map(|net| (net.address, net.prefix_bits)).collect();
    HttpOptions {
        proxies: TrustedProxies::new(proxies),
        origins: AllowedOrigins {
            listed: config.frontend_origins.clone(),
            localhost: config.environment == Environment::Development,
        },
        contracts: config.contracts.clone(),
        rates: config.rate_limits,
        metrics: registry
            .zip(config.metrics_token.clone())
            .map(|(registry, token)| MetricsPage { registry, token }),
    }
}

/// Raises the limit on open files as far as the system lets us, and stays below it.
fn connections(wanted: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: maximum, maximum };
    let limit = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(_) => current,
    };
    let room = limit.map_or(usize::MAX, |files| {
        usize::try_from(files.saturating_sub(RESERVED_FILES)).unwrap_or(usize::MAX)
    });
    if room < wanted {
        tracing::warn!(room, wanted, "the limit on open files allows {room} connections only");
    }
    wanted.min(room).max(1)
}

/// SIGTERM, and Ctrl-C on a terminal, from the moment when this is made. There is one of it: of two
/// that are made one after the other, one may miss what the other hears.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
