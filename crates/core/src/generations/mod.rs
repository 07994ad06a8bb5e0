//! Generations: how a reply comes to be. A generation is a row and a task, not a request: it goes
//! on when its listener leaves, and what was shown is on disk before `done` is sent.

mod again;
mod budget;
mod context;
mod elsewhere;
mod instruction;
mod live;
mod news;
mod once;
mod prompt;
mod run;
mod sessions;
mod store;
mod titles;

pub(crate) use store::ALL as STATEMENTS;

use std::{sync::Arc, time::Duration};

pub use again::Again;
pub use context::{Context, Counting, LeftOut, LeftOutReason, Part};
pub(crate) use elsewhere::OBEY_EVERY;
pub use instruction::DEFAULT_INSTRUCTION;
pub use live::{End, ReplyEvent, ReplyReader};
use live::{Hub, Live};
use news::News;
pub use once::Answer;
use prompt::Asking;
use serene_care::screen::{Surface, screen};
use serene_db::{DbError, Write};
use serene_llm::{Engine, Usage};
pub use sessions::Summary;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{
    base::{Base, Error, MessageText, Owner, Private, Resource, Retry, Time, error::OrNotFound},
    conversations::{
        BeginExchange, Conversations, Exchange, Message, MessageStatus, NewAttachment, Role,
        SafetyTier,
    },
    usage::{Ledger, Reservation, is_budget_guard},
};

/// The engine's name where the crisis screen answered and no model was asked.
pub const CARE: &str = "care";

/// What a reply fails with where the instruction and the last message are more than a model takes.
const PROMPT_TOO_LONG: &str = "PROMPT_TOO_LONG";

/// How often a send looks again when another one was quicker, before it gives up as busy.
const SEND_TRIES: usize = 5;

/// How long [`Generations::stop`] waits for the text to be stored.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// One run of a model for one reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Its id.
    pub id: Uuid,
    /// The conversation it answers in.
    pub conversation_id: Uuid,
    /// The message it writes.
    pub message_id: Uuid,
    /// How far it has come.
    pub status: MessageStatus,
    /// Why the model stopped: `stop`, `length`, `content_filter`, `other`.
    pub finish_reason: Option<String>,
    /// How the model failed.
    pub error_code: Option<String>,
    /// The engine that is asked.
    pub engine: String,
    /// Its model.
    pub model: String,
    /// What it cost; known at the end.
    pub usage: Option<Usage>,
    /// When it was asked for.
    pub created_at: Time,
    /// When it ended.
    pub ended_at: Option<Time>,
}

/// A model that people may choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// What it is called.
    pub name: String,
    /// The kind of engine that answers.
    pub engine: &'static str,
    /// What it is let read and write together, in tokens.
    pub context_tokens: u32,
}

/// A message to send.
#[derive(Clone, Debug)]
pub struct SendMessage {
    /// Where to.
    pub conversation_id: Uuid,
    /// The client's own id for it: sending it again attaches to the first one's reply.
    pub message_id: Option<Uuid>,
    /// What it says.
    pub text: MessageText,
    /// What comes with it.
    pub attachments: Vec<NewAttachment>,
    /// The client's key for this request.
    pub retry: Option<Retry>,
    /// Whether the model names a conversation that begins with it.
    pub titled_by_model: bool,
}

/// A reply before it begins.
struct Draft {
    message: Message,
    generation: Generation,
    asking: Asking,
    /// The words that its conversation may be named by.
    title_from: Option<Private>,
    /// What is kept free for it in the budgets.
    reserved: Option<Reservation>,
}

/// What sending gives: the message as stored, and the reply as it comes.
#[derive(Debug)]
pub struct Sent {
    /// The user's message: on disk.
    pub user_message: Message,
    /// The generation that answers it.
    pub generation: Generation,
    /// The reply, from its beginning.
    pub reply: ReplyReader,
}

/// The generations of one server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Generations {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    base: Base,
    conversations: Arc<Conversations>,
    ledger: Arc<Ledger>,
    engine: Arc<dyn Engine>,
    instruction: String,
    /// The most tokens that any model is let read and write together.
    context_tokens: u32,
    /// Whether models name conversations.
    titles: bool,
    hub: Hub,
    /// Replies that another instance writes and somebody reads here.
    mirrors: Hub,
    news: News,
}

