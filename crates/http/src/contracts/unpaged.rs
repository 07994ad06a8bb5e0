//! Lists as the contracts want them: whole. They are read page by page, and end at
//! [`MOST_ITEMS`].

use serene_core::{
    base::{Error, Owner, PageSize, limits},
    conversations::{Conversation, Kind, ListConversations, Message, MessageOrder, Shelf},
};
use uuid::Uuid;

use super::MOST_ITEMS;
use crate::App;

/// The owner's conversations of a kind, the last active first.
pub(crate) async fn conversations(
    app: &App,
    owner: Owner,
    kind: Kind,
) -> Result<Vec<Conversation>, Error> {
    let size = PageSize::new(Some(limits::MAX_PAGE_ITEMS))?;
    let mut list = ListConversations { kind, shelf: Shelf::Active, cursor: None, size };
    let mut found = Vec::new();
    loop {
        let page = app.serene.conversations.list(owner, list).await?;
        found.extend(page.items);
        list.cursor = page.next;
        if list.cursor.is_none() || found.len() >= MOST_ITEMS {
            found.truncate(MOST_ITEMS);
            return Ok(found);
        }
    }
}

/// The messages of a conversation, the oldest first.
pub(crate) async fn messages(app: &App, owner: Owner, id: Uuid) -> Result<Vec<Message>, Error> {
    let size = PageSize::new(Some(limits::MAX_PAGE_ITEMS))?;
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let conversations = &app.serene.conversations;
        let page = conversations.messages(owner, id, MessageOrder::OldestFirst, cursor, size);
        let page = page.await?;
        found.extend(page.items);
        cursor = page.next;
        if cursor.is_none() || found.len() >= MOST_ITEMS {
            found.truncate(MOST_ITEMS);
            return Ok(found);
        }
    }
}
