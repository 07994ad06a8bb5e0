//! The key that signs tokens: how weak it may be, and the file it is kept in when nobody gave one;
//! and how the key that seals private text is read.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use serene_core::base::MasterKey;

use super::error::{ConfigError, shown_path};

/// The shortest secret that counts as strong, in bytes.
const SHORTEST_BYTES: usize = 32;
/// Random bytes in a secret made here; 64 characters in base64.
const RANDOM_BYTES: usize = 48;
/// The secret's file inside the data folder.
const FILE_NAME: &str = "jwt_secret";
/// How to make a good one, for every message that refuses a bad one.
pub(super) const ADVICE: &str = "make a good one with: openssl rand -base64 48";

/// Words of secrets that are printed in tutorials and templates, without case and separators. Random
/// text of 64 base64 characters holds one of them by chance less than once in a hundred million.
const WELL_KNOWN: [&str; 11] = [
    "supersecret",
    "changeme",
    "changethis",
    "changeit",
    "yoursecret",
    "yourjwt",
    "secretkey",
    "jwtsecret",
    "password",
    "insecure",
    "topsecret",
];

/// What is wrong with a secret, as the end of the sentence "the secret …"; `None` when it is good.
pub(super) fn weakness(secret: &str) -> Option<String> {
    let letters: String =
        secret.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if letters == "secret" || WELL_KNOWN.iter().any(|known| letters.contains(known)) {
        return Some("is a well-known example".to_owned());
    }
    if secret.len() < SHORTEST_BYTES {
        return Some(format!("has {} bytes, fewer than {SHORTEST_BYTES}", secret.len()));
    }
    let mut seen = [false; 256];
    for byte in secret.bytes() {
        seen[usize::from(byte)] = true;
    }
    let distinct = seen.iter().filter(|seen| **seen).count();
    (distinct < 10).then(|| format!("has only {distinct} different bytes"))
}

/// A master key as it is written.
pub(super) fn master_key(text: &str) -> Result<MasterKey, String> {
    let problem = "is not 32 bytes in base64; make a good one with: serene vault key";
    MasterKey::parse(text).ok_or_else(|| problem.to_owned())
}

/// The master key in a file.
pub(super) fn read_master_key(path: &str) -> Result<MasterKey, String> {
    let text =
        fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
    master_key(&text).map_err(|problem| format!("what {path} holds {problem}"))
}

/// How [`load_or_create_secret`] came by the secret. Each names the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Created {
    /// It was made just now.
    New(PathBuf),
    /// It was there, readable by its owner only.
    Existing(PathBuf),
    /// It was there, but other users of the machine can read or change it.
    TooOpen(PathBuf),
}

impl Created {
    /// What the operator should be told, in one line.
    pub(crate) fn warning(&self) -> Option<String> {
        match self {
            Self::New(path) => Some(format!(
                "JWT_SECRET is not set: a new secret was made and kept in {}; keep that file, or everyone is signed out",
                shown_path(path)
            )),
            Self::Existing(_) => None,
            Self::TooOpen(path) => Some(format!(
                "{0} can be read or changed by other users of this machine; run: chmod 600 {0}",
                shown_path(path)
            )),
        }
    }
}

/// Reads the secret in `<data_dir>/jwt_secret`, or makes one there that only its owner can read.
///
/// The folder is made when it is missing. Processes that start at the same time end with the same secret,
/// and a process killed half-way leaves none or a whole one.
pub(crate) fn load_or_create_secret(
    data_dir: &Path,
) -> Result<(SecretString, Created), ConfigError> {
    let path = data_dir.join(FILE_NAME);
    if let Some(existing) = load(&path)? {
        return Ok(existing);
    }
    let made = create(data_dir, &path).map_err(|error| ConfigError::File {
        file: shown_path(&path),
        problem: format!("cannot be written: {error}; set JWT_SECRET instead"),
    })?;
    let (secret, created) = load(&path)?.ok_or_else(|| ConfigError::File {
        file: shown_path(&path),
        problem: "was removed while it was made".to_owned(),
    })?;
    Ok((secret, if made { Created::New(path) } else { created }))
}

/// The secret in the file; `None` when there is no file.
fn load(path: &Path) -> Result<Option<(SecretString, Created)>, ConfigError> {
    let refused = |problem: String| ConfigError::File { file: shown_path(path), problem };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(format!("cannot be read: {error}"))),
    };
    let mut text = String::new();
    let mode = file
        .metadata()
        .and_then(|metadata| file.read_to_string(&mut text).map(|_| metadata.permissions().mode()))
        .map_err(|error| refused(format!("cannot be read: {error}")))?;
    let secret = text.trim();
    if let Some(weakness) = weakness(secret) {
        return Err(refused(format!(
            "the secret in it {weakness}; remove the file to have a new one made (everyone is signed out)"
        )));
    }
    let path = path.to_owned();
    let for_others = mode & 0o077;
    let created = if for_others == 0 { Created::Existing(path) } else { Created::TooOpen(path) };
    Ok(Some((SecretString::from(secret), created)))
}

