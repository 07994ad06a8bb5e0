//! Saying a phrase back: "I am worried about my exam" becomes "worried about your exam".
//! What cannot be turned cleanly is not turned at all.

use super::{
    text::{Clause, Word},
    words::{
        Feeling, Tone, feeling_at,
        lexicon::{self, ADVERBS, AIMS, BEFORE_ING, BOUNDARY, NO_END, TIMES, TRAILING, VERBS},
    },
};

/// The most words of a person that are said back in a row.
pub(super) const MOST_WORDS: usize = 5;

/// A feeling the person spoke of as their own.
pub(super) struct Felt {
    pub(super) feeling: &'static Feeling,
    /// "worried about your exam", "not happy".
    pub(super) text: String,
    pub(super) negated: bool,
}

impl Felt {
    /// What the feeling does to the tone: "not happy" is low, "not sad" is neither.
    pub(super) fn tone(&self) -> Tone {
        match (self.feeling.tone, self.negated) {
            (tone, false) => tone,
            (Tone::Bright, true) => Tone::Low,
            (_, true) => Tone::Even,
        }
    }
}

/// Exchanges the persons: my becomes your, I becomes you. `None` when the words cannot be said
/// back: they speak to the listener, of a "we", or hold what is never echoed.
pub(crate) fn exchange(words: &[Word]) -> Option<String> {
    let mut out: Vec<&str> = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        let after_i = at > 0 && words[at - 1].plain == "i";
        out.push(match word.plain.as_str() {
            "you" | "your" | "yours" | "yourself" | "we" | "us" | "ourselves" => return None,
            "i" | "me" => "you",
            "my" | "our" => "your",
            "mine" | "ours" => "yours",
            "myself" => "yourself",
            "am" => "are",
            "was" if after_i => "were",
            plain if lexicon::is_avoided(plain) => return None,
            plain if plain.len() < 5 && plain.chars().all(|c| c.is_ascii_digit()) => plain,
            _ if word.shown.chars().count() > 20 || !word.shown.chars().all(may_echo) => {
                return None;
            }
            _ => &word.shown,
        });
    }
    Some(out.join(" "))
}

fn may_echo(c: char) -> bool {
    c.is_alphabetic() && !c.is_numeric() || c == '\'' || c == '-'
}

/// How many of these words make a phrase that may stand alone: at most `most`, ended where the
/// next part of the sentence begins, and never on a word that wants another.
pub(super) fn phrase(words: &[Word], most: usize) -> Option<usize> {
    (1..=words.len().min(most)).rev().find(|&len| {
        let last = words[len - 1].plain.as_str();
        let ends = len == words.len();
        let border = ends || BOUNDARY.contains(&words[len].plain.as_str());
        // "happy for her", but not "put it" before "on the table".
        let object = matches!(last, "him" | "her" | "them" | "it" | "me" | "this" | "that")
            && (len == 1
                || matches!(
                    words[len - 2].plain.as_str(),
                    "of" | "for" | "with" | "about" | "at" | "by" | "from"
                ));
        let content =
            last == "do" || object || !lexicon::is_stop(last) && !lexicon::is_adjective(last);
        let whole = if ends { !NO_END.contains(&last) } else { content };
        border && whole && !TIMES.contains(&last) && !TRAILING.contains(&last)
    })
}

/// The feeling of the person's own in this clause, with what it is about.
pub(super) fn feeling(clause: &Clause) -> Option<Felt> {
    let plain = clause.plain();
    (0..plain.len()).find_map(|at| {
        let (feeling, len) = feeling_at(&plain[at..])?;
        let (start, negated) = lead_in(&plain, at);
        if !is_own(&plain, start, at + len) || !is_closed(plain.get(at + len)) {
            return None;
        }
        let mut text = String::new();
        if negated {
            text.push_str("not ");
        }
        text.push_str(&plain[at..at + len].join(" "));
        let room = MOST_WORDS.saturating_sub(len + usize::from(negated));
        let too = plain[start..at].contains(&"too");
        if let Some(about) = about(&clause.words[at + len..], room).filter(|_| !too) {
            text.push(' ');
            text.push_str(&about);
        }
        Some(Felt { feeling, text, negated })
    })
}

/// True when the word after a feeling leaves it standing for itself: "tired today", "tired of it",
/// but not "a bad mother".
fn is_closed(next: Option<&&str>) -> bool {
    next.is_none_or(|next| {
        BOUNDARY.contains(next)
            || ADVERBS.contains(next)
            || TRAILING.contains(next)
            || matches!(*next, "of" | "over" | "inside" | "around")
    })
}

/// Where the adverbs before a feeling begin, and whether one of them turns it around.
fn lead_in(plain: &[&str], at: usize) -> (usize, bool) {
    let mut start = at;
    let mut negated = false;
    while start > 0 {
        let word = plain[start - 1];
        let joined =
            start > 1 && matches!(word, "and" | "or") && feeling_at(&plain[start - 2..]).is_some();
        if word == "not" || word == "never" {
            negated = true;
        } else if joined {
            start -= 1;
        } else if !ADVERBS.contains(&word)
            || word == "a" && !matches!(plain[start], "bit" | "little")
        {
            break;
        }
        start -= 1;
    }
    (start, negated)
}

