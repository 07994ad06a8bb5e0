//! Taking a document in, item by item. What is there already is left as it is, so a document can be
//! read again after it was cut off; what cannot be taken is reported with the reason.

use futures_util::future::join_all;
use serene_care::{
    note::MIN_NOTE_CHARS,
    screen::{Surface, screen},
};
use uuid::Uuid;

use super::document::{
    ConversationItem, EntryItem, Item, Kind, MessageItem, PreferencesItem, UserItem,
};
use crate::{
    Serene,
    accounts::{
        Preferences, Temperature, UserChanges, Wish, address_style, personality, reply_tokens,
    },
    base::{Country, Error, Language, MessageText, Owner, Private, Title, Zone, limits},
    conversations::{
        Conversation, Kind as ConversationKind, Message, MessageStatus, NewAttachment, Role,
        SafetyTier, safety_tier_of,
    },
    journal::{AiStatus, Entry, Mood, Note, parse_tags},
};

/// How many reasons are kept of each kind.
const MOST_REASONS: usize = 20;

/// The summary of a conversation has two or three sentences.
const MAX_SUMMARY_BYTES: usize = 16 * 1024;

/// What became of the items of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// New here, and stored.
    pub taken: u64,
    /// There already, and left as it is.
    pub had: u64,
    /// Passed over, because it has no meaning here.
    pub passed_over: u64,
    /// Not stored.
    pub refused: u64,
    /// Why, of the first few that were refused. They name ids, never text.
    pub reasons: Vec<String>,
}

/// What became of everything in a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// By kind, in the order of [`Kind::ALL`].
    pub tallies: [Tally; 4],
    /// What of the account was set here, because it was not: zone, country, language,
    /// preferences.
    pub set: Vec<&'static str>,
}

impl Report {
    fn of(&mut self, kind: Kind) -> &mut Tally {
        let at = Kind::ALL.into_iter().position(|one| one == kind).unwrap_or(0);
        &mut self.tallies[at]
    }
}

/// Takes items into an owner's account.
#[derive(Debug)]
pub struct Importer<'s> {
    serene: &'s Serene,
    owner: Owner,
    report: Report,
}

/// What became of one item.
enum Became {
    Taken,
    Had,
    PassedOver,
    Unreadable(String),
}

/// Which item it was: its list and its id.
type Label = (Kind, Uuid);

impl<'s> Importer<'s> {
    /// Into this owner's account.
    pub fn new(serene: &'s Serene, owner: Owner) -> Self {
        Self { serene, owner, report: Report::default() }
    }

    /// What has become of it all.
    pub fn report(self) -> Report {
        self.report
    }

    /// Takes items, in the order of the document. Those of one list are stored together: many
    /// writes share one commit.
    ///
    /// # Errors
    /// When storage fails: what was taken before is stored, and the document can be read again.
    pub async fn take(&mut self, items: Vec<Item>) -> Result<(), Error> {
        let mut items = items.into_iter().peekable();
        while let Some(first) = items.next() {
            if let Item::User(user) = &first {
                self.profile(user).await?;
                continue;
            }
            let kind = first.kind();
            let mut run = vec![first];
            while let Some(next) = items.next_if(|next| next.kind() == kind) {
                run.push(next);
            }
            let stored = join_all(run.into_iter().map(|item| self.store(item))).await;
            for (label, became) in stored {
                self.note(label, became)?;
            }
        }
        Ok(())
    }

    /// Stores one item, and says which it was.
    async fn store(&self, item: Item) -> (Label, Result<Became, Error>) {
        match item {
            Item::Conversation(item) => {
                ((Kind::Conversation, item.id), self.conversation(*item).await)
            }
            Item::Message(item) => ((Kind::Message, item.id), self.message(*item).await),
            Item::Entry(item) => ((Kind::Entry, item.id), self.entry(*item).await),
            Item::User(_) | Item::Usage => ((Kind::Usage, Uuid::nil()), Ok(Became::PassedOver)),
            Item::Unreadable(kind, why) => ((kind, Uuid::nil()), Ok(Became::Unreadable(why))),
        }
    }

