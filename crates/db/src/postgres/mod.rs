//! The PostgreSQL engine: what this server does its own way.

mod cell;
mod error;
mod listen;
mod migrations;

use std::{str::FromStr, sync::Arc};

use sqlx::{
    Arguments as _, AssertSqlSafe, ConnectOptions as _, Encode, Executor as _, PgConnection,
    Postgres, Row as _, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgArguments, PgConnectOptions, PgRow, PgTypeInfo, types::Oid},
};

pub(crate) use self::{cell::cell, listen::PgListen};
use crate::{
    DbError, Migration, MigrationStatus, ServerOptions, Sql, Value,
    read::Inner,
    server::{self, Driver, Failure, KeyColumn, Server},
};

/// Statements are few and all static: keep every one of them prepared.
const CACHED_STATEMENTS: usize = 512;

/// The oldest version that its makers still mend.
const OLDEST: u32 = 14;

const OPTIONS: [&str; 17] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "options",
    "statement-cache-capacity",
];

/// One open PostgreSQL database.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) server: Arc<Server<Driven>>,
    connect: PgConnectOptions,
    options: ServerOptions,
    pub(crate) describe: String,
    pub(crate) warnings: Vec<String>,
}

/// Names the driver in types.
pub(crate) enum Driven {}

impl Engine {
    pub(crate) async fn open(options: ServerOptions) -> Result<Self, DbError> {
        options.check_options(&OPTIONS)?;
        let connect = PgConnectOptions::from_str(&options.url)
            .map_err(|error| cannot_open(&error))?
            .application_name("serene")
            .disable_statement_logging();
        let connect = if options.url.contains("statement-cache-capacity") {
            connect
        } else {
            connect.statement_cache_capacity(CACHED_STATEMENTS)
        };
        let mut first = server::connect::<Driven>(&connect, options.acquire_timeout)
            .await
            .map_err(|error| cannot_open(&error))?;
        let (describe, warnings) = look_at(&mut first).await?;
        let server = Server::new(&options, connect.clone(), settings(&options));
        Ok(Self { server: Arc::new(server), connect, options, describe, warnings })
    }

    pub(crate) async fn migrate(&self, list: &[Migration]) -> Result<usize, DbError> {
        let mut connection = self.connect_apart().await?;
        migrations::apply(&mut connection, list).await
    }

    pub(crate) async fn migration_status(
        &self,
        list: &[Migration],
    ) -> Result<Vec<MigrationStatus>, DbError> {
        let mut connection = self.connect_apart().await?;
        migrations::status(&mut connection, list).await
    }

    /// A connection of its own for what may take long.
    async fn connect_apart(&self) -> Result<PgConnection, DbError> {
        let work = server::connect::<Driven>(&self.connect, self.options.acquire_timeout);
        let mut connection = work.await.map_err(|error| migrations::failed(0, &error))?;
        let lock_ms = self.options.lock_timeout.as_millis();
        let text = format!(
            "SET TIME ZONE 'UTC'; SET statement_timeout = 0; SET lock_timeout = {lock_ms}; \
             SET client_min_messages = warning"
        );
        Driven::run(&mut connection, &text).await.map_err(|error| migrations::failed(0, &error))?;
        Ok(connection)
    }

    /// The plan without values, as it is made for every value, and with an index wherever one will
    /// do: in small tables PostgreSQL would not look at it.
    pub(crate) async fn explain(&self, sql: &'static Sql) -> Result<Vec<String>, DbError> {
        let broken = |error: sqlx::Error| error::refusal(sql, &error);
        let mut connection = self.connect_apart().await?;
        let nulls = vec!["NULL"; sql.placeholders()].join(", ");
        let values = if nulls.is_empty() { nulls } else { format!("({nulls})") };
        let prepare = format!(
            "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
             PREPARE serene_explain AS {}",
            sql.numbered()
        );
        Driven::run(&mut connection, &prepare).await.map_err(broken)?;
        let explain = format!("EXPLAIN EXECUTE serene_explain{values}");
        let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(explain))).await;
        rows.map_err(broken)?.iter().map(|row| row.try_get(0).map_err(broken)).collect()
    }

    pub(crate) async fn quick_check(&self) -> Result<Vec<String>, DbError> {
        static QUICK_CHECK: Sql = Sql::declare("storage.quick_check", "SELECT 1");
        self.server.rows(&QUICK_CHECK, &[]).await.map(|_| vec!["ok".to_owned()])
    }

    pub(crate) async fn listen(&self, channel: &'static str) -> Result<PgListen, DbError> {
        PgListen::start(self.connect.clone(), self.options.acquire_timeout, channel).await
    }

    pub(crate) async fn notify(
        &self,
        channel: &'static str,
        payload: String,
    ) -> Result<(), DbError> {
        static NOTIFY: Sql = Sql::declare("storage.notify", "SELECT pg_notify(?, ?)::text");
        let values = crate::values![channel, payload];
        self.server.rows(&NOTIFY, &values).await.map(drop)
    }
}

/// What every connection of the pool is told.
fn settings(options: &ServerOptions) -> String {
    format!(
        "SET TIME ZONE 'UTC'; SET statement_timeout = {}; SET lock_timeout = {}; \
         SET default_transaction_isolation = 'read committed'; \
         SET default_transaction_read_only = on; SET client_min_messages = warning; \
         SET idle_in_transaction_session_timeout = {}",
        options.statement_timeout.as_millis(),
        options.lock_timeout.as_millis(),
        // A process that fell asleep in the middle of a write must not keep its locks: whoever waits
        // for one then gets it instead of giving up.
        options.lock_timeout.as_millis(),
    )
}

