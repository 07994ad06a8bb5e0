//! Every byte on the wire: the canonical API, errors, streams, and the accept loop. No SQL and no
//! rules of the product live here: a handler converts, calls once, converts back.

pub mod accept;
mod answer;
pub mod api;
pub mod contracts;
mod cors;
pub mod error;
mod extract;
pub mod metrics;
mod middleware;
mod rate;
mod routes;
mod sse;
mod time;

use std::sync::Arc;

use axum::{Router, extract::Request};
pub use contracts::ContractOptions;
pub use cors::AllowedOrigins;
pub use extract::TrustedProxies;
pub use metrics::MetricsPage;
use rate::Rates;
pub use rate::{RateLimit, RateLimits};
use serene_core::Serene;
use utoipa::openapi::OpenApi;

/// What every handler can reach.
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) serene: Arc<Serene>,
    pub(crate) proxies: Arc<TrustedProxies>,
    pub(crate) origins: Arc<AllowedOrigins>,
    pub(crate) contracts: Arc<ContractOptions>,
    pub(crate) rates: Arc<Rates>,
}

/// How the wire behaves.
#[derive(Clone, Debug, Default)]
pub struct HttpOptions {
    /// Whose word on the client's address is believed.
    pub proxies: TrustedProxies,
    /// Which pages in browsers may call.
    pub origins: AllowedOrigins,
    /// Which published contracts are served, and how.
    pub contracts: ContractOptions,
    /// How often somebody may ask.
    pub rates: RateLimits,
    /// Where what is counted can be read; nowhere when `None`.
    pub metrics: Option<MetricsPage>,
}

/// The whole router: the API, its documentation, health, and the layers around them.
pub fn router(serene: Arc<Serene>, options: HttpOptions) -> Router {
    let routes = api::routes().merge(contracts::routes(&options.contracts));
    let (routes, documentation) = routes.split();
    let app = App {
        serene,
        proxies: Arc::new(options.proxies),
        origins: Arc::new(options.origins),
        contracts: Arc::new(options.contracts),
        rates: Arc::new(Rates::new(options.rates)),
    };
    let routes: Router = routes
        .merge(api::openapi::pages(move || api::openapi::complete(documentation.openapi())))
        .merge(options.metrics.map(MetricsPage::route).unwrap_or_default())
        .fallback(middleware::no_route)
        .method_not_allowed_fallback(middleware::no_method)
        .layer(axum::middleware::from_fn_with_state(app.clone(), middleware::outermost))
        .with_state(app);
    // Before a route is chosen.
    Router::new().fallback_service(tower::util::MapRequest::new(routes, |mut request: Request| {
        if let Some(uri) = contracts::without_last_slash(request.uri()) {
            *request.uri_mut() = uri;
        }
        request
    }))
}

/// The OpenAPI document, as served at `/openapi.json`.
pub fn openapi() -> OpenApi {
    let contracts = contracts::routes(&ContractOptions::default());
    api::openapi::complete(api::routes().merge(contracts).openapi())
}
