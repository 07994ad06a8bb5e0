//! Making sense of one message: what its writer does with it, what it is about, how it sounds.

use super::{
    mirror::{self, Felt, Said},
    nouns::{self, Someone},
    text::{Clause, Text},
    words::{
        self, Theme, Tone,
        acts::{self, ABOUT_ME, WISHES},
        lexicon::{self, NEGATIVE, NEGATORS, POSITIVE},
        themes_heavy::{DESPAIR, GRIEF},
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
            Self::Yes | Self::No | Self::Okay | Self::DontKnow | Self::Maybe | Self::Nothing | Self::Why | Self::Silence
        )
    }
}

/// A theme of the message and how it is named.
pub(super) struct Hit {
    pub(super) theme: &'static Theme,
    pub(super) mention: String,
}

/// What a message holds.
pub(super) struct Sense {
    pub(super) act: Act,
    pub(super) tone: Tone,
    pub(super) felt: Option<Felt>,
    /// Heaviest first.
    pub(super) themes: Vec<Hit>,
    pub(super) people: Vec<Someone>,
    /// "losing your job", "the maths part", "the printer": best first.
    pub(super) things: Vec<String>,
    /// A short statement, said back whole.
    pub(super) said: Option<Said>,
    pub(super) word: Option<String>,
    pub(super) name: Option<String>,
}

impl Sense {
    /// True when the message speaks of death, violence, grave illness or despair.
    pub(super) fn heavy(&self) -> Option<&Hit> {
        self.themes.first().filter(|hit| hit.theme.lean == Tone::Heavy)
    }
}

/// Makes sense of a message.
pub(super) fn of(text: &Text) -> Sense {
    let core = without_greeting(text);
    let people = nouns::people(&core);
    let mut themes = themes(&core);
    if let Some(hit) = grief(&core, &people) {
        themes.retain(|t| t.theme.name != GRIEF);
        themes.insert(0, hit);
    }
    if core.says(HARMLESS) {
        themes.retain(|hit| hit.theme.lean != Tone::Heavy || is_despair(hit));
    }
    themes.sort_by_key(|hit| std::cmp::Reverse((hit.theme.lean == Tone::Heavy, hit.theme.weight)));
    let felt = core.clauses.iter().find_map(mirror::feeling);
    let mut things: Vec<String> = core.clauses.iter().filter_map(mirror::doing).collect();
    things.extend(nouns::fragment(&core));
    things.extend(nouns::things(&core).into_iter().map(|thing| thing.mention));
    let unable = things.first().is_some_and(|doing| doing.starts_with("not "));
    let tone = tone(&core, felt.as_ref(), &themes, unable);
    let heavy = tone == Tone::Heavy;
    let name = name(&core);
    let act = if heavy { Act::Telling } else { act(text, &core, name.is_some()) };
    let said = mirror::said(&core);
    Sense { act, tone, felt, people, things, said, word: nouns::key_word(&core), name, themes }
}

/// Turns of speech in which a grave word means nothing grave.
const HARMLESS: &[&str] = &[
    "it hit me", "it hits me", "that hit me", "kicked me out of", "pushed me to", "beat me at", "beat me to", "beat me in", "by accident", "dying to", "dying of laughter", "dying for",
    "die for", "die laughing", "died laughing", "buried in", "buried under", "hopeless at", "dead tired", "phone died", "battery died", "battery is dead", "phone is dead", "laptop died", "car died", "killing it",
];

