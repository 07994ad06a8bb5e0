//! The material of one language: what is listened for and what is said. `pack/read.rs` reads it from
//! `packs/*.txt`.

mod read;

use std::sync::OnceLock;

use rust_stemmers::Algorithm;

use super::text::{Part, holds};
use crate::basic::spans::{WordMap, WordSet};

/// How an answer should sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// Death, violence, grave illness, despair: steady and careful, nothing else.
    Grave,
    /// A bad day.
    Low,
    /// Good and bad at once.
    Mixed,
    /// Neither.
    Even,
    /// A good day.
    Bright,
}

/// One sentence that can be said.
pub(super) struct Line {
    pub(super) text: &'static str,
    /// The longest part between its slots, normed: by it a used line is known again.
    pub(super) key: String,
    /// Each a list of stems; one of the lists must stand in the message. None for any message.
    pub(super) needs: Vec<Vec<String>>,
    /// What it needs must be told of the person, and not of somebody else.
    pub(super) own: bool,
    /// The stems of what a question without slots asks about: who has just said them all has
    /// answered it.
    pub(super) asks_about: Vec<String>,
    /// What is said to a yes, a no, and any other answer to it.
    pub(super) yes: Vec<&'static str>,
    pub(super) no: Vec<&'static str>,
    pub(super) told: Vec<&'static str>,
}

/// A topic or a feeling.
pub(super) struct Group {
    pub(super) name: &'static str,
    /// How a list of subjects names it: "the exam". Empty for what is not listed.
    pub(super) label: &'static str,
    pub(super) lean: Mood,
    /// When a message touches several topics, the higher goes first.
    pub(super) weight: u8,
    /// Its lines also fit what somebody else did or felt.
    pub(super) others: bool,
    pub(super) low: Vec<Line>,
    pub(super) bright: Vec<Line>,
    pub(super) even: Vec<Line>,
    pub(super) ask: Vec<Line>,
    pub(super) ask_low: Vec<Line>,
    pub(super) ask_bright: Vec<Line>,
    pub(super) think: Vec<Line>,
}

impl Group {
    /// All its questions.
    pub(super) fn questions(&self) -> impl Iterator<Item = &Line> {
        self.ask.iter().chain(&self.ask_low).chain(&self.ask_bright)
    }

    /// The lines for a mood.
    pub(super) fn fitting(&self, mood: Mood) -> &[Line] {
        match mood {
            Mood::Grave | Mood::Low => &self.low,
            Mood::Bright => &self.bright,
            _ if self.even.is_empty() && self.lean != Mood::Bright => &self.low,
            _ => &self.even,
        }
    }
}

/// Something a person does with a message, and what is answered.
#[derive(Default)]
pub(super) struct Act {
    pub(super) name: &'static str,
    is: WordSet<String>,
    at: Vec<String>,
    has: Vec<String>,
    pub(super) says: Vec<Line>,
    pub(super) says_gravely: Vec<Line>,
}

/// Whom a word for people means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gender {
    She,
    He,
    /// One, of whom it is not known.
    One,
    Many,
}

enum Step {
    Stem(String),
    Exact(String),
    Gap,
}

/// Phrases by their first stem or word.
#[derive(Default)]
struct Index(WordMap<String, Vec<(Vec<Step>, usize)>>);

/// How many words `..` may stand for.
const GAP: usize = 3;

impl Index {
    fn add(&mut self, steps: Vec<Step>, to: usize) {
        if let Some(Step::Stem(first) | Step::Exact(first)) = steps.first() {
            self.0.entry(first.clone()).or_default().push((steps, to));
        }
    }

    /// What begins at this word: whose phrase it is and how many words it takes; the longest, and of
    /// equals the first.
    fn at(&self, part: &Part, at: usize) -> Option<(usize, usize)> {
        let stem = part.stems.get(at)?;
        let by_word = (part.low(at) != stem).then(|| self.0.get(part.low(at))).flatten();
        self.0
            .get(stem)
            .into_iter()
            .chain(by_word)
            .flatten()
            .filter_map(|(steps, to)| Some((*to, fits(steps, part, at)?)))
            .max_by_key(|(to, len)| (*len, std::cmp::Reverse(*to)))
    }
}

/// How many words the steps cover from a place on.
fn fits(steps: &[Step], part: &Part, at: usize) -> Option<usize> {
    let Some((step, rest)) = steps.split_first() else { return Some(0) };
    let hit = match step {
        Step::Gap => {
            return (0..=GAP).find_map(|skip| Some(skip + fits(rest, part, at + skip)?));
        }
        Step::Stem(known) => part.stems.get(at)? == known,
        Step::Exact(low) => part.words.get(at)?.plain == *low,
    };
    hit.then(|| fits(rest, part, at + 1)).flatten().map(|len| len + 1)
}

