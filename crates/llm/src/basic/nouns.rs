//! The people and things a message names, in a form that can be said back.

use super::{
    mirror::{self, exchange},
    text::{Clause, Text, Word},
    words::lexicon::{self, BOUNDARY, KIN, KIN_NEEDS_OWNER, NO_END, PETS, TIMES},
};

/// A person (or an animal) in the talk.
#[derive(Clone)]
pub(crate) struct Someone {
    /// "your sister", "Anna".
    pub(crate) mention: String,
    /// The word that named them, for telling them apart.
    pub(crate) head: String,
}

/// Everyone a message names as being close: kin with "my", bare "mum", first names.
pub(crate) fn people(text: &Text) -> Vec<Someone> {
    let mut found: Vec<Someone> = Vec::new();
    let clauses =
        text.clauses.iter().flat_map(|clause| (0..clause.words.len()).map(move |at| (clause, at)));
    for (clause, at) in clauses {
        let Some(person) = kin(&clause.words, at).or_else(|| first_name(&clause.words, at)) else {
            continue;
        };
        if found.iter().all(|p| p.head != person.head && p.mention != person.mention) {
            found.push(person);
        }
    }
    found
}

fn kin(words: &[Word], at: usize) -> Option<Someone> {
    let word = &words[at];
    let pet = PETS.contains(&word.plain.as_str());
    let mention = match KIN.iter().find(|(kin, _)| *kin == word.plain) {
        Some((_, mention)) => (*mention).to_owned(),
        None if pet => format!("your {}", word.plain),
        None => return None,
    };
    if matches!(words.get(at + 1).map(|w| w.plain.as_str()), Some("in" | "of"))
        && word.plain == "family"
    {
        return None;
    }
    // "my little brother": adjectives between the owner and the person stay.
    let mut start = at;
    while start > 0 && lexicon::is_adjective(&words[start - 1].plain) && at - start < 2 {
        start -= 1;
    }
    let owner = start.checked_sub(1).map(|i| words[i].plain.as_str());
    let mine = matches!(owner, Some("my" | "our"));
    if !mine
        && (pet
            || KIN_NEEDS_OWNER.contains(&word.plain.as_str())
            || owner.is_some_and(is_other_owner))
    {
        return None;
    }
    if let Some(next) = words.get(at + 1).filter(|next| next.named || lexicon::is_name(&next.plain))
    {
        return Some(Someone { mention: capitalised(&next.plain, next), head: next.plain.clone() });
    }
    let mention = if mine && start < at { exchange(&words[start - 1..=at])? } else { mention };
    Some(Someone { mention, head: word.plain.clone() })
}

fn is_other_owner(word: &str) -> bool {
    matches!(word, "his" | "her" | "their" | "your" | "the" | "a" | "an") || word.ends_with("'s")
}

fn first_name(words: &[Word], at: usize) -> Option<Someone> {
    let word = &words[at];
    let capital = word.named || word.leading;
    (capital && lexicon::is_name(&word.plain))
        .then(|| Someone { mention: capitalised(&word.plain, word), head: word.plain.clone() })
}

fn capitalised(plain: &str, word: &Word) -> String {
    if word.named { word.shown.clone() } else { super::capital(plain) }
}

/// A thing of the talk.
#[derive(Clone)]
pub(crate) struct Thing {
    /// "your new job", "the printer", "Norway".
    pub(crate) mention: String,
    /// The noun itself.
    pub(crate) head: String,
}

/// The things a message names, those the person owns first.
pub(crate) fn things(text: &Text) -> Vec<Thing> {
    let mut found: Vec<(u8, Thing)> = Vec::new();
    for clause in &text.clauses {
        for at in 0..clause.words.len() {
            if let Some((rank, thing)) = owned(&clause.words, at)
                .or_else(|| named(clause, at))
                .or_else(|| bare(&clause.words, at))
                && found.iter().all(|(_, t)| t.head != thing.head)
            {
                found.push((rank, thing));
            }
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, thing)| thing).collect()
}

/// "my new job", "the printer", "our trip": a determiner and its noun.
fn owned(words: &[Word], at: usize) -> Option<(u8, Thing)> {
    let rank = match words[at].plain.as_str() {
        "my" | "our" => 0,
        "the" | "a" | "an" => 1,
        _ => return None,
    };
    let indefinite = matches!(words[at].plain.as_str(), "a" | "an");
    // "I am a teacher" names no thing.
    let before = at.checked_sub(1).map_or("", |i| words[i].plain.as_str());
    if indefinite
        && matches!(
            before,
            "am" | "is"
                | "are"
                | "was"
                | "were"
                | "be"
                | "been"
                | "like"
                | "as"
                | "such"
                | "not"
                | "just"
        )
    {
        return None;
    }
    let mut len = noun(&words[at + 1..])?;
    let head = &words[at + len];
    len += belonging(&words[at + len + 1..]);
    if KIN.iter().any(|(kin, _)| *kin == head.plain) && rank == 0 {
        return None; // people() has it
    }
    let mut mention = exchange(&words[at..=at + len])?;
    if indefinite {
        mention = format!("the {}", mention.split_once(' ')?.1);
    }
    Some((rank, Thing { mention, head: head.plain.clone() }))
}

