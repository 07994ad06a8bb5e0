//! The material: every word the built-in responder says, by theme, and the words it listens for.
//!
//! To add to it, put a line into the list it belongs to. A line holds slots in braces:
//! `{it}` (a thing: "your exam", "losing your job"), `{feel}` ("worried about your exam"), `{who}`
//! ("your sister"), `{old}` (something of an earlier message), `{word}` (one of the person's
//! words), `{said}` (a short statement said back), `{name}` (the person's own). With a capital (`{It}`) the slot starts a sentence. A thing
//! may be one or many, so put it after a preposition or before "can", "may", "will". A test reads
//! all lines and fails on two that share six words.

pub(super) mod acts;
pub(super) mod feelings;
pub(crate) mod general;
pub(super) mod journal;
pub(crate) mod lexicon;
pub(super) mod listen;
pub(super) mod themes_heart;
pub(super) mod themes_heavy;
pub(super) mod themes_life;
pub(super) mod themes_world;
pub(super) mod tongues;

use std::{collections::HashSet, sync::LazyLock};

use crate::basic::spans::WordMap;

/// How an answer should sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Grief, violence, despair: steady and careful, nothing else.
    Heavy,
    /// A bad day.
    Low,
    /// Neither, or both.
    Even,
    /// A good day.
    Bright,
}

/// A subject people talk about.
pub(super) struct Theme {
    pub(super) name: &'static str,
    /// The tone a message gets from it when nothing else sets one. Themes that lean `Heavy` speak
    /// before all others and alone.
    pub(super) lean: Tone,
    /// When a message touches several themes, the higher goes first.
    pub(super) weight: u8,
    /// What brings it up, and how it is named after "about".
    pub(super) words: &'static [(&'static str, &'static str)],
    /// Said on a bad day, on a good one, and on any.
    pub(super) low: &'static [&'static str],
    pub(super) bright: &'static [&'static str],
    pub(super) even: &'static [&'static str],
    /// Asked on a bad day, on a good one, and on any.
    pub(super) ask_low: &'static [&'static str],
    pub(super) ask_bright: &'static [&'static str],
    pub(super) ask: &'static [&'static str],
}

/// A feeling people name as their own.
pub(super) struct Feeling {
    pub(super) name: &'static str,
    pub(super) tone: Tone,
    /// Adjectives that fit after "I am".
    pub(super) words: &'static [&'static str],
    /// Said back, with `{feel}`.
    pub(super) says: &'static [&'static str],
    /// Asked, without it.
    pub(super) asks: &'static [&'static str],
}

/// All themes, heavy ones first.
pub(super) fn themes() -> impl Iterator<Item = &'static Theme> {
    [themes_heavy::THEMES, themes_heart::THEMES, themes_life::THEMES, themes_world::THEMES]
        .into_iter()
        .flatten()
}

type Entry<T> = (Vec<&'static str>, T);

/// Phrases by their first word, the longest first.
struct Index<T>(WordMap<&'static str, Vec<Entry<T>>>);

impl<T: Copy> Index<T> {
    fn new(phrases: impl Iterator<Item = (&'static str, T)>) -> Self {
        let mut map: WordMap<&'static str, Vec<Entry<T>>> = WordMap::default();
        for (phrase, what) in phrases {
            let words: Vec<&'static str> = phrase.split(' ').collect();
            map.entry(words[0]).or_default().push((words, what));
        }
        for entries in map.values_mut() {
            entries.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
        }
        Self(map)
    }

    fn at(&self, words: &[&str]) -> Option<(T, usize)> {
        let entries = self.0.get(words.first()?)?;
        entries
            .iter()
            .find(|(phrase, _)| words.starts_with(phrase))
            .map(|(phrase, what)| (*what, phrase.len()))
    }
}

static THEME_INDEX: LazyLock<Index<(&'static Theme, &'static str)>> = LazyLock::new(|| {
    Index::new(
        themes().flat_map(|t| t.words.iter().map(move |(word, mention)| (*word, (t, *mention)))),
    )
});

static FEELING_INDEX: LazyLock<Index<&'static Feeling>> = LazyLock::new(|| {
    Index::new(feelings::FEELINGS.iter().flat_map(|f| f.words.iter().map(move |word| (*word, f))))
});

/// The theme these words begin with, how it is named, and how many of the words name it.
pub(super) fn theme_at(words: &[&str]) -> Option<(&'static Theme, &'static str, usize)> {
    THEME_INDEX.at(words).map(|((theme, mention), len)| (theme, mention, len))
}

/// The feeling these words begin with, and how many of the words name it.
pub(super) fn feeling_at(words: &[&str]) -> Option<(&'static Feeling, usize)> {
    FEELING_INDEX.at(words)
}

/// True for a word of the everyday lists: small words, nouns, adjectives, names, kin, verbs, and the
/// words of every theme that is neither heavy nor among those `without`.
pub(super) fn is_own(word: &str, without: &[&str]) -> bool {
    static VERBS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        lexicon::VERBS.iter().chain(lexicon::AIMS).map(|(_, form)| *form).collect()
    });
    static BY_THEME: LazyLock<Vec<(&Theme, HashSet<&str>)>> = LazyLock::new(|| {
        let light = themes().filter(|theme| theme.lean != Tone::Heavy);
        light
            .map(|t| {
                (
                    t,
                    t.words
                        .iter()
                        .flat_map(|(word, mention)| word.split(' ').chain(mention.split(' ')))
                        .collect(),
                )
            })
            .collect()
    });
    lexicon::is_stop(word)
        || lexicon::is_noun(word)
        || lexicon::is_adjective(word)
        || lexicon::is_name(word)
        || lexicon::PROPER.contains(&word)
        || VERBS.contains(word)
        || lexicon::KIN.iter().any(|(kin, _)| *kin == word)
        || BY_THEME
            .iter()
            .any(|(theme, words)| !without.contains(&theme.name) && words.contains(word))
}

/// True for a single word some list of the material listens for.
pub(super) fn knows(word: &str) -> bool {
    theme_at(&[word]).is_some()
        || feeling_at(&[word]).is_some()
        || lexicon::KIN.iter().any(|(kin, _)| *kin == word)
}

/// True for a noun of the material: a theme's word that is named by itself, or a common noun.
pub(super) fn knows_noun(word: &str) -> bool {
    lexicon::is_noun(word)
        || theme_at(&[word])
            .is_some_and(|(_, mention, _)| mention.split(' ').next_back() == Some(word))
}

#[cfg(test)]
mod tests;
