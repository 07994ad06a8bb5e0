//! Saying a person's words back: "my sister says I should relax" becomes "your sister says you
//! should relax". English only; what cannot be turned cleanly is not turned at all.

use super::{pack::Pack, text::Part};
use crate::basic::{
    mirror::exchange,
    said::{contracted, does_harm, trimmed},
    text::Word,
    words::lexicon::{NO_END, is_adjective, is_stop},
};

/// The most words of a statement that is said back.
const MOST_WORDS: usize = 9;
/// The most of them that may stand unchanged in a row.
const MOST_COPIED: usize = 5;

fn is_verb(pack: &Pack, word: &Word) -> bool {
    let low = word.plain.as_str();
    pack.is_in("verbs", low) || low.len() > 4 && low.ends_with("ed") && !is_adjective(low)
}

fn is_subject(pack: &Pack, word: &Word) -> bool {
    pack.is_in("says", &word.plain) || word.shown.starts_with(char::is_uppercase)
}

/// A part as a statement that can be said back, cut where it is too long.
pub(super) fn statement(pack: &Pack, part: &Part) -> Option<String> {
    if part.asks { None } else { of_words(pack, trimmed(&part.words)) }
}

/// As [`statement`], for words that are trimmed already.
pub(super) fn of_words(pack: &Pack, words: &[Word]) -> Option<String> {
    if !is_subject(pack, words.first()?) {
        return None;
    }
    let words = &willing(words);
    let good = |len: &usize| {
        let whole = *len == words.len();
        // "She says" and "I want" are no statement when what follows is cut off.
        let end = whole || is_cut(pack, words, *len) && !pack.is_in("verbs", &words[len - 1].plain);
        end && !NO_END.contains(&words[len - 1].plain.as_str())
            && copied(&words[..*len]) <= MOST_COPIED
    };
    let len = (2..=words.len().min(MOST_WORDS)).rev().find(good)?;
    let words = &words[..len];
    let lows: Vec<&str> = words.iter().map(|word| word.plain.as_str()).collect();
    let own = lows.iter().any(|low| matches!(*low, "i" | "me" | "my" | "myself"));
    if does_harm(&lows, own) || !words[1..].iter().any(|word| is_verb(pack, word)) {
        return None;
    }
    // "We" is the person with others; said back it is a plain "you".
    let words: Vec<Word> = words.iter().map(alone).collect();
    Some(contracted(&exchange(&words)?))
}

/// True where a statement may end before it does.
fn is_cut(pack: &Pack, words: &[Word], at: usize) -> bool {
    let next = words.get(at + 1).map_or("", |word| word.plain.as_str());
    let low = words[at].plain.as_str();
    pack.is_in("cuts", low) || low == "this" && pack.is_in("units", next)
}

/// "I am going to call her" as "I will call her", which leaves more room for the rest.
fn willing(words: &[Word]) -> Vec<Word> {
    const OBJECTS: &[&str] =
        &["my", "the", "a", "an", "him", "her", "it", "them", "some", "this", "that", "our", "his"];
    let lows: Vec<&str> = words.iter().map(|word| word.plain.as_str()).collect();
    let mut words = words.to_vec();
    if let ["i" | "we", "am" | "are", "going", "to", _, object, ..] = lows[..]
        && OBJECTS.contains(&object)
    {
        let will = Word { plain: "will".to_owned(), shown: "will".to_owned(), ..words[1].clone() };
        words.splice(1..4, [will]);
    }
    words
}

fn alone(word: &Word) -> Word {
    let plain = match word.plain.as_str() {
        "we" => "i",
        "us" => "me",
        _ => return word.clone(),
    };
    Word { plain: plain.to_owned(), shown: plain.to_owned(), ..word.clone() }
}

/// The longest run of words that would stand unchanged.
fn copied(words: &[Word]) -> usize {
    let changes = |word: &Word| {
        matches!(
            word.plain.as_str(),
            "i" | "me" | "my" | "we" | "us" | "our" | "mine" | "am" | "myself"
        )
    };
    words.split(changes).map(<[Word]>::len).max().unwrap_or_default()
}

