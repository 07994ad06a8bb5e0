//! The manner of an answer: how a finished line is worded and what is put around it, for the
//! personality and the form of address a person chose. Both built-in responders speak through it;
//! what an answer says is no business of this room.
//!
//! A line may hold `[du|Sie]`: first the familiar form, then the formal one. What is put around an
//! answer stands in `voices/*.txt`: `== WHO WHAT` opens a list, WHO a personality or a style. WHAT is
//! `hello` and `then` (a greeting and what follows it), `thanks` or `bye` (said instead of the
//! answer), or `even`, `bright`, `low`, `asked`, `me` with `before` or `after` (put around it; one that
//! ends in a colon is joined to the sentence it stands before), or `ask` (put before the question).

use std::{collections::HashMap, sync::LazyLock};

use super::{spans::hash, text::fold};
use crate::{AddressStyle, Manner, Personality};

/// The most characters of an answer.
const LONGEST: usize = 600;

/// What an answer does, as far as its manner goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    Hello,
    Thanks,
    Bye,
    /// A question was asked: for advice, about the world.
    Asked,
    /// The responder speaks about itself.
    Me,
    Bright,
    Even,
    /// The last message is sad, or something sad was said shortly before.
    Low,
    /// Death, violence, despair, a quarrel with the responder: nothing is put around the answer.
    Quiet,
}

impl Occasion {
    /// True for what is said between the person and the responder.
    pub(crate) fn is_social(self) -> bool {
        matches!(self, Self::Hello | Self::Thanks | Self::Bye)
    }
}

/// How a person wants to be spoken to, in one language.
#[derive(Clone, Copy, Default)]
pub(crate) struct Voice {
    code: &'static str,
    personality: Option<Personality>,
    style: Option<AddressStyle>,
}

type Lists = HashMap<&'static str, Vec<&'static str>>;

static LISTS: LazyLock<HashMap<&'static str, Lists>> = LazyLock::new(|| {
    [
        ("en", include_str!("voices/en.txt")),
        ("de", include_str!("voices/de.txt")),
        ("es", include_str!("voices/es.txt")),
        ("fr", include_str!("voices/fr.txt")),
        ("it", include_str!("voices/it.txt")),
        ("nl", include_str!("voices/nl.txt")),
        ("pt", include_str!("voices/pt.txt")),
    ]
    .map(|(code, source)| (code, lists(source)))
    .into()
});

fn lists(source: &'static str) -> Lists {
    let mut lists = Lists::new();
    let mut name = "";
    for line in source.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix("== ") {
            Some(head) => name = head,
            None => lists.entry(name).or_default().push(line),
        }
    }
    lists
}

impl Voice {
    pub(crate) fn new(manner: Manner, code: &'static str) -> Self {
        let personality = manner.personality.filter(|one| *one != Personality::Default);
        Self { code, personality, style: manner.address_style }
    }

    /// The same without a personality, for a greeting or a farewell on a sad day.
    pub(crate) fn gentle(self) -> Self {
        Self { personality: None, ..self }
    }

    /// The line in the right form of address, with contractions opened where that is the manner.
    pub(crate) fn word(&self, line: &str) -> String {
        let line = address(line, self.is_formal());
        if self.code == "en" && self.is_long() {
            let line = expanded(&line);
            if self.personality == Some(Personality::Robot) { line.replace('!', ".") } else { line }
        } else {
            line
        }
    }

    /// The formal "you". French is formal unless familiarity is wished for.
    fn is_formal(&self) -> bool {
        match self.style {
            Some(AddressStyle::Formal | AddressStyle::Professional) => true,
            Some(AddressStyle::Casual | AddressStyle::Friendly) => false,
            None => self.code == "fr",
        }
    }

    fn is_long(&self) -> bool {
        match self.style {
            Some(AddressStyle::Formal | AddressStyle::Professional) => true,
            Some(AddressStyle::Casual | AddressStyle::Friendly) => false,
            None => self.personality == Some(Personality::Robot),
        }
    }

    /// The answer with what belongs around it; the answer alone when nothing of it fits. `turn`
    /// counts the answers before it.
    pub(crate) fn dress(
        &self,
        answer: String,
        occasion: Occasion,
        turn: usize,
        fits: &dyn Fn(&str) -> bool,
    ) -> String {
        // Who is sad in earnest meets no wit.
        let sad = occasion == Occasion::Low;
        let personality = self.personality.filter(|one| !(sad && *one == Personality::Cynic));
        let who = personality.map(Personality::as_str);
        let style = self.style.map(AddressStyle::as_str);
        let ok = |text: &String| {
            text.chars().count() <= LONGEST
                && text.matches(['?', '\u{ff1f}']).count() <= 1
                && fits(text)
        };
        let instead = match occasion {
            Occasion::Quiet => return answer,
            Occasion::Hello => {
                let first = self.either(style, who, "hello", turn);
                joined(&first, &self.either(who, style, "then", turn))
            }
            Occasion::Thanks => self.both(style, who, "thanks", turn),
            Occasion::Bye => self.both(style, who, "bye", turn),
            _ => self.around(&answer, occasion, [style, who], turn, fits),
        };
        instead.into_iter().find(ok).unwrap_or(answer)
    }

    /// The lines of a list, worded, beginning with another one each turn; none last.
    fn list(&self, who: Option<&str>, what: &str, turn: usize) -> Vec<String> {
        let Some(who) = who else { return Vec::new() };
        let lists = LISTS.get(self.code);
        let list = lists.and_then(|lists| lists.get(format!("{who} {what}").as_str()));
        let list = list.map_or(&[][..], Vec::as_slice);
        let start = turn % list.len().max(1);
        list.iter().cycle().skip(start).take(list.len()).map(|line| self.word(line)).collect()
    }

