//! Every word of the phrases by its length, to look up words with masked letters. Not a
//! dictionary: a word that no phrase uses is not in it.

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
    letters: u8,
    open_end: bool,
    word: WordId,
}

/// Words with all their letters, ordered by length, then spelling.
#[derive(Default)]
pub(in crate::screen) struct Lexicon {
    text: String,
    entries: Vec<Entry>,
}

/// A masked word of two letters could be anything.
const SHORTEST: usize = 3;

impl Lexicon {
    pub(super) fn new(mut words: Vec<(String, bool, WordId)>) -> Self {
        words.retain(|(text, ..)| (SHORTEST..=usize::from(u8::MAX)).contains(&text.chars().count()));
        words.sort_by_cached_key(|(text, _, word)| (text.chars().count(), text.clone(), *word));
        words.dedup();
        let mut lexicon = Self::default();
        for (text, open_end, word) in words {
            let (Ok(start), Ok(bytes), Ok(letters)) = (
                u32::try_from(lexicon.text.len()),
                u16::try_from(text.len()),
                u8::try_from(text.chars().count()),
            ) else {
                continue;
            };
            lexicon.text.push_str(&text);
            lexicon.entries.push(Entry { start, bytes, letters, open_end, word });
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
        for length in SHORTEST..=signs.len() {
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
        let low = self.entries.partition_point(|e| usize::from(e.letters) < length);
        let high = self.entries.partition_point(|e| usize::from(e.letters) <= length);
        let same = &self.entries[low..high];
        let Sign::Letter(first) = first else { return same };
        let head = |e: &Entry| self.spelling(*e).chars().next();
        let low = same.partition_point(|e| head(e) < Some(first));
        let high = same.partition_point(|e| head(e) <= Some(first));
        &same[low..high]
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.capacity() + self.entries.capacity() * size_of::<Entry>()
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