/// True for a verdict about everyone or for ever, which is never given back as a fact.
pub(super) fn is_sweeping(said: &str) -> bool {
    let own = said.split(' ').any(|word| matches!(word, "you" | "you're"));
    said.split(' ').any(|word| {
        matches!(word, "everyone" | "everybody" | "nobody" | "nothing" | "everything")
            || own && matches!(word, "always" | "never")
    })
}

/// A short answer that is a phrase and no statement: "the statistics part", "since March".
pub(super) fn fragment(pack: &Pack, part: &Part) -> Option<String> {
    let words = trimmed(&part.words);
    let words = match words {
        [rest @ .., last] if matches!(last.plain.as_str(), "mostly" | "probably") => rest,
        words => words,
    };
    let (first, last) = (words.first()?.plain.as_str(), words.last()?.plain.as_str());
    let digits = first.chars().all(|c| c.is_ascii_digit());
    let opens = pack.is_in("opensphrase", first) || digits || words[0].named;
    let speaks = words.iter().any(|word| {
        is_verb(pack, word)
            || matches!(word.plain.as_str(), "i" | "he" | "she" | "we" | "they" | "it" | "you")
    });
    let lone = words.len() == 1 && (is_stop(last) || !words[0].named);
    let whole = !NO_END.contains(&last) && !part.asks && words.len() <= 5;
    if opens && whole && !speaks && !lone { exchange(words) } else { None }
}

/// What the person means to do, as something that can be named: "call my mother" gives "calling
/// your mother".
pub(super) fn doing(pack: &Pack, words: &[Word]) -> Option<String> {
    let skip = |word: &Word| {
        matches!(
            word.plain.as_str(),
            "just" | "really" | "maybe" | "probably" | "also" | "still" | "to"
        )
    };
    let words = &words[words.iter().take_while(|word| skip(word)).count()..];
    let first = words.first()?.plain.as_str();
    let ing = if first.ends_with("ing") && first.len() > 5 {
        first.to_owned()
    } else {
        gerund(pack, first)?
    };
    let fits = |len: &usize| {
        let end = *len == words.len() || pack.is_in("cuts", &words[*len].plain);
        end && !NO_END.contains(&words[len - 1].plain.as_str())
    };
    let len = (1..=words.len().min(6)).rev().find(fits)?;
    let lows: Vec<&str> = words[..len].iter().map(|word| word.plain.as_str()).collect();
    if does_harm(&lows, true) || len == 1 && is_stop(first) {
        return None;
    }
    let rest = if len > 1 { format!(" {}", exchange(&words[1..len])?) } else { String::new() };
    Some(format!("{ing}{rest}"))
}

/// The `-ing` form of a verb in its base form.
fn gerund(pack: &Pack, verb: &str) -> Option<String> {
    let letters = verb.len() > 1 && verb.chars().all(|c| c.is_ascii_lowercase());
    if pack.is_in("noverb", verb) || !letters || verb.ends_with("ing") || verb.ends_with("ly") {
        return None;
    }
    if let Some(stem) = verb.strip_suffix("ie") {
        return Some(format!("{stem}ying"));
    }
    if let Some(stem) = verb.strip_suffix('e').filter(|stem| !stem.ends_with(['e', 'o', 'y'])) {
        return Some(format!("{stem}ing"));
    }
    let vowel = |c: &u8| b"aeiou".contains(c);
    let short = match verb.as_bytes() {
        [.., a, b, c] => !vowel(a) && vowel(b) && !vowel(c) && !b"wxy".contains(c),
        _ => false,
    };
    let one = verb.bytes().filter(|c| vowel(c)).count() == 1;
    let double = verb == "quit" || short && (one || matches!(verb, "begin" | "forget" | "admit"));
    let last = if double { &verb[verb.len() - 1..] } else { "" };
    Some(format!("{verb}{last}ing"))
}