/// True when the words before a feeling make it the person's: "I am", "I've been feeling",
/// "it makes me", or nothing at all ("tired today").
fn is_own(plain: &[&str], start: usize, end: usize) -> bool {
    let before = start
        .checked_sub(1)
        .map(|at| plain[at])
        .filter(|_| !plain[..start].iter().all(|w| lexicon::OPENERS.contains(w)));
    let Some(before) = before else { return is_closed(plain.get(end)) };
    match before {
        "am" => true,
        "me" => {
            start > 1
                && matches!(
                    plain[start - 2],
                    "makes" | "made" | "making" | "make" | "left" | "leaves" | "got" | "has"
                )
        }
        "was" | "were" | "been" | "being" | "feel" | "feeling" | "felt" | "get" | "got"
        | "getting" | "become" | "became" | "becoming" | "feels" => {
            let subject = plain[..start].iter().rev().find(|w| is_subject(w));
            subject.is_none_or(|w| *w == "i" || (before == "feels" && *w == "it"))
        }
        _ => false,
    }
}

pub(super) fn is_subject(word: &str) -> bool {
    matches!(
        word,
        "i" | "you"
            | "he"
            | "she"
            | "it"
            | "we"
            | "they"
            | "who"
            | "that"
            | "people"
            | "everyone"
            | "everything"
    ) || lexicon::KIN.iter().any(|(kin, _)| *kin == word)
        || lexicon::is_name(word)
}

/// "about your exam": what a feeling is about.
fn about(words: &[Word], room: usize) -> Option<String> {
    let first = words.first()?.plain.as_str();
    if !matches!(first, "about" | "of" | "with" | "for" | "at" | "by" | "over" | "to") || room < 2 {
        return None;
    }
    let len = phrase(&words[1..], room - 1)?;
    exchange(&words[..=len])
}

/// What the person does, wants or cannot do, as a phrase that fits after "about":
/// "losing your job", "wanting to learn the guitar", "not knowing what to say".
pub(super) fn doing(clause: &Clause) -> Option<String> {
    let words = &clause.words;
    if clause.asks {
        return None;
    }
    let mut at = words.iter().position(|w| w.plain == "i")?;
    if at > 3 || words[..at].iter().any(|w| is_subject(&w.plain)) {
        return None;
    }
    at += 1;
    while words.get(at).is_some_and(|w| ADVERBS.contains(&w.plain.as_str()) || is_helper(words, at))
    {
        at += 1;
    }
    let rest = words.get(at..)?;
    let head: Vec<&str> = rest.iter().take(3).map(|w| w.plain.as_str()).collect();
    match head.as_slice() {
        ["can" | "could", "not", ..] => turned("not being able to", rest.get(2..)?, MOST_WORDS - 1),
        ["do" | "did", "not", "want"] => {
            (rest.get(3)?.plain == "to").then(|| turned("not wanting", &rest[3..], MOST_WORDS))?
        }
        ["do" | "did", "not", "know"] => unsure(rest.get(3..)?),
        ["did", "not", "get"] if rest.get(3)?.plain == "to" => {
            turned("not getting", &rest[3..], MOST_WORDS)
        }
        ["never", "got", "to"] => turned("never getting", &rest[2..], MOST_WORDS),
        [verb, "to", ..] => match AIMS.iter().find(|(written, _)| written == verb) {
            Some((_, form)) => turned(form, &rest[1..], MOST_WORDS),
            None => object(verb, &rest[1..]),
        },
        [verb, next, ..]
            if next.ends_with("ing") && next.len() > 4 && BEFORE_ING.contains(verb) =>
        {
            ing(&rest[1..])
        }
        [verb, ..] => object(verb, &rest[1..]),
        [] => None,
    }
}

/// `have` before a participle, `am` and `been` before `-ing`, `would` before `like`.
fn is_helper(words: &[Word], at: usize) -> bool {
    let next = words.get(at + 1).map_or("", |w| w.plain.as_str());
    match words[at].plain.as_str() {
        "have" | "had" => {
            next == "been" || VERBS.iter().any(|(form, _)| *form == next) || ADVERBS.contains(&next)
        }
        "would" => matches!(next, "like" | "love"),
        "am" => matches!(next, "trying" | "going" | "planning" | "hoping" | "learning"),
        _ => false,
    }
}

fn turned(form: &str, words: &[Word], most: usize) -> Option<String> {
    let len = phrase(words, most)?;
    if words[..len].iter().any(|w| lexicon::HARSH.contains(&w.plain.as_str())) {
        return None; // "wanting to hurt him" is not for saying back
    }
    // A single "to" is no phrase.
    let said = exchange(&words[..len])?;
    (said != "to" && !lexicon::is_stop(words[len - 1].plain.as_str()) || len > 2)
        .then(|| format!("{form} {said}"))
}

