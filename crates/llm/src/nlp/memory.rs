//! What the turns of a conversation leave behind: who was spoken of and what was said of them, the
//! things that can be picked up again. Read anew from the messages for every answer; nothing is kept.

use super::{
    intent::Intent,
    names::{Names, Someone},
    pack::{Gender, Mood, Pack},
    said,
    sense::Sense,
    text::{Part, Text},
};
use crate::basic::{
    mirror::exchange,
    said::trimmed,
    text::{Word, fold},
};

/// The most words between an article and "called".
const MOST_DESCRIBING: usize = 4;

/// One message of the person, as it was understood.
pub(super) struct Reading {
    pub(super) text: Text,
    pub(super) intent: Intent,
    pub(super) sense: Sense,
    pub(super) names: Names,
    /// It held the words that call for the fixed sentence, or was in another language: nothing of it
    /// is ever brought up again.
    pub(super) closed: bool,
}

/// Somebody the person spoke of.
pub(super) struct Person {
    pub(super) name: Option<String>,
    pub(super) kin: Option<String>,
    /// "your sister".
    pub(super) owned: Option<String>,
    pub(super) gender: Gender,
    /// The turn they came up in first, and in how many they did.
    pub(super) first: usize,
    pub(super) turns: usize,
    last: usize,
}

impl Person {
    /// How they are named in an answer.
    pub(super) fn mention(&self) -> String {
        self.name.clone().or_else(|| self.owned.clone()).unwrap_or_default()
    }

    fn is(&self, someone: &Someone) -> bool {
        match (&self.name, &someone.name) {
            (Some(a), Some(b)) => fold(a) == fold(b),
            _ => self.kin.is_some() && self.kin == someone.kin,
        }
    }
}

/// Something that can be picked up again.
#[derive(Clone)]
pub(super) struct Old {
    pub(super) mention: String,
    pub(super) turn: usize,
    /// It is somebody something grave was told of.
    pub(super) grave: bool,
    pub(super) topic: Option<usize>,
    /// When it is going to be.
    pub(super) ahead: Option<String>,
}

/// What was said of somebody or something, said back.
pub(super) struct Fact {
    pub(super) text: String,
    pub(super) turn: usize,
}

/// All of it.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) people: Vec<Person>,
    pub(super) name: Option<String>,
    /// The latest last.
    pub(super) olds: Vec<Old>,
    /// For each turn and part, whom it is about.
    focus: Vec<Vec<Option<usize>>>,
    /// Topics the person closed: "I don't want to talk about it".
    pub(super) closed: Vec<usize>,
}

impl Memory {
    /// True for a name that came up before.
    pub(super) fn knows(&self, low: &str) -> bool {
        self.people.iter().any(|p| p.name.as_ref().is_some_and(|name| fold(name) == low))
    }

    /// Takes in whom a message names, and says which turn it is, from 0.
    pub(super) fn meet(&mut self, pack: &Pack, text: &Text, people: &[Someone]) -> usize {
        let turn = self.focus.len();
        for someone in people {
            let at = self.person(someone, turn);
            let person = &mut self.people[at];
            if person.last != turn || person.turns == 0 {
                person.turns += 1;
            }
            person.last = turn;
            if person.gender == Gender::One && is_called(&text.parts[someone.part], someone) {
                person.gender = gender_of(&text.parts[someone.part]);
            }
        }
        for pair in people.windows(2) {
            if is_same(pack, text, &pair[0], &pair[1]) {
                self.join(&pair[0], &pair[1]);
            }
        }
        let focus = self.follow(pack, text, people);
        self.focus.push(focus);
        turn
    }

    fn person(&mut self, someone: &Someone, turn: usize) -> usize {
        if let Some(at) = self.people.iter().position(|person| person.is(someone)) {
            let person = &mut self.people[at];
            person.name = person.name.take().or_else(|| someone.name.clone());
            person.kin = person.kin.take().or_else(|| someone.kin.clone());
            person.owned = person.owned.take().or_else(|| someone.owned.clone());
            if person.gender == Gender::One {
                person.gender = someone.gender;
            }
            return at;
        }
        let Someone { name, kin, owned, gender, .. } = someone.clone();
        self.people.push(Person { name, kin, owned, gender, first: turn, turns: 0, last: turn });
        self.people.len() - 1
    }

    /// The one with the name and the one of the kin are the same: the kin's entry stays.
    fn join(&mut self, a: &Someone, b: &Someone) {
        let (named, kin) = if a.name.is_some() { (a, b) } else { (b, a) };
        let at = |someone: &Someone| self.people.iter().position(|person| person.is(someone));
        let (Some(named), Some(kin)) = (at(named), at(kin)) else { return };
        if named == kin || self.people[kin].name.is_some() {
            return;
        }
        let gone = self.people.remove(named);
        let moved = |at: usize| at - usize::from(at > named);
        for focus in self.focus.iter_mut().flatten().flatten() {
            *focus = moved(if *focus == named { kin } else { *focus });
        }
        let person = &mut self.people[moved(kin)];
        person.name = gone.name;
        if person.gender == Gender::One {
            person.gender = gone.gender;
        }
        person.first = person.first.min(gone.first);
    }

