//! Words with letters masked or replaced (`su*cide`, `k!ll`, `k111`): which words of the book they
//! may stand for. Nothing here decides what that means.

use std::ops::Range;

use super::phrases::{Book, Sign, WordId};
use super::views::{Cell, Kind, View, leet_choices};

/// A masked word, and a word of the book that it may be.
pub(super) struct Masked {
    word: WordId,
    cells: Range<usize>,
}

impl Masked {
    /// The same as the search finds words: (word, start, end) in this view.
    pub(super) fn in_view(&self, view: &View) -> (WordId, usize, usize) {
        let (start, end) = view.span(self.cells.clone());
        (self.word, start, end)
    }
}

/// A masked word of two letters could be anything.
const SHORTEST: usize = 3;
/// Longer words are codes, links or noise.
const LONGEST: usize = 24;
/// One sign often stands for two or three letters: `s*cide`.
const STRETCH: usize = 2;

/// Every reading of every masked word, in the order of the text.
pub(super) fn masked(book: &Book, cells: &[Cell]) -> Vec<Masked> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < cells.len() {
        let start = at;
        while at < cells.len() && !ends_token(cells, at) {
            at += 1;
        }
        resolve(book, cells, trimmed(cells, start..at), &mut found);
        at += 1;
    }
    found
}

/// A token ends at white space and at signs that mask nothing.
fn ends_token(cells: &[Cell], at: usize) -> bool {
    match cells[at].kind {
        Kind::Letter | Kind::Digit => false,
        Kind::Space => true,
        Kind::Symbol => !is_mask(cells[at].ch) && leet_choices(cells[at].ch).is_empty(),
    }
}

/// Signs that cover a letter.
fn is_mask(c: char) -> bool {
    matches!(
        c,
        '*' | '#' | '_' | '%' | '?' | '-' | '.' | '•' | '·' | '●' | '∗' | '＊' | '×' | '^' | '~'
    )
}

/// Without the punctuation around the word; a star at its end stays.
fn trimmed(cells: &[Cell], token: Range<usize>) -> Range<usize> {
    let Range { mut start, mut end } = token;
    let outside =
        |cell: Cell| cell.kind == Kind::Symbol && !matches!(cell.ch, '*' | '$' | '@' | '#');
    while start < end && outside(cells[start]) {
        start += 1;
    }
    while end > start && outside(cells[end - 1]) {
        end -= 1;
    }
    start..end
}

/// Every way to read one token: as it stands, without what joins its parts (`m*tar-me`), and each
/// part on its own (`k*ll-mys*lf`).
fn resolve(book: &Book, cells: &[Cell], token: Range<usize>, found: &mut Vec<Masked>) {
    let joint = |at: &usize| matches!(cells[*at].ch, '-' | '.' | '_');
    let all: Vec<usize> = token.clone().collect();
    look_up(book, cells, &all, found);
    if !all.iter().any(joint) {
        return;
    }
    let unjoined: Vec<usize> = all.iter().copied().filter(|at| !joint(at)).collect();
    look_up(book, cells, &unjoined, found);
    for part in all.split(joint) {
        look_up(book, cells, part, found);
    }
}

/// Looks up the word that these cells are.
fn look_up(book: &Book, cells: &[Cell], at: &[usize], found: &mut Vec<Masked>) {
    if !(SHORTEST..=LONGEST).contains(&at.len()) {
        return;
    }
    let word = || at.iter().map(|&at| cells[at]);
    let letters = word().filter(|cell| cell.kind == Kind::Letter).count();
    let masks = word().filter(|cell| cell.kind == Kind::Symbol).count();
    let digits = at.len() - letters - masks;
    let joins = word().any(|cell| matches!(cell.ch, '-' | '.' | '_'));
    // Digits say more than masks do: one letter is enough beside three of them (`k111`).
    let fewest = if masks == 0 && digits >= 3 { 1 } else { 2 };
    if masks + digits == 0 || letters < fewest || masks > letters + 1 || joins && letters < 3 {
        return;
    }
    let signs: Vec<Sign> = word().map(sign).collect();
    let mut words = Vec::new();
    book.lexicon().matches(&signs, |word| words.push(word));
    if letters >= 3 && masks > 0 {
        for stretched in stretched(&signs) {
            book.lexicon().matches(&stretched, |word| words.push(word));
        }
    }
    words.sort_unstable();
    words.dedup();
    let span = at[0]..at[at.len() - 1] + 1;
    found.extend(words.into_iter().map(|word| Masked { word, cells: span.clone() }));
}

fn sign(cell: Cell) -> Sign {
    if cell.kind == Kind::Letter {
        return Sign::Letter(cell.ch);
    }
    match leet_choices(cell.ch) {
        [] => Sign::Any,
        choices => Sign::OneOf(choices),
    }
}

/// The same signs with the first mask covering more letters than one.
fn stretched(signs: &[Sign]) -> impl Iterator<Item = Vec<Sign>> {
    let mask = signs.iter().position(|sign| matches!(sign, Sign::Any));
    (1..=STRETCH).filter_map(move |more| {
        let at = mask?;
        let mut longer = signs[..at].to_vec();
        longer.extend(std::iter::repeat_n(Sign::Any, more));
        longer.extend_from_slice(&signs[at..]);
        Some(longer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::phrases::BOOK;
    use crate::screen::views::{cells, views};

    /// Whether some reading of the masked text is this word, from the first letter to the last.
    fn reads_as(masked_text: &str, word: &str) -> bool {
        let own = cells(masked_text);
        let view = views(&own).next().unwrap();
        let plain = cells(word);
        let plain = views(&plain).next().unwrap();
        let all = masked(&BOOK, &own);
        let words: Vec<WordId> = BOOK
            .words(&plain)
            .filter(|found| found.1 == 0 && found.2 == plain.text.len())
            .map(|found| found.0)
            .collect();
        all.iter().any(|masked| {
            let (id, start, end) = masked.in_view(&view);
            words.contains(&id) && (start, end) == (0, view.text.len())
        })
    }

    #[test]
    fn masks_stand_for_letters_and_digits_for_theirs() {
        assert!(reads_as("k*ll", "kill"));
        assert!(reads_as("k111", "kill"));
        assert!(reads_as("k!ll", "kill"));
        assert!(reads_as("d*e", "die"));
        assert!(reads_as("s**cide", "suicide"));
        assert!(reads_as("s*cide", "suicide"));
        assert!(reads_as("(su#cide)", "suicide"));
        assert!(!reads_as("k*lls", "kill"));
        assert!(!reads_as("kill", "kill"));
        assert!(!reads_as("*i*", "die"));
    }
}
