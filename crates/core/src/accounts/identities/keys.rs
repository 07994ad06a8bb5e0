//! The keys that another issuer signs with, fetched from its URL and kept as long as it says.
//!
//! They are fetched again when that time is over, and once for a key id that is not known, but no
//! oftener than every [`REFETCH_AFTER`]. When they cannot be had, the old ones are used for
//! [`limits::KEYS_OUTLIVE`] more.

use std::{
    collections::HashMap,
    fmt, io,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jsonwebtoken::DecodingKey;
use reqwest::header::{CACHE_CONTROL, HeaderMap};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::certificate::rsa_key;
use crate::base::{Clock, Error, Time, limits};

/// The least time between two fetches that went well: a stranger who makes up key ids must not
/// make us ask each time.
const REFETCH_AFTER: Duration = Duration::from_secs(30);
/// The least time between two fetches after one that failed.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// How long one fetch may take.
const FETCH_TIME: Duration = Duration::from_secs(5);
/// How long keys are kept when their server does not say, and the bounds of what it may say.
const USUAL_AGE: Duration = Duration::from_hours(1);
const AGES: std::ops::RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(24);
/// More than this is no list of keys.
const MAX_BYTES: usize = 256 * 1024;

type KeyMap = HashMap<String, Arc<DecodingKey>>;

/// The keys of one issuer.
pub(super) struct Keys {
    url: String,
    client: reqwest::Client,
    clock: Clock,
    known: RwLock<Known>,
    /// From when on they may be fetched again. Held while they are.
    next_fetch: Mutex<Option<Time>>,
}

#[derive(Clone)]
struct Known {
    keys: Arc<KeyMap>,
    fresh_until: Time,
}

impl Known {
    fn is_usable(&self, now: Time) -> bool {
        !self.keys.is_empty() && now < self.fresh_until.plus(limits::KEYS_OUTLIVE)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    /// Nothing is fetched before the first token comes.
    pub(super) fn at(url: &str, clock: Clock) -> io::Result<Self> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("serene/", env!("CARGO_PKG_VERSION")))
            // What the environment calls a proxy is not in our configuration.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .timeout(FETCH_TIME);
        if url.starts_with("http://") {
            // Without TLS no certificates are read, and an image without any still works.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(io::Error::other)?;
        let known = Known { keys: Arc::default(), fresh_until: Time::from_micros(0) };
        let (known, next_fetch) = (RwLock::new(known), Mutex::default());
        Ok(Self { url: url.to_owned(), client, clock, known, next_fetch })
    }

    /// The key of this id.
    ///
    /// # Errors
    /// [`Error::TokenInvalid`] when there is none, [`Error::IssuerUnavailable`] when that cannot be
    /// said.
    pub(super) async fn find(&self, id: &str) -> Result<Arc<DecodingKey>, Error> {
        let now = self.clock.now();
        let known = self.known();
        let key = known.keys.get(id).cloned();
        match key {
            Some(key) if now < known.fresh_until => return Ok(key),
            Some(key) if known.is_usable(now) => {
                // Who comes while another one fetches does not wait for it.
                match self.next_fetch.try_lock() {
                    Ok(next_fetch) => self.fetch_if_due(next_fetch, now).await,
                    Err(_) => return Ok(key),
                }
            }
            _ => {
                let next_fetch = self.next_fetch.lock().await;
                if !self.known().keys.contains_key(id) || now >= self.known().fresh_until {
                    self.fetch_if_due(next_fetch, now).await;
                }
            }
        }
        let known = self.known();
        if !known.is_usable(now) {
            return Err(Error::IssuerUnavailable);
        }
        known.keys.get(id).cloned().ok_or(Error::TokenInvalid)
    }

    fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn fetch_if_due(
        &self,
        mut next_fetch: tokio::sync::MutexGuard<'_, Option<Time>>,
        now: Time,
    ) {
        // A clock that was set back must not keep us waiting until it has caught up.
        let waits = |at: Time| now < at && at.since(now) <= REFETCH_AFTER;
        if next_fetch.is_some_and(waits) {
            return;
        }
        *next_fetch = Some(now.plus(RETRY_AFTER));
        match self.fetch().await {
            Ok((keys, age)) => {
                let known = Known { keys: Arc::new(keys), fresh_until: now.plus(age) };
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
                *next_fetch = Some(now.plus(REFETCH_AFTER));
            }
            Err(problem) => tracing::warn!("cannot fetch the keys of ID tokens: {problem}"),
        }
    }

    /// The keys, and how long they may be kept.
    async fn fetch(&self) -> Result<(KeyMap, Duration), String> {
        // The error without its URL, which may hold a password.
        let said = |error: reqwest::Error| error.without_url().to_string();
        let mut response = self.client.get(&self.url).send().await.map_err(said)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(format!("their server answered {}", response.status()));
        }
        let age = max_age(response.headers());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(said)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BYTES {
                return Err("what came is too large".to_owned());
            }
        }
        let keys = read(&body).ok_or("what came is no list of keys")?;
        if keys.is_empty() {
            return Err("there is no RSA key among what came".to_owned());
        }
        Ok((keys, age))
    }
}

