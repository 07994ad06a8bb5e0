//! Where the tests keep their data: in a SQLite file each, or each in a database of its own on a
//! server. `SERENE_TEST_ENGINE` says which (`sqlite`, `postgres` or `mysql`); the servers are those of
//! `scripts/with-databases`. What is looked at behind the product's back is looked at here.

use std::{
    fmt::Write as _,
    future::Future,
    path::Path,
    sync::{OnceLock, mpsc},
};

pub(crate) use rusqlite::types::Value as Cell;
use serene_core::base::{Clock, Ids};
use serene_db::{Db, ServerOptions, SqliteOptions};
use sqlx::{
    AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Row as _, TypeInfo as _,
    ValueRef as _,
};
use tempfile::TempDir;

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
    Mysql,
}

/// The engine of this run.
pub(crate) fn engine() -> Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    *ENGINE.get_or_init(|| {
        let name = setting("SERENE_TEST_ENGINE").unwrap_or_else(|| "sqlite".into());
        match name.as_str() {
            "sqlite" => Engine::Sqlite,
            "postgres" => Engine::Postgres,
            "mysql" => Engine::Mysql,
            other => panic!("SERENE_TEST_ENGINE={other} is none of sqlite, postgres and mysql"),
        }
    })
}

/// True on an engine other than SQLite: for the tests that are about SQLite itself, and have that in
/// their name.
pub(crate) fn not_on_sqlite() -> bool {
    engine() != Engine::Sqlite
}

#[expect(clippy::disallowed_methods, reason = "the settings of the tests themselves")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn server_url() -> String {
    let name = match engine() {
        Engine::Postgres => "SERENE_TEST_POSTGRES_URL",
        _ => "SERENE_TEST_MYSQL_URL",
    };
    setting(name).unwrap_or_else(|| panic!("{name} is not set: use scripts/with-databases"))
}

/// The same server, another database.
fn with_name(url: &str, name: &str) -> String {
    let (address, options) = url.split_once('?').map_or((url, None), |(a, b)| (a, Some(b)));
    let host = address.rsplit_once('/').map_or(address, |(host, _)| host);
    let options = options.map(|options| format!("?{options}")).unwrap_or_default();
    format!("{host}/{name}{options}")
}

/// Data that several servers may use, one after the other or at once.
#[derive(Debug)]
pub(crate) struct TestData {
    folder: TempDir,
    /// Of the database, where that is on a server.
    url: Option<String>,
}

