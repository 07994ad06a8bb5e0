//! Whether anything is counted, what the process itself says of itself, and the address where it
//! can be read. What is counted elsewhere is described there.

use std::{fmt, fs, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};
use rustix::process::{Resource, getrlimit};
use serene_core::base::Clock;
use serene_http::accept::{self, ConnectionLimits, ServeReport};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// Connections of those who read the metrics.
const MAX_CONNECTIONS: usize = 16;

/// How long a page that is being read may take once the server stops.
const GRACE: Duration = Duration::from_secs(1);

/// Begins to count, where the metrics can be read at all. To be called before anything is opened.
pub(crate) fn registry(config: &Config) -> Option<Arc<Registry>> {
    if config.metrics_address.is_none() && config.metrics_token.is_none() {
        return None;
    }
    let mut registry = Registry::default();
    serene_http::metrics::register(&mut registry);
    serene_db::metrics::register(&mut registry);
    serene_llm::measured::register(&mut registry);
    serene_core::metrics::register(&mut registry);
    let started_at_s = Clock::system().now().as_micros() / 1_000_000;
    registry.register_collector(Box::new(Process { started_at_s }));
    Some(Arc::new(registry))
}

/// The metrics on an address of their own.
pub(crate) struct OwnAddress {
    listener: TcpListener,
    registry: Arc<Registry>,
}

impl OwnAddress {
    /// Listens, where that is wanted.
    pub(crate) async fn open(
        config: &Config,
        registry: Option<&Arc<Registry>>,
    ) -> anyhow::Result<Option<Self>> {
        let (Some(address), Some(registry)) = (config.metrics_address, registry) else {
            return Ok(None);
        };
        let listener = TcpListener::bind(address).await;
        let listener =
            listener.with_context(|| format!("cannot listen on {address} for METRICS_ADDRESS"))?;
        Ok(Some(Self { listener, registry: Arc::clone(registry) }))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the server stops.
    pub(crate) async fn serve(self, stopping: CancellationToken) -> ServeReport {
        let limits =
            ConnectionLimits { max_connections: MAX_CONNECTIONS, ..ConnectionLimits::default() };
        let page = serene_http::metrics::page(self.registry);
        accept::serve(self.listener, page, limits, stopping, GRACE).await
    }
}

/// What the system knows of this process. Where there is no `/proc`, most of it is left out.
#[derive(Debug)]
struct Process {
    started_at_s: i64,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut gauge = |name: &str, help: &str, unit: Option<&Unit>, value: Option<i64>| {
            let Some(value) = value else { return Ok(()) };
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, unit, gauge.metric_type())?)
        };
        let bytes = Some(&Unit::Bytes);
        gauge("process_resident_memory", "Memory that is in use.", bytes, resident_bytes())?;
        gauge("process_open_fds", "Open file descriptors.", None, open_files())?;
        gauge("process_max_fds", "The most file descriptors.", None, most_files())?;
        let start = Some(self.started_at_s);
        gauge("process_start_time", "When it started (Unix time).", Some(&Unit::Seconds), start)?;
        if let Some(seconds) = cpu_seconds() {
            let counter = ConstCounter::new(seconds);
            let (help, unit) = ("Processor time that was used.", Some(&Unit::Seconds));
            let kind = counter.metric_type();
            counter.encode(encoder.encode_descriptor("process_cpu", help, unit, kind)?)?;
        }
        Ok(())
    }
}

/// User and system time, from the 14th and 15th field of proc(5)'s `stat`.
#[expect(clippy::cast_precision_loss, reason = "years of processor time are exact to a tick")]
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in the second field may hold anything, but no later field has a bracket.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let ticks = ticks()? + ticks()?;
    Some(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

fn resident_bytes() -> Option<i64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: i64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * i64::try_from(rustix::param::page_size()).ok()?)
}

fn open_files() -> Option<i64> {
    // One of them is the folder that is being read.
    let files = fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1);
    i64::try_from(files).ok()
}

fn most_files() -> Option<i64> {
    i64::try_from(getrlimit(Resource::Nofile).current?).ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_seen() {
        assert!(resident_bytes().unwrap() > 1_000_000);
        assert!(open_files().unwrap() >= 3);
        assert!(most_files().unwrap() >= open_files().unwrap());
        let before = cpu_seconds().unwrap();
        let mut sum = 0_u64;
        while cpu_seconds().unwrap() <= before {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(cpu_seconds().unwrap() < 600.0, "seconds, not ticks");
    }
}
