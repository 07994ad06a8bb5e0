//! Reading a table in the order of its key, a bounded page at a time, and what its rows hash to.

use aws_lc_rs::digest;

use super::plan::Table;
use crate::{Db, DbError, Row, Select, Sql, Value, statement::Kind};

/// The most rows of a page, and the most bytes in its blobs, unless a single row has more.
const PAGE_ROWS: u32 = 500;
const PAGE_BYTES: i64 = 4 * 1024 * 1024;

/// A walk over the rows of a table.
pub(super) struct Pages<'a> {
    db: &'a Db,
    table: &'a Table,
    /// The key of the last row that was read.
    after: Option<Vec<Value>>,
}

impl<'a> Pages<'a> {
    /// From the first row, or from the first one after a key.
    pub(super) fn new(db: &'a Db, table: &'a Table, after: Option<Vec<Value>>) -> Self {
        Self { db, table, after }
    }

    /// The next rows; none at the end.
    pub(super) async fn next(&mut self) -> Result<Vec<Vec<Value>>, DbError> {
        let stretches = match &self.after {
            None => 0..1,
            Some(_) => 1..self.table.pages.len(),
        };
        for stretch in stretches {
            let rows = self.read(stretch).await?;
            if let Some(last) = rows.last() {
                self.after =
                    Some(self.table.key.iter().map(|index| last[*index].clone()).collect());
                return Ok(rows);
            }
        }
        Ok(Vec::new())
    }

    async fn read(&self, stretch: usize) -> Result<Vec<Vec<Value>>, DbError> {
        let rows = match self.table.sizes.get(stretch) {
            None => PAGE_ROWS,
            Some(sizes) => self.rows_that_fit(sizes, stretch).await?,
        };
        let values = self.values(stretch, rows);
        let kinds = &self.table.kinds;
        let map = |row: &Row<'_>| read_values(row, kinds);
        self.db.query(Select::new(self.table.pages[stretch], values, map)).await
    }

    /// How many rows may be read without reading too much.
    async fn rows_that_fit(&self, sizes: &'static Sql, stretch: usize) -> Result<u32, DbError> {
        let map = |row: &Row<'_>| row.get::<i64>(0);
        let select = Select::new(sizes, self.values(stretch, PAGE_ROWS), map);
        let mut sum = 0;
        let sizes = self.db.query::<_, DbError, _>(select).await?;
        let fitting = sizes.iter().take_while(|size| {
            sum += **size;
            sum <= PAGE_BYTES
        });
        Ok(u32::try_from(fitting.count()).unwrap_or(PAGE_ROWS).max(1))
    }

    /// The part of the key that a stretch begins after, and how many rows.
    fn values(&self, stretch: usize, rows: u32) -> Vec<Value> {
        let mut values = self.after.clone().unwrap_or_default();
        if stretch > 0 {
            values.truncate(self.table.key.len() + 1 - stretch);
        }
        values.push(Value::from(rows));
        values
    }
}

/// The key of the last row of a table.
pub(super) async fn last_key(db: &Db, table: &Table) -> Result<Option<Vec<Value>>, DbError> {
    let kinds = table.key_kinds();
    let map = |row: &Row<'_>| read_values(row, &kinds);
    db.query_one(Select::new(table.last_key, Vec::new(), map)).await
}

fn read_values(row: &Row<'_>, kinds: &[Kind]) -> Result<Vec<Value>, DbError> {
    let read = |(index, kind): (usize, &Kind)| {
        Ok(match kind {
            Kind::Int => Value::Int(row.get(index)?),
            Kind::Uuid => Value::Uuid(row.get(index)?),
            Kind::Text => Value::Text(row.get(index)?),
            Kind::Blob => Value::Blob(row.get(index)?),
        })
    };
    kinds.iter().enumerate().map(read).collect()
}

/// What rows hash to, in the order in which they are given: the same on every engine.
pub(super) struct Hash(digest::Context);

