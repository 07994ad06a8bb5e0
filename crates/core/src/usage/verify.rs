//! Recounts the totals: every one from the records and the reservations that it is the sum of.

use std::collections::BTreeSet;

use serene_db::{DbError, Write};
use uuid::Uuid;

use super::{Figures, Ledger, budgets::month_of, store, totals};
use crate::{
    accounts::Accounts,
    base::{Error, Owner},
};

/// Rows of totals that are read at a time.
const PAGE: u32 = 500;

/// A total that is not the sum of what it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Whose it is; `None` where it is everybody's.
    pub user_id: Option<Uuid>,
    /// The day or the month.
    pub period: String,
    /// What is kept; `None` where there is no row.
    pub kept: Option<Figures>,
    /// What it should be.
    pub should_be: Figures,
}

/// What came of counting again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many totals were looked at.
    pub totals: usize,
    /// Those that are wrong, or were before they were mended.
    pub differences: Vec<Difference>,
}

impl Ledger {
    /// Counts every total anew, and mends those that are wrong where that is wanted. May run beside a
    /// server: a total and what it counts are read in one statement.
    ///
    /// # Errors
    /// What is wrong with storage.
    pub async fn verify(&self, mend: bool) -> Result<Verified, Error> {
        let mut verified = Verified::default();
        let closing: BTreeSet<Uuid> =
            Accounts::closing_of(&self.base.db).await?.into_iter().collect();
        let (mut everybodys, mut after) = (self.periods(None).await?, 0);
        loop {
            let users = Accounts::all_ids(&self.base.db, after).await?;
            let Some((_, last)) = users.last() else { break };
            after = *last;
            // The totals of those who are leaving go before their records.
            for (id, _) in users.iter().filter(|(id, _)| !closing.contains(id)) {
                let owner = Owner::for_job(*id, "verify usage");
                let periods = self.periods(Some(owner)).await?;
                self.verify_of(Some(owner), &periods, mend, &mut verified).await?;
                everybodys.extend(periods);
            }
        }
        // Last: they are the sums of the others, which are right by now if they are mended.
        self.verify_of(None, &everybodys, mend, &mut verified).await?;
        Ok(verified)
    }

    async fn verify_of(
        &self,
        owner: Option<Owner>,
        periods: &BTreeSet<String>,
        mend: bool,
        verified: &mut Verified,
    ) -> Result<(), Error> {
        for period in periods {
            verified.totals += 1;
            if let Some(difference) = self.difference(owner, period).await? {
                if mend {
                    self.mend(owner, &difference).await?;
                }
                verified.differences.push(difference);
            }
        }
        Ok(())
    }

    /// Every period that has a total or should have one.
    async fn periods(&self, owner: Option<Owner>) -> Result<BTreeSet<String>, Error> {
        let db = &self.base.db;
        let mut periods = BTreeSet::new();
        let mut after = String::new();
        loop {
            let page = totals::list(db, owner, &after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);
            periods.extend(page.into_iter().map(|(period, _)| period));
        }
        let Some(owner) = owner else { return Ok(periods) };
        let mut days = store::days(db, owner).await?;
        days.extend(totals::held_by(db, owner).await?.into_iter().map(|held| held.day));
        for day in days {
            periods.insert(month_of(&day).to_owned());
            periods.insert(day);
        }
        Ok(periods)
    }

    async fn difference(
        &self,
        owner: Option<Owner>,
        period: &str,
    ) -> Result<Option<Difference>, Error> {
        let compared = totals::compare(&self.base.db, owner, period).await?;
        let (kept, should_be) = match compared {
            Some((kept, should_be)) if kept == should_be => return Ok(None),
            Some((kept, should_be)) => (Some(kept), should_be),
            // Rows are opened before anything is counted: without one there is nothing to count, or
            // somebody took it away.
            None => (None, Figures::default()),
        };
        let user_id = owner.map(Owner::id);
        Ok(Some(Difference { user_id, period: period.to_owned(), kept, should_be }))
    }

    async fn mend(&self, owner: Option<Owner>, difference: &Difference) -> Result<(), Error> {
        let period = &difference.period;
        if difference.kept.is_none() {
            let open = totals::open(owner, period, &Figures::default());
            match self.base.db.commit(Write::from(open)).await {
                Ok(_) | Err(DbError::Duplicate(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // What is wrong with it by now; what is right needs nothing.
        if let Some((kept, should_be)) = totals::compare(&self.base.db, owner, period).await?
            && kept != should_be
        {
            let mend = totals::mend(owner, period, (&kept, &should_be));
            self.base.db.commit(Write::from(mend)).await?;
        }
        Ok(())
    }
}
