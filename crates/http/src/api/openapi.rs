//! The OpenAPI document: what the handlers declare, completed by what every route has in common,
//! and the pages that show it.

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    extract::Path,
    http::{HeaderValue, Uri, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use bytes::Bytes;
use utoipa::{
    OpenApi as _,
    openapi::{
        Content, HeaderBuilder, OpenApi, Ref, RefOr, ResponseBuilder,
        path::{Operation, Paths},
        schema::{ObjectBuilder, Type},
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_swagger_ui::Config;

use crate::{
    App,
    error::{ContractBody, ErrorBody, internal},
    middleware::no_route,
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Serene",
        description = "The back end for apps that people confide in: accounts, conversations, \
            and AI replies that survive.\n\nEvery error is `{error, code, request_id}`. Ids are \
            UUIDs, times RFC 3339 in UTC. What is not yours is not found.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(ErrorBody<'static>, ContractBody<'static>)),
    tags(
        (name = "auth", description = "Signing up, in and out"),
        (name = "me", description = "The caller's own account"),
        (name = "conversations", description = "Conversations"),
        (name = "messages", description = "Messages and what came with them"),
        (name = "generations", description = "Replies while they are written, and after"),
        (name = "journal", description = "Entries, the vibe check, moods"),
        (name = "health", description = "For whoever watches the server"),
        (name = "contract shared", description = "Published contracts: paths that several of them \
            have; the body or the credential decides which one answers"),
        (name = "contract sessions", description = "Published contract: journaling sessions"),
        (name = "contract histories", description = "Published contract: AI chat under /api"),
        (name = "contract conversations", description = "Published contract: ChatApp"),
        (name = "contract entries", description = "Published contract: a journal, with a cookie"),
        (name = "contract chatbot", description = "Published contract: AI Chatbot"),
    )
)]
struct Base;

const SCHEME: &str = "bearer";

/// The document before any route is in it.
pub(crate) fn base() -> OpenApi {
    let mut openapi = Base::openapi();
    openapi.security = Some(vec![SecurityRequirement::new(SCHEME, Vec::<String>::new())]);
    let components = openapi.components.get_or_insert_default();
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme(SCHEME, scheme);
    openapi
}

/// The operations that are refused where a budget has no room.
const CALLS_MODELS: [&str; 14] = [
    "send_message",
    "regenerate_reply",
    "continue_reply",
    "vibe_check",
    "conversations_send",
    "chatbot_send",
    "chatbot_send_message",
    "sessions_respond",
    "entries_vibe_check",
    "entries_vibe_stream",
    "histories_send",
    "histories_send_image",
    "histories_ask",
    "histories_ask_image",
];

/// Adds to every operation the errors that any route of its kind can answer with.
pub(crate) fn complete(mut openapi: OpenApi) -> OpenApi {
    for (path, operation) in operations(&mut openapi.paths) {
        let has_body = operation.request_body.is_some();
        let is_open = operation.security.is_some();
        let has_id = path.contains('{');
        let has_input = has_body || operation.parameters.is_some();
        let name = operation.operation_id.as_deref().unwrap_or_default();
        let calls_model = CALLS_MODELS.iter().any(|it| name.split("_at_").next() == Some(it));
        let common = [
            (has_input, "400", "The request breaks a rule"),
            (!is_open, "401", "Not signed in, or no longer"),
            (has_id, "404", "There is no such thing, or it is not yours"),
            (has_body, "408", "The body arrived too slowly"),
            (has_body, "413", "The body is too large"),
            (has_body, "415", "The body is not JSON"),
            (calls_model, "429", "Too many requests, or a budget has no room for an answer"),
            (!is_health(operation), "429", "Too many requests"),
            (true, "500", "A mistake of the server"),
            (true, "503", "Try again after `Retry-After`"),
            (operation.operation_id.as_deref() != Some("livez"), "507", "The disk is full"),
        ];
        for (applies, status, description) in common {
            if applies {
                add_error(operation, status, description);
            }
        }
        describe_responses(operation);
    }
    super::rules::write(&mut openapi);
    openapi
}

pub(crate) fn operations(paths: &mut Paths) -> impl Iterator<Item = (&String, &mut Operation)> {
    paths.paths.iter_mut().flat_map(|(path, item)| {
        [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete]
            .into_iter()
            .filter_map(Option::as_mut)
            .map(move |operation| (path, operation))
    })
}

/// Whether an operation belongs to a published contract rather than to the canonical API.
fn is_of_contract(operation: &Operation) -> bool {
    operation.tags.iter().flatten().any(|tag| tag.starts_with("contract "))
}

/// Whether an operation is for whoever watches the server.
fn is_health(operation: &Operation) -> bool {
    operation.tags.iter().flatten().any(|tag| tag == "health")
}

fn add_error(operation: &mut Operation, status: &str, description: &str) {
    let responses = &mut operation.responses.responses;
    responses
        .entry(status.to_owned())
        .or_insert_with(|| ResponseBuilder::new().description(description).build().into());
}

/// Gives every error the envelope as its body, and the headers it comes with; and every response a
/// description, which OpenAPI 3.1 requires also where the schema says it all.
fn describe_responses(operation: &mut Operation) {
    let of_contract = is_of_contract(operation);
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if response.description.is_empty() {
            "Done".clone_into(&mut response.description);
        }
        if !status.starts_with(['4', '5']) {
            continue;
        }
        let schema = if of_contract { "ContractError" } else { "Error" };
        let body = Content::new(Some(Ref::from_schema_name(schema)));
        response.content.insert("application/json".to_owned(), body.into());
        let header = |description: &str, kind: Type| {
            let schema = ObjectBuilder::new().schema_type(kind).build();
            HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
        };
        if matches!(status.as_str(), "429" | "503") {
            let retry = header("Seconds to wait.", Type::Integer);
            response.headers.insert("Retry-After".to_owned(), retry.into());
        }
        if status == "401" {
            let challenge = header("Always `Bearer`.", Type::String);
            response.headers.insert("WWW-Authenticate".to_owned(), challenge.into());
        }
    }
}

/// `/openapi.json` and `/docs`. Both come from the binary: no network, also in production.
///
/// The document takes megabytes to make and is seldom asked for: it is made for the first who does.
pub(crate) fn pages(build: impl Fn() -> OpenApi + Send + Sync + 'static) -> Router<App> {
    let once = Arc::new((OnceLock::new(), build));
    let document = get(move || {
        let once = Arc::clone(&once);
        async move {
            let json = once
                .0
                .get_or_init(|| Bytes::from(serde_json::to_vec(&(once.1)()).unwrap_or_default()));
            document(json.clone())
        }
    });
    Router::new()
        .route("/openapi.json", document)
        .route("/docs", get(|| async { with_policy(Redirect::to("/docs/")) }))
        .route("/docs/", get(|uri: Uri| page(uri, String::new())))
        .route("/docs/{*file}", get(|uri: Uri, Path(file): Path<String>| page(uri, file)))
}

/// A file of the page that shows the document. Seldom asked for, so nothing is kept ready for it.
async fn page(uri: Uri, file: String) -> Response {
    let config = Arc::new(Config::new(["/openapi.json"]));
    let Ok(found) = utoipa_swagger_ui::serve(&file, config) else {
        return internal().into_response();
    };
    match found {
        Some(file) => with_policy(([(header::CONTENT_TYPE, file.content_type)], file.bytes)),
        None => with_policy(no_route(uri).await),
    }
}

fn document(json: Bytes) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], json).into_response()
}

/// The page may run its own scripts and talk to this server, and nothing else.
fn with_policy(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    let policy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                  img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
    let policy = HeaderValue::from_static(policy);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}
