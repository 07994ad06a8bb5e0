//! Writing the document, page by page, into a channel that holds little: whoever reads slowly is
//! waited for, and costs no memory.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Serialize;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::document::{
    At, AttachmentItem, ConversationItem, EntryItem, FORMAT, Kind, MessageItem, PreferencesItem,
    UsageItem, UserItem, VERSION,
};
use crate::{
    Serene,
    accounts::{AddressStyle, Caller, Personality, Preferences, Temperature},
    base::{Cursor, Error, Private},
    conversations::{Attachment, Conversation, Message, SafetyTier, preferences},
    journal::Entry,
    usage::KeptRecord,
};

/// Pieces of the document on their way.
pub type Pieces = mpsc::Receiver<Result<Bytes, Error>>;

/// How much is gathered before it is sent on, and how many such pieces wait to be read.
const PIECE_BYTES: usize = 64 * 1024;
const PIECES: usize = 2;

/// Begins to write everything of the caller's. After an error nothing more comes, and the document
/// is not whole. Dropping the receiver ends it.
pub fn export(serene: &std::sync::Arc<Serene>, caller: &Caller) -> Pieces {
    let (to, pieces) = mpsc::channel(PIECES);
    let (serene, caller) = (std::sync::Arc::clone(serene), caller.clone());
    let tasks = serene.base().tasks.clone();
    tasks.spawn(async move {
        let mut document = Document { to, buffer: Vec::new(), first: true };
        let written = tokio::select! {
            written = write(&serene, &caller, &mut document) => written,
            () = serene.base().tasks.stopping().cancelled() => {
                Err(Stopped::Failed(Error::ShuttingDown))
            }
        };
        if let Err(Stopped::Failed(error)) = written {
            tracing::warn!(owner = %caller.owner.id(), %error, "an export was cut off: {error}");
            // Nobody may be reading any more.
            let _ = document.to.send(Err(error)).await;
        }
    });
    pieces
}

