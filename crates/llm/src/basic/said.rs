//! Saying a whole short statement back: "she raised me" becomes "she raised you".

use super::{
    mirror::{MOST_WORDS, exchange, is_subject},
    text::{Text, Word},
    words::lexicon,
};

/// A short statement said back whole.
pub(crate) struct Said {
    pub(crate) text: String,
    /// It has a verb, so that "I hear that …" can stand before it.
    pub(crate) full: bool,
    /// It speaks of all or never.
    pub(crate) sweeping: bool,
}

/// The first statement of a message that is short enough to be said back and does no harm said
/// back: "my grandmother raised me" becomes "your grandmother raised you".
pub(crate) fn said(text: &Text) -> Option<Said> {
    let mut parts: Vec<&[Word]> = text
        .clauses
        .iter()
        .filter(|clause| !clause.asks)
        .flat_map(|clause| parts(&clause.words))
        .collect();
    // What follows a "but" is what was meant.
    parts.sort_by_key(|words| words[0].plain != "but");
    parts.into_iter().find_map(|part| {
        let words = trimmed(part);
        let plain: Vec<&str> = words.iter().map(|w| w.plain.as_str()).collect();
        let first = plain.first()?;
        let own = plain.iter().any(|w| matches!(*w, "i" | "my" | "me" | "myself"));
        let full = is_subject(first) || plain.iter().any(|w| lexicon::HELPERS.contains(w));
        let single = text.count == 1 && super::nouns::is_nounlike(first);
        if !may_stand_alone(&plain, full, single) || does_harm(&plain, own) {
            return None;
        }
        let text = contracted(&exchange(words)?);
        // Two more than may be copied: some words change in turning, and what is still a copy is
        // dropped when it is compared with what was said.
        let short = text.split(' ').count() <= MOST_WORDS + 2;
        short.then(|| Said { text, full, sweeping: is_sweeping(&plain, own) })
    })
}

/// Without the words around a statement that are no part of it: "but", "I guess", "anyway".
pub(crate) fn trimmed(mut words: &[Word]) -> &[Word] {
    let guess = |i: &Word, verb: &Word| {
        i.plain == "i" && matches!(verb.plain.as_str(), "think" | "guess" | "mean" | "suppose")
    };
    while words.first().is_some_and(|w| lexicon::OPENERS.contains(&w.plain.as_str())) {
        words = &words[1..];
    }
    if let [i, verb, rest @ ..] = words
        && guess(i, verb)
    {
        words = rest;
    }
    if let [rest @ .., i, verb] = words
        && guess(i, verb)
    {
        words = rest;
    }
    while words.last().is_some_and(|w| lexicon::TRAILING.contains(&w.plain.as_str())) {
        words = &words[..words.len() - 1];
    }
    words
}

/// True for a statement or a phrase that makes sense by itself.
fn may_stand_alone(plain: &[&str], full: bool, single: bool) -> bool {
    let (Some(first), Some(last)) = (plain.first(), plain.last()) else { return false };
    let no_answer = *first == "no" && plain.get(1).is_some_and(|next| is_subject(next));
    // "My brother" before "and I went" is no statement, "I know" is none worth saying.
    let owner = matches!(*first, "my" | "the" | "our" | "his" | "her" | "their" | "a" | "an");
    let fragment = !full && plain.len() < 3 && owner;
    let bare = plain.len() == 2 && lexicon::is_stop(last);
    (plain.len() > 1 || single)
        && !no_answer
        && !fragment
        && !bare
        && starts_well(first)
        && !lexicon::NO_END.contains(last)
}

/// True for what must not be said back: self-reproach, and "I should go", which turned would be an
/// order.
pub(crate) fn does_harm(plain: &[&str], own: bool) -> bool {
    let order = match plain {
        ["i", "should" | "must" | "could" | "can" | "may" | "might" | "better", next, ..] => {
            *next != "not"
        }
        ["i", "need" | "have" | "got", "to", ..] => true,
        _ => false,
    };
    order || own && plain.iter().any(|w| lexicon::HARSH.contains(w))
}

/// True for a verdict about everyone or for ever; "I never managed anyone" is only a fact.
pub(crate) fn is_sweeping(plain: &[&str], own: bool) -> bool {
    let fact = plain.windows(2).any(|pair| pair[0] == "never" && pair[1].ends_with("ed"));
    let always = own && !fact && plain.iter().any(|w| matches!(*w, "always" | "never" | "all"));
    let dark = plain.iter().any(|w| lexicon::NEGATIVE.contains(w));
    always || plain.iter().any(|w| lexicon::SWEEPING.contains(w) && (dark || *w != "everything"))
}

