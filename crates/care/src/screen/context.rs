//! What stands around a finding: idioms, titles, plain denials. It may lower a finding that is
//! part of a longer phrase which means something else; it never looks at whole sentences.

use super::matcher::Hit;
use super::phrases::{Book, Meaning, Phrase};
use super::{Surface, Tier};

/// What a finding comes to, with what is around it.
pub(super) struct Finding {
    pub(super) phrase: Phrase,
    pub(super) tier: Tier,
    pub(super) brief: bool,
}

/// The findings that remain. One inside a harmless phrase ("die" in "die of laughter") is dropped,
/// one inside a denial ("I never thought of suicide") counts as a bare word. One of the brief's
/// four stays in an entry, as a bare word at least.
pub(super) fn weighed(book: &Book, hits: &[Hit], surface: Surface) -> Vec<Finding> {
    let harmless = Cover::of(book, hits, Meaning::Harmless);
    let denied = Cover::of(book, hits, Meaning::Denied);
    let weigh = |hit: &Hit| {
        let phrase = book.phrase(hit.phrase);
        let (tier, brief) = match phrase.meaning {
            Meaning::Counts { tier, brief } => (tier, brief),
            Meaning::Harmless | Meaning::Denied => return None,
        };
        let tier = if harmless.holds(hit) {
            (surface == Surface::Entry && brief).then_some(Tier::BareWord)?
        } else if denied.holds(hit) {
            Tier::BareWord
        } else {
            tier
        };
        Some(Finding { phrase, tier, brief })
    };
    hits.iter().filter_map(weigh).collect()
}

/// The stretches of text that some phrases cover.
struct Cover(Vec<(usize, usize)>);

impl Cover {
    fn of(book: &Book, hits: &[Hit], meaning: Meaning) -> Self {
        let mut spans: Vec<(usize, usize)> = hits
            .iter()
            .filter(|hit| book.meaning(hit.phrase) == meaning)
            .map(|hit| (hit.start, hit.end))
            .collect();
        spans.sort_unstable();
        // The furthest end of any phrase that begins no later: the search needs only one look.
        let mut reach = 0;
        for span in &mut spans {
            reach = reach.max(span.1);
            span.1 = reach;
        }
        Self(spans)
    }

    /// Whether one of them begins before this one is over, and goes at least as far: it is how the
    /// words are to be read ("want to end it" in "want to end it with a song").
    fn holds(&self, hit: &Hit) -> bool {
        let before = self.0.partition_point(|span| span.0 < hit.end);
        before > 0 && self.0[before - 1].1 >= hit.end
    }
}
