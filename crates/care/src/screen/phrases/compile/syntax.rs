//! The language of the phrase files. This reads it; what the phrases mean is decided elsewhere.
//!
//! ```text
//! # A comment. A line that begins with white space continues the one before.
//! version 3
//! filler: just | really | kind of
//! def want: want | wanna | would like to
//! explicit want-die: {want} (to|2)? die[,ing]
//! ```
//!
//! `a b` is one word after the other, `a | b` a choice, `( )` groups, `?` makes what stands before
//! it optional, `( )*` may come any number of times, `{name}` is a definition from above. Within a word, `[a,b,]` is a choice of
//! letters, a leading or trailing `*` lets the word begin or end inside a longer one, a trailing
//! `~` also takes its usual typing errors, and an apostrophe parts two words.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::rc::Rc;

use unicode_normalization::char::is_combining_mark;

use crate::screen::phrases::meaning::{Meaning, Tier};
use crate::screen::views::fold::cells;

/// What a statement declares its phrases to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// Words that may stand between the words of a phrase.
    Filler,
    /// Phrases with this meaning.
    Phrase(Meaning),
}

/// A pattern over words.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// An index into the file's words.
    Word(usize),
    Sequence(Rc<[Pattern]>),
    Choice(Rc<[Pattern]>),
    Optional(Rc<Pattern>),
    /// As often as it comes, or not at all.
    Repeated(Rc<Pattern>),
}

/// One word of a pattern, as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) open_start: bool,
    pub(super) open_end: bool,
    pub(super) typos: bool,
}

/// One statement of a file.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) role: Role,
    pub(super) name: String,
    pub(super) pattern: Pattern,
}

/// A phrase file, read.
#[derive(Debug)]
pub(super) struct File {
    pub(super) version: u32,
    /// Every word that is written in the file, once.
    pub(super) words: Vec<Word>,
    pub(super) statements: Vec<Statement>,
}

/// Why a phrase file cannot be read: it stops the build.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) line: usize,
    pub(super) what: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

type Definitions = BTreeMap<String, Pattern>;

/// The words met so far, by how they are written.
#[derive(Default)]
struct Words {
    all: Vec<Word>,
    index: HashMap<String, usize>,
}

impl Words {
    fn add(&mut self, written: String) -> usize {
        if let Some(&known) = self.index.get(&written) {
            return known;
        }
        let bare = written.trim_end_matches('~');
        self.all.push(Word {
            text: bare.trim_matches('*').to_owned(),
            open_start: bare.starts_with('*'),
            open_end: bare.ends_with('*'),
            typos: written.ends_with('~'),
        });
        self.index.insert(written, self.all.len() - 1);
        self.all.len() - 1
    }
}

/// Reads a whole file.
pub(super) fn parse(source: &str) -> Result<File, SyntaxError> {
    let mut file = File { version: 0, words: Vec::new(), statements: Vec::new() };
    let mut definitions = Definitions::new();
    let mut words = Words::default();
    for (line, head, body) in statements(source) {
        let fail = |what: String| SyntaxError { line, what };
        if let Some(version) = head.strip_prefix("version ") {
            file.version = version.trim().parse().map_err(|_| fail("no number".to_owned()))?;
            continue;
        }
        let (keyword, name) = head.split_once(' ').unwrap_or((head, ""));
        let mut reader = Reader { rest: &body, definitions: &definitions, words: &mut words };
        let pattern = reader.whole().map_err(|what| {
            let read = body[..body.len() - reader.rest.len()].trim_end();
            SyntaxError { line: line + read.matches('\n').count(), what }
        })?;
        if keyword == "def" {
            if definitions.insert(name.trim().to_owned(), pattern).is_some() {
                return Err(fail(format!("{name} is defined twice")));
            }
            continue;
        }
        let role = role(keyword).ok_or_else(|| fail(format!("unknown keyword {keyword}")))?;
        file.statements.push(Statement { role, name: name.trim().to_owned(), pattern });
    }
    if file.version == 0 {
        return Err(SyntaxError { line: 1, what: "a file says its version".to_owned() });
    }
    file.words = words.all;
    Ok(file)
}