/// "of France", "of the world" behind a noun: how many words.
fn belonging(words: &[Word]) -> usize {
    let plain = |at: usize| words.get(at).map_or("", |w| w.plain.as_str());
    if plain(0) != "of" {
        return 0;
    }
    let article = usize::from(matches!(plain(1), "the" | "my" | "our"));
    let Some(head) = words.get(1 + article) else { return 0 };
    let fits = head.named
        || lexicon::PROPER.contains(&head.plain.as_str())
        || may_be_noun(&head.plain) && super::words::knows_noun(&head.plain);
    if fits { 2 + article } else { 0 }
}

/// How many words from here up to and with the noun; `None` when it cannot be told.
pub(crate) fn noun(words: &[Word]) -> Option<usize> {
    let mut len = 0;
    while len < 2
        && words
            .get(len)
            .is_some_and(|w| lexicon::is_adjective(&w.plain) && !lexicon::is_noun(&w.plain))
    {
        len += 1;
    }
    let first = &words.get(len)?.plain;
    if !may_be_noun(first) {
        return None;
    }
    let Some(next) = words.get(len + 1).map(|w| w.plain.as_str()) else { return Some(len + 1) };
    if is_second_noun(next) {
        return Some(len + 2); // "maths exam"
    }
    let verbal = lexicon::NOUN_OR_VERB.contains(&next)
        || next.ends_with("ed")
        || next.ends_with("ing")
        || NO_END.contains(&next)
        || BOUNDARY.contains(&next);
    (verbal || lexicon::is_stop(next) || lexicon::is_noun(first) || super::words::knows_noun(first))
        .then_some(len + 1)
}

/// A noun that makes the one before it longer: "exam" after "maths".
fn is_second_noun(word: &str) -> bool {
    let verb = |word: &str| lexicon::NOUN_OR_VERB.contains(&word);
    let third = word
        .strip_suffix("ies")
        .map(|stem| format!("{stem}y"))
        .or_else(|| word.strip_suffix('s').map(str::to_owned));
    super::words::knows_noun(word)
        && !verb(word)
        && !third.is_some_and(|stem| verb(&stem))
        && !lexicon::is_stop(word)
        && !KIN.iter().any(|(kin, _)| *kin == word)
}

fn may_be_noun(word: &str) -> bool {
    word.chars().count() > 2
        && word.chars().all(|c| c.is_alphabetic() || c == '-')
        && !lexicon::is_stop(word)
        && !lexicon::is_avoided(word)
        && !TIMES.contains(&word)
        && !word.ends_with("ly")
        && (!lexicon::is_adjective(word) || lexicon::is_noun(word))
}

/// "Norway", "New York": capitals inside a sentence that are no first name.
fn named(clause: &Clause, at: usize) -> Option<(u8, Thing)> {
    let words = &clause.words;
    let is_thing = |w: &Word| w.named && !lexicon::is_name(&w.plain) && w.plain.chars().count() > 2;
    if !is_thing(&words[at]) || at > 0 && words[at - 1].named {
        return None;
    }
    let len = 1 + usize::from(words.get(at + 1).is_some_and(is_thing));
    Some((1, Thing { mention: exchange(&words[at..at + len])?, head: words[at].plain.clone() }))
}

/// "about integrals", "with customers": a plural after a preposition, and nothing behind it.
fn bare(words: &[Word], at: usize) -> Option<(u8, Thing)> {
    if !matches!(words[at].plain.as_str(), "about" | "with" | "of" | "for") {
        return None;
    }
    let head = words.get(at + 1)?;
    let plural =
        head.plain.ends_with('s') && !head.plain.ends_with("ss") && !head.plain.contains('\'');
    let ends = words.get(at + 2).is_none_or(|next| BOUNDARY.contains(&next.plain.as_str()));
    if head.plain == "course" && words[at].plain == "of" {
        return None;
    }
    if !(may_be_noun(&head.plain) && ends && (plural || super::words::knows_noun(&head.plain))) {
        return None;
    }
    if KIN.iter().any(|(kin, _)| *kin == head.plain) {
        return None;
    }
    Some((3, Thing { mention: exchange(std::slice::from_ref(head))?, head: head.plain.clone() }))
}

