//! Reads the database itself, while no Serene has it open: a SQLite file, or one on a server, as
//! `SERENE_TEST_ENGINE` says.

use std::path::Path;

use anyhow::Context;
use rusqlite::{Connection as File, OpenFlags};
use sqlx::{ConnectOptions, Connection};

use crate::{engines, findings::Findings};

/// Where the servers keep what they are told.
pub(crate) struct Database {
    address: String,
}

/// Each counts what must not be there.
const NEVER: [(&str, &str); 6] = [
    (
        "users whose ended generations are not as many as their records of usage",
        "SELECT count(*) FROM users u WHERE
            (SELECT count(*) FROM usage_records r WHERE r.owner_id = u.id AND r.purpose = 'reply')
            <> (SELECT count(*) FROM generations g WHERE g.owner_id = u.id
                AND g.status NOT IN ('pending', 'running'))",
    ),
    (
        "saved pieces of generations that have ended",
        "SELECT count(*) FROM generation_chunks c JOIN generations g
            ON g.owner_id = c.owner_id AND g.id = c.generation_id
            WHERE g.status NOT IN ('pending', 'running')",
    ),
    (
        "places in a conversation where not one message is shown",
        "SELECT count(*) FROM (SELECT sum(shown) AS shown FROM messages
            GROUP BY owner_id, conversation_id, position) AS places WHERE shown <> 1",
    ),
    (
        "conversations whose reply is not being written",
        "SELECT count(*) FROM conversations c WHERE active_generation_id IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM generations g WHERE g.owner_id = c.owner_id
                AND g.id = c.active_generation_id AND g.status IN ('pending', 'running'))",
    ),
    (
        "replies that are being written, in conversations that do not know it",
        "SELECT count(*) FROM generations g WHERE g.status IN ('pending', 'running')
            AND NOT EXISTS (SELECT 1 FROM conversations c WHERE c.owner_id = g.owner_id
                AND c.active_generation_id = g.id)",
    ),
    (
        "messages that are pending although their generation has ended",
        "SELECT count(*) FROM messages m JOIN generations g
            ON g.owner_id = m.owner_id AND g.id = m.generation_id
            WHERE m.status = 'pending' AND g.status NOT IN ('pending', 'running')",
    ),
];

/// And what must not be there after a proper stop.
const NEVER_AT_REST: [(&str, &str); 4] = [
    ("calls that keep room free", "SELECT count(*) FROM usage_reservations"),
    (
        "totals in which room is kept free",
        "SELECT count(*) FROM usage_totals WHERE tokens_reserved <> 0 OR cost_nanos_reserved <> 0",
    ),
    (
        "generations that run",
        "SELECT count(*) FROM generations WHERE status IN ('pending', 'running')",
    ),
    (
        "messages of a user that are there twice",
        "SELECT count(*) FROM (SELECT 1 FROM messages WHERE role = 'user'
            GROUP BY owner_id, content HAVING count(*) > 1) AS twice",
    ),
];

/// And what a file must not have then.
const NEVER_IN_A_FILE: (&str, &str) =
    ("rows without what they belong to", "SELECT count(*) FROM pragma_foreign_key_check");

impl Database {
    pub(crate) fn new() -> Self {
        let on_server = engines::not_on_sqlite().then(|| engines::TestData::new().address());
        Self { address: on_server.unwrap_or_else(|| "sqlite:///serene.db".to_owned()) }
    }

    /// For the servers.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// How large it is, where that can be seen.
    pub(crate) fn bytes(&self, home: &Path) -> Option<u64> {
        let is_file = self.address.starts_with("sqlite");
        is_file.then(|| std::fs::metadata(home.join("serene.db")).ok())?.map(|file| file.len())
    }

    /// Looks at what was left by a kill, or after a proper stop.
    pub(crate) async fn check(
        &self,
        home: &Path,
        at_rest: bool,
        findings: &mut Findings,
    ) -> anyhow::Result<()> {
        let at_rest = if at_rest { &NEVER_AT_REST[..] } else { &[] };
        let never: Vec<_> = NEVER.iter().chain(at_rest).copied().collect();
        for (what, count) in self.counts(home, never).await? {
            if count != 0 {
                findings.wrong(format!("{count} {what}"));
            }
        }
        if self.address.starts_with("sqlite") {
            let health = open(home)?.query_row("PRAGMA quick_check", [], |row| row.get(0));
            let health: String = health?;
            if health != "ok" {
                findings.wrong(format!("quick_check says: {health}"));
            }
        }
        Ok(())
    }

    async fn counts(
        &self,
        home: &Path,
        mut never: Vec<(&'static str, &'static str)>,
    ) -> anyhow::Result<Vec<(&'static str, i64)>> {
        let mut counts = Vec::new();
        if self.address.starts_with("postgres") {
            let options: sqlx::postgres::PgConnectOptions = self.address.parse()?;
            let mut database = options.connect().await?;
            for (what, sql) in never {
                counts.push((what, sqlx::query_scalar(sql).fetch_one(&mut database).await?));
            }
            database.close().await?;
        } else if self.address.starts_with("mysql") {
            let options: sqlx::mysql::MySqlConnectOptions = self.address.parse()?;
            let mut database = options.connect().await?;
            for (what, sql) in never {
                counts.push((what, sqlx::query_scalar(sql).fetch_one(&mut database).await?));
            }
            database.close().await?;
        } else {
            never.push(NEVER_IN_A_FILE);
            let file = open(home)?;
            for (what, sql) in never {
                counts.push((what, file.query_row(sql, [], |row| row.get(0))?));
            }
        }
        Ok(counts)
    }
}

fn open(home: &Path) -> anyhow::Result<File> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    File::open_with_flags(home.join("serene.db"), flags).context("cannot open the file")
}