    fn either(&self, a: Option<&str>, b: Option<&str>, what: &str, turn: usize) -> Vec<String> {
        let first = self.list(a, what, turn);
        if first.is_empty() { self.list(b, what, turn) } else { first }
    }

    fn both(&self, a: Option<&str>, b: Option<&str>, what: &str, turn: usize) -> Vec<String> {
        let (first, second) = (self.list(a, what, turn), self.list(b, what, turn));
        [joined(&first, &second), first, second].concat()
    }

    /// The answer with a style's words in front, a personality's around, the fullest first.
    fn around(
        &self,
        answer: &str,
        occasion: Occasion,
        [style, who]: [Option<&str>; 2],
        turn: usize,
        fits: &dyn Fn(&str) -> bool,
    ) -> Vec<String> {
        let name = match occasion {
            Occasion::Asked => "asked",
            Occasion::Me => "me",
            Occasion::Bright => "bright",
            Occasion::Low => "low",
            _ => "even",
        };
        // A machine labels every line; a remark that came each time would be a tic.
        let remark = turn.is_multiple_of(2);
        let often = remark || who == Some(Personality::Robot.as_str());
        // Two answers of the same turn need not begin with the same word.
        let seed = usize::try_from(hash(answer.chars()) % 64).unwrap_or_default();
        let list = |who: Option<&str>, place: &str, now: bool| {
            let all = self.list(who.filter(|_| now), place, seed).into_iter();
            all.filter(|text| fits(text)).take(2).chain([String::new()]).collect::<Vec<_>>()
        };
        let polite = list(style, &format!("{name} before"), remark);
        let before = list(who, &format!("{name} before"), often);
        let after = list(who, &format!("{name} after"), remark);
        let mut all = Vec::new();
        let (body, question) = parted(answer);
        for label in list(who.filter(|_| occasion != Occasion::Low), "ask", !body.is_empty()) {
            let question = glued(&label, question);
            for after in &after {
                let core = glued(&glued(body, after), &question);
                for before in &before {
                    for polite in &polite {
                        let parts = [polite, before, after, &label];
                        let empty = parts.iter().filter(|part| part.is_empty()).count();
                        all.push((empty, glued(polite, &glued(before, &core))));
                    }
                }
            }
        }
        // The fullest first; the sort is stable.
        all.sort_by_key(|(empty, _)| *empty);
        all.into_iter().map(|(_, text)| text).collect()
    }
}

fn joined(first: &[String], second: &[String]) -> Vec<String> {
    second.iter().flat_map(|b| first.iter().map(move |a| glued(a, b))).collect()
}

fn glued(a: &str, b: &str) -> String {
    if a.is_empty() || b.is_empty() { format!("{a}{b}") } else { format!("{a} {b}") }
}

/// The answer up to its question, and the question with what follows it.
fn parted(answer: &str) -> (&str, &str) {
    let Some(mark) = answer.find(['?', '\u{bf}']) else { return (answer, "") };
    // In Spanish the question begins with a mark of its own.
    let start = if answer[mark..].starts_with('?') {
        answer[..mark].rfind(['.', '!']).map_or(0, |at| at + 1)
    } else {
        mark
    };
    (answer[..start].trim_end(), answer[start..].trim_start())
}

/// Resolves `[familiar|formal]`.
pub(super) fn address(line: &str, formal: bool) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, (choice, after))) =
        rest.split_once('[').and_then(|(before, rest)| Some((before, rest.split_once(']')?)))
    {
        let (familiar, polite) = choice.split_once('|').unwrap_or((choice, choice));
        out.push_str(before);
        out.push_str(if formal { polite } else { familiar });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A text by which a line is known again, however it was worded: folded, contractions opened.
pub(crate) fn norm(text: &str) -> String {
    expanded(&fold(text))
}

/// English contractions opened: "I'm" becomes "I am".
fn expanded(text: &str) -> String {
    let text = text.replace("'s been", " has been");
    let mut out = String::with_capacity(text.len() + 16);
    let mut word = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_alphabetic() || c == '\'' {
            word.push(c);
            continue;
        }
        open(&word, &mut out);
        word.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

fn open(word: &str, out: &mut String) {
    const TAILS: &[(&str, &str)] = &[
        ("n't", " not"),
        ("'m", " am"),
        ("'re", " are"),
        ("'ve", " have"),
        ("'ll", " will"),
        ("'d", " would"),
    ];
    const WHOLE: &[(&str, &str)] = &[
        ("can't", "cannot"),
        ("won't", "will not"),
        ("let's", "let us"),
        ("it's", "it is"),
        ("that's", "that is"),
        ("there's", "there is"),
        ("what's", "what is"),
        ("he's", "he is"),
        ("she's", "she is"),
        ("here's", "here is"),
        ("where's", "where is"),
        ("how's", "how is"),
        ("who's", "who is"),
        ("everything's", "everything is"),
    ];
    if !word.contains('\'') {
        out.push_str(word);
        return;
    }
    let low = word.to_lowercase();
    let whole = WHOLE.iter().find(|(short, _)| *short == low).map(|(_, long)| *long);
    if let Some(long) = whole {
        let upper = word.starts_with(char::is_uppercase);
        out.push_str(&if upper { super::capital(long) } else { long.to_owned() });
        return;
    }
    let tail = TAILS.iter().find(|(short, _)| low.ends_with(short) && low.len() > short.len());
    match tail {
        Some((short, long)) => {
            out.push_str(&word[..word.len() - short.len()]);
            out.push_str(long);
        }
        None => out.push_str(word),
    }
}
