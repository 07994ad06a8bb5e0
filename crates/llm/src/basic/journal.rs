//! A sentence or two under a journal entry.

use super::{
    lines::Slots,
    sense::{self, Sense},
    spans::{hash, sentences},
    text, tongue,
    voice::Voice,
    words::{
        self, Tone, feeling_at, general as say, journal as page, lexicon, themes_heavy::GRIEF,
    },
};

use crate::{Manner, Message, Role};

/// The most characters of the answer.
const LONGEST: usize = 280;

/// What is said back to a journal entry, without a model: one or two sentences, at most 280
/// characters, at most one question.
///
/// It picks up the mood, a theme, a person or a thing of the entry, and thanks, steadies or asks.
/// It holds no clinical word, no number and no address, whatever the entry holds. The same three
/// arguments always give the same answer, and it shares no sentence with `previous`, the answer
/// the person got last. One case is apart: an entry in which somebody may be in danger gets the
/// fixed sentence that names help, always the same.
pub fn reflect(note: &str, mood: Option<&str>, previous: Option<&str>) -> String {
    if super::is_crisis(note) {
        return say::CRISIS.to_owned();
    }
    let note = text::beginning(note);
    let before: Vec<&str> = previous.map(sentences).into_iter().flatten().collect();
    let seed = hash(note.chars().chain(mood.unwrap_or_default().chars()));
    let candidates = match tongue::detect(note, std::iter::empty(), None) {
        Some(tongue) => {
            let at = match (tongue::tone_of(tongue, note), mood.and_then(mood_tone)) {
                (Some(false), _) | (None, Some(Tone::Low)) => 0,
                (Some(true), _) | (None, Some(Tone::Bright)) => 1,
                _ => 2,
            };
            // A journal is answered in the usual manner, whatever the person chose for talking.
            let voice = Voice::new(Manner::default(), tongue.code);
            rotated(tongue.journal[at], seed).map(|line| voice.word(line)).collect()
        }
        None => english(note, mood, seed),
    };
    let fits = |answer: &String| {
        answer.chars().count() <= LONGEST
            && sentences(answer).all(|s| before.iter().all(|b| b.trim() != s))
    };
    // There are always more first and second sentences than one answer can have used.
    candidates.into_iter().find(fits).unwrap_or_else(|| page::PLAIN_EVEN[0].to_owned())
}

/// The mood and the note of a request for what is said under a journal entry: one turn with the
/// entry between its markers, under an instruction. A person in a chat who writes the markers has
/// an answer before it, or no instruction.
pub(crate) fn entry(messages: &[Message]) -> Option<(Option<&str>, &str)> {
    let [system, turn] = messages else { return None };
    if system.role != Role::System || turn.role != Role::User {
        return None;
    }
    let (head, note) = turn.text.split_once("<entry>\n")?;
    let note = note.strip_suffix("\n</entry>")?;
    let mood = head.strip_prefix("Mood: ").map(str::trim);
    (head.is_empty() || mood.is_some()).then_some((mood, note))
}

