//! Access tokens (JWT, RFC 7519, HS256) and refresh tokens. Knows keys and bytes, no database.
//!
//! The access token carries the claims that the published contracts' own clients read, so that
//! one token serves all of them.

use std::time::Duration;

use aws_lc_rs::{constant_time, digest, hmac};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::{Error, Owner, Time, limits};

/// How long tokens are good.
#[derive(Clone, Copy, Debug)]
pub struct TokenLifetimes {
    /// Of an access token: 15 minutes by default.
    pub access: Duration,
    /// Of a refresh token that nobody uses: 30 days by default.
    pub refresh: Duration,
}

impl Default for TokenLifetimes {
    fn default() -> Self {
        Self { access: Duration::from_mins(15), refresh: Duration::from_hours(720) }
    }
}

impl TokenLifetimes {
    /// A session lives as long as the longer-lived of its tokens.
    pub(super) fn session(&self) -> Duration {
        self.access.max(self.refresh)
    }
}

/// What an access token says. `sub` is the user's number as a string: that is what
/// Flask-JWT-Extended accepts.
#[derive(Serialize, Deserialize)]
pub(super) struct Claims {
    fresh: bool,
    iat: i64,
    jti: Uuid,
    #[serde(rename = "type")]
    kind: String,
    sub: String,
    pub(super) user_id: Uuid,
    pub(super) sid: Uuid,
    nbf: i64,
    exp: i64,
}

pub(super) struct Tokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    refresh_key: hmac::Key,
    idempotency_key: hmac::Key,
    /// Tells two secrets apart, and says nothing else of them.
    fingerprint: Uuid,
    lifetimes: TokenLifetimes,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens([redacted])")
    }
}

/// A refresh token taken apart: whose session it is, its secret, and proof that we issued it.
#[derive(Clone)]
pub(super) struct RefreshToken {
    pub(super) owner_id: Uuid,
    pub(super) session_id: Uuid,
    secret: [u8; 32],
    tag: [u8; 32],
}

const REFRESH_BYTES: usize = 16 + 16 + 32 + 32;

impl RefreshToken {
    /// What is stored: the secret itself never is.
    pub(super) fn hash(&self) -> Vec<u8> {
        digest::digest(&digest::SHA256, &self.secret).as_ref().to_vec()
    }

    pub(super) fn encode(&self) -> SecretString {
        let mut bytes = Vec::with_capacity(REFRESH_BYTES);
        bytes.extend_from_slice(self.owner_id.as_bytes());
        bytes.extend_from_slice(self.session_id.as_bytes());
        bytes.extend_from_slice(&self.secret);
        bytes.extend_from_slice(&self.tag);
        URL_SAFE_NO_PAD.encode(bytes).into()
    }
}

