//! What conversations and messages are.

pub use serene_care::screen::{CRISIS_SENTENCE, Tier as SafetyTier};
use uuid::Uuid;

use super::AttachmentInfo;
use crate::base::{Cursor, PageSize, Private, Retry, Time, Title};

/// A stored word and the variant it stands for, both ways.
macro_rules! stored_words {
    ($type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// The word that is stored and printed.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The variant of a stored word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

/// What rules a conversation follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A chat.
    #[default]
    Chat,
    /// A journaling session.
    Session,
}
stored_words!(Kind { Chat = "chat", Session = "session" });

/// Where a conversation lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shelf {
    /// In the list.
    #[default]
    Active,
    /// Put away by its owner.
    Archived,
    /// Deleted, for up to 30 days.
    Trash,
}
stored_words!(Shelf { Active = "active", Archived = "archived", Trash = "trash" });

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: Uuid,
    /// The integer that some published contracts print.
    pub number: i64,
    /// What rules it follows.
    pub kind: Kind,
    /// Its title; none until it is given one or the first message makes it.
    pub title: Option<Private>,
    /// What was said in it, in a sentence or two; none until it is asked for.
    pub summary: Option<Private>,
    /// Since when it is pinned.
    pub pinned_at: Option<Time>,
    /// Since when it is archived.
    pub archived_at: Option<Time>,
    /// Since when it takes no messages.
    pub ended_at: Option<Time>,
    /// Since when it is in the trash.
    pub deleted_at: Option<Time>,
    /// The generation that is writing a reply.
    pub active_generation_id: Option<Uuid>,
    /// How many messages it has.
    pub message_count: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last written in or renamed.
    pub updated_at: Time,
}

/// What a conversation begins with.
#[derive(Clone, Debug, Default)]
pub struct NewConversation {
    /// The client's own id.
    pub id: Option<Uuid>,
    /// What rules it follows.
    pub kind: Kind,
    /// Its title.
    pub title: Option<Title>,
    /// The client's key for this request.
    pub retry: Option<Retry>,
}

/// What to change; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct ConversationChanges {
    /// A new title.
    pub title: Option<Title>,
    /// Pinned or not.
    pub pinned: Option<bool>,
    /// Archived or not.
    pub archived: Option<bool>,
}

/// Which page of which list.
#[derive(Clone, Copy, Debug)]
pub struct ListConversations {
    /// Which kind.
    pub kind: Kind,
    /// Which shelf.
    pub shelf: Shelf,
    /// Where the page starts.
    pub cursor: Option<Cursor>,
    /// How long it is.
    pub size: PageSize,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The person.
    User,
    /// The model, or whoever answers in its place.
    Assistant,
}
stored_words!(Role { User = "user", Assistant = "assistant" });

/// How far a message has come. A user's message is complete from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageStatus {
    /// Committed; no word of the reply is on disk yet.
    Pending,
    /// Being written.
    Running,
    /// Whole.
    Complete,
    /// Stopped by its owner; the text so far is kept.
    Stopped,
    /// Cut off because the server ended; the text so far is kept.
    Interrupted,
    /// The model failed; `error_code` says how. The text so far is kept.
    Failed,
}
stored_words!(MessageStatus {
    Pending = "pending",
    Running = "running",
    Complete = "complete",
    Stopped = "stopped",
    Interrupted = "interrupted",
    Failed = "failed",
});

impl MessageStatus {
    /// Whether nothing more will be written.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: Uuid,
    /// The integer that some published contracts print.
    pub number: i64,
    /// Where it belongs.
    pub conversation_id: Uuid,
    /// Its place: messages are read in this order. Deleting leaves gaps.
    pub position: i64,
    /// Which attempt at this place it is, from 1.
    pub version: i64,
    /// How many attempts there are.
    pub version_count: i64,
    /// Whether it is the version that is shown.
    pub shown: bool,
    /// Who wrote it.
    pub role: Role,
    /// How far it has come.
    pub status: MessageStatus,
    /// What it says.
    pub content: Private,
    /// How the model failed.
    pub error_code: Option<String>,
    /// What the crisis screen found in it, or in the message it answers.
    pub safety_tier: Option<SafetyTier>,
    /// The generation that wrote it.
    pub generation_id: Option<Uuid>,
    /// The engine that wrote it.
    pub engine: Option<String>,
    /// The model that wrote it.
    pub model: Option<String>,
    /// What came with it.
    pub attachments: Vec<AttachmentInfo>,
    /// When it was made.
    pub created_at: Time,
    /// When its text last changed.
    pub updated_at: Time,
}

/// Which end of a conversation a page begins at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageOrder {
    /// As it was said.
    #[default]
    OldestFirst,
    /// From the end.
    NewestFirst,
}
