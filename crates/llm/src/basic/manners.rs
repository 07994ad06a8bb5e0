//! Manners: answers to what is done with few words, and to questions.

use super::{
    act::Act,
    nouns,
    reply::Reply,
    text,
    words::{
        acts::{self, ABOUT_ME, WISHES},
        general as say, lexicon,
    },
};

impl Reply<'_> {
    /// "Ok", "yes", "I don't know": with something of before, if there is anything.
    pub(super) fn brief(&mut self, act: Act) {
        self.plan.complete = true;
        // What was spoken of last comes first, but not what was named just now.
        let recent: Vec<_> = self
            .past
            .olds
            .iter()
            .filter(|old| old.ago <= 6 && (old.grave || !old.person))
            .collect();
        let last = text::fold(
            &self.talk.answers.iter().rev().take(2).copied().collect::<Vec<_>>().join(" "),
        );
        let unnamed = recent.iter().find(|old| !last.contains(&text::fold(&old.mention)));
        let old = unnamed.or(recent.first()).map(|old| (old.mention.clone(), old.grave));
        let grave = old.as_ref().is_some_and(|(_, grave)| *grave);
        self.slots.old = old.map(|(mention, _)| mention);
        if self.past.subdued || grave {
            if grave {
                self.lead(0, say::REMEMBER_GENTLY);
            }
            self.lead(1, say::STAY);
            if self.past.subdued {
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
        let turn = u8::from(self.talk.said.len().is_multiple_of(3));
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
    pub(super) fn fact(&mut self) {
        self.plan.complete = true;
        let word = self.slots.word.clone().filter(|word| !lexicon::is_adjective(word));
        self.slots.it = self.sense.things.first().cloned().or(word);
        let pointed = self
            .talk
            .answers
            .iter()
            .rev()
            .take(4)
            .any(|a| a.contains("model") || a.contains("built-in"));
        self.lead(if pointed { 6 } else { 0 }, acts::FACT_POINTER);
        self.lead(1, acts::FACT_IT);
        let rank = if self.slots.it.is_some() { 3 } else { 1 };
        self.lead(if pointed { 6 } else { rank }, acts::FACT_POINTER_PLAIN);
        self.lead(rank + 1, acts::FACT_PLAIN);
        self.plan.must_pick = self.slots.it.is_some();
    }

    /// A question about the person's own life.
    pub(super) fn advice(&mut self, first: &[&str], second: &[&str]) {
        self.plan.complete = true;
        self.repeated();
        let things = self.sense.things.iter().find(|m| !m.starts_with("not ")).cloned();
        self.slots.it = things.or_else(|| {
            self.slots.word.clone().filter(|word| nouns::is_nounlike(word) && !is_kin(word))
        });
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
    pub(super) fn social(&mut self, act: Act) {
        self.plan.complete = true;
        let list: &[&str] = match act {
            Act::Hello => {
                self.greet();
                return;
            }
            Act::Introduced => acts::INTRODUCED,
            Act::HowAreYou => acts::ANSWER_HOW_ARE_YOU,
            Act::Thanks if self.past.grave.is_some() => acts::THANKS_QUIETLY,
            Act::Thanks => acts::ANSWER_THANKS,
            Act::Bye if self.past.grave.is_some() => acts::BYE_QUIETLY,
            Act::Bye if self.text.says(&["good night", "goodnight", "bed", "sleep"]) => {
                acts::ANSWER_NIGHT
            }
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

fn is_kin(word: &str) -> bool {
    lexicon::KIN.iter().any(|(kin, _)| *kin == word)
}
