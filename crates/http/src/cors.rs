//! Which pages in browsers may call (Fetch standard, CORS): an allow-list, with credentials, or
//! nobody. An origin that is not on it gets no header at all, and its browser keeps the answer.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
};

/// The origins whose pages may call.
#[derive(Clone, Debug, Default)]
pub struct AllowedOrigins {
    /// Exactly these, as browsers spell them: `https://app.example.org`.
    pub listed: Vec<String>,
    /// Any port of this machine as well: for development.
    pub localhost: bool,
}

const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
const REQUEST_HEADERS: &str = "authorization, content-type, idempotency-key, last-event-id";
const RESPONSE_HEADERS: &str =
    "retry-after, ratelimit, ratelimit-policy, x-request-id, x-generation-id, x-serene-model-error";
/// How long a browser may remember a preflight, in seconds.
const MAX_AGE_S: &str = "600";

impl AllowedOrigins {
    /// Whether pages of this origin may call.
    pub(crate) fn allows(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        self.listed.iter().any(|listed| listed == origin)
            || (self.localhost && is_localhost(origin))
    }

    /// The origin of this request, if it comes from a page that may call.
    pub(crate) fn of(&self, request: &Request) -> Option<HeaderValue> {
        let origin = request.headers().get(header::ORIGIN)?;
        self.allows(origin).then(|| origin.clone())
    }
}

/// Whether a browser asks what it may do before it does it.
pub(crate) fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// What it may do.
pub(crate) fn preflight() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    set(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
    set(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
    response
}

/// Lets the page of this origin read the answer.
pub(crate) fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    set(header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}

fn is_localhost(origin: &str) -> bool {
    let Some(host) = origin.strip_prefix("http://") else { return false };
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
    matches!(name, "localhost" | "127.0.0.1" | "[::1]") && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_allowed_whole_or_not_at_all() {
        let allowed = AllowedOrigins { listed: vec!["https://a.example".into()], localhost: true };
        let allows = |origin: &str| allowed.allows(&HeaderValue::from_str(origin).unwrap());
        assert!(allows("https://a.example"));
        assert!(allows("http://localhost:3000"));
        assert!(allows("http://[::1]:5173"));
        for other in [
            "https://a.example.evil",
            "http://a.example",
            "http://localhost.evil:3000",
            "http://localhost:3000.evil",
            "https://localhost:3000",
            "null",
        ] {
            assert!(!allows(other), "{other}");
        }
    }
}
