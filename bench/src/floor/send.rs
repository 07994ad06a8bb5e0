//! Sending a message: it is on disk before the model is called; then the answer in one piece, or
//! the model's own stream passed on as it comes, with the text read on the side.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{Stream, StreamExt, stream};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Caller, Floor, Shared, Wrong,
    bodies::{Generation, Message, Stamp, Usage, day},
    new_id, now,
    pages::STATE,
};

const PERSON: &str = "SELECT time_zone, country, language FROM users WHERE id = ? LIMIT 1";
const PREFERENCES: &str = "SELECT model, temperature_hundredths, max_tokens, instruction, \
     personality, address_style FROM preferences WHERE owner_id = ? AND id = ? LIMIT 1";
const PREFERENCES_HERE: &str = "SELECT model, temperature_hundredths, max_tokens, instruction, \
     personality, address_style FROM conversation_preferences \
     WHERE owner_id = ? AND id = ? LIMIT 1";
const CLAIM: &str = "UPDATE conversations SET active_generation_id = ?, \
     next_position = next_position + 2, message_count = message_count + 2, \
     title = COALESCE(title, ?), updated_at = ? WHERE owner_id = ? AND id = ? \
     AND next_position = ? AND active_generation_id IS NULL AND ended_at IS NULL \
     AND deleted_at IS NULL";
const INSERT_MESSAGE: &str = "INSERT INTO messages (owner_id, id, number, conversation_id, \
     position, version, shown, role, status, content, error_code, safety_tier, generation_id, \
     engine, model, attachment_count, created_at, updated_at, version_count) \
     VALUES (?, ?, ?, ?, ?, 1, 1, ?, ?, ?, NULL, NULL, ?, NULL, NULL, 0, ?, ?, 1)";
const INSERT_GENERATION: &str = "INSERT INTO generations (owner_id, id, conversation_id, \
     message_id, holder, status, stop_requested, engine, model, created_at) \
     VALUES (?, ?, ?, ?, ?, 'pending', 0, ?, ?, ?)";
const RECENT: &str = "SELECT m.id, m.number, m.conversation_id, m.position, m.version, m.shown, m.role, \
     m.status, m.content, m.error_code, m.safety_tier, m.generation_id, m.engine, m.model, \
     m.attachment_count, m.created_at, m.updated_at, m.version_count FROM messages m \
     WHERE m.owner_id = ? AND m.conversation_id = ? AND m.position < ? AND m.shown = 1 \
     ORDER BY m.position DESC LIMIT 200";
const END_GENERATION: &str = "UPDATE generations SET status = 'complete', \
     finish_reason = 'stop', error_code = NULL, engine = ?, model = ?, prompt_tokens = ?, \
     completion_tokens = ?, cached_tokens = ?, usage_estimated = ?, ended_at = ? \
     WHERE owner_id = ? AND id = ? AND status IN ('pending', 'running')";
const END_REPLY: &str = "UPDATE messages SET status = 'complete', content = ?, \
     error_code = NULL, engine = ?, model = ?, updated_at = ? WHERE owner_id = ? AND id = ?";
const RELEASE: &str = "UPDATE conversations SET active_generation_id = NULL, updated_at = ? \
     WHERE owner_id = ? AND id = ? AND active_generation_id = ?";
const DELETE_CHUNKS: &str =
    "DELETE FROM generation_chunks WHERE owner_id = ? AND generation_id = ?";
const INSERT_USAGE: &str = "INSERT INTO usage_records (owner_id, id, day, purpose, \
     generation_id, entry_id, status, engine, model, prompt_tokens, completion_tokens, \
     cached_tokens, estimated, cost_nanos, created_at) \
     VALUES (?, ?, ?, 'reply', ?, NULL, 'complete', ?, ?, ?, ?, ?, ?, 0, ?)";

const SETTLE: &str = "UPDATE usage_totals SET tokens_used = tokens_used + ?, \
     cost_nanos_used = cost_nanos_used + ?, tokens_reserved = tokens_reserved - ?, \
     cost_nanos_reserved = cost_nanos_reserved - ? WHERE owner_id = ? AND period = ?";
const OPEN: &str = "INSERT INTO usage_totals (tokens_used, cost_nanos_used, tokens_reserved, \
     cost_nanos_reserved, owner_id, period) VALUES (?, ?, ?, ?, ?, ?)";
const SETTLE_INSTANCE: &str = "UPDATE instance_usage_totals SET tokens_used = tokens_used + ?, \
     cost_nanos_used = cost_nanos_used + ?, tokens_reserved = tokens_reserved - ?, \
     cost_nanos_reserved = cost_nanos_reserved - ? WHERE period = ?";
