//! The answer to something that is asked: for advice, for an opinion, about the world.

use super::{FIRM, LIGHT, Reply};
use crate::nlp::{compose::From, intent::Intent, pack::Mood};

impl Reply<'_> {
    /// The group whose thoughts fit: the message's own, or the thread's.
    fn thinking(&self) -> Option<usize> {
        let thinks = |at: &usize| !self.group(*at).think.is_empty();
        let weight = |at: usize| self.group(at).weight;
        let thread = self.talk.thread().map(|thread| thread.group).filter(thinks);
        let topics = self.talk.now().sense.topics.iter().map(|hit| hit.group);
        let own = topics.filter(thinks).find(|at| weight(*at) >= LIGHT);
        let grave = thread.filter(|at| self.group(*at).lean == Mood::Grave);
        let bright =
            self.mood == Mood::Bright || own.is_some_and(|at| self.group(at).lean == Mood::Bright);
        if grave.is_some() && !bright {
            return grave;
        }
        match (own, thread) {
            (Some(own), Some(thread)) if weight(thread) >= FIRM && weight(own) < FIRM => {
                Some(thread)
            }
            (own, thread) => own.or(thread),
        }
    }

    pub(super) fn advice(&mut self) {
        if self.mood == Mood::Grave {
            return self.grave();
        }
        self.plan.free = true;
        let should = self.talk.now().text.says(self.pack.set("shouldi"));
        if should && self.slots.get("do").is_some() {
            self.plan.complete = true;
            self.lead(0, "advicedo");
        }
        let Some(at) = self.thinking() else {
            self.plan.complete = true;
            self.lead(1, "adviceplain");
            return;
        };
        let group = self.group(at);
        // What was told shortly before says which thought fits.
        for reading in self.talk.readings.iter().rev().skip(1).take(3) {
            self.plan.stems.extend(reading.text.words().map(|(_, stem)| stem.clone()));
        }
        self.plan.must_pick = true;
        if group.lean != Mood::Grave {
            // "Another thought" needs one before it.
            let before = &self.talk.readings[..self.talk.turn()];
            if before.iter().any(|reading| reading.intent == Intent::Advice) {
                self.lead(1, "adviceagain");
            }
            self.lead(1, "advicelead");
        } else if matches!(group.name, "grief" | "illness") {
            self.lead(1, "advicegrave");
        }
        let from = From { group: Some(at), ..From::default() };
        self.plan.lead(&group.think, &self.slots, From { rank: 2, ..from });
        self.plan.follow(&group.think, &self.slots, from);
        self.lead(4, "adviceplain");
    }

    /// Whether it's all right, why it is so, what if: honest, and gently with what it is about.
    pub(super) fn opinion(&mut self, name: &str) {
        if self.mood == Mood::Grave {
            return self.grave();
        }
        self.again();
        self.lead(1, name);
        if self.mood != Mood::Bright {
            self.mood = Mood::Low;
        }
        if let Some(at) = self.talk.now().sense.topic() {
            let group = self.group(at);
            if group.name == "selfblame" {
                self.lead_of(0, at, group.fitting(self.mood));
            }
            self.follow_of(1, at, group.fitting(self.mood));
            self.questions(at, 2);
        } else if let Some(thread) = self.talk.thread() {
            self.lead_needed(1, thread.group, self.mood);
            self.questions(thread.group, 2);
        }
        self.then(4, "restlow");
    }

    /// Lines of a group that need something of this message, and find it.
    pub(super) fn lead_needed(&mut self, rank: u8, at: usize, mood: Mood) {
        let lines = self.group(at).fitting(mood);
        let from = From { needed: true, ..self.place_group(rank, at) };
        self.plan.lead(lines, &self.slots, from);
    }

    /// A question about the world: honest.
    pub(super) fn fact(&mut self) {
        let thread = self.talk.thread().is_some();
        self.plan.complete = !thread;
        self.plan.free = thread;
        self.lead(0, "fact");
        if thread {
            self.then(0, "factlink");
        }
    }
}
