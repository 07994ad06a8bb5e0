//! Questions about what was said earlier: "what did I tell you about Ana?", "when is my exam?".

use super::{
    compose::{From, Plan, Slots},
    memory::{Fact, Memory, Person},
    pack::{Gender, Mood, Pack},
    said,
    talk::Talk,
    text::{Text, holds},
};
use crate::basic::{
    capital,
    text::fold,
    words::lexicon::{is_avoided, is_stop},
};

/// The most facts of one answer.
const MOST_FACTS: usize = 3;
/// The most subjects of one answer.
const MOST_SUBJECTS: usize = 4;

/// An answer about the past in the making.
struct Recall<'a> {
    talk: &'a Talk<'a>,
    pack: &'static Pack,
    now: &'a Text,
    plan: &'a mut Plan,
    slots: &'a mut Slots,
}

/// Puts the answers to a question about the past into a plan.
pub(super) fn answer(talk: &Talk<'_>, plan: &mut Plan, slots: &mut Slots) {
    plan.complete = true;
    let mut recall = Recall { talk, pack: talk.pack, now: &talk.now().text, plan, slots };
    recall.answer();
}

impl Recall<'_> {
    fn answer(&mut self) {
        if self.asks("recallname") {
            self.slots.set("name", self.talk.memory.name.clone());
            self.say(0, "recallname");
            self.say(1, "recallnoname");
            return;
        }
        let memory = &self.talk.memory;
        if let Some(who) = asked_person(memory, self.now) {
            return self.person(who);
        }
        if self.asks("recallfirst") && self.beginning() {
            return;
        }
        let wanted = self.wanted();
        if self.asks("recallfelt") && self.felt() || self.thing(&wanted) {
            return;
        }
        // "What did I say about her?"
        if let Some(who) = meant_person(memory, self.pack, self.now) {
            return self.person(who);
        }
        match wanted.first() {
            Some(stem) => {
                self.slots.set("w", Some(self.named_again(stem)));
                self.say(0, "recallnone");
            }
            None => self.subjects(),
        }
    }

    /// True when the question holds a phrase of this set.
    fn asks(&self, set: &str) -> bool {
        self.pack.set(set).any(|phrase| holds(&self.now.line, phrase))
    }

    fn say(&mut self, rank: u8, name: &str) {
        let from = From { rank, turn: self.talk.seed, ..From::default() };
        self.plan.lead(self.pack.say(name), self.slots, from);
    }

    fn person(&mut self, who: &Person) {
        let talk = self.talk;
        let mention = who.mention();
        let relation = who.owned.clone().filter(|_| who.name.is_some());
        self.slots.set("w", Some(mention.clone()));
        self.slots.person(Some(mention.clone()), who.gender);
        if self.asks("recallwho") && relation.is_some() {
            self.slots.set("facts", relation.clone());
            self.say(1, "recallwho");
        }
        let english = self.pack.code == "en";
        let mut facts = if english {
            talk.memory.facts_of(self.pack, &talk.readings[..talk.turn()], who)
        } else {
            Vec::new()
        };
        // What cannot be turned is quoted: something was said.
        if facts.is_empty() {
            let name = who.name.as_deref().map(fold).unwrap_or_default();
            facts = talk.quotes(&name, |place| talk.memory.is_about(place, who));
        }
        let mut told: Vec<String> = Vec::new();
        if english && let Some(relation) = &relation {
            told.push(format!("{mention} is {relation}"));
        }
        for fact in best(facts) {
            // The first fact names the person, the others need not.
            let first = told.is_empty() && english;
            told.push(if first { named(&fact.text, &mention) } else { fact.text });
        }
        self.list(&told);
        let early = who.first < talk.turn() / 2;
        let when = self.pack.word(if early { "whenearly" } else { "whenlately" });
        self.slots.set("when", Some(when.to_owned()));
        self.say(8, "recallmention");
        self.say(9, "recallnone");
    }

    /// All facts joined; fewer where a joined sentence would repeat something.
    fn list(&mut self, told: &[String]) {
        let and = self.pack.word("and");
        for keep in (1..=told.len()).rev() {
            let rank = u8::try_from(told.len() - keep).unwrap_or(5).min(5);
            self.slots.set("facts", Some(joined(&told[..keep], and)));
            self.say(rank, "recallfacts");
        }
        // The first may be what cannot be said again.
        for one in told.iter().skip(1) {
            self.slots.set("facts", Some(one.clone()));
            self.say(6, "recallfacts");
        }
    }

    /// What the person was worried or happy about.
    fn felt(&mut self) -> bool {
        let (talk, pack) = (self.talk, self.pack);
        let parts = self.now.parts.iter();
        let asked: Vec<usize> = parts
            .flat_map(|part| (0..part.words.len()).filter_map(|at| pack.feeling_at(part, at)))
            .map(|(feeling, _)| pack.feelings + feeling)
            .collect();
        let before = talk.readings[..talk.turn()].iter().rev().filter(|r| !r.closed);
        let found = before.filter_map(|reading| {
            let mut felt = reading.sense.felt.iter();
            let felt = felt.find(|felt| {
                let meant = asked.is_empty() || asked.contains(&felt.group);
                !felt.word.is_empty() && !felt.negated && meant
            })?;
            Some((felt.word.clone(), reading.names.things.first().cloned()))
        });
        if let Some((word, thing)) = found.into_iter().next() {
            let about = thing.filter(|_| pack.code == "en");
            let and = |thing| format!("{word}, and that was about {thing}");
            self.slots.set("facts", Some(about.map_or(word.clone(), and)));
            self.say(0, "recallfelt");
            return true;
        }
        // No word for it was said, but what it was about may have been.
        let low = asked.iter().any(|at| pack.groups[*at].lean == Mood::Low);
        let mut before = (0..talk.turn()).filter(|turn| !talk.readings[*turn].closed);
        let told = before.find_map(|turn| {
            let fits = low && talk.readings[turn].sense.mood == Mood::Low && pack.code == "en";
            fits.then(|| self.retold(turn))?
        });
        self.list(told.as_slice());
        told.is_some()
    }

    /// A message said back: as it stands, or with its person as "she".
    fn retold(&self, turn: usize) -> Option<String> {
        let (talk, reading) = (self.talk, &self.talk.readings[turn]);
        let as_it_stands =
            || reading.text.parts.iter().find_map(|part| said::statement(self.pack, part));
        let of_person = || {
            let who = talk.memory.about(turn)?;
            let facts = talk.memory.facts_of(self.pack, &talk.readings[..=turn], who);
            let fact = facts.into_iter().find(|fact| fact.turn == turn)?;
            Some(named(&fact.text, &who.mention()))
        };
        as_it_stands().or_else(of_person)
    }

    /// True when a bright feeling is asked for.
    fn asks_for_joy(&self) -> bool {
        let parts = self.now.parts.iter();
        let mut feelings = parts
            .flat_map(|part| (0..part.words.len()).filter_map(|at| self.pack.feeling_at(part, at)));
        feelings.any(|(at, _)| self.pack.groups[self.pack.feelings + at].lean == Mood::Bright)
    }

    /// What came first; with a dark feeling in the question, the first that was not bright.
    fn beginning(&mut self) -> bool {
        let talk = self.talk;
        let felt = self.asks("recallfelt");
        let open = |turn: &usize| {
            let reading = &talk.readings[*turn];
            let sought = !felt || reading.sense.mood != Mood::Bright || self.asks_for_joy();
            reading.intent.tells() && !reading.closed && sought
        };
        let first = (0..talk.turn()).find(open);
        let Some(turn) = first else { return false };
        let reading = &talk.readings[turn];
        let topic = reading.sense.topic().filter(|topic| !talk.is_closed(Some(*topic)));
        let label = topic.map(|at| self.pack.groups[at].label).filter(|label| !label.is_empty());
        let who = talk.memory.about(turn).map(Person::mention);
        let told: Vec<String> = who.into_iter().chain(label.map(str::to_owned)).collect();
        let statement = self.retold(turn);
        self.list(statement.as_slice());
        if !told.is_empty() {
            self.slots.set("facts", Some(joined(&told, self.pack.word("andplain"))));
            self.say(7, "recallfirst");
        }
        statement.is_some() || !told.is_empty()
    }

    /// The stems of what the question is about.
    fn wanted(&self) -> Vec<String> {
        let sets = ["recallwords", "me", "you", "join", "stop", "fillers"];
        let stems = |strict: bool| -> Vec<String> {
            let words = self.now.words().filter(|(word, _)| {
                let low = word.plain.as_str();
                let small = strict && self.pack.code == "en" && is_stop(low);
                let own = sets.iter().all(|set| !self.pack.is_in(set, low));
                low.chars().count() > 2 && !small && own
            });
            words.map(|(_, stem)| stem.clone()).collect()
        };
        // "What did I make?" asks with a small word.
        let strict = stems(true);
        if strict.is_empty() { stems(false) } else { strict }
    }

    /// The word of the question as it may be said again.
    fn named_again(&self, stem: &str) -> String {
        let word = self.now.words().find(|(_, own)| *own == stem).map(|(word, _)| word);
        let fits =
            |text: &String| !is_avoided(&fold(text)) && text.chars().all(char::is_alphabetic);
        let shown =
            word.map(|word| if word.named { capital(&word.shown) } else { word.shown.clone() });
        shown.filter(fits).unwrap_or_else(|| self.pack.word("that").to_owned())
    }

    fn thing(&mut self, stems: &[String]) -> bool {
        let talk = self.talk;
        let before = &talk.readings[..talk.turn()];
        if self.asks("recallwhen") {
            let holds = |text: &Text| text.words().any(|(_, stem)| stems.contains(stem));
            let about = before.iter().rev().filter(|r| !r.closed && holds(&r.text));
            if let Some(when) = about.into_iter().find_map(|r| r.names.times.first()) {
                self.slots.set("facts", Some(when.text.clone()));
                self.say(0, "recalltime");
                return true;
            }
        }
        let facts = if self.pack.code == "en" {
            Memory::facts_with(self.pack, before, stems)
        } else {
            let has = |stem: &String| stems.contains(stem);
            talk.quotes("", |[turn, part]| {
                talk.readings[turn].text.parts[part].stems.iter().any(has)
            })
        };
        let told: Vec<String> = best(facts).into_iter().map(|fact| fact.text).collect();
        self.list(&told);
        !told.is_empty()
    }

    /// What the talk was about so far.
    fn subjects(&mut self) {
        let talk = self.talk;
        let mut told: Vec<String> = Vec::new();
        let mut add = |mention: String| {
            if told.len() < MOST_SUBJECTS && !told.contains(&mention) {
                told.push(mention);
            }
        };
        // What was told with weight comes first, by the topic's own name.
        for reading in talk.readings[..talk.turn()].iter().filter(|r| !r.closed) {
            let topic = reading.sense.topic().filter(|topic| !talk.is_closed(Some(*topic)));
            let label = topic.map(|topic| self.pack.groups[topic].label.to_owned());
            label.filter(|label| !label.is_empty()).into_iter().for_each(&mut add);
            if self.pack.code == "en" && reading.sense.mood != Mood::Grave {
                reading
                    .names
                    .things
                    .iter()
                    .filter(|t| t.starts_with("your "))
                    .take(1)
                    .cloned()
                    .for_each(&mut add);
            }
        }
        let people = talk.memory.people.iter().filter(|person| person.first < talk.turn());
        people.map(Person::mention).for_each(&mut add);
        if told.is_empty() {
            self.say(0, "recallempty");
            return;
        }
        self.slots.set("facts", Some(joined(&told, self.pack.word("andplain"))));
        self.say(0, "recalltopics");
    }
}

