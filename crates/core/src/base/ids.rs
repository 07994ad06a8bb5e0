//! New ids and secrets. Core makes every id; the store writes it as given.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use uuid::Uuid;

use super::Time;

/// Where ids come from.
#[derive(Clone, Debug)]
pub struct Ids {
    /// `None`: the operating system's randomness.
    counter: Option<Arc<AtomicU64>>,
}

impl Ids {
    /// Random ids.
    pub const fn random() -> Self {
        Self { counter: None }
    }

    /// Ids that count from 1, for tests that want the same ones each time. Never in a server:
    /// secrets are counted as well.
    pub fn counting() -> Self {
        Self { counter: Some(Arc::new(AtomicU64::new(1))) }
    }

    /// A UUIDv7 (RFC 9562): the milliseconds of `now`, then 74 random bits.
    pub fn new_id(&self, now: Time) -> Uuid {
        let millis = u64::try_from(now.as_micros() / 1000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.secret()).into_uuid()
    }

    /// Random bytes for tokens.
    pub fn secret<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.counter {
            Some(counter) => {
                let count = counter.fetch_add(1, Ordering::Relaxed).to_be_bytes();
                for (to, from) in bytes.iter_mut().rev().zip(count.iter().rev()) {
                    *to = *from;
                }
            }
            // Not the cryptographic library's generator: it is seeded from this one, and spends
            // 50 ms of the start on timing the processor first.
            None => getrandom::fill(&mut bytes)
                .expect("the operating system's randomness does not fail once the process runs"),
        }
        bytes
    }
}
