//! What the wire counts, once somebody has asked for it, and the page where a Prometheus reads
//! everything that is counted. A request is known by its route's pattern: no path, no address and
//! nobody's name is seen here.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Router,
    extract::MatchedPath,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use secrecy::{ExposeSecret, SecretString};
use serene_core::base::same_secret;

use crate::{
    error::{ApiError, Code, internal},
    extract::bearer,
    middleware,
};

static METRICS: OnceLock<Metrics> = OnceLock::new();

/// OpenTelemetry's buckets for requests, in seconds, and three below them.
const SECONDS: [f64; 17] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0,
    7.5, 10.0,
];

/// Where the page is.
const PATH: &str = "/metrics";

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";

#[expect(clippy::struct_field_names, reason = "the labels are called so")]
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    http_request_method: &'static str,
    http_route: String,
    http_response_status_code: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Limited {
    limit: &'static str,
}

#[derive(Debug)]
struct Metrics {
    requests: Family<Labels, Histogram, fn() -> Histogram>,
    active: Gauge,
    streams: Gauge,
    slow_readers: Counter,
    rate_limited: Family<Limited, Counter>,
}

/// Counts from now on, for as long as the process lives, and has it read through this registry.
/// Before that nothing is counted.
pub fn register(registry: &mut Registry) {
    let metrics = METRICS.get_or_init(|| Metrics {
        requests: Family::new_with_constructor(|| Histogram::new(SECONDS)),
        active: Gauge::default(),
        streams: Gauge::default(),
        slow_readers: Counter::default(),
        rate_limited: Family::default(),
    });
    registry.register_with_unit(
        "http_server_request_duration",
        "How long requests took until the head of their answer was ready",
        Unit::Seconds,
        metrics.requests.clone(),
    );
    registry.register(
        "http_server_active_requests",
        "Requests whose answer is not ready yet",
        metrics.active.clone(),
    );
    registry.register(
        "serene_open_streams",
        "Replies that are being sent as events",
        metrics.streams.clone(),
    );
    registry.register(
        "serene_slow_readers_dropped",
        "Connections that were cut because nobody read their answer",
        metrics.slow_readers.clone(),
    );
    registry.register(
        "serene_rate_limited",
        "Requests that were refused because somebody asked too often",
        metrics.rate_limited.clone(),
    );
}

/// Something under way, for as long as this is kept.
#[derive(Debug)]
pub(crate) struct Counted(Option<&'static Gauge>);

impl Counted {
    fn new(which: impl FnOnce(&Metrics) -> &Gauge) -> Self {
        let gauge = METRICS.get().map(which);
        if let Some(gauge) = gauge {
            gauge.inc();
        }
        Self(gauge)
    }

    /// A request that is not answered yet.
    pub(crate) fn request() -> Self {
        Self::new(|metrics| &metrics.active)
    }

    /// A stream of events.
    pub(crate) fn stream() -> Self {
        Self::new(|metrics| &metrics.streams)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(gauge) = self.0 {
            gauge.dec();
        }
    }
}

/// A request was answered after this long.
pub(crate) fn answered(
    method: &Method,
    route: Option<&MatchedPath>,
    status: StatusCode,
    took: Duration,
) {
    if let Some(metrics) = METRICS.get() {
        let labels = Labels {
            http_request_method: known(method),
            http_route: route.map(MatchedPath::as_str).unwrap_or_default().to_owned(),
            http_response_status_code: status.as_u16(),
        };
        metrics.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

/// A connection was cut because nobody read its answer.
pub(crate) fn slow_reader_dropped() {
    if let Some(metrics) = METRICS.get() {
        metrics.slow_readers.inc();
    }
}

/// A request was refused by the limit of this name.
pub(crate) fn rate_limited(limit: &'static str) {
    if let Some(metrics) = METRICS.get() {
        metrics.rate_limited.get_or_create(&Limited { limit }).inc();
    }
}

/// Clients may make up methods; labels may not grow with them.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "_OTHER",
    }
}

/// The page among the routes of the API, for whoever has the operator's token.
#[derive(Clone, Debug)]
pub struct MetricsPage {
    /// What is read.
    pub registry: Arc<Registry>,
    /// What must come as a bearer token.
    pub token: SecretString,
}

impl MetricsPage {
    pub(crate) fn route<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let page = async move |headers: HeaderMap| {
            let given = bearer(&headers).ok_or_else(|| {
                ApiError::new(Code::Unauthenticated, "The metrics need the operator's token.")
            })?;
            if !same_secret(given, self.token.expose_secret()) {
                let text = "This is not the operator's token for the metrics.";
                return Err(ApiError::new(Code::TokenInvalid, text));
            }
            render(&self.registry, &headers)
        };
        Router::new().route(PATH, get(page))
    }
}

