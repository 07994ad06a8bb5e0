//! Where a conversation can go another way: a reply written again beside the first, one that goes
//! on where it broke off, and a new conversation that begins as another did.

use serene_db::{DbError, Statement, Write};
use uuid::Uuid;

use super::{
    Conversation, Conversations, Message, MessageStatus, NewAttachment, Role, attachment,
    preferences,
    store::{self, branches},
};
use crate::base::{Error, Owner, Private, Resource, Retry, Title, error::OrNotFound, limits};

/// What a fork begins with.
#[derive(Clone, Debug)]
pub struct NewFork {
    /// The conversation whose messages it takes over.
    pub conversation_id: Uuid,
    /// The position of the last message that it takes over.
    pub position: i64,
    /// The client's own id.
    pub id: Option<Uuid>,
    /// Its title; that of the other one unless given.
    pub title: Option<Title>,
    /// The client's key for this request.
    pub retry: Option<Retry>,
}

impl Conversations {
    /// Every version at the place of this message, the first one first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn versions(&self, owner: Owner, id: Uuid) -> Result<Vec<Message>, Error> {
        let message = self.message(owner, id).await?;
        let mut versions = branches::versions(&self.base, owner, &message).await?;
        let conversation_id = message.conversation_id;
        store::add_attachments(&self.base, owner, conversation_id, &mut versions).await?;
        Ok(versions)
    }

    /// Shows this version at its place, instead of another.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn choose(&self, owner: Owner, id: Uuid) -> Result<Message, Error> {
        let message = self.message(owner, id).await?;
        let write = Write::from(branches::hide_versions(owner, &message))
            .with(branches::show_version(owner, id));
        let result = self.base.db.commit(write).await;
        result.map_err(|e| Error::from(e).on_guard(Error::NotFound(Resource::Message)))?;
        self.message(owner, id).await
    }

    /// Another version of a reply, and the statements that write it if nothing else is being
    /// written in its conversation; their first guard says when something is.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for what is no reply to anything;
    /// [`Error::ConversationEnded`], [`Error::ConversationBusy`].
    pub(crate) async fn begin_version(
        &self,
        owner: Owner,
        id: Uuid,
        generation_id: Uuid,
    ) -> Result<(Message, Vec<Statement>), Error> {
        let message = self.message(owner, id).await?;
        let asked = self.recent(owner, message.conversation_id, message.position).await?;
        if message.role != Role::Assistant || asked.iter().all(|said| said.role != Role::User) {
            return Err(Error::invalid("id", "must be of a reply to a message"));
        }
        self.check_free(owner, message.conversation_id).await?;
        let versions = branches::versions(&self.base, owner, &message).await?;
        if versions.len() >= limits::MAX_VERSIONS as usize {
            let most = limits::MAX_VERSIONS;
            return Err(Error::invalid("id", format!("has {most} versions, and takes no more")));
        }
        let version = versions.last().map_or(1, |last| last.version + 1);
        let now = self.base.clock.now();
        let new = Message {
            id: self.base.ids.new_id(now),
            number: self.message_numbers.next(&self.base.db).await?,
            version,
            version_count: version,
            shown: true,
            status: MessageStatus::Pending,
            content: Private::default(),
            error_code: None,
            generation_id: Some(generation_id),
            engine: None,
            model: None,
            attachments: Vec::new(),
            created_at: now,
            updated_at: now,
            ..message
        };
        let keeper = &self.base.vault.of(owner)?;
        let statements = vec![
            branches::claim_reply(owner, new.conversation_id, generation_id, now),
            branches::hide_versions(owner, &new),
            branches::count_versions(owner, &new),
            store::insert_message(keeper, owner, &new),
        ];
        Ok((new, statements))
    }

    /// A reply that broke off, and the statements that open it again if nothing else is being
    /// written in its conversation; their first guard says when something is.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NothingToContinue`], [`Error::ConversationEnded`],
    /// [`Error::ConversationBusy`].
    pub(crate) async fn begin_rest(
        &self,
        owner: Owner,
        id: Uuid,
        generation_id: Uuid,
    ) -> Result<(Message, Vec<Statement>), Error> {
        let mut message = self.message(owner, id).await?;
        self.check_free(owner, message.conversation_id).await?;
        let broke_off = matches!(
            message.status,
            MessageStatus::Stopped | MessageStatus::Interrupted | MessageStatus::Failed
        );
        if message.role != Role::Assistant || !broke_off {
            return Err(Error::NothingToContinue);
        }
        let now = self.base.clock.now();
        message.status = MessageStatus::Pending;
        message.error_code = None;
        message.generation_id = Some(generation_id);
        let statements = vec![
            branches::claim_reply(owner, message.conversation_id, generation_id, now),
            branches::reopen(owner, id, generation_id),
        ];
        Ok((message, statements))
    }

    /// # Errors
    /// [`Error::NotFound`], [`Error::ConversationEnded`], [`Error::ConversationBusy`].
    async fn check_free(&self, owner: Owner, conversation_id: Uuid) -> Result<(), Error> {
        let state = store::state(&self.base, owner, conversation_id).await?;
        let state = state.or_not_found(Resource::Conversation)?;
        match state.active_generation_id {
            _ if state.ended => Err(Error::ConversationEnded),
            Some(id) => Err(Error::ConversationBusy { generation_id: Some(id) }),
            None => Ok(()),
        }
    }

    /// Makes a conversation of the messages of another, up to a position. It is seen once it is
    /// whole: the copy goes in pieces, so that other writers get through.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::ConversationBusy`] while one of those messages is written;
    /// [`Error::IdTaken`]; [`Error::IdempotencyKeyReused`].
    pub async fn fork(&self, owner: Owner, new: NewFork) -> Result<Conversation, Error> {
        if let Some(id) = self.base.created_before(owner, new.retry).await? {
            return self.get(owner, id).await;
        }
        if let Some(id) = new.id
            && let Ok(there) = self.get(owner, id).await
        {
            return Ok(there);
        }
        let source = self.get(owner, new.conversation_id).await?;
        let now = self.base.clock.now();
        let id = new.id.unwrap_or_else(|| self.base.ids.new_id(now));
        let number = self.conversation_numbers.next(&self.base.db).await?;
        let title = new.title.as_ref().map(Title::expose);
        let title = title.or(source.title.as_ref().map(Private::expose));
        let keeper = self.base.vault.of(owner)?;
        let here = preferences::read(&self.base, owner, source.id).await?;
        let begin = Write::from(branches::begin_fork(&keeper, owner, (id, number), title, now))
            .with_all(preferences::insert(&self.base, owner, id, &here)?);
        let mut made = self.base.db.commit(begin.clone()).await;
        if matches!(made, Err(DbError::Duplicate(_)))
            && branches::is_unfinished(&self.base, owner, id).await?
        {
            // What a crash left of the same request.
            self.delete_from_trash(owner, id).await?;
            made = self.base.db.commit(begin).await;
        }
        match made {
            Ok(_) => {}
            Err(DbError::Duplicate(_)) => return Err(Error::IdTaken),
            Err(error) => return Err(error.into()),
        }
        let copied = self.copy(owner, &source, new.position, id).await;
        let (last, count) = match copied {
            Ok(copied) => copied,
            Err(error) => {
                // What was copied so far goes; what a crash leaves, the purge takes.
                self.delete_from_trash(owner, id).await?;
                return Err(error);
            }
        };
        let remember = new.retry.into_iter().flat_map(|retry| retry.remember(owner, id, now));
        let end = Write::new().with_all(remember).with(branches::end_fork(owner, id, last, count));
        match self.base.db.commit(end).await {
            Ok(_) => self.get(owner, id).await,
            Err(error) if Retry::is_in_use(&error) => {
                self.delete_from_trash(owner, id).await?;
                let first = self.base.created_before(owner, new.retry).await?;
                self.get(owner, first.unwrap_or(id)).await
            }
            // The same request came again meanwhile, and took this for what a crash had left.
            Err(DbError::Guard(_)) => Err(Error::IdTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Copies what is shown up to a position. Returns the last position, and how many there were.
    async fn copy(
        &self,
        owner: Owner,
        source: &Conversation,
        up_to: i64,
        target_id: Uuid,
    ) -> Result<(i64, i64), Error> {
        let (mut last, mut count) = (0, 0);
        loop {
            let mut page =
                branches::shown_up_to(&self.base, owner, source.id, (last, up_to)).await?;
            if page.is_empty() {
                return Ok((last, count));
            }
            store::add_attachments(&self.base, owner, source.id, &mut page).await?;
            let mut write = Write::new();
            for message in page {
                if !message.status.is_final() {
                    let generation_id = message.generation_id;
                    return Err(Error::ConversationBusy { generation_id });
                }
                last = message.position;
                count += 1;
                let heavy = !message.attachments.is_empty();
                write = write.with_all(self.copy_of(owner, message, target_id).await?);
                if heavy {
                    // No more images are held at a time than one message has.
                    self.base.db.commit(std::mem::take(&mut write)).await?;
                }
            }
            self.base.db.commit(write).await?;
        }
    }

    /// The statements that write a copy of a message into another conversation.
    async fn copy_of(
        &self,
        owner: Owner,
        message: Message,
        conversation_id: Uuid,
    ) -> Result<Vec<Statement>, Error> {
        let images = if message.attachments.is_empty() {
            Vec::new()
        } else {
            store::attachments_of(&self.base, owner, message.id).await?
        };
        let images = images.into_iter().map(NewAttachment::again).collect();
        let now = self.base.clock.now();
        let images = attachment::with_ids(images, || self.base.ids.new_id(now));
        let copy = Message {
            id: self.base.ids.new_id(now),
            number: self.message_numbers.next(&self.base.db).await?,
            conversation_id,
            version: 1,
            version_count: 1,
            // The generation that wrote it is the other one's.
            generation_id: None,
            ..message
        };
        let keeper = &self.base.vault.of(owner)?;
        let mut statements = vec![store::insert_message(keeper, owner, &copy)];
        for (ordinal, image) in (0..).zip(images) {
            statements.push(store::insert_attachment(keeper, owner, &copy, ordinal, image));
        }
        Ok(statements)
    }
}
