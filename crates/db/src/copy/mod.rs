//! Moving a whole database into another one, on whichever engine each of them is.
//!
//! Rows are read in the order of their keys and written in pages, each page one commit. So the rows
//! of the target are always the first ones of the source, and a copy that was cut off goes on after
//! the last of each table. A row of `storage_copy` in the target says that a copy is unfinished; it
//! goes only after both sides were read again and found equal. Nobody may write to either side
//! meanwhile: keeping others away is the caller's.

mod pages;
mod plan;

use self::{
    pages::{Hash, Pages, last_key},
    plan::{ROWS_AT_ONCE, Table, shapes},
};
use crate::{
    Db, DbError, Migration, MigrationState, Row, Select, Sql, Statement, Value, Write, values,
};

crate::statements! {
    /// From what the unfinished copy into this database is, and whether it was emptied for it.
    MARK = "storage.copy_mark": "SELECT source, emptied FROM storage_copy WHERE id = 1 LIMIT 1";
    /// A copy begins.
    BEGIN = "storage.copy_begin":
        "INSERT INTO storage_copy (id, source, emptied) VALUES (1, ?, 0)";
    /// What the migrations had put into the tables is gone: from now on rows are the source's.
    EMPTIED = "storage.copy_emptied": "UPDATE storage_copy SET emptied = 1 WHERE id = 1";
    /// A copy has ended.
    END = "storage.copy_end": "DELETE FROM storage_copy WHERE id = 1";
}

/// The statements of this room, for the tests that read them.
pub(crate) static STATEMENTS: &[&Sql] = ALL;

/// What there is to copy.
#[derive(Clone, Copy, Debug)]
pub struct CopyPlan {
    /// Tables, columns and keys are read from these.
    pub migrations: &'static [Migration],
    /// Tables that are left alone on both sides.
    pub skipped: &'static [&'static str],
    /// A target with a row in this table is not empty, and refused.
    pub root: &'static str,
}

/// Why databases were not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A copy into the source was cut off.
    #[error(
        "the source is not whole: a copy into it was cut off; run that `serene copy` again first"
    )]
    SourceUnfinished,
    /// The source has an older schema, or none.
    #[error(
        "the source is not at the schema of this binary: run `serene migrate up` on it first \
         (migrations to apply: {0})"
    )]
    SourceOutdated(usize),
    /// There are accounts in the target.
    #[error("the target is not empty: give a new file or a new database")]
    TargetNotEmpty,
    /// What an earlier copy left in the target is not the beginning of this source.
    #[error(
        "an unfinished copy of another source is in the target, or this source has changed since: \
         give a new file or a new database"
    )]
    OtherSource,
    /// Source and target are one.
    #[error("the source and the target are the same database")]
    Same,
    /// A row of the source is in the target already, and this copy did not write it.
    #[error("somebody else writes to the target ({0}): is another copy running?")]
    Rival(String),
    /// One of the two databases failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What became of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its name.
    pub table: String,
    /// Rows in the source.
    pub source_rows: u64,
    /// Rows in the target.
    pub target_rows: u64,
    /// Whether every value of every row is the same.
    pub equal: bool,
}

/// A copy that has begun.
#[derive(Debug)]
pub struct Copy<'a> {
    from: &'a Db,
    to: &'a Db,
    tables: Vec<Table>,
    /// Whether it goes on with one that was cut off.
    resumed: bool,
}

/// Refuses a database that a copy is unfinished in. Also for one without tables.
///
/// # Errors
/// [`DbError::Open`] says what to do; or the database failed.
pub async fn refuse_unfinished_copy(db: &Db) -> Result<(), DbError> {
    match mark(db).await? {
        None => Ok(()),
        Some(_) => Err(DbError::Open(
            "a copy into this database was cut off: run `serene copy` again".to_owned(),
        )),
    }
}

async fn mark(db: &Db) -> Result<Option<(String, bool)>, DbError> {
    if !db.has_table("storage_copy").await? {
        return Ok(None);
    }
    let map = |row: &Row<'_>| Ok((row.get::<String>(0)?, row.get::<bool>(1)?));
    db.query_one(Select::new(&MARK, Vec::new(), map)).await
}

