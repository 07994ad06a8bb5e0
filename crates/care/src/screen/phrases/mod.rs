//! The phrase book: what the data files say, built once into one automaton.
//!
//! Two machines on top of each other. Aho-Corasick finds every word of every phrase in a view, in
//! one pass. A small automaton over words then follows the phrases from word to word. So ten ways
//! of saying "want" and forty of saying "die" cost fifty words and not four hundred phrases, and
//! filler words may stand between them.

mod build;
mod graph;
mod lexicon;
mod syntax;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use graph::Paths;
pub(super) use lexicon::{Lexicon, Sign};

use super::{Language, PhraseId, Tier};

/// A word of the book.
pub(super) type WordId = u32;
/// A place within a phrase.
pub(super) type Node = u32;

/// The one book, built when it is first used.
pub(super) static BOOK: LazyLock<Book> = LazyLock::new(|| {
    build::book(&SOURCES).expect("the phrase files are part of the program and tested")
});

/// The phrase files, one per language.
static SOURCES: [(Language, &str); 15] = [
    (Language::En, include_str!("../../../data/phrases/en.txt")),
    (Language::Es, include_str!("../../../data/phrases/es.txt")),
    (Language::Pt, include_str!("../../../data/phrases/pt.txt")),
    (Language::Fr, include_str!("../../../data/phrases/fr.txt")),
    (Language::De, include_str!("../../../data/phrases/de.txt")),
    (Language::It, include_str!("../../../data/phrases/it.txt")),
    (Language::Nl, include_str!("../../../data/phrases/nl.txt")),
    (Language::Pl, include_str!("../../../data/phrases/pl.txt")),
    (Language::Tr, include_str!("../../../data/phrases/tr.txt")),
    (Language::Ru, include_str!("../../../data/phrases/ru.txt")),
    (Language::Hi, include_str!("../../../data/phrases/hi.txt")),
    (Language::Ar, include_str!("../../../data/phrases/ar.txt")),
    (Language::Zh, include_str!("../../../data/phrases/zh.txt")),
    (Language::Ja, include_str!("../../../data/phrases/ja.txt")),
    (Language::Ko, include_str!("../../../data/phrases/ko.txt")),
];

/// What a phrase means when it is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meaning {
    /// It counts in this tier.
    Counts(Tier),
    /// It is one of the brief's four, and counts in this tier.
    Brief(Tier),
    /// What it covers is not meant.
    Harmless,
    /// What it covers is denied, or said of somebody else.
    Denied,
}

impl Meaning {
    /// Whether it is a finding, and not what lowers one.
    pub(super) fn counts(self) -> bool {
        matches!(self, Self::Counts(_) | Self::Brief(_))
    }
}

/// A phrase as it is reported.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phrase {
    pub(super) id: PhraseId,
    pub(super) meaning: Meaning,
}

/// How a word may be met.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Edges {
    open_start: bool,
    open_end: bool,
}

/// Lists in one allocation: list `i` is `items[starts[i]..starts[i + 1]]`.
struct Lists<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl Lists<(WordId, Node)> {
    /// The steps of each node, from all steps in order.
    fn of_steps(count: usize, entries: &[(Node, WordId, Node)]) -> Self {
        let mut lists = Self { starts: vec![0; count + 1], items: Vec::new() };
        for &(from, word, to) in entries {
            lists.starts[from as usize + 1] += 1;
            lists.items.push((word, to));
        }
        for at in 1..lists.starts.len() {
            lists.starts[at] += lists.starts[at - 1];
        }
        lists
    }
}

impl<T> Lists<T> {
    fn of(&self, index: u32) -> &[T] {
        let at = index as usize;
        &self.items[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    fn bytes(&self) -> usize {
        self.starts.capacity() * size_of::<u32>() + self.items.capacity() * size_of::<T>()
    }
}

/// Every phrase of every language.
pub(super) struct Book {
    search: AhoCorasick,
    /// The words that each spelling may be.
    spellings: Lists<WordId>,
    edges: Vec<Edges>,
    /// For each word, a bit per language that passes it over.
    fillers: Vec<u16>,
    /// For each word, a bit per language that has it in a filler of several words.
    filler_parts: Vec<u16>,
    paths: Paths,
    phrases: Vec<Phrase>,
    lexicon: Lexicon,
    versions: Vec<(Language, u32)>,
}

impl Book {
    /// Every spelling found in the text, as (word, start, end), ordered by end.
    pub(super) fn words<'a>(
        &'a self,
        text: &'a str,
    ) -> impl Iterator<Item = (WordId, usize, usize)> + 'a {
        self.search.find_overlapping_iter(text).flat_map(move |found| {
            let words = self.spellings.of(found.pattern().as_u32());
            words.iter().map(move |&word| (word, found.start(), found.end()))
        })
    }

    pub(super) fn open_start(&self, word: WordId) -> bool {
        self.edges[word as usize].open_start
    }

    pub(super) fn open_end(&self, word: WordId) -> bool {
        self.edges[word as usize].open_end
    }

    /// The languages that pass this word over; among masked words, where `kind of` is not to be
    /// recognised as a whole, also those that pass it over in company.
    pub(super) fn filler(&self, word: WordId, among_masked: bool) -> u16 {
        let parts = if among_masked { self.filler_parts[word as usize] } else { 0 };
        self.fillers[word as usize] | parts
    }

    pub(super) fn paths(&self) -> &Paths {
        &self.paths
    }

    pub(super) fn phrase(&self, index: u16) -> Phrase {
        self.phrases[usize::from(index)]
    }

    pub(super) fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    pub(super) fn versions(&self) -> &[(Language, u32)] {
        &self.versions
    }

    /// What the book keeps in memory.
    pub(super) fn bytes(&self) -> usize {
        self.search.memory_usage()
            + self.spellings.bytes()
            + self.paths.bytes()
            + self.lexicon.bytes()
            + self.edges.capacity() * size_of::<Edges>()
            + (self.fillers.capacity() + self.filler_parts.capacity()) * size_of::<u16>()
            + self.phrases.capacity() * size_of::<Phrase>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_and_names_each_phrase_once() {
        let book = build::book(&SOURCES).unwrap_or_else(|e| panic!("{e}"));
        let mut names: Vec<String> = book.phrases.iter().map(|p| p.id.to_string()).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.iter().all(|name| !name.ends_with(':')));
    }

    #[test]
    fn every_language_has_a_version_and_every_tier() {
        for (language, source) in &SOURCES {
            let file = syntax::parse(source).unwrap_or_else(|e| panic!("{language}: {e}"));
            assert!(file.version > 0);
            for tier in [Tier::BareWord, Tier::Passive, Tier::Method, Tier::Explicit] {
                assert!(
                    file.statements
                        .iter()
                        .any(|s| matches!(s.role, syntax::Role::Phrase(t, _) if t == tier)),
                    "{language} has no {tier} phrase"
                );
            }
        }
    }

    #[test]
    fn the_book_is_small() {
        assert!(BOOK.bytes() < 3 * 1024 * 1024, "{} bytes", BOOK.bytes());
    }
}
