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
pub(super) mod general;
pub(super) mod journal;
pub(super) mod lexicon;
pub(super) mod themes_heart;
pub(super) mod themes_heavy;
pub(super) mod themes_life;
pub(super) mod themes_world;
pub(super) mod tongues;

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

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
    [themes_heavy::THEMES, themes_heart::THEMES, themes_life::THEMES, themes_world::THEMES].into_iter().flatten()
}

type Entry<T> = (Vec<&'static str>, T);

/// Phrases by their first word, the longest first.
struct Index<T>(HashMap<&'static str, Vec<Entry<T>>>);

impl<T: Copy> Index<T> {
    fn new(phrases: impl Iterator<Item = (&'static str, T)>) -> Self {
        let mut map: HashMap<&'static str, Vec<Entry<T>>> = HashMap::new();
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
        entries.iter().find(|(phrase, _)| words.starts_with(phrase)).map(|(phrase, what)| (*what, phrase.len()))
    }
}

static THEME_INDEX: LazyLock<Index<(&'static Theme, &'static str)>> =
    LazyLock::new(|| Index::new(themes().flat_map(|t| t.words.iter().map(move |(word, mention)| (*word, (t, *mention))))));

static FEELING_INDEX: LazyLock<Index<&'static Feeling>> =
    LazyLock::new(|| Index::new(feelings::FEELINGS.iter().flat_map(|f| f.words.iter().map(move |word| (*word, f)))));

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
    static VERBS: LazyLock<HashSet<&str>> =
        LazyLock::new(|| lexicon::VERBS.iter().chain(lexicon::AIMS).map(|(_, form)| *form).collect());
    static BY_THEME: LazyLock<Vec<(&Theme, HashSet<&str>)>> = LazyLock::new(|| {
        let light = themes().filter(|theme| theme.lean != Tone::Heavy);
        light.map(|t| (t, t.words.iter().flat_map(|(word, mention)| word.split(' ').chain(mention.split(' '))).collect())).collect()
    });
    lexicon::is_stop(word)
        || lexicon::is_noun(word)
        || lexicon::is_adjective(word)
        || lexicon::is_name(word)
        || lexicon::PROPER.contains(&word)
        || VERBS.contains(word)
        || lexicon::KIN.iter().any(|(kin, _)| *kin == word)
        || BY_THEME.iter().any(|(theme, words)| !without.contains(&theme.name) && words.contains(word))
}

/// True for a single word some list of the material listens for.
pub(super) fn knows(word: &str) -> bool {
    theme_at(&[word]).is_some() || feeling_at(&[word]).is_some() || lexicon::KIN.iter().any(|(kin, _)| *kin == word)
}

/// True for a noun of the material: a theme's word that is named by itself, or a common noun.
pub(super) fn knows_noun(word: &str) -> bool {
    lexicon::is_noun(word) || theme_at(&[word]).is_some_and(|(_, mention, _)| mention.split(' ').next_back() == Some(word))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{super::text::fold, *};

    /// Every line of the chat, in English and otherwise.
    fn chat() -> Vec<&'static str> {
        use super::{acts::*, general::*, tongues::TONGUES};
        let mut all: Vec<&'static str> = Vec::new();
        for theme in themes() {
            for list in [theme.low, theme.bright, theme.even, theme.ask_low, theme.ask_bright, theme.ask] {
                all.extend(list);
            }
        }
        for feeling in feelings::FEELINGS {
            all.extend(feeling.says.iter().chain(feeling.asks));
        }
        all.extend(ABOUT_ME.iter().flat_map(|about| about.says).chain(WISHES.iter().flat_map(|wish| wish.says)));
        for list in [
            GREET, GREET_AGAIN, GREET_MORNING, GREET_EVENING, INTRODUCED, ANSWER_HOW_ARE_YOU, ANSWER_THANKS, ANSWER_BYE, ANSWER_NIGHT, ANSWER_HOSTILE, ANSWER_CORRECTION, ANSWER_STOP_ASKING, YES_OLD, YES_PLAIN, NO_OLD, NO_PLAIN, OKAY_OLD, OKAY_PLAIN, OKAY_IDLE, YES_IDLE, NO_IDLE, ANSWER_REFUSING, ANSWER_SIGH,
            DONT_KNOW_OLD, DONT_KNOW_PLAIN, ANSWER_MAYBE_OLD, ANSWER_MAYBE, ANSWER_NOTHING, ANSWER_WHY_OLD, ANSWER_WHY, ANSWER_LAUGH, ANSWER_SORRY, ANSWER_PRAISE, ANSWER_BORED, ANSWER_NUMBER, ANSWER_SILENCE, ANSWER_UNREADABLE, FACT_POINTER, FACT_POINTER_PLAIN, FACT_IT, FACT_PLAIN, ADVICE_IT, ADVICE_PLAIN,
            WONDER, WONDER_WHY, WHAT_IF, OPINION, IT_UNABLE, IT_UNWILLING, IT_LOW, IT_BRIGHT, IT_EVEN, WHO_LOW, WHO_BRIGHT, WHO_EVEN, WHO_ASK, ASK_LOW, ASK_BRIGHT, ASK_EVEN, REST_LOW, REST_BRIGHT, REST_EVEN, REMEMBER, REMEMBER_GENTLY, AGAIN, NO_LONGER, WORD, OPENING, STAY, SAID, SAID_FULL, ASK_QUIET, SAID_SLOWLY, SAID_LOW, SAID_BRIGHT, SAID_ALWAYS, IT_SUBDUED, NOTHING_TO_HOLD, THANKS_QUIETLY, BYE_QUIETLY,
        ] {
            all.extend(list);
        }
        for tongue in TONGUES {
            for list in [tongue.on_hello, tongue.on_thanks, tongue.on_bye, tongue.honest, tongue.low, tongue.bright, tongue.low_bare, tongue.bright_bare, tongue.plain, tongue.bare] {
                all.extend(list);
            }
        }
        all
    }

    /// Every line of the journal.
    fn journal_lines() -> Vec<&'static str> {
        use super::{journal as page, tongues::TONGUES};
        let lists = [
            page::IT_HEAVY, page::IT_LOW, page::IT_BRIGHT, page::IT_EVEN, page::WHO_LOW, page::WHO_BRIGHT, page::WHO_EVEN, page::WHO_GRIEF, page::PLAIN_LOW, page::PLAIN_BRIGHT, page::PLAIN_EVEN, page::STEADY_HEAVY, page::STEADY_LOW, page::STEADY_BRIGHT, page::STEADY_EVEN,
        ];
        let moods = page::MOODS.iter().flat_map(|(_, lines)| *lines);
        let foreign = TONGUES.iter().flat_map(|tongue| tongue.journal.iter().copied().flatten());
        lists.into_iter().flatten().chain(moods).chain(foreign).copied().collect()
    }

    fn words(line: &str) -> Vec<String> {
        fold(line).split_whitespace().map(|w| w.chars().filter(|c| c.is_alphanumeric() || *c == '{').collect()).collect()
    }

    #[test]
    fn no_two_lines_share_six_words() {
        let mut shared = Vec::new();
        for lines in [chat(), journal_lines()] {
            let mut seen: HashMap<Vec<String>, &str> = HashMap::new();
            for line in lines {
                for span in words(line).windows(6) {
                    if let Some(other) = seen.insert(span.to_vec(), line) {
                        shared.push(format!("{other}\n{line}\n"));
                    }
                }
            }
        }
        assert!(shared.is_empty(), "{}", shared.join("\n"));
    }

    #[test]
    fn every_line_is_in_good_form() {
        for line in chat().into_iter().chain(journal_lines()) {
            assert!(line.matches(['?', '\u{ff1f}', '\u{061f}']).count() <= 1, "two questions: {line}");
            assert!(line.chars().count() < 260 && line.trim() == line && !line.contains("  "), "{line}");
            assert!(line.ends_with(['.', '?', '!', '\u{3002}', '\u{ff1f}', '\u{061f}', '\u{0964}']), "no end: {line}");
            assert!(!line.contains(['*', '#', '[', '<', '/', '\u{2014}']), "markup: {line}");
            let slots = line.matches('{').count();
            let known = ["it", "feel", "who", "old", "word", "name", "said"].iter().map(|s| line.to_lowercase().matches(&format!("{{{s}}}")).count());
            assert_eq!(slots, known.sum::<usize>(), "an unknown slot: {line}");
        }
    }

    #[test]
    fn a_slot_may_be_one_thing_or_many() {
        let singular = ["is", "has", "was", "does", "knows", "comes", "goes", "takes", "makes", "brings", "needs", "seems", "feels", "turns", "isn't", "hasn't"];
        let subject = ["that", "when", "once", "what", "how", "and", "so", "before", "because", "even", "while", "where", "if"];
        for line in chat().into_iter().chain(journal_lines()) {
            let words: Vec<&str> = line.split(' ').collect();
            for (at, _) in words.iter().enumerate().filter(|(_, w)| ["{it}", "{who}", "{old}"].contains(&w.to_lowercase().as_str())) {
                let before = at.checked_sub(1).map_or("", |i| words[i]);
                let starts = before.is_empty() || before.ends_with(['.', ',', ';', ':']) || subject.contains(&before);
                let wrong = starts && words.get(at + 1).is_some_and(|next| singular.contains(&next.trim_end_matches(['.', ',', '?'])));
                assert!(!wrong && !["is", "does", "has"].contains(&before.to_lowercase().as_str()), "one or many in: {line}");
            }
        }
    }

    #[test]
    fn the_journal_is_free_of_the_clinic() {
        for line in journal_lines() {
            let clinical = line.split(|c: char| !c.is_alphabetic()).map(fold).find(|word| lexicon::is_avoided(word));
            assert_eq!(clinical, None, "{line}");
        }
    }

    #[test]
    fn parts_are_short_enough_to_be_put_together() {
        use super::general::{PART_CLOSING, PART_QUIET, PART_REMARK, PART_WORD};
        for part in [PART_WORD, PART_QUIET, PART_REMARK, PART_CLOSING].into_iter().flatten() {
            assert!((1..=5).contains(&words(part).len()), "{part}");
        }
    }

    #[test]
    fn phrases_are_written_as_messages_are_read() {
        for (theme, word) in themes().flat_map(|t| t.words.iter().map(move |(word, _)| (t.name, *word))) {
            let read = super::super::text::read(word);
            assert_eq!(read.line.trim(), word, "{theme} listens for what no message reads like");
        }
    }
}
