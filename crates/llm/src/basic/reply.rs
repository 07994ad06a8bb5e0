//! The answer to one message in English: what is told is picked up here, in the order of its worth;
//! what is done with few words (greeting, thanking, agreeing) is answered in `manners`.

use super::{
    act::Act,
    lines::{self, Plan, Rhythm, Slots},
    sense::{self, Sense},
    talk::Talk,
    text::Text,
    tongue,
    voice::Occasion,
    words::{
        Theme, Tone, acts, feelings, general as say, lexicon,
        themes_heavy::{DESPAIR, GRIEF},
    },
};

/// For how many messages something grave keeps the tone down.
const SUBDUED: usize = 8;

/// Something of an earlier message.
pub(super) struct Old {
    pub(super) mention: String,
    /// It is somebody.
    pub(super) person: bool,
    /// It was said with something grave.
    pub(super) grave: bool,
    /// How many messages ago.
    pub(super) ago: usize,
}

/// What the earlier messages leave behind.
pub(super) struct Past {
    /// What they named, the latest first.
    pub(super) olds: Vec<Old>,
    /// Something grave was said in one of the last messages.
    pub(super) subdued: bool,
    /// The grave subject that was spoken of last, and how many messages ago.
    pub(super) grave: Option<(&'static Theme, usize)>,
    /// The tone of the message before.
    pub(super) mood: Tone,
}

impl Past {
    fn of(talk: &Talk<'_>) -> Self {
        let mut past = Self { olds: Vec::new(), subdued: false, grave: None, mood: Tone::Even };
        let earlier = talk.said.iter().rev().zip(&talk.recent).enumerate().skip(1);
        for (ago, (raw, text)) in earlier {
            if super::is_crisis(raw) {
                past.subdued = true;
                continue;
            }
            if tongue::detect(raw, std::iter::empty(), None).is_some() {
                continue;
            }
            let then = sense::of(text);
            if ago == 1 && then.act == Act::Telling {
                past.mood = then.tone;
            }
            if let Some(hit) = then.heavy() {
                past.grave = past.grave.or(Some((hit.theme, ago)));
                past.subdued |= ago <= SUBDUED;
            }
            past.keep(&then, ago);
        }
        past
    }

    /// Keeps what a message named, but for despair: that is never brought up again.
    fn keep(&mut self, then: &Sense, ago: usize) {
        let tells = matches!(
            then.act,
            Act::Telling | Act::Advice | Act::Wonder | Act::WhatIf | Act::Opinion
        );
        if !tells || then.heavy().is_some_and(sense::is_despair) {
            return;
        }
        // With something grave it is the person that stays, not the garden they were buried in.
        if then.heavy().is_some() {
            let person = then.people.first().map(|p| p.mention.clone());
            let fresh =
                person.filter(|mention| self.olds.iter().all(|old| old.mention != *mention));
            self.olds.extend(fresh.map(|mention| Old { mention, person: true, grave: true, ago }));
            return;
        }
        let new = |mention: &String| {
            is_lasting(mention) && self.olds.iter().all(|old| old.mention != *mention)
        };
        let fresh: Vec<String> = mentions(then).into_iter().filter(new).take(2).collect();
        let close = |mention: &str| {
            then.people.iter().any(|p| p.mention == mention)
                || lexicon::KIN.iter().any(|(_, kin)| *kin == mention)
        };
        self.olds.extend(fresh.into_iter().map(|mention| Old {
            person: close(&mention),
            mention,
            grave: false,
            ago,
        }));
    }
}

/// The answer to one message in English.
pub(super) struct Reply<'a> {
    pub(super) talk: &'a Talk<'a>,
    pub(super) text: Text,
    pub(super) sense: Sense,
    pub(super) past: Past,
    pub(super) seed: u64,
    pub(super) plan: Plan,
    pub(super) slots: Slots,
}

impl<'a> Reply<'a> {
    pub(super) fn new(talk: &'a Talk<'a>) -> Self {
        let text = talk.recent.first().cloned().unwrap_or_default();
        let sense = sense::of(&text);
        let past = Past::of(talk);
        let seed = talk.seed();
        let mut slots =
            Slots { word: sense.word.clone(), name: sense.name.clone(), ..talk.slots("en") };
        slots.it = mentions(&sense).into_iter().next();
        slots.who = sense.people.first().map(|p| p.mention.clone());
        slots.feel = sense.felt.as_ref().map(|felt| felt.text.clone());
        slots.said = sense.said.as_ref().map(|said| said.text.clone());
        Self { talk, text, sense, past, seed, plan: Plan::default(), slots }
    }

    /// What this answer does, as far as its manner goes.
    pub(super) fn occasion(&self) -> Occasion {
        let sad = self.is_sad();
        match self.sense.act {
            _ if self.sense.tone == Tone::Heavy || self.past.subdued => Occasion::Quiet,
            Act::Hostile | Act::Correction | Act::StopAsking | Act::Sorry => Occasion::Quiet,
            Act::Hello => Occasion::Hello,
            Act::Thanks => Occasion::Thanks,
            Act::Bye => Occasion::Bye,
            Act::About(_) | Act::HowAreYou | Act::Wish(_) => Occasion::Me,
            _ if sad => Occasion::Low,
            Act::Fact | Act::Advice | Act::Wonder | Act::WhatIf | Act::Opinion => Occasion::Asked,
            _ if self.air() == Tone::Bright => Occasion::Bright,
            _ => Occasion::Even,
        }
    }