/// The statements of a clause: cut where a new one begins, "but I can feel it".
fn parts(words: &[Word]) -> Vec<&[Word]> {
    let begins = |at: usize| {
        matches!(
            words[at].plain.as_str(),
            "but" | "because" | "when" | "while" | "although" | "though" | "and" | "so" | "until"
        ) && words.get(at + 1).is_some_and(|next| {
            is_subject(&next.plain)
                || matches!(next.plain.as_str(), "my" | "the" | "our" | "her" | "his")
        })
    };
    let mut cuts: Vec<usize> = (1..words.len()).filter(|at| begins(*at)).collect();
    cuts.push(words.len());
    let mut from = 0;
    let mut parts = Vec::new();
    for cut in cuts {
        parts.push(&words[from..cut]);
        from = cut;
    }
    parts
}

/// Words a statement or a fragment may start with and still make sense alone.
fn starts_well(word: &str) -> bool {
    is_subject(word)
        || matches!(
            word,
            "my" | "our"
                | "the"
                | "a"
                | "an"
                | "his"
                | "her"
                | "their"
                | "nobody"
                | "everybody"
                | "someone"
                | "nothing"
                | "there"
                | "this"
                | "after"
                | "before"
                | "by"
                | "in"
                | "on"
                | "at"
                | "with"
                | "without"
                | "since"
                | "until"
                | "during"
                | "from"
                | "still"
                | "not"
                | "never"
                | "same"
                | "another"
                | "no"
                | "hardly"
                | "to"
                | "too"
                | "almost"
                | "only"
        )
        || lexicon::is_adjective(word)
        || word.chars().all(|c| c.is_ascii_digit())
        || super::words::knows_noun(word) && !lexicon::NOUN_OR_VERB.contains(&word)
}

/// "did not" becomes "didn't": nobody speaks in whole words.
pub(crate) fn contracted(text: &str) -> String {
    let mut text = format!(" {text} ");
    for (long, short) in [
        (" do not ", " don't "),
        (" did not ", " didn't "),
        (" does not ", " doesn't "),
        (" can not ", " can't "),
        (" is not ", " isn't "),
        (" was not ", " wasn't "),
        (" are not ", " aren't "),
        (" were not ", " weren't "),
        (" will not ", " won't "),
        (" would not ", " wouldn't "),
        (" could not ", " couldn't "),
        (" should not ", " shouldn't "),
        (" have not ", " haven't "),
        (" has not ", " hasn't "),
        (" had not ", " hadn't "),
        (" it is ", " it's "),
        (" he is ", " he's "),
        (" she is ", " she's "),
        (" that is ", " that's "),
        (" there is ", " there's "),
        (" you are ", " you're "),
        (" they are ", " they're "),
        (" you have been ", " you've been "),
        (" you will ", " you'll "),
    ] {
        text = text.replace(long, short);
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{super::text::read, *};

    #[test]
    fn short_statements_are_said_back() {
        for (text, back) in [
            ("she raised me", "she raised you"),
            ("after four years", "after four years"),
            ("I don't know anybody here", "you don't know anybody here"),
            ("it was fun actually", "it was fun"),
            ("the evenings are long", "the evenings are long"),
            ("I'm a bad mother", ""),
            ("you know my brother", ""),
            ("I hate my job", ""),
            ("run away", ""),
            ("they never say it but I know", "they never say it"),
            ("they say it but I feel it", "you feel it"),
            ("no answer from them", "no answer from them"),
            ("my dad cried when I told him", "your dad cried"),
            ("my brother and I went to see a film", "you went to see a film"),
            ("I used to be a chef", "you used to be a chef"),
            ("it runs in the family I guess", "it runs in the family"),
            ("she is 70 now", "she's 70"),
            ("yesterday she didn't recognise me", "she didn't recognise you"),
            ("I should go to bed", ""),
            ("I have a telescope", "you have a telescope"),
            ("I can order ramen", ""),
            ("my sister", ""),
        ] {
            assert_eq!(said(&read(text)).map(|s| s.text).unwrap_or_default(), back, "{text}");
        }
        assert!(said(&read("everyone leaves me anyway")).unwrap().sweeping);
        assert!(!said(&read("she never found out")).unwrap().sweeping);
        assert!(!said(&read("I never managed anyone")).unwrap().sweeping);
        assert!(said(&read("no one helps")).unwrap().sweeping);
        assert!(!said(&read("third attempt")).unwrap().full);
    }
}
