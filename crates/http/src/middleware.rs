//! What every request passes: its id, its log line, a catch for panics, the error envelope, and
//! the headers that go on everything, among them what lets a page in a browser read the answer.

use std::{panic::AssertUnwindSafe, time::Duration};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Response, StatusCode, Uri, header},
    middleware::Next,
    response::IntoResponse,
};
use futures_util::FutureExt;

use crate::{
    App, contracts, cors,
    error::{ApiError, Code, internal},
    metrics::{self, Counted},
    rate,
};

/// The request's id, in requests and answers.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request that takes longer is logged at `info`.
const SLOW: Duration = Duration::from_secs(1);

/// The outermost layer of the router.
pub(crate) async fn outermost(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let id = request_id(&app, &request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    #[expect(clippy::disallowed_methods, reason = "measures a duration for the log")]
    let start = std::time::Instant::now();
    let under_way = Counted::request();
    let origin = app.origins.of(&request);
    let canonical = contracts::is_canonical(request.uri().path())
        || (route.is_none() && !request.uri().path().starts_with("/api/"));
    let (quota, admitted) = rate::begin(&app, &mut request).await;
    let response = if origin.is_some() && cors::is_preflight(&request) {
        cors::preflight()
    } else if let Err(refused) = admitted {
        refused.into_response()
    } else {
        let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        answer.unwrap_or_else(|_| internal().into_response())
    };
    let mut response = envelope(response, &id, canonical);
    let took = start.elapsed();
    drop(under_way);
    metrics::answered(&method, route.as_ref(), response.status(), took);
    let headers = response.headers_mut();
    if let Some(origin) = origin {
        cors::allow(headers, origin);
    }
    if let Some(quota) = quota {
        quota.write(&app.rates, headers);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }

    // The route's pattern, not its path: ids of people's rows stay out of the log.
    let route = route.as_ref().map_or("(no route)", MatchedPath::as_str);
    let status = response.status().as_u16();
    let took_ms = took.as_millis();
    let line = format_args!("{method} {route} {status}");
    if response.status().is_server_error() {
        tracing::error!(request_id = id, status, took_ms, "{line}");
    } else if took >= SLOW {
        tracing::info!(request_id = id, status, took_ms, "{line} was slow");
    } else {
        tracing::debug!(request_id = id, status, took_ms, "{line}");
    }
    response
}

/// The client's own id if it is harmless, otherwise a new one.
fn request_id(app: &App, request: &Request) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let harmless = |id: &&str| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    given.filter(harmless).map_or_else(|| app.serene.base().new_id().to_string(), str::to_owned)
}

/// Writes the body of an error. One that none of our handlers made gets the envelope as well.
pub(crate) fn envelope(
    mut response: Response<Body>,
    request_id: &str,
    canonical: bool,
) -> Response<Body> {
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return response;
    }
    let error = response.extensions_mut().remove::<ApiError>();
    let error = error.unwrap_or_else(|| foreign(response.status()));
    let body = if canonical {
        serde_json::to_vec(&error.body(request_id)).unwrap_or_default()
    } else {
        error.contract_body()
    };
    *response.status_mut() = error.status();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_LENGTH, body.len().into());
    *response.body_mut() = Body::from(body);
    response
}

/// The nearest code for an error that a library answered with.
fn foreign(status: StatusCode) -> ApiError {
    let code = Code::ALL.iter().copied().find(|code| code.status() == status);
    match code {
        Some(code) => {
            ApiError::new(code, status.canonical_reason().unwrap_or("The request failed."))
        }
        None if status.is_client_error() => {
            ApiError::new(Code::InvalidRequest, "The request cannot be answered.")
        }
        None => internal(),
    }
}

/// The answer where no route is.
pub(crate) async fn no_route(uri: Uri) -> ApiError {
    // What clients of the contracts under `/api` read.
    if uri.path().starts_with("/api/") && !contracts::is_canonical(uri.path()) {
        return ApiError::new(Code::NotFound, "Not found");
    }
    ApiError::new(Code::NotFound, "There is nothing at this address. /docs lists what there is.")
}

/// The answer where the route is and the method is not; axum adds `Allow`.
pub(crate) async fn no_method() -> ApiError {
    ApiError::new(Code::MethodNotAllowed, "This address does not take this method.")
}
