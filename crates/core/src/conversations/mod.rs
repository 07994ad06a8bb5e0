//! Conversations and their messages: what people wrote, in order, and where it lies.
//!
//! Replies are written by `generations`; what it needs of these tables it gets here, as questions
//! and as pieces of its own writes.

mod attachment;
mod branches;
mod policy;
pub(crate) mod preferences;
mod store;
mod types;

pub use attachment::{Attachment, AttachmentInfo, MediaType, NewAttachment};
pub use branches::NewFork;
pub(crate) use policy::Greeting;
pub(crate) use store::branches::ALL as BRANCH_STATEMENTS;
pub(crate) use store::{ALL as STATEMENTS, SEALED, end_reply, safety_tier_of};
pub use types::{
    CRISIS_SENTENCE, Conversation, ConversationChanges, Kind, ListConversations, Message,
    MessageOrder, MessageStatus, NewConversation, Role, SafetyTier, Shelf,
};

use std::time::Duration;

use serene_db::{DbError, Sequence, Statement, Write};
use uuid::Uuid;

use crate::{
    accounts::Preferences,
    base::{
        Base, Cursor, Error, MessageText, Owner, Page, PageSize, Resource, Retry, Title,
        error::OrNotFound, limits,
    },
};

/// Numbers leased at a time: a gap of at most this many after a restart.
const CONVERSATION_NUMBERS: i64 = 64;
const MESSAGE_NUMBERS: i64 = 512;

/// The conversations of one server.
#[derive(Debug)]
pub struct Conversations {
    base: Base,
    conversation_numbers: Sequence,
    message_numbers: Sequence,
}

/// One message and its answer, before either is written.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) user_message: Message,
    pub(crate) assistant_message: Message,
}

impl Conversations {
    pub(crate) fn new(base: Base) -> Self {
        Self {
            base,
            conversation_numbers: Sequence::new("conversations", CONVERSATION_NUMBERS),
            message_numbers: Sequence::new("messages", MESSAGE_NUMBERS),
        }
    }

