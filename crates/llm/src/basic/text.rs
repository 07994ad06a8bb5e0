//! Reading: a message as clauses of words, with contractions opened and common slips mended.
//! What the words mean is no business of this room.

use super::words::lexicon;

/// One word of a message. Holds what a person wrote: not printable.
#[derive(Clone)]
pub(crate) struct Word {
    /// Folded, opened and mended: what the rules look at.
    pub(crate) plain: String,
    /// As it may be shown again: lower case unless it was capitalised inside a sentence.
    pub(crate) shown: String,
    /// Capitalised where English would not do it: a name, most likely.
    pub(crate) named: bool,
    /// Capitalised at the start of a sentence: a name only if it is known as one.
    pub(crate) leading: bool,
}

/// The words between two marks of punctuation.
#[derive(Clone, Default)]
pub(crate) struct Clause {
    pub(crate) words: Vec<Word>,
    /// The mark that ended it was a question mark.
    pub(crate) asks: bool,
}

impl Clause {
    /// The folded words.
    pub(crate) fn plain(&self) -> Vec<&str> {
        self.words.iter().map(|w| w.plain.as_str()).collect()
    }
}

/// A whole message.
#[derive(Clone, Default)]
pub(crate) struct Text {
    pub(crate) clauses: Vec<Clause>,
    /// All folded words with single spaces between and one at each end, so that a search for
    /// `" thank you "` finds whole words only.
    pub(crate) line: String,
    /// How many words there are.
    pub(crate) count: usize,
}

impl Text {
    /// True when the message holds one of the phrases, as whole words.
    pub(crate) fn says(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.line.contains(&format!(" {phrase} ")))
    }

    /// True when the message is one of the phrases and nothing else.
    pub(crate) fn is(&self, phrases: &[&str]) -> bool {
        let line = self.line.trim();
        phrases.contains(&line)
    }

    /// True when the last clause ends in a question mark.
    pub(crate) fn asks(&self) -> bool {
        self.clauses.last().is_some_and(|clause| clause.asks)
    }
}

/// How much of a message is read for its sense, in characters. A person's longest letter fits; a
/// pasted book would only cost time.
const READ_CHARS: usize = 8000;
/// Longer tokens are no words.
const LONGEST_WORD: usize = 24;

/// The part of a message that is read.
pub(crate) fn beginning(text: &str) -> &str {
    text.char_indices().nth(READ_CHARS).map_or(text, |(end, _)| &text[..end])
}

