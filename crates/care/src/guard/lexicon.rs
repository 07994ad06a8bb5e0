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

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::read);

/// Words of a claim that may stand between "you have" and the condition.
const MAX_FILLERS: usize = 6;
/// Stands where an allowed phrase was.
const ALLOWED: &str = "\u{0}";

/// Phrases of words, each with what it means, by the first letter of the first word.
struct Phrases<T> {
    by_letter: HashMap<char, Vec<Phrase<T>>>,
}

/// The words of a phrase, and what it means.
type Phrase<T> = (Box<[Part]>, T);

/// A word of a phrase.
struct Part {
    text: Box<str>,
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
        let text = if is_exact { folded } else { collapsed(&folded) };
        Self { text: text.into_boxed_str(), is_stem, is_exact }
    }

    fn matches(&self, word: &View) -> bool {
        let text = if self.is_exact { &word.exact } else { &word.collapsed };
        if self.is_stem { text.starts_with(&*self.text) } else { **text == *self.text }
    }
}

/// A word of the text under judgement.
#[derive(Clone)]
struct View {
    exact: String,
    collapsed: String,
}

impl<T> Default for Phrases<T> {
    fn default() -> Self {
        Self { by_letter: HashMap::new() }
    }
}

impl<T: Copy> Phrases<T> {
    fn add(&mut self, entry: &str, meaning: T) {
        let parts: Box<[Part]> = entry.split_whitespace().map(Part::read).collect();
        if let Some(letter) = parts.first().and_then(|part| part.text.chars().next()) {
            self.by_letter.entry(letter).or_default().push((parts, meaning));
        }
    }

    /// The phrases that stand at the beginning of these words: how many words, and the meaning.
    fn at(&self, words: &[View]) -> impl Iterator<Item = (usize, T)> {
        let letter = words.first().and_then(|word| word.exact.chars().next());
        let phrases = letter.and_then(|letter| self.by_letter.get(&letter)).into_iter().flatten();
        let fits = move |parts: &[Part]| {
            parts.len() <= words.len() && parts.iter().zip(words).all(|(p, word)| p.matches(word))
        };
        phrases
            .filter(move |(parts, _)| fits(parts))
            .map(|(parts, meaning)| (parts.len(), *meaning))
    }

    /// How many words the longest phrase at their beginning covers.
    fn longest_at(&self, words: &[View]) -> Option<usize> {
        self.at(words).map(|(length, _)| length).max()
    }
}

/// The words as one string, for parts that stand anywhere.
fn flat(words: &[Token], unspaced: bool) -> String {
    let words: Vec<&str> = words.iter().map(|token| token.word.as_str()).collect();
    words.join(if unspaced { "" } else { " " })
}

/// What belongs to one language: the words of a claim are not mixed between languages.
#[derive(Default)]
struct Language {
    condition: Phrases<()>,
    filler: Phrases<()>,
    anywhere: Anywhere,
}

/// Parts that stand anywhere in the text, also within words.
#[derive(Default)]
struct Anywhere {
    unspaced: bool,
    refused: Vec<(String, Violation)>,
    claim: Vec<String>,
    filler: Vec<String>,
    condition: Vec<String>,
    call: Vec<String>,
    allow: Vec<String>,
}

#[derive(Default)]
struct Lexicon {
    /// What is refused wherever it stands.
    refused: Phrases<Violation>,
    /// "You have" and its like, each with its language.
    claim: Phrases<usize>,
    call: Phrases<()>,
    allow: Phrases<()>,
    languages: Vec<Language>,
}

impl Lexicon {
    fn read() -> Self {
        let mut lexicon = Self::default();
        for (number, (file, unspaced)) in FILES.into_iter().enumerate() {
            let anywhere = Anywhere { unspaced, ..Anywhere::default() };
            lexicon.languages.push(Language { anywhere, ..Language::default() });
            let mut section = "";
            for line in file.lines().filter(|line| !line.starts_with('#')) {
                if let Some(name) = line.strip_prefix('[') {
                    section = name.trim_end_matches(']');
                    continue;
                }
                for entry in line.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
                    lexicon.add(number, section, entry);
                }
            }
        }
        lexicon
    }

    fn add(&mut self, number: usize, section: &str, entry: &str) {
        let language = &mut self.languages[number];
        if let Some(part) = entry.strip_prefix('~') {
            return language.anywhere.add(section, part);
        }
        match section {
            "clinical" => self.refused.add(entry, Violation::Clinical),
            "crisis" => self.refused.add(entry, Violation::Crisis),
            "claim" => self.claim.add(entry, number),
            "condition" => language.condition.add(entry, ()),
            "filler" => language.filler.add(entry, ()),
            "call" => self.call.add(entry, ()),
            "allow" => self.allow.add(entry, ()),
            other => unreachable!("data/guard has no section {other}"),
        }
    }

    fn find(&self, words: &[View]) -> Option<Violation> {
        (0..words.len()).find_map(|at| {
            let words = &words[at..];
            let refused = self.refused.at(words).map(|(_, violation)| violation).next();
            refused.or_else(|| {
                let claims_condition = |(length, language): (usize, usize)| {
                    self.languages[language].condition_follows(&words[length..])
                };
                self.claim.at(words).any(claims_condition).then_some(Violation::Condition)
            })
        })
    }
}

