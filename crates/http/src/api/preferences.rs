//! How somebody wants to be spoken to, everywhere and in one conversation; the models there are to
//! choose from; and what a model would be shown.

use axum::extract::State;
use serde::{Deserialize, Deserializer, Serialize};
use serene_core::{
    accounts::{
        AddressStyle, Personality, PreferenceChanges, Preferences, Temperature, Wish,
        address_style, personality, reply_tokens,
    },
    base::Error,
    generations::{self, LeftOut, Part},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    App,
    answer::Answer,
    error::{ApiError, Code},
    extract::{self, Caller, Id, Json},
};

/// How somebody wants to be spoken to. What is null was never said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Preferences)]
pub(crate) struct PreferencesBody {
    /// The model that answers; null leaves it to the operator. One that is offered no more counts as
    /// null.
    #[schema(example = "gpt-4o-mini")]
    model: Option<String>,
    /// How freely it chooses its words, 0 to 2.
    #[schema(example = 0.7)]
    temperature: Option<f64>,
    /// How long an answer may be, in tokens.
    #[schema(example = 500)]
    max_tokens: Option<u32>,
    /// What else they wish, in their own words.
    #[schema(example = "Be brief, and do not ask me how I feel.")]
    instruction: Option<String>,
    /// `default`, `robot`, `cynic` or `expert`.
    #[schema(example = "default")]
    personality: Option<&'static str>,
    /// `casual`, `formal`, `friendly` or `professional`.
    #[schema(example = "friendly")]
    address_style: Option<&'static str>,
}

impl From<Preferences> for PreferencesBody {
    fn from(preferences: Preferences) -> Self {
        Self {
            model: preferences.model,
            temperature: preferences.temperature.map(Temperature::value),
            max_tokens: preferences.max_tokens,
            instruction: preferences.instruction.map(|wish| wish.expose().to_owned()),
            personality: preferences.personality.map(Personality::as_str),
            address_style: preferences.address_style.map(AddressStyle::as_str),
        }
    }
}

/// What to change. Fields that are left out stay as they are; null takes one back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PreferenceChanges)]
pub(crate) struct Changes {
    /// One of `/api/v1/models`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = json!(null), max_length = 255)]
    model: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<f64>, example = 0.7, minimum = 0, maximum = 2)]
    temperature: Option<Option<f64>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, example = 500, minimum = 1, maximum = 32000)]
    max_tokens: Option<Option<u32>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "Be brief, and do not ask me how I feel.",
             min_length = 1, max_length = 2000)]
    instruction: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "expert", max_length = 16,
             pattern = "^(default|robot|cynic|expert)$")]
    personality: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "formal", max_length = 16,
             pattern = "^(casual|formal|friendly|professional)$")]
    address_style: Option<Option<String>>,
}

/// Tells null from a field that is not there.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A field that may be taken back, read by its own rule.
fn each<T, U>(
    field: Option<Option<T>>,
    parse: impl FnOnce(T) -> Result<U, Error>,
) -> Result<Option<Option<U>>, Error> {
    field.map(|value| value.map(parse).transpose()).transpose()
}

fn changes(app: &App, body: Changes) -> Result<PreferenceChanges, ApiError> {
    let changes = PreferenceChanges {
        model: each(body.model, |model| app.serene.generations.offered(model))?,
        temperature: each(body.temperature, Temperature::new)?,
        max_tokens: each(body.max_tokens, reply_tokens)?,
        instruction: each(body.instruction, |text| Wish::parse(&text))?,
        personality: each(body.personality, |word| personality(&word))?,
        address_style: each(body.address_style, |word| address_style(&word))?,
    };
    if changes == PreferenceChanges::default() {
        let text = "Send `model`, `temperature`, `max_tokens`, `instruction`, `personality` or \
                    `address_style`.";
        return Err(ApiError::new(Code::InvalidRequest, text));
    }
    Ok(changes)
}

/// Read my preferences
///
/// How I want to be spoken to, everywhere. Language, time zone and country are at `/api/v1/me`.
#[utoipa::path(get, path = "/api/v1/me/preferences", tag = "me", operation_id = "read_preferences",
    responses((status = 200, body = PreferencesBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    Caller(caller): Caller,
) -> Result<Answer<PreferencesBody>, ApiError> {
    Ok(Answer(app.serene.accounts.preferences(caller.owner).await?.into()))
}

/// Change my preferences
///
/// They count from the next reply on.
#[utoipa::path(patch, path = "/api/v1/me/preferences", tag = "me",
    operation_id = "change_preferences", request_body = Changes,
    responses((status = 200, body = PreferencesBody)))]
pub(crate) async fn change(
    State(app): State<App>,
    Caller(caller): Caller,
    Json(body): Json<Changes>,
) -> Result<Answer<PreferencesBody>, ApiError> {
    let changes = changes(&app, body)?;
    Ok(Answer(app.serene.accounts.change_preferences(caller.owner, changes).await?.into()))
}

/// Read what counts in a conversation
///
/// What is null counts as everywhere.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/preferences", tag = "conversations",
    operation_id = "read_conversation_preferences", params(("id" = Uuid, Path)),
    responses((status = 200, body = PreferencesBody)))]
pub(crate) async fn read_here(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Conversation>,
) -> Result<Answer<PreferencesBody>, ApiError> {
    Ok(Answer(app.serene.conversations.preferences(caller.owner, id.0).await?.into()))
}

