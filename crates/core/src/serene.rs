//! The product as a whole: its slices, what spans several of them, and the jobs that tidy up.

use std::{sync::Arc, time::Duration};

use serene_llm::Engine;
use uuid::Uuid;

use crate::{
    accounts::{AccountOptions, Accounts, User},
    base::{Base, Cursor, Error, Owner, Page, PageSize, limits},
    conversations::{Conversation, Conversations, Message},
    generations::{DEFAULT_INSTRUCTION, Generations, OBEY_EVERY},
    journal::{Entry, Journal},
    safety::{Help, SafetyResources},
    search::{self, Wanted},
    usage::{Budgets, Ledger, Prices},
};

/// How often the jobs that tidy up look for work.
const TIDY_EVERY: Duration = Duration::from_hours(1);

/// How often an instance looks for replies of those that are gone: what is noticed late is not also
/// marked late.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// How often a change to a whole conversation stops a reply that began in between.
const STOP_TRIES: usize = 5;

/// What a server is made of besides its [`Base`].
#[derive(Debug)]
pub struct Options {
    /// How accounts are run.
    pub accounts: AccountOptions,
    /// Who answers.
    pub engine: Arc<dyn Engine>,
    /// Where people in need can turn.
    pub resources: SafetyResources,
    /// What it is told before every conversation; [`DEFAULT_INSTRUCTION`] when `None`.
    pub instruction: Option<String>,
    /// The most tokens that any model is let read and write together; the default when `None`.
    pub context_tokens: Option<u32>,
    /// Whether models name conversations, which is a call of its own for each.
    pub titles: bool,
    /// What models cost.
    pub prices: Prices,
    /// How much of them may be used.
    pub budgets: Budgets,
}

/// The product.
#[derive(Debug)]
pub struct Serene {
    base: Base,
    /// Users and their sessions.
    pub accounts: Accounts,
    /// Conversations and messages.
    pub conversations: Arc<Conversations>,
    /// Replies.
    pub generations: Generations,
    /// Entries, the vibe check, moods.
    pub journal: Journal,
    /// What replies cost.
    pub ledger: Arc<Ledger>,
    resources: SafetyResources,
}

impl Serene {
    /// Puts the slices together. Migrations are applied beforehand.
    ///
    /// # Errors
    /// When the hashing threads cannot be started.
    pub fn new(base: Base, options: Options) -> std::io::Result<Self> {
        let conversations = Arc::new(Conversations::new(base.clone()));
        let ledger = Arc::new(Ledger::new(base.clone(), options.prices, options.budgets));
        let instruction = options.instruction.unwrap_or_else(|| DEFAULT_INSTRUCTION.to_owned());
        Ok(Self {
            accounts: Accounts::new(base.clone(), &options.accounts)?,
            generations: Generations::new(
                base.clone(),
                Arc::clone(&conversations),
                Arc::clone(&ledger),
                Arc::clone(&options.engine),
                (
                    instruction,
                    options.context_tokens.unwrap_or(limits::CONTEXT_TOKENS),
                    options.titles,
                ),
            ),
            journal: Journal::new(base.clone(), Arc::clone(&ledger), options.engine),
            resources: options.resources,
            conversations,
            ledger,
            base,
        })
    }

    /// What the slices share.
    pub const fn base(&self) -> &Base {
        &self.base
    }

    /// Where this person can turn when they need somebody.
    pub fn help(&self, user: &User) -> Help {
        self.resources.seen_by(user.country, user.language)
    }

    /// Puts this process among those that serve the database, so that what it runs is told from what
    /// a dead one left behind. Again is no error.
    ///
    /// # Errors
    /// [`Error::AnotherSecret`]; what is wrong with storage.
    pub async fn join(&self) -> Result<(), Error> {
        let secret = self.accounts.secret_fingerprint();
        self.base.instances.join(&self.base.db, secret, self.base.clock.now()).await
    }

    /// As [`Self::join`], for what must not be done while anybody serves the database.
    ///
    /// # Errors
    /// [`Error::OthersServe`]; what is wrong with storage.
    pub async fn join_alone(&self) -> Result<(), Error> {
        self.base.instances.wait_until_alone(&self.base.db).await?;
        self.join().await
    }

