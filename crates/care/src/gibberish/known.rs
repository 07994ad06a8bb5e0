//! Short forms and sounds that no letter statistics can know: abbreviations of chats, laughter,
//! interjections, and what repeats them.

use std::sync::LazyLock;

static WORDS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| sorted(include_str!("../../data/gibberish/words.txt")));
static SOUNDS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| sorted(include_str!("../../data/gibberish/sounds.txt")));

fn sorted(file: &'static str) -> Vec<&'static str> {
    let lines = file.lines().filter(|line| !line.starts_with('#'));
    let mut words: Vec<_> = lines.flat_map(str::split_whitespace).collect();
    words.sort_unstable();
    words
}

/// The longest unit that is looked for in "lalala" and "blahblahblah".
const MAX_UNIT: usize = 4;

fn listed(words: &[&str], word: &[char]) -> bool {
    words.binary_search_by(|listed| listed.chars().cmp(word.iter().copied())).is_ok()
}

/// Whether a word is a known short form as typed.
pub(super) fn is_short_form(keys: &[char]) -> bool {
    listed(&WORDS, keys)
}

/// Whether a word, long-drawn letters cut, is laughter or a known sound, once or over and over.
pub(super) fn is_sound(keys: &[char]) -> bool {
    listed(&SOUNDS, keys) || is_laughter(keys) || repeats_a_sound(keys)
}

/// `hahaha`, `ahahahah`, `jejeje`, `xaxaxa`, `хахаха`, `muahaha`: one breath and one vowel.
fn is_laughter(keys: &[char]) -> bool {
    let is_breath = |c: char| matches!(c, 'h' | 'j' | 'x' | 'k' | 'х' | 'г');
    let is_vowel =
        |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'а' | 'е' | 'и' | 'о' | 'ы');
    let Some(start) = keys.iter().position(|&c| is_breath(c)) else { return false };
    let (lead, laugh) = keys.split_at(start.saturating_sub(1));
    let breath = keys[start];
    let Some(&vowel) = laugh.iter().find(|&&c| is_vowel(c)) else { return false };
    lead.len() <= 2
        && laugh.len() >= 4
        && laugh.iter().all(|&c| c == breath || c == vowel)
        && laugh.windows(3).all(|w| w[0] != w[1] || w[1] != w[2] || is_vowel(w[0]))
}

fn repeats_a_sound(keys: &[char]) -> bool {
    (2..=MAX_UNIT).any(|unit| {
        keys.len() >= 2 * unit
            && keys.iter().zip(&keys[unit..]).all(|(a, b)| a == b)
            && (listed(&SOUNDS, &keys[..unit]) || listed(&SOUNDS, &keys[keys.len() - unit..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(word: &str) -> bool {
        let keys: Vec<_> = word.chars().collect();
        is_sound(&keys) || is_short_form(&keys)
    }

    #[test]
    fn laughter_and_sounds_are_known() {
        for word in ["hahahaha", "ahahahaha", "jajajaja", "muahahaha", "хахаха", "hehehehe", "lol"]
        {
            assert!(known(word), "{word}");
        }
        for word in ["lalalala", "blahblahblah", "nananana", "rsrsrsrs", "wkwkwk", "lololol"] {
            assert!(known(word), "{word}");
        }
    }

    #[test]
    fn mash_is_not() {
        for word in ["asdasdasd", "jkjkjkjk", "hhhhhhhh", "asdf", "dfdfdf", "hjhjhj"] {
            assert!(!known(word), "{word}");
        }
    }
}