impl Language {
    fn condition_follows(&self, mut words: &[View]) -> bool {
        for _ in 0..=MAX_FILLERS {
            if self.condition.at(words).next().is_some() {
                return true;
            }
            let Some(length) = self.filler.longest_at(words) else { return false };
            words = &words[length..];
        }
        false
    }
}

impl Anywhere {
    fn add(&mut self, section: &str, part: &str) {
        let part = flat(&tokens(&shown(part)), self.unspaced);
        match section {
            "clinical" => self.refused.push((part, Violation::Clinical)),
            "crisis" => self.refused.push((part, Violation::Crisis)),
            "claim" => self.claim.push(part),
            "condition" => self.condition.push(part),
            "filler" => self.filler.push(part),
            "call" => self.call.push(part),
            "allow" => self.allow.push(part),
            other => unreachable!("data/guard has no section {other}"),
        }
    }

    fn find(&self, words: &[Token]) -> Option<Violation> {
        if self.refused.is_empty() {
            return None;
        }
        let mut text = flat(words, self.unspaced);
        for allowed in &self.allow {
            text = text.replace(allowed.as_str(), ALLOWED);
        }
        let refused = self.refused.iter().find(|(part, _)| text.contains(part.as_str()));
        refused.map(|(_, violation)| *violation).or_else(|| {
            let after = |claim: &String| {
                let ends = text.match_indices(claim.as_str()).map(|(at, _)| at + claim.len());
                ends.collect::<Vec<_>>()
            };
            let mut ends = self.claim.iter().flat_map(after);
            ends.any(|end| self.condition_follows(&text[end..])).then_some(Violation::Condition)
        })
    }

    fn condition_follows(&self, mut text: &str) -> bool {
        for _ in 0..=MAX_FILLERS {
            if self.condition.iter().any(|part| text.starts_with(part.as_str())) {
                return true;
            }
            let rests = self.filler.iter().filter_map(|part| text.strip_prefix(part.as_str()));
            let Some(rest) = rests.min_by_key(|rest| rest.len()) else { return false };
            text = rest;
        }
        false
    }
}

/// The words as they are compared, allowed phrases blotted out.
fn view(tokens: &[Token]) -> Vec<View> {
    let view =
        |token: &Token| View { exact: token.word.clone(), collapsed: collapsed(&token.word) };
    let mut words: Vec<View> = tokens.iter().map(view).collect();
    let mut at = 0;
    while at < words.len() {
        let allowed = LEXICON.allow.longest_at(&words[at..]);
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
    let mut readings = readings.into_iter().flatten();
    let found = readings.find_map(|reading| LEXICON.find(&view(&reading)));
    if found.is_some() || shown.is_ascii() {
        return found;
    }
    LEXICON.languages.iter().find_map(|language| language.anywhere.find(words))
}

/// Whether one of these words, or their text, asks to call or names a number.
pub(super) fn asks_to_call(words: &[Token]) -> bool {
    let views = view(words);
    let in_words = (0..views.len()).any(|at| LEXICON.call.longest_at(&views[at..]).is_some());
    in_words
        || LEXICON.languages.iter().any(|language| {
            let text = flat(words, language.anywhere.unspaced);
            language.anywhere.call.iter().any(|part| text.contains(part.as_str()))
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
        let sections = [
            ("clinical", 50),
            ("condition", 15),
            ("claim", 10),
            ("filler", 10),
            ("crisis", 15),
            ("call", 4),
        ];
        for (file, _) in FILES {
            for (section, least) in sections {
                let list = file.split(&format!("[{section}]\n")).nth(1).unwrap_or_default();
                let list = list.split("\n[").next().unwrap_or_default();
                let entries = list.split([';', '\n']).filter(|entry| !entry.trim().is_empty());
                assert!(entries.count() >= least, "{section} of {:.60}", file.replace('\n', " "));
            }
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
