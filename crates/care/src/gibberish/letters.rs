//! From text to words of folded letters. Nothing here judges.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// A text longer than this is judged by its beginning.
const MAX_LETTERS: usize = 10_000;

/// The alphabets there are letter tables for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Script {
    Latin,
    Cyrillic,
}

/// Letters that do not fall apart into a base and marks; `data/ngrams/make.py` has the same list.
const LATIN_FOLD: &[(char, &str)] = &[
    ('ß', "ss"),
    ('æ', "ae"),
    ('œ', "oe"),
    ('ø', "o"),
    ('ł', "l"),
    ('đ', "d"),
    ('ð', "d"),
    ('þ', "th"),
    ('ı', "i"),
    ('ŋ', "n"),
    ('ħ', "h"),
    ('ə', "e"),
    ('ƒ', "f"),
    ('ɓ', "b"),
    ('ɗ', "d"),
    ('ƙ', "k"),
    ('ŧ', "t"),
    ('ĸ', "k"),
    ('ɛ', "e"),
    ('ɔ', "o"),
];
const CYRILLIC_FOLD: &[(char, char)] = &[
    ('ґ', 'г'),
    ('є', 'е'),
    ('ђ', 'д'),
    ('ј', 'й'),
    ('љ', 'л'),
    ('њ', 'н'),
    ('ћ', 'ч'),
    ('џ', 'ч'),
    ('ѕ', 'з'),
    ('ў', 'у'),
    ('ә', 'а'),
    ('ғ', 'г'),
    ('қ', 'к'),
    ('ң', 'н'),
    ('ө', 'о'),
    ('ұ', 'у'),
    ('ү', 'у'),
    ('һ', 'х'),
    ('ҳ', 'х'),
    ('ҷ', 'ч'),
    ('җ', 'ж'),
    ('ҡ', 'к'),
    ('ҙ', 'з'),
    ('ҫ', 'с'),
];

/// A run of letters of one script.
pub(super) struct Word {
    /// The keys as typed, in lower case.
    pub(super) keys: Vec<char>,
    /// The folded letters, numbered from 1 in the order of the script's table.
    pub(super) codes: Vec<u8>,
    /// Whether it was typed in capitals.
    pub(super) capitals: bool,
}

/// What of a text can be judged.
pub(super) struct Letters {
    /// The words of the most frequent script that has a table.
    pub(super) words: Vec<Word>,
    /// That script.
    pub(super) script: Script,
    /// Its letters.
    pub(super) judged: usize,
    /// The letters of every script, those of skipped tokens not counted.
    pub(super) all: usize,
    /// Letters of that script which no language of its table writes.
    pub(super) foreign: usize,
}

/// Letters of Cyrillic and Latin alphabets that have no table (Ossetic, Tajik, Tatar, Ewe, Hausa…).
const FOREIGN: &str = "əӕӣӯҷҳөүұқғңһәҡҙҫҗӑӗӳҥӈӵӥӝӟӧӓӱӹԥҿҽʻʼɛɔŋƙɓɗɖƒɣʋɩʊǁǃǀǂ";

/// How many letters the alphabet of a script has.
pub(super) fn alphabet_size(script: Script) -> usize {
    match script {
        Script::Latin => 26,
        Script::Cyrillic => 33,
    }
}

fn script_of(c: char) -> Option<Script> {
    match c {
        'a'..='z' | '\u{C0}'..='\u{24F}' | '\u{250}'..='\u{2AF}' | '\u{1E00}'..='\u{1EFF}' => {
            Some(Script::Latin)
        }
        '\u{400}'..='\u{52F}' => Some(Script::Cyrillic),
        _ => None,
    }
}

fn code(letter: char, script: Script) -> Option<u8> {
    let place = match script {
        Script::Latin if letter.is_ascii_lowercase() => u32::from(letter) - u32::from('a'),
        Script::Cyrillic if matches!(letter, 'а'..='я') => u32::from(letter) - u32::from('а'),
        Script::Cyrillic if letter == 'і' => 32,
        Script::Latin | Script::Cyrillic => return None,
    };
    u8::try_from(place + 1).ok()
}

/// Writes the folded letters of `c`; a letter outside the alphabet leaves none.
fn push_codes(c: char, script: Script, codes: &mut Vec<u8>) {
    if let Some(code) = code(c, script) {
        codes.push(code);
    } else if let Some((_, parts)) = LATIN_FOLD.iter().find(|p| p.0 == c) {
        codes.extend(parts.chars().filter_map(|part| code(part, script)));
    } else if let Some((_, part)) = CYRILLIC_FOLD.iter().find(|p| p.0 == c) {
        codes.extend(code(*part, script));
    } else {
        decompose_canonical(c, |part| {
            if !is_combining_mark(part) {
                codes.extend(code(part, script));
            }
        });
    }
}

/// Numbers the letters of a Latin or Cyrillic word, as the tables do.
#[cfg(test)]
pub(super) fn codes(word: &str, script: Script) -> Vec<u8> {
    let mut codes = Vec::with_capacity(word.len());
    word.chars().for_each(|c| push_codes(c, script, &mut codes));
    codes
}

/// Addresses and handles say nothing about what their writer typed beside them.
fn is_address(token: &str) -> bool {
    let token = token.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '@');
    let begins =
        |start: &str| token.get(..start.len()).is_some_and(|t| t.eq_ignore_ascii_case(start));
    begins("http:") || begins("https:") || begins("www.") || token.contains('@')
}

