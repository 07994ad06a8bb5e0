//! Where private text passes on its way to the database and back.
//!
//! Without a master key it is stored as UTF-8. With one, each owner has a key of their own, wrapped
//! by the master key; every text is sealed under it with AES-256-GCM (NIST SP 800-38D) and bound to
//! its place and owner, so that it opens nowhere else. Turning the vault on and off is in
//! [`crate::sealing`]; here nothing of the product is known.

mod keys;
mod reseal;

use std::sync::Arc;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
pub(crate) use keys::{
    ALL as STATEMENTS, NEXT, State, VAULT, delete_key, delete_state, find_key, insert_key,
    insert_state, read_state, set_key, set_state,
};
pub(crate) use reseal::{SealedColumn, reseal};
use uuid::Uuid;

use super::{Base, Error, Ids, Owner, Private, Resource};

const KEY_BYTES: usize = 32;

/// A sealed value begins with a byte that no text and no picture begins with, and the version of
/// the key that sealed it.
const HEADER: [u8; 2] = [0, 1];

/// Header, nonce and tag.
const OVERHEAD: usize = HEADER.len() + NONCE_LEN + 16;

/// The key that wraps the owners' keys. `Debug` prints `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; KEY_BYTES]);

impl MasterKey {
    /// Reads 32 bytes in base64, as `openssl rand -base64 32` prints them. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(STANDARD.decode(text.trim()).ok()?.try_into().ok()?))
    }

    /// A new one.
    pub fn random() -> Self {
        Self(Ids::random().secret())
    }

    /// As [`Self::parse`] reads it.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Eight hexadecimal digits that tell keys apart and give nothing of them away.
    pub fn fingerprint(&self) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"serene master key");
        context.update(&self.0);
        let digest = context.finish();
        let first = digest.as_ref().first_chunk().copied().unwrap_or_default();
        format!("{:08x}", u32::from_be_bytes(first))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey([redacted])")
    }
}

/// The key an owner's text is sealed with, where there is a vault. `Debug` prints `[redacted]`.
#[derive(Clone, Copy)]
pub(super) struct DataKey([u8; KEY_BYTES]);

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The one place a sealed value belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The column, as `table.column`.
    column: &'static str,
    /// The row's id.
    row: Uuid,
    /// Tells rows apart that share an id.
    part: i64,
}

impl Place {
    /// A column of a row that its id names.
    pub(crate) const fn new(column: &'static str, row: Uuid) -> Self {
        Self { column, row, part: 0 }
    }

    /// One of several rows under an id.
    pub(crate) const fn part(self, part: i64) -> Self {
        Self { part, ..self }
    }
}

/// Seals and opens private text. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Vault {
    /// `None`: there is no vault.
    master: Option<Arc<Lock>>,
}

impl Vault {
    /// Without a key: text is stored as it is.
    pub const fn plain() -> Self {
        Self { master: None }
    }

    pub(crate) fn with_key(key: &MasterKey) -> Self {
        Self { master: Some(Arc::new(Lock::new(Uuid::nil(), &key.0))) }
    }

    /// Whether text is sealed.
    pub const fn is_on(&self) -> bool {
        self.master.is_some()
    }

    /// What seals and opens this owner's text: made once for each statement, because making it
    /// costs as much as opening a text.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when there is a vault and this owner came without a key: nothing is
    /// ever stored in the open because a key was forgotten.
    pub(crate) fn of(&self, owner: Owner) -> Result<Keeper, Error> {
        let lock = match (self.is_on(), owner.data_key()) {
            (false, _) => None,
            (true, Some(key)) => Some(Lock::new(owner.id(), &key.0)),
            (true, None) => return Err(Error::Unreadable),
        };
        Ok(Keeper { lock })
    }

    /// A new owner's key: the owner who holds it, and its wrapped form for the database, if there
    /// is a vault.
    pub(crate) fn new_key(&self, id: Uuid, ids: &Ids) -> (Owner, Option<Vec<u8>>) {
        let Some(master) = &self.master else { return (Owner::without_key(id), None) };
        let key = DataKey(ids.secret());
        (Owner::with_key(id, key), Some(master.seal(wrapping(id), key.0.to_vec())))
    }

    /// The owner whose wrapped key this is.
    pub(crate) fn unwrap(&self, id: Uuid, wrapped: Vec<u8>) -> Result<Owner, Error> {
        let Some(master) = &self.master else { return Ok(Owner::without_key(id)) };
        let key = master.open(wrapping(id), wrapped)?;
        Ok(Owner::with_key(id, DataKey(key.try_into().map_err(|_| Error::Unreadable)?)))
    }

    /// Wraps the key of an owner who has one.
    pub(crate) fn wrap(&self, owner: Owner) -> Option<Vec<u8>> {
        let (master, key) = self.master.as_ref().zip(owner.data_key())?;
        Some(master.seal(wrapping(owner.id()), key.0.to_vec()))
    }

