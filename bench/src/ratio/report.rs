//! The table: what was measured on each side, the ratio, how far the rounds lie apart, and what is
//! over its target.

use std::{path::Path, process::Command, time::Duration};

use serde_json::{Value, json};

use super::{
    at_most,
    cases::{Case, Measured},
    median,
};
use crate::table::aligned;

/// What a row may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Limit {
    /// So many times the other side.
    Times(f64),
    /// So much more than the other side.
    Plus(f64),
    /// So much in all.
    AtMost(f64),
    /// For the record.
    Record,
}

/// One figure, a value for each round.
#[derive(Debug)]
struct Row {
    name: &'static str,
    unit: &'static str,
    limit: Limit,
    /// The floor's, or the other side's. Empty where there is none.
    base: Vec<f64>,
    serene: Vec<f64>,
}

/// How fast a case was answered on each side.
#[derive(Debug)]
struct Speed {
    name: &'static str,
    base: Vec<Measured>,
    serene: Vec<Measured>,
}

/// Everything that was measured.
#[derive(Debug)]
pub(super) struct Report {
    rows: Vec<Row>,
    speeds: Vec<Speed>,
    remarks: Vec<String>,
    commit: String,
    load_before: String,
}

impl Row {
    /// What is judged: for each round, how the two sides compare.
    fn figures(&self) -> Vec<f64> {
        let pairs = || self.base.iter().zip(&self.serene);
        match self.limit {
            Limit::Times(_) => pairs().map(|(base, serene)| serene / base).collect(),
            Limit::Plus(_) => pairs().map(|(base, serene)| serene - base).collect(),
            Limit::AtMost(_) => self.serene.clone(),
            Limit::Record => Vec::new(),
        }
    }

    /// `None` where nothing is promised, or there is nothing to compare with.
    fn is_good(&self) -> Option<bool> {
        let figures = self.figures();
        let (Limit::Times(most) | Limit::Plus(most) | Limit::AtMost(most)) = self.limit else {
            return None;
        };
        (!figures.is_empty()).then(|| median(&figures) <= most)
    }

    fn cells(&self) -> Vec<String> {
        let figures = self.figures();
        let shown = |values: &[f64]| {
            if values.is_empty() { "-".to_owned() } else { figure(median(values)) }
        };
        let (least, most) = figures
            .iter()
            .fold((f64::MAX, f64::MIN), |(least, most), one| (least.min(*one), most.max(*one)));
        let spread = if figures.is_empty() {
            "-".to_owned()
        } else {
            format!("{}–{}", figure(least), figure(most))
        };
        let (compared, limit) = match self.limit {
            Limit::Times(most) => (format!("{:.2}", median(&figures)), format!("{most:.1}")),
            Limit::Plus(most) => (format!("{:+.2}", median(&figures)), format!("+{most:.1}")),
            Limit::AtMost(most) => ("-".to_owned(), format!("{most:.0} {}", self.unit)),
            Limit::Record => ("-".to_owned(), "-".to_owned()),
        };
        let compared = if figures.is_empty() { "-".to_owned() } else { compared };
        let verdict = match self.is_good() {
            Some(true) => "ok",
            Some(false) => "OVER",
            None => "",
        };
        vec![
            self.name.to_owned(),
            self.unit.to_owned(),
            shown(&self.base),
            shown(&self.serene),
            compared,
            spread,
            limit,
            verdict.to_owned(),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "unit": self.unit,
            "base": self.base,
            "serene": self.serene,
            "compared": self.figures(),
            "limit": match self.limit {
                Limit::Times(most) => json!({"times": most}),
                Limit::Plus(most) => json!({"plus": most}),
                Limit::AtMost(most) => json!({"at_most": most}),
                Limit::Record => Value::Null,
            },
            "is_good": self.is_good(),
        })
    }
}

const HEADINGS: [&str; 8] = ["case", "unit", "floor", "Serene", "ratio", "spread", "at most", ""];
const SPEED_HEADINGS: [&str; 7] =
    ["case", "floor req/s", "p50 ms", "p99 ms", "Serene req/s", "p50 ms", "p99 ms"];

impl Report {
    pub(super) fn new() -> Self {
        Self {
            rows: Vec::new(),
            speeds: Vec::new(),
            remarks: Vec::new(),
            commit: commit(),
            load_before: load_average(),
        }
    }

    /// Adds one round of a figure.
    pub(super) fn push(
        &mut self,
        name: &'static str,
        unit: &'static str,
        limit: Limit,
        base: Option<f64>,
        serene: f64,
    ) {
        let known = self.rows.iter().position(|row| row.name == name);
        let index = known.unwrap_or_else(|| {
            self.rows.push(Row { name, unit, limit, base: Vec::new(), serene: Vec::new() });
            self.rows.len() - 1
        });
        self.rows[index].base.extend(base);
        self.rows[index].serene.push(serene);
    }

    /// Adds one round of a case.
    pub(super) fn add(&mut self, case: &Case, first: Measured, second: Option<Measured>) {
        let (base, serene) = match second {
            Some(serene) => (Some(first), serene),
            None => (None, first),
        };
        let base_us = base.map(|base| base.cpu_us);
        self.push(case.name, "µs", at_most(case.at_most), base_us, serene.cpu_us);
        let known = self.speeds.iter().position(|speed| speed.name == case.name);
        let index = known.unwrap_or_else(|| {
            self.speeds.push(Speed { name: case.name, base: Vec::new(), serene: Vec::new() });
            self.speeds.len() - 1
        });
        self.speeds[index].base.extend(base);
        self.speeds[index].serene.push(serene);
    }

