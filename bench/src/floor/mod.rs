//! The floor: the least work that answers as Serene does. Bare axum and rusqlite on a database that
//! Serene has made, with the same statements, the same check of who is asking, the same durability.
//!
//! What it leaves out is what the distance to it measures: no screen for crisis, no vault, no
//! windows or budgets, no replies that outlive their listeners, no saving while a reply is written,
//! no limits on slow or silent peers, and of each request only the checks that these cases need.

mod bodies;
mod db;
mod login;
mod pages;
mod send;

use std::{
    net::Ipv4Addr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt,
};
use db::Db;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use rusqlite::OptionalExtension;
pub(crate) use send::MODEL;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How the floor is run.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) database: PathBuf,
    pub(crate) secret: String,
    /// Where the model server is: `http://127.0.0.1:1234/v1`.
    pub(crate) model: String,
}

/// What every request shares.
pub(super) struct Floor {
    db: Db,
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    hasher: login::Hasher,
    client: reqwest::Client,
    chat_url: String,
    /// Conversations and messages have a number beside their id.
    numbers: AtomicI64,
}

type Shared = axum::extract::State<Arc<Floor>>;

#[derive(Serialize, Deserialize)]
pub(super) struct Claims {
    #[serde(rename = "type")]
    kind: String,
    user_id: Uuid,
    sid: Uuid,
    exp: i64,
}

/// Who is asking.
pub(super) struct Caller {
    owner: Uuid,
}

/// What is wrong, without an envelope: no case asks for it.
#[derive(Debug)]
pub(super) struct Wrong(StatusCode);

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl From<rusqlite::Error> for Wrong {
    fn from(error: rusqlite::Error) -> Self {
        eprintln!("floor: {error}");
        Self(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

const UNAUTHORIZED: Wrong = Wrong(StatusCode::UNAUTHORIZED);

impl FromRequestParts<Arc<Floor>> for Caller {
    type Rejection = Wrong;

    async fn from_request_parts(parts: &mut Parts, floor: &Arc<Floor>) -> Result<Self, Wrong> {
        let header = parts.headers.get(header::AUTHORIZATION).ok_or(UNAUTHORIZED)?;
        let header = header.to_str().map_err(|_| UNAUTHORIZED)?;
        let token = header.strip_prefix("Bearer ").ok_or(UNAUTHORIZED)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &floor.verifying, &floor.validation);
        let claims = claims.map_err(|_| UNAUTHORIZED)?.claims;
        let now = now();
        if claims.kind != "access" || claims.exp <= now / 1_000_000 {
            return Err(UNAUTHORIZED);
        }
        let session = floor.db.read(|connection| {
            let mut state = connection.prepare_cached(SESSION_STATE)?;
            let key = (claims.user_id.as_bytes(), claims.sid.as_bytes());
            let row = |row: &rusqlite::Row<'_>| {
                Ok((row.get::<_, i64>(9)?, row.get::<_, Option<i64>>(10)?))
            };
            state.query_row(key, row).optional()
        })?;
        match session {
            Some((expires_at, None)) if expires_at > now => Ok(Self { owner: claims.user_id }),
            _ => Err(UNAUTHORIZED),
        }
    }
}

const SESSION_STATE: &str = "SELECT u.id, u.number, u.username, u.email, u.time_zone, u.country, u.language, \
     u.created_at, u.updated_at, s.expires_at, s.revoked_at \
     FROM sessions s JOIN users u ON u.id = s.owner_id \
     WHERE s.owner_id = ? AND s.id = ? AND u.closed_at IS NULL LIMIT 1";

impl Floor {
    fn number(&self) -> i64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }
}

/// Microseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// An id whose time is in it.
fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// Serves until the process is ended.
pub(crate) fn serve(setup: &Setup) -> anyhow::Result<()> {
    // As Serene's own runtime.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().max_blocking_threads(8).enable_all().build()?;
    runtime.block_on(run(setup))
}

async fn run(setup: &Setup) -> anyhow::Result<()> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    let floor = Floor {
        db: Db::open(&setup.database)?,
        signing: EncodingKey::from_secret(setup.secret.as_bytes()),
        verifying: DecodingKey::from_secret(setup.secret.as_bytes()),
        validation,
        hasher: login::Hasher::start()?,
        client: reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?,
        chat_url: format!("{}/chat/completions", setup.model),
        // Far from those that Serene has given out: nobody reads them here.
        numbers: AtomicI64::new(1 << 40),
    };
    let conversations = get(pages::conversations).post(pages::create_conversation);
    let messages = get(pages::messages).post(send::send);
    let router = Router::new()
        .route("/readyz", get(|| async { "ready" }))
        .route("/api/v1/auth/login", post(login::login))
        .route("/api/v1/conversations", conversations)
        .route("/api/v1/conversations/{id}/messages", messages)
        .route("/api/v1/entries", get(pages::entries).post(pages::create_entry))
        .with_state(Arc::new(floor));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("listening http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, router).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    /// The versions of a package in a lock file.
    fn versions<'l>(lock: &'l str, name: &str) -> Vec<&'l str> {
        let head = format!("name = \"{name}\"\nversion = \"");
        lock.split(head.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    #[test]
    fn the_floor_stands_on_what_the_product_stands_on() {
        let ours = include_str!("../../Cargo.lock");
        let theirs = include_str!("../../../Cargo.lock");
        for name in [
            "axum",
            "bcrypt",
            "hyper",
            "hyper-util",
            "jsonwebtoken",
            "libsqlite3-sys",
            "reqwest",
            "rusqlite",
            "serde",
            "serde_json",
            "tokio",
            "uuid",
        ] {
            let ours = versions(ours, name);
            assert!(!ours.is_empty(), "{name} is not in the floor");
            let theirs = versions(theirs, name);
            assert!(
                ours.iter().all(|version| theirs.contains(version)),
                "{name}: {ours:?} {theirs:?}"
            );
        }
    }
}
