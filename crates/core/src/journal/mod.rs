//! The journal: entries, the vibe check, moods. An entry is committed before anybody is asked
//! about it, and is never refused for what it says.

mod entry;
pub mod moods;
mod store;
mod vibe;

pub(crate) use store::{ALL as STATEMENTS, SEALED};

use std::{panic::AssertUnwindSafe, sync::Arc};

pub use entry::{AiStatus, Entry, EntryChanges, ListEntries, Mood, NewEntry, Note, parse_tags};
use futures_util::FutureExt;
use jiff::civil::Date;
use serene_db::{DbError, Write};
use serene_llm::Engine;
use tokio::sync::oneshot;
use uuid::Uuid;
pub use vibe::Vibe;
use vibe::{Asking, Recent};

use crate::{
    base::{
        Base, Cursor, Error, Owner, Page, PageSize, Private, Resource, Retry, Zone,
        error::OrNotFound, limits,
    },
    usage::{BUDGET_EXCEEDED, Ledger, MadeFor, UsageRecord},
};

/// The journals of one server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Journal {
    base: Base,
    ledger: Arc<Ledger>,
    engine: Arc<dyn Engine>,
    recent: Recent,
}

impl Journal {
    pub(crate) fn new(base: Base, ledger: Arc<Ledger>, engine: Arc<dyn Engine>) -> Self {
        let recent = Recent::new(base.clock.clone());
        Self { base, ledger, engine, recent }
    }

    /// Stores an entry, then answers it. The entry is on disk whatever becomes of the answer, and
    /// whether or not the caller waits.
    ///
    /// # Errors
    /// [`Error::IdTaken`] when the client's id belongs to another entry;
    /// [`Error::IdempotencyKeyReused`].
    pub async fn create(&self, owner: Owner, new: NewEntry) -> Result<Entry, Error> {
        let retry = new.retry;
        if let Some(id) = self.base.created_before(owner, retry).await? {
            return self.get(owner, id).await;
        }
        let now = self.base.clock.now();
        let written_at = new.written_at.unwrap_or(now);
        let zone = new.time_zone.unwrap_or(Zone::utc());
        let id = new.id.unwrap_or_else(|| self.base.ids.new_id(now));
        let first = vibe::without_engine(&new.note);
        let mut entry = Entry {
            id,
            day: zone.day(written_at).to_string(),
            mood: new.mood.shown().to_owned(),
            tags: new.tags,
            note: new.note.into_private(),
            ai_status: AiStatus::Pending,
            ai_response: None,
            ai_error_code: None,
            safety_tier: None,
            revision: 1,
            written_at,
            created_at: now,
            updated_at: now,
        };
        if let Some(vibe) = first {
            apply(&mut entry, vibe);
        }
        let keeper = &self.base.vault.of(owner)?;
        let insert = store::insert(keeper, owner, (&entry, &new.mood), self.base.instances.id());
        let note = entry.note.clone();
        let remember = retry.into_iter().flat_map(|retry| retry.remember(owner, id, now));
        let write = Write::new().with_all(remember).with(insert);
        match self.commit_and_answer(owner, write, entry).await {
            Err(Error::Storage(error)) if Retry::is_in_use(&error) => {
                let first = self.base.created_before(owner, retry).await?;
                self.get(owner, first.unwrap_or(id)).await
            }
            Err(Error::Storage(DbError::Duplicate(key))) if key == "entries_owner_id_id_key" => {
                let existing = self.get(owner, id).await?;
                if existing.note == note { Ok(existing) } else { Err(Error::IdTaken) }
            }
            answered => answered,
        }
    }