/// Makes the file unless another process was faster; true when it was made here.
///
/// The text is written under a name of its own first: a link appears at once and never replaces another
/// file, so whoever finds the final name finds the whole secret.
fn create(data_dir: &Path, path: &Path) -> io::Result<bool> {
    // What people confide lives in this folder, too.
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir)?;
    let draft = data_dir.join(format!("{FILE_NAME}.{:016x}", u64::from_be_bytes(random())));
    let made = write_new(&draft, &(STANDARD.encode(random::<RANDOM_BYTES>()) + "\n"))
        .and_then(|()| link_new(&draft, path));
    let removed = fs::remove_file(&draft);
    let made = made?;
    removed?;
    File::open(data_dir)?.sync_all()?;
    Ok(made)
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn link_new(draft: &Path, path: &Path) -> io::Result<bool> {
    match fs::hard_link(draft, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn well_known_short_and_monotonous_secrets_are_weak() {
        for known in [
            "supersecret",
            "secret",
            "changeme",
            "your_secret_key",
            "your_secret_key_here",
            "Password-1234567890-abcdefghijklmno",
            "your-super-secret-jwt-key-change-this-in-production",
            "django-insecure-0p9o8i7u6y5t4r3e2w1q0a9s8d7f",
        ] {
            assert_eq!(weakness(known).as_deref(), Some("is a well-known example"), "{known}");
        }
        assert_eq!(
            weakness("0123456789abcdef0123456789abcde").unwrap(),
            "has 31 bytes, fewer than 32"
        );
        assert_eq!(weakness(&"123456789".repeat(8)).unwrap(), "has only 9 different bytes");
        for good in [
            "0123456789abcdef0123456789abcdef".to_owned(),
            "1234567890".repeat(4),
            "ein geheimes Wort, das lang genug ist".to_owned(),
            STANDARD.encode(random::<RANDOM_BYTES>()),
        ] {
            assert_eq!(weakness(&good), None, "{good}");
        }
    }

    #[test]
    fn a_secret_is_made_once_and_kept_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("a/data");
        let (made, created) = load_or_create_secret(&data).unwrap();
        let path = data.join(FILE_NAME);
        assert_eq!(created, Created::New(path.clone()));
        assert!(created.warning().unwrap().contains("a new secret was made"));
        assert_eq!(STANDARD.decode(made.expose_secret()).unwrap().len(), RANDOM_BYTES);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "no draft is left behind");

        let (again, created) = load_or_create_secret(&data).unwrap();
        assert_eq!(again.expose_secret(), made.expose_secret());
        assert_eq!((created.warning(), created), (None, Created::Existing(path)));
        let other = tempfile::tempdir().unwrap();
        let (different, _) = load_or_create_secret(other.path()).unwrap();
        assert_ne!(different.expose_secret(), made.expose_secret());
    }

    #[test]
    fn many_at_once_end_with_one_secret() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let start = Barrier::new(8);
            let results: Vec<_> = std::thread::scope(|scope| {
                let run = || {
                    start.wait();
                    load_or_create_secret(folder.path()).unwrap()
                };
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let first = results[0].0.expose_secret();
            assert!(results.iter().all(|(secret, _)| secret.expose_secret() == first));
            let made = results.iter().filter(|(_, created)| matches!(created, Created::New(_)));
            assert_eq!(made.count(), 1);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_used_with_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let (made, _) = load_or_create_secret(folder.path()).unwrap();
        let path = folder.path().join(FILE_NAME);
        for mode in [0o640, 0o604, 0o620, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let (secret, created) = load_or_create_secret(folder.path()).unwrap();
            assert_eq!(secret.expose_secret(), made.expose_secret());
            assert!(created.warning().unwrap().contains("chmod 600"), "{mode:o}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_in_one_line_without_quoting_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let problem = || load_or_create_secret(folder.path()).unwrap_err().to_string();
        for (text, reason) in [("", "has 0 bytes"), ("hunter2\n", "has 7 bytes")] {
            fs::write(&path, text).unwrap();
            let message = problem();
            assert!(message.contains(reason) && message.contains("remove the file"), "{message}");
            assert!(!message.contains("hunter2") && !message.contains('\n'), "{message}");
        }
        fs::write(&path, [0xff; 64]).unwrap();
        assert!(problem().contains("jwt_secret: cannot be read:"));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(problem().contains("jwt_secret: cannot be read:"));
        fs::remove_dir(&path).unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let message =
            load_or_create_secret(&folder.path().join("file/data")).unwrap_err().to_string();
        assert!(message.contains("jwt_secret: cannot be"), "{message}");
    }
}
