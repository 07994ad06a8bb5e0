//! Filling the slots of a line, and choosing what is said: nothing twice.
//!
//! Slots: `{t}` a thing, `{p}` a person, `{they}` `{them}` `{their}` their pronouns, `{feel}` a
//! feeling, `{time}`, `{place}`, `{old}` something of before, `{when}` its day, `{fact}` and
//! `{facts}` what was said of it, `{said}` a statement said back, `{frag}` a short answer, `{do}` a
//! plan, `{w}` what was asked about, `{name}` the person's own. With a capital the slot begins a
//! sentence. `{is|are}` follows whether `{p}` is one or many.

use std::collections::{HashMap, HashSet};

use super::pack::{Gender, Line};
use crate::basic::{capital, spans::Spans, voice::Voice};

/// The most characters of an answer.
const LONGEST: usize = 600;
/// Shorter keys stand in many lines.
const SHORTEST_KEY: usize = 10;

/// What the slots of a line may be filled with.
#[derive(Clone, Default)]
pub(super) struct Slots {
    values: HashMap<&'static str, String>,
    many: bool,
    pub(super) voice: Voice,
}

impl Slots {
    pub(super) fn new(voice: Voice) -> Self {
        Self { voice, ..Self::default() }
    }

    pub(super) fn set(&mut self, slot: &'static str, value: Option<String>) {
        match value.filter(|value| !value.is_empty()) {
            Some(value) => self.values.insert(slot, value),
            None => self.values.remove(slot),
        };
    }

    pub(super) fn get(&self, slot: &str) -> Option<&str> {
        self.values.get(slot).map(String::as_str)
    }

    /// The person of the slots.
    pub(super) fn person(&mut self, mention: Option<String>, gender: Gender) {
        self.many = gender == Gender::Many;
        let pronouns = match gender {
            Gender::She => ["she", "her", "her"],
            Gender::He => ["he", "him", "his"],
            Gender::One | Gender::Many => ["they", "them", "their"],
        };
        let known = mention.is_some();
        self.set("p", mention);
        for (slot, pronoun) in ["they", "them", "their"].into_iter().zip(pronouns) {
            self.set(slot, known.then(|| pronoun.to_owned()));
        }
    }

    /// The line with its slots filled; `None` when one cannot be.
    pub(super) fn fill(&self, line: &str) -> Option<String> {
        let mut out = String::with_capacity(line.len() + 32);
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('{') {
            let (slot, after) = after.split_once('}')?;
            out.push_str(before);
            if let Some((one, many)) = slot.split_once('|') {
                out.push_str(if self.many { many } else { one });
            } else if slot.starts_with(char::is_uppercase) {
                out.push_str(&capital(self.get(&slot.to_lowercase())?));
            } else {
                out.push_str(self.get(slot)?);
            }
            rest = after;
        }
        out.push_str(rest);
        Some(self.voice.word(&out))
    }
}

/// Something that could be said.
struct Choice {
    text: String,
    key: String,
    /// It names something of the person's, or belongs to their topic.
    picks: bool,
    /// It needs something of the message, and found it.
    needed: bool,
    /// The lower the better.
    rank: i32,
    /// The group the line is from; two statements of one group do not follow each other.
    source: Option<usize>,
    /// It would fit any message; two of these do not stand in one answer.
    stock: bool,
}

/// An answer in the making: what may open it, what may follow.
#[derive(Default)]
pub(super) struct Plan {
    /// The stems of the message that is answered.
    pub(super) stems: HashSet<String>,
    /// Those of what is told of the person, and not of somebody else.
    pub(super) own: HashSet<String>,
    /// Questions with one of these phrases have just been answered.
    pub(super) answered: Vec<&'static str>,
    leads: Vec<Choice>,
    follows: Vec<Choice>,
    /// The opening line is enough by itself.
    pub(super) complete: bool,
    /// One of the lines must take something up.
    pub(super) must_pick: bool,
    /// A question may come, whatever the rhythm says.
    pub(super) free: bool,
}

/// Where lines come from: how much they are preferred, what turns equals, whose they are.
#[derive(Clone, Copy, Default)]
pub(super) struct From {
    /// Lower is better.
    pub(super) rank: u8,
    pub(super) turn: u64,
    /// The group they belong to.
    pub(super) group: Option<usize>,
    /// Only lines that need something of the message.
    pub(super) needed: bool,
    /// The lines fit any message.
    pub(super) stock: bool,
}

impl Plan {
    /// Adds opening lines.
    pub(super) fn lead(&mut self, lines: &[Line], slots: &Slots, from: From) {
        let made = self.made(lines, slots, from);
        self.leads.extend(made);
    }

    /// Adds lines that may follow.
    pub(super) fn follow(&mut self, lines: &[Line], slots: &Slots, from: From) {
        let made = self.made(lines, slots, from);
        self.follows.extend(made);
    }

    /// Adds what is said to an answer, as opening lines before all others.
    pub(super) fn lead_texts(&mut self, texts: &[&str], slots: &Slots) {
        self.leads.extend(texts.iter().filter_map(|line| {
            let (text, key) = (slots.fill(line)?, String::new());
            let rank = -STEPS;
            Some(Choice { text, key, picks: true, needed: false, rank, source: None, stock: false })
        }));
    }

