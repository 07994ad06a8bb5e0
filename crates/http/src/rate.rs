//! How often somebody may ask: per user, and per address. Who is over a limit gets 429 and is told
//! when to come back; everybody is told how much is left.
//!
//! The generic cell rate algorithm: for each key one point in time is kept, at which all of its quota
//! is there again. A request moves that on by one part of the window, and is refused where it would
//! come to lie more than the window ahead. So a whole quota may be used at once, and comes back bit by
//! bit: whoever is refused waits for one request's worth, not for a window. Within any one window that
//! is at most twice the quota.
//!
//! Counted in memory, per process: several instances each have a limit of their own.

use std::{
    collections::HashMap,
    fmt::Write as _,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, Request},
    http::{HeaderMap, HeaderName, HeaderValue, request::Parts},
};
use serene_core::base::{Owner, Time};

use crate::{
    App,
    contracts::visitor,
    cors,
    error::{ApiError, Code},
    extract::IDEMPOTENCY_KEY,
    metrics,
};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// More keys than this are not kept by either limit: some 5 MB.
const MAX_KEYS: usize = 100_000;

/// So many requests in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    quota: u32,
    window_s: u32,
}

impl RateLimit {
    /// The most requests in a window, whatever its length.
    pub const MOST: u32 = 1_000_000;

    /// At least one request, and at most [`Self::MOST`], in at least a second.
    pub fn new(quota: u32, window_s: u32) -> Option<Self> {
        ((1..=Self::MOST).contains(&quota) && window_s > 0).then_some(Self { quota, window_s })
    }

    /// How many requests.
    pub const fn quota(self) -> u32 {
        self.quota
    }

    /// In how many seconds.
    pub const fn window_s(self) -> u32 {
        self.window_s
    }

    /// How long one request's worth takes to come back, in microseconds.
    fn part(self) -> i64 {
        i64::from(self.window_s) * 1_000_000 / i64::from(self.quota)
    }
}

/// How often somebody may ask; `None` is without a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Each user, wherever they are signed in.
    pub per_user: Option<RateLimit>,
    /// Each address; of IPv6 each /64, for one customer has that many.
    pub per_address: Option<RateLimit>,
}

/// What the limits know of those who asked.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    user: Option<Book>,
    address: Option<Book>,
}

impl Rates {
    pub(crate) fn new(limits: RateLimits) -> Self {
        let book = |name| move |limit| Book::new(name, limit);
        Self {
            user: limits.per_user.map(book("user")),
            address: limits.per_address.map(book("address")),
        }
    }
}

/// One limit, and when each key's quota is whole again, in microseconds.
#[derive(Debug)]
struct Book {
    name: &'static str,
    limit: RateLimit,
    whole_at: Mutex<HashMap<u128, i64>>,
}

/// What a request found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    left: i64,
    whole_in_s: i64,
    /// Until there is room for one more; only where there was none.
    wait_s: Option<i64>,
}

impl Book {
    fn new(name: &'static str, limit: RateLimit) -> Self {
        Self { name, limit, whole_at: Mutex::default() }
    }

    /// Takes one request's worth, if it is there.
    fn take(&self, key: u128, now: Time) -> Standing {
        let (now, part) = (now.as_micros(), self.limit.part());
        let most = part * i64::from(self.limit.quota);
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back makes nobody wait for longer than a window.
        let was = whole_at.get(&key).map_or(now, |at| (*at).clamp(now, now + most));
        let wanted = was + part;
        let refused = wanted > now + most;
        let is = if refused { was } else { wanted };
        if whole_at.len() >= MAX_KEYS && !whole_at.contains_key(&key) {
            make_room(&mut whole_at, now);
        }
        whole_at.insert(key, is);
        Standing {
            left: (now + most - is) / part,
            whole_in_s: seconds(is - now),
            wait_s: refused.then(|| seconds(wanted - now - most)),
        }
    }

    fn refuse(&self, standing: Standing) -> Result<(), ApiError> {
        let Some(wait_s) = standing.wait_s else { return Ok(()) };
        metrics::rate_limited(self.name);
        let text = format!("Too many requests. Try again in {wait_s} s.");
        let wait = Duration::from_secs(wait_s.unsigned_abs());
        Err(ApiError::new(Code::RateLimited, text).after(wait))
    }
}

