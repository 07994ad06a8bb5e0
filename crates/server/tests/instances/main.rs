//! Several instances of the real binary on one database, behind nginx with the configuration that
//! operators are given: cut, killed, put to sleep, restarted, and with the database taken from them.
//!
//! `make instances-test` runs it on PostgreSQL and, in part, on MariaDB; `scripts/with-databases`
//! gives it both. `SEED=` repeats the choices of a run, `PARTS=1,4` runs these parts alone: 1 to 6 are
//! on PostgreSQL, 7 to 9 on MariaDB, and 9, which sleeps like 3, only when it is asked for.

mod check;
mod cluster;
mod database;
#[allow(dead_code, reason = "shared with the crash test, which uses all of it")]
#[path = "../crash/dice.rs"]
mod dice;
mod elsewhere;
mod frozen;
mod killed;
mod load;
mod outage;
mod process;
mod reading;
mod report;
mod rolling;
mod streams;
#[allow(dead_code, reason = "shared with the crash test, which uses all of it")]
#[path = "../crash/wire.rs"]
mod wire;

use std::{fs::Permissions, os::unix::fs::PermissionsExt, path::Path, process::ExitCode};

use anyhow::Context;

use crate::{
    cluster::Cluster,
    database::{Control, Database, Kind},
    process::now,
    report::Report,
};

#[expect(clippy::disallowed_methods, reason = "the settings of the test itself")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => {
            println!("instances-test: everything holds");
            ExitCode::SUCCESS
        }
        Ok(false) => {
            println!("instances-test: FAILED");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("instances-test: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What is run, and what it is run with.
struct Wanted {
    parts: Option<Vec<u32>>,
    seed: u64,
    postgres: String,
    mysql: String,
    control: Control,
}

impl Wanted {
    fn read() -> anyhow::Result<Self> {
        let needed = |name| {
            setting(name).with_context(|| format!("{name} is not set: use scripts/with-databases"))
        };
        let seed =
            setting("SEED").map(|seed| seed.parse()).transpose().context("SEED is no number")?;
        let parts = setting("PARTS").map(|parts| parts.split(',').map(str::parse).collect());
        Ok(Self {
            parts: parts.transpose().context("PARTS are no numbers")?,
            seed: seed.map_or_else(|| getrandom::u64().map(|seed| seed % 1_000_000), Ok)?,
            postgres: needed("SERENE_TEST_POSTGRES_URL")?,
            mysql: needed("SERENE_TEST_MYSQL_URL")?,
            control: Control(needed("SERENE_TEST_POSTGRES_CTL")?),
        })
    }

    fn has(&self, part: u32) -> bool {
        self.parts.as_ref().map_or(part != 9, |parts| parts.contains(&part))
    }
}

fn run() -> anyhow::Result<bool> {
    let wanted = Wanted::read()?;
    println!("instances-test: SEED={}", wanted.seed);
    let (start, home) = (now(), tempfile::tempdir()?);
    // nginx, which does not run as root, has its folder in there.
    std::fs::set_permissions(home.path(), Permissions::from_mode(0o711))?;
    let runtime = tokio::runtime::Runtime::new()?;
    let outcome = runtime.block_on(async {
        let mut good = on_postgres(&home.path().join("postgres"), &wanted).await?;
        if (7..=9).any(|part| wanted.has(part)) {
            good &= on_mariadb(&home.path().join("mariadb"), &wanted).await?;
        }
        Ok(good)
    });
    println!("instances-test: {} s, SEED={}", start.elapsed().as_secs(), wanted.seed);
    if !matches!(outcome, Ok(true)) {
        println!("instances-test: the logs are in {}", home.keep().display());
    }
    outcome
}

/// All parts.
async fn on_postgres(home: &Path, wanted: &Wanted) -> anyhow::Result<bool> {
    if !(1..=6).any(|part| wanted.has(part)) {
        return Ok(true);
    }
    std::fs::create_dir_all(home)?;
    let database = Database::create(Kind::Postgres, &wanted.postgres).await?;
    let mut cluster = Cluster::start(home, database, wanted.seed).await?;
    println!("instances-test: two instances on PostgreSQL behind nginx");
    let mut good = true;
    for part in (1..=6).filter(|part| wanted.has(*part)) {
        let report = match part {
            1 => streams::run(&mut cluster).await,
            2 => killed::run(&mut cluster).await,
            3 => frozen::run(&mut cluster).await,
            4 => rolling::run(&mut cluster).await,
            5 => outage::run(&mut cluster, &wanted.control).await,
            _ => elsewhere::run(&mut cluster).await,
        };
        good &= tell(part, report)?;
    }
    cluster.end().await?;
    Ok(good)
}

/// Where instances do not tell each other what is new: streams, and one that dies.
async fn on_mariadb(home: &Path, wanted: &Wanted) -> anyhow::Result<bool> {
    std::fs::create_dir_all(home)?;
    let database = Database::create(Kind::Mysql, &wanted.mysql).await?;
    let mut cluster = Cluster::start(home, database, wanted.seed).await?;
    println!("instances-test: two instances on MariaDB behind nginx");
    let mut good = true;
    for part in (7..=9).filter(|part| wanted.has(*part)) {
        let report = match part {
            7 => streams::run(&mut cluster).await,
            8 => killed::run(&mut cluster).await,
            _ => frozen::run(&mut cluster).await,
        };
        good &= tell(part, report)?;
    }
    cluster.end().await?;
    Ok(good)
}

fn tell(part: u32, report: anyhow::Result<Report>) -> anyhow::Result<bool> {
    let report = report.with_context(|| format!("part {part}"))?;
    report.print();
    Ok(report.is_good())
}
