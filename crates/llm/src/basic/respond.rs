//! From a conversation to the next answer.

use super::{
    lines::{self, Plan, Rhythm, Slots},
    nouns,
    sense::{self, Act, Sense},
    spans::{Spans, hash},
    text::{self, Text},
    tongue,
    words::{
        Theme, Tone,
        acts::{self, ABOUT_ME, WISHES},
        general as say, lexicon,
        themes_heavy::{DESPAIR, GRIEF},
        tongues::Tongue,
    },
};
use crate::{Message, Role};

/// How many of the person's earlier messages are read for what they were about.
const REMEMBERED: usize = 12;
/// For how many messages something grave keeps the tone down.
const SUBDUED: usize = 8;
/// For how many messages "no more questions" holds.
const NO_QUESTIONS: usize = 6;

/// The answer to a conversation. Never empty, at most 600 characters and one question; the same
/// conversation always gets the same answer.
pub(super) fn answer(messages: &[Message]) -> String {
    let talk = Talk::read(messages);
    let Some(now) = talk.said.last() else { return talk.open() };
    if super::is_crisis(now) {
        return say::CRISIS.to_owned();
    }
    let before = talk.said.iter().rev().skip(1).copied();
    let spoken = match tongue::detect(now, before) {
        Some(tongue) => talk.abroad(tongue, now),
        None => Reply::new(&talk, now).choose(),
    };
    spoken.unwrap_or_else(|| talk.compose(now))
}

/// A conversation so far.
struct Talk<'a> {
    /// What the person said, the latest last.
    said: Vec<&'a str>,
    spans: Spans,
    /// What was answered, the latest last.
    answers: Vec<&'a str>,
}

impl<'a> Talk<'a> {
    fn read(messages: &'a [Message]) -> Self {
        let mut talk = Self { said: Vec::new(), spans: Spans::default(), answers: Vec::new() };
        for message in messages {
            match message.role {
                Role::System => talk.spans.instruct(&message.text),
                Role::User => {
                    talk.spans.hear(&message.text);
                    talk.said.push(&message.text);
                }
                Role::Assistant => {
                    talk.spans.say(&message.text);
                    talk.answers.push(&message.text);
                }
            }
        }
        talk
    }

    /// A number that differs from turn to turn and from text to text.
    fn seed(&self) -> u64 {
        let text = self.said.last().map_or(0, |text| hash(text.chars()));
        (text ^ (text >> 29)).wrapping_add(self.said.len() as u64)
    }

    fn rhythm(&self, content: Vec<String>) -> Rhythm {
        let asked = self.answers.iter().rev().take_while(|a| a.contains('?')).count();
        let ask = match asked {
            0 => Some(true),
            1 => Some(self.seed() % 3 != 0),
            _ => Some(false),
        };
        let never_ask = self.said.iter().rev().take(NO_QUESTIONS).any(|text| text::read(text).says(acts::STOP_ASKING));
        let openings = self.answers.iter().rev().take(4).map(|a| lines::opening(a)).collect();
        let said = text::fold(&self.answers.join(" "));
        Rhythm { ask: if never_ask { Some(false) } else { ask }, never_ask, openings, said, content }
    }

    /// Nobody has said anything yet.
    fn open(&self) -> String {
        let mut plan = Plan::complete();
        plan.lead(0, say::OPENING, &Slots::default(), self.answers.len() as u64);
        lines::choose(plan, &self.spans, &self.rhythm(Vec::new())).unwrap_or_else(|| self.compose(""))
    }

    fn abroad(&self, tongue: &'static Tongue, now: &str) -> Option<String> {
        let now_named = tongue::key_word(tongue, now);
        let noun = now_named.as_ref().is_some_and(|(_, noun)| *noun);
        let earlier = || self.said.iter().rev().skip(1).take(3).find_map(|text| tongue::key_word(tongue, text));
        let slots = Slots { word: now_named.or_else(earlier).map(|(word, _)| word), ..Slots::default() };
        let mut plan = Plan::complete();
        for (rank, list) in (0_u8..).zip(tongue::answers(tongue, now, noun)) {
            // The first of the honest lines comes first: it says what this is.
            let turn = if std::ptr::eq(list, tongue.honest) || std::ptr::eq(list, tongue.on_hello) { 0 } else { self.seed() };
            plan.lead(rank, list, &slots, turn);
        }
        lines::choose(plan, &self.spans, &self.rhythm(Vec::new()))
    }

