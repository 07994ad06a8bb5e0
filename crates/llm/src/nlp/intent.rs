//! What a person does with a message: greets, asks, plans, tells.

use super::{
    pack::Pack,
    said,
    text::{Text, holds},
};

/// What a person does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    /// One of the pack's acts, by its place.
    Act(usize),
    /// Says their own name.
    Introduced,
    /// Asks what was said earlier.
    Recall,
    /// Asks what to do.
    Advice,
    /// Asks whether something is all right.
    Opinion,
    /// Asks why it is as it is.
    Wonder,
    WhatIf,
    /// Asks for something only the world knows.
    Fact,
    /// Means to do something.
    Plan,
    Number,
    Silence,
    Unreadable,
    /// Everything else: something is told.
    Tell,
}

impl Intent {
    /// The name of the act, empty for what is none.
    pub(super) fn act(self, pack: &Pack) -> &'static str {
        match self {
            Self::Act(at) => pack.acts[at].name,
            _ => "",
        }
    }

    /// True for messages that tell something of the person, also by what they ask.
    pub(super) fn tells(self) -> bool {
        matches!(
            self,
            Self::Tell | Self::Plan | Self::Advice | Self::Opinion | Self::Wonder | Self::WhatIf
        )
    }
}

/// Messages of more words tell something, whatever question stands among them.
const LONGEST_QUESTION: usize = 30;
/// A question about what was said is shorter.
const LONGEST_RECALL: usize = 16;

/// What the person does, by the first rule that fits. `named` when the message gives their name,
/// `met` when something was said before.
pub(super) fn of(pack: &Pack, text: &Text, named: bool, met: bool) -> Intent {
    if text.count == 0 {
        return if text.signs.is_empty() { Intent::Silence } else { Intent::Tell };
    }
    let core = without_greeting(pack, text);
    if core.count == 0 {
        let greeting = pack.act(&text.line, &lead(pack, text), text.count);
        let plain = || pack.acts.iter().rposition(|act| act.name == "hello");
        return greeting.or_else(plain).map_or(Intent::Tell, Intent::Act);
    }
    if core.line.chars().all(|c| c.is_numeric() || c == ' ') {
        return Intent::Number;
    }
    if named && core.count <= 7 {
        return Intent::Introduced;
    }
    let lead = lead(pack, &core);
    let begins = |set: &str| begins(&lead, pack.set(set));
    let any = |set: &str| pack.set(set).any(|phrase| holds(&core.line, phrase));
    let you = core.words().any(|(word, _)| pack.is_in("you", &word.plain));
    let past = met && core.asks() && !you && begins("recallpast");
    if core.count <= LONGEST_RECALL && (any("recall") || past) {
        return Intent::Recall;
    }
    let whole = lead.concat();
    let whole = format!(" {} ", whole.split_whitespace().collect::<Vec<_>>().join(" "));
    let act = pack.act(&core.line, &lead, core.count).or_else(|| pack.act(&whole, &[], core.count));
    // "Help me with my exam" is a wish for advice, not a question about the responder.
    let about = |act: &usize| pack.acts[*act].name == "able" && core.count > 4;
    if let Some(act) = act.filter(|act| !about(act) || core.line.ends_with(" you ")) {
        return Intent::Act(act);
    }
    question(pack, &core, &lead).unwrap_or_else(|| {
        if is_unreadable(&core) {
            Intent::Unreadable
        } else if begins("plan") {
            Intent::Plan
        } else {
            Intent::Tell
        }
    })
}

/// The parts as padded lines, without the fillers in front.
fn lead(pack: &Pack, text: &Text) -> Vec<String> {
    let lead = |lows: Vec<&str>| {
        let start = lows.iter().position(|low| !pack.is_in("fillers", low));
        format!(" {} ", lows[start.unwrap_or(lows.len().saturating_sub(1))..].join(" "))
    };
    text.parts.iter().map(|part| lead(part.lows())).collect()
}

