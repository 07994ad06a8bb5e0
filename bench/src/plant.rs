//! Data written straight into a database file that Serene has made: what the API would take hours
//! for. The columns are those of core/src/schema.rs; a new one that must not be null shows here.

use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rusqlite::{Connection, params};
use serde::Serialize;
use uuid::Uuid;

use crate::seed::{PASSWORD, words};

/// What signs the tokens, here and in every server that is measured.
pub(crate) const SECRET: &str = "0123456789-abcdefghijklmnopqrstuvwxyz-bench";

const DAY_SECONDS: i64 = 86_400;
/// One row after the other, a second apart, so that lists have an order.
const STEP_MICROS: i64 = 1_000_000;

/// Somebody with a session.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) conversations: Vec<Uuid>,
    id: Uuid,
}

/// A database while it is being filled. Nothing is kept unless [`Garden::finish`] is called.
pub(crate) struct Garden {
    connection: Connection,
    password_hash: String,
    number: i64,
    micros: i64,
    random: u64,
}

#[derive(Serialize)]
struct Claims {
    fresh: bool,
    iat: i64,
    jti: Uuid,
    #[serde(rename = "type")]
    kind: &'static str,
    sub: String,
    user_id: Uuid,
    sid: Uuid,
    nbf: i64,
    exp: i64,
}