fn unsure(words: &[Word]) -> Option<String> {
    let first = words.first()?.plain.as_str();
    if !matches!(first, "what" | "how" | "where" | "who" | "why" | "if" | "whether" | "when") {
        return None;
    }
    let len = phrase(words, MOST_WORDS)?;
    (len > 1).then(|| exchange(&words[..len]).map(|said| format!("not knowing {said}")))?
}

fn ing(words: &[Word]) -> Option<String> {
    let first = words[0].plain.as_str();
    if lexicon::is_stop(first) && words.len() < 2
        || feeling_at(&[first]).is_some()
        || matches!(
            first,
            "going" | "feeling" | "being" | "something" | "anything" | "nothing" | "everything"
        )
    {
        return None;
    }
    let len = phrase(words, MOST_WORDS)?;
    exchange(&words[..len])
}

/// "losing your job": a known verb with an object that plainly is one.
fn object(verb: &str, words: &[Word]) -> Option<String> {
    let (_, form) = VERBS.iter().find(|(written, _)| *written == verb)?;
    let first = words.first()?;
    let plain = first.plain.as_str();
    if matches!(plain, "him" | "her" | "them")
        && is_closed(words.get(1).map(|w| w.plain.as_str()).as_ref())
    {
        return Some(format!("{form} {plain}"));
    }
    let opens = matches!(
        plain,
        "my" | "the" | "a" | "an" | "our" | "his" | "their" | "to" | "with" | "for" | "at" | "from"
    ) || first.named
        || lexicon::KIN.iter().any(|(kin, _)| *kin == plain);
    if !opens {
        return None;
    }
    let len = phrase(words, MOST_WORDS - 1)?;
    if len == 1 && !first.named && lexicon::KIN.iter().all(|(kin, _)| *kin != plain) {
        return None;
    }
    let said = exchange(&words[..len])?;
    // "Mum" and "dad" stand without an owner; said back they get one.
    let owned = (len == 1).then(|| lexicon::KIN.iter().find(|(kin, _)| *kin == said)).flatten();
    Some(format!("{form} {}", owned.map_or(said.as_str(), |(_, mention)| mention)))
}

#[cfg(test)]
mod tests {
    use super::{super::text::read, *};

    fn felt(text: &str) -> Option<String> {
        read(text).clauses.iter().find_map(feeling).map(|f| f.text)
    }

    fn done(text: &str) -> Option<String> {
        read(text).clauses.iter().find_map(doing)
    }

    #[test]
    fn persons_are_exchanged() {
        let turn = |text: &str| exchange(&read(text).clauses[0].words);
        assert_eq!(
            turn("I was proud of myself and my dog").as_deref(),
            Some("you were proud of yourself and your dog")
        );
        assert_eq!(
            turn("it is mine and I am sure").as_deref(),
            Some("it is yours and you are sure")
        );
        assert_eq!(turn("I like you"), None);
        assert_eq!(turn("call 08001234 now"), None);
    }

    #[test]
    fn feelings_are_said_back() {
        for (text, said) in [
            ("I am worried about my exam tomorrow", "worried about your exam"),
            ("I've been feeling really sad lately", "sad"),
            ("i feel so tired of my job", "tired of your job"),
            ("I'm not happy with it", "not happy with it"),
            ("It makes me angry", "angry"),
            ("Tired.", "tired"),
            ("I was afraid of my boss when I was new", "afraid of your boss"),
            ("I am scared to call my mother", "scared to call your mother"),
            ("so tired today", "tired"),
            ("and angry too", "angry"),
            ("I'm happy for her though", "happy for her"),
            ("I feel a bit lost", "lost"),
        ] {
            assert_eq!(felt(text).as_deref(), Some(said), "{text}");
        }
    }

    #[test]
    fn feelings_of_others_are_not_the_persons_own() {
        for text in [
            "My sister is sad",
            "Are you happy?",
            "Happy birthday",
            "I want to be normal",
            "She was angry with me",
            "a sad movie",
            "I'm a bad mother",
        ] {
            assert_eq!(felt(text), None, "{text}");
        }
    }

    #[test]
    fn deeds_are_said_back() {
        for (text, said) in [
            ("I want to learn the guitar", "wanting to learn the guitar"),
            ("I'd like to visit my aunt in spring", "wanting to visit your aunt"),
            ("I can't sleep", "not being able to sleep"),
            ("I don't know what to do", "not knowing what to do"),
            ("I don't want to go back to school", "not wanting to go back to school"),
            ("Yesterday I lost my job", "losing your job"),
            ("I keep thinking about him", "thinking about him"),
            ("I miss mom", "missing your mom"),
            ("sometimes I talk to his picture", "talking to his picture"),
            ("I miss him and I hate him", "missing him"),
            ("I didn't get to say goodbye", "not getting to say goodbye"),
            ("I met Anna yesterday", "meeting Anna"),
            ("I have to give my mother a present because it is her day", ""),
            ("I want to tell you something", ""),
            ("I want very", ""),
            ("I want to hurt him", ""),
        ] {
            assert_eq!(done(text).unwrap_or_default(), said, "{text}");
        }
    }
}
