//! Streams that are begun on either instance, cut, and gone on with on the other one.

use anyhow::Context;
use tokio::task::JoinSet;

use crate::{
    cluster::{Cluster, Person},
    dice::Dice,
    process::now,
    reading::{End, Met, Reader, Sent, send},
    report::Report,
    wire::{Api, Call, WireError},
};

const STREAMS: usize = 100;
const STREAMS_PER_PERSON: usize = 10;

/// Each reader's text is the model's, byte for byte.
pub(crate) async fn run(cluster: &mut Cluster) -> anyhow::Result<Report> {
    let mut report =
        Report::new(format!("{STREAMS} streams, each cut and resumed on the other one"));
    let people = cluster.people(STREAMS / STREAMS_PER_PERSON).await?;
    let (start, mut tasks) = (now(), JoinSet::new());
    for stream in 0..STREAMS {
        let person = people[stream / STREAMS_PER_PERSON].clone();
        let (through, apis) = (cluster.api()?, cluster.apis(stream % 2)?);
        let mut dice = cluster.dice(1, stream)?;
        tasks.spawn(async move { one(&through, &apis, &person, &mut dice).await });
    }
    let (mut resumed, mut bytes) = (Vec::new(), 0);
    while let Some(read) = tasks.join_next().await {
        match read.context("a reader panicked")? {
            Ok((met, length)) => {
                report
                    .must(met.reconnects + met.broken == 0, || format!("a stream broke: {met:?}"));
                resumed.push(met.resumed);
                bytes += length;
            }
            Err(error) => report.wrong(error.to_string()),
        }
    }
    resumed.sort_unstable();
    let (least, most) = (resumed.first().unwrap_or(&0), resumed.last().unwrap_or(&0));
    let (times, took) = (resumed.iter().sum::<usize>(), start.elapsed().as_secs());
    report.figure(format!(
        "{} equal, {bytes} bytes; resumed {times} times ({least} to {most} each) in {took} s",
        resumed.len()
    ));
    report.must(times > 3 * STREAMS, || "hardly any stream was resumed".to_owned());
    let here = "SELECT COUNT(*) FROM generations WHERE holder = \
        (SELECT id FROM instances ORDER BY id LIMIT 1)";
    let there = "SELECT COUNT(*) FROM generations WHERE holder = \
        (SELECT id FROM instances ORDER BY id DESC LIMIT 1)";
    let (here, there) = (cluster.database.count(here).await?, cluster.database.count(there).await?);
    report.figure(format!("run by the one {here}, by the other {there}"));
    report.must(here.min(there) > 20, || "they were not spread over both".to_owned());
    Ok(report)
}

async fn one(
    through: &Api,
    apis: &[Api],
    person: &Person,
    dice: &mut Dice,
) -> Result<(Met, usize), WireError> {
    let strange = |sentence: String| Err(WireError::Strange(sentence));
    let conversation = dice.uuid();
    let body = serde_json::json!({"id": conversation});
    let made = through.send(Call::post(&person.token, "/conversations".to_owned(), body)).await?;
    if made.status() != 201 {
        return strange(format!("{} to creating a conversation", made.status()));
    }
    // Long enough to be cut several times.
    let notes: String = (0..3).map(|_| dice.note() + " ").collect();
    let text = format!("{notes}{} 世界🌧👩‍👩‍👧‍👦", dice.message());
    let begun = match send(through, &person.token, conversation, (dice.uuid(), &text)).await? {
        Sent::Begun(begun) => begun,
        Sent::Refused(status, ..) => return strange(format!("{status} to a message")),
    };
    let mut reader = Reader::new(&person.token, begun.generation, &text);
    let end = reader.finish(Some(begun.events), apis, Some(dice)).await?;
    match end {
        End::Stored(message) if message.content == text && reader.offset == text.len() => {
            Ok((reader.met, text.len()))
        }
        End::Stored(message) => strange(format!(
            "of {} bytes {} were read, and {} are stored as {}",
            text.len(),
            reader.offset,
            message.content.len(),
            message.status
        )),
        End::Failed(name) => strange(format!("a stream ended with {name}")),
    }
}
