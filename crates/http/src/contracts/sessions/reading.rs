//! Reading what this contract prints in one piece: lists without pages, sessions with all that was
//! said in them.

use serene_core::{
    base::{Error, Owner, PageSize, limits},
    conversations::{Conversation, Kind, ListConversations, MessageOrder, Shelf},
};

use super::types::{TurnBody, turn};
use crate::App;

/// Items of a list, at most: the newest.
const MAX_ITEMS: usize = 1_000;

/// Bytes of messages in the list of sessions. Older sessions than those that fit are listed without
/// theirs, which their own address has.
const MAX_LISTED_BYTES: usize = 8 * 1024 * 1024;

/// The owner's sessions outside of the trash, the newest first.
pub(super) async fn sessions(app: &App, owner: Owner) -> Result<Vec<Conversation>, Error> {
    let size = PageSize::new(Some(limits::MAX_PAGE_ITEMS))?;
    let mut sessions = Vec::new();
    for shelf in [Shelf::Active, Shelf::Archived] {
        let mut list = ListConversations { kind: Kind::Session, shelf, cursor: None, size };
        let mut read = 0;
        loop {
            let page = app.serene.conversations.list(owner, list).await?;
            read += page.items.len();
            sessions.extend(page.items);
            list.cursor = page.next;
            if list.cursor.is_none() || read >= MAX_ITEMS {
                break;
            }
        }
    }
    sessions
        .sort_unstable_by_key(|session| std::cmp::Reverse((session.created_at, session.number)));
    sessions.truncate(MAX_ITEMS);
    Ok(sessions)
}

/// What was said in a session, oldest first; the newest of very many.
pub(super) async fn messages(
    app: &App,
    owner: Owner,
    session: &Conversation,
) -> Result<Vec<TurnBody>, Error> {
    let size = PageSize::new(Some(limits::MAX_PAGE_ITEMS))?;
    let (mut messages, mut cursor) = (Vec::new(), None);
    while messages.len() < MAX_ITEMS {
        let order = MessageOrder::NewestFirst;
        let page =
            app.serene.conversations.messages(owner, session.id, order, cursor, size).await?;
        messages.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    messages.reverse();
    Ok(messages.into_iter().filter_map(turn).collect())
}

/// Sessions, each with what was said in it, as far as that fits into one answer.
pub(super) async fn with_messages(
    app: &App,
    owner: Owner,
    sessions: Vec<Conversation>,
) -> Result<Vec<(Conversation, Vec<TurnBody>)>, Error> {
    let mut bytes = 0;
    let mut all = Vec::with_capacity(sessions.len());
    for session in sessions {
        let said = if bytes > MAX_LISTED_BYTES {
            Vec::new()
        } else {
            match messages(app, owner, &session).await {
                Ok(said) => said,
                // Put into the trash a moment ago.
                Err(Error::NotFound(_)) => continue,
                Err(error) => return Err(error),
            }
        };
        bytes += said.iter().map(TurnBody::bytes).sum::<usize>();
        all.push((session, said));
    }
    Ok(all)
}
