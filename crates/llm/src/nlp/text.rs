//! Reading: a message as words with their stems, in parts that each say one thing. What the words
//! mean is no business of this room.

use std::collections::HashMap;

use rust_stemmers::Stemmer;
use unicode_segmentation::UnicodeSegmentation;

use super::pack::Pack;
use crate::basic::text::{Clause, Word, beginning, fold, read};

/// Longer tokens are no words.
const LONGEST_WORD: usize = 28;

/// A stretch of a message that says one thing: "but I can't sleep".
#[derive(Clone, Default)]
pub(super) struct Part {
    pub(super) words: Vec<Word>,
    /// The stem of each word, by the Snowball rules of the language.
    pub(super) stems: Vec<String>,
    /// It ends in a question mark.
    pub(super) asks: bool,
    /// It stands against the part before it: "but", "pero", "aber".
    pub(super) turns: bool,
}

impl Part {
    /// The folded word at a place; empty where there is none.
    pub(super) fn low(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| word.plain.as_str())
    }

    pub(super) fn lows(&self) -> Vec<&str> {
        self.words.iter().map(|word| word.plain.as_str()).collect()
    }
}

/// A whole message.
#[derive(Clone, Default)]
pub(super) struct Text {
    pub(super) parts: Vec<Part>,
    /// All folded words with single spaces between and one at each end.
    pub(super) line: String,
    /// How many words there are.
    pub(super) count: usize,
    /// The signs that are no words and no punctuation: emoji.
    pub(super) signs: Vec<String>,
    /// How many exclamation marks there are.
    pub(super) loud: u8,
}

impl Text {
    fn of(parts: Vec<Part>, signs: Vec<String>, loud: u8) -> Self {
        let words: Vec<&str> = parts.iter().flat_map(Part::lows).collect();
        let (count, line) = (words.len(), format!(" {} ", words.join(" ")));
        Self { parts, line, count, signs, loud }
    }

    /// The message without its first words.
    pub(super) fn without(&self, drop: usize) -> Self {
        let mut parts = self.parts.clone();
        if let Some(first) = parts.first_mut() {
            first.words.drain(..drop);
            first.stems.drain(..drop);
        }
        parts.retain(|part| !part.words.is_empty());
        Self::of(parts, self.signs.clone(), self.loud)
    }

    /// True when the message holds one of the phrases, as whole words.
    pub(super) fn says<'a>(&self, phrases: impl IntoIterator<Item = &'a str>) -> bool {
        phrases.into_iter().any(|phrase| holds(&self.line, phrase))
    }

    /// True when it names a stretch of time: "for two weeks", "since March".
    pub(super) fn names_stretch(&self, pack: &Pack) -> bool {
        let words: Vec<&str> = self.words().map(|(word, _)| word.plain.as_str()).collect();
        words.windows(2).any(|pair| {
            let number = pack.is_in("numbers", pair[0]) || pair[0].parse::<u16>().is_ok();
            number && pack.is_in("units", pair[1]) || pair[0] == "since"
        })
    }

    /// All words with their stems.
    pub(super) fn words(&self) -> impl Iterator<Item = (&Word, &String)> {
        self.parts.iter().flat_map(|part| part.words.iter().zip(&part.stems))
    }

    /// True when the last part ends in a question mark.
    pub(super) fn asks(&self) -> bool {
        self.parts.last().is_some_and(|part| part.asks)
    }
}

/// True when a padded line holds the phrase as whole words.
pub(super) fn holds(line: &str, phrase: &str) -> bool {
    // By hand: a general search would prepare itself anew for each of thousands of phrases.
    let (line, phrase) = (line.as_bytes(), phrase.as_bytes());
    let Some(first) = phrase.first() else { return false };
    (1..line.len()).any(|at| {
        let begins = line[at] == *first && line[at - 1] == b' ';
        begins && line[at..].strip_prefix(phrase).is_some_and(|rest| rest.first() == Some(&b' '))
    })
}

/// Reads messages of one language; keeps the stems it has made for the length of one answer.
pub(super) struct Reader<'p> {
    pack: &'p Pack,
    stemmer: Stemmer,
    stems: HashMap<String, String>,
}