    /// The last message is sad, or goes on from one that was.
    pub(super) fn is_sad(&self) -> bool {
        let sad = |tone| matches!(tone, Tone::Low | Tone::Heavy);
        sad(self.sense.tone) || sad(self.air()) || sad(self.past.mood)
    }

    pub(super) fn choose(mut self) -> Option<String> {
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
        if self.sense.tone == Tone::Heavy || self.past.subdued && self.sense.act.is_brief() {
            self.plan.complete = true;
            self.lead(0, say::STAY);
            self.lead(1, say::REST_LOW);
        } else {
            self.plan.must_pick = true;
            self.general(0);
            self.slots.old =
                self.past.olds.get(self.pick(self.past.olds.len())).map(|old| old.mention.clone());
            self.lead(5, say::REMEMBER);
            if let Some(answer) =
                lines::choose(std::mem::take(&mut self.plan), &self.talk.spans, rhythm)
            {
                return Some(answer);
            }
            self.lead(0, say::NOTHING_TO_HOLD);
            let (questions, rest) = (self.questions(), self.rest());
            self.follow(0, questions);
            self.follow(0, rest);
        }
        lines::choose(std::mem::take(&mut self.plan), &self.talk.spans, rhythm)
    }

    pub(super) fn lead(&mut self, rank: u8, list: &[&str]) {
        self.plan.lead(rank, list, &self.slots, self.seed);
    }

    pub(super) fn follow(&mut self, rank: u8, list: &[&str]) {
        self.plan.follow(rank, list, &self.slots, self.seed);
    }

    fn pick(&self, len: usize) -> usize {
        usize::try_from(self.seed % len.max(1) as u64).unwrap_or_default()
    }

    /// The tone of the message. One dark word right after something bright ("my dad cried") does
    /// not turn it.
    fn tone(&self) -> Tone {
        match (self.sense.tone, self.past.mood) {
            (Tone::Low, Tone::Bright) if self.sense.felt.is_none() => Tone::Even,
            (tone, _) => tone,
        }
    }

    /// The tone of the talk: that of the message, or of the one before when it has none of its own.
    fn air(&self) -> Tone {
        match (self.tone(), self.past.mood) {
            (Tone::Even, Tone::Low | Tone::Bright)
                if self.sense.felt.is_none() && !self.past.subdued =>
            {
                self.past.mood
            }
            (tone, _) => tone,
        }
    }