impl Generations {
    pub(crate) fn new(
        base: Base,
        conversations: Arc<Conversations>,
        ledger: Arc<Ledger>,
        engine: Arc<dyn Engine>,
        (instruction, context_tokens, titles): (String, u32, bool),
    ) -> Self {
        let (hub, mirrors) = (Hub::default(), Hub::default());
        let news = News::default();
        let inner = Inner {
            base,
            conversations,
            ledger,
            engine,
            instruction,
            context_tokens,
            titles,
            hub,
            mirrors,
            news,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Stores a message, the place of its reply and the generation in one write, and starts
    /// answering. When this returns, the message is on disk.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::ConversationEnded`], [`Error::ConversationBusy`],
    /// [`Error::IdTaken`], [`Error::IdempotencyKeyReused`], [`Error::BudgetExceeded`],
    /// [`Error::ShuttingDown`].
    pub async fn send(&self, owner: Owner, send: SendMessage) -> Result<Sent, Error> {
        let inner = &self.inner;
        if inner.base.tasks.stopping().is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        let screening = screen(send.text.expose(), Surface::Chat);
        for _ in 0..SEND_TRIES {
            if let Some(sent) = self.already_sent(owner, &send).await? {
                return Ok(sent);
            }
            let generation_id = inner.base.new_id();
            let begin = BeginExchange {
                conversation_id: send.conversation_id,
                generation_id,
                message_id: send.message_id,
                text: &send.text,
                safety_tier: screening.tier,
                attachments: send.attachments.clone(),
            };
            let planned = inner.conversations.begin_exchange(owner, begin).await;
            let (exchange, statements) = match planned {
                Ok(planned) => planned,
                // It may be busy with this very message, sent a moment ago.
                Err(busy @ Error::ConversationBusy { .. }) => {
                    return self.already_sent(owner, &send).await?.ok_or(busy);
                }
                Err(error) => return Err(error),
            };
            let Exchange { user_message, assistant_message } = exchange;
            let asking = prompt::asking(inner, owner, Some(send.conversation_id)).await?;
            let generation = self.draft(generation_id, &assistant_message, &asking);
            let messages = (Some(&user_message), &assistant_message);
            let reserved =
                budget::reservation(inner, owner, &asking, messages, &generation).await?;
            let (id, now) = (user_message.id, user_message.created_at);
            let remember = send.retry.into_iter().flat_map(|retry| retry.remember(owner, id, now));
            let write = Write::new().with_all(remember).with_all(statements);
            let title_from = send.titled_by_model.then(|| user_message.content.clone());
            let draft = Draft {
                message: assistant_message,
                generation: generation.clone(),
                asking,
                // What touches on harm is not put into a name.
                title_from: title_from.filter(|_| screening.tier.is_none()),
                reserved: reserved.clone(),
            };
            match self.begin(owner, draft, write).await {
                Ok(reply) => return Ok(Sent { user_message, generation, reply }),
                Err(Error::Storage(DbError::Guard(guard))) if is_budget_guard(guard) => {
                    if let Err(refused) = self.refusal(owner, reserved).await {
                        // It may be this very message that took the room, sent a moment ago.
                        return self.already_sent(owner, &send).await?.ok_or(refused);
                    }
                }
                // Somebody else wrote here in between: look again what there is now.
                Err(Error::Storage(DbError::Guard("conversations.claim"))) => {}
                Err(Error::Storage(error)) if Retry::is_in_use(&error) => {}
                Err(Error::Storage(DbError::Duplicate(key)))
                    if key == "messages_owner_id_id_key" =>
                {
                    // Sent a moment ago, or lying in the trash.
                    let first = self.already_sent(owner, &send).await?;
                    return first.ok_or(Error::IdTaken);
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::ConversationBusy { generation_id: None })
    }

    /// As [`Self::send`]; where a reply is being written, waits for its end, at most for
    /// `patience`.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_when_free(
        &self,
        owner: Owner,
        send: SendMessage,
        patience: Duration,
    ) -> Result<Sent, Error> {
        let trying = async {
            loop {
                match self.send(owner, send.clone()).await {
                    Err(Error::ConversationBusy { generation_id: Some(id) }) => {
                        match self.attach(owner, id, 0).await {
                            Ok(reply) => drop(reply.end().await),
                            Err(Error::NotFound(_)) => {}
                            Err(error) => return Err(error),
                        }
                        // One that another process is writing has no end here.
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    answer => return answer,
                }
            }
        };
        let answer = tokio::time::timeout(patience, trying).await;
        answer.unwrap_or(Err(Error::ConversationBusy { generation_id: None }))
    }

    /// A generation that is not written yet, of this message.
    fn draft(&self, id: Uuid, message: &Message, asking: &Asking) -> Generation {
        let explicit = message.safety_tier == Some(SafetyTier::Explicit);
        let (engine, model) = if explicit { (CARE, CARE) } else { (asking.engine, &*asking.model) };
        Generation {
            id,
            conversation_id: message.conversation_id,
            message_id: message.id,
            status: MessageStatus::Pending,
            finish_reason: None,
            error_code: None,
            engine: engine.to_owned(),
            model: model.to_owned(),
            usage: None,
            created_at: self.inner.base.clock.now(),
            ended_at: None,
        }
    }

    /// Commits the beginning of a reply and runs its generation; gives the text that is new. Both
    /// are one task: a client that hangs up during the commit must not leave a generation that
    /// nobody runs.
    async fn begin(&self, owner: Owner, draft: Draft, write: Write) -> Result<ReplyReader, Error> {
        let inner = &self.inner;
        let holder = inner.base.instances.id();
        let Draft { message, generation, asking, title_from, reserved } = draft;
        // Last: until the commit, others wait for the totals.
        let reserve = reserved.iter().flat_map(|it| inner.ledger.reserve(owner, it));
        let write = write.with(store::insert(owner, holder, &generation)).with_all(reserve);
        let keeper = inner.base.vault.of(owner)?;
        // Open before its row can be seen: who sends the same message again finds it running.
        let live = inner.hub.open(owner, generation.id, message.content.expose());
        let reply = live.read_from(live.length());
        let inner = Arc::clone(inner);
        let run = run::Run {
            inner,
            holder,
            owner,
            keeper,
            message,
            generation,
            asking,
            title_from,
            reserved,
            live,
        };
        let (told, begun) = oneshot::channel();
        self.inner.base.tasks.spawn(run.begin(write, told));
        begun.await.map_err(|_| DbError::Closed)??;
        Ok(reply)
    }

    /// Why there is no room for a reply; `Ok` when it is to be tried again.
    async fn refusal(&self, owner: Owner, reserved: Option<Reservation>) -> Result<(), Error> {
        match reserved {
            Some(reserved) => self.inner.ledger.refusal(owner, &reserved).await,
            None => Ok(()),
        }
    }

    /// The first send of a message whose key, or whose id, comes again.
    async fn already_sent(&self, owner: Owner, send: &SendMessage) -> Result<Option<Sent>, Error> {
        let inner = &self.inner;
        let by_key = inner.base.created_before(owner, send.retry).await?;
        let Some(id) = by_key.or(send.message_id) else { return Ok(None) };
        let user_message = match inner.conversations.message(owner, id).await {
            Ok(message) => message,
            Err(Error::NotFound(_)) if by_key.is_none() => return Ok(None),
            Err(error) => return Err(error),
        };
        // A key comes with the same request, or is refused; an id may come with another.
        let same = by_key.is_some()
            || user_message.role == Role::User
                && user_message.conversation_id == send.conversation_id
                && user_message.content.expose() == send.text.expose()
                && user_message.attachments.len() == send.attachments.len()
                && send
                    .attachments
                    .iter()
                    .zip(&user_message.attachments)
                    .all(|(a, b)| a.looks_like(b));
        if !same {
            return Err(Error::IdTaken);
        }
        let reply_position = user_message.position + 1;
        let generation = store::find_by_position(
            &self.inner.base.db,
            owner,
            user_message.conversation_id,
            reply_position,
        )
        .await?;
        // Its reply was deleted: there is nothing to attach to, and nothing is sent twice.
        let generation = generation.ok_or(Error::IdTaken)?;
        let reply = self.attach(owner, generation.id, 0).await?;
        Ok(Some(Sent { user_message, generation, reply }))
    }

    /// What a model would be shown of a conversation now, without what is yet to be sent.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn context(&self, owner: Owner, conversation_id: Uuid) -> Result<Context, Error> {
        let inner = &self.inner;
        let conversation = inner.conversations.get(owner, conversation_id).await?;
        let asking = prompt::asking(inner, owner, Some(conversation_id)).await?;
        let place = (conversation_id, i64::MAX);
        let mut context = prompt::plan(inner, owner, &asking, place, (None, None)).await?;
        let read = context.parts.len() - 1 + context.left_out.len();
        context.older_count = conversation.message_count - i64::try_from(read).unwrap_or(0);
        Ok(context)
    }

    /// The models that people may choose from, the usual one first.
    pub fn models(&self) -> Vec<Model> {
        let Inner { engine, context_tokens, .. } = &*self.inner;
        let model = |name: String| Model {
            engine: engine.offers(&name).unwrap_or(engine.name()),
            context_tokens: engine
                .context_tokens(&name)
                .map_or(*context_tokens, |known| known.min(*context_tokens)),
            name,
        };
        engine.models().into_iter().map(model).collect()
    }

    /// A model's name, if people may choose it.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn offered(&self, model: String) -> Result<String, Error> {
        match self.inner.engine.offers(&model) {
            Some(_) => Ok(model),
            None => Err(Error::invalid("model", "must be one of those at /api/v1/models")),
        }
    }

    /// One generation.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, owner: Owner, id: Uuid) -> Result<Generation, Error> {
        let found = store::find(&self.inner.base.db, owner, id).await?;
        found.or_not_found(Resource::Generation)
    }

    /// Reads a reply from byte `after` on, while it is written or afterwards. An offset past the
    /// end of a finished reply gives its end alone, with the whole text.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] when `after` is inside a character.
    pub async fn attach(&self, owner: Owner, id: Uuid, after: usize) -> Result<ReplyReader, Error> {
        let reader = match self.inner.hub.find(owner, id) {
            Some(live) => live.read_from(after),
            None => self.stored(owner, id, after).await?,
        };
        if !reader.is_at_boundary() {
            return Err(Error::invalid("after", "must be an id of an earlier event"));
        }
        Ok(reader)
    }

    /// A reply that is not being written here.
    async fn stored(&self, owner: Owner, id: Uuid, after: usize) -> Result<ReplyReader, Error> {
        let generation = self.get(owner, id).await?;
        let message = self.inner.conversations.message(owner, generation.message_id).await?;
        // It broke off, and another one goes on with its message.
        if let Some(next) = message.generation_id.filter(|next| *next != id)
            && let Some(live) = self.inner.hub.find(owner, next)
        {
            return Ok(live.read_from(after));
        }
        let written = if generation.status.is_final() { message.generation_id } else { Some(id) };
        let running = !generation.status.is_final() || !message.status.is_final();
        let live = match written.filter(|_| running) {
            Some(id) if self.inner.base.instances.is_shared() => {
                return Ok(self.read_along(owner, id, &message, after));
            }
            // It ended here between the two looks, or its process died a moment ago.
            _ if running => Live::ended("", End::Reconnect),
            _ => {
                let text = message.content.clone();
                Live::ended(text.expose(), End::Finished { message: Box::new(message), generation })
            }
        };
        Ok(live.read_from(after))
    }

    /// Stops a generation and closes the connection to its model. The text so far is kept. One
    /// that has ended stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn stop(&self, owner: Owner, id: Uuid) -> Result<Generation, Error> {
        if let Some(live) = self.inner.hub.find(owner, id) {
            live.stop();
            let ended = live.wait_for_end();
            if tokio::time::timeout(STOP_PATIENCE, ended).await.is_err() {
                return Err(DbError::Busy.into());
            }
        }
        let generation = self.get(owner, id).await?;
        if generation.status.is_final() || !self.inner.base.instances.is_shared() {
            return Ok(generation);
        }
        self.stop_elsewhere(owner, id).await?;
        self.get(owner, id).await
    }

