//! What handlers take from a request: who asks, which resource, which body. Each refuses what is
//! wrong with an [`ApiError`].

use std::{marker::PhantomData, net::IpAddr};

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serene_core::{
    accounts::{self, Client},
    base::{Error, Resource, Retry, limits},
};
use uuid::Uuid;

use crate::{
    App,
    accept::BodyTooSlow,
    error::{ApiError, Code, internal},
    rate,
};

/// Who asks: a request without a good access token goes no further.
#[derive(Debug)]
pub(crate) struct Caller(pub(crate) accounts::Caller);

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = bearer(&parts.headers).ok_or(Error::Unauthenticated)?;
        let caller = app.serene.accounts.authenticate(token).await?;
        rate::charge(parts, app, caller.owner).await?;
        Ok(Self(caller))
    }
}

/// RFC 6750: the scheme's case does not count.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Where a request comes from.
#[derive(Debug)]
pub(crate) struct Peer(pub(crate) Client);

impl FromRequestParts<App> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>();
        let peer = peer.map(|info| info.0.ip().to_canonical());
        let address = peer.map(|peer| app.proxies.client_of(peer, &parts.headers));
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self(Client { address, user_agent: agent.map(str::to_owned) }))
    }
}

/// The proxies whose word on the client's address is believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<(IpAddr, u8)>,
}

impl TrustedProxies {
    /// Networks as address and prefix length.
    pub const fn new(networks: Vec<(IpAddr, u8)>) -> Self {
        Self { networks }
    }

    /// The last address in `X-Forwarded-For` that is not a proxy of ours. What stands before it
    /// anybody may have written, so the list is read from its end, and no further than that.
    pub(crate) fn client_of(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let hops = headers.get_all("x-forwarded-for").iter();
        let hops: Vec<_> = hops.flat_map(|value| value.as_bytes().split(|b| *b == b',')).collect();
        let mut client = peer;
        for hop in hops.into_iter().rev() {
            let hop = std::str::from_utf8(hop).ok().and_then(|hop| hop.trim().parse().ok());
            match hop {
                Some(hop) if self.contains(client) => client = IpAddr::to_canonical(&hop),
                _ => break,
            }
        }
        client
    }

    /// Whether this address is such a proxy.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|(network, prefix)| match (network.to_canonical(), address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                same_prefix(network.to_bits().into(), address.to_bits().into(), 32, *prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                same_prefix(network.to_bits(), address.to_bits(), 128, *prefix)
            }
            _ => false,
        })
    }
}

fn same_prefix(a: u128, b: u128, bits: u8, prefix: u8) -> bool {
    let ignored = u32::from(bits.saturating_sub(prefix));
    a.checked_shr(ignored).unwrap_or(0) == b.checked_shr(ignored).unwrap_or(0)
}

/// A kind of resource that a path names.
pub(crate) trait Named {
    const RESOURCE: Resource;
}

macro_rules! named {
    ($($type:ident),+) => {$(
        #[derive(Debug)]
        pub(crate) struct $type;
        impl Named for $type {
            const RESOURCE: Resource = Resource::$type;
        }
    )+};
}

named!(Session, Conversation, Message, Generation, Attachment, Entry);

/// The id in a path. What is no UUID names nothing, and is not found.
#[derive(Debug)]
pub(crate) struct Id<R>(pub(crate) Uuid, PhantomData<R>);

impl<R: Named> FromRequestParts<App> for Id<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| Error::NotFound(R::RESOURCE))?;
        let id = Uuid::try_parse(&text).map_err(|_| Error::NotFound(R::RESOURCE))?;
        Ok(Self(id, PhantomData))
    }
}

/// The query of a request.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match axum::extract::Query::<T>::from_request_parts(parts, app).await {
            Ok(query) => Ok(Self(query.0)),
            Err(error) => {
                let text = error.body_text();
                // axum's own words come first; the rest names the parameter.
                let text = text.split_once(": ").map_or(text.as_str(), |(_, reason)| reason);
                Err(ApiError::new(Code::InvalidRequest, format!("Query: {}.", short(text))))
            }
        }
    }
}

/// A JSON object as the body, of at most `MOST` bytes.
#[derive(Debug)]
pub(crate) struct Json<T, const MOST: usize = { limits::MAX_BODY_BYTES }>(pub(crate) T);

