//! From text to cells: each character folded to the letter a reader sees, or to what it does
//! between letters. Nothing here knows a phrase or a language, only scripts.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use super::lookalikes::lookalike;

/// What a character does in a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::screen) enum Kind {
    /// Part of a word, vowel signs included.
    Letter,
    /// A decimal digit, as `0` to `9`.
    Digit,
    /// Punctuation, sign, emoji.
    Symbol,
    /// White space of any width, line breaks included.
    Space,
}

/// What lies between a character and the word before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::screen) enum Gap {
    /// Nothing of note.
    Plain,
    /// It follows a single letter and is one: `k i l l`.
    Spelling,
    /// The end of a sentence, which no phrase runs across.
    Sentence,
}

/// One folded character.
#[derive(Clone, Copy)]
pub(in crate::screen) struct Cell {
    /// The folded character.
    pub(in crate::screen) ch: char,
    /// What it does.
    pub(in crate::screen) kind: Kind,
    /// Whether a sentence could begin with it: it was no small letter.
    pub(in crate::screen) opens: bool,
    /// What lies before it.
    pub(in crate::screen) before: Gap,
}

impl Cell {
    /// Whether it belongs to a word.
    pub(in crate::screen) fn is_word(self) -> bool {
        matches!(self.kind, Kind::Letter | Kind::Digit)
    }
}

/// Folds a whole text.
pub(in crate::screen) fn cells(text: &str) -> Vec<Cell> {
    let mut cells = Vec::with_capacity(text.len());
    if text.is_ascii() {
        text.chars().for_each(|c| fold_ascii(c, &mut cells));
    } else {
        let visible = text.chars().filter(|&c| !is_invisible(c));
        visible.nfkc().for_each(|c| fold(c, &mut cells));
    }
    mark_gaps(&mut cells);
    cells
}

/// The sign that joins two Devanagari consonants.
const VIRAMA: char = '\u{094D}';

/// Whether the script of `c` puts no spaces between words.
pub(in crate::screen) fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0EFF}'          // Thai, Lao
        | '\u{1000}'..='\u{109F}'        // Myanmar
        | '\u{1780}'..='\u{17FF}'        // Khmer
        | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{30FF}'        // kana
        | '\u{3400}'..='\u{9FFF}'        // Han
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

/// Whether words of `c`'s script are told apart by spaces. Korean has spaces too, but few writers
/// agree where.
pub(in crate::screen) fn is_spaced(c: char) -> bool {
    !is_unspaced(c)
        && !matches!(c, '\u{1100}'..='\u{11FF}' | '\u{3130}'..='\u{318F}' | '\u{AC00}'..='\u{D7FF}')
}

/// Whether `c` is an Arabic letter.
pub(in crate::screen) fn is_arabic(c: char) -> bool {
    matches!(c, '\u{0620}'..='\u{06FF}')
}

/// Format characters and fillers, which a reader does not see.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// Marks that are decoration in every script, and the vowel points that Arabic and Hebrew leave
/// out as a rule. Vowel signs of Indian scripts are letters and stay.
fn is_decoration(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036F}'
        | '\u{0483}'..='\u{0489}'
        | '\u{0591}'..='\u{05C7}'
        | '\u{0610}'..='\u{061A}'
        | '\u{0640}'                     // Arabic lengthening stroke
        | '\u{064B}'..='\u{065F}'
        | '\u{0670}'
        | '\u{06D6}'..='\u{06DC}'
        | '\u{06DF}'..='\u{06E8}'
        | '\u{06EA}'..='\u{06ED}'
        | '\u{08D3}'..='\u{08FF}'
        | '\u{093C}'                     // nukta: writers leave it out as often as not
        | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}'
        | '\u{3099}' | '\u{309A}' | '\u{30FC}' // loose voicing marks; the long-vowel stroke
        | '\u{FE20}'..='\u{FE2F}')
}

fn push(cells: &mut Vec<Cell>, ch: char, kind: Kind, opens: bool) {
    cells.push(Cell { ch, kind, opens, before: Gap::Plain });
}

fn fold_ascii(c: char, cells: &mut Vec<Cell>) {
    match c {
        'a'..='z' => push(cells, c, Kind::Letter, false),
        'A'..='Z' => push(cells, c.to_ascii_lowercase(), Kind::Letter, true),
        '0'..='9' => push(cells, c, Kind::Digit, true),
        ' ' | '\t'..='\r' => push(cells, ' ', Kind::Space, false),
        '!'..='~' => push(cells, c, Kind::Symbol, false),
        _ => {} // control characters show nothing
    }
}

