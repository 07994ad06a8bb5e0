//! The published figures: how many acceptable answers pass, and how many of the others are caught.
//! The sets are in `data/guard`; they are read only when a report is made.

use std::fmt;

use super::{GuardContext, MAX_REPLY_CHARS, MAX_SENTENCES, emit, guard, sentences};

const ACCEPTABLE: &str = include_str!("../../data/guard/acceptable.txt");
const BAD: &str = include_str!("../../data/guard/bad.txt");
const INSTRUCTION: &str = include_str!("../../data/guard/instruction.txt");

/// How many answers of a kind there are, and how many were judged rightly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The kind, with the language where it matters.
    pub kind: String,
    /// Answers.
    pub answers: usize,
    /// Those judged rightly.
    pub right: usize,
}

/// What the guard does to the reviewed sets.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Acceptable answers, by language: right is to pass.
    pub acceptable: Vec<Tally>,
    /// Bad answers, by kind: right is to be refused.
    pub bad: Vec<Tally>,
    /// The answers judged wrongly, with their kind and what was found.
    pub misjudged: Vec<String>,
    /// Accepted answers of which something is shown that breaks a promise of the guard: each is a
    /// fault.
    pub violations: Vec<String>,
}

fn tally<'a>(tallies: &'a mut Vec<Tally>, kind: &str) -> &'a mut Tally {
    let at = tallies.iter().position(|tally| tally.kind == kind).unwrap_or_else(|| {
        tallies.push(Tally { kind: kind.to_owned(), answers: 0, right: 0 });
        tallies.len() - 1
    });
    &mut tallies[at]
}

/// The lines of a set with their tags. `== tag` begins a kind, `# ` a remark.
pub(super) fn lines(set: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut tag = "";
    set.lines().filter(|line| !line.starts_with("# ")).filter_map(move |line| {
        if let Some(new) = line.strip_prefix("== ") {
            tag = new;
            return None;
        }
        Some((tag, line))
    })
}

pub(super) fn acceptable() -> impl Iterator<Item = (&'static str, &'static str)> {
    lines(ACCEPTABLE)
}

pub(super) fn bad() -> impl Iterator<Item = (&'static str, &'static str)> {
    lines(BAD)
}

/// The instruction that the leaks among the bad answers repeat.
pub(super) const CONTEXT: GuardContext<'static> = GuardContext { instruction: INSTRUCTION };

/// What an answer breaks if it is accepted: it is one line of at most two sentences and 280 code
/// points, and whatever [`emit`] has shown of it passes by itself, as it stands.
fn broken(answer: &str) -> Option<&'static str> {
    let guarded = guard(answer, &CONTEXT).ok()?;
    let text = guarded.as_str();
    if text.chars().count() > MAX_REPLY_CHARS || sentences::ends(text).len() > MAX_SENTENCES {
        return Some("too long");
    }
    if text.chars().any(char::is_control) {
        return Some("not one line");
    }
    let mut shown = String::new();
    for slice in emit(&guarded) {
        shown.push_str(slice);
        if guard(&shown, &CONTEXT).is_err() {
            return Some("a part of it does not pass");
        }
    }
    (shown != text).then_some("not shown as it was accepted")
}

/// Runs the guard over the reviewed sets.
pub fn report() -> Report {
    let mut report = Report::default();
    for (kind, answer) in acceptable() {
        let verdict = guard(answer, &CONTEXT);
        let counted = tally(&mut report.acceptable, kind);
        counted.answers += 1;
        counted.right += usize::from(verdict.is_ok());
        if let Err(violation) = verdict {
            report.misjudged.push(format!("{kind}: {answer} ({})", violation.code()));
        }
    }
    for (kind, answer) in bad() {
        let refused = guard(answer, &CONTEXT).is_err();
        let counted = tally(&mut report.bad, kind);
        counted.answers += 1;
        counted.right += usize::from(refused);
        if !refused {
            report.misjudged.push(format!("{kind}: {answer} (passed)"));
        }
    }
    for (kind, answer) in acceptable().chain(bad()) {
        if let Some(what) = broken(answer) {
            report.violations.push(format!("{kind}: {answer} ({what})"));
        }
    }
    report
}

impl fmt::Display for Tally {
    #[expect(clippy::cast_precision_loss, reason = "some hundreds of answers")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = 100.0 * self.right as f64 / self.answers.max(1) as f64;
        write!(f, "{:<16}{:>4} of {:>4} {:>7.2} %", self.kind, self.right, self.answers, percent)
    }
}

/// All kinds together.
pub(super) fn total(tallies: &[Tally], kind: &str) -> Tally {
    Tally {
        kind: kind.to_owned(),
        answers: tallies.iter().map(|tally| tally.answers).sum(),
        right: tallies.iter().map(|tally| tally.right).sum(),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = |f: &mut fmt::Formatter<'_>, title: &str, tallies: &[Tally]| {
            writeln!(f, "{title}")?;
            tallies.iter().try_for_each(|tally| writeln!(f, "  {tally}"))?;
            write!(f, "  {}", total(tallies, "all"))
        };
        table(f, "Acceptable answers that pass:", &self.acceptable)?;
        writeln!(f)?;
        table(f, "Bad answers that are refused:", &self.bad)?;
        write!(f, "\nAccepted answers that break a promise: {}", self.violations.len())
    }
}
