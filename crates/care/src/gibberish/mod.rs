//! Whether a note is keyboard mash: it says so only when sure. What a note means is judged
//! elsewhere; here are only letters and keys.
//!
//! Three signs are weighed, and two of them make gibberish: the letters follow each other as in no
//! language of the alphabet; runs of vowels or consonants stand in it that no mouth says; it walks
//! along a keyboard or repeats itself. There are letter tables for the Latin and the Cyrillic
//! alphabet. Text in any other passes, unless a single sign makes up most of it.
//!
//! It cannot tell nonsense that sounds like words ("blorf tavoo") from a language it has not met,
//! and lets it pass.

mod flood;
mod keys;
mod known;
mod letters;
mod mashing;
mod measure;
mod model;
mod report;
mod shape;

pub use report::{MashKind, Report, report};

use letters::{Script, letters};
use measure::{Figures, measure};

/// Fewer letters than this are never judged.
const MIN_LETTERS: usize = 12;

/// Which signs of mash a text shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four signs, independent of each other")]
pub struct Verdict {
    /// Its letters follow each other as in no language of the alphabet.
    pub improbable: bool,
    /// It has runs of vowels or consonants that no language has, or hardly a vowel.
    pub unspeakable: bool,
    /// Neighbouring keys, one row of the keyboard, the same keys over and over.
    pub mechanical: bool,
    /// One sign makes up most of it, and nothing else is a word.
    pub flooded: bool,
}

impl Verdict {
    /// Two signs of three, or a flood.
    pub fn is_gibberish(self) -> bool {
        let signs = [self.improbable, self.unspeakable, self.mechanical];
        self.flooded || signs.into_iter().filter(|&sign| sign).count() >= 2
    }
}

/// Whether a note is keyboard mash. Any text is safe to give; one beyond some ten thousand letters
/// is judged by its beginning.
pub fn is_gibberish(text: &str) -> bool {
    judge(text).is_gibberish()
}

/// The signs of mash in a note.
pub fn judge(text: &str) -> Verdict {
    let found = letters(text);
    let mostly_one_alphabet = found.judged * 4 >= found.all * 3;
    let figures = measure(&found);
    let flooded = if mostly_one_alphabet {
        flood::of_drawn_out_letters(&found, &figures)
    } else {
        flood::of_one_sign(text)
    };
    // Long words as likely as those of a language: whoever wrote them meant the rest, too.
    let has_words = figures.worded * 3 >= figures.letters;
    if figures.unknown < MIN_LETTERS || !mostly_one_alphabet || found.foreign > 0 || has_words {
        return Verdict { flooded, ..Verdict::default() };
    }
    let verdict = weigh(&figures);
    let all_signs = verdict.improbable && verdict.unspeakable && verdict.mechanical;
    if looks_like_code(text) && !all_signs {
        return Verdict { flooded, ..Verdict::default() };
    }
    Verdict { flooded, ..verdict }
}

/// Three kinds of signs that programs use, and that take another key held down to type: of what
/// looks like code all three signs of mash are asked.
fn looks_like_code(text: &str) -> bool {
    const SIGNS: [&str; 16] =
        ["(", ")", "{", "}", "<", ">", "&", "|", "_", "$", "^", "%", "*", "+", "#", "::"];
    SIGNS.iter().filter(|sign| text.contains(**sign)).count() >= 3
}

/// How far the letters are beyond the most that ordinary text surprises, in bits a letter. Few
/// letters vary more, so more is asked of them. The bounds are read off ordinary text in about a
/// hundred languages, so that less than one in a hundred is beyond.
fn excess_bits(figures: &Figures) -> f32 {
    let (base, few_letters) = match figures.script {
        Script::Latin => (2.15, 6.0),
        Script::Cyrillic => (3.05, 9.0),
    };
    // A roll repeated all through ("ertyertyerty"), or held keys, may be made of likely letters.
    let keys = figures.keys;
    let rolled = keys.neighbours >= 0.6 && (keys.repeated >= 0.5 || keys.held >= 0.3);
    #[expect(clippy::cast_precision_loss, reason = "counts of letters, at most some thousands")]
    let bound = base + few_letters / figures.letters as f32;
    figures.bits - bound + if rolled { 0.5 } else { 0.0 }
}

fn weigh(figures: &Figures) -> Verdict {
    let (keys, shape) = (figures.keys, figures.shape);
    let excess = excess_bits(figures);
    // The further the letters are from every language, the less of the other signs is asked, and
    // of likely letters more.
    let asked = |usual: f32, ease: f32, least: f32| (usual - ease * excess).max(least);
    let unheard = match figures.script {
        Script::Latin => 0.06,
        Script::Cyrillic => 0.10,
    };
    Verdict {
        improbable: excess >= 0.0,
        unspeakable: shape.unheard >= asked(unheard, 0.1, unheard / 3.0)
            || shape.in_long_runs >= asked(0.34, 0.25, 0.12)
            || shape.without_vowel >= asked(0.4, 0.25, 0.15)
            || shape.vowels <= 0.15
            || shape.vowels >= 0.8 && excess >= 0.0
            || shape.in_patterns >= 0.6,
        mechanical: keys.neighbours >= asked(0.4, 0.25, 0.25)
            || keys.one_row >= asked(0.85, 0.25, 0.7)
            || keys.repeated >= asked(0.42, 0.25, 0.15)
            || keys.held >= asked(0.25, 0.25, 0.1),
        flooded: false,
    }
}

/// The share of a part in a whole; nothing of nothing is nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of letters, at most some thousands")]
fn share(part: usize, whole: usize) -> f32 {
    if whole == 0 { 0.0 } else { part as f32 / whole as f32 }
}

#[cfg(test)]
mod tests;
