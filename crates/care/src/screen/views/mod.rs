//! Views: one text, read in several ways. Each view is the text without anything between its
//! letters, and beside it where words begin and end. Nothing here knows a phrase.
//!
//! Because a view has no gaps, `s u i c i d e`, `sui-cide` and `suicide` are the same string in
//! it. What separates them from letters that merely happen to stand side by side ("upskill
//! myself") is the record of word starts and ends, which every match is held against.

pub(super) mod fold;
mod lookalikes;

pub(super) use fold::{Cell, Gap, Kind, cells};
use fold::{is_arabic, is_spaced, is_unspaced};
pub(super) use lookalikes::leet_choices;
use lookalikes::{Leet, leet};

const START: u8 = 1;
const END: u8 = 2;
const RUN: u8 = 4;
const BARRIER: u8 = 8;
const SPELLED: u8 = 16;
/// The script of the letter that follows tells words apart by spaces, and does so reliably.
const SPACED: u8 = 32;

/// How digits and signs are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reading {
    /// As themselves.
    Plain,
    /// As the letters they stand for.
    Leet(Leet),
}

/// What lies between two words of a phrase.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Joint {
    /// A gap.
    Gap,
    /// Nothing, in a script that puts gaps there.
    Glue,
    /// Anything: the script is free about it, or every letter stands apart.
    Free,
}

/// One reading of a text. Positions are byte offsets into `text`.
pub(super) struct View {
    /// The letters, repeats collapsed.
    pub(super) text: String,
    /// What lies at each offset, the end included.
    flags: Vec<u8>,
    /// Where each cell begins in `text`, and the end.
    offsets: Vec<usize>,
    /// How many gaps between words lie before each offset, or at it.
    gaps: Vec<u32>,
}

/// Every view that a text needs: the plain one, and with digits or signs inside words the leet ones.
pub(super) fn views(cells: &[Cell]) -> impl Iterator<Item = View> {
    let cyrillic = cells.iter().any(|cell| matches!(cell.ch, '\u{0430}'..='\u{045F}'));
    let [i, l] = ['i', 'l'].map(|one| Leet { one, cyrillic });
    let leet = (0..cells.len()).any(|at| leet_at(cells, at, i).is_some());
    let ones = leet && cells.iter().any(|cell| matches!(cell.ch, '1' | '!' | '|' | '¡' | '¦'));
    let latin = Leet { cyrillic: false, ..i };
    let readings = [
        Some(Reading::Plain),
        leet.then_some(Reading::Leet(i)),
        ones.then_some(Reading::Leet(l)),
        // Among Cyrillic letters there may be a sentence in Latin ones.
        (leet && cyrillic).then_some(Reading::Leet(latin)),
    ];
    readings.into_iter().flatten().map(|reading| View::new(cells, reading))
}

fn leet_at(cells: &[Cell], at: usize, how: Leet) -> Option<char> {
    let cell = cells[at];
    match cell.kind {
        Kind::Digit => leet(cell.ch, how),
        Kind::Symbol => {
            let letter = leet(cell.ch, how)?;
            let before = at.checked_sub(1).map(|i| cells[i]);
            let inside = before.is_some_and(Cell::is_word)
                || matches!(cell.ch, '$' | '@' | '€' | '£' | '¢' | '|');
            (inside && cells.get(at + 1).is_some_and(|next| next.is_word())).then_some(letter)
        }
        Kind::Letter | Kind::Space => None,
    }
}

fn read(cells: &[Cell], at: usize, reading: Reading) -> Option<char> {
    let cell = cells[at];
    match reading {
        Reading::Leet(how) if cell.kind != Kind::Letter => leet_at(cells, at, how),
        _ => cell.is_word().then_some(cell.ch),
    }
}

impl View {
    fn new(cells: &[Cell], reading: Reading) -> Self {
        let mut view = Self {
            text: String::with_capacity(cells.len()),
            flags: vec![0],
            offsets: Vec::with_capacity(cells.len() + 1),
            gaps: vec![0],
        };
        let mut gap = true;
        let mut last: Option<(char, Kind)> = None;
        for (at, cell) in cells.iter().enumerate() {
            let Some(ch) = read(cells, at, reading) else {
                view.offsets.push(view.text.len());
                gap = true;
                continue;
            };
            let edge = gap
                || is_unspaced(ch)
                || last.is_some_and(|(before, kind)| {
                    is_unspaced(before) || reading == Reading::Plain && kind != cell.kind
                });
            let gap_here = if gap && last.is_some() { Some(cell.before) } else { None };
            view.push(ch, edge, gap_here, last.map(|(before, _)| before));
            last = Some((ch, cell.kind));
            gap = false;
        }
        let end = view.text.len();
        view.offsets.push(end);
        view.flags[end] |= END;
        if view.text.chars().any(is_arabic) {
            view.mark_clitics();
        }
        view
    }

