//! `Idempotency-Key`: what a client may send with a request that creates, so that sending it again
//! creates nothing again. What was created is remembered beside it, in the same write; the answer is
//! made anew from that. Key and request are kept as keyed hashes only.

use aws_lc_rs::hmac;
use serene_db::{DbError, Row, Select, Statement, Write, values};
use uuid::Uuid;

use super::{Base, Error, Owner, Time, limits};

serene_db::statements! {
    INSERT = "idempotency_keys.insert":
        "INSERT INTO idempotency_keys (owner_id, id, fingerprint, resource_id, created_at) \
         VALUES (?, ?, ?, ?, ?)";
    FIND = "idempotency_keys.find":
        "SELECT fingerprint, resource_id FROM idempotency_keys \
         WHERE owner_id = ? AND id = ? AND created_at > ? LIMIT 1";
    DELETE_OLD = "idempotency_keys.delete_old":
        "DELETE FROM idempotency_keys WHERE owner_id = ? AND id = ? AND created_at <= ?";
    EXPIRED = "idempotency_keys.expired":
        "SELECT owner_id, id FROM idempotency_keys WHERE created_at <= ? LIMIT 500";
}

/// The constraint that says that a key is in use.
const IN_USE: &str = "idempotency_keys_owner_id_id_key";

/// A client's key for one request, and what tells that request from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    id: Uuid,
    fingerprint: Uuid,
}

impl Retry {
    /// `request` is what must be the same when the key comes again: the route and the body.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless the key has 1 to [`limits::MAX_IDEMPOTENCY_KEY_CHARS`] visible
    /// ASCII characters.
    pub(crate) fn new(secret: &hmac::Key, key: &[u8], request: &[&[u8]]) -> Result<Self, Error> {
        let visible = key.iter().all(u8::is_ascii_graphic);
        if !visible || key.is_empty() || key.len() > limits::MAX_IDEMPOTENCY_KEY_CHARS {
            let most = limits::MAX_IDEMPOTENCY_KEY_CHARS;
            let message = format!("must have 1 to {most} visible ASCII characters");
            return Err(Error::invalid("idempotency-key", message));
        }
        Ok(Self { id: hash(secret, &[b"key", key]), fingerprint: hash(secret, request) })
    }

    /// An id for what a request makes besides what its key remembers: the same each time.
    pub const fn id_on_the_way(self) -> Uuid {
        self.id
    }

    /// The piece of a write that remembers what was created. It comes first in the write: two
    /// requests with one key then meet at the key, wherever else they would.
    pub(crate) fn remember(self, owner: Owner, resource_id: Uuid, now: Time) -> [Statement; 2] {
        let kept_after = now.minus(limits::IDEMPOTENCY_KEPT_FOR).as_micros();
        let Self { id, fingerprint } = self;
        [
            Statement::new(&DELETE_OLD, values![owner.id(), id, kept_after]),
            Statement::new(
                &INSERT,
                values![owner.id(), id, fingerprint, resource_id, now.as_micros()],
            ),
        ]
    }

    /// Whether this is how a write fails whose key was used in the meantime.
    pub(crate) fn is_in_use(error: &DbError) -> bool {
        matches!(error, DbError::Duplicate(key) if key == IN_USE)
    }
}

/// The first 128 bits of an HMAC over these parts.
fn hash(secret: &hmac::Key, parts: &[&[u8]]) -> Uuid {
    let mut context = hmac::Context::with_key(secret);
    for part in parts {
        // With their lengths: no two lists of parts are the same bytes.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let tag = context.sign();
    Uuid::from_bytes(tag.as_ref().first_chunk().copied().unwrap_or_default())
}

impl Base {
    /// What a request with this key created before; `None` for the first one.
    ///
    /// # Errors
    /// [`Error::IdempotencyKeyReused`] when that was another request.
    pub(crate) async fn created_before(
        &self,
        owner: Owner,
        retry: Option<Retry>,
    ) -> Result<Option<Uuid>, Error> {
        let Some(retry) = retry else { return Ok(None) };
        let kept_after = self.clock.now().minus(limits::IDEMPOTENCY_KEPT_FOR).as_micros();
        let map = |row: &Row<'_>| Ok::<_, Error>((row.get::<Uuid>(0)?, row.get::<Uuid>(1)?));
        let values = values![owner.id(), retry.id, kept_after];
        match self.db.query_one(Select::new(&FIND, values, map)).await? {
            None => Ok(None),
            Some((fingerprint, id)) if fingerprint == retry.fingerprint => Ok(Some(id)),
            Some(_) => Err(Error::IdempotencyKeyReused),
        }
    }

    /// Whether the owner created something with this key before, whatever the request was.
    pub(crate) async fn remembers(&self, owner: Owner, retry: Retry) -> Result<bool, Error> {
        match self.created_before(owner, Some(retry)).await {
            Ok(created) => Ok(created.is_some()),
            Err(Error::IdempotencyKeyReused) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Forgets the keys whose time is over. Returns how many.
    pub(crate) async fn forget_idempotency_keys(&self) -> Result<usize, Error> {
        let before = self.clock.now().minus(limits::IDEMPOTENCY_KEPT_FOR).as_micros();
        let mut forgotten = 0;
        loop {
            let map = |row: &Row<'_>| Ok::<_, Error>((row.get::<Uuid>(0)?, row.get::<Uuid>(1)?));
            let expired = self.db.query(Select::new(&EXPIRED, values![before], map)).await?;
            if expired.is_empty() {
                return Ok(forgotten);
            }
            forgotten += expired.len();
            let delete = |(owner_id, id): (Uuid, Uuid)| {
                Statement::new(&DELETE_OLD, values![owner_id, id, before])
            };
            self.db.commit(Write::new().with_all(expired.into_iter().map(delete))).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(key: &str, request: &[&[u8]]) -> Result<Retry, Error> {
        Retry::new(&hmac::Key::new(hmac::HMAC_SHA256, b"secret"), key.as_bytes(), request)
    }

    #[test]
    fn a_key_has_visible_characters() {
        let long = "k".repeat(limits::MAX_IDEMPOTENCY_KEY_CHARS);
        for good in ["1", "\"quoted\"", "0199e4c7-54c8", &long] {
            assert!(retry(good, &[]).is_ok(), "{good}");
        }
        for bad in ["", "a b", "é", "a\u{7f}", &(long.clone() + "k")] {
            assert!(matches!(retry(bad, &[]), Err(Error::Invalid { .. })), "{bad}");
        }
    }

    #[test]
    fn requests_are_told_apart_wherever_their_parts_are_cut() {
        let one = retry("k", &[b"/a", b"bc"]).unwrap();
        assert_eq!(one, retry("k", &[b"/a", b"bc"]).unwrap());
        let other = retry("k", &[b"/ab", b"c"]).unwrap();
        assert_eq!(one.id, other.id);
        assert_ne!(one.fingerprint, other.fingerprint);
        assert_ne!(one.id, retry("l", &[]).unwrap().id);
    }
}
