//! LISTEN on a connection of its own, which comes back by itself.

use std::time::Duration;

use sqlx::{
    Executor as _, Pool, Postgres,
    pool::PoolOptions,
    postgres::{PgConnectOptions, PgListener},
};

use super::error;
use crate::{DbError, Heard, Sql};

static LISTEN: Sql = Sql::declare("storage.listen", "");

/// How long to wait before a lost server is asked again.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// After so long a silence the connection is asked whether it is still there, and so long it may
/// take to say so.
const SILENCE: Duration = Duration::from_secs(30);
const ANSWER: Duration = Duration::from_secs(5);

/// One connection that listens to one channel.
#[derive(Debug)]
pub(crate) struct PgListen {
    /// The driver's listener takes its connection from a pool: this one has no other.
    pool: Pool<Postgres>,
    channel: &'static str,
    /// `None` between the loss of a connection and the next one.
    listener: Option<PgListener>,
}

impl PgListen {
    pub(super) async fn start(
        connect: PgConnectOptions,
        patience: Duration,
        channel: &'static str,
    ) -> Result<Self, DbError> {
        let pool = PoolOptions::<Postgres>::new()
            .max_connections(1)
            .acquire_timeout(patience)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(connect);
        let listener = connect_to(&pool, channel).await;
        let listener = Some(listener.map_err(|error| error::refusal(&LISTEN, &error))?);
        Ok(Self { pool, channel, listener })
    }

    /// Waits for what is said. Tells of a loss once the connection is back, and not before: what is
    /// read then is not older than what was missed.
    pub(crate) async fn next(&mut self) -> Heard {
        loop {
            let Some(listener) = &mut self.listener else {
                match connect_to(&self.pool, self.channel).await {
                    Ok(listener) => {
                        self.listener = Some(listener);
                        return Heard::Missed;
                    }
                    Err(_) => tokio::time::sleep(RETRY_EVERY).await,
                }
                continue;
            };
            match tokio::time::timeout(SILENCE, listener.try_recv()).await {
                Ok(Ok(Some(notification))) => {
                    return Heard::Payload(notification.payload().to_owned());
                }
                Ok(Ok(None)) => self.forget("it was closed"),
                Ok(Err(error)) => self.forget(&error.to_string()),
                Err(_) => {
                    let alive = tokio::time::timeout(ANSWER, listener.execute("SELECT 1")).await;
                    if !matches!(alive, Ok(Ok(_))) {
                        self.forget("it no longer answers");
                    }
                }
            }
        }
    }

    fn forget(&mut self, why: &str) {
        tracing::warn!("lost the connection that listens to {}: {why}", self.channel);
        self.listener = None;
    }
}

async fn connect_to(pool: &Pool<Postgres>, channel: &str) -> sqlx::Result<PgListener> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(channel).await?;
    Ok(listener)
}
