//! Mechanical disguises, for tests and for the report: what people do to a word so that a machine
//! will not read it. Each is applied only where the script allows. Not part of screening.

use unicode_segmentation::UnicodeSegmentation as _;

/// How many disguises there are.
pub const DISGUISES: usize = 20;

/// What each disguise does, by number.
pub const NAMES: [&str; DISGUISES] = [
    "upper case",
    "mixed case",
    "full width",
    "mathematical bold",
    "circled letters",
    "zero-width characters",
    "soft hyphens",
    "combining marks",
    "doubled letters",
    "spaced letters",
    "dots between letters",
    "hyphens between letters",
    "underscores between letters",
    "line breaks",
    "leet digits",
    "homoglyphs",
    "masked vowels",
    "odd spaces",
    "emoji between words",
    "emphasis marks",
];

/// The text in disguise `n`, varied by `seed`; the same for the same arguments. `None` if the
/// disguise does not exist or the script leaves it nothing to do.
pub fn disguise(text: &str, n: usize, seed: u64) -> Option<String> {
    let mut dice = Dice(seed ^ (n as u64) << 32);
    let disguised = match n {
        0 => text.to_uppercase(),
        1 => letters(text, |c| if dice.one_in(2) { upper(c) } else { c }),
        2 => {
            letters(text, |c| shifted(c, 'a', 'ａ').or_else(|| shifted(c, 'A', 'Ａ')).unwrap_or(c))
        }
        3 => letters(text, |c| shifted(c, 'a', '𝐚').or_else(|| shifted(c, 'A', '𝐀')).unwrap_or(c)),
        4 => letters(text, |c| shifted(c, 'a', 'ⓐ').or_else(|| shifted(c, 'A', 'Ⓐ')).unwrap_or(c)),
        5 => between(text, |_| dice.pick(&["\u{200B}", "\u{200C}", "\u{200D}", "\u{2060}"])),
        6 => between(text, |_| "\u{AD}"),
        7 => marked(text, &mut dice),
        8 => doubled(text, &mut dice),
        9 => joined(text, " ", "   "),
        10 => joined(text, ".", " "),
        11 => joined(text, "-", " "),
        12 => joined(text, "_", " "),
        13 => spaces(text, |_| "\n"),
        14 if text.contains(char::is_numeric) => return None,
        14 => letters(text, leet),
        15 => letters(text, |c| if dice.one_in(3) { c } else { homoglyph(c) }),
        16 => masked(text),
        17 => spaces(text, |_| dice.pick(&["  ", "\u{A0}", "\t", "\u{3000}", " \u{2009}"])),
        18 => spaces(text, |_| dice.pick(&[" 🙃 ", "🖤", " 💔"])),
        19 => emphasised(text, &mut dice),
        _ => return None,
    };
    (disguised != text).then_some(disguised)
}

/// A small generator (splitmix64): the same rolls on every platform.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll().is_multiple_of(sides)
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        let count = from.len() as u64;
        from[usize::try_from(self.roll() % count).unwrap_or(0)]
    }
}

fn letters(text: &str, change: impl FnMut(char) -> char) -> String {
    text.chars().map(change).collect()
}

fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// The letter at the same place in another alphabet of 26.
fn shifted(c: char, from: char, to: char) -> Option<char> {
    let index = u32::from(c).checked_sub(u32::from(from)).filter(|&index| index < 26)?;
    char::from_u32(u32::from(to) + index)
}

/// Latin, Cyrillic or Greek: scripts with case, whose letters stand apart.
fn is_cased(c: char) -> bool {
    c.is_lowercase() || c.is_uppercase()
}

fn is_letter(grapheme: &str) -> bool {
    grapheme.chars().next().is_some_and(char::is_alphabetic)
}

/// Puts something between any two letters of a word.
fn between<'a>(text: &str, mut what: impl FnMut(&str) -> &'a str) -> String {
    let mut out = String::new();
    let mut last = false;
    for grapheme in text.graphemes(true) {
        let letter = is_letter(grapheme);
        if last && letter {
            out.push_str(what(grapheme));
        }
        out.push_str(grapheme);
        last = letter;
    }
    out
}

/// Takes every word apart, with other gaps between the words.
fn joined(text: &str, inner: &str, outer: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(|word| between(word, |_| inner)).collect();
    words.join(outer)
}

