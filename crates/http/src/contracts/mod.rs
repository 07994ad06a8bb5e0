//! The published contracts: HTTP as five families of front ends speak it. One room for each, on
//! the core's services; no contract knows another, and none calls the canonical handlers.
//!
//! Where two share a path, `shared` decides. What they have in common is here: the visitor and
//! how they are recognised, the cookie, tolerant bodies, the one envelope of their errors.

pub(crate) mod body;
mod chatbot;
mod conversations;
mod cookie;
pub(crate) mod details;
mod entries;
pub(crate) mod fastapi;
mod histories;
pub(crate) mod ids;
mod sessions;
mod shared;
mod unpaged;
pub(crate) mod visitor;

use std::time::Duration;

use axum::{
    http::{HeaderName, HeaderValue, Uri},
    response::Response,
};
pub use cookie::SameSite;

use crate::routes::Routes;

/// A published contract, named after its main resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contract {
    /// Journaling sessions.
    Sessions,
    /// AI chat under `/api`.
    Histories,
    /// `ChatApp`.
    Conversations,
    /// The Serene journal.
    Entries,
    /// AI Chatbot.
    Chatbot,
}

impl Contract {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Sessions, Self::Histories, Self::Conversations, Self::Entries, Self::Chatbot];

    /// Its name, as the configuration spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Histories => "histories",
            Self::Conversations => "conversations",
            Self::Entries => "entries",
            Self::Chatbot => "chatbot",
        }
    }
}

/// How the contracts are served.
#[derive(Clone, Debug)]
pub struct ContractOptions {
    /// Those that are served.
    pub on: Vec<Contract>,
    /// Whoever comes without a credential acts as this user. Development only.
    pub demo_user: Option<String>,
    /// What the cookie says of other sites.
    pub same_site: SameSite,
    /// The cookie is for https only, whatever the request came by.
    pub cookie_secure: bool,
    /// Weekly moods are those of the last seven days rather than of the ISO week.
    pub rolling_week: bool,
    /// How long tokens are good, when the operator has set that; each contract has its own
    /// otherwise.
    pub token_lifetime: Option<Duration>,
}

impl Default for ContractOptions {
    fn default() -> Self {
        Self {
            on: Contract::ALL.to_vec(),
            demo_user: None,
            same_site: SameSite::Lax,
            cookie_secure: false,
            rolling_week: false,
            token_lifetime: None,
        }
    }
}

impl ContractOptions {
    /// Whether a contract is served.
    pub(crate) fn serves(&self, contract: Contract) -> bool {
        self.on.contains(&contract)
    }

    /// How long a token of a contract is good: as its original had it, unless it was set.
    pub(crate) fn lifetime(&self, contract: Contract) -> Duration {
        const DAY: Duration = Duration::from_hours(24);
        self.token_lifetime.unwrap_or(match contract {
            Contract::Histories => DAY * 30,
            _ => DAY,
        })
    }
}

/// How long a contract waits for a reply that is being written before it says busy.
pub(crate) const BUSY_PATIENCE: Duration = Duration::from_secs(10);

/// Lists of the contracts have no pages: this many items are printed, and no more.
pub(crate) const MOST_ITEMS: usize = 1000;

/// How a model failed, where the body has a fixed sentence instead of its answer.
const MODEL_ERROR: HeaderName = HeaderName::from_static("x-serene-model-error");

/// Says in a header how the model failed, if it did.
pub(crate) fn with_model_error(mut response: Response, code: Option<&str>) -> Response {
    if let Some(value) = code.and_then(|code| HeaderValue::from_str(code).ok()) {
        response.headers_mut().insert(MODEL_ERROR, value);
    }
    response
}

/// What makes the routes of a contract.
type Room = fn() -> Routes;

/// The routes of the contracts that are served.
pub(crate) fn routes(options: &ContractOptions) -> Routes {
    let rooms: [(Contract, Room); 5] = [
        (Contract::Sessions, sessions::routes),
        (Contract::Histories, histories::routes),
        (Contract::Conversations, conversations::routes),
        (Contract::Entries, entries::routes),
        (Contract::Chatbot, chatbot::routes),
    ];
    let served = rooms.into_iter().filter(|(contract, _)| options.serves(*contract));
    served.fold(shared::routes(options), |all, (_, room)| all.merge(room()))
}

/// Whether a path belongs to the canonical API, its pages or its health: their errors have the
/// canonical envelope, all others that of the contracts.
pub(crate) fn is_canonical(path: &str) -> bool {
    ["/api/v1/", "/docs", "/openapi.json", "/livez", "/readyz", "/healthz", "/metrics"]
        .iter()
        .any(|known| path.starts_with(known))
        || path == "/api/v1"
}

/// Drops the slash at the end of a contract's path: their clients write both, and some follow no
/// redirect.
pub(crate) fn without_last_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if path.len() < 2 || !path.ends_with('/') || is_canonical(path) {
        return None;
    }
    let path = &path[..path.len() - 1];
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    target.parse().ok()
}
