//! What is done on one instance acts on the other: an account that is deleted, a session that is
//! ended.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    cluster::{Cluster, reqwest_client},
    process::now,
    reading::{Sent, send},
    report::{Report, spread},
    wire::{Api, Call, Event, WireError, parse},
};

const WITHIN: Duration = Duration::from_secs(2);

/// Both act within two seconds.
pub(crate) async fn run(cluster: &mut Cluster) -> anyhow::Result<Report> {
    let mut report = Report::new("an account deleted, a session ended on the other instance");
    delete(cluster, &mut report).await?;
    sign_out(cluster, &mut report).await?;
    Ok(report)
}

/// Streams on both end when the account goes.
async fn delete(cluster: &mut Cluster, report: &mut Report) -> anyhow::Result<()> {
    let person = cluster.people(1).await?.remove(0);
    let mut readers = JoinSet::new();
    let apis = cluster.apis(0)?;
    for which in 0..8 {
        let mut dice = cluster.dice(6, which)?;
        // Written on one of them, and read on both.
        let (writing, other) = (&apis[which % 2], &apis[1 - which % 2]);
        let conversation = dice.uuid();
        let body = json!({"id": conversation});
        writing.send(Call::post(&person.token, "/conversations".to_owned(), body)).await?;
        let text = (0..40).map(|_| dice.note()).collect::<Vec<_>>().join(" ");
        let sent = send(writing, &person.token, conversation, (dice.uuid(), &text)).await?;
        let Sent::Begun(begun) = sent else { anyhow::bail!("a message was refused") };
        let path = format!("/generations/{}/stream", begun.generation);
        let along = other.send(Call::get(&person.token, path)).await?;
        for mut events in [begun.events, crate::wire::Events::new(along)] {
            readers.spawn(async move {
                loop {
                    match events.next().await {
                        Ok(Some(Event::Delta(..))) => {}
                        Ok(Some(_)) => return (true, now()),
                        Ok(None) | Err(_) => return (false, now()),
                    }
                }
            });
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let asked_at = now();
    let url = format!("{}/api/v1/me", cluster.url_of(0));
    let deleting = reqwest_client()?.delete(url).bearer_auth(&person.token).send();
    let refused = refused_after(&apis[1], &person.token);
    let (deleted, refused) = tokio::join!(deleting, refused);
    let (deleted, took) = (deleted?.status(), asked_at.elapsed());
    report.must(deleted == 204, || format!("deleting an account: {deleted}"));
    let refused = refused?;
    report.must(refused < WITHIN, || "the other one still lets the account in".to_owned());
    let mut ended = Vec::new();
    while let Ok(Some(Ok((told, at)))) =
        tokio::time::timeout(Duration::from_secs(20), readers.join_next()).await
    {
        report.must(told, || "a stream of a deleted account broke without a word".to_owned());
        ended.push(at.saturating_duration_since(asked_at));
    }
    report.must(ended.len() == 16, || format!("{} of 16 streams ended", ended.len()));
    report.must(ended.iter().all(|time| *time < WITHIN), || {
        "a stream of a deleted account goes on".to_owned()
    });
    report.figure(format!(
        "account deleted in {} ms; refused on the other after {} ms; its 16 streams ended after {}",
        took.as_millis(),
        refused.as_millis(),
        spread(ended)
    ));
    Ok(())
}

/// How long it takes until a token is refused.
async fn refused_after(api: &Api, token: &str) -> Result<Duration, WireError> {
    let start = now();
    while start.elapsed() < Duration::from_secs(10) {
        let answer = api.send(Call::get(token, "/me".to_owned())).await?;
        if answer.status() == 401 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(start.elapsed())
}

/// One session ends everywhere, the other one nowhere.
async fn sign_out(cluster: &mut Cluster, report: &mut Report) -> anyhow::Result<()> {
    let person = cluster.people(1).await?.remove(0);
    let [here, there] = cluster.apis(0)?;
    let body = json!({"username": person.name, "password": "correct horse"});
    let second: Value =
        parse(there.send(Call::post("", "/auth/login".to_owned(), body)).await?).await?;
    let second = second["access_token"].as_str().context("no second session")?;
    for token in [person.token.as_str(), second] {
        let answer = there.send(Call::get(token, "/me".to_owned())).await?;
        report.must(answer.status() == 200, || "a session does not work".to_owned());
    }
    let call = Call::post(&person.token, "/auth/logout".to_owned(), json!({}));
    let ended = here.send(call).await?;
    report.must(ended.status() == 204, || format!("signing out: {}", ended.status()));
    let refused = refused_after(&there, &person.token).await?;
    report.must(refused < WITHIN, || "the session goes on elsewhere".to_owned());
    let other = there.send(Call::get(second, "/me".to_owned())).await?;
    report.must(other.status() == 200, || "the other session ended, too".to_owned());
    report.figure(format!("session refused on the other after {} ms", refused.as_millis()));
    Ok(())
}
