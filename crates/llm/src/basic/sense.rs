//! Making sense of one message: what its writer does with it, what it is about, how it sounds.

use super::{
    act::{self, Act},
    mirror::{self, Felt},
    nouns::{self, Someone},
    said::{self, Said},
    text::{Clause, Text},
    words::{
        self, Theme, Tone,
        lexicon::{self, NEGATIVE, NEGATORS, POSITIVE},
        themes_heavy::{DESPAIR, GRIEF},
    },
};

/// A theme of the message and how it is named.
pub(super) struct Hit {
    pub(super) theme: &'static Theme,
    pub(super) mention: String,
    /// Only a place or a time of what is told: "we met at work".
    pub(super) aside: bool,
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
    let core = act::without_greeting(text);
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
    let act = if heavy { Act::Telling } else { act::of(text, &core, name.is_some()) };
    let said = said::said(&core);
    Sense { act, tone, felt, people, things, said, word: nouns::key_word(&core), name, themes }
}

/// Turns of speech in which a grave word means nothing grave.
const HARMLESS: &[&str] = &[
    "it hit me",
    "it hits me",
    "that hit me",
    "kicked me out of",
    "pushed me to",
    "beat me at",
    "beat me to",
    "beat me in",
    "by accident",
    "dying to",
    "dying of laughter",
    "dying for",
    "die for",
    "die laughing",
    "died laughing",
    "buried in",
    "buried under",
    "hopeless at",
    "dead tired",
    "phone died",
    "battery died",
    "battery is dead",
    "phone is dead",
    "laptop died",
    "car died",
    "killing it",
];

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
            if !is_the_persons(&plain, at, &mention) {
                at += len;
                continue;
            }
            if hits.iter().all(|hit| hit.theme.name != theme.name) {
                let aside = at > 0
                    && matches!(
                        plain[at - 1],
                        "at" | "from" | "of" | "in" | "on" | "after" | "before" | "during"
                    );
                hits.push(Hit { theme, mention, aside });
            }
            at += len;
        }
    }
    hits
}

/// False when "your friends" or "what you baked" would be said of somebody else's: "she has new
/// friends", "my wife baked".
fn is_the_persons(plain: &[&str], at: usize, mention: &str) -> bool {
    let before = &plain[..at];
    if mention.starts_with("what you ") || mention.starts_with("how you ") {
        return before.is_empty() || before.iter().any(|w| matches!(*w, "i" | "we"));
    }
    let theirs = before
        .iter()
        .rev()
        .find(|w| matches!(**w, "i" | "we" | "my" | "our" | "he" | "she" | "they"));
    !mention.starts_with("your ") || !theirs.is_some_and(|w| matches!(*w, "he" | "she" | "they"))
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
                plain.iter().any(someone)
                    && !matches!(plain.get(at + 1), Some(&("tired" | "end" | "set" | "serious")))
            }
            "lost" => {
                let owner = plain.get(at + 1).is_some_and(|w| matches!(*w, "my" | "our"));
                let near = plain.get(at + 2..(at + 4).min(plain.len())).unwrap_or_default();
                owner && near.iter().any(someone)
            }
            _ => false,
        })
    });
    found.then(|| Hit { theme, mention: "this loss".to_owned(), aside: false })
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
            let by_feeling = words::feeling_at(&plain[at..])
                .filter(|_| !AMBIGUOUS.contains(word))
                .map(|(feeling, _)| feeling.tone);
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
    "down",
    "low",
    "blue",
    "flat",
    "cross",
    "behind",
    "spent",
    "light",
    "free",
    "well",
    "fine",
    "ok",
    "okay",
    "busy",
    "mad",
    "settled",
    "safe",
    "strong",
    "empty",
    "wiped",
    "tense",
    "normal",
    "average",
    "all",
    "right",
    "torn",
    "moved",
    "comfortable",
    "invisible",
    "bitter",
    "understood",
    "under",
    "mixed",
    "run",
    "worn",
];

/// The name a person gives themselves: "my name is", "call me", "I'm Anna".
fn name(text: &Text) -> Option<String> {
    text.clauses.iter().find_map(|clause| {
        let plain = clause.plain();
        let at = match plain.as_slice() {
            ["my", "name", "is", _, ..] | ["i", "am", "called", _, ..] => 3,
            ["call", "me", _] | ["i", "am", _] | ["this", "is", _] => 2,
            _ => return None,
        };
        let word = &clause.words[at];
        let named = word.named
            && !lexicon::PROPER.contains(&word.plain.as_str())
            && !lexicon::is_adjective(&word.plain);
        let given = plain[0] == "my"
            || plain[0] == "call"
            || lexicon::is_name(&word.plain)
            || plain[0] == "i" && named;
        let fits = (2..=14).contains(&word.plain.chars().count())
            && word.plain.chars().all(char::is_alphabetic)
            && !lexicon::is_stop(&word.plain)
            && !lexicon::is_avoided(&word.plain)
            && words::feeling_at(&[&word.plain]).is_none();
        (given && fits && plain.get(at + 1).is_none_or(|next| *next == "and"))
            .then(|| super::capital(&word.plain))
    })
}

/// True for a theme about despair, which is never brought up again by the responder.
pub(super) fn is_despair(hit: &Hit) -> bool {
    hit.theme.name == DESPAIR
}

#[cfg(test)]
mod tests {
    use super::{super::text::read, *};

    #[test]
    fn grave_things_are_heavy_and_turns_of_speech_are_not() {
        for text in [
            "My grandmother died last week",
            "we lost our dog",
            "he hits me",
            "I feel worthless",
            "Mum has cancer",
            "dad passed away",
        ] {
            assert_eq!(of(&read(text)).tone, Tone::Heavy, "{text}");
        }
        for text in [
            "My phone died",
            "then it hit me",
            "I'm dying to see her",
            "I lost my keys",
            "I'm dead tired",
            "no point in arguing with him",
        ] {
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
