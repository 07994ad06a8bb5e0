//! How a message sounds and what it is about: sentiment, the person's own feelings, topics.

use super::{
    names::Someone,
    pack::{Group, Mood, Pack},
    text::{Part, Text, holds},
};
use crate::basic::words::lexicon::is_name;

/// A feeling the person spoke of as their own.
#[derive(Clone)]
pub(super) struct Felt {
    /// Its place among the pack's groups.
    pub(super) group: usize,
    /// As it was said: "terrified". Empty for what is no single adjective.
    pub(super) word: String,
    pub(super) negated: bool,
}

impl Felt {
    /// What the feeling does to the mood: "not happy" is low, "not sad" is neither.
    pub(super) fn mood(&self, pack: &Pack) -> Mood {
        match (pack.groups[self.group].lean, self.negated) {
            (lean, false) => lean,
            (Mood::Bright, true) => Mood::Low,
            (_, true) => Mood::Even,
        }
    }
}

/// A topic of a message.
#[derive(Clone, Copy)]
pub(super) struct Hit {
    /// Its place among the pack's groups.
    pub(super) group: usize,
    /// It is told of somebody else, and the topic has no lines for that.
    pub(super) aside: bool,
}

/// How a message sounds.
#[derive(Clone)]
pub(super) struct Sense {
    pub(super) mood: Mood,
    /// What was good in it, and what was bad: both 0 or more.
    pub(super) good: f32,
    pub(super) bad: f32,
    pub(super) felt: Vec<Felt>,
    /// Heaviest first, each once.
    pub(super) topics: Vec<Hit>,
    /// All of it is told of somebody else.
    pub(super) others: bool,
    /// Which parts are.
    pub(super) told_of_others: Vec<bool>,
}

impl Sense {
    /// The weightiest topic that is the person's own.
    pub(super) fn topic(&self) -> Option<usize> {
        self.topics.first().filter(|hit| !hit.aside).map(|hit| hit.group)
    }

    /// The grave topic of the message, if there is one.
    pub(super) fn grave<'p>(&self, pack: &'p Pack) -> Option<(usize, &'p Group)> {
        let first = self.topics.first()?.group;
        Some((first, &pack.groups[first])).filter(|(_, group)| group.lean == Mood::Grave)
    }
}

/// From the first on a message is bright; below the negative of the second it is low.
const CLEARLY_BRIGHT: f32 = 1.4;
const CLEARLY_LOW: f32 = 0.9;
/// What is told of somebody else colours the message less.
const OTHERS: f32 = 0.5;
/// How much counts what stands against the part before it, and how much that part still does.
const AFTER_BUT: f32 = 1.4;
const BEFORE_BUT: f32 = 0.6;
/// A negated word turns around, and is weaker than its opposite: "not bad" is not "good".
const NEGATED: f32 = -0.6;
const BOOST: f32 = 1.4;
const DAMP: f32 = 0.6;
/// An exclamation mark where nothing is bad.
const LOUD: f32 = 0.75;
/// Something the person did, called out: bright enough to be so after a dark hour.
const WON: f32 = 1.4;
/// A bright topic makes a message bright that is not below this.
const NOT_LOW: f32 = -0.3;
/// From this weight on a dark topic makes a message dark that has nothing bright.
const HEAVY: u8 = 50;
/// How far a negation reaches, in words.
const REACH: usize = 3;

/// Makes sense of a message.
pub(super) fn of(pack: &Pack, text: &Text, people: &[Someone]) -> Sense {
    let others: Vec<bool> =
        (0..text.parts.len()).map(|place| is_others(pack, text, people, place)).collect();
    let felt = text.parts.iter().flat_map(|part| feelings(pack, part)).collect();
    let topics = topics(pack, text, &others);
    let all = others.iter().all(|others| *others);
    let mut sense = Sense {
        mood: Mood::Even,
        good: 0.0,
        bad: 0.0,
        felt,
        topics,
        others: all,
        told_of_others: others,
    };
    let mut sum: f32 = text.signs.iter().map(|sign| f32::from(pack.valence(sign, sign))).sum();
    sense.good += sum.max(0.0);
    sense.bad += (-sum).max(0.0);
    for (at, part) in text.parts.iter().enumerate() {
        let score = score(pack, part) * if sense.told_of_others[at] { OTHERS } else { 1.0 };
        sense.good += score.max(0.0);
        sense.bad += (-score).max(0.0);
        let before = text.parts.get(at + 1).is_some_and(|next| next.turns);
        sum += score
            * match (part.turns, before) {
                (true, _) => AFTER_BUT,
                (_, true) => BEFORE_BUT,
                _ => 1.0,
            };
    }
    if sense.bad < 1.0 {
        // "I wrote two pages!!" is glad without a glad word.
        let won = text.loud > 0 && text.says(pack.set("achieved"));
        let loud = LOUD * f32::from(text.loud.min(2)) + if won { WON } else { 0.0 };
        (sum, sense.good) = (sum + loud, sense.good + loud);
    }
    sense.mood = mood(pack, text, &sense, sum);
    sense
}

