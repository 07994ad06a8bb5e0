//! The ledger: one record per call of a model, settled in the same write as the reply it paid for.

mod store;

pub(crate) use store::ALL as STATEMENTS;

use serene_db::Statement;
use uuid::Uuid;

use crate::base::{Base, Error, Owner, Time};

/// What a model was called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A reply in a conversation.
    Reply,
    /// The vibe check of a journal entry.
    VibeCheck,
    /// The first words in a journaling session.
    Greeting,
    /// The summary of a journaling session.
    Summary,
    /// The title of a conversation.
    Title,
}

impl Purpose {
    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::VibeCheck => "vibe_check",
            Self::Greeting => "greeting",
            Self::Summary => "summary",
            Self::Title => "title",
        }
    }
}

/// One call of a model.
#[derive(Clone, Debug)]
pub struct UsageRecord {
    /// What for.
    pub purpose: Purpose,
    /// How the call ended: the status of what it wrote.
    pub status: &'static str,
    /// The engine that was called.
    pub engine: String,
    /// Its model.
    pub model: String,
    /// Tokens, as the provider counted them or as Serene guessed.
    pub tokens: serene_llm::Usage,
}

/// A record as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct KeptRecord {
    pub(crate) id: Uuid,
    pub(crate) purpose: String,
    pub(crate) status: String,
    pub(crate) engine: String,
    pub(crate) model: String,
    pub(crate) tokens: serene_llm::Usage,
    pub(crate) created_at: Time,
}

/// A guess where the provider counted nothing: four bytes a token. A call that gave no text is not
/// charged.
pub(crate) fn estimate(prompt_bytes: usize, text: &str) -> serene_llm::Usage {
    if text.is_empty() {
        return serene_llm::Usage::default();
    }
    let tokens = |bytes: usize| u32::try_from(bytes.div_ceil(4)).unwrap_or(u32::MAX);
    serene_llm::Usage {
        prompt_tokens: tokens(prompt_bytes),
        completion_tokens: tokens(text.len()),
        cached_tokens: 0,
        estimated: true,
    }
}

/// The ledger of one server.
#[derive(Debug)]
pub struct Ledger {
    base: Base,
}

impl Ledger {
    pub(crate) fn new(base: Base) -> Self {
        Self { base }
    }

    /// The piece of a write that records a call.
    pub(crate) fn settle(&self, owner: Owner, record: &UsageRecord, now: Time) -> Statement {
        store::insert(owner, self.base.ids.new_id(now), record, now)
    }

    /// Every record of an owner, newest first, at most 1,000: for tests and reports.
    pub async fn records(&self, owner: Owner) -> Result<Vec<(Uuid, serene_llm::Usage)>, Error> {
        store::records(&self.base.db, owner).await
    }

    /// Tokens by day (UTC), the oldest first; both ends are included, at most 4,000 days.
    pub async fn by_day(
        &self,
        owner: Owner,
        first: &str,
        last: &str,
    ) -> Result<Vec<(String, i64)>, Error> {
        store::by_day(&self.base.db, owner, first, last).await
    }

    /// The owner's records after an id, in the order in which they were made; a page of them.
    pub(crate) async fn all_after(
        &self,
        owner: Owner,
        after: Uuid,
    ) -> Result<Vec<KeptRecord>, Error> {
        store::all_after(&self.base.db, owner, after).await
    }

    /// Deletes everything of an owner.
    pub(crate) async fn delete_all(&self, owner: Owner) -> Result<(), Error> {
        self.base.delete_in_pieces(|| store::delete_chunk(owner)).await
    }
}
