//! The people, times and things a message names. People work in every language of the packs; the
//! others in English.

use super::{
    pack::{Gender, Pack},
    text::{Part, Text},
};
use crate::basic::{
    capital,
    mirror::exchange,
    nouns,
    text::{Text as Plain, Word},
    words::lexicon::{PROPER, is_adjective, is_avoided, is_name, is_noun, is_stop},
};

/// Somebody, as one message names them.
#[derive(Clone)]
pub(super) struct Someone {
    /// The name, as it is written: "Ana".
    pub(super) name: Option<String>,
    /// The word of kin, folded: "sister".
    pub(super) kin: Option<String>,
    /// With its owner, as it is said back: "your little sister".
    pub(super) owned: Option<String>,
    pub(super) gender: Gender,
    /// Where in the message: the part and the words.
    pub(super) part: usize,
    pub(super) at: usize,
    pub(super) len: usize,
}

/// When something is.
#[derive(Clone)]
pub(super) struct When {
    /// "on Friday".
    pub(super) text: String,
    pub(super) ahead: bool,
}

/// What a message names.
#[derive(Clone, Default)]
pub(super) struct Names {
    pub(super) people: Vec<Someone>,
    /// "your statistics exam": best first.
    pub(super) things: Vec<String>,
    pub(super) places: Vec<String>,
    pub(super) times: Vec<When>,
}

/// Everything a message names; `known` are names met before, folded.
pub(super) fn of(pack: &Pack, text: &Text, known: &dyn Fn(&str) -> bool) -> Names {
    let mut names = Names::default();
    for (place, part) in text.parts.iter().enumerate() {
        let mut at = 0;
        while at < part.words.len() {
            match someone(pack, part, at, known) {
                Some(someone) => {
                    at += someone.len;
                    names.people.push(Someone { part: place, ..someone });
                }
                None => at += 1,
            }
        }
        if pack.code == "en" {
            let words = &part.words;
            names.places.extend((1..words.len()).filter_map(|at| somewhere(pack, words, at)));
            names.times.extend(times(pack, part));
        }
    }
    if pack.code == "en" {
        let clauses = text
            .parts
            .iter()
            .map(|part| crate::basic::text::Clause { words: part.words.clone(), asks: part.asks });
        let plain =
            Plain { clauses: clauses.collect(), line: text.line.clone(), count: text.count };
        let things = nouns::things(&plain).into_iter().map(|thing| thing.mention);
        let fits = |mention: &String| {
            let head = mention.rsplit(' ').next().unwrap_or_default();
            mention.contains(' ')
                && !pack.kin.contains_key(head)
                && !pack.is_in("times", head)
                && !pack.is_in("vague", head)
        };
        names.things = things.filter(fits).collect();
    }
    names
}

/// Somebody named from this word on: "my little sister Ana", "mum", "Ana".
fn someone(pack: &Pack, part: &Part, at: usize, known: &dyn Fn(&str) -> bool) -> Option<Someone> {
    let mine = pack.is_in("mine", part.low(at));
    let mut head = at + usize::from(mine);
    let describes = |low: &str| {
        !pack.kin.contains_key(low)
            && if pack.code == "en" { is_adjective(low) } else { pack.is_in("adjectives", low) }
    };
    while mine && head < at + 3 && describes(part.low(head)) {
        head += 1;
    }
    let owner = at.checked_sub(1).map_or("", |i| part.low(i));
    let theirs = pack.is_in("theirs", owner) || owner.ends_with("'s");
    match pack.kin.get(part.low(head)) {
        Some((gender, bare)) if mine || *bare && !theirs => {
            Some(relative(pack, part, [at, head], *gender, known))
        }
        _ if mine => None,
        _ => {
            let name = persons_name(pack, part, at, known)?;
            let (gender, len) = (Gender::One, 1);
            Some(Someone { name: Some(name), kin: None, owned: None, gender, part: 0, at, len })
        }
    }
}

fn relative(
    pack: &Pack,
    part: &Part,
    [at, head]: [usize; 2],
    gender: Gender,
    known: &dyn Fn(&str) -> bool,
) -> Someone {
    let kin = part.low(head).to_owned();
    let noun = if pack.code == "de" { capital(&kin) } else { kin.clone() };
    let owned = if at == head {
        Some(if pack.code == "en" { format!("your {kin}") } else { noun })
    } else if pack.code == "en" {
        exchange(&part.words[at..=head])
    } else {
        // The owner's word as it is said back comes from the pack.
        let key = match gender {
            Gender::She => "f ",
            Gender::He => "m ",
            Gender::One => "n ",
            Gender::Many => "p ",
        };
        let yours = pack.say("yours").iter().find_map(|line| line.text.strip_prefix(key));
        yours.map(|yours| format!("{yours} {noun}"))
    };
    let next = part.words.get(head + 1).filter(|_| gender != Gender::Many);
    let name = next.filter(|word| {
        let low = word.plain.as_str();
        let named = word.named && !pack.is_in("calendar", low) && !ordinary(pack, low);
        let capital = word.named || word.leading || pack.code == "en";
        (named || known(low) || is_name(low) && capital) && !is_avoided(low)
    });
    let len = head + 1 - at + usize::from(name.is_some());
    let name = name.map(|word| capital(&word.shown));
    Someone { name, kin: Some(kin), owned, gender, part: 0, at, len }
}

fn ordinary(pack: &Pack, low: &str) -> bool {
    let english = pack.code == "en" && (is_stop(low) || is_noun(low) || is_adjective(low));
    english || pack.is_in("stop", low) || pack.is_in("calendar", low)
}

