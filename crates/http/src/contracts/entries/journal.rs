//! Entries and the moods of the week.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::Value;
use serene_core::{
    base::{Error, PageSize, Private, Time, Zone},
    journal::{
        Entry, EntryChanges, ListEntries, Mood, NewEntry, Note,
        moods::{self, Counts},
        parse_tags,
    },
};

use super::{
    asker::Asker,
    errors::{self, of_note, said},
    types::{ChangesBody, EntryBody, NewEntryBody, RangeQuery, Success, ZoneQuery, bound},
};
use crate::{
    App,
    answer::Answer,
    contracts::{
        MOST_ITEMS,
        body::{Fields, NotText},
        with_model_error,
    },
    error::{ApiError, Code},
    extract::{self, Id, Query},
};

/// Create an entry
///
/// Stores it, then answers it. A note that speaks of suicide or self-harm gets a fixed sentence, a
/// note that is no text gets none; no model is asked about either. Where the model failed, a fixed
/// sentence says so, and the header `x-serene-model-error` has the code.
#[utoipa::path(post, path = "/api/entries", tag = "contract entries",
    operation_id = "entries_create", request_body = NewEntryBody,
    responses((status = 201, body = EntryBody)))]
pub(super) async fn create(
    State(app): State<App>,
    Asker(caller): Asker,
    fields: Fields,
) -> Result<Response, ApiError> {
    const MISSING: &str = "Mood and note are required";
    let text = |name| fields.text(name).map_err(|NotText| errors::not_text(name));
    let mood = text("mood")?.filter(|mood| !mood.trim().is_empty());
    let note = text("note")?.filter(|note| !note.is_empty());
    let (Some(mood), Some(note)) = (mood, note) else { return Err(errors::missing(MISSING)) };
    let help = app.serene.help(&caller.user);
    let zone = caller.user.time_zone.as_deref().map(Zone::parse).transpose().map_err(said)?;
    let new = NewEntry {
        id: None,
        mood: Mood::parse(mood).map_err(said)?,
        tags: tags(fields.all.get("tags"))?,
        note: Note::parse(note).map_err(|error| of_note(error, &help))?,
        written_at: None,
        time_zone: zone,
        retry: fields.retry,
    };
    let entry = app.serene.journal.create(caller.owner, new).await.map_err(said)?;
    Ok(answered(StatusCode::CREATED, entry))
}

/// List entries
///
/// Newest first; at most 1,000.
#[utoipa::path(get, path = "/api/entries", tag = "contract entries",
    operation_id = "entries_list", params(RangeQuery),
    responses((status = 200, body = Vec<EntryBody>)))]
pub(super) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Query(query): Query<RangeQuery>,
) -> Result<Answer<Vec<EntryBody>>, ApiError> {
    let mut list = ListEntries {
        from: end(query.from.as_deref(), false)?,
        to: end(query.to.as_deref(), true)?,
        mood: None,
        tag: None,
        cursor: None,
        size: PageSize::new(Some(100)).map_err(said)?,
    };
    let mut entries: Vec<EntryBody> = Vec::new();
    loop {
        let page = app.serene.journal.list(caller.owner, list.clone()).await.map_err(said)?;
        entries.extend(page.items.into_iter().map(EntryBody::from));
        list.cursor = page.next;
        if list.cursor.is_none() || entries.len() >= MOST_ITEMS {
            return Ok(Answer(entries));
        }
    }
}

/// Read an entry
#[utoipa::path(get, path = "/api/entries/{id}", tag = "contract entries",
    operation_id = "entries_read", params(("id" = Uuid, Path)),
    responses((status = 200, body = EntryBody)))]
pub(super) async fn read(
    State(app): State<App>,
    Asker(caller): Asker,
    id: Result<Id<extract::Entry>, ApiError>,
) -> Result<Answer<EntryBody>, ApiError> {
    let id = id.map_err(errors::known)?.0;
    let entry = app.serene.journal.get(caller.owner, id).await.map_err(said)?;
    Ok(Answer(entry.into()))
}

/// Change an entry
///
/// A note that really is another is screened and answered anew.
#[utoipa::path(put, path = "/api/entries/{id}", tag = "contract entries",
    operation_id = "entries_change", params(("id" = Uuid, Path)), request_body = ChangesBody,
    responses((status = 200, body = EntryBody)))]
