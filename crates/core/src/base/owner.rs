//! Whose data it is. Every store function takes an owner first; there is no query without one.

use uuid::Uuid;

/// The user whose rows a statement may touch.
///
/// Only authentication makes one, and [`Owner::for_job`] for work that no request asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    id: Uuid,
}

impl Owner {
    /// For `accounts`, after it has checked who is asking.
    pub(crate) const fn authenticated(id: Uuid) -> Self {
        Self { id }
    }

    /// The named escape: a job (sweeping, purging, the command line) acts for this user. Logged,
    /// so that every use can be found.
    pub fn for_job(id: Uuid, job: &'static str) -> Self {
        tracing::debug!(owner = %id, job, "acting for an owner in job {job}");
        Self { id }
    }

    /// The user's id.
    pub const fn id(self) -> Uuid {
        self.id
    }
}
