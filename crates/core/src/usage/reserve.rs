//! Keeping room free in the budgets before a model is called, and giving it back.

use serene_db::{DbError, Statement, Write};
use serene_llm::{Request, Usage};
use uuid::Uuid;

use super::{Amount, Figures, Ledger, Reservation, budgets::exceeded, budgets::month_of, totals};
use crate::base::{BudgetScope, Error, Owner, Time, limits};

/// How often a call tries to get room that others take and give back in between.
const RESERVE_TRIES: usize = 5;

/// Rows of totals that are taken away at a time when somebody leaves.
const DEPART_PAGE: u32 = 50;

impl Ledger {
    /// Whether there is any budget. Without one nothing is kept free, and nothing is read for it.
    pub(crate) fn has_budgets(&self) -> bool {
        self.budgets.any()
    }

    /// Makes a request say how much the model may write, where a budget wants to know and nobody else
    /// says it.
    pub(crate) fn bound(&self, request: &mut Request, reply_tokens: u32) {
        if self.has_budgets() {
            request.max_tokens.get_or_insert(reply_tokens);
        }
    }

    /// The most that a call may take by what is known before it: the prompt as Serene counts it, and
    /// as much of an answer as is asked for. `None` where there is no budget.
    pub(crate) fn reservation(
        &self,
        id: Uuid,
        (engine, model): (&str, &str),
        (prompt_tokens, completion_tokens): (u32, u32),
        began_at: Time,
    ) -> Option<Reservation> {
        if !self.has_budgets() {
            return None;
        }
        let most = Usage { prompt_tokens, completion_tokens, ..Usage::default() };
        let tokens = i64::from(most.prompt_tokens) + i64::from(most.completion_tokens);
        let cost_nanos = self.prices.of(engine, model).cost_nanos(&most);
        let amount = Amount { tokens, cost_nanos };
        Some(Reservation { id, day: began_at.utc_day(), amount })
    }

    /// The piece of a write that keeps this free. Its guards are those of
    /// [`is_budget_guard`](super::is_budget_guard); [`Self::refusal`] says what one that fails means.
    pub(crate) fn reserve(&self, owner: Owner, reservation: &Reservation) -> Vec<Statement> {
        totals::reserve(owner, self.base.instances.id(), reservation, &self.budgets)
    }

    /// Why a guard of [`Self::reserve`] did not hold. `Ok` when there is room by now, or the rows were
    /// not there yet and are: the write is to be tried again.
    ///
    /// # Errors
    /// [`Error::BudgetExceeded`]; what is wrong with storage.
    pub(crate) async fn refusal(
        &self,
        owner: Owner,
        reservation: &Reservation,
    ) -> Result<(), Error> {
        let (db, now) = (&self.base.db, self.base.clock.now());
        let day = &*reservation.day;
        let scopes = [
            (Some(owner), &self.budgets.per_user, BudgetScope::User),
            (None, &self.budgets.per_instance, BudgetScope::Instance),
        ];
        let mut is_open = true;
        for (whose, limits, scope) in scopes {
            let of_day = totals::of_period(db, whose, day).await?;
            let of_month = totals::of_period(db, whose, month_of(day)).await?;
            is_open &= of_day.is_some() && of_month.is_some();
            let kept = (&of_day.unwrap_or_default(), &of_month.unwrap_or_default());
            if let Some(renews_at) = limits.refused_until(kept, reservation.amount, now) {
                return Err(exceeded(scope, renews_at, now));
            }
        }
        if !is_open {
            self.open(owner, day).await?;
        }
        Ok(())
    }

    /// Keeps room free for a call that no other write begins, by a commit of its own, and makes the
    /// request say how much the model may write. `None` where there is no budget.
    ///
    /// # Errors
    /// [`Error::BudgetExceeded`]; what is wrong with storage.
    pub(crate) async fn reserve_now(
        &self,
        owner: Owner,
        engine: (&str, &str),
        (prompt_tokens, request): (u32, &mut Request),
    ) -> Result<Option<Reservation>, Error> {
        self.bound(request, limits::DEFAULT_REPLY_TOKENS);
        let now = self.base.clock.now();
        let id = self.base.ids.new_id(now);
        let most = (prompt_tokens, request.max_tokens.unwrap_or(limits::DEFAULT_REPLY_TOKENS));
        let Some(reservation) = self.reservation(id, engine, most, now) else { return Ok(None) };
        for _ in 0..RESERVE_TRIES {
            let write = Write::new().with_all(self.reserve(owner, &reservation));
            match self.base.db.commit(write).await {
                Ok(_) => return Ok(Some(reservation)),
                Err(DbError::Guard(guard)) if totals::is_budget_guard(guard) => {
                    self.refusal(owner, &reservation).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(DbError::Busy.into())
    }

    /// What is still kept free for a call.
    pub(crate) async fn held(
        &self,
        owner: Owner,
        id: Uuid,
    ) -> Result<Option<Reservation>, DbError> {
        totals::held(&self.base.db, owner, id).await
    }

    /// Gives back what was kept free for a call that is not settled. Again is no error.
    pub(crate) async fn give_back(
        &self,
        owner: Owner,
        reservation: &Reservation,
    ) -> Result<(), DbError> {
        for _ in 0..RESERVE_TRIES {
            let nothing = Amount::default();
            let pieces = totals::settle(owner, &reservation.day, nothing, Some(reservation));
            match self.base.db.commit(Write::new().with_all(pieces)).await {
                Err(DbError::Guard(guard)) if totals::is_row_guard(guard) => {
                    self.open(owner, &reservation.day).await?;
                }
                // Settled or given back by another.
                Ok(_) | Err(DbError::Guard(_)) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Err(DbError::Busy)
    }

    /// Gives back what processes that are gone kept free for calls that nobody will settle. Returns
    /// how many there were. Replies are settled before, by their own sweep.
    ///
    /// # Errors
    /// What is wrong with storage.
    pub(crate) async fn sweep(&self) -> Result<usize, Error> {
        let mut swept = 0;
        loop {
            let left = totals::left_behind(&self.base.db).await?;
            if left.is_empty() {
                return Ok(swept);
            }
            for (owner_id, reservation) in left {
                let owner = Owner::for_job(owner_id, "give back reservations");
                self.give_back(owner, &reservation).await?;
                swept += 1;
            }
        }
    }

    /// Takes somebody's totals away, and counts what they used among what is gone.
    pub(super) async fn depart(&self, owner: Owner) -> Result<(), Error> {
        let db = &self.base.db;
        loop {
            let held = totals::held_by(db, owner).await?;
            for reservation in &held {
                self.give_back(owner, reservation).await?;
            }
            let rows: Vec<(String, Figures)> =
                totals::list(db, Some(owner), "", DEPART_PAGE).await?;
            if held.is_empty() && rows.is_empty() {
                return Ok(());
            }
            let pieces = rows.iter().flat_map(|(period, kept)| totals::depart(owner, period, kept));
            match db.commit(Write::new().with_all(pieces)).await {
                // A call was settled in between: the rows are read again.
                Ok(_) | Err(DbError::Guard(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
