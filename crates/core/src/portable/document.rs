//! The document: what its items are, and reading one of any size item by item.

use std::{fmt, io};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
    },
};
use uuid::Uuid;

use crate::base::Time;

/// What the document says it is.
pub(super) const FORMAT: &str = "serene-export";

/// Raised when an older Serene could not read what a newer one wrote.
pub(super) const VERSION: u32 = 1;

/// The lists of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Conversations, without their messages.
    Conversation,
    /// Messages, with what came with them.
    Message,
    /// Journal entries.
    Entry,
    /// What models were called for.
    Usage,
}

impl Kind {
    /// All of them, in the order in which they stand.
    pub const ALL: [Self; 4] = [Self::Conversation, Self::Message, Self::Entry, Self::Usage];

    /// The list's name.
    pub const fn list(self) -> &'static str {
        match self {
            Self::Conversation => "conversations",
            Self::Message => "messages",
            Self::Entry => "entries",
            Self::Usage => "usage",
        }
    }
}

/// A time as it stands in the document: RFC 3339.
#[derive(Clone, Copy)]
pub(super) struct At(pub(super) Time);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let parsed = text.parse::<jiff::Timestamp>();
        let time = parsed.map_err(|_| D::Error::custom("a time is not in RFC 3339"))?;
        Ok(Self(Time::from_micros(time.as_microsecond())))
    }
}

/// The account. Further fields may come: they are passed over.
#[derive(Serialize, Deserialize)]
pub struct UserItem {
    pub(super) id: Uuid,
    pub(super) username: Option<String>,
    pub(super) email: Option<String>,
    pub(super) time_zone: Option<String>,
    pub(super) country: Option<String>,
    pub(super) language: Option<String>,
    /// Documents of earlier versions have none.
    #[serde(default)]
    pub(super) preferences: Option<PreferencesItem>,
    pub(super) created_at: At,
}

/// How somebody wants to be spoken to; what was never said is not there.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PreferencesItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) instruction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) personality: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address_style: Option<String>,
}

/// A conversation.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversationItem {
    pub(super) id: Uuid,
    pub(super) kind: String,
    pub(super) title: Option<String>,
    /// Documents of earlier versions have none.
    #[serde(default)]
    pub(super) summary: Option<String>,
    pub(super) pinned_at: Option<At>,
    pub(super) archived_at: Option<At>,
    pub(super) ended_at: Option<At>,
    pub(super) deleted_at: Option<At>,
    /// What counts here alone; documents of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) preferences: Option<PreferencesItem>,
    pub(super) created_at: At,
    pub(super) updated_at: At,
}

/// A message.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageItem {
    pub(super) id: Uuid,
    pub(super) conversation_id: Uuid,
    pub(super) position: i64,
    pub(super) version: i64,
    pub(super) shown: bool,
    pub(super) role: String,
    pub(super) status: String,
    pub(super) content: String,
    pub(super) error_code: Option<String>,
    pub(super) safety_level: Option<String>,
    pub(super) engine: Option<String>,
    pub(super) model: Option<String>,
    pub(super) attachments: Vec<AttachmentItem>,
    pub(super) created_at: At,
    pub(super) updated_at: At,
}

/// An image.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttachmentItem {
    pub(super) id: Uuid,
    /// A `data:` URL, as it is sent.
    pub(super) data_url: String,
}

/// A journal entry.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryItem {
    pub(super) id: Uuid,
    pub(super) day: String,
    pub(super) mood: String,
    pub(super) tags: Vec<String>,
    pub(super) note: String,
    pub(super) ai_status: String,
    pub(super) ai_response: Option<String>,
    pub(super) ai_error_code: Option<String>,
    pub(super) safety_level: Option<String>,
    pub(super) written_at: At,
    pub(super) created_at: At,
    pub(super) updated_at: At,
}

/// A call of a model.
#[derive(Serialize)]
pub(super) struct UsageItem<'a> {
    pub(super) id: Uuid,
    pub(super) purpose: &'a str,
    pub(super) generation_id: Option<Uuid>,
    pub(super) entry_id: Option<Uuid>,
    pub(super) status: &'a str,
    pub(super) engine: &'a str,
    pub(super) model: &'a str,
    pub(super) prompt_tokens: u32,
    pub(super) completion_tokens: u32,
    pub(super) cached_tokens: u32,
    pub(super) estimated: bool,
    pub(super) cost_nanos: i64,
    pub(super) created_at: At,
}

