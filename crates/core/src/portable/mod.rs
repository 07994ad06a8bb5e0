//! Taking everything of an owner out, as one JSON document, and reading it back. The format is
//! Serene's own; docs/export.md describes it.

mod document;
mod export;
mod import;

pub use document::{Item, Kind, read};
pub use export::{Pieces, export};
pub use import::{Importer, Report, Tally};
