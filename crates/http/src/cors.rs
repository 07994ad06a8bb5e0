//! Which pages in browsers may call: an allow-list, with credentials, or nobody.

use axum::http::{HeaderName, HeaderValue, Method, header, request::Parts};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// The origins whose pages may call.
#[derive(Clone, Debug, Default)]
pub struct AllowedOrigins {
    /// Exactly these, as browsers spell them: `https://app.example.org`.
    pub listed: Vec<String>,
    /// Any port of this machine as well: for development.
    pub localhost: bool,
}

impl AllowedOrigins {
    fn allows(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        self.listed.iter().any(|listed| listed == origin)
            || (self.localhost && is_localhost(origin))
    }

    pub(crate) fn layer(self) -> CorsLayer {
        let allowed = move |origin: &HeaderValue, _: &Parts| self.allows(origin);
        let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        let request_headers = [
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
        ];
        let response_headers = [
            header::RETRY_AFTER,
            HeaderName::from_static("ratelimit"),
            crate::middleware::REQUEST_ID,
            crate::sse::GENERATION_ID,
        ];
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(allowed))
            .allow_credentials(true)
            .allow_methods(methods)
            .allow_headers(request_headers)
            .expose_headers(response_headers)
            .max_age(std::time::Duration::from_mins(10))
    }
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
