//! Questions about images: as a form with a file, as JSON, with the image in base64.

use axum::{
    extract::{FromRequest, Multipart, Request, State},
    http::header,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serene_core::{
    base::{MessageText, Retry, limits},
    conversations::NewAttachment,
};

use super::{
    asker::{Asker, Number},
    chats,
    errors::{empty_message, not_text, said},
    messages::{self, MessageFields},
    types::{ExchangeBody, ImageAnswerBody, MODEL_FAILED},
};
use crate::{
    App,
    answer::Answer,
    contracts::{body::NotText, with_model_error},
    error::{ApiError, Code},
};

/// A question, and the image it is about.
pub(super) struct ImageQuestion {
    question: String,
    images: Vec<NewAttachment>,
    /// The client's key; none with a form, which is read as it comes.
    retry: Option<Retry>,
}

impl FromRequest<App> for ImageQuestion {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let form = kind.to_ascii_lowercase().starts_with("multipart/form-data");
        let (question, image, retry) = if form {
            let (question, image) = of_form(request, app).await?;
            (question, image, None)
        } else {
            let fields = MessageFields::from_request(request, app).await?;
            let text = |name: &'static str| fields.text(name).map_err(|NotText| not_text(name));
            let question = fields.text_of(&["question", "text", "message"]);
            let question = question.map_err(|NotText| not_text("question"))?;
            let image = text("image")?.map(str::to_owned);
            (question.unwrap_or_default().to_owned(), image, fields.retry)
        };
        if question.trim().is_empty() {
            return Err(empty_message());
        }
        let image = image.filter(|image| !image.is_empty());
        let missing = || ApiError::new(Code::MissingFields, "No image provided");
        let images = of(Some(image.ok_or_else(missing)?.as_str()))?;
        Ok(Self { question, images, retry })
    }
}

/// Reads question and image from a form; the image as base64.
async fn of_form(request: Request, app: &App) -> Result<(String, Option<String>), ApiError> {
    let broken = |_| ApiError::new(Code::InvalidRequest, "The form cannot be read.");
    let mut form = Multipart::from_request(request, app)
        .await
        .map_err(|rejection| ApiError::new(Code::InvalidRequest, rejection.body_text()))?;
    let (mut question, mut image, mut received) = (String::new(), None, 0);
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        let is_file = field.file_name().is_some();
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            received += chunk.len();
            if received > limits::MAX_SEND_BODY_BYTES {
                let most = limits::MAX_SEND_BODY_BYTES;
                let text = format!("The body is too large: this route takes {most} bytes.");
                return Err(ApiError::new(Code::PayloadTooLarge, text));
            }
            bytes.extend_from_slice(&chunk);
        }
        match (name.as_str(), is_file) {
            ("image", true) => image = Some(STANDARD.encode(bytes)),
            ("image", false) => image = String::from_utf8(bytes).ok(),
            ("question", _) => {
                question = String::from_utf8(bytes).map_err(|_| not_text("question"))?;
            }
            _ => {}
        }
    }
    Ok((question, image))
}

/// An image in base64, with or without the beginning of a `data:` URL.
pub(super) fn of(image: Option<&str>) -> Result<Vec<NewAttachment>, ApiError> {
    let Some(image) = image else { return Ok(Vec::new()) };
    if image.starts_with("data:") {
        return NewAttachment::from_data_urls(&[image.to_owned()]).map_err(said);
    }
    // How the first bytes of each kind look in base64.
    let kinds = [("iVBORw0KGgo", "png"), ("/9j/", "jpeg"), ("R0lGOD", "gif"), ("UklGR", "webp")];
    let kind = kinds.iter().find(|(start, _)| image.starts_with(start));
    let Some((_, kind)) = kind else {
        let text = "The image must be PNG, JPEG, GIF or WebP, in base64.";
        return Err(ApiError::new(Code::InvalidRequest, text));
    };
    let url = format!("data:image/{kind};base64,{image}");
    NewAttachment::from_data_urls(&[url]).map_err(said)
}

/// Ask about an image that is kept nowhere
///
/// A form or JSON with `question` and `image`.
#[utoipa::path(post, path = "/api/chat/image", tag = "contract histories",
    operation_id = "histories_ask_image", request_body = Object,
    responses((status = 200, body = ImageAnswerBody)))]
pub(super) async fn ask(
    State(app): State<App>,
    Asker(caller): Asker,
    ImageQuestion { question, images, .. }: ImageQuestion,
) -> Result<Response, ApiError> {
    let text = MessageText::parse("question", &question).map_err(said)?;
    let answer = app.serene.generations.answer_once(caller.owner, &text, images).await;
    let answer = answer.map_err(said)?;
    let reply = match answer.error_code {
        None => answer.text.into_exposed(),
        Some(_) => MODEL_FAILED.to_owned(),
    };
    let body = ImageAnswerBody { question, reply: reply.clone(), response: reply };
    Ok(with_model_error(Answer(body).into_response(), answer.error_code))
}

/// Send an image and a question
///
/// Both are kept in the chat, and so is the answer.
#[utoipa::path(post, path = "/api/messages/{id}/send-image-query", tag = "contract histories",
    operation_id = "histories_send_image", params(("id" = i64, Path)), request_body = Object,
    responses((status = 200, body = ExchangeBody),
              (status = 409, description = "The chat has ended or is busy")))]
pub(super) async fn send(
    State(app): State<App>,
    Asker(caller): Asker,
    Number(number): Number,
    request: Request,
) -> Result<Response, ApiError> {
    let chat = chats::find(&app, &caller, number).await?;
    let asked = ImageQuestion::from_request(request, &app).await?;
    let said = (asked.question.as_str(), asked.images);
    messages::exchange(&app, &caller, &chat, said, asked.retry).await
}
