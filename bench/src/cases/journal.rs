//! The journal: entries, the vibe check, moods, and searching in what was written.

use serde_json::json;

use super::{Case, Prepared, Stage, case, ready};
use crate::{
    client::Request,
    load::Work,
    seed::{Account, entry, note},
};

pub(super) const CASES: &[Case] = &[
    case("create_entry", "answered at once", create).replying(),
    case("vibe_check", "answered at once", vibe_check).replying(),
    case("list_entries", "page of 30", |stage| reads(stage, "list_entries", "limit=30")),
    case("list_entries", "page of 30 with one tag", |stage| {
        reads(stage, "list_entries", "limit=30&tag=work")
    }),
    case("read_entry", "", read),
    case("change_entry", "mood and tags", change),
    case("delete_entry", "", delete),
    case("weekly_moods", "", |stage| reads(stage, "weekly_moods", "week=2025-W12")),
    case("mood_history", "31 days", |stage| {
        reads(stage, "mood_history", "from=2025-03-01&to=2025-03-31")
    }),
    case("streaks", "", |stage| reads(stage, "streaks", "tz=Europe/Berlin")),
    case("search_entries", "nothing found", |stage| reads(stage, "search_entries", RARE)),
    Case { clients: 1, ..case("search_entries", "one client, 10,000 entries read", search_many) },
    case("search_messages", "nothing found", |stage| reads(stage, "search_messages", RARE)),
];

/// Words that nobody wrote, so that everything is read.
const RARE: &str = "q=zebra%20crossing";

/// The same request of the reader again and again.
fn reads<'a>(stage: &'a Stage, operation: &str, query: &str) -> Prepared<'a> {
    let request = stage.api.to(operation).query(query).token(&stage.seed.reader.token);
    ready(Work::Again(vec![request.expect(200)]))
}

/// A search through everything of somebody who has written every day for 27 years.
fn search_many(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let hands = stage.hands();
        let writer = hands.register(vec!["diarist".to_owned()]).await?;
        let token = &writer[0].token;
        let create = |n| stage.api.to("create_entry").token(token).json(&entry(n)).expect(201);
        hands.send((0..10_000).map(create).collect()).await?;
        let request = stage.api.to("search_entries").query(RARE).token(token);
        Ok(Work::Again(vec![request.expect(200)]))
    })
}

/// Requests that each make an entry of a writer. Every note is another: the same one again would
/// be answered from memory.
fn creations(stage: &Stage) -> Vec<Request> {
    let create = |(n, owner): (usize, &Account)| {
        stage.api.to("create_entry").token(&owner.token).json(&entry(n)).expect(201)
    };
    stage.columns(stage.supply).into_iter().enumerate().map(create).collect()
}

fn create(stage: &Stage) -> Prepared<'_> {
    ready(Work::Once(creations(stage)))
}

fn vibe_check(stage: &Stage) -> Prepared<'_> {
    let check = |(n, owner): (usize, &Account)| {
        let body = json!({"note": format!("{} Nobody has read this.", note(n))});
        stage.api.to("vibe_check").token(&owner.token).json(&body).expect(200)
    };
    let requests = stage.columns(stage.supply).into_iter().enumerate().map(check);
    ready(Work::Once(requests.collect()))
}

fn read(stage: &Stage) -> Prepared<'_> {
    let token = &stage.seed.reader.token;
    let read = |id: &String| stage.api.to("read_entry").id(id).token(token).expect(200);
    ready(Work::Again(stage.seed.entries.iter().map(read).collect()))
}

/// New entries, each with its owner.
async fn entries(stage: &Stage, number: usize) -> anyhow::Result<Vec<(&Account, String)>> {
    let mut requests = creations(stage);
    requests.truncate(number);
    let answers = stage.hands().send(requests).await?;
    let own = |(owner, answer)| Ok((owner, crate::seed::text(answer)?));
    let ids = answers.iter().map(|answer| &answer["id"]);
    stage.columns(number).into_iter().zip(ids).map(own).collect()
}

fn change(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let entries = entries(stage, stage.writers.len()).await?;
        let change = |mood: &'static str, tag: &'static str| {
            entries.iter().map(move |(owner, id)| {
                let body = json!({"mood": mood, "tags": [tag]});
                let request = stage.api.to("change_entry").id(id).token(&owner.token);
                request.json(&body).expect(200)
            })
        };
        Ok(Work::Again(change("calm", "river").chain(change("tired", "work")).collect()))
    })
}

fn delete(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let delete = |(owner, id): &(&Account, String)| {
            stage.api.to("delete_entry").id(id).token(&owner.token).expect(204)
        };
        Ok(Work::Once(entries(stage, stage.supply).await?.iter().map(delete).collect()))
    })
}
