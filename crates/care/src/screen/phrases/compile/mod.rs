//! Compiles the phrase files into the tables that the screen reads. Runs when the crate is built
//! (and in its tests), so that the server neither parses nor builds any of it.

mod graph;
mod syntax;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use graph::{COUNTS, Graph, Node};
use syntax::{File, Pattern, Role, Statement, Word, parse};

use super::meaning::Meaning;
use crate::screen::views::fold::cells;

/// A word of the phrases.
type WordId = u16;

/// The languages, by the names of their files, in the order of the tables.
pub(crate) const LANGUAGES: [&str; 15] =
    ["en", "es", "pt", "fr", "de", "it", "nl", "pl", "tr", "ru", "hi", "ar", "zh", "ja", "ko"];

/// Masked words are looked up among words of these lengths.
const MASKABLE: std::ops::RangeInclusive<usize> = 3..=32;

/// Compiles the files, one per language in the order of [`LANGUAGES`]. The error names the language
/// and the line.
pub(crate) fn compile(sources: &[String]) -> Result<Vec<u8>, String> {
    let mut compiler = Compiler::default();
    let mut versions = Vec::new();
    for (language, source) in sources.iter().enumerate() {
        let file = parse(source)
            .map_err(|error| format!("data/phrases/{}.txt, {error}", LANGUAGES[language]))?;
        versions.push(file.version);
        compiler.add_file(language, &file);
    }
    Ok(compiler.tables(&versions))
}

/// How a word may be met: whether it may begin, or end, inside a longer one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Edges {
    open_start: bool,
    open_end: bool,
}

#[derive(Default)]
struct Compiler {
    /// Words by their letters.
    words: HashMap<(Vec<char>, Edges), WordId>,
    edges: Vec<Edges>,
    /// For each word, a bit per language that passes it over.
    fillers: Vec<u16>,
    /// For each word, a bit per language that has it in a filler of several words.
    filler_parts: Vec<u16>,
    /// The words that each spelling may be, and after which bytes a letter must be there twice.
    spellings: BTreeMap<String, BTreeSet<(WordId, Vec<u8>)>>,
    /// Words with all their letters, to look up masked ones; those that may go on apart.
    whole: BTreeSet<(Vec<char>, WordId)>,
    open: BTreeSet<(Vec<char>, WordId)>,
    graph: Graph,
    /// Language, meaning and name of each phrase.
    phrases: Vec<(u8, u8, String)>,
}

impl Compiler {
    fn add_file(&mut self, language: usize, file: &File) {
        let words: Vec<WordId> = file.words.iter().map(|word| self.word(language, word)).collect();
        for statement in &file.statements {
            match statement.role {
                Role::Filler => self.add_filler(language, &file.words, &statement.pattern),
                Role::Phrase(meaning) => self.add(language, &words, statement, meaning),
            }
        }
    }

