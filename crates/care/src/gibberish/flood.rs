//! Floods: one sign over and over, with next to nothing beside it.

use unicode_segmentation::UnicodeSegmentation as _;

use super::MIN_LETTERS;
use super::letters::Letters;
use super::measure::Figures;

/// Signs that people do repeat: laughter and tears.
const LAUGHTER: [&str; 15] =
    ["ㅋ", "ㅎ", "ㅠ", "ㅜ", "哈", "呵", "嘻", "嘿", "笑", "w", "ه", "خ", "ח", "ห", "ह"];

/// In an alphabet there are tables for: hardly a letter is left when the long-drawn ones are cut,
/// and no word or sound among them ("nooooo" and "aaaah I'm so happy" are none).
pub(super) fn of_drawn_out_letters(found: &Letters, figures: &Figures) -> bool {
    found.judged >= MIN_LETTERS
        && figures.letters < MIN_LETTERS
        && figures.keys.held > 0.5
        && !figures.has_word
}

/// In any other script: more than 60 % of the letters are one grapheme.
pub(super) fn of_one_sign(text: &str) -> bool {
    let is_letter = |sign: &&str| sign.chars().any(char::is_alphabetic);
    let mut signs: Vec<&str> = text.graphemes(true).filter(is_letter).collect();
    signs.sort_unstable();
    let most = signs.chunk_by(|a, b| a == b).max_by_key(|run| run.len());
    most.is_some_and(|run| {
        signs.len() >= MIN_LETTERS
            && run.len() * 10 > signs.len() * 6
            && !LAUGHTER.contains(&run[0])
    })
}