fn seconds(micros: i64) -> i64 {
    micros.max(0).unsigned_abs().div_ceil(1_000_000).cast_signed()
}

/// Forgets who has a whole quota, which changes nothing for them; where that is not enough, the half
/// that has most of it. Half of them go, so that this is seldom done.
fn make_room(whole_at: &mut HashMap<u128, i64>, now: i64) {
    whole_at.retain(|_, at| *at > now);
    if whole_at.len() > MAX_KEYS / 2 {
        let mut all: Vec<(i64, u128)> = whole_at.iter().map(|(key, at)| (*at, *key)).collect();
        let (most_left, ..) = all.select_nth_unstable(whole_at.len() - MAX_KEYS / 2);
        for (_, key) in most_left {
            whole_at.remove(key);
        }
    }
}

/// What one request found, for its handlers and for the headers of its answer.
#[derive(Debug, Default)]
pub(crate) struct Quota {
    address: Option<Standing>,
    /// Known once it is known who asks; taken once, however often that is asked.
    user: OnceLock<Standing>,
}

/// Counts a request, where requests are counted.
///
/// # Errors
/// [`Code::RateLimited`] when its address is over the limit; the quota all the same.
pub(crate) async fn begin(
    app: &App,
    request: &mut Request,
) -> (Option<Arc<Quota>>, Result<(), ApiError>) {
    let rates = &app.rates;
    let limited = rates.user.is_some() || rates.address.is_some();
    if !limited || is_free(request.uri().path()) || cors::is_preflight(request) {
        return (None, Ok(()));
    }
    let address = rates.address.as_ref().and_then(|book| {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical();
        let client = app.proxies.client_of(peer, request.headers());
        Some((book, book.take(address_key(client), app.serene.base().clock.now())))
    });
    let standing = address.map(|(_, standing)| standing);
    let quota = Arc::new(Quota { address: standing, user: OnceLock::new() });
    request.extensions_mut().insert(Arc::clone(&quota));
    let Some((book, standing)) = address.filter(|(_, standing)| standing.wait_s.is_some()) else {
        return (Some(quota), Ok(()));
    };
    // A body is not to be waited for with: what is needed is taken out of the head first.
    let token = visitor::token(request.headers()).map(str::to_owned);
    let key = request.headers().get(IDEMPOTENCY_KEY).cloned();
    let admitted = match token.zip(key) {
        Some((token, key)) if is_retry_of(app, &token, &key).await => Ok(()),
        _ => book.refuse(standing),
    };
    (Some(quota), admitted)
}

/// Counts a request as this user's.
///
/// # Errors
/// [`Code::RateLimited`], unless the request was made before: a retry is no new request.
pub(crate) async fn charge(parts: &Parts, app: &App, owner: Owner) -> Result<(), ApiError> {
    let Some(book) = &app.rates.user else { return Ok(()) };
    let Some(quota) = parts.extensions.get::<Arc<Quota>>() else { return Ok(()) };
    let now = app.serene.base().clock.now();
    let standing = *quota.user.get_or_init(|| book.take(owner.id().as_u128(), now));
    if standing.wait_s.is_some()
        && let Some(key) = parts.headers.get(IDEMPOTENCY_KEY)
        && app.serene.accounts.remembers(owner, key.as_bytes()).await?
    {
        return Ok(());
    }
    book.refuse(standing)
}

/// Whether somebody with this token made a request with this key before.
async fn is_retry_of(app: &App, token: &str, key: &HeaderValue) -> bool {
    let accounts = &app.serene.accounts;
    let Ok(caller) = accounts.authenticate(token).await else { return false };
    accounts.remembers(caller.owner, key.as_bytes()).await.unwrap_or(false)
}

/// Whoever watches the server or reads its documentation is not counted.
fn is_free(path: &str) -> bool {
    matches!(path, "/livez" | "/readyz" | "/healthz" | "/metrics" | "/openapi.json" | "/docs")
        || path.starts_with("/docs/")
}

fn address_key(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => (address.to_bits() >> 64) | (1 << 64),
    }
}