/// One language.
pub(super) struct Pack {
    /// ISO 639-1.
    pub(super) code: &'static str,
    pub(super) algorithm: Algorithm,
    /// Topics first, feelings after them: a place in this list names a group.
    pub(super) groups: Vec<Group>,
    /// Where the feelings begin.
    pub(super) feelings: usize,
    pub(super) acts: Vec<Act>,
    /// The words for people that are close, and whether they stand without "my".
    pub(super) kin: WordMap<String, (Gender, bool)>,
    valence: WordMap<String, i8>,
    sets: WordMap<&'static str, Vec<String>>,
    single: WordMap<&'static str, WordSet<String>>,
    says: WordMap<&'static str, Vec<Line>>,
    topic_index: Index,
    feeling_index: Index,
}

impl Pack {
    /// The lines said at one occasion; none when the pack has none.
    pub(super) fn say(&self, name: &str) -> &[Line] {
        self.says.get(name).map_or(&[], Vec::as_slice)
    }

    /// The first of them, as it stands: for single words.
    pub(super) fn word(&self, name: &str) -> &'static str {
        self.say(name).first().map_or("", |line| line.text)
    }

    /// All occasions and their lines.
    #[cfg(test)]
    pub(super) fn says(&self) -> impl Iterator<Item = (&&'static str, &Vec<Line>)> {
        self.says.iter()
    }

    /// The phrases of a set.
    pub(super) fn set(&self, name: &str) -> impl Iterator<Item = &str> {
        self.sets.get(name).into_iter().flatten().map(String::as_str)
    }

    /// True when the set holds this single word.
    pub(super) fn is_in(&self, name: &str, low: &str) -> bool {
        self.single.get(name).is_some_and(|set| set.contains(low))
    }

    /// The topic whose phrase begins at this word, and how many words name it.
    pub(super) fn topic_at(&self, part: &Part, at: usize) -> Option<(usize, usize)> {
        self.topic_index.at(part, at)
    }

    /// The feeling that is named from this word on, and in how many words.
    pub(super) fn feeling_at(&self, part: &Part, at: usize) -> Option<(usize, usize)> {
        self.feeling_index.at(part, at)
    }

    /// How good or bad a word is by itself, −3 to 3.
    pub(super) fn valence(&self, low: &str, stem: &str) -> i8 {
        let known = self.valence.get(stem).or_else(|| self.valence.get(low));
        known.copied().unwrap_or_default()
    }

    /// The act a message is, by the first rule in order that fits. `lead` are the parts without
    /// their fillers, each as a padded line.
    pub(super) fn act(&self, whole: &str, lead: &[String], count: usize) -> Option<usize> {
        let whole_trimmed = whole.trim();
        let lead: Vec<&str> = lead.iter().map(|part| part.trim()).collect();
        self.acts.iter().position(|act| {
            act.is.contains(whole_trimmed)
                || act.has.iter().any(|phrase| holds(whole, phrase))
                || count <= LONGEST_ACT
                    && lead.iter().any(|part| act.at.iter().any(|phrase| opens(part, phrase)))
        })
    }
}

/// A message of more words is told something in, whatever it begins with.
const LONGEST_ACT: usize = 11;
/// How many words may follow the words that show an act.
const TRAILING: usize = 3;

fn opens(part: &str, phrase: &str) -> bool {
    part.strip_prefix(phrase).is_some_and(|rest| {
        rest.is_empty() || rest.starts_with(' ') && rest.split_whitespace().count() <= TRAILING
    })
}

/// The pack of a language; `None` for one without. Read when it is first needed.
pub(super) fn of(code: &str) -> Option<&'static Pack> {
    let at = SOURCES.iter().position(|(own, ..)| *own == code)?;
    Some(PACKS[at].get_or_init(|| {
        let (code, algorithm, sources) = SOURCES[at];
        read::pack(code, algorithm, sources)
    }))
}

static PACKS: [OnceLock<Pack>; SOURCES.len()] = [const { OnceLock::new() }; SOURCES.len()];

type Source = (&'static str, Algorithm, &'static [&'static str]);

/// The languages, with what they are read from.
pub(super) const SOURCES: &[Source] = &[
    (
        "en",
        Algorithm::English,
        &[
            include_str!("packs/en-talk.txt"),
            include_str!("packs/en-life.txt"),
            include_str!("packs/en-heart.txt"),
        ],
    ),
    ("es", Algorithm::Spanish, &[include_str!("packs/es.txt")]),
    ("fr", Algorithm::French, &[include_str!("packs/fr.txt")]),
    ("de", Algorithm::German, &[include_str!("packs/de.txt")]),
    ("pt", Algorithm::Portuguese, &[include_str!("packs/pt.txt")]),
    ("it", Algorithm::Italian, &[include_str!("packs/it.txt")]),
    ("nl", Algorithm::Dutch, &[include_str!("packs/nl.txt")]),
];
