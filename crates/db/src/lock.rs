//! The lock that keeps a second server off the same data folder.

use std::{
    fs::{File, TryLockError},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest;
use uuid::Uuid;

use crate::files;

/// Holds the data folder for this process. Let go when dropped, and by the operating system
/// when the process dies in any way: there is no file to clean up after SIGKILL.
#[derive(Debug)]
pub struct DataLock {
    file: File,
}

/// Why the data folder could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("another Serene is using {0}: stop it first, or give this one another DATABASE_URL")]
    Held(PathBuf),
    /// The lock file could not be made or locked.
    #[error("cannot lock {path}: {source}")]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
}

impl DataLock {
    /// Names the folder among all folders on all machines that are running: whoever has the lock and
    /// the same name later knows that this one is dead. `None` where the system does not tell.
    pub fn place(&self) -> Option<Uuid> {
        // Another boot is another place, and so is the copy of a folder.
        let boot = std::fs::read("/proc/sys/kernel/random/boot_id").ok()?;
        let file = self.file.metadata().ok()?;
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&boot);
        context.update(&file.dev().to_be_bytes());
        context.update(&file.ino().to_be_bytes());
        context.finish().as_ref().first_chunk().copied().map(Uuid::from_bytes)
    }

    /// Takes the lock of `folder`, which is made if it is missing. Never waits.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process has it, or another part of this one.
    pub fn acquire(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join("serene.lock");
        let open = files::private_folder(folder).and_then(|()| files::private_file(&path));
        let file = open.map_err(|source| LockError::Io { path: path.clone(), source })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held(folder.to_owned())),
            Err(TryLockError::Error(source)) => Err(LockError::Io { path, source }),
        }
    }
}
