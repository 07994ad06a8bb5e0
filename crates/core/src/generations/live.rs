//! The live reply: one growing text, and readers who hold offsets into it.
//!
//! A slow reader gets bigger slices later. It needs no backlog, never slows the model, and can
//! come back at any offset.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Generation;
use crate::{
    base::{Error, Owner},
    conversations::Message,
};

/// How a reply ended, for everybody who reads it.
#[derive(Clone, Debug)]
pub enum End {
    /// It is stored, whole or as far as it came.
    Finished {
        /// The message as stored.
        message: Box<Message>,
        /// The generation as stored.
        generation: Generation,
    },
    /// It goes on elsewhere, or later: read again in a moment.
    Reconnect,
    /// It could not be stored; trying goes on. Nothing was promised.
    NotStored(Error),
}

/// What a reader gets.
#[derive(Debug)]
pub enum ReplyEvent {
    /// More text, and the offset after it.
    Delta {
        /// Where to resume: the bytes read so far.
        offset: usize,
        /// The new text.
        text: String,
    },
    /// The last event.
    End(End),
}

#[derive(Clone, Debug, Default)]
struct Progress {
    length: usize,
    end: Option<Arc<End>>,
}

/// A reply while it is written, or right after.
pub(super) struct Live {
    text: Mutex<String>,
    progress: watch::Sender<Progress>,
    stop: CancellationToken,
    /// Whether its rows are on disk.
    stored: AtomicBool,
    /// Whoever reads it along elsewhere is told to look.
    woken: Notify,
}

// The text is what a model says to a person: it is not printed.
impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Live([redacted])")
    }
}

impl Live {
    /// A reply that has this much of its text already.
    fn new(begun: &str) -> Arc<Self> {
        Arc::new(Self {
            text: Mutex::new(begun.to_owned()),
            progress: watch::Sender::new(Progress { length: begun.len(), end: None }),
            stop: CancellationToken::new(),
            stored: AtomicBool::new(false),
            woken: Notify::new(),
        })
    }

    /// A reply that was over before anybody asked.
    pub(super) fn ended(text: &str, end: End) -> Arc<Self> {
        let live = Self::new(text);
        live.end(end);
        live
    }

    pub(super) fn append(&self, delta: &str) {
        let length = {
            let mut text = self.text();
            text.push_str(delta);
            text.len()
        };
        self.progress.send_modify(|progress| progress.length = length);
    }

    /// The first end is the one that counts.
    pub(super) fn end(&self, end: End) {
        self.progress.send_modify(|progress| {
            progress.end.get_or_insert_with(|| Arc::new(end));
        });
    }

    /// Its rows are on disk from now on.
    pub(super) fn mark_stored(&self) {
        self.stored.store(true, Ordering::Relaxed);
    }

    /// Waits until there is something new to read along.
    pub(super) async fn wait_for_news(&self) {
        self.woken.notified().await;
    }

    fn has_readers(&self) -> bool {
        self.progress.receiver_count() > 0
    }

    pub(super) fn length(&self) -> usize {
        self.progress.borrow().length
    }

    /// The text from `start` on.
    pub(super) fn since(&self, start: usize) -> String {
        self.text().get(start..).unwrap_or_default().to_owned()
    }

    fn is_boundary(&self, offset: usize) -> bool {
        let text = self.text();
        offset > text.len() || text.is_char_boundary(offset)
    }

    pub(super) fn read_from(self: &Arc<Self>, offset: usize) -> ReplyReader {
        ReplyReader {
            live: Arc::clone(self),
            progress: self.progress.subscribe(),
            offset,
            over: false,
        }
    }

    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    pub(super) fn stopped(&self) -> tokio_util::sync::WaitForCancellationFuture<'_> {
        self.stop.cancelled()
    }

    pub(super) async fn wait_for_end(&self) {
        let mut progress = self.progress.subscribe();
        // The sender is `self`: it cannot be gone.
        let _ = progress.wait_for(|progress| progress.end.is_some()).await;
    }

    fn text(&self) -> MutexGuard<'_, String> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One reader of one reply.
#[derive(Debug)]
pub struct ReplyReader {
    live: Arc<Live>,
    progress: watch::Receiver<Progress>,
    offset: usize,
    over: bool,
}

impl ReplyReader {
    /// Whether this reader stands where a character begins, or beyond the text.
    pub(super) fn is_at_boundary(&self) -> bool {
        self.live.is_boundary(self.offset)
    }

    /// The next piece of text, or the end; `None` after the end. Dropping the future loses
    /// nothing.
    pub async fn next(&mut self) -> Option<ReplyEvent> {
        loop {
            if self.over {
                return None;
            }
            let progress = self.progress.borrow_and_update().clone();
            if progress.length > self.offset {
                let text = self.live.since(self.offset);
                if !text.is_empty() {
                    self.offset += text.len();
                    return Some(ReplyEvent::Delta { offset: self.offset, text });
                }
            }
            if let Some(end) = progress.end {
                self.over = true;
                return Some(ReplyEvent::End(End::clone(&end)));
            }
            self.progress.changed().await.ok()?;
        }
    }

