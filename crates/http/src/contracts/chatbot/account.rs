//! The greeting, the account, preferences, and what was used.

use axum::extract::State;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serene_core::{
    accounts::{Caller, Preferences, UserChanges},
    base::{Email, Username},
};
use utoipa::{IntoParams, ToSchema};

use super::types::{
    DayBody, DaysBody, PreferencesBody, ProfileBody, TokenUsageBody, UserBody, take_preferences,
};
use crate::{
    App,
    answer::Answer,
    contracts::{
        body::{Fields, NotText},
        details,
        fastapi::{Asker, said},
    },
    error::ApiError,
    extract::Query,
};

/// The first and last day there can be records of.
const EVER: (&str, &str) = ("0000-01-01", "9999-12-31");

/// It runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatbotGreeting)]
pub(super) struct GreetingBody {
    #[schema(example = "AI Chatbot Backend running 🚀")]
    message: &'static str,
}

/// Say that it runs
#[utoipa::path(get, path = "/", tag = "contract chatbot", operation_id = "chatbot_greeting",
    security(()), responses((status = 200, body = GreetingBody)))]
pub(super) async fn greeting() -> Answer<GreetingBody> {
    Answer(GreetingBody { message: "AI Chatbot Backend running 🚀" })
}

/// Who am I
#[utoipa::path(get, path = "/users/me", tag = "contract chatbot", operation_id = "chatbot_me",
    responses((status = 200, body = UserBody)))]
pub(super) async fn me(
    State(app): State<App>,
    Asker(caller): Asker,
) -> Result<Answer<UserBody>, ApiError> {
    let preferences = app.serene.accounts.preferences(caller.owner).await.map_err(said)?;
    Ok(Answer(UserBody::new(caller.user, &preferences)))
}

/// Read my account
#[utoipa::path(get, path = "/api/user", tag = "contract chatbot", operation_id = "chatbot_user",
    responses((status = 200, body = ProfileBody)))]
pub(super) async fn read_user(
    State(app): State<App>,
    Asker(caller): Asker,
) -> Result<Answer<ProfileBody>, ApiError> {
    let preferences = app.serene.accounts.preferences(caller.owner).await.map_err(said)?;
    Ok(Answer(ProfileBody::new(caller.user, &preferences)))
}

/// Change my account
///
/// `username`, `email`, `aiPreferences`; what is left out stays as it is.
#[utoipa::path(patch, path = "/api/user", tag = "contract chatbot",
    operation_id = "chatbot_change_user", request_body = Object,
    responses((status = 200, body = ProfileBody), (status = 409, description = "The name is taken"),
              (status = 422, description = "A field breaks its rule")))]
pub(super) async fn change_user(
    State(app): State<App>,
    Asker(caller): Asker,
    fields: Result<Fields, ApiError>,
) -> Result<Answer<ProfileBody>, ApiError> {
    let fields = fields.map_err(details::of_body)?;
    let text = |name: &'static str| fields.text(name).map_err(|NotText| details::not_text(name));
    let changes = UserChanges {
        username: text("username")?.map(Username::parse).transpose().map_err(said)?,
        email: text("email")?.map(Email::parse).transpose().map_err(said)?,
        ..UserChanges::default()
    };
    let nested = fields.all.get("aiPreferences").or(fields.all.get("ai_preferences"));
    let nested = nested.and_then(Value::as_object);
    // Nothing is changed where a part of it cannot be.
    let preferences = changed_preferences(&app, &caller, nested).await?;
    let mut user = caller.user;
    if changes != UserChanges::default() {
        user = app.serene.accounts.change_user(caller.owner, changes).await.map_err(said)?;
    }
    if nested.is_some() {
        let set = app.serene.accounts.set_preferences(caller.owner, preferences.clone());
        set.await.map_err(said)?;
    }
    Ok(Answer(ProfileBody::new(user, &preferences)))
}

/// What is preferred, once these fields count.
async fn changed_preferences(
    app: &App,
    caller: &Caller,
    fields: Option<&Map<String, Value>>,
) -> Result<Preferences, ApiError> {
    let mut preferences = app.serene.accounts.preferences(caller.owner).await.map_err(said)?;
    if let Some(fields) = fields {
        take_preferences(fields, &mut preferences)?;
    }
    Ok(preferences)
}

/// Read my preferences
#[utoipa::path(get, path = "/users/preferences", tag = "contract chatbot",
    operation_id = "chatbot_preferences", responses((status = 200, body = PreferencesBody)))]
