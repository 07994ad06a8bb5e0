//! What instances tell each other where the database carries it: which replies have new text, and
//! which are to be stopped. Ids only. It saves waiting, and nothing depends on it: the rows are the
//! truth, and everybody looks at them now and then all the same.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serene_db::{Heard, Listener};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{Generations, Inner};
use crate::base::Error;

/// Generations that have new text, or have ended.
const GROWN: &str = "serene_generations";

/// Generations that somebody wants stopped.
const STOPS: &str = "serene_stops";

/// How long ids are collected before they are told: so many are one message.
const COLLECT_FOR: Duration = Duration::from_millis(50);

/// As many ids as a message of PostgreSQL holds, 8,000 bytes at most.
const IDS_AT_ONCE: usize = 200;

/// How long to wait before trying to listen again.
const LISTEN_RETRY: Duration = Duration::from_secs(5);

/// The ids that are to be told.
#[derive(Debug, Default)]
pub(super) struct News {
    grown: Mutex<HashSet<Uuid>>,
    stops: Mutex<HashSet<Uuid>>,
    any: Notify,
    /// Whether there is a way to tell anybody.
    carried: AtomicBool,
}

impl News {
    pub(super) fn grown(&self, id: Uuid) {
        self.add(&self.grown, id);
    }

    pub(super) fn stop(&self, id: Uuid) {
        self.add(&self.stops, id);
    }

    fn add(&self, ids: &Mutex<HashSet<Uuid>>, id: Uuid) {
        if self.carried.load(Ordering::Relaxed) {
            ids.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
            self.any.notify_one();
        }
    }
}

fn take(ids: &Mutex<HashSet<Uuid>>) -> Vec<Uuid> {
    ids.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
}

impl Generations {
    /// Tells the other instances what happens here, and hears what happens there, where the database
    /// can carry it.
    pub(crate) fn start_news(&self) {
        let inner = Arc::clone(&self.inner);
        let generations = self.clone();
        self.inner.base.tasks.spawn(async move {
            let stopping = inner.base.tasks.stopping().clone();
            let listening = async {
                if let Some(listener) = listen(&inner).await {
                    inner.news.carried.store(true, Ordering::Relaxed);
                    tokio::join!(tell(&inner), hear(&generations, listener));
                }
            };
            tokio::select! {
                () = stopping.cancelled() => {}
                () = listening => {}
            }
        });
    }
}

/// An ear on both channels; `None` where the database has no such thing.
async fn listen(inner: &Inner) -> Option<(Listener, Listener)> {
    loop {
        let both = async {
            let grown = inner.base.db.listen(GROWN).await?;
            let stops = inner.base.db.listen(STOPS).await?;
            Ok::<_, Error>(grown.zip(stops))
        };
        match both.await {
            Ok(both) => return both,
            Err(error) => {
                tracing::warn!(%error, "cannot listen to the other instances yet: {error}");
                tokio::time::sleep(LISTEN_RETRY).await;
            }
        }
    }
}

async fn tell(inner: &Inner) {
    loop {
        inner.news.any.notified().await;
        tokio::time::sleep(COLLECT_FOR).await;
        for (channel, ids) in [(GROWN, &inner.news.grown), (STOPS, &inner.news.stops)] {
            for some in take(ids).chunks(IDS_AT_ONCE) {
                let ids: Vec<String> = some.iter().map(Uuid::to_string).collect();
                if let Err(error) = inner.base.db.notify(channel, ids.join(",")).await {
                    tracing::warn!(%error, "the other instances hear of it a little later: {error}");
                }
            }
        }
    }
}

async fn hear(generations: &Generations, (mut grown, mut stops): (Listener, Listener)) {
    let inner = &generations.inner;
    inner.mirrors.are_woken();
    loop {
        tokio::select! {
            heard = grown.next() => match heard {
                Heard::Payload(ids) => inner.mirrors.wake(&read(&ids)),
                Heard::Missed => inner.mirrors.wake_all(),
            },
            _ = stops.next() => {
                if let Err(error) = generations.obey().await {
                    tracing::warn!(%error, "cannot look for what is to be stopped: {error}");
                }
            }
        }
    }
}

fn read(ids: &str) -> HashSet<Uuid> {
    ids.split(',').filter_map(|id| id.parse().ok()).collect()
}