    /// Stops whatever is running in a conversation, so that it can be changed as a whole.
    pub(crate) async fn stop_in(&self, owner: Owner, conversation_id: Uuid) -> Result<(), Error> {
        let conversation = self.inner.conversations.get(owner, conversation_id).await?;
        match conversation.active_generation_id {
            Some(id) => self.stop(owner, id).await.map(drop),
            None => Ok(()),
        }
    }

    /// Stops everything that runs for an owner.
    pub(crate) async fn stop_all(&self, owner: Owner) -> Result<(), Error> {
        if self.inner.base.instances.is_shared() {
            self.stop_all_elsewhere(owner).await?;
        }
        for id in self.inner.hub.of_owner(owner) {
            match self.stop(owner, id).await {
                Ok(_) | Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Marks what an earlier process left behind as `interrupted`, with the text it had. Returns
    /// how many there were. One that cannot be marked keeps no other from it.
    ///
    /// # Errors
    /// Why the first of them was not marked.
    pub async fn sweep(&self) -> Result<usize, Error> {
        let mut swept = 0;
        loop {
            let left = store::left_behind(&self.inner.base.db).await?;
            if left.is_empty() {
                return Ok(swept);
            }
            let mut failed = None;
            for orphan in left {
                match run::interrupt(&self.inner, orphan).await {
                    Ok(()) => swept += 1,
                    Err(error) => drop(failed.get_or_insert(error)),
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
    }
}
