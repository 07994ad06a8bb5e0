//! Reads a pack.
//!
//! A pack is a list of groups. `== topic NAME | lean | weight | others`
//! (`others` when its lines also fit what somebody else did), `== feeling NAME | lean`,
//! `== act NAME`, `== say NAME`, `== set NAME`, `== kin` and `== valence` open one; the lines below
//! belong to it, each with a mark in front:
//!
//! - `w` what brings it up: phrases by stems, `..` for up to three words between, `=word` for
//!   exactly that form. In a set, the phrases themselves.
//! - `n` how a list of subjects names a topic.
//! - `f` adjectives of a feeling, by their stems in languages that inflect them.
//! - `is`, `at`, `has`: the whole message, the beginning of a part, any place of the message.
//! - `-`, `+`, `=` said on a bad day, on a good one, on any; `g` said while something grave is near.
//! - `?`, `?-`, `?+` asked on any, a bad, a good day. Below a question, `y`, `n` and `t` with two
//!   spaces in front: said when the answer is yes, no, or something else.
//! - `!` a thought, for when advice is wanted.
//! - A line that begins with `@a,b: ` is said only to a message with one of these stems in it; with
//!   `@!a,b: ` one of them must be told of the person.
//! - `p` people: the word and f, m, n or p (many), with `+` when it needs no "my".
//! - `v` a number and words of that valence; `=word` again for exactly that form.
//!
//! A line holds slots in braces, which `compose.rs` names, and `[du|Sie]` for the form of address.

use rust_stemmers::{Algorithm, Stemmer};

use super::{Act, Gender, Group, Index, Line, Mood, Pack, Step};
use crate::{
    basic::{spans::WordMap, text::fold, voice::norm, words::lexicon::is_stop},
    nlp::text::{stem, words_of},
};

/// Reads a pack. The files are part of the program, and a test reads every one of them, so a line
/// that cannot be read is a mistake of ours and ends the program.
pub(super) fn pack(code: &'static str, algorithm: Algorithm, sources: &[&'static str]) -> Pack {
    let mut builder = Builder {
        code,
        stemmer: Stemmer::create(algorithm),
        open: Open::None,
        mark: "",
        topics: Vec::new(),
        feelings: Vec::new(),
        pack: Pack {
            code,
            algorithm,
            groups: Vec::new(),
            feelings: 0,
            acts: Vec::new(),
            kin: WordMap::default(),
            valence: WordMap::default(),
            sets: WordMap::default(),
            single: WordMap::default(),
            says: WordMap::default(),
            topic_index: Index::default(),
            feeling_index: Index::default(),
        },
    };
    for line in sources.iter().flat_map(|source| source.lines()) {
        if !line.trim().is_empty() && !line.starts_with('#') {
            assert!(builder.line(line).is_some(), "pack {code}: {line:?} cannot be read");
        }
    }
    let Builder { topics, feelings, mut pack, .. } = builder;
    pack.feelings = topics.len();
    pack.groups = topics;
    pack.groups.extend(feelings);
    pack
}

