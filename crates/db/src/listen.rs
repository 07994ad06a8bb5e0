//! What the processes on one database tell each other.

use crate::postgres::PgListen;

/// The longest payload, as PostgreSQL has it, and one byte more.
pub(crate) const PAYLOAD_BYTES: usize = 8000;

/// An ear on one channel. See [`crate::Db::listen`].
#[derive(Debug)]
pub struct Listener(pub(crate) PgListen);

/// What a [`Listener`] hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// What somebody said.
    Payload(String),
    /// The connection was lost and is back: what was said meanwhile is lost, so look for yourself.
    Missed,
}

impl Listener {
    /// Waits for the next thing said. While the server is away it waits, too; it never ends. The
    /// future may be dropped and another one made, and nothing is lost by that.
    pub async fn next(&mut self) -> Heard {
        self.0.next().await
    }
}
