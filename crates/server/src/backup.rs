//! `serene backup` and `serene restore`: one file that holds the SQLite database. A database server
//! has better tools of its own, and is told which.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use serene_core::{base::Clock, schema::MIGRATIONS};
use serene_db::{Checked, MigrationState, restore as put_back};
use tokio::time::Instant;
use url::Url;

use crate::{
    config::{Config, DatabaseUrl},
    out::say,
    wiring,
};

/// What a database is not empty with.
const ROOT: &str = "users";

pub(crate) fn back_up(config: &Config, file: &Path) -> anyhow::Result<ExitCode> {
    let DatabaseUrl::Sqlite { path } = &config.database else {
        say!("{}", instead(config, file, Direction::Out));
        return Ok(ExitCode::FAILURE);
    };
    let begin = Instant::now();
    let backup = serene_db::back_up(path, file, MIGRATIONS)?;
    let seconds = begin.elapsed().as_secs_f64();
    say!("{}: {}, written and read again in {seconds:.1} s", file.display(), describe(&backup));
    say!("not in it: the signing secret, and the master key if texts are sealed (docs/backup.md)");
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn restore(
    config: &Config,
    file: &Path,
    replace: bool,
) -> anyhow::Result<ExitCode> {
    let DatabaseUrl::Sqlite { path } = &config.database else {
        say!("{}", instead(config, file, Direction::In));
        return Ok(ExitCode::FAILURE);
    };
    let _lock = wiring::lock(config)?;
    let keep = replace.then(|| kept_name(path));
    let restored = put_back(file, path, keep.as_deref(), ROOT, MIGRATIONS)?;
    let db = wiring::open_database(config).await.context("what was put there does not open")?;
    let lines = db.quick_check().await?;
    if lines != ["ok"] {
        bail!("the database is damaged: {}", lines.join("; "));
    }
    let status = db.migration_status(MIGRATIONS).await?;
    let pending = status.iter().filter(|one| one.state == MigrationState::Pending).count();
    say!("{}: {}, read again in its place", path.display(), describe(&restored.backup));
    if pending > 0 {
        say!("it is from an older version; the next start brings it up to date");
    }
    if let Some(kept) = restored.kept {
        say!("the database that was there is now {}", kept.display());
    }
    say!("not in a backup: the signing secret, and the master key if texts are sealed");
    Ok(ExitCode::SUCCESS)
}

fn describe(backup: &Checked) -> String {
    let users = backup.tables.iter().find(|(table, _)| table == ROOT).map_or(0, |(_, rows)| *rows);
    let rows: u64 = backup.tables.iter().map(|(_, rows)| rows).sum();
    let bytes = backup.bytes;
    format!("{bytes} bytes, accounts: {users}, rows in all: {rows}")
}

/// `serene.db.before-2026-11-21T07-15-11Z`.
fn kept_name(path: &Path) -> PathBuf {
    let now = Clock::system().now().to_timestamp();
    let mut name = path.as_os_str().to_owned();
    name.push(now.strftime(".before-%Y-%m-%dT%H-%M-%SZ").to_string());
    name.into()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Out,
    In,
}

/// What the server's own tool is called with for this database, without the password.
fn instead(config: &Config, file: &Path, direction: Direction) -> String {
    let url = config.database.server_url().expect("what is no file is on a server");
    let file = quoted(&file.display().to_string());
    let command = match (&config.database, direction) {
        (DatabaseUrl::Postgres { .. }, Direction::Out) => {
            format!("pg_dump --format=custom --file={file} {}", quoted(&passwordless(url)))
        }
        (DatabaseUrl::Postgres { .. }, Direction::In) => format!(
            "pg_restore --single-transaction --no-owner --dbname={} {file}",
            quoted(&passwordless(url))
        ),
        (_, Direction::Out) => format!(
            "mariadb-dump --single-transaction --hex-blob {} --password --result-file={file} {}",
            mysql_flags(&url),
            quoted(url.path().trim_start_matches('/'))
        ),
        (_, Direction::In) => format!(
            "mariadb {} --password {} < {file}",
            mysql_flags(&url),
            quoted(url.path().trim_start_matches('/'))
        ),
    };
    let what = match direction {
        Direction::Out => {
            "`serene backup` is for SQLite. This database is on a server, whose own tool does it \
             beside running servers:"
        }
        Direction::In => {
            "`serene restore` is for SQLite. This database is on a server: stop every `serene`, make \
             a new, empty database, and give it what its own tool has kept:"
        }
    };
    format!("{what}\n  {command}")
}

/// The address as PostgreSQL's tools take it; they ask for the password, or read `~/.pgpass`.
fn passwordless(mut url: Url) -> String {
    // Refused only by addresses without a host, which have no password either.
    let _ = url.set_password(None);
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != "password" && name != "statement-cache-capacity")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    url.to_string()
}

fn mysql_flags(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let mut flags = vec![format!("--host={}", quoted(host))];
    flags.extend(url.port().map(|port| format!("--port={port}")));
    if !url.username().is_empty() {
        flags.push(format!("--user={}", quoted(&decoded(url.username()))));
    }
    flags.join(" ")
}

/// A part of an address as it was before `%` and two digits stood for some of it.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = hex.and_then(|two| u8::from_str_radix(two, 16).ok()).filter(|_| *first == b'%');
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// As a shell reads it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_tools_get_everything_but_the_password() {
        let url = |text: &str| Url::parse(text).unwrap();
        assert_eq!(
            passwordless(url(
                "postgresql://u%40x:hunter2@h:5433/db?sslmode=require&password=hunter2"
            )),
            "postgresql://u%40x@h:5433/db?sslmode=require"
        );
        assert_eq!(passwordless(url("postgresql://u@h/db")), "postgresql://u@h/db");
        assert_eq!(
            mysql_flags(&url("mysql://ana%40home%20x:hunter2@[::1]:3307/db")),
            "--host=::1 --port=3307 --user='ana@home x'"
        );
        assert_eq!(decoded("100%"), "100%");
    }

    #[test]
    fn a_shell_reads_the_name_that_was_given() {
        assert_eq!(quoted("/var/backups/serene.db"), "/var/backups/serene.db");
        assert_eq!(quoted("it's here"), r"'it'\''s here'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("postgresql://u@h/d?a=b&c=d"), "'postgresql://u@h/d?a=b&c=d'");
    }
}
