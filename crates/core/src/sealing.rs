//! Turning the vault on and off, and changing its master key. Each is a long walk over everything
//! private, in small writes, while no server runs; one that is cut off goes on where it stopped.
//!
//! While such a walk is unfinished no server starts: a database is wholly sealed or wholly open.

use serene_db::{Db, Write};

use crate::{
    accounts::{Accounts, preferences},
    base::{
        Base, Error, MasterKey, Owner, Vault,
        vault::{self, NEXT, State, VAULT, reseal},
    },
    conversations, journal,
};

/// Why a vault is not opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The text is sealed and there is no key.
    #[error(
        "the texts in this database are sealed: set SERENE_MASTER_KEY or SERENE_MASTER_KEY_FILE"
    )]
    KeyMissing,
    /// The key is another one.
    #[error("the master key {given} is not the one that this database is sealed with")]
    WrongKey {
        /// The fingerprint of the key that was given.
        given: String,
    },
    /// The key is there, and the text is not sealed.
    #[error(
        "a master key is set, but the texts in this database are not sealed: stop the server and run `serene vault encrypt`"
    )]
    NotSealed,
    /// There is nothing to do.
    #[error("the texts in this database are not sealed: there is no key to change or to take away")]
    Off,
    /// There is nothing to do.
    #[error("the texts in this database are sealed already")]
    AlreadyOn,
    /// A walk was cut off.
    #[error("`serene vault {command}` was cut off: stop the server and run it again")]
    Unfinished {
        /// The command that goes on with it.
        command: &'static str,
    },
    /// A command needs a key.
    #[error(
        "no master key: set SERENE_MASTER_KEY or SERENE_MASTER_KEY_FILE; `serene vault key` makes one"
    )]
    NoKey,
    /// The database failed, or a stored text cannot be read.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<serene_db::DbError> for VaultError {
    fn from(error: serene_db::DbError) -> Self {
        Self::Failed(error.into())
    }
}

/// What [`status`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Texts are stored as they are.
    Off,
    /// Every text is sealed.
    On,
    /// The walk of this command was cut off.
    Unfinished(&'static str),
}

const fn command(state: State) -> &'static str {
    match state {
        State::On | State::Encrypting => "encrypt",
        State::Decrypting => "decrypt",
        State::Rotating => "rotate",
    }
}

/// How a database stands. Needs no key.
///
/// # Errors
/// [`VaultError::Failed`].
pub async fn status(db: &Db) -> Result<Status, VaultError> {
    Ok(match vault::read_state(db, VAULT).await? {
        None => Status::Off,
        Some((State::On, _)) => Status::On,
        Some((state, _)) => Status::Unfinished(command(state)),
    })
}

/// Whether a key fits a database. Changes nothing.
///
/// # Errors
/// As [`open`].
pub async fn check(db: &Db, key: Option<&MasterKey>) -> Result<Status, VaultError> {
    match (vault::read_state(db, VAULT).await?, key) {
        (None, None) => Ok(Status::Off),
        (None, Some(_)) if Accounts::all_ids(db, 0).await?.is_empty() => Ok(Status::Off),
        (None, Some(_)) => Err(VaultError::NotSealed),
        (Some((State::On, canary)), Some(key)) => {
            recognised(key, canary)?;
            Ok(Status::On)
        }
        (Some((State::On, _)), None) => Err(VaultError::KeyMissing),
        (Some((state, _)), _) => Err(VaultError::Unfinished { command: command(state) }),
    }
}

/// The vault of a database. A key that comes with a database without users turns it on.
///
/// # Errors
/// Any [`VaultError`] that is about a key: a server does not start with one that does not fit.
pub async fn open(db: &Db, key: Option<&MasterKey>) -> Result<Vault, VaultError> {
    let status = check(db, key).await?;
    let Some(key) = key else { return Ok(Vault::plain()) };
    let vault = Vault::with_key(key);
    if status == Status::Off {
        let insert = vault::insert_state(VAULT, State::On, canary(&vault));
        db.commit(Write::from(insert)).await?;
    }
    Ok(vault)
}

/// Seals every text. Returns how many were sealed now.
///
/// # Errors
/// [`VaultError::AlreadyOn`], [`VaultError::WrongKey`], [`VaultError::Failed`].
pub async fn encrypt(base: &Base, key: &MasterKey) -> Result<u64, VaultError> {
    let sealed = match vault::read_state(&base.db, VAULT).await? {
        None => {
            let sealed = Vault::with_key(key);
            let begin = vault::insert_state(VAULT, State::Encrypting, canary(&sealed));
            base.db.commit(Write::from(begin)).await?;
            sealed
        }
        Some((State::Encrypting, canary)) => recognised(key, canary)?,
        Some((State::On, _)) => return Err(VaultError::AlreadyOn),
        Some((state, _)) => return Err(VaultError::Unfinished { command: command(state) }),
    };
    let walked = walk(base, async |owner| {
        let owner = key_of(base, &sealed, owner).await?;
        restore(base, &Vault::plain(), &sealed, owner).await
    });
    let written = walked.await?;
    base.db.commit(Write::from(vault::set_state(State::On, canary(&sealed)))).await?;
    // The log still has what was overwritten.
    base.db.checkpoint().await?;
    Ok(written)
}

