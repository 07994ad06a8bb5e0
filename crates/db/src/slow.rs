//! How long statements take: counted, and those that take long are said by name.

use std::time::Duration;

use crate::metrics;

/// How long a statement may take before its name is logged.
const SLOW: Duration = Duration::from_millis(100);

/// The embedded engine, as the metrics call it.
const SQLITE: &str = "sqlite";

/// Runs `work` of the embedded engine, counts how long it took, and logs the statement's name when
/// that was long.
pub(crate) fn timed<T>(statement: &'static str, work: impl FnOnce() -> T) -> T {
    let watch = Watch::start(SQLITE, statement);
    let result = work();
    watch.stop();
    result
}

/// As [`timed`], for what stands around every statement and would only be counted beside it.
pub(crate) fn watched<T>(statement: &'static str, work: impl FnOnce() -> T) -> T {
    let watch = Watch::start(SQLITE, statement);
    let result = work();
    watch.look();
    result
}

/// A statement that runs elsewhere, measured from here.
pub(crate) struct Watch {
    system: &'static str,
    statement: &'static str,
    start: std::time::Instant,
}

impl Watch {
    pub(crate) fn start(system: &'static str, statement: &'static str) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "measures a duration; no row or id depends on it"
        )]
        let start = std::time::Instant::now();
        Self { system, statement, start }
    }

    pub(crate) fn stop(self) {
        metrics::took(self.system, self.statement, self.look());
    }

    fn look(&self) -> Duration {
        let (statement, took) = (self.statement, self.start.elapsed());
        if took >= SLOW {
            tracing::warn!(statement, took_ms = took.as_millis(), "slow statement {statement}");
        }
        took
    }
}