    /// Stores an entry as it was elsewhere. False when its id is in use already.
    pub(crate) async fn adopt(
        &self,
        owner: Owner,
        entry: Entry,
        mood: &Mood,
    ) -> Result<bool, Error> {
        let keeper = &self.base.vault.of(owner)?;
        let insert = store::insert(keeper, owner, (&entry, mood), self.base.instances.id());
        match self.base.db.commit(Write::from(insert)).await {
            Ok(_) => Ok(true),
            Err(DbError::Duplicate(key)) if key == "entries_owner_id_id_key" => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The entries before `cursor`, newest first, as many as a search reads at a time.
    pub(crate) async fn scan(
        &self,
        owner: Owner,
        cursor: Option<Cursor>,
    ) -> Result<Vec<Entry>, Error> {
        let size = PageSize::new(None)?;
        let all = ListEntries { from: None, to: None, mood: None, tag: None, cursor, size };
        store::list(&self.base, owner, &all, cursor, limits::SCAN_PAGE_ROWS).await
    }

    /// One entry.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, owner: Owner, id: Uuid) -> Result<Entry, Error> {
        store::find(&self.base, owner, id).await?.or_not_found(Resource::Entry)
    }

    /// A page of entries, newest first. A tag is looked for by reading: tags are private text.
    pub async fn list(&self, owner: Owner, list: ListEntries) -> Result<Page<Entry>, Error> {
        let key = |entry: &Entry| Cursor { number: entry.written_at.as_micros(), id: entry.id };
        let wanted = list.size.and_one_more() as usize;
        let mut found: Vec<Entry> = Vec::new();
        let mut cursor = list.cursor;
        loop {
            let limit = match list.tag {
                None => list.size.and_one_more(),
                Some(_) => limits::SCAN_PAGE_ROWS,
            };
            let rows = store::list(&self.base, owner, &list, cursor, limit).await?;
            let last_page = rows.len() < limit as usize;
            cursor = rows.last().map(key);
            let fits = |entry: &Entry| list.tag.as_ref().is_none_or(|tag| entry.tags.contains(tag));
            found.extend(rows.into_iter().filter(fits));
            if last_page || found.len() >= wanted {
                found.truncate(wanted);
                return Ok(Page::cut(found, list.size, key));
            }
            // Others go on between two pages of a long scan.
            tokio::task::yield_now().await;
        }
    }

    /// Changes an entry. A note that really is another is answered anew.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn change(
        &self,
        owner: Owner,
        id: Uuid,
        changes: EntryChanges,
    ) -> Result<Entry, Error> {
        let mut entry = self.get(owner, id).await?;
        entry.updated_at = self.base.clock.now();
        let mut write = Write::new();
        if let Some(mood) = &changes.mood {
            mood.shown().clone_into(&mut entry.mood);
            write = write.with(store::set_mood(owner, &entry, mood));
        }
        if let Some(tags) = changes.tags {
            entry.tags = tags;
            write = write.with(store::set_tags(&self.base.vault.of(owner)?, owner, &entry));
        }
        let another =
            changes.note.filter(|note| note.expose().trim() != entry.note.expose().trim());
        if let Some(note) = another {
            let first = vibe::without_engine(&note);
            entry.note = note.into_private();
            entry.ai_status = AiStatus::Pending;
            (entry.ai_response, entry.ai_error_code, entry.safety_tier) = (None, None, None);
            if let Some(vibe) = first {
                apply(&mut entry, vibe);
            }
            let keeper = &self.base.vault.of(owner)?;
            let holder = self.base.instances.id();
            write = write.with(store::set_note(keeper, owner, &entry, holder));
            entry.revision += 1;
        }
        let answered = self.commit_and_answer(owner, write, entry).await;
        answered.map_err(|error| error.on_guard(Error::NotFound(Resource::Entry)))
    }

