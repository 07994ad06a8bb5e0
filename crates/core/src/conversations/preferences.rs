//! What counts in one conversation instead of what its owner prefers everywhere.

use serene_db::{Row, Select, Statement, Write, values};
use uuid::Uuid;

use super::Conversations;
use crate::{
    accounts::{
        PreferenceChanges, Preferences,
        preferences::{again_if_met, from_row, preference_columns, to_values},
    },
    base::{
        Base, Error, Owner, Resource,
        vault::{Place, SealedColumn},
    },
};

serene_db::statements! {
    FIND = "conversation_preferences.find":
        concat!("SELECT ", preference_columns!(),
                " FROM conversation_preferences WHERE owner_id = ? AND id = ? LIMIT 1");
    INSERT = "conversation_preferences.insert":
        concat!("INSERT INTO conversation_preferences (owner_id, id, updated_at, ",
                preference_columns!(), ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    DELETE = "conversation_preferences.delete":
        "DELETE FROM conversation_preferences WHERE owner_id = ? AND id = ?";
    EXISTS = "conversations.keep":
        "UPDATE conversations SET updated_at = updated_at \
         WHERE owner_id = ? AND id = ? AND deleted_at IS NULL";
    STORED_INSTRUCTIONS = "conversation_preferences.stored_instructions":
        "SELECT id, instruction FROM conversation_preferences \
         WHERE owner_id = ? AND id > ? ORDER BY id LIMIT ?";
    STORE_INSTRUCTION = "conversation_preferences.store_instruction":
        "UPDATE conversation_preferences SET instruction = ? WHERE owner_id = ? AND id = ?";
}

/// The column of private text here.
pub(crate) static SEALED: &[SealedColumn] =
    &[SealedColumn { column: INSTRUCTION, read: &STORED_INSTRUCTIONS, write: &STORE_INSTRUCTION }];

const INSTRUCTION: &str = "conversation_preferences.instruction";

/// What counts in this conversation; nothing where there is none.
pub(crate) async fn read(base: &Base, owner: Owner, id: Uuid) -> Result<Preferences, Error> {
    let keeper = base.vault.of(owner)?;
    let map = |row: &Row<'_>| from_row(&keeper, Place::new(INSTRUCTION, id), row);
    let found = base.db.query_one(Select::new(&FIND, values![owner.id(), id], map)).await?;
    Ok(found.unwrap_or_default())
}

/// Writes what counts in a conversation: no row where that is nothing.
pub(super) fn insert(
    base: &Base,
    owner: Owner,
    id: Uuid,
    new: &Preferences,
) -> Result<Option<Statement>, Error> {
    if *new == Preferences::default() {
        return Ok(None);
    }
    let keeper = base.vault.of(owner)?;
    let row = (owner, id, base.clock.now());
    let values = to_values(&keeper, Place::new(INSTRUCTION, id), row, new);
    Ok(Some(Statement::new(&INSERT, values)))
}

impl Conversations {
    /// What counts in a conversation instead of what its owner prefers everywhere.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn preferences(&self, owner: Owner, id: Uuid) -> Result<Preferences, Error> {
        self.get(owner, id).await?;
        read(&self.base, owner, id).await
    }

    /// Changes what counts in a conversation. What is taken back counts again as everywhere.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn change_preferences(
        &self,
        owner: Owner,
        id: Uuid,
        changes: PreferenceChanges,
    ) -> Result<Preferences, Error> {
        let new = changes.apply(self.preferences(owner, id).await?);
        again_if_met(async || {
            // The conversation may go at the same time.
            let here = Statement::guard(&EXISTS, values![owner.id(), id]);
            let write = Write::from(here)
                .with(Statement::new(&DELETE, values![owner.id(), id]))
                .with_all(insert(&self.base, owner, id, &new)?);
            let gone = Error::NotFound(Resource::Conversation);
            self.base.db.commit(write).await.map_err(|e| Error::from(e).on_guard(gone))?;
            Ok(())
        })
        .await?;
        Ok(new)
    }
}