pub(super) async fn change(
    State(app): State<App>,
    Asker(caller): Asker,
    id: Result<Id<extract::Entry>, ApiError>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let id = id.map_err(errors::known)?.0;
    let text = |name| fields.text(name).map_err(|NotText| errors::not_text(name));
    let help = app.serene.help(&caller.user);
    let note = text("note")?.map(Note::parse).transpose();
    let changes = EntryChanges {
        mood: text("mood")?.map(Mood::parse).transpose().map_err(said)?,
        tags: fields.all.get("tags").map(|value| tags(Some(value))).transpose()?,
        note: note.map_err(|error| of_note(error, &help))?,
    };
    let journal = &app.serene.journal;
    if changes.mood.is_none() && changes.tags.is_none() && changes.note.is_none() {
        let entry = journal.get(caller.owner, id).await.map_err(said)?;
        return Ok(Answer(EntryBody::from(entry)).into_response());
    }
    let entry = journal.change(caller.owner, id, changes).await.map_err(said)?;
    Ok(answered(StatusCode::OK, entry))
}

/// Delete an entry
#[utoipa::path(delete, path = "/api/entries/{id}", tag = "contract entries",
    operation_id = "entries_delete", params(("id" = Uuid, Path)),
    responses((status = 200, body = Success)))]
pub(super) async fn delete(
    State(app): State<App>,
    Asker(caller): Asker,
    id: Result<Id<extract::Entry>, ApiError>,
) -> Result<Answer<Success>, ApiError> {
    let id = id.map_err(errors::known)?.0;
    app.serene.journal.delete(caller.owner, id).await.map_err(said)?;
    Ok(Answer(Success::new()))
}

/// Moods of the week
///
/// How often each mood was written in the current ISO week, or in the last seven days where the
/// operator chose that. Only moods that are there, in lower case.
#[utoipa::path(get, path = "/api/analytics/weekly", tag = "contract entries",
    operation_id = "entries_weekly", params(ZoneQuery),
    responses((status = 200, body = std::collections::BTreeMap<String, u64>,
               example = json!({"happy": 4, "anxious": 2, "calm": 3}))))]
pub(super) async fn weekly(
    State(app): State<App>,
    Asker(caller): Asker,
    Query(query): Query<ZoneQuery>,
) -> Result<Answer<Counts>, ApiError> {
    let asked = query.tz.as_deref().or(caller.user.time_zone.as_deref());
    let zone = asked.map_or(Ok(Zone::utc()), Zone::parse).map_err(said)?;
    let journal = &app.serene.journal;
    let today = journal.today(&zone);
    let six_days_before = today.saturating_sub(jiff::Span::new().days(6));
    let first = if app.contracts.rolling_week { six_days_before } else { moods::monday_of(today) };
    let last = first.saturating_add(jiff::Span::new().days(6));
    let counted = journal.count_moods(caller.owner, first, last).await.map_err(said)?;
    let mut counts = Counts::new();
    for one in counted {
        *counts.entry(one.mood).or_default() += one.count;
    }
    Ok(Answer(counts))
}

/// An entry that was answered just now, and in a header how the model failed.
fn answered(status: StatusCode, entry: Entry) -> Response {
    let code = entry.ai_error_code.clone();
    with_model_error((status, Answer(EntryBody::from(entry))).into_response(), code.as_deref())
}

/// One end of the range.
fn end(text: Option<&str>, end_of_day: bool) -> Result<Option<Time>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let time = bound(text, end_of_day);
    let error = || ApiError::new(Code::InvalidDate, "Dates must be in ISO 8601, as 2026-02-03");
    time.ok_or_else(error).map(Some)
}

/// Tags as they are sent: a list of texts, or null for none. Blank ones are passed over.
fn tags(value: Option<&Value>) -> Result<Vec<Private>, ApiError> {
    let invalid = || Error::Invalid { field: "tags", message: "must be a list of texts".into() };
    let list = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(said(invalid())),
    };
    let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    let texts = texts.ok_or_else(|| said(invalid()))?;
    let texts = texts.into_iter().filter(|text| !text.trim().is_empty());
    parse_tags(&texts.map(str::to_owned).collect::<Vec<_>>()).map_err(said)
}
