//! What goes over the wire.

use serde::Serialize;
use serde_json::{Map, Value};
use serene_core::{
    accounts::{AddressStyle, Personality, Preferences, User},
    base::Private,
    conversations::{Conversation, Message, MessageStatus, Role},
};
use utoipa::ToSchema;

use crate::{contracts::details, error::ApiError, time::Stamp};

/// What this contract says where the model failed. It is not stored, and no model ever reads it.
pub(super) const MODEL_FAILED: &str =
    "I'm experiencing technical difficulties. Please try again later.";

/// How long an answer may be when nobody said.
const DEFAULT_MAX_TOKENS: u32 = 4000;
const MAX_TOKENS: std::ops::RangeInclusive<u64> = 256..=8192;

/// How somebody wants to be spoken to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ChatbotPreferences)]
pub(super) struct PreferencesBody {
    #[serde(rename = "maxTokens")]
    #[schema(example = 4000)]
    max_tokens_camel: u32,
    #[schema(example = 4000)]
    max_tokens: u32,
    /// `default`, `robot`, `cynic` or `expert`.
    #[schema(example = "default")]
    personality: &'static str,
    /// `casual`, `formal`, `friendly` or `professional`.
    #[serde(rename = "addressStyle")]
    #[schema(example = "friendly")]
    address_style_camel: &'static str,
    #[schema(example = "friendly")]
    address_style: &'static str,
}

impl From<&Preferences> for PreferencesBody {
    fn from(preferences: &Preferences) -> Self {
        let max_tokens = preferences.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS);
        let address_style = preferences.address_style.unwrap_or(AddressStyle::Friendly).as_str();
        Self {
            max_tokens_camel: max_tokens,
            max_tokens,
            personality: preferences.personality.unwrap_or(Personality::Default).as_str(),
            address_style_camel: address_style,
            address_style,
        }
    }
}

/// Takes from these fields what they say of preferences, in either spelling.
pub(super) fn take_preferences(
    fields: &Map<String, Value>,
    preferences: &mut Preferences,
) -> Result<(), ApiError> {
    let field = |names: [&'static str; 2]| {
        names
            .into_iter()
            .find_map(|name| Some((name, fields.get(name).filter(|it| !it.is_null())?)))
    };
    if let Some((name, value)) = field(["maxTokens", "max_tokens"]) {
        let number = value.as_u64().filter(|number| MAX_TOKENS.contains(number));
        let number = number.and_then(|number| u32::try_from(number).ok()).ok_or_else(|| {
            let message = "Input should be an integer from 256 to 8192";
            details::invalid("int_type", &["body", name], message)
        })?;
        preferences.max_tokens = Some(number);
    }
    if let Some((name, value)) = field(["personality", "personality"]) {
        let word = value.as_str().and_then(Personality::from_word).ok_or_else(|| {
            let message = "Input should be 'default', 'robot', 'cynic' or 'expert'";
            details::invalid("literal_error", &["body", name], message)
        })?;
        preferences.personality = Some(word);
    }
    if let Some((name, value)) = field(["addressStyle", "address_style"]) {
        let word = value.as_str().and_then(AddressStyle::from_word).ok_or_else(|| {
            let message = "Input should be 'casual', 'formal', 'friendly' or 'professional'";
            details::invalid("literal_error", &["body", name], message)
        })?;
        preferences.address_style = Some(word);
    }
    Ok(())
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatbotUser)]
pub(super) struct UserBody {
    #[schema(example = 1)]
    id: i64,
    #[schema(example = "mira")]
    username: Option<String>,
    #[schema(example = "mira@example.org")]
    email: Option<String>,
    /// Always `user`.
    #[schema(example = "user")]
    role: &'static str,
    preferences: PreferencesBody,
    created_at: Stamp,
}

impl UserBody {
    /// An account with its preferences.
    pub(super) fn new(user: User, preferences: &Preferences) -> Self {
        Self {
            id: user.number,
            username: user.username,
            email: user.email,
            role: "user",
            preferences: preferences.into(),
            created_at: user.created_at.into(),
        }
    }
}

/// An account, as the front end reads it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatbotProfile)]
pub(super) struct ProfileBody {
    #[serde(flatten)]
    user: UserBody,
    #[serde(rename = "createdAt")]
    created_at_camel: Stamp,
    /// Always null: pictures of people are not kept.
    #[serde(rename = "profilePhoto")]
    profile_photo_camel: Option<String>,
    /// Always null.
    profile_photo: Option<String>,
    #[serde(rename = "aiPreferences")]
    ai_preferences_camel: PreferencesBody,
    ai_preferences: PreferencesBody,
}

impl ProfileBody {
    /// An account with its preferences.
    pub(super) fn new(user: User, preferences: &Preferences) -> Self {
        let body = PreferencesBody::from(preferences);
        Self {
            created_at_camel: user.created_at.into(),
            profile_photo_camel: None,
            profile_photo: None,
            ai_preferences_camel: body.clone(),
            ai_preferences: body,
            user: UserBody::new(user, preferences),
        }
    }
}