    /// Always something: a new combination of small parts, or, after hundreds of turns, an old one.
    fn compose(&self, now: &str) -> String {
        let word = text::read(now).clauses.iter().flat_map(|c| &c.words).map(|w| w.shown.clone()).find(|word| {
            word.chars().count() <= 14 && word.chars().all(char::is_alphabetic) && !lexicon::is_avoided(&text::fold(word))
        });
        let first = if word.is_some() { say::PART_WORD } else { say::PART_QUIET };
        let slots = Slots { word, ..Slots::default() };
        let parts = [first, say::PART_REMARK, say::PART_CLOSING];
        lines::compose(parts, &slots, &self.spans, self.seed())
            .or_else(|| lines::compose(parts, &slots, &Spans::default(), self.seed()))
            .unwrap_or_else(|| say::REST_EVEN[1].to_owned())
    }
}

/// Something of an earlier message.
struct Old {
    mention: String,
    person: bool,
    grave: bool,
    /// How many messages ago.
    ago: usize,
}

/// The answer to one message in English.
struct Reply<'a> {
    talk: &'a Talk<'a>,
    text: Text,
    sense: Sense,
    olds: Vec<Old>,
    /// Something grave was said in one of the last messages.
    subdued: bool,
    /// The grave subject that was spoken of last, and how many messages ago.
    grave: Option<(&'static Theme, usize)>,
    /// The tone of the message before.
    mood: Tone,
    seed: u64,
    plan: Plan,
    slots: Slots,
}

impl<'a> Reply<'a> {
    fn new(talk: &'a Talk<'a>, now: &str) -> Self {
        let text = text::read(now);
        let sense = sense::of(&text);
        let mut olds: Vec<Old> = Vec::new();
        let mut subdued = false;
        let mut mood = Tone::Even;
        let mut last_grave = None;
        for (ago, earlier) in talk.said.iter().rev().enumerate().skip(1).take(REMEMBERED) {
            let then = sense::of(&text::read(earlier));
            let heavy = then.heavy();
            last_grave = last_grave.or(heavy.map(|hit| (hit.theme, ago)));
            if ago == 1 {
                mood = then.tone;
            }
            subdued |= heavy.is_some() && ago <= SUBDUED || super::is_crisis(earlier);
            if heavy.is_some_and(sense::is_despair) || super::is_crisis(earlier) || tongue::detect(earlier, std::iter::empty()).is_some() {
                continue;
            }
            let grave = heavy.is_some();
            if !matches!(then.act, Act::Telling | Act::Advice | Act::Wonder | Act::WhatIf | Act::Opinion) {
                continue;
            }
            let fresh = mentions(&then).into_iter().filter(|m| is_lasting(m) && olds.iter().all(|old: &Old| old.mention != *m));
            let fresh: Vec<String> = fresh.take(if grave { 1 } else { 2 }).collect();
            let person = |mention: &String| then.people.iter().any(|p| p.mention == *mention);
            olds.extend(fresh.into_iter().map(|mention| Old { person: person(&mention), mention, grave, ago }));
        }
        let seed = talk.seed();
        let mut slots = Slots { word: sense.word.clone(), name: sense.name.clone(), ..Slots::default() };
        slots.it = mentions(&sense).into_iter().next();
        slots.who = sense.people.first().map(|p| p.mention.clone());
        slots.feel = sense.felt.as_ref().map(|felt| felt.text.clone());
        slots.said = sense.said.as_ref().map(|said| said.text.clone());
        Self { talk, text, sense, olds, subdued, grave: last_grave, mood, seed, plan: Plan::default(), slots }
    }