enum Open {
    None,
    Topic,
    Feeling,
    Act,
    Say(&'static str),
    Set(&'static str),
    Kin,
    Valence,
}

struct Builder {
    code: &'static str,
    stemmer: Stemmer,
    open: Open,
    /// The mark of the line above.
    mark: &'static str,
    topics: Vec<Group>,
    feelings: Vec<Group>,
    pack: Pack,
}

impl Builder {
    fn line(&mut self, line: &'static str) -> Option<()> {
        if let Some(head) = line.strip_prefix("== ") {
            return self.head(head);
        }
        if let Some(below) = line.strip_prefix("  ") {
            return self.below(below);
        }
        let (mark, rest) = line.split_once(' ')?;
        self.mark = mark;
        match (&self.open, mark) {
            (Open::Topic | Open::Feeling, "w" | "f") => self.listen(mark, rest),
            (Open::Topic, "n") => self.group()?.label = rest,
            (Open::Topic | Open::Feeling, _) => {
                let line = self.made(rest);
                self.group()?.list(mark)?.push(line);
            }
            (Open::Act, _) => self.act(mark, rest)?,
            (Open::Say(name), "=") => {
                let (name, line) = (*name, self.made(rest));
                self.pack.says.entry(name).or_default().push(line);
            }
            (Open::Set(name), "w") => {
                for phrase in list(rest) {
                    let words = words_of(self.code, phrase);
                    if let [word] = words.as_slice() {
                        self.pack.single.entry(name).or_default().insert(word.clone());
                    }
                    self.pack.sets.entry(name).or_default().push(words.join(" "));
                }
            }
            (Open::Kin, "p") => self.kin(rest)?,
            (Open::Valence, "v") => self.valence(rest)?,
            _ => return None,
        }
        Some(())
    }

    fn head(&mut self, head: &'static str) -> Option<()> {
        let mut fields = head.split('|').map(str::trim);
        let first = fields.next()?;
        let (kind, name) = first.split_once(' ').unwrap_or((first, ""));
        let lean = match fields.next() {
            Some("grave") => Mood::Grave,
            Some("low") => Mood::Low,
            Some("bright") => Mood::Bright,
            Some("even") | None => Mood::Even,
            Some(_) => return None,
        };
        let weight = fields.next().map_or(Some(0), |field| field.parse().ok())?;
        let group = Group::new(name, lean, weight, fields.next() == Some("others"));
        self.open = match kind {
            "topic" => {
                self.topics.push(group);
                Open::Topic
            }
            "feeling" => {
                self.feelings.push(group);
                Open::Feeling
            }
            "act" => {
                self.pack.acts.push(Act { name, ..Act::default() });
                Open::Act
            }
            "say" => Open::Say(name),
            "set" => Open::Set(name),
            "kin" => Open::Kin,
            "valence" => Open::Valence,
            _ => return None,
        };
        Some(())
    }

    fn made(&self, text: &'static str) -> Line {
        let (needs, text) = match text.strip_prefix('@').and_then(|rest| rest.split_once(": ")) {
            Some((needs, text)) => (needs, text),
            None => ("", text),
        };
        let (own, needs) = (needs.starts_with('!'), needs.trim_start_matches('!'));
        let stems =
            |need| words_of(self.code, need).iter().map(|word| stem(&self.stemmer, word)).collect();
        let parts = text.split(['{', '}', '[', ']']).step_by(2).map(norm);
        let key = parts.max_by_key(String::len).unwrap_or_default().trim().to_owned();
        let (yes, no, told) = (Vec::new(), Vec::new(), Vec::new());
        let needs = list(needs).map(stems).collect();
        Line { text, key, needs, own, asks_about: self.asks_about(text), yes, no, told }
    }

    fn asks_about(&self, text: &str) -> Vec<String> {
        // Only English has a list of small words that is long enough.
        if self.code != "en" || !text.ends_with('?') || text.contains('{') {
            return Vec::new();
        }
        let words = words_of(self.code, text).into_iter();
        let large = words.filter(|word| word.len() > 3 && !is_stop(word));
        large.map(|word| stem(&self.stemmer, &word)).collect()
    }

    fn group(&mut self) -> Option<&mut Group> {
        match self.open {
            Open::Topic => self.topics.last_mut(),
            Open::Feeling => self.feelings.last_mut(),
            _ => None,
        }
    }

    /// `y`, `n` and `t` belong to the question above them.
    fn below(&mut self, line: &'static str) -> Option<()> {
        let (mark, text) = line.trim().split_once(' ')?;
        let asked = self.mark;
        let question = self.group()?.list(asked).filter(|_| asked.starts_with('?'))?.last_mut()?;
        match mark {
            "y" => question.yes.push(text),
            "n" => question.no.push(text),
            "t" => question.told.push(text),
            _ => return None,
        }
        Some(())
    }

    fn listen(&mut self, mark: &str, rest: &'static str) {
        // English has no endings on adjectives, and "boring" is not "bored".
        let exact = mark == "f" && self.code == "en";
        for phrase in list(rest) {
            let steps = self.steps(phrase, exact);
            match self.open {
                Open::Topic => self.pack.topic_index.add(steps, self.topics.len() - 1),
                _ => self.pack.feeling_index.add(steps, self.feelings.len() - 1),
            }
        }
    }

    fn act(&mut self, mark: &str, rest: &'static str) -> Option<()> {
        let code = self.code;
        let line = self.made(rest);
        let act = self.pack.acts.last_mut()?;
        let phrases = || list(rest).map(|phrase| words_of(code, phrase).join(" "));
        match mark {
            "is" => act.is.extend(phrases()),
            "at" => act.at.extend(phrases()),
            "has" => act.has.extend(phrases()),
            "=" => act.says.push(line),
            "g" => act.says_gravely.push(line),
            _ => return None,
        }
        Some(())
    }

    fn kin(&mut self, rest: &'static str) -> Option<()> {
        for entry in list(rest) {
            let (word, kind) = entry.rsplit_once(' ')?;
            let gender = match kind.chars().next()? {
                'f' => Gender::She,
                'm' => Gender::He,
                'n' => Gender::One,
                'p' => Gender::Many,
                _ => return None,
            };
            self.pack.kin.insert(fold(word), (gender, kind.ends_with('+')));
        }
        Some(())
    }

    fn valence(&mut self, rest: &'static str) -> Option<()> {
        let (number, words) = rest.split_once(' ')?;
        let number: i8 = number.parse().ok()?;
        for word in words.split([',', ' ']).filter(|word| !word.is_empty()) {
            // "Schön" and "schon" have one stem, so some forms are kept whole.
            let key = match word.strip_prefix('=') {
                Some(exact) => fold(exact),
                None => stem(&self.stemmer, &fold(word)),
            };
            self.pack.valence.entry(key).or_insert(number);
        }
        Some(())
    }

    fn steps(&self, phrase: &str, exact: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        for token in phrase.split_whitespace() {
            if token == ".." {
                steps.push(Step::Gap);
                continue;
            }
            let bare = token.strip_prefix('=');
            for word in words_of(self.code, bare.unwrap_or(token)) {
                steps.push(if exact || bare.is_some() {
                    Step::Exact(word)
                } else {
                    Step::Stem(stem(&self.stemmer, &word))
                });
            }
        }
        steps
    }
}

impl Group {
    fn new(name: &'static str, lean: Mood, weight: u8, others: bool) -> Self {
        Self {
            name,
            label: "",
            lean,
            weight,
            others,
            low: Vec::new(),
            bright: Vec::new(),
            even: Vec::new(),
            ask: Vec::new(),
            ask_low: Vec::new(),
            ask_bright: Vec::new(),
            think: Vec::new(),
        }
    }

    fn list(&mut self, mark: &str) -> Option<&mut Vec<Line>> {
        Some(match mark {
            "-" => &mut self.low,
            "+" => &mut self.bright,
            "=" => &mut self.even,
            "?" => &mut self.ask,
            "?-" => &mut self.ask_low,
            "?+" => &mut self.ask_bright,
            "!" => &mut self.think,
            _ => return None,
        })
    }
}

fn list(rest: &str) -> impl Iterator<Item = &str> {
    rest.split(',').map(str::trim).filter(|phrase| !phrase.is_empty())
}
