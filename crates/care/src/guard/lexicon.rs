//! The words a reply must not say, read from `data/guard`, one file per language. How a file is
//! written stands at the top of `en.txt`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Violation;
use super::fold::{Token, collapsed, glue, join_letters, leet_tokens, shown, tokens};

/// The files, and whether the language writes without spaces (or, as Korean does, loosely).
const FILES: [(&str, bool); 15] = [
    (include_str!("../../data/guard/en.txt"), false),
    (include_str!("../../data/guard/es.txt"), false),
    (include_str!("../../data/guard/pt.txt"), false),
    (include_str!("../../data/guard/fr.txt"), false),
    (include_str!("../../data/guard/de.txt"), false),
    (include_str!("../../data/guard/it.txt"), false),
    (include_str!("../../data/guard/nl.txt"), false),
    (include_str!("../../data/guard/pl.txt"), false),
    (include_str!("../../data/guard/tr.txt"), false),
    (include_str!("../../data/guard/ru.txt"), false),
    (include_str!("../../data/guard/hi.txt"), false),
    (include_str!("../../data/guard/ar.txt"), false),
    (include_str!("../../data/guard/zh.txt"), true),
    (include_str!("../../data/guard/ja.txt"), true),
    (include_str!("../../data/guard/ko.txt"), true),
];

static LANGUAGES: LazyLock<Vec<Language>> =
    LazyLock::new(|| FILES.iter().map(|&(file, unspaced)| Language::read(file, unspaced)).collect());

/// Words of a claim that may stand between "you have" and the condition.
const MAX_FILLERS: usize = 6;
/// Stands where an allowed phrase was.
const ALLOWED: &str = "\u{0}";

/// Phrases of words, by the first letter of the first.
#[derive(Default)]
struct Phrases {
    by_letter: HashMap<char, Vec<Vec<Part>>>,
    /// Those that stand anywhere in the text, also within words.
    anywhere: Vec<String>,
}

/// A word of a phrase.
struct Part {
    text: String,
    /// It need only begin so.
    is_stem: bool,
    /// Repeated letters count.
    is_exact: bool,
}

impl Part {
    fn read(word: &str) -> Self {
        let (word, is_exact) = word.strip_prefix('=').map_or((word, false), |rest| (rest, true));
        let (word, is_stem) = word.strip_suffix('-').map_or((word, false), |rest| (rest, true));
        let folded: String = tokens(&shown(word)).into_iter().map(|token| token.word).collect();
        Self { text: if is_exact { folded } else { collapsed(&folded) }, is_stem, is_exact }
    }

    fn matches(&self, word: &View) -> bool {
        let text = if self.is_exact { &word.exact } else { &word.collapsed };
        if self.is_stem { text.starts_with(&self.text) } else { *text == self.text }
    }
}

/// A word of the text under judgement.
#[derive(Clone)]
struct View {
    exact: String,
    collapsed: String,
}

impl Phrases {
    fn read(&mut self, line: &str, unspaced: bool) {
        for entry in line.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
            if let Some(part) = entry.strip_prefix('~') {
                self.anywhere.push(flat(&tokens(&shown(part)), unspaced));
                continue;
            }
            let parts: Vec<Part> = entry.split_whitespace().map(Part::read).collect();
            if let Some(letter) = parts.first().and_then(|part| part.text.chars().next()) {
                self.by_letter.entry(letter).or_default().push(parts);
            }
        }
    }

    /// How many words, from the first of these on, a phrase of this list covers; the longest one.
    fn at(&self, words: &[View]) -> Option<usize> {
        let letter = words.first()?.exact.chars().next()?;
        let fits = |parts: &&Vec<Part>| {
            parts.len() <= words.len() && parts.iter().zip(words).all(|(p, word)| p.matches(word))
        };
        self.by_letter.get(&letter)?.iter().filter(fits).map(Vec::len).max()
    }

    fn is_in(&self, words: &[View]) -> bool {
        (0..words.len()).any(|start| self.at(&words[start..]).is_some())
    }

    /// What is left of a text that begins with a phrase of this list; the least.
    fn strip<'a>(&self, text: &'a str) -> Option<&'a str> {
        let rests = self.anywhere.iter().filter_map(|part| text.strip_prefix(part.as_str()));
        rests.min_by_key(|rest| rest.len())
    }
}

/// The words as one string, for phrases that stand anywhere.
fn flat(words: &[Token], unspaced: bool) -> String {
    let words: Vec<&str> = words.iter().map(|token| token.word.as_str()).collect();
    words.join(if unspaced { "" } else { " " })
}

struct Language {
    unspaced: bool,
    clinical: Phrases,
    condition: Phrases,
    claim: Phrases,
    filler: Phrases,
    crisis: Phrases,
    call: Phrases,
    allow: Phrases,
}

impl Language {
    fn read(file: &str, unspaced: bool) -> Self {
        let list = |wanted: &str| {
            let mut list = Phrases::default();
            let mut section = "";
            for line in file.lines().filter(|line| !line.starts_with('#')) {
                if let Some(name) = line.strip_prefix('[') {
                    section = name.trim_end_matches(']');
                } else if section == wanted {
                    list.read(line, unspaced);
                }
            }
            list
        };
        Self {
            unspaced,
            clinical: list("clinical"),
            condition: list("condition"),
            claim: list("claim"),
            filler: list("filler"),
            crisis: list("crisis"),
            call: list("call"),
            allow: list("allow"),
        }
    }

