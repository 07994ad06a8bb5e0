//! One of the two is killed while people write and read.

use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::{
    check,
    cluster::{Cluster, Person},
    load::{Diary, Load, Plan, Talk},
    reading::{End, Reader, Sent, send},
    report::{Report, spread},
    wire::{Api, WireError},
};

/// When everything that it ran must be marked.
pub(crate) const MARKED_WITHIN: Duration = Duration::from_secs(30);

/// The other one takes over, and nothing that was acknowledged is lost.
pub(crate) async fn run(cluster: &mut Cluster) -> anyhow::Result<Report> {
    let mut report = Report::new("one of two instances killed under load");
    let plan = Plan { part: 2, writers: 8, talkers: 40, through_nginx: false, cuts: false };
    let load = Load::start(cluster, plan).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let killed_at = cluster.kill(0)?;
    tokio::time::sleep(Duration::from_secs(32)).await;
    let diaries = load.end().await?;
    let api = Api::new(&cluster.url_of(1))?;
    let found = check::everything(cluster, &api, &diaries, &mut report).await?;
    report.figure(found.line());
    let cut = cut_off(&diaries, killed_at);
    let late = cut.iter().filter_map(|(_, talk)| talk.ended_at);
    let marked: Vec<Duration> = late.map(|at| at.saturating_duration_since(killed_at)).collect();
    report.figure(format!(
        "{} replies were cut off, marked after {}",
        cut.len(),
        spread(marked.clone())
    ));
    report.must(cut.len() >= 5, || "hardly anything was running when it was killed".to_owned());
    report.must(marked.iter().all(|time| *time < MARKED_WITHIN), || "marked too late".to_owned());
    report.must(cut.len() == found.interrupted, || "the other one's replies broke off".to_owned());
    let ahead = cut.iter().filter_map(|(_, talk)| {
        let end = talk.end.as_ref()?;
        Some(talk.read.saturating_sub(end.content.len()))
    });
    report.figure(format!(
        "bytes that a reader had seen and that are not kept: at most {}",
        ahead.max().unwrap_or(0)
    ));
    others_go_on(&mut report, &diaries, killed_at);
    for (person, talk) in cut.iter().take(10) {
        if let Err(error) = goes_on(&api, person, talk.conversation).await {
            report.wrong(format!("a conversation does not go on: {error}"));
        }
    }
    let took = cluster.start_one(0).await?;
    report.figure(format!("started again in {} ms", took.as_millis()));
    Ok(report)
}

/// The replies that broke off.
fn cut_off(diaries: &[Diary], killed_at: Instant) -> Vec<(&Person, &Talk)> {
    let mut found = Vec::new();
    for diary in diaries {
        for talk in diary.talks.iter().filter(|talk| talk.begun_at < killed_at) {
            if talk.end.as_ref().is_some_and(|end| end.status == "interrupted") {
                found.push((&diary.person, talk));
            }
        }
    }
    found
}

/// Whoever asked the one that lives was served.
fn others_go_on(report: &mut Report, diaries: &[Diary], killed_at: Instant) {
    let good = diaries.iter().flat_map(|diary| &diary.good);
    let after: Vec<Duration> =
        good.filter(|(at, _, on)| *on == 1 && *at > killed_at).map(|(_, took, _)| *took).collect();
    report.figure(format!("{} requests afterwards, {}", after.len(), spread(after.clone())));
    for failure in diaries.iter().flat_map(|diary| &diary.failures) {
        let dead = failure.on == 0 && failure.status == 0;
        report.must(dead, || {
            format!(
                "{}: {} {} of instance {}",
                failure.what, failure.status, failure.code, failure.on
            )
        });
    }
}

/// Sends something there, and reads the whole reply.
pub(crate) async fn goes_on(
    api: &Api,
    person: &Person,
    conversation: Uuid,
) -> Result<(), WireError> {
    let strange = |sentence: String| Err(WireError::Strange(sentence));
    let text = "And now, 今天🌧, let us go on";
    let id = Uuid::from_u128(conversation.as_u128() ^ 1);
    let begun = match send(api, &person.token, conversation, (id, text)).await? {
        Sent::Begun(begun) => begun,
        Sent::Refused(status, _, code) => return strange(format!("{status} {code}")),
    };
    let mut reader = Reader::new(&person.token, begun.generation, text);
    match reader.finish(Some(begun.events), std::slice::from_ref(api), None).await? {
        End::Stored(message) if message.status == "complete" && message.content == text => Ok(()),
        End::Stored(message) => strange(format!("the reply is {}", message.status)),
        End::Failed(name) => strange(name),
    }
}
