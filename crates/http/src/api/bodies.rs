//! The shapes that several resources answer with, and how they come from the product's types.

use serde::Serialize;
use serene_core::{
    accounts::User,
    base::Page,
    conversations::{AttachmentInfo, CRISIS_SENTENCE, Conversation, Message, SafetyTier},
    generations::Generation,
    safety::{Help, SafetyResource},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::time::Stamp;

/// What may come with a request that creates.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what the extractors read")]
pub(crate) struct IdempotencyHeader {
    /// Your key for this request, such as a UUID. The same request under the same key is answered
    /// with what the first one created; another one is 422 `IDEMPOTENCY_KEY_REUSED`. Kept 24 hours.
    #[param(
        rename = "idempotency-key",
        nullable = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]{1,255}$"
    )]
    idempotency_key: Option<String>,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    id: Uuid,
    /// The chosen name; null for accounts that have only an e-mail address.
    #[schema(example = "mira")]
    username: Option<String>,
    /// Null for accounts that have only a user name. Not verified.
    #[schema(example = "mira@example.org")]
    email: Option<String>,
    /// The zone their days are in; null means UTC.
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// Where they live; decides which help `safety.resources` names.
    #[schema(example = "DE")]
    country: Option<String>,
    /// What they speak.
    #[schema(example = "de")]
    language: Option<String>,
    created_at: Stamp,
    updated_at: Stamp,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            username: user.username,
            email: user.email,
            time_zone: user.time_zone,
            country: user.country.map(|country| country.as_str().to_owned()),
            language: user.language.map(|language| language.as_str().to_owned()),
            created_at: user.created_at.into(),
            updated_at: user.updated_at.into(),
        }
    }
}

/// A conversation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conversation)]
pub(crate) struct ConversationBody {
    id: Uuid,
    /// Null until it is given one, or the first message makes it.
    #[schema(example = "A walk by the river")]
    title: Option<String>,
    /// Since when it is pinned; null when it is not.
    pinned_at: Option<Stamp>,
    /// Since when it is archived; null when it is not.
    archived_at: Option<Stamp>,
    /// Since when it takes no messages; null while it does.
    ended_at: Option<Stamp>,
    /// Since when it is in the trash; null when it is not.
    deleted_at: Option<Stamp>,
    /// The generation that is writing a reply; null when none is.
    active_generation_id: Option<Uuid>,
    message_count: i64,
    created_at: Stamp,
    /// When it was last written in or renamed: lists are sorted by it.
    updated_at: Stamp,
}

impl From<Conversation> for ConversationBody {
    fn from(conversation: Conversation) -> Self {
        Self {
            id: conversation.id,
            title: conversation.title.map(serene_core::base::Private::into_exposed),
            pinned_at: conversation.pinned_at.map(Stamp),
            archived_at: conversation.archived_at.map(Stamp),
            ended_at: conversation.ended_at.map(Stamp),
            deleted_at: conversation.deleted_at.map(Stamp),
            active_generation_id: conversation.active_generation_id,
            message_count: conversation.message_count,
            created_at: conversation.created_at.into(),
            updated_at: conversation.updated_at.into(),
        }
    }
}

/// A page of conversations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationPage)]
pub(crate) struct ConversationPageBody {
    items: Vec<ConversationBody>,
    /// Send it as `cursor` to get the next page; null on the last one.
    next_cursor: Option<String>,
}

impl From<Page<Conversation>> for ConversationPageBody {
    fn from(page: Page<Conversation>) -> Self {
        Self {
            items: page.items.into_iter().map(Into::into).collect(),
            next_cursor: page.next.map(|cursor| cursor.encode()),
        }
    }
}

/// An image that came with a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attachment)]
pub(crate) struct AttachmentBody {
    id: Uuid,
    #[schema(example = "image/png")]
    media_type: &'static str,
    size_bytes: i64,
    /// Where its bytes are, on this server.
    url: String,
}

impl From<AttachmentInfo> for AttachmentBody {
    fn from(attachment: AttachmentInfo) -> Self {
        Self {
            id: attachment.id,
            media_type: attachment.media_type.as_str(),
            size_bytes: attachment.size_bytes,
            url: format!("/api/v1/attachments/{}", attachment.id),
        }
    }
}

/// What the crisis screen found.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Safety)]
pub(crate) struct SafetyBody {
    /// `explicit` (answered with a fixed sentence, no model was asked), `method`, `passive` or
    /// `bare-word`.
    #[schema(example = "passive")]
    level: &'static str,
    /// The fixed sentence, where it is the answer; null where a model answered with care.
    #[schema(example = json!(null))]
    message: Option<&'static str>,
    /// Where to turn: from the operator's list, by the account's country and language.
    resources: Vec<SafetyResourceBody>,
}

/// A place to turn to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SafetyResource)]
pub(crate) struct SafetyResourceBody {
    #[schema(example = "A helpline")]
    name: String,
    /// As people there dial it.
    #[schema(example = "0000 0000000")]
    phone: Option<String>,
    #[schema(example = "https://example.org")]
    url: Option<String>,
}

impl From<&SafetyResource> for SafetyResourceBody {
    fn from(resource: &SafetyResource) -> Self {
        let SafetyResource { name, phone, url, .. } = resource.clone();
        Self { name, phone, url }
    }
}