/// The message without a greeting in front.
fn without_greeting(text: &Text) -> Text {
    let words: Vec<&str> = text.line.split_whitespace().collect();
    let strip = |words: &[&str], list: &[&str]| {
        list.iter().filter(|p| words.starts_with(&p.split(' ').collect::<Vec<_>>())).map(|p| p.split(' ').count()).max()
    };
    let Some(mut drop) = strip(&words, acts::HELLO) else { return text.clone() };
    while let Some(more) = strip(&words[drop..], acts::HELLO).or_else(|| strip(&words[drop..], acts::HELLO_TAIL)) {
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

fn themes(text: &Text) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    for clause in &text.clauses {
        let plain = clause.plain();
        let mut at = 0;
        while at < plain.len() {
            let Some((theme, mention, len)) = words::theme_at(&plain[at..]) else {
                at += 1;
                continue;
            };
            let mention = name_of(clause, at, len, mention);
            if hits.iter().all(|hit| hit.theme.name != theme.name) {
                hits.push(Hit { theme, mention });
            }
            at += len;
        }
    }
    hits
}

/// How a theme is named here: "your new job" rather than "the job", when that is what was said.
fn name_of(clause: &Clause, at: usize, len: usize, mention: &str) -> String {
    let plain = &clause.words[at + len - 1].plain;
    if mention.split(' ').next_back() != Some(plain.as_str()) || len > 2 {
        return mention.to_owned();
    }
    let article = at > 0 && matches!(clause.words[at - 1].plain.as_str(), "a" | "an");
    if article && mention.starts_with("your ") {
        return mention.to_owned();
    }
    nouns::around(&clause.words, at, len).unwrap_or_else(|| mention.to_owned())
}

/// A death in the message: it takes a dying word and someone it is said of.
fn grief(text: &Text, people: &[Someone]) -> Option<Hit> {
    let theme = words::themes().find(|theme| theme.name == GRIEF)?;
    let found = text.clauses.iter().any(|clause| {
        let plain = clause.plain();
        let someone = |word: &&str| {
            matches!(*word, "he" | "she" | "they")
                || lexicon::KIN.iter().any(|(kin, _)| kin == word)
                || lexicon::PETS.contains(word)
                || people.iter().any(|p| p.head == *word)
        };
        plain.iter().enumerate().any(|(at, word)| match *word {
            "died" | "dead" | "death" => {
                plain.iter().any(|w| someone(&w)) && !matches!(plain.get(at + 1), Some(&("tired" | "end" | "set" | "serious")))
            }
            "lost" => {
                let owner = plain.get(at + 1).is_some_and(|w| matches!(*w, "my" | "our"));
                let near = plain.get(at + 2..(at + 4).min(plain.len())).unwrap_or_default();
                owner && near.iter().any(someone)
            }
            _ => false,
        })
    });
    found.then(|| Hit { theme, mention: "this loss".to_owned() })
}

fn tone(text: &Text, felt: Option<&Felt>, themes: &[Hit], unable: bool) -> Tone {
    if themes.first().is_some_and(|hit| hit.theme.lean == Tone::Heavy) {
        return Tone::Heavy;
    }
    let mut score = match felt.map(Felt::tone) {
        Some(Tone::Low | Tone::Heavy) => -3,
        Some(Tone::Bright) => 2,
        _ => -i32::from(unable),
    };
    for clause in &text.clauses {
        let plain = clause.plain();
        for (at, word) in plain.iter().enumerate() {
            let negated = plain[at.saturating_sub(3)..at].iter().any(|w| NEGATORS.contains(w));
            let by_feeling =
                words::feeling_at(&plain[at..]).filter(|_| !AMBIGUOUS.contains(word)).map(|(feeling, _)| feeling.tone);
            let bright = POSITIVE.contains(word) || by_feeling == Some(Tone::Bright);
            let dark = NEGATIVE.contains(word) || by_feeling == Some(Tone::Low);
            let said = *word == "mean" && at > 0 && plain[at - 1] == "i";
            score += match (bright, dark && !said, negated) {
                (true, _, false) => 1,
                (true, _, true) | (false, true, false) => -1,
                _ => 0,
            };
        }
    }
    match score {
        1.. => Tone::Bright,
        ..=-1 => Tone::Low,
        0 => themes.first().map_or(Tone::Even, |hit| hit.theme.lean),
    }
}

/// Feelings that are something else as often: they set the tone only after "I am".
const AMBIGUOUS: &[&str] = &[
    "down", "low", "blue", "flat", "cross", "behind", "spent", "light", "free", "well", "fine", "ok", "okay", "busy", "mad", "settled", "safe", "strong", "empty", "wiped", "tense", "normal", "average", "all", "right", "torn", "moved", "comfortable", "invisible", "bitter", "understood", "under", "mixed", "run", "worn",
];

/// The name a person gives themselves: "my name is", "call me", "I'm Anna".
fn name(text: &Text) -> Option<String> {
    text.clauses.iter().find_map(|clause| {
        let plain = clause.plain();
        let at = match plain.as_slice() {
            ["my", "name", "is", _, ..] => 3,
            ["call", "me", _] | ["i", "am", _] | ["this", "is", _] => 2,
            ["i", "am", "called", _, ..] => 3,
            _ => return None,
        };
        let word = &clause.words[at];
        let named = word.named && !lexicon::PROPER.contains(&word.plain.as_str()) && !lexicon::is_adjective(&word.plain);
        let given = plain[0] == "my" || plain[0] == "call" || lexicon::is_name(&word.plain) || plain[0] == "i" && named;
        let fits = (2..=14).contains(&word.plain.chars().count())
            && word.plain.chars().all(char::is_alphabetic)
            && !lexicon::is_stop(&word.plain)
            && !lexicon::is_avoided(&word.plain)
            && words::feeling_at(&[&word.plain]).is_none();
        (given && fits && plain.get(at + 1).is_none_or(|next| *next == "and")).then(|| super::capital(&word.plain))
    })
}

/// What the person does, by the first rule that fits.
fn act(text: &Text, core: &Text, named: bool) -> Act {
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

/// Words that may open a message without changing what it does.
const FILLERS: &[&str] = &["well", "so", "um", "uh", "oh", "ah", "hm", "hmm", "and", "but", "ok", "okay", "yeah", "please", "haha", "lol", "wait", "then", "also", "no", "yes", "look"];

/// Words that make a phrase stronger without changing it.
const LOUDER: &[&str] = &["so", "really", "very", "just", "such", "completely", "totally", "even", "fucking", "bloody", "pretty", "quite", "literally", "all", "always"];

/// The clauses without fillers in front and strengthening words inside.
fn lean(text: &Text) -> Vec<String> {
    text.clauses
        .iter()
        .map(|clause| {
            let plain = clause.plain();
            let start = plain.iter().position(|w| !FILLERS.contains(w)).unwrap_or(plain.len().saturating_sub(1));
            plain[start..].iter().filter(|w| !LOUDER.contains(w) || plain.len() == 1).copied().collect::<Vec<_>>().join(" ")
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
        clause.strip_prefix("you ").is_some_and(|rest| rest.split(' ').any(|w| acts::INSULTS.contains(&w)))
            || clause.split(' ').all(|w| acts::INSULTS.contains(&w))
    });
    if core.count <= 12 && (insulted && !core.asks() || opens(lean, acts::HOSTILE, 4)) {
        return Some(Act::Hostile);
    }
    if core.count <= 14 && opens(lean, acts::CORRECTION, 5) {
        return Some(Act::Correction);
    }
    let leaving = lean.iter().any(|clause| acts::BYE.iter().any(|bye| clause == bye || is_leaving(clause, bye)));
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
        matches!(rest, "now" | "then" | "soon" | "again" | "everyone" | "serene" | "bot" | "thanks" | "tomorrow" | "for now" | "friend" | "my friend" | "to you" | "and thanks" | "and thank you")
    })
}

