//! The table: its rows, for people and as JSON.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{cases::Case, load::Outcome};

/// What every route promises that does not wait for a model.
pub(crate) const LIMIT: Duration = Duration::from_millis(500);

/// What one case gave.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    operation: &'static str,
    detail: &'static str,
    clients: usize,
    judged: bool,
    outcome: Outcome,
    /// Processor time of the server in this round.
    cpu: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Holds,
    Over,
    Errors,
    /// Nothing was measured, which proves nothing.
    Empty,
    NoLimit,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "ok",
            Self::Over => "OVER",
            Self::Errors => "ERRORS",
            Self::Empty => "NOTHING",
            Self::NoLimit => "(model)",
        }
    }

    const fn is_good(self) -> bool {
        matches!(self, Self::Holds | Self::NoLimit)
    }
}

impl Row {
    pub(crate) fn new(case: &Case, outcome: Outcome, cpu: Option<Duration>) -> Self {
        Self {
            operation: case.operation,
            detail: case.detail,
            clients: case.clients,
            judged: !case.waits_for_model,
            outcome,
            cpu,
        }
    }

    fn requests(&self) -> usize {
        self.outcome.latencies.len() + self.outcome.errors
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate is rounded when it is printed")]
    fn per_second(&self) -> f64 {
        let seconds = self.outcome.wall.as_secs_f64();
        if seconds > 0.0 { self.requests() as f64 / seconds } else { 0.0 }
    }

    #[expect(clippy::cast_precision_loss, reason = "a mean is rounded when it is printed")]
    fn cpu_micros(&self) -> Option<f64> {
        let requests = self.requests();
        let cpu = self.cpu.filter(|_| requests > 0)?;
        Some(cpu.as_secs_f64() * 1e6 / requests as f64)
    }

    fn verdict(&self) -> Verdict {
        match () {
            () if self.outcome.errors > 0 => Verdict::Errors,
            () if self.outcome.latencies.is_empty() => Verdict::Empty,
            () if !self.judged => Verdict::NoLimit,
            () if self.outcome.percentile(99) < LIMIT => Verdict::Holds,
            () => Verdict::Over,
        }
    }

    /// Whether it is as promised.
    pub(crate) fn is_good(&self) -> bool {
        self.verdict().is_good()
    }

    /// The operation's id.
    pub(crate) const fn operation(&self) -> &str {
        self.operation
    }

    /// The operation and what of it was measured.
    pub(crate) fn name(&self) -> String {
        let Self { operation, detail, .. } = self;
        if detail.is_empty() { (*operation).to_owned() } else { format!("{operation}, {detail}") }
    }

    /// The first error, if there was one.
    pub(crate) fn first_error(&self) -> Option<&str> {
        self.outcome.first_error.as_deref()
    }

    fn cells(&self) -> [String; COLUMNS] {
        let millis = |percent| format!("{:.1}", millis(self.outcome.percentile(percent)));
        let cpu = self.cpu_micros();
        let cpu = cpu.map_or_else(|| "-".to_owned(), |micros| format!("{micros:.0}"));
        [
            self.name(),
            self.clients.to_string(),
            self.requests().to_string(),
            format!("{:.0}", self.per_second()),
            millis(50),
            millis(99),
            millis(100),
            cpu,
            self.outcome.errors.to_string(),
            self.verdict().as_str().to_owned(),
        ]
    }

    /// For programs. Times in milliseconds, processor time in microseconds per request.
    pub(crate) fn json(&self) -> Value {
        let at = |percent| millis(self.outcome.percentile(percent));
        json!({
            "operation": self.operation,
            "detail": self.detail,
            "clients": self.clients,
            "requests": self.requests(),
            "requests_per_second": self.per_second(),
            "p50_ms": at(50),
            "p99_ms": at(99),
            "max_ms": at(100),
            "server_cpu_us": self.cpu_micros(),
            "errors": self.outcome.errors,
            "verdict": self.verdict().as_str(),
        })
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

const COLUMNS: usize = 10;
const HEADINGS: [&str; COLUMNS] = [
    "operation",
    "clients",
    "requests",
    "req/s",
    "p50 ms",
    "p99 ms",
    "max ms",
    "CPU µs",
    "errors",
    "< 500 ms",
];

/// The table as text.
pub(crate) fn render(rows: &[Row]) -> String {
    let mut lines = vec![HEADINGS.map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(|row| row.cells().to_vec()));
    aligned(&lines)
}

/// Lines of as many cells each, the first of them the headings: names to the left, numbers to the
/// right.
pub(crate) fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let cell = |(column, cell): (usize, &String)| {
            let width = widths[column];
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        };
        let cells: Vec<String> = line.iter().enumerate().map(cell).collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
        if index == 0 {
            text += &"-".repeat(widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1));
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(millis: &[u64], errors: usize, judged: bool) -> Row {
        let outcome = Outcome {
            latencies: millis.iter().copied().map(Duration::from_millis).collect(),
            wall: Duration::from_secs(2),
            errors,
            first_error: None,
        };
        let requests = u32::try_from(outcome.latencies.len()).unwrap();
        let cpu = Some(requests * Duration::from_micros(2500));
        Row { operation: "read", detail: "twice", clients: 32, judged, outcome, cpu }
    }

    #[test]
    fn the_limit_judges_the_slowest_hundredth_and_any_error() {
        assert_eq!(row(&[1, 499], 0, true).verdict(), Verdict::Holds);
        assert_eq!(row(&[1, 500], 0, true).verdict(), Verdict::Over);
        assert_eq!(row(&[1, 500], 0, false).verdict(), Verdict::NoLimit);
        assert_eq!(row(&[1], 1, false).verdict(), Verdict::Errors);
        assert_eq!(row(&[], 0, true).verdict(), Verdict::Empty);
        let good = [Verdict::Holds, Verdict::NoLimit];
        let all = [Verdict::Over, Verdict::Errors, Verdict::Empty];
        assert!(good.iter().all(|one| one.is_good()) && !all.iter().any(|one| one.is_good()));
    }

    #[test]
    fn the_table_is_aligned() {
        let table = render(&[row(&[1, 20], 0, true), row(&[700; 100], 0, true)]);
        let expected = "\
operation    clients  requests  req/s  p50 ms  p99 ms  max ms  CPU µs  errors  < 500 ms
---------------------------------------------------------------------------------------
read, twice       32         2      1     1.0    20.0    20.0    2500       0        ok
read, twice       32       100     50   700.0   700.0   700.0    2500       0      OVER
";
        assert_eq!(table, expected);
    }
}