    /// Whom each part of a message is about: the one it names, or the one its "she" means.
    fn follow(&mut self, pack: &Pack, text: &Text, people: &[Someone]) -> Vec<Option<usize>> {
        let parts = self.focus.iter().rev().take(3);
        let mut last = parts.flat_map(|parts| parts.iter().rev()).find_map(|who| *who);
        let mut focus = Vec::with_capacity(text.parts.len());
        for (place, part) in text.parts.iter().enumerate() {
            let pronoun = part.lows().iter().find_map(|low| pronoun(pack, low));
            let here = people.iter().find(|someone| someone.part == place);
            let found = match here {
                Some(someone) => self.people.iter().position(|person| person.is(someone)),
                None => pronoun.and_then(|gender| self.meant(gender, last)),
            };
            if let (Some(at), Some(gender)) = (found, pronoun)
                && self.people[at].gender == Gender::One
                && gender != Gender::Many
            {
                self.people[at].gender = gender;
            }
            last = found.or(last);
            focus.push(found);
        }
        focus
    }

    /// Whom a pronoun means: the one spoken of last that fits it.
    fn meant(&self, gender: Gender, last: Option<usize>) -> Option<usize> {
        let fits = |at: &usize| {
            let has = self.people[*at].gender;
            has == gender || has == Gender::One && gender != Gender::Many
        };
        let latest = || (0..self.people.len()).filter(fits).max_by_key(|at| self.people[*at].last);
        last.filter(fits).or_else(latest)
    }

    /// The one a message is about.
    pub(super) fn about(&self, turn: usize) -> Option<&Person> {
        let parts = self.focus.get(turn)?;
        parts.iter().rev().find_map(|who| *who).map(|at| &self.people[at])
    }

    /// True when a part is about this person.
    pub(super) fn is_about(&self, [turn, part]: [usize; 2], who: &Person) -> bool {
        let at = self.focus.get(turn).and_then(|parts| parts.get(part).copied().flatten());
        at.is_some_and(|at| std::ptr::eq(&raw const self.people[at], who))
    }

    /// What was said of a person, the oldest first.
    pub(super) fn facts_of(&self, pack: &Pack, readings: &[Reading], who: &Person) -> Vec<Fact> {
        facts(readings, |turn, place, part| {
            let someone = readings[turn].names.people.iter().find(|s| s.part == place && who.is(s));
            if !self.is_about([turn, place], who) {
                return None;
            }
            let next = readings[turn].text.parts.get(place + 1);
            let described =
                someone.and_then(|someone| described(pack, who, [Some(part), next], someone));
            described.or_else(|| told_of(pack, who, part, someone))
        })
    }

    /// What was said of something: statements that hold one of its stems.
    pub(super) fn facts_with(pack: &Pack, readings: &[Reading], stems: &[String]) -> Vec<Fact> {
        facts(readings, |_, _, part| {
            let holds = part.stems.iter().any(|stem| stems.contains(stem));
            holds.then(|| said::statement(pack, part)).flatten()
        })
    }

    /// Keeps what can be picked up again of a message.
    pub(super) fn keep(&mut self, pack: &Pack, reading: &Reading, turn: usize) {
        let sense = &reading.sense;
        let grave = sense.grave(pack).map(|(_, group)| group);
        if !reading.intent.tells() || reading.closed || grave.is_some_and(|g| g.name == "despair") {
            return;
        }
        let topic = sense.topics.first().map(|hit| hit.group);
        if sense.mood == Mood::Bright {
            // What was ahead has come out well: no more good wishes for it.
            let success = sense.topics.iter().any(|hit| pack.groups[hit.group].name == "success");
            for old in &mut self.olds {
                if success || old.topic.is_some() && old.topic == topic {
                    old.ahead = None;
                }
            }
        }
        if grave.is_some() {
            // With something grave it is the person that stays, not the garden they lie in.
            let mention = self.about(turn).map(Person::mention);
            let old = |mention| Old { mention, turn, grave: true, topic, ahead: None };
            self.olds.extend(mention.map(old));
            return;
        }
        let ahead = reading.names.times.iter().find(|when| when.ahead).map(|w| w.text.clone());
        for (place, mention) in reading.names.things.iter().take(2).enumerate() {
            let ahead = ahead.clone().filter(|_| place == 0);
            if mention.starts_with("your ") || ahead.is_some() {
                let mention = mention.clone();
                self.olds.push(Old { mention, turn, grave: false, topic, ahead });
            }
        }
    }
}

/// Statements of all turns but the closed, each once.
fn facts(readings: &[Reading], told: impl Fn(usize, usize, &Part) -> Option<String>) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    for (turn, reading) in readings.iter().enumerate().filter(|(_, r)| !r.closed) {
        let parts = reading.text.parts.iter().enumerate();
        for text in parts.filter_map(|(place, part)| told(turn, place, part)) {
            if !said::is_sweeping(&text) && facts.iter().all(|fact| fact.text != text) {
                facts.push(Fact { text, turn });
            }
        }
    }
    facts
}