impl<T: DeserializeOwned, const MOST: usize> FromRequest<App> for Json<T, MOST> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &App) -> Result<Self, ApiError> {
        parse(&json_bytes(request, MOST).await?).map(Self)
    }
}

/// The bytes of a body that is declared as JSON.
async fn json_bytes(request: Request, most: usize) -> Result<Bytes, ApiError> {
    if !is_json(request.headers()) {
        return Err(ApiError::new(
            Code::UnsupportedMediaType,
            "The body must be JSON: send `Content-Type: application/json`.",
        ));
    }
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    read_body(request.into_body(), declared.unwrap_or(0), most).await
}

/// What a client sends with a request that creates, so that sending it again creates nothing again.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The key of a request that creates and has no body.
#[derive(Debug)]
pub(crate) struct RetryKey(pub(crate) Option<Retry>);

impl FromRequestParts<App> for RetryKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let key = parts.headers.get(IDEMPOTENCY_KEY);
        let retry = key.map(|key| app.serene.accounts.retry(key.as_bytes(), parts.uri.path(), b""));
        Ok(Self(retry.transpose()?))
    }
}

/// A JSON object as the body of a request that creates, of at most `MOST` bytes, and the key that
/// came with it.
#[derive(Debug)]
pub(crate) struct Creation<T, const MOST: usize = { limits::MAX_BODY_BYTES }> {
    pub(crate) body: T,
    pub(crate) retry: Option<Retry>,
}

impl<T: DeserializeOwned, const MOST: usize> FromRequest<App> for Creation<T, MOST> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let key = request.headers().get(IDEMPOTENCY_KEY).cloned();
        let path = request.uri().path().to_owned();
        let bytes = json_bytes(request, MOST).await?;
        let body = parse(&bytes)?;
        let retry = |key: HeaderValue| app.serene.accounts.retry(key.as_bytes(), &path, &bytes);
        Ok(Self { body, retry: key.map(retry).transpose()? })
    }
}

/// Whether the body is declared as JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Reads a body. One that is too large is read on for a while and thrown away: a client that is
/// still sending would see a broken connection instead of the answer.
pub(crate) async fn read_body(
    mut body: Body,
    declared: usize,
    most: usize,
) -> Result<Bytes, ApiError> {
    let mut bytes = BytesMut::with_capacity(declared.min(most));
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken_body(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        received += data.len();
        if received > most.saturating_add(limits::MAX_DISCARDED_BYTES) {
            break;
        }
        if received <= most && declared <= most {
            bytes.extend_from_slice(&data);
        }
    }
    if received > most || declared > most {
        let text = format!("The body is too large: this route takes {most} bytes.");
        return Err(ApiError::new(Code::PayloadTooLarge, text));
    }
    Ok(bytes.freeze())
}

fn broken_body(error: &axum::Error) -> ApiError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if error.is::<BodyTooSlow>() {
            return ApiError::new(Code::RequestTimeout, "The body arrived too slowly.");
        }
        source = error.source();
    }
    ApiError::new(Code::InvalidRequest, "The body ended before it was whole.")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // serde would read an array as a struct's fields in order.
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => {}
        Some(_) => return Err(ApiError::new(Code::InvalidJson, "The body must be a JSON object.")),
        None => return Err(ApiError::new(Code::InvalidJson, "The body is empty; send JSON.")),
    }
    serde_json::from_slice(bytes).map_err(|error| {
        use serde_json::error::Category;
        match error.classify() {
            Category::Data => {
                let text = without_value(error.to_string());
                ApiError::new(Code::InvalidRequest, format!("{}.", short(&text)))
            }
            Category::Syntax | Category::Eof => {
                let (line, column) = (error.line(), error.column());
                let text = format!("The body is not valid JSON (line {line}, column {column}).");
                ApiError::new(Code::InvalidJson, text)
            }
            Category::Io => internal(),
        }
    })
}

/// Takes out the value that serde quotes when a field has the wrong type: it may be a password, or
/// what somebody confided, and error bodies are logged in many places.
fn without_value(text: String) -> String {
    let wrong = text.strip_prefix("invalid type: ").or(text.strip_prefix("invalid value: "));
    let Some((value, expected)) = wrong.and_then(|rest| rest.rsplit_once(", expected ")) else {
        return text;
    };
    let kind = value.split(['"', '`']).next().unwrap_or_default().trim();
    format!("a field is of the wrong type: {kind}, expected {expected}")
}

