//! The same test on every engine. A server is used when its address is given in
//! `SERENE_TEST_POSTGRES_URL` or `SERENE_TEST_MYSQL_URL` (`scripts/with-databases` gives both);
//! otherwise its tests are skipped, unless `SERENE_TEST_ALL_ENGINES=1` makes that a failure.

use std::sync::atomic::{AtomicU32, Ordering};

use serene_db::{Db, DbError, ServerOptions, SqliteOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, Row};
use tempfile::TempDir;
use uuid::Uuid;

use crate::house;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
    Mysql,
}

/// Runs each of these functions on every engine, as `name::sqlite`, `name::postgres` and
/// `name::mysql`. They are given a [`Site`]: one with the schema and the owner of [`house`], or,
/// where it says `bare`, an empty one.
macro_rules! on_every_engine {
    ($($name:ident: $site:ident,)+) => {$(
        mod $name {
            use crate::engines::{Kind, Site};

            async fn on(kind: Kind) {
                if let Some(site) = Site::$site(kind).await {
                    super::$name(site).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                on(Kind::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                on(Kind::Postgres).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn mysql() {
                on(Kind::Mysql).await;
            }
        }
    )+};
}

pub(crate) use on_every_engine;

/// A database of its own on one engine, gone when dropped.
pub(crate) struct Site {
    pub(crate) db: Db,
    place: Place,
}

/// Where it is.
#[derive(Debug)]
pub(crate) enum Place {
    Sqlite(TempDir),
    Server { kind: Kind, admin: String, name: String },
}

impl Site {
    /// An empty database; `None` when there is no such server.
    pub(crate) async fn bare(kind: Kind) -> Option<Self> {
        let place = Place::new(kind).await?;
        Some(Self { db: place.open().await, place })
    }

    /// Like [`bare`](Self::bare), with the schema and the owner.
    pub(crate) async fn furnished(kind: Kind) -> Option<Self> {
        let site = Self::bare(kind).await?;
        site.furnish().await;
        Some(site)
    }

    pub(crate) async fn furnish(&self) {
        self.db.migrate(house::PORTABLE).await.unwrap();
        self.db.commit(house::add_owner(house::OWNER, "alice")).await.unwrap();
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.place {
            Place::Sqlite(_) => Kind::Sqlite,
            Place::Server { kind, .. } => kind,
        }
    }

    /// Another handle, as another process would have.
    pub(crate) async fn again(&self) -> Db {
        self.place.open().await
    }

    /// A handle with other settings; of servers only.
    pub(crate) async fn with(&self, change: impl FnOnce(&mut ServerOptions)) -> Db {
        self.place.open_with(change).await.unwrap()
    }

    pub(crate) async fn try_with(
        &self,
        change: impl FnOnce(&mut ServerOptions),
    ) -> Result<Db, DbError> {
        self.place.open_with(change).await
    }

    pub(crate) async fn things(&self) -> Vec<i64> {
        house::things(&self.db).await
    }

    /// Runs SQL as another program would. Returns the number in the first row, or 0.
    pub(crate) async fn outside(&self, sql: &str) -> i64 {
        match &self.place {
            Place::Sqlite(folder) => {
                let file = rusqlite::Connection::open(folder.path().join("serene.db")).unwrap();
                let mut prepared = file.prepare(sql).unwrap();
                let mut rows = prepared.raw_query();
                rows.next().unwrap().map_or(0, |row| row.get(0).unwrap())
            }
            Place::Server { kind, .. } => ask(*kind, &self.place.url(), sql).await,
        }
    }

    /// [`outside`](Self::outside) for a place where nothing can be awaited.
    pub(crate) fn outside_blocking(&self, sql: &str) -> i64 {
        apart(self.outside(sql))
    }

    /// An id in SQL.
    pub(crate) fn literal(&self, id: Uuid) -> String {
        match self.kind() {
            Kind::Postgres => format!("'{id}'"),
            Kind::Sqlite | Kind::Mysql => format!("x'{}'", id.simple()),
        }
    }

    /// Bytes, given in hex, in SQL.
    pub(crate) fn bytes(&self, hex: &str) -> String {
        match self.kind() {
            Kind::Postgres => format!("'\\x{hex}'"),
            Kind::Sqlite | Kind::Mysql => format!("x'{hex}'"),
        }
    }

    /// The name of the database, on a server.
    pub(crate) fn name(&self) -> &str {
        match &self.place {
            Place::Sqlite(_) => "",
            Place::Server { name, .. } => name,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.place.url()
    }
}

impl Place {
    pub(crate) async fn new(kind: Kind) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Some(admin) = address(kind) else {
            return (kind == Kind::Sqlite).then(|| Self::Sqlite(tempfile::tempdir().unwrap()));
        };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("serene_test_{}_{number}", std::process::id());
        let place = Self::Server { kind, admin: admin.clone(), name: name.clone() };
        ask(kind, &admin, &format!("CREATE DATABASE {name}")).await;
        Some(place)
    }

    async fn open(&self) -> Db {
        match self {
            Self::Sqlite(folder) => {
                Db::open_sqlite(SqliteOptions::new(folder.path().join("serene.db"))).unwrap()
            }
            Self::Server { .. } => self.open_with(|_| ()).await.unwrap(),
        }
    }

    async fn open_with(&self, change: impl FnOnce(&mut ServerOptions)) -> Result<Db, DbError> {
        let Self::Server { kind, .. } = self else { panic!("SQLite has no server") };
        let mut options = ServerOptions::new(self.url());
        change(&mut options);
        match kind {
            Kind::Postgres => Db::open_postgres(options).await,
            _ => Db::open_mysql(options).await,
        }
    }

    fn url(&self) -> String {
        let Self::Server { admin, name, .. } = self else { return String::new() };
        let (server, _) = admin.rsplit_once('/').unwrap();
        format!("{server}/{name}")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Server { kind, admin, name } = self {
            let force = if *kind == Kind::Postgres { " WITH (FORCE)" } else { "" };
            apart(ask(*kind, admin, &format!("DROP DATABASE {name}{force}")));
        }
    }
}

/// Runs a future on a thread and a runtime of its own.
fn apart<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(work)
        };
        scope.spawn(run).join().unwrap()
    })
}

/// Runs SQL, and reads the number in its first row.
async fn ask(kind: Kind, url: &str, sql: &str) -> i64 {
    let text = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    if kind == Kind::Postgres {
        let mut connection = PgConnection::connect(url).await.unwrap();
        let row = connection.fetch_optional(text).await.unwrap();
        return row.map_or(0, |row| row.try_get(0).unwrap());
    }
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    let row = connection.fetch_optional(text).await.unwrap();
    row.map_or(0, |row| row.try_get(0).unwrap())
}

/// The address of a server, with a superuser's name in it.
#[expect(clippy::disallowed_methods, reason = "how the tests are told of the servers")]
fn address(kind: Kind) -> Option<String> {
    let variable = match kind {
        Kind::Sqlite => return None,
        Kind::Postgres => "SERENE_TEST_POSTGRES_URL",
        Kind::Mysql => "SERENE_TEST_MYSQL_URL",
    };
    let address = std::env::var(variable).ok();
    let all = std::env::var("SERENE_TEST_ALL_ENGINES").is_ok_and(|value| value == "1");
    assert!(address.is_some() || !all, "{variable} is missing: run scripts/with-databases");
    if address.is_none() {
        eprintln!("skipped: {variable} is not set");
    }
    address
}