    /// Takes this process away from those that serve the database, once it runs nothing any more.
    ///
    /// # Errors
    /// What is wrong with storage.
    pub async fn leave(&self) -> Result<(), Error> {
        self.base.instances.leave(&self.base.db).await
    }

    /// Ends what a process left half done that is gone: replies become `interrupted`, what it kept
    /// free in the budgets is given back, entries are answered. [`Self::join`] comes first.
    pub async fn sweep(&self) {
        report("sweeping generations", self.generations.sweep().await);
        report("giving back reservations", self.ledger.sweep().await);
        report("answering entries", self.journal.sweep().await);
    }

    /// Finishes what an earlier process left half done, and tidies up every hour from then on. Where
    /// several instances share the database, says that this one lives and looks after the others.
    pub fn start_jobs(self: &Arc<Self>) {
        if let Some(beat_every) = self.base.instances.beat_every() {
            // Each by itself: whoever waits for a lock or a model goes on saying that it lives.
            self.every(beat_every, Self::beat);
            self.every(SWEEP_EVERY, Self::sweep_replies);
            self.every(beat_every, Self::sweep_entries);
            self.every(OBEY_EVERY, Self::obey);
            self.generations.start_news();
        }
        let serene = Arc::clone(self);
        self.base.tasks.spawn(async move {
            serene.sweep().await;
            loop {
                report("deleting accounts", serene.finish_closing().await);
                report("purging the trash", serene.conversations.purge_trash().await);
                let forgotten = serene.base.forget_idempotency_keys().await;
                report("forgetting idempotency keys", forgotten);
                tokio::select! {
                    () = serene.base.tasks.stopping().cancelled() => return,
                    () = tokio::time::sleep(TIDY_EVERY) => {}
                }
            }
        });
    }

    async fn beat(self: Arc<Self>) {
        let secret = self.accounts.secret_fingerprint();
        let Base { db, ids, clock, instances, .. } = &self.base;
        if let Err(error) = instances.beat(db, (secret, ids), clock.now()).await {
            tracing::error!(%error, "cannot say that this instance lives: {error}");
        }
    }

    async fn sweep_replies(self: Arc<Self>) {
        report("sweeping generations", self.generations.sweep().await);
        report("giving back reservations", self.ledger.sweep().await);
    }

    async fn sweep_entries(self: Arc<Self>) {
        report("answering entries", self.journal.sweep().await);
    }

    async fn obey(self: Arc<Self>) {
        if let Err(error) = self.generations.obey().await {
            tracing::error!(%error, "cannot look for what is to be stopped: {error}");
        }
    }

