//! The processes that serve one database. Each has an id, which marks what it runs; what is marked
//! with the id of none of them was left behind.
//!
//! Where several share a database, each raises a number in its row again and again. Who sees the
//! same number [`MISSED_BEATS`] times in a row takes the row away: from then on that process is dead
//! to all others, and should it only have slept, its next beat tells it. No clock is compared with
//! another one.
//!
//! That takes a while. A process that comes back to its place, where only one can be, need not wait:
//! whoever was there before it is dead.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serene_db::{Db, DbError, Row, Select, Statement, Write, values};
use uuid::Uuid;

use super::{Error, Ids, Time};

/// An instance is dead to the others when it was seen so often without a new beat.
const MISSED_BEATS: u32 = 3;

serene_db::statements! {
    INSERT = "instances.insert":
        "INSERT INTO instances (id, beat, secret, place, started_at) VALUES (?, 0, ?, ?, ?)";
    LIST = "instances.list":
        "SELECT id, beat, secret FROM instances ORDER BY id LIMIT 1000";
    BEAT = "instances.beat":
        "UPDATE instances SET beat = beat + 1 WHERE id = ?";
    DELETE_SILENT = "instances.delete_silent":
        "DELETE FROM instances WHERE id = ? AND beat = ?";
    DELETE_BEFORE = "instances.delete_before":
        "DELETE FROM instances WHERE place = ?";
    DELETE = "instances.delete":
        "DELETE FROM instances WHERE id = ?";
}

/// This process among those that serve the database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Instances {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// How often to say that this process lives, where there are others.
    beat_every: Option<Duration>,
    /// Where only one process can be at a time.
    place: Option<Uuid>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    id: Uuid,
    joined: bool,
    /// The last beat of every other instance, and how often it was seen.
    seen: HashMap<Uuid, (i64, u32)>,
}

struct Instance {
    id: Uuid,
    beat: i64,
    secret: Uuid,
}

impl Instances {
    /// The only process on its database.
    pub fn alone(ids: &Ids, now: Time) -> Self {
        Self::new(None, None, ids.new_id(now))
    }

    /// One of possibly several, which all say so often that they live; usually every
    /// [`super::limits::BEAT_EVERY`]. `place` names where only one process can be at a time: the
    /// caller holds a lock on it.
    pub fn shared(ids: &Ids, now: Time, beat_every: Duration, place: Option<Uuid>) -> Self {
        Self::new(Some(beat_every), place, ids.new_id(now))
    }

    fn new(beat_every: Option<Duration>, place: Option<Uuid>, id: Uuid) -> Self {
        let state = State { id, joined: false, seen: HashMap::new() };
        Self { inner: Arc::new(Inner { beat_every, place, state: Mutex::new(state) }) }
    }

    /// Whether others may serve the same database.
    pub fn is_shared(&self) -> bool {
        self.inner.beat_every.is_some()
    }

    /// How often to say that this process lives, where there are others.
    pub(crate) fn beat_every(&self) -> Option<Duration> {
        self.inner.beat_every
    }

    /// What marks everything that this process runs from now on.
    pub(crate) fn id(&self) -> Uuid {
        self.state().id
    }

    /// Puts this process among those that serve the database; again is no error. One that is alone
    /// clears away whatever was there before it. `secret` tells the secrets of two instances apart
    /// and says nothing else of them.
    ///
    /// # Errors
    /// [`Error::AnotherSecret`] when an instance with another secret is serving.
    pub(crate) async fn join(&self, db: &Db, secret: Uuid, now: Time) -> Result<(), Error> {
        if self.state().joined {
            return Ok(());
        }
        let mut write = Write::new();
        if let Some(place) = self.inner.place {
            // First of all: one that was here before with another secret is dead, too.
            let before = Statement::new(&DELETE_BEFORE, values![place]);
            db.commit(Write::from(before)).await?;
        }
        match self.inner.beat_every {
            Some(every) if any_alive(db, every, |other| other.secret != secret).await? => {
                return Err(Error::AnotherSecret);
            }
            Some(_) => {}
            None => {
                for dead in list(db).await? {
                    write = write.with(Statement::new(&DELETE, values![dead.id]));
                }
            }
        }
        db.commit(write.with(self.insert(secret, now))).await?;
        self.state().joined = true;
        Ok(())
    }

    fn insert(&self, secret: Uuid, now: Time) -> Statement {
        let place = self.inner.place;
        Statement::new(&INSERT, values![self.id(), secret, place, now.as_micros()])
    }