fn mood(pack: &Pack, text: &Text, sense: &Sense, sum: f32) -> Mood {
    if sense.grave(pack).is_some() {
        return Mood::Grave;
    }
    let own = |mood| sense.felt.iter().any(|felt| felt.mood(pack) == mood);
    let (bright, low) = (own(Mood::Bright), own(Mood::Low));
    let group = sense.topic().map(|at| &pack.groups[at]);
    let topic = group.map(|group| group.lean);
    let dark = group.is_some_and(|group| group.lean == Mood::Low && group.weight >= HEAVY);
    let against = text.parts.iter().any(|part| part.turns);
    if bright && low || against && sense.good >= 1.5 && sense.bad >= 1.5 {
        return Mood::Mixed;
    }
    match (low, bright) {
        (true, _) => Mood::Low,
        (_, true) if sum > -CLEARLY_LOW => Mood::Bright,
        _ if sum >= CLEARLY_BRIGHT => Mood::Bright,
        _ if sum > NOT_LOW && topic == Some(Mood::Bright) && !against => Mood::Bright,
        _ if sum <= -CLEARLY_LOW || sum <= 0.0 && dark => Mood::Low,
        _ => Mood::Even,
    }
}

/// True for a part about somebody else, in which the person does not come up: "he borrowed a car",
/// but not "he borrowed my car". What others say the person should do is theirs, too.
fn is_others(pack: &Pack, text: &Text, people: &[Someone], place: usize) -> bool {
    let part = &text.parts[place];
    let start = part.lows().iter().position(|low| !pack.is_in("fillers", low)).unwrap_or_default();
    let named = people.iter().find(|someone| someone.part == place && someone.at == start);
    let third = ["she", "he", "they"].iter().any(|set| pack.is_in(set, part.low(start)));
    let len = named.map_or(usize::from(third), |someone| someone.len);
    let line = format!(" {} ", part.lows().join(" "));
    len > 0
        && (pack.set("saysi").any(|phrase| holds(&line, phrase))
            || part.words[start + len..].iter().all(|word| !pack.is_in("me", &word.plain)))
}

/// The valence of a part: its words, turned by negations, raised and lowered by their neighbours.
fn score(pack: &Pack, part: &Part) -> f32 {
    let lows = part.lows();
    let mut sum = 0.0;
    for (at, low) in lows.iter().enumerate() {
        let mut value = f32::from(pack.valence(low, &part.stems[at]));
        let before = &lows[at.saturating_sub(REACH)..at];
        if before.iter().any(|low| pack.is_in("negators", low)) {
            value *= NEGATED;
        }
        match before.last() {
            Some(low) if pack.is_in("boost", low) => value *= BOOST,
            Some(low) if pack.is_in("damp", low) => value *= DAMP,
            _ => {}
        }
        sum += value;
    }
    sum
}

/// The person's own feelings in a part: "I am", "I've been feeling", "it makes me", or nothing at
/// all in front ("so tired").
fn feelings(pack: &Pack, part: &Part) -> Vec<Felt> {
    let mut found: Vec<Felt> = Vec::new();
    let mut at = 0;
    while at < part.words.len() {
        let Some((feeling, len)) = pack.feeling_at(part, at) else {
            at += 1;
            continue;
        };
        let group = pack.feelings + feeling;
        let (start, negated) = lead_in(pack, part, at);
        let clear = len > 1 || !is_unclear(pack, part, start, at);
        if clear
            && is_own(pack, part, [start, at, at + len])
            && found.iter().all(|f| f.group != group)
        {
            let word = if len == 1 { part.low(at).to_owned() } else { String::new() };
            found.push(Felt { group, word, negated });
        }
        at += len;
    }
    found
}

