//! The answer to one message: which lines may open it, which may follow, in the order of their worth.
//! What is told is answered in `tell`, what is asked in `asked`.

mod asked;
mod tell;

use super::{
    compose::{self, From, Plan, Slots},
    intent::{self, Intent},
    memory::Person,
    pack::{Gender, Group, Line, Mood, Pack},
    recall, said,
    talk::Talk,
};
use crate::{
    Manner,
    basic::voice::{Occasion, Voice},
};

/// Below this a topic is only where something happened.
const LIGHT: u8 = 36;
/// From this on a topic is not left for one below.
const FIRM: u8 = 50;
/// Lines that fit any message.
const STOCK: &[&str] = &["low", "even", "bright", "stay", "restlow", "restbright", "resteven"];

/// An answer in the making.
pub(super) struct Reply<'a> {
    talk: &'a Talk<'a>,
    pack: &'static Pack,
    plan: Plan,
    slots: Slots,
    mood: Mood,
    /// Something grave is near.
    subdued: bool,
    /// The person of the slots is the one something grave was told of, not one of this message.
    grave_person: bool,
}

impl<'a> Reply<'a> {
    pub(super) fn new(talk: &'a Talk<'a>, manner: Manner) -> Self {
        let voice = Voice::new(manner, talk.pack.code);
        let mut reply = Self {
            talk,
            pack: talk.pack,
            plan: Plan::default(),
            slots: Slots::new(voice),
            mood: mood_of(talk),
            subdued: talk.is_subdued(),
            grave_person: false,
        };
        let now = talk.now();
        reply.plan.stems = now.text.words().map(|(_, stem)| stem.clone()).collect();
        let own = now.text.parts.iter().zip(&now.sense.told_of_others);
        let own = own.filter(|(_, others)| !**others).flat_map(|(part, _)| &part.stems);
        reply.plan.own = own.cloned().collect();
        if now.text.names_stretch(talk.pack) {
            reply.plan.answered = talk.pack.set("wantstime").collect();
        }
        reply.fill_slots();
        reply
    }

    /// The mood the answer goes by.
    #[cfg(test)]
    pub(super) fn mood(&self) -> Mood {
        self.mood
    }

    /// The answer; `None` when everything fitting has been said.
    pub(super) fn choose(mut self) -> Option<String> {
        let (occasion, sad) = (self.occasion(), self.is_sad());
        match self.talk.now().intent {
            Intent::Act(at) => self.act(at),
            Intent::Introduced => self.social("introduced"),
            Intent::Recall => {
                recall::answer(self.talk, &mut self.plan, &mut self.slots);
                self.plan.free = true;
            }
            Intent::Advice => self.advice(),
            Intent::Opinion => self.opinion("opinion"),
            Intent::Wonder => self.opinion("wonder"),
            Intent::WhatIf => self.opinion("whatif"),
            Intent::Fact => self.fact(),
            Intent::Number => self.social("number"),
            Intent::Silence => self.social("silence"),
            Intent::Unreadable => self.social("unreadable"),
            Intent::Plan | Intent::Tell => self.tell(),
        }
        let talk = self.talk;
        let rhythm = talk.rhythm();
        let plan = std::mem::take(&mut self.plan);
        let answer = compose::choose(plan, &talk.spans, &rhythm).or_else(|| {
            self.general(0);
            compose::choose(std::mem::take(&mut self.plan), &talk.spans, &rhythm)
        })?;
        let voice = self.slots.voice;
        let voice = if sad && occasion.is_social() { voice.gentle() } else { voice };
        let may_say = |text: &str| {
            talk.spans.fits(text)
                && talk.spans.is_new(text)
                && !(rhythm.never_ask && compose::asks(text))
        };
        Some(voice.dress(answer, occasion, talk.answers.len(), &may_say))
    }

    /// What the answer does, as far as its manner goes.
    fn occasion(&self) -> Occasion {
        if self.subdued || self.mood == Mood::Grave {
            return Occasion::Quiet;
        }
        let intent = self.talk.now().intent;
        match (intent.act(self.pack), intent) {
            ("hello", _) => Occasion::Hello,
            ("thanks", _) => Occasion::Thanks,
            ("bye" | "night" | "end", _) => Occasion::Bye,
            ("hostile" | "correction" | "stopasking" | "drop" | "sorry", _) => Occasion::Quiet,
            ("yes" | "no" | "okay" | "dontknow" | "maybe" | "nothing" | "why", _)
                if !self.is_sad() =>
            {
                Occasion::Even
            }
            (_, Intent::Introduced | Intent::Recall | Intent::Unreadable | Intent::Silence) => {
                Occasion::Me
            }
            (act, _) if !act.is_empty() && !self.is_sad() => Occasion::Me,
            _ if self.is_sad() => Occasion::Low,
            (
                _,
                Intent::Fact | Intent::Advice | Intent::Opinion | Intent::Wonder | Intent::WhatIf,
            ) => Occasion::Asked,
            _ if self.mood == Mood::Bright => Occasion::Bright,
            _ => Occasion::Even,
        }
    }