impl Tokens {
    pub(super) fn new(secret: &SecretString, lifetimes: TokenLifetimes) -> Self {
        let secret = secret.expose_secret().as_bytes();
        let mut validation = Validation::new(Algorithm::HS256);
        // Times are judged by Serene's own clock, below; every claim read is required by `Claims`.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derived =
            |purpose: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, purpose).as_ref());
        Self {
            signing: EncodingKey::from_secret(secret),
            verifying: DecodingKey::from_secret(secret),
            validation,
            refresh_key: derived(b"serene refresh tokens, 1"),
            idempotency_key: derived(b"serene idempotency keys, 1"),
            fingerprint: Uuid::from_bytes(
                hmac::sign(&root, b"serene instances, 1")
                    .as_ref()
                    .first_chunk()
                    .copied()
                    .unwrap_or_default(),
            ),
            lifetimes,
        }
    }

    pub(super) const fn fingerprint(&self) -> Uuid {
        self.fingerprint
    }

    /// What keeps the hashes of clients' keys and requests from being guessed.
    pub(super) const fn idempotency_key(&self) -> &hmac::Key {
        &self.idempotency_key
    }

    pub(super) fn lifetimes(&self) -> &TokenLifetimes {
        &self.lifetimes
    }

    pub(super) fn access(
        &self,
        owner: Owner,
        user_number: i64,
        session_id: Uuid,
        token_id: Uuid,
        (now, lifetime): (Time, Duration),
    ) -> SecretString {
        let claims = Claims {
            fresh: false,
            iat: now.as_seconds(),
            jti: token_id,
            kind: "access".into(),
            sub: user_number.to_string(),
            user_id: owner.id(),
            sid: session_id,
            nbf: now.as_seconds(),
            exp: now.plus(lifetime).as_seconds(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .expect("claims of strings and numbers are JSON, and HS256 takes any key")
            .into()
    }

    /// # Errors
    /// [`Error::TokenInvalid`], [`Error::TokenExpired`].
    pub(super) fn read_access(&self, token: &str, now: Time) -> Result<Claims, Error> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.verifying, &self.validation)
            .map_err(|_| Error::TokenInvalid)?
            .claims;
        let latest_start = now.plus(limits::CLOCK_SKEW).as_seconds();
        if claims.kind != "access" || claims.nbf > latest_start || claims.iat > latest_start {
            return Err(Error::TokenInvalid);
        }
        if claims.exp <= now.as_seconds() {
            return Err(Error::TokenExpired);
        }
        Ok(claims)
    }

    pub(super) fn first_refresh(
        &self,
        owner: Owner,
        session_id: Uuid,
        secret: [u8; 32],
    ) -> RefreshToken {
        self.tagged(owner.id(), session_id, secret)
    }

    /// The token that follows `parent`: always the same one, so that the grace for two tabs can
    /// give it out again although only hashes are stored.
    pub(super) fn rotate(&self, parent: &RefreshToken) -> RefreshToken {
        let secret = self.mac(b"child", parent.owner_id, parent.session_id, &parent.secret);
        self.tagged(parent.owner_id, parent.session_id, secret)
    }

    /// `None` when it was not issued by this server's secret.
    pub(super) fn read_refresh(&self, token: &str) -> Option<RefreshToken> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let bytes: [u8; REFRESH_BYTES] = bytes.try_into().ok()?;
        let owner_id = Uuid::from_slice(&bytes[..16]).ok()?;
        let session_id = Uuid::from_slice(&bytes[16..32]).ok()?;
        let presented = self.tagged(owner_id, session_id, bytes[32..64].try_into().ok()?);
        constant_time::verify_slices_are_equal(&presented.tag, &bytes[64..]).ok()?;
        Some(presented)
    }

    fn tagged(&self, owner_id: Uuid, session_id: Uuid, secret: [u8; 32]) -> RefreshToken {
        let tag = self.mac(b"issued", owner_id, session_id, &secret);
        RefreshToken { owner_id, session_id, secret, tag }
    }

    fn mac(&self, purpose: &[u8], owner_id: Uuid, session_id: Uuid, secret: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.refresh_key);
        context.update(purpose);
        context.update(owner_id.as_bytes());
        context.update(session_id.as_bytes());
        context.update(secret);
        context.sign().as_ref().try_into().expect("HMAC-SHA256 gives 32 bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(secret: &str) -> Tokens {
        Tokens::new(&secret.into(), TokenLifetimes::default())
    }

    const NOW: Time = Time::from_micros(1_800_000_000_000_000);

    fn access(tokens: &Tokens) -> String {
        let owner = Owner::without_key(Uuid::from_u128(7));
        let token = tokens.access(
            owner,
            42,
            Uuid::from_u128(8),
            Uuid::from_u128(9),
            (NOW, tokens.lifetimes.access),
        );
        token.expose_secret().to_owned()
    }

    #[test]
    fn an_access_token_is_read_back_until_it_expires_exactly() {
        let tokens = tokens("s");
        let token = access(&tokens);
        let claims = tokens.read_access(&token, NOW).unwrap();
        assert_eq!((claims.sub.as_str(), claims.user_id), ("42", Uuid::from_u128(7)));
        let last = NOW.plus(Duration::from_secs(899));
        assert!(tokens.read_access(&token, last).is_ok());
        let end = NOW.plus(Duration::from_mins(15));
        assert_eq!(tokens.read_access(&token, end).err(), Some(Error::TokenExpired));
    }

    #[test]
    fn a_clock_may_be_thirty_seconds_behind_the_issuers() {
        let tokens = tokens("s");
        let token = access(&tokens);
        assert!(tokens.read_access(&token, NOW.minus(Duration::from_secs(30))).is_ok());
        let early = NOW.minus(Duration::from_secs(31));
        assert_eq!(tokens.read_access(&token, early).err(), Some(Error::TokenInvalid));
    }

    #[test]
    fn tokens_of_another_secret_or_algorithm_are_refused() {
        let tokens = tokens("s");
        let other = access(&self::tokens("t"));
        assert_eq!(tokens.read_access(&other, NOW).err(), Some(Error::TokenInvalid));
        let mine = access(&tokens);
        let (_, rest) = mine.split_once('.').unwrap();
        for header in [r#"{"alg":"none","typ":"JWT"}"#, r#"{"alg":"HS384","typ":"JWT"}"#] {
            let forged = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header));
            assert_eq!(tokens.read_access(&forged, NOW).err(), Some(Error::TokenInvalid));
        }
        let unsigned = mine.rsplit_once('.').unwrap().0.to_owned() + ".";
        assert_eq!(tokens.read_access(&unsigned, NOW).err(), Some(Error::TokenInvalid));
    }

    #[test]
    fn a_refresh_token_names_its_session_and_cannot_be_changed() {
        let tokens = tokens("s");
        let owner = Owner::without_key(Uuid::from_u128(7));
        let first = tokens.first_refresh(owner, Uuid::from_u128(8), [1; 32]);
        let text = first.encode().expose_secret().to_owned();
        let read = tokens.read_refresh(&text).unwrap();
        assert_eq!((read.owner_id, read.session_id), (owner.id(), Uuid::from_u128(8)));
        assert_eq!(tokens.rotate(&read).hash(), tokens.rotate(&first).hash());
        assert_ne!(tokens.rotate(&read).hash(), read.hash());
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            assert!(tokens.read_refresh(&URL_SAFE_NO_PAD.encode(changed)).is_none());
        }
        assert!(self::tokens("t").read_refresh(&text).is_none());
    }
}
