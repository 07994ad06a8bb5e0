//! `/api/v1/entries`: the journal. And the vibe check of a note that is no entry.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serene_core::{
    accounts::User,
    base::{Cursor, Error, Page, PageSize, Private, Time, Zone},
    conversations::CRISIS_SENTENCE,
    journal::{AiStatus, Entry, EntryChanges, ListEntries, Mood, NewEntry, Note, Vibe, parse_tags},
    safety::Help,
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::bodies::{IdempotencyHeader, SafetyBody};
use crate::{
    App,
    answer::Answer,
    error::{ApiError, Code},
    extract::{self, Caller, Creation, Id, Json, Query, wants_events},
    sse,
    time::Stamp,
};

/// What an entry begins with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewEntry)]
pub(crate) struct NewEntryBody {
    /// Your own id for it: creating it again returns the one that is there.
    #[schema(example = json!(null))]
    id: Option<Uuid>,
    /// Any word. Counted without regard to case.
    #[schema(example = "hopeful", min_length = 1, max_length = 64)]
    mood: String,
    #[serde(default)]
    #[schema(example = json!(["walk", "river"]), max_items = 20)]
    tags: Vec<String>,
    /// At least 50 characters, counted in Unicode code points after trimming.
    #[schema(
        example = "I walked along the river this morning and for once nothing hurried me.",
        min_length = 50,
        max_length = 32000
    )]
    note: String,
    /// When it was written; now unless given.
    #[schema(example = json!(null), format = DateTime)]
    written_at: Option<String>,
    /// The zone that decides which day that is; the account's own unless given.
    #[schema(example = "Europe/Berlin", max_length = 64)]
    time_zone: Option<String>,
}

/// What to change. Fields that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EntryChanges)]
pub(crate) struct EntryChangesBody {
    #[schema(example = "calm", min_length = 1, max_length = 64)]
    mood: Option<String>,
    #[schema(example = json!(["river"]), max_items = 20)]
    tags: Option<Vec<String>>,
    /// It is answered anew if it really is another.
    #[schema(
        example = "I walked along the river again this evening, and it was just as quiet.",
        min_length = 50,
        max_length = 32000
    )]
    note: Option<String>,
}

/// A journal entry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Entry)]
pub(crate) struct EntryBody {
    id: Uuid,
    /// The day it was written, in its writer's zone then.
    #[schema(example = "2026-02-03", format = Date)]
    day: String,
    #[schema(example = "hopeful")]
    mood: String,
    #[schema(example = json!(["walk", "river"]))]
    tags: Vec<String>,
    #[schema(example = "I walked along the river this morning and for once nothing hurried me.")]
    note: String,
    /// `complete`, `care` (a fixed sentence; no model was asked), `skipped` (no text to answer),
    /// `failed` (see `ai_error_code`), or `pending` while the answer is written.
    #[schema(example = "complete")]
    ai_status: &'static str,
    /// One or two sentences; null when there are none.
    ai_response: Option<String>,
    #[schema(example = json!(null))]
    ai_error_code: Option<String>,
    /// What the crisis screen found; null for nothing.
    safety: Option<SafetyBody>,
    /// Entries are sorted by it.
    written_at: Stamp,
    created_at: Stamp,
    updated_at: Stamp,
}

impl EntryBody {
    /// An entry as this person reads it.
    fn new(entry: Entry, help: &Help) -> Self {
        Self {
            id: entry.id,
            day: entry.day,
            mood: entry.mood,
            tags: entry.tags.into_iter().map(Private::into_exposed).collect(),
            note: entry.note.into_exposed(),
            ai_status: entry.ai_status.as_str(),
            ai_response: entry.ai_response.map(Private::into_exposed),
            ai_error_code: entry.ai_error_code,
            safety: entry.safety_tier.map(|tier| SafetyBody::fixed(tier, help)),
            written_at: entry.written_at.into(),
            created_at: entry.created_at.into(),
            updated_at: entry.updated_at.into(),
        }
    }
}

/// A page of entries.
#[derive(Serialize, ToSchema)]
#[schema(as = EntryPage)]
pub(crate) struct EntryPageBody {
    items: Vec<EntryBody>,
    /// Send it as `cursor` to get the next page; null on the last one.
    next_cursor: Option<String>,
}

