//! Search over what an owner wrote, by reading it: private text may be sealed, so no index of words
//! is kept. Newest first, page by page; others go on in between.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use uuid::Uuid;

use crate::{
    base::{Cursor, Error, Owner, Page, PageSize, Private, limits},
    conversations::{Conversations, Message},
    journal::{Entry, Journal},
};

/// What to look for: every word, and every phrase in quotation marks, in any order. Case, width and
/// marks do not count.
#[derive(Clone)]
pub struct Wanted {
    /// Folded.
    parts: Vec<String>,
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wanted([redacted])")
    }
}

impl Wanted {
    /// # Errors
    /// [`Error::Invalid`] when nothing is left to look for, or it is too long.
    pub fn parse(query: &str) -> Result<Self, Error> {
        const FIELD: &str = "q";
        if query.chars().count() > limits::MAX_QUERY_CHARS {
            let most = limits::MAX_QUERY_CHARS;
            return Err(Error::invalid(FIELD, format!("must have at most {most} characters")));
        }
        if query.contains('\0') {
            return Err(Error::invalid(FIELD, "must not contain a NUL character"));
        }
        let mut parts = Vec::new();
        // Between two quotation marks stands a phrase: every second piece.
        for (index, piece) in query.split('"').enumerate() {
            let folded = fold(piece);
            if index % 2 == 1 {
                parts.push(folded.trim().to_owned());
            } else {
                parts.extend(folded.split_whitespace().map(str::to_owned));
            }
        }
        parts.retain(|part| !part.is_empty());
        if parts.is_empty() {
            return Err(Error::invalid(FIELD, "must not be empty"));
        }
        Ok(Self { parts })
    }

    /// Whether these texts together have every part.
    fn is_in<'t>(&self, texts: impl Iterator<Item = &'t str>) -> bool {
        // Parted by what no folded part can hold: a phrase does not run from one into the next.
        let all: Vec<String> = texts.map(fold).collect();
        let all = all.join("\0");
        self.parts.iter().all(|part| all.contains(part.as_str()))
    }
}

/// Case, width, marks and the kind of white space do not count.
fn fold(text: &str) -> String {
    // Most text is ASCII and needs none of the tables: ten times as fast.
    if text.is_ascii() {
        return text
            .bytes()
            .map(
                |byte| {
                    if byte.is_ascii_whitespace() { ' ' } else { byte.to_ascii_lowercase().into() }
                },
            )
            .collect();
    }
    text.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .nfc()
        .collect()
}

/// Entries whose note, answer, mood or tags have what is wanted.
pub(crate) async fn entries(
    journal: &Journal,
    owner: Owner,
    wanted: &Wanted,
    cursor: Option<Cursor>,
    size: PageSize,
) -> Result<Page<Entry>, Error> {
    let key = |entry: &Entry| Cursor { number: entry.written_at.as_micros(), id: entry.id };
    let fits = |entry: &Entry| {
        let answer = entry.ai_response.as_ref().map(Private::expose);
        let tags = entry.tags.iter().map(Private::expose);
        let texts = [entry.note.expose(), entry.mood.as_str()].into_iter();
        wanted.is_in(texts.chain(answer).chain(tags))
    };
    scan(size, cursor, key, fits, |from| journal.scan(owner, from)).await
}

/// Messages that have what is wanted.
pub(crate) async fn messages(
    conversations: &Conversations,
    owner: Owner,
    wanted: &Wanted,
    cursor: Option<Cursor>,
    size: PageSize,
) -> Result<Page<Message>, Error> {
    let key = |message: &Message| Cursor { number: message.number, id: Uuid::nil() };
    let fits = |message: &Message| wanted.is_in(std::iter::once(message.content.expose()));
    scan(size, cursor, key, fits, |from| conversations.scan(owner, from)).await
}

/// Reads [`limits::SCAN_PAGE_ROWS`] rows at a time until the page is full or nothing is left.
async fn scan<T, F: Future<Output = Result<Vec<T>, Error>>>(
    size: PageSize,
    mut cursor: Option<Cursor>,
    key: impl Fn(&T) -> Cursor,
    fits: impl Fn(&T) -> bool,
    read: impl Fn(Option<Cursor>) -> F,
) -> Result<Page<T>, Error> {
    let wanted = size.and_one_more() as usize;
    let mut found = Vec::new();
    loop {
        let rows = read(cursor).await?;
        let is_last = rows.len() < limits::SCAN_PAGE_ROWS as usize;
        cursor = rows.last().map(&key);
        found.extend(rows.into_iter().filter(&fits));
        if is_last || found.len() >= wanted {
            found.truncate(wanted);
            return Ok(Page::cut(found, size, key));
        }
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(query: &str, text: &str) -> bool {
        Wanted::parse(query).unwrap().is_in(std::iter::once(text))
    }

    #[test]
    fn words_are_found_in_any_order_and_phrases_as_they_stand() {
        let text = "The river was quiet.\nI was not.";
        assert!(finds("quiet RIVER", text));
        assert!(finds("\"was quiet\" river", text));
        assert!(finds("\"quiet. i was\"", text), "a line break is a space");
        assert!(!finds("\"quiet river\"", text));
        assert!(!finds("river sea", text));
    }

    #[test]
    fn case_width_and_marks_do_not_count() {
        assert!(finds("cafe", "Im CAFÉ an der Straße"));
        assert!(finds("ｃａｆｅ́", "cafe"));
        assert!(finds("한강", "어제 한강에서"));
        assert!(finds("東京", "東京タワー"));
    }

    #[test]
    fn something_must_be_looked_for() {
        for query in ["", "  ", "\"\"", "\" \"", &"x".repeat(201)] {
            assert!(Wanted::parse(query).is_err(), "{query:?}");
        }
    }
}
