//! The SQL of accounts. Nobody else touches `users` and `sessions`.

use serene_db::{Db, DbError, Row, Select, Statement, values};
use uuid::Uuid;

use super::{Session, User, tokens::RefreshToken};
use crate::base::{
    Country, Cursor, Email, Error, Language, Owner, Time, Username, Zone, limits, text::LoginName,
};

macro_rules! user_columns {
    () => {
        "u.id, u.number, u.username, u.email, u.time_zone, u.country, u.language, u.created_at, \
         u.updated_at"
    };
}

serene_db::statements! {
    INSERT_USER = "users.insert":
        "INSERT INTO users (id, number, username, username_folded, email, email_folded, \
         password_hash, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    FIND_USER = "users.find":
        concat!("SELECT ", user_columns!(),
                " FROM users u WHERE u.id = ? AND u.closed_at IS NULL LIMIT 1");
    FIND_BY_USERNAME = "users.find_by_username":
        concat!("SELECT ", user_columns!(), ", u.password_hash",
                " FROM users u WHERE u.username_folded = ? AND u.closed_at IS NULL LIMIT 1");
    FIND_BY_EMAIL = "users.find_by_email":
        concat!("SELECT ", user_columns!(), ", u.password_hash",
                " FROM users u WHERE u.email_folded = ? AND u.closed_at IS NULL LIMIT 1");
    PASSWORD_HASH = "users.password_hash":
        "SELECT password_hash FROM users WHERE id = ? AND closed_at IS NULL LIMIT 1";
    LIST_USERS = "users.list":
        concat!("SELECT ", user_columns!(),
                " FROM users u WHERE u.number > ? AND u.closed_at IS NULL",
                " ORDER BY u.number LIMIT ?");
    ALL_IDS = "users.all_ids":
        "SELECT id, number FROM users WHERE number > ? ORDER BY number LIMIT 200";
    SET_USERNAME = "users.set_username":
        "UPDATE users SET username = ?, username_folded = ?, updated_at = ? \
         WHERE id = ? AND closed_at IS NULL";
    SET_EMAIL = "users.set_email":
        "UPDATE users SET email = ?, email_folded = ?, updated_at = ? \
         WHERE id = ? AND closed_at IS NULL";
    SET_TIME_ZONE = "users.set_time_zone":
        "UPDATE users SET time_zone = ?, updated_at = ? WHERE id = ? AND closed_at IS NULL";
    SET_COUNTRY = "users.set_country":
        "UPDATE users SET country = ?, updated_at = ? WHERE id = ? AND closed_at IS NULL";
    SET_LANGUAGE = "users.set_language":
        "UPDATE users SET language = ?, updated_at = ? WHERE id = ? AND closed_at IS NULL";
    SET_PASSWORD = "users.set_password":
        "UPDATE users SET password_hash = ?, updated_at = ? WHERE id = ? AND closed_at IS NULL";
    CLOSE_USER = "users.close":
        "UPDATE users SET closed_at = ? WHERE id = ? AND closed_at IS NULL";
    CLOSING_USERS = "users.closing":
        "SELECT id FROM users WHERE closed_at > 0 ORDER BY closed_at LIMIT 100";
    DELETE_USER = "users.delete":
        "DELETE FROM users WHERE id = ?";

    INSERT_SESSION = "sessions.insert":
        "INSERT INTO sessions (owner_id, id, created_at, last_used_at, expires_at, refresh_hash, \
         user_agent, address) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    SESSION_STATE = "sessions.state":
        concat!("SELECT ", user_columns!(), ", s.expires_at, s.revoked_at",
                " FROM sessions s JOIN users u ON u.id = s.owner_id",
                " WHERE s.owner_id = ? AND s.id = ? AND u.closed_at IS NULL LIMIT 1");
    REFRESH_STATE = "sessions.refresh_state":
        concat!("SELECT ", user_columns!(), ", s.expires_at, s.revoked_at, s.refresh_hash,",
                " s.previous_refresh_hash, s.rotated_at",
                " FROM sessions s JOIN users u ON u.id = s.owner_id",
                " WHERE s.owner_id = ? AND s.id = ? AND u.closed_at IS NULL LIMIT 1");
    OPEN_SESSIONS = "sessions.open":
        "SELECT id, created_at, last_used_at, expires_at, user_agent, address FROM sessions \
         WHERE owner_id = ? AND revoked_at IS NULL AND expires_at > ? \
         ORDER BY last_used_at DESC, id DESC LIMIT 200";
    ROTATE_SESSION = "sessions.rotate":
        "UPDATE sessions SET refresh_hash = ?, previous_refresh_hash = ?, rotated_at = ?, \
         last_used_at = ?, expires_at = ? \
         WHERE owner_id = ? AND id = ? AND refresh_hash = ? AND revoked_at IS NULL";
    REVOKE_SESSION = "sessions.revoke":
        "UPDATE sessions SET revoked_at = ? \
         WHERE owner_id = ? AND id = ? AND revoked_at IS NULL";
    REVOKE_SESSIONS = "sessions.revoke_all":
        "UPDATE sessions SET revoked_at = ? \
         WHERE owner_id = ? AND id <> ? AND revoked_at IS NULL";
    DELETE_DEAD_SESSIONS = "sessions.delete_dead":
        "DELETE FROM sessions WHERE owner_id = ? AND (expires_at <= ? OR revoked_at IS NOT NULL)";
    // The derived table is for MySQL, which refuses LIMIT in a plain IN (…).
    DELETE_SURPLUS_SESSIONS = "sessions.delete_surplus":
        "DELETE FROM sessions WHERE owner_id = ? AND id NOT IN (SELECT id FROM \
         (SELECT id FROM sessions WHERE owner_id = ? ORDER BY last_used_at DESC LIMIT ?) AS kept)";
    DELETE_SESSIONS = "sessions.delete_all":
        "DELETE FROM sessions WHERE owner_id = ?";
}

