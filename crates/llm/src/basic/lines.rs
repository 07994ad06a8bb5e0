//! Filling the slots of a line, and choosing the line that is said.

use super::{
    spans::{Spans, sentences},
    voice::{Voice, norm},
};

/// The most characters of an answer.
pub(super) const LONGEST: usize = 600;

/// What the slots of a line may be filled with.
#[derive(Clone, Default)]
pub(super) struct Slots {
    pub(super) it: Option<String>,
    pub(super) feel: Option<String>,
    pub(super) who: Option<String>,
    pub(super) old: Option<String>,
    pub(super) word: Option<String>,
    pub(super) name: Option<String>,
    pub(super) said: Option<String>,
    /// The manner in which it is said.
    pub(super) voice: Voice,
}

impl Slots {
    fn get(&self, slot: &str) -> Option<&str> {
        match slot {
            "it" => self.it.as_deref(),
            "feel" => self.feel.as_deref(),
            "who" => self.who.as_deref(),
            "old" => self.old.as_deref(),
            "word" => self.word.as_deref(),
            "name" => self.name.as_deref(),
            "said" => self.said.as_deref(),
            _ => None,
        }
    }

    /// The line with its slots filled; `None` when one cannot be.
    pub(super) fn fill(&self, line: &str) -> Option<String> {
        let mut out = String::with_capacity(line.len() + 32);
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('{') {
            let (slot, after) = after.split_once('}')?;
            out.push_str(before);
            let value = self.get(&slot.to_lowercase())?;
            if slot.starts_with(char::is_uppercase) {
                out.push_str(&super::capital(value));
            } else {
                out.push_str(value);
            }
            rest = after;
        }
        out.push_str(rest);
        Some(self.voice.word(&out))
    }
}

/// Something that could be said.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) text: String,
    /// It names something the person said.
    pub(super) picks: bool,
    rank: u8,
    /// The longest part of the line between its slots, folded: it shows that a line was used
    /// before, whatever its slots were filled with.
    stem: String,
}

/// The longest part between slots, when it is long enough to tell a line by.
fn stem(line: &str) -> String {
    // What differs by the form of address is left out like a slot.
    let parts = line.split(['{', '}', '[', ']']).step_by(2).map(norm);
    parts
        .max_by_key(String::len)
        .filter(|part| part.split_whitespace().count() > 2)
        .unwrap_or_default()
}

/// Answers in the making: an opening line, and what may follow it.
#[derive(Default)]
pub(super) struct Plan {
    leads: Vec<Line>,
    follows: Vec<Line>,
    /// One of the two lines must name something the person said.
    pub(super) must_pick: bool,
    /// The opening line is enough by itself.
    pub(super) complete: bool,
    /// The opening lines are in order: no other is preferred for the sake of rhythm.
    pub(super) ordered: bool,
}

impl Plan {
    /// A plan whose opening lines are enough by themselves.
    pub(super) fn complete() -> Self {
        Self { complete: true, ..Self::default() }
    }

    /// Adds opening lines; a lower rank is preferred. `turn` rotates equals.
    pub(super) fn lead(&mut self, rank: u8, list: &[&str], slots: &Slots, turn: u64) {
        add(&mut self.leads, rank, list, slots, turn);
    }

    /// Adds lines that may follow.
    pub(super) fn follow(&mut self, rank: u8, list: &[&str], slots: &Slots, turn: u64) {
        add(&mut self.follows, rank, list, slots, turn);
    }
}

fn add(lines: &mut Vec<Line>, rank: u8, list: &[&str], slots: &Slots, turn: u64) {
    let len = list.len().max(1);
    let start = usize::try_from(turn % len as u64).unwrap_or_default();
    let rotated = list.iter().cycle().skip(start).take(list.len());
    lines.extend(rotated.filter_map(|line| {
        slots.fill(line).map(|text| Line {
            text,
            picks: line.contains('{'),
            rank,
            stem: stem(line),
        })
    }));
}

/// How the next answer should sit among the earlier ones.
pub(super) struct Rhythm {
    /// A question would be good now; `None` when either will do.
    pub(super) ask: Option<bool>,
    /// The person asked for no more questions.
    pub(super) never_ask: bool,
    /// How the latest answers began.
    pub(super) openings: Vec<String>,
    /// The earlier answers, folded and joined.
    pub(super) said: String,
    /// Words of the person's message that are worth naming.
    pub(super) content: Vec<String>,
}

