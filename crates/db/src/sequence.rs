//! Numbers for the rows that also have an integer id, leased from a table in blocks.
//!
//! Autoincrement is not used: a write is a value and must know its numbers beforehand, and MySQL
//! returns none for several rows. A restart leaves a gap of at most one block; gaps are fine.

use tokio::sync::Mutex;

use crate::{Db, DbError, Select, Statement, Write, values};

crate::statements! {
    /// The first number not yet leased.
    PEEK = "sequences.peek": "SELECT next_number FROM sequences WHERE name = ? LIMIT 1";
    /// Leases a block, if nobody else did in between.
    LEASE = "sequences.lease": "UPDATE sequences SET next_number = ? WHERE name = ? AND next_number = ?";
}

/// A source of rising numbers, unique over all processes on the same database.
#[derive(Debug)]
pub struct Sequence {
    name: &'static str,
    block: i64,
    leased: Mutex<std::ops::Range<i64>>,
}

impl Sequence {
    /// The sequence `name`, which a migration must have put into `sequences`. `block` numbers are
    /// leased at a time, at least one.
    pub fn new(name: &'static str, block: i64) -> Self {
        assert!(block > 0, "a sequence leases at least one number at a time");
        Self { name, block, leased: Mutex::new(0..0) }
    }

    /// The next number. Writes once per block.
    pub async fn next(&self, db: &Db) -> Result<i64, DbError> {
        let mut leased = self.leased.lock().await;
        loop {
            if let Some(number) = leased.next() {
                return Ok(number);
            }
            *leased = self.lease(db).await?;
        }
    }

    async fn lease(&self, db: &Db) -> Result<std::ops::Range<i64>, DbError> {
        loop {
            let peek = Select::new(&PEEK, values![self.name], |row| row.get::<i64>(0));
            let first = db.query_one::<i64, DbError, _>(peek).await?;
            let first = first.ok_or_else(|| {
                DbError::Migration(format!("the sequence {} is missing", self.name))
            })?;
            let after = first + self.block;
            let lease = Statement::guard(&LEASE, values![after, self.name, first]);
            match db.commit(Write::from(lease)).await {
                Ok(_) => return Ok(first..after),
                // Another process leased this block first; look again.
                Err(DbError::Guard(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