/// Changes the white space; in a script without any, puts it between some letters.
fn spaces<'a>(text: &str, mut what: impl FnMut(&str) -> &'a str) -> String {
    if !text.contains(' ') {
        return between(text, what);
    }
    let words: Vec<&str> = text.split(' ').collect();
    let mut out = String::from(words[0]);
    for word in &words[1..] {
        out.push_str(what(word));
        out.push_str(word);
    }
    out
}

fn marked(text: &str, dice: &mut Dice) -> String {
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        if is_cased(c) {
            out.push_str(dice.pick(&["\u{301}", "\u{308}", "\u{336}", "", "\u{33A}"]));
        }
    }
    out
}

fn doubled(text: &str, dice: &mut Dice) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let times = if is_cased(c) && dice.one_in(2) { 2 + usize::from(dice.one_in(3)) } else { 1 };
        out.extend(std::iter::repeat_n(c, times));
    }
    out
}

fn leet(c: char) -> char {
    match c {
        'a' | 'A' => '4',
        'e' | 'E' | 'з' | 'З' => '3',
        'i' | 'I' => '1',
        'o' | 'O' | 'о' | 'О' => '0',
        's' | 'S' => '5',
        't' | 'T' => '7',
        other => other,
    }
}

fn homoglyph(c: char) -> char {
    const PAIRS: [(char, char); 16] = [
        ('a', 'а'),
        ('c', 'с'),
        ('e', 'е'),
        ('i', 'і'),
        ('o', 'о'),
        ('p', 'р'),
        ('s', 'ѕ'),
        ('x', 'х'),
        ('y', 'у'),
        ('j', 'ј'),
        ('h', 'һ'),
        ('d', 'ԁ'),
        ('K', 'К'),
        ('M', 'М'),
        ('T', 'Т'),
        ('H', 'Н'),
    ];
    let there = PAIRS.iter().find(|pair| pair.0 == c).map(|pair| pair.1);
    let back = PAIRS.iter().find(|pair| pair.1 == c).map(|pair| pair.0);
    there.or(back).unwrap_or(c)
}

/// Masks one vowel inside each longer word.
fn masked(text: &str) -> String {
    const VOWELS: &str = "aeiouyаеиоуыюяєіäöüáéíóúàèìòùâêîôûãõąęıё";
    let mask = |word: &str| {
        let chars: Vec<char> = word.chars().collect();
        let count = chars.iter().filter(|c| c.is_alphabetic()).count();
        let inside = chars
            .windows(3)
            .position(|w| {
                w.iter().all(|c| c.is_alphabetic())
                    && VOWELS.contains(w[1].to_lowercase().next().unwrap_or(w[1]))
            })
            .map(|at| at + 1)
            .filter(|_| count >= 3 && !word.contains(char::is_numeric));
        chars.iter().enumerate().map(|(at, &c)| if Some(at) == inside { '*' } else { c }).collect()
    };
    let words: Vec<String> = text.split(' ').map(mask).collect();
    words.join(" ")
}

/// Marks some words the way chat programs do.
fn emphasised(text: &str, dice: &mut Dice) -> String {
    let words: Vec<String> = text
        .split(' ')
        .map(|word| {
            let mark = dice.pick(&["**", "_", "~~", "\"", ""]);
            format!("{mark}{word}{mark}")
        })
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_are_repeatable_and_differ() {
        let all: Vec<Option<String>> =
            (0..DISGUISES).map(|n| disguise("I hate suicide jokes", n, 7)).collect();
        assert_eq!(
            all,
            (0..DISGUISES).map(|n| disguise("I hate suicide jokes", n, 7)).collect::<Vec<_>>()
        );
        assert!(all.iter().all(Option::is_some));
        assert_eq!(disguise("suicide", DISGUISES, 7), None);
    }

    #[test]
    fn a_script_without_case_is_left_alone() {
        assert_eq!(disguise("死にたい", 0, 1), None);
        assert_eq!(disguise("死にたい", 14, 1), None);
        assert_eq!(disguise("死にたい", 10, 1).as_deref(), Some("死.に.た.い"));
    }

    #[test]
    fn some_of_them_by_name() {
        assert_eq!(disguise("kill myself", 14, 1).as_deref(), Some("k1ll my53lf"));
        assert_eq!(disguise("kill myself", 16, 1).as_deref(), Some("k*ll m*self"));
        assert_eq!(disguise("kill myself", 9, 1).as_deref(), Some("k i l l   m y s e l f"));
        assert_eq!(disguise("kill myself", 2, 1).as_deref(), Some("ｋｉｌｌ ｍｙｓｅｌｆ"));
    }
}
