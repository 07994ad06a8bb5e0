//! Whose data it is. Every store function takes an owner first; there is no query without one.

use uuid::Uuid;

use super::vault::DataKey;

/// The user whose rows a statement may touch, and the key to their text where there is a vault.
///
/// Only authentication makes one, and [`Owner::for_job`] for work that no request asked for.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    id: Uuid,
    data_key: Option<DataKey>,
}

impl Owner {
    /// For `accounts`, while it finds out who is asking: touches rows, opens no text.
    pub(crate) const fn without_key(id: Uuid) -> Self {
        Self { id, data_key: None }
    }

    /// For the vault, which has the key.
    pub(super) const fn with_key(id: Uuid, data_key: DataKey) -> Self {
        Self { id, data_key: Some(data_key) }
    }

    /// The named escape: a job (sweeping, purging, the command line) acts for this user. Logged,
    /// so that every use can be found. It opens no sealed text: see
    /// [`Base::owner_for_job`](super::Base::owner_for_job).
    pub fn for_job(id: Uuid, job: &'static str) -> Self {
        tracing::debug!(owner = %id, job, "acting for an owner in job {job}");
        Self::without_key(id)
    }

    /// The user's id.
    pub const fn id(self) -> Uuid {
        self.id
    }

    pub(super) const fn data_key(self) -> Option<DataKey> {
        self.data_key
    }
}

/// The same user, whatever is known of their key.
impl PartialEq for Owner {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Owner {}

impl std::hash::Hash for Owner {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}