impl SafetyBody {
    /// What was found, where the answer is the fixed sentence.
    pub(crate) fn fixed(tier: SafetyTier, help: &Help) -> Self {
        Self { message: Some(CRISIS_SENTENCE), ..Self::in_chat(tier, help) }
    }

    /// What was found in a chat: only explicit intent is answered with the fixed sentence.
    fn in_chat(tier: SafetyTier, help: &Help) -> Self {
        let message = (tier == SafetyTier::Explicit).then_some(CRISIS_SENTENCE);
        let resources = help.resources().into_iter().map(Into::into).collect();
        Self { level: tier.name(), message, resources }
    }
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct MessageBody {
    id: Uuid,
    conversation_id: Uuid,
    /// Messages are read in this order. Deleting leaves gaps.
    position: i64,
    /// Which attempt at this place it is, from 1.
    version: i64,
    /// How many attempts there are: read them at `/versions`.
    version_count: i64,
    /// Whether it is the attempt that is shown.
    shown: bool,
    /// `user` or `assistant`.
    #[schema(example = "assistant")]
    role: &'static str,
    /// `pending` while a reply is written, then `complete`, `stopped`, `interrupted` or `failed`.
    #[schema(example = "complete")]
    status: &'static str,
    #[schema(example = "I am listening.")]
    content: String,
    /// How the model failed; null unless `status` is `failed`.
    #[schema(example = json!(null))]
    pub(crate) error_code: Option<String>,
    /// What the crisis screen found in the message, or in the one it answers; null for nothing.
    safety: Option<SafetyBody>,
    /// The generation that wrote it; null for a user's message.
    generation_id: Option<Uuid>,
    /// The engine that wrote it; null for a user's message.
    #[schema(example = "basic")]
    engine: Option<String>,
    /// The engine's model.
    #[schema(example = "basic")]
    model: Option<String>,
    attachments: Vec<AttachmentBody>,
    created_at: Stamp,
    updated_at: Stamp,
}

impl MessageBody {
    /// A message as this person reads it.
    pub(crate) fn new(message: Message, help: &Help) -> Self {
        Self {
            id: message.id,
            conversation_id: message.conversation_id,
            position: message.position,
            version: message.version,
            version_count: message.version_count,
            shown: message.shown,
            role: message.role.as_str(),
            status: message.status.as_str(),
            content: message.content.into_exposed(),
            error_code: message.error_code,
            safety: message.safety_tier.map(|tier| SafetyBody::in_chat(tier, help)),
            generation_id: message.generation_id,
            engine: message.engine,
            model: message.model,
            attachments: message.attachments.into_iter().map(Into::into).collect(),
            created_at: message.created_at.into(),
            updated_at: message.updated_at.into(),
        }
    }
}

/// A page of messages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessagePage)]
pub(crate) struct MessagePageBody {
    items: Vec<MessageBody>,
    /// Send it as `cursor` to get the next page; null on the last one.
    next_cursor: Option<String>,
}

impl MessagePageBody {
    /// A page as this person reads it.
    pub(crate) fn new(page: Page<Message>, help: &Help) -> Self {
        let body = |message| MessageBody::new(message, help);
        Self {
            items: page.items.into_iter().map(body).collect(),
            next_cursor: page.next.map(|cursor| cursor.encode()),
        }
    }
}

/// What a reply cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Usage)]
pub(crate) struct UsageBody {
    prompt_tokens: u32,
    completion_tokens: u32,
    total_tokens: u32,
    /// Of the prompt's tokens, those the provider had cached.
    cached_tokens: u32,
    /// True when the engine counted nothing and these are guesses.
    estimated: bool,
}

/// One run of a model for one reply.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Generation)]
pub(crate) struct GenerationBody {
    id: Uuid,
    conversation_id: Uuid,
    /// The message it writes.
    message_id: Uuid,
    /// `pending`, `running`, then `complete`, `stopped`, `interrupted` or `failed`.
    #[schema(example = "complete")]
    status: &'static str,
    /// Why the model stopped: `stop`, `length`, `content_filter` or `other`.
    #[schema(example = "stop")]
    finish_reason: Option<String>,
    /// How the model failed; null unless `status` is `failed`.
    #[schema(example = json!(null))]
    error_code: Option<String>,
    #[schema(example = "basic")]
    engine: String,
    #[schema(example = "basic")]
    model: String,
    /// Null until the end.
    usage: Option<UsageBody>,
    created_at: Stamp,
    ended_at: Option<Stamp>,
}

impl From<Generation> for GenerationBody {
    fn from(generation: Generation) -> Self {
        let usage = generation.usage.map(|usage| UsageBody {
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            total_tokens: usage.prompt_tokens.saturating_add(usage.completion_tokens),
            cached_tokens: usage.cached_tokens,
            estimated: usage.estimated,
        });
        Self {
            id: generation.id,
            conversation_id: generation.conversation_id,
            message_id: generation.message_id,
            status: generation.status.as_str(),
            finish_reason: generation.finish_reason,
            error_code: generation.error_code,
            engine: generation.engine,
            model: generation.model,
            usage,
            created_at: generation.created_at.into(),
            ended_at: generation.ended_at.map(Stamp),
        }
    }
}
