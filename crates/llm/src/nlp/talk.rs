//! A conversation so far: every message read in its turn, what was asked last, what the thread is,
//! and how the next answer should sit among the earlier ones.

use super::{
    compose::{Rhythm, asks, opening},
    intent,
    memory::{Fact, Memory, Old, Reading},
    names,
    pack::{self, Line, Mood, Pack},
    sense,
    text::Reader,
};
use crate::{
    Manner, Message, Role,
    basic::{
        is_crisis,
        spans::{Spans, hash},
        text::{Word, fold},
        tongue::detect,
        voice::norm,
        words::lexicon::{is_avoided, is_stop},
    },
};

/// For how many messages "no more questions" holds.
const NO_QUESTIONS: usize = 6;
/// For how many messages something grave keeps the tone down.
const SUBDUED: usize = 8;
/// For how many messages a topic stays the one that is spoken of.
const THREAD: usize = 6;
/// What a topic loses with each message after it, and wins when it comes up again.
const FADING: i32 = 3;
const AGAIN: i32 = 6;
/// How many of the person's messages are read for their sense.
const REMEMBERED: usize = 200;
/// How long something of before may be picked up again.
const PICKED_UP: usize = 30;
/// How many of a person's words in a row are quoted: one less than may not come twice.
const QUOTED: usize = 5;

/// What is being spoken of.
#[derive(Clone, Copy)]
pub(super) struct Thread {
    pub(super) group: usize,
    pub(super) ago: usize,
}

/// A conversation so far.
pub(super) struct Talk<'a> {
    pub(super) pack: &'static Pack,
    /// The person's messages, the latest last; never empty.
    pub(super) readings: Vec<Reading>,
    /// What was answered, the latest last.
    pub(super) answers: Vec<&'a str>,
    pub(super) spans: Spans,
    pub(super) memory: Memory,
    /// The question the last answer asked, and its group.
    pub(super) asked: Option<(&'static Line, usize)>,
    /// A number that differs from turn to turn and from text to text.
    pub(super) seed: u64,
}

impl<'a> Talk<'a> {
    /// Reads a conversation; `None` when its last message is in a language without a pack, or
    /// nobody has said anything.
    pub(super) fn read(messages: &'a [Message], manner: Manner) -> Option<Self> {
        let by = |role| messages.iter().filter(move |m| m.role == role).map(|m| m.text.as_str());
        let said: Vec<&str> = by(Role::User).collect();
        let answers: Vec<&str> = by(Role::Assistant).collect();
        let now = said.last()?;
        let before = said[..said.len() - 1].iter().rev().take(4).copied();
        let pack =
            pack::of(detect(now, before, manner.language).map_or("en", |tongue| tongue.code))?;
        // A short line may show no language; then it is taken for the one that is spoken now.
        let is_other = |text: &str| match detect(text, std::iter::empty(), None) {
            Some(tongue) => tongue.code != pack.code,
            None => {
                let small = fold(text).split_whitespace().filter(|word| is_stop(word)).count();
                pack.code != "en" && small > 1
            }
        };
        let mut spans = Spans::default();
        for message in messages {
            match message.role {
                Role::System => spans.instruct(&message.text),
                Role::User => spans.hear(&message.text),
                Role::Assistant => spans.say(&message.text),
            }
        }
        let mut reader = Reader::new(pack);
        let mut memory = Memory::default();
        let mut readings: Vec<Reading> = Vec::with_capacity(said.len());
        for at in said.len().saturating_sub(REMEMBERED)..said.len() {
            let other = at + 1 < said.len() && is_other(said[at]);
            let closed = other || is_crisis(said[at]);
            // A message in another language says nothing here; its turn is kept.
            let text = if other { "" } else { said[at] };
            let reading = read(pack, &mut reader, &mut memory, text, closed);
            memory.keep(pack, &reading, readings.len());
            close(pack, &readings, &reading, &mut memory);
            readings.push(reading);
        }
        let hash = hash(now.chars());
        let seed = (hash ^ (hash >> 29)).wrapping_add(said.len() as u64);
        let seed = seed.wrapping_add(manner.turn());
        let answered = messages.iter().rev().nth(1).is_some_and(|m| m.role == Role::Assistant);
        let asked = answers.last().filter(|_| answered).and_then(|last| asked(pack, last));
        Some(Self { pack, readings, answers, spans, memory, asked, seed })
    }

    pub(super) fn now(&self) -> &Reading {
        &self.readings[self.turn()]
    }

    /// The turn of the last message, from 0.
    pub(super) fn turn(&self) -> usize {
        self.readings.len() - 1
    }

    /// The messages before this one, the latest first, with how long ago they were.
    fn earlier(&self) -> impl Iterator<Item = (usize, &Reading)> {
        self.readings.iter().rev().enumerate().skip(1)
    }