    fn add(&mut self, language: usize, words: &[WordId], statement: &Statement, meaning: Meaning) {
        let traits = if meaning.counts() { 1 << language | COUNTS } else { 0 };
        let (start, end) = self.graph.phrase(small(self.phrases.len()), traits);
        self.lay(words, &statement.pattern, start, end);
        let code = Meaning::all().iter().position(|&known| known == meaning);
        let code = code.expect("every meaning is among all of them");
        self.phrases.push((tiny(language), tiny(code), statement.name.clone()));
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
            Pattern::Repeated(inner) => {
                let hub = self.graph.node_like(from);
                self.graph.skip(from, hub);
                self.lay(words, inner, hub, hub);
                self.graph.skip(hub, to);
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

    fn add_filler(&mut self, language: usize, words: &[Word], pattern: &Pattern) {
        match pattern {
            Pattern::Word(word) => {
                let id = self.word(language, &words[*word]);
                self.fillers[usize::from(id)] |= 1 << language;
            }
            Pattern::Sequence(parts) => {
                // A filler is passed over at once: `kind of` is found as `kindof`. Its words alone
                // are none, except where one of them is masked.
                let mut text = String::new();
                for part in parts.iter() {
                    if let Pattern::Word(part) = part {
                        text.push_str(&words[*part].text);
                        let id = self.word(language, &words[*part]);
                        self.filler_parts[usize::from(id)] |= 1 << language;
                    }
                }
                let joined = Word { text, open_start: false, open_end: false, typos: false };
                self.add_filler(language, &[joined], &Pattern::Word(0));
            }
            Pattern::Choice(parts) => {
                parts.iter().for_each(|part| self.add_filler(language, words, part));
            }
            Pattern::Optional(part) | Pattern::Repeated(part) => {
                self.add_filler(language, words, part);
            }
        }
    }

    fn word(&mut self, language: usize, word: &Word) -> WordId {
        let spelled = letters(&word.text);
        let edges = Edges { open_start: word.open_start, open_end: word.open_end };
        let id = *self.words.entry((spelled.clone(), edges)).or_insert_with(|| {
            self.edges.push(edges);
            self.fillers.push(0);
            self.filler_parts.push(0);
            small(self.edges.len() - 1)
        });
        let mut variants = vec![spelled];
        if LANGUAGES[language] == "de" && word.text.contains(['ä', 'ö', 'ü']) {
            variants.push(letters(&spelled_out(&word.text)));
        }
        for variant in variants {
            let typos = if word.typos { typos(&variant) } else { Vec::new() };
            for spelling in typos.iter().chain([&variant]) {
                let words = self.spellings.entry(collapsed(spelling)).or_default();
                words.insert((id, doubles(spelling)));
            }
            if MASKABLE.contains(&variant.len()) && variant.iter().all(|&c| is_maskable(c)) {
                let lexicon = if word.open_end { &mut self.open } else { &mut self.whole };
                lexicon.insert((variant, id));
            }
        }
        id
    }

    /// Everything, section after section, in the order in which the screen reads them.
    fn tables(self, versions: &[u32]) -> Vec<u8> {
        let paths = self.graph.paths(self.edges.len());
        let mut out = Sections::default();
        out.longs(versions);
        out.lists(
            self.phrases.iter().map(|(language, meaning, name)| {
                [&[*language, *meaning], name.as_bytes()].concat()
            }),
        );
        out.lists(self.spellings.keys().map(|spelling| spelling.as_bytes().to_vec()));
        out.lists(self.spellings.into_values().map(|words| {
            let entry = |(word, doubles): (WordId, Vec<u8>)| {
                [&word.to_le_bytes()[..], &[tiny(doubles.len())], &doubles].concat()
            };
            words.into_iter().flat_map(entry).collect()
        }));
        out.bytes(
            self.edges
                .iter()
                .map(|edges| u8::from(edges.open_start) | u8::from(edges.open_end) << 1)
                .collect(),
        );
        out.bytes(shorts(self.fillers));
        out.bytes(shorts(self.filler_parts));
        out.bytes(shorts(paths.openings));
        out.lists(
            paths
                .steps
                .iter()
                .map(|steps| shorts(steps.iter().flat_map(|&(word, place)| [word, place]))),
        );
        out.lists(paths.complete.into_iter().map(shorts));
        out.bytes(shorts(paths.languages));
        out.bytes(shorts(paths.counting));
        out.lists(by_length(&self.whole));
        out.lists(by_length(&self.open));
        out.0
    }
}

/// For each length, rows of letters with the word at the end.
fn by_length(lexicon: &BTreeSet<(Vec<char>, WordId)>) -> Vec<Vec<u8>> {
    let mut lengths = vec![Vec::new(); MASKABLE.end() + 1];
    for (letters, word) in lexicon {
        let letters = letters.iter().map(|&letter| small(letter as usize));
        lengths[letters.len()].extend(shorts(letters.chain([*word])));
    }
    lengths
}

/// Tables one after the other, each with its length in front.
#[derive(Default)]
struct Sections(Vec<u8>);

impl Sections {
    fn bytes(&mut self, bytes: Vec<u8>) {
        self.0.extend(long(bytes.len()).to_le_bytes());
        self.0.extend(bytes);
    }

    fn longs(&mut self, values: &[u32]) {
        self.bytes(values.iter().flat_map(|value| value.to_le_bytes()).collect());
    }

    /// Lists of bytes: where each begins, and the end; then all of them.
    fn lists(&mut self, lists: impl IntoIterator<Item = Vec<u8>>) {
        let mut starts = vec![0];
        let mut items = Vec::new();
        for list in lists {
            items.extend(list);
            starts.push(long(items.len()));
        }
        self.longs(&starts);
        self.bytes(items);
    }
}

fn shorts(values: impl IntoIterator<Item = u16>) -> Vec<u8> {
    values.into_iter().flat_map(u16::to_le_bytes).collect()
}

/// The letters and digits of a text, folded, without anything between them.
fn letters(text: &str) -> Vec<char> {
    cells(text).iter().filter(|cell| cell.is_word()).map(|cell| cell.ch).collect()
}

/// A word as the views show it: repeats collapsed.
fn collapsed(letters: &[char]) -> String {
    let mut word = letters.to_vec();
    word.dedup();
    word.into_iter().collect()
}

/// After which bytes of the collapsed word a letter was written twice: `noose` is found where `nose`
/// has its `o` more than once, and not in `nose`.
fn doubles(letters: &[char]) -> Vec<u8> {
    let mut doubles = Vec::new();
    let mut bytes = 0;
    for (at, letter) in letters.iter().enumerate() {
        if at > 0 && letters[at - 1] == *letter {
            doubles.push(tiny(bytes));
        } else {
            bytes += letter.len_utf8();
        }
    }
    doubles.dedup();
    doubles
}

/// Whether words of this letter's script are masked by signs for single letters: those with case,
/// and Arabic.
fn is_maskable(c: char) -> bool {
    matches!(c, 'a'..='z' | '0'..='9' | '\u{0430}'..='\u{045F}' | '\u{0620}'..='\u{06FF}')
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

fn tiny(value: usize) -> u8 {
    u8::try_from(value).expect("fewer than 2^8 of these")
}

fn small(value: usize) -> u16 {
    u16::try_from(value).expect("fewer than 2^16 words, places and phrases")
}

fn long(value: usize) -> u32 {
    u32::try_from(value).expect("tables below 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_variants() {
        assert_eq!(spelled_out("töten"), "toeten");
        assert_eq!(collapsed(&letters("Kill-my  SELF")), "kilmyself");
        assert_eq!(doubles(&letters("noose")), [2]);
        assert_eq!(doubles(&letters("kill")), [3]);
        let typos: Vec<String> =
            typos(&['a', 'b', 'c']).iter().map(|t| t.iter().collect()).collect();
        assert_eq!(typos, ["ac", "acb", "ab"]);
    }

    #[test]
    fn an_error_names_the_language_and_the_line() {
        let mut sources = vec!["version 1".to_owned(); 15];
        sources[2] = "version 1\nexplicit a: (b".to_owned();
        assert_eq!(compile(&sources).unwrap_err(), "data/phrases/pt.txt, line 2: unclosed (");
    }
}