/// Change what counts in a conversation
///
/// In place of what I prefer everywhere. A fork takes it over.
#[utoipa::path(patch, path = "/api/v1/conversations/{id}/preferences", tag = "conversations",
    operation_id = "change_conversation_preferences", params(("id" = Uuid, Path)),
    request_body = Changes, responses((status = 200, body = PreferencesBody)))]
pub(crate) async fn change_here(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Conversation>,
    Json(body): Json<Changes>,
) -> Result<Answer<PreferencesBody>, ApiError> {
    let changes = changes(&app, body)?;
    let conversations = &app.serene.conversations;
    Ok(Answer(conversations.change_preferences(caller.owner, id.0, changes).await?.into()))
}

/// The models there are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Models)]
pub(crate) struct ModelsBody {
    /// The usual one first.
    items: Vec<ModelBody>,
}

/// A model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Model)]
pub(crate) struct ModelBody {
    /// What `model` of the preferences takes.
    #[schema(example = "gpt-4o-mini")]
    name: String,
    /// The kind of engine that answers.
    #[schema(example = "openai")]
    engine: &'static str,
    /// What it is let read and write together, in tokens.
    #[schema(example = 32768)]
    context_tokens: u32,
    /// Whether it answers where nobody chose.
    default: bool,
}

/// List the models
///
/// Those that the operator lets people choose from.
#[utoipa::path(get, path = "/api/v1/models", tag = "generations", operation_id = "list_models",
    responses((status = 200, body = ModelsBody)))]
pub(crate) async fn models(State(app): State<App>, Caller(_): Caller) -> Answer<ModelsBody> {
    let models = app.serene.generations.models();
    let items = models.into_iter().enumerate().map(|(place, model)| ModelBody {
        name: model.name,
        engine: model.engine,
        context_tokens: model.context_tokens,
        default: place == 0,
    });
    Answer(ModelsBody { items: items.collect() })
}

/// What a model would be shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Context)]
pub(crate) struct ContextBody {
    #[schema(example = "openai")]
    engine: &'static str,
    #[schema(example = "gpt-4o-mini")]
    model: String,
    /// `tokenizer`: counted with the model's own vocabulary; `estimate`: four bytes a token.
    #[schema(example = "tokenizer")]
    counted_by: &'static str,
    /// What the model is let read and write together, in tokens.
    #[schema(example = 32768)]
    context_tokens: u32,
    /// What of it is kept for the answer.
    #[schema(example = 1024)]
    reply_tokens: u32,
    /// The most that is sent.
    #[schema(example = 31744)]
    ceiling_tokens: u32,
    /// What would be sent now.
    #[schema(example = 431)]
    total_tokens: u32,
    /// The instruction first, then messages, the oldest first.
    parts: Vec<PartBody>,
    /// Messages that are not shown, the oldest first.
    left_out: Vec<LeftOutBody>,
    /// How many messages before these are not shown either.
    #[schema(example = 0)]
    older_count: i64,
}

/// A part of what a model would be shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContextPart)]
pub(crate) struct PartBody {
    /// Null for the instruction.
    message_id: Option<Uuid>,
    /// Null for the instruction.
    position: Option<i64>,
    /// `system`, `user` or `assistant`.
    #[schema(example = "user")]
    role: &'static str,
    #[schema(example = "What did I say about the river?")]
    content: String,
    /// Images that go with it.
    #[schema(example = 0)]
    image_count: u32,
    #[schema(example = 12)]
    tokens: u32,
}

/// A message that a model would not be shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContextLeftOut)]
pub(crate) struct LeftOutBody {
    message_id: Uuid,
    #[schema(example = 4)]
    position: i64,
    /// `no_room`, `not_whole` (a reply that failed or is being written), `empty`, or `safety` (what
    /// spoke of explicit intent).
    #[schema(example = "no_room")]
    reason: &'static str,
}

impl From<Part> for PartBody {
    fn from(part: Part) -> Self {
        let (message_id, position) = part.message.unzip();
        Self {
            message_id,
            position,
            role: part.role.as_str(),
            content: part.text.into_exposed(),
            image_count: part.image_count,
            tokens: part.tokens,
        }
    }
}

impl From<LeftOut> for LeftOutBody {
    fn from(left_out: LeftOut) -> Self {
        let LeftOut { message_id, position, reason } = left_out;
        Self { message_id, position, reason: reason.as_str() }
    }
}

impl From<generations::Context> for ContextBody {
    fn from(context: generations::Context) -> Self {
        Self {
            engine: context.engine,
            counted_by: context.counting.as_str(),
            context_tokens: context.context_tokens,
            reply_tokens: context.reply_tokens,
            ceiling_tokens: context.ceiling_tokens(),
            total_tokens: context.total_tokens(),
            older_count: context.older_count,
            model: context.model,
            parts: context.parts.into_iter().map(PartBody::from).collect(),
            left_out: context.left_out.into_iter().map(LeftOutBody::from).collect(),
        }
    }
}

/// Read what a model would be shown
///
/// The instruction, and of the conversation what fits, with what each part costs; what is left out,
/// and why. What is yet to be sent comes on top of it.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/context", tag = "conversations",
    operation_id = "read_context", params(("id" = Uuid, Path)),
    responses((status = 200, body = ContextBody)))]
pub(crate) async fn context(
    State(app): State<App>,
    Caller(caller): Caller,
    id: Id<extract::Conversation>,
) -> Result<Answer<ContextBody>, ApiError> {
    Ok(Answer(app.serene.generations.context(caller.owner, id.0).await?.into()))
}