    /// What the last messages before this one were about: by the topic's weight, how long ago it came
    /// up, and how often.
    pub(super) fn thread(&self) -> Option<Thread> {
        let open = self.earlier().take_while(|(_, r)| r.intent.act(self.pack) != "drop");
        let mut found: Vec<(i32, Thread)> = Vec::new();
        for (ago, reading) in open.take(THREAD).filter(|(_, reading)| reading.intent.tells()) {
            let far = i32::try_from(ago).unwrap_or_default() * FADING;
            for hit in reading.sense.topics.iter().filter(|hit| !hit.aside) {
                let score = i32::from(self.pack.groups[hit.group].weight) - far;
                match found.iter_mut().find(|(_, thread)| thread.group == hit.group) {
                    Some((best, _)) => *best = score.max(*best) + AGAIN,
                    None => found.push((score, Thread { group: hit.group, ago })),
                }
            }
        }
        let open = found.into_iter().filter(|(_, thread)| !self.is_closed(Some(thread.group)));
        open.rev().max_by_key(|(score, _)| *score).map(|(_, thread)| thread)
    }

    /// True for a topic the person no longer wants to speak of.
    pub(super) fn is_closed(&self, topic: Option<usize>) -> bool {
        topic.is_some_and(|topic| self.memory.closed.contains(&topic))
    }

    /// The mood of the last message that had one.
    pub(super) fn mood_before(&self) -> Mood {
        let told = self.earlier().take(4).filter(|(_, reading)| reading.intent.tells());
        let mut moods = told.map(|(_, reading)| reading.sense.mood);
        moods.find(|mood| *mood != Mood::Even).unwrap_or(Mood::Even)
    }

    /// True while something grave is near.
    pub(super) fn is_subdued(&self) -> bool {
        self.earlier().take(SUBDUED).any(|(_, reading)| {
            let danger = reading.closed && reading.text.count > 0;
            danger || reading.sense.grave(self.pack).is_some()
        })
    }

    /// Something of an earlier message that can be picked up: `ahead` for what is still to come.
    pub(super) fn old(&self, ahead: bool) -> Option<&Old> {
        let turn = self.turn();
        let now = &self.now().text.line;
        let last = self.answers.iter().rev().take(2).map(|a| fold(a)).collect::<Vec<_>>().join(" ");
        self.memory.olds.iter().rev().find(|old| {
            let head = old.mention.rsplit(' ').next().unwrap_or_default();
            old.turn < turn
                && turn - old.turn < PICKED_UP
                && !self.is_closed(old.topic)
                && (old.ahead.is_some() || !ahead)
                && !now.contains(head)
                && (ahead || !last.contains(&fold(&old.mention)))
        })
    }

    /// How the next answer should sit among the earlier ones.
    pub(super) fn rhythm(&self) -> Rhythm {
        let run = self.answers.iter().rev().take_while(|answer| asks(answer)).count();
        let ask = match run {
            0 => Some(true),
            1 => Some(!self.seed.is_multiple_of(3)),
            _ => Some(false),
        };
        let latest = self.readings.iter().rev().take(NO_QUESTIONS);
        let never_ask = latest.map(|r| r.intent.act(self.pack)).any(|act| act == "stopasking");
        Rhythm {
            ask: if never_ask { Some(false) } else { ask },
            never_ask,
            openings: self.answers.iter().rev().take(4).map(|answer| opening(answer)).collect(),
            said: norm(&self.answers.join(" ")),
        }
    }

    /// The person's own words in quotation marks, for languages in which they are not turned: of the
    /// messages with a part for which `is` holds, by turn and part; from `from` on where they have it.
    pub(super) fn quotes(&self, from: &str, is: impl Fn([usize; 2]) -> bool) -> Vec<Fact> {
        let mut facts: Vec<Fact> = Vec::new();
        for (turn, reading) in self.readings.iter().enumerate().take(self.turn()) {
            let parts = &reading.text.parts;
            let Some(at) = (0..parts.len()).find(|at| is([turn, *at]) && !parts[*at].asks) else {
                continue;
            };
            let words: Vec<&Word> = parts[at..].iter().flat_map(|part| &part.words).collect();
            let named = words.iter().position(|word| word.plain == from);
            let filler = |word: &&Word| self.pack.is_in("fillers", &word.plain);
            let start = named.unwrap_or_else(|| words.iter().take_while(|w| filler(w)).count());
            let rest = &words[start..];
            let ends: Vec<usize> = parts[at..]
                .iter()
                .scan(0, |sum, part| {
                    *sum += part.words.len();
                    Some(*sum - start.min(*sum))
                })
                .collect();
            let [head, quoted] = self.clause(rest, &ends);
            let plain = |word: &&Word| {
                !is_avoided(&word.plain) && word.plain.chars().all(char::is_alphabetic)
            };
            if !reading.closed && quoted.len() > 1 && head.iter().chain(quoted).all(plain) {
                let whole = ends.iter().any(|end| *end == rest.len() - tail_len(rest, quoted));
                let more = if whole { "" } else { "\u{2026}" };
                let head =
                    if head.is_empty() { String::new() } else { format!("{} ", elided(head)) };
                facts.push(Fact { text: format!("{head}\"{}{more}\"", elided(quoted)), turn });
            }
        }
        facts
    }