    /// The message is sad, or goes on from one that was.
    fn is_sad(&self) -> bool {
        let sad = |mood| matches!(mood, Mood::Low | Mood::Grave | Mood::Mixed);
        sad(self.mood) || self.mood != Mood::Bright && sad(self.talk.mood_before())
    }

    /// The mood of the talk: a message without one goes on in that of before.
    fn air(&self) -> Mood {
        match (self.mood, self.talk.mood_before()) {
            (Mood::Even, Mood::Low) => Mood::Low,
            (mood, _) => mood,
        }
    }

    fn fill_slots(&mut self) {
        let talk = self.talk;
        let now = talk.now();
        let english = self.pack.code == "en";
        let about = talk.memory.about(talk.turn());
        self.slots.person(about.map(Person::mention), about.map_or(Gender::One, |p| p.gender));
        let mood = self.mood;
        let felt = now.sense.felt.iter().find(|felt| !felt.negated && felt.mood(self.pack) == mood);
        self.slots.set("t", now.names.things.first().cloned());
        self.slots.set("feel", felt.map(|felt| felt.word.clone()));
        let ahead = now.names.times.iter().find(|when| when.ahead);
        self.slots.set("time", ahead.map(|when| when.text.clone()));
        self.slots.set("place", now.names.places.first().cloned());
        self.slots.set("name", talk.memory.name.clone());
        if english {
            self.slots.set("do", intent::doing(self.pack, &now.text));
            self.slots.set(
                "frag",
                now.text.parts.first().and_then(|part| said::fragment(self.pack, part)),
            );
        }
        if about.is_none()
            && self.subdued
            && let Some(old) = talk.memory.olds.iter().rev().find(|old| old.grave)
        {
            // Near a loss it is the one who was lost that is meant.
            let who = talk.memory.people.iter().find(|person| person.mention() == old.mention);
            self.slots.person(Some(old.mention.clone()), who.map_or(Gender::One, |p| p.gender));
            self.grave_person = true;
        }
        self.slots.set("old", talk.old(false).map(|old| old.mention.clone()));
    }

    fn from(&self, rank: u8) -> From {
        From { rank, turn: self.talk.seed, ..From::default() }
    }

    fn place_say(&self, rank: u8, name: &str) -> From {
        From { stock: STOCK.contains(&name), ..self.from(rank) }
    }

    /// What is said to a feeling would fit whoever has it.
    fn place_group(&self, rank: u8, at: usize) -> From {
        From { group: Some(at), stock: at >= self.pack.feelings, ..self.from(rank) }
    }

    fn lead(&mut self, rank: u8, name: &str) {
        self.plan.lead(self.pack.say(name), &self.slots, self.place_say(rank, name));
    }

    fn then(&mut self, rank: u8, name: &str) {
        self.plan.follow(self.pack.say(name), &self.slots, self.place_say(rank, name));
    }

    fn lead_of(&mut self, rank: u8, group: usize, lines: &[Line]) {
        self.plan.lead(lines, &self.slots, self.place_group(rank, group));
    }

    fn follow_of(&mut self, rank: u8, group: usize, lines: &[Line]) {
        self.plan.follow(lines, &self.slots, self.place_group(rank, group));
    }

    /// One of three names by the mood of the talk.
    fn by_mood(&self, low: &'static str, bright: &'static str, even: &'static str) -> &'static str {
        match self.air() {
            Mood::Grave | Mood::Low => low,
            Mood::Bright if !self.subdued => bright,
            Mood::Even if self.subdued => low,
            _ => even,
        }
    }

    fn group(&self, at: usize) -> &'static Group {
        &self.pack.groups[at]
    }

    /// Something with few words or between the two of us.
    fn act(&mut self, at: usize) {
        let act = &self.pack.acts[at];
        if matches!(act.name, "yes" | "no" | "okay" | "dontknow" | "maybe" | "nothing" | "why") {
            return self.brief(at);
        }
        let again = act.name == "hello" && !self.talk.answers.is_empty();
        if again {
            self.lead(0, "backagain");
        }
        self.plan.complete = true;
        // The first of these says the most.
        let ordered = matches!(
            act.name,
            "person"
                | "bot"
                | "who"
                | "name"
                | "private"
                | "able"
                | "remembers"
                | "joke"
                | "errand"
                | "stopasking"
                | "drop"
        );
        self.plan.free = ordered
            || matches!(
                act.name,
                "hello" | "howareyou" | "maytalk" | "correction" | "life" | "bored"
            );
        let from = From { turn: if ordered { 0 } else { self.talk.seed }, ..self.from(2) };
        if self.subdued {
            self.plan.lead(&act.says_gravely, &self.slots, From { rank: 1, ..from });
        }
        // The last greeting is for those who were there already.
        let says = if act.name == "hello" && !again {
            &act.says[..act.says.len().saturating_sub(1)]
        } else {
            &act.says
        };
        self.plan.lead(says, &self.slots, from);
        if matches!(act.name, "thanks" | "bye" | "night" | "end") {
            self.farewell();
        }
        self.lead(4, "even");
    }