/// Why the writing ended early.
enum Stopped {
    /// Nobody reads any more.
    Left,
    Failed(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

struct Document {
    to: mpsc::Sender<Result<Bytes, Error>>,
    buffer: Vec<u8>,
    /// Whether the next item is the first of its list.
    first: bool,
}

impl Document {
    async fn text(&mut self, text: &str) -> Result<(), Stopped> {
        self.buffer.extend_from_slice(text.as_bytes());
        if self.buffer.len() < PIECE_BYTES {
            return Ok(());
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), Stopped> {
        let piece = Bytes::from(std::mem::take(&mut self.buffer));
        self.to.send(Ok(piece)).await.map_err(|_| Stopped::Left)
    }

    async fn begin(&mut self, kind: Kind) -> Result<(), Stopped> {
        self.first = true;
        self.text(&format!(",\n\"{}\": [", kind.list())).await
    }

    /// Each item on a line of its own, so that people can look into it.
    async fn item(&mut self, item: &impl Serialize) -> Result<(), Stopped> {
        let json = serde_json::to_string(item).expect("text, numbers and times are JSON");
        let before = if std::mem::take(&mut self.first) { "\n" } else { ",\n" };
        self.text(before).await?;
        self.text(&json).await
    }
}

async fn write(serene: &Serene, caller: &Caller, to: &mut Document) -> Result<(), Stopped> {
    let (owner, user) = (caller.owner, &caller.user);
    let now = serene.base().clock.now();
    let user = UserItem {
        id: user.id,
        username: user.username.clone(),
        email: user.email.clone(),
        time_zone: user.time_zone.clone(),
        country: user.country.map(|country| country.as_str().to_owned()),
        language: user.language.map(|language| language.as_str().to_owned()),
        preferences: preferences_item(serene.accounts.preferences(owner).await?),
        created_at: At(user.created_at),
    };
    let user = serde_json::to_string(&user).expect("text and times are JSON");
    to.text(&format!(
        "{{\"format\": \"{FORMAT}\",\n\"version\": {VERSION},\n\"exported_at\": \"{now}\",\n\"user\": {user}"
    ))
    .await?;

    to.begin(Kind::Conversation).await?;
    let mut after = 0;
    loop {
        let page = serene.conversations.all_after(owner, after).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for conversation in page {
            let here = preferences::read(serene.base(), owner, conversation.id).await?;
            to.item(&conversation_item(conversation, here)).await?;
        }
    }
    to.text("]").await?;

    to.begin(Kind::Message).await?;
    let mut after = 0;
    loop {
        let page = serene.conversations.all_messages_after(owner, after).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for message in page {
            let attachments = match message.attachments.len() {
                0 => Vec::new(),
                _ => serene.conversations.attachments_of(owner, message.id).await?,
            };
            to.item(&message_item(message, attachments)).await?;
        }
    }
    to.text("]").await?;

    to.begin(Kind::Entry).await?;
    let mut cursor = None;
    loop {
        let page = serene.journal.scan(owner, cursor).await?;
        let Some(last) = page.last() else { break };
        cursor = Some(Cursor { number: last.written_at.as_micros(), id: last.id });
        for entry in page {
            to.item(&entry_item(entry)).await?;
        }
    }
    to.text("]").await?;

    to.begin(Kind::Usage).await?;
    let mut after = Uuid::nil();
    loop {
        let page = serene.ledger.all_after(owner, after).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for record in &page {
            to.item(&usage_item(record)).await?;
        }
    }
    to.text("]}\n").await?;
    to.flush().await
}

/// Nothing where nothing was said.
fn preferences_item(preferences: Preferences) -> Option<PreferencesItem> {
    (preferences != Preferences::default()).then(|| PreferencesItem {
        model: preferences.model,
        temperature: preferences.temperature.map(Temperature::value),
        max_tokens: preferences.max_tokens,
        instruction: preferences.instruction.map(|wish| wish.expose().to_owned()),
        personality: preferences.personality.map(|it| Personality::as_str(it).to_owned()),
        address_style: preferences.address_style.map(|it| AddressStyle::as_str(it).to_owned()),
    })
}

fn conversation_item(conversation: Conversation, here: Preferences) -> ConversationItem {
    ConversationItem {
        id: conversation.id,
        kind: conversation.kind.as_str().to_owned(),
        title: conversation.title.map(Private::into_exposed),
        summary: conversation.summary.map(Private::into_exposed),
        pinned_at: conversation.pinned_at.map(At),
        archived_at: conversation.archived_at.map(At),
        ended_at: conversation.ended_at.map(At),
        deleted_at: conversation.deleted_at.map(At),
        preferences: preferences_item(here),
        created_at: At(conversation.created_at),
        updated_at: At(conversation.updated_at),
    }
}

fn message_item(message: Message, attachments: Vec<Attachment>) -> MessageItem {
    let attachment_item = |attachment: Attachment| AttachmentItem {
        id: attachment.info.id,
        data_url: format!(
            "data:{};base64,{}",
            attachment.info.media_type.as_str(),
            STANDARD.encode(&attachment.data)
        ),
    };
    MessageItem {
        id: message.id,
        conversation_id: message.conversation_id,
        position: message.position,
        version: message.version,
        shown: message.shown,
        role: message.role.as_str().to_owned(),
        status: message.status.as_str().to_owned(),
        content: message.content.into_exposed(),
        error_code: message.error_code,
        safety_level: level(message.safety_tier),
        engine: message.engine,
        model: message.model,
        attachments: attachments.into_iter().map(attachment_item).collect(),
        created_at: At(message.created_at),
        updated_at: At(message.updated_at),
    }
}

fn entry_item(entry: Entry) -> EntryItem {
    EntryItem {
        id: entry.id,
        day: entry.day,
        mood: entry.mood,
        tags: entry.tags.into_iter().map(Private::into_exposed).collect(),
        note: entry.note.into_exposed(),
        ai_status: entry.ai_status.as_str().to_owned(),
        ai_response: entry.ai_response.map(Private::into_exposed),
        ai_error_code: entry.ai_error_code,
        safety_level: level(entry.safety_tier),
        written_at: At(entry.written_at),
        created_at: At(entry.created_at),
        updated_at: At(entry.updated_at),
    }
}

fn usage_item(record: &KeptRecord) -> UsageItem<'_> {
    UsageItem {
        id: record.id,
        purpose: &record.purpose,
        generation_id: record.generation_id,
        entry_id: record.entry_id,
        status: &record.status,
        engine: &record.engine,
        model: &record.model,
        prompt_tokens: record.tokens.prompt_tokens,
        completion_tokens: record.tokens.completion_tokens,
        cached_tokens: record.tokens.cached_tokens,
        estimated: record.tokens.estimated,
        cost_nanos: record.cost_nanos,
        created_at: At(record.created_at),
    }
}

fn level(tier: Option<SafetyTier>) -> Option<String> {
    tier.map(|tier| tier.name().to_owned())
}
