//! The vibe check of a note that is not stored.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serene_core::{
    accounts::Caller,
    base::Private,
    conversations::CRISIS_SENTENCE,
    journal::{Note, Vibe},
};

use super::{
    asker::Asker,
    errors::{self, of_note, said},
    types::{MODEL_FAILED, NoteBody, VibeBody},
};
use crate::{
    App,
    answer::Answer,
    contracts::{
        body::{Fields, NotText},
        with_model_error,
    },
    error::{ApiError, Code},
    sse,
};

/// Check the vibe of a note
///
/// One or two sentences. The same note within ten minutes asks no model again, so a front end may
/// save an entry and then call this. Where the model failed, a fixed sentence says so, and the
/// header `x-serene-model-error` has the code.
#[utoipa::path(post, path = "/api/ai/vibe-check", tag = "contract entries",
    operation_id = "entries_vibe_check", request_body = NoteBody,
    responses((status = 200, body = VibeBody)))]
pub(super) async fn vibe_check(
    State(app): State<App>,
    Asker(caller): Asker,
    fields: Fields,
) -> Result<Response, ApiError> {
    let vibe = check(&app, &caller, &fields).await?;
    let (text, code) = match vibe {
        Vibe::Care(_) => (CRISIS_SENTENCE.to_owned(), None),
        Vibe::Answer(answer) => (answer.into_exposed(), None),
        Vibe::Failed(code) => (MODEL_FAILED.to_owned(), Some(code)),
        Vibe::Gibberish => return Err(said(serene_core::base::Error::NoteGibberish)),
    };
    Ok(with_model_error(Answer(VibeBody { ai_response: text }).into_response(), code))
}

/// Check the vibe of a note, as events
///
/// `delta` with `{text}`, then `done` with `{ai_response, disclaimer}` or `error` with `{error,
/// code}`. The answer is checked as a whole before its first word is sent.
#[utoipa::path(post, path = "/api/ai/vibe-check/stream", tag = "contract entries",
    operation_id = "entries_vibe_stream", request_body = NoteBody,
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub(super) async fn vibe_stream(
    State(app): State<App>,
    Asker(caller): Asker,
    fields: Fields,
) -> Result<Response, ApiError> {
    let vibe = check(&app, &caller, &fields).await?;
    let mut out = String::new();
    match vibe {
        Vibe::Care(_) => {
            event(&mut out, "delta", &Delta { text: CRISIS_SENTENCE });
            event(&mut out, "done", &Done { ai_response: CRISIS_SENTENCE, disclaimer: true });
        }
        Vibe::Answer(answer) => {
            let answer = Private::into_exposed(answer);
            for text in answer.split_inclusive(' ') {
                event(&mut out, "delta", &Delta { text });
            }
            event(&mut out, "done", &Done { ai_response: &answer, disclaimer: false });
        }
        Vibe::Failed(code) => {
            event(&mut out, "error", &Failed { error: sse::model_sentence(code), code });
        }
        Vibe::Gibberish => return Err(said(serene_core::base::Error::NoteGibberish)),
    }
    Ok(sse::events(Body::from(out)))
}

/// More of the text.
#[derive(Serialize)]
struct Delta<'a> {
    text: &'a str,
}

/// The whole text, and whether it is the fixed sentence.
#[derive(Serialize)]
struct Done<'a> {
    ai_response: &'a str,
    disclaimer: bool,
}

/// How the model failed.
#[derive(Serialize)]
struct Failed<'a> {
    error: &'a str,
    code: &'a str,
}

fn event(out: &mut String, name: &str, data: &impl Serialize) {
    // Our own types always serialize, and JSON has no line break.
    let data = serde_json::to_string(data).unwrap_or_default();
    for part in ["event: ", name, "\ndata: ", &data, "\n\n"] {
        out.push_str(part);
    }
}

/// Reads the note and has it checked.
async fn check(app: &App, caller: &Caller, fields: &Fields) -> Result<Vibe, ApiError> {
    if fields.all.is_empty() {
        return Err(ApiError::new(Code::InvalidRequest, "Send a JSON object with a note"));
    }
    let text = fields.text("note").map_err(|NotText| errors::not_text("note"))?;
    let text = text.filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| ApiError::new(Code::MissingNote, "Note is required"))?;
    let help = app.serene.help(&caller.user);
    let note = Note::parse(text).map_err(|error| of_note(error, &help))?;
    app.serene.journal.vibe_check(caller.owner, &note).await.map_err(said)
}
