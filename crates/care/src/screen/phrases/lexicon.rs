//! Every word of the phrases by its length, to look up words with masked letters. Not a
//! dictionary: a word that no phrase uses is not in it.

use std::collections::HashMap;
use std::ops::Range;

use super::WordId;

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

impl Sign {
    fn allows(self, letter: char) -> bool {
        match self {
            Self::Letter(own) => own == letter,
            Self::OneOf(choices) => choices.contains(&letter),
            Self::Any => true,
        }
    }
}

#[derive(Clone, Copy)]
struct Entry {
    start: u32,
    bytes: u16,
    open_end: bool,
    word: WordId,
}

/// Words with all their letters, ordered by length, then spelling.
#[derive(Default)]
pub(in crate::screen) struct Lexicon {
    text: String,
    entries: Vec<Entry>,
    /// Where the words of each length lie.
    lengths: Vec<Range<usize>>,
    /// Where the words of each length and first letter lie.
    heads: HashMap<(usize, char), Range<usize>>,
}

/// A masked word of two letters could be anything.
const SHORTEST: usize = 3;
/// Longer words are not looked up.
const LONGEST: usize = 32;

impl Lexicon {
    pub(super) fn new(words: Vec<(String, bool, WordId)>) -> Self {
        let mut words: Vec<(usize, String, bool, WordId)> = words
            .into_iter()
            .map(|(text, open_end, word)| (text.chars().count(), text, open_end, word))
            .filter(|(length, ..)| (SHORTEST..=LONGEST).contains(length))
            .collect();
        words.sort();
        words.dedup();
        let mut lexicon = Self { lengths: vec![0..0; LONGEST + 1], ..Self::default() };
        for (length, text, open_end, word) in words {
            let (Ok(start), Ok(bytes)) =
                (u32::try_from(lexicon.text.len()), u16::try_from(text.len()))
            else {
                continue;
            };
            let at = lexicon.entries.len();
            let first = text.chars().next().unwrap_or_default();
            lexicon.heads.entry((length, first)).or_insert(at..at).end = at + 1;
            let same = &mut lexicon.lengths[length];
            if same.end == 0 {
                same.start = at;
            }
            same.end = at + 1;
            lexicon.text.push_str(&text);
            lexicon.entries.push(Entry { start, bytes, open_end, word });
        }
        lexicon.text.shrink_to_fit();
        lexicon.entries.shrink_to_fit();
        lexicon
    }

    fn spelling(&self, entry: Entry) -> &str {
        let start = entry.start as usize;
        &self.text[start..start + usize::from(entry.bytes)]
    }

    /// Calls `found` with every word that fits the signs: all of them, or for words that may end
    /// inside a longer one, the first ones.
    pub(in crate::screen) fn matches(&self, signs: &[Sign], mut found: impl FnMut(WordId)) {
        for length in SHORTEST..=signs.len().min(LONGEST) {
            let whole = length == signs.len();
            for &entry in self.candidates(length, signs[0]) {
                let fits = (whole || entry.open_end)
                    && self.spelling(entry).chars().zip(signs).all(|(l, sign)| sign.allows(l));
                if fits {
                    found(entry.word);
                }
            }
        }
    }

    /// The words of this length, only those with the right first letter where it is known.
    fn candidates(&self, length: usize, first: Sign) -> &[Entry] {
        match first {
            Sign::Letter(first) => {
                self.heads.get(&(length, first)).map_or(&[], |range| &self.entries[range.clone()])
            }
            _ => &self.entries[self.lengths[length].clone()],
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.capacity()
            + self.entries.capacity() * size_of::<Entry>()
            + self.heads.capacity() * size_of::<((usize, char), Range<usize>)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexicon() -> Lexicon {
        let words = [("kill", false, 1), ("suicid", true, 2), ("suite", false, 3), ("die", false, 4)];
        Lexicon::new(words.map(|(text, open, word)| (text.to_owned(), open, word)).to_vec())
    }

    fn found(masked: &str) -> Vec<WordId> {
        let signs: Vec<Sign> = masked
            .chars()
            .map(|c| match c {
                '*' => Sign::Any,
                '1' => Sign::OneOf(&['i', 'l']),
                other => Sign::Letter(other),
            })
            .collect();
        let mut words = Vec::new();
        lexicon().matches(&signs, |word| words.push(word));
        words
    }

    #[test]
    fn masks_stand_for_any_letter_and_digits_for_theirs() {
        assert_eq!(found("k*ll"), [1]);
        assert_eq!(found("k111"), [1]);
        assert_eq!(found("*ie"), [4]);
        assert_eq!(found("k*lls"), []);
    }

    #[test]
    fn open_words_may_go_on() {
        assert_eq!(found("su*c*dal"), [2]);
        assert_eq!(found("su*te"), [3]);
    }
}