    /// A good wish for what is ahead, at the end of a talk.
    fn farewell(&mut self) {
        self.plan.complete = false;
        if self.subdued {
            return;
        }
        if let Some(old) = self.talk.old(true).cloned() {
            self.slots.set("old", Some(old.mention));
            self.slots.set("when", old.ahead);
            self.then(0, "wish");
        } else if self.talk.mood_before() == Mood::Low {
            self.then(1, "wishplain");
        }
        self.then(2, "goodbyename");
    }

    fn social(&mut self, name: &str) {
        self.plan.complete = true;
        self.plan.free = matches!(name, "introduced" | "unreadable");
        self.lead(0, name);
    }

    /// "Yes", "no", "I don't know": they live on what was asked.
    fn brief(&mut self, at: usize) {
        let act = &self.pack.acts[at];
        if let Some((line, group)) = self.talk.asked {
            let said: &[&str] = match act.name {
                "yes" => &line.yes,
                "no" => &line.no,
                _ => &[],
            };
            self.plan.lead_texts(said, &self.slots);
            self.onwards(group);
        } else if let Some(thread) = self.talk.thread() {
            self.onwards(thread.group);
        }
        if self.subdued {
            self.plan.lead(&act.says_gravely, &self.slots, self.from(1));
            self.lead(2, "stay");
            self.then(3, "restlow");
        } else {
            self.plan.lead(&act.says, &self.slots, self.from(2));
            self.then(2, "linkold");
            self.then(3, "resteven");
            self.lead(5, "even");
        }
    }

    /// The next question or thought of a group.
    fn onwards(&mut self, at: usize) {
        let group = self.group(at);
        self.mood = match self.talk.mood_before() {
            Mood::Mixed => Mood::Even,
            mood => mood,
        };
        self.questions(at, 1);
        if group.lean != Mood::Grave {
            self.follow_of(2, at, group.fitting(self.mood));
        }
    }

    /// The questions of a group that fit the mood.
    fn questions(&mut self, at: usize, rank: u8) {
        let group = self.group(at);
        match self.mood {
            Mood::Bright => {
                self.follow_of(rank, at, &group.ask_bright);
                if group.lean == Mood::Bright {
                    self.follow_of(rank, at, &group.ask);
                } else {
                    self.then(rank + 1, "askbright");
                }
            }
            Mood::Low | Mood::Grave => {
                self.follow_of(rank, at, &group.ask_low);
                self.follow_of(rank, at, &group.ask);
            }
            Mood::Even | Mood::Mixed => self.follow_of(rank, at, &group.ask),
        }
    }

    /// Lines that fit any subject.
    fn general(&mut self, rank: u8) {
        let quiet = self.subdued && self.mood != Mood::Bright;
        self.lead(rank, if quiet { "stay" } else { self.by_mood("low", "bright", "even") });
        let ask = if quiet { "askgrave" } else { self.by_mood("asklow", "askbright", "askeven") };
        self.then(rank, ask);
        self.then(rank.min(4), self.by_mood("restlow", "restbright", "resteven"));
    }

    /// Death, violence, illness, despair: only the careful lines.
    fn grave(&mut self) {
        let Some((at, group)) = self.talk.now().sense.grave(self.pack) else { return };
        // The first lines are the most careful; after them any will do.
        let first = !self.subdued || matches!(group.name, "despair" | "violence");
        let turn = if first { 0 } else { self.talk.seed };
        self.answer_to_question();
        self.plan.must_pick = true;
        let from = From { turn, group: Some(at), ..From::default() };
        self.plan.lead(&group.low, &self.slots, From { rank: 2, ..from });
        self.plan.follow(&group.ask, &self.slots, from);
        self.then(3, "restlow");
        self.lead(6, "stay");
    }
}

/// The mood of the message; a faint brightness after something dark is none yet.
fn mood_of(talk: &Talk<'_>) -> Mood {
    let sense = &talk.now().sense;
    let bright = |at: usize| talk.pack.groups[at].lean == Mood::Bright;
    let faint = sense.good < 2.0
        && sense.felt.is_empty()
        && !sense.topics.iter().any(|hit| bright(hit.group));
    match (talk.mood_before(), sense.mood) {
        (Mood::Low | Mood::Grave, Mood::Bright) if faint => Mood::Even,
        (_, mood) => mood,
    }
}