fn max_age(headers: &HeaderMap) -> Duration {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut words = lines.flat_map(|line| line.split(',')).map(str::trim);
    let seconds = words.find_map(|word| {
        let (name, value) = word.split_once('=')?;
        name.trim().eq_ignore_ascii_case("max-age").then(|| value.trim().parse().ok())?
    });
    seconds.map_or(USUAL_AGE, Duration::from_secs).clamp(*AGES.start(), *AGES.end())
}

/// A JWK set (RFC 7517), or an object that gives each key id its certificate. Keys of other kinds
/// are passed over.
fn read(body: &[u8]) -> Option<KeyMap> {
    #[derive(Deserialize)]
    struct Jwk {
        kid: String,
        kty: String,
        n: String,
        e: String,
    }
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else { return None };
    let mut keys = KeyMap::new();
    if let Some(Value::Array(jwks)) = object.get("keys") {
        for jwk in jwks.iter().filter_map(|jwk| Jwk::deserialize(jwk).ok()) {
            let key = DecodingKey::from_rsa_components(&jwk.n, &jwk.e).ok();
            if let Some(key) = key.filter(|_| jwk.kty == "RSA") {
                keys.insert(jwk.kid, Arc::new(key));
            }
        }
        return Some(keys);
    }
    for (id, pem) in object {
        if let Some(key) = pem.as_str().and_then(rsa_key) {
            keys.insert(id, Arc::new(DecodingKey::from_rsa_der(&key)));
        }
    }
    Some(keys)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn keys_are_kept_as_long_as_their_server_says_within_bounds() {
        let age = |value: &'static str| {
            max_age(&HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static(value))]))
        };
        assert_eq!(age("public, max-age=19302, must-revalidate"), Duration::from_secs(19_302));
        assert_eq!(age("Max-Age = 600"), Duration::from_mins(10));
        assert_eq!(age("max-age=0"), Duration::from_mins(1));
        assert_eq!(age("max-age=99999999"), Duration::from_hours(24));
        for unclear in ["no-store", "max-age=soon", "s-maxage=5"] {
            assert_eq!(age(unclear), USUAL_AGE, "{unclear}");
        }
        assert_eq!(max_age(&HeaderMap::new()), USUAL_AGE);
    }

    #[test]
    fn what_is_no_list_of_keys_is_not_read() {
        for body in ["", "[]", "null", "<html>", "{"] {
            assert!(read(body.as_bytes()).is_none(), "{body}");
        }
        for body in [
            "{}",
            r#"{"keys": []}"#,
            r#"{"keys": [{"kid": "a", "kty": "EC", "n": "AQAB", "e": "AQAB"}]}"#,
            r#"{"keys": [{"kid": "a", "kty": "RSA", "n": "!", "e": "AQAB"}]}"#,
            r#"{"a": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"}"#,
            r#"{"a": "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----", "b": 5}"#,
        ] {
            assert_eq!(read(body.as_bytes()).map(|keys| keys.len()), Some(0), "{body}");
        }
    }
}
