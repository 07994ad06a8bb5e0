//! The task of one generation: asks the engine, lets the text grow, saves it at checkpoints, and
//! commits the end before anybody is told of it.

use std::{panic::AssertUnwindSafe, pin::Pin, sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt};
use serene_care::screen::CRISIS_SENTENCE;
use serene_db::{DbError, Write};
use serene_llm::{Event, FinishReason, Usage};
use tokio::sync::oneshot;

use super::{
    CARE, End, Generation, Inner, Live, PROMPT_TOO_LONG,
    prompt::{self, Asking},
    store::{self, Orphan},
    titles::{self, FirstExchange},
};
use crate::{
    base::{Error, Owner, Private, limits, vault::Keeper},
    conversations::{Message, MessageStatus, SafetyTier, end_reply},
    metrics,
    usage::{MadeFor, Purpose, Reservation, UsageRecord, estimate},
};

/// How long to wait before trying again to store the end of a reply, at first and at most.
const STORE_RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// After this many tries the readers are told; the tries go on.
const TRIES_BEFORE_TELLING: u32 = 4;

/// One generation that this process runs.
pub(super) struct Run {
    pub(super) inner: Arc<Inner>,
    /// The instance that runs it, as it was called then: once that is dead to the others, nothing of
    /// this is written any more.
    pub(super) holder: uuid::Uuid,
    pub(super) owner: Owner,
    pub(super) keeper: Keeper,
    pub(super) message: Message,
    pub(super) generation: Generation,
    pub(super) asking: Asking,
    /// The words that the conversation may be named by.
    pub(super) title_from: Option<Private>,
    /// What is kept free for it in the budgets.
    pub(super) reserved: Option<Reservation>,
    pub(super) live: Arc<Live>,
}

/// How the engine's part ended.
struct Outcome {
    status: MessageStatus,
    finish_reason: Option<&'static str>,
    error_code: Option<&'static str>,
    usage: Option<Usage>,
    /// What the prompt measures, for the estimate when the provider counts nothing.
    prompt_tokens: u32,
    /// Name and model of the engine that wrote, where that is not the one asked.
    answered_by: Option<(&'static str, String)>,
}

impl Outcome {
    fn ended(status: MessageStatus, error_code: Option<&'static str>) -> Self {
        Self {
            status,
            finish_reason: None,
            error_code,
            usage: None,
            prompt_tokens: 0,
            answered_by: None,
        }
    }

    fn failed(code: &'static str) -> Self {
        Self::ended(MessageStatus::Failed, Some(code))
    }
}

impl Run {
    /// Commits the beginning, says whether that went well, and if it did, runs to the end.
    pub(super) async fn begin(self, write: Write, told: oneshot::Sender<Result<(), DbError>>) {
        let committed = self.inner.base.db.commit(write).await.map(drop);
        let failed = committed.is_err();
        if failed {
            self.inner.hub.close(self.owner, self.generation.id);
            self.live.end(End::Reconnect);
        }
        // Nobody may be listening any more; the reply goes on.
        let _ = told.send(committed);
        if !failed {
            self.live.mark_stored();
            self.run().await;
        }
    }

    /// Runs to the end, whatever happens on the way.
    async fn run(self) {
        let asked = AssertUnwindSafe(self.ask()).catch_unwind().await;
        let outcome = asked.unwrap_or_else(|_| {
            tracing::error!(generation = %self.generation.id, "an engine panicked");
            Outcome::failed("INTERNAL")
        });
        self.store_end(outcome).await;
    }

    async fn ask(&self) -> Outcome {
        if self.message.safety_tier == Some(SafetyTier::Explicit) {
            return self.care();
        }
        let prompt = prompt::build(&self.inner, self.owner, &self.asking, &self.message).await;
        let (prompt_tokens, request) = match prompt {
            Ok((context, _)) if !context.fits() => return Outcome::failed(PROMPT_TOO_LONG),
            Ok((context, mut request)) => {
                self.inner.ledger.bound(&mut request, context.reply_tokens);
                (context.total_tokens(), request)
            }
            Err(error) => {
                tracing::error!(generation = %self.generation.id, %error,
                    "cannot read the conversation for a prompt: {error}");
                return Outcome::failed("UNAVAILABLE");
            }
        };
        let mut answered_by = None;
        let outcome = self.follow(request, &mut answered_by).await;
        Outcome { prompt_tokens, answered_by, ..outcome }
    }