/// Lower case, with every kind of apostrophe made the plain one.
pub(crate) fn fold(text: &str) -> String {
    text.chars()
        .map(|c| if is_apostrophe(c) { '\'' } else { c })
        .flat_map(char::to_lowercase)
        .collect()
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{02bc}' | '\u{ff07}' | '`' | '\u{00b4}')
}

/// Reads a message.
pub(crate) fn read(text: &str) -> Text {
    let shouting = is_shouting(text);
    let mut reader =
        Reader { text: Text::default(), clause: Clause::default(), fresh: true, shouting };
    let mut token = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let inside = chars.peek().is_some_and(|next| next.is_alphanumeric());
        if c.is_alphanumeric() || is_mark(c) {
            token.push(c);
        } else if !token.is_empty() && inside && is_apostrophe(c) {
            token.push('\'');
        } else if !token.is_empty() && inside && c == '-' {
            token.push('-');
        } else {
            reader.take(&token);
            token.clear();
            reader.mark(c);
        }
    }
    reader.take(&token);
    reader.close(false);
    reader.finish()
}

/// Combining marks belong to their letter: Hindi and Arabic words fall apart without them.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036f}' | '\u{0900}'..='\u{0903}' | '\u{093a}'..='\u{094f}' | '\u{064b}'..='\u{065f}')
}

/// Mostly capitals: then a capital says nothing about names.
fn is_shouting(text: &str) -> bool {
    let (mut upper, mut letters) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| c.is_alphabetic()) {
        letters += 1;
        upper += usize::from(c.is_uppercase());
    }
    letters > 5 && upper * 10 > letters * 6
}

struct Reader {
    text: Text,
    clause: Clause,
    /// The next word starts a sentence.
    fresh: bool,
    shouting: bool,
}

impl Reader {
    fn take(&mut self, token: &str) {
        if token.is_empty() {
            return;
        }
        let capital = token.chars().next().is_some_and(char::is_uppercase) && !self.shouting;
        let named = capital && !self.fresh && !lexicon::CAPITALISED.contains(&fold(token).as_str());
        let leading = capital && self.fresh;
        for plain in open(&mend(&fold(token))) {
            // "No one" is one word, whatever English says.
            if plain == "one" && self.clause.words.last().is_some_and(|word| word.plain == "no") {
                self.clause.words.pop();
                self.clause.words.push(Word {
                    plain: "nobody".into(),
                    shown: "nobody".into(),
                    named,
                    leading,
                });
                continue;
            }
            let month = capital && !self.fresh && matches!(plain.as_str(), "march" | "may");
            let shown = match (named || month, lexicon::PROPER.contains(&plain.as_str())) {
                (true, _) => token.to_owned(),
                (_, true) => super::capital(&plain),
                _ => plain.clone(),
            };
            self.clause.words.push(Word { plain, shown, named, leading });
        }
        self.fresh = false;
    }

    fn mark(&mut self, c: char) {
        match c {
            '?' | '\u{ff1f}' | '\u{061f}' => self.close(true),
            '.' | '!' | '\n' | '\u{2026}' | '\u{3002}' | '\u{ff01}' => self.close(false),
            ',' | ';' | ':' | '(' | ')' | '"' | '\u{201c}' | '\u{201d}' | '\u{2013}'
            | '\u{2014}' | '\u{3001}' | '\u{ff0c}' | '\u{060c}' => {
                let fresh = self.fresh;
                self.close(false);
                self.fresh = fresh && self.text.clauses.is_empty();
                return;
            }
            _ => return,
        }
        self.fresh = true;
    }

    fn close(&mut self, asks: bool) {
        if self.clause.words.is_empty() {
            // "What?!" and "..?" still ask.
            if let Some(last) = self.text.clauses.last_mut() {
                last.asks |= asks;
            }
            return;
        }
        let mut clause = std::mem::take(&mut self.clause);
        // "Ill miss her" wants an apostrophe; "ill again" does not.
        if let [ill, next, ..] = clause.words.as_slice()
            && ill.plain == "ill"
            && !lexicon::BOUNDARY.contains(&next.plain.as_str())
            && !lexicon::TRAILING.contains(&next.plain.as_str())
        {
            let word = |plain: &str| Word {
                plain: plain.to_owned(),
                shown: plain.to_owned(),
                named: false,
                leading: false,
            };
            clause.words.splice(0..1, [word("i"), word("will")]);
        }
        clause.asks = asks;
        self.text.clauses.push(clause);
    }

    fn finish(mut self) -> Text {
        // A capital at the start says nothing, unless the word is all there is: "Mimi".
        if let [clause] = self.text.clauses.as_mut_slice()
            && let [word] = clause.words.as_mut_slice()
            && word.leading
            && !known(&word.plain)
            && !lexicon::is_noun(&word.plain)
        {
            word.shown = super::capital(&word.plain);
            word.named = true;
        }
        let words: Vec<&str> = self
            .text
            .clauses
            .iter()
            .flat_map(|c| c.words.iter().map(|w| w.plain.as_str()))
            .collect();
        self.text.count = words.len();
        self.text.line = format!(" {} ", words.join(" "));
        self.text
    }
}

/// Opens contractions and slang: `i'm` becomes `i am`, `gonna` becomes `going to`.
fn open(token: &str) -> Vec<String> {
    if let Some((_, long)) = lexicon::SHORTHAND.iter().find(|(short, _)| *short == token) {
        return long.split(' ').map(str::to_owned).collect();
    }
    let pair = |head: &str, tail: &str| vec![head.to_owned(), tail.to_owned()];
    if let Some(head) = token.strip_suffix("n't") {
        return match head {
            "ca" => pair("can", "not"),
            "wo" => pair("will", "not"),
            "sha" => pair("shall", "not"),
            "ai" => pair("is", "not"),
            head => pair(head, "not"),
        };
    }
    for (suffix, long) in
        [("'m", "am"), ("'re", "are"), ("'ve", "have"), ("'ll", "will"), ("'d", "would")]
    {
        if let Some(head) = token.strip_suffix(suffix) {
            return pair(head, long);
        }
    }
    match token.strip_suffix("'s") {
        Some("let") => pair("let", "us"),
        Some(head) if lexicon::BEFORE_IS.contains(&head) => pair(head, "is"),
        _ => vec![token.to_owned()],
    }
}

/// Mends letters held down ("sooooo") and two letters swapped ("tierd"), where the mended word is
/// one the rules know and the written one is not.
fn mend(token: &str) -> String {
    if token.len() > LONGEST_WORD {
        return token.to_owned();
    }
    if let Some((_, right)) = lexicon::MISSPELT.iter().find(|(wrong, _)| *wrong == token) {
        return (*right).to_owned();
    }
    let right = lexicon::is_name(token) || lexicon::is_noun(token) || lexicon::is_adjective(token);
    if known(token) || right || !token.is_ascii() {
        return token.to_owned();
    }
    if let Some(short) = squeeze(token) {
        return short;
    }
    unswap(token).unwrap_or_else(|| token.to_owned())
}

/// A word the rules listen for, or one of the small words.
fn known(word: &str) -> bool {
    super::words::knows(word) || lexicon::is_stop(word)
}

/// Runs of three and more letters cut to two, or to one when only that is a known word.
fn squeeze(token: &str) -> Option<String> {
    let cut = |keep: usize| {
        let mut out = String::new();
        let mut run = 0;
        for c in token.chars() {
            run = if out.ends_with(c) { run + 1 } else { 1 };
            if run <= keep {
                out.push(c);
            }
        }
        out
    };
    let (two, one) = (cut(2), cut(1));
    if two == token {
        return None;
    }
    Some(if known(&two) { two } else { one })
}

fn unswap(token: &str) -> Option<String> {
    if token.len() < 4 || lexicon::REAL_WORDS.contains(&token) {
        return None;
    }
    let mut bytes = token.as_bytes().to_vec();
    for at in 0..bytes.len() - 1 {
        bytes.swap(at, at + 1);
        if let Ok(word) = std::str::from_utf8(&bytes)
            && known(word)
        {
            return Some(word.to_owned());
        }
        bytes.swap(at, at + 1);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        read(text).line.trim().to_owned()
    }

    #[test]
    fn contractions_are_opened() {
        assert_eq!(
            line("I'm fine, I don’t know; she’s gonna call"),
            "i am fine i do not know she is going to call"
        );
        assert_eq!(line("ill miss her, ill again"), "i will miss her ill again");
        assert_eq!(line("can't won't it's my sister's"), "can not will not it is my sister's");
    }

    #[test]
    fn slips_are_mended_and_real_words_left() {
        assert_eq!(line("im so tierd of wrok"), "i am so tired of work");
        assert_eq!(line("soooo saaad"), "so sad");
        assert_eq!(line("i dont know waht, mabye"), "i do not know what maybe");
        assert_eq!(line("a sacred quiet dairy form"), "a sacred quiet dairy form");
    }

    #[test]
    fn a_name_is_a_capital_inside_a_sentence() {
        let text = read("Yesterday I saw Anna, and Tom too. They laughed on Monday.");
        let named: Vec<_> =
            text.clauses.iter().flat_map(|c| &c.words).filter(|w| w.named).collect();
        assert_eq!(named.iter().map(|w| w.shown.as_str()).collect::<Vec<_>>(), ["Anna", "Tom"]);
        assert!(read("I HATE THIS JOB AND BERLIN").clauses[0].words.iter().all(|w| !w.named));
    }

    #[test]
    fn a_question_is_seen_at_the_end_only() {
        assert!(read("What now?!").asks());
        assert!(!read("Why? I know why.").asks());
    }
}