/// What decides whether an access token is still good.
pub(super) struct SessionState {
    pub(super) expires_at: Time,
    pub(super) revoked: bool,
}

/// What decides what a refresh token is worth.
pub(super) struct RefreshState {
    pub(super) expires_at: Time,
    pub(super) revoked_at: Option<Time>,
    pub(super) refresh_hash: Vec<u8>,
    pub(super) previous_refresh_hash: Option<Vec<u8>>,
    pub(super) rotated_at: Option<Time>,
}

fn time(row: &Row<'_>, column: usize) -> Result<Time, DbError> {
    row.get(column).map(Time::from_micros)
}

fn optional_time(row: &Row<'_>, column: usize) -> Result<Option<Time>, DbError> {
    Ok(row.get::<Option<i64>>(column)?.map(Time::from_micros))
}

/// How many columns [`user`] reads.
const USER_COLUMNS: usize = 9;

fn user(row: &Row<'_>) -> Result<User, DbError> {
    let country: Option<String> = row.get(5)?;
    let language: Option<String> = row.get(6)?;
    Ok(User {
        id: row.get(0)?,
        number: row.get(1)?,
        username: row.get(2)?,
        email: row.get(3)?,
        time_zone: row.get(4)?,
        // What is no country any more is as good as none.
        country: country.and_then(|text| Country::parse(&text).ok()),
        language: language.and_then(|text| Language::parse(&text).ok()),
        created_at: time(row, 7)?,
        updated_at: time(row, 8)?,
    })
}

pub(super) fn insert_user(
    new: &User,
    username: Option<&Username>,
    email: Option<&Email>,
    password_hash: Option<String>,
) -> Statement {
    Statement::new(
        &INSERT_USER,
        values![
            new.id,
            new.number,
            username.map(Username::shown),
            username.map(Username::folded),
            email.map(Email::shown),
            email.map(Email::folded),
            password_hash,
            new.created_at.as_micros(),
            new.updated_at.as_micros(),
        ],
    )
}

pub(super) async fn find(db: &Db, owner: Owner) -> Result<Option<User>, Error> {
    db.query_one(Select::new(&FIND_USER, values![owner.id()], |row| Ok(user(row)?))).await
}

/// The account behind a sign-in name, and its password hash.
pub(super) async fn find_by_login(
    db: &Db,
    name: &LoginName,
) -> Result<Option<(User, Option<String>)>, Error> {
    let sql = match name {
        LoginName::Username(_) => &FIND_BY_USERNAME,
        LoginName::Email(_) => &FIND_BY_EMAIL,
    };
    let map = |row: &Row<'_>| Ok((user(row)?, row.get(USER_COLUMNS)?));
    db.query_one(Select::new(sql, values![name.folded()], map)).await
}

pub(super) async fn password_hash(db: &Db, owner: Owner) -> Result<Option<String>, Error> {
    let map = |row: &Row<'_>| Ok::<_, Error>(row.get::<Option<String>>(0)?);
    let found = db.query_one(Select::new(&PASSWORD_HASH, values![owner.id()], map)).await?;
    Ok(found.flatten())
}

pub(super) async fn list(db: &Db, after: Option<Cursor>, limit: u32) -> Result<Vec<User>, Error> {
    let after = after.map_or(0, |cursor| cursor.number);
    db.query(Select::new(&LIST_USERS, values![after, limit], |row| Ok(user(row)?))).await
}

/// Ids and numbers of the next users, closed accounts included.
pub(super) async fn all_ids(db: &Db, after: i64) -> Result<Vec<(Uuid, i64)>, Error> {
    let map = |row: &Row<'_>| Ok::<_, Error>((row.get(0)?, row.get(1)?));
    db.query(Select::new(&ALL_IDS, values![after], map)).await
}

pub(super) async fn closing(db: &Db) -> Result<Vec<Uuid>, Error> {
    db.query(Select::new(&CLOSING_USERS, values![], |row| Ok(row.get(0)?))).await
}

pub(super) fn set_username(owner: Owner, name: &Username, now: Time) -> Statement {
    Statement::guard(
        &SET_USERNAME,
        values![name.shown(), name.folded(), now.as_micros(), owner.id()],
    )
}

