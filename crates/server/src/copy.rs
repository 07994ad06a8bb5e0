//! `serene copy`: moves everything from one database into another, whatever engine each of them is.

use std::{collections::HashSet, path::PathBuf, process::ExitCode};

use anyhow::{Context, anyhow, bail};
use serene_core::{
    base::{Clock, Error, Ids, Instances, limits::BEAT_EVERY},
    schema::MIGRATIONS,
};
use serene_db::{Copied, Copy, CopyPlan, DataLock, Db};

use crate::{config::DatabaseUrl, out::say, wiring};

/// Everything but the processes that serve: those of one database are none of the other's.
const PLAN: CopyPlan = CopyPlan { migrations: MIGRATIONS, skipped: &["instances"], root: "users" };

/// How many rows are written between two lines that say so.
const TOLD_EVERY_ROWS: u64 = 100_000;

pub(crate) async fn run(from: &str, to: &str) -> anyhow::Result<ExitCode> {
    let (source, target) = (address("--from", from)?, address("--to", to)?);
    if let DatabaseUrl::Sqlite { path } = &source
        && !path.exists()
    {
        bail!("there is no database at {}", path.display());
    }
    let _locks = lock(&[&source, &target])?;
    let from = wiring::open_address(&source).await.context("the source")?;
    let to = wiring::open_address(&target).await.context("the target")?;
    let instances = Instances::shared(&Ids::random(), Clock::system().now(), BEAT_EVERY, None);
    for (side, address, db) in [("source", &source, &from), ("target", &target, &to)] {
        alone(&instances, side, address, db).await?;
    }

    let copy = Copy::begin(&from, &to, PLAN).await?;
    // One that had looked for the mark before it was there is now found; one that comes later finds it.
    alone(&instances, "target", &target, &to).await?;
    if copy.is_resumed() {
        say!("going on with the copy that was cut off");
    }
    copy.rows(tell()).await.context("run it again to go on where this ended")?;
    let tables = copy.verify().await?;
    // One that began to serve the source in between may have changed it.
    alone(&instances, "source", &source, &from).await?;
    print(&tables);
    let different = tables.iter().filter(|table| !table.equal).count();
    if different > 0 {
        bail!(
            "source and target differ (tables: {different}): nothing serves this target; give a new \
             file or a new database and copy again"
        );
    }
    copy.finish().await?;
    let rows: u64 = tables.iter().map(|table| table.target_rows).sum();
    say!("copied and compared: {rows} rows in {} tables", tables.len());
    say!(
        "take JWT_SECRET and SERENE_MASTER_KEY along: they are not in a database (docs/moving.md)"
    );
    Ok(ExitCode::SUCCESS)
}

/// Reads an address, or the file that holds it. Never quotes it.
fn address(flag: &'static str, given: &str) -> anyhow::Result<DatabaseUrl> {
    let text = match given.strip_prefix('@') {
        None => given.to_owned(),
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("{flag}: cannot read {file}"))?
            .trim()
            .to_owned(),
    };
    let address = DatabaseUrl::parse(&text).map_err(|problem| anyhow!("{flag} {problem}"))?;
    if address.has_password() && !given.starts_with('@') {
        tracing::warn!(
            "{flag} holds a password, which other users of this machine can see; put the address \
             into a file and give {flag} @FILE"
        );
    }
    Ok(address)
}

/// Keeps servers from the SQLite files, which may be in one folder.
fn lock(sides: &[&DatabaseUrl]) -> anyhow::Result<Vec<DataLock>> {
    let mut locks = Vec::new();
    let mut locked: HashSet<PathBuf> = HashSet::new();
    for folder in sides.iter().filter_map(|side| side.folder()) {
        // One that is not there yet is nobody's; it is made with its lock.
        if !folder.canonicalize().is_ok_and(|folder| locked.contains(&folder)) {
            locks.push(DataLock::acquire(&folder)?);
            locked.insert(folder.canonicalize()?);
        }
    }
    Ok(locks)
}

/// Waits until it is known that nobody serves a database on a server. A file has its lock.
async fn alone(
    instances: &Instances,
    side: &'static str,
    address: &DatabaseUrl,
    db: &Db,
) -> anyhow::Result<()> {
    if matches!(address, DatabaseUrl::Sqlite { .. }) || !wiring::is_migrated(db).await? {
        return Ok(());
    }
    match instances.wait_until_alone(db).await {
        Err(Error::OthersServe) => {
            bail!("a server is running on the {side}: stop every one of them first")
        }
        result => result.with_context(|| format!("the {side}")),
    }
}

/// Says how far it is, for those who wait.
fn tell() -> impl FnMut(&str, u64) {
    let mut told = 0;
    move |table, rows| {
        let steps = rows / TOLD_EVERY_ROWS;
        if steps != told {
            told = steps;
            tracing::info!(table, rows, "copying {table}: {rows} rows");
        }
    }
}

fn print(tables: &[Copied]) {
    let width = tables.iter().map(|table| table.table.len()).max().unwrap_or(0);
    for Copied { table, source_rows, target_rows, equal } in tables {
        if *equal {
            say!("{table:<width$}  {source_rows:>10}  ok");
        } else {
            say!("{table:<width$}  {source_rows:>10}  DIFFERENT ({target_rows} in the target)");
        }
    }
}