/// The name at this word, if it is a person's.
fn persons_name(
    pack: &Pack,
    part: &Part,
    at: usize,
    known: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let word = &part.words[at];
    let low = word.plain.trim_end_matches("'s");
    let letters = low.chars().all(char::is_alphabetic) && (2..=16).contains(&low.chars().count());
    if !letters || is_avoided(low) || pack.is_in("calendar", low) {
        return None;
    }
    let cap = word.named || word.leading;
    let before = at.checked_sub(1).map_or("", |i| part.low(i));
    let next = part.low(at + 1);
    // An unknown name shows itself by what stands next to it. Where nouns are written with
    // capitals, a capital shows nothing.
    let acts = pack.is_in("persondoes", next);
    let near = pack.is_in("beforeperson", before);
    let shows = match pack.code {
        "de" => acts && word.named && pack.is_in("saysverb", next),
        _ => word.named && (acts || near) || word.leading && acts && pack.code == "en",
    };
    let place = pack.is_in("toplace", before) && !is_name(low);
    let plain = part.stems.get(at).is_none_or(|stem| pack.valence(low, stem) == 0);
    let fits =
        known(low) || cap && !place && (is_name(low) || shows && plain && !ordinary(pack, low));
    fits.then(|| capital(word.shown.trim_end_matches("'s")))
}

/// "in Lisbon": the place behind a word of place.
fn somewhere(pack: &Pack, words: &[Word], at: usize) -> Option<String> {
    let low = words[at].plain.as_str();
    let proper = words[at].named || PROPER.contains(&low);
    let letters = low.chars().count() > 2 && low.chars().all(char::is_alphabetic);
    let to = matches!(
        words[at - 1].plain.as_str(),
        "in" | "to" | "from" | "near" | "visit" | "visited" | "left"
    );
    let fits = to && proper && letters && !is_name(low) && !is_avoided(low);
    (fits && !pack.is_in("days", low) && !pack.is_in("months", low))
        .then(|| capital(&words[at].shown))
}

/// The times a part names.
fn times(pack: &Pack, part: &Part) -> Vec<When> {
    let over = is_past(pack, part);
    let mut found = Vec::new();
    let mut at = 0;
    while at < part.words.len() {
        let Some((len, ahead)) = time_at(pack, part, at) else {
            at += 1;
            continue;
        };
        let shown = |word: &Word| {
            let low = word.plain.as_str();
            let proper = pack.is_in("days", low) || pack.is_in("months", low);
            if proper { capital(low) } else { low.to_owned() }
        };
        let text = part.words[at..at + len].iter().map(shown).collect::<Vec<_>>().join(" ");
        found.push(When { text, ahead: ahead && !over });
        at += len;
    }
    found
}

/// How many words from here on name a time, and whether it may be still to come.
fn time_at(pack: &Pack, part: &Part, at: usize) -> Option<(usize, bool)> {
    let low = |n: usize| part.low(at + n);
    let unit = |n: usize| pack.is_in("units", low(n));
    let month = |n: usize| {
        pack.is_in("months", low(n))
            && (part.words[at + n].named || !matches!(low(n), "may" | "march"))
    };
    let dated = |n: usize| pack.is_in("days", low(n)) || month(n);
    let number = pack.is_in("numbers", low(1)) || low(1).parse::<u16>().is_ok();
    Some(match low(0) {
        "tomorrow" => (1 + usize::from(unit(1)), true),
        "tonight" => (1, true),
        "yesterday" => (1, false),
        "on" | "by" if pack.is_in("days", low(1)) => (2, true),
        "next" if unit(1) || dated(1) => (2, true),
        "this" if matches!(low(1), "weekend" | "week" | "month" | "year" | "summer" | "winter") => {
            (2, true)
        }
        "in" if month(1) => (2, true),
        "last" | "since" | "until" if dated(1) || low(0) == "last" && unit(1) => (2, false),
        "since" if low(1) == "last" && unit(2) => (3, false),
        "in" if number && unit(2) => (3, true),
        "for" if number && unit(2) => (3, false),
        _ => return None,
    })
}

/// True when the part tells of something that is over.
fn is_past(pack: &Pack, part: &Part) -> bool {
    let ended = |low: &&str| low.len() > 4 && low.ends_with("ed") && !is_adjective(low);
    part.lows().iter().any(|low| pack.is_in("over", low) || ended(low))
}

/// The name a person gives themselves: "my name is Ana", "call me Ana", "I'm Ana".
pub(super) fn own_name(pack: &Pack, text: &Text) -> Option<String> {
    text.parts.iter().find_map(|part| {
        let lows = part.lows();
        let sure = |phrase: &str| pack.set("mynamesure").any(|sure| sure == phrase);
        let (len, sure) = pack.set("mynameis").find_map(|phrase| {
            let words: Vec<&str> = phrase.split(' ').collect();
            lows.starts_with(&words).then(|| (words.len(), sure(phrase)))
        })?;
        let word = part.words.get(len)?;
        let low = word.plain.as_str();
        // "I'm Ana" needs a capital or a known name; "my name is" does not.
        let shows = sure || word.named || is_name(low);
        let fits = (2..=14).contains(&low.chars().count())
            && low.chars().all(char::is_alphabetic)
            && !is_avoided(low)
            && !ordinary(pack, low)
            && pack.feeling_at(part, len).is_none()
            && pack.valence(low, &part.stems[len]) == 0;
        let next = part.low(len + 1);
        let ends = next.is_empty() || pack.is_in("join", next) || pack.is_in("and", next);
        (fits && ends && shows).then(|| capital(&word.shown))
    })
}
