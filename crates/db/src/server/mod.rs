//! What PostgreSQL and MySQL have in common: a pool of connections, reads and their snapshots, and
//! when it is worth to try again.
//!
//! The connections can only read (the session says so to the server); a write says otherwise in
//! its BEGIN. A connection whose work was cut off, by an error or by a caller who went away, is
//! closed and never used again.

mod failure;
mod names;
mod options;
mod write;

use std::{
    fmt,
    future::Future,
    io,
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection as _, Database, Pool,
    pool::{PoolConnection, PoolConnectionMetadata, PoolOptions},
};
use tokio::time::Instant;

pub use self::options::ServerOptions;
use self::{failure::Patience, names::Names};
pub(crate) use self::{
    failure::{Failure, without_answer},
    names::{KeyColumn, shorten},
};
use crate::{DbError, Row, Select, Sql, Value, read::Inner, slow::Watch};

pub(crate) type ConnectionOf<D> = <<D as Driver>::Database as Database>::Connection;
pub(crate) type RowOf<D> = <<D as Driver>::Database as Database>::Row;
pub(crate) type OptionsOf<D> = <ConnectionOf<D> as sqlx::Connection>::Options;

/// How long a connection may lie unused before it is looked at first.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// What is added to the server's own limit before this side gives a statement up: the server is
/// then gone without a word.
const GRACE: Duration = Duration::from_secs(5);

/// What one kind of server does its own way.
pub(crate) trait Driver: Sized + Send + Sync + 'static {
    type Database: Database;

    /// The kind of server, as the metrics call it.
    const SYSTEM: &'static str;

    fn begin_write() -> &'static Sql;
    fn begin_snapshot() -> &'static Sql;

    /// Runs a prepared statement and takes all its rows.
    fn fetch<'c>(
        connection: &'c mut ConnectionOf<Self>,
        sql: &'static Sql,
        values: &'c [Value],
    ) -> impl Future<Output = sqlx::Result<Vec<RowOf<Self>>>> + Send + 'c;

    /// Runs a prepared statement and says how many rows it touched.
    fn execute<'c>(
        connection: &'c mut ConnectionOf<Self>,
        sql: &'static Sql,
        values: &'c [Value],
    ) -> impl Future<Output = sqlx::Result<u64>> + Send + 'c;

    /// Runs text as it is: one or several statements without values.
    fn run<'c>(
        connection: &'c mut ConnectionOf<Self>,
        text: &'c str,
    ) -> impl Future<Output = sqlx::Result<()>> + Send + 'c;

    /// The columns of all unique keys.
    fn keys(
        connection: &mut ConnectionOf<Self>,
    ) -> impl Future<Output = sqlx::Result<Vec<KeyColumn>>> + Send;

    /// What an error of a statement means.
    fn judge(sql: &'static Sql, error: &sqlx::Error) -> Failure;

    fn inner(row: &RowOf<Self>) -> Inner<'_>;
}

/// One open database on a server.
pub(crate) struct Server<D: Driver> {
    pool: Pool<D::Database>,
    /// How long this side waits for an answer.
    limit: Option<Duration>,
    names: Names,
    writable: AtomicBool,
    lost: Arc<LastLoss>,
    driver: PhantomData<D>,
}

impl<D: Driver> fmt::Debug for Server<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}

/// When a connection was last found dead: others that lay unused at that time may be, too.
#[derive(Debug, Default)]
struct LastLoss(Mutex<Option<Instant>>);

impl LastLoss {
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn casts_doubt_on(&self, idle_for: Duration) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle_for >= TRUSTED_FOR || last.is_some_and(|last| last.elapsed() <= idle_for)
    }
}

/// Connects, and waits for a server that is about to start.
pub(crate) async fn connect<D: Driver>(
    options: &OptionsOf<D>,
    patience: Duration,
) -> sqlx::Result<ConnectionOf<D>> {
    const RETRY_EVERY: Duration = Duration::from_millis(100);
    let start = Instant::now();
    loop {
        let left = patience.saturating_sub(start.elapsed());
        let connected = tokio::time::timeout(left, ConnectOptions::connect(options)).await;
        let error = match connected {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => error,
            Err(_) => sqlx::Error::Io(io::ErrorKind::TimedOut.into()),
        };
        let starting = match &error {
            sqlx::Error::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
            sqlx::Error::Database(error) => error.is_transient_in_connect_phase(),
            _ => false,
        };
        if !starting || start.elapsed() + RETRY_EVERY >= patience {
            return Err(error);
        }
        tokio::time::sleep(RETRY_EVERY).await;
    }
}

