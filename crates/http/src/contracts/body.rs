//! Bodies as the contracts' front ends send them: JSON objects, now and then forms or nothing at
//! all. Fields that a contract does not know are passed over, as their originals did.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderValue, header},
};
use serde_json::{Map, Value};
use serene_core::base::{Retry, limits};

use crate::{
    App,
    error::{ApiError, Code},
    extract::{IDEMPOTENCY_KEY, read_body},
};

/// The fields of a body, of at most `MOST` bytes. No body is no fields.
#[derive(Debug)]
pub(crate) struct Fields<const MOST: usize = { limits::MAX_BODY_BYTES }> {
    /// By their names.
    pub(crate) all: Map<String, Value>,
    /// The client's key for this request, for routes that create.
    pub(crate) retry: Option<Retry>,
}

/// A field that is there and is no text.
#[derive(Debug)]
pub(crate) struct NotText;

impl<const MOST: usize> Fields<MOST> {
    /// A text; `None` when it is missing or null.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, NotText> {
        match self.all.get(name) {
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
        self.all.contains_key(name)
    }
}

impl<const MOST: usize> FromRequest<App> for Fields<MOST> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let key = request.headers().get(IDEMPOTENCY_KEY).cloned();
        let path = request.uri().path().to_owned();
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let declared = request.headers().get(header::CONTENT_LENGTH);
        let declared = declared.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        let bytes = read_body(request.into_body(), declared.unwrap_or(0), MOST).await?;
        let retry = |key: HeaderValue| app.serene.accounts.retry(key.as_bytes(), &path, &bytes);
        let retry = key.map(retry).transpose()?;
        if kind == "application/x-www-form-urlencoded" {
            return Ok(Self { all: form(&bytes), retry });
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self { all: Map::new(), retry });
        }
        if !kind.is_empty() && kind != "application/json" && !kind.ends_with("+json") {
            let text = "The body must be JSON: send `Content-Type: application/json`.";
            return Err(ApiError::new(Code::UnsupportedMediaType, text));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(all)) => Ok(Self { all, retry }),
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
