//! The product: accounts, conversations, generations and usage, on a database and an engine.
//!
//! Slices depend on each other in this order, downwards only: [`base`], [`accounts`], [`usage`],
//! [`conversations`], [`generations`], [`journal`]; [`search`]
//! reads the last three. Each keeps its SQL to itself. What spans several of them is in [`Serene`];
//! [`metrics`] counts for all of them. No HTTP, no environment and no model's wire format is known here.

pub mod accounts;
pub mod base;
pub mod conversations;
pub mod generations;
pub mod journal;
pub mod metrics;
pub mod portable;
pub mod safety;
pub mod schema;
pub mod sealing;
pub mod search;
mod serene;
pub mod usage;

pub use serene_db::DbError;

pub use serene::{Options, Serene};

/// Every statement of the product, for the tests that read them all.
pub fn statements() -> impl Iterator<Item = &'static serene_db::Sql> {
    base::vault::STATEMENTS
        .iter()
        .chain(base::idempotency::ALL)
        .chain(base::instances::ALL)
        .chain(accounts::STATEMENTS)
        .chain(accounts::preferences::ALL)
        .chain(accounts::IDENTITY_STATEMENTS)
        .chain(usage::STATEMENTS)
        .chain(usage::TOTALS_STATEMENTS)
        .chain(conversations::STATEMENTS)
        .chain(conversations::BRANCH_STATEMENTS)
        .chain(conversations::preferences::ALL)
        .chain(generations::STATEMENTS)
        .chain(journal::STATEMENTS)
        .copied()
        .chain(serene_db::own_statements())
}
