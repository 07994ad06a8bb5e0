//! The figures of the screen on the reviewed sentences: how many are found, plain and disguised,
//! and how many harmless ones are taken for something. `serene care report` prints them.

use std::fmt;

use super::disguise::{DISGUISES, disguise};
use super::sets::{Sentence, sentences};
use super::{Language, Surface, Tier, fixed_answer, screen};

/// Of explicit intent, plain and disguised, at least this much is found.
pub const LEAST_FOUND_PERCENT: f64 = 99.5;
/// Of harmless sentences, at most this much is taken for more than a bare word.
pub const MOST_FALSE_PERCENT: f64 = 1.0;

/// How many of how many.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Share {
    /// Those that were.
    pub hits: usize,
    /// Those that could have been.
    pub of: usize,
}

impl Share {
    fn count(&mut self, hit: bool) {
        self.hits += usize::from(hit);
        self.of += 1;
    }

    fn add(&mut self, other: Self) {
        self.hits += other.hits;
        self.of += other.of;
    }

    fn with(mut self, other: Self) -> Self {
        self.add(other);
        self
    }

    /// In percent; of nothing, 100.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn percent(self) -> f64 {
        if self.of == 0 { 100.0 } else { 100.0 * self.hits as f64 / self.of as f64 }
    }
}

/// The figures of one language, or of all together.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Figures {
    /// Sentences of the explicit tier that were found as explicit.
    pub explicit: Share,
    /// The same under each of the [`DISGUISES`] that the script allows.
    pub disguised: Share,
    /// Sentences seeking a method, found as that or graver.
    pub method: Share,
    /// Passive sentences, found as that or graver.
    pub passive: Share,
    /// Bare words, found at all.
    pub bare: Share,
    /// Harmless sentences that were taken for more than a bare word.
    pub false_alarms: Share,
    /// Harmless sentences that end in the fixed sentence in an entry, most of them because one of
    /// the brief's four phrases stands in them ("Suicide Squad").
    pub fixed_in_entries: Share,
}

impl Figures {
    fn count(&mut self, sentence: &Sentence) {
        let chat = screen(&sentence.text, Surface::Chat);
        let found = |least: Tier| chat.tier >= Some(least);
        match sentence.tier {
            Some(Tier::Explicit) => {
                self.explicit.count(found(Tier::Explicit));
                for n in 0..DISGUISES {
                    if let Some(text) = disguise(&sentence.text, n, n as u64) {
                        self.disguised.count(is_explicit(&text));
                    }
                }
            }
            Some(Tier::Method) => self.method.count(found(Tier::Method)),
            Some(Tier::Passive) => self.passive.count(found(Tier::Passive)),
            Some(Tier::BareWord) => self.bare.count(found(Tier::BareWord)),
            None => {
                self.false_alarms.count(chat.tier > Some(Tier::BareWord));
                let entry = screen(&sentence.text, Surface::Entry);
                self.fixed_in_entries.count(fixed_answer(Surface::Entry, &entry));
            }
        }
    }

    fn add(&mut self, other: &Self) {
        self.explicit.add(other.explicit);
        self.disguised.add(other.disguised);
        self.method.add(other.method);
        self.passive.add(other.passive);
        self.bare.add(other.bare);
        self.false_alarms.add(other.false_alarms);
        self.fixed_in_entries.add(other.fixed_in_entries);
    }
}

/// Figures by language, for the sentences the phrases were developed with and for those that were
/// written when the phrases stood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The version of the phrases.
    pub version: u32,
    /// Each language: developed with, written late.
    pub languages: Vec<(Language, Figures, Figures)>,
}

/// Screens every reviewed sentence, the explicit ones in every disguise too. Some seconds of work
/// in a release build.
pub fn report() -> Report {
    let mut languages: Vec<(Language, Figures, Figures)> =
        Language::ALL.map(|language| (language, Figures::default(), Figures::default())).into();
    for sentence in sentences() {
        let row = &mut languages[sentence.language as usize];
        if sentence.late { row.2.count(&sentence) } else { row.1.count(&sentence) }
    }
    Report { version: super::version(), languages }
}

impl Report {
    /// The promises that the figures do not keep, one line each: at least [`LEAST_FOUND_PERCENT`] of
    /// explicit intent, plain and disguised, and at most [`MOST_FALSE_PERCENT`] of false alarms, over
    /// every reviewed sentence of every language.
    pub fn shortfalls(&self) -> Vec<String> {
        let (developed, late) = self.totals();
        let explicit = developed.explicit.with(late.explicit);
        let disguised = developed.disguised.with(late.disguised);
        let false_alarms = developed.false_alarms.with(late.false_alarms);
        let mut shortfalls = Vec::new();
        for (name, share) in [("explicit intent", explicit), ("disguised intent", disguised)] {
            if share.percent() < LEAST_FOUND_PERCENT {
                let found = cell(share);
                shortfalls.push(format!("{name} found: {found}, below {LEAST_FOUND_PERCENT} %"));
            }
        }
        if false_alarms.percent() > MOST_FALSE_PERCENT {
            let raised = cell(false_alarms);
            shortfalls.push(format!("false alarms: {raised}, above {MOST_FALSE_PERCENT} %"));
        }
        shortfalls
    }

