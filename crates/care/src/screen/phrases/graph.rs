//! The graph of all phrases over words, and the same made deterministic: after the same words
//! there is one place, whatever phrases they may be the beginning of. Reading is then one look-up
//! per word, and not one per phrase.

use std::collections::HashMap;

use super::build::{index, lists};
use super::{Lists, Node, WordId};

/// Trait of the nodes of phrases that count; beside it, the bit of their language. Harmless phrases
/// have neither: they are followed to the letter.
pub(super) const COUNTS: u16 = 1 << 15;

/// A place that leads nowhere.
pub(in crate::screen) const NOWHERE: Node = Node::MAX;

/// The phrases as they were laid.
#[derive(Default)]
pub(super) struct Graph {
    starts: Vec<Node>,
    steps: Vec<(Node, WordId, Node)>,
    skips: HashMap<Node, Vec<Node>>,
    complete: HashMap<Node, u16>,
    traits: Vec<u16>,
}

impl Graph {
    /// A new phrase: the node it begins at and the one it is complete at.
    pub(super) fn phrase(&mut self, phrase: u16, traits: u16) -> (Node, Node) {
        let (start, end) = (self.node(traits), self.node(traits));
        self.starts.push(start);
        self.complete.insert(end, phrase);
        (start, end)
    }

    fn node(&mut self, traits: u16) -> Node {
        self.traits.push(traits);
        index(self.traits.len() - 1)
    }

    /// A new node of the same phrase.
    pub(super) fn node_like(&mut self, other: Node) -> Node {
        self.node(self.traits[other as usize])
    }

    pub(super) fn step(&mut self, from: Node, word: WordId, to: Node) {
        self.steps.push((from, word, to));
    }

    pub(super) fn skip(&mut self, from: Node, to: Node) {
        self.skips.entry(from).or_default().push(to);
    }

    /// Adds a node and what follows it without a word.
    fn reach(&self, node: Node, reached: &mut Vec<Node>) {
        if !reached.contains(&node) {
            reached.push(node);
            for &next in self.skips.get(&node).into_iter().flatten() {
                self.reach(next, reached);
            }
        }
    }

    /// The deterministic paths, for this many words.
    pub(super) fn paths(mut self, words: usize) -> Paths {
        self.steps.sort_unstable();
        let steps_of = Lists::of_steps(self.traits.len(), &self.steps);
        let mut places = Places::default();
        let mut start = Vec::new();
        self.starts.iter().for_each(|&node| self.reach(node, &mut start));
        places.at(start);
        let mut steps = Vec::new();
        let mut next: Vec<(WordId, Node)> = Vec::new();
        let mut done = 0;
        while done < places.nodes.len() {
            next.clear();
            for &node in &places.nodes[done] {
                next.extend_from_slice(steps_of.of(node));
            }
            next.sort_unstable();
            let list = next.chunk_by(|a, b| a.0 == b.0).map(|same| {
                let mut reached = Vec::new();
                same.iter().for_each(|&(_, node)| self.reach(node, &mut reached));
                (same[0].0, places.at(reached))
            });
            steps.push(list.collect::<Vec<_>>());
            let counting = places.nodes[done].iter().copied().filter(|&node| self.counts(node));
            let counting = counting.collect();
            places.counting_at(counting);
            done += 1;
        }
        self.assemble(words, &places, steps)
    }

    fn counts(&self, node: Node) -> bool {
        self.traits[node as usize] & COUNTS != 0
    }

    fn assemble(&self, words: usize, places: &Places, steps: Vec<Vec<(WordId, Node)>>) -> Paths {
        let mut openings = vec![NOWHERE; words];
        for &(word, next) in &steps[0] {
            openings[word as usize] = next;
        }
        let complete = places.nodes.iter().map(|nodes| {
            let mut phrases: Vec<u16> =
                nodes.iter().filter_map(|node| self.complete.get(node).copied()).collect();
            phrases.sort_unstable();
            phrases
        });
        let languages = places.nodes.iter().map(|nodes| {
            nodes.iter().map(|&node| self.traits[node as usize] & !COUNTS).fold(0, |a, b| a | b)
        });
        Paths {
            openings,
            complete: lists(complete),
            languages: languages.collect(),
            counting: places.counting.clone(),
            steps: lists(steps.into_iter().enumerate().map(|(place, list)| {
                if place == 0 { Vec::new() } else { list }
            })),
        }
    }
}

/// The places found so far, each a set of nodes.
#[derive(Default)]
struct Places {
    nodes: Vec<Vec<Node>>,
    counting: Vec<Node>,
    index: HashMap<Vec<Node>, Node>,
}

impl Places {
    fn at(&mut self, mut nodes: Vec<Node>) -> Node {
        nodes.sort_unstable();
        if let Some(&known) = self.index.get(&nodes) {
            return known;
        }
        let place = index(self.nodes.len());
        self.nodes.push(nodes.clone());
        self.index.insert(nodes, place);
        place
    }

    fn counting_at(&mut self, nodes: Vec<Node>) {
        let place = if nodes.is_empty() { NOWHERE } else { self.at(nodes) };
        self.counting.push(place);
    }
}

/// Where words lead, from place to place.
pub(in crate::screen) struct Paths {
    /// For each word, the place after it when a phrase begins with it.
    openings: Vec<Node>,
    /// For each place, where its words lead.
    steps: Lists<(WordId, Node)>,
    /// For each place, the phrases that are complete there.
    complete: Lists<u16>,
    /// For each place, the languages of the phrases that count there.
    languages: Vec<u16>,
    /// For each place, the one where only the phrases that count are left.
    counting: Vec<Node>,
}

impl Paths {
    /// The place after a phrase's first word.
    pub(in crate::screen) fn opening(&self, word: WordId) -> Option<Node> {
        Some(self.openings[word as usize]).filter(|&place| place != NOWHERE)
    }

    /// The place after one more word.
    pub(in crate::screen) fn step(&self, from: Node, word: WordId) -> Option<Node> {
        let steps = self.steps.of(from);
        let at = steps.binary_search_by_key(&word, |step| step.0).ok()?;
        Some(steps[at].1)
    }

    /// Whether more words may follow.
    pub(in crate::screen) fn goes_on(&self, place: Node) -> bool {
        !self.steps.of(place).is_empty()
    }

    /// The phrases that are complete here.
    pub(in crate::screen) fn complete(&self, place: Node) -> &[u16] {
        self.complete.of(place)
    }

    /// The same place without the phrases that are followed to the letter.
    pub(in crate::screen) fn counting(&self, place: Node) -> Option<Node> {
        Some(self.counting[place as usize]).filter(|&place| place != NOWHERE)
    }

    /// The languages of the phrases that count here.
    pub(in crate::screen) fn languages(&self, place: Node) -> u16 {
        self.languages[place as usize]
    }

    pub(super) fn bytes(&self) -> usize {
        self.steps.bytes()
            + self.complete.bytes()
            + (self.openings.capacity() + self.counting.capacity()) * size_of::<Node>()
            + self.languages.capacity() * size_of::<u16>()
    }
}