fn begins<'a>(lead: &[String], mut phrases: impl Iterator<Item = &'a str>) -> bool {
    phrases.any(|phrase| {
        lead.iter()
            .any(|part| part[1..].strip_prefix(phrase).is_some_and(|rest| rest.starts_with(' ')))
    })
}

fn question(pack: &Pack, core: &Text, lead: &[String]) -> Option<Intent> {
    if core.count > LONGEST_QUESTION {
        return None;
    }
    let begins = |set: &str| begins(lead, pack.set(set));
    let any = |set: &str| pack.set(set).any(|phrase| holds(&core.line, phrase));
    let asks = core.parts.iter().any(|part| part.asks);
    if begins("whatif") {
        return Some(Intent::WhatIf);
    }
    if begins("advice") || any("adviceany") {
        return Some(Intent::Advice);
    }
    if begins("opinion") {
        return Some(Intent::Opinion);
    }
    if begins("wonder") && (asks || core.count <= 9) {
        return Some(Intent::Wonder);
    }
    let me = |part: &super::text::Part| part.lows().iter().any(|low| pack.is_in("me", low));
    let tells = core.parts.iter().any(|part| !part.asks && part.words.len() > 2 && me(part));
    let ask = begins("ask");
    let rhetoric = pack.set("rhetoric").any(|phrase| core.line.trim().ends_with(phrase));
    if tells || rhetoric || !(core.asks() || ask && core.count <= 16) {
        return None;
    }
    let you =
        core.parts.iter().any(|p| p.asks && p.lows().iter().any(|low| pack.is_in("you", low)));
    let life = pack.acts.iter().position(|act| act.name == "life").map(Intent::Act);
    Some(match life {
        _ if ask => Intent::Fact,
        _ if core.parts.iter().any(me) => Intent::Opinion,
        Some(life) if you => life,
        _ => Intent::Fact,
    })
}

/// One to three tokens none of which can be a word: no vowel, or six consonants in a row.
fn is_unreadable(core: &Text) -> bool {
    let odd = |word: &str| {
        let vowel = |c: char| "aeiouy".contains(c);
        let run = word.split(vowel).map(str::len).max().unwrap_or_default();
        let row = ["qwertyuiop", "asdfghjkl", "zxcvbnm"]
            .iter()
            .any(|row| (0..=row.len() - 5).any(|at| word.contains(&row[at..at + 5])));
        let letters = word.len() > 3 && word.bytes().all(|c| c.is_ascii_lowercase());
        letters && (row || run >= 6 || word.len() > 4 && !word.contains(vowel))
    };
    core.count <= 3 && core.words().all(|(word, _)| odd(&word.plain))
}

/// The message without a greeting in front: "Hi, I'm so tired".
fn without_greeting(pack: &Pack, text: &Text) -> Text {
    let Some(first) = text.parts.first() else { return text.clone() };
    let lows = first.lows();
    let lengths = pack.set("greeting").filter_map(|phrase| {
        let words: Vec<&str> = phrase.split(' ').collect();
        lows.starts_with(&words).then_some(words.len())
    });
    let Some(mut drop) = lengths.max() else { return text.clone() };
    while drop < lows.len() && pack.is_in("aftergreeting", lows[drop]) {
        drop += 1;
    }
    text.without(drop)
}

/// What the person means or wonders to do: "calling your mother" for "should I call my mother".
pub(super) fn doing(pack: &Pack, text: &Text) -> Option<String> {
    let phrases: Vec<Vec<&str>> =
        pack.set("plan").chain(pack.set("shouldi")).map(|p| p.split(' ').collect()).collect();
    text.parts.iter().find_map(|part| {
        let lows = part.lows();
        phrases.iter().find_map(|phrase| {
            let mut places = lows.windows(phrase.len()).take(3);
            let at = places.position(|window| window == phrase.as_slice())?;
            said::doing(pack, &part.words[at + phrase.len()..])
        })
    })
}
