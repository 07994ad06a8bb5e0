//! The SQL of the vault: the owners' wrapped keys, and whether there is a vault at all.

use serene_db::{Db, Row, Select, Statement, values};

use crate::base::{Error, Owner};

serene_db::statements! {
    STATE = "vault.state":
        "SELECT state, canary FROM vault WHERE name = ? LIMIT 1";
    INSERT_STATE = "vault.insert":
        "INSERT INTO vault (name, state, canary) VALUES (?, ?, ?)";
    SET_STATE = "vault.set_state":
        "UPDATE vault SET state = ?, canary = ? WHERE name = ?";
    DELETE_STATE = "vault.delete":
        "DELETE FROM vault WHERE name = ?";
    INSERT_KEY = "vault_keys.insert":
        "INSERT INTO vault_keys (owner_id, version, wrapped) VALUES (?, 1, ?)";
    FIND_KEY = "vault_keys.find":
        "SELECT wrapped FROM vault_keys WHERE owner_id = ? AND version = 1 LIMIT 1";
    SET_KEY = "vault_keys.set":
        "UPDATE vault_keys SET wrapped = ? WHERE owner_id = ? AND version = 1";
    DELETE_KEY = "vault_keys.delete":
        "DELETE FROM vault_keys WHERE owner_id = ?";
}

/// The row that says whether there is a vault.
pub(crate) const VAULT: &str = "vault";

/// The row of the master key that is to follow.
pub(crate) const NEXT: &str = "next";

/// How far a vault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Everything is sealed.
    On,
    /// Being turned on: some is sealed, some is not.
    Encrypting,
    /// Being turned off.
    Decrypting,
    /// The master key is being changed.
    Rotating,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Encrypting => "encrypting",
            Self::Decrypting => "decrypting",
            Self::Rotating => "rotating",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        let all = [Self::On, Self::Encrypting, Self::Decrypting, Self::Rotating];
        all.into_iter().find(|state| state.as_str() == word)
    }
}

/// The state and the canary of a row.
pub(crate) async fn read_state(
    db: &Db,
    name: &'static str,
) -> Result<Option<(State, Vec<u8>)>, Error> {
    let map = |row: &Row<'_>| {
        Ok::<_, Error>((State::from_word(row.text(0)?).ok_or(Error::Unreadable)?, row.get(1)?))
    };
    db.query_one(Select::new(&STATE, values![name], map)).await
}

pub(crate) fn insert_state(name: &'static str, state: State, canary: Vec<u8>) -> Statement {
    Statement::new(&INSERT_STATE, values![name, state.as_str(), canary])
}

pub(crate) fn set_state(state: State, canary: Vec<u8>) -> Statement {
    Statement::guard(&SET_STATE, values![state.as_str(), canary, VAULT])
}

pub(crate) fn delete_state(name: &'static str) -> Statement {
    Statement::guard(&DELETE_STATE, values![name])
}

pub(crate) fn insert_key(owner: Owner, wrapped: Vec<u8>) -> Statement {
    Statement::new(&INSERT_KEY, values![owner.id(), wrapped])
}

pub(crate) async fn find_key(db: &Db, owner: Owner) -> Result<Option<Vec<u8>>, Error> {
    let map = |row: &Row<'_>| Ok::<_, Error>(row.get(0)?);
    db.query_one(Select::new(&FIND_KEY, values![owner.id()], map)).await
}

pub(crate) fn set_key(owner: Owner, wrapped: Vec<u8>) -> Statement {
    Statement::guard(&SET_KEY, values![wrapped, owner.id()])
}

pub(crate) fn delete_key(owner: Owner) -> Statement {
    Statement::new(&DELETE_KEY, values![owner.id()])
}