const OPEN_INSTANCE: &str = "INSERT INTO instance_usage_totals (tokens_used, cost_nanos_used, \
     tokens_reserved, cost_nanos_reserved, period, tokens_departed, cost_nanos_departed) \
     VALUES (?, ?, ?, ?, ?, 0, 0)";

const ENGINE: &str = "openai";
/// The model's name, the one that the bench gives Serene too.
pub(crate) const MODEL: &str = "bench";
/// About as long as Serene's own.
const INSTRUCTION: &str = "\
You are a calm and attentive companion in a chat. Answer in the language you are written to. \
Be warm, plain and honest; say so when you do not know something. Keep answers as short as the \
question allows. You are not a doctor or a therapist: do not diagnose, and do not advise on \
medicines. Never claim to be human.";

#[derive(Deserialize)]
pub(super) struct Outgoing {
    content: String,
}

#[derive(Serialize)]
struct Exchange<'a> {
    user_message: Message<'a>,
    assistant_message: Message<'a>,
    generation: Generation,
}

#[derive(Serialize)]
struct Done<'a> {
    message: Message<'a>,
    generation: Generation,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'a str,
    content: &'a str,
}

#[derive(Serialize)]
struct Ask<'a> {
    model: &'a str,
    messages: Vec<Turn<'a>>,
    stream: bool,
    stream_options: Options,
}

#[derive(Serialize)]
struct Options {
    include_usage: bool,
}

/// What of a chunk of the model's stream is read.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: Vec<Choice<'a>>,
    usage: Option<Counted>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Delta<'a>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Option<Cow<'a, str>>,
}

#[derive(Clone, Copy, Deserialize)]
struct Counted {
    prompt_tokens: u32,
    completion_tokens: u32,
}

/// An exchange that has begun and is on disk.
struct Begun {
    floor: Arc<Floor>,
    owner: Uuid,
    conversation: Uuid,
    /// The user's message and the reply, which has the next position.
    ids: [Uuid; 2],
    position: i64,
    content: String,
    generation_id: Uuid,
    created_at: i64,
}

/// An exchange that has ended.
struct Ended {
    begun: Begun,
    reply: String,
    usage: Usage,
    at: i64,
}

/// The reply as far as it has come.
#[derive(Default)]
struct Reading {
    text: String,
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
    usage: Usage,
}

const FAILED: Wrong = Wrong(StatusCode::INTERNAL_SERVER_ERROR);

pub(super) async fn send(
    State(floor): Shared,
    caller: Caller,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Json(outgoing): Json<Outgoing>,
) -> Result<Response, Wrong> {
    let begun = Begun::write(floor, caller.owner, id, outgoing.content).await?;
    let mut answer = begun.ask().await?;
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/event-stream")) {
        return Ok(begun.pass_on(answer));
    }
    let mut reading = Reading::default();
    while let Some(bytes) = answer.next().await {
        reading.take(&bytes.map_err(|_| FAILED)?);
    }
    let ended = begun.end(reading).await?;
    let exchange = Exchange {
        user_message: ended.user_message(),
        assistant_message: ended.reply(),
        generation: ended.generation(),
    };
    Ok((StatusCode::CREATED, Json(exchange)).into_response())
}

impl Begun {
    async fn write(
        floor: Arc<Floor>,
        owner: Uuid,
        conversation: Uuid,
        content: String,
    ) -> Result<Self, Wrong> {
        let position = floor.db.read(|connection| {
            let own = owner.as_bytes();
            let state = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
            let key = (own, conversation.as_bytes());
            let state = connection.prepare_cached(STATE)?.query_row(key, state).optional();
            exists(connection, PERSON, params![own])?;
            exists(connection, PREFERENCES, params![own, own])?;
            exists(connection, PREFERENCES_HERE, params![own, conversation.as_bytes()])?;
            state
        })?;
        let position = position.ok_or(Wrong(StatusCode::NOT_FOUND))?;
        let begun = Self {
            floor,
            owner,
            conversation,
            ids: [new_id(), new_id()],
            position,
            content,
            generation_id: new_id(),
            created_at: now(),
        };
        if begun.commit().await { Ok(begun) } else { Err(Wrong(StatusCode::CONFLICT)) }
    }