    /// All languages together: developed with, written late.
    pub fn totals(&self) -> (Figures, Figures) {
        let mut totals = (Figures::default(), Figures::default());
        for (_, developed, late) in &self.languages {
            totals.0.add(developed);
            totals.1.add(late);
        }
        totals
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (developed, late) = self.totals();
        writeln!(f, "Crisis screen, phrases version {}, {DISGUISES} disguises", self.version)?;
        writeln!(f, "\nSentences the phrases were developed with:")?;
        let rows = self.languages.iter().map(|row| (row.0.code(), &row.1));
        table(f, rows.chain([("all", &developed)]))?;
        writeln!(f, "\nSentences written when the phrases stood:")?;
        let rows = self.languages.iter().map(|row| (row.0.code(), &row.2));
        table(f, rows.chain([("all", &late)]))
    }
}

fn table<'a>(
    f: &mut fmt::Formatter<'_>,
    rows: impl Iterator<Item = (&'a str, &'a Figures)>,
) -> fmt::Result {
    writeln!(
        f,
        "{:<4} {:>16} {:>18} {:>14} {:>14} {:>14} {:>16} {:>14}",
        "",
        "explicit",
        "disguised",
        "method",
        "passive",
        "bare word",
        "false alarms",
        "fixed (entry)"
    )?;
    for (name, figures) in rows {
        writeln!(
            f,
            "{name:<4} {:>16} {:>18} {:>14} {:>14} {:>14} {:>16} {:>14}",
            cell(figures.explicit),
            cell(figures.disguised),
            cell(figures.method),
            cell(figures.passive),
            cell(figures.bare),
            cell(figures.false_alarms),
            cell(figures.fixed_in_entries),
        )?;
    }
    Ok(())
}

fn cell(share: Share) -> String {
    format!("{}/{} {:.1} %", share.hits, share.of, share.percent())
}

/// A reviewed sentence that came out wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Miss {
    /// Its language.
    pub language: Language,
    /// The tier it belongs to; `None` if it is harmless.
    pub wanted: Option<Tier>,
    /// The tier it was given.
    pub got: Option<Tier>,
    /// The disguise it was in, if any.
    pub disguise: Option<usize>,
    /// The sentence. It is from the reviewed sets, so nobody's private text.
    pub text: String,
}

/// The sentences that come out wrong: those the phrases were developed with, or the late ones.
pub fn misses(late: bool) -> Vec<Miss> {
    let mut misses = Vec::new();
    for sentence in sentences().into_iter().filter(|sentence| sentence.late == late) {
        let mut check = |disguise: Option<usize>, text: &str| {
            let got = screen(text, Surface::Chat).tier;
            let right = match sentence.tier {
                None => got <= Some(Tier::BareWord),
                wanted => got >= wanted,
            };
            if !right {
                let (language, wanted) = (sentence.language, sentence.tier);
                misses.push(Miss { language, wanted, got, disguise, text: text.to_owned() });
            }
        };
        check(None, &sentence.text);
        if sentence.tier == Some(Tier::Explicit) && is_explicit(&sentence.text) {
            for n in 0..DISGUISES {
                if let Some(text) = disguise(&sentence.text, n, n as u64) {
                    check(Some(n), &text);
                }
            }
        }
    }
    misses
}

fn is_explicit(text: &str) -> bool {
    screen(text, Surface::Chat).tier == Some(Tier::Explicit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_its_bound_is_named() {
        let share = |hits, of| Share { hits, of };
        let good = Figures {
            explicit: share(995, 1000),
            disguised: share(1990, 2000),
            false_alarms: share(10, 1000),
            ..Figures::default()
        };
        let report = |late| Report { version: 1, languages: vec![(Language::En, good, late)] };
        assert_eq!(report(Figures::default()).shortfalls(), [""; 0]);
        let explicit = Figures { explicit: share(0, 1), ..Figures::default() };
        assert_eq!(
            report(explicit).shortfalls(),
            ["explicit intent found: 995/1001 99.4 %, below 99.5 %"]
        );
        let alarms = Figures { false_alarms: share(9, 9), ..Figures::default() };
        assert_eq!(report(alarms).shortfalls(), ["false alarms: 19/1009 1.9 %, above 1 %"]);
    }
}