    /// The fixed answer to explicit intent: no model is asked and nothing is charged.
    fn care(&self) -> Outcome {
        // Whole already, if what is gone on with had only to be marked as such.
        if self.live.length() == 0 {
            self.live.append(CRISIS_SENTENCE);
        }
        let mut outcome = Outcome::ended(MessageStatus::Complete, None);
        outcome.finish_reason = Some(word(FinishReason::Stop));
        outcome.usage = Some(Usage::default());
        outcome
    }

    async fn follow(
        &self,
        request: serene_llm::Request,
        answered_by: &mut Option<(&'static str, String)>,
    ) -> Outcome {
        let mut events = self.inner.engine.stream(request);
        let mut checkpoint = Checkpoint::new(self);
        let mut too_long = std::pin::pin!(tokio::time::sleep(limits::MAX_GENERATION));
        // Waited for once: to queue for them anew at each word is a lock that all replies share.
        let mut stopped = std::pin::pin!(self.live.stopped());
        let mut ending = std::pin::pin!(self.inner.base.tasks.ending().cancelled());
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => {
                    return Outcome::ended(MessageStatus::Stopped, None);
                }
                () = &mut ending => {
                    return Outcome::ended(MessageStatus::Interrupted, None);
                }
                () = &mut too_long => return Outcome::failed("MODEL_TIMEOUT"),
                // Before the model: one that never pauses would keep its words from the disk.
                () = checkpoint.step() => {}
                event = events.next() => match event {
                    Some(Ok(Event::AnsweredBy { name, model })) => {
                        *answered_by = Some((name, model));
                    }
                    Some(Ok(Event::Delta(delta))) => {
                        if !self.grow(&delta) {
                            let mut outcome = Outcome::ended(MessageStatus::Complete, None);
                            outcome.finish_reason = Some(word(FinishReason::Length));
                            return outcome;
                        }
                        checkpoint.start_if_large();
                    }
                    Some(Ok(Event::Finished { reason, usage })) => return self.whole(reason, usage),
                    Some(Err(error)) => {
                        tracing::warn!(generation = %self.generation.id, code = error.code(),
                            "the model failed: {error}");
                        return Outcome::failed(error.code());
                    }
                    None => return Outcome::failed("MODEL_CUT"),
                },
            }
        }
    }

    fn whole(&self, reason: FinishReason, usage: Option<Usage>) -> Outcome {
        if self.live.length() == 0 {
            return Outcome { usage, ..Outcome::failed("MODEL_EMPTY") };
        }
        let mut outcome = Outcome::ended(MessageStatus::Complete, None);
        outcome.finish_reason = Some(word(reason));
        outcome.usage = usage;
        outcome
    }

    /// Appends a delta, without NULs, which no database stores as text. False when the reply has
    /// reached its cap.
    fn grow(&self, delta: &str) -> bool {
        let room = limits::MAX_REPLY_BYTES.saturating_sub(self.live.length());
        if delta.contains('\0') {
            self.live.append(cut(&delta.replace('\0', ""), room));
        } else {
            self.live.append(cut(delta, room));
        }
        delta.len() <= room
    }

    /// Tells who reads along elsewhere that there is something new.
    fn tell(&self) {
        if self.inner.base.instances.is_shared() {
            self.inner.news.grown(self.generation.id);
        }
    }

    /// How many bytes the reply had before this generation.
    fn begun(&self) -> usize {
        self.message.content.expose().len()
    }

    /// Commits the end, and only then tells the readers.
    async fn store_end(self, outcome: Outcome) {
        let inner = &self.inner;
        let (message, generation) = self.finished(&outcome);
        let mut calls = calls(&generation, self.reserved.clone());
        let write = || end_write((self.owner, &self.keeper), self.holder, &message, &generation);
        let mut delay = STORE_RETRY.0;
        for tries in 1_u32.. {
            match inner.ledger.settle(self.owner, &mut calls, write).await {
                Ok(()) => {
                    metrics::ended(generation.status.as_str(), outcome.error_code);
                    self.tell();
                    self.name_conversation(&message);
                    let message = Box::new(message);
                    self.live.end(End::Finished { message, generation });
                    break;
                }
                Err(DbError::Guard(_)) => {
                    self.live.end(self.ended_elsewhere().await);
                    break;
                }
                Err(error) => {
                    tracing::error!(generation = %generation.id, %error, tries,
                        "cannot store the end of a reply yet: {error}");
                    if tries == TRIES_BEFORE_TELLING {
                        self.live.end(End::NotStored(error.into()));
                    }
                }
            }
            if inner.base.tasks.ending().is_cancelled() && tries >= TRIES_BEFORE_TELLING {
                // The chunks on disk are folded at the next start.
                self.live.end(End::Reconnect);
                break;
            }
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(STORE_RETRY.1);
        }
        inner.hub.close(self.owner, self.generation.id);
    }

