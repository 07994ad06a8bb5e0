//! What goes over the wire.

use serde::Serialize;
use serene_core::{
    accounts::User,
    base::Private,
    conversations::{Conversation, Message, MessageStatus, Role},
};
use utoipa::ToSchema;

use crate::time::Stamp;

/// The title of a conversation that was given none.
pub(super) const DEFAULT_TITLE: &str = "New Conversation";

/// What this contract says where the model failed. It is not stored, and no model ever reads it.
pub(super) const MODEL_FAILED: &str =
    "I'm sorry, but I'm having trouble generating a response right now.";

/// Who registers: a user name, an e-mail address, or both.
#[derive(ToSchema)]
#[schema(as = ConversationsSignup)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(super) struct SignupBody {
    #[schema(example = "mira")]
    username: Option<String>,
    #[schema(example = "mira@example.org")]
    email: Option<String>,
    #[schema(example = "a good long password", format = Password)]
    password: String,
}

/// Who signs in.
#[derive(ToSchema)]
#[schema(as = ConversationsLogin)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(super) struct SigninBody {
    /// The e-mail address is taken here as well.
    #[schema(example = "mira")]
    username: String,
    #[schema(example = "a good long password", format = Password)]
    password: String,
}

/// A title.
#[derive(ToSchema)]
#[schema(as = ConversationsTitle)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(super) struct TitleBody {
    #[schema(example = "A walk by the river")]
    title: String,
}

/// What to say. `message` and `text` are read where `content` is missing.
#[derive(ToSchema)]
#[schema(as = ConversationsNewMessage)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(super) struct NewMessageBody {
    #[schema(example = "Good evening.")]
    content: String,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationsUser)]
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
    created_at: Stamp,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            id: user.number,
            username: user.username,
            email: user.email,
            role: "user",
            created_at: user.created_at.into(),
        }
    }
}

/// A new account, signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationsSignedUp)]
pub(super) struct SignedUpBody {
    #[serde(flatten)]
    pub(super) user: UserBody,
    /// For the `Authorization: Bearer` header.
    pub(super) access_token: String,
    /// Always `bearer`.
    #[schema(example = "bearer")]
    pub(super) token_type: &'static str,
}

/// Somebody signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationsSignedIn)]
pub(super) struct SignedInBody {
    /// For the `Authorization: Bearer` header.
    pub(super) access_token: String,
    /// Always `bearer`.
    #[schema(example = "bearer")]
    pub(super) token_type: &'static str,
    pub(super) user: UserBody,
}

/// It is done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationsDone)]
pub(super) struct DoneBody {
    #[schema(example = "Conversation deleted successfully")]
    pub(super) message: &'static str,
}

/// A conversation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationsConversation)]
pub(super) struct ConversationBody {
    #[schema(example = 1)]
    id: i64,
    /// The same once more.
    #[schema(example = 1)]
    conversation_id: i64,
    #[schema(example = 1)]
    user_id: i64,
    #[schema(example = "A walk by the river")]
    title: String,
    created_at: Stamp,
    updated_at: Stamp,
}

impl ConversationBody {
    /// A conversation of the user with this number.
    pub(super) fn new(conversation: Conversation, user_id: i64) -> Self {
        let title = conversation.title.map(Private::into_exposed);
        Self {
            id: conversation.number,
            conversation_id: conversation.number,
            user_id,
            title: title.unwrap_or_else(|| DEFAULT_TITLE.to_owned()),
            created_at: conversation.created_at.into(),
            updated_at: conversation.updated_at.into(),
        }
    }
}

/// A conversation and what was said in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationsWhole)]
pub(super) struct WholeBody {
    #[serde(flatten)]
    pub(super) conversation: ConversationBody,
    /// The oldest first.
    pub(super) messages: Vec<MessageBody>,
}

/// A message.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ConversationsMessage)]
pub(super) struct MessageBody {
    #[schema(example = 2)]
    id: i64,
    #[schema(example = 1)]
    conversation_id: i64,
    #[schema(example = "Good evening.")]
    content: String,
    is_user: bool,
    created_at: Stamp,
}

impl MessageBody {
    /// A message of the conversation with this number.
    pub(super) fn new(message: Message, conversation_id: i64) -> Self {
        let failed = message.status == MessageStatus::Failed;
        let content = if failed { MODEL_FAILED.to_owned() } else { message.content.into_exposed() };
        Self {
            id: message.number,
            conversation_id,
            content,
            is_user: message.role == Role::User,
            created_at: message.created_at.into(),
        }
    }
}

/// The answer to a message, and both messages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationsExchange)]
pub(super) struct ExchangeBody {
    #[serde(flatten)]
    pub(super) answer: MessageBody,
    pub(super) user_message: MessageBody,
    pub(super) ai_message: MessageBody,
}
