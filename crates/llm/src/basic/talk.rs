//! A conversation so far: what was said by whom, what may not be said again, and when a question is
//! due.

use super::{
    lines::{self, Plan, Rhythm, Slots},
    spans::{Spans, hash},
    text::{self, Text},
    tongue,
    voice::{Voice, norm},
    words::{acts, general as say, lexicon, tongues::Tongue},
};
use crate::{Manner, Message, Role};

/// How many of the person's earlier messages are read for what they were about.
const REMEMBERED: usize = 12;
/// For how many messages "no more questions" holds.
const NO_QUESTIONS: usize = 6;

/// A conversation so far.
pub(super) struct Talk<'a> {
    /// What the person said, the latest last.
    pub(super) said: Vec<&'a str>,
    /// The latest of it as it is read, the latest first.
    pub(super) recent: Vec<Text>,
    /// What was answered, the latest last.
    pub(super) answers: Vec<&'a str>,
    pub(super) spans: Spans,
    pub(super) manner: Manner,
}

impl<'a> Talk<'a> {
    pub(super) fn read(messages: &'a [Message], manner: Manner) -> Self {
        let mut talk = Self {
            said: Vec::new(),
            recent: Vec::new(),
            answers: Vec::new(),
            spans: Spans::default(),
            manner,
        };
        for message in messages {
            match message.role {
                Role::System => talk.spans.instruct(&message.text),
                Role::User => {
                    talk.spans.hear(&message.text);
                    talk.said.push(text::beginning(&message.text));
                }
                Role::Assistant => {
                    talk.spans.say(&message.text);
                    talk.answers.push(&message.text);
                }
            }
        }
        talk.recent =
            talk.said.iter().rev().take(REMEMBERED + 1).map(|text| text::read(text)).collect();
        talk
    }

    /// A number that differs from turn to turn and from text to text.
    pub(super) fn seed(&self) -> u64 {
        let text = self.said.last().map_or(0, |text| hash(text.chars()));
        let seed = (text ^ (text >> 29)).wrapping_add(self.said.len() as u64);
        seed.wrapping_add(self.manner.turn())
    }

    /// Empty slots that speak in this conversation's manner.
    pub(super) fn slots(&self, code: &'static str) -> Slots {
        Slots { voice: Voice::new(self.manner, code), ..Slots::default() }
    }

    /// True when the text may be said now: nothing of it was said before.
    pub(super) fn may_say(&self, text: &str) -> bool {
        self.spans.fits(text) && self.spans.is_new(text)
    }

    /// How the next answer should sit among the earlier ones. `content` are the words of the
    /// person's message that are worth naming.
    pub(super) fn rhythm(&self, content: Vec<String>) -> Rhythm {
        let asked = self.answers.iter().rev().take_while(|a| a.contains('?')).count();
        let ask = match asked {
            0 => Some(true),
            1 => Some(!self.seed().is_multiple_of(3)),
            _ => Some(false),
        };
        let never_ask =
            self.recent.iter().take(NO_QUESTIONS).any(|text| text.says(acts::STOP_ASKING));
        let openings = self.answers.iter().rev().take(4).map(|a| lines::opening(a)).collect();
        let said = norm(&self.answers.join(" "));
        Rhythm {
            ask: if never_ask { Some(false) } else { ask },
            never_ask,
            openings,
            said,
            content,
        }
    }

    /// Nobody has said anything yet.
    pub(super) fn open(&self) -> String {
        let mut plan = Plan::complete();
        plan.lead(0, say::OPENING, &self.slots("en"), self.answers.len() as u64);
        lines::choose(plan, &self.spans, &self.rhythm(Vec::new())).unwrap_or_else(|| self.compose())
    }

    pub(super) fn abroad(&self, tongue: &'static Tongue, now: &str) -> Option<String> {
        let now_named = tongue::key_word(tongue, now);
        let noun = now_named.as_ref().is_some_and(|(_, noun)| *noun);
        let earlier = || {
            self.said.iter().rev().skip(1).take(3).find_map(|text| tongue::key_word(tongue, text))
        };
        let slots = Slots {
            word: now_named.or_else(earlier).map(|(word, _)| word),
            ..self.slots(tongue.code)
        };
        let mut plan = Plan::complete();
        for (rank, list) in (0_u8..).zip(tongue::answers(tongue, now, noun)) {
            // The first of the honest lines comes first: it says what this is.
            let turn = if std::ptr::eq(list, tongue.honest) || std::ptr::eq(list, tongue.on_hello) {
                0
            } else {
                self.seed()
            };
            plan.lead(rank, list, &slots, turn);
        }
        lines::choose(plan, &self.spans, &self.rhythm(Vec::new()))
    }

    /// Always something: a new combination of small parts, or, after hundreds of turns, an old one.
    pub(super) fn compose(&self) -> String {
        let words = self
            .recent
            .first()
            .into_iter()
            .flat_map(|text| &text.clauses)
            .flat_map(|clause| &clause.words);
        let word = words.map(|word| word.shown.clone()).find(|word| {
            word.chars().count() <= 14
                && word.chars().all(char::is_alphabetic)
                && !lexicon::is_avoided(&text::fold(word))
        });
        let first = if word.is_some() { say::PART_WORD } else { say::PART_QUIET };
        let slots = Slots { word, ..self.slots("en") };
        let parts = [first, say::PART_REMARK, say::PART_CLOSING];
        lines::compose(parts, &slots, &self.spans, self.seed())
            .or_else(|| lines::compose(parts, &slots, &Spans::default(), self.seed()))
            .unwrap_or_else(|| say::REST_EVEN[1].to_owned())
    }
}