fn role(keyword: &str) -> Option<Role> {
    Some(match keyword {
        "filler" => Role::Filler,
        "harmless" => Role::Phrase(Meaning::Harmless),
        "denied" => Role::Phrase(Meaning::Denied),
        _ => {
            let tier = keyword.trim_end_matches('!');
            let tier = Tier::ALL.into_iter().find(|known| known.name() == tier)?;
            Role::Phrase(Meaning::Counts { tier, brief: keyword.ends_with('!') })
        }
    })
}

/// Splits a file into (line number, what stands before the colon, what stands after it, with its
/// line breaks).
fn statements(source: &str) -> Vec<(usize, &str, String)> {
    let mut all: Vec<(usize, &str, String)> = Vec::new();
    for (index, line) in source.lines().enumerate() {
        let code = line.split('#').next().unwrap_or_default();
        let goes_on = code.trim().is_empty() || code.starts_with(char::is_whitespace);
        if let Some((_, _, body)) = all.last_mut().filter(|_| goes_on) {
            body.push('\n');
            body.push_str(code);
            continue;
        }
        if code.trim().is_empty() {
            continue;
        }
        let (head, body) = code.split_once(':').unwrap_or((code, ""));
        all.push((index + 1, head.trim(), body.to_owned()));
    }
    all
}

struct Reader<'a> {
    rest: &'a str,
    definitions: &'a Definitions,
    words: &'a mut Words,
}