/// A run of letters and digits with a digit between letters: a password, a checksum, `n4m3`.
fn is_code(run: &[char]) -> bool {
    let letter = |c: &char| c.is_alphabetic();
    let first = run.iter().position(letter);
    let last = run.iter().rposition(letter);
    matches!((first, last), (Some(a), Some(b)) if run[a..b].iter().any(char::is_ascii_digit))
}

#[derive(Default)]
struct Collector {
    foreign: usize,
    latin: Vec<Word>,
    cyrillic: Vec<Word>,
    latin_letters: usize,
    cyrillic_letters: usize,
    other_letters: usize,
}

impl Collector {
    /// Takes one run of letters and digits, apostrophes already dropped.
    fn take(&mut self, run: &[char], capitals: bool) {
        if is_code(run) {
            return;
        }
        let mut rest = run;
        while let Some(&first) = rest.first() {
            let script = script_of(first);
            let same = |c: &char| c.is_alphabetic() && script_of(*c) == script;
            let length = rest.iter().take_while(|c| same(c)).count().max(1);
            let (word, after) = rest.split_at(length);
            rest = after;
            match script {
                Some(script) => self.take_word(word, script, capitals),
                None => self.other_letters += word.iter().filter(|c| c.is_alphabetic()).count(),
            }
        }
    }

    fn take_word(&mut self, keys: &[char], script: Script, capitals: bool) {
        let mut codes = Vec::with_capacity(keys.len() + 2);
        self.foreign += keys.iter().filter(|&&c| !c.is_ascii() && FOREIGN.contains(c)).count();
        for &c in keys {
            push_codes(c, script, &mut codes);
        }
        let (words, letters) = match script {
            Script::Latin => (&mut self.latin, &mut self.latin_letters),
            Script::Cyrillic => (&mut self.cyrillic, &mut self.cyrillic_letters),
        };
        *letters += keys.len();
        if !codes.is_empty() {
            words.push(Word { keys: keys.to_vec(), codes, capitals });
        }
    }

    fn total(&self) -> usize {
        self.latin_letters + self.cyrillic_letters + self.other_letters
    }
}

/// The small letter, without the dot that a Turkish capital keeps.
fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// Splits a text into words of one script.
pub(super) fn letters(text: &str) -> Letters {
    let mut found = Collector::default();
    for token in text.split_whitespace().filter(|token| !is_address(token)) {
        let mut run = Vec::new();
        let mut capitals = true;
        for c in token.nfkc() {
            capitals &= !c.is_lowercase();
            let c = lower(c);
            if c.is_alphabetic() || c.is_ascii_digit() {
                run.push(c);
            } else if !matches!(c, '\'' | '’' | '\u{AD}' | '\u{200B}'..='\u{200F}')
                && !is_combining_mark(c)
            {
                found.take(&run, capitals);
                run.clear();
                capitals = true;
            }
        }
        found.take(&run, capitals);
        if found.total() > MAX_LETTERS {
            break;
        }
    }
    let (all, foreign) = (found.total(), found.foreign);
    if found.latin_letters >= found.cyrillic_letters {
        Letters {
            words: found.latin,
            script: Script::Latin,
            judged: found.latin_letters,
            all,
            foreign,
        }
    } else {
        let judged = found.cyrillic_letters;
        Letters { words: found.cyrillic, script: Script::Cyrillic, judged, all, foreign }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        letters(text).words.iter().map(|word| word.keys.iter().collect()).collect()
    }

    #[test]
    fn words_are_cut_at_everything_but_apostrophes() {
        assert_eq!(words("I don't know, half-done"), ["i", "dont", "know", "half", "done"]);
        assert_eq!(words("ＦＵＬＬ 𝓜𝓪𝓽𝓱"), ["full", "math"]);
    }

    #[test]
    fn addresses_and_codes_are_left_out() {
        assert_eq!(words("see https://example.org/qwrt (www.example.org) now"), ["see", "now"]);
        assert_eq!(words("a.b@example.org @jkl d41d8cd98f week12 7up"), ["week", "up"]);
    }

    #[test]
    fn marks_are_folded_and_the_keys_kept() {
        let found = letters("Łódź Straße");
        assert_eq!(found.words[0].codes, codes("lodz", Script::Latin));
        assert_eq!(found.words[1].codes, codes("strasse", Script::Latin));
        assert_eq!(found.words[0].keys, ['ł', 'ó', 'd', 'ź']);
        assert_eq!(codes("її", Script::Cyrillic), codes("іі", Script::Cyrillic));
        assert_eq!(codes("ґ", Script::Cyrillic), codes("г", Script::Cyrillic));
    }

    #[test]
    fn the_most_frequent_script_is_judged() {
        let found = letters("мой день был good");
        assert_eq!((found.script, found.judged, found.all), (Script::Cyrillic, 10, 14));
        let other = letters("今日は good day");
        assert_eq!((other.judged, other.all), (7, 10));
    }

    #[test]
    fn every_letter_has_its_place_in_the_table() {
        assert_eq!(codes("az", Script::Latin), [1, 26]);
        assert_eq!(codes("аі", Script::Cyrillic), [1, 33]);
    }
}
