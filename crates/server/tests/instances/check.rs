//! What is left when it is over: everything that was acknowledged is there once, every reply is in a
//! final state and says what the model said, as far as it came.

use std::{
    collections::{HashMap, hash_map::Entry},
    time::{Duration, Instant},
};

use uuid::Uuid;

use crate::{
    cluster::Cluster,
    load::{Diary, Promise, Talk},
    process::{PATIENCE, now},
    report::Report,
    wire::{Api, Conversation, Message, WireError},
};

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    conversations: usize,
    messages: usize,
    open: usize,
    pub(crate) complete: usize,
    pub(crate) interrupted: usize,
    other: usize,
}

impl Found {
    /// As a line of figures.
    pub(crate) fn line(&self) -> String {
        let Self { conversations, messages, open, complete, interrupted, other } = self;
        format!(
            "acknowledged and there once: {conversations} conversations, {messages} messages \
             ({open} more without an answer); replies: {complete} complete, {interrupted} \
             interrupted, {other} other"
        )
    }
}

/// Compares everything that these people were told with what an instance has.
pub(crate) async fn everything(
    cluster: &Cluster,
    api: &Api,
    diaries: &[Diary],
    report: &mut Report,
) -> anyhow::Result<Found> {
    let (mut found, start) = (Found::default(), now());
    for diary in diaries {
        report.wrong.extend(diary.wrong.iter().cloned());
        let token = &diary.person.token;
        let all: Vec<Conversation> = api.list(token, "/conversations", usize::MAX).await?;
        let mut titles: HashMap<&str, usize> = HashMap::new();
        for conversation in &all {
            *titles.entry(conversation.title.as_deref().unwrap_or_default()).or_default() += 1;
        }
        for wanted in &diary.wanted {
            let times = titles.get(wanted.title.as_str()).copied().unwrap_or_default();
            let counts = (&mut found.conversations, &mut found.open);
            count(report, counts, wanted.promise, times, "a conversation");
        }
        let mut messages: HashMap<Uuid, Vec<Message>> = HashMap::new();
        for talk in &diary.talks {
            let all = match messages.entry(talk.conversation) {
                Entry::Occupied(there) => there.into_mut(),
                Entry::Vacant(place) => {
                    let path = format!("/conversations/{}/messages", talk.conversation);
                    place.insert(settled(api, token, &path, start).await?)
                }
            };
            judge(talk, all, &mut found, report);
        }
    }
    let (over, charged) = cluster.ledger().await?;
    if over != charged {
        report.wrong(format!("{over} generations are over, and {charged} were charged"));
    }
    Ok(found)
}

/// The messages of a conversation, once none of them is being written. All together are waited for
/// no longer than for one.
async fn settled(
    api: &Api,
    token: &str,
    path: &str,
    start: Instant,
) -> Result<Vec<Message>, WireError> {
    loop {
        let all: Vec<Message> = api.list(token, path, usize::MAX).await?;
        let open = |message: &Message| matches!(message.status.as_str(), "pending" | "running");
        if !all.iter().any(open) || start.elapsed() > PATIENCE {
            return Ok(all);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn count(
    report: &mut Report,
    (kept, open): (&mut usize, &mut usize),
    promise: Promise,
    times: usize,
    what: &str,
) {
    match (promise, times) {
        (Promise::Kept, 1) => *kept += 1,
        (Promise::Open, 0 | 1) => *open += 1,
        (Promise::Kept, 0) => report.wrong(format!("{what} was acknowledged and is lost")),
        (Promise::Kept | Promise::Open, _) => {
            report.wrong(format!("{what} is there {times} times"));
        }
    }
}

fn judge(talk: &Talk, messages: &[Message], found: &mut Found, report: &mut Report) {
    let said: Vec<&Message> =
        messages.iter().filter(|one| one.role == "user" && one.content == talk.text).collect();
    let counts = (&mut found.messages, &mut found.open);
    count(report, counts, talk.promise, said.len(), "a message");
    let [said] = said.as_slice() else { return };
    let reply = messages.iter().find(|one| one.position == said.position + 1);
    let Some(reply) = reply else {
        report.wrong("a message has no reply".to_owned());
        return;
    };
    let (length, whole) = (reply.content.len(), talk.text.len());
    match reply.status.as_str() {
        "complete" => {
            found.complete += 1;
            if reply.content != talk.text {
                report.wrong(format!("a complete reply has {length} bytes of {whole}"));
            }
        }
        "interrupted" => {
            found.interrupted += 1;
            if !talk.text.starts_with(&reply.content) {
                report.wrong(format!("an interrupted reply of {length} bytes is no beginning"));
            }
        }
        "pending" | "running" => report.wrong("a reply does not end".to_owned()),
        status => {
            found.other += 1;
            report.wrong(format!("a reply is {status}"));
        }
    }
    // What a reader was told to be the end is what is there.
    if let Some(end) = &talk.end
        && (&end.content, &end.status) != (&reply.content, &reply.status)
    {
        let told = (end.content.len(), &end.status);
        report.wrong(format!("a reader was told {told:?}, stored are {length} {}", reply.status));
    }
    if reply.status == "complete" && talk.end.is_some() && talk.read != whole {
        report.wrong(format!("a reader got {} bytes of {whole}", talk.read));
    }
}
