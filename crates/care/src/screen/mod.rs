//! The crisis screen: does this text speak of suicide or self-harm, how gravely, and in which
//! language. It decides nothing about accounts, storage or models, reads no clock and no
//! configuration, and keeps no part of the text.
//!
//! # How
//!
//! 1. The text is folded (`views`): NFKC, invisible characters dropped, look-alike letters and
//!    case folded, marks stripped where the script allows, repeats collapsed, everything between
//!    letters taken out but remembered. With digits or signs inside words there are two more
//!    readings, and masked words are looked up.
//! 2. The words of every phrase are found by one Aho-Corasick automaton, and followed from word to
//!    word; fillers ("just", "really") may stand between them (`phrases`, `matcher`).
//! 3. A finding inside an idiom, a title or a plain denial is lowered (`context`).
//!
//! # What it promises
//!
//! - The brief's four phrases (`suicide`, `kill myself`, `self harm`, `want to die`) in an entry
//!   end in [`CRISIS_SENTENCE`], in any disguise that [`disguise`] lists, whatever stands around.
//! - Explicit intent is never lowered by what stands around it.
//! - Time is linear in the text; no input panics; a [`Screening`] quotes nothing.
//!
//! # What it cannot
//!
//! It knows phrases, not people. Despair in words that no phrase has is not found, nor what is
//! said between the lines, in a language that is not in [`Language`], in a picture, or by letters
//! that no reader would take for letters. Irony and fiction written in the first person are taken
//! at their word. The published figures ([`report`]) are measured on sentences that were written
//! for this project; they say how well the screen does what it was built for, not how many people
//! it will reach. It is no diagnosis, and no replacement for somebody who listens.

mod context;
pub mod disguise;
mod masks;
mod matcher;
mod phrases;
pub mod report;
mod sets;
#[cfg(test)]
mod tests;
mod tiers;
mod views;

pub use phrases::Tier;
pub use tiers::{Language, Languages, PhraseId, Screening, Surface};

use context::Finding;
use phrases::BOOK;

/// The answer to an entry or message in crisis: exactly this, and nothing after it.
pub const CRISIS_SENTENCE: &str = "If you're feeling unsafe or overwhelmed, please consider reaching out to someone you trust or a local support service.";

/// Screens a text. Pure; the first call builds the phrase book, which takes some milliseconds.
pub fn screen(text: &str, surface: Surface) -> Screening {
    let book = &*BOOK;
    let cells = views::cells(text);
    let masked = masks::masked(book, &cells);
    let mut result = Screening {
        tier: None,
        languages: Languages::default(),
        phrase: None,
        brief: false,
        version: version(),
    };
    for view in views::views(&cells) {
        let hits = matcher::hits(book, &view, &masked);
        for finding in context::weighed(book, &hits, surface) {
            result.add(&finding);
        }
    }
    result
}

/// Whether the answer is [`CRISIS_SENTENCE`], with no model asked: in an entry for explicit intent,
/// for somebody seeking a method, and for each of the brief's four phrases; in chat for explicit
/// intent. Lower tiers are answered by a model under a stricter instruction.
pub fn fixed_answer(surface: Surface, screening: &Screening) -> bool {
    match surface {
        Surface::Entry => screening.brief || screening.tier >= Some(Tier::Method),
        Surface::Chat => screening.tier == Some(Tier::Explicit),
    }
}

/// The version of the phrases: the sum of the versions of the files.
pub fn version() -> u32 {
    BOOK.version()
}

/// The size of the phrase book in bytes: what it keeps in memory, and what lies in the program
/// and is only read. Builds it if need be.
pub fn book_bytes() -> (usize, usize) {
    BOOK.bytes()
}

impl Screening {
    fn add(&mut self, finding: &Finding) {
        let id = finding.phrase.id;
        self.languages.add(id.language);
        self.brief |= finding.brief;
        if self.tier < Some(finding.tier) {
            self.tier = Some(finding.tier);
            self.phrase = Some(id);
        }
    }
}