/// A statement with the person in it as "she" or "he" instead of the name.
fn told_of(pack: &Pack, who: &Person, part: &Part, someone: Option<&Someone>) -> Option<String> {
    if part.asks {
        return None;
    }
    let mut words = part.words.clone();
    if let Some(someone) = someone {
        let lead = trimmed(&words).first().map(|word| word.plain.clone());
        let subject = lead.is_some_and(|low| low == words[someone.at].plain);
        let stands_for = stands_for(who, subject);
        // "Your sister" is turned already, and would be turned no more.
        let word = |text: &str| Word {
            plain: if text == "your" { "my".to_owned() } else { text.to_owned() },
            shown: text.to_owned(),
            named: false,
            leading: false,
        };
        let new: Vec<Word> = stands_for.split(' ').map(word).collect();
        words.splice(someone.at..someone.at + someone.len, new);
    }
    let words = trimmed(&words);
    let lows: Vec<&str> = words.iter().map(|word| word.plain.as_str()).collect();
    // "She is my sister" and "her name is Ana" are told apart.
    let known =
        matches!(lows[..], [_, "is" | "was", "my" | "our", _] | [_, _]) || lows.contains(&"name");
    if known { None } else { said::of_words(pack, words) }
}

/// The pronoun of a person, or their name while no pronoun is known.
fn stands_for(who: &Person, subject: bool) -> String {
    let pronoun = match (who.gender, subject) {
        (Gender::She, true) => "she",
        (Gender::She, false) => "her",
        (Gender::He, true) => "he",
        (Gender::He, false) => "him",
        (Gender::Many, true) => "they",
        (Gender::Many, false) => "them",
        (Gender::One, _) => return who.mention(),
    };
    pronoun.to_owned()
}

/// What somebody is called besides their name: "an old man called Viktor", "Viktor, an old man".
fn described(
    pack: &Pack,
    who: &Person,
    [part, next]: [Option<&Part>; 2],
    someone: &Someone,
) -> Option<String> {
    let part = part.filter(|part| !part.asks)?;
    let article = |low: &str| matches!(low, "a" | "an" | "the");
    let words = if is_called(part, someone) {
        let end = someone.at - 1;
        let start = (end.saturating_sub(MOST_DESCRIBING + 1)..end)
            .rev()
            .find(|at| article(part.low(*at)))?;
        &part.words[start..end]
    } else {
        let next =
            next.filter(|next| !next.asks && someone.at + someone.len == part.words.len())?;
        let speaks = |low: &&str| pack.is_in("verbs", low) || pack.is_in("subject", low);
        let plain = matches!(next.low(0), "a" | "an") && next.words.len() <= MOST_DESCRIBING + 1;
        if !plain || next.lows()[1..].iter().any(speaks) {
            return None;
        }
        &next.words[..]
    };
    if words.len() < 2 {
        return None;
    }
    Some(format!("{} is {}", stands_for(who, true), exchange(words)?))
}

/// What "an old man called" says of somebody.
fn gender_of(part: &Part) -> Gender {
    let has = |words: &[&str]| part.lows().iter().any(|low| words.contains(low));
    match (has(&["man", "boy", "guy"]), has(&["woman", "girl", "lady"])) {
        (true, false) => Gender::He,
        (false, true) => Gender::She,
        _ => Gender::One,
    }
}

/// True for the name in "a man called Viktor".
fn is_called(part: &Part, someone: &Someone) -> bool {
    let before = someone.at.checked_sub(1).map_or("", |at| part.low(at));
    someone.name.is_some() && someone.kin.is_none() && matches!(before, "called" | "named")
}

/// What a pronoun says of its person.
fn pronoun(pack: &Pack, low: &str) -> Option<Gender> {
    let sets = [("she", Gender::She), ("he", Gender::He), ("they", Gender::Many)];
    sets.into_iter().find(|(set, _)| pack.is_in(set, low)).map(|(_, gender)| gender)
}

/// "Ana is my sister", "my sister is called Ana", "my sister, Ana,".
fn is_same(pack: &Pack, text: &Text, a: &Someone, b: &Someone) -> bool {
    let end = a.at + a.len;
    // "My neighbour gave me plants, an old man called Viktor."
    let called = b.part == a.part + 1
        && is_called(&text.parts[b.part], b)
        && matches!(text.parts[b.part].low(0), "a" | "an" | "the")
        && b.at + b.len == text.parts[b.part].words.len();
    let beside = if a.part == b.part {
        let between = text.parts[a.part].words.get(end..b.at).unwrap_or_default();
        (1..=3).contains(&between.len())
            && between.iter().all(|word| pack.is_in("linking", &word.plain))
    } else {
        b.part == a.part + 1
            && b.len == text.parts[b.part].words.len()
            && end == text.parts[a.part].words.len()
    };
    (called || beside) && a.name.is_none() != b.name.is_none()
}
