//! Every byte on the wire: the canonical API, errors, streams, and the accept loop. No SQL and no
//! rules of the product live here: a handler converts, calls once, converts back.

pub mod accept;
pub mod api;
mod cors;
pub mod error;
mod extract;
mod middleware;
mod sse;
mod time;

use std::sync::Arc;

use axum::Router;
pub use cors::AllowedOrigins;
pub use extract::TrustedProxies;
use serene_core::Serene;
use utoipa::openapi::OpenApi;

/// What every handler can reach.
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) serene: Arc<Serene>,
    pub(crate) proxies: Arc<TrustedProxies>,
    pub(crate) origins: Arc<AllowedOrigins>,
}

/// How the wire behaves.
#[derive(Clone, Debug, Default)]
pub struct HttpOptions {
    /// Whose word on the client's address is believed.
    pub proxies: TrustedProxies,
    /// Which pages in browsers may call.
    pub origins: AllowedOrigins,
}

/// The whole router: the API, its documentation, health, and the layers around them.
pub fn router(serene: Arc<Serene>, options: HttpOptions) -> Router {
    let app =
        App { serene, proxies: Arc::new(options.proxies), origins: Arc::new(options.origins) };
    let (routes, openapi) = api::routes().split_for_parts();
    let openapi = api::openapi::complete(openapi);
    routes
        .merge(api::openapi::pages(&openapi))
        .fallback(middleware::no_route)
        .method_not_allowed_fallback(middleware::no_method)
        .layer(axum::middleware::from_fn_with_state(app.clone(), middleware::outermost))
        .with_state(app)
}

/// The OpenAPI document, as served at `/openapi.json`.
pub fn openapi() -> OpenApi {
    api::openapi::complete(api::routes().into_openapi())
}
