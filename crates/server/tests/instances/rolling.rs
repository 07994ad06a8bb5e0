//! A rolling restart behind nginx: nobody notices.

use std::time::Duration;

use crate::{
    check,
    cluster::Cluster,
    load::{Load, Plan},
    report::{Report, spread},
};

/// No request fails, and every stream ends as the model ended.
pub(crate) async fn run(cluster: &mut Cluster) -> anyhow::Result<Report> {
    let mut report = Report::new("a rolling restart behind nginx under load");
    let plan = Plan { part: 4, writers: 8, talkers: 24, through_nginx: true, cuts: true };
    let load = Load::start(cluster, plan).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    for which in 0..2 {
        let stopped = cluster.stop_one(which).await?;
        let started = cluster.start_one(which).await?;
        report.figure(format!(
            "instance {which}: ended {} ms after SIGTERM, served again {} ms later",
            stopped.as_millis(),
            started.as_millis()
        ));
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    let diaries = load.end().await?;
    let good: Vec<Duration> =
        diaries.iter().flat_map(|diary| &diary.good).map(|(_, took, _)| *took).collect();
    let failures: Vec<_> = diaries.iter().flat_map(|diary| &diary.failures).collect();
    report.figure(format!(
        "{} requests, {}; {} failed",
        good.len() + failures.len(),
        spread(good),
        failures.len()
    ));
    for failure in failures {
        let (what, status, code) = (failure.what, failure.status, &failure.code);
        report.wrong(format!("{what}: {status} {code}"));
    }
    let (mut resumed, mut reconnects) = (0, 0);
    for talk in diaries.iter().flat_map(|diary| &diary.talks) {
        resumed += talk.met.resumed;
        reconnects += talk.met.reconnects;
        report.must(talk.met.broken == 0, || "a stream broke without a word".to_owned());
        for status in &talk.met.refused {
            report.wrong(format!("who resumed got {status}"));
        }
        report.must(talk.end.is_some(), || format!("a stream ended with {:?}", talk.failed));
    }
    report.figure(format!("streams resumed {resumed} times, told to reconnect {reconnects} times"));
    report.must(reconnects > 0, || "no stream was told to reconnect".to_owned());
    let found = check::everything(cluster, &cluster.api()?, &diaries, &mut report).await?;
    report.must(found.interrupted == 0, || "a reply broke off".to_owned());
    report.figure(found.line());
    Ok(report)
}
