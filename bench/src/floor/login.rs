//! Signing in: bcrypt on threads of its own, as many of them as Serene has.

use std::{
    num::NonZero,
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use axum::{Json, extract::State, http::StatusCode};
use jsonwebtoken::{Algorithm, Header};
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{Claims, Shared, UNAUTHORIZED, Wrong, new_id, now};

const FIND_BY_USERNAME: &str = "SELECT u.id, u.number, u.username, u.email, u.time_zone, u.country, u.language, \
     u.created_at, u.updated_at, u.password_hash \
     FROM users u WHERE u.username_folded = ? AND u.closed_at IS NULL LIMIT 1";
const DELETE_DEAD: &str =
    "DELETE FROM sessions WHERE owner_id = ? AND (expires_at <= ? OR revoked_at IS NOT NULL)";
const DELETE_SURPLUS: &str = "DELETE FROM sessions WHERE owner_id = ? AND id NOT IN (SELECT id FROM \
     (SELECT id FROM sessions WHERE owner_id = ? ORDER BY last_used_at DESC LIMIT ?) AS kept)";
const INSERT: &str = "INSERT INTO sessions (owner_id, id, created_at, last_used_at, expires_at, \
     refresh_hash, user_agent, address) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

const ACCESS_SECONDS: i64 = 900;
const SESSION_MICROS: i64 = 30 * 86_400 * 1_000_000;
const OTHER_SESSIONS: i64 = 99;

#[derive(Deserialize)]
pub(super) struct Login {
    username: String,
    password: String,
}

#[derive(Serialize)]
pub(super) struct SignedIn {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    refresh_token: Uuid,
    session_id: Uuid,
}

struct Job {
    password: String,
    hash: String,
    verified: oneshot::Sender<bool>,
}

/// The threads that hash.
pub(super) struct Hasher {
    queue: mpsc::Sender<Job>,
}

impl Hasher {
    pub(super) fn start() -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get).div_ceil(2);
        for _ in 0..threads {
            let jobs = Arc::clone(&jobs);
            std::thread::Builder::new().name("floor-hash".into()).spawn(move || {
                loop {
                    let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(Job { password, hash, verified }) = job else { return };
                    let right = bcrypt::verify(password, &hash).unwrap_or(false);
                    // Whoever asked may have gone.
                    let _ = verified.send(right);
                }
            })?;
        }
        Ok(Self { queue })
    }

    async fn verify(&self, password: String, hash: String) -> bool {
        let (verified, answer) = oneshot::channel();
        if self.queue.send(Job { password, hash, verified }).is_err() {
            return false;
        }
        answer.await.unwrap_or(false)
    }
}

pub(super) async fn login(
    State(floor): Shared,
    Json(login): Json<Login>,
) -> Result<Json<SignedIn>, Wrong> {
    let name = login.username.to_lowercase();
    let found = floor.db.read(|connection| {
        let mut find = connection.prepare_cached(FIND_BY_USERNAME)?;
        let row = |row: &rusqlite::Row<'_>| {
            Ok((Uuid::from_bytes(row.get(0)?), row.get::<_, Option<String>>(9)?))
        };
        find.query_row([name], row).optional()
    })?;
    let (owner, hash) = found.ok_or(UNAUTHORIZED)?;
    if !floor.hasher.verify(login.password, hash.ok_or(UNAUTHORIZED)?).await {
        return Err(UNAUTHORIZED);
    }
    let (session_id, refresh_token, now) = (new_id(), Uuid::new_v4(), now());
    let written = floor.db.write(move |connection| {
        let own = owner.as_bytes();
        connection.prepare_cached(DELETE_DEAD)?.execute(params![own, now])?;
        connection.prepare_cached(DELETE_SURPLUS)?.execute(params![own, own, OTHER_SESSIONS])?;
        let expires_at = now + SESSION_MICROS;
        let refresh_hash = refresh_token.as_bytes().repeat(2);
        connection.prepare_cached(INSERT)?.execute(params![
            own,
            session_id.as_bytes(),
            now,
            now,
            expires_at,
            refresh_hash,
            None::<String>,
            "127.0.0.1",
        ])?;
        Ok(true)
    });
    if !written.await {
        return Err(Wrong(StatusCode::INTERNAL_SERVER_ERROR));
    }
    let exp = now / 1_000_000 + ACCESS_SECONDS;
    let claims = Claims { kind: "access".into(), user_id: owner, sid: session_id, exp };
    let access_token =
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &floor.signing);
    Ok(Json(SignedIn {
        access_token: access_token.map_err(|_| Wrong(StatusCode::INTERNAL_SERVER_ERROR))?,
        token_type: "bearer",
        expires_in: ACCESS_SECONDS,
        refresh_token,
        session_id,
    }))
}