impl EntryPageBody {
    /// A page as this person reads it.
    pub(super) fn new(page: Page<Entry>, help: &Help) -> Self {
        let body = |entry| EntryBody::new(entry, help);
        Self {
            items: page.items.into_iter().map(body).collect(),
            next_cursor: page.next.map(|cursor| cursor.encode()),
        }
    }
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// The first moment (RFC 3339) or day (`2026-02-03`), included.
    #[param(example = "2026-02-03")]
    from: Option<String>,
    /// The last moment or day, included.
    #[param(example = "2026-02-09T12:00:00Z")]
    to: Option<String>,
    /// The zone of the days; the account's own unless given, else UTC.
    #[param(example = "Europe/Berlin")]
    tz: Option<String>,
    /// With this mood only.
    mood: Option<String>,
    /// With this tag only, exactly.
    tag: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Items on the page; 50 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// A note to check.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Note)]
pub(crate) struct NoteBody {
    /// At least 50 characters, counted in Unicode code points after trimming.
    #[schema(
        example = "I walked along the river this morning and for once nothing hurried me.",
        min_length = 50,
        max_length = 32000
    )]
    note: String,
}

/// What is said back.
#[derive(Serialize, ToSchema)]
#[schema(as = VibeCheck)]
pub(crate) struct VibeBody {
    /// `complete`, `care` or `failed`.
    #[schema(example = "complete")]
    ai_status: &'static str,
    /// One or two sentences; null when there are none.
    ai_response: Option<String>,
    #[schema(example = json!(null))]
    ai_error_code: Option<String>,
    safety: Option<SafetyBody>,
}

impl VibeBody {
    /// What is said to this person.
    fn new(vibe: Vibe, help: &Help) -> Self {
        let (status, response, code, tier) = match vibe {
            Vibe::Care(tier) => {
                (AiStatus::Care, Some(CRISIS_SENTENCE.to_owned()), None, Some(tier))
            }
            Vibe::Answer(answer) => (AiStatus::Complete, Some(answer.into_exposed()), None, None),
            Vibe::Failed(code) => (AiStatus::Failed, None, Some(code.to_owned()), None),
            Vibe::Gibberish => (AiStatus::Skipped, None, None, None),
        };
        Self {
            ai_status: status.as_str(),
            ai_response: response,
            ai_error_code: code,
            safety: tier.map(|tier| SafetyBody::fixed(tier, help)),
        }
    }
}

/// A note; one that is too short is told where to turn, if that is called for.
fn note(text: &str, help: &Help) -> Result<Note, ApiError> {
    Note::parse(text).map_err(|error| match error {
        Error::NoteTooShort { safety_tier } => ApiError::note_too_short(safety_tier, help),
        other => other.into(),
    })
}

/// The zone that was asked for, else the account's own, else UTC.
pub(super) fn zone(asked: Option<&str>, user: &User) -> Result<Zone, Error> {
    let name = asked.or(user.time_zone.as_deref());
    name.map_or(Ok(Zone::utc()), Zone::parse)
}

/// One end of a range: a moment, or the first or last moment of a day.
fn bound(
    field: &'static str,
    text: Option<&str>,
    zone: &Zone,
    end_of_day: bool,
) -> Result<Option<Time>, Error> {
    let Some(text) = text else { return Ok(None) };
    let invalid = || Error::Invalid {
        field,
        message: "must be a day (2026-02-03) or a moment in RFC 3339".into(),
    };
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Ok(Some(Time::from_micros(moment.as_microsecond())));
    }
    let day: jiff::civil::Date = super::moods::day(field, text)?;
    let time = if end_of_day {
        let next = day.tomorrow().map_err(|_| invalid())?;
        zone.start_of(next).map(|time| Time::from_micros(time.as_micros() - 1))
    } else {
        zone.start_of(day)
    };
    time.map(Some).ok_or_else(invalid)
}

/// Create an entry
///
/// Stores it, then answers it: the entry is kept whatever becomes of the answer, and is never
/// refused for what it says. A note that speaks of suicide or self-harm gets a fixed sentence, and
/// no model is asked.
#[utoipa::path(post, path = "/api/v1/entries", tag = "journal", operation_id = "create_entry",
    params(IdempotencyHeader), request_body = NewEntryBody,
    responses((status = 201, body = EntryBody), (status = 409, description = "The id is in use"),
              (status = 422, description = "The idempotency key came before, with another request")))]