    /// Makes a conversation. With an id of the client's own, or a key for the request, making it
    /// again returns the one that is there.
    ///
    /// # Errors
    /// [`Error::IdTaken`] when that id is in the trash; [`Error::IdempotencyKeyReused`].
    pub async fn create(&self, owner: Owner, new: NewConversation) -> Result<Conversation, Error> {
        let retry = new.retry;
        if let Some(id) = self.base.created_before(owner, retry).await? {
            return self.get(owner, id).await;
        }
        let conversation = self.draft(new).await?;
        let (id, now) = (conversation.id, conversation.created_at);
        let remember = retry.into_iter().flat_map(|retry| retry.remember(owner, id, now));
        let insert = store::insert_conversation(&self.base.vault.of(owner)?, owner, &conversation);
        match self.base.db.commit(Write::new().with_all(remember).with(insert)).await {
            Ok(_) => Ok(conversation),
            Err(error) if Retry::is_in_use(&error) => {
                let first = self.base.created_before(owner, retry).await?;
                self.get(owner, first.unwrap_or(id)).await
            }
            Err(DbError::Duplicate(key)) if key == "conversations_owner_id_id_key" => {
                let existing = self.get(owner, conversation.id).await;
                existing.map_err(|error| match error {
                    Error::NotFound(_) => Error::IdTaken,
                    other => other,
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A conversation that is not written yet.
    async fn draft(&self, new: NewConversation) -> Result<Conversation, Error> {
        let now = self.base.clock.now();
        Ok(Conversation {
            id: new.id.unwrap_or_else(|| self.base.ids.new_id(now)),
            number: self.conversation_numbers.next(&self.base.db).await?,
            kind: new.kind,
            title: new.title.map(Title::into_private),
            summary: None,
            pinned_at: None,
            archived_at: None,
            ended_at: None,
            deleted_at: None,
            active_generation_id: None,
            message_count: 0,
            created_at: now,
            updated_at: now,
        })
    }

    /// A page of one shelf, the last active first.
    pub async fn list(
        &self,
        owner: Owner,
        list: ListConversations,
    ) -> Result<Page<Conversation>, Error> {
        let found = store::list(&self.base, owner, &list).await?;
        Ok(Page::cut(found, list.size, |conversation| Cursor {
            number: conversation.updated_at.as_micros(),
            id: conversation.id,
        }))
    }

    /// One conversation. What lies in the trash is not found.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, owner: Owner, id: Uuid) -> Result<Conversation, Error> {
        store::find(&self.base, owner, id).await?.or_not_found(Resource::Conversation)
    }

    /// The conversation of a kind behind the integer that some published contracts print.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn by_number(
        &self,
        owner: Owner,
        number: i64,
        kind: Kind,
    ) -> Result<Conversation, Error> {
        let found = store::find_number(&self.base, owner, number, kind).await?;
        found.or_not_found(Resource::Conversation)
    }

    /// The message behind the integer that some published contracts print.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn message_by_number(&self, owner: Owner, number: i64) -> Result<Message, Error> {
        let found = store::message_number(&self.base, owner, number).await?;
        self.with_attachments(owner, found.or_not_found(Resource::Message)?).await
    }

    /// Renames, pins, archives, or the reverse.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn change(
        &self,
        owner: Owner,
        id: Uuid,
        changes: ConversationChanges,
    ) -> Result<Conversation, Error> {
        let now = self.base.clock.now();
        let mut write = Write::new();
        if let Some(title) = &changes.title {
            write =
                write.with(store::set_title(&self.base.vault.of(owner)?, owner, id, title, now));
        }
        if let Some(pinned) = changes.pinned {
            write = write.with(store::set_pinned(owner, id, pinned.then_some(now)));
        }
        if let Some(archived) = changes.archived {
            write = write.with(store::set_archived(owner, id, archived.then_some(now)));
        }
        self.commit_guarded(write).await?;
        self.get(owner, id).await
    }

    /// Ends a conversation: it stays readable and takes no further message. Again is no error.
    /// Fails with [`Error::ConversationBusy`] while a reply is written; `Serene` stops it first.
    pub(crate) async fn end(&self, owner: Owner, id: Uuid) -> Result<(), Error> {
        let now = self.base.clock.now();
        self.commit_idle(owner, id, Write::from(store::end(owner, id, now))).await
    }

    /// Puts a conversation into the trash.
    pub(crate) async fn trash(&self, owner: Owner, id: Uuid) -> Result<(), Error> {
        let now = self.base.clock.now();
        self.commit_idle(owner, id, Write::from(store::trash(owner, id, now))).await
    }

    /// Deletes all messages of a conversation, which itself stays.
    pub(crate) async fn clear(&self, owner: Owner, id: Uuid) -> Result<(), Error> {
        let write = Write::from(store::empty_conversation(owner, id))
            .with(store::delete_messages_of(owner, id));
        self.commit_idle(owner, id, write).await
    }

    /// Takes a conversation out of the trash, back to the shelf it was on.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not in the trash.
    pub async fn restore(&self, owner: Owner, id: Uuid) -> Result<Conversation, Error> {
        self.commit_guarded(Write::from(store::restore(owner, id))).await?;
        self.get(owner, id).await
    }

    /// Deletes a conversation that lies in the trash, for good.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not in the trash.
    pub async fn delete_from_trash(&self, owner: Owner, id: Uuid) -> Result<(), Error> {
        // From here on it cannot be restored, and a crash leaves it to the next purge.
        self.commit_guarded(Write::from(store::begin_purge(owner, id))).await?;
        self.base.delete_in_pieces(|| store::delete_message_chunk(owner, id)).await?;
        self.commit_guarded(Write::from(store::end_purge(owner, id))).await
    }

    /// Deletes what has been in the trash for [`limits::TRASH_DAYS`]. Returns how many.
    pub async fn purge_trash(&self) -> Result<usize, Error> {
        let before =
            self.base.clock.now().minus(Duration::from_secs(limits::TRASH_DAYS * 24 * 60 * 60));
        let mut purged = 0;
        loop {
            let expired = store::expired_trash(&self.base, before).await?;
            if expired.is_empty() {
                return Ok(purged);
            }
            for (owner_id, id) in expired {
                let owner = Owner::for_job(owner_id, "purge trash");
                match self.delete_from_trash(owner, id).await {
                    Ok(()) => purged += 1,
                    // Restored, or deleted by its owner, a moment ago.
                    Err(Error::NotFound(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// A page of messages: the shown version of each position.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such conversation.
    pub async fn messages(
        &self,
        owner: Owner,
        conversation_id: Uuid,
        order: MessageOrder,
        cursor: Option<Cursor>,
        size: PageSize,
    ) -> Result<Page<Message>, Error> {
        let found = store::messages(&self.base, owner, conversation_id, order, cursor, size)
            .await?
            .or_not_found(Resource::Conversation)?;
        let key = |message: &Message| Cursor { number: message.position, id: Uuid::nil() };
        let mut page = Page::cut(found, size, key);
        store::add_attachments(&self.base, owner, conversation_id, &mut page.items).await?;
        Ok(page)
    }

    /// The messages before `cursor` in conversations that are not in the trash, newest first, as
    /// many as a search reads at a time.
    pub(crate) async fn scan(
        &self,
        owner: Owner,
        cursor: Option<Cursor>,
    ) -> Result<Vec<Message>, Error> {
        store::scan(&self.base, owner, cursor).await
    }

    /// One message, of any version.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn message(&self, owner: Owner, id: Uuid) -> Result<Message, Error> {
        let found = store::message_by(&self.base, owner, id).await?;
        self.with_attachments(owner, found.or_not_found(Resource::Message)?).await
    }

    async fn with_attachments(&self, owner: Owner, mut message: Message) -> Result<Message, Error> {
        let conversation_id = message.conversation_id;
        let one = std::slice::from_mut(&mut message);
        store::add_attachments(&self.base, owner, conversation_id, one).await?;
        Ok(message)
    }

    /// Deletes a message with all its versions. Fails with [`Error::ConversationBusy`] while one of
    /// them is written; `Serene` stops it first.
    pub(crate) async fn delete_message(&self, owner: Owner, id: Uuid) -> Result<(), Error> {
        let message = self.message(owner, id).await?;
        let state = store::state(&self.base, owner, message.conversation_id).await?;
        let active = state.or_not_found(Resource::Message)?.active_generation_id;
        let versions = store::branches::versions(&self.base, owner, &message).await?;
        let here = |id: &Uuid| versions.iter().any(|version| version.generation_id == Some(*id));
        if let Some(id) = active.filter(here) {
            // Its generation would go with it, and leave the conversation busy for good.
            return Err(Error::ConversationBusy { generation_id: Some(id) });
        }
        match self.base.db.commit(store::delete_message(owner, &message, active)).await {
            Ok(_) => Ok(()),
            // Another reply was begun or ended in between.
            Err(DbError::Guard("conversations.uncount_message")) => {
                Err(Error::ConversationBusy { generation_id: None })
            }
            Err(DbError::Guard(_)) => Err(Error::NotFound(Resource::Message)),
            Err(error) => Err(error.into()),
        }
    }

    /// An attachment with its bytes.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn attachment(&self, owner: Owner, id: Uuid) -> Result<Attachment, Error> {
        store::attachment(&self.base, owner, id).await?.or_not_found(Resource::Attachment)
    }

    /// The newest shown messages before `position`, oldest first: what a model may be told.
    pub(crate) async fn recent(
        &self,
        owner: Owner,
        conversation_id: Uuid,
        before_position: i64,
    ) -> Result<Vec<Message>, Error> {
        store::recent(&self.base, owner, conversation_id, before_position).await
    }

    /// The newest images before `position`, with the message each belongs to.
    pub(crate) async fn recent_images(
        &self,
        owner: Owner,
        conversation_id: Uuid,
        before_position: i64,
    ) -> Result<Vec<(Uuid, Attachment)>, Error> {
        store::recent_images(&self.base, owner, conversation_id, before_position).await
    }

    /// Gives a conversation another title without moving it in the lists. False when it has changed
    /// since it was read.
    pub(crate) async fn retitle(
        &self,
        owner: Owner,
        read: &Conversation,
        title: &Title,
    ) -> Result<bool, Error> {
        let set = store::retitle(&self.base.vault.of(owner)?, owner, read, title);
        match self.base.db.commit(Write::from(set)).await {
            Ok(_) => Ok(true),
            Err(DbError::Guard(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The beginning of an exchange: both messages, and the statements that write them if the
    /// conversation is still as it was read; its guard says when it is not.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::ConversationEnded`], [`Error::ConversationBusy`].
    pub(crate) async fn begin_exchange(
        &self,
        owner: Owner,
        begin: BeginExchange<'_>,
    ) -> Result<(Exchange, Vec<Statement>), Error> {
        let conversation_id = begin.conversation_id;
        let state = store::state(&self.base, owner, conversation_id)
            .await?
            .or_not_found(Resource::Conversation)?;
        if state.ended {
            return Err(Error::ConversationEnded);
        }
        if let Some(generation_id) = state.active_generation_id {
            return Err(Error::ConversationBusy { generation_id: Some(generation_id) });
        }
        let now = self.base.clock.now();
        let draft = |role, position, number| Message {
            id: self.base.ids.new_id(now),
            number,
            conversation_id,
            position,
            version: 1,
            version_count: 1,
            shown: true,
            role,
            status: MessageStatus::Complete,
            content: crate::base::Private::default(),
            error_code: None,
            safety_tier: begin.safety_tier,
            generation_id: None,
            engine: None,
            model: None,
            attachments: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        let number = self.message_numbers.next(&self.base.db).await?;
        let mut user_message = draft(Role::User, state.next_position, number);
        user_message.id = begin.message_id.unwrap_or(user_message.id);
        user_message.content = begin.text.to_private();
        let number = self.message_numbers.next(&self.base.db).await?;
        let mut assistant_message = draft(Role::Assistant, state.next_position + 1, number);
        assistant_message.status = MessageStatus::Pending;
        assistant_message.generation_id = Some(begin.generation_id);

        let title = Title::derive(begin.text);
        let keeper = &self.base.vault.of(owner)?;
        let mut statements =
            vec![store::claim(keeper, owner, &user_message, begin.generation_id, &title)];
        let attachments = attachment::with_ids(begin.attachments, || self.base.ids.new_id(now));
        user_message.attachments = attachments.iter().map(|(info, _)| info.clone()).collect();
        statements.push(store::insert_message(keeper, owner, &user_message));
        statements.push(store::insert_message(keeper, owner, &assistant_message));
        for (ordinal, attachment) in (0..).zip(attachments) {
            let insert =
                store::insert_attachment(keeper, owner, &user_message, ordinal, attachment);
            statements.push(insert);
        }
        Ok((Exchange { user_message, assistant_message }, statements))
    }

    /// The owner's conversations after a number, those in the trash too; a page of them.
    pub(crate) async fn all_after(
        &self,
        owner: Owner,
        after: i64,
    ) -> Result<Vec<Conversation>, Error> {
        store::all_after(&self.base, owner, after).await
    }

    /// The owner's messages after a number, every version and those in the trash too; a page of
    /// them. Of attachments only the count is true.
    pub(crate) async fn all_messages_after(
        &self,
        owner: Owner,
        after: i64,
    ) -> Result<Vec<Message>, Error> {
        store::all_messages_after(&self.base, owner, after).await
    }

    /// What came with a message.
    pub(crate) async fn attachments_of(
        &self,
        owner: Owner,
        message_id: Uuid,
    ) -> Result<Vec<Attachment>, Error> {
        store::attachments_of(&self.base, owner, message_id).await
    }

    /// Stores a conversation as it was elsewhere, under a number of its own. False when its id is
    /// in use already.
    pub(crate) async fn adopt(
        &self,
        owner: Owner,
        new: Conversation,
        here: &Preferences,
    ) -> Result<bool, Error> {
        let number = self.conversation_numbers.next(&self.base.db).await?;
        let new = Conversation { number, ..new };
        let insert = store::insert_conversation(&self.base.vault.of(owner)?, owner, &new);
        let write =
            Write::from(insert).with_all(preferences::insert(&self.base, owner, new.id, here)?);
        match self.base.db.commit(write).await {
            Ok(_) => Ok(true),
            Err(DbError::Duplicate(key)) if key == "conversations_owner_id_id_key" => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Stores a message as it was elsewhere, at its own position, under a number of its own. False
    /// when its id is in use already.
    ///
    /// # Errors
    /// [`Error::NotFound`] without its conversation; [`Error::IdTaken`] when its place is taken.
    pub(crate) async fn adopt_message(
        &self,
        owner: Owner,
        new: Message,
        images: Vec<(Uuid, NewAttachment)>,
    ) -> Result<bool, Error> {
        let number = self.message_numbers.next(&self.base.db).await?;
        let (mut ids, images): (Vec<Uuid>, Vec<NewAttachment>) = images.into_iter().unzip();
        ids.reverse();
        let images = attachment::with_ids(images, || ids.pop().unwrap_or_default());
        let attachments = images.iter().map(|(info, _)| info.clone()).collect();
        let new = Message { number, attachments, ..new };
        let id = new.id;
        let keeper = &self.base.vault.of(owner)?;
        let mut write = Write::from(store::grow(owner, &new))
            .with(store::branches::count_versions(owner, &new))
            .with(store::insert_message(keeper, owner, &new));
        for (ordinal, image) in (0..).zip(images) {
            write = write.with(store::insert_attachment(keeper, owner, &new, ordinal, image));
        }
        match self.base.db.commit(write).await {
            Ok(_) => Ok(true),
            Err(DbError::Guard(_)) => Err(Error::NotFound(Resource::Conversation)),
            // The same message has the same place: either of the two keys may be named.
            Err(DbError::Duplicate(_)) if store::has_message(&self.base, owner, id).await? => {
                Ok(false)
            }
            Err(DbError::Duplicate(_)) => Err(Error::IdTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes everything of an owner, in pieces that let other writers through.
    pub(crate) async fn delete_all(&self, owner: Owner) -> Result<(), Error> {
        self.base.delete_in_pieces(|| store::delete_any_message_chunk(owner)).await?;
        self.base.delete_in_pieces(|| store::delete_conversation_chunk(owner)).await
    }

    /// Commits a write whose guards fail only for what is not there.
    async fn commit_guarded(&self, write: Write) -> Result<(), Error> {
        let result = self.base.db.commit(write).await.map(drop);
        result.map_err(|e| Error::from(e).on_guard(Error::NotFound(Resource::Conversation)))
    }

    /// Commits a write whose guard wants a conversation that is there and has no reply running.
    async fn commit_idle(&self, owner: Owner, id: Uuid, write: Write) -> Result<(), Error> {
        match self.base.db.commit(write).await {
            Ok(_) => Ok(()),
            Err(DbError::Guard(_)) => {
                let state = store::state(&self.base, owner, id).await?;
                let state = state.or_not_found(Resource::Conversation)?;
                Err(Error::ConversationBusy { generation_id: state.active_generation_id })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What an exchange begins with.
#[derive(Debug)]
pub(crate) struct BeginExchange<'a> {
    pub(crate) conversation_id: Uuid,
    pub(crate) generation_id: Uuid,
    /// The client's own id for the message, if it chose one.
    pub(crate) message_id: Option<Uuid>,
    pub(crate) text: &'a MessageText,
    /// What the crisis screen found in it.
    pub(crate) safety_tier: Option<SafetyTier>,
    pub(crate) attachments: Vec<NewAttachment>,
}
