//! Password hashing on threads of its own, behind a bounded queue.
//!
//! bcrypt takes tens of milliseconds of CPU by design. On the threads that serve requests a few
//! sign-ins would stop everybody; with an unbounded queue a storm of them would take all memory.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use tokio::sync::oneshot;

use crate::{
    base::{Error, Password, limits},
    metrics::Waiting,
};

/// How passwords are hashed.
#[derive(Clone, Copy, Debug)]
pub struct HashingOptions {
    /// bcrypt's cost: the work doubles with each step. 10 unless there is a reason.
    pub cost: u32,
    /// Threads that do nothing else.
    pub threads: usize,
}

enum Job {
    Hash(Password, oneshot::Sender<String>),
    /// `None`: there is no such account, and the answer must take as long.
    Verify(Password, Option<String>, oneshot::Sender<bool>),
}

/// The handle to the hashing threads, which end when it is dropped.
#[derive(Debug)]
pub(super) struct Hasher {
    queue: SyncSender<(Job, Waiting)>,
}

impl Hasher {
    pub(super) fn start(options: &HashingOptions) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(limits::HASHING_QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        for index in 0..options.threads.max(1) {
            let jobs = Arc::clone(&jobs);
            let cost = options.cost;
            let name = format!("serene-hash-{index}");
            thread::Builder::new().name(name).spawn(move || work(&jobs, cost))?;
        }
        Ok(Self { queue })
    }

    /// # Errors
    /// [`Error::HashingBusy`] when the queue is full.
    pub(super) async fn hash(&self, password: Password) -> Result<String, Error> {
        let (answer, hash) = oneshot::channel();
        self.send(Job::Hash(password, answer))?;
        hash.await.map_err(|_| Error::ShuttingDown)
    }

    /// # Errors
    /// [`Error::HashingBusy`] when the queue is full.
    pub(super) async fn verify(
        &self,
        password: Password,
        hash: Option<String>,
    ) -> Result<bool, Error> {
        let (answer, verified) = oneshot::channel();
        self.send(Job::Verify(password, hash, answer))?;
        verified.await.map_err(|_| Error::ShuttingDown)
    }

    fn send(&self, job: Job) -> Result<(), Error> {
        self.queue.try_send((job, Waiting::new())).map_err(|error| match error {
            TrySendError::Full(_) => Error::HashingBusy,
            TrySendError::Disconnected(_) => Error::ShuttingDown,
        })
    }
}

fn work(jobs: &Mutex<Receiver<(Job, Waiting)>>, cost: u32) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job.map(|(job, _)| job) {
            // A caller who has gone saves the work.
            Ok(Job::Hash(_, answer)) if answer.is_closed() => {}
            Ok(Job::Verify(_, _, answer)) if answer.is_closed() => {}
            Ok(Job::Hash(password, answer)) => {
                // Never cuts anything: `Password` has refused what is longer than bcrypt reads.
                // (`non_truncating_hash` refuses 72 bytes too, which are allowed.)
                match bcrypt::hash(password.expose(), cost) {
                    Ok(hash) => drop(answer.send(hash)),
                    Err(error) => tracing::error!(%error, "hashing failed: {error}"),
                }
            }
            Ok(Job::Verify(password, hash, answer)) => {
                let _ = answer.send(verify(&password, hash.as_deref(), cost));
            }
            Err(_) => return,
        }
    }
}

fn verify(password: &Password, hash: Option<&str>, cost: u32) -> bool {
    let nobody = hash_of_nobody(cost);
    let matches = bcrypt::verify(password.expose(), hash.unwrap_or(&nobody)).unwrap_or(false);
    matches && hash.is_some()
}

/// The salt and hash of nothing in particular: what counts is that comparing takes as long.
fn hash_of_nobody(cost: u32) -> String {
    format!("$2b${cost:02}$SereneSereneSereneSereneSereneSereneSereneSereneSere.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::choose("password", text).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_verified_by_its_hash_alone() {
        let hasher = Hasher::start(&HashingOptions { cost: 4, threads: 1 }).unwrap();
        let hash = hasher.hash(password("correct horse")).await.unwrap();
        assert!(hash.starts_with("$2b$04$"));
        assert!(hasher.verify(password("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify(password("wrong horse"), Some(hash)).await.unwrap());
        assert!(!hasher.verify(password("correct horse"), None).await.unwrap());
    }

    #[tokio::test]
    async fn every_byte_of_the_longest_password_counts() {
        let hasher = Hasher::start(&HashingOptions { cost: 4, threads: 1 }).unwrap();
        let longest = "x".repeat(limits::MAX_PASSWORD_BYTES);
        let hash = hasher.hash(password(&longest)).await.unwrap();
        assert!(hasher.verify(password(&longest), Some(hash.clone())).await.unwrap());
        let almost = "x".repeat(limits::MAX_PASSWORD_BYTES - 1);
        for other in [almost.clone(), almost + "y"] {
            assert!(!hasher.verify(password(&other), Some(hash.clone())).await.unwrap());
        }
    }

    #[test]
    fn an_unknown_name_is_compared_at_the_same_cost() {
        // The constant must be a hash that bcrypt takes apart, or it would answer at once.
        for cost in [4, 10] {
            assert!(!bcrypt::verify("password", &hash_of_nobody(cost)).unwrap());
        }
    }

    #[tokio::test]
    async fn a_full_queue_refuses_instead_of_growing() {
        let (queue, _jobs) = sync_channel(1);
        let hasher = Hasher { queue };
        let (answer, _keep) = oneshot::channel();
        hasher.send(Job::Hash(password("correct horse"), answer)).unwrap();
        let refused = hasher.hash(password("correct horse")).await;
        assert_eq!(refused, Err(Error::HashingBusy));
    }
}
