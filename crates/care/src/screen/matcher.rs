//! Follows the phrases of the book through one view, word by word. Linear in the text: each word
//! found is looked at once, and what may be open at one place is bounded by the size of the book.

use super::masks::Masked;
use super::phrases::{Book, Node, WordId};
use super::views::View;

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
    for word in book.words(&view.text) {
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
    place: Node,
    start: u32,
    /// The one opened before it at the same place.
    older: u32,
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
        let rest = if open_end && !ends { self.view.word_end(end) } else { None };
        let read = Read { end, rest, complete: ends || open_end, guessed };
        let paths = self.book.paths();
        if begins && let Some(place) = paths.opening(word) {
            self.reach(place, start, read);
        }
        let filler = self.book.filler(word, self.masked);
        let mut at = self.newest[start];
        while at != NONE {
            let Open { place, start: begun, older } = self.open[at as usize];
            if let Some(next) = paths.step(place, word) {
                self.reach(next, begun as usize, read);
            }
            if filler & paths.languages(place) != 0
                && let Some(place) = paths.counting(place)
            {
                self.keep(place, begun as usize, end);
            }
            at = older;
        }
    }

    /// A word of a phrase was read.
    fn reach(&mut self, place: Node, start: usize, read: Read) {
        let paths = self.book.paths();
        let place = if read.guessed { paths.counting(place) } else { Some(place) };
        let Some(place) = place else { return };
        if read.complete {
            let end = read.rest.unwrap_or(read.end);
            let complete = paths.complete(place).iter().map(|&phrase| Hit { phrase, start, end });
            let spelled = self.view.spelled(end);
            let counts = |hit: &Hit| !spelled || self.book.phrase(hit.phrase).meaning.counts();
            self.hits.extend(complete.filter(counts));
        }
        if paths.goes_on(place) {
            self.keep(place, start, read.end);
            if let Some(rest) = read.rest {
                self.keep(place, start, rest);
            }
        }
    }

    /// Waits for the next word of a phrase.
    fn keep(&mut self, place: Node, start: usize, end: usize) {
        if self.view.barrier(end) {
            return;
        }
        self.keep_at(place, start, end);
        if let Some(before) = self.view.run(end).filter(|&before| before > start) {
            self.keep_at(place, start, before);
        }
    }

    fn keep_at(&mut self, place: Node, start: usize, at: usize) {
        let mut open = 0;
        let mut index = self.newest[at];
        while index != NONE {
            let known = &mut self.open[index as usize];
            if known.place == place {
                known.start = known.start.min(position(start));
                return;
            }
            open += 1;
            index = known.older;
        }
        if open < MOST_OPEN {
            let older = std::mem::replace(&mut self.newest[at], position(self.open.len()));
            self.open.push(Open { place, start: position(start), older });
        }
    }
}

/// Texts are far below 4 GiB; beyond, nothing more is found.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE - 1)
}
