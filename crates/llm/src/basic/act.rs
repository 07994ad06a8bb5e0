//! What a person does with a message: greets, agrees, asks, demands, tells.

use super::{
    text::Text,
    words::{
        acts::{self, ABOUT_ME, WISHES},
        lexicon, listen,
    },
};

/// What a person does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Hello,
    Introduced,
    HowAreYou,
    Thanks,
    Bye,
    /// A question about the responder, by its place in [`ABOUT_ME`].
    About(usize),
    Hostile,
    Correction,
    StopAsking,
    Yes,
    No,
    Okay,
    DontKnow,
    Maybe,
    Nothing,
    Why,
    Laugh,
    Sorry,
    Sigh,
    Praise,
    Bored,
    Number,
    Silence,
    Unreadable,
    /// A thing to be done, by its place in [`WISHES`].
    Wish(usize),
    Fact,
    Advice,
    Wonder,
    WhatIf,
    Opinion,
    /// Everything else: something is told.
    Telling,
}

impl Act {
    /// Short answers that live on what was said before.
    pub(super) const fn is_brief(self) -> bool {
        matches!(
            self,
            Self::Yes
                | Self::No
                | Self::Okay
                | Self::DontKnow
                | Self::Maybe
                | Self::Nothing
                | Self::Why
                | Self::Silence
        )
    }
}

/// What the person does, by the first rule that fits.
pub(super) fn of(text: &Text, core: &Text, named: bool) -> Act {
    if text.count == 0 {
        return Act::Silence;
    }
    if core.count == 0 {
        return Act::Hello;
    }
    if core.line.chars().all(|c| c.is_numeric() || c == ' ') {
        return Act::Number;
    }
    if named && core.count <= 6 {
        return Act::Introduced;
    }
    let lean = lean(core);
    brief(core, &lean)
        .or_else(|| social(core, &lean))
        .or_else(|| little(core))
        .or_else(|| demand(core, &lean))
        .unwrap_or_else(|| if is_unreadable(core) { Act::Unreadable } else { Act::Telling })
}