/// Somebody of the conversation whom the question names.
fn asked_person<'m>(memory: &'m Memory, now: &Text) -> Option<&'m Person> {
    let low: Vec<&str> = now.words().map(|(word, _)| word.plain.trim_end_matches("'s")).collect();
    let people = || memory.people.iter();
    let by_name =
        |p: &&Person| p.name.as_ref().is_some_and(|name| low.contains(&fold(name).as_str()));
    let by_kin = |p: &&Person| p.kin.as_ref().is_some_and(|kin| low.contains(&kin.as_str()));
    people().find(by_name).or_else(|| people().find(by_kin))
}

/// Somebody of the conversation whom a pronoun of the question means.
fn meant_person<'m>(memory: &'m Memory, pack: &Pack, now: &Text) -> Option<&'m Person> {
    let pronoun = |name: &str| now.words().any(|(word, _)| pack.is_in(name, &word.plain));
    let gender = match (pronoun("she"), pronoun("he")) {
        (true, _) => Some(Gender::She),
        (_, true) => Some(Gender::He),
        _ => None,
    };
    let meant = |p: &&Person| gender.is_some_and(|g| p.gender == g || p.gender == Gender::One);
    memory.people.iter().rev().find(meant)
}

/// The first and the latest facts, in their order.
fn best(mut facts: Vec<Fact>) -> Vec<Fact> {
    if facts.len() > MOST_FACTS {
        let last = facts.split_off(facts.len() - 1);
        facts.truncate(MOST_FACTS - 1);
        facts.extend(last);
    }
    facts.sort_by_key(|fact| fact.turn);
    facts
}

/// "She moved" with the name instead of the first "she".
fn named(fact: &str, mention: &str) -> String {
    let pairs =
        [("she ", " "), ("he ", " "), ("they ", " "), ("she's ", " is "), ("he's ", " is ")];
    let found = pairs.iter().find_map(|(from, to)| Some((to, fact.strip_prefix(from)?)));
    found.map_or_else(|| fact.to_owned(), |(to, rest)| format!("{mention}{to}{rest}"))
}

fn joined(told: &[String], and: &str) -> String {
    match told {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} {and} {last}", rest.join(", ")),
    }
}