    fn note(&mut self, (kind, id): Label, became: Result<Became, Error>) -> Result<(), Error> {
        match became {
            Ok(Became::Taken) => self.report.of(kind).taken += 1,
            Ok(Became::Had) => self.report.of(kind).had += 1,
            Ok(Became::PassedOver) => self.report.of(kind).passed_over += 1,
            Ok(Became::Unreadable(why)) => self.refuse(kind, why),
            Err(Error::Invalid { field, message }) => {
                self.refuse(kind, format!("{id}: {field} {message}"));
            }
            Err(Error::NoteTooShort { .. }) => {
                let least = MIN_NOTE_CHARS;
                self.refuse(kind, format!("{id}: the note has fewer than {least} characters"));
            }
            Err(Error::NotFound(_)) => {
                self.refuse(kind, format!("{id}: its conversation is missing"));
            }
            Err(Error::IdTaken) => {
                self.refuse(kind, format!("{id}: another message stands in its place"));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn refuse(&mut self, kind: Kind, why: String) {
        let tally = self.report.of(kind);
        tally.refused += 1;
        if tally.reasons.len() < MOST_REASONS {
            tally.reasons.push(why);
        }
    }

    /// What is not set here is set as it was there. Names stay: they may belong to others here.
    async fn profile(&mut self, user: &UserItem) -> Result<(), Error> {
        let here = self.serene.accounts.user(self.owner).await?;
        let mut changes = UserChanges::default();
        let read = |text: &Option<String>| text.clone().unwrap_or_default();
        if here.time_zone.is_none() {
            changes.time_zone = Zone::parse(&read(&user.time_zone)).ok();
        }
        if here.country.is_none() {
            changes.country = Country::parse(&read(&user.country)).ok();
        }
        if here.language.is_none() {
            changes.language = Language::parse(&read(&user.language)).ok();
        }
        let brought = wishes(user.preferences.as_ref());
        let said = self.serene.accounts.preferences(self.owner).await?;
        let all = said.clone().or(brought);
        let set = [
            ("time_zone", changes.time_zone.is_some()),
            ("country", changes.country.is_some()),
            ("language", changes.language.is_some()),
            ("preferences", all != said),
        ];
        self.report.set = set.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
        if changes != UserChanges::default() {
            self.serene.accounts.change_user(self.owner, changes).await?;
        }
        if all != said {
            self.serene.accounts.set_preferences(self.owner, all).await?;
        }
        Ok(())
    }

    async fn conversation(&self, item: ConversationItem) -> Result<Became, Error> {
        let title = item.title.as_deref().map(Title::parse).transpose()?;
        let conversation = Conversation {
            id: item.id,
            number: 0,
            kind: known("kind", ConversationKind::from_word(&item.kind))?,
            title: title.map(|title| Private::new(title.expose())),
            summary: short("summary", item.summary, MAX_SUMMARY_BYTES)?.map(Private::new),
            pinned_at: item.pinned_at.map(|at| at.0),
            archived_at: item.archived_at.map(|at| at.0),
            ended_at: item.ended_at.map(|at| at.0),
            deleted_at: item.deleted_at.map(|at| at.0),
            active_generation_id: None,
            message_count: 0,
            created_at: item.created_at.0,
            updated_at: item.updated_at.0,
        };
        let here = wishes(item.preferences.as_ref());
        became(self.serene.conversations.adopt(self.owner, conversation, &here).await)
    }

    async fn message(&self, item: MessageItem) -> Result<Became, Error> {
        let role = known("role", Role::from_word(&item.role))?;
        let status = known("status", MessageStatus::from_word(&item.status))?;
        if !(1..=i64::from(u32::MAX)).contains(&item.position)
            || !(1..=i64::from(u32::MAX)).contains(&item.version)
        {
            return Err(Error::invalid("position", "or version is out of bounds"));
        }
        let mut safety_tier = tier(item.safety_level.as_deref())?;
        match role {
            Role::User => {
                MessageText::parse("content", &item.content)?;
                safety_tier = safety_tier.max(screen(&item.content, Surface::Chat).tier);
            }
            Role::Assistant => {
                within("content", &item.content, limits::MAX_REPLY_BYTES)?;
            }
        }
        let images = item
            .attachments
            .iter()
            .map(|image| Ok((image.id, NewAttachment::from_data_url(&image.data_url)?)));
        let images: Vec<(Uuid, NewAttachment)> = images.collect::<Result<_, Error>>()?;
        if images.len() > limits::MAX_ATTACHMENTS {
            return Err(Error::invalid("attachments", "are too many"));
        }
        let message = Message {
            id: item.id,
            number: 0,
            conversation_id: item.conversation_id,
            position: item.position,
            version: item.version,
            version_count: item.version,
            shown: item.shown,
            role,
            // Nobody writes it any more.
            status: if status.is_final() { status } else { MessageStatus::Interrupted },
            content: Private::new(item.content),
            error_code: short("error_code", item.error_code, 64)?,
            safety_tier,
            generation_id: None,
            engine: short("engine", item.engine, 32)?,
            model: short("model", item.model, 255)?,
            attachments: Vec::new(),
            created_at: item.created_at.0,
            updated_at: item.updated_at.0,
        };
        became(self.serene.conversations.adopt_message(self.owner, message, images).await)
    }

    async fn entry(&self, item: EntryItem) -> Result<Became, Error> {
        let mood = Mood::parse(&item.mood)?;
        let note = Note::parse(&item.note)?;
        let day = item.day.parse::<jiff::civil::Date>();
        let day = day.map_err(|_| Error::invalid("day", "must be a day, as 2026-02-03"))?;
        if let Some(response) = &item.ai_response {
            within("ai_response", response, limits::MAX_REPLY_BYTES)?;
        }
        let safety_tier = tier(item.safety_level.as_deref())?;
        let entry = Entry {
            id: item.id,
            day: day.to_string(),
            mood: mood.shown().to_owned(),
            tags: parse_tags(&item.tags)?,
            safety_tier: safety_tier.max(screen(note.expose(), Surface::Entry).tier),
            note: note.into_private(),
            ai_status: known("ai_status", AiStatus::from_word(&item.ai_status))?,
            ai_response: item.ai_response.map(Private::new),
            ai_error_code: short("ai_error_code", item.ai_error_code, 64)?,
            revision: 1,
            written_at: item.written_at.0,
            created_at: item.created_at.0,
            updated_at: item.updated_at.0,
        };
        became(self.serene.journal.adopt(self.owner, entry, &mood).await)
    }
}

/// What of a document's preferences can be kept. No conversation is refused for the rest.
fn wishes(item: Option<&PreferencesItem>) -> Preferences {
    let Some(item) = item else { return Preferences::default() };
    let is_name = |name: &&String| within("model", name, limits::MAX_MODEL_CHARS).is_ok();
    let wish = item.instruction.as_deref().map(Wish::parse);
    Preferences {
        model: item.model.as_ref().filter(is_name).cloned(),
        temperature: item.temperature.and_then(|value| Temperature::new(value).ok()),
        max_tokens: item.max_tokens.and_then(|number| reply_tokens(number).ok()),
        instruction: wish.and_then(Result::ok),
        personality: item.personality.as_deref().and_then(|word| personality(word).ok()),
        address_style: item.address_style.as_deref().and_then(|word| address_style(word).ok()),
    }
}

fn became(adopted: Result<bool, Error>) -> Result<Became, Error> {
    adopted.map(|is_new| if is_new { Became::Taken } else { Became::Had })
}

fn known<T>(field: &'static str, found: Option<T>) -> Result<T, Error> {
    found.ok_or_else(|| Error::invalid(field, "is not known here"))
}

fn tier(word: Option<&str>) -> Result<Option<SafetyTier>, Error> {
    let tier = word.map(safety_tier_of).transpose();
    tier.map_err(|_| Error::invalid("safety_level", "is not known here"))
}

fn within(field: &'static str, text: &str, most_bytes: usize) -> Result<(), Error> {
    if text.len() > most_bytes {
        return Err(Error::invalid(field, "is too long"));
    }
    if text.contains('\0') {
        return Err(Error::invalid(field, "must not contain a NUL character"));
    }
    Ok(())
}

fn short(field: &'static str, text: Option<String>, most: usize) -> Result<Option<String>, Error> {
    if let Some(text) = &text {
        within(field, text, most)?;
    }
    Ok(text)
}