impl<'a> Copy<'a> {
    /// Looks at both sides, brings the target up to date, and marks it as unfinished. Changes nothing
    /// in the source, and nothing in a target that is refused.
    ///
    /// # Errors
    /// Any [`CopyError`] but [`CopyError::Rival`].
    pub async fn begin(from: &'a Db, to: &'a Db, plan: CopyPlan) -> Result<Self, CopyError> {
        let mut shapes = shapes(plan.migrations)?;
        shapes.retain(|shape| !plan.skipped.contains(&shape.name.as_str()));
        let tables: Vec<Table> = shapes.iter().map(Table::new).collect();
        let status = from.migration_status(plan.migrations).await?;
        let pending = status.iter().filter(|one| one.state == MigrationState::Pending).count();
        if pending > 0 {
            return Err(CopyError::SourceOutdated(pending));
        }
        if mark(from).await?.is_some() {
            return Err(CopyError::SourceUnfinished);
        }
        let found = mark(to).await?;
        let root = tables.iter().find(|table| table.name == plan.root);
        if found.is_none()
            && to.has_table(plan.root).await?
            && let Some(root) = root
            && last_key(to, root).await?.is_some()
        {
            return Err(CopyError::TargetNotEmpty);
        }
        to.migrate(plan.migrations).await?;
        let source = fingerprint(from, &tables).await?;
        let resumed = match found {
            Some((other, _)) if other != source => return Err(CopyError::OtherSource),
            Some((_, emptied)) => emptied,
            None => {
                let begin = Statement::new(&BEGIN, values![source]);
                to.commit(Write::from(begin)).await.map_err(rival)?;
                false
            }
        };
        let copy = Self { from, to, tables, resumed };
        // However their addresses are written.
        if mark(from).await?.is_some() {
            copy.finish().await?;
            return Err(CopyError::Same);
        }
        if !resumed {
            copy.empty().await?;
        }
        Ok(copy)
    }

    /// Whether it goes on with one that was cut off.
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// Takes out what the migrations had put in.
    async fn empty(&self) -> Result<(), DbError> {
        let clear = self.tables.iter().rev().map(|table| Statement::new(table.clear, Vec::new()));
        let emptied = Statement::guard(&EMPTIED, Vec::new());
        self.to.commit(Write::new().with_all(clear).with(emptied)).await.map(drop)
    }

    /// Writes every row that is not yet in the target. `progress` hears how many rows of a table were
    /// written now, after each page.
    ///
    /// # Errors
    /// [`CopyError::Rival`], [`CopyError::Db`]. Another run goes on where this one ended.
    pub async fn rows(&self, mut progress: impl FnMut(&str, u64)) -> Result<(), CopyError> {
        for table in &self.tables {
            let mut pages = Pages::new(self.from, table, last_key(self.to, table).await?);
            let mut written = 0;
            loop {
                let rows = pages.next().await?;
                if rows.is_empty() {
                    break;
                }
                written += rows.len() as u64;
                self.to.commit(page(table, rows)).await.map_err(rival)?;
                progress(&table.name, written);
            }
        }
        Ok(())
    }

    /// Reads both sides again, from the first row to the last.
    ///
    /// # Errors
    /// [`CopyError::Db`].
    pub async fn verify(&self) -> Result<Vec<Copied>, CopyError> {
        let mut all = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            let (source, target) = tokio::try_join!(sum(self.from, table), sum(self.to, table))?;
            all.push(Copied {
                table: table.name.clone(),
                source_rows: source.rows,
                target_rows: target.rows,
                // A row that the walk passes by was not copied by it either.
                equal: source == target && source.read == source.rows,
            });
        }
        Ok(all)
    }

    /// Takes the mark away: the target is a database like any other. Only after [`Self::verify`]
    /// found everything equal.
    ///
    /// # Errors
    /// [`CopyError::Db`].
    pub async fn finish(&self) -> Result<(), CopyError> {
        self.to.commit(Write::from(Statement::guard(&END, Vec::new()))).await?;
        // Whoever moves the file of the target now has all of it.
        self.to.checkpoint().await?;
        Ok(())
    }
}

/// A page as one write.
fn page(table: &Table, rows: Vec<Vec<Value>>) -> Write {
    let mut write = Write::new();
    let mut rows = rows.into_iter();
    while rows.len() >= ROWS_AT_ONCE {
        let values = rows.by_ref().take(ROWS_AT_ONCE).flatten().collect();
        write = write.with(Statement::new(table.insert_many, values));
    }
    write.with_all(rows.map(|row| Statement::guard(table.insert, row)))
}

/// What there is in a table.
#[derive(PartialEq, Eq)]
struct Sum {
    /// As many as the database counts.
    rows: u64,
    /// As many as were read.
    read: u64,
    hash: String,
}

async fn sum(db: &Db, table: &Table) -> Result<Sum, DbError> {
    let count = Select::new(table.count, Vec::new(), |row: &Row<'_>| row.get::<i64>(0));
    let rows = db.query_one::<_, DbError, _>(count).await?.unwrap_or(0).cast_unsigned();
    let (mut read, mut hash) = (0, Hash::new());
    let mut pages = Pages::new(db, table, None);
    loop {
        let page = pages.next().await?;
        if page.is_empty() {
            return Ok(Sum { rows, read, hash: hash.finish() });
        }
        read += page.len() as u64;
        for row in &page {
            hash.add(row);
        }
    }
}

/// Tells one source from another, and from itself after it was served again: what the first page of
/// every table hashes to. The tables of sequences and keys are in there whole.
async fn fingerprint(db: &Db, tables: &[Table]) -> Result<String, DbError> {
    let mut hash = Hash::new();
    for table in tables {
        hash.add(&[Value::from(table.name.as_str())]);
        for row in Pages::new(db, table, None).next().await? {
            hash.add(&row);
        }
    }
    Ok(hash.finish())
}

fn rival(error: DbError) -> CopyError {
    match error {
        DbError::Duplicate(key) => CopyError::Rival(key),
        error => CopyError::Db(error),
    }
}