    /// Waits for the end, whatever text comes before it.
    pub async fn end(mut self) -> End {
        loop {
            match self.next().await {
                Some(ReplyEvent::End(end)) => return end,
                Some(ReplyEvent::Delta { .. }) => {}
                None => return End::Reconnect,
            }
        }
    }
}

/// The replies being written by this process, by whose they are.
#[derive(Debug, Default)]
pub(super) struct Hub {
    running: Mutex<HashMap<(Owner, Uuid), Arc<Live>>>,
    /// Whether somebody says when there is something new.
    woken: AtomicBool,
}

impl Hub {
    pub(super) fn open(&self, owner: Owner, id: Uuid, begun: &str) -> Arc<Live> {
        let live = Live::new(begun);
        self.running().insert((owner, id), Arc::clone(&live));
        live
    }

    /// Reads the reply that is there, or a new one with this much text, which then is given too.
    pub(super) fn read_or_open(
        &self,
        owner: Owner,
        id: Uuid,
        begun: &str,
        after: usize,
    ) -> (ReplyReader, Option<Arc<Live>>) {
        let mut running = self.running();
        match running.entry((owner, id)) {
            Entry::Occupied(there) => (there.get().read_from(after), None),
            Entry::Vacant(place) => {
                let live = Arc::clone(place.insert(Live::new(begun)));
                (live.read_from(after), Some(live))
            }
        }
    }

    /// Closes a reply that nobody reads; true when it did. Nobody can begin to read it meanwhile.
    pub(super) fn close_unread(&self, owner: Owner, id: Uuid) -> bool {
        let mut running = self.running();
        let unread = running.get(&(owner, id)).is_none_or(|live| !live.has_readers());
        if unread {
            running.remove(&(owner, id));
        }
        unread
    }

    /// From now on somebody says when there is something new.
    pub(super) fn are_woken(&self) {
        self.woken.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Relaxed)
    }

    /// There is something new to read of these.
    pub(super) fn wake(&self, ids: &HashSet<Uuid>) {
        let running = self.running();
        for (_, live) in running.iter().filter(|((_, id), _)| ids.contains(id)) {
            live.woken.notify_one();
        }
    }

    /// There may be something new to read of all of them.
    pub(super) fn wake_all(&self) {
        for live in self.running().values() {
            live.woken.notify_one();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running().is_empty()
    }

    /// What is on disk of all that is written here.
    pub(super) fn stored(&self) -> Vec<(Owner, Uuid, Arc<Live>)> {
        let running = self.running();
        let stored = running.iter().filter(|(_, live)| live.stored.load(Ordering::Relaxed));
        stored.map(|((owner, id), live)| (*owner, *id, Arc::clone(live))).collect()
    }

    pub(super) fn find(&self, owner: Owner, id: Uuid) -> Option<Arc<Live>> {
        self.running().get(&(owner, id)).cloned()
    }

    pub(super) fn of_owner(&self, owner: Owner) -> Vec<Uuid> {
        let running = self.running();
        running.keys().filter(|(whose, _)| *whose == owner).map(|(_, id)| *id).collect()
    }

    pub(super) fn close(&self, owner: Owner, id: Uuid) {
        self.running().remove(&(owner, id));
    }

    fn running(&self) -> MutexGuard<'_, HashMap<(Owner, Uuid), Arc<Live>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_late_reader_gets_the_same_text_in_bigger_pieces() {
        let live = Live::new("");
        let mut early = live.read_from(0);
        let mut text = String::new();
        for piece in ["Good ", "morning", ", 世界", "!"] {
            live.append(piece);
            if let Some(ReplyEvent::Delta { text: piece, .. }) = early.next().await {
                text.push_str(&piece);
            }
        }
        live.end(End::Reconnect);
        let mut late = live.read_from(0);
        let Some(ReplyEvent::Delta { offset, text: whole }) = late.next().await else {
            panic!("the text comes first");
        };
        assert_eq!((whole.as_str(), offset), (text.as_str(), text.len()));
        assert!(matches!(late.next().await, Some(ReplyEvent::End(End::Reconnect))));
        assert!(late.next().await.is_none());
    }

    #[tokio::test]
    async fn resuming_past_the_end_gives_the_end_alone() {
        let live = Live::ended("short", End::Reconnect);
        let mut reader = live.read_from(99);
        assert!(matches!(reader.next().await, Some(ReplyEvent::End(_))));
    }

    #[test]
    fn offsets_inside_a_character_are_told_apart() {
        let live = Live::ended("é", End::Reconnect);
        let boundaries: Vec<bool> = (0..4).map(|offset| live.is_boundary(offset)).collect();
        assert_eq!(boundaries, [true, false, true, true]);
    }

    #[test]
    fn the_hub_finds_nothing_for_another_owner() {
        let hub = Hub::default();
        let (mine, other) =
            (Owner::without_key(Uuid::from_u128(1)), Owner::without_key(Uuid::from_u128(2)));
        let id = Uuid::from_u128(3);
        hub.open(mine, id, "");
        assert!(hub.find(mine, id).is_some());
        assert!(hub.find(other, id).is_none());
    }
}