fn fold(c: char, cells: &mut Vec<Cell>) {
    if c.is_ascii() {
        return fold_ascii(c, cells);
    }
    if is_decoration(c) || c.is_control() {
        return;
    }
    let opens = !c.is_lowercase();
    if let Some(letter) = lookalike(c) {
        return push(cells, letter, Kind::Letter, opens);
    }
    if let Some(digit) = digit(c) {
        return push(cells, digit, Kind::Digit, true);
    }
    match c {
        'æ' | 'Æ' => [('a', opens), ('e', false)]
            .into_iter()
            .for_each(|(l, opens)| push(cells, l, Kind::Letter, opens)),
        'œ' | 'Œ' => [('o', opens), ('e', false)]
            .into_iter()
            .for_each(|(l, opens)| push(cells, l, Kind::Letter, opens)),
        '\u{02B0}'..='\u{02FF}' => push(cells, c, Kind::Symbol, false), // modifier apostrophes
        _ if c.is_whitespace() || c == '\u{2800}' => push(cells, ' ', Kind::Space, false),
        _ if c.is_alphabetic() || is_combining_mark(c) => fold_letter(c, opens, cells),
        _ => push(cells, c, Kind::Symbol, false),
    }
}

fn fold_letter(c: char, opens: bool, cells: &mut Vec<Cell>) {
    match c {
        '\u{0600}'..='\u{06FF}' => push(cells, fold_arabic(c), Kind::Letter, opens),
        '\u{0900}'..='\u{097F}' => push_devanagari(fold_devanagari(c), cells),
        '\u{3041}'..='\u{30FE}' => push(cells, fold_kana(c), Kind::Letter, opens),
        '\0'..='\u{052F}' | '\u{1E00}'..='\u{1FFF}' => {
            for lower in c.to_lowercase() {
                decompose_canonical(lower, |part| {
                    if !is_decoration(part) {
                        push(cells, lookalike(part).unwrap_or(part), Kind::Letter, opens);
                    }
                });
            }
        }
        _ => {
            for lower in c.to_lowercase() {
                push(cells, lookalike(lower).unwrap_or(lower), Kind::Letter, opens);
            }
        }
    }
}

/// Letters that Arabic writers use for each other, and the Persian forms of the same keys.
fn fold_arabic(c: char) -> char {
    match c {
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ى' | 'ی' | 'ئ' | 'ې' => 'ي',
        'ؤ' => 'و',
        'ة' | 'ہ' | 'ھ' | 'ە' => 'ه',
        'ک' => 'ك',
        other => other,
    }
}

/// Long and short vowels are confused in quick typing; so are the two signs of nasality.
fn fold_devanagari(c: char) -> char {
    match c {
        'ँ' => 'ं',
        'ी' => 'ि',
        'ू' => 'ु',
        'ई' => 'इ',
        'ऊ' => 'उ',
        'ऑ' => 'आ',
        'ॉ' => 'ा',
        other => other,
    }
}

/// A nasal with virama before a consonant and the dot above are two spellings of one sound.
fn push_devanagari(c: char, cells: &mut Vec<Cell>) {
    if matches!(c, '\u{0915}'..='\u{0939}')
        && let [.., nasal, virama] = cells.as_slice()
        && virama.ch == VIRAMA
        && matches!(nasal.ch, 'न' | 'म' | 'ण' | 'ङ' | 'ञ')
    {
        cells.truncate(cells.len() - 2);
        push(cells, 'ं', Kind::Letter, true);
    }
    push(cells, c, Kind::Letter, true);
}

/// Katakana as hiragana, small kana as full-size ones.
fn fold_kana(c: char) -> char {
    let hiragana = match c {
        '\u{30A1}'..='\u{30F6}' => char::from_u32(u32::from(c) - 0x60).unwrap_or(c),
        other => other,
    };
    match hiragana {
        'ぁ' => 'あ',
        'ぃ' => 'い',
        'ぅ' => 'う',
        'ぇ' => 'え',
        'ぉ' => 'お',
        'っ' => 'つ',
        'ゃ' => 'や',
        'ゅ' => 'ゆ',
        'ょ' => 'よ',
        'ゎ' => 'わ',
        other => other,
    }
}

fn digit(c: char) -> Option<char> {
    let zero = match c {
        '\u{0660}'..='\u{0669}' => 0x0660,
        '\u{06F0}'..='\u{06F9}' => 0x06F0,
        '\u{0966}'..='\u{096F}' => 0x0966,
        _ => return None,
    };
    char::from_digit(u32::from(c) - zero, 10)
}

