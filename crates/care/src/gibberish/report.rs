//! The published figures: how much ordinary text is flagged, how much mash is found. The sets are
//! in `data/gibberish`; they are read only when a report is made.

use std::fmt;

use super::mashing::mash;
use super::{is_gibberish, judge};

pub use super::mashing::MashKind;

/// Ordinary text, by language and kind.
const NATURAL: [&str; 4] = [
    include_str!("../../data/gibberish/natural-1.txt"),
    include_str!("../../data/gibberish/natural-2.txt"),
    include_str!("../../data/gibberish/natural-3.txt"),
    include_str!("../../data/gibberish/natural-4.txt"),
];
/// Ordinary text that was written when nothing was changed any more.
const NATURAL_LATE: &str = include_str!("../../data/gibberish/natural-late.txt");
/// Mash typed by hand.
const TYPED: &str = include_str!("../../data/gibberish/mash.txt");
/// Mash typed when nothing was changed any more.
const TYPED_LATE: &str = include_str!("../../data/gibberish/mash-late.txt");

/// Of ordinary text, at most this much is called gibberish.
const MOST_FALSE_PERCENT: f64 = 0.1;
/// Of keyboard mash, at least this much is.
const LEAST_FOUND_PERCENT: f64 = 95.0;

/// Every fifth line was not looked at while the bounds were found.
const HELD_OUT_EVERY: usize = 5;
/// Mash made of each manner: this many to find the bounds on, and a quarter more held out.
const MADE_OF_EACH: u64 = 400;
const MADE_HELD_OUT: u64 = 100;
/// Where the seeds of held-out mash begin.
const HELD_OUT_SEED: u64 = 1 << 40;
/// The length of made mash, that of a short note.
const MADE_LETTERS: usize = 50;

/// How many lines of a kind there are, and how many of them are called gibberish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// What kind of text.
    pub kind: String,
    /// Lines the bounds were found on.
    pub lines: usize,
    /// Those of them that are called gibberish.
    pub flagged: usize,
    /// Lines held out.
    pub held_out: usize,
    /// Those of them that are called gibberish.
    pub held_out_flagged: usize,
}

impl Tally {
    /// How much is called gibberish, held-out lines included.
    #[expect(clippy::cast_precision_loss, reason = "some thousands of lines")]
    fn percent(&self) -> f64 {
        let flagged = self.flagged + self.held_out_flagged;
        100.0 * flagged as f64 / (self.lines + self.held_out).max(1) as f64
    }

    fn add(&mut self, held_out: bool, flagged: bool) {
        let (lines, hits) = if held_out {
            (&mut self.held_out, &mut self.held_out_flagged)
        } else {
            (&mut self.lines, &mut self.flagged)
        };
        *lines += 1;
        *hits += usize::from(flagged);
    }
}

/// What the check does to the reviewed sets.
#[derive(Clone, Debug)]
pub struct Report {
    /// Ordinary text, all kinds together.
    pub natural: Tally,
    /// Mash typed by hand, by the manner of typing.
    pub typed: Vec<Tally>,
    /// Mash made by chance, by the manner of mashing.
    pub made: Vec<Tally>,
    /// The lines judged wrongly, with their kind and the signs seen.
    pub misjudged: Vec<String>,
}

/// The lines of a set with their tags. `== tag` begins a kind, `# ` a remark.
fn lines(set: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut tag = "";
    set.lines().filter(|line| !line.starts_with("# ")).filter_map(move |line| {
        if let Some(new) = line.strip_prefix("== ") {
            tag = new;
            return None;
        }
        Some((tag, line))
    })
}

impl Report {
    fn note_wrong(&mut self, kind: &str, text: &str) {
        self.misjudged.push(format!("{kind}: {text} {:?}", judge(text)));
    }

