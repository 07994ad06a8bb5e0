//! Statements that take long, said by name.

use std::time::Duration;

/// How long a statement may take before its name is logged.
const SLOW: Duration = Duration::from_millis(100);

/// Runs `work` and logs the statement's name when it took long.
pub(crate) fn timed<T>(statement: &'static str, work: impl FnOnce() -> T) -> T {
    let watch = Watch::start(statement);
    let result = work();
    watch.stop();
    result
}

/// A statement that runs elsewhere, measured from here.
pub(crate) struct Watch {
    statement: &'static str,
    start: std::time::Instant,
}

impl Watch {
    pub(crate) fn start(statement: &'static str) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "measures a duration; no row or id depends on it"
        )]
        let start = std::time::Instant::now();
        Self { statement, start }
    }

    pub(crate) fn stop(self) {
        let (statement, took) = (self.statement, self.start.elapsed());
        if took >= SLOW {
            tracing::warn!(statement, took_ms = took.as_millis(), "slow statement {statement}");
        }
    }
}
