//! The cases: what is sent for each operation of the API, and what has to be there first. One file
//! per part of the API; an operation that none of them names makes the run fail.

mod accounts;
mod conversations;
mod journal;
mod messages;
mod preferences;

use std::{net::SocketAddr, pin::Pin};

use crate::{
    api::Api,
    load::Work,
    seed::{Account, Hands, Seed},
};

/// The clients of a case that hashes passwords, and of any other.
const HASHING_CLIENTS: usize = 4;
const CLIENTS: usize = 32;

/// One row of the table.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// The operation's id in the OpenAPI document.
    pub(crate) operation: &'static str,
    /// What of it is measured, where that needs to be said.
    pub(crate) detail: &'static str,
    /// How many ask at once.
    pub(crate) clients: usize,
    /// Whether the answer waits for a reply: then no limit is promised.
    pub(crate) waits_for_model: bool,
    /// Makes what is needed and says what to send.
    pub(crate) prepare: for<'a> fn(&'a Stage) -> Prepared<'a>,
}

type Prepared<'a> = Pin<Box<dyn Future<Output = anyhow::Result<Work>> + 'a>>;

/// What the cases work on.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) api: Api,
    pub(crate) address: SocketAddr,
    pub(crate) seed: Seed,
    /// One account for each client that writes.
    pub(crate) writers: Vec<Account>,
    /// How many things a case makes that uses up what it works on.
    pub(crate) supply: usize,
}

impl Stage {
    /// Chooses the writers among the spare accounts.
    pub(crate) fn new(
        api: Api,
        address: SocketAddr,
        seed: Seed,
        supply: usize,
    ) -> anyhow::Result<Self> {
        let writers = seed.take_accounts(CLIENTS)?;
        Ok(Self { api, address, seed, writers, supply })
    }

    /// The spare accounts that all cases together take.
    pub(crate) const fn spare_accounts(supply: usize) -> usize {
        // The writers; those who sign in often; those who are signed out or deleted.
        CLIENTS + 4 * CLIENTS + 2 * supply
    }

    fn hands(&self) -> Hands<'_> {
        Hands { api: &self.api, address: self.address }
    }

    /// This many writers, each in the column of the client that sends for them.
    fn columns(&self, number: usize) -> Vec<&Account> {
        self.writers.iter().cycle().take(number).collect()
    }

    /// So many new conversations, each with its owner.
    async fn conversations(&self, number: usize) -> anyhow::Result<Vec<(&Account, String)>> {
        let owners = self.columns(number);
        let ids = self.hands().converse(&owners).await?;
        Ok(owners.into_iter().zip(ids).collect())
    }

    /// The same, with a message and its reply in each.
    async fn exchanges(&self, number: usize) -> anyhow::Result<Vec<(&Account, String)>> {
        let owners = self.columns(number);
        let ids = self.hands().converse(&owners).await?;
        self.hands().talk(&owners, &ids).await?;
        Ok(owners.into_iter().zip(ids).collect())
    }
}

/// Every case, in the order of the table.
pub(crate) fn all() -> Vec<Case> {
    [accounts::CASES, conversations::CASES, messages::CASES, preferences::CASES, journal::CASES]
        .concat()
}

const fn case(
    operation: &'static str,
    detail: &'static str,
    prepare: for<'a> fn(&'a Stage) -> Prepared<'a>,
) -> Case {
    Case { operation, detail, clients: CLIENTS, waits_for_model: false, prepare }
}

impl Case {
    const fn hashing(self) -> Self {
        Self { clients: HASHING_CLIENTS, ..self }
    }

    const fn replying(self) -> Self {
        Self { waits_for_model: true, ..self }
    }
}

/// A case that has nothing to wait for.
fn ready<'a>(work: Work) -> Prepared<'a> {
    Box::pin(async move { Ok(work) })
}