    /// Has the conversation named, where this was the first answer in it.
    fn name_conversation(&self, message: &Message) {
        let first = message.position == 2 && message.status == MessageStatus::Complete;
        let Some(asked) = self.title_from.clone().filter(|_| first) else { return };
        let conversation_id = message.conversation_id;
        let answered = message.content.clone();
        let exchange = FirstExchange { conversation_id, asked, answered };
        titles::spawn(&self.inner, self.owner, exchange);
    }

    /// What readers are told when this reply is no longer ours to end: another instance took it
    /// over, and has what is kept of it; or its conversation or its owner is gone.
    async fn ended_elsewhere(&self) -> End {
        let Inner { base, ledger, .. } = &*self.inner;
        if let Some(reserved) = &self.reserved
            && let Err(error) = ledger.give_back(self.owner, reserved).await
        {
            tracing::warn!(generation = %self.generation.id, %error,
                "cannot give back what was kept free for a reply: {error}");
        }
        let status = store::status(&base.db, self.owner, self.generation.id).await;
        match status {
            Ok(None) => End::NotStored(Error::NotFound(crate::base::Resource::Generation)),
            _ => End::Reconnect,
        }
    }

    fn finished(&self, outcome: &Outcome) -> (Message, Generation) {
        let text = self.live.since(0);
        let now = self.inner.base.clock.now();
        let new = text.get(self.begun()..).unwrap_or_default();
        let usage = outcome.usage.unwrap_or_else(|| estimate(outcome.prompt_tokens, new));
        let mut generation = self.generation.clone();
        if let Some((name, model)) = &outcome.answered_by {
            (*name).clone_into(&mut generation.engine);
            generation.model.clone_from(model);
        }
        let mut message = self.message.clone();
        message.status = outcome.status;
        message.error_code = outcome.error_code.map(str::to_owned);
        message.engine = Some(generation.engine.clone());
        message.model = Some(generation.model.clone());
        message.content = Private::new(text);
        message.updated_at = now;
        generation.status = outcome.status;
        generation.finish_reason = outcome.finish_reason.map(str::to_owned);
        generation.error_code.clone_from(&message.error_code);
        generation.usage = Some(usage);
        generation.ended_at = Some(now);
        (message, generation)
    }
}

/// The end of a generation as one write: its row and its message; the chunks go.
fn end_write(
    (owner, keeper): (Owner, &Keeper),
    holder: uuid::Uuid,
    message: &Message,
    generation: &Generation,
) -> Write {
    Write::from(store::end(owner, holder, generation))
        .with_all(end_reply(keeper, owner, message, generation.id))
        .with(store::delete_chunks(owner, generation.id))
}

/// What the ledger is told of a generation: one call, or none where care answered.
fn calls(generation: &Generation, reservation: Option<Reservation>) -> Vec<UsageRecord> {
    if generation.engine == CARE {
        return Vec::new();
    }
    vec![UsageRecord {
        purpose: Purpose::Reply,
        made_for: MadeFor::Generation(generation.id),
        status: generation.status.as_str(),
        engine: generation.engine.clone(),
        model: generation.model.clone(),
        tokens: generation.usage.unwrap_or_default(),
        cost_nanos: 0,
        began_at: generation.created_at,
        reservation,
    }]
}