/// A conversation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatbotConversation)]
pub(super) struct ConversationBody {
    #[schema(example = 1)]
    id: i64,
    #[serde(rename = "userId")]
    #[schema(example = 1)]
    user_id_camel: i64,
    #[schema(example = 1)]
    user_id: i64,
    #[schema(example = "A walk by the river")]
    title: String,
    #[serde(rename = "isPinned")]
    is_pinned_camel: bool,
    is_pinned: bool,
    #[serde(rename = "createdAt")]
    created_at_camel: Stamp,
    created_at: Stamp,
    #[serde(rename = "updatedAt")]
    updated_at_camel: Stamp,
    updated_at: Stamp,
}

/// The title of a conversation that was given none.
pub(super) const DEFAULT_TITLE: &str = "New Conversation";

impl ConversationBody {
    /// A conversation of the user with this number.
    pub(super) fn new(conversation: Conversation, user_id: i64) -> Self {
        let title = conversation.title.map(Private::into_exposed);
        let is_pinned = conversation.pinned_at.is_some();
        Self {
            id: conversation.number,
            user_id_camel: user_id,
            user_id,
            title: title.unwrap_or_else(|| DEFAULT_TITLE.to_owned()),
            is_pinned_camel: is_pinned,
            is_pinned,
            created_at_camel: conversation.created_at.into(),
            created_at: conversation.created_at.into(),
            updated_at_camel: conversation.updated_at.into(),
            updated_at: conversation.updated_at.into(),
        }
    }
}

/// A message.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ChatbotMessage)]
pub(super) struct MessageBody {
    #[schema(example = 2)]
    id: i64,
    #[serde(rename = "conversationId")]
    #[schema(example = 1)]
    conversation_id_camel: i64,
    #[schema(example = 1)]
    conversation_id: i64,
    /// `user` or `assistant`.
    #[schema(example = "user")]
    role: &'static str,
    #[schema(example = "Good evening.")]
    pub(super) content: String,
    /// Where its images are; null when there are none.
    attachments: Option<Vec<String>>,
    #[serde(rename = "createdAt")]
    created_at_camel: Stamp,
    created_at: Stamp,
}

impl MessageBody {
    /// A message of the conversation with this number.
    pub(super) fn new(message: Message, conversation_id: i64) -> Self {
        let failed = message.status == MessageStatus::Failed;
        let content = if failed { MODEL_FAILED.to_owned() } else { message.content.into_exposed() };
        let url = |id| format!("/api/v1/attachments/{id}");
        let attachments: Vec<String> = message.attachments.iter().map(|it| url(it.id)).collect();
        Self {
            id: message.number,
            conversation_id_camel: conversation_id,
            conversation_id,
            role: match message.role {
                Role::User => "user",
                Role::Assistant => "assistant",
            },
            content,
            attachments: Some(attachments).filter(|all| !all.is_empty()),
            created_at_camel: message.created_at.into(),
            created_at: message.created_at.into(),
        }
    }
}

/// A message, and the answer to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatbotSent)]
pub(super) struct SentBody {
    #[serde(flatten)]
    pub(super) user_message: MessageBody,
    pub(super) ai_message: MessageBody,
}

/// What an answer cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatbotUsage)]
#[expect(clippy::struct_field_names, reason = "the names on the wire")]
pub(super) struct UsageBody {
    pub(super) prompt_tokens: u32,
    pub(super) completion_tokens: u32,
    pub(super) total_tokens: u32,
}

/// The answer to a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatbotReply)]
pub(super) struct ReplyBody {
    #[schema(example = 1)]
    pub(super) conversation_id: i64,
    #[schema(example = "Good evening.")]
    pub(super) user_message: String,
    #[schema(example = "Good evening to you.")]
    pub(super) ai_response: String,
    pub(super) message: MessageBody,
    pub(super) usage: UsageBody,
}

/// The tokens of a day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatbotDay)]
pub(super) struct DayBody {
    #[schema(example = "2026-02-03")]
    pub(super) date: String,
    #[schema(example = 1200)]
    pub(super) tokens_used: i64,
}

/// The tokens of many days.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatbotDays)]
pub(super) struct DaysBody {
    #[schema(example = 1200)]
    pub(super) total_tokens: i64,
    pub(super) items: Vec<DayBody>,
}

/// The tokens of a day, as the front end reads it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatbotTokenUsage)]
pub(super) struct TokenUsageBody {
    /// Days since 1970.
    #[schema(example = 20487)]
    pub(super) id: i64,
    #[serde(rename = "userId")]
    #[schema(example = 1)]
    pub(super) user_id_camel: i64,
    #[schema(example = 1)]
    pub(super) user_id: i64,
    #[schema(example = "2026-02-03")]
    pub(super) date: String,
    #[serde(rename = "tokensUsed")]
    #[schema(example = 1200)]
    pub(super) tokens_used_camel: i64,
    #[schema(example = 1200)]
    pub(super) tokens_used: i64,
}

/// It is done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatbotDone)]
pub(super) struct DoneBody {
    #[schema(example = "Conversation deleted successfully")]
    pub(super) message: &'static str,
}