    /// Where a quotation ends: with a clause, and never on a small word. What is reported ("dice que
    /// ...") may be quoted alone, with who reports it in front.
    fn clause<'w>(&self, words: &'w [&'w Word], ends: &[usize]) -> [&'w [&'w Word]; 2] {
        let end = ends.iter().rev().find(|end| (2..=QUOTED).contains(*end));
        if let Some(end) = end.filter(|end| **end > 2 || words.len() == **end) {
            return [&[], &words[..*end]];
        }
        let that = words.iter().take(QUOTED).position(|w| self.pack.is_in("clause", &w.plain));
        if let Some(that) = that.filter(|that| *that > 0 && words.len() > that + 2) {
            let tail = &words[that + 1..];
            let end = ends.iter().filter_map(|end| end.checked_sub(that + 1));
            let end = end.filter(|end| (2..=QUOTED).contains(end)).max();
            let Some(end) = end else {
                // "El examen va a ir bien": without the article it is short enough.
                let first =
                    ends.iter().filter_map(|end| end.checked_sub(that + 1)).find(|end| *end > 0);
                let small = self.pack.is_in("stop", &tail[0].plain);
                let end = first.filter(|end| small && *end == QUOTED + 1);
                let tail = &tail[usize::from(end.is_some())..];
                return [
                    &words[..that],
                    &tail[..end.map_or_else(|| self.trimmed(tail), |_| QUOTED)],
                ];
            };
            return [&words[..that], &tail[..end]];
        }
        [&[], &words[..self.trimmed(words)]]
    }

    /// How many words of a long clause stand together: none of the small ones at the end.
    fn trimmed(&self, words: &[&Word]) -> usize {
        let small = |word: &&Word| {
            self.pack.is_in("stop", &word.plain)
                || self.pack.is_in("clause", &word.plain)
                || word.plain.chars().count() < 3
        };
        let most = words.len().min(QUOTED);
        (3..=most).rev().find(|len| !small(&words[len - 1])).unwrap_or(most)
    }
}

fn read(
    pack: &'static Pack,
    reader: &mut Reader<'_>,
    memory: &mut Memory,
    text: &str,
    closed: bool,
) -> Reading {
    let text = reader.read(text);
    let names = names::of(pack, &text, &|low| memory.knows(low));
    let name = names::own_name(pack, &text);
    let turn = memory.meet(pack, &text, &names.people);
    let sense = sense::of(pack, &text, &names.people);
    let intent = intent::of(pack, &text, name.is_some(), turn > 0);
    memory.name = name.or(memory.name.take());
    Reading { text, intent, sense, names, closed }
}

/// "I don't want to talk about it": the topics of the messages before are closed. Who brings one up
/// again has opened it again.
fn close(pack: &Pack, before: &[Reading], now: &Reading, memory: &mut Memory) {
    if now.intent.act(pack) == "drop" {
        let topics = before.iter().rev().take(2).flat_map(|r| &r.sense.topics);
        memory.closed.extend(topics.chain(&now.sense.topics).map(|hit| hit.group));
    } else {
        memory.closed.retain(|topic| now.sense.topics.iter().all(|hit| hit.group != *topic));
    }
}

/// The question of the pack that an answer ended with.
fn asked(pack: &'static Pack, answer: &str) -> Option<(&'static Line, usize)> {
    if !asks(answer) {
        return None;
    }
    let answer = norm(answer);
    let groups = pack.groups.iter().enumerate();
    groups
        .flat_map(|(at, group)| group.questions().map(move |line| (line, at)))
        .filter(|(line, _)| line.key.len() > 7 && answer.contains(&line.key))
        .max_by_key(|(line, _)| line.key.len())
}

/// How many words stand behind a quotation.
fn tail_len(words: &[&Word], quoted: &[&Word]) -> usize {
    let last = quoted.last().map(|word| std::ptr::from_ref(*word));
    let at = words.iter().rposition(|word| Some(std::ptr::from_ref(*word)) == last);
    at.map_or(0, |at| words.len() - 1 - at)
}

/// Words with their elisions joined again: "l esame" becomes "l'esame".
fn elided(words: &[&Word]) -> String {
    const SHORT: &[&str] = &["l", "d", "j", "c", "s", "n", "m", "t", "qu", "all", "dell", "nell"];
    let mut out = String::new();
    for (at, word) in words.iter().enumerate() {
        let short = at > 0 && SHORT.contains(&words[at - 1].plain.as_str());
        let vowel = word.plain.starts_with(['a', 'e', 'i', 'o', 'u', 'h', 'é', 'è', 'ê', 'à']);
        if at > 0 {
            out.push(if short && vowel { '\'' } else { ' ' });
        }
        out.push_str(&word.shown);
    }
    out
}