    /// Looks in words, whatever the script.
    fn find_words(&self, words: &[View]) -> Option<Violation> {
        if self.crisis.is_in(words) {
            return Some(Violation::Crisis);
        }
        if self.clinical.is_in(words) {
            return Some(Violation::Clinical);
        }
        let claims = (0..words.len()).filter_map(|at| Some(at + self.claim.at(&words[at..])?));
        let mut claims = claims.filter(|&end| self.claims_condition(&words[end..]));
        claims.next().map(|_| Violation::Condition)
    }

    fn claims_condition(&self, mut words: &[View]) -> bool {
        for _ in 0..=MAX_FILLERS {
            if self.condition.at(words).is_some() {
                return true;
            }
            let Some(length) = self.filler.at(words) else { return false };
            words = &words[length..];
        }
        false
    }

    /// Looks anywhere in the text, for scripts without spaces or with words grown together.
    fn find_anywhere(&self, text: &str) -> Option<Violation> {
        let mut text = text.to_owned();
        for allowed in &self.allow.anywhere {
            text = text.replace(allowed.as_str(), ALLOWED);
        }
        let has = |list: &Phrases| list.anywhere.iter().any(|part| text.contains(part.as_str()));
        if has(&self.crisis) {
            return Some(Violation::Crisis);
        }
        if has(&self.clinical) {
            return Some(Violation::Clinical);
        }
        let claims = self.claim.anywhere.iter();
        let rests = claims.flat_map(|claim| {
            text.match_indices(claim.as_str()).map(|(at, _)| &text[at + claim.len()..])
        });
        let mut found = rests.filter(|rest| self.strips_to_condition(rest));
        found.next().map(|_| Violation::Condition)
    }

    fn strips_to_condition(&self, mut text: &str) -> bool {
        for _ in 0..=MAX_FILLERS {
            if self.condition.strip(text).is_some() {
                return true;
            }
            let Some(rest) = self.filler.strip(text) else { return false };
            text = rest;
        }
        false
    }
}

fn view(tokens: &[Token]) -> Vec<View> {
    let view = |token: &Token| View { exact: token.word.clone(), collapsed: collapsed(&token.word) };
    let mut words: Vec<View> = tokens.iter().map(view).collect();
    let mut at = 0;
    while at < words.len() {
        let allowed = LANGUAGES.iter().filter_map(|l| l.allow.at(&words[at..])).max();
        for word in words.iter_mut().skip(at).take(allowed.unwrap_or(0)) {
            *word = View { exact: ALLOWED.to_owned(), collapsed: ALLOWED.to_owned() };
        }
        at += allowed.unwrap_or(1);
    }
    words
}

/// The first thing that must not be said, if any. `words` are the tokens of `shown`.
pub(super) fn find(shown: &str, words: &[Token]) -> Option<Violation> {
    let readings = [
        Some(words.to_vec()),
        glue(words),
        join_letters(words),
        leet_tokens(shown, 'i'),
        leet_tokens(shown, 'l').filter(|_| shown.contains(['1', '!', '|'])),
    ];
    for reading in readings.into_iter().flatten() {
        let words = view(&reading);
        let found = LANGUAGES.iter().find_map(|language| language.find_words(&words));
        if found.is_some() {
            return found;
        }
    }
    if shown.is_ascii() {
        return None;
    }
    LANGUAGES
        .iter()
        .filter(|language| !language.clinical.anywhere.is_empty())
        .find_map(|language| language.find_anywhere(&flat(words, language.unspaced)))
}

/// Whether one of these words, or their text, asks to call or names a number.
pub(super) fn asks_to_call(words: &[Token]) -> bool {
    let views = view(words);
    LANGUAGES.iter().any(|language| {
        let text = flat(words, language.unspaced);
        language.call.is_in(&views)
            || language.call.anywhere.iter().any(|part| text.contains(part.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<Violation> {
        let shown = shown(text);
        find(&shown, &tokens(&shown))
    }

    #[test]
    fn every_language_has_every_list() {
        for (language, (file, _)) in LANGUAGES.iter().zip(FILES) {
            let size = |list: &Phrases| {
                list.anywhere.len() + list.by_letter.values().map(Vec::len).sum::<usize>()
            };
            let name = file.lines().find(|line| line.contains(';')).unwrap_or("");
            assert!(size(&language.clinical) >= 50, "{name}");
            assert!(size(&language.condition) >= 15, "{name}");
            assert!(size(&language.claim) >= 10, "{name}");
            assert!(size(&language.filler) >= 10, "{name}");
            assert!(size(&language.crisis) >= 15, "{name}");
            assert!(size(&language.call) >= 4, "{name}");
        }
    }

    #[test]
    fn stems_words_and_phrases() {
        assert_eq!(found("a diagnostic view"), Some(Violation::Clinical));
        assert_eq!(found("a sleep disorder"), Some(Violation::Clinical));
        assert_eq!(found("a disorderly drawer"), None);
        assert_eq!(found("a medicine ball"), None);
        assert_eq!(found("please see a doctor"), Some(Violation::Clinical));
        assert_eq!(found("the doctor saw a seal"), None);
    }

    #[test]
    fn a_claim_needs_a_condition_behind_it() {
        assert_eq!(found("you have a bit of social anxiety"), Some(Violation::Condition));
        assert_eq!(found("you have every right to rest"), None);
        assert_eq!(found("you have handled your anxiety with care"), None);
        assert_eq!(found("no need to panic"), None);
    }

    #[test]
    fn what_is_allowed_is_no_violation() {
        assert_eq!(found("the Great Depression"), None);
        assert_eq!(found("the great big depression"), Some(Violation::Clinical));
        assert_eq!(found("障害物競走おつかれさま"), None);
    }
}
