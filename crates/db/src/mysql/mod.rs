//! The MySQL and MariaDB engine: what these servers do their own way.

mod cell;
mod error;
mod migrations;

use std::{str::FromStr, sync::Arc};

use sqlx::{
    Arguments as _, AssertSqlSafe, ConnectOptions as _, Executor as _, MySql, MySqlConnection,
    Row as _,
    error::BoxDynError,
    mysql::{MySqlArguments, MySqlConnectOptions, MySqlRow},
};

pub(crate) use self::cell::cell;
use self::migrations::Migrator;
use crate::{
    DbError, Migration, MigrationStatus, ServerOptions, Sql, Value,
    read::Inner,
    server::{self, Driver, Failure, KeyColumn, Server},
};

/// Statements are few and all static: keep every one of them prepared.
const CACHED_STATEMENTS: usize = 512;

/// A write is sent whole: the largest value, and some more beside it.
const LEAST_PACKET: u64 = 32 * 1024 * 1024;

const OPTIONS: [&str; 12] = [
    "sslmode",
    "ssl-mode",
    "sslca",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "socket",
    "charset",
    "collation",
    "statement-cache-capacity",
];

/// One open MySQL or MariaDB database.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) server: Arc<Server<Driven>>,
    connect: MySqlConnectOptions,
    options: ServerOptions,
    maker: Maker,
    database: String,
    pub(crate) describe: String,
    pub(crate) warnings: Vec<String>,
}

/// Who made the server. They went different ways after MySQL 5.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    MariaDb,
    MySql,
}

impl Maker {
    /// Compares bytes, and does not take `'a'` and `'a '` for the same, as `utf8mb4_bin` does.
    const fn collation(self) -> &'static str {
        match self {
            Self::MariaDb => "utf8mb4_nopad_bin",
            Self::MySql => "utf8mb4_0900_bin",
        }
    }

    /// The limit of a statement, which each maker counts in its own unit.
    fn statement_timeout(self, limit_ms: u128) -> String {
        match self {
            Self::MariaDb => {
                format!("max_statement_time = {}.{:03}", limit_ms / 1000, limit_ms % 1000)
            }
            Self::MySql => format!("max_execution_time = {limit_ms}"),
        }
    }

    /// How long a transaction may ask for nothing: a process that fell asleep in the middle of a
    /// write must not keep its locks. MySQL knows no such limit.
    fn idle_timeout(self, limit_s: u64) -> String {
        match self {
            Self::MariaDb => format!(", idle_transaction_timeout = {limit_s}"),
            Self::MySql => String::new(),
        }
    }
}

/// Names the driver in types.
pub(crate) enum Driven {}

impl Engine {
    pub(crate) async fn open(options: ServerOptions) -> Result<Self, DbError> {
        options.check_options(&OPTIONS)?;
        let connect = MySqlConnectOptions::from_str(&options.url)
            .map_err(|error| cannot_open(&error))?
            .disable_statement_logging()
            // Everything of the kind is said in `settings`, in one go.
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .set_names(false);
        let connect = if options.url.contains("statement-cache-capacity") {
            connect
        } else {
            connect.statement_cache_capacity(CACHED_STATEMENTS)
        };
        let Some(database) = connect.get_database().map(ToOwned::to_owned) else {
            return Err(DbError::Open("the address of the database names no database".to_owned()));
        };
        let mut first = server::connect::<Driven>(&connect, options.acquire_timeout)
            .await
            .map_err(|error| cannot_open(&error))?;
        let (maker, describe, warnings) = look_at(&mut first).await?;
        let pooled = format!(
            "{}; SET SESSION TRANSACTION READ ONLY",
            settings(maker, &options, options.statement_timeout.as_millis())
        );
        let server = Arc::new(Server::new(&options, connect.clone(), pooled));
        Ok(Self { server, connect, options, maker, database, describe, warnings })
    }

    pub(crate) async fn migrate(&self, list: &[Migration]) -> Result<usize, DbError> {
        self.migrator().await?.apply(list).await
    }

    pub(crate) async fn migration_status(
        &self,
        list: &[Migration],
    ) -> Result<Vec<MigrationStatus>, DbError> {
        self.migrator().await?.status(list).await
    }

    async fn migrator(&self) -> Result<Migrator, DbError> {
        let connection = self.connect_apart().await?;
        Ok(Migrator {
            connection,
            collation: self.maker.collation(),
            database: self.database.clone(),
        })
    }

