//! How surprising letters are after one another. The tables are figures made by
//! `data/ngrams/make.py`; each entry is the least surprise that any language of the script has.

use super::letters::{Script, alphabet_size};

static LATIN: &[u8; 27 * 27 * 27] = include_bytes!("../../data/ngrams/latin.bin");
static CYRILLIC: &[u8; 34 * 34 * 34] = include_bytes!("../../data/ngrams/cyrillic.bin");

/// The tables count in sixteenths of a bit.
const UNITS_PER_BIT: f32 = 16.0;

/// The surprise of a word in bits, its end included, and the number of steps that took.
pub(super) fn surprise_bits(codes: &[u8], script: Script) -> (f32, usize) {
    let table: &[u8] = match script {
        Script::Latin => LATIN,
        Script::Cyrillic => CYRILLIC,
    };
    let size = alphabet_size(script) + 1;
    let (mut before, mut last, mut units) = (0, 0, 0_u32);
    for code in codes.iter().map(|&c| usize::from(c)).chain([0]) {
        units += u32::from(table[(before * size + last) * size + code]);
        (before, last) = (last, code);
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 255 units a letter")]
    let bits = units as f32 / UNITS_PER_BIT;
    (bits, codes.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::super::letters::codes;
    use super::*;

    fn bits_per_letter(word: &str, script: Script) -> f32 {
        let (bits, steps) = surprise_bits(&codes(word, script), script);
        bits / u16::try_from(steps).map(f32::from).expect("a short word")
    }

    #[test]
    fn words_of_many_languages_surprise_less_than_mash() {
        for word in ["morning", "llyfrgell", "szczęście", "yhteiskunta", "zindagi", "segodnya"] {
            assert!(bits_per_letter(word, Script::Latin) < 3.0, "{word}");
        }
        for word in ["sdkfjh", "qwzxv", "xkcvbn"] {
            assert!(bits_per_letter(word, Script::Latin) > 3.5, "{word}");
        }
        assert!(bits_per_letter("здравствуйте", Script::Cyrillic) < 3.0);
        assert!(bits_per_letter("фывапролд", Script::Cyrillic) > 3.5);
    }
}