    /// A value that only this master key opens, to be recognised by.
    pub(crate) fn canary(&self) -> Option<Vec<u8>> {
        Some(self.master.as_ref()?.seal(CANARY, b"serene".to_vec()))
    }

    /// Whether this master key made the canary.
    pub(crate) fn made(&self, canary: Vec<u8>) -> bool {
        self.master.as_ref().is_some_and(|master| master.open(CANARY, canary).is_ok())
    }
}

const CANARY: Place = Place::new("vault.canary", Uuid::nil());

const fn wrapping(id: Uuid) -> Place {
    Place::new("vault_keys.wrapped", id)
}

/// Seals and opens one owner's text.
#[derive(Debug)]
pub(crate) struct Keeper {
    lock: Option<Lock>,
}

impl Keeper {
    /// What to store for a text.
    pub(crate) fn seal(&self, place: Place, text: &str) -> Vec<u8> {
        self.seal_bytes(place, text.as_bytes().to_vec())
    }

    /// The text that was stored.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when the bytes are not what was sealed for this place and owner.
    pub(crate) fn open(&self, place: Place, stored: Vec<u8>) -> Result<Private, Error> {
        let bytes = self.open_bytes(place, stored)?;
        String::from_utf8(bytes).map(Private::new).map_err(|_| Error::Unreadable)
    }

    /// What to store for bytes.
    pub(crate) fn seal_bytes(&self, place: Place, bytes: Vec<u8>) -> Vec<u8> {
        match &self.lock {
            Some(lock) => lock.seal(place, bytes),
            None => bytes,
        }
    }

    /// The bytes that were stored.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) fn open_bytes(&self, place: Place, stored: Vec<u8>) -> Result<Vec<u8>, Error> {
        match &self.lock {
            Some(lock) => lock.open(place, stored),
            // Sealed, and nobody gave the key.
            None if is_sealed(&stored) => Err(Error::Unreadable),
            None => Ok(stored),
        }
    }

    /// Whether what is stored is in the form that this keeper stores.
    pub(crate) fn is_done(&self, stored: &[u8]) -> bool {
        self.lock.is_some() == is_sealed(stored)
    }
}

fn is_sealed(stored: &[u8]) -> bool {
    stored.first() == Some(&HEADER[0])
}

/// A key and whose it is.
struct Lock {
    owner: Uuid,
    key: LessSafeKey,
}

impl Lock {
    fn new(owner: Uuid, key: &[u8; KEY_BYTES]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("the length is that of the algorithm");
        Self { owner, key: LessSafeKey::new(key) }
    }

    /// What a value is bound to. The fields before the last have fixed lengths, so that no two
    /// places give the same bytes.
    fn associated(&self, place: Place) -> Aad<Vec<u8>> {
        let mut bytes = Vec::with_capacity(72);
        bytes.extend(HEADER);
        bytes.extend(self.owner.as_bytes());
        bytes.extend(place.row.as_bytes());
        bytes.extend(place.part.to_be_bytes());
        bytes.extend(place.column.as_bytes());
        Aad::from(bytes)
    }

    fn seal(&self, place: Place, mut bytes: Vec<u8>) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = Ids::random().secret();
        let tag = self
            .key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                self.associated(place),
                &mut bytes,
            )
            .expect("no value is as long as 64 GiB");
        let mut sealed = Vec::with_capacity(bytes.len() + OVERHEAD);
        sealed.extend(HEADER);
        sealed.extend(nonce);
        sealed.extend(bytes);
        sealed.extend(tag.as_ref());
        sealed
    }

    fn open(&self, place: Place, mut stored: Vec<u8>) -> Result<Vec<u8>, Error> {
        let rest = stored.strip_prefix(&HEADER).ok_or(Error::Unreadable)?;
        let nonce = rest.get(..NONCE_LEN).ok_or(Error::Unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Unreadable)?;
        let opened = self.key.open_within(
            nonce,
            self.associated(place),
            &mut stored,
            HEADER.len() + NONCE_LEN..,
        );
        let length = opened.map_err(|_| Error::Unreadable)?.len();
        stored.truncate(length);
        Ok(stored)
    }
}

impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lock([redacted])")
    }
}

impl Base {
    /// The owner behind an id that authentication has checked, with the key to their text.
    pub(crate) async fn owner(&self, id: Uuid) -> Result<Owner, Error> {
        if !self.vault.is_on() {
            return Ok(Owner::without_key(id));
        }
        let wrapped = find_key(&self.db, Owner::without_key(id)).await?;
        self.vault.unwrap(id, wrapped.ok_or(Error::NotFound(Resource::User))?)
    }