const ADVICE: &[&str] = &[
    "should i", "what should i", "what do i do", "what do i", "what can i do", "what can i", "what would you do", "how do i", "how can i", "how should i", "how could i", "how will i", "any advice", "any tips", "any ideas", "any suggestions", "give me advice", "give me some advice", "i need advice", "i need some advice", "help me decide",
    "do i", "can i", "could i", "would it be", "when should i", "where should i", "who should i", "which should i", "what am i supposed", "how am i supposed", "what is the best way",
];

const OPINION: &[&str] = &[
    "is it ok", "is it okay", "is it normal", "is it wrong", "is it bad", "is it weird", "is that ok", "is that okay", "is that normal", "is that weird", "is that bad", "is this normal", "what do you think", "do you think", "what is your opinion", "am i overreacting", "am i being",
];

const WONDER: &[&str] = &[
    "why am i", "why do i", "why did i", "why can i not", "why can not i", "why does nobody", "why does everyone", "why does no one", "why is it", "why me", "why is my", "why does my", "why did my", "why did he", "why did she", "why did they", "why does he", "why does she", "why do they", "why are people", "why do people", "why is life", "why is everything",
    "why does everything", "why is everyone", "what is wrong with me", "what is the matter with me", "am i", "will i", "will it ever", "does it ever", "will this ever", "what is the point", "why would", "why must", "why should", "who am i", "how long will", "when will",
];