fn rotated<'a>(list: &'a [&'a str], seed: u64) -> impl Iterator<Item = &'a str> {
    let start = usize::try_from(seed % list.len().max(1) as u64).unwrap_or_default();
    list.iter().cycle().skip(start).take(list.len()).copied()
}

fn english(note: &str, mood: Option<&str>, seed: u64) -> Vec<String> {
    let sense = sense::of(&text::read(note));
    let tone = tone(&sense, mood);
    let (firsts, seconds) = (firsts(&sense, tone, mood, seed), seconds(tone));
    let mut all = Vec::new();
    for (at, first) in (0_u64..).zip(&firsts) {
        let alone = first.contains('?');
        let second = rotated(seconds, (seed >> 7).wrapping_add(at));
        all.extend(
            second.filter(|s| !alone || !s.contains('?')).map(|second| format!("{first} {second}")),
        );
    }
    all
}

/// The entry's own words weigh more than the chosen mood, but not against something grave.
fn tone(sense: &Sense, mood: Option<&str>) -> Tone {
    match (sense.tone, mood.and_then(mood_tone)) {
        (Tone::Heavy, _) => Tone::Heavy,
        (Tone::Even, Some(mood)) => mood,
        // A glad word in an entry marked sad, or the reverse: then neither is cheered nor pitied.
        (Tone::Bright, Some(Tone::Low)) => Tone::Low,
        (Tone::Low, Some(Tone::Bright)) => Tone::Even,
        (own, _) => own,
    }
}

fn mood_tone(mood: &str) -> Option<Tone> {
    let text = text::read(mood);
    let plain: Vec<&str> =
        text.clauses.iter().flat_map(|c| c.words.iter().map(|w| w.plain.as_str())).collect();
    if let Some((feeling, _)) = (0..plain.len()).find_map(|at| feeling_at(&plain[at..])) {
        return Some(feeling.tone);
    }
    // "joy", "stress", "grief": moods are named by nouns too.
    let any = |list: &[&str]| plain.iter().any(|w| list.contains(w));
    if any(NOUNS_LOW) || any(lexicon::NEGATIVE) {
        Some(Tone::Low)
    } else if any(NOUNS_BRIGHT) || any(lexicon::POSITIVE) {
        Some(Tone::Bright)
    } else {
        None
    }
}

const NOUNS_LOW: &[&str] = &[
    "sadness",
    "anger",
    "anxiety",
    "grief",
    "loneliness",
    "exhaustion",
    "worry",
    "despair",
    "depressed",
    "depression",
    "shame",
    "guilt",
    "frustration",
    "disappointment",
    "confusion",
    "moody",
    "negative",
];
const NOUNS_BRIGHT: &[&str] = &[
    "joy",
    "happiness",
    "gratitude",
    "pride",
    "excitement",
    "peace",
    "hope",
    "relief",
    "contentment",
    "positive",
    "loving",
    "playful",
    "energetic",
    "energised",
    "energized",
];

fn seconds(tone: Tone) -> &'static [&'static str] {
    match tone {
        Tone::Heavy => page::STEADY_HEAVY,
        Tone::Low => page::STEADY_LOW,
        Tone::Bright => page::STEADY_BRIGHT,
        Tone::Even => page::STEADY_EVEN,
    }
}

/// First sentences, the most telling first.
fn firsts(sense: &Sense, tone: Tone, mood: Option<&str>, seed: u64) -> Vec<String> {
    let (it, who, plain): (&[&str], &[&str], &[&str]) = match tone {
        Tone::Heavy => (page::IT_HEAVY, page::WHO_LOW, page::PLAIN_LOW),
        Tone::Low => (page::IT_LOW, page::WHO_LOW, page::PLAIN_LOW),
        Tone::Bright => (page::IT_BRIGHT, page::WHO_BRIGHT, page::PLAIN_BRIGHT),
        Tone::Even => (page::IT_EVEN, page::WHO_EVEN, page::PLAIN_EVEN),
    };
    let grief = sense.heavy().is_some_and(|hit| hit.theme.name == GRIEF);
    let who = if grief { page::WHO_GRIEF } else { who };
    // Where the mood alone sets the tone, the things of the entry are neither sad nor glad.
    let from_mood = tone != sense.tone;
    let (it, who) = if from_mood { (page::IT_EVEN, page::WHO_EVEN) } else { (it, who) };
    let slots = Slots {
        it: mention(sense),
        who: sense.people.first().map(|p| p.mention.clone()).filter(|m| is_safe(m)),
        ..Slots::default()
    };
    let fill = |list: &'static [&'static str]| {
        rotated(list, seed).filter_map(|line| slots.fill(line)).collect::<Vec<_>>()
    };
    let (it, who, plain) = (fill(it), fill(who), fill(plain));
    let moods = fill(mood_lines(sense, mood, tone));
    // A person is worth more than a thing where there is grief, and takes turns with it elsewhere.
    let person_first = grief || seed.is_multiple_of(2);
    let (near, far) = if person_first { (who, it) } else { (it, who) };
    // What was written is picked up before what was only chosen from a list.
    let mood_first = !moods.is_empty()
        && tone != Tone::Heavy
        && (near.is_empty() && far.is_empty() || !from_mood && seed.is_multiple_of(3));
    if mood_first { [moods, near, far, plain].concat() } else { [near, far, moods, plain].concat() }
}