/// What went wrong, in one line.
pub(crate) fn plain(error: &sqlx::Error) -> String {
    let text = match error {
        sqlx::Error::Io(error) => format!("the server does not answer ({error})"),
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Configuration(error) => format!("its address cannot be used ({error})"),
        error => error.to_string(),
    };
    text.replace(['\n', '\r'], " ")
}

/// A connection that is lent out. Closed when dropped before [`done`](Self::done) was said.
struct Lease<D: Driver> {
    connection: PoolConnection<D::Database>,
    done: bool,
}

impl<D: Driver> Lease<D> {
    /// It is as it was, and may be lent to somebody else.
    fn done(mut self) {
        self.done = true;
    }
}

impl<D: Driver> Drop for Lease<D> {
    fn drop(&mut self) {
        if !self.done {
            self.connection.close_on_drop();
        }
    }
}

/// What ended a pair of reads: the caller's own mapping, or the server.
enum Stop<E> {
    Caller(E),
    Server(Failure),
}

impl<E> From<Failure> for Stop<E> {
    fn from(failure: Failure) -> Self {
        Self::Server(failure)
    }
}

impl<D: Driver> Server<D> {
    /// A pool that connects when the first connection is needed. `settings` is run on each.
    pub(crate) fn new(options: &ServerOptions, connect: OptionsOf<D>, settings: String) -> Self {
        let lost = Arc::new(LastLoss::default());
        let (doubt, settings) = (Arc::clone(&lost), Arc::<str>::from(settings));
        let pool = PoolOptions::<D::Database>::new()
            .max_connections(options.pool_size.max(1))
            .acquire_timeout(options.acquire_timeout)
            .idle_timeout(options.idle_timeout)
            .test_before_acquire(false)
            .before_acquire(move |connection, meta: PoolConnectionMetadata| {
                let doubtful = doubt.casts_doubt_on(meta.idle_for);
                Box::pin(async move {
                    // A dead one is replaced at once; nobody needs to read of it.
                    Ok(!doubtful || connection.ping().await.is_ok())
                })
            })
            .after_connect(move |connection, _| {
                let settings = Arc::clone(&settings);
                Box::pin(async move { D::run(connection, &settings).await })
            })
            .connect_lazy_with(connect);
        let limit = options.statement_timeout;
        Self {
            pool,
            limit: (!limit.is_zero()).then(|| limit + GRACE),
            names: Names::default(),
            writable: AtomicBool::new(true),
            lost,
            driver: PhantomData,
        }
    }

    async fn lease(&self) -> Result<Lease<D>, Failure> {
        match self.pool.acquire().await {
            Ok(connection) => Ok(Lease { connection, done: false }),
            Err(error) => Err(match without_answer("storage.connect", &error) {
                Failure::Lost(reason) => {
                    tracing::error!("cannot reach the database: {reason}");
                    Failure::Unreachable(DbError::Busy)
                }
                Failure::Refused(DbError::Broken { message, .. }) => {
                    let text = format!("cannot connect to the database: {message}");
                    tracing::error!("{text}");
                    Failure::Unreachable(DbError::Io(text))
                }
                failure => failure,
            }),
        }
    }