/// The noun at this place with what stands before it, for a word the themes know:
/// "my new job" around "job" gives "your new job". `None` when nothing useful stands there.
pub(crate) fn around(words: &[Word], at: usize, len: usize) -> Option<String> {
    let mut start = at;
    while start > 0 && at - start < 2 && is_part(&words[start - 1]) {
        start -= 1;
    }
    let owner = words.get(start.checked_sub(1)?)?;
    let close = KIN.iter().any(|(kin, _)| *kin == words[at + len - 1].plain);
    let more = usize::from(!close && words.get(at + len).is_some_and(|w| is_second_noun(&w.plain)));
    let phrase = exchange(&words[start..at + len + more])?;
    match owner.plain.as_str() {
        "my" | "our" => Some(format!("your {phrase}")),
        "the" | "a" | "an" | "another" | "this" => Some(format!("the {phrase}")),
        "his" | "their" | "her" => Some(format!("{} {phrase}", owner.plain)),
        owner if owner.ends_with("'s") => {
            let from = if start > 1 && matches!(words[start - 2].plain.as_str(), "my" | "our") {
                start - 2
            } else {
                start - 1
            };
            exchange(&words[from..at + len + more])
        }
        _ => None,
    }
}

fn is_part(word: &Word) -> bool {
    !KIN.iter().any(|(kin, _)| *kin == word.plain) && is_noun_or_adjective(word)
}

fn is_noun_or_adjective(word: &Word) -> bool {
    lexicon::is_adjective(&word.plain)
        || lexicon::is_noun(&word.plain)
        || super::words::knows_noun(&word.plain)
}

/// The one word that best stands for a message, when nothing better was found. Never a stop word,
/// an adverb, or what is not to be echoed.
pub(crate) fn key_word(text: &Text) -> Option<String> {
    let fit = |w: &&Word| {
        let chars = w.plain.chars().count();
        (4..=14).contains(&chars)
            && w.plain.chars().all(char::is_alphabetic)
            && !lexicon::is_stop(&w.plain)
            && !lexicon::is_avoided(&w.plain)
            && !TIMES.contains(&w.plain.as_str())
            && !w.plain.ends_with("ly")
    };
    let words: Vec<&Word> = text.clauses.iter().flat_map(|c| &c.words).filter(fit).collect();
    let best = words.iter().find(|w| super::words::knows_noun(&w.plain) || w.named);
    // What matters tends to come late in a sentence.
    let plainest =
        words.iter().rev().find(|w| !lexicon::is_adjective(&w.plain) && !w.plain.ends_with("ed"));
    best.or(plainest).or(words.first()).map(|w| w.shown.clone())
}

/// True for a word that is a noun by the lists or by its ending.
pub(crate) fn is_nounlike(word: &str) -> bool {
    let plain = super::text::fold(word);
    super::words::knows_noun(&plain)
        || word.starts_with(char::is_uppercase)
        || ["tion", "ness", "ment", "ity", "ship", "ism", "ics", "ogy", "sis", "ance", "ence"]
            .iter()
            .any(|s| plain.ends_with(s))
        || plain.ends_with('s') && !plain.ends_with("ss") && plain.len() > 5
}

/// A short answer that is itself a phrase: "my brother mostly", "the maths part".
pub(crate) fn fragment(text: &Text) -> Option<String> {
    let [clause] = text.clauses.as_slice() else { return None };
    let words = &clause.words;
    let opens = matches!(words.first()?.plain.as_str(), "my" | "the" | "our" | "his" | "their");
    if clause.asks || !opens || words.len() > 4 {
        return None;
    }
    let len = noun(&words[1..])? + 1;
    (len == words.len() && mirror::phrase(words, len) == Some(len)).then(|| exchange(words))?
}

#[cfg(test)]
mod tests {
    use super::{super::text::read, *};

    fn folk(text: &str) -> Vec<String> {
        people(&read(text)).into_iter().map(|p| p.mention).collect()
    }

    fn named_things(text: &str) -> Vec<String> {
        things(&read(text)).into_iter().map(|t| t.mention).collect()
    }

    #[test]
    fn people_are_found() {
        assert_eq!(
            folk("My little brother and mum came, and Anna with her sister"),
            ["your little brother", "your mum", "Anna"]
        );
        assert_eq!(folk("my friend tom moved"), ["Tom"]);
        assert_eq!(folk("a friend of his boss"), Vec::<String>::new());
        assert_eq!(folk("My dog is old, the dog next door too"), ["your dog"]);
    }

    #[test]
    fn things_are_found() {
        assert_eq!(
            named_things("The printer at the office broke again"),
            ["the printer", "the office"]
        );
        assert_eq!(named_things("I got a new job in Norway"), ["the new job", "Norway"]);
        assert_eq!(named_things("I dream about spiders"), ["spiders"]);
        assert_eq!(
            named_things("What is the capital of France?"),
            ["the capital of France", "France"]
        );
        assert_eq!(named_things("I am a teacher"), Vec::<String>::new());
        assert_eq!(named_things("the very best of all the time"), Vec::<String>::new());
        assert_eq!(named_things("the purply velvety thing"), Vec::<String>::new());
    }

    #[test]
    fn one_word_stands_for_the_rest() {
        assert_eq!(
            key_word(&read("I never really understood integrals")).as_deref(),
            Some("integrals")
        );
        assert_eq!(key_word(&read("it is very very much so")), None);
    }
}