impl Hash {
    pub(super) fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Every value is its kind, its length and its bytes, so that no two rows run into each other.
    pub(super) fn add(&mut self, row: &[Value]) {
        for value in row {
            match value {
                Value::Int(Some(value)) => self.bytes(b'i', &value.to_be_bytes()),
                Value::Uuid(Some(value)) => self.bytes(b'u', value.as_bytes()),
                Value::Text(Some(value)) => self.bytes(b't', value.as_bytes()),
                Value::Blob(Some(value)) => self.bytes(b'b', value),
                Value::Int(None) | Value::Uuid(None) | Value::Text(None) | Value::Blob(None) => {
                    self.0.update(b"n");
                }
            }
        }
    }

    fn bytes(&mut self, kind: u8, bytes: &[u8]) {
        self.0.update(&[kind]);
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    /// In hex.
    pub(super) fn finish(self) -> String {
        use std::fmt::Write as _;
        let mut hex = String::new();
        for byte in self.0.finish().as_ref() {
            let _ = write!(hex, "{byte:02x}"); // writing to a String cannot fail
        }
        hex
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values;

    #[test]
    fn rows_hash_to_the_same_only_when_they_are_the_same() {
        let hash = |rows: &[Vec<Value>]| {
            let mut hash = Hash::new();
            for row in rows {
                hash.add(row);
            }
            hash.finish()
        };
        let one = hash(&[values![1_i64, "ab", None::<&str>]]);
        assert_eq!(one, hash(&[values![1_i64, "ab", None::<i64>]]));
        for other in [
            vec![values![1_i64, "ab", ""]],
            vec![values![1_i64, "a", "b"]],
            vec![values!["ab", 1_i64, None::<&str>]],
            vec![values![1_i64, b"ab".to_vec(), None::<&str>]],
            vec![values![1_i64, "ab", None::<&str>], values![2_i64]],
            vec![],
        ] {
            assert_ne!(hash(&other), one, "{other:?}");
        }
    }

    static BIG: &[crate::Migration] = &[crate::Migration {
        version: 1,
        name: "big",
        statements: &["CREATE TABLE big (
            a {int} NOT NULL, b {int} NOT NULL, body {blob}, other {blob},
            CONSTRAINT big_a_b_key PRIMARY KEY (a, b)
        ){table}"],
    }];

    /// How many rows each page has, when each row of `sizes` has so many bytes.
    async fn pages_of(sizes: &[usize]) -> Vec<usize> {
        let folder = tempfile::tempdir().unwrap();
        let options = crate::SqliteOptions::new(folder.path().join("serene.db"));
        let db = Db::open_sqlite(options).unwrap();
        db.migrate(BIG).await.unwrap();
        let table = Table::new(&super::super::plan::shapes(BIG).unwrap()[0]);
        for (index, size) in sizes.iter().enumerate() {
            let (half, index) = (vec![7_u8; size / 2], i64::try_from(index).unwrap());
            let row = values![index / 5, index % 5, half.clone(), half];
            db.commit(crate::Statement::new(table.insert, row).into()).await.unwrap();
        }
        let mut pages = Pages::new(&db, &table, None);
        let mut counts = Vec::new();
        loop {
            let rows = pages.next().await.unwrap();
            if rows.is_empty() {
                return counts;
            }
            counts.push(rows.len());
        }
    }

    #[tokio::test]
    async fn a_page_has_no_more_bytes_than_it_may() {
        const MIB: usize = 1024 * 1024;
        // Never more than four; and a page ends where one stretch of the key does.
        assert_eq!(pages_of(&[MIB; 10]).await, [4, 1, 4, 1]);
        assert_eq!(pages_of(&[3 * MIB; 3]).await, [1, 1, 1]);
        assert_eq!(pages_of(&[0, 9 * MIB, 0]).await, [1, 1, 1]);
        assert_eq!(pages_of(&[0; 7]).await, [7]);
        assert_eq!(pages_of(&[]).await, [0; 0]);
    }
}