    async fn commit(&self) -> bool {
        let Self { owner, conversation, ids, position, generation_id, created_at: now, .. } = *self;
        let numbers = [self.floor.number(), self.floor.number()];
        let content = self.content.clone().into_bytes();
        let work = move |connection: &Connection| {
            let (own, place, run) =
                (owner.as_bytes(), conversation.as_bytes(), generation_id.as_bytes());
            let claim = params![run, "A title".as_bytes(), now, own, place, position];
            if connection.prepare_cached(CLAIM)?.execute(claim)? != 1 {
                return Ok(false);
            }
            let mut insert = connection.prepare_cached(INSERT_MESSAGE)?;
            let (id, number) = (ids[0].as_bytes(), numbers[0]);
            let nobody = None::<[u8; 16]>;
            insert.execute(params![
                own, id, number, place, position, "user", "complete", content, nobody, now, now
            ])?;
            let (id, number, after) = (ids[1].as_bytes(), numbers[1], position + 1);
            let empty = b"".as_slice();
            insert.execute(params![
                own,
                id,
                number,
                place,
                after,
                "assistant",
                "pending",
                empty,
                run,
                now,
                now
            ])?;
            let holder = Uuid::nil();
            let generation = params![own, run, place, id, holder.as_bytes(), ENGINE, MODEL, now];
            connection.prepare_cached(INSERT_GENERATION)?.execute(generation)?;
            Ok(true)
        };
        self.floor.db.write(work).await
    }

    /// Asks the model with what was said before.
    async fn ask(
        &self,
    ) -> Result<impl Stream<Item = reqwest::Result<Bytes>> + Unpin + Send + 'static, Wrong> {
        let said = self.floor.db.read(|connection| {
            let before = (self.owner.as_bytes(), self.conversation.as_bytes(), self.position + 1);
            let mut recent = connection.prepare_cached(RECENT)?;
            let said = recent.query_map(before, |row| {
                let is_reply = row.get_ref(6)?.as_str()? == "assistant";
                Ok((is_reply, String::from_utf8(row.get(8)?).unwrap_or_default()))
            })?;
            said.collect::<rusqlite::Result<Vec<(bool, String)>>>()
        })?;
        let system = Turn { role: "system", content: INSTRUCTION };
        let said = said.iter().rev().map(|(is_reply, content)| {
            let role = if *is_reply { "assistant" } else { "user" };
            Turn { role, content }
        });
        let ask = Ask {
            model: MODEL,
            messages: std::iter::once(system).chain(said).collect(),
            stream: true,
            stream_options: Options { include_usage: true },
        };
        let ask = serde_json::to_vec(&ask).map_err(|_| FAILED)?;
        let request = self.floor.client.post(&self.floor.chat_url).body(ask);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let answer = request.send().await.map_err(|_| FAILED)?;
        if answer.status() != StatusCode::OK {
            return Err(FAILED);
        }
        Ok(answer.bytes_stream())
    }

    /// The model's stream as it comes, then one event with what was stored.
    fn pass_on(
        self,
        answer: impl Stream<Item = reqwest::Result<Bytes>> + Unpin + Send + 'static,
    ) -> Response {
        let generation_id = self.generation_id.to_string();
        let state = Some((self, answer, Reading::default()));
        let body = stream::unfold(state, |state| async {
            let (begun, mut answer, mut reading) = state?;
            match answer.next().await {
                Some(Ok(bytes)) => {
                    reading.take(&bytes);
                    Some((Ok::<_, Wrong>(bytes), Some((begun, answer, reading))))
                }
                Some(Err(_)) => None,
                None => Some((begun.done(reading).await, None)),
            }
        });
        let body = Body::from_stream(body.map(|item| item.map_err(|_| axum::Error::new("failed"))));
        let headers = [
            ("content-type", "text/event-stream"),
            ("cache-control", "no-cache"),
            ("x-generation-id", &generation_id),
        ];
        (headers, body).into_response()
    }

    async fn done(self, reading: Reading) -> Result<Bytes, Wrong> {
        let ended = self.end(reading).await?;
        let done = Done { message: ended.reply(), generation: ended.generation() };
        let mut frame = b"event: done\nid: end\ndata: ".to_vec();
        serde_json::to_writer(&mut frame, &done).map_err(|_| FAILED)?;
        frame.extend_from_slice(b"\n\n");
        Ok(frame.into())
    }

    /// Stores the end.
    async fn end(self, reading: Reading) -> Result<Ended, Wrong> {
        let Self { owner, conversation, generation_id, .. } = self;
        let (id, now, usage) = (self.ids[1], now(), reading.usage);
        let content = reading.text.clone().into_bytes();
        let stored = self.floor.db.write(move |connection| {
            let Usage { prompt_tokens, completion_tokens, .. } = usage;
            let (own, run) = (owner.as_bytes(), generation_id.as_bytes());
            let end =
                params![ENGINE, MODEL, prompt_tokens, completion_tokens, 0, false, now, own, run];
            if connection.prepare_cached(END_GENERATION)?.execute(end)? != 1 {
                return Ok(false);
            }
            let end = params![content, ENGINE, MODEL, now, own, id.as_bytes()];
            connection.prepare_cached(END_REPLY)?.execute(end)?;
            let release = params![now, own, conversation.as_bytes(), run];
            connection.prepare_cached(RELEASE)?.execute(release)?;
            connection.prepare_cached(DELETE_CHUNKS)?.execute(params![own, run])?;
            record(connection, owner, generation_id, usage, now)?;
            Ok(true)
        });
        if !stored.await {
            return Err(FAILED);
        }
        Ok(Ended { begun: self, reply: reading.text, usage, at: now })
    }
}

