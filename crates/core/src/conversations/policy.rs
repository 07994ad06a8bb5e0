//! What is particular to journaling sessions, the conversations of [`Kind::Session`]: of those
//! that are not archived only the newest is open, each begins with a greeting, and what is put away
//! is over. The statements are the store's.

use serene_db::Write;
use uuid::Uuid;

use super::{
    Conversation, Conversations, Kind, Message, MessageStatus, NewConversation, Role, store,
};
use crate::base::{Error, Owner, Private, Retry};

/// The first words in a session, and who says them.
#[derive(Clone, Debug)]
pub(crate) struct Greeting {
    pub(crate) text: Private,
    pub(crate) engine: String,
    pub(crate) model: String,
}

impl Conversations {
    /// Opens a session with its greeting and ends the owner's other ones, in one write. A reply
    /// that is being written in one of those is written to its end.
    pub(crate) async fn open_session(
        &self,
        owner: Owner,
        new: NewConversation,
        greeting: Greeting,
    ) -> Result<Conversation, Error> {
        let retry = new.retry;
        let mut session = self.draft(NewConversation { kind: Kind::Session, ..new }).await?;
        let greeting = Message {
            id: self.base.ids.new_id(session.created_at),
            number: self.message_numbers.next(&self.base.db).await?,
            conversation_id: session.id,
            position: 1,
            version: 1,
            version_count: 1,
            shown: true,
            role: Role::Assistant,
            status: MessageStatus::Complete,
            content: greeting.text,
            error_code: None,
            safety_tier: None,
            generation_id: None,
            engine: Some(greeting.engine),
            model: Some(greeting.model),
            attachments: Vec::new(),
            created_at: session.created_at,
            updated_at: session.created_at,
        };
        let keeper = &self.base.vault.of(owner)?;
        let (id, now) = (session.id, session.created_at);
        let remember = retry.into_iter().flat_map(|retry| retry.remember(owner, id, now));
        let write = Write::new()
            .with_all(remember)
            .with(store::end_sessions(owner, now))
            .with(store::insert_conversation(keeper, owner, &session))
            .with(store::grow(owner, &greeting))
            .with(store::insert_message(keeper, owner, &greeting));
        match self.base.db.commit(write).await {
            Ok(_) => {}
            Err(error) if Retry::is_in_use(&error) => {
                let first = self.base.created_before(owner, retry).await?;
                return self.get(owner, first.unwrap_or(id)).await;
            }
            Err(error) => return Err(error.into()),
        }
        session.message_count = 1;
        Ok(session)
    }

    /// Puts a session into the archive, which ends it, or takes it out again, which leaves it
    /// ended. A reply that is being written is written to its end.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn toggle_archive(&self, owner: Owner, id: Uuid) -> Result<Conversation, Error> {
        let now = self.base.clock.now();
        self.commit_guarded(Write::from(store::toggle_archive(owner, id, now))).await?;
        self.get(owner, id).await
    }

    /// Keeps what was said in a conversation, in a sentence or two.
    pub(crate) async fn set_summary(
        &self,
        owner: Owner,
        id: Uuid,
        summary: &Private,
    ) -> Result<(), Error> {
        let keeper = &self.base.vault.of(owner)?;
        let write = Write::from(store::set_summary(keeper, owner, id, summary.expose()));
        self.commit_guarded(write).await
    }
}
