//! Calling a model server over HTTP: one pooled client, bounded waits, few retries. What the bytes
//! mean is the engines' business, not this module's.

mod body;

use std::{error::Error as _, fmt, hash::BuildHasher, io, time::Duration};

use bytes::Bytes;
use reqwest::{
    StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

pub(crate) use body::Body;

use crate::EngineError;

/// How long each part of a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Name lookup, TCP and TLS together.
    pub connect: Duration,
    /// From the start of an attempt to the first byte of the answer's body.
    pub first_byte: Duration,
    /// The longest silence between two pieces of the answer. A server's keep-alive comments count
    /// as life.
    pub idle: Duration,
    /// The whole call with its retries; `None` for no limit.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    /// Connect 5 s, first byte 30 s, idle 30 s, total 15 min (a small machine that writes five
    /// tokens a second needs that long for 4,096 of them).
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            total: Some(Duration::from_mins(15)),
        }
    }
}

/// How often a call is tried again. Only what failed before the answer began is: no connection,
/// a connection lost before the answer's head, 429 and 5xx. A timeout is not tried again, because
/// somebody has been waiting all that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Attempts in all, the first included; 1 to [`MAX_ATTEMPTS`], other values are brought
    /// into that range.
    pub max_attempts: u32,
    /// The wait before the second attempt when the server names none; doubled for the third. Up to
    /// half as much again is added by chance, so that many callers do not come back at once.
    pub first_wait: Duration,
    /// The longest `Retry-After` worth waiting for; a longer one ends the call at once.
    pub max_wait: Duration,
}

/// The most attempts a call may make: the first and two retries.
pub const MAX_ATTEMPTS: u32 = 3;

impl Default for Retries {
    /// Three attempts, 250 ms before the second, `Retry-After` honoured up to 5 s.
    fn default() -> Self {
        Self {
            max_attempts: MAX_ATTEMPTS,
            first_wait: Duration::from_millis(250),
            max_wait: Duration::from_secs(5),
        }
    }
}

/// Why an engine could not be set up. Messages quote neither the URL (it may hold a password) nor
/// the key.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// Not an absolute http or https URL.
    #[error("the model server's URL must be a whole one that begins with http:// or https://")]
    Url,
    /// A key that no HTTP header can carry.
    #[error("the model server's API key has a character that cannot be sent, such as a line break")]
    ApiKey,
    /// No TLS client can be made: nearly always, a system without CA certificates.
    #[error("no TLS client can be made; are the system's CA certificates installed?")]
    Tls,
}

/// Reads a model server's URL.
pub(crate) fn parse_url(url: &str) -> Result<Url, ConfigError> {
    Url::parse(url.trim())
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or(ConfigError::Url)
}

/// One model server: where it is, how to call it.
pub(crate) struct Upstream {
    client: reqwest::Client,
    url: Url,
    api_key: Option<SecretString>,
    timeouts: Timeouts,
    retries: Retries,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path and query may hold a token, the user part a password.
        f.debug_struct("Upstream")
            .field("origin", &self.url.origin().ascii_serialization())
            .field("timeouts", &self.timeouts)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

/// An attempt that did not come as far as an answer.
struct Failure {
    error: EngineError,
    again: bool,
    retry_after: Option<Duration>,
}

impl Failure {
    const fn last(error: EngineError) -> Self {
        Self { error, again: false, retry_after: None }
    }
}

/// A moment, and the error that is due when it passes.
#[derive(Clone)]
struct Deadline {
    at: Instant,
    error: EngineError,
}

impl Deadline {
    fn after(phase: &'static str, limit: Duration) -> Self {
        let now = Instant::now();
        let far = Duration::from_hours(24 * 365);
        let at = now.checked_add(limit).unwrap_or_else(|| now + far);
        Self { at, error: EngineError::Timeout { phase, limit } }
    }