    /// A connection of its own for what may take long.
    async fn connect_apart(&self) -> Result<MySqlConnection, DbError> {
        let work = server::connect::<Driven>(&self.connect, self.options.acquire_timeout);
        let mut connection = work.await.map_err(|error| migrations::failed(0, &error))?;
        let text = settings(self.maker, &self.options, 0);
        Driven::run(&mut connection, &text).await.map_err(|error| migrations::failed(0, &error))?;
        Ok(connection)
    }

    /// The plan, for values that stand for any.
    pub(crate) async fn explain(&self, sql: &'static Sql) -> Result<Vec<String>, DbError> {
        let broken = |error: sqlx::Error| error::refusal(sql, &error);
        let mut connection = self.connect_apart().await?;
        let mut arguments = MySqlArguments::default();
        let mut before: Vec<&str> = sql.text().split('?').collect();
        before.truncate(sql.placeholders());
        for text in before {
            // NULL would be compared with nothing at all; only LIMIT wants a number.
            let limit = text.trim_end().to_ascii_uppercase().ends_with("LIMIT");
            let added = if limit { arguments.add(1_i64) } else { arguments.add("1") };
            added.map_err(|error| broken(sqlx::Error::Encode(error)))?;
        }
        let explain = AssertSqlSafe(format!("EXPLAIN {}", sql.text()));
        let rows = connection.fetch_all(sqlx::query_with(explain, arguments)).await;
        Ok(rows.map_err(broken)?.iter().map(plan_line).collect())
    }

    pub(crate) async fn quick_check(&self) -> Result<Vec<String>, DbError> {
        static QUICK_CHECK: Sql = Sql::declare("storage.quick_check", "SELECT 1");
        self.server.rows(&QUICK_CHECK, &[]).await.map(|_| vec!["ok".to_owned()])
    }
}

/// A line of the plan: `table=things type=ref key=PRIMARY …`, without what is NULL.
fn plan_line(row: &MySqlRow) -> String {
    use sqlx::Column as _;
    let column = |column: &sqlx::mysql::MySqlColumn| {
        let value = match cell(row, column.ordinal())? {
            crate::read::Cell::Text(text) => text.to_owned(),
            crate::read::Cell::Int(number) => number.to_string(),
            _ => return None,
        };
        Some(format!("{}={value}", column.name()))
    };
    row.columns().iter().filter_map(column).collect::<Vec<_>>().join(" ")
}

/// What every connection is told.
fn settings(maker: Maker, options: &ServerOptions, statement_timeout_ms: u128) -> String {
    let lock_s = options.lock_timeout.as_secs().max(1);
    format!(
        "SET NAMES utf8mb4 COLLATE {collation}, time_zone = '+00:00', \
         sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,\
         NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY', \
         innodb_lock_wait_timeout = {lock_s}, lock_wait_timeout = {lock_s}, {limit}{idle}; \
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        collation = maker.collation(),
        limit = maker.statement_timeout(statement_timeout_ms),
        idle = maker.idle_timeout(lock_s),
    )
}

/// Asks the server what it is, and what about it the operator should know.
async fn look_at(
    connection: &mut MySqlConnection,
) -> Result<(Maker, String, Vec<String>), DbError> {
    const ASK: &str = "SELECT CONVERT(VERSION() USING utf8mb4), \
        CAST(@@max_allowed_packet AS CHAR), CAST(@@innodb_flush_log_at_trx_commit AS CHAR), \
        CAST(@@sync_binlog AS CHAR), CAST(@@log_bin AS CHAR), CAST(@@innodb_doublewrite AS CHAR)";
    let row = connection.fetch_one(ASK).await.map_err(|error| cannot_open(&error))?;
    let answer = |index: usize| -> Result<String, DbError> {
        row.try_get(index).map_err(|error| cannot_open(&error))
    };
    let version = answer(0)?;
    let maker = if version.contains("MariaDB") { Maker::MariaDb } else { Maker::MySql };
    let number = version.split('-').next().unwrap_or_default();
    let packet = answer(1)?.parse::<u64>().unwrap_or(0);
    if packet < LEAST_PACKET {
        return Err(DbError::Open(format!(
            "the server takes no more than {} MiB at once (max_allowed_packet), and Serene needs \
             32: set max_allowed_packet=64M in the server's configuration and restart it",
            packet / (1024 * 1024)
        )));
    }
    let (name, oldest) = match maker {
        Maker::MariaDb => ("MariaDB", (10, 6)),
        Maker::MySql => ("MySQL", (8, 0)),
    };
    let describe = format!("{name} {number}");
    let mut warnings = Vec::new();
    if release(number) < oldest {
        warnings.push(format!(
            "{describe} is older than Serene is tested with: use {name} {}.{} or newer",
            oldest.0, oldest.1
        ));
    }
    if answer(2)? != "1" {
        warnings.push(format!(
            "{name} runs with innodb_flush_log_at_trx_commit={}: a crash forgets what was just written",
            answer(2)?
        ));
    }
    if answer(4)? == "1" && answer(3)? != "1" {
        warnings.push(format!(
            "{name} runs with sync_binlog={}: after a power cut a replica can differ from it",
            answer(3)?
        ));
    }
    if matches!(answer(5)?.as_str(), "0" | "OFF") {
        warnings.push(format!(
            "{name} runs with innodb_doublewrite=OFF: a power cut can destroy the database"
        ));
    }
    Ok((maker, describe, warnings))
}

