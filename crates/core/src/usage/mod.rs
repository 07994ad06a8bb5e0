//! The ledger: one record per call of a model, settled in the same write as the reply it paid for;
//! the running totals; and the budgets that they are held against.

mod budgets;
mod prices;
mod report;
mod reserve;
mod store;
mod totals;
mod verify;

pub(crate) use store::ALL as STATEMENTS;
pub(crate) use totals::{ALL as TOTALS_STATEMENTS, Reservation, is_budget_guard};

pub use budgets::{BudgetState, Budgets, Limit, Limits, Money, Period, Unit};
pub use prices::{Price, Prices};
pub use report::{ModelName, Sums, UsageReport};
use serene_db::{DbError, Statement, Write};
use serene_llm::{Engine, Request, TURN_TOKENS, Usage, estimate_byte_tokens, estimate_tokens};
pub use totals::{Amount, Figures};
use uuid::Uuid;
pub use verify::{Difference, Verified};

use crate::{
    base::{Base, Error, Owner, Time},
    metrics,
};

/// Stored where a model was not called because a budget had no room.
pub const BUDGET_EXCEEDED: &str = "BUDGET_EXCEEDED";

/// How often a write is put together anew because a row of totals was not there yet, or a
/// reservation not any more.
const SETTLE_TRIES: usize = 5;

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

/// The thing that a model was called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MadeFor {
    /// The reply of this generation.
    Generation(Uuid),
    /// The answer to this entry.
    Entry(Uuid),
    /// Something that has no row of its own.
    NothingKept,
}

/// One call of a model.
#[derive(Clone, Debug)]
pub(crate) struct UsageRecord {
    /// What for.
    pub(crate) purpose: Purpose,
    /// For which of them.
    pub(crate) made_for: MadeFor,
    /// How the call ended: the status of what it wrote.
    pub(crate) status: &'static str,
    /// The engine that was called.
    pub(crate) engine: String,
    /// Its model.
    pub(crate) model: String,
    /// Tokens, as the provider counted them or as Serene guessed.
    pub(crate) tokens: Usage,
    /// What they cost; [`Ledger::settle`] sets it.
    pub(crate) cost_nanos: i64,
    /// When the call began: its day is the one that it counts for.
    pub(crate) began_at: Time,
    /// What was kept free for it.
    pub(crate) reservation: Option<Reservation>,
}

/// A record as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct KeptRecord {
    pub(crate) id: Uuid,
    pub(crate) purpose: String,
    pub(crate) generation_id: Option<Uuid>,
    pub(crate) entry_id: Option<Uuid>,
    pub(crate) status: String,
    pub(crate) engine: String,
    pub(crate) model: String,
    pub(crate) tokens: Usage,
    pub(crate) cost_nanos: i64,
    pub(crate) created_at: Time,
}

/// How many tokens a model will read: as its engine counts them, or a guess, four bytes a token.
/// Images are not counted.
pub(crate) fn prompt_tokens(engine: &dyn Engine, model: &str, request: &Request) -> u32 {
    let turn = |text: &str| Some(engine.count_tokens(model, text)?.saturating_add(TURN_TOKENS));
    let mut turns = request.messages.iter().map(|message| turn(&message.text));
    let counted = turns.try_fold(0_u32, |sum, tokens| Some(sum.saturating_add(tokens?)));
    let bytes = || request.messages.iter().map(|message| message.text.len()).sum();
    counted.unwrap_or_else(|| estimate_byte_tokens(bytes()))
}

/// A guess where the provider counted nothing: four bytes a token. A call that gave no text is not
/// charged.
pub(crate) fn estimate(prompt_tokens: u32, text: &str) -> Usage {
    if text.is_empty() {
        return Usage { estimated: true, ..Usage::default() };
    }
    Usage {
        prompt_tokens,
        completion_tokens: estimate_tokens(text),
        cached_tokens: 0,
        estimated: true,
    }
}

/// The ledger of one server.
#[derive(Debug)]
pub struct Ledger {
    base: Base,
    prices: Prices,
    budgets: Budgets,
}

impl Ledger {
    pub(crate) fn new(base: Base, prices: Prices, budgets: Budgets) -> Self {
        Self { base, prices, budgets }
    }

    /// Commits a write together with the calls that it ends: their records, the totals, and what was
    /// kept free for them. The write is put together anew for each try.
    ///
    /// # Errors
    /// As [`serene_db::Db::commit`]; a guard is one of the write's own.
    pub(crate) async fn settle(
        &self,
        owner: Owner,
        calls: &mut [UsageRecord],
        write: impl Fn() -> Write,
    ) -> Result<(), DbError> {
        for call in &mut *calls {
            call.cost_nanos = self.prices.of(&call.engine, &call.model).cost_nanos(&call.tokens);
        }
        for _ in 0..SETTLE_TRIES {
            let now = self.base.clock.now();
            let pieces = calls.iter().flat_map(|call| self.pieces(owner, call, now));
            match self.base.db.commit(write().with_all(pieces)).await {
                Ok(_) => {
                    for call in &*calls {
                        metrics::tokens(&call.engine, &call.model, call.tokens);
                    }
                    return Ok(());
                }
                Err(DbError::Guard(guard)) if totals::is_row_guard(guard) => {
                    for call in &*calls {
                        self.open(owner, &call.began_at.utc_day()).await?;
                    }
                }
                Err(DbError::Guard(guard)) if totals::is_reservation_guard(guard) => {
                    self.forget_given_back(owner, calls).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Err(DbError::Busy)
    }

    fn pieces(&self, owner: Owner, call: &UsageRecord, now: Time) -> Vec<Statement> {
        let tokens =
            i64::from(call.tokens.prompt_tokens) + i64::from(call.tokens.completion_tokens);
        let used = Amount { tokens, cost_nanos: call.cost_nanos };
        let day = call.began_at.utc_day();
        let mut pieces = vec![store::insert(owner, self.base.ids.new_id(now), call, now)];
        pieces.extend(totals::settle(owner, &day, used, call.reservation.as_ref()));
        pieces
    }

    /// The instance that made a call was taken for dead, and what it kept free was given back.
    async fn forget_given_back(
        &self,
        owner: Owner,
        calls: &mut [UsageRecord],
    ) -> Result<(), DbError> {
        for call in calls {
            if let Some(held) = &call.reservation {
                call.reservation = totals::held(&self.base.db, owner, held.id).await?;
            }
        }
        Ok(())
    }

    /// Makes the rows of totals of a day and its month, where they are not there yet.
    async fn open(&self, owner: Owner, day: &str) -> Result<(), DbError> {
        let nothing = Figures::default();
        // Everybody's first: a user's total is never without the one that it is a part of.
        for whose in [None, Some(owner)] {
            for period in [day, budgets::month_of(day)] {
                let open = totals::open(whose, period, &nothing);
                match self.base.db.commit(Write::from(open)).await {
                    // Each by itself: one that is there already must not undo the others.
                    Ok(_) | Err(DbError::Duplicate(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Every record of an owner, newest first, at most 1,000: for tests and reports.
    pub async fn records(&self, owner: Owner) -> Result<Vec<(Uuid, Usage)>, Error> {
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

    /// Deletes everything of an owner. What they used stays in everybody's totals.
    pub(crate) async fn delete_all(&self, owner: Owner) -> Result<(), Error> {
        self.depart(owner).await?;
        self.base.delete_in_pieces(|| store::delete_chunk(owner)).await
    }
}