impl TestData {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = (engine() != Engine::Sqlite).then(|| {
            let (server, name) = (
                server_url(),
                format!("t{}", Ids::random().new_id(Clock::system().now()).simple()),
            );
            let create = format!("CREATE DATABASE {name}");
            elsewhere(run(server.clone(), create));
            with_name(&server, &name)
        });
        Self { folder, url }
    }

    /// The folder of the file, or of nothing.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// For `DATABASE_URL`.
    pub(crate) fn address(&self) -> String {
        let file = || format!("sqlite:///{}", self.path().join("serene.db").display());
        self.url.clone().unwrap_or_else(file)
    }

    pub(crate) async fn open(&self, max_pages: Option<u32>) -> Db {
        match (&self.url, engine()) {
            (Some(url), Engine::Postgres) => {
                Db::open_postgres(ServerOptions::new(url)).await.unwrap()
            }
            (Some(url), _) => Db::open_mysql(ServerOptions::new(url)).await.unwrap(),
            (None, _) => {
                let mut sqlite = SqliteOptions::new(self.path().join("serene.db"));
                sqlite.max_pages = max_pages;
                Db::open_sqlite(sqlite).unwrap()
            }
        }
    }

    /// Every row of a query, as it is stored.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Vec<Cell>> {
        match &self.url {
            Some(url) => elsewhere(rows(url.clone(), dialect(sql))),
            None => rows_of_file(&self.path().join("serene.db"), sql),
        }
    }

    /// Runs a statement; how many rows it touched.
    pub(crate) fn execute(&self, sql: &str) -> u64 {
        match &self.url {
            Some(url) => elsewhere(run(url.clone(), dialect(sql))),
            None => {
                let file = rusqlite::Connection::open(self.path().join("serene.db")).unwrap();
                file.execute(sql, []).unwrap() as u64
            }
        }
    }

    /// The tables that have such a column.
    pub(crate) fn tables_with(&self, column: &str) -> Vec<String> {
        let sql = match (&self.url, engine()) {
            (Some(url), _) => format!(
                "SELECT CAST(table_name AS CHAR(64)) FROM information_schema.columns \
                 WHERE table_schema = '{}' AND column_name = '{column}' ORDER BY 1",
                schema_of(url)
            ),
            (None, _) => format!(
                "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                 WHERE m.type = 'table' AND c.name = '{column}' ORDER BY 1"
            ),
        };
        self.rows(&sql).into_iter().map(|row| text_of(&row[0])).collect()
    }

    /// Lets nobody write until it is dropped.
    pub(crate) fn hold_writes(&self) -> Held {
        let (release, released) = mpsc::channel::<()>();
        let (ready, is_ready) = mpsc::channel();
        let (url, file) = (self.url.clone(), self.path().join("serene.db"));
        let holding = std::thread::Builder::new().spawn(move || {
            let tables = "messages, generations, generation_chunks, conversations, entries";
            let Some(url) = url else {
                let file = rusqlite::Connection::open(file).unwrap();
                file.execute_batch("BEGIN IMMEDIATE").unwrap();
                ready.send(()).unwrap();
                let _ = released.recv();
                return;
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                if engine() == Engine::Postgres {
                    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
                    // What these tests write is no statement of the product.
                    let options = options.disable_statement_logging();
                    let mut connection = options.connect().await.unwrap();
                    let lock = format!("BEGIN; LOCK TABLE {tables} IN SHARE MODE");
                    sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut connection).await.unwrap();
                    ready.send(()).unwrap();
                    let _ = released.recv();
                    connection.close().await.unwrap();
                } else {
                    let options: sqlx::mysql::MySqlConnectOptions = url.parse().unwrap();
                    // What these tests write is no statement of the product.
                    let options = options.disable_statement_logging();
                    let mut connection = options.connect().await.unwrap();
                    let lock = format!("LOCK TABLES {}", tables.replace(',', " READ,") + " READ");
                    sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut connection).await.unwrap();
                    ready.send(()).unwrap();
                    let _ = released.recv();
                    connection.close().await.unwrap();
                }
            });
        });
        is_ready.recv().unwrap();
        Held { release: Some(release), holding: Some(holding.unwrap()) }
    }

    /// Makes every such change fail, as a full disk would: `UPDATE ON entries`.
    pub(crate) fn stick(&self, event: &str) {
        let make = match engine() {
            Engine::Sqlite => format!(
                "CREATE TRIGGER stuck BEFORE {event} BEGIN SELECT RAISE(ABORT, 'stuck'); END"
            ),
            Engine::Mysql => format!(
                "CREATE TRIGGER stuck BEFORE {event} FOR EACH ROW \
                 SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'stuck'"
            ),
            Engine::Postgres => format!(
                "CREATE OR REPLACE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION 'stuck'; END $$; \
                 CREATE TRIGGER stuck BEFORE {event} FOR EACH ROW EXECUTE FUNCTION stuck()"
            ),
        };
        self.execute(&make);
    }

    /// Takes that away again.
    pub(crate) fn unstick(&self, table: &str) {
        self.execute(&match engine() {
            Engine::Postgres => format!("DROP TRIGGER stuck ON {table}"),
            _ => "DROP TRIGGER stuck".to_owned(),
        });
    }

    /// Where these bytes lie: files, or the tables of a server.
    pub(crate) fn places_with(&self, wanted: &str) -> Vec<String> {
        let Some(url) = &self.url else { return files_with(self.path(), wanted) };
        let tables = elsewhere(rows(url.clone(), tables_of(url)));
        let mut found = Vec::new();
        for table in tables {
            let table = text_of(&table[0]);
            let holds = |value: &Cell| match value {
                Cell::Text(text) => text.contains(wanted),
                Cell::Blob(bytes) => {
                    bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
                }
                _ => false,
            };
            let rows = elsewhere(rows(url.clone(), format!("SELECT * FROM {table}")));
            if rows.iter().flatten().any(holds) {
                found.push(table.clone());
            }
        }
        found
    }
}

/// Every row of a query, as it is stored in a SQLite file.
pub(crate) fn rows_of_file(file: &Path, sql: &str) -> Vec<Vec<Cell>> {
    let file = rusqlite::Connection::open(file).unwrap();
    let mut statement = file.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut found = statement.query([]).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = found.next().unwrap() {
        rows.push((0..columns).map(|column| row.get(column).unwrap()).collect());
    }
    rows
}

/// Others wait until it is dropped.
pub(crate) struct Held {
    release: Option<mpsc::Sender<()>>,
    holding: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release.take();
        let _ = self.holding.take().map(std::thread::JoinHandle::join);
    }
}

fn text_of(cell: &Cell) -> String {
    let Cell::Text(text) = cell else { panic!("no text: {cell:?}") };
    text.trim_end().to_owned()
}

/// Bytes as they stand in a statement.
pub(crate) fn literal(bytes: &[u8]) -> String {
    let mut literal = String::from("X'");
    for byte in bytes {
        let _ = write!(literal, "{byte:02x}"); // writing to a String cannot fail
    }
    literal + "'"
}

