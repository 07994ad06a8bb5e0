//! What came of a try at the server, and whether another one is worth it.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use tokio::time::Instant;

use crate::DbError;

/// How often the same is tried again, and for how long altogether.
const TRIES: u32 = 8;
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a try did not end well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// For good.
    Refused(DbError),
    /// A key exists already: its name as the server has it.
    Duplicate(String),
    /// The server undid the transaction: a deadlock, or a conflict of two transactions.
    Conflict,
    /// The connection is of no use any more; what was not committed is undone.
    Lost(String),
    /// No connection was to be had.
    Unreachable(DbError),
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Self::Refused(error)
    }
}

/// What a driver's error means when the server itself did not say.
pub(crate) fn without_answer(statement: &'static str, error: &sqlx::Error) -> Failure {
    match error {
        sqlx::Error::Io(error) => Failure::Lost(error.to_string()),
        sqlx::Error::Tls(error) => Failure::Lost(error.to_string()),
        sqlx::Error::PoolTimedOut => Failure::Unreachable(DbError::Busy),
        sqlx::Error::PoolClosed => Failure::Refused(DbError::Closed),
        error => Failure::Refused(DbError::Broken { statement, message: error.to_string() }),
    }
}

/// Counts the tries of one read or write.
#[derive(Debug)]
pub(crate) struct Patience {
    start: Instant,
    tries: u32,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), tries: 0 }
    }

    /// Returns when it is time for another try.
    ///
    /// # Errors
    /// What to tell the caller, when there is no other try.
    pub(crate) async fn wait(&mut self, failure: Failure) -> Result<(), DbError> {
        let reason = match failure {
            Failure::Refused(error) | Failure::Unreachable(error) => return Err(error),
            Failure::Duplicate(key) => return Err(DbError::Duplicate(key)),
            Failure::Conflict => "conflict with another transaction".to_owned(),
            Failure::Lost(reason) => reason,
        };
        self.tries += 1;
        if self.tries > TRIES || self.start.elapsed() >= PATIENCE {
            tracing::warn!(tries = self.tries, "the database did not serve: {reason}");
            return Err(DbError::Busy);
        }
        tracing::debug!(tries = self.tries, "trying the database again: {reason}");
        tokio::time::sleep(pause(self.tries)).await;
        Ok(())
    }
}

/// Between a half and the whole of 8, 16, 32… ms: those who collided do not meet again.
fn pause(tries: u32) -> Duration {
    let most_us = 4000_u64 << tries.min(8);
    // A random number of no importance: the seed of a hash map.
    let random = RandomState::new().build_hasher().finish();
    Duration::from_micros(most_us / 2 + random % (most_us / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn eight_more_tries_and_no_longer_than_five_seconds() {
        let mut patience = Patience::new();
        for _ in 0..8 {
            assert_eq!(patience.wait(Failure::Conflict).await, Ok(()));
        }
        assert_eq!(patience.wait(Failure::Conflict).await, Err(DbError::Busy));
        assert!(patience.start.elapsed() < PATIENCE);

        let mut patience = Patience::new();
        assert_eq!(patience.wait(Failure::Lost("gone".into())).await, Ok(()));
        tokio::time::sleep(PATIENCE).await;
        assert_eq!(patience.wait(Failure::Lost("gone".into())).await, Err(DbError::Busy));
    }

    #[tokio::test]
    async fn what_was_refused_is_not_tried_again() {
        let refused = Patience::new().wait(Failure::Refused(DbError::StorageFull)).await;
        assert_eq!(refused, Err(DbError::StorageFull));
        let duplicate = Patience::new().wait(Failure::Duplicate("key".into())).await;
        assert_eq!(duplicate, Err(DbError::Duplicate("key".into())));
    }

    #[test]
    fn pauses_grow_and_differ() {
        let pauses: Vec<_> = (0..50).map(|_| pause(3)).collect();
        assert!(pauses.iter().all(|p| (16..=32).contains(&p.as_millis())), "{pauses:?}");
        assert!(pauses.iter().any(|p| p != &pauses[0]));
    }
}
