//! The phrase book: what the data files say, in two machines on top of each other.
//!
//! Aho-Corasick finds every word of every phrase in a view, in one pass. A deterministic automaton
//! over words then follows the phrases from word to word. So ten ways of saying "want" and forty of
//! saying "die" cost fifty words and not four hundred phrases, and filler words may stand between
//! them. The second one is compiled when the crate is built (`compile`) and lies in the program;
//! the first is built from its words when it is first used.

#[cfg(test)]
mod compile;
mod lexicon;
mod meaning;
mod tables;

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

pub(super) use lexicon::{Lexicon, Sign};
pub(super) use meaning::Meaning;
pub use meaning::Tier;
use tables::{Lists, Longs, Sections, Shorts, text};

use super::views::View;
use super::{Language, PhraseId};

/// A word of the book.
pub(super) type WordId = u16;
/// A place within phrases: what may have been read so far.
pub(super) type Place = u16;

/// The one book, built when it is first used.
pub(super) static BOOK: LazyLock<Book> = LazyLock::new(Book::new);

/// What `build.rs` compiled from `data/phrases`.
static COMPILED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/phrases.bin"));

/// Where no word leads.
const NOWHERE: Place = Place::MAX;
/// In a word's edges: it may begin inside a longer one, and end inside one.
const OPEN_START: u8 = 1;
const OPEN_END: u8 = 2;

/// A phrase as it is reported.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phrase {
    pub(super) id: PhraseId,
    pub(super) meaning: Meaning,
}

/// Every phrase of every language.
pub(super) struct Book {
    search: AhoCorasick,
    meanings: Vec<Meaning>,
    versions: Longs,
    /// Language, meaning and name of each phrase.
    phrases: Lists,
    /// The words that each spelling may be, and which of its letters must be doubled in the text.
    spellings: Lists,
    edges: &'static [u8],
    /// For each word, a bit per language that passes it over.
    fillers: Shorts,
    /// For each word, a bit per language that has it in a filler of several words.
    filler_parts: Shorts,
    /// For each word, the place after it when a phrase begins with it.
    openings: Shorts,
    /// For each place, its words and where they lead.
    steps: Lists,
    /// For each place, the phrases that are complete there.
    complete: Lists,
    /// For each place, the languages of the phrases that count there.
    languages: Shorts,
    /// For each place, the one where only the phrases that count are left.
    counting: Shorts,
    lexicon: Lexicon,
}

impl Book {
    fn new() -> Self {
        let mut sections = Sections(COMPILED);
        let versions = sections.longs();
        let phrases = sections.lists();
        let search = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .dense_depth(1)
            .build(sections.lists().iter())
            .expect("some thousand short words fit an automaton");
        Self {
            search,
            meanings: Meaning::all(),
            versions,
            phrases,
            spellings: sections.lists(),
            edges: sections.bytes(),
            fillers: sections.shorts(),
            filler_parts: sections.shorts(),
            openings: sections.shorts(),
            steps: sections.lists(),
            complete: sections.lists(),
            languages: sections.shorts(),
            counting: sections.shorts(),
            lexicon: Lexicon { whole: sections.lists(), open: sections.lists() },
        }
    }