const ASKING: &[&str] = &[
    "what is", "what are", "what was", "what were", "what does", "what did", "what time", "what year", "what kind", "what happens", "who is", "who was", "who are", "who wrote", "who invented", "who won", "when did", "when was", "when is", "when does", "where is", "where are", "where was", "where do", "how many", "how much", "how far", "how old is", "how tall",
    "how big", "how long does", "how long is", "how does", "how do", "how is", "how are", "how was", "why is the", "why are the", "why do", "why does", "which", "is it true", "do you know", "did you know", "can you tell me", "could you tell me", "is there", "are there", "was there", "does the", "do the", "has the", "tell me what", "tell me who", "tell me how", "tell me why",
];

/// Questions and errands.
fn demand(core: &Text, lean: &[String]) -> Option<Act> {
    let far = usize::MAX;
    if opens(lean, &["what if"], far) {
        return Some(Act::WhatIf);
    }
    if opens(lean, OPINION, far) {
        return Some(Act::Opinion);
    }
    if opens(lean, ADVICE, far) {
        return Some(Act::Advice);
    }
    if opens(lean, WONDER, far) && (core.asks() || core.count <= 8) {
        return Some(Act::Wonder);
    }
    let please = opens(lean, &["can you", "could you", "would you please", "will you please"], far);
    if please || opens(lean, acts::WISH_OPENERS, far) && core.count > 1 {
        let kind = WISHES.iter().position(|wish| core.says(wish.shown_by));
        return Some(Act::Wish(kind.unwrap_or(WISHES.len() - 1)));
    }
    let tells = core.clauses.iter().any(|clause| !clause.asks && clause.words.iter().any(|w| w.plain == "i" || w.plain == "my"));
    let asking = core.asks() && !tells || opens(lean, ASKING, far) && core.count <= 16 && !tells;
    if !asking {
        return None;
    }
    if core.says(&["i", "my", "me", "myself"]) {
        return Some(Act::Advice);
    }
    let to_me = core.says(&["you", "your", "yourself"]) && !opens(lean, &["do you know", "did you know", "can you tell me", "could you tell me"], far);
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
        let row = ["qwertyuiop", "asdfghjkl", "zxcvbnm"].iter().any(|row| (0..=row.len() - 5).any(|at| word.contains(&row[at..at + 5])));
        word.len() > 3 && word.is_ascii() && (row || run.1 >= 6 || word.len() > 4 && !word.chars().any(vowel))
    };
    core.count <= 3 && core.line.split_whitespace().all(|word| odd(word) && !word.contains('\''))
}

/// True for a theme about despair, which is never brought up again by the responder.
pub(super) fn is_despair(hit: &Hit) -> bool {
    hit.theme.name == DESPAIR
}

#[cfg(test)]
mod tests {
    use super::{super::text::read, *};

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
            ("are you there?", Act::About(8)),
        ] {
            assert_eq!(of(&read(text)).act, act, "{text}");
        }
    }

    #[test]
    fn grave_things_are_heavy_and_turns_of_speech_are_not() {
        for text in ["My grandmother died last week", "we lost our dog", "he hits me", "I feel worthless", "Mum has cancer", "dad passed away"] {
            assert_eq!(of(&read(text)).tone, Tone::Heavy, "{text}");
        }
        for text in ["My phone died", "then it hit me", "I'm dying to see her", "I lost my keys", "I'm dead tired", "no point in arguing with him"] {
            assert_ne!(of(&read(text)).tone, Tone::Heavy, "{text}");
        }
    }

    #[test]
    fn tone_follows_the_words() {
        for (text, tone) in [
            ("I passed my exam!", Tone::Bright),
            ("I'm not happy", Tone::Low),
            ("It wasn't bad", Tone::Even),
            ("work was awful", Tone::Low),
            ("we went to the lake", Tone::Even),
            ("We broke up", Tone::Low),
        ] {
            assert_eq!(of(&read(text)).tone, tone, "{text}");
        }
    }
}
