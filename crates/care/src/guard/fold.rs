//! Texts and patterns as they are compared: one spelling for all the ways to write a word.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::decompose_canonical;

/// The text as it is shown: compatibility forms resolved (full width, mathematical letters),
/// joiners and selectors dropped, digits of every script as ASCII. Case and signs stay.
pub(super) fn shown(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.nfkc().filter(|&c| !is_joiner(c)).map(ascii_digit).collect()
}

fn is_joiner(c: char) -> bool {
    matches!(
        c,
        '\u{34F}' | '\u{200C}' | '\u{200D}' | '\u{FE00}'
            ..='\u{FE0F}' | '\u{115F}' | '\u{1160}' | '\u{3164}'
    )
}

fn ascii_digit(c: char) -> char {
    let zero = match c {
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6F0}'..='\u{6F9}' => 0x6F0,
        '\u{966}'..='\u{96F}' => 0x966,
        '\u{9E6}'..='\u{9EF}' => 0x9E6,
        _ => return c,
    };
    char::from_digit(u32::from(c) - zero, 10).unwrap_or(c)
}

/// A word with what stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// The folded letters and digits.
    pub(super) word: String,
    /// Only signs stand between it and the word before, no space.
    pub(super) glued: bool,
}

/// The words of a text that went through [`shown`].
pub(super) fn tokens(shown: &str) -> Vec<Token> {
    split(shown, |_, _, _| None)
}

/// The same with digits and signs inside words read as the letters they look like, `1` and its like
/// as `one`; nothing if there are none.
pub(super) fn leet_tokens(shown: &str, one: char) -> Option<Vec<Token>> {
    let mut any = false;
    let tokens = split(shown, |c, before, after| {
        let inside = match c {
            '!' | '|' | '+' | '€' => before && after,
            _ => before || after,
        };
        let letter = leet(c, one).filter(|_| inside);
        any |= letter.is_some();
        letter
    });
    any.then_some(tokens)
}

fn leet(c: char, one: char) -> Option<char> {
    Some(match c {
        '0' => 'o',
        '1' | '!' | '|' => one,
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        '9' | '6' => 'g',
        _ => return None,
    })
}

/// Splits into words; `replace` may read a sign as a letter, told whether a letter stands right
/// before it and right after it.
fn split(shown: &str, mut replace: impl FnMut(char, bool, bool) -> Option<char>) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut glued = false;
    let chars: Vec<char> = shown.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        let letter_at = |at: usize| chars.get(at).is_some_and(|c| c.is_alphabetic());
        if let Some(letter) = replace(c, at > 0 && letter_at(at - 1), letter_at(at + 1)) {
            word.push(letter);
        } else if c.is_alphanumeric() || is_vowel_sign(c) {
            fold_into(c, &mut word);
        } else if !is_dropped(c) {
            close(&mut tokens, &mut word, &mut glued);
            glued &= !c.is_whitespace();
        }
    }
    close(&mut tokens, &mut word, &mut glued);
    tokens
}

fn close(tokens: &mut Vec<Token>, word: &mut String, glued: &mut bool) {
    if !word.is_empty() {
        let word = latin_if_mixed(&std::mem::take(word));
        tokens.push(Token { word, glued: *glued });
        *glued = true;
    }
}

