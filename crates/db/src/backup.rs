//! Backups of a SQLite database: one file, written beside whoever serves the database, and put back
//! while nobody does. Servers have tools of their own for this.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read as _},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, config::DbConfig};

use crate::{
    DbError, Migration, files,
    migrate::{AppliedMigration, pending},
};

/// What the first bytes of every SQLite database are.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How long a lock that somebody else holds for a moment is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tables of this crate itself, which nobody counts.
const OWN: &str = "('schema_migrations', 'storage_probe', 'storage_copy')";

/// Why a backup was not made or not put back. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to back up.
    #[error("there is no database at {0}")]
    Missing(PathBuf),
    /// The name is taken.
    #[error("{0} exists already, and nothing is overwritten: give another name")]
    Exists(PathBuf),
    /// Another file, or another program's database.
    #[error("{0} is no database of Serene's")]
    NotSerene(PathBuf),
    /// It is one, and not whole.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, in SQLite's words.
        why: String,
    },
    /// A plain copy of a database that was open.
    #[error(
        "a part of {0} is in the -wal file beside it: it was copied, not backed up. Put both files \
         into a folder of their own and make a backup of that database with `serene backup`"
    )]
    Wal(PathBuf),
    /// A copy into that database was cut off.
    #[error("a copy into {0} was cut off: it is not whole")]
    Unfinished(PathBuf),
    /// There are accounts in the database that would be replaced.
    #[error("there are accounts in {0}: add --replace to set it aside and put the backup there")]
    Occupied(PathBuf),
    /// It cannot be read, so that there may be accounts in it.
    #[error("{0} cannot be read ({1}): add --replace to set it aside and put the backup there")]
    Unreadable(PathBuf, String),
    /// Another process has the database open.
    #[error("{0} is in use: stop every other `serene` first")]
    InUse(PathBuf),
    /// It is from a newer binary, or from another build.
    #[error("{path}: {source}")]
    Schema {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: DbError,
    },
    /// The file system failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// SQLite failed.
    #[error("{path}: {message}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Its words.
        message: String,
    },
}

/// A backup that was read from end to end and found sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its size.
    pub bytes: u64,
    /// How many migrations are applied in it.
    pub schema_version: usize,
    /// Every table of the product, with the number of its rows.
    pub tables: Vec<(String, u64)>,
}

/// What became of the database that was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The backup.
    pub backup: Checked,
    /// Where the old database is now.
    pub kept: Option<PathBuf>,
}

/// Writes the database at `database` into a new `file` (0600), as it is at the moment when this
/// begins. A server may go on reading and writing: it is neither stopped nor slowed for longer than
/// a read of the file takes. Reads the result again; when this returns, it is on disk.
///
/// `VACUUM INTO` and not SQLite's backup API: that one starts over whenever another process writes,
/// so that beside a busy server it might never end. This is one read under one snapshot, which WAL
/// lets run beside any writes; and what was deleted is not in the result, not even as zeros.
///
/// # Errors
/// Any [`BackupError`]. No file is left then.
pub fn back_up(
    database: &Path,
    file: &Path,
    migrations: &[Migration],
) -> Result<Checked, BackupError> {
    if !database.exists() {
        return Err(BackupError::Missing(database.to_owned()));
    }
    // Takes the name: another backup that is made now fails, instead of one replacing the other.
    files::new_private_file(file).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(file.to_owned()),
        _ => io_error(file)(error),
    })?;
    let part = beside(file, ".part");
    let made = write_part(database, &part, migrations).and_then(|checked| {
        fs::rename(&part, file).and_then(|()| sync_folder(file)).map_err(io_error(file))?;
        Ok(checked)
    });
    if made.is_err() {
        // What is left of it is of no use to anybody.
        let _ = fs::remove_file(&part);
        let _ = fs::remove_file(file);
    }
    made
}