impl Reader<'_> {
    fn whole(&mut self) -> Result<Pattern, String> {
        let pattern = self.choice()?;
        if self.peek().is_some() {
            return Err(format!("unexpected {}", self.here()));
        }
        Ok(pattern)
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    /// The next few characters, for an error.
    fn here(&self) -> String {
        self.rest.chars().take(20).collect()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        found
    }

    fn choice(&mut self) -> Result<Pattern, String> {
        let mut choices = vec![self.sequence()?];
        while self.eat('|') {
            choices.push(self.sequence()?);
        }
        Ok(if choices.len() == 1 { choices.remove(0) } else { Pattern::Choice(choices.into()) })
    }

    fn sequence(&mut self) -> Result<Pattern, String> {
        let mut parts = Vec::new();
        while let Some(next) = self.peek() {
            if matches!(next, '|' | ')') {
                break;
            }
            let part = self.part()?;
            parts.push(if self.eat('?') { Pattern::Optional(Rc::new(part)) } else { part });
        }
        match parts.len() {
            0 => Err(format!("nothing before {}", self.here())),
            1 => Ok(parts.remove(0)),
            _ => Ok(Pattern::Sequence(parts.into())),
        }
    }

    fn part(&mut self) -> Result<Pattern, String> {
        if self.eat('(') {
            let inner = self.choice()?;
            if !self.eat(')') {
                return Err("unclosed (".to_owned());
            }
            if self.rest.starts_with('[') {
                return Err("( )[ ] are two words; write [ ][ ] for one".to_owned());
            }
            if let Some(rest) = self.rest.strip_prefix('*') {
                self.rest = rest;
                return Ok(Pattern::Repeated(Rc::new(inner)));
            }
            return Ok(inner);
        }
        if self.eat('{') {
            let (name, rest) = self.rest.split_once('}').ok_or("unclosed {")?;
            self.rest = rest;
            let known = self.definitions.get(name.trim());
            return known.cloned().ok_or_else(|| format!("{name} is not defined"));
        }
        self.word()
    }

    fn word(&mut self) -> Result<Pattern, String> {
        let mut in_brackets = false;
        let end = self.rest.find(|c: char| {
            in_brackets = if in_brackets { c != ']' } else { c == '[' };
            !in_brackets && (c.is_whitespace() || "|(){}?".contains(c))
        });
        let (raw, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        if let Some(lost) = raw.chars().find(|&c| !is_spelling(c)) {
            return Err(format!("{lost} in {raw} is nothing that a word is spelled with"));
        }
        if raw.ends_with(']') && rest.starts_with('?') {
            return Err(format!("{raw}? leaves out the whole word; write ({raw})?"));
        }
        self.rest = rest;
        let mut written = Vec::new();
        spell(raw, String::new(), &mut written)?;
        let words: Result<Vec<Pattern>, String> =
            written.into_iter().map(|word| self.elided(&word)).collect();
        let mut words = words?;
        Ok(if words.len() == 1 { words.remove(0) } else { Pattern::Choice(words.into()) })
    }

    /// What an apostrophe joins is two words, so that each can be masked: `don't`, `d'adieu`.
    fn elided(&mut self, written: &str) -> Result<Pattern, String> {
        let mut parts = Vec::new();
        for part in written.split('\'').filter(|part| !part.is_empty()) {
            if !cells(part).iter().any(|cell| cell.is_word()) {
                return Err(format!("{part} has no letter"));
            }
            parts.push(Pattern::Word(self.words.add(part.to_owned())));
        }
        match parts.len() {
            0 => Err(format!("a word with no letter before {}", self.here())),
            1 => Ok(parts.remove(0)),
            _ => Ok(Pattern::Sequence(parts.into())),
        }
    }
}

/// Letters and digits, what joins them, and the marks of this language. Anything else would fold
/// to nothing, and leave a word that is found everywhere.
fn is_spelling(c: char) -> bool {
    cells(&c.to_string()).iter().any(|cell| cell.is_word())
        || is_combining_mark(c)
        || c.is_whitespace()
        || "'-.[],*~\u{30FC}".contains(c)
}

/// Writes out the choices of letters in a word.
fn spell(raw: &str, before: String, words: &mut Vec<String>) -> Result<(), String> {
    let Some((head, tail)) = raw.split_once('[') else {
        words.push(before + raw);
        return Ok(());
    };
    let (choices, tail) = tail.split_once(']').ok_or("unclosed [")?;
    for choice in choices.split(',') {
        spell(tail, format!("{before}{head}{}", choice.trim()), words)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(file: &File, pattern: &Pattern) -> String {
        let all = |parts: &[Pattern], with: &str| {
            parts.iter().map(|part| shown(file, part)).collect::<Vec<_>>().join(with)
        };
        match pattern {
            Pattern::Word(word) => file.words[*word].text.clone(),
            Pattern::Sequence(parts) => all(parts, " "),
            Pattern::Choice(parts) => format!("({})", all(parts, "|")),
            Pattern::Optional(part) => format!("{}?", shown(file, part)),
            Pattern::Repeated(part) => format!("{}*", shown(file, part)),
        }
    }

    #[test]
    fn a_file_is_read_with_its_definitions() {
        let file = parse(
            "version 2 # today\ndef want: want | wanna\nexplicit die: {want} (to|2)?\n  di[e,ing] (now)*\n",
        )
        .unwrap();
        assert_eq!(file.version, 2);
        assert_eq!(file.statements[0].name, "die");
        assert_eq!(
            shown(&file, &file.statements[0].pattern),
            "(want|wanna) (to|2)? (die|diing) now*"
        );
    }

    #[test]
    fn marks_on_words_are_kept_apart_from_their_text() {
        let file = parse("version 1\nbare! s: *suicide*~").unwrap();
        let word = &file.words[0];
        assert!(word.open_start && word.open_end && word.typos);
        assert_eq!(word.text, "suicide");
    }

    #[test]
    fn errors_name_their_line() {
        let error = |source| parse(source).unwrap_err().to_string();
        assert_eq!(error("version 1\n\nexplicit a: {b}"), "line 3: b is not defined");
        assert_eq!(error("version 1\nloud a: b"), "line 2: unknown keyword loud");
        assert_eq!(error("version 1\nbare a: (b"), "line 2: unclosed (");
        assert!(error("version 1\nbare a: (b|c)[d,e]").contains("two words"));
        assert!(error("version 1\nbare a: b\u{25CB}").contains("is nothing"));
        assert!(error("version 1\nbare a: b[,s]?").contains("leaves out the whole word"));
        assert!(error("version 1\nbare a: b | -").contains("has no letter"));
        assert!(error("version 1\nbare a: [,s]").contains("no letter before"));
        assert_eq!(error("bare a: b"), "line 1: a file says its version");
        let far = "version 1\nbare a: b\n\n# a remark\n | c\n | {d}\n | e\n\nbare f: g";
        assert_eq!(error(far), "line 6: d is not defined");
        assert_eq!(error("version 1\nbare a: b\n  | (c\n\nbare d: e"), "line 3: unclosed (");
    }
}
