//! What slows down guessing: attempts are counted per name and per address, and each one past the
//! free ones must wait longer. Nobody is locked out: the longest wait is a minute.
//!
//! Counted in memory, per process. Unknown names are counted like known ones, so that the answer
//! tells nothing.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::base::{Error, Time, limits};

/// Whether attempts are slowed down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThrottleMode {
    /// As [`limits`] says.
    On,
    /// Never: for load tests.
    Off,
}

/// More keys than this are not kept; the longest quiet ones are forgotten first.
const MAX_KEYS: usize = 100_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Name(String),
    /// IPv6 addresses count by their /64: one customer has that many.
    Login(IpAddr),
    Registration(IpAddr),
}

impl Key {
    const fn free_attempts(&self) -> u32 {
        match self {
            Self::Name(_) => limits::FREE_ATTEMPTS_PER_NAME,
            Self::Login(_) | Self::Registration(_) => limits::FREE_ATTEMPTS_PER_ADDRESS,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Count {
    attempts: u32,
    last_at: Time,
}

#[derive(Debug)]
pub(super) struct Throttle {
    mode: ThrottleMode,
    counts: Mutex<HashMap<Key, Count>>,
}

/// A sign-in that was let through and already counted, in case many come at once.
#[derive(Debug)]
pub(super) struct Attempt<'t> {
    throttle: &'t Throttle,
    keys: Vec<Key>,
}

impl Attempt<'_> {
    /// The password was right: the name starts afresh, the address gets its attempt back.
    pub(super) fn succeeded(self) {
        let mut counts = self.throttle.lock();
        for key in &self.keys {
            match key {
                Key::Name(_) => drop(counts.remove(key)),
                Key::Login(_) | Key::Registration(_) => give_back(&mut counts, key),
            }
        }
    }

    /// The password was not compared.
    pub(super) fn not_tried(self) {
        let mut counts = self.throttle.lock();
        for key in &self.keys {
            give_back(&mut counts, key);
        }
    }
}

fn give_back(counts: &mut HashMap<Key, Count>, key: &Key) {
    if let Some(count) = counts.get_mut(key) {
        count.attempts = count.attempts.saturating_sub(1);
    }
}

impl Throttle {
    pub(super) fn new(mode: ThrottleMode) -> Self {
        Self { mode, counts: Mutex::default() }
    }

    /// # Errors
    /// [`Error::TooManyAttempts`] with the time to wait. A refused attempt is not counted.
    pub(super) fn login(
        &self,
        name: &str,
        address: Option<IpAddr>,
        now: Time,
    ) -> Result<Attempt<'_>, Error> {
        let mut keys = vec![Key::Name(name.chars().take(256).collect())];
        keys.extend(address.map(|address| Key::Login(network(address))));
        self.take(&keys, now)?;
        Ok(Attempt { throttle: self, keys })
    }

    /// # Errors
    /// [`Error::TooManyAttempts`] with the time to wait.
    pub(super) fn registration(&self, address: Option<IpAddr>, now: Time) -> Result<(), Error> {
        let keys: Vec<Key> =
            address.map(|address| Key::Registration(network(address))).into_iter().collect();
        self.take(&keys, now)
    }