fn mood_lines(sense: &Sense, mood: Option<&str>, tone: Tone) -> &'static [&'static str] {
    let felt = sense.felt.as_ref().filter(|felt| !felt.negated).map(|felt| felt.feeling);
    let chosen = || {
        let text = text::read(mood.unwrap_or_default());
        let plain: Vec<String> =
            text.clauses.iter().flat_map(|c| c.words.iter().map(|w| w.plain.clone())).collect();
        (0..plain.len()).find_map(|at| {
            feeling_at(&plain[at..].iter().map(String::as_str).collect::<Vec<_>>()).map(|(f, _)| f)
        })
    };
    let feeling = felt.or_else(chosen).filter(|feeling| feeling.tone == tone);
    feeling
        .and_then(|feeling| page::MOODS.iter().find(|(name, _)| *name == feeling.name))
        .map_or(&[], |(_, lines)| lines)
}

/// The theme or thing the answer names: short, in plain letters, and no word of the clinic.
fn mention(sense: &Sense) -> Option<String> {
    if let Some(hit) = sense.heavy() {
        // The grave words are not said back; what is around them is.
        return Some(if hit.theme.name == GRIEF {
            "this loss".to_owned()
        } else {
            "all of this".to_owned()
        });
    }
    let themes = sense
        .themes
        .iter()
        .filter(|hit| !KEPT_OUT.contains(&hit.theme.name))
        .map(|hit| hit.mention.clone());
    // A subject that was named ("the new job") says more of the entry than a thing that stands in
    // it; one that a single word gave away says less.
    let (named, guessed): (Vec<String>, Vec<String>) = themes.partition(|m| m.contains(' '));
    let mut mentions = named.into_iter().chain(sense.things.iter().cloned()).chain(guessed);
    mentions.find(|m| is_safe(m) && sense.people.iter().all(|person| person.mention != *m))
}

/// Themes whose words sound like a sickroom.
const KEPT_OUT: &[&str] = &["health", "illness", "self", "heavy-hearted", "quitting"];

/// Only words of our own lists are said: what no list knows could be the name of a drug.
fn is_safe(mention: &str) -> bool {
    let words: Vec<&str> = mention.split(' ').collect();
    words.len() <= 5
        && words.iter().all(|w| words::is_own(&text::fold(w), KEPT_OUT))
        && words.iter().all(|w| {
            w.chars().all(|c| c.is_alphabetic() && c < '\u{250}' || c == '\'' || c == '-')
                && !lexicon::is_avoided(&text::fold(w))
        })
        && !words.iter().any(|w| MEDICAL.contains(&text::fold(w).as_str()))
}

const MEDICAL: &[&str] = &[
    "doctor",
    "doctors",
    "hospital",
    "therapist",
    "counsellor",
    "counselor",
    "nurse",
    "surgery",
    "cancer",
    "illness",
    "disease",
    "condition",
    "treatment",
    "clinic",
    "crisis",
    "emergency",
    "hotline",
    "police",
    "ambulance",
    "weight",
    "alcohol",
    "drinking",
    "smoking",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_safe() {
        assert!(is_safe("your little brother"));
        assert!(!is_safe("the www thing"));
        assert!(!is_safe("your diagnosis"));
        assert!(!is_safe("Zoloft"));
        assert!(!is_safe("the hot-line"));
        assert!(is_safe("passing your driving test"));
    }
}
