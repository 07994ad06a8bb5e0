//! The SQL of identities. Nobody else touches `identities`.

use serene_db::{Db, Row, Select, Statement, values};
use uuid::Uuid;

use super::{Identity, LinkedIdentity};
use crate::base::{Error, Owner, Time};

serene_db::statements! {
    FIND_OWNER = "identities.find_owner":
        "SELECT owner_id FROM identities WHERE issuer = ? AND subject = ? LIMIT 1";
    LIST = "identities.list":
        "SELECT id, issuer, subject, created_at FROM identities \
         WHERE owner_id = ? ORDER BY id LIMIT 100";
    INSERT = "identities.insert":
        "INSERT INTO identities (owner_id, id, issuer, subject, created_at) VALUES (?, ?, ?, ?, ?)";
    DELETE_ALL = "identities.delete_all":
        "DELETE FROM identities WHERE owner_id = ?";
}

/// Whose account an identity opens.
pub(super) async fn find_owner(db: &Db, identity: &Identity) -> Result<Option<Uuid>, Error> {
    let values = values![identity.issuer.as_str(), identity.subject.as_str()];
    db.query_one(Select::new(&FIND_OWNER, values, |row| Ok(row.get(0)?))).await
}

pub(super) async fn list(db: &Db, owner: Owner) -> Result<Vec<LinkedIdentity>, Error> {
    let map = |row: &Row<'_>| {
        Ok::<_, Error>(LinkedIdentity {
            id: row.get(0)?,
            issuer: row.get(1)?,
            subject: row.get(2)?,
            created_at: Time::from_micros(row.get(3)?),
        })
    };
    db.query(Select::new(&LIST, values![owner.id()], map)).await
}

pub(super) fn insert(owner: Owner, new: &LinkedIdentity) -> Statement {
    Statement::new(
        &INSERT,
        values![
            owner.id(),
            new.id,
            new.issuer.as_str(),
            new.subject.as_str(),
            new.created_at.as_micros(),
        ],
    )
}

pub(in crate::accounts) fn delete_all(owner: Owner) -> Statement {
    Statement::new(&DELETE_ALL, values![owner.id()])
}
