//! Builds the book from the data files.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::syntax::{Pattern, Role, Statement, SyntaxError, Word, parse};
use super::{Book, Edges, Language, Lexicon, Lists, Meaning, NONE, Node, Phrase, PhraseId, WordId};
use crate::screen::views::{collapsed, letters};

/// Reads the sources and builds the book.
pub(super) fn book(sources: &[(Language, &'static str)]) -> Result<Book, SyntaxError> {
    let mut builder = Builder::default();
    let mut versions = Vec::new();
    for &(language, source) in sources {
        let file = parse(source)?;
        versions.push((language, file.version));
        for statement in file.statements {
            builder.add(language, statement);
        }
    }
    Ok(builder.finish(versions))
}

#[derive(Default)]
struct Builder {
    /// Words by collapsed spelling.
    words: BTreeMap<(String, Edges), WordId>,
    edges: Vec<Edges>,
    fillers: Vec<u16>,
    spellings: BTreeMap<String, BTreeSet<WordId>>,
    lexicon: Vec<(String, bool, WordId)>,
    steps: Vec<Vec<(WordId, Node)>>,
    skips: Vec<Vec<Node>>,
    complete: Vec<u16>,
    languages: Vec<u16>,
    phrases: Vec<Phrase>,
    starts: Vec<Node>,
}

impl Builder {
    fn add(&mut self, language: Language, statement: Statement) {
        let meaning = match statement.role {
            Role::Filler => return self.add_filler(language, &statement.pattern),
            Role::Harmless => Meaning::Harmless,
            Role::Denied => Meaning::Denied,
            Role::Phrase(tier, false) => Meaning::Counts(tier),
            Role::Phrase(tier, true) => Meaning::Brief(tier),
        };
        let counts = matches!(meaning, Meaning::Counts(_) | Meaning::Brief(_));
        let fillers = if counts { language.bit() } else { 0 };
        let (start, end) = (self.node(fillers), self.node(0));
        self.pattern(language, &statement.pattern, start, end);
        self.starts.push(start);
        self.complete[end as usize] = index_u16(self.phrases.len());
        let id = PhraseId { language, name: statement.name };
        self.phrases.push(Phrase { id, meaning });
    }

    fn add_filler(&mut self, language: Language, pattern: &Pattern) {
        match pattern {
            Pattern::Word(word) => {
                let word = self.word(language, word);
                self.fillers[word as usize] |= language.bit();
            }
            Pattern::Sequence(parts) => {
                // A filler is passed over at once: `kind of` is found as `kindof`.
                let texts = parts.iter().filter_map(|part| match part {
                    Pattern::Word(word) => Some(word.text.as_str()),
                    _ => None,
                });
                let text = texts.collect::<String>();
                let word = Word { text, open_start: false, open_end: false, typos: false };
                self.add_filler(language, &Pattern::Word(word));
            }
            Pattern::Choice(parts) => {
                parts.iter().for_each(|part| self.add_filler(language, part));
            }
            Pattern::Optional(part) => self.add_filler(language, part),
        }
    }

    fn node(&mut self, language: u16) -> Node {
        let node = index_u32(self.complete.len());
        self.steps.push(Vec::new());
        self.skips.push(Vec::new());
        self.complete.push(NONE);
        self.languages.push(language);
        node
    }

    /// Lays the pattern between two nodes.
    fn pattern(&mut self, language: Language, pattern: &Pattern, from: Node, to: Node) {
        match pattern {
            Pattern::Word(word) => {
                let word = self.word(language, word);
                self.steps[from as usize].push((word, to));
            }
            Pattern::Choice(choices) => {
                choices.iter().for_each(|choice| self.pattern(language, choice, from, to));
            }
            Pattern::Optional(inner) => {
                self.pattern(language, inner, from, to);
                self.skips[from as usize].push(to);
            }
            Pattern::Sequence(parts) => {
                let fillers = self.languages[from as usize];
                let mut at = from;
                for (index, part) in parts.iter().enumerate() {
                    let next = if index + 1 == parts.len() { to } else { self.node(fillers) };
                    self.pattern(language, part, at, next);
                    at = next;
                }
            }
        }
    }

    fn word(&mut self, language: Language, word: &Word) -> WordId {
        let spelled = letters(&word.text);
        let edges = Edges { open_start: word.open_start, open_end: word.open_end };
        let key = (collapsed(&spelled), edges);
        let id = *self.words.entry(key).or_insert_with(|| {
            self.edges.push(edges);
            self.fillers.push(0);
            index_u32(self.edges.len() - 1)
        });
        let mut variants = vec![spelled];
        if language == Language::De {
            variants.push(letters(&spelled_out(&word.text)));
        }
        for variant in variants {
            if word.typos {
                for typo in typos(&variant) {
                    self.spellings.entry(collapsed(&typo)).or_default().insert(id);
                }
            }
            self.spellings.entry(collapsed(&variant)).or_default().insert(id);
            self.lexicon.push((variant.into_iter().collect(), word.open_end, id));
        }
        id
    }

    /// The nodes that are reached from one without a word, itself included.
    fn closure(&self, node: Node) -> BTreeSet<Node> {
        let mut reached = BTreeSet::new();
        let mut todo = vec![node];
        while let Some(node) = todo.pop() {
            if reached.insert(node) {
                todo.extend(&self.skips[node as usize]);
            }
        }
        reached
    }

    fn finish(mut self, versions: Vec<(Language, u32)>) -> Book {
        let mut openings = vec![BTreeSet::new(); self.edges.len()];
        for &start in &self.starts {
            for node in self.closure(start) {
                for &(word, next) in &self.steps[node as usize] {
                    openings[word as usize].insert(next);
                }
            }
        }
        for &start in &self.starts {
            self.steps[start as usize].clear();
            self.skips[start as usize].clear();
        }
        self.steps.iter_mut().for_each(|steps| {
            steps.sort_unstable();
            steps.dedup();
        });
        let search = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(self.spellings.keys())
            .expect("some thousand short words fit an automaton");
        Book {
            search,
            spellings: lists(self.spellings.into_values()),
            openings: lists(openings),
            steps: lists(self.steps),
            skips: lists(self.skips),
            lexicon: Lexicon::new(self.lexicon),
            edges: self.edges,
            fillers: self.fillers,
            complete: self.complete,
            languages: self.languages,
            phrases: self.phrases,
            versions,
        }
    }
}

fn lists<T, L: IntoIterator<Item = T>>(all: impl IntoIterator<Item = L>) -> Lists<T> {
    let mut lists = Lists { starts: vec![0], items: Vec::new() };
    for list in all {
        lists.items.extend(list);
        lists.starts.push(index_u32(lists.items.len()));
    }
    lists.items.shrink_to_fit();
    lists.starts.shrink_to_fit();
    lists
}

/// German umlauts the way they are typed without the key.
fn spelled_out(word: &str) -> String {
    word.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue")
}

/// A letter left out, or two neighbours exchanged. The first letter stays: it is seldom wrong, and
/// without it words turn into other words.
fn typos(word: &[char]) -> Vec<Vec<char>> {
    let mut typos = Vec::new();
    for at in 1..word.len() {
        let mut shorter = word.to_vec();
        shorter.remove(at);
        typos.push(shorter);
        if at + 1 < word.len() {
            let mut swapped = word.to_vec();
            swapped.swap(at, at + 1);
            typos.push(swapped);
        }
    }
    typos
}

fn index_u32(index: usize) -> u32 {
    u32::try_from(index).expect("a phrase book has fewer than 2^32 parts")
}

fn index_u16(index: usize) -> u16 {
    u16::try_from(index).expect("a phrase book has fewer than 2^16 phrases")
}
