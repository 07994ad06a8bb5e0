//! The answer to something that is told: feelings, topics, people, things, and what was before.

use super::{FIRM, LIGHT, Reply};
use crate::nlp::{
    compose::From,
    intent::Intent,
    pack::{Gender, Mood},
    said,
};

/// Above this a topic speaks before a feeling.
const WEIGHTY: u8 = 60;
/// A message of more words is more than an answer.
const LONGEST_ANSWER: usize = 14;

impl Reply<'_> {
    /// Something is told.
    pub(super) fn tell(&mut self) {
        self.again();
        if self.mood == Mood::Grave {
            return self.grave();
        }
        self.answer_to_question();
        self.plan.must_pick = true;
        self.turn_of_mood();
        self.others_words();
        self.feelings();
        self.topics();
        self.plans();
        self.persons_and_things();
        self.said();
        self.links();
        self.thread();
        self.general(8);
    }

    /// The same words as before.
    pub(super) fn again(&mut self) {
        let now = &self.talk.now().text;
        let before = &self.talk.readings[..self.talk.turn()];
        if now.count > 2 && before.iter().any(|reading| reading.text.line == now.line) {
            let from = From { rank: 0, group: Some(usize::MAX), ..self.from(0) };
            self.plan.lead(self.pack.say("again"), &self.slots, from);
        }
    }

    fn weight(&self) -> u8 {
        self.talk.now().sense.topic().map_or(0, |at| self.group(at).weight)
    }

    /// What is told answers the question before it: with a yes or no, a time, or a phrase.
    pub(super) fn answer_to_question(&mut self) {
        let Some((line, group)) = self.talk.asked else { return };
        let now = self.talk.now();
        let first = now.text.parts.first().map_or("", |part| part.low(0));
        let (yes, no) = (self.pack.is_in("yes", first), self.pack.is_in("no", first));
        // "How long" wants a time; anything else said there is not named as one.
        let wants_time = self.pack.set("wantstime").any(|phrase| line.key.contains(phrase));
        let time = now.names.times.first().map(|when| when.text.clone());
        let frag = self.slots.get("frag").map(str::to_owned);
        let named = if wants_time { frag.clone().filter(|f| is_time(f)).or(time) } else { frag };
        let said: &[&str] = if yes && !line.yes.is_empty() {
            &line.yes
        } else if no && !line.no.is_empty() {
            &line.no
        } else if named.is_some() || yes || no {
            &line.told
        } else {
            &[]
        };
        let other = now.sense.topic().is_some_and(|at| at != group && self.weight() >= FIRM);
        let turned = matches!(
            (self.talk.mood_before(), self.mood),
            (Mood::Low | Mood::Grave, Mood::Bright) | (Mood::Bright, Mood::Low)
        );
        let elsewhere = other && !yes && !no;
        if elsewhere || turned || now.text.count > LONGEST_ANSWER {
            return;
        }
        let mut slots = self.slots.clone();
        slots.set("frag", named);
        self.plan.lead_texts(said, &slots);
    }

    /// A lead that counts as taking something up though it names nothing.
    fn lead_apt(&mut self, rank: u8, name: &str) {
        let from = From { group: Some(usize::MAX), ..self.from(rank) };
        self.plan.lead(self.pack.say(name), &self.slots, from);
    }

    /// Brighter or darker than before, both at once, or no longer what it was.
    fn turn_of_mood(&mut self) {
        let now = &self.talk.now().sense;
        match (self.talk.mood_before(), self.mood) {
            (Mood::Low, Mood::Bright) => {
                if self.resolves() {
                    self.lead_apt(0, "resolved");
                }
                self.lead(3, "shiftup");
            }
            (Mood::Grave, Mood::Bright) => self.lead(3, "shiftup"),
            (Mood::Bright, Mood::Low) if now.bad >= 1.0 || !now.felt.is_empty() => {
                self.lead_apt(2, "shiftdown");
            }
            _ => {}
        }
        if self.mood == Mood::Mixed {
            self.lead_apt(2, "mixed");
        }
        if now.felt.iter().any(|felt| felt.negated && felt.mood(self.pack) == Mood::Even) {
            self.lead_apt(2, "nolonger");
        }
    }

    /// True when what was dreaded has come out well: a success, or a topic that was dark before.
    fn resolves(&self) -> bool {
        let low = self.talk.readings.iter().rev().skip(1).take(10);
        let dark: Vec<usize> = low
            .filter(|reading| reading.sense.mood == Mood::Low)
            .flat_map(|reading| reading.sense.topics.iter().map(|hit| hit.group))
            .collect();
        let solved = |at: usize| {
            let group = self.group(at);
            matches!(group.name, "success" | "newjob") || group.weight >= FIRM && dark.contains(&at)
        };
        !dark.is_empty() && self.talk.now().sense.topics.iter().any(|hit| solved(hit.group))
    }

    /// True when the slots hold somebody this message is about.
    fn has_person(&self) -> bool {
        self.slots.get("p").is_some() && !self.grave_person
    }

    /// "My sister says I should relax", "my sister believes in me".
    fn others_words(&mut self) {
        let now = &self.talk.now().text;
        let denied = now.words().any(|(word, _)| self.pack.is_in("negators", &word.plain));
        if self.has_person() && !denied && now.says(self.pack.set("cheers")) {
            self.lead_apt(1, "cheers");
            self.then(0, "askcheers");
            return;
        }
        let says = now.says(self.pack.set("saysi"));
        if self.has_person() && says && self.mood != Mood::Bright {
            self.lead(1, "saysi");
            self.then(0, "asksaysi");
        }
    }

    fn feelings(&mut self) {
        let felt = self.talk.now().sense.felt.clone();
        let late = u8::from(self.weight() >= WEIGHTY);
        for felt in felt.iter().filter(|felt| !felt.negated).take(2) {
            let group = self.group(felt.group);
            let fits = group.lean == self.mood
                || matches!(self.mood, Mood::Mixed)
                || group.lean == Mood::Even;
            if !fits {
                continue;
            }
            self.lead_of(3 + late, felt.group, group.fitting(group.lean));
            if self.mood != Mood::Mixed {
                self.follow_of(2, felt.group, &group.ask);
            }
        }
        // "Not happy" is low, and answered like any low day.
        if felt.iter().any(|felt| felt.negated) && self.mood == Mood::Low {
            self.lead_apt(4, "low");
        }
    }

    fn topics(&mut self) {
        let thread = self.talk.thread().filter(|thread| thread.ago <= 2).map(|t| t.group);
        let firm =
            thread.is_some_and(|at| self.group(at).weight >= FIRM) && self.mood != Mood::Bright;
        let hits = self.talk.now().sense.topics.iter().take(3);
        for (place, hit) in (0_u8..).zip(hits) {
            let group = self.group(hit.group);
            let away = firm && group.weight < FIRM && thread != Some(hit.group);
            let late = place
                + if hit.aside { 4 } else { 0 }
                + if group.weight < LIGHT || away { 2 } else { 0 };
            if self.mood == Mood::Even && !hit.aside {
                // A line made for exactly this is better than one for any day.
                self.lead_needed(3 + late, hit.group, Mood::Low);
            }
            let lines = group.fitting(self.mood);
            self.lead_of(3 + late, hit.group, lines);
            self.follow_of(3 + late, hit.group, lines);
            if late < 4 {
                self.questions(hit.group, 1 + late);
            }
        }
    }

    /// "I'm going to call him on Friday."
    fn plans(&mut self) {
        if self.talk.now().intent == Intent::Plan && self.slots.get("do").is_some() {
            let late = u8::from(self.weight() >= WEIGHTY);
            self.lead(3 + late, self.by_mood("planlow", "planbright", "planeven"));
            self.then(1 + late, "askplan");
        }
    }

    fn persons_and_things(&mut self) {
        let late = u8::from(self.weight() >= FIRM);
        if self.has_person() && !self.subdued {
            let name = match self.mood {
                Mood::Low => "wholow",
                Mood::Bright => "whobright",
                _ => "whoeven",
            };
            self.lead(4 + late, name);
            let known = self.talk.memory.about(self.talk.turn());
            let new = known.is_some_and(|person| person.turns < 2);
            self.then(if new { 2 } else { 4 }, "askwho");
        }
        if self.slots.get("t").is_some() {
            self.lead(5 + late, self.by_mood("thinglow", "thingbright", "thingeven"));
        }
        if self.slots.get("place").is_some() {
            self.lead(5 + late, self.by_mood("placelow", "placebright", "placeeven"));
        }
        if self.slots.get("frag").is_some() && self.talk.now().text.count <= 6 {
            self.lead(4, self.by_mood("fraglow", "frag", "frag"));
        }
        if self.slots.get("time").is_some() {
            self.then(5, "timefuture");
        }
    }

    /// A short statement is said back, where nothing better was found.
    fn said(&mut self) {
        if self.pack.code != "en" {
            return;
        }
        let parts = &self.talk.now().text.parts;
        let Some(said) = parts.iter().rev().find_map(|part| said::statement(self.pack, part))
        else {
            return;
        };
        let name = match self.mood {
            _ if said::is_sweeping(&said) => "saidsweep",
            Mood::Low => "saidlow",
            Mood::Bright if !self.subdued => "saidbright",
            _ => "said",
        };
        self.slots.set("said", Some(said));
        self.lead(6, name);
    }

    /// Something of earlier that belongs to this.
    fn links(&mut self) {
        let talk = self.talk;
        let turn = talk.turn();
        let due = turn > 2 && (turn as u64 + talk.seed % 2).is_multiple_of(3);
        if let Some(who) = talk.memory.about(turn).filter(|who| who.gender != Gender::Many)
            && self.pack.code == "en"
        {
            let facts = talk.memory.facts_of(self.pack, &talk.readings[..turn], who);
            let telling = |fact: &&crate::nlp::memory::Fact| {
                fact.turn + 2 <= turn && fact.text.split(' ').count() > 3
            };
            self.slots.set("fact", facts.iter().rev().find(telling).map(|fact| fact.text.clone()));
            if self.mood != Mood::Bright {
                self.then(if due { 0 } else { 5 }, "linkfact");
            }
        }
        let Some(old) = talk.old(false) else { return };
        let apart = old.topic != talk.thread().map(|thread| thread.group)
            && old.topic != talk.now().sense.topic();
        if old.grave && self.mood != Mood::Bright && turn - old.turn > 1 {
            self.then(if due { 0 } else { 5 }, "linkgrave");
        } else if !old.grave && due && self.air() == Mood::Low && apart && !self.subdued {
            self.then(1, "linkold");
        }
    }

    /// What the messages before were about goes on, when this one names nothing of its own.
    fn thread(&mut self) {
        let Some(thread) = self.talk.thread() else { return };
        let group = self.group(thread.group);
        let now = self.mood;
        self.mood = self.air();
        let grave = group.lean == Mood::Grave;
        let topic = self.talk.now().sense.topic();
        let away = topic.is_some_and(|at| at != thread.group && self.weight() > group.weight);
        // What was said of the thread before may fit this message better than anything general.
        let others = self.talk.now().sense.others && !group.others;
        if !away && !others && (!grave || now != Mood::Bright) {
            let mood = if grave { Mood::Grave } else { self.mood };
            self.lead_needed(4, thread.group, mood);
        }
        let own = self.weight() >= FIRM || topic == Some(thread.group);
        if !own && grave && now != Mood::Bright {
            self.lead_apt(6, "stay");
            self.follow_of(2, thread.group, &group.ask);
            self.then(3, "askgrave");
        } else if !own && !grave {
            self.lead_of(7, thread.group, group.fitting(self.mood));
            self.questions(thread.group, 2);
        }
        self.mood = now;
    }
}

/// True for a stretch of time: "since March", "two weeks".
fn is_time(frag: &str) -> bool {
    ["week", "month", "year", "day", "hour", "since", "minute", "night", "summer", "winter", "ago"]
        .iter()
        .any(|word| frag.contains(word))
}