fn write_part(
    database: &Path,
    part: &Path,
    migrations: &[Migration],
) -> Result<Checked, BackupError> {
    remove(part)?;
    // SQLite writes into an empty file that is there, and so the permissions are ours.
    files::new_private_file(part).map_err(io_error(part))?;
    let from = open(database, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(sqlite_error(database))?;
    let name = part.to_str().ok_or_else(|| {
        io_error(part)(io::Error::new(io::ErrorKind::InvalidInput, "the name is not in UTF-8"))
    })?;
    from.execute("VACUUM INTO ?", [name]).map_err(sqlite_error(part))?;
    // SQLite leaves this to us: it writes such a file without waiting for the disk.
    File::open(part).and_then(|file| file.sync_all()).map_err(io_error(part))?;
    check_backup(part, migrations)
}

/// Reads a backup from end to end. Changes nothing, and makes no file beside it.
///
/// # Errors
/// Any [`BackupError`] that is about a file.
pub fn check_backup(file: &Path, migrations: &[Migration]) -> Result<Checked, BackupError> {
    let mut begin = [0; MAGIC.len()];
    let bytes = {
        let mut opened = File::open(file).map_err(io_error(file))?;
        match opened.read_exact(&mut begin) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            read => read.map_err(io_error(file))?,
        }
        opened.metadata().map_err(io_error(file))?.len()
    };
    if &begin != MAGIC {
        return Err(BackupError::NotSerene(file.to_owned()));
    }
    let damaged = |error: rusqlite::Error| BackupError::Damaged {
        path: file.to_owned(),
        why: error.to_string(),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = open(&immutable(file), flags).map_err(damaged)?;
    if !has_table(&connection, "schema_migrations").map_err(damaged)? {
        return Err(BackupError::NotSerene(file.to_owned()));
    }
    let applied = applied(&connection).map_err(damaged)?;
    pending(&applied, migrations)
        .map_err(|source| BackupError::Schema { path: file.to_owned(), source })?;
    let lines = lines(&connection, "PRAGMA quick_check").map_err(damaged)?;
    if lines != ["ok"] {
        let why = lines.join("; ").replace('\n', " ");
        return Err(BackupError::Damaged { path: file.to_owned(), why });
    }
    if has_table(&connection, "storage_copy").map_err(damaged)?
        && has_rows(&connection, "storage_copy").map_err(damaged)?
    {
        return Err(BackupError::Unfinished(file.to_owned()));
    }
    let tables = counts(&connection).map_err(damaged)?;
    Ok(Checked { bytes, schema_version: applied.len(), tables })
}

/// Puts a backup in the place of the database at `database`, whose folder the caller has locked. The
/// old database stays as `keep` where that is given; without, it must be empty: no row in the table
/// `root`. A crash at any moment leaves either the old database or the new one, whole.
///
/// # Errors
/// Any [`BackupError`].
pub fn restore(
    file: &Path,
    database: &Path,
    keep: Option<&Path>,
    root: &str,
    migrations: &[Migration],
) -> Result<Restored, BackupError> {
    if is_filled(&beside(file, "-wal")) {
        return Err(BackupError::Wal(file.to_owned()));
    }
    let new = beside(database, ".restoring");
    let restored = take_in(file, &new, migrations).and_then(|backup| {
        let kept = make_room(database, keep, root)?;
        fs::rename(&new, database)
            .and_then(|()| sync_folder(database))
            .map_err(io_error(database))?;
        Ok(Restored { backup, kept })
    });
    if restored.is_err() {
        let _ = fs::remove_file(&new);
    }
    restored
}

/// Copies a backup into the folder of the database, and checks the copy: what is read here is what
/// will be there.
fn take_in(file: &Path, new: &Path, migrations: &[Migration]) -> Result<Checked, BackupError> {
    let mut from = File::open(file).map_err(io_error(file))?;
    remove(new)?;
    let mut to = files::new_private_file(new).map_err(io_error(new))?;
    io::copy(&mut from, &mut to).and_then(|_| to.sync_all()).map_err(io_error(new))?;
    drop(to);
    check_backup(new, migrations).map_err(|error| match error {
        // The operator knows it by its own name.
        BackupError::NotSerene(_) => BackupError::NotSerene(file.to_owned()),
        BackupError::Damaged { why, .. } => BackupError::Damaged { path: file.to_owned(), why },
        BackupError::Unfinished(_) => BackupError::Unfinished(file.to_owned()),
        BackupError::Schema { source, .. } => BackupError::Schema { path: file.to_owned(), source },
        other => other,
    })
}

/// Makes the old database ready to be replaced by a rename: no log of it may be left, or SQLite would
/// write that into the new one.
fn make_room(
    database: &Path,
    keep: Option<&Path>,
    root: &str,
) -> Result<Option<PathBuf>, BackupError> {
    let (wal, shm) = (beside(database, "-wal"), beside(database, "-shm"));
    if !database.exists() {
        remove(&wal)?;
        remove(&shm)?;
        return Ok(None);
    }
    match settle(database, root) {
        Ok(Old { busy: true, .. }) => return Err(BackupError::InUse(database.to_owned())),
        Ok(Old { has_rows: true, .. }) if keep.is_none() => {
            return Err(BackupError::Occupied(database.to_owned()));
        }
        Err(error) if keep.is_none() => {
            return Err(BackupError::Unreadable(database.to_owned(), error.to_string()));
        }
        Ok(_) | Err(_) => {}
    }
    if let Some(keep) = keep {
        if keep.exists() {
            return Err(BackupError::Exists(keep.to_owned()));
        }
        // Still there only when the database is too damaged to take it in. Whoever mends it needs both.
        if is_filled(&wal) {
            fs::rename(&wal, beside(keep, "-wal")).map_err(io_error(&wal))?;
        }
        // The old name stays until the new file takes it: there is a database at any moment.
        fs::hard_link(database, keep).or_else(|_| copy(database, keep)).map_err(io_error(keep))?;
    }
    remove(&wal)?;
    remove(&shm)?;
    sync_folder(database).map_err(io_error(database))?;
    Ok(keep.map(Path::to_owned))
}

/// How the old database stands.
struct Old {
    busy: bool,
    has_rows: bool,
}

/// Moves the log of a database into its file and closes it.
fn settle(database: &Path, root: &str) -> rusqlite::Result<Old> {
    let connection = open(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Otherwise closing a file that SQLite cannot read takes its log away.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let has_rows = has_table(&connection, root)? && has_rows(&connection, root)?;
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(Old { busy, has_rows })
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut copy = files::new_private_file(to)?;
    io::copy(&mut File::open(from)?, &mut copy)?;
    copy.sync_all()
}

fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch("PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;")?;
    Ok(connection)
}

/// The file as one that nobody changes: SQLite then looks for no log and makes none.
fn immutable(file: &Path) -> PathBuf {
    use std::fmt::Write as _;
    let mut uri = "file:".to_owned();
    // A name that begins with two slashes would be read as one of another machine.
    if file.is_absolute() {
        uri.push_str("//");
    }
    for byte in file.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _ = write!(uri, "%{byte:02X}"); // writing to a String cannot fail
        }
    }
    uri.push_str("?immutable=1");
    PathBuf::from(uri)
}

fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?";
    Ok(connection.query_row(sql, [name], |_| Ok(())).optional()?.is_some())
}

/// The name is one of the schema's.
fn has_rows(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {table})");
    connection.query_row(&sql, [], |row| row.get(0))
}

fn lines(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

fn applied(connection: &Connection) -> rusqlite::Result<Vec<AppliedMigration>> {
    connection
        .prepare("SELECT version, hash FROM schema_migrations ORDER BY version")?
        .query_map([], |row| Ok(AppliedMigration { version: row.get(0)?, hash: row.get(1)? }))?
        .collect()
}

fn counts(connection: &Connection) -> rusqlite::Result<Vec<(String, u64)>> {
    let tables = format!(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
         AND name NOT IN {OWN} ORDER BY name"
    );
    let count = |table: String| {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let rows: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
        Ok((table, rows.cast_unsigned()))
    };
    lines(connection, &tables)?.into_iter().map(count).collect()
}

/// The same name with something behind it.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    PathBuf::from(name)
}

fn is_filled(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|metadata| metadata.len() > 0)
}

fn remove(file: &Path) -> Result<(), BackupError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(file)(error)),
        _ => Ok(()),
    }
}

/// A name is on disk only when its folder is.
fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> BackupError + '_ {
    move |source| BackupError::Io { path: path.to_owned(), source }
}

fn sqlite_error(path: &Path) -> impl Fn(rusqlite::Error) -> BackupError + '_ {
    move |error| BackupError::Sqlite { path: path.to_owned(), message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_are_no_other_file() {
        for name in ["plain.db", "what?immutable=0#.db", "100%41 ü.db"] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join(name);
            Connection::open(&file).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            let connection = open(&immutable(&file), flags).unwrap();
            assert!(has_table(&connection, "t").unwrap(), "{name}");
        }
    }
}