    /// Waits for an answer, but not for a server that has vanished.
    async fn answer<T>(
        &self,
        sql: &'static Sql,
        work: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T, Failure> {
        let watch = Watch::start(D::SYSTEM, sql.name());
        let answer = match self.limit {
            None => work.await,
            Some(limit) => match tokio::time::timeout(limit, work).await {
                Ok(answer) => answer,
                Err(_) => Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())),
            },
        };
        watch.stop();
        answer.map_err(|error| {
            let failure = D::judge(sql, &error);
            if matches!(failure, Failure::Lost(_)) {
                self.lost.note();
            }
            failure
        })
    }

    async fn run(&self, lease: &mut Lease<D>, sql: &'static Sql) -> Result<(), Failure> {
        self.answer(sql, D::run(&mut lease.connection, sql.text())).await
    }

    async fn fetch(
        &self,
        lease: &mut Lease<D>,
        sql: &'static Sql,
        values: &[Value],
    ) -> Result<Vec<RowOf<D>>, Failure> {
        check_values(sql, values)?;
        self.answer(sql, D::fetch(&mut lease.connection, sql, values)).await
    }

    async fn try_rows(
        &self,
        sql: &'static Sql,
        values: &[Value],
    ) -> Result<Vec<RowOf<D>>, Failure> {
        let mut lease = self.lease().await?;
        let rows = self.fetch(&mut lease, sql, values).await;
        // An error of one statement leaves the connection as it was.
        if !matches!(rows, Err(Failure::Lost(_))) {
            lease.done();
        }
        rows
    }

    /// All rows of a read. A connection that turns out to be dead is replaced.
    pub(crate) async fn rows(
        &self,
        sql: &'static Sql,
        values: &[Value],
    ) -> Result<Vec<RowOf<D>>, DbError> {
        let mut patience = Patience::new();
        loop {
            match self.try_rows(sql, values).await {
                Ok(rows) => return Ok(rows),
                Err(failure) => patience.wait(failure).await?,
            }
        }
    }

    pub(crate) async fn all<T, E, F>(&self, select: &mut Select<F>) -> Result<Vec<T>, E>
    where
        F: FnMut(&Row<'_>) -> Result<T, E>,
        E: From<DbError>,
    {
        let rows = self.rows(select.sql, &select.values).await?;
        map::<D, _, _, _>(select, &rows)
    }

    pub(crate) async fn one<T, E, F>(&self, select: &mut Select<F>) -> Result<Option<T>, E>
    where
        F: FnMut(&Row<'_>) -> Result<T, E>,
        E: From<DbError>,
    {
        let mut rows = self.rows(select.sql, &select.values).await?;
        rows.truncate(1);
        Ok(map::<D, _, _, _>(select, &rows)?.pop())
    }

    /// Two reads under one snapshot.
    pub(crate) async fn pair<A, B, E, FA, FB>(
        &self,
        parent: &mut Select<FA>,
        children: &mut Select<FB>,
    ) -> Result<Option<(A, Vec<B>)>, E>
    where
        FA: FnMut(&Row<'_>) -> Result<A, E>,
        FB: FnMut(&Row<'_>) -> Result<B, E>,
        E: From<DbError>,
    {
        let mut patience = Patience::new();
        loop {
            match self.try_pair(parent, children).await {
                Ok(pair) => return Ok(pair),
                Err(Stop::Caller(error)) => return Err(error),
                Err(Stop::Server(failure)) => patience.wait(failure).await?,
            }
        }
    }

    async fn try_pair<A, B, E, FA, FB>(
        &self,
        parent: &mut Select<FA>,
        children: &mut Select<FB>,
    ) -> Result<Option<(A, Vec<B>)>, Stop<E>>
    where
        FA: FnMut(&Row<'_>) -> Result<A, E>,
        FB: FnMut(&Row<'_>) -> Result<B, E>,
    {
        let mut lease = self.lease().await?;
        self.run(&mut lease, D::begin_snapshot()).await?;
        let result = self.pair_within(&mut lease, parent, children).await;
        if !matches!(result, Err(Stop::Server(Failure::Lost(_))))
            && self.run(&mut lease, &write::ROLLBACK).await.is_ok()
        {
            lease.done();
        }
        result
    }

    async fn pair_within<A, B, E, FA, FB>(
        &self,
        lease: &mut Lease<D>,
        parent: &mut Select<FA>,
        children: &mut Select<FB>,
    ) -> Result<Option<(A, Vec<B>)>, Stop<E>>
    where
        FA: FnMut(&Row<'_>) -> Result<A, E>,
        FB: FnMut(&Row<'_>) -> Result<B, E>,
    {
        let mut first = self.fetch(lease, parent.sql, &parent.values).await?;
        first.truncate(1);
        let Some(first) = map::<D, _, _, _>(parent, &first).map_err(Stop::Caller)?.pop() else {
            return Ok(None);
        };
        let rest = self.fetch(lease, children.sql, &children.values).await?;
        Ok(Some((first, map::<D, _, _, _>(children, &rest).map_err(Stop::Caller)?)))
    }
}

fn map<D: Driver, T, E, F>(select: &mut Select<F>, rows: &[RowOf<D>]) -> Result<Vec<T>, E>
where
    F: FnMut(&Row<'_>) -> Result<T, E>,
{
    let statement = select.sql.name();
    rows.iter().map(|row| (select.map)(&Row { statement, inner: D::inner(row) })).collect()
}

fn check_values(sql: &'static Sql, values: &[Value]) -> Result<(), DbError> {
    match sql.mistake_in(values) {
        None => Ok(()),
        Some(message) => Err(DbError::Broken { statement: sql.name(), message }),
    }
}