    fn choose(mut self) -> Option<String> {
        match self.sense.act {
            Act::Telling => self.telling(),
            act if act.is_brief() => self.brief(act),
            Act::Fact => self.fact(),
            Act::Advice => self.advice(acts::ADVICE_IT, acts::ADVICE_PLAIN),
            Act::Wonder if self.text.says(&["why"]) => self.advice(acts::WONDER_WHY, acts::WONDER),
            Act::Wonder => self.advice(acts::WONDER, acts::ADVICE_PLAIN),
            Act::Opinion => self.advice(acts::OPINION, acts::WONDER),
            Act::WhatIf => self.advice(acts::WHAT_IF, acts::WONDER),
            act => self.social(act),
        }
        let content = content(&self.text);
        let rhythm = self.talk.rhythm(content);
        let Self { plan, talk, .. } = &mut self;
        lines::choose(std::mem::take(plan), &talk.spans, &rhythm).or_else(|| self.leftover(&rhythm))
    }

    /// When the fitting lists are used up: anything that picks something up.
    fn leftover(&mut self, rhythm: &Rhythm) -> Option<String> {
        if self.sense.tone == Tone::Heavy || self.subdued && self.sense.act.is_brief() {
            self.plan.complete = true;
            self.lead(0, say::STAY);
            self.lead(1, say::REST_LOW);
        } else {
            self.plan.must_pick = true;
            self.general(0);
            self.slots.old = self.olds.get(self.pick(self.olds.len())).map(|old| old.mention.clone());
            self.lead(5, say::REMEMBER);
            if let Some(answer) = lines::choose(std::mem::take(&mut self.plan), &self.talk.spans, rhythm) {
                return Some(answer);
            }
            self.lead(0, say::NOTHING_TO_HOLD);
            let (questions, rest) = (self.questions(), self.rest());
            self.follow(0, questions);
            self.follow(0, rest);
        }
        lines::choose(std::mem::take(&mut self.plan), &self.talk.spans, rhythm)
    }

    fn lead(&mut self, rank: u8, list: &[&str]) {
        self.plan.lead(rank, list, &self.slots, self.seed);
    }

    fn follow(&mut self, rank: u8, list: &[&str]) {
        self.plan.follow(rank, list, &self.slots, self.seed);
    }

    fn pick(&self, len: usize) -> usize {
        usize::try_from(self.seed % len.max(1) as u64).unwrap_or_default()
    }

    /// The tone of the message. One dark word right after something bright ("my dad cried") does
    /// not turn it.
    fn tone(&self) -> Tone {
        match (self.sense.tone, self.mood) {
            (Tone::Low, Tone::Bright) if self.sense.felt.is_none() => Tone::Even,
            (tone, _) => tone,
        }
    }

    /// The tone of the talk: that of the message, or of the one before when it has none of its own.
    fn air(&self) -> Tone {
        match (self.tone(), self.mood) {
            (Tone::Even, Tone::Low | Tone::Bright) if self.sense.felt.is_none() && !self.subdued => self.mood,
            (tone, _) => tone,
        }
    }

