//! Making, finding, changing and deleting conversations.

use serde_json::json;

use super::{Case, Prepared, Stage, case, ready};
use crate::{client::Request, load::Work, seed::Account};

pub(super) const CASES: &[Case] = &[
    case("create_conversation", "", create),
    case("list_conversations", "page of 50", list),
    case("list_conversations", "second page of 50", list_on),
    case("read_conversation", "", read),
    case("change_conversation", "title and pin", change),
    case("end_conversation", "", end),
    case("fork_conversation", "of 2 messages", fork),
    case("delete_conversation", "into the trash", trash),
    case("delete_conversation", "for good, with 2 messages", delete),
    case("restore_conversation", "", restore),
];

fn create(stage: &Stage) -> Prepared<'_> {
    let create = |account: &Account| {
        let body = json!({"title": "A walk by the river"});
        stage.api.to("create_conversation").token(&account.token).json(&body).expect(201)
    };
    ready(Work::Again(stage.writers.iter().map(create).collect()))
}

fn page(stage: &Stage, query: &str) -> Request {
    let token = &stage.seed.reader.token;
    stage.api.to("list_conversations").query(query).token(token).expect(200)
}

fn list(stage: &Stage) -> Prepared<'_> {
    ready(Work::Again(vec![page(stage, "limit=50")]))
}

fn list_on(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let first = stage.hands().send(vec![page(stage, "limit=50")]).await?;
        let cursor = crate::seed::text(&first[0]["next_cursor"])?;
        Ok(Work::Again(vec![page(stage, &format!("limit=50&cursor={cursor}"))]))
    })
}

fn read(stage: &Stage) -> Prepared<'_> {
    let token = &stage.seed.reader.token;
    let read = |id: &String| stage.api.to("read_conversation").id(id).token(token).expect(200);
    ready(Work::Again(stage.seed.conversations.iter().map(read).collect()))
}

fn change(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let conversations = stage.conversations(stage.writers.len()).await?;
        let change = |title: &'static str, pinned: bool| {
            conversations.iter().map(move |(owner, id)| {
                let body = json!({"title": title, "pinned": pinned});
                let request = stage.api.to("change_conversation").id(id).token(&owner.token);
                request.json(&body).expect(200)
            })
        };
        Ok(Work::Again(change("By the river", true).chain(change("By the sea", false)).collect()))
    })
}

/// The same request for each of these conversations.
fn for_each(
    stage: &Stage,
    conversations: &[(&Account, String)],
    operation: &str,
    query: Option<&str>,
    status: u16,
) -> Vec<Request> {
    let request = |(owner, id): &(&Account, String)| {
        let request = stage.api.to(operation).id(id).token(&owner.token);
        let request = match query {
            Some(query) => request.query(query),
            None => request,
        };
        request.expect(status)
    };
    conversations.iter().map(request).collect()
}

fn end(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let conversations = stage.conversations(stage.supply).await?;
        Ok(Work::Once(for_each(stage, &conversations, "end_conversation", None, 200)))
    })
}

fn fork(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let conversations = stage.exchanges(stage.writers.len()).await?;
        let fork = |(owner, id): &(&Account, String)| {
            let request = stage.api.to("fork_conversation").id(id).token(&owner.token);
            request.json(&json!({"position": 2})).expect(201)
        };
        Ok(Work::Again(conversations.iter().map(fork).collect()))
    })
}

fn trash(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let conversations = stage.conversations(stage.supply).await?;
        Ok(Work::Once(for_each(stage, &conversations, "delete_conversation", None, 204)))
    })
}

fn delete(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let conversations = stage.exchanges(stage.supply).await?;
        let query = Some("permanent=true");
        Ok(Work::Once(for_each(stage, &conversations, "delete_conversation", query, 204)))
    })
}

fn restore(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let conversations = stage.conversations(stage.supply).await?;
        let trash = for_each(stage, &conversations, "delete_conversation", None, 204);
        stage.hands().send(trash).await?;
        Ok(Work::Once(for_each(stage, &conversations, "restore_conversation", None, 200)))
    })
}