    /// A sentence under the table.
    pub(super) fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }

    /// Whether no row is over its target.
    pub(super) fn is_good(&self) -> bool {
        self.rows.iter().all(|row| row.is_good() != Some(false))
    }

    pub(super) fn print(&self, quick: bool, took: Duration) {
        let lines = |headings: &[&str], cells: Vec<Vec<String>>| {
            let headings = headings.iter().map(|cell| (*cell).to_owned()).collect();
            aligned(&std::iter::once(headings).chain(cells).collect::<Vec<Vec<String>>>())
        };
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let quick = if quick { ", quick" } else { "" };
        println!("Commit {}, {cores} cores{quick}", self.commit);
        println!();
        print!("{}", lines(&HEADINGS, self.rows.iter().map(Row::cells).collect()));
        println!();
        print!("{}", lines(&SPEED_HEADINGS, self.speeds.iter().map(Speed::cells).collect()));
        println!();
        println!("µs: processor time of the server per request or word, all its threads. The");
        println!("medians of the rounds; the spread is that of what is judged.");
        for remark in &self.remarks {
            println!("{remark}");
        }
        println!(
            "Load of the machine before and after: {} and {}. Took {} s.",
            self.load_before,
            load_average(),
            took.as_secs()
        );
        for row in self.rows.iter().filter(|row| row.is_good() == Some(false)) {
            println!("Over its target: {}.", row.name);
        }
    }

    pub(super) fn json(&self, quick: bool, took: Duration) -> Value {
        json!({
            "commit": self.commit,
            "quick": quick,
            "seconds": took.as_secs(),
            "load_before": self.load_before,
            "load_after": load_average(),
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
            "speeds": self.speeds.iter().map(Speed::json).collect::<Vec<_>>(),
            "remarks": self.remarks,
        })
    }
}

impl Speed {
    fn cells(&self) -> Vec<String> {
        let mut cells = vec![self.name.to_owned()];
        for side in [&self.base, &self.serene] {
            let shown = |figure: fn(&Measured) -> f64, decimals: usize| {
                let all: Vec<f64> = side.iter().map(figure).collect();
                if all.is_empty() { "-".into() } else { format!("{:.decimals$}", median(&all)) }
            };
            cells.push(shown(|one| one.per_second, 0));
            cells.push(shown(|one| one.p50_ms, 1));
            cells.push(shown(|one| one.p99_ms, 1));
        }
        cells
    }

    fn json(&self) -> Value {
        let side = |side: &[Measured]| {
            let one = |one: &Measured| {
                json!({
                    "cpu_us": one.cpu_us,
                    "per_second": one.per_second,
                    "p50_ms": one.p50_ms,
                    "p99_ms": one.p99_ms,
                })
            };
            side.iter().map(one).collect::<Vec<_>>()
        };
        json!({"name": self.name, "base": side(&self.base), "serene": side(&self.serene)})
    }
}

/// As many digits as mean something.
fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// What is measured, as far as git knows: with a `+` when files were changed since.
pub(crate) fn commit() -> String {
    let git = |arguments: &[&str]| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let changed = git(&["status", "--porcelain", "--untracked-files=no", "--", "crates"]);
    let mark = if changed.is_some_and(|files| !files.is_empty()) { "+" } else { "" };
    git(&["rev-parse", "--short", "HEAD"]).map_or("unknown".to_owned(), |id| id + mark)
}

/// How many programs wanted a processor in the last minute.
fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(limit: Limit, base: &[f64], serene: &[f64]) -> Row {
        Row { name: "n", unit: "µs", limit, base: base.to_vec(), serene: serene.to_vec() }
    }

    #[test]
    fn a_row_is_judged_by_the_median_of_its_rounds() {
        let ratio = |serene: &[f64]| row(Limit::Times(1.5), &[10.0, 20.0, 10.0], serene).is_good();
        assert_eq!(ratio(&[15.0, 30.0, 90.0]), Some(true));
        assert_eq!(ratio(&[15.1, 30.2, 1.0]), Some(false));
        assert_eq!(row(Limit::Plus(1.0), &[2.0], &[3.0]).is_good(), Some(true));
        assert_eq!(row(Limit::Plus(1.0), &[2.0], &[3.1]).is_good(), Some(false));
        assert_eq!(row(Limit::AtMost(16.0), &[], &[15.0, 17.0, 18.0]).is_good(), Some(false));
        assert_eq!(row(Limit::Record, &[1.0], &[9.0]).is_good(), None);
        // Without a floor there is nothing to judge, which is no failure.
        assert_eq!(row(Limit::Times(1.5), &[], &[9.0]).is_good(), None);
    }

    #[test]
    fn a_row_shows_the_ratio_and_its_spread() {
        let cells = row(Limit::Times(1.5), &[10.0, 20.0, 10.0], &[14.0, 20.0, 16.0]).cells();
        assert_eq!(cells, ["n", "µs", "10.0", "16.0", "1.40", "1.00–1.60", "1.5", "ok"]);
    }
}
