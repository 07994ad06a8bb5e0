//! What is listed: conversations and entries, each there as often as it was promised.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use uuid::Uuid;

use crate::{
    book::Note,
    check::Checker,
    wire::{Conversation, Entry, WireError},
    wishes::What,
};

/// When every entry that a dead process left unanswered has its answer, of this model.
const ANSWERED_AFTER: Duration = Duration::from_secs(20);

impl Checker<'_> {
    /// That the conversations that were asked for are there, each once.
    pub(crate) async fn titles(&mut self) -> Result<(), WireError> {
        let made: BTreeSet<&Arc<str>> = self
            .evidence
            .told
            .iter()
            .filter_map(|told| match &told.wish.what {
                What::Conversation { title } => Some(title),
                _ => None,
            })
            .collect();
        let mut by_user: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, chat) in self.book.chats.iter().enumerate() {
            if self.everything || made.contains(&chat.title) {
                by_user.entry(chat.user).or_default().push(index);
            }
        }
        for (user, chats) in by_user {
            // The list begins with what was written in last.
            let most = if self.everything { usize::MAX } else { chats.len() + 10 };
            let found: Vec<Conversation> =
                self.api.list(self.token(user), "/conversations", most).await?;
            let mut ids: HashMap<&str, Vec<Uuid>> = HashMap::new();
            for conversation in &found {
                let title = conversation.title.as_deref().unwrap_or_default();
                ids.entry(title).or_default().push(conversation.id);
            }
            for index in chats {
                let chat = &self.book.chats[index];
                let found = ids.get(&*chat.title).map_or(&[][..], Vec::as_slice);
                let what = || format!("the conversation {:?}", chat.title);
                self.findings.count(chat.promise, found.len(), what);
                if found.iter().any(|id| chat.id.is_some_and(|known| known != *id)) {
                    self.findings.wrong(format!("{} has another id", what()));
                }
            }
        }
        Ok(())
    }

    /// That there are the entries that were promised, each once.
    pub(crate) async fn entries(&mut self) -> Result<(), WireError> {
        let asked: BTreeSet<&Arc<str>> = self
            .evidence
            .told
            .iter()
            .filter_map(|told| match &told.wish.what {
                What::Entry { note } => Some(note),
                _ => None,
            })
            .collect();
        for user in 0..self.book.tokens.len() - 1 {
            let of_user = |it: &(&Arc<str>, &Note)| {
                it.1.user == user && (self.everything || asked.contains(it.0))
            };
            let notes: Vec<_> = self.book.notes.iter().filter(of_user).collect();
            if notes.is_empty() {
                continue;
            }
            let most = if self.everything { usize::MAX } else { notes.len() + 10 };
            let entries: Vec<Entry> = self.api.list(self.token(user), "/entries", most).await?;
            for (text, note) in notes {
                let found: Vec<&Entry> =
                    entries.iter().filter(|entry| entry.note == **text).collect();
                let what = || format!("an entry of {} bytes", text.len());
                self.findings.count(note.promise, found.len(), what);
                if found.iter().any(|entry| note.id.is_some_and(|known| known != entry.id)) {
                    self.findings.wrong(format!("{} has another id", what()));
                }
            }
        }
        Ok(())
    }

    /// That the entries whose answers were cut off by a kill get them from the next start.
    pub(crate) async fn answered(&mut self, listening_since: Instant) -> Result<(), WireError> {
        for user in 0..self.book.tokens.len() - 1 {
            loop {
                let entries: Vec<Entry> =
                    self.api.list(self.token(user), "/entries", usize::MAX).await?;
                let waiting = entries.iter().filter(|entry| entry.ai_status == "pending").count();
                if waiting == 0 {
                    break;
                }
                if listening_since.elapsed() > ANSWERED_AFTER {
                    self.findings.wrong(format!("{waiting} entries still wait for their answers"));
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }

    /// That the measured writes are there, each once.
    pub(crate) async fn probes(&mut self) -> Result<(), WireError> {
        let user = self.book.tokens.len() - 1;
        let most = if self.everything { usize::MAX } else { 100 };
        let found: Vec<Conversation> =
            self.api.list(self.token(user), "/conversations", most).await?;
        let mut counts: HashMap<Uuid, usize> = HashMap::new();
        for conversation in found {
            *counts.entry(conversation.id).or_default() += 1;
        }
        let newest = self.book.probes.len().saturating_sub(most);
        for (id, promise) in &self.book.probes[newest..] {
            let found = counts.get(id).copied().unwrap_or_default();
            self.findings.count(*promise, found, || format!("the conversation {id}"));
        }
        Ok(())
    }
}
