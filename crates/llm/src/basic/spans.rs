//! What has been said already: no span of six words comes twice in a conversation.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hasher},
};

/// How many words in a row may not come twice.
pub(crate) const SPAN: usize = 6;

/// The spans and sentences of a conversation so far. Holds hashes only, never words.
#[derive(Default)]
pub(crate) struct Spans {
    /// The answers alone, and the whole conversation, each read in both ways of [`readings`].
    answers: [Track; 2],
    whole: [Track; 2],
    /// Spans of the instruction.
    instruction: [HashSet<u64>; 2],
    /// Whole sentences of the answers: a short one may not come twice either.
    sentences: HashSet<u64>,
}

impl Spans {
    /// Takes in an operator's instruction.
    pub(crate) fn instruct(&mut self, text: &str) {
        for (seen, words) in self.instruction.iter_mut().zip(readings(text)) {
            seen.extend(words.windows(SPAN).map(mix));
        }
    }

    /// Takes in what the person said.
    pub(crate) fn hear(&mut self, text: &str) {
        for (track, words) in self.whole.iter_mut().zip(readings(text)) {
            track.add(&words);
            // A person may say the same sentence again and again. Then its last words and the first
            // of the answer must not count together, or there would soon be no word to begin with.
            if words.len() > SPAN / 2 {
                track.tail.clear();
            }
        }
    }

    /// Takes in an answer.
    pub(crate) fn say(&mut self, text: &str) {
        for ((answers, whole), words) in
            self.answers.iter_mut().zip(&mut self.whole).zip(readings(text))
        {
            answers.add(&words);
            whole.add(&words);
        }
        self.sentences.extend(sentences(text).map(|s| mix(&readings(s)[0])));
    }

    /// True when the text may be said: no span of it was said before, by either side.
    pub(crate) fn fits(&self, text: &str) -> bool {
        readings(text).iter().enumerate().all(|(way, words)| {
            self.answers[way].fits(words)
                && self.whole[way].fits(words)
                && words.windows(SPAN).all(|w| !self.instruction[way].contains(&mix(w)))
        })
    }

    /// True when no sentence of the text was said before.
    pub(crate) fn is_new(&self, text: &str) -> bool {
        sentences(text).all(|s| !self.sentences.contains(&mix(&readings(s)[0])))
    }
}

/// One running text.
#[derive(Default)]
struct Track {
    seen: HashSet<u64>,
    /// The last words, so that spans across the border of two messages count too.
    tail: Vec<u64>,
}

impl Track {
    fn add(&mut self, words: &[u64]) {
        let joined = self.joined(words);
        self.seen.extend(joined.windows(SPAN).map(mix));
        self.tail = joined[joined.len().saturating_sub(SPAN - 1)..].to_vec();
    }

    fn fits(&self, words: &[u64]) -> bool {
        let mut own = HashSet::new();
        self.joined(words)
            .windows(SPAN)
            .map(mix)
            .all(|span| !self.seen.contains(&span) && own.insert(span))
    }

    fn joined(&self, words: &[u64]) -> Vec<u64> {
        [&self.tail, words].concat()
    }
}

/// The words of a text as hashes, in two readings: punctuation removed (`don't` is one word) and
/// punctuation as a border (`don't` is two). A span must be new in both.
fn readings(text: &str) -> [Vec<u64>; 2] {
    let folded = text.to_lowercase();
    let removed = folded
        .split_whitespace()
        .map(|word| hash(word.chars().filter(|c| c.is_alphanumeric())))
        .filter(|word| *word != EMPTY)
        .collect();
    let border = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| hash(word.chars()))
        .collect();
    [removed, border]
}

/// The sentences of a text, roughly: cut after `.`, `!` and `?`.
pub(crate) fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([
        '.', '!', '?', '\u{3002}', '\u{ff01}', '\u{ff1f}', '\u{061f}', '\u{0964}',
    ])
    .map(str::trim)
    .filter(|s| s.chars().any(char::is_alphanumeric))
}

const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// FNV-1a over characters: the same on every machine and in every release, unlike the standard
/// library's, and the choice of words hangs on it.
pub(crate) fn hash(chars: impl Iterator<Item = char>) -> u64 {
    chars.fold(EMPTY, |sum, c| (sum ^ u64::from(u32::from(c))).wrapping_mul(PRIME))
}

/// The same hash for the tables of words, which are ours: no need to guard them against chosen keys.
pub(crate) struct Fnv(u64);

/// A table of words.
pub(crate) type WordMap<K, V> = HashMap<K, V, BuildHasherDefault<Fnv>>;
/// A set of words.
pub(crate) type WordSet<K> = HashSet<K, BuildHasherDefault<Fnv>>;

impl Default for Fnv {
    fn default() -> Self {
        Self(EMPTY)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(PRIME);
        self.0 = bytes.iter().fold(self.0, step);
    }
}

fn mix(words: &[u64]) -> u64 {
    words.iter().fold(EMPTY, |sum, word| (sum.rotate_left(5) ^ word).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_of_six_words_may_not_come_twice() {
        let mut spans = Spans::default();
        spans.say("One two three, four five six!");
        assert!(!spans.fits("zero ONE two three four five six seven"));
        assert!(spans.fits("one two three four five seven"));
    }

    #[test]
    fn spans_across_messages_and_within_the_text_count() {
        let mut spans = Spans::default();
        spans.say("one two three");
        spans.say("four five six");
        assert!(!spans.fits("one two three four five six"));
        assert!(!spans.fits("a b c d e f and a b c d e f"));
    }

    #[test]
    fn the_person_and_the_instruction_are_not_copied() {
        let mut spans = Spans::default();
        spans.instruct("you are a kind and careful companion");
        spans.hear("the cat sat on the old mat");
        assert!(!spans.fits("so the cat sat on the old mat"));
        assert!(!spans.fits("you are a kind and careful thing"));
    }

    #[test]
    fn a_short_sentence_is_remembered() {
        let mut spans = Spans::default();
        spans.say("I see. Go on.");
        assert!(!spans.is_new("Go on! Please."));
        assert!(spans.is_new("Go on a little."));
    }
}