/// Sets what lies before each word. A run of single letters (`K. I. L. L.`) is no row of sentences.
fn mark_gaps(cells: &mut [Cell]) {
    let mut last_word = 0; // letters in the word before
    let mut narrowest = None; // gap in this run of single letters
    let mut at = 0;
    while at < cells.len() {
        let gap = at;
        while at < cells.len() && !cells[at].is_word() {
            at += 1;
        }
        let word = at;
        while at < cells.len() && cells[at].is_word() {
            at += 1;
        }
        if word == cells.len() {
            return;
        }
        let length = base_letters(&cells[word..at]);
        if last_word == 1 && length == 1 {
            // Between words the gap is wider than between letters: `k.i.l.l m.y.s.e.l.f`.
            let width = width(&cells[gap..word]);
            if matches!(cells[gap..word], [Cell { ch: '\'' | '’', .. }]) {
                // An apostrophe is no gap to measure the others by: `I'm   g o i n g`.
                cells[word].before = Gap::Spelling;
            } else if narrowest.is_none_or(|narrowest| width <= narrowest) {
                narrowest = Some(width);
                cells[word].before = Gap::Spelling;
            }
        } else {
            narrowest = None;
            if cells[word].opens && ends_sentence(&cells[gap..word], cells[word].ch) {
                cells[word].before = Gap::Sentence;
            }
        }
        last_word = length;
    }
}

/// Letters with what belongs to them: signs, and what a virama joins.
fn base_letters(word: &[Cell]) -> usize {
    let joined = |at: usize| at > 0 && word[at - 1].ch == VIRAMA;
    (0..word.len()).filter(|&at| !is_combining_mark(word[at].ch) && !joined(at)).count()
}

/// Punctuation parts less than a space, and one space less than three.
fn width(gap: &[Cell]) -> (usize, usize) {
    (gap.iter().filter(|cell| cell.kind == Kind::Space).count(), gap.len())
}

fn ends_sentence(gap: &[Cell], next: char) -> bool {
    let spaced = gap.iter().any(|cell| cell.kind == Kind::Space) || is_unspaced(next);
    let dots = gap.iter().filter(|cell| cell.ch == '.').count();
    let strong = gap.iter().any(|cell| matches!(cell.ch, '。' | '۔' | '।'));
    let mark = gap.iter().any(|cell| matches!(cell.ch, '!' | '?' | '؟'));
    strong || spaced && (dots == 1 || mark)
}

#[cfg(test)]
mod tests {
    use super::Gap::{Plain, Spelling};
    use super::*;

    fn folded(text: &str) -> String {
        cells(text).iter().filter(|cell| cell.is_word()).map(|cell| cell.ch).collect()
    }

    #[test]
    fn width_case_marks_and_invisible_characters_go() {
        assert_eq!(folded("ＳＵＩ\u{200D}ＣＩＤＥ"), "suicide");
        assert_eq!(folded("𝓼𝓾𝓲𝓬𝓲𝓭𝓮"), "suicide");
        assert_eq!(folded("Ŝůïç\u{AD}ìđē"), "suicide");
        assert_eq!(folded("s\u{336}u\u{336}i"), "sui");
    }

    #[test]
    fn turkish_i_is_one_letter_in_four_shapes() {
        assert_eq!(folded("İNTİHAR"), "intihar");
        assert_eq!(folded("ıntıhar"), "intihar");
        assert_eq!(folded("INTIHAR"), "intihar");
    }

    #[test]
    fn arabic_points_go_and_hindi_vowel_signs_stay() {
        assert_eq!(folded("اِنْتِحَار"), folded("انتحـــار"));
        assert_ne!(folded("मरना"), folded("मरन"));
        assert_eq!(folded("ज़िन्दगी"), folded("जिंदगी"));
    }

    #[test]
    fn kana_and_han_variants_meet() {
        assert_eq!(folded("シニタイ"), folded("しにたい"));
        assert_eq!(folded("死にたーい"), folded("死にたい"));
        assert_eq!(folded("自殺"), folded("自杀"));
    }

    #[test]
    fn letters_that_stand_apart_are_told_from_words_that_do() {
        let gaps = |text: &str| {
            cells(text).iter().filter(|c| c.is_word()).map(|c| c.before).collect::<Vec<_>>()
        };
        assert_eq!(gaps("a.b c.d")[1..], [Spelling, Plain, Spelling]);
        assert_eq!(gaps("a b  c d")[1..], [Spelling, Plain, Spelling]);
        assert_eq!(gaps("I am"), [Plain, Plain, Plain]);
        assert_eq!(cells("म-र-ना").iter().filter(|c| c.before == Spelling).count(), 2);
    }

    #[test]
    fn a_barrier_stands_only_where_a_sentence_ends() {
        let barriers =
            |text: &str| cells(text).iter().filter(|cell| cell.before == Gap::Sentence).count();
        assert_eq!(barriers("That was the end. My life goes on."), 1);
        assert_eq!(barriers("kill. myself"), 0);
        assert_eq!(barriers("K. I. L. L."), 0);
        assert_eq!(barriers("I want to... Die"), 0);
        assert_eq!(barriers("结束了。我的生活"), 1);
    }
}
