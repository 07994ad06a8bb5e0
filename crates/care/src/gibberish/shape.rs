//! Vowels and consonants: whether a mouth could say it. Rules that hold in every language the
//! tables know, so they need no figures.

use super::letters::{Script, Word};

/// How the letters of a text stand to each other; shares are of its letters.
#[derive(Clone, Copy, Default)]
pub(super) struct Shape {
    /// Letters in runs of four consonants and more.
    pub(super) in_long_runs: f32,
    /// Letters in words of three and more that have no vowel.
    pub(super) without_vowel: f32,
    /// Vowels.
    pub(super) vowels: f32,
    /// Letters in words that go on in one short pattern longer than any word does.
    pub(super) in_patterns: f32,
}

const LONG_RUN: usize = 4;
/// A word that repeats a unit of at most this many letters…
const MAX_UNIT: usize = 5;
/// …over at least this many is no word.
const MIN_PATTERN: usize = 14;

/// `y` is a vowel nearly everywhere, `w` in Welsh; in Polish and German `w` is none, which only
/// makes the check gentler.
fn is_vowel(code: u8, script: Script) -> bool {
    match script {
        Script::Latin => matches!(code + b'a' - 1, b'a' | b'e' | b'i' | b'o' | b'u' | b'y' | b'w'),
        // а е и о у ы э ю я і, by their places in the table
        Script::Cyrillic => matches!(code, 1 | 6 | 9 | 15 | 20 | 28 | 30..=33),
    }
}

fn has_pattern(codes: &[u8]) -> bool {
    codes.len() >= MIN_PATTERN
        && (1..=MAX_UNIT).any(|unit| {
            let same = codes.iter().zip(&codes[unit..]).filter(|(a, b)| a == b).count();
            same * 10 >= (codes.len() - unit) * 9
        })
}

/// Measures words whose repeated letters are collapsed.
pub(super) fn shape<'a>(words: impl Iterator<Item = &'a Word>, script: Script) -> Shape {
    let (mut letters, mut long, mut mute, mut vowels, mut pattern) = (0, 0, 0, 0, 0);
    for word in words {
        let mut run = 0;
        let mut word_vowels = 0;
        let mut close = |run: &mut usize| {
            long += if *run >= LONG_RUN { *run } else { 0 };
            *run = 0;
        };
        for &code in &word.codes {
            if is_vowel(code, script) {
                word_vowels += 1;
                close(&mut run);
            } else {
                run += 1;
            }
        }
        close(&mut run);
        let length = word.codes.len();
        letters += length;
        vowels += word_vowels;
        mute += if word_vowels == 0 && length >= 3 { length } else { 0 };
        pattern += if has_pattern(&word.codes) { length } else { 0 };
    }
    let share = |part: usize| super::share(part, letters);
    Shape {
        in_long_runs: share(long),
        without_vowel: share(mute),
        vowels: share(vowels),
        in_patterns: share(pattern),
    }
}