    /// Every word in the view, as (word, start, end), ordered by end.
    pub(super) fn words<'a>(
        &'a self,
        view: &'a View,
    ) -> impl Iterator<Item = (WordId, usize, usize)> + 'a {
        self.search.find_overlapping_iter(&view.text).flat_map(move |found| {
            let mut rest = self.spellings.get(found.pattern().as_usize());
            std::iter::from_fn(move || {
                while let [low, high, count, more @ ..] = rest {
                    let (twice, after) = more.split_at(usize::from(*count));
                    rest = after;
                    let doubled = |&at: &u8| view.run(found.start() + usize::from(at)).is_some();
                    if twice.iter().all(doubled) {
                        let word = u16::from_le_bytes([*low, *high]);
                        return Some((word, found.start(), found.end()));
                    }
                }
                None
            })
        })
    }

    pub(super) fn open_start(&self, word: WordId) -> bool {
        self.edges[usize::from(word)] & OPEN_START != 0
    }

    pub(super) fn open_end(&self, word: WordId) -> bool {
        self.edges[usize::from(word)] & OPEN_END != 0
    }

    /// The languages that pass this word over; among masked words, where `kind of` is not to be
    /// recognised as a whole, also those that pass it over in company.
    pub(super) fn filler(&self, word: WordId, among_masked: bool) -> u16 {
        let word = usize::from(word);
        let parts = if among_masked { self.filler_parts.get(word) } else { 0 };
        self.fillers.get(word) | parts
    }

    /// The place after a phrase's first word.
    pub(super) fn opening(&self, word: WordId) -> Option<Place> {
        Some(self.openings.get(usize::from(word))).filter(|&place| place != NOWHERE)
    }

    /// The place after one more word.
    pub(super) fn step(&self, from: Place, word: WordId) -> Option<Place> {
        let steps = self.steps.shorts(usize::from(from));
        let (mut low, mut high) = (0, steps.len() / 2);
        while low < high {
            let middle = low.midpoint(high);
            if steps.get(2 * middle) < word {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (2 * low < steps.len() && steps.get(2 * low) == word).then(|| steps.get(2 * low + 1))
    }

    /// Whether more words may follow.
    pub(super) fn goes_on(&self, place: Place) -> bool {
        !self.steps.get(usize::from(place)).is_empty()
    }

    /// The phrases that are complete here.
    pub(super) fn complete(&self, place: Place) -> impl Iterator<Item = u16> + use<> {
        self.complete.shorts(usize::from(place)).iter()
    }

    /// The same place without the phrases that are followed to the letter.
    pub(super) fn counting(&self, place: Place) -> Option<Place> {
        Some(self.counting.get(usize::from(place))).filter(|&place| place != NOWHERE)
    }

    /// The languages of the phrases that count here, a bit each.
    pub(super) fn languages(&self, place: Place) -> u16 {
        self.languages.get(usize::from(place))
    }

    pub(super) fn meaning(&self, phrase: u16) -> Meaning {
        self.meanings[usize::from(self.phrases.get(usize::from(phrase))[1])]
    }

    pub(super) fn phrase(&self, phrase: u16) -> Phrase {
        let entry = self.phrases.get(usize::from(phrase));
        let language = Language::ALL[usize::from(entry[0])];
        let id = PhraseId { language, name: text(&entry[2..]) };
        Phrase { id, meaning: self.meaning(phrase) }
    }

    pub(super) fn lexicon(&self) -> Lexicon {
        self.lexicon
    }

    /// The sum of the versions of the files.
    pub(super) fn version(&self) -> u32 {
        (0..self.versions.len()).map(|at| self.versions.get(at)).sum()
    }

    /// What the book keeps in memory, and what of it lies in the program.
    pub(super) fn bytes(&self) -> (usize, usize) {
        (self.search.memory_usage(), COMPILED.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_phrases() -> Vec<Phrase> {
        (0..BOOK.phrases.len()).map(|at| BOOK.phrase(u16::try_from(at).unwrap())).collect()
    }

    #[test]
    fn every_phrase_has_a_name_of_its_own() {
        let mut names: Vec<String> = all_phrases().iter().map(|p| p.id.to_string()).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.iter().all(|name| !name.ends_with(':')));
    }

    #[test]
    fn every_language_has_phrases_of_every_tier() {
        let codes: Vec<&str> = Language::ALL.iter().map(|language| language.code()).collect();
        assert_eq!(codes, compile::LANGUAGES);
        let phrases = all_phrases();
        for language in Language::ALL {
            for tier in Tier::ALL {
                let found = phrases.iter().any(|phrase| {
                    phrase.id.language == language
                        && matches!(phrase.meaning, Meaning::Counts { tier: t, .. } if t == tier)
                });
                assert!(found, "{language} has no {tier} phrase");
            }
        }
    }

    #[test]
    fn the_brief_has_four_phrases() {
        let brief = all_phrases()
            .into_iter()
            .filter(|phrase| matches!(phrase.meaning, Meaning::Counts { brief: true, .. }));
        let names: Vec<&str> = brief.map(|phrase| phrase.id.name).collect();
        assert_eq!(names, ["suicide", "suicide-split", "kill-myself", "self-harm", "want-to-die"]);
    }

    #[test]
    fn the_book_is_small() {
        assert!(BOOK.bytes().0 < 3 << 20, "{:?} bytes", BOOK.bytes());
    }
}
