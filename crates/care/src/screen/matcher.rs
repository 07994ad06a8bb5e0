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

/// How many filler words may stand between two words of a phrase.
const MOST_FILLERS: u8 = 3;
/// How many half-read phrases are kept at one place. Real text has some dozens.
const MOST_OPEN: usize = 512;
const NONE: u32 = u32::MAX;

/// Every phrase in the view.
pub(super) fn hits(book: &Book, view: &View, masked: &[Masked]) -> Vec<Hit> {
    let mut chart = Chart {
        book,
        view,
        newest: vec![NONE; view.text.len() + 1],
        open: Vec::new(),
        hits: Vec::new(),
    };
    let mut masked = masked.iter().map(|masked| masked.in_view(view)).peekable();
    for word in book.words(&view.text) {
        while let Some(earlier) = masked.next_if(|&(_, _, end)| end <= word.2) {
            chart.read(earlier);
        }
        chart.read(word);
    }
    for word in masked {
        chart.read(word);
    }
    chart.hits
}

/// A phrase read up to some place.
#[derive(Clone, Copy)]
struct Open {
    node: Node,
    start: u32,
    fillers: u8,
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
}

struct Chart<'a> {
    book: &'a Book,
    view: &'a View,
    /// For each place, the phrase opened there last.
    newest: Vec<u32>,
    open: Vec<Open>,
    hits: Vec<Hit>,
}

impl Chart<'_> {
    fn read(&mut self, (word, start, end): (WordId, usize, usize)) {
        if start >= end {
            return;
        }
        let open_end = self.book.open_end(word);
        let ends = self.view.ends(end);
        let rest = if open_end && !ends { self.view.word_end(end) } else { None };
        let read = Read { end, rest, complete: ends || open_end };
        if self.view.starts(start) || self.book.open_start(word) {
            for &node in self.book.openings(word) {
                self.reach(node, start, read);
            }
        }
        let mut at = self.newest[start];
        while at != NONE {
            let Open { node, start: begun, fillers, older } = self.open[at as usize];
            for next in self.book.steps(node, word) {
                self.reach(next, begun as usize, read);
            }
            if fillers < MOST_FILLERS && self.book.passes_over(node, word) {
                self.keep(node, begun as usize, end, fillers + 1);
            }
            at = older;
        }
    }

    /// A word of a phrase was read.
    fn reach(&mut self, node: Node, start: usize, read: Read) {
        if read.complete && let Some(phrase) = self.book.complete(node) {
            self.hits.push(Hit { phrase, start, end: read.rest.unwrap_or(read.end) });
        }
        if self.book.goes_on(node) {
            self.keep(node, start, read.end, 0);
            if let Some(rest) = read.rest {
                self.keep(node, start, rest, 0);
            }
        }
        for &next in self.book.skips(node) {
            self.reach(next, start, read);
        }
    }

    /// Waits for the next word of a phrase.
    fn keep(&mut self, node: Node, start: usize, end: usize, fillers: u8) {
        if self.view.barrier(end) {
            return;
        }
        self.keep_at(node, start, end, fillers);
        if let Some(before) = self.view.run(end).filter(|&before| before > start) {
            self.keep_at(node, start, before, fillers);
        }
    }

    fn keep_at(&mut self, node: Node, start: usize, at: usize, fillers: u8) {
        let mut open = 0;
        let mut index = self.newest[at];
        while index != NONE {
            let known = &mut self.open[index as usize];
            if known.node == node {
                known.fillers = known.fillers.min(fillers);
                known.start = known.start.min(position(start));
                return;
            }
            open += 1;
            index = known.older;
        }
        if open < MOST_OPEN {
            let older = std::mem::replace(&mut self.newest[at], position(self.open.len()));
            self.open.push(Open { node, start: position(start), fillers, older });
        }
    }
}

/// Texts are far below 4 GiB; beyond, nothing more is found.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE - 1)
}
