//! What goes over the wire, and how it comes from the product's types.

use serde::Serialize;
use serene_core::{
    base::Private,
    conversations::{Conversation, Message, MessageStatus, Role},
};
use utoipa::ToSchema;

use crate::time::WithOffset;

/// How a reply is printed that the model failed to give. It is never stored, nor sent to a model.
pub(super) const FAILED: &str =
    "I'm sorry, but I'm having trouble generating a response right now.";

/// What the title is when none is given.
pub(super) const UNTITLED: &str = "Untitled Chat";

/// A session to begin. Unknown fields are passed over.
#[derive(ToSchema)]
#[schema(as = SessionsNew)]
#[expect(dead_code, reason = "the body is read field by field; this describes it")]
pub(super) struct NewBody {
    /// `Untitled Chat` when it is left out.
    #[schema(example = "Monday", max_length = 200)]
    title: Option<String>,
}

/// Another title.
#[derive(ToSchema)]
#[schema(as = SessionsRename)]
#[expect(dead_code, reason = "the body is read field by field; this describes it")]
pub(super) struct RenameBody {
    #[schema(example = "A better Monday", min_length = 1, max_length = 200)]
    title: String,
}

/// A message.
#[derive(ToSchema)]
#[schema(as = SessionsMessage)]
#[expect(dead_code, reason = "the body is read field by field; this describes it")]
pub(super) struct SendBody {
    /// The integer may come as text as well.
    #[schema(example = 1)]
    session_id: i64,
    #[schema(example = "I slept badly.", min_length = 1, max_length = 32000)]
    message: String,
}

/// One thing that was said.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionsTurn)]
pub(super) struct TurnBody {
    /// `user` or `assistant`.
    #[schema(example = "assistant")]
    role: &'static str,
    #[schema(example = "What is on your mind today?")]
    content: String,
}

impl TurnBody {
    /// How much text it is.
    pub(super) fn bytes(&self) -> usize {
        self.content.len()
    }
}

/// A session.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionsSession)]
pub(super) struct SessionBody {
    #[schema(example = 1)]
    id: i64,
    /// Null for somebody who is signed in here and gave no address.
    #[schema(example = "mira@example.org")]
    user_email: Option<String>,
    #[schema(example = "Monday")]
    title: String,
    messages: Vec<TurnBody>,
    /// Null until it is asked for.
    #[schema(example = "You slept badly and worried about work.")]
    summary: Option<String>,
    /// When it began.
    timestamp: WithOffset,
    is_deleted: bool,
    is_archived: bool,
    is_ended: bool,
}

impl SessionBody {
    pub(super) fn new(
        session: Conversation,
        messages: Vec<TurnBody>,
        email: Option<String>,
    ) -> Self {
        Self {
            id: session.number,
            user_email: email,
            title: title(session.title),
            messages,
            summary: session.summary.map(Private::into_exposed),
            timestamp: session.created_at.into(),
            is_deleted: session.deleted_at.is_some(),
            is_archived: session.archived_at.is_some(),
            is_ended: session.ended_at.is_some(),
        }
    }
}

/// What was said in a session.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionsHistory)]
pub(super) struct HistoryBody {
    #[schema(example = 1)]
    session_id: i64,
    messages: Vec<TurnBody>,
    #[schema(example = "Monday")]
    title: String,
}

impl HistoryBody {
    pub(super) fn new(session: Conversation, messages: Vec<TurnBody>) -> Self {
        Self { session_id: session.number, messages, title: title(session.title) }
    }
}

/// An answer, or word of what was done.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionsSaid)]
pub(super) struct SaidBody {
    #[schema(example = "What kept you awake?")]
    pub(super) message: String,
}

/// A summary.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionsSummary)]
pub(super) struct SummaryBody {
    #[schema(example = "Summary generated successfully")]
    pub(super) message: &'static str,
    #[schema(example = "You slept badly and worried about work.")]
    pub(super) summary: String,
}

/// Sessions made elsewhere may have none.
fn title(title: Option<Private>) -> String {
    title.map_or_else(|| UNTITLED.to_owned(), Private::into_exposed)
}

/// A message as it is printed; none for a reply that is not there yet.
pub(super) fn turn(message: Message) -> Option<TurnBody> {
    message.status.is_final().then(|| TurnBody { role: role(&message), content: text(message) })
}

fn role(message: &Message) -> &'static str {
    match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

/// What a message says. Of a reply that failed the part that came is not shown.
pub(super) fn text(message: Message) -> String {
    let text = message.content.into_exposed();
    if message.status == MessageStatus::Failed || text.is_empty() {
        FAILED.to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use serene_core::base::Time;
    use uuid::Uuid;

    use super::*;

    fn message(role: Role, status: MessageStatus, content: &str) -> Message {
        Message {
            id: Uuid::nil(),
            number: 1,
            conversation_id: Uuid::nil(),
            position: 1,
            version: 1,
            version_count: 1,
            shown: true,
            role,
            status,
            content: Private::new(content),
            error_code: None,
            safety_tier: None,
            generation_id: None,
            engine: None,
            model: None,
            attachments: Vec::new(),
            created_at: Time::from_micros(0),
            updated_at: Time::from_micros(0),
        }
    }

    #[test]
    fn a_reply_is_printed_once_it_is_there_and_never_half_of_a_failed_one() {
        let printed = |status, content: &str| {
            turn(message(Role::Assistant, status, content)).map(|turn| turn.content)
        };
        assert_eq!(printed(MessageStatus::Pending, ""), None);
        assert_eq!(printed(MessageStatus::Running, "so far"), None);
        assert_eq!(printed(MessageStatus::Complete, "whole").as_deref(), Some("whole"));
        assert_eq!(printed(MessageStatus::Stopped, "so far").as_deref(), Some("so far"));
        assert_eq!(printed(MessageStatus::Interrupted, "").as_deref(), Some(FAILED));
        assert_eq!(printed(MessageStatus::Failed, "I am").as_deref(), Some(FAILED));
        assert_eq!(turn(message(Role::User, MessageStatus::Complete, "a")).unwrap().role, "user");
    }
}