    /// Deletes an entry.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete(&self, owner: Owner, id: Uuid) -> Result<(), Error> {
        let result = self.base.db.commit(Write::from(store::delete(owner, id))).await;
        result.map_err(|e| Error::from(e).on_guard(Error::NotFound(Resource::Entry)))?;
        Ok(())
    }

    /// The vibe check of a note that is not an entry, or not yet one. The same note within
    /// [`limits::VIBE_KEPT_FOR`] asks no model again.
    ///
    /// # Errors
    /// [`Error::NoteGibberish`], [`Error::BudgetExceeded`], [`Error::ShuttingDown`]; what is wrong with
    /// storage.
    pub async fn vibe_check(&self, owner: Owner, note: &Note) -> Result<Vibe, Error> {
        match vibe::without_engine(note) {
            Some(Vibe::Gibberish) => return Err(Error::NoteGibberish),
            Some(vibe) => return Ok(vibe),
            None => {}
        }
        let (done, checked) = oneshot::channel();
        let (journal, note) = (self.clone(), note.expose().to_owned());
        // A task of its own: who hangs up is charged all the same.
        self.base.tasks.spawn(async move {
            let made_for = MadeFor::NothingKept;
            let (vibe, mut calls) = journal.check(owner, made_for, &note, (None, None)).await;
            let settled = journal.settle(owner, &mut calls).await;
            let _ = done.send(settled.and(vibe));
        });
        checked.await.map_err(|_| Error::ShuttingDown)?
    }

    /// Answers entries whose answer a crash cut off. Returns how many there were. One that cannot be
    /// answered keeps no other from it.
    ///
    /// # Errors
    /// Why the first of them was not answered.
    pub(crate) async fn sweep(&self) -> Result<usize, Error> {
        let (mut swept, mut failed) = (0, None);
        for left in store::pending(&self.base).await? {
            match self.answer_left_behind(left).await {
                Ok(answered) => swept += usize::from(answered),
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
        failed.map_or(Ok(swept), Err)
    }

    /// False when there was nothing to do: another instance was quicker, or the owner is gone.
    async fn answer_left_behind(&self, left: store::Unanswered) -> Result<bool, Error> {
        let (owner_id, id) = (left.owner_id, left.id);
        let owner = match self.base.owner_for_job(owner_id, "answer entries").await {
            Ok(owner) => owner,
            Err(Error::NotFound(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        let take = store::take_over(owner, id, left.holder, self.base.instances.id());
        match self.base.db.commit(Write::from(take)).await {
            Ok(_) => {}
            Err(DbError::Guard(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        match self.get(owner, id).await {
            Ok(entry) => drop(self.answer(owner, entry).await?),
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// How often each mood was written on each day of a range, both ends included.
    pub async fn count_moods(
        &self,
        owner: Owner,
        first: Date,
        last: Date,
    ) -> Result<Vec<moods::DayCount>, Error> {
        store::count_moods(&self.base, owner, first, last).await
    }

    /// How many days in a row were written, as of `today`.
    pub async fn streaks(&self, owner: Owner, today: Date) -> Result<moods::Streaks, Error> {
        let days = store::days(&self.base, owner).await?;
        Ok(moods::streaks(&days, today))
    }

    /// Today, in this zone.
    pub fn today(&self, zone: &Zone) -> Date {
        zone.day(self.base.clock.now())
    }

    /// Deletes everything of an owner.
    pub(crate) async fn delete_all(&self, owner: Owner) -> Result<(), Error> {
        self.base.delete_in_pieces(|| store::delete_chunk(owner)).await
    }

    /// Commits an entry as it stands, then answers it if it waits for that. Both are one task: a
    /// caller who leaves during the commit must not leave an entry that nobody answers.
    async fn commit_and_answer(
        &self,
        owner: Owner,
        write: Write,
        entry: Entry,
    ) -> Result<Entry, Error> {
        let (done, answered) = oneshot::channel();
        let journal = self.clone();
        self.base.tasks.spawn(async move {
            let answered = match journal.base.db.commit(write).await {
                Ok(_) => journal.answer(owner, entry).await,
                Err(error) => Err(error.into()),
            };
            let _ = done.send(answered);
        });
        answered.await.map_err(|_| Error::ShuttingDown)?
    }

    /// The entry with its answer, if one is to be had.
    async fn answer(&self, owner: Owner, mut entry: Entry) -> Result<Entry, Error> {
        if entry.ai_status != AiStatus::Pending {
            return Ok(entry);
        }
        let previous = store::latest_answer(&self.base, owner, entry.id).await?;
        let previous = previous.as_ref().map(Private::expose);
        let known = (Some(entry.mood.as_str()), previous);
        let made_for = MadeFor::Entry(entry.id);
        let (vibe, mut calls) = self.check(owner, made_for, entry.note.expose(), known).await;
        let vibe = match vibe {
            Err(Error::BudgetExceeded { .. }) => Vibe::Failed(BUDGET_EXCEEDED),
            Err(error) => {
                // The entry stays pending, and the next start answers it.
                self.settle(owner, &mut calls).await?;
                return Err(error);
            }
            Ok(vibe) => vibe,
        };
        apply(&mut entry, vibe);
        let keeper = &self.base.vault.of(owner)?;
        let write = || Write::from(store::set_answer(keeper, owner, &entry));
        match self.ledger.settle(owner, &mut calls, write).await {
            Ok(()) => Ok(entry),
            // Deleted, or written anew: that one has an answer of its own.
            Err(DbError::Guard(_)) => {
                self.settle(owner, &mut calls).await?;
                self.get(owner, entry.id).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Asks the engine unless it was asked a moment ago, and gives up in time. Whatever comes of it,
    /// there are the calls that it took.
    async fn check(
        &self,
        owner: Owner,
        made_for: MadeFor,
        note: &str,
        (mood, previous): (Option<&str>, Option<&str>),
    ) -> (Result<Vibe, Error>, Vec<UsageRecord>) {
        let mut calls = Vec::new();
        if let Some(answer) = self.recent.find(owner, note) {
            return (Ok(Vibe::Answer(answer)), calls);
        }
        let (engine, ledger, clock) = (&*self.engine, &*self.ledger, &self.base.clock);
        let asking = Asking { engine, ledger, owner, made_for, note, mood, previous, clock };
        let asked = AssertUnwindSafe(asking.ask(&mut calls)).catch_unwind();
        let vibe = tokio::select! {
            vibe = asked => vibe.unwrap_or_else(|_| {
                tracing::error!("an engine panicked");
                Ok(Vibe::Failed("INTERNAL"))
            }),
            () = tokio::time::sleep(limits::MAX_VIBE_TIME) => Ok(Vibe::Failed("MODEL_TIMEOUT")),
            () = self.base.tasks.ending().cancelled() => Err(Error::ShuttingDown),
        };
        if let Ok(Vibe::Answer(answer)) = &vibe {
            self.recent.keep(owner, note, answer);
        }
        (vibe, calls)
    }

    /// Settles calls by themselves.
    async fn settle(&self, owner: Owner, calls: &mut [UsageRecord]) -> Result<(), Error> {
        if !calls.is_empty() {
            self.ledger.settle(owner, calls, Write::new).await?;
        }
        Ok(())
    }
}

/// Puts what was said into the entry.
fn apply(entry: &mut Entry, vibe: Vibe) {
    match vibe {
        Vibe::Care(tier) => {
            entry.ai_status = AiStatus::Care;
            entry.safety_tier = Some(tier);
            entry.ai_response = Some(vibe::crisis_sentence());
        }
        Vibe::Gibberish => entry.ai_status = AiStatus::Skipped,
        Vibe::Answer(answer) => {
            entry.ai_status = AiStatus::Complete;
            entry.ai_response = Some(answer);
        }
        Vibe::Failed(code) => {
            entry.ai_status = AiStatus::Failed;
            entry.ai_error_code = Some(code.to_owned());
        }
    }
}