impl Ended {
    fn user_message(&self) -> Message<'_> {
        let begun = &self.begun;
        Message {
            id: begun.ids[0],
            conversation_id: begun.conversation,
            position: begun.position,
            version: 1,
            version_count: 1,
            shown: true,
            role: "user",
            status: "complete",
            content: &begun.content,
            error_code: None,
            safety: None,
            generation_id: None,
            engine: None,
            model: None,
            attachments: [],
            created_at: Stamp(begun.created_at),
            updated_at: Stamp(begun.created_at),
        }
    }

    fn reply(&self) -> Message<'_> {
        Message {
            id: self.begun.ids[1],
            position: self.begun.position + 1,
            role: "assistant",
            content: &self.reply,
            generation_id: Some(self.begun.generation_id),
            engine: Some(ENGINE),
            model: Some(MODEL),
            updated_at: Stamp(self.at),
            ..self.user_message()
        }
    }

    fn generation(&self) -> Generation {
        Generation {
            id: self.begun.generation_id,
            conversation_id: self.begun.conversation,
            message_id: self.begun.ids[1],
            status: "complete",
            finish_reason: "stop",
            error_code: None,
            engine: ENGINE,
            model: MODEL,
            usage: self.usage,
            created_at: Stamp(self.begun.created_at),
            ended_at: Stamp(self.at),
        }
    }
}

/// What the call took: its own row, and the totals of the day and the month, the owner's and all.
fn record(
    connection: &Connection,
    owner: Uuid,
    generation_id: Uuid,
    usage: Usage,
    now: i64,
) -> rusqlite::Result<()> {
    let (own, id, today) = (owner.as_bytes(), new_id(), day(now));
    connection.prepare_cached(INSERT_USAGE)?.execute(params![
        own,
        id.as_bytes(),
        today,
        generation_id.as_bytes(),
        ENGINE,
        MODEL,
        usage.prompt_tokens,
        usage.completion_tokens,
        0,
        false,
        now,
    ])?;
    let tokens = usage.total_tokens;
    for period in [&*today, &today[..7]] {
        let values = params![tokens, 0, 0, 0, own, period];
        if connection.prepare_cached(SETTLE)?.execute(values)? == 0 {
            connection.prepare_cached(OPEN)?.execute(values)?;
        }
    }
    for period in [&*today, &today[..7]] {
        let values = params![tokens, 0, 0, 0, period];
        if connection.prepare_cached(SETTLE_INSTANCE)?.execute(values)? == 0 {
            connection.prepare_cached(OPEN_INSTANCE)?.execute(values)?;
        }
    }
    Ok(())
}

fn exists(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<bool> {
    connection.prepare_cached(sql)?.exists(values)
}

impl Reading {
    /// Reads the lines that are whole now.
    fn take(&mut self, bytes: &[u8]) {
        let mut left = bytes;
        while let Some(end) = left.iter().position(|byte| *byte == b'\n') {
            let line;
            (line, left) = (&left[..end], &left[end + 1..]);
            if self.rest.is_empty() {
                self.line(line);
            } else {
                let mut whole = std::mem::take(&mut self.rest);
                whole.extend_from_slice(line);
                self.line(&whole);
            }
        }
        self.rest.extend_from_slice(left);
    }

    fn line(&mut self, line: &[u8]) {
        let Some(data) = line.strip_prefix(b"data: ") else { return };
        // The last line is no JSON.
        let Ok(chunk) = serde_json::from_slice::<Chunk<'_>>(data) else { return };
        if let Some(text) = chunk.choices.first().and_then(|choice| choice.delta.content.as_deref())
        {
            self.text.push_str(text);
        }
        if let Some(Counted { prompt_tokens, completion_tokens }) = chunk.usage {
            let total_tokens = prompt_tokens + completion_tokens;
            let counted = Usage { prompt_tokens, completion_tokens, total_tokens, ..self.usage };
            self.usage = counted;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_however_it_is_cut() {
        let stream = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n\
                      data: {\"choices\":[{\"delta\":{\"content\":\"Gr\\u00fc\"}}]}\n\n\
                      data: {\"choices\":[{\"delta\":{\"content\":\"\u{df} dich\"}}]}\n\n\
                      data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n\
                      data: [DONE]\n\n";
        for size in 1..stream.len() {
            let mut reading = Reading::default();
            for piece in stream.as_bytes().chunks(size) {
                reading.take(piece);
            }
            assert_eq!(reading.text, "Gr\u{fc}\u{df} dich");
            assert_eq!(reading.usage.total_tokens, 5);
        }
    }
}
