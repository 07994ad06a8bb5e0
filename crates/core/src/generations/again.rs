//! A reply once more: written again beside the first, or gone on with where it broke off.

use serene_db::{DbError, Statement, Write};
use uuid::Uuid;

use super::{Draft, Generation, Generations, ReplyReader, SEND_TRIES, budget, prompt};
use crate::{
    base::{Error, Owner, Retry},
    conversations::Message,
    usage::is_budget_guard,
};

/// A generation of a reply that was there before.
#[derive(Debug)]
pub struct Again {
    /// The generation.
    pub generation: Generation,
    /// The reply: what is new of it, unless this was asked before; then from its beginning.
    pub reply: ReplyReader,
}

/// What is asked for.
#[derive(Clone, Copy)]
enum What {
    Version,
    Rest,
}

impl Generations {
    /// Writes a reply again: another version at its place, which is shown from now on. The earlier
    /// ones stay.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for what is no reply to anything;
    /// [`Error::ConversationEnded`], [`Error::ConversationBusy`], [`Error::IdempotencyKeyReused`],
    /// [`Error::BudgetExceeded`], [`Error::ShuttingDown`].
    pub async fn regenerate(
        &self,
        owner: Owner,
        message_id: Uuid,
        retry: Option<Retry>,
    ) -> Result<Again, Error> {
        self.again(owner, message_id, retry, What::Version).await
    }

    /// Goes on with a reply that was stopped, cut off, or failed, from the text that it has.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NothingToContinue`], [`Error::ConversationEnded`],
    /// [`Error::ConversationBusy`], [`Error::IdempotencyKeyReused`], [`Error::BudgetExceeded`],
    /// [`Error::ShuttingDown`].
    pub async fn go_on(
        &self,
        owner: Owner,
        message_id: Uuid,
        retry: Option<Retry>,
    ) -> Result<Again, Error> {
        self.again(owner, message_id, retry, What::Rest).await
    }

    async fn again(
        &self,
        owner: Owner,
        message_id: Uuid,
        retry: Option<Retry>,
        what: What,
    ) -> Result<Again, Error> {
        let inner = &self.inner;
        if inner.base.tasks.stopping().is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        let mut last = Error::ConversationBusy { generation_id: None };
        for _ in 0..SEND_TRIES {
            if let Some(id) = inner.base.created_before(owner, retry).await? {
                let generation = self.get(owner, id).await?;
                return Ok(Again { reply: self.attach(owner, id, 0).await?, generation });
            }
            let id = inner.base.new_id();
            let (message, statements) = match self.plan(owner, message_id, id, what).await {
                Ok(planned) => planned,
                // It may be busy with this very request, sent a moment ago.
                Err(busy @ Error::ConversationBusy { .. }) if retry.is_some() => {
                    last = busy;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let conversation_id = message.conversation_id;
            let asking = prompt::asking(inner, owner, Some(conversation_id)).await?;
            let generation = self.draft(id, &message, &asking);
            let reserved =
                budget::reservation(inner, owner, &asking, (None, &message), &generation).await?;
            let now = generation.created_at;
            let remember = retry.into_iter().flat_map(|retry| retry.remember(owner, id, now));
            let write = Write::new().with_all(remember).with_all(statements);
            let draft = Draft {
                message,
                generation: generation.clone(),
                asking,
                title_from: None,
                reserved: reserved.clone(),
            };
            match self.begin(owner, draft, write).await {
                Ok(reply) => return Ok(Again { generation, reply }),
                Err(Error::Storage(DbError::Guard(guard))) if is_budget_guard(guard) => {
                    self.refusal(owner, reserved).await?;
                }
                // Somebody else was quicker: look again what there is now.
                Err(Error::Storage(DbError::Guard(_) | DbError::Duplicate(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    async fn plan(
        &self,
        owner: Owner,
        message_id: Uuid,
        generation_id: Uuid,
        what: What,
    ) -> Result<(Message, Vec<Statement>), Error> {
        let conversations = &self.inner.conversations;
        match what {
            What::Version => conversations.begin_version(owner, message_id, generation_id).await,
            What::Rest => conversations.begin_rest(owner, message_id, generation_id).await,
        }
    }
}
