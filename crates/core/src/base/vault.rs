//! Where private text passes on its way to the database and back.
//!
//! Without a master key the vault stores UTF-8 as it is. Every store already names the place (table,
//! column, row, owner) that a sealed text is bound to.

use uuid::Uuid;

use super::{Error, Owner, Private};

/// The column a text is stored in, as `table.column`, and its row.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// For example `messages.content`.
    pub column: &'static str,
    /// The row's id.
    pub row: Uuid,
}

/// Seals and opens private text.
#[derive(Clone, Debug, Default)]
pub struct Vault {}

impl Vault {
    /// A vault without a key: text is stored as UTF-8.
    pub const fn plain() -> Self {
        Self {}
    }

    /// What to store for a text.
    pub fn seal(&self, owner: Owner, place: Place, text: &str) -> Vec<u8> {
        self.seal_bytes(owner, place, text.as_bytes().to_vec())
    }

    /// The text that was stored.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when the bytes are not what was sealed for this place and owner.
    pub fn open(&self, owner: Owner, place: Place, stored: Vec<u8>) -> Result<Private, Error> {
        let bytes = self.open_bytes(owner, place, stored)?;
        String::from_utf8(bytes).map(Private::new).map_err(|_| Error::Unreadable)
    }

    /// What to store for bytes.
    pub fn seal_bytes(&self, _owner: Owner, _place: Place, bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }

    /// The bytes that were stored.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_bytes(
        &self,
        _owner: Owner,
        _place: Place,
        stored: Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        Ok(stored)
    }
}
