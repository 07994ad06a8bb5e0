//! `/api/v1/search`: finding what one wrote.

use axum::extract::State;
use serde::Deserialize;
use serene_core::{
    base::{Cursor, PageSize},
    search::Wanted,
};
use utoipa::IntoParams;

use super::{bodies::MessagePageBody, entries::EntryPageBody};
use crate::{
    App,
    answer::Answer,
    error::ApiError,
    extract::{Caller, Query},
};

/// What to look for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// Words, all of which must be there, in any order; a phrase stands in quotation marks. Case
    /// and accents do not count.
    #[param(example = "river \"for once\"", min_length = 1, max_length = 200)]
    q: String,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Items on the page; 50 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

impl SearchQuery {
    fn parse(&self) -> Result<(Wanted, Option<Cursor>, PageSize), ApiError> {
        let cursor = self.cursor.as_deref().map(Cursor::decode).transpose()?;
        Ok((Wanted::parse(&self.q)?, cursor, PageSize::new(self.limit)?))
    }
}

/// Search my entries
///
/// In notes, answers, moods and tags; newest first.
#[utoipa::path(get, path = "/api/v1/search/entries", tag = "journal",
    operation_id = "search_entries", params(SearchQuery),
    responses((status = 200, body = EntryPageBody)))]
pub(crate) async fn entries(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<SearchQuery>,
) -> Result<Answer<EntryPageBody>, ApiError> {
    let (wanted, cursor, size) = query.parse()?;
    let page = app.serene.search_entries(caller.owner, &wanted, cursor, size).await?;
    Ok(Answer(EntryPageBody::new(page, &app.serene.help(&caller.user))))
}

/// Search my messages
///
/// In both sides of every conversation that is not in the trash; newest first.
#[utoipa::path(get, path = "/api/v1/search/messages", tag = "messages",
    operation_id = "search_messages", params(SearchQuery),
    responses((status = 200, body = MessagePageBody)))]
pub(crate) async fn messages(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<SearchQuery>,
) -> Result<Answer<MessagePageBody>, ApiError> {
    let (wanted, cursor, size) = query.parse()?;
    let page = app.serene.search_messages(caller.owner, &wanted, cursor, size).await?;
    Ok(Answer(MessagePageBody::new(page, &app.serene.help(&caller.user))))
}
