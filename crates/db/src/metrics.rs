//! What storage counts, once somebody has asked for it: how long statements take and how writes
//! queue. Statements are told apart by their names; no text and no value of theirs is seen here.

use std::{sync::OnceLock, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

static METRICS: OnceLock<Metrics> = OnceLock::new();

/// OpenTelemetry's buckets for databases, in seconds, and two below them: most reads of the embedded
/// engine take microseconds.
const SECONDS: [f64; 11] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// Writes in one transaction of the embedded engine.
const WRITES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    db_system_name: &'static str,
    db_query_summary: &'static str,
}

#[derive(Debug)]
struct Metrics {
    statements: Family<Labels, Histogram, fn() -> Histogram>,
    queued: Gauge,
    batches: Histogram,
}

/// Counts from now on, for as long as the process lives, and has it read through this registry.
/// Before that nothing is counted.
pub fn register(registry: &mut Registry) {
    let metrics = METRICS.get_or_init(|| Metrics {
        statements: Family::new_with_constructor(|| Histogram::new(SECONDS)),
        queued: Gauge::default(),
        batches: Histogram::new(WRITES),
    });
    registry.register_with_unit(
        "db_client_operation_duration",
        "How long statements took, by name",
        Unit::Seconds,
        metrics.statements.clone(),
    );
    registry.register(
        "serene_db_write_queue",
        "Writes that wait for the embedded engine's writer",
        metrics.queued.clone(),
    );
    registry.register(
        "serene_db_write_batch",
        "Writes in one transaction of the embedded engine",
        metrics.batches.clone(),
    );
}

/// A statement took this long.
pub(crate) fn took(db_system_name: &'static str, db_query_summary: &'static str, took: Duration) {
    if let Some(metrics) = METRICS.get() {
        let labels = Labels { db_system_name, db_query_summary };
        metrics.statements.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

/// A transaction had this many writes.
pub(crate) fn batch(writes: usize) {
    if let Some(metrics) = METRICS.get() {
        #[expect(clippy::cast_precision_loss, reason = "a batch has a few hundred writes")]
        metrics.batches.observe(writes as f64);
    }
}

/// A write that waits, for as long as this is kept.
#[derive(Debug)]
pub(crate) struct Queued(Option<&'static Gauge>);

impl Queued {
    pub(crate) fn new() -> Self {
        let gauge = METRICS.get().map(|metrics| &metrics.queued);
        if let Some(gauge) = gauge {
            gauge.inc();
        }
        Self(gauge)
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        if let Some(gauge) = self.0 {
            gauge.dec();
        }
    }
}