    fn rest(&self) -> &'static [&'static str] {
        match self.air() {
            Tone::Even if self.past.subdued => say::REST_LOW,
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
        self.felt();
        self.said();
        self.themes();
        self.remember();
        self.general(4);
    }

    /// The person's own feeling.
    fn felt(&mut self) {
        let Some(felt) = &self.sense.felt else { return };
        let (feeling, negated) = (felt.feeling, felt.negated);
        match (negated, felt.tone()) {
            (true, Tone::Even) => self.lead(1, say::NO_LONGER),
            // "Not happy" is answered like "sad".
            (true, _) => self.lead(1, feelings::FEELINGS.first().map_or(&[], |sad| sad.says)),
            (false, _) => {
                self.lead(1, feeling.says);
                if !self.past.subdued {
                    self.follow(3, feeling.asks);
                }
            }
        }
    }

    /// What the message is about, the weightiest first.
    fn themes(&mut self) {
        let tone = self.tone();
        let quiet = self.past.subdued || self.air() == Tone::Low && tone == Tone::Even;
        let wished = self.sense.things.first().is_some_and(|doing| is_wish(doing));
        let hits: Vec<_> = self
            .sense
            .themes
            .iter()
            .take(2)
            .map(|hit| (hit.theme, self.best_name(&hit.mention), hit.aside))
            .collect();
        for (place, (theme, mention, aside)) in (0_u8..).zip(hits) {
            // A person or a place that is only named is no subject yet.
            let only_named = CLOSE.contains(&theme.name) && mention.starts_with("your ")
                || aside && tone != Tone::Low;
            let rank = place
                + if only_named {
                    3
                } else if wished {
                    2
                } else {
                    0
                };
            let (own, asks): (&[&str], &[&str]) = match tone {
                _ if self.past.subdued => (&[], &[]),
                Tone::Heavy | Tone::Low => (theme.low, theme.ask_low),
                Tone::Bright => (theme.bright, theme.ask_bright),
                Tone::Even => (&[], &[]),
            };
            let whole = self.slots.it.replace(mention);
            self.lead(1 + rank, own);
            self.lead(3 + rank + if quiet { 2 } else { 0 }, theme.even);
            if place == 0 && !only_named && !quiet {
                self.follow(1 + rank, asks);
                self.follow(2 + rank, theme.ask);
            }
            self.slots.it = whole;
        }
    }

    /// "passing your driving test" rather than "passing", when that is what was said.
    fn best_name(&self, mention: &str) -> String {
        let opens = |text: &str| text.split(' ').next().map(str::to_owned);
        let longer = self
            .sense
            .things
            .first()
            .filter(|doing| !is_wish(doing) && opens(doing) == opens(mention));
        longer
            .filter(|_| !mention.starts_with("your ") && !mention.starts_with("the "))
            .map_or(mention, String::as_str)
            .to_owned()
    }

    /// A short statement is said back as it is, or as what it feels like.
    fn said(&mut self) {
        let Some(said) = &self.sense.said else { return };
        // Said back again and again, even good words grow stale.
        let rank = if self.sense.felt.is_some() || self.seed.is_multiple_of(3) { 5 } else { 2 };
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
            _ if self.past.subdued => self.lead(rank, say::SAID_SLOWLY),
            _ => {}
        }
        if full {
            self.lead(rank + 1, say::SAID_FULL);
        }
        self.lead(rank + 1, say::SAID);
    }

    /// The person sent the same words before.
    pub(super) fn repeated(&mut self) {
        if self.text.count > 1
            && self.talk.recent.iter().skip(1).any(|earlier| earlier.line == self.text.line)
        {
            self.lead(0, say::AGAIN);
        }
    }

    /// Death, violence, illness, despair.
    fn grave(&mut self) {
        let Some((theme, mention)) = self.sense.heavy().map(|hit| (hit.theme, hit.mention.clone()))
        else {
            return;
        };
        let own_illness = theme.name != GRIEF
            && self.text.says(&[
                "i have",
                "i am",
                "i was",
                "i got",
                "my cancer",
                "my surgery",
                "my operation",
            ]);
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
        let due = self.talk.said.len() > 3
            && (self.talk.said.len() as u64 + self.seed % 2).is_multiple_of(3);
        if !due || !self.sense.themes.is_empty() || !(4..25).contains(&self.text.count) {
            return;
        }
        let current = mentions(&self.sense);
        let dark = matches!(self.tone(), Tone::Low | Tone::Even);
        // Near something grave only that is linked to; in a bright moment anything but that.
        let subdued = self.past.subdued;
        let fits = |old: &Old| if subdued { old.grave } else { !old.grave || dark };
        let old = self
            .past
            .olds
            .iter()
            .find(|old| old.ago > 1 && !current.contains(&old.mention) && fits(old));
        let Some((mention, grave)) = old.map(|old| (old.mention.clone(), old.grave)) else {
            return;
        };
        self.slots.old = Some(mention);
        self.follow(0, if grave { say::REMEMBER_GENTLY } else { say::REMEMBER });
    }

    /// Lines that fit any subject.
    fn general(&mut self, rank: u8) {
        let (it, who): (&[&str], &[&str]) = match self.tone() {
            Tone::Even | Tone::Low if self.past.subdued => (say::IT_SUBDUED, &[]),
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
        let held = self.slots.it.is_some()
            || self.slots.who.is_some()
            || self.slots.said.is_some()
            || self.slots.feel.is_some();
        if !held {
            self.lead(rank + 2, say::WORD);
        }
        if self.sense.felt.is_none() && !self.past.subdued && self.air() != Tone::Low {
            self.follow(rank, say::WHO_ASK);
        }
        let (questions, rest) = (self.questions(), self.rest());
        match self.past.grave {
            Some((theme, ago)) if self.past.subdued => {
                // The dead may be asked about for long; other questions belong to the moment.
                if theme.name == GRIEF || ago < 2 {
                    self.follow(rank, theme.ask_low);
                }
                self.follow(rank + 1, say::ASK_QUIET);
            }
            _ => self.follow(rank + 1, questions),
        }
        self.follow(rank + 1, rest);
    }
}

/// Themes that are brought up by naming a person.
const CLOSE: &[&str] = &["love", "family", "friends", "people at work"];

/// "wanting to drive to the sea" is about the wish rather than the sea.
fn is_wish(doing: &str) -> bool {
    ["wanting", "having", "needing", "hoping", "not ", "going to", "trying", "planning", "wishing"]
        .iter()
        .any(|w| doing.starts_with(w))
}

/// What a message can be named by, best first.
fn mentions(sense: &Sense) -> Vec<String> {
    let person = sense.people.first().map(|p| p.mention.clone());
    let themes = sense
        .themes
        .iter()
        .filter(|hit| !hit.aside || sense.tone == Tone::Low)
        .map(|hit| hit.mention.clone());
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
    !mention.starts_with("not ")
        && !mention.starts_with("how ")
        && !mention.ends_with(" him")
        && !mention.ends_with(" her")
}

/// The words of a message that are worth naming.
fn content(text: &Text) -> Vec<String> {
    let words = text.clauses.iter().flat_map(|c| &c.words).map(|w| w.plain.clone());
    words.filter(|w| w.chars().count() > 2 && !lexicon::is_stop(w)).collect()
}