pub(super) fn set_email(owner: Owner, email: &Email, now: Time) -> Statement {
    Statement::guard(
        &SET_EMAIL,
        values![email.shown(), email.folded(), now.as_micros(), owner.id()],
    )
}

pub(super) fn set_time_zone(owner: Owner, zone: &Zone, now: Time) -> Statement {
    Statement::guard(&SET_TIME_ZONE, values![zone.name(), now.as_micros(), owner.id()])
}

pub(super) fn set_country(owner: Owner, country: Country, now: Time) -> Statement {
    Statement::guard(&SET_COUNTRY, values![country.as_str(), now.as_micros(), owner.id()])
}

pub(super) fn set_language(owner: Owner, language: Language, now: Time) -> Statement {
    Statement::guard(&SET_LANGUAGE, values![language.as_str(), now.as_micros(), owner.id()])
}

pub(super) fn set_password(owner: Owner, hash: String, now: Time) -> Statement {
    Statement::guard(&SET_PASSWORD, values![hash, now.as_micros(), owner.id()])
}

pub(super) fn close_user(owner: Owner, now: Time) -> Statement {
    Statement::guard(&CLOSE_USER, values![now.as_micros(), owner.id()])
}

pub(super) fn delete_user(owner: Owner) -> Statement {
    Statement::new(&DELETE_USER, values![owner.id()])
}

pub(super) fn insert_session(owner: Owner, new: &Session, refresh: &RefreshToken) -> Statement {
    Statement::new(
        &INSERT_SESSION,
        values![
            owner.id(),
            new.id,
            new.created_at.as_micros(),
            new.last_used_at.as_micros(),
            new.expires_at.as_micros(),
            refresh.hash(),
            new.user_agent.clone(),
            new.address.clone(),
        ],
    )
}

pub(super) async fn session_state(
    db: &Db,
    owner: Owner,
    session_id: Uuid,
) -> Result<Option<(User, SessionState)>, Error> {
    let map = |row: &Row<'_>| {
        let state = SessionState {
            expires_at: time(row, USER_COLUMNS)?,
            revoked: optional_time(row, USER_COLUMNS + 1)?.is_some(),
        };
        Ok((user(row)?, state))
    };
    db.query_one(Select::new(&SESSION_STATE, values![owner.id(), session_id], map)).await
}

pub(super) async fn refresh_state(
    db: &Db,
    owner: Owner,
    session_id: Uuid,
) -> Result<Option<(User, RefreshState)>, Error> {
    let map = |row: &Row<'_>| {
        let state = RefreshState {
            expires_at: time(row, USER_COLUMNS)?,
            revoked_at: optional_time(row, USER_COLUMNS + 1)?,
            refresh_hash: row.get(USER_COLUMNS + 2)?,
            previous_refresh_hash: row.get(USER_COLUMNS + 3)?,
            rotated_at: optional_time(row, USER_COLUMNS + 4)?,
        };
        Ok((user(row)?, state))
    };
    db.query_one(Select::new(&REFRESH_STATE, values![owner.id(), session_id], map)).await
}

pub(super) async fn open_sessions(db: &Db, owner: Owner, now: Time) -> Result<Vec<Session>, Error> {
    let map = |row: &Row<'_>| {
        Ok(Session {
            id: row.get(0)?,
            created_at: time(row, 1)?,
            last_used_at: time(row, 2)?,
            expires_at: time(row, 3)?,
            user_agent: row.get(4)?,
            address: row.get(5)?,
        })
    };
    db.query(Select::new(&OPEN_SESSIONS, values![owner.id(), now.as_micros()], map)).await
}

pub(super) fn rotate_session(
    owner: Owner,
    parent: &RefreshToken,
    child: &RefreshToken,
    now: Time,
    expires_at: Time,
) -> Statement {
    Statement::guard(
        &ROTATE_SESSION,
        values![
            child.hash(),
            parent.hash(),
            now.as_micros(),
            now.as_micros(),
            expires_at.as_micros(),
            owner.id(),
            parent.session_id,
            parent.hash(),
        ],
    )
}

pub(super) fn revoke_session(owner: Owner, session_id: Uuid, now: Time) -> Statement {
    Statement::new(&REVOKE_SESSION, values![now.as_micros(), owner.id(), session_id])
}

pub(super) fn revoke_sessions(owner: Owner, except: Option<Uuid>, now: Time) -> Statement {
    let except = except.unwrap_or(Uuid::nil());
    Statement::new(&REVOKE_SESSIONS, values![now.as_micros(), owner.id(), except])
}

pub(super) fn delete_dead_sessions(owner: Owner, now: Time) -> Statement {
    Statement::new(&DELETE_DEAD_SESSIONS, values![owner.id(), now.as_micros()])
}

/// Makes room for one more session than there may be others.
pub(super) fn delete_surplus_sessions(owner: Owner) -> Statement {
    let others = limits::MAX_SESSIONS - 1;
    Statement::new(&DELETE_SURPLUS_SESSIONS, values![owner.id(), owner.id(), others])
}

pub(super) fn delete_sessions(owner: Owner) -> Statement {
    Statement::new(&DELETE_SESSIONS, values![owner.id()])
}
