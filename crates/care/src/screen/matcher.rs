//! Follows the phrases of the book through one view, word by word. Linear in the text: each word
//! found is looked at once, and what may be open at one place is bounded by the size of the book.

use super::masks::Masked;
use super::phrases::{Book, Place, WordId};
use super::views::{Joint, View};

/// A phrase that was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub(super) phrase: u16,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// How many half-read phrases are kept at one place. Real text has a few.
const MOST_OPEN: usize = 64;
const NONE: u32 = u32::MAX;

/// Every phrase in the view.
pub(super) fn hits(book: &Book, view: &View, masked: &[Masked]) -> Vec<Hit> {
    let mut chart = Chart {
        book,
        view,
        newest: vec![NONE; view.text.len() + 1],
        open: Vec::new(),
        hits: Vec::new(),
        masked: !masked.is_empty(),
    };
    let mut masked = masked.iter().map(|masked| masked.in_view(view)).peekable();
    for word in book.words(view) {
        while let Some(earlier) = masked.next_if(|&(_, _, end)| end <= word.2) {
            chart.read(earlier, true);
        }
        chart.read(word, false);
    }
    for word in masked {
        chart.read(word, true);
    }
    chart.hits
}

/// A phrase read up to some place.
#[derive(Clone, Copy)]
struct Open {
    place: Place,
    start: u32,
    how: How,
    /// The one opened before it at the same place.
    older: u32,
}

/// How the words of a phrase stand in the text. Letters that happen to spell a phrase across other
/// words (`ma viene` has `ma vie ne`) have gaps at some of its joints and none at others, or within
/// its words. A phrase written without gaps (`iwanttodie`) has none anywhere, one with odd gaps
/// (`ki ll my self`) has them at every joint too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct How {
    glued: bool,
    parted: bool,
    split: bool,
}

impl How {
    fn happens(self) -> bool {
        self.glued && (self.parted || self.split)
    }
}

/// Where a word ended.
#[derive(Clone, Copy)]
struct Read {
    end: usize,
    /// For a word that may go on and has: where it is over.
    rest: Option<usize>,
    /// Whether a phrase may end with it.
    complete: bool,
    /// Whether it is only what a masked word may be.
    guessed: bool,
    /// Whether it has a gap within.
    split: bool,
}

struct Chart<'a> {
    book: &'a Book,
    view: &'a View,
    /// For each place, the phrase opened there last.
    newest: Vec<u32>,
    open: Vec<Open>,
    hits: Vec<Hit>,
    /// Whether there are masked words in the text.
    masked: bool,
}

impl Chart<'_> {
    fn read(&mut self, (word, start, end): (WordId, usize, usize), guessed: bool) {
        if start >= end {
            return;
        }
        let begins = self.view.starts(start) || self.book.open_start(word);
        if !begins && self.newest[start] == NONE {
            return;
        }
        let open_end = self.book.open_end(word);
        let ends = self.view.ends(end);
        let goes_on = open_end && (!ends || self.view.spelled(end));
        let read = Read {
            end,
            rest: if goes_on { self.view.word_end(end) } else { None },
            complete: ends || open_end,
            guessed,
            split: self.view.split(start, end),
        };
        if begins && let Some(place) = self.book.opening(word) {
            // Where words seem to begin before every letter, an idiom would begin anywhere.
            let read = Read { guessed: guessed || self.view.spelled(start), ..read };
            self.reach(place, start, How { split: read.split, ..How::default() }, read);
        }
        self.go_on(word, start, read);
    }

    /// Takes the word as the next one of every phrase that waits here.
    fn go_on(&mut self, word: WordId, start: usize, read: Read) {
        let joint = self.view.joint(start);
        let filler = self.book.filler(word, self.masked);
        let mut at = self.newest[start];
        while at != NONE {
            let Open { place, start: begun, how, older } = self.open[at as usize];
            let how = How {
                glued: how.glued || joint == Joint::Glue,
                parted: how.parted || joint == Joint::Gap,
                split: how.split || read.split,
            };
            at = older;
            if how.happens() {
                continue;
            }
            if let Some(next) = self.book.step(place, word) {
                self.reach(next, begun as usize, how, read);
            }
            if filler & self.book.languages(place) != 0
                && let Some(place) = self.book.counting(place)
            {
                self.keep(place, begun as usize, how, read.end);
            }
        }
    }

    /// A word of a phrase was read.
    fn reach(&mut self, place: Place, start: usize, how: How, read: Read) {
        let place = if read.guessed { self.book.counting(place) } else { Some(place) };
        let Some(place) = place else { return };
        if read.complete {
            let end = read.rest.unwrap_or(read.end);
            // Where words seem to end after every letter, an idiom would end anywhere.
            let spelled = self.view.spelled(end);
            for phrase in self.book.complete(place) {
                if !spelled || self.book.meaning(phrase).counts() {
                    self.hits.push(Hit { phrase, start, end });
                }
            }
        }
        if self.book.goes_on(place) {
            self.keep(place, start, how, read.end);
            if let Some(rest) = read.rest {
                self.keep(place, start, how, rest);
            }
        }
    }

    /// Waits for the next word of a phrase.
    fn keep(&mut self, place: Place, start: usize, how: How, end: usize) {
        if self.view.barrier(end) {
            return;
        }
        self.keep_at(place, start, how, end);
        if let Some(before) = self.view.run(end).filter(|&before| before > start) {
            self.keep_at(place, start, how, before);
        }
    }

    fn keep_at(&mut self, place: Place, start: usize, how: How, at: usize) {
        let mut open = 0;
        let mut index = self.newest[at];
        while index != NONE {
            let known = &mut self.open[index as usize];
            if known.place == place && known.how == how {
                known.start = known.start.min(position(start));
                return;
            }
            open += 1;
            index = known.older;
        }
        if open < MOST_OPEN {
            let older = std::mem::replace(&mut self.newest[at], position(self.open.len()));
            self.open.push(Open { place, start: position(start), how, older });
        }
    }
}

/// Texts are far below 4 GiB; beyond, nothing more is found.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE - 1)
}