/// The page on an address of its own, for whoever reaches that. There is nothing else there.
pub fn page(registry: Arc<Registry>) -> Router {
    let page = async move |headers: HeaderMap| render(&registry, &headers);
    let nothing = async || ApiError::new(Code::NotFound, "Here are only the metrics: /metrics.");
    let finish = async |response: Response| middleware::envelope(response, "", true);
    Router::new()
        .route(PATH, get(page))
        .fallback(nothing)
        .method_not_allowed_fallback(middleware::no_method)
        .layer(axum::middleware::map_response(finish))
}

/// Everything that is counted, in the format that is wanted.
fn render(registry: &Registry, headers: &HeaderMap) -> Result<Response, ApiError> {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = accepts.flat_map(|value| value.split(','));
    let open = kinds.any(|kind| kind.trim_start().starts_with("application/openmetrics-text"));
    let mut text = String::new();
    encode(&mut text, registry).map_err(|_| internal())?;
    let (kind, text) = if open { (OPEN_METRICS, text) } else { (CLASSIC, classic(&text)) };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, text).into_response())
}

/// The same in the older format, where a counter's name has its `_total` also in its description,
/// and neither units nor the end are said.
fn classic(open: &str) -> String {
    let mut out = String::with_capacity(open.len());
    let mut help = None;
    for line in open.lines() {
        let mut words = line.splitn(4, ' ');
        let described = match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(what), Some(name), rest) => Some((what, name, rest.unwrap_or(""))),
            _ => None,
        };
        match described {
            Some(("HELP", _, text)) => help = Some(text),
            Some(("TYPE", name, kind)) => {
                let total = if kind == "counter" { "_total" } else { "" };
                let help = help.take().unwrap_or_default();
                let kind = if kind == "unknown" { "untyped" } else { kind };
                for words in
                    [["# HELP ", name, total, " ", help], ["# TYPE ", name, total, " ", kind]]
                {
                    out.extend(words);
                    out.push('\n');
                }
            }
            Some(_) => {}
            None if line == "# EOF" => {}
            None => {
                out += line;
                out.push('\n');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_format_says_total_where_it_describes() {
        let open = "# HELP a Of a.\n# TYPE a counter\na_total{b=\"# c\"} 1\n\
                    # HELP d_seconds Of d.\n# TYPE d_seconds histogram\n# UNIT d_seconds seconds\n\
                    d_seconds_sum 0.5\n# EOF\n";
        let older = "# HELP a_total Of a.\n# TYPE a_total counter\na_total{b=\"# c\"} 1\n\
                     # HELP d_seconds Of d.\n# TYPE d_seconds histogram\nd_seconds_sum 0.5\n";
        assert_eq!(classic(open), older);
    }

    #[test]
    fn a_method_that_somebody_made_up_is_another() {
        assert_eq!(known(&Method::PATCH), "PATCH");
        assert_eq!(known(&"mira".parse().unwrap()), "_OTHER");
        assert_eq!(known(&"get".parse().unwrap()), "_OTHER");
    }
}
