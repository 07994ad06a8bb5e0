//! A route: which handlers answer at which paths, and what documents them. What they do is theirs.
//!
//! Describing every schema takes megabytes and half of the processor time of a start, and few ever
//! ask for the document. So a route holds the function that describes it, not the description.

use std::{pin::Pin, sync::Arc};

use axum::{
    Router,
    extract::Request,
    handler::Handler,
    response::Response,
    routing::{MethodFilter, MethodRouter},
};
use utoipa::openapi::{HttpMethod, OpenApi, RefOr, Schema, path::Paths};
use utoipa_axum::PathItemExt as _;

use crate::{App, api::openapi};

/// The schemas that the operations name, and the operations at the path that their handlers declare.
type Description = (Vec<(String, RefOr<Schema>)>, Paths);

/// Handlers for the methods of one path, as [`routes!`] collects them.
pub(crate) struct Route {
    handlers: MethodRouter<App>,
    documented: Documented,
}

/// An answer under way, as axum has it for every function that is a handler.
type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A handler, whatever its type. axum copies handlers while routes are collected, each by code of
/// its own that lies beside what the handler does: 3 MB of the program would be in memory for that.
#[derive(Clone)]
struct AnyHandler(Arc<dyn Fn(Request, App) -> Answering + Send + Sync>);

impl Handler<(), App> for AnyHandler {
    type Future = Answering;

    fn call(self, request: Request, app: App) -> Answering {
        (self.0)(request, app)
    }
}

/// What documents a route.
struct Documented {
    /// The path that the handlers declare.
    declared: String,
    /// Those at which they answer.
    paths: Vec<String>,
    describe: fn() -> Description,
}

impl Route {
    /// A route that nothing answers yet, at the path that its handlers declare.
    pub(crate) fn new(declared: String, describe: fn() -> Description) -> Self {
        let paths = vec![declared.clone()];
        let documented = Documented { declared, paths, describe };
        Self { handlers: MethodRouter::new(), documented }
    }

    /// Lets a handler answer these methods.
    pub(crate) fn handle<H, T>(self, methods: &[HttpMethod], handler: H) -> Self
    where
        H: Handler<T, App, Future = Answering> + Sync,
    {
        let filters = methods.iter().map(HttpMethod::to_method_filter);
        let Some(filter) = filters.reduce(MethodFilter::or) else { return self };
        let call = move |request, app| handler.clone().call(request, app);
        Self { handlers: self.handlers.on(filter, AnyHandler(Arc::new(call))), ..self }
    }

    /// The same at further paths as well. Each is an operation of its own in the OpenAPI document,
    /// named after its path.
    pub(crate) fn also_at(mut self, paths: &[&str]) -> Self {
        self.documented.paths.extend(paths.iter().map(|path| (*path).to_owned()));
        self
    }

    /// The same at another path instead.
    pub(crate) fn moved_to(mut self, path: &str) -> Self {
        self.documented.paths = vec![path.to_owned()];
        self
    }
}

impl Documented {
    fn write(&self, document: &mut OpenApi) {
        let (schemas, mut declared) = (self.describe)();
        document.components.get_or_insert_default().schemas.extend(schemas);
        let item = declared.paths.remove(&self.declared).unwrap_or_default();
        debug_assert!(declared.paths.is_empty(), "at another path: {:?}", declared.paths.keys());
        for path in &self.paths {
            let mut here = Paths::new();
            here.paths.insert(path.clone(), item.clone());
            if *path != self.declared {
                for (_, operation) in openapi::operations(&mut here) {
                    let place = path.replace(['{', '}'], "").replace(['/', '-'], "_");
                    let name = operation.operation_id.take().unwrap_or_default();
                    operation.operation_id = Some(format!("{name}_at{place}"));
                }
            }
            document.paths.merge(here);
        }
    }
}

/// Routes, in the order of the documentation.
#[derive(Default)]
pub(crate) struct Routes(Vec<Route>);

/// What documents some routes.
pub(crate) struct Documentation(Vec<Documented>);

impl Routes {
    /// None.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// One more.
    pub(crate) fn with(mut self, route: Route) -> Self {
        self.0.push(route);
        self
    }

    /// These, and then those.
    pub(crate) fn merge(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// What answers, and what documents it.
    pub(crate) fn split(self) -> (Router<App>, Documentation) {
        let mut router = Router::new();
        let mut documentation = Vec::with_capacity(self.0.len());
        for Route { handlers, documented } in self.0 {
            for path in &documented.paths {
                router = router.route(path, handlers.clone());
            }
            documentation.push(documented);
        }
        (router, Documentation(documentation))
    }

    /// What the handlers declare; [`openapi::complete`] adds what they have in common.
    pub(crate) fn openapi(self) -> OpenApi {
        self.split().1.openapi()
    }
}

impl Documentation {
    /// As [`Routes::openapi`].
    pub(crate) fn openapi(&self) -> OpenApi {
        let mut document = openapi::base();
        for documented in &self.0 {
            documented.write(&mut document);
        }
        document
    }
}

/// Makes a [`Route`] of handlers that declare the same path with [`utoipa::path`].
macro_rules! routes {
    ($($($part:ident)::+),+ $(,)?) => {{
        let [declared, ..] = [$(utoipa_axum::routes!(@path [path()] of $($part)::+)),+];
        let route = $crate::routes::Route::new(declared, || {
            let mut schemas = Vec::new();
            let mut paths = utoipa::openapi::path::Paths::new();
            $(
                let (path, operation, methods) =
                    utoipa_axum::routes!(@resolve_types $($part)::+ : schemas);
                paths.add_path_operation(path, methods, operation);
            )+
            (schemas, paths)
        });
        $(
            let methods = utoipa_axum::routes!(@path [methods()] of $($part)::+);
            let route = route.handle(&methods, $($part)::+);
        )+
        route
    }};
}
pub(crate) use routes;