/// Stores every text as it is, and destroys all keys. Returns how many were opened now.
///
/// # Errors
/// [`VaultError::Off`], [`VaultError::WrongKey`], [`VaultError::Failed`].
pub async fn decrypt(base: &Base, key: &MasterKey) -> Result<u64, VaultError> {
    let sealed = match vault::read_state(&base.db, VAULT).await? {
        None => return Err(VaultError::Off),
        Some((State::On | State::Decrypting, canary)) => recognised(key, canary)?,
        Some((state, _)) => return Err(VaultError::Unfinished { command: command(state) }),
    };
    let begin = vault::set_state(State::Decrypting, canary(&sealed));
    base.db.commit(Write::from(begin)).await?;
    let walked = walk(base, async |owner| {
        // No key: opened before the walk was cut off, or being deleted.
        let Some(wrapped) = vault::find_key(&base.db, owner).await? else { return Ok(0) };
        let owner = sealed.unwrap(owner.id(), wrapped)?;
        let written = restore(base, &sealed, &Vault::plain(), owner).await?;
        base.db.commit(Write::from(vault::delete_key(owner))).await?;
        Ok(written)
    });
    let written = walked.await?;
    base.db.commit(Write::from(vault::delete_state(VAULT))).await?;
    Ok(written)
}

/// Wraps every owner's key with another master key: the texts stay as they are sealed. Returns how
/// many keys were wrapped now.
///
/// # Errors
/// [`VaultError::Off`], [`VaultError::WrongKey`], [`VaultError::Failed`].
pub async fn rotate(base: &Base, old: &MasterKey, new: &MasterKey) -> Result<u64, VaultError> {
    let (state, canary_of_old) =
        vault::read_state(&base.db, VAULT).await?.ok_or(VaultError::Off)?;
    let next = Vault::with_key(new);
    let present = match state {
        State::On => {
            let present = recognised(old, canary_of_old)?;
            let begin = Write::from(vault::set_state(State::Rotating, canary(&present)))
                .with(vault::insert_state(NEXT, State::On, canary(&next)));
            base.db.commit(begin).await?;
            present
        }
        State::Rotating => {
            let (_, canary_of_new) =
                vault::read_state(&base.db, NEXT).await?.ok_or(Error::Unreadable)?;
            recognised(new, canary_of_new)?;
            recognised(old, canary_of_old)?
        }
        other => return Err(VaultError::Unfinished { command: command(other) }),
    };
    let walked = walk(base, async |owner| {
        let Some(wrapped) = vault::find_key(&base.db, owner).await? else { return Ok(0) };
        if next.unwrap(owner.id(), wrapped.clone()).is_ok() {
            return Ok(0);
        }
        let owner = present.unwrap(owner.id(), wrapped)?;
        let wrapped = next.wrap(owner).ok_or(Error::Unreadable)?;
        base.db.commit(Write::from(vault::set_key(owner, wrapped))).await?;
        Ok(1)
    });
    let wrapped = walked.await?;
    let end =
        Write::from(vault::set_state(State::On, canary(&next))).with(vault::delete_state(NEXT));
    base.db.commit(end).await?;
    Ok(wrapped)
}

fn canary(vault: &Vault) -> Vec<u8> {
    vault.canary().unwrap_or_default()
}

/// The vault of this key, if it is the one that made the canary.
fn recognised(key: &MasterKey, canary: Vec<u8>) -> Result<Vault, VaultError> {
    let vault = Vault::with_key(key);
    if vault.made(canary) {
        Ok(vault)
    } else {
        Err(VaultError::WrongKey { given: key.fingerprint() })
    }
}

/// Does something for every user there is, and adds up what it returns.
async fn walk(
    base: &Base,
    work: impl AsyncFn(Owner) -> Result<u64, VaultError>,
) -> Result<u64, VaultError> {
    let (mut after, mut sum) = (0, 0);
    loop {
        let users = Accounts::all_ids(&base.db, after).await?;
        let Some((_, last)) = users.last() else { return Ok(sum) };
        after = *last;
        for (id, _) in &users {
            sum += work(Owner::for_job(*id, "vault")).await?;
        }
    }
}

/// The owner with a key, made now if there is none.
async fn key_of(base: &Base, sealed: &Vault, owner: Owner) -> Result<Owner, VaultError> {
    if let Some(wrapped) = vault::find_key(&base.db, owner).await? {
        return Ok(sealed.unwrap(owner.id(), wrapped)?);
    }
    let (owner, wrapped) = sealed.new_key(owner.id(), &base.ids);
    let insert = wrapped.map(|wrapped| vault::insert_key(owner, wrapped));
    base.db.commit(Write::new().with_all(insert)).await?;
    Ok(owner)
}

/// Brings every text of an owner from one form into the other.
async fn restore(base: &Base, from: &Vault, to: &Vault, owner: Owner) -> Result<u64, VaultError> {
    let (from, to) = (from.of(owner)?, to.of(owner)?);
    let mut written = 0;
    let columns = conversations::SEALED
        .iter()
        .chain(journal::SEALED)
        .chain(preferences::SEALED)
        .chain(conversations::preferences::SEALED);
    for column in columns {
        written += reseal(base, owner, column, &from, &to).await?;
    }
    Ok(written)
}