    /// Does this again and again, while the server runs and then while replies do: until those are
    /// over, others must not take it for dead.
    fn every<F>(self: &Arc<Self>, pause: Duration, work: fn(Arc<Self>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let serene = Arc::clone(self);
        self.base.tasks.spawn(async move {
            let over = async {
                serene.base.tasks.stopping().cancelled().await;
                serene.generations.wait_until_idle().await;
            };
            let mut over = std::pin::pin!(over);
            loop {
                work(Arc::clone(&serene)).await;
                tokio::select! {
                    () = &mut over => return,
                    () = serene.base.tasks.ending().cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        });
    }

    /// A page of the owner's entries that have what is wanted, newest first.
    pub async fn search_entries(
        &self,
        owner: Owner,
        wanted: &Wanted,
        cursor: Option<Cursor>,
        size: PageSize,
    ) -> Result<Page<Entry>, Error> {
        search::entries(&self.journal, owner, wanted, cursor, size).await
    }

    /// A page of the owner's messages that have what is wanted, newest first.
    pub async fn search_messages(
        &self,
        owner: Owner,
        wanted: &Wanted,
        cursor: Option<Cursor>,
        size: PageSize,
    ) -> Result<Page<Message>, Error> {
        search::messages(&self.conversations, owner, wanted, cursor, size).await
    }

    /// Whether requests can be served: not once the server is stopping, and not while the database
    /// cannot be written. One that could not be is tried again.
    ///
    /// # Errors
    /// [`Error::ShuttingDown`], or what is wrong with storage.
    pub async fn check_ready(&self) -> Result<(), Error> {
        if self.base.tasks.stopping().is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        if !self.base.db.is_writable() {
            self.base.db.probe().await?;
        }
        Ok(())
    }

    /// Ends a conversation, after stopping the reply that is being written in it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn end_conversation(&self, owner: Owner, id: Uuid) -> Result<Conversation, Error> {
        self.on_idle(owner, id, || self.conversations.end(owner, id)).await?;
        self.conversations.get(owner, id).await
    }

    /// Deletes a conversation for good, from the trash or from where it lies.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete_conversation(&self, owner: Owner, id: Uuid) -> Result<(), Error> {
        match self.trash_conversation(owner, id).await {
            // It may be in the trash already.
            Ok(()) | Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        self.conversations.delete_from_trash(owner, id).await
    }

    /// Puts a conversation into the trash, after stopping the reply that is being written in it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn trash_conversation(&self, owner: Owner, id: Uuid) -> Result<(), Error> {
        self.on_idle(owner, id, || self.conversations.trash(owner, id)).await
    }

    /// Deletes all messages of a conversation, after stopping the reply that is being written.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn clear_conversation(&self, owner: Owner, id: Uuid) -> Result<(), Error> {
        self.on_idle(owner, id, || self.conversations.clear(owner, id)).await
    }

    /// Deletes a message, after stopping the generation that writes it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete_message(&self, owner: Owner, id: Uuid) -> Result<(), Error> {
        let mut last = Ok(());
        for _ in 0..STOP_TRIES {
            last = self.conversations.delete_message(owner, id).await;
            match last {
                Err(Error::ConversationBusy { generation_id: Some(writing) }) => {
                    self.generations.stop(owner, writing).await?;
                }
                // It ended between the two looks.
                Err(Error::ConversationBusy { generation_id: None }) => {}
                _ => break,
            }
        }
        last
    }

    /// Deletes an account and everything that is its owner's. Its tokens are refused at once; the
    /// rest goes in pieces, and a crash in between is finished at the next start.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete_account(self: &Arc<Self>, owner: Owner) -> Result<(), Error> {
        self.accounts.close(owner).await?;
        let serene = Arc::clone(self);
        let (done, finished) = tokio::sync::oneshot::channel();
        // A task of its own: a client that hangs up does not leave it half done.
        self.base.tasks.spawn(async move {
            let _ = done.send(serene.delete_everything(owner).await);
        });
        finished.await.map_err(|_| Error::ShuttingDown)?
    }

    async fn delete_everything(&self, owner: Owner) -> Result<(), Error> {
        self.generations.stop_all(owner).await?;
        self.conversations.delete_all(owner).await?;
        self.journal.delete_all(owner).await?;
        self.ledger.delete_all(owner).await?;
        self.accounts.remove(owner).await
    }

    async fn finish_closing(&self) -> Result<usize, Error> {
        let mut finished = 0;
        loop {
            let closing = self.accounts.closing().await?;
            if closing.is_empty() {
                return Ok(finished);
            }
            for id in closing {
                self.delete_everything(Owner::for_job(id, "finish deleting an account")).await?;
                finished += 1;
            }
        }
    }

    /// Runs a change that wants no running reply, stopping those that stand in its way.
    async fn on_idle<F: Future<Output = Result<(), Error>>>(
        &self,
        owner: Owner,
        id: Uuid,
        change: impl Fn() -> F,
    ) -> Result<(), Error> {
        let mut last = Ok(());
        for _ in 0..STOP_TRIES {
            self.generations.stop_in(owner, id).await?;
            last = change().await;
            if !matches!(last, Err(Error::ConversationBusy { .. })) {
                break;
            }
        }
        last
    }
}

fn report(job: &'static str, result: Result<usize, Error>) {
    match result {
        Ok(0) => {}
        Ok(count) => tracing::info!(job, count, "{job}: {count} done"),
        Err(error) => tracing::error!(job, %error, "{job} failed: {error}"),
    }
}