/// Asks the server what it is, and what about it the operator should know.
async fn look_at(connection: &mut PgConnection) -> Result<(String, Vec<String>), DbError> {
    const ASK: &str = "SELECT current_setting('server_version'), \
        current_setting('server_version_num'), current_setting('server_encoding'), \
        current_setting('synchronous_commit'), current_setting('fsync'), \
        current_setting('full_page_writes')";
    let broken = |error: sqlx::Error| cannot_open(&error);
    let row = connection.fetch_one(ASK).await.map_err(broken)?;
    let setting = |index: usize| row.try_get::<String, _>(index).map_err(broken);
    let (version, number, encoding) = (setting(0)?, setting(1)?, setting(2)?);
    if encoding != "UTF8" {
        return Err(DbError::Open(format!(
            "the database's encoding is {encoding}; Serene needs one made with ENCODING 'UTF8'"
        )));
    }
    let version = version.split_whitespace().next().unwrap_or_default();
    let mut warnings = Vec::new();
    if number.parse::<u32>().is_ok_and(|number| number / 10_000 < OLDEST) {
        warnings.push(format!("PostgreSQL {version} is no longer mended; use {OLDEST} or newer"));
    }
    for (index, name, loss) in [
        (3, "synchronous_commit", "a crash of the server forgets what was just written"),
        (4, "fsync", "a power cut can destroy the database"),
        (5, "full_page_writes", "a power cut can destroy the database"),
    ] {
        if setting(index)? == "off" {
            warnings.push(format!("PostgreSQL runs with {name}=off: {loss}"));
        }
    }
    Ok((format!("PostgreSQL {version}"), warnings))
}

fn cannot_open(error: &sqlx::Error) -> DbError {
    DbError::Open(format!("cannot open the PostgreSQL database: {}", server::plain(error)))
}

impl Driver for Driven {
    type Database = Postgres;

    const SYSTEM: &'static str = "postgresql";

    fn begin_write() -> &'static Sql {
        static BEGIN: Sql = Sql::declare("storage.begin", "BEGIN READ WRITE");
        &BEGIN
    }

    fn begin_snapshot() -> &'static Sql {
        static BEGIN: Sql =
            Sql::declare("storage.snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        &BEGIN
    }

    async fn fetch(
        connection: &mut PgConnection,
        sql: &'static Sql,
        values: &[Value],
    ) -> sqlx::Result<Vec<PgRow>> {
        let arguments = arguments(values).map_err(sqlx::Error::Encode)?;
        connection.fetch_all(sqlx::query_with(sql.numbered(), arguments)).await
    }

    async fn execute(
        connection: &mut PgConnection,
        sql: &'static Sql,
        values: &[Value],
    ) -> sqlx::Result<u64> {
        let arguments = arguments(values).map_err(sqlx::Error::Encode)?;
        let done = connection.execute(sqlx::query_with(sql.numbered(), arguments)).await?;
        Ok(done.rows_affected())
    }

    async fn run(connection: &mut PgConnection, text: &str) -> sqlx::Result<()> {
        connection.execute(sqlx::raw_sql(AssertSqlSafe(text.to_owned()))).await.map(drop)
    }

    async fn keys(connection: &mut PgConnection) -> sqlx::Result<Vec<KeyColumn>> {
        const KEYS: &str = "SELECT k.relname::text, t.relname::text, a.attname::text \
            FROM pg_index i JOIN pg_class k ON k.oid = i.indexrelid \
            JOIN pg_class t ON t.oid = i.indrelid \
            CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS c (number, place) \
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.number \
            WHERE i.indisunique AND k.relnamespace = current_schema()::regnamespace \
            ORDER BY k.relname, c.place";
        let rows = connection.fetch_all(KEYS).await?;
        let column = |row: &PgRow| {
            Ok(KeyColumn { key: row.try_get(0)?, table: row.try_get(1)?, column: row.try_get(2)? })
        };
        rows.iter().map(column).collect()
    }

    fn judge(sql: &'static Sql, error: &sqlx::Error) -> Failure {
        error::judge(sql, error)
    }

    fn inner(row: &PgRow) -> Inner<'_> {
        Inner::Postgres(row)
    }
}

fn arguments(values: &[Value]) -> Result<PgArguments, BoxDynError> {
    let mut arguments = PgArguments::default();
    arguments.reserve(values.len(), 16 * values.len());
    for value in values {
        match value {
            Value::Int(value) => arguments.add(*value)?,
            Value::Uuid(value) => arguments.add(value.map(|id| PgUuid(*id.as_bytes())))?,
            Value::Text(value) => arguments.add(value.as_deref())?,
            Value::Blob(value) => arguments.add(value.as_deref())?,
        }
    }
    Ok(arguments)
}

/// A `uuid` as the protocol has it: sixteen bytes. They are compared as bytes, from left to right.
struct PgUuid([u8; 16]);

const UUID_OID: Oid = Oid(2950);

impl Type<Postgres> for PgUuid {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(UUID_OID)
    }
}

impl Encode<'_, Postgres> for PgUuid {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }
}
