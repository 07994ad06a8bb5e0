//! The graph of all phrases over words, and the same made deterministic: after the same words
//! there is one place, whatever phrases they may be the beginning of. Reading is then one look-up
//! per word, and not one per phrase.

use std::collections::HashMap;

use super::{WordId, long, small};

/// A node of the graph as it was laid.
pub(super) type Node = u32;
/// A place in the deterministic paths: a set of nodes.
pub(super) type Place = u16;

/// Trait of the nodes of phrases that count; beside it, the bit of their language. Harmless phrases
/// have neither: they are followed to the letter.
pub(super) const COUNTS: u16 = 1 << 15;

/// Where no word leads.
pub(super) const NOWHERE: Place = Place::MAX;

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
        long(self.traits.len() - 1)
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
        let mut steps_of = vec![Vec::new(); self.traits.len()];
        for &(from, word, to) in &self.steps {
            steps_of[from as usize].push((word, to));
        }
        let mut places = Places::default();
        let mut start = Vec::new();
        self.starts.iter().for_each(|&node| self.reach(node, &mut start));
        places.at(start);
        let mut steps: Vec<Vec<(WordId, Place)>> = Vec::new();
        let mut counting = Vec::new();
        while let Some(nodes) = places.nodes.get(steps.len()).cloned() {
            let mut next: Vec<(WordId, Node)> =
                nodes.iter().flat_map(|&node| &steps_of[node as usize]).copied().collect();
            next.sort_unstable();
            let list = next.chunk_by(|a, b| a.0 == b.0).map(|same| {
                let mut reached = Vec::new();
                for &(_, node) in same {
                    self.reach(node, &mut reached);
                }
                (same[0].0, places.at(reached))
            });
            steps.push(list.collect());
            let remain: Vec<Node> = nodes.into_iter().filter(|&node| self.counts(node)).collect();
            counting.push(if remain.is_empty() { NOWHERE } else { places.at(remain) });
        }
        let mut openings = vec![NOWHERE; words];
        for (word, place) in steps[0].drain(..) {
            openings[usize::from(word)] = place;
        }
        let complete = places.nodes.iter().map(|nodes| self.complete_at(nodes)).collect();
        let languages = places.nodes.iter().map(|nodes| self.languages_at(nodes)).collect();
        Paths { openings, steps, complete, languages, counting }
    }

    fn counts(&self, node: Node) -> bool {
        self.traits[node as usize] & COUNTS != 0
    }

    fn complete_at(&self, nodes: &[Node]) -> Vec<u16> {
        let mut phrases: Vec<u16> =
            nodes.iter().filter_map(|node| self.complete.get(node).copied()).collect();
        phrases.sort_unstable();
        phrases
    }

    fn languages_at(&self, nodes: &[Node]) -> u16 {
        nodes.iter().map(|&node| self.traits[node as usize] & !COUNTS).fold(0, |a, b| a | b)
    }
}

/// The places found so far, each a set of nodes.
#[derive(Default)]
struct Places {
    nodes: Vec<Vec<Node>>,
    index: HashMap<Vec<Node>, Place>,
}

impl Places {
    fn at(&mut self, mut nodes: Vec<Node>) -> Place {
        nodes.sort_unstable();
        if let Some(&known) = self.index.get(&nodes) {
            return known;
        }
        let place = small(self.nodes.len());
        self.nodes.push(nodes.clone());
        self.index.insert(nodes, place);
        place
    }
}

/// Where words lead, from place to place. The first place is where every phrase begins; its steps
/// are the openings.
pub(super) struct Paths {
    /// For each word, the place after it when a phrase begins with it.
    pub(super) openings: Vec<Place>,
    /// For each place, where its words lead, ordered by word.
    pub(super) steps: Vec<Vec<(WordId, Place)>>,
    /// For each place, the phrases that are complete there.
    pub(super) complete: Vec<Vec<u16>>,
    /// For each place, the languages of the phrases that count there.
    pub(super) languages: Vec<u16>,
    /// For each place, the one where only the phrases that count are left.
    pub(super) counting: Vec<Place>,
}
