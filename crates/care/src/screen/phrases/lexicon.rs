//! The words of the phrases by their length, to look up words with masked letters. Not a
//! dictionary: a word that no phrase uses is not in it.

use std::ops::Range;

use super::WordId;
use super::tables::{Lists, Shorts};

/// One position of a masked word.
#[derive(Clone, Copy, Debug)]
pub(in crate::screen) enum Sign {
    /// This letter.
    Letter(char),
    /// One of these.
    OneOf(&'static [char]),
    /// Any letter.
    Any,
}

/// The words that no longer word continues, and those that may go on; by length.
#[derive(Clone, Copy)]
pub(in crate::screen) struct Lexicon {
    pub(super) whole: Lists,
    pub(super) open: Lists,
}

impl Lexicon {
    /// Calls `found` with every word that fits the signs: all of them, or for words that may go
    /// on, the first ones. Such a word has to show its last letter, or all others.
    pub(in crate::screen) fn matches(self, signs: &[Sign], mut found: impl FnMut(WordId)) {
        Words::of(self.whole, signs.len()).descend(signs, &mut found);
        let mut masked = 0;
        for (at, sign) in signs.iter().enumerate() {
            let shows = !matches!(sign, Sign::Any);
            masked += usize::from(!shows);
            if shows || masked == 1 {
                Words::of(self.open, at + 1).descend(signs, &mut found);
            }
        }
    }
}

/// Words of one length in alphabetical order, as rows of letters with the word at the end. What
/// fits is found by narrowing the rows letter by letter.
struct Words {
    table: Shorts,
    length: usize,
}

impl Words {
    fn of(lists: Lists, length: usize) -> Self {
        let table = if length < lists.len() { lists.shorts(length) } else { Shorts::NONE };
        Self { table, length }
    }

    fn descend(&self, signs: &[Sign], found: &mut impl FnMut(WordId)) {
        let rows = self.table.len() / (self.length + 1);
        if rows > 0 {
            self.fit(0..rows, 0, signs, found);
        }
    }

    /// The words among these rows, whose first letters fit already.
    fn fit(
        &self,
        rows: Range<usize>,
        depth: usize,
        signs: &[Sign],
        found: &mut impl FnMut(WordId),
    ) {
        if depth == self.length {
            return rows.for_each(|row| found(self.letter(row, depth)));
        }
        let mut take = |letter: u16| {
            let rows = self.narrowed(&rows, depth, letter);
            if !rows.is_empty() {
                self.fit(rows, depth + 1, signs, found);
            }
        };
        match signs[depth] {
            Sign::Letter(letter) => take(code(letter)),
            Sign::OneOf(letters) => letters.iter().for_each(|&letter| take(code(letter))),
            Sign::Any => {
                let mut at = rows.start;
                while at < rows.end {
                    let letter = self.letter(at, depth);
                    let end = self.narrowed(&(at..rows.end), depth, letter).end;
                    self.fit(at..end, depth + 1, signs, found);
                    at = end;
                }
            }
        }
    }

    fn letter(&self, row: usize, depth: usize) -> u16 {
        self.table.get(row * (self.length + 1) + depth)
    }

    /// Those of the rows, which agree up to here, that go on with this letter.
    fn narrowed(&self, rows: &Range<usize>, depth: usize, letter: u16) -> Range<usize> {
        let first = |after: bool| {
            let (mut low, mut high) = (rows.start, rows.end);
            while low < high {
                let middle = low.midpoint(high);
                let here = self.letter(middle, depth);
                if here < letter || after && here == letter {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            low
        };
        first(false)..first(true)
    }
}

/// The letters of the lexicon all have small numbers; nothing else fits any.
fn code(letter: char) -> u16 {
    u16::try_from(u32::from(letter)).unwrap_or(u16::MAX)
}
