//! How surprising letters are after one another. The tables are figures made by
//! `data/ngrams/make.py`; each entry is the least surprise that any language of the script has.

use super::letters::{Script, alphabet_size};

static LATIN: &[u8; 27 * 27 * 27] = include_bytes!("../../data/ngrams/latin.bin");
static CYRILLIC: &[u8; 34 * 34 * 34] = include_bytes!("../../data/ngrams/cyrillic.bin");

/// The tables count in sixteenths of a bit.
const UNITS_PER_BIT: f32 = 16.0;

/// Calls `step` with each letter of a word after the two before it, and its surprise in bits. The
/// edges of the word are letter 0.
pub(super) fn for_each_step(codes: &[u8], script: Script, mut step: impl FnMut([u8; 3], f32)) {
    let table: &[u8] = match script {
        Script::Latin => LATIN,
        Script::Cyrillic => CYRILLIC,
    };
    let size = alphabet_size(script) + 1;
    let (mut before, mut last) = (0, 0);
    for code in codes.iter().copied().chain([0]) {
        let place = (usize::from(before) * size + usize::from(last)) * size + usize::from(code);
        step([before, last, code], f32::from(table[place]) / UNITS_PER_BIT);
        (before, last) = (last, code);
    }
}

/// The surprise of a word in bits, its end included: one step more than it has letters.
pub(super) fn surprise_bits(codes: &[u8], script: Script) -> f32 {
    let mut bits = 0.0;
    for_each_step(codes, script, |_, surprise| bits += surprise);
    bits
}

#[cfg(test)]
mod tests {
    use super::super::letters::codes;
    use super::*;

    fn bits_per_letter(word: &str, script: Script) -> f32 {
        let codes = codes(word, script);
        let steps = u16::try_from(codes.len() + 1).map(f32::from).expect("a short word");
        surprise_bits(&codes, script) / steps
    }

    #[test]
    fn words_of_many_languages_surprise_less_than_mash() {
        for word in ["morning", "llyfrgell", "szczęście", "yhteiskunta", "zindagi", "segodnya"] {
            assert!(bits_per_letter(word, Script::Latin) < 2.3, "{word}");
        }
        for word in ["sdkfjh", "qwzxv", "xkcvbn"] {
            assert!(bits_per_letter(word, Script::Latin) > 3.0, "{word}");
        }
        assert!(bits_per_letter("здравствуйте", Script::Cyrillic) < 2.5);
        assert!(bits_per_letter("фывапролд", Script::Cyrillic) > 3.3);
    }
}
