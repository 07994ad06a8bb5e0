//! Vowels and consonants: whether a mouth could say it.

use super::letters::Script;
use super::measure::CutWord;
use super::{model, share};

/// How the letters of a text stand to each other; shares are of its letters.
#[derive(Clone, Copy, Default)]
pub(super) struct Shape {
    /// Steps from consonant to consonant, vowel to vowel, or from two alike to the edge of the
    /// word, that hardly any language takes.
    pub(super) unheard: f32,
    /// Letters in runs of four consonants and more.
    pub(super) in_long_runs: f32,
    /// Letters in words of three and more that have no vowel.
    pub(super) without_vowel: f32,
    /// Vowels.
    pub(super) vowels: f32,
    /// Letters that go on in one short pattern longer than any word does.
    pub(super) in_patterns: f32,
}

const LONG_RUN: usize = 4;
/// A step this surprising, in bits, in every language is one that none takes.
const UNHEARD_BITS: f32 = 5.0;
/// A word that repeats a unit of at most this many letters…
const MAX_UNIT: usize = 5;
/// …over at least this many is no word.
const MIN_PATTERN: usize = 14;
/// A text that repeats it over this many letters, in this many different words, has none either.
const MIN_TEXT_PATTERN: usize = 24;
const MIN_DIFFERENT: usize = 3;

/// `y` is a vowel nearly everywhere, `w` in Welsh; that `w` is none elsewhere only makes the
/// check gentler.
fn is_vowel(code: u8, script: Script) -> bool {
    match script {
        Script::Latin => matches!(code + b'a' - 1, b'a' | b'e' | b'i' | b'o' | b'u' | b'y' | b'w'),
        // а е и о у ы э ю я і, by their places in the table
        Script::Cyrillic => matches!(code, 1 | 6 | 9 | 15 | 20 | 28 | 30..=33),
    }
}

/// What carries the syllables of a word: its vowels, and where it has none `r` and `l`, as in many
/// Slavic words (`prst`, `vlk`).
fn is_nucleus(word: &[u8], script: Script) -> impl Fn(u8) -> bool {
    let has_vowel = word.iter().any(|&code| is_vowel(code, script));
    let liquids = !has_vowel && script == Script::Latin;
    move |code| is_vowel(code, script) || liquids && matches!(code, 12 | 18)
}

/// Whether a unit of a few letters goes on through nearly all of it.
pub(super) fn repeats_a_unit(codes: &[u8]) -> bool {
    (1..=MAX_UNIT.min(codes.len() / 2)).any(|unit| {
        let same = codes.iter().zip(&codes[unit..]).filter(|(a, b)| a == b).count();
        same * 10 >= (codes.len() - unit) * 9
    })
}

/// One unit over and over with the spaces anywhere (`susus ususus usus`), and perhaps a word in
/// between: a few groups of three letters are most of the text. The same word again and again is
/// not meant.
fn text_repeats_a_unit(words: &[CutWord]) -> bool {
    let mut sorted: Vec<&[u8]> = words.iter().map(|word| word.codes.as_slice()).collect();
    sorted.sort_unstable();
    let different = sorted.chunk_by(|a, b| a == b).count();
    let most_frequent = sorted.chunk_by(|a, b| a == b).map(<[&[u8]]>::len).max().unwrap_or(0);
    let unknown = words.iter().filter(|word| !word.known);
    let codes: Vec<u8> = unknown.flat_map(|word| word.codes.iter().copied()).collect();
    let same_word = different < MIN_DIFFERENT || most_frequent * 2 > words.len();
    if same_word || codes.len() < MIN_TEXT_PATTERN {
        return false;
    }
    let three = |w: &[u8]| u32::from_be_bytes([0, w[0], w[1], w[2]]);
    let mut threes: Vec<u32> = codes.windows(3).map(three).collect();
    threes.sort_unstable();
    let mut counts: Vec<usize> = threes.chunk_by(|a, b| a == b).map(<[u32]>::len).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let most: usize = counts.iter().take(MAX_UNIT).sum();
    most * 10 >= threes.len() * 7
}

fn unheard_steps(codes: &[u8], script: Script) -> usize {
    let vowel = is_nucleus(codes, script);
    let mut count = 0;
    model::for_each_step(codes, script, |[before, last, code], bits| {
        let alike = match (before, last, code) {
            (_, 0, _) | (0, _, 0) => false,
            (before, last, 0) => vowel(before) == vowel(last),
            (_, last, code) => vowel(last) == vowel(code),
        };
        count += usize::from(alike && bits >= UNHEARD_BITS);
    });
    count
}

/// Letters in runs of consonants that are long.
fn letters_in_long_runs(codes: &[u8], script: Script) -> usize {
    let is_nucleus = is_nucleus(codes, script);
    let runs = codes.split(|&code| is_nucleus(code)).map(<[u8]>::len);
    runs.filter(|&run| run >= LONG_RUN).sum()
}

/// Measures the words of a text.
pub(super) fn shape(words: &[CutWord], script: Script) -> Shape {
    let sum = |count: &dyn Fn(&[u8]) -> usize| -> usize {
        words.iter().filter(|word| !word.known).map(|word| count(&word.codes)).sum()
    };
    let letters: usize = words.iter().map(|word| word.codes.len()).sum();
    let nuclei = |codes: &[u8]| {
        let is_nucleus = is_nucleus(codes, script);
        codes.iter().filter(|&&code| is_nucleus(code)).count()
    };
    let mute = |codes: &[u8]| codes.len() >= 3 && nuclei(codes) == 0;
    let pattern = |codes: &[u8]| codes.len() >= MIN_PATTERN && repeats_a_unit(codes);
    let letters_if =
        |is: &dyn Fn(&[u8]) -> bool| sum(&|codes| if is(codes) { codes.len() } else { 0 });
    Shape {
        unheard: share(sum(&|codes| unheard_steps(codes, script)), letters + words.len()),
        in_long_runs: share(sum(&|codes| letters_in_long_runs(codes, script)), letters),
        without_vowel: share(letters_if(&mute), letters),
        vowels: share(sum(&nuclei), sum(&|codes| codes.len())),
        in_patterns: if text_repeats_a_unit(words) {
            1.0
        } else {
            share(letters_if(&pattern), letters)
        },
    }
}