    fn take(&self, keys: &[Key], now: Time) -> Result<(), Error> {
        if self.mode == ThrottleMode::Off {
            return Ok(());
        }
        let mut counts = self.lock();
        for key in keys {
            // A clock that was set back must not make anybody wait until it has caught up.
            if let Some(count) = counts.get_mut(key) {
                count.last_at = count.last_at.min(now);
            }
        }
        let wait = keys.iter().filter_map(|key| wait(&counts, key, now)).max();
        if let Some(retry_after) = wait {
            return Err(Error::TooManyAttempts { retry_after });
        }
        for key in keys {
            let count = counts.entry(key.clone()).or_insert(Count { attempts: 0, last_at: now });
            if now.since(count.last_at) >= limits::ATTEMPTS_FORGOTTEN_AFTER {
                count.attempts = 0;
            }
            count.attempts = count.attempts.saturating_add(1);
            count.last_at = now;
        }
        if counts.len() > MAX_KEYS {
            forget(&mut counts, now);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long this key has to wait, if at all.
fn wait(counts: &HashMap<Key, Count>, key: &Key, now: Time) -> Option<Duration> {
    let count = counts.get(key)?;
    let past_free = count.attempts.checked_sub(key.free_attempts())?;
    let delay = Duration::from_secs(1 << past_free.min(16)).min(limits::MAX_ATTEMPT_DELAY);
    let quiet = now.since(count.last_at);
    delay.checked_sub(quiet).filter(|left| !left.is_zero())
}

/// Drops what is forgotten anyway, and if that is not enough, the quieter half.
fn forget(counts: &mut HashMap<Key, Count>, now: Time) {
    counts.retain(|_, count| now.since(count.last_at) < limits::ATTEMPTS_FORGOTTEN_AFTER);
    if counts.len() > MAX_KEYS {
        let mut times: Vec<Time> = counts.values().map(|count| count.last_at).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        counts.retain(|_, count| count.last_at > median);
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let mut segments = address.segments();
            segments[4..].fill(0);
            IpAddr::V6(segments.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time::from_micros(1_000_000_000_000_000);

    fn at(seconds: u64) -> Time {
        START.plus(Duration::from_secs(seconds))
    }

    fn waits(throttle: &Throttle, name: &str, now: Time) -> Option<u64> {
        match throttle.login(name, None, now) {
            Ok(_) => None,
            Err(Error::TooManyAttempts { retry_after }) => Some(retry_after.as_secs()),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn the_wait_doubles_and_ends_at_a_minute() {
        let throttle = Throttle::new(ThrottleMode::On);
        let mut now = START;
        for _ in 0..limits::FREE_ATTEMPTS_PER_NAME {
            assert_eq!(waits(&throttle, "mira", now), None);
        }
        for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(waits(&throttle, "mira", now), Some(expected));
            assert_eq!(waits(&throttle, "other", now), None, "another name is not slowed");
            now = now.plus(Duration::from_secs(expected));
            assert_eq!(waits(&throttle, "mira", now), None);
            let _ = throttle.lock().remove(&Key::Name("other".into()));
        }
    }

    #[test]
    fn success_starts_the_name_afresh_and_silence_forgets() {
        let throttle = Throttle::new(ThrottleMode::On);
        for _ in 0..limits::FREE_ATTEMPTS_PER_NAME - 1 {
            throttle.login("mira", None, START).unwrap();
        }
        throttle.login("mira", None, START).unwrap().succeeded();
        for _ in 0..limits::FREE_ATTEMPTS_PER_NAME {
            assert_eq!(waits(&throttle, "mira", START), None);
        }
        assert!(waits(&throttle, "mira", START).is_some());
        assert_eq!(waits(&throttle, "mira", at(15 * 60)), None);
        assert_eq!(waits(&throttle, "mira", at(15 * 60)), None);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let throttle = Throttle::new(ThrottleMode::On);
        for _ in 0..limits::FREE_ATTEMPTS_PER_NAME {
            assert_eq!(waits(&throttle, "mira", at(3600)), None);
        }
        assert_eq!(waits(&throttle, "mira", START), Some(1));
        assert_eq!(waits(&throttle, "mira", at(1)), None);
    }

    #[test]
    fn one_address_guessing_many_names_is_slowed() {
        let throttle = Throttle::new(ThrottleMode::On);
        let address: IpAddr = "2001:db8::1".parse().unwrap();
        for index in 0..limits::FREE_ATTEMPTS_PER_ADDRESS {
            throttle.login(&format!("name{index}"), Some(address), START).unwrap();
        }
        let neighbour = "2001:db8::ffff".parse().unwrap();
        assert!(throttle.login("fresh", Some(neighbour), START).is_err());
        let elsewhere = "2001:db8:1::1".parse().unwrap();
        assert!(throttle.login("fresh", Some(elsewhere), START).is_ok());
    }

    #[test]
    fn fifty_guesses_at_once_do_not_slip_through() {
        let throttle = Throttle::new(ThrottleMode::On);
        let attempts: Vec<_> = (0..50).map(|_| throttle.login("mira", None, START)).collect();
        let let_through = attempts.iter().filter(|attempt| attempt.is_ok()).count();
        assert_eq!(let_through, limits::FREE_ATTEMPTS_PER_NAME as usize);
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::new(ThrottleMode::On);
        for index in 0..MAX_KEYS as u64 + 10 {
            throttle.login(&format!("name{index}"), None, at(index / 1000)).unwrap();
        }
        assert!(throttle.lock().len() <= MAX_KEYS);
    }
}