    fn rest(&self) -> &'static [&'static str] {
        match self.air() {
            Tone::Even if self.subdued => say::REST_LOW,
            Tone::Heavy | Tone::Low => say::REST_LOW,
            Tone::Even => say::REST_EVEN,
            Tone::Bright => say::REST_BRIGHT,
        }
    }

    fn questions(&self) -> &'static [&'static str] {
        match self.air() {
            Tone::Heavy | Tone::Low => say::ASK_LOW,
            Tone::Even => say::ASK_EVEN,
            Tone::Bright => say::ASK_BRIGHT,
        }
    }

    /// Something is told: feelings, themes, people, things, in this order of worth.
    fn telling(&mut self) {
        self.plan.must_pick = true;
        if self.sense.tone == Tone::Heavy {
            self.grave();
            return;
        }
        self.repeated();
        let tone = self.tone();
        if let Some(felt) = &self.sense.felt {
            let (says, asks, own) = (felt.feeling.says, felt.feeling.asks, felt.tone() == felt.feeling.tone);
            match (own, felt.tone()) {
                (true, _) => {
                    self.lead(1, says);
                    if !self.subdued {
                        self.follow(3, asks);
                    }
                }
                (false, Tone::Even) => self.lead(1, say::NO_LONGER),
                (false, _) => self.lead(1, words_of_sadness()),
            }
        }
        self.said();
        let hits: Vec<_> = self.sense.themes.iter().take(2).map(|hit| (hit.theme, self.best_name(&hit.mention))).collect();
        for (rank, (theme, mention)) in (0_u8..).zip(hits) {
            // A person who is only named is no subject yet.
            let only_named = CLOSE.contains(&theme.name) && self.sense.people.iter().any(|p| p.mention == mention);
            let wished = self.sense.things.first().is_some_and(|doing| is_wish(doing));
            let second = rank > 0;
            let rank = rank + if only_named { 3 } else if wished { 2 } else { 0 };
            let quiet = self.subdued || self.air() == Tone::Low && tone == Tone::Even;
            let dim = if quiet { 2 } else { 0 };
            let whole = std::mem::replace(&mut self.slots.it, Some(mention));
            let (own, asks): (&[&str], &[&str]) = match tone {
                _ if self.subdued => (&[], &[]),
                Tone::Heavy | Tone::Low => (theme.low, theme.ask_low),
                Tone::Bright => (theme.bright, theme.ask_bright),
                Tone::Even => (&[], &[]),
            };
            self.lead(1 + rank, own);
            self.lead(3 + rank + dim, theme.even);
            if !second && !only_named && !quiet {
                self.follow(1 + rank, asks);
                self.follow(2 + rank, theme.ask);
            }
            self.slots.it = whole;
        }
        self.remember();
        self.general(4);
    }

    /// "passing your driving test" rather than "passing", when that is what was said.
    fn best_name(&self, mention: &str) -> String {
        let key = mention.split(' ').next_back().unwrap_or(mention);
        let fits = |doing: &&String| !is_wish(doing) && !doing.starts_with("your ") && !mention.starts_with("your ") && doing.split(' ').any(|w| w == key);
        let longer = self.sense.things.first().filter(fits);
        longer.map_or(mention, String::as_str).to_owned()
    }

    /// A short statement is said back as it is, or as what it feels like.
    fn said(&mut self) {
        let Some(said) = &self.sense.said else { return };
        // Said back again and again, even good words grow stale.
        let rank = if self.sense.felt.is_some() || self.seed % 3 == 0 { 5 } else { 2 };
        if said.sweeping {
            if said.full {
                self.lead(rank, say::SAID_ALWAYS);
            }
            return;
        }
        let full = said.full;
        // Sorry and glad only by its own tone: "you made tea, I'm sorry" would be absurd.
        match (self.tone(), self.air()) {
            (Tone::Low, _) => self.lead(rank, say::SAID_LOW),
            (Tone::Bright, _) => self.lead(rank, say::SAID_BRIGHT),
            (_, Tone::Low) => self.lead(rank, say::SAID_SLOWLY),
            _ if self.subdued => self.lead(rank, say::SAID_SLOWLY),
            _ => {}
        }
        if full {
            self.lead(rank + 1, say::SAID_FULL);
        }
        self.lead(rank + 1, say::SAID);
    }

    /// The person sent the same words before.
    fn repeated(&mut self) {
        let now = self.text.line.as_str();
        let earlier = self.talk.said.iter().rev().skip(1);
        if self.text.count > 1 && earlier.take(REMEMBERED).any(|text| text::read(text).line == now) {
            self.lead(0, say::AGAIN);
        }
    }

    /// Death, violence, illness, despair.
    fn grave(&mut self) {
        let Some((theme, mention)) = self.sense.heavy().map(|hit| (hit.theme, hit.mention.clone())) else { return };
        let own_illness = theme.name != GRIEF && self.text.says(&["i have", "i am", "i was", "i got", "my cancer", "my surgery", "my operation"]);
        if own_illness {
            self.slots.who = None;
        }
        self.slots.it = Some(mention);
        self.plan.must_pick = false;
        // Despair gets its lines in order: the first are the most careful.
        let turn = if theme.name == DESPAIR { 0 } else { self.seed };
        self.plan.lead(0, theme.low, &self.slots, turn);
        self.plan.follow(0, theme.ask_low, &self.slots, turn);
        self.follow(1, say::REST_LOW);
    }

    /// Now and then a link to something of an earlier message.
    fn remember(&mut self) {
        let due = self.talk.said.len() > 3 && (self.talk.said.len() as u64 + self.seed % 2) % 3 == 0;
        if !due || !self.sense.themes.is_empty() || !(4..25).contains(&self.text.count) {
            return;
        }
        let current = mentions(&self.sense);
        let dark = matches!(self.tone(), Tone::Low | Tone::Even);
        let old = self.olds.iter().find(|old| old.ago > 1 && !current.contains(&old.mention) && (!old.grave || dark));
        let Some((mention, grave)) = old.map(|old| (old.mention.clone(), old.grave)) else { return };
        self.slots.old = Some(mention);
        self.follow(0, if grave { say::REMEMBER_GENTLY } else { say::REMEMBER });
    }

    /// Lines that fit any subject.
    fn general(&mut self, rank: u8) {
        let (it, who): (&[&str], &[&str]) = match self.tone() {
            Tone::Even | Tone::Low if self.subdued => (say::IT_SUBDUED, &[]),
            Tone::Heavy | Tone::Low => (say::IT_LOW, say::WHO_LOW),
            Tone::Bright => (say::IT_BRIGHT, say::WHO_BRIGHT),
            Tone::Even => (say::IT_EVEN, say::WHO_EVEN),
        };
        let it = match &self.slots.it {
            Some(it) if it.starts_with("not wanting") => say::IT_UNWILLING,
            Some(it) if it.starts_with("not ") => say::IT_UNABLE,
            _ => it,
        };
        self.lead(rank, who);
        self.lead(rank, it);
        let held = self.slots.it.is_some() || self.slots.who.is_some() || self.slots.said.is_some() || self.slots.feel.is_some();
        if !held {
            self.lead(rank + 2, say::WORD);
        }
        if self.sense.felt.is_none() && !self.subdued && self.air() != Tone::Low {
            self.follow(rank, say::WHO_ASK);
        }
        let (questions, rest) = (self.questions(), self.rest());
        match self.grave {
            Some((theme, ago)) if self.subdued => {
                // The dead may be asked about for long; other questions belong to the moment.
                if theme.name == GRIEF || ago < 3 {
                    self.follow(rank, theme.ask_low);
                }
                self.follow(rank + 1, say::ASK_QUIET);
            }
            _ => self.follow(rank + 1, questions),
        }
        self.follow(rank + 1, rest);
    }

    /// "Ok", "yes", "I don't know": with something of before, if there is anything.
    fn brief(&mut self, act: Act) {
        self.plan.complete = true;
        // What was spoken of last comes first, but not what was named just now.
        let recent: Vec<_> = self.olds.iter().filter(|old| old.ago <= 6 && (old.grave || !old.person)).collect();
        let last = text::fold(&self.talk.answers.iter().rev().take(2).copied().collect::<Vec<_>>().join(" "));
        let unnamed = recent.iter().find(|old| !last.contains(&text::fold(&old.mention)));
        let old = unnamed.or(recent.first()).map(|old| (old.mention.clone(), old.grave));
        let grave = old.as_ref().is_some_and(|(_, grave)| *grave);
        self.slots.old = old.map(|(mention, _)| mention);
        if self.subdued || grave {
            if grave {
                self.lead(0, say::REMEMBER_GENTLY);
            }
            self.lead(1, say::STAY);
            if self.subdued {
                return;
            }
        }
        let (with_old, plain): (&[&str], &[&str]) = match act {
            Act::Yes => (acts::YES_OLD, acts::YES_PLAIN),
            Act::No => (acts::NO_OLD, acts::NO_PLAIN),
            Act::Okay => (acts::OKAY_OLD, acts::OKAY_PLAIN),
            Act::DontKnow => (acts::DONT_KNOW_OLD, acts::DONT_KNOW_PLAIN),
            Act::Maybe => (acts::ANSWER_MAYBE_OLD, acts::ANSWER_MAYBE),
            Act::Why => (acts::ANSWER_WHY_OLD, acts::ANSWER_WHY),
            Act::Nothing => (&[], acts::ANSWER_NOTHING),
            _ => (&[], acts::ANSWER_SILENCE),
        };
        let turn = u8::from(self.talk.said.len() % 3 == 0);
        if !grave {
            self.lead(2 + turn, with_old);
        }
        self.lead(3 - turn, plain);
        let idle: &[&str] = match act {
            Act::Yes => acts::YES_IDLE,
            Act::No => acts::NO_IDLE,
            Act::Okay => acts::OKAY_IDLE,
            _ => &[],
        };
        self.lead(if self.slots.old.is_none() { 3 - turn } else { 4 }, idle);
        if act == Act::No && self.text.says(acts::REFUSING) {
            self.lead(0, acts::ANSWER_REFUSING);
        }
        self.lead(5, say::REMEMBER);
    }

    /// A question about the world: honest, and only now and then with the hint at a larger model.
    fn fact(&mut self) {
        self.plan.complete = true;
        let word = self.slots.word.clone().filter(|word| !lexicon::is_adjective(word));
        self.slots.it = self.sense.things.first().cloned().or(word);
        let pointed = self.talk.answers.iter().rev().take(4).any(|a| a.contains("model") || a.contains("built-in"));
        self.lead(if pointed { 6 } else { 0 }, acts::FACT_POINTER);
        self.lead(1, acts::FACT_IT);
        let rank = if self.slots.it.is_some() { 3 } else { 1 };
        self.lead(if pointed { 6 } else { rank }, acts::FACT_POINTER_PLAIN);
        self.lead(rank + 1, acts::FACT_PLAIN);
        self.plan.must_pick = self.slots.it.is_some();
    }

    /// A question about the person's own life.
    fn advice(&mut self, first: &[&str], second: &[&str]) {
        self.plan.complete = true;
        self.repeated();
        let things = self.sense.things.iter().chain(self.slots.who.iter()).find(|m| !m.starts_with("not ")).cloned();
        self.slots.it = things.or_else(|| self.slots.word.clone().filter(|word| nouns::is_nounlike(word)));
        if let Some(hit) = self.sense.themes.first().filter(|hit| hit.theme.name == "self-blame") {
            let (theme, mention) = (hit.theme, hit.mention.clone());
            self.slots.it = Some(mention);
            self.lead(0, theme.low);
            self.follow(0, theme.ask_low);
        }
        self.plan.must_pick = self.sense.act == Act::Advice && self.slots.it.is_some();
        self.lead(1, first);
        self.lead(if self.slots.it.is_some() { 2 } else { 1 }, second);
        self.follow(3, say::REST_EVEN);
    }

    /// Between the person and the responder.
    fn social(&mut self, act: Act) {
        self.plan.complete = true;
        let list: &[&str] = match act {
            Act::Hello => {
                self.greet();
                return;
            }
            Act::Introduced => acts::INTRODUCED,
            Act::HowAreYou => acts::ANSWER_HOW_ARE_YOU,
            Act::Thanks if self.grave.is_some() => acts::THANKS_QUIETLY,
            Act::Thanks => acts::ANSWER_THANKS,
            Act::Bye if self.grave.is_some() => acts::BYE_QUIETLY,
            Act::Bye if self.text.says(&["good night", "goodnight", "bed", "sleep"]) => acts::ANSWER_NIGHT,
            Act::Bye => acts::ANSWER_BYE,
            Act::About(at) => ABOUT_ME[at].says,
            Act::Hostile => acts::ANSWER_HOSTILE,
            Act::Correction => acts::ANSWER_CORRECTION,
            Act::StopAsking => acts::ANSWER_STOP_ASKING,
            Act::Laugh => acts::ANSWER_LAUGH,
            Act::Sorry => acts::ANSWER_SORRY,
            Act::Sigh => acts::ANSWER_SIGH,
            Act::Praise => acts::ANSWER_PRAISE,
            Act::Bored => acts::ANSWER_BORED,
            Act::Number => acts::ANSWER_NUMBER,
            Act::Unreadable => acts::ANSWER_UNREADABLE,
            Act::Wish(at) => WISHES[at].says,
            _ => &[],
        };
        // These are in order: the first says the most.
        let ordered = matches!(act, Act::About(_) | Act::Wish(_) | Act::StopAsking);
        self.plan.ordered = ordered;
        self.plan.lead(0, list, &self.slots, if ordered { 0 } else { self.seed });
        match act {
            Act::Bye => self.lead(1, acts::ANSWER_BYE),
            Act::About(_) => self.lead(1, ABOUT_ME[0].says),
            Act::Wish(_) => self.lead(1, acts::FACT_POINTER),
            Act::Introduced => self.lead(1, acts::GREET),
            _ => {}
        }
    }

    fn greet(&mut self) {
        if self.talk.answers.is_empty() {
            let list = if self.text.says(&["good morning", "morning"]) {
                acts::GREET_MORNING
            } else if self.text.says(&["good evening", "evening"]) {
                acts::GREET_EVENING
            } else {
                acts::GREET
            };
            self.lead(0, list);
            self.lead(1, acts::GREET);
        } else {
            self.lead(0, acts::GREET_AGAIN);
            self.lead(1, acts::GREET);
        }
    }
}