    /// The promises that the figures do not keep, one line each: at most 0.1 % of ordinary
    /// text called gibberish, at least 95 % of mash, held-out lines included.
    pub fn shortfalls(&self) -> Vec<String> {
        let mut shortfalls = Vec::new();
        if self.natural.percent() > MOST_FALSE_PERCENT {
            let found = self.natural.percent();
            shortfalls.push(format!(
                "ordinary text called gibberish: {found:.2} %, above {MOST_FALSE_PERCENT} %"
            ));
        }
        for (name, tallies) in [("typed", &self.typed), ("made", &self.made)] {
            let found = total(tallies, name).percent();
            if found < LEAST_FOUND_PERCENT {
                shortfalls.push(format!(
                    "mash found, {name}: {found:.2} %, below {LEAST_FOUND_PERCENT} %"
                ));
            }
        }
        shortfalls
    }

    fn read_natural(&mut self, set: &str, late: bool) {
        for (at, (tag, line)) in (1..).zip(lines(set)) {
            let flagged = is_gibberish(line);
            self.natural.add(late || at % HELD_OUT_EVERY == 0, flagged);
            if flagged {
                self.note_wrong(tag, line);
            }
        }
    }

    fn read_typed(&mut self, set: &str, late: bool) {
        for (at, (tag, line)) in (1..).zip(lines(set)) {
            let flagged = is_gibberish(line);
            if self.typed.iter().all(|tally| tally.kind != tag) {
                self.typed.push(Tally { kind: tag.to_owned(), ..Tally::default() });
            }
            for tally in self.typed.iter_mut().filter(|tally| tally.kind == tag) {
                tally.add(late || at % HELD_OUT_EVERY == 0, flagged);
            }
            if !flagged {
                self.note_wrong(tag, line);
            }
        }
    }

    fn read_made(&mut self, kind: MashKind) {
        let mut tally = Tally { kind: format!("{kind:?}"), ..Tally::default() };
        for seed in 0..MADE_OF_EACH {
            tally.add(false, is_gibberish(&mash(kind, seed, MADE_LETTERS)));
        }
        for seed in HELD_OUT_SEED..HELD_OUT_SEED + MADE_HELD_OUT {
            tally.add(true, is_gibberish(&mash(kind, seed, MADE_LETTERS)));
        }
        self.made.push(tally);
    }
}

/// Runs the check over the reviewed sets. Takes some hundredths of a second.
pub fn report() -> Report {
    let mut report = Report {
        natural: Tally { kind: "ordinary text".to_owned(), ..Tally::default() },
        typed: Vec::new(),
        made: Vec::new(),
        misjudged: Vec::new(),
    };
    for set in NATURAL {
        report.read_natural(set, false);
    }
    report.read_natural(NATURAL_LATE, true);
    report.read_typed(TYPED, false);
    report.read_typed(TYPED_LATE, true);
    for kind in MashKind::ALL {
        report.read_made(kind);
    }
    report
}

pub(super) fn total(tallies: &[Tally], kind: &str) -> Tally {
    let mut sum = Tally { kind: kind.to_owned(), ..Tally::default() };
    for tally in tallies {
        sum.lines += tally.lines;
        sum.flagged += tally.flagged;
        sum.held_out += tally.held_out;
        sum.held_out_flagged += tally.held_out_flagged;
    }
    sum
}

impl fmt::Display for Tally {
    #[expect(clippy::cast_precision_loss, reason = "some thousands of lines")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
        write!(
            f,
            "{:<24}{:>6} of {:>5} {:>7.2} %   held out {:>4} of {:>4} {:>7.2} %",
            self.kind,
            self.flagged,
            self.lines,
            percent(self.flagged, self.lines),
            self.held_out_flagged,
            self.held_out,
            percent(self.held_out_flagged, self.held_out),
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Called gibberish, wrongly:")?;
        writeln!(f, "  {}", self.natural)?;
        writeln!(f, "Called gibberish, rightly, typed by hand:")?;
        for tally in &self.typed {
            writeln!(f, "  {tally}")?;
        }
        writeln!(f, "  {}", total(&self.typed, "all typed"))?;
        writeln!(f, "Called gibberish, rightly, made by chance:")?;
        for tally in &self.made {
            writeln!(f, "  {tally}")?;
        }
        write!(f, "  {}", total(&self.made, "all made"))
    }
}
