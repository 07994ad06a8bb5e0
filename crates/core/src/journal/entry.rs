//! What an entry is, and what may stand in it.

use serene_care::{note::note_length, screen::Tier as SafetyTier};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::base::{Cursor, Error, PageSize, Private, Retry, Time, Zone, limits};

/// How far the answer to an entry has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AiStatus {
    /// The entry is on disk and the answer is being written.
    Pending,
    /// Answered.
    Complete,
    /// The crisis screen answered with the fixed sentence; no model was asked.
    Care,
    /// The note is no text that could be answered; no model was asked.
    Skipped,
    /// The model failed; the entry is kept without an answer.
    Failed,
}

impl AiStatus {
    const ALL: [Self; 5] = [Self::Pending, Self::Complete, Self::Care, Self::Skipped, Self::Failed];

    /// The word that is stored and printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Complete => "complete",
            Self::Care => "care",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }

    /// The variant of a stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// A journal entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// The day it was written, in its writer's zone then: `YYYY-MM-DD`.
    pub day: String,
    /// How its writer felt, in their own word.
    pub mood: String,
    /// What it is about, in their own words.
    pub tags: Vec<Private>,
    /// What was written.
    pub note: Private,
    /// How far the answer has come.
    pub ai_status: AiStatus,
    /// The answer.
    pub ai_response: Option<Private>,
    /// How the model failed.
    pub ai_error_code: Option<String>,
    /// What the crisis screen found.
    pub safety_tier: Option<SafetyTier>,
    /// Counts the changes of the note, so that a late answer to an old one is not stored.
    pub revision: i64,
    /// When it was written: entries are sorted by it.
    pub written_at: Time,
    /// When it was stored.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// A mood: any word, trimmed; counted without regard to case and width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mood {
    shown: String,
    folded: String,
}

impl Mood {
    /// # Errors
    /// [`Error::Invalid`] when it is blank, too long, or holds control characters.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let shown = bounded("mood", text, limits::MAX_MOOD_CHARS)?;
        let folded: String = shown.nfkc().flat_map(char::to_lowercase).collect();
        Ok(Self { folded: folded.chars().take(limits::MAX_MOOD_CHARS * 2).collect(), shown })
    }

    /// As it was written.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// As it is counted.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

/// The tags of an entry: trimmed, each once.
///
/// # Errors
/// [`Error::Invalid`] when there are too many, or one is blank, too long, or holds control
/// characters.
pub fn parse_tags(tags: &[String]) -> Result<Vec<Private>, Error> {
    if tags.len() > limits::MAX_TAGS {
        let most = limits::MAX_TAGS;
        return Err(Error::invalid("tags", format!("must be at most {most}")));
    }
    let mut parsed: Vec<Private> = Vec::with_capacity(tags.len());
    for tag in tags {
        let tag = Private::new(bounded("tags", tag, limits::MAX_TAG_CHARS)?);
        if !parsed.contains(&tag) {
            parsed.push(tag);
        }
    }
    Ok(parsed)
}

fn bounded(field: &'static str, text: &str, most: usize) -> Result<String, Error> {
    // The whole text is at most so long, as the OpenAPI document says it.
    if text.chars().count() > most {
        return Err(Error::invalid(field, format!("must have at most {most} characters")));
    }
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::invalid(field, "must not be empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(field, "must not contain control characters"));
    }
    Ok(text.to_owned())
}

/// What is written in an entry.
#[derive(Clone)]
pub struct Note(Private);

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Note([redacted])")
    }
}

impl Note {
    /// # Errors
    /// [`Error::NoteTooShort`], which says what the crisis screen found all the same;
    /// [`Error::Invalid`] when it is too long or has a NUL.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.contains('\0') {
            return Err(Error::invalid("note", "must not contain a NUL character"));
        }
        if text.chars().count() > limits::MAX_NOTE_CHARS {
            let most = limits::MAX_NOTE_CHARS;
            return Err(Error::invalid("note", format!("must have at most {most} characters")));
        }
        if note_length(text) < serene_care::note::MIN_NOTE_CHARS {
            return Err(Error::NoteTooShort { safety_tier: super::vibe::crisis(text) });
        }
        Ok(Self(Private::new(text)))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    pub(crate) fn into_private(self) -> Private {
        self.0
    }
}

/// What an entry begins with.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// The client's own id: creating it again returns the one that is there.
    pub id: Option<Uuid>,
    /// How its writer feels.
    pub mood: Mood,
    /// What it is about.
    pub tags: Vec<Private>,
    /// What they write.
    pub note: Note,
    /// When it was written; now when `None`.
    pub written_at: Option<Time>,
    /// The zone that decides its day; UTC when `None`.
    pub time_zone: Option<Zone>,
    /// The client's key for this request.
    pub retry: Option<Retry>,
}

/// What to change; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct EntryChanges {
    /// Another mood.
    pub mood: Option<Mood>,
    /// Other tags.
    pub tags: Option<Vec<Private>>,
    /// Another note: it is answered anew if it really is another.
    pub note: Option<Note>,
}

/// Which entries.
#[derive(Clone, Debug)]
pub struct ListEntries {
    /// The first moment, included.
    pub from: Option<Time>,
    /// The last moment, included.
    pub to: Option<Time>,
    /// With this mood only.
    pub mood: Option<Mood>,
    /// With this tag only.
    pub tag: Option<Private>,
    /// Where the page starts.
    pub cursor: Option<Cursor>,
    /// How long it is.
    pub size: PageSize,
}
