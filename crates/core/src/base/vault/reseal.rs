//! Storing a column of an owner anew: sealed where it was open, open where it was sealed. Which
//! columns there are is said by the slice whose table it is.

use serene_db::{Row, Select, Sql, Statement, Write, values};
use uuid::Uuid;

use super::{Keeper, Place};
use crate::base::{Base, Error, Owner};

/// How many rows are read and written at a time. Attachments have up to 8 MB each.
const ROWS: u32 = 50;

/// A column of private text.
#[derive(Debug)]
pub(crate) struct SealedColumn {
    /// As `table.column`.
    pub(crate) column: &'static str,
    /// Reads id and value of an owner's rows after an id, in the order of the ids.
    pub(crate) read: &'static Sql,
    /// Writes the value of a row.
    pub(crate) write: &'static Sql,
}

/// Brings a column of an owner from one form into another. Rows that are there already are passed
/// over: what was cut off is taken up again. Returns how many were written.
pub(crate) async fn reseal(
    base: &Base,
    owner: Owner,
    column: &SealedColumn,
    from: &Keeper,
    to: &Keeper,
) -> Result<u64, Error> {
    let mut after = Uuid::nil();
    let mut written = 0;
    loop {
        let map = |row: &Row<'_>| Ok::<_, Error>((row.get(0)?, row.get(1)?));
        let select = Select::new(column.read, values![owner.id(), after, ROWS], map);
        let rows: Vec<(Uuid, Option<Vec<u8>>)> = base.db.query(select).await?;
        let Some((last, _)) = rows.last() else { return Ok(written) };
        after = *last;
        let mut write = Write::new();
        for (id, stored) in rows {
            let Some(stored) = stored.filter(|stored| !to.is_done(stored)) else { continue };
            let place = Place::new(column.column, id);
            let value = to.seal_bytes(place, from.open_bytes(place, stored)?);
            write = write.with(Statement::new(column.write, values![value, owner.id(), id]));
            written += 1;
        }
        base.db.commit(write).await?;
    }
}
