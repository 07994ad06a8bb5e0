//! The database that the instances share: a new one on a throwaway server, looked at behind their
//! backs, and its server stopped and started.

use std::process::Command;

use anyhow::Context;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    Mysql,
}

/// A database.
pub(crate) struct Database {
    pub(crate) kind: Kind,
    pub(crate) url: String,
    server: String,
    name: String,
}

impl Database {
    /// A new one on this server.
    pub(crate) async fn create(kind: Kind, server: &str) -> anyhow::Result<Self> {
        let name = format!("instances_{:x}", getrandom::u64()?);
        let (host, _) = server.rsplit_once('/').context("the server's address has no database")?;
        let (server, url) = (server.to_owned(), format!("{host}/{name}"));
        let database = Self { kind, url, server, name };
        database.run(&database.server, &format!("CREATE DATABASE {}", database.name)).await?;
        Ok(database)
    }

    /// Throws it away; nobody uses it any more.
    pub(crate) async fn drop(self) -> anyhow::Result<()> {
        self.run(&self.server, &format!("DROP DATABASE {}", self.name)).await
    }

    async fn run(&self, url: &str, sql: &str) -> anyhow::Result<()> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self.kind {
            Kind::Postgres => postgres(url).await?.execute(sql).await.map(|_| ())?,
            Kind::Mysql => mysql(url).await?.execute(sql).await.map(|_| ())?,
        }
        Ok(())
    }

    /// What a statement counts.
    pub(crate) async fn count(&self, sql: &'static str) -> anyhow::Result<i64> {
        Ok(match self.kind {
            Kind::Postgres => postgres(&self.url).await?.fetch_one(sql).await?.try_get(0)?,
            Kind::Mysql => mysql(&self.url).await?.fetch_one(sql).await?.try_get(0)?,
        })
    }

    /// How many connections are in the middle of a transaction and have asked for nothing for a
    /// while: those of somebody who sleeps.
    pub(crate) async fn half_done(&self) -> anyhow::Result<i64> {
        let half_done = match self.kind {
            Kind::Postgres => {
                "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND state = 'idle in transaction' \
                 AND clock_timestamp() - state_change > INTERVAL '100 milliseconds'"
            }
            Kind::Mysql => {
                "SELECT COUNT(*) FROM information_schema.innodb_trx t \
                 JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
                 WHERE p.command = 'Sleep' AND p.db = DATABASE() AND p.time_ms > 100 \
                 AND t.trx_rows_modified > 0"
            }
        };
        self.count(half_done).await
    }
}

async fn postgres(url: &str) -> anyhow::Result<sqlx::PgConnection> {
    let options: sqlx::postgres::PgConnectOptions = url.parse()?;
    Ok(options.disable_statement_logging().connect().await?)
}

async fn mysql(url: &str) -> anyhow::Result<sqlx::MySqlConnection> {
    Ok(sqlx::MySqlConnection::connect(url).await?)
}

/// The command that stops and starts the server of PostgreSQL.
pub(crate) struct Control(pub(crate) String);

impl Control {
    /// `stop` or `start`; returns when it is done.
    pub(crate) fn run(&self, what: &str) -> anyhow::Result<()> {
        let status = tokio::task::block_in_place(|| Command::new(&self.0).arg(what).status());
        let status = status.with_context(|| format!("cannot run {}", self.0))?;
        anyhow::ensure!(status.success(), "the database server: {what} failed with {status}");
        Ok(())
    }
}