/// One thing that stands in a document.
pub enum Item {
    /// Whose it was.
    User(Box<UserItem>),
    /// A conversation.
    Conversation(Box<ConversationItem>),
    /// A message.
    Message(Box<MessageItem>),
    /// An entry.
    Entry(Box<EntryItem>),
    /// What another server charged for: it is not charged again here.
    Usage,
    /// Something that is not what its list holds; the reason names no text.
    Unreadable(Kind, String),
}

impl Item {
    /// The list it stands in; none for the account.
    pub(super) const fn kind(&self) -> Option<Kind> {
        match self {
            Self::User(_) => None,
            Self::Conversation(_) => Some(Kind::Conversation),
            Self::Message(_) => Some(Kind::Message),
            Self::Entry(_) => Some(Kind::Entry),
            Self::Usage => Some(Kind::Usage),
            Self::Unreadable(kind, _) => Some(*kind),
        }
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Item([redacted])")
    }
}

/// Reads a document, giving each item away as soon as it is read. Stops when `give` returns false.
///
/// # Errors
/// When the file cannot be read or is no such document. What was given away before stays given.
pub fn read(from: impl io::Read, give: &mut dyn FnMut(Item) -> bool) -> Result<(), String> {
    let mut document = serde_json::Deserializer::from_reader(io::BufReader::new(from));
    let mut reader = Reader { give, stopped: false };
    let result = document.deserialize_map(Root(&mut reader)).and_then(|()| document.end());
    if reader.stopped {
        return Ok(());
    }
    result.map_err(|error| error.to_string())
}

struct Reader<'g> {
    give: &'g mut dyn FnMut(Item) -> bool,
    stopped: bool,
}

impl Reader<'_> {
    fn give<E: serde::de::Error>(&mut self, item: Item) -> Result<(), E> {
        self.stopped = !(self.give)(item);
        if self.stopped { Err(E::custom("stopped")) } else { Ok(()) }
    }
}

struct Root<'r, 'g>(&'r mut Reader<'g>);

impl<'de> Visitor<'de> for Root<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an export of Serene")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let none = "this is no export of Serene: it must have \"format\": \"serene-export\"";
        // Wherever it stands: tools that rewrite JSON sort the names.
        let mut is_one = false;
        while let Some(key) = map.next_key::<String>()? {
            if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.list() == key) {
                map.next_value_seed(List { reader: &mut *self.0, kind })?;
                continue;
            }
            match key.as_str() {
                "format" if map.next_value::<String>()? == FORMAT => is_one = true,
                "format" => return Err(A::Error::custom(none)),
                "version" => {
                    let version: u32 = map.next_value()?;
                    if version > VERSION {
                        let text = format!("version {version} was written by a newer Serene");
                        return Err(A::Error::custom(text));
                    }
                }
                "user" => {
                    let user: Box<UserItem> = map.next_value()?;
                    self.0.give(Item::User(user))?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if is_one { Ok(()) } else { Err(A::Error::custom(none)) }
    }
}

struct List<'r, 'g> {
    reader: &'r mut Reader<'g>,
    kind: Kind,
}

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {}", self.kind.list())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        // First as any JSON: an item that is not what it should be must not end the reading.
        while let Some(value) = seq.next_element::<serde_json::Value>()? {
            let item = match self.kind {
                Kind::Conversation => typed(value).map(Item::Conversation),
                Kind::Message => typed(value).map(Item::Message),
                Kind::Entry => typed(value).map(Item::Entry),
                Kind::Usage => Ok(Item::Usage),
            };
            self.reader.give(item.unwrap_or_else(|why| Item::Unreadable(self.kind, why)))?;
        }
        Ok(())
    }
}

/// The item, or why it is none. Serde's own words would quote what stands there.
fn typed<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, String> {
    let id = value.get("id").and_then(|id| id.as_str()?.parse::<Uuid>().ok());
    serde_json::from_value(value).map_err(|error| {
        let text = error.to_string();
        let known = ["missing field", "unknown field", "duplicate field"];
        let why = if known.iter().any(|known| text.starts_with(known)) {
            text
        } else {
            "a field has the wrong type".to_owned()
        };
        id.map_or_else(|| format!("without an id: {why}"), |id| format!("{id}: {why}"))
    })
}
