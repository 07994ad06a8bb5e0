//! The figures of a text that the verdict weighs. Nothing here decides.

use super::keys::{Keys, keys};
use super::letters::{Letters, Script, Word};
use super::shape::{Shape, repeats_a_unit, shape};
use super::{known, model};

/// What a known short form or sound counts, in bits a letter: as much as an easy word.
const KNOWN_BITS: f32 = 1.5;
/// A word no more surprising than this is as likely as those of a language.
const WORD_BITS: f32 = 1.9;
/// Shorter words are likely by chance.
const LONG_WORD: usize = 5;
/// Runs of this many equal letters are long-drawn, not spelling.
const DRAWN_OUT: usize = 3;
/// The longest word in capitals that may be an acronym.
const MAX_ACRONYM: usize = 5;

/// The figures of a text.
pub(super) struct Figures {
    /// The alphabet judged.
    pub(super) script: Script,
    /// Its letters, long-drawn ones cut; acronyms are not among them.
    pub(super) letters: usize,
    /// Those of them that are in no short form and no sound.
    pub(super) unknown: usize,
    /// Mean surprise of a letter, in bits.
    pub(super) bits: f32,
    /// Vowels and consonants.
    pub(super) shape: Shape,
    /// Keys and repeats.
    pub(super) keys: Keys,
    /// Letters in long words that are as likely as those of a language.
    pub(super) worded: usize,
    /// Whether there is any word, however short, or sound.
    pub(super) has_word: bool,
}

/// Runs of equal letters, cut to `keep` where they are long-drawn.
fn cut<T: PartialEq + Copy>(all: &[T], keep: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(all.len());
    for run in all.chunk_by(|a, b| a == b) {
        let length = if run.len() >= DRAWN_OUT { keep } else { run.len() };
        out.extend_from_slice(&run[..length]);
    }
    out
}

fn cut_word(word: &Word, keep: usize) -> Word {
    Word { keys: cut(&word.keys, keep), codes: cut(&word.codes, keep), capitals: word.capitals }
}

/// `NATO`, `HTML`: not a row of neighbouring keys.
fn is_acronym(word: &Word) -> bool {
    word.capitals && word.keys.len() <= MAX_ACRONYM && keys(&[word]).neighbours < 0.5
}

/// A word with its long-drawn letters cut.
pub(super) struct CutWord {
    pub(super) codes: Vec<u8>,
    /// A short form or a sound: it needs no vowels.
    pub(super) known: bool,
    /// Mean surprise of a letter, in bits.
    mean_bits: f32,
}

fn cut_and_judge(word: &Word, script: Script) -> CutWord {
    let (one, two) = (cut_word(word, 1), cut_word(word, 2));
    let known = known::is_short_form(&word.keys)
        || one.keys.len() >= DRAWN_OUT && known::is_short_form(&one.keys)
        || known::is_sound(&one.keys)
        || known::is_sound(&two.keys);
    #[expect(clippy::cast_precision_loss, reason = "the letters of one word")]
    let mean =
        |word: &Word| model::surprise_bits(&word.codes, script) / (word.codes.len() + 1) as f32;
    let (mean_one, mean_two) = (mean(&one), mean(&two));
    let (word, mean_bits) = if mean_one <= mean_two { (one, mean_one) } else { (two, mean_two) };
    CutWord { codes: word.codes, known, mean_bits: if known { KNOWN_BITS } else { mean_bits } }
}

/// Measures the words found in a text.
#[expect(clippy::cast_precision_loss, reason = "counts of letters, at most some thousands")]
pub(super) fn measure(found: &Letters) -> Figures {
    let typed: Vec<&Word> = found.words.iter().filter(|word| !is_acronym(word)).collect();
    let words: Vec<CutWord> = typed.iter().map(|word| cut_and_judge(word, found.script)).collect();
    let letters: usize = words.iter().map(|word| word.codes.len()).sum();
    let steps = letters + words.len();
    let bits: f32 = words.iter().map(|word| word.mean_bits * (word.codes.len() + 1) as f32).sum();
    let is_likely = |word: &&CutWord| word.mean_bits < WORD_BITS && !repeats_a_unit(&word.codes);
    let worded = words.iter().filter(|word| word.codes.len() >= LONG_WORD).filter(is_likely);
    Figures {
        script: found.script,
        letters,
        unknown: words.iter().filter(|word| !word.known).map(|word| word.codes.len()).sum(),
        bits: if steps == 0 { 0.0 } else { bits / steps as f32 },
        shape: shape(&words, found.script),
        keys: keys(&typed),
        worded: worded.map(|word| word.codes.len()).sum(),
        has_word: words
            .iter()
            .any(|word| word.known || word.codes.len() >= 3 && word.mean_bits < WORD_BITS),
    }
}