impl Quota {
    /// Says what is left, in the structured fields of the IETF's draft.
    pub(crate) fn write(&self, rates: &Rates, headers: &mut HeaderMap) {
        let found = [(&rates.user, self.user.get()), (&rates.address, self.address.as_ref())];
        let (mut policy, mut standing) = (String::new(), String::new());
        for (book, found) in found {
            let (Some(Book { name, limit, .. }), Some(found)) = (book, found) else { continue };
            let comma = if policy.is_empty() { "" } else { ", " };
            let (quota, window_s) = (limit.quota, limit.window_s);
            let (left, whole_in_s) = (found.left, found.whole_in_s);
            // Writing to a String cannot fail.
            let _ = write!(policy, "{comma}\"{name}\";q={quota};w={window_s}");
            let _ = write!(standing, "{comma}\"{name}\";r={left};t={whole_in_s}");
        }
        for (name, value) in [(POLICY, policy), (STANDING, standing)] {
            if let Ok(value) = HeaderValue::try_from(value)
                && !value.is_empty()
            {
                headers.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn book(quota: u32, window_s: u32) -> Book {
        Book::new("user", RateLimit::new(quota, window_s).unwrap())
    }

    fn take(book: &Book, key: u128, micros: i64) -> (i64, i64, Option<i64>) {
        let standing = book.take(key, Time::from_micros(micros));
        (standing.left, standing.whole_in_s, standing.wait_s)
    }

    #[test]
    fn exactly_the_quota_at_once_whatever_it_is() {
        for (quota, window_s) in [(1, 1), (7, 60), (600, 60), (99_999, 1), (1_000_000, 1)] {
            let book = book(quota, window_s);
            let allowed = (0..=quota).take_while(|_| take(&book, 1, 0).2.is_none()).count();
            assert_eq!(allowed, quota as usize, "{quota} in {window_s} s");
        }
    }

    #[test]
    fn it_comes_back_bit_by_bit() {
        // One each 15 s.
        let book = book(4, 60);
        let taken: Vec<_> = (0..5).map(|_| take(&book, 1, 0)).collect();
        let wait = Some(15);
        assert_eq!(
            taken,
            [(3, 15, None), (2, 30, None), (1, 45, None), (0, 60, None), (0, 60, wait)]
        );
        assert_eq!(take(&book, 2, 0), (3, 15, None), "another key");
        assert_eq!(take(&book, 1, 14 * SECOND + 1), (0, 46, Some(1)), "rounded up");
        assert_eq!(take(&book, 1, 15 * SECOND), (0, 60, None), "what was refused cost nothing");
        assert_eq!(take(&book, 1, 1000 * SECOND), (3, 15, None));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_for_longer_than_a_window() {
        let book = book(4, 60);
        for _ in 0..4 {
            take(&book, 1, 1000 * SECOND);
        }
        assert_eq!(take(&book, 1, 0), (0, 60, Some(15)));
        assert_eq!(take(&book, 1, 15 * SECOND), (0, 60, None));
    }

    #[test]
    fn memory_is_bounded_and_who_used_most_is_remembered() {
        let book = book(10, 3600);
        let heavy = u128::MAX;
        for _ in 0..10 {
            take(&book, heavy, 0);
        }
        for key in 0..(3 * MAX_KEYS as u128) {
            take(&book, key, 0);
            assert!(book.whole_at.lock().unwrap().len() <= MAX_KEYS);
        }
        assert!(take(&book, heavy, 0).2.is_some(), "it is still over its limit");
        let kept = book.whole_at.lock().unwrap().len();
        assert!(kept >= MAX_KEYS / 4, "no more are forgotten than must be: {kept}");
        // Once they have their whole quota again, all are forgotten before anybody else.
        let later = 5000 * SECOND;
        for key in 0..=(MAX_KEYS as u128) {
            take(&book, heavy - 1 - key, later);
        }
        assert!(book.whole_at.lock().unwrap().len() <= MAX_KEYS);
        assert_eq!(take(&book, heavy - 1, later).0, 8);
    }

    #[test]
    fn neighbours_in_a_network_of_ipv6_are_one() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("::192.0.2.1"), key("192.0.2.1"));
    }

    #[test]
    fn health_metrics_and_docs_are_free() {
        for free in ["/livez", "/readyz", "/metrics", "/docs", "/docs/index.html"] {
            assert!(is_free(free), "{free}");
        }
        for counted in ["/", "/livez/", "/docsx", "/api/v1/me", "/chat/send", "/nothing-here"] {
            assert!(!is_free(counted), "{counted}");
        }
    }
}
