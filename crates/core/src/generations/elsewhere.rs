//! Replies that another instance writes: reading along, asking for a stop, and doing what others ask
//! of this one. The rows are the truth; what is kept here only saves reading them twice.

use std::{collections::HashSet, sync::Arc, time::Duration};

use serene_db::{DbError, Write};
use uuid::Uuid;

use super::{
    End, Generation, Generations, Inner, Live, ReplyReader, STOP_PATIENCE,
    store::{self, request_stop},
};
use crate::{
    base::{Error, Owner, Resource},
    conversations::Message,
};

/// How often the rows of a reply that is read along are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How often, where instances tell each other what is new.
const LOOK_ANYWAY_EVERY: Duration = Duration::from_secs(2);

/// How often an instance looks for what others ask of it.
pub(crate) const OBEY_EVERY: Duration = Duration::from_secs(1);

/// How long the deletion of an account waits for replies that end elsewhere. Those that do not have
/// nothing to write to afterwards.
const ALL_PATIENCE: Duration = Duration::from_secs(5);

impl Generations {
    /// Reads the reply of a generation that is not written here, as it grows.
    pub(super) fn read_along(
        &self,
        owner: Owner,
        id: Uuid,
        message: &Message,
        after: usize,
    ) -> ReplyReader {
        let begun = message.content.expose();
        let (reader, new) = self.inner.mirrors.read_or_open(owner, id, begun, after);
        if let Some(live) = new {
            let inner = Arc::clone(&self.inner);
            let tasks = inner.base.tasks.clone();
            tasks.spawn(async move { follow(&inner, owner, id, &live).await });
        }
        reader
    }

    /// Has another instance stop a generation, and waits until it has.
    pub(super) async fn stop_elsewhere(&self, owner: Owner, id: Uuid) -> Result<(), Error> {
        let db = &self.inner.base.db;
        db.commit(Write::from(request_stop(owner, id))).await?;
        self.inner.news.stop(id);
        let ended = async {
            while let Some(status) = store::status(db, owner, id).await? {
                if status.is_final() {
                    break;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Ok(())
        };
        let ended = tokio::time::timeout(STOP_PATIENCE, ended).await;
        ended.unwrap_or(Err(DbError::Busy.into()))
    }

    /// Has the other instances stop whatever they write for an owner, and waits a while for it.
    pub(super) async fn stop_all_elsewhere(&self, owner: Owner) -> Result<(), Error> {
        let db = &self.inner.base.db;
        let active = store::active_of(db, owner).await?;
        let stops = active.iter().map(|id| request_stop(owner, *id));
        db.commit(Write::new().with_all(stops)).await?;
        for id in active {
            self.inner.news.stop(id);
        }
        let ended = async {
            while !store::active_of(db, owner).await?.is_empty() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Ok(())
        };
        tokio::time::timeout(ALL_PATIENCE, ended).await.unwrap_or(Ok(()))
    }

    /// Waits until nothing is written here any more.
    pub(crate) async fn wait_until_idle(&self) {
        while !self.inner.hub.is_empty() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Stops what others asked to be stopped, and what runs here though its row is gone or another
    /// instance has ended it.
    pub(crate) async fn obey(&self) -> Result<(), Error> {
        let inner = &self.inner;
        // Before the rows are read: what begins in between is in neither list.
        let here = inner.hub.stored();
        if here.is_empty() {
            return Ok(());
        }
        let rows = store::run_by(&inner.base.db, inner.base.instances.id()).await?;
        let go_on = rows.into_iter().filter(|(_, _, stop)| !stop);
        let go_on: HashSet<(Uuid, Uuid)> = go_on.map(|(owner_id, id, _)| (owner_id, id)).collect();
        for (owner, id, live) in here {
            if !go_on.contains(&(owner.id(), id)) {
                live.stop();
            }
        }
        Ok(())
    }
}

/// Lets the text grow as its rows do, until its end, or until nobody reads it any more.
async fn follow(inner: &Inner, owner: Owner, id: Uuid, live: &Live) {
    let stopping = inner.base.tasks.stopping();
    while !inner.mirrors.close_unread(owner, id) {
        match look(inner, owner, id, live).await {
            Ok(None) => {}
            Ok(Some(end)) => {
                live.end(end);
                break;
            }
            Err(error) if error.is_temporary() => {
                tracing::warn!(generation = %id, %error, "cannot read a running reply: {error}");
            }
            Err(error) => {
                live.end(End::NotStored(error));
                break;
            }
        }
        let pause = if inner.mirrors.is_woken() { LOOK_ANYWAY_EVERY } else { LOOK_EVERY };
        tokio::select! {
            () = stopping.cancelled() => break,
            () = live.wait_for_news() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    inner.mirrors.close(owner, id);
    // The first end is the one that counts: this one is for those whom the server's own end cuts off.
    live.end(End::Reconnect);
}

/// Appends what is new, and says how it ended if it did.
async fn look(inner: &Inner, owner: Owner, id: Uuid, live: &Live) -> Result<Option<End>, Error> {
    let base = &inner.base;
    let gone = || Error::NotFound(Resource::Generation);
    let status = store::status(&base.db, owner, id).await?.ok_or_else(gone)?;
    if !status.is_final() {
        let new = store::chunks(base, owner, id, live.length()).await?;
        if !new.is_empty() {
            live.append(&new);
        }
        return Ok(None);
    }
    let generation: Generation = store::find(&base.db, owner, id).await?.ok_or_else(gone)?;
    let message = inner.conversations.message(owner, generation.message_id).await?;
    if let Some(rest) = message.content.expose().get(live.length()..) {
        live.append(rest);
    }
    Ok(Some(End::Finished { message: Box::new(message), generation }))
}