    /// Waits until it is known that no other process serves the database, and clears away what dead
    /// ones left.
    ///
    /// # Errors
    /// [`Error::OthersServe`].
    pub async fn wait_until_alone(&self, db: &Db) -> Result<(), Error> {
        let Some(beat_every) = self.inner.beat_every else { return Ok(()) };
        let before = list(db).await?;
        if any_alive(db, beat_every, |_| true).await? {
            return Err(Error::OthersServe);
        }
        let delete = |dead: Instance| Statement::new(&DELETE, values![dead.id]);
        db.commit(Write::new().with_all(before.into_iter().map(delete))).await?;
        Ok(())
    }

    /// Says that this process lives, and takes away those that no longer say so. One that was taken
    /// for dead itself begins anew under another id.
    pub(crate) async fn beat(
        &self,
        db: &Db,
        (secret, ids): (Uuid, &Ids),
        now: Time,
    ) -> Result<(), Error> {
        let beat = Statement::guard(&BEAT, values![self.id()]);
        match db.commit(Write::from(beat)).await {
            Ok(_) => {}
            Err(DbError::Guard(_)) => {
                tracing::warn!("this instance was silent for so long that others took it for dead");
                self.state().id = ids.new_id(now);
                db.commit(Write::from(self.insert(secret, now))).await?;
            }
            Err(error) => return Err(error.into()),
        }
        let listed = list(db).await?;
        for (id, beat) in self.silent(&listed) {
            let delete = Statement::new(&DELETE_SILENT, values![id, beat]);
            let touched = db.commit(Write::from(delete)).await?;
            if touched.first().is_some_and(|rows| *rows > 0) {
                tracing::warn!(instance = %id, "an instance is silent: what it ran is interrupted");
            }
        }
        Ok(())
    }

    /// Counts how often each other instance was seen with one beat; those seen too often.
    fn silent(&self, listed: &[Instance]) -> Vec<(Uuid, i64)> {
        let mut state = self.state();
        let own = state.id;
        let mut seen = HashMap::new();
        let mut silent = Vec::new();
        for other in listed.iter().filter(|other| other.id != own) {
            let times = match state.seen.get(&other.id) {
                Some((beat, times)) if *beat == other.beat => times + 1,
                _ => 0,
            };
            if times > MISSED_BEATS {
                silent.push((other.id, other.beat));
            } else {
                seen.insert(other.id, (other.beat, times));
            }
        }
        state.seen = seen;
        silent
    }

    /// Takes this process away: it runs nothing any more.
    pub(crate) async fn leave(&self, db: &Db) -> Result<(), Error> {
        if !self.state().joined {
            return Ok(());
        }
        db.commit(Write::from(Statement::new(&DELETE, values![self.id()]))).await?;
        self.state().joined = false;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether one of these is alive: each is waited for until it beats, or has missed as many beats as a
/// dead one.
async fn any_alive(
    db: &Db,
    beat_every: Duration,
    these: impl Fn(&Instance) -> bool + Send,
) -> Result<bool, Error> {
    let mut first: Option<HashMap<Uuid, i64>> = None;
    for _ in 0..=MISSED_BEATS {
        let now = list(db).await?.into_iter().filter(|other| these(other));
        let now: HashMap<Uuid, i64> = now.map(|other| (other.id, other.beat)).collect();
        match &first {
            None if now.is_empty() => return Ok(false),
            None => first = Some(now),
            Some(first) if now.iter().any(|(id, beat)| first.get(id) != Some(beat)) => {
                return Ok(true);
            }
            Some(_) => {}
        }
        tokio::time::sleep(beat_every).await;
    }
    Ok(false)
}

async fn list(db: &Db) -> Result<Vec<Instance>, Error> {
    let map = |row: &Row<'_>| {
        Ok::<_, Error>(Instance { id: row.get(0)?, beat: row.get(1)?, secret: row.get(2)? })
    };
    db.query(Select::new(&LIST, values![], map)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(beat: i64) -> Instance {
        Instance { id: Uuid::from_u128(7), beat, secret: Uuid::nil() }
    }

    #[test]
    fn an_instance_is_dead_when_it_was_seen_too_often_without_a_beat() {
        let own = Instances::new(Some(Duration::ZERO), None, Uuid::from_u128(1));
        let mut dead_after = 0;
        while own.silent(&[other(5)]).is_empty() {
            dead_after += 1;
            assert!(dead_after < 100);
        }
        // Seen once, and then three times with nothing new: between 15 and 20 seconds.
        assert_eq!(dead_after, MISSED_BEATS + 1);
    }

    #[test]
    fn whoever_beats_now_and_then_lives_and_nobody_buries_themselves() {
        let own = Instances::new(Some(Duration::ZERO), None, Uuid::from_u128(1));
        for round in 0..100_i64 {
            let slow = other(round / i64::from(MISSED_BEATS));
            let me = Instance { id: Uuid::from_u128(1), beat: 0, secret: Uuid::nil() };
            assert_eq!(own.silent(&[slow, me]), [], "{round}");
        }
    }
}
