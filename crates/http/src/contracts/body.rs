//! Bodies as the contracts' front ends send them: JSON objects, now and then forms or nothing at
//! all. Fields that a contract does not know are passed over, as their originals did.

use axum::{
    extract::{FromRequest, Request},
    http::header,
};
use serde_json::{Map, Value};
use serene_core::base::limits;

use crate::{
    App,
    error::{ApiError, Code},
    extract::read_body,
};

/// The fields of a body, of at most `MOST` bytes. No body is no fields.
#[derive(Debug)]
pub(crate) struct Fields<const MOST: usize = { limits::MAX_BODY_BYTES }>(
    pub(crate) Map<String, Value>,
);

/// A field that is there and is no text.
#[derive(Debug)]
pub(crate) struct NotText;

impl<const MOST: usize> Fields<MOST> {
    /// A text; `None` when it is missing or null.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, NotText> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(NotText),
        }
    }

    /// The first of several names under which a text may stand.
    pub(crate) fn text_of(&self, names: &[&str]) -> Result<Option<&str>, NotText> {
        for name in names {
            if let Some(text) = self.text(name)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// Whether a field is there, whatever it holds.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl<const MOST: usize> FromRequest<App> for Fields<MOST> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &App) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let declared = request.headers().get(header::CONTENT_LENGTH);
        let declared = declared.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        let bytes = read_body(request.into_body(), declared.unwrap_or(0), MOST).await?;
        if kind == "application/x-www-form-urlencoded" {
            return Ok(Self(form(&bytes)));
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Map::new()));
        }
        if !kind.is_empty() && kind != "application/json" && !kind.ends_with("+json") {
            let text = "The body must be JSON: send `Content-Type: application/json`.";
            return Err(ApiError::new(Code::UnsupportedMediaType, text));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(ApiError::new(Code::InvalidJson, "The body must be a JSON object.")),
            Err(_) => Err(ApiError::new(Code::InvalidJson, "The body is not valid JSON.")),
        }
    }
}

/// The fields of a form; the first of each name.
fn form(bytes: &[u8]) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        fields.entry(name.into_owned()).or_insert_with(|| Value::String(value.into_owned()));
    }
    fields
}
