//! `serene vault`: says how the texts are stored, and changes it while no server runs.

use std::{path::Path, process::ExitCode};

use anyhow::Context;
use serene_core::{
    base::{MasterKey, Vault},
    sealing::{self, Status, VaultError},
};
use serene_db::DataLock;

use crate::{cli::VaultCommand, config::Config, out::say, wiring};

pub(crate) async fn run(config: &Config, command: VaultCommand) -> anyhow::Result<ExitCode> {
    match command {
        VaultCommand::Key => say!("{}", MasterKey::random().to_base64()),
        VaultCommand::Status => return status(config).await,
        VaultCommand::Encrypt => {
            let key = key(config)?;
            let (base, _lock) = alone(config).await?;
            let sealed = sealing::encrypt(&base, key).await?;
            say!("sealed now: {sealed}");
            say!(
                "keep the master key {} apart from the database and its backups:",
                key.fingerprint()
            );
            say!("without it nobody can read what people wrote, you included");
        }
        VaultCommand::Decrypt => {
            let key = key(config)?;
            let (base, _lock) = alone(config).await?;
            let opened = sealing::decrypt(&base, key).await?;
            say!("opened now: {opened}");
            say!("take the master key out of the configuration, or nothing starts");
        }
        VaultCommand::Rotate { new_key_file } => {
            let (old, new) = (key(config)?, read_key(&new_key_file)?);
            let (base, _lock) = alone(config).await?;
            let wrapped = sealing::rotate(&base, old, &new).await?;
            say!("keys wrapped now: {wrapped}");
            say!("from now on the master key is {}", new.fingerprint());
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn status(config: &Config) -> anyhow::Result<ExitCode> {
    let db = wiring::open_migrated(config).await?;
    match sealing::status(&db).await? {
        Status::Off => say!("texts are stored as they are"),
        Status::On => say!("texts are sealed"),
        Status::Unfinished(command) => say!("unfinished: run `serene vault {command}` again"),
    }
    let Some(key) = &config.master_key else {
        say!("no master key is configured");
        return Ok(ExitCode::SUCCESS);
    };
    say!("the configured master key is {}", key.fingerprint());
    match sealing::check(&db, Some(key)).await {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            say!("{error}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The database with nobody else at it, and no reply half written: those are stored first.
async fn alone(config: &Config) -> anyhow::Result<(serene_core::base::Base, Option<DataLock>)> {
    let lock = wiring::lock(config)?;
    let db = wiring::open_migrated(config).await?;
    let vault = match sealing::status(&db).await? {
        Status::Off => Some(Vault::plain()),
        Status::On => Some(sealing::open(&db, config.master_key.as_ref()).await?),
        // That was done before it began.
        Status::Unfinished(_) => None,
    };
    let base = wiring::base(config, db, vault.clone().unwrap_or_default(), lock.as_ref());
    if vault.is_some() {
        let product = wiring::product_without_model(config, base.clone())?;
        product.join_alone().await?;
        product.generations.sweep().await?;
        product.leave().await?;
    }
    Ok((base, lock))
}

fn key(config: &Config) -> Result<&MasterKey, VaultError> {
    config.master_key.as_ref().ok_or(VaultError::NoKey)
}

fn read_key(path: &Path) -> anyhow::Result<MasterKey> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    MasterKey::parse(&text).with_context(|| {
        format!("{shown} does not hold a master key; make one with: serene vault key > {shown}")
    })
}