pub(super) async fn read_preferences(
    State(app): State<App>,
    Asker(caller): Asker,
) -> Result<Answer<PreferencesBody>, ApiError> {
    Ok(Answer((&changed_preferences(&app, &caller, None).await?).into()))
}

async fn set_preferences(
    app: &App,
    caller: &Caller,
    fields: Result<Fields, ApiError>,
) -> Result<Answer<PreferencesBody>, ApiError> {
    let fields = fields.map_err(details::of_body)?;
    let preferences = changed_preferences(app, caller, Some(&fields.all)).await?;
    let body = PreferencesBody::from(&preferences);
    app.serene.accounts.set_preferences(caller.owner, preferences).await.map_err(said)?;
    Ok(Answer(body))
}

macro_rules! preference_setters {
    ($($method:ident $name:ident $operation:literal),+) => {$(
        /// Set my preferences
        ///
        /// Any of `maxTokens`, `personality` and `addressStyle`; what is left out stays.
        #[utoipa::path($method, path = "/users/preferences", tag = "contract chatbot",
            operation_id = $operation, request_body = Object,
            responses((status = 200, body = PreferencesBody),
                      (status = 422, description = "A field breaks its rule")))]
        pub(super) async fn $name(
            State(app): State<App>,
            Asker(caller): Asker,
            fields: Result<Fields, ApiError>,
        ) -> Result<Answer<PreferencesBody>, ApiError> {
            set_preferences(&app, &caller, fields).await
        }
    )+};
}

preference_setters! {
    put put_preferences "chatbot_put_preferences",
    patch patch_preferences "chatbot_patch_preferences",
    post post_preferences "chatbot_post_preferences"
}

/// From when to when.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Between {
    /// The first day, `2026-02-03`.
    #[serde(rename = "startDate")]
    #[param(rename = "startDate")]
    start: Option<String>,
    /// The last day.
    #[serde(rename = "endDate")]
    #[param(rename = "endDate")]
    end: Option<String>,
}

/// A day; the time that some clients add to it is dropped.
fn day(name: &str, text: Option<&str>, otherwise: &str) -> Result<String, ApiError> {
    let Some(text) = text else { return Ok(otherwise.to_owned()) };
    let date = text.split('T').next().unwrap_or_default().parse::<Date>();
    date.map(|date| date.to_string()).map_err(|_| {
        details::invalid("date_parsing", &["query", name], "Input should be a valid date")
    })
}

/// What my answers cost, by day
#[utoipa::path(get, path = "/users/usage", tag = "contract chatbot", operation_id = "chatbot_usage",
    params(Between), responses((status = 200, body = DaysBody),
                               (status = 422, description = "No date")))]
pub(super) async fn usage(
    State(app): State<App>,
    Asker(caller): Asker,
    Query(between): Query<Between>,
) -> Result<Answer<DaysBody>, ApiError> {
    let first = day("startDate", between.start.as_deref(), EVER.0)?;
    let last = day("endDate", between.end.as_deref(), EVER.1)?;
    let days = app.serene.ledger.by_day(caller.owner, &first, &last).await.map_err(said)?;
    let items = days.into_iter().map(|(date, tokens_used)| DayBody { date, tokens_used });
    let items: Vec<DayBody> = items.collect();
    let total_tokens = items.iter().map(|day| day.tokens_used).sum();
    Ok(Answer(DaysBody { total_tokens, items }))
}

/// What my answers cost, by day, as the front end reads it
#[utoipa::path(get, path = "/api/token-usage", tag = "contract chatbot",
    operation_id = "chatbot_token_usage", responses((status = 200, body = Vec<TokenUsageBody>)))]
pub(super) async fn token_usage(
    State(app): State<App>,
    Asker(caller): Asker,
) -> Result<Answer<Vec<TokenUsageBody>>, ApiError> {
    let days = app.serene.ledger.by_day(caller.owner, EVER.0, EVER.1).await.map_err(said)?;
    let number = caller.user.number;
    let body = |(date, tokens_used): (String, i64)| TokenUsageBody {
        id: date.parse::<Date>().map_or(0, days_since_1970),
        user_id_camel: number,
        user_id: number,
        date,
        tokens_used_camel: tokens_used,
        tokens_used,
    };
    Ok(Answer(days.into_iter().map(body).collect()))
}

fn days_since_1970(date: Date) -> i64 {
    let first = jiff::civil::date(1970, 1, 1);
    date.since(first).map_or(0, |span| i64::from(span.get_days()))
}