    fn push(&mut self, ch: char, edge: bool, gap: Option<Gap>, last: Option<char>) {
        let at = self.text.len();
        if edge {
            self.flags[at] |= END;
        }
        match gap {
            Some(Gap::Sentence) => self.flags[at] |= BARRIER,
            Some(Gap::Spelling) => self.flags[at] |= SPELLED,
            Some(Gap::Plain) => self.gaps[at] += 1,
            None => {}
        }
        if last == Some(ch) && gap != Some(Gap::Sentence) {
            let begin = at - ch.len_utf8();
            self.flags[begin] |= if edge { START } else { 0 };
            self.flags[at] |= RUN;
            self.offsets.push(begin);
            return;
        }
        self.flags[at] |= if edge { START } else { 0 } | if is_spaced(ch) { SPACED } else { 0 };
        self.offsets.push(at);
        self.text.push(ch);
        let gaps = self.gaps[at];
        self.flags.resize(self.text.len() + 1, 0);
        self.gaps.resize(self.text.len() + 1, gaps);
    }

    /// Arabic writes "and", "so", "by", "for", "like" and "the" onto the word: it may begin after
    /// them too.
    fn mark_clitics(&mut self) {
        const CLITICS: [&[&str]; 3] = [&["و", "ف"], &["ب", "ل", "ك", "س", "ه"], &["ال"]];
        for start in 0..self.text.len() {
            if !self.starts(start) {
                continue;
            }
            let mut at = start;
            for group in CLITICS {
                let rest = &self.text[at..];
                let Some(clitic) = group.iter().find(|clitic| rest.starts_with(**clitic)) else {
                    continue;
                };
                let next = at + clitic.len();
                if (at + 1..=next).any(|within| self.ends(within)) {
                    break;
                }
                at = next;
                self.flags[at] |= START;
            }
        }
    }

    /// Whether a word begins at this offset.
    pub(super) fn starts(&self, at: usize) -> bool {
        self.flags[at] & START != 0
    }

    /// Whether a word ends at this offset.
    pub(super) fn ends(&self, at: usize) -> bool {
        self.flags[at] & END != 0
    }

    /// Whether a sentence ended here, so that a phrase may not go on.
    pub(super) fn barrier(&self, at: usize) -> bool {
        self.flags[at] & BARRIER != 0
    }

    /// Whether this is a gap in a word that is spelled out ("k i l l"), where words seem to end
    /// after every letter.
    pub(super) fn spelled(&self, at: usize) -> bool {
        self.flags[at] & SPELLED != 0
    }

    /// Whether a word, to begin here, would have to follow a gap, and does.
    pub(super) fn joint(&self, at: usize) -> Joint {
        if self.flags[at] & SPACED == 0 || self.spelled(at) {
            Joint::Free
        } else if self.starts(at) {
            Joint::Gap
        } else {
            Joint::Glue
        }
    }

    /// Whether a gap between words lies within this stretch.
    pub(super) fn split(&self, start: usize, end: usize) -> bool {
        end > start && self.gaps[end - 1] > self.gaps[start]
    }

    /// If the letter before this offset was written more than once: where it begins. The second
    /// one may belong to the next word ("want to" shows as `wanto`).
    pub(super) fn run(&self, at: usize) -> Option<usize> {
        (self.flags[at] & RUN != 0).then(|| self.text.floor_char_boundary(at.saturating_sub(1)))
    }

    /// The end of the word that goes on at this offset, if it is near.
    pub(super) fn word_end(&self, at: usize) -> Option<usize> {
        const NEAR_BYTES: usize = 64;
        let far = self.flags.len().min(at + NEAR_BYTES);
        (at..far).find(|&end| self.ends(end) && !self.spelled(end))
    }

    /// Where these cells, which end at a gap, stand in the view.
    pub(super) fn span(&self, cells: std::ops::Range<usize>) -> (usize, usize) {
        (self.offsets[cells.start], self.offsets[cells.end])
    }
}