/// Ends a generation whose process is gone, with the text that was saved.
pub(super) async fn interrupt(inner: &Inner, orphan: Orphan) -> Result<(), Error> {
    let owner = match inner.base.owner_for_job(orphan.owner_id, "sweep generations").await {
        Ok(owner) => owner,
        // Being deleted, and the key is gone already.
        Err(Error::NotFound(_)) => return close_unreadable(inner, &orphan).await,
        Err(error) => return Err(error),
    };
    let keeper = inner.base.vault.of(owner)?;
    let id = orphan.generation.id;
    let reserved = inner.ledger.held(owner, id).await?;
    let text = store::chunks(&inner.base, owner, id, 0).await?;
    let mut message = match inner.conversations.message(owner, orphan.generation.message_id).await {
        Ok(message) => message,
        Err(Error::NotFound(_)) => {
            // In the trash, where it cannot be read.
            return close_unreadable(inner, &orphan).await;
        }
        Err(error) => return Err(error),
    };
    let now = inner.base.clock.now();
    let mut generation = orphan.generation;
    // The model had read it: what there is of its answer says so.
    let read = if text.is_empty() { Ok(0) } else { prompt_of(inner, owner, &message).await };
    generation.usage = Some(estimate(read.unwrap_or(0), &text));
    let (status, text) = if generation.engine == CARE {
        // The fixed answer is known: nobody in crisis finds it cut off.
        (MessageStatus::Complete, CRISIS_SENTENCE.to_owned())
    } else {
        // What it had before this generation, and what was saved since.
        (MessageStatus::Interrupted, message.content.expose().to_owned() + &text)
    };
    generation.status = status;
    generation.ended_at = Some(now);
    message.status = status;
    message.engine = Some(generation.engine.clone());
    message.model = Some(generation.model.clone());
    message.content = Private::new(text);
    message.updated_at = now;
    let mut calls = calls(&generation, reserved);
    let write = || end_write((owner, &keeper), orphan.holder, &message, &generation);
    match inner.ledger.settle(owner, &mut calls, write).await {
        Ok(()) => {
            metrics::ended(generation.status.as_str(), None);
            Ok(())
        }
        // Somebody else ended it first.
        Err(DbError::Guard(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// How long the prompt of a reply is, as far as it can still be said.
async fn prompt_of(inner: &Inner, owner: Owner, reply: &Message) -> Result<u32, Error> {
    let asking = prompt::asking(inner, owner, Some(reply.conversation_id)).await?;
    let place = (reply.conversation_id, reply.position);
    let context = prompt::plan(inner, owner, &asking, place, (None, Some(reply))).await?;
    Ok(context.total_tokens())
}

/// Its text cannot be had, but its row must not stay open.
async fn close_unreadable(inner: &Inner, orphan: &Orphan) -> Result<(), Error> {
    let owner = Owner::for_job(orphan.owner_id, "sweep generations");
    let mut generation = orphan.generation.clone();
    generation.status = MessageStatus::Interrupted;
    generation.usage = Some(estimate(0, ""));
    let mut calls = calls(&generation, inner.ledger.held(owner, generation.id).await?);
    let close = || Write::from(store::close_orphan(owner, generation.id));
    match inner.ledger.settle(owner, &mut calls, close).await {
        Ok(()) | Err(DbError::Guard(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

const fn word(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ContentFilter => "content_filter",
        FinishReason::Other => "other",
    }
}

/// At most `room` bytes of `text`, ending at a character.
fn cut(text: &str, room: usize) -> &str {
    &text[..text.floor_char_boundary(room)]
}

type Saving = Pin<Box<dyn Future<Output = Result<Vec<u64>, DbError>> + Send>>;

/// Saves new text every [`limits::CHECKPOINT_EVERY`] or [`limits::CHECKPOINT_BYTES`], beside the
/// stream: deltas go on arriving while the disk works.
struct Checkpoint<'r> {
    run: &'r Run,
    /// Bytes that are on disk.
    saved: usize,
    /// A save under way, and the length it reaches.
    saving: Option<(usize, Saving)>,
    timer: Pin<Box<tokio::time::Sleep>>,
}

impl<'r> Checkpoint<'r> {
    fn new(run: &'r Run) -> Self {
        let timer = Box::pin(tokio::time::sleep(limits::CHECKPOINT_EVERY));
        Self { run, saved: run.begun(), saving: None, timer }
    }

    /// Waits for the save under way, or for the time of the next one. Dropping the future loses
    /// nothing.
    async fn step(&mut self) {
        if let Some((length, saving)) = &mut self.saving {
            let result = saving.await;
            let length = *length;
            self.saving = None;
            match result {
                Ok(_) => {
                    self.saved = length;
                    self.run.tell();
                }
                // Deleted under our feet: there is nobody to write for.
                Err(DbError::Guard(_)) => self.run.live.stop(),
                // The next checkpoint saves this text too.
                Err(error) => {
                    tracing::warn!(generation = %self.run.generation.id, %error,
                        "cannot save a running reply: {error}");
                }
            }
            return;
        }
        self.timer.as_mut().await;
        self.timer.set(tokio::time::sleep(limits::CHECKPOINT_EVERY));
        self.start();
    }

    fn start_if_large(&mut self) {
        if self.saving.is_none() && self.run.live.length() - self.saved >= limits::CHECKPOINT_BYTES
        {
            self.start();
        }
    }

    fn start(&mut self) {
        let length = self.run.live.length();
        if length == self.saved {
            return;
        }
        let Run { inner, holder, owner, keeper, generation, live, .. } = self.run;
        let text = live.since(self.saved);
        let chunk = store::insert_chunk(keeper, *owner, generation.id, self.saved, &text);
        let length = self.saved + text.len();
        let write = Write::from(store::mark_running(*owner, *holder, generation.id)).with(chunk);
        let db = inner.base.db.clone();
        self.saving = Some((length, Box::pin(async move { db.commit(write).await })));
    }
}