/// The clauses without fillers in front and strengthening words inside.
fn lean(text: &Text) -> Vec<String> {
    text.clauses
        .iter()
        .map(|clause| {
            let plain = clause.plain();
            let start = plain
                .iter()
                .position(|w| !listen::FILLERS.contains(w))
                .unwrap_or(plain.len().saturating_sub(1));
            plain[start..]
                .iter()
                .filter(|w| !listen::LOUDER.contains(w) || plain.len() == 1)
                .copied()
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

/// True when a clause is one of the phrases, or begins with one and runs on for at most `more` words.
fn opens(clauses: &[String], phrases: &[&str], more: usize) -> bool {
    clauses.iter().any(|clause| {
        phrases.iter().any(|phrase| {
            clause.strip_prefix(phrase).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with(' ') && rest.split_whitespace().count() <= more
            })
        })
    })
}

/// Short answers: the whole message is one.
fn brief(core: &Text, lean: &[String]) -> Option<Act> {
    let whole = lean.join(" ");
    let is = |list: &[&str]| core.is(list) || list.contains(&whole.as_str());
    let lists: [(&[&str], Act); 11] = [
        (acts::SIGH, Act::Sigh),
        (acts::LAUGH, Act::Laugh),
        (acts::DONT_KNOW, Act::DontKnow),
        (acts::NOTHING, Act::Nothing),
        (acts::MAYBE, Act::Maybe),
        (acts::SORRY, Act::Sorry),
        (acts::BORED, Act::Bored),
        (acts::OKAY, Act::Okay),
        (acts::YES, Act::Yes),
        (acts::NO, Act::No),
        (acts::WHY, Act::Why),
    ];
    let exact = lists.iter().find(|(list, _)| core.is(list));
    exact.or_else(|| lists.iter().find(|(list, _)| is(list))).map(|(_, act)| *act)
}

/// "Yes yes", "no it was not": only little words, and they begin with an answer.
fn little(core: &Text) -> Option<Act> {
    let words: Vec<&str> = core.line.split_whitespace().collect();
    if words.len() > 4 || core.asks() || words.iter().any(|w| !lexicon::is_stop(w)) {
        return None;
    }
    match words[0] {
        "yes" | "yeah" | "yep" | "yup" => Some(Act::Yes),
        "no" | "nope" | "nah" => Some(Act::No),
        "ok" | "okay" | "alright" => Some(Act::Okay),
        "maybe" | "perhaps" => Some(Act::Maybe),
        "nothing" => Some(Act::Nothing),
        _ => None,
    }
}

/// Between the person and the responder.
fn social(core: &Text, lean: &[String]) -> Option<Act> {
    if opens(lean, acts::STOP_ASKING, 4) {
        return Some(Act::StopAsking);
    }
    let insulted = lean.iter().any(|clause| {
        clause
            .strip_prefix("you ")
            .is_some_and(|rest| rest.split(' ').any(|w| acts::INSULTS.contains(&w)))
            || clause.split(' ').all(|w| acts::INSULTS.contains(&w))
    });
    if core.count <= 12 && (insulted && !core.asks() || opens(lean, acts::HOSTILE, 4)) {
        return Some(Act::Hostile);
    }
    if core.count <= 14 && opens(lean, acts::CORRECTION, 5) {
        return Some(Act::Correction);
    }
    let leaving = lean
        .iter()
        .any(|clause| acts::BYE.iter().any(|bye| clause == bye || is_leaving(clause, bye)));
    if leaving && core.count <= 10 {
        return Some(Act::Bye);
    }
    if opens(lean, acts::THANKS, 5) && core.count <= 8 && !core.asks() {
        return Some(Act::Thanks);
    }
    if opens(lean, acts::PRAISE, 3) && core.count <= 10 {
        return Some(Act::Praise);
    }
    if let Some(at) = ABOUT_ME.iter().position(|about| opens(lean, about.shown_by, 3)) {
        return Some(Act::About(at));
    }
    (opens(lean, acts::HOW_ARE_YOU, 2) && core.count <= 10).then_some(Act::HowAreYou)
}

fn is_leaving(clause: &str, bye: &str) -> bool {
    clause.strip_prefix(bye).and_then(|rest| rest.strip_prefix(' ')).is_some_and(|rest| {
        matches!(
            rest,
            "now"
                | "then"
                | "soon"
                | "again"
                | "everyone"
                | "serene"
                | "bot"
                | "thanks"
                | "tomorrow"
                | "for now"
                | "friend"
                | "my friend"
                | "to you"
                | "and thanks"
                | "and thank you"
        )
    })
}

/// Questions and errands.
fn demand(core: &Text, lean: &[String]) -> Option<Act> {
    let far = usize::MAX;
    if opens(lean, &["what if"], far) {
        return Some(Act::WhatIf);
    }
    if opens(lean, listen::OPINION, far) {
        return Some(Act::Opinion);
    }
    if opens(lean, listen::ADVICE, far) {
        return Some(Act::Advice);
    }
    if opens(lean, listen::WONDER, far) && (core.asks() || core.count <= 8) {
        return Some(Act::Wonder);
    }
    let please = opens(lean, &["can you", "could you", "would you please", "will you please"], far);
    if please || opens(lean, acts::WISH_OPENERS, far) && core.count > 1 {
        let kind = WISHES.iter().position(|wish| core.says(wish.shown_by));
        return Some(Act::Wish(kind.unwrap_or(WISHES.len() - 1)));
    }
    let tells = core.clauses.iter().any(|clause| {
        !clause.asks && clause.words.iter().any(|w| w.plain == "i" || w.plain == "my")
    });
    let asking =
        core.asks() && !tells || opens(lean, listen::ASKING, far) && core.count <= 16 && !tells;
    if !asking {
        return None;
    }
    if core.says(&["i", "my", "me", "myself"]) {
        return Some(Act::Advice);
    }
    let to_me = core.says(&["you", "your", "yourself"])
        && !opens(
            lean,
            &["do you know", "did you know", "can you tell me", "could you tell me"],
            far,
        );
    Some(if to_me { Act::About(0) } else { Act::Fact })
}

/// A message of one to three tokens none of which can be a word: no vowel, or six consonants in a row.
fn is_unreadable(core: &Text) -> bool {
    let odd = |word: &str| {
        let vowel = |c: char| "aeiouyàâäáãåæèéêëìíîïòóôöõøùúûüýœ".contains(c);
        let run = word.chars().fold((0, 0), |(run, most), c| {
            let run = if vowel(c) { 0 } else { run + 1 };
            (run, most.max(run))
        });
        let row = ["qwertyuiop", "asdfghjkl", "zxcvbnm"]
            .iter()
            .any(|row| (0..=row.len() - 5).any(|at| word.contains(&row[at..at + 5])));
        word.len() > 3
            && word.is_ascii()
            && (row || run.1 >= 6 || word.len() > 4 && !word.chars().any(vowel))
    };
    core.count <= 3 && core.line.split_whitespace().all(|word| odd(word) && !word.contains('\''))
}

/// The message without a greeting in front.
pub(super) fn without_greeting(text: &Text) -> Text {
    let words: Vec<&str> = text.line.split_whitespace().collect();
    let strip = |words: &[&str], list: &[&str]| {
        list.iter()
            .filter(|p| words.starts_with(&p.split(' ').collect::<Vec<_>>()))
            .map(|p| p.split(' ').count())
            .max()
    };
    let Some(mut drop) = strip(&words, acts::HELLO) else { return text.clone() };
    while let Some(more) =
        strip(&words[drop..], acts::HELLO).or_else(|| strip(&words[drop..], acts::HELLO_TAIL))
    {
        // "hi you are stupid": the "you" is no address there.
        if words[drop..].len() > more && words[drop] == "you" {
            break;
        }
        drop += more;
    }
    let mut core = text.clone();
    let mut left = drop;
    core.clauses.retain_mut(|clause| {
        let cut = left.min(clause.words.len());
        clause.words.drain(..cut);
        left -= cut;
        !clause.words.is_empty()
    });
    core.count -= drop;
    core.line = format!(" {} ", words[drop..].join(" "));
    core
}

#[cfg(test)]
mod tests {
    use super::{
        super::{sense, text::read},
        *,
    };

    #[test]
    fn acts_are_told_apart() {
        for (text, act) in [
            ("hi", Act::Hello),
            ("Hello there!", Act::Hello),
            ("hey, how are you?", Act::HowAreYou),
            ("my name is Anna", Act::Introduced),
            ("I'm Tom", Act::Introduced),
            ("thanks a lot, that's kind", Act::Thanks),
            ("bye", Act::Bye),
            ("ok bye for now", Act::Bye),
            ("I have to go to the dentist", Act::Telling),
            ("who are you?", Act::About(0)),
            ("are you even human", Act::About(0)),
            ("is this private?", Act::About(2)),
            ("you are so useless", Act::Hostile),
            ("you're just a dumb bot", Act::Hostile),
            ("write something", Act::Wish(7)),
            ("shut up", Act::Hostile),
            ("my boss said I am useless", Act::Telling),
            ("that's not what I meant", Act::Correction),
            ("stop asking me things", Act::StopAsking),
            ("yes", Act::Yes),
            ("yeah it was", Act::Yes),
            ("not really", Act::No),
            ("ok", Act::Okay),
            ("idk", Act::DontKnow),
            ("why?", Act::Why),
            ("lol", Act::Laugh),
            ("42", Act::Number),
            ("...", Act::Silence),
            ("sdfkjhsdf", Act::Unreadable),
            ("asdfgh", Act::Unreadable),
            ("haha yes", Act::Yes),
            ("ugh", Act::Sigh),
            ("can you at least give me a list", Act::Wish(10)),
            ("What is the capital of France?", Act::Fact),
            ("what should I cook tonight", Act::Advice),
            ("Why do I always fail?", Act::Wonder),
            ("what if I lose everything", Act::WhatIf),
            ("Hi, I'm Maruška", Act::Introduced),
            ("write me a poem about rain", Act::Wish(1)),
            ("can you translate this", Act::Wish(3)),
            ("I lost my keys and I was late", Act::Telling),
            ("Nothing much", Act::Nothing),
            ("Do you like pizza?", Act::About(7)),
            ("are you there?", Act::About(10)),
            ("I need to talk", Act::About(9)),
        ] {
            assert_eq!(sense::of(&read(text)).act, act, "{text}");
        }
    }
}