/// The files under a folder in which these bytes occur.
pub(crate) fn files_with(folder: &Path, wanted: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, wanted));
        } else if std::fs::read(&path)
            .unwrap()
            .windows(wanted.len())
            .any(|w| w == wanted.as_bytes())
        {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found
}

/// Runs this on a thread and a runtime of its own, so that a test may wait for it wherever it is.
pub(crate) fn elsewhere<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(work)
        });
        thread.join().unwrap()
    })
}

fn schema_of(url: &str) -> String {
    match engine() {
        Engine::Postgres => "public".to_owned(),
        _ => url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned(),
    }
}

fn tables_of(url: &str) -> String {
    format!(
        "SELECT CAST(table_name AS CHAR(64)) FROM information_schema.tables \
         WHERE table_schema = '{}' ORDER BY 1",
        schema_of(url)
    )
}

/// What the tests write for SQLite, as the engine of this run says it.
fn dialect(sql: &str) -> String {
    match engine() {
        Engine::Sqlite => sql.to_owned(),
        Engine::Mysql => sql.replace("AS TEXT)", "AS CHAR)"),
        Engine::Postgres => {
            let mut out = String::new();
            let mut rest = sql;
            while let Some((before, after)) = rest.split_once("X'") {
                let (hex, after) = after.split_once('\'').unwrap();
                out.push_str(before);
                // Without a type, so that it takes the column's; sixteen bytes are an id.
                let bytes = if hex.len() == 32 { "" } else { "\\x" };
                let _ = write!(out, "'{bytes}{hex}'"); // writing to a String cannot fail
                rest = after;
            }
            out + rest
        }
    }
}

async fn run(url: String, sql: String) -> u64 {
    let sql = AssertSqlSafe(sql);
    match engine() {
        Engine::Postgres => {
            let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
            // What these tests write is no statement of the product.
            let options = options.disable_statement_logging();
            let mut connection = options.connect().await.unwrap();
            let done = sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            done.rows_affected()
        }
        _ => {
            let options: sqlx::mysql::MySqlConnectOptions = url.parse().unwrap();
            // What these tests write is no statement of the product.
            let options = options.disable_statement_logging();
            let mut connection = options.connect().await.unwrap();
            let done = sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            done.rows_affected()
        }
    }
}

async fn rows(url: String, sql: String) -> Vec<Vec<Cell>> {
    let sql = AssertSqlSafe(sql);
    match engine() {
        Engine::Postgres => {
            let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
            // What these tests write is no statement of the product.
            let options = options.disable_statement_logging();
            let mut connection = options.connect().await.unwrap();
            let found = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            found.iter().map(of_postgres).collect()
        }
        _ => {
            let options: sqlx::mysql::MySqlConnectOptions = url.parse().unwrap();
            // What these tests write is no statement of the product.
            let options = options.disable_statement_logging();
            let mut connection = options.connect().await.unwrap();
            let found = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            found.iter().map(of_mysql).collect()
        }
    }
}

fn of_postgres(row: &sqlx::postgres::PgRow) -> Vec<Cell> {
    let value = |column: &sqlx::postgres::PgColumn| {
        let index = column.ordinal();
        match column.type_info().name() {
            "UUID" => {
                let raw = row.try_get_raw(index).unwrap();
                (!raw.is_null()).then(|| Cell::Blob(raw.as_bytes().unwrap().to_vec()))
            }
            "BYTEA" => row.get::<Option<Vec<u8>>, _>(index).map(Cell::Blob),
            "INT4" => row.get::<Option<i32>, _>(index).map(|value| Cell::Integer(value.into())),
            "INT8" => row.get::<Option<i64>, _>(index).map(Cell::Integer),
            "BOOL" => row.get::<Option<bool>, _>(index).map(|value| Cell::Integer(value.into())),
            _ => row.get::<Option<String>, _>(index).map(Cell::Text),
        }
        .unwrap_or(Cell::Null)
    };
    row.columns().iter().map(value).collect()
}

fn of_mysql(row: &sqlx::mysql::MySqlRow) -> Vec<Cell> {
    let value = |column: &sqlx::mysql::MySqlColumn| {
        let index = column.ordinal();
        let name = column.type_info().name();
        match name {
            _ if name.contains("BINARY") || name.contains("BLOB") => {
                row.get::<Option<Vec<u8>>, _>(index).map(Cell::Blob)
            }
            _ if name.contains("INT") => row.get::<Option<i64>, _>(index).map(Cell::Integer),
            "BOOLEAN" => row.get::<Option<i64>, _>(index).map(Cell::Integer),
            _ => row.get::<Option<String>, _>(index).map(Cell::Text),
        }
        .unwrap_or(Cell::Null)
    };
    row.columns().iter().map(value).collect()
}