/// Themes that are brought up by naming a person.
const CLOSE: &[&str] = &["love", "family", "friends", "people at work"];

/// "wanting to drive to the sea" is about the wish rather than the sea.
fn is_wish(doing: &str) -> bool {
    ["wanting", "having", "needing", "hoping", "not ", "going to", "trying", "planning", "wishing"].iter().any(|w| doing.starts_with(w))
}

/// Lines for a bright feeling turned around: "not happy".
fn words_of_sadness() -> &'static [&'static str] {
    super::words::feelings::FEELINGS.first().map_or(&[], |sad| sad.says)
}

/// What a message can be named by, best first.
fn mentions(sense: &Sense) -> Vec<String> {
    let person = sense.people.first().map(|p| p.mention.clone());
    let themes = sense.themes.iter().map(|hit| hit.mention.clone());
    let mut all: Vec<String> = Vec::new();
    if sense.tone == Tone::Heavy {
        all.extend(person.clone());
    }
    all.extend(sense.things.iter().take(1).cloned());
    all.extend(themes);
    all.extend(sense.things.iter().skip(1).cloned());
    all.extend(person);
    all.retain(|mention| is_telling(mention));
    all.dedup();
    all
}

/// True for what says something by itself: "the exam", not "your life".
fn is_telling(mention: &str) -> bool {
    mention.split(' ').next_back().is_some_and(|head| !lexicon::VAGUE.contains(&head))
}

/// True for what still says something some messages later.
fn is_lasting(mention: &str) -> bool {
    !mention.starts_with("not ") && !mention.starts_with("how ") && !mention.ends_with(" him") && !mention.ends_with(" her")
}

/// The words of a message that are worth naming.
fn content(text: &Text) -> Vec<String> {
    let words = text.clauses.iter().flat_map(|c| &c.words).map(|w| w.plain.clone());
    words.filter(|w| w.chars().count() > 2 && !lexicon::is_stop(w)).collect()
}
