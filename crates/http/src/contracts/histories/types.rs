//! What goes over the wire.

use serde::Serialize;
use serene_core::{
    accounts::{Session, User},
    base::Private,
    conversations::{Conversation, Message, MessageStatus, Role},
};
use utoipa::ToSchema;

use crate::time::Naive;

/// An account.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = HistoriesUser)]
pub(super) struct UserBody {
    #[schema(example = 1)]
    id: i64,
    #[schema(example = "john_doe")]
    username: Option<String>,
    #[schema(example = "john@example.com")]
    email: Option<String>,
    created_at: Naive,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            id: user.number,
            username: user.username,
            email: user.email,
            created_at: user.created_at.into(),
        }
    }
}

/// A new account: its fields, and the same once more as `user`.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoriesRegistered)]
pub(super) struct RegisteredBody {
    #[serde(flatten)]
    fields: UserBody,
    message: &'static str,
    user: UserBody,
}

impl RegisteredBody {
    pub(super) fn new(user: UserBody) -> Self {
        Self { fields: user.clone(), message: "User registered successfully", user }
    }
}

/// Somebody signed in. The token has two names: clients read one or the other.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoriesLogin)]
pub(super) struct LoginBody {
    access_token: String,
    token: String,
    message: &'static str,
    username: Option<String>,
    email: Option<String>,
    user: UserBody,
}

impl LoginBody {
    pub(super) fn new(user: UserBody, token: String) -> Self {
        Self {
            access_token: token.clone(),
            token,
            message: "Login successful",
            username: user.username.clone(),
            email: user.email.clone(),
            user,
        }
    }
}

/// What this contract says where the model failed. It is not stored, and no model ever reads it.
pub(super) const MODEL_FAILED: &str =
    "I'm sorry, I couldn't come up with an answer right now. Please try again.";

/// The title of a chat that was given none.
pub(super) const DEFAULT_TITLE: &str = "New Chat";

/// A chat in the list.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoriesChat)]
pub(super) struct ChatBody {
    #[schema(example = 1)]
    id: i64,
    #[schema(example = 1)]
    user_id: i64,
    #[schema(example = "A walk by the river")]
    title: String,
    #[schema(example = 2)]
    message_count: i64,
    created_at: Naive,
    updated_at: Naive,
}

impl ChatBody {
    /// A chat of the user with this number.
    pub(super) fn new(conversation: Conversation, user_id: i64) -> Self {
        let title = conversation.title.map(Private::into_exposed);
        Self {
            id: conversation.number,
            user_id,
            title: title.unwrap_or_else(|| DEFAULT_TITLE.to_owned()),
            message_count: conversation.message_count,
            created_at: conversation.created_at.into(),
            updated_at: conversation.updated_at.into(),
        }
    }
}

/// A chat and what was said in it.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoriesWholeChat)]
pub(super) struct WholeChatBody {
    #[serde(flatten)]
    pub(super) chat: ChatBody,
    /// The oldest first.
    pub(super) messages: Vec<MessageBody>,
}

/// A message. Most of it has two names: clients read one or the other.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = HistoriesMessage)]
pub(super) struct MessageBody {
    #[schema(example = 2)]
    id: i64,
    #[schema(example = 1)]
    chat_id: i64,
    #[schema(example = 1)]
    user_id: i64,
    #[schema(example = "Good evening.")]
    pub(super) text: String,
    /// `user` or `bot`.
    #[schema(example = "user")]
    sender: &'static str,
    /// As `sender`.
    #[schema(example = "user")]
    who: &'static str,
    /// Where its first image is; null without one.
    image_url: Option<String>,
    /// As `image_url`.
    image: Option<String>,
    created_at: Naive,
    /// As `created_at`.
    time: Naive,
}

impl MessageBody {
    /// A message of this chat of this user.
    pub(super) fn new(message: Message, chat_id: i64, user_id: i64) -> Self {
        let failed = message.status == MessageStatus::Failed;
        let text = if failed { MODEL_FAILED.to_owned() } else { message.content.into_exposed() };
        let sender = match message.role {
            Role::User => "user",
            Role::Assistant => "bot",
        };
        let image = message.attachments.first();
        let image = image.map(|image| format!("/api/v1/attachments/{}", image.id));
        Self {
            id: message.number,
            chat_id,
            user_id,
            text,
            sender,
            who: sender,
            image_url: image.clone(),
            image,
            created_at: message.created_at.into(),
            time: message.created_at.into(),
        }
    }
}

/// A message and the answer to it, which has two names.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoriesExchange)]
pub(super) struct ExchangeBody {
    pub(super) user_message: MessageBody,
    pub(super) ai_response: MessageBody,
    pub(super) ai_message: MessageBody,
}

/// The answer to a text that is kept nowhere, under two names.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoriesAnswer)]
pub(super) struct AnswerBody {
    #[schema(example = "Good evening.")]
    pub(super) message: String,
    #[schema(example = "Good evening to you.")]
    pub(super) reply: String,
    #[schema(example = "Good evening to you.")]
    pub(super) response: String,
}

/// The answer to a question about an image that is kept nowhere, under two names.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoriesImageAnswer)]
pub(super) struct ImageAnswerBody {
    #[schema(example = "What is this?")]
    pub(super) question: String,
    #[schema(example = "A river.")]
    pub(super) reply: String,
    #[schema(example = "A river.")]
    pub(super) response: String,
}

/// It is done.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoriesDone)]
pub(super) struct DoneBody {
    #[schema(example = "Chat deleted successfully")]
    pub(super) message: &'static str,
}

/// Where the caller signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoriesLogins)]
pub(super) struct LoginsBody {
    #[schema(example = "john_doe")]
    pub(super) username: String,
    pub(super) history: Vec<SigninBody>,
}

/// One sign-in.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoriesSignin)]
pub(super) struct SigninBody {
    login_time: Naive,
    #[schema(example = "203.0.113.7")]
    ip_address: Option<String>,
    #[schema(example = "Firefox on Linux")]
    user_agent: Option<String>,
}

impl From<Session> for SigninBody {
    fn from(session: Session) -> Self {
        Self {
            login_time: session.created_at.into(),
            ip_address: session.address,
            user_agent: session.user_agent,
        }
    }
}
