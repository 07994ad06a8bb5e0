//! `serene doctor`: looks at everything a server needs, and says what is wrong in words that help.

use std::process::ExitCode;

use serene_core::{
    schema::MIGRATIONS,
    sealing::{self, Status},
};
use serene_db::{DataLock, Db, LockError, MigrationState};

use crate::{
    config::{Config, DatabaseUrl, Environment, check_production},
    out::say,
    wiring,
};

/// What a check found.
enum Finding {
    Good(String),
    Note(String),
    Bad(String),
}

/// Exit code 0 when nothing is bad.
pub(crate) async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let mut findings = vec![environment(config), lock(config)];
    match wiring::open_database(config).await {
        Ok(db) => {
            findings.push(Finding::Good(format!("{} opens the database", db.describe())));
            findings.extend(db.warnings().iter().cloned().map(Finding::Note));
            findings.push(schema(&db).await);
            findings.push(file(&db).await);
            findings.push(writing(&db).await);
            findings.push(vault(config, &db).await);
        }
        Err(error) => findings.push(Finding::Bad(format!("{error:#}"))),
    }
    findings.push(engine(config));
    findings.extend(config.warnings.iter().cloned().map(Finding::Note));

    let mut bad = 0;
    for finding in findings {
        match finding {
            Finding::Good(text) => say!("ok    {text}"),
            Finding::Note(text) => say!("note  {text}"),
            Finding::Bad(text) => {
                bad += 1;
                say!("BAD   {text}");
            }
        }
    }
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A model on this machine is read for it, whatever time that takes.
fn engine(config: &Config) -> Finding {
    match wiring::engine(&config.ai) {
        Ok(_) => Finding::Good(format!("engine: {}", wiring::describe_engine(&config.ai))),
        Err(error) => Finding::Bad(format!("engine: {error:#}")),
    }
}

fn environment(config: &Config) -> Finding {
    match (config.environment, check_production(config)) {
        (Environment::Development, _) => {
            Finding::Note("SERENE_ENV is development; set production where others reach it".into())
        }
        (Environment::Production, Ok(())) => {
            Finding::Good("production, with a strong secret".into())
        }
        (Environment::Production, Err(error)) => Finding::Bad(error.to_string()),
    }
}

fn lock(config: &Config) -> Finding {
    let folder = config.data_dir();
    if !matches!(config.database, DatabaseUrl::Sqlite { .. }) {
        return Finding::Good("the database server does its own locking".into());
    }
    match DataLock::acquire(&folder) {
        Ok(_) => Finding::Good(format!("no other server uses {}", folder.display())),
        Err(LockError::Held(_)) => {
            Finding::Note(format!("a server is running on {}", folder.display()))
        }
        Err(error) => Finding::Bad(error.to_string()),
    }
}

async fn schema(db: &Db) -> Finding {
    match db.migration_status(MIGRATIONS).await {
        Ok(all) => {
            let pending = all.iter().filter(|one| one.state == MigrationState::Pending).count();
            match pending {
                0 => Finding::Good(format!("the schema is up to date (migrations: {})", all.len())),
                _ => Finding::Note(format!("migrations to apply at the next start: {pending}")),
            }
        }
        Err(error) => Finding::Bad(error.to_string()),
    }
}

async fn file(db: &Db) -> Finding {
    match db.quick_check().await {
        Ok(lines) if lines == ["ok"] => Finding::Good("the database file is sound".into()),
        Ok(lines) => Finding::Bad(format!("the database file is damaged: {}", lines.join("; "))),
        Err(error) => Finding::Bad(error.to_string()),
    }
}

async fn writing(db: &Db) -> Finding {
    match db.migration_status(MIGRATIONS).await {
        Ok(all) if all.iter().all(|one| one.state == MigrationState::Applied) => {
            match db.probe().await {
                Ok(()) => Finding::Good("the database can be written".into()),
                Err(error) => Finding::Bad(format!("the database cannot be written: {error}")),
            }
        }
        _ => Finding::Note(
            "whether the database can be written is not known before its tables are made".into(),
        ),
    }
}

async fn vault(config: &Config, db: &Db) -> Finding {
    if !matches!(db.migration_status(MIGRATIONS).await, Ok(all) if all.iter().all(|one| one.state == MigrationState::Applied))
    {
        return Finding::Note(
            "whether texts are sealed is not known before its tables are made".into(),
        );
    }
    match sealing::check(db, config.master_key.as_ref()).await {
        Ok(Status::Off) => Finding::Note(
            "texts are not sealed: SERENE_MASTER_KEY protects them in stolen files and backups"
                .into(),
        ),
        Ok(_) => Finding::Good("texts are sealed, and the master key fits".into()),
        Err(error) => Finding::Bad(error.to_string()),
    }
}