impl<'p> Reader<'p> {
    pub(super) fn new(pack: &'p Pack) -> Self {
        Self { pack, stemmer: Stemmer::create(pack.algorithm), stems: HashMap::new() }
    }

    fn stem(&mut self, low: &str) -> String {
        if let Some(stem) = self.stems.get(low) {
            return stem.clone();
        }
        let stem = stem(&self.stemmer, low);
        self.stems.insert(low.to_owned(), stem.clone());
        stem
    }

    /// Reads a message.
    pub(super) fn read(&mut self, text: &str) -> Text {
        let text = beginning(text);
        let mut parts = Vec::new();
        for clause in clauses(self.pack.code, text) {
            self.split(&clause, &mut parts);
        }
        let sign = |c: &char| u32::from(*c) >= 0x2190 && !c.is_alphanumeric() && *c != '\u{fe0f}';
        let signs = text.chars().filter(sign).take(8).map(String::from).collect();
        let loud = text.matches('!').count();
        Text::of(parts, signs, u8::try_from(loud).unwrap_or(u8::MAX))
    }

    /// Cuts a clause where a new statement begins: "I slept well but I am still tired".
    fn split(&mut self, clause: &Clause, parts: &mut Vec<Part>) {
        let pack = self.pack;
        let begins = |at: usize| {
            let words = &clause.words;
            let Some(next) = words.get(at + 1) else { return false };
            let joins = at > 1 && pack.is_in("join", &words[at].plain);
            pack.is_in("but", &words[at].plain)
                || joins && (pack.is_in("subject", &next.plain) || next.named)
        };
        let cuts: Vec<usize> = (1..clause.words.len()).filter(|at| begins(*at)).collect();
        let mut words = clause.words.clone().into_iter();
        let mut from = 0;
        for cut in cuts.into_iter().chain([clause.words.len()]) {
            let words: Vec<Word> = words.by_ref().take(cut - from).collect();
            from = cut;
            let stems = words.iter().map(|word| self.stem(&word.plain)).collect();
            let turns = words.len() > 1 && pack.is_in("but", &words[0].plain);
            let asks = clause.asks && cut == clause.words.len();
            parts.push(Part { words, stems, asks, turns });
        }
    }
}

/// The stem of a folded word.
pub(super) fn stem(stemmer: &Stemmer, low: &str) -> String {
    if low.chars().count() > LONGEST_WORD { low.to_owned() } else { stemmer.stem(low).into_owned() }
}

/// The folded words of a phrase of the material, as a message with them would be read.
pub(super) fn words_of(code: &str, phrase: &str) -> Vec<String> {
    clauses(code, phrase).into_iter().flat_map(|c| c.words).map(|word| word.plain).collect()
}

fn clauses(code: &str, text: &str) -> Vec<Clause> {
    if code == "en" { read(text).clauses } else { abroad(text) }
}

/// A message in another language than English, by the word borders of Unicode. An elision is a
/// border, too: "l'esame" is two words.
fn abroad(text: &str) -> Vec<Clause> {
    let mut clauses = Vec::new();
    let mut clause = Clause::default();
    let mut fresh = true;
    for piece in text.split_word_bounds() {
        if piece.chars().any(char::is_alphanumeric) {
            for token in piece.split(['\'', '\u{2019}']).filter(|token| !token.is_empty()) {
                let capital = token.starts_with(char::is_uppercase);
                let (named, leading) = (capital && !fresh, capital && fresh);
                let shown = if named { token.to_owned() } else { fold(token) };
                clause.words.push(Word { plain: fold(token), shown, named, leading });
                fresh = false;
            }
            continue;
        }
        let ends = piece.contains(['.', '!', '?', '\n', '\u{2026}', '\u{bf}', '\u{a1}']);
        if ends || piece.contains([',', ';', ':', '(', ')', '"', '\u{ab}', '\u{bb}', '\u{2014}']) {
            clause.asks = piece.contains('?');
            fresh |= ends;
            if !clause.words.is_empty() {
                clauses.push(std::mem::take(&mut clause));
            } else if let Some(last) = clauses.last_mut() {
                let last: &mut Clause = last;
                last.asks |= clause.asks;
            }
        }
    }
    clauses.extend(Some(clause).filter(|clause| !clause.words.is_empty()));
    clauses
}