    fn or_earlier(self, other: Option<&Self>) -> Self {
        match other {
            Some(other) if other.at < self.at => other.clone(),
            _ => self,
        }
    }
}

impl Upstream {
    pub(crate) fn new(
        url: Url,
        api_key: Option<SecretString>,
        timeouts: Timeouts,
        retries: Retries,
    ) -> Result<Self, ConfigError> {
        let api_key = api_key.filter(|key| !key.expose_secret().is_empty());
        if let Some(key) = &api_key {
            HeaderValue::from_str(key.expose_secret()).map_err(|_| ConfigError::ApiKey)?;
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("serene/", env!("CARGO_PKG_VERSION")))
            // What the environment calls a proxy is not in our configuration.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(timeouts.connect)
            .pool_max_idle_per_host(32);
        if url.scheme() == "http" {
            // Without TLS no certificates are read, and an image without any still works.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|_| ConfigError::Tls)?;
        let max_attempts = retries.max_attempts.clamp(1, MAX_ATTEMPTS);
        Ok(Self { client, url, api_key, timeouts, retries: Retries { max_attempts, ..retries } })
    }

    /// Posts JSON and returns the body of the answer, once there is one with a 2xx status. Nothing
    /// of the body has been waited for yet.
    pub(crate) async fn post(&self, json: Bytes) -> Result<Body, EngineError> {
        let total = self.timeouts.total.map(|limit| Deadline::after("total", limit));
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(json.clone(), attempt, total.as_ref()).await {
                Ok(body) => return Ok(body),
                Err(failure) => failure,
            };
            let code = failure.error.code();
            let Some(wait) = self.wait_after(&failure, attempt, total.as_ref()) else {
                tracing::warn!(code, attempt, "the model server did not answer");
                return Err(failure.error);
            };
            tracing::debug!(code, attempt, wait_ms = wait.as_millis(), "trying again");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        json: Bytes,
        attempt: u32,
        total: Option<&Deadline>,
    ) -> Result<Body, Failure> {
        let started = Instant::now();
        let deadline = Deadline::after("first byte", self.timeouts.first_byte).or_earlier(total);
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "text/event-stream, application/json")
            .body(json);
        if let Some(key) = &self.api_key {
            request = request.bearer_auth(key.expose_secret());
        }
        let response = match tokio::time::timeout_at(deadline.at, request.send()).await {
            Err(_) => return Err(Failure::last(deadline.error)),
            Ok(Err(error)) => return Err(self.not_sent(&error)),
            Ok(Ok(response)) => response,
        };
        let status = response.status();
        let elapsed_ms = started.elapsed().as_millis();
        tracing::debug!(status = status.as_u16(), attempt, elapsed_ms, "the model server answered");
        if status.is_success() {
            return Ok(Body::new(response, deadline, self.timeouts.idle, total.cloned()));
        }
        Err(refused(status, response.headers()))
    }

    /// What it means that a request got no answer at all.
    fn not_sent(&self, error: &reqwest::Error) -> Failure {
        if error.is_connect() && error.is_timeout() {
            let limit = self.timeouts.connect;
            return Failure::last(EngineError::Timeout { phase: "connect", limit });
        }
        let error = if error.is_connect() { EngineError::Unreachable } else { broken(error) };
        Failure { again: error != EngineError::Garbage, error, retry_after: None }
    }

    /// How long to wait before the next attempt; `None` to give up.
    fn wait_after(
        &self,
        failure: &Failure,
        attempt: u32,
        total: Option<&Deadline>,
    ) -> Option<Duration> {
        if !failure.again || attempt >= self.retries.max_attempts {
            return None;
        }
        let base = match failure.retry_after {
            Some(asked) if asked > self.retries.max_wait => return None,
            Some(asked) => asked,
            None => self.retries.first_wait * 2_u32.pow(attempt - 1),
        };
        let wait = base + chance(base / 2);
        total.is_none_or(|total| Instant::now() + wait < total.at).then_some(wait)
    }
}

/// What a status other than 2xx means.
fn refused(status: StatusCode, headers: &HeaderMap) -> Failure {
    let retry_after = retry_after(headers);
    let code = status.as_u16();
    match code {
        401 | 403 => Failure::last(EngineError::Unauthorized { status: code }),
        429 => {
            Failure { error: EngineError::RateLimited { retry_after }, again: true, retry_after }
        }
        500.. => {
            Failure { error: EngineError::Failed { status: Some(code) }, again: true, retry_after }
        }
        _ => Failure::last(EngineError::Rejected { status: code }),
    }
}

/// `Retry-After` in seconds, or the `retry-after-ms` some providers add. A date is not read.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    number("retry-after-ms")
        .map(Duration::from_millis)
        .or_else(|| number(RETRY_AFTER.as_str()).map(Duration::from_secs))
}

/// A random part of `most`. Every `RandomState` is keyed anew, which is chance enough for a wait.
fn chance(most: Duration) -> Duration {
    let most_ns = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX).max(1);
    Duration::from_nanos(std::hash::RandomState::new().hash_one(()) % most_ns)
}

/// What it means that an open connection failed: what arrived was not HTTP, or it was cut.
fn broken(error: &reqwest::Error) -> EngineError {
    let mut source = error.source();
    while let Some(cause) = source {
        let unreadable = cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)
            || cause.downcast_ref::<io::Error>().is_some_and(|error| {
                matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
            });
        if unreadable {
            return EngineError::Garbage;
        }
        source = cause.source();
    }
    EngineError::Cut
}