    /// As [`Owner::for_job`], with the key to the owner's text.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such user any more.
    pub async fn owner_for_job(&self, id: Uuid, job: &'static str) -> Result<Owner, Error> {
        tracing::debug!(owner = %id, job, "opening an owner's text in job {job}");
        self.owner(id).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place::new("messages.content", Uuid::from_u128(3));

    fn vault_and_owner(id: u128) -> (Vault, Owner, Vec<u8>) {
        let vault = Vault::with_key(&MasterKey([7; KEY_BYTES]));
        let (owner, wrapped) = vault.new_key(Uuid::from_u128(id), &Ids::random());
        (vault, owner, wrapped.unwrap())
    }

    #[test]
    fn what_is_sealed_opens_in_its_own_place_only() {
        let (vault, owner, _) = vault_and_owner(1);
        let keeper = vault.of(owner).unwrap();
        for text in ["", "river", "\u{1f30a} ".repeat(500).as_str()] {
            let sealed = keeper.seal(PLACE, text);
            assert_eq!(sealed.len(), text.len() + OVERHEAD);
            assert!(text.is_empty() || !sealed.windows(4).any(|w| text.as_bytes().starts_with(w)));
            assert_eq!(keeper.open(PLACE, sealed.clone()).unwrap().expose(), text);
            let elsewhere = [
                Place::new("messages.content", Uuid::from_u128(4)),
                Place::new("entries.note", Uuid::from_u128(3)),
                PLACE.part(1),
            ];
            for place in elsewhere {
                assert_eq!(keeper.open(place, sealed.clone()).err(), Some(Error::Unreadable));
            }
        }
        assert_ne!(keeper.seal(PLACE, "twice"), keeper.seal(PLACE, "twice"));
    }

    #[test]
    fn one_owner_opens_nothing_of_another() {
        let (vault, owner, _) = vault_and_owner(1);
        let (_, other, _) = vault_and_owner(2);
        let sealed = vault.of(owner).unwrap().seal(PLACE, "mine");
        assert_eq!(vault.of(other).unwrap().open(PLACE, sealed.clone()), Err(Error::Unreadable));
        // Not even with the same key.
        let stolen = Owner::with_key(other.id(), owner.data_key().unwrap());
        assert_eq!(vault.of(stolen).unwrap().open(PLACE, sealed), Err(Error::Unreadable));
    }

    #[test]
    fn any_damage_is_an_error() {
        let (vault, owner, _) = vault_and_owner(1);
        let keeper = vault.of(owner).unwrap();
        let sealed = keeper.seal(PLACE, "a line");
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(keeper.open(PLACE, damaged), Err(Error::Unreadable), "byte {at}");
            let cut = sealed[..at].to_vec();
            assert_eq!(keeper.open(PLACE, cut), Err(Error::Unreadable), "cut at {at}");
        }
        assert_eq!(keeper.open(PLACE, b"put here in the open".to_vec()), Err(Error::Unreadable));
    }

    #[test]
    fn a_key_that_was_forgotten_stores_nothing_in_the_open() {
        let (vault, owner, _) = vault_and_owner(1);
        let without = Owner::without_key(owner.id());
        assert_eq!(vault.of(without).err(), Some(Error::Unreadable));
        let sealed = vault.of(owner).unwrap().seal(PLACE, "mine");
        let plain = Vault::plain().of(owner).unwrap();
        assert_eq!(plain.open(PLACE, sealed), Err(Error::Unreadable));
        assert_eq!(plain.open(PLACE, b"mine".to_vec()).unwrap().expose(), "mine");
    }

    #[test]
    fn a_wrapped_key_opens_for_its_owner_under_its_master() {
        let (vault, owner, wrapped) = vault_and_owner(1);
        let again = vault.unwrap(owner.id(), wrapped.clone()).unwrap();
        let sealed = vault.of(owner).unwrap().seal(PLACE, "mine");
        assert_eq!(vault.of(again).unwrap().open(PLACE, sealed).unwrap().expose(), "mine");
        assert!(vault.unwrap(Uuid::from_u128(2), wrapped.clone()).is_err());
        let other = Vault::with_key(&MasterKey([8; KEY_BYTES]));
        assert!(other.unwrap(owner.id(), wrapped).is_err());
        assert!(!other.made(vault.canary().unwrap()));
        assert!(vault.made(vault.canary().unwrap()));
    }

    #[test]
    fn keys_are_read_as_they_are_printed_and_never_shown() {
        let key = MasterKey::random();
        assert_eq!(MasterKey::parse(&format!(" {}\n", key.to_base64())), Some(key.clone()));
        assert_ne!(key, MasterKey::random());
        for bad in ["", "secret", &STANDARD.encode([1; 31]), &STANDARD.encode([1; 33])] {
            assert_eq!(MasterKey::parse(bad), None);
        }
        let (vault, owner, _) = vault_and_owner(1);
        let shown = format!("{key:?} {vault:?} {owner:?} {:?}", vault.of(owner).unwrap());
        assert!(shown.contains("[redacted]") && !shown.contains("LessSafeKey"), "{shown}");
    }
}
