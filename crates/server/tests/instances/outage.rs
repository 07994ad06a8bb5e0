//! The database server is stopped for ten seconds under load.

use std::time::{Duration, Instant};

use crate::{
    check,
    cluster::Cluster,
    database::Control,
    load::{Diary, Load, Plan},
    process::now,
    report::{Report, spread},
};

const OUTAGE: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(10);
const BACK_WITHIN: Duration = Duration::from_secs(5);

/// People are told to come back, and nothing that was acknowledged is lost.
pub(crate) async fn run(cluster: &mut Cluster, control: &Control) -> anyhow::Result<Report> {
    let mut report = Report::new("the database server stopped for 10 s under load");
    let plan = Plan { part: 5, writers: 10, talkers: 16, through_nginx: true, cuts: false };
    let load = Load::start(cluster, plan).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let gone_at = now();
    control.run("stop")?;
    tokio::time::sleep(OUTAGE.saturating_sub(gone_at.elapsed())).await;
    control.run("start")?;
    let back_at = now();
    tokio::time::sleep(Duration::from_secs(9)).await;
    let diaries = load.end().await?;
    failures(&diaries, gone_at, back_at, &mut report);
    let found = check::everything(cluster, &cluster.api()?, &diaries, &mut report).await?;
    report.figure(found.line());
    report.must(found.interrupted == 0, || "a reply broke off".to_owned());
    let talks = || diaries.iter().flat_map(|diary| &diary.talks);
    let through = talks()
        .filter(|talk| talk.begun_at < gone_at && talk.ended_at.is_some_and(|at| at > gone_at));
    let failed = talks().filter(|talk| talk.failed.is_some()).count();
    report.figure(format!(
        "{} replies ran when it went, {failed} readers were told of an error",
        through.count()
    ));
    for talk in talks() {
        if let Some(name) = talk.failed.as_ref().filter(|name| !name.contains("UNAVAILABLE")) {
            report.wrong(format!("a stream ended with {name}"));
        }
    }
    Ok(report)
}

/// What people were told meanwhile.
fn failures(diaries: &[Diary], gone_at: Instant, back_at: Instant, report: &mut Report) {
    let failures: Vec<_> = diaries.iter().flat_map(|diary| &diary.failures).collect();
    for failure in &failures {
        let (what, status, code) = (failure.what, failure.status, &failure.code);
        report.must(status == 503, || format!("{what}: {status} {code}"));
        report.must(failure.retry_after.is_some(), || {
            format!("{what}: {status} without Retry-After")
        });
        report.must(failure.took < LONGEST, || {
            format!("{what}: {status} after {} s", failure.took.as_secs())
        });
        report
            .must(failure.asked_at + failure.took > gone_at, || format!("{what}: {status} before"));
        report.must(failure.asked_at < back_at + BACK_WITHIN, || {
            format!("{what}: {status}, asked {:?} after it was back", failure.asked_at - back_at)
        });
    }
    report.figure(format!(
        "{} requests were told 503 and Retry-After, after {}",
        failures.len(),
        spread(failures.iter().map(|failure| failure.took))
    ));
    report.must(!failures.is_empty(), || "nobody noticed that the database was gone".to_owned());
    let good = || diaries.iter().flat_map(|diary| &diary.good);
    let first = good().map(|(at, took, _)| *at + *took).filter(|at| *at > back_at).min();
    let first = first.map(|at| at - back_at);
    report.figure(format!("the first one went well {first:.1?} after it was back"));
    report
        .must(first.is_some_and(|first| first < BACK_WITHIN), || "it does not recover".to_owned());
    let slowest = good().map(|(_, took, _)| *took).max().unwrap_or_default();
    report.must(slowest < LONGEST, || format!("one that went well took {slowest:.1?}"));
}
