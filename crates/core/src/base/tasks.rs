//! What runs beside the requests. Tasks are started here and nowhere else, so that a shutdown
//! knows of every one.

use std::{future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The running tasks of one server.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stopping: CancellationToken,
    ending: CancellationToken,
}

impl Tasks {
    /// No tasks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task. A panic in it ends it and nothing else.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(task);
    }

    /// Cancelled when the server begins to stop: nothing new is started.
    pub const fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Cancelled when the time to finish is over: what still runs saves what it has.
    pub const fn ending(&self) -> &CancellationToken {
        &self.ending
    }

    /// Lets the tasks finish within `patience`, then tells them to end, and waits for
    /// `last_words` more. True when all of them did.
    pub async fn stop(&self, patience: Duration, last_words: Duration) -> bool {
        self.stopping.cancel();
        self.tracker.close();
        if tokio::time::timeout(patience, self.tracker.wait()).await.is_ok() {
            return true;
        }
        self.ending.cancel();
        tokio::time::timeout(last_words, self.tracker.wait()).await.is_ok()
    }
}
