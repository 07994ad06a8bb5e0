//! Checks Firebase ID tokens: JWTs (RFC 7519) with RS256 and no other algorithm, made for one
//! project by its own issuer. With the emulator they are unsigned, and nothing else is taken.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;

use super::{FirebaseKeys, FirebaseOptions, Identity, keys::Keys};
use crate::base::{Clock, Error, Time, limits};

/// The longest name a subject may have, in characters: Firebase says so.
const MAX_SUBJECT_CHARS: usize = 128;

/// What is read of a token. A field that is missing or of another type makes it invalid.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    exp: i64,
    iat: i64,
    auth_time: Option<i64>,
    email: Option<String>,
}

/// Checks the tokens of one project.
#[derive(Debug)]
pub(in crate::accounts) struct Verifier {
    project_id: String,
    issuer: String,
    /// `None`: the emulator's tokens.
    keys: Option<Keys>,
    validation: Validation,
}

/// The issuer that a token names, before anything of it is believed: it only chooses the verifier.
pub(super) fn issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        iss: String,
    }
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice::<Named>(&payload).ok().map(|named| named.iss)
}

impl Verifier {
    pub(super) fn new(options: &FirebaseOptions, clock: Clock) -> std::io::Result<Self> {
        let mut validation = Validation::new(Algorithm::RS256);
        // Claims are judged below, by Serene's own clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let keys = match &options.keys {
            FirebaseKeys::At(url) => Some(Keys::at(url, clock)?),
            FirebaseKeys::Emulator => None,
        };
        Ok(Self {
            issuer: format!("https://securetoken.google.com/{}", options.project_id),
            project_id: options.project_id.clone(),
            keys,
            validation,
        })
    }

    /// The issuer whose tokens it checks.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// # Errors
    /// [`Error::TokenInvalid`], [`Error::TokenExpired`], [`Error::IssuerUnavailable`].
    pub(super) async fn verify(&self, token: &str, now: Time) -> Result<Identity, Error> {
        let claims = match &self.keys {
            Some(keys) => self.signed(token, keys).await?,
            None => unsigned(token)?,
        };
        self.judge(claims, now)
    }

    async fn signed(&self, token: &str, keys: &Keys) -> Result<Claims, Error> {
        if token.split('.').count() != 3 {
            return Err(Error::TokenInvalid);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Error::TokenInvalid)?;
        let key_id = header.kid.filter(|_| header.alg == Algorithm::RS256);
        let key = keys.find(&key_id.ok_or(Error::TokenInvalid)?).await?;
        let read = jsonwebtoken::decode::<Claims>(token, &key, &self.validation);
        Ok(read.map_err(|_| Error::TokenInvalid)?.claims)
    }

    fn judge(&self, claims: Claims, now: Time) -> Result<Identity, Error> {
        let latest_start = now.plus(limits::CLOCK_SKEW).as_seconds();
        let subject = &claims.sub;
        let named = (1..=MAX_SUBJECT_CHARS).contains(&subject.chars().count())
            && !subject.chars().any(char::is_control);
        if claims.iss != self.issuer
            || claims.aud != self.project_id
            || !named
            || claims.iat > latest_start
            || claims.auth_time.is_some_and(|at| at > latest_start)
        {
            return Err(Error::TokenInvalid);
        }
        if claims.exp <= now.as_seconds() {
            return Err(Error::TokenExpired);
        }
        let email = claims.email.filter(|email| !email.is_empty());
        Ok(Identity { issuer: claims.iss, subject: claims.sub, email })
    }
}

/// What an emulator's token says: its algorithm is none, and its signature is empty.
fn unsigned(token: &str) -> Result<Claims, Error> {
    #[derive(Deserialize)]
    struct Header {
        alg: String,
    }
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(""), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Error::TokenInvalid);
    };
    let header: Header = segment(header)?;
    if header.alg != "none" {
        return Err(Error::TokenInvalid);
    }
    segment(claims)
}

fn segment<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::TokenInvalid)?;
    serde_json::from_slice(&bytes).map_err(|_| Error::TokenInvalid)
}