    fn made(&self, lines: &[Line], slots: &Slots, from: From) -> Vec<Choice> {
        let start = usize::try_from(from.turn % lines.len().max(1) as u64).unwrap_or_default();
        let turned = lines.iter().cycle().skip(start).take(lines.len());
        let made = turned.filter_map(|line| {
            let needed = !line.needs.is_empty();
            let stems = if line.own { &self.own } else { &self.stems };
            let found = |need: &Vec<String>| need.iter().all(|stem| stems.contains(stem));
            let missing = needed && !line.needs.iter().any(found);
            if missing || from.needed && !needed || self.has_answered(line) {
                return None;
            }
            let names = names(line.text);
            let closer = i32::from(needed) * NEEDED + i32::from(names == Names::What) * CLOSE;
            Some(Choice {
                text: slots.fill(line.text)?,
                key: line.key.clone(),
                picks: from.group.is_some() || needed || names != Names::Nothing,
                needed,
                rank: i32::from(from.rank) * STEPS - closer,
                source: from.group,
                stock: from.stock && !needed && (from.group.is_some() || names == Names::Nothing),
            })
        });
        made.collect()
    }

    /// True for a question whose answer stands in the message.
    fn has_answered(&self, line: &Line) -> bool {
        is_question(line.text)
            && (!line.asks_about.is_empty()
                && line.asks_about.iter().all(|stem| self.stems.contains(stem))
                || self.answered.iter().any(|phrase| line.key.contains(phrase)))
    }
}

/// Steps of a rank, and how many of them a line is preferred for what it needs or names.
const STEPS: i32 = 4;
const NEEDED: i32 = 6;
const CLOSE: i32 = 2;

#[derive(PartialEq, Eq)]
enum Names {
    Nothing,
    Who,
    /// What the message is about, and not only who.
    What,
}

/// What the slots of a line name.
fn names(line: &str) -> Names {
    let slots = line.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let mut found = Names::Nothing;
    for slot in slots.filter(|slot| !slot.contains('|')) {
        match slot.to_lowercase().as_str() {
            "t" | "time" | "feel" | "frag" | "place" => return Names::What,
            "they" | "them" | "their" => {}
            _ => found = Names::Who,
        }
    }
    found
}

/// How the next answer should sit among the earlier ones.
pub(super) struct Rhythm {
    /// A question would be good now; `None` when either will do.
    pub(super) ask: Option<bool>,
    /// The person asked for no more questions.
    pub(super) never_ask: bool,
    /// How the latest answers began.
    pub(super) openings: Vec<String>,
    /// The earlier answers, normed.
    pub(super) said: String,
}

/// The first two words of a text, folded.
pub(super) fn opening(text: &str) -> String {
    text.split_whitespace().take(2).collect::<Vec<_>>().join(" ").to_lowercase()
}

pub(super) fn asks(text: &str) -> bool {
    text.contains('?')
}

/// True for a text that ends in a question, and does not only quote one.
fn is_question(text: &str) -> bool {
    text.ends_with('?')
}

/// The best answer of a plan that repeats nothing; `None` when all of it has been said.
pub(super) fn choose(mut plan: Plan, spans: &Spans, rhythm: &Rhythm) -> Option<String> {
    for list in [&mut plan.leads, &mut plan.follows] {
        list.retain(|choice| {
            !(rhythm.never_ask && asks(&choice.text))
                && spans.fits(&choice.text)
                && spans.is_new(&choice.text)
        });
        // A line that was used with other words in its slots comes after all that were not.
        list.sort_by_cached_key(|choice| {
            let used = choice.key.len() >= SHORTEST_KEY && rhythm.said.contains(&choice.key);
            (used, choice.rank)
        });
    }
    // What is wished for is let go one by one: first the rhythm, then the openings, then the
    // taking up.
    let wishes =
        [(true, true, true), (false, true, true), (false, false, true), (false, false, false)];
    wishes.iter().find_map(|&(in_rhythm, fresh, pick)| {
        let fits = |answer: &str, picks: bool| {
            (!pick || !plan.must_pick || picks)
                && (!in_rhythm || in_time(&plan, rhythm, answer))
                && (!fresh || !rhythm.openings.contains(&opening(answer)))
                && answer.matches('?').count() <= 1
                && answer.chars().count() <= LONGEST
                && spans.fits(answer)
                && spans.is_new(answer)
        };
        plan.leads.iter().find_map(|lead| pair(lead, &plan, &fits))
    })
}

fn in_time(plan: &Plan, rhythm: &Rhythm, answer: &str) -> bool {
    match rhythm.ask {
        _ if plan.free => true,
        Some(true) => plan.complete || asks(answer),
        Some(false) => !asks(answer),
        None => true,
    }
}

/// The lead with the first follower that fits, or alone when that is enough.
fn pair(lead: &Choice, plan: &Plan, fits: &dyn Fn(&str, bool) -> bool) -> Option<String> {
    if (plan.complete || asks(&lead.text)) && fits(&lead.text, lead.picks) {
        return Some(lead.text.clone());
    }
    let mut joined = None;
    if !asks(&lead.text) {
        let apart = |follow: &&Choice| {
            let question = is_question(&follow.text);
            let other = lead.source.is_none() || follow.source != lead.source;
            question || other && !(lead.stock && follow.stock)
        };
        joined = plan.follows.iter().filter(apart).find_map(|follow| {
            let answer = format!("{} {}", lead.text, follow.text);
            fits(&answer, lead.picks || follow.picks).then_some(answer)
        });
    }
    // A line made for this message may stand alone, and needs no filling up.
    joined.or_else(|| fits(&lead.text, lead.picks || lead.needed).then(|| lead.text.clone()))
}