/// Apostrophes and loose marks stand within words.
fn is_dropped(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`' | '´' | '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}'
        | '\u{591}'..='\u{5C7}' | '\u{610}'..='\u{61A}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}'
        | '\u{93C}' | '\u{20D0}'..='\u{20FF}')
}

/// The vowel signs of Indian scripts are no letters to Unicode, but to writers.
fn is_vowel_sign(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{903}' | '\u{93E}'..='\u{94D}' | '\u{981}'..='\u{983}' | '\u{9BE}'..='\u{9CD}')
}

fn fold_into(c: char, out: &mut String) {
    for lower in c.to_lowercase() {
        match lower {
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' | 'ð' => out.push('d'),
            'ı' => out.push('i'),
            'أ' | 'إ' | 'آ' | 'ٱ' => out.push('ا'),
            'ى' => out.push('ي'),
            'ة' => out.push('ه'),
            'ँ' => out.push('ं'),
            '\u{C0}'..='\u{24F}' | '\u{370}'..='\u{52F}' | '\u{1E00}'..='\u{1FFF}' => {
                decompose_canonical(lower, |part| {
                    if !is_dropped(part) {
                        out.push(part);
                    }
                });
            }
            '\u{900}'..='\u{97F}' => decompose_canonical(lower, |part| {
                if !is_dropped(part) {
                    out.push(part);
                }
            }),
            _ if is_dropped(lower) => {}
            _ => out.push(lower),
        }
    }
}

/// Cyrillic and Greek letters that look like Latin ones.
const LOOKALIKES: &str = "аaвbеeкkмmнhоoрpсcтtуyхxіiјjѕsԁdґrпnшwωwαaβbεeιiκkνvοoρpτtυuχxηnσo";

/// A word that mixes alphabets is read as a Latin one.
fn latin_if_mixed(word: &str) -> String {
    let latin = word.chars().any(|c| c.is_ascii_lowercase());
    let other = word.chars().any(|c| matches!(c, '\u{370}'..='\u{52F}'));
    if !(latin && other) {
        return word.to_owned();
    }
    let pairs: Vec<char> = LOOKALIKES.chars().collect();
    let look = |c| pairs.chunks_exact(2).find(|pair| pair[0] == c).map_or(c, |pair| pair[1]);
    word.chars().map(look).collect()
}

/// A word with each letter that repeats written once.
pub(super) fn collapsed(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        if !out.ends_with(c) || c.is_ascii_digit() {
            out.push(c);
        }
    }
    out
}

/// The words with those glued together by signs joined: `dis-order`, `d.i.s.o.r.d.e.r`. Nothing if
/// none are.
pub(super) fn glue(tokens: &[Token]) -> Option<Vec<Token>> {
    tokens.iter().any(|token| token.glued).then(|| {
        let mut out: Vec<Token> = Vec::new();
        for token in tokens {
            match out.last_mut() {
                Some(last) if token.glued => last.word.push_str(&token.word),
                _ => out.push(token.clone()),
            }
        }
        out
    })
}

/// The words with runs of three and more single letters joined: `d i s o r d e r`. Nothing if there
/// are none.
pub(super) fn join_letters(tokens: &[Token]) -> Option<Vec<Token>> {
    let single = |token: &Token| token.word.chars().count() == 1;
    let mut any = false;
    let mut out: Vec<Token> = Vec::new();
    for run in tokens.chunk_by(|a, b| single(a) && single(b)) {
        if run.len() >= 3 {
            any = true;
            let word = run.iter().map(|token| token.word.as_str()).collect();
            out.push(Token { word, glued: false });
        } else {
            out.extend_from_slice(run);
        }
    }
    any.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(&shown(text)).into_iter().map(|token| token.word).collect()
    }

    fn joined(tokens: Option<Vec<Token>>) -> String {
        let tokens = tokens.expect("there is something to join");
        tokens.into_iter().map(|token| token.word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn one_spelling_for_all() {
        assert_eq!(
            words("You’re  ＤＥＰＲＥＳＳＥＤ, naïve Łódź"),
            ["youre", "depressed", "naive", "lodz"]
        );
        assert_eq!(words("İlaç ılık"), ["ilac", "ilik"]);
        assert_eq!(words("اِكْتِئَاب أنت"), words("اكتئاب انت"));
        assert_eq!(words("ज़रूर"), words("जरूर"));
        assert_eq!(words("dеprеssiоn"), ["depression"]);
        assert_eq!(words("депрессия"), ["депрессия"]);
    }

    #[test]
    fn disguises_are_joined_again() {
        assert_eq!(joined(glue(&tokens("a dis-order or d.i.s"))), "a disorder or dis");
        assert_eq!(joined(join_letters(&tokens("a d h d b day"))), "adhdb day");
        assert_eq!(joined(leet_tokens("d3pr3ss1on @nd $ad", 'i')), "depression and sad");
        assert_eq!(leet_tokens("plain words, 3 of them!", 'i').map(|_| ()), None);
        assert_eq!(collapsed("symptoooom"), "symptom");
    }
}