pub(crate) async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    Creation { body, retry }: Creation<NewEntryBody>,
) -> Result<(StatusCode, Answer<EntryBody>), ApiError> {
    let help = app.serene.help(&caller.user);
    let zone = zone(body.time_zone.as_deref(), &caller.user)?;
    let new = NewEntry {
        id: body.id,
        mood: Mood::parse(&body.mood)?,
        tags: parse_tags(&body.tags)?,
        note: note(&body.note, &help)?,
        written_at: bound("written_at", body.written_at.as_deref(), &zone, false)?,
        time_zone: Some(zone),
        retry,
    };
    let entry = app.serene.journal.create(caller.owner, new).await?;
    Ok((StatusCode::CREATED, Answer(EntryBody::new(entry, &help))))
}

/// List entries
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/entries", tag = "journal", operation_id = "list_entries",
    params(ListQuery), responses((status = 200, body = EntryPageBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
) -> Result<Answer<EntryPageBody>, ApiError> {
    let zone = zone(query.tz.as_deref(), &caller.user)?;
    let list = ListEntries {
        from: bound("from", query.from.as_deref(), &zone, false)?,
        to: bound("to", query.to.as_deref(), &zone, true)?,
        mood: query.mood.as_deref().map(Mood::parse).transpose()?,
        tag: query.tag.map(|tag| Private::new(tag.trim())),
        cursor: query.cursor.as_deref().map(Cursor::decode).transpose()?,
        size: PageSize::new(query.limit)?,
    };
    let page = app.serene.journal.list(caller.owner, list).await?;
    Ok(Answer(EntryPageBody::new(page, &app.serene.help(&caller.user))))
}

/// Read an entry
#[utoipa::path(get, path = "/api/v1/entries/{id}", tag = "journal", operation_id = "read_entry",
    params(("id" = Uuid, Path)), responses((status = 200, body = EntryBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Entry>,
) -> Result<Answer<EntryBody>, ApiError> {
    let entry = app.serene.journal.get(caller.owner, id.0).await?;
    Ok(Answer(EntryBody::new(entry, &app.serene.help(&caller.user))))
}

/// Change an entry
///
/// A note that really is another is screened and answered anew.
#[utoipa::path(patch, path = "/api/v1/entries/{id}", tag = "journal", operation_id = "change_entry",
    params(("id" = Uuid, Path)), request_body = EntryChangesBody,
    responses((status = 200, body = EntryBody)))]
pub(crate) async fn change(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Entry>,
    Json(body): Json<EntryChangesBody>,
) -> Result<Answer<EntryBody>, ApiError> {
    if body.mood.is_none() && body.tags.is_none() && body.note.is_none() {
        return Err(ApiError::new(Code::InvalidRequest, "Send `mood`, `tags` or `note`."));
    }
    let help = app.serene.help(&caller.user);
    let changes = EntryChanges {
        mood: body.mood.as_deref().map(Mood::parse).transpose()?,
        tags: body.tags.as_deref().map(parse_tags).transpose()?,
        note: body.note.as_deref().map(|text| note(text, &help)).transpose()?,
    };
    let entry = app.serene.journal.change(caller.owner, id.0, changes).await?;
    Ok(Answer(EntryBody::new(entry, &help)))
}

/// Delete an entry
#[utoipa::path(delete, path = "/api/v1/entries/{id}", tag = "journal",
    operation_id = "delete_entry", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Entry>,
) -> Result<StatusCode, ApiError> {
    app.serene.journal.delete(caller.owner, id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Check the vibe of a note
///
/// One or two sentences about a note that is not stored. The same note within ten minutes asks no
/// model again. With `Accept: text/event-stream` the answer comes as events; it is checked as a
/// whole before its first word is sent.
#[utoipa::path(post, path = "/api/v1/vibe-check", tag = "journal", operation_id = "vibe_check",
    request_body = NoteBody,
    responses((status = 200, content((VibeBody = "application/json"),
                                     (sse::StreamEvent = "text/event-stream")))))]
pub(crate) async fn vibe_check(
    State(app): State<App>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Json(body): Json<NoteBody>,
) -> Result<Response, ApiError> {
    let help = app.serene.help(&caller.user);
    let note = note(&body.note, &help)?;
    let vibe = app.serene.journal.vibe_check(caller.owner, &note).await?;
    let vibe = VibeBody::new(vibe, &help);
    if wants_events(&headers) {
        return Ok(sse::whole(vibe.ai_response.as_deref().unwrap_or_default(), &vibe));
    }
    Ok(Answer(vibe).into_response())
}