/// The first two numbers of a version.
fn release(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn cannot_open(error: &sqlx::Error) -> DbError {
    DbError::Open(format!("cannot open the MySQL database: {}", server::plain(error)))
}

impl Driver for Driven {
    type Database = MySql;

    // MariaDB too: it is what is spoken that counts.
    const SYSTEM: &'static str = "mysql";

    fn begin_write() -> &'static Sql {
        static BEGIN: Sql = Sql::declare("storage.begin", "START TRANSACTION READ WRITE");
        &BEGIN
    }

    fn begin_snapshot() -> &'static Sql {
        static BEGIN: Sql = Sql::declare(
            "storage.snapshot",
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION READ ONLY",
        );
        &BEGIN
    }

    async fn fetch(
        connection: &mut MySqlConnection,
        sql: &'static Sql,
        values: &[Value],
    ) -> sqlx::Result<Vec<MySqlRow>> {
        let arguments = arguments(values).map_err(sqlx::Error::Encode)?;
        connection.fetch_all(sqlx::query_with(sql.text(), arguments)).await
    }

    /// The driver asks for the rows that were found (`CLIENT_FOUND_ROWS`), not those that changed.
    async fn execute(
        connection: &mut MySqlConnection,
        sql: &'static Sql,
        values: &[Value],
    ) -> sqlx::Result<u64> {
        let arguments = arguments(values).map_err(sqlx::Error::Encode)?;
        let done = connection.execute(sqlx::query_with(sql.text(), arguments)).await?;
        Ok(done.rows_affected())
    }

    async fn run(connection: &mut MySqlConnection, text: &str) -> sqlx::Result<()> {
        connection.execute(sqlx::raw_sql(AssertSqlSafe(text.to_owned()))).await.map(drop)
    }

    async fn keys(connection: &mut MySqlConnection) -> sqlx::Result<Vec<KeyColumn>> {
        const KEYS: &str = "SELECT CONCAT(table_name, '.', index_name), table_name, column_name \
            FROM information_schema.statistics \
            WHERE table_schema = DATABASE() AND non_unique = 0 \
            ORDER BY table_name, index_name, seq_in_index";
        let rows = connection.fetch_all(KEYS).await?;
        let column = |row: &MySqlRow| {
            Ok(KeyColumn { key: row.try_get(0)?, table: row.try_get(1)?, column: row.try_get(2)? })
        };
        rows.iter().map(column).collect()
    }

    fn judge(sql: &'static Sql, error: &sqlx::Error) -> Failure {
        error::judge(sql, error)
    }

    fn inner(row: &MySqlRow) -> Inner<'_> {
        Inner::Mysql(row)
    }
}

fn arguments(values: &[Value]) -> Result<MySqlArguments, BoxDynError> {
    let mut arguments = MySqlArguments::default();
    arguments.reserve(values.len(), 16 * values.len());
    for value in values {
        match value {
            Value::Int(value) => arguments.add(*value)?,
            Value::Uuid(value) => arguments.add(value.as_ref().map(|id| &id.as_bytes()[..]))?,
            Value::Text(value) => arguments.add(value.as_deref())?,
            Value::Blob(value) => arguments.add(value.as_deref())?,
        }
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(release("10.11.19") > (10, 6) && release("10.5.1") < (10, 6));
        assert!(release("8.4.3") > (8, 0) && release("5.7.44") < (8, 0));
        assert_eq!(release("12"), (12, 0));
    }

    #[test]
    fn each_maker_has_its_own_unit_of_time() {
        assert_eq!(Maker::MariaDb.statement_timeout(1_500), "max_statement_time = 1.500");
        assert_eq!(Maker::MySql.statement_timeout(1_500), "max_execution_time = 1500");
    }
}