/// The first two words of a text, folded.
pub(super) fn opening(text: &str) -> String {
    text.split_whitespace().take(2).collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The best answer of a plan that repeats nothing; `None` when all of it has been said.
pub(super) fn choose(mut plan: Plan, spans: &Spans, rhythm: &Rhythm) -> Option<String> {
    for lines in [&mut plan.leads, &mut plan.follows] {
        lines.retain(|line| {
            spans.fits(&line.text)
                && spans.is_new(&line.text)
                && !(rhythm.never_ask && asks(&line.text))
        });
        // A line that was used with other words in its slots comes after all that were not.
        lines.sort_by_cached_key(|line| {
            (!line.stem.is_empty() && rhythm.said.contains(&line.stem), line.rank)
        });
    }
    // What is wished for is let go one by one: first the change of rhythm, then that of openings.
    [(true, true), (false, true), (false, false)].iter().find_map(|&(in_rhythm, fresh_opening)| {
        let fits = |answer: &str, picks: bool| {
            (!plan.must_pick || picks || names(answer, &rhythm.content))
                && (!in_rhythm || in_time(&plan, rhythm, answer))
                && (!fresh_opening || !rhythm.openings.contains(&opening(answer)))
                && answer.matches(['?', '\u{ff1f}', '\u{061f}']).count() <= 1
                && answer.chars().count() <= LONGEST
                && spans.fits(answer)
                && spans.is_new(answer)
        };
        plan.leads.iter().find_map(|lead| pair(lead, &plan, &fits))
    })
}

/// A question when one is due, none when it is not. Lines that are enough by themselves need not
/// ask, and lines in order are not held back.
fn in_time(plan: &Plan, rhythm: &Rhythm, answer: &str) -> bool {
    match rhythm.ask {
        Some(true) => plan.complete || asks(answer),
        Some(false) => plan.ordered || !asks(answer),
        None => true,
    }
}

/// The lead with the first follower that fits, or alone when that is enough.
fn pair(lead: &Line, plan: &Plan, fits: &dyn Fn(&str, bool) -> bool) -> Option<String> {
    let alone = plan.complete || asks(&lead.text) || sentences(&lead.text).count() > 1;
    if alone && fits(&lead.text, lead.picks) {
        return Some(lead.text.clone());
    }
    if asks(&lead.text) {
        return None;
    }
    let joined = plan
        .follows
        .iter()
        .map(|follow| (format!("{} {}", lead.text, follow.text), lead.picks || follow.picks));
    let mut joined = joined.filter(|(answer, picks)| fits(answer, *picks));
    joined
        .next()
        .map(|(answer, _)| answer)
        .or_else(|| fits(&lead.text, lead.picks).then(|| lead.text.clone()))
}

fn asks(text: &str) -> bool {
    text.contains(['?', '\u{ff1f}', '\u{061f}'])
}

fn names(answer: &str, content: &[String]) -> bool {
    let folded = super::text::fold(answer);
    folded
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .any(|word| content.iter().any(|c| c == word))
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// Something new from three lists of short parts, for when every line has been said: the first
/// combination that repeats no span. `None` after some hundreds of them.
pub(super) fn compose(
    parts: [&[&str]; 3],
    slots: &Slots,
    spans: &Spans,
    turn: u64,
) -> Option<String> {
    let [first, second, third] =
        parts.map(|list| list.iter().filter_map(|part| slots.fill(part)).collect::<Vec<_>>());
    let total = first.len() * second.len() * third.len();
    // A stride without a common divisor visits every combination once; one near the golden section
    // changes all three parts at every step.
    let stride =
        (total * 8 / 13..total).find(|n| greatest_common_divisor(*n, total) == 1).unwrap_or(1);
    let start = usize::try_from(turn % total.max(1) as u64).unwrap_or_default() * stride;
    (0..total).map(|step| (start + step * stride) % total).find_map(|at| {
        let (a, b, c) =
            (at % first.len(), at / first.len() % second.len(), at / first.len() / second.len());
        let answer = format!("{}, {}. {}.", first[a], second[b], third[c]);
        spans.fits(&answer).then_some(answer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_filled_or_the_line_is_left() {
        let slots = Slots { it: Some("the exam".into()), ..Slots::default() };
        assert_eq!(slots.fill("{It} and {it}.").as_deref(), Some("The exam and the exam."));
        assert_eq!(slots.fill("about {who}"), None);
        assert_eq!(slots.fill("plain").as_deref(), Some("plain"));
    }

    #[test]
    fn a_line_is_never_said_twice() {
        let mut spans = Spans::default();
        let rhythm = Rhythm {
            ask: None,
            never_ask: false,
            openings: Vec::new(),
            said: String::new(),
            content: Vec::new(),
        };
        let list = ["One two three.", "Four five six.", "Seven eight nine."];
        let mut said = Vec::new();
        while let Some(answer) = {
            let mut plan = Plan::complete();
            plan.lead(0, &list, &Slots::default(), 1);
            choose(plan, &spans, &rhythm)
        } {
            spans.say(&answer);
            said.push(answer);
        }
        assert_eq!(said, ["Four five six.", "Seven eight nine.", "One two three."]);
    }
}