/// Field names of the client's own come back in such messages; a little of them is enough.
fn short(text: &str) -> String {
    const MOST: usize = 300;
    let mut chars = text.chars();
    let head: String = chars.by_ref().take(MOST).collect();
    if chars.next().is_some() { head + "…" } else { head }
}

/// Whether the client wants the answer as events.
pub(crate) fn wants_events(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = accepts.flat_map(|value| value.split(','));
    kinds.any(|kind| {
        let kind = kind.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("text/event-stream")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(forwarded: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        headers
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let none = TrustedProxies::default();
        assert_eq!(none.client_of(ip("10.0.0.1"), &headers("1.2.3.4")), ip("10.0.0.1"));
        let ours = TrustedProxies::new(vec![(ip("10.0.0.0"), 8), (ip("::1"), 128)]);
        assert_eq!(ours.client_of(ip("10.9.9.9"), &headers("6.6.6.6, 1.2.3.4")), ip("1.2.3.4"));
        assert_eq!(ours.client_of(ip("::1"), &headers("1.2.3.4, 10.0.0.7")), ip("1.2.3.4"));
        assert_eq!(ours.client_of(ip("11.0.0.1"), &headers("1.2.3.4")), ip("11.0.0.1"));
        assert_eq!(ours.client_of(ip("10.0.0.1"), &headers("nonsense")), ip("10.0.0.1"));
        assert_eq!(ours.client_of(ip("10.0.0.1"), &headers("10.0.0.3, 10.0.0.2")), ip("10.0.0.3"));
    }

    #[test]
    fn what_cannot_be_read_hides_nothing_behind_it() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let ours = TrustedProxies::new(vec![(ip("10.0.0.0"), 8)]);
        for forged in ["6.6.6.6, x, 1.2.3.4", "6.6.6.6,, 1.2.3.4", "x, 1.2.3.4"] {
            assert_eq!(ours.client_of(ip("10.0.0.1"), &headers(forged)), ip("1.2.3.4"), "{forged}");
        }
        assert_eq!(ours.client_of(ip("10.0.0.1"), &headers("6.6.6.6, x")), ip("10.0.0.1"));
    }

    #[test]
    fn a_value_of_the_wrong_type_is_not_quoted() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code, reason = "only whether it parses counts")]
        struct Two {
            number: Option<u8>,
            text: Option<String>,
        }
        for bad in [
            r#"{"number": "hush, expected \"hush"}"#,
            r#"{"number": 7777777}"#,
            r#"{"text": 7777777}"#,
            r#"{"text": ["hush"]}"#,
        ] {
            let error = parse::<Two>(bad.as_bytes()).unwrap_err();
            let text = error.message();
            assert!(text.contains("expected") && text.contains("column"), "{text}");
            assert!(!text.contains("hush") && !text.contains("777"), "{text}");
        }
        let unknown = parse::<Two>(br#"{"titel": 1}"#).unwrap_err();
        assert!(unknown.message().contains("`titel`"), "{}", unknown.message());
    }

    #[test]
    fn the_bearer_scheme_is_read_as_the_rfc_says() {
        let token = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(token("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(token("bearer  abc").as_deref(), Some("abc"));
        for bad in ["Basic abc", "Bearer", "Bearer ", "abc"] {
            assert_eq!(token(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_array_is_no_object() {
        #[derive(Debug, serde::Deserialize)]
        struct One {
            #[allow(dead_code, reason = "only whether it parses counts")]
            a: u8,
        }
        assert!(parse::<One>(br#"{"a": 1}"#).is_ok());
        assert_eq!(parse::<One>(b"[1]").unwrap_err().code(), Code::InvalidJson);
        assert_eq!(parse::<One>(b" ").unwrap_err().code(), Code::InvalidJson);
        assert_eq!(parse::<One>(br#"{"a": 999}"#).unwrap_err().code(), Code::InvalidRequest);
        let deep = format!("{{\"a\":{}", "[".repeat(1_000_000));
        assert_eq!(parse::<One>(deep.as_bytes()).unwrap_err().code(), Code::InvalidRequest);
    }
}
