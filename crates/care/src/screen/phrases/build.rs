//! Builds the book from the data files: lays every pattern into one graph over words, and makes
//! that graph deterministic.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::graph::{COUNTS, Graph};
use super::syntax::{File, Pattern, Role, Statement, SyntaxError, Word, parse};
use super::{Book, Edges, Language, Lexicon, Lists, Meaning, Node, Phrase, PhraseId, WordId};
use crate::screen::views::{collapsed, letters};

/// Reads the sources and builds the book.
pub(super) fn book(sources: &[(Language, &'static str)]) -> Result<Book, SyntaxError> {
    let mut builder = Builder::default();
    let mut versions = Vec::new();
    for &(language, source) in sources {
        let file = parse(source)?;
        versions.push((language, file.version));
        builder.add_file(language, file);
    }
    Ok(builder.finish(versions))
}

#[derive(Default)]
struct Builder {
    /// Words by collapsed spelling.
    words: HashMap<(String, Edges), WordId>,
    edges: Vec<Edges>,
    fillers: Vec<u16>,
    filler_parts: Vec<u16>,
    spellings: BTreeMap<String, BTreeSet<WordId>>,
    lexicon: Vec<(String, bool, WordId)>,
    graph: Graph,
    phrases: Vec<Phrase>,
}

impl Builder {
    fn add_file(&mut self, language: Language, file: File) {
        let words: Vec<WordId> = file.words.iter().map(|word| self.word(language, word)).collect();
        for statement in &file.statements {
            if statement.role == Role::Filler {
                self.add_filler(language, &file.words, &statement.pattern);
            } else {
                self.add(language, &words, statement);
            }
        }
    }

    fn add(&mut self, language: Language, words: &[WordId], statement: &Statement) {
        let meaning = match statement.role {
            Role::Filler => return,
            Role::Harmless => Meaning::Harmless,
            Role::Denied => Meaning::Denied,
            Role::Phrase(tier, false) => Meaning::Counts(tier),
            Role::Phrase(tier, true) => Meaning::Brief(tier),
        };
        let traits = if meaning.counts() { language.bit() | COUNTS } else { 0 };
        let phrase = u16::try_from(self.phrases.len()).expect("fewer than 2^16 phrases");
        let (start, end) = self.graph.phrase(phrase, traits);
        self.lay(words, &statement.pattern, start, end);
        let id = PhraseId { language, name: statement.name };
        self.phrases.push(Phrase { id, meaning });
    }

    /// Lays the pattern between two nodes.
    fn lay(&mut self, words: &[WordId], pattern: &Pattern, from: Node, to: Node) {
        match pattern {
            Pattern::Word(word) => self.graph.step(from, words[*word], to),
            Pattern::Choice(choices) => {
                choices.iter().for_each(|choice| self.lay(words, choice, from, to));
            }
            Pattern::Optional(inner) => {
                self.lay(words, inner, from, to);
                self.graph.skip(from, to);
            }
            Pattern::Sequence(parts) => {
                let mut at = from;
                for (index, part) in parts.iter().enumerate() {
                    let last = index + 1 == parts.len();
                    let next = if last { to } else { self.graph.node_like(from) };
                    self.lay(words, part, at, next);
                    at = next;
                }
            }
        }
    }

    fn add_filler(&mut self, language: Language, words: &[Word], pattern: &Pattern) {
        match pattern {
            Pattern::Word(word) => {
                let id = self.word(language, &words[*word]);
                self.fillers[id as usize] |= language.bit();
            }
            Pattern::Sequence(parts) => {
                // A filler is passed over at once: `kind of` is found as `kindof`. Its words alone
                // are none, except where one of them is masked.
                let mut text = String::new();
                for part in parts.iter() {
                    if let Pattern::Word(part) = part {
                        text.push_str(&words[*part].text);
                        let id = self.word(language, &words[*part]);
                        self.filler_parts[id as usize] |= language.bit();
                    }
                }
                let joined = Word { text, open_start: false, open_end: false, typos: false };
                self.add_filler(language, &[joined], &Pattern::Word(0));
            }
            Pattern::Choice(parts) => {
                parts.iter().for_each(|part| self.add_filler(language, words, part));
            }
            Pattern::Optional(part) => self.add_filler(language, words, part),
        }
    }

    fn word(&mut self, language: Language, word: &Word) -> WordId {
        let spelled = letters(&word.text);
        let edges = Edges { open_start: word.open_start, open_end: word.open_end };
        let id = *self.words.entry((collapsed(&spelled), edges)).or_insert_with(|| {
            self.edges.push(edges);
            self.fillers.push(0);
            self.filler_parts.push(0);
            index(self.edges.len() - 1)
        });
        let mut variants = vec![spelled];
        if language == Language::De && word.text.contains(['ä', 'ö', 'ü']) {
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

    fn finish(self, versions: Vec<(Language, u32)>) -> Book {
        let search = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(self.spellings.keys())
            .expect("some thousand short words fit an automaton");
        Book {
            search,
            spellings: lists(self.spellings.into_values()),
            paths: self.graph.paths(self.edges.len()),
            lexicon: Lexicon::new(self.lexicon),
            edges: self.edges,
            fillers: self.fillers,
            filler_parts: self.filler_parts,
            phrases: self.phrases,
            versions,
        }
    }
}

pub(super) fn lists<T, L: IntoIterator<Item = T>>(all: impl IntoIterator<Item = L>) -> Lists<T> {
    let mut lists = Lists { starts: vec![0], items: Vec::new() };
    for list in all {
        lists.items.extend(list);
        lists.starts.push(index(lists.items.len()));
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
/// without it words turn into other words, which short ones do in any case.
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

pub(super) fn index(index: usize) -> u32 {
    u32::try_from(index).expect("a phrase book has fewer than 2^32 parts")
}