/// "Stuck" is a feeling after "I feel", and many other things elsewhere; "ok" alone is an answer.
fn is_unclear(pack: &Pack, part: &Part, start: usize, at: usize) -> bool {
    let before = start.checked_sub(1).map_or("", |i| part.low(i));
    pack.is_in("needfeel", part.low(at)) && !pack.is_in("feel", before)
        || pack.is_in("notbare", part.low(at)) && !pack.is_in("being", before)
}

/// Where the adverbs before a feeling begin, and whether it is negated.
fn lead_in(pack: &Pack, part: &Part, at: usize) -> (usize, bool) {
    let mut start = at;
    let mut negated = false;
    while start > 0 {
        let low = part.low(start - 1);
        let felt = |at| pack.feeling_at(part, at).is_some();
        let joined = start > 1 && pack.is_in("and", low) && felt(start - 2);
        let adverb = ["adverbs", "boost", "damp"].iter().any(|set| pack.is_in(set, low));
        negated |= pack.is_in("negators", low);
        if !pack.is_in("negators", low) && !adverb && !joined && !felt(start - 1) {
            break;
        }
        start -= 1;
    }
    (start, negated)
}

/// True when the words around a feeling make it the person's.
fn is_own(pack: &Pack, part: &Part, [start, at, end]: [usize; 3]) -> bool {
    let next = part.low(end);
    let closed = next.is_empty()
        || ["afterfeeling", "join", "but", "and"].iter().any(|set| pack.is_in(set, next));
    let Some(before) = start.checked_sub(1).map(|at| part.low(at)) else { return closed };
    let subject = part.lows()[..start].iter().rev().find(|low| pack.is_in("subject", low)).copied();
    let mine = subject.is_none_or(|low| pack.is_in("me", low));
    let opener = start == 1 && pack.is_in("openers", before);
    // Elsewhere than in English the verb shows the person, and the adjective needs no border.
    let am = pack.is_in("am", before) && (closed || pack.code != "en") && mine;
    // "I freak out", "bin ich traurig".
    let phrase = end - at > 1 || start > 1 && pack.is_in("am", part.low(start - 2));
    let me = phrase && pack.is_in("me", before);
    me || closed && (opener || pack.is_in("being", before) && mine)
        || pack.is_in("makesme", before)
        || am
}

/// The topics of a message, heaviest first, those told of others last.
fn topics(pack: &Pack, text: &Text, others: &[bool]) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    for (place, part) in text.parts.iter().enumerate() {
        // Words inside a phrase may bring up something of their own: "my son" in "argued with my
        // son".
        for (group, _) in (0..part.words.len()).filter_map(|at| pack.topic_at(part, at)) {
            let aside = others[place] && !pack.groups[group].others;
            match hits.iter_mut().find(|hit| hit.group == group) {
                Some(known) => known.aside &= aside,
                None => hits.push(Hit { group, aside }),
            }
        }
    }
    let group = |hit: &Hit| &pack.groups[hit.group];
    if text.says(pack.set("harmless")) {
        hits.retain(|hit| group(hit).lean != Mood::Grave || group(hit).name == "despair");
    } else if let Some(grief) = death(pack, text) {
        hits.retain(|hit| hit.group != grief);
        hits.push(Hit { group: grief, aside: false });
    }
    hits.sort_by_key(|hit| (hit.aside, std::cmp::Reverse(group(hit).weight)));
    hits
}

/// A death in the message: a dying word and someone it is said of.
fn death(pack: &Pack, text: &Text) -> Option<usize> {
    let grief = pack.groups.iter().position(|group| group.name == "grief")?;
    let close = |low: &str| pack.kin.contains_key(low);
    let found = text.parts.iter().any(|part| {
        let someone = |at: usize| {
            let word = &part.words[at];
            close(&word.plain)
                || pack.is_in("heshe", &word.plain)
                || word.named && pack.code != "de"
                || is_name(&word.plain)
        };
        (0..part.words.len()).any(|at| {
            let dies = pack.is_in("died", part.low(at)) && (0..part.words.len()).any(someone);
            let lost = pack.is_in("lost", part.low(at)) && pack.is_in("mine", part.low(at + 1));
            dies || lost && (close(part.low(at + 2)) || close(part.low(at + 3)))
        })
    });
    found.then_some(grief)
}