fn now_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl Garden {
    /// Opens a database that nobody serves. Rows are dated so that the last of them is before now.
    pub(crate) fn open(path: &Path, rows: usize) -> anyhow::Result<Self> {
        let connection = Connection::open(path)?;
        // A machine that dies meanwhile leaves nothing that anybody wants.
        connection.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-262144; BEGIN",
        )?;
        let number = connection
            .query_row("SELECT MAX(next_number) FROM sequences", [], |row| row.get(0))
            .context("the database has no sequences")?;
        let before = i64::try_from(rows)? * STEP_MICROS;
        Ok(Self {
            connection,
            password_hash: bcrypt::hash(PASSWORD, 10)?,
            number,
            micros: (now_seconds() - DAY_SECONDS) * 1_000_000 - before,
            random: 0x9e37_79b9_7f4a_7c15,
        })
    }

    /// Keeps everything, and tells Serene which numbers are taken.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        self.connection.execute("UPDATE sequences SET next_number = ?", [self.number + 1])?;
        self.connection.execute_batch("COMMIT")?;
        // One whole file: it is copied for each server.
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// The next moment.
    fn tick(&mut self) -> i64 {
        self.micros += STEP_MICROS;
        self.micros
    }

    fn number(&mut self) -> i64 {
        self.number += 1;
        self.number
    }

    /// An id of this moment. Always the same ones: two runs measure the same tree.
    fn id(&mut self) -> Uuid {
        let mut bytes = [0; 10];
        for byte in &mut bytes {
            // xorshift: nothing here is secret.
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            *byte = self.random.to_le_bytes()[3];
        }
        let millis = u64::try_from(self.micros / 1000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    /// Somebody new, signed in for a day.
    pub(crate) fn person(&mut self, name: &str) -> anyhow::Result<Person> {
        let (now, number) = (self.tick(), self.number());
        let (id, session) = (self.id(), self.id());
        self.connection
            .prepare_cached(
                "INSERT INTO users (id, number, username, username_folded, password_hash, \
                 created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![id.as_bytes(), number, name, name, self.password_hash, now, now])?;
        let expires_at = (now_seconds() + 30 * DAY_SECONDS) * 1_000_000;
        let values = params![
            id.as_bytes(),
            session.as_bytes(),
            now,
            now,
            expires_at,
            id.as_bytes().repeat(2)
        ];
        self.connection
            .prepare_cached(
                "INSERT INTO sessions (owner_id, id, created_at, last_used_at, expires_at, \
                 refresh_hash) VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(values)?;
        let token = token(id, number, session)?;
        Ok(Person { name: name.to_owned(), token, conversations: Vec::new(), id })
    }

    /// A conversation with so many messages, two for each exchange.
    pub(crate) fn conversation(
        &mut self,
        person: &mut Person,
        messages: usize,
    ) -> anyhow::Result<Uuid> {
        let (created, number) = (self.tick(), self.number());
        let (owner, id) = (person.id, self.id());
        let count = i64::try_from(messages)?;
        let title = format!("Conversation number {number}");
        let values = params![
            owner.as_bytes(),
            id.as_bytes(),
            number,
            title.into_bytes(),
            count + 1,
            count,
            created,
            created,
        ];
        self.connection
            .prepare_cached(
                "INSERT INTO conversations (owner_id, id, number, kind, shelf, title, \
                 next_position, message_count, created_at, updated_at) \
                 VALUES (?, ?, ?, 'chat', 'active', ?, ?, ?, ?, ?)",
            )?
            .execute(values)?;
        for position in 1..=count {
            self.message(owner, id, position)?;
        }
        person.conversations.push(id);
        Ok(id)
    }

    /// The users' messages have odd positions, the replies to them even ones.
    fn message(&mut self, owner: Uuid, conversation: Uuid, position: i64) -> anyhow::Result<()> {
        let (now, number, id) = (self.tick(), self.number(), self.id());
        let is_reply = position % 2 == 0;
        let generation = is_reply.then(|| self.id());
        let (role, engine) = if is_reply { ("assistant", Some("openai")) } else { ("user", None) };
        let model = engine.map(|_| "bench");
        let values = params![
            owner.as_bytes(),
            id.as_bytes(),
            number,
            conversation.as_bytes(),
            position,
            role,
            words(usize::try_from(number)?).as_bytes(),
            generation.map(Uuid::into_bytes),
            engine,
            model,
            now,
            now,
        ];
        self.connection
            .prepare_cached(
                "INSERT INTO messages (owner_id, id, number, conversation_id, position, version, \
                 version_count, shown, role, status, content, generation_id, engine, model, \
                 attachment_count, created_at, updated_at) \
                 VALUES (?, ?, ?, ?, ?, 1, 1, 1, ?, 'complete', ?, ?, ?, ?, 0, ?, ?)",
            )?
            .execute(values)?;
        let Some(generation) = generation else { return Ok(()) };
        let holder = Uuid::nil();
        let values = params![
            owner.as_bytes(),
            generation.as_bytes(),
            conversation.as_bytes(),
            id.as_bytes(),
            holder.as_bytes(),
            now,
            now,
        ];
        self.connection
            .prepare_cached(
                "INSERT INTO generations (owner_id, id, conversation_id, message_id, holder, \
                 status, stop_requested, finish_reason, engine, model, prompt_tokens, \
                 completion_tokens, cached_tokens, usage_estimated, created_at, ended_at) \
                 VALUES (?, ?, ?, ?, ?, 'complete', 0, 'stop', 'openai', 'bench', 20, 8, 0, 0, ?, ?)",
            )?
            .execute(values)?;
        Ok(())
    }

    /// So many entries in a journal, eight a day.
    pub(crate) fn entries(&mut self, person: &Person, entries: usize) -> anyhow::Result<()> {
        const MOODS: [&str; 4] = ["calm", "tired", "hopeful", "sad"];
        for n in 0..entries {
            let (now, id) = (self.tick(), self.id());
            let mood = MOODS[n % MOODS.len()];
            let day = n / 8;
            // Years of 336 days are as good as others here.
            let day =
                format!("{:04}-{:02}-{:02}", 1000 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
            let note = crate::seed::note(n).into_bytes();
            let answer = "That sounds like a full day. What stayed with you?";
            let values = params![
                person.id.as_bytes(),
                id.as_bytes(),
                day,
                mood,
                mood,
                br#"["work","river"]"#.as_slice(),
                note,
                answer.as_bytes(),
                now,
                now,
                now,
            ];
            self.connection
                .prepare_cached(
                    "INSERT INTO entries (owner_id, id, day, mood, mood_folded, tags, note, \
                     ai_status, ai_response, revision, written_at, created_at, updated_at) \
                     VALUES (?, ?, ?, ?, ?, ?, ?, 'complete', ?, 1, ?, ?, ?)",
                )?
                .execute(values)?;
        }
        Ok(())
    }
}

fn token(user_id: Uuid, number: i64, sid: Uuid) -> anyhow::Result<String> {
    let now = now_seconds();
    let claims = Claims {
        fresh: false,
        iat: now,
        jti: sid,
        kind: "access",
        sub: number.to_string(),
        user_id,
        sid,
        nbf: now,
        exp: now + DAY_SECONDS,
    };
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)?)
}

/// The cursor of a page of messages that begins behind a position.
pub(crate) fn cursor(number: i64, id: Uuid) -> String {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes[8..].copy_from_slice(id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}
