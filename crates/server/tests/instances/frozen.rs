//! One instance sleeps for a minute, in the middle of a write where that can be arranged, and comes
//! back: what was taken from it stays as the other one left it.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    check,
    cluster::{Cluster, Person},
    killed::{MARKED_WITHIN, goes_on},
    load::{Diary, Load, Plan},
    process::now,
    reading::{Sent, send},
    report::{Report, spread},
    wire::{Api, Call, Event, Events, WireError},
};

const VICTIMS: usize = 20;
const SLEEP: Duration = Duration::from_mins(1);

/// What is not marked by then is not marked by the other one.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(50);

/// How often it is put to sleep to meet it in the middle of a write.
const TRIES: u32 = 80;

/// So long it may take to serve again, with what came while it slept.
const AWAKE_WITHIN: Duration = Duration::from_secs(3);

/// So long the other one may wait for what the sleeper has locked.
const LOCKED_AT_MOST: Duration = Duration::from_secs(10);

/// A reply that the sleeper writes.
struct Victim {
    conversation: Uuid,
    generation: Uuid,
    text: String,
}

/// The other one takes over, and nothing changes when the sleeper wakes up.
pub(crate) async fn run(cluster: &mut Cluster) -> anyhow::Result<Report> {
    let mut report = Report::new("one instance asleep for 60 s under load");
    let plan = Plan { part: 3, writers: 12, talkers: 24, through_nginx: false, cuts: false };
    let load = Load::start(cluster, plan).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let person = cluster.people(1).await?.remove(0);
    let [asleep, awake] = cluster.apis(0)?;
    let (victims, mut readers) = victims(cluster, &asleep, &person).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let frozen_at = freeze(cluster, &mut report).await?;
    marked(&awake, &person, &victims, frozen_at, &mut report).await?;
    for victim in &victims[..5] {
        if let Err(error) = goes_on(&awake, &person, victim.conversation).await {
            report.wrong(format!("a conversation does not go on: {error}"));
        }
    }
    let before = states(&awake, &person, &victims).await?;
    tokio::time::sleep(SLEEP.saturating_sub(frozen_at.elapsed())).await;
    let woken_at = cluster.signal(0, Signal::CONT)?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let after = states(&awake, &person, &victims).await?;
    report.must(before == after, || "the sleeper has written into what was taken".to_owned());
    let mut ends: Vec<String> = Vec::new();
    while let Some(Ok((end, at))) = readers.join_next().await {
        report.must(at.saturating_duration_since(woken_at) < Duration::from_secs(10), || {
            "a reader of the sleeper hangs".to_owned()
        });
        ends.push(end);
    }
    report.figure(format!("its {} readers were told: {}", ends.len(), tally(ends)));
    for victim in &victims[5..10] {
        if let Err(error) = goes_on(&asleep, &person, victim.conversation).await {
            report.wrong(format!("it does not serve again: {error}"));
        }
    }
    let diaries = load.end().await?;
    judge_the_other(&diaries, frozen_at..woken_at, &mut report);
    let found = check::everything(cluster, &awake, &diaries, &mut report).await?;
    report.figure(found.line());
    let instances = cluster.database.count("SELECT COUNT(*) FROM instances").await?;
    report.must(instances == 2, || format!("{instances} instances are known afterwards"));
    Ok(report)
}

/// Long replies that it writes, half of them read there.
async fn victims(
    cluster: &Cluster,
    api: &Api,
    person: &Person,
) -> anyhow::Result<(Vec<Victim>, JoinSet<(String, Instant)>)> {
    let (mut victims, mut readers) = (Vec::new(), JoinSet::new());
    for which in 0..VICTIMS {
        let mut dice = cluster.dice(30, which)?;
        let conversation = dice.uuid();
        let body = serde_json::json!({"id": conversation});
        api.send(Call::post(&person.token, "/conversations".to_owned(), body)).await?;
        let text = (0..40).map(|_| dice.note()).collect::<Vec<_>>().join(" ");
        let sent = send(api, &person.token, conversation, (dice.uuid(), &text)).await?;
        let Sent::Begun(begun) = sent else { anyhow::bail!("a message was refused") };
        victims.push(Victim { conversation, generation: begun.generation, text });
        if which % 2 == 0 {
            readers.spawn(last_event(begun.events));
        }
    }
    Ok((victims, readers))
}

/// The name of the last event, and when it came.
async fn last_event(mut events: Events) -> (String, Instant) {
    let end = loop {
        match events.next().await {
            Ok(Some(Event::Delta(..))) => {}
            Ok(Some(Event::Done(message))) => break format!("done ({})", message.status),
            Ok(Some(Event::Other(name))) => break name,
            Ok(None) | Err(_) => break "nothing".to_owned(),
        }
    };
    (end, now())
}

/// Has it sleep, if possible while it is in the middle of a write and holds locks.
async fn freeze(cluster: &Cluster, report: &mut Report) -> anyhow::Result<Instant> {
    for turn in 1.. {
        let frozen_at = cluster.signal(0, Signal::STOP)?;
        tokio::time::sleep(Duration::from_millis(120)).await;
        let half_done = cluster.database.half_done().await?;
        if half_done > 0 || turn == TRIES {
            report.figure(format!("asleep with {half_done} writes half done, at try {turn}"));
            report.must(half_done > 0, || "it never slept in the middle of a write".to_owned());
            return Ok(frozen_at);
        }
        cluster.signal(0, Signal::CONT)?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("there is at least one try")
}

async fn status(api: &Api, person: &Person, victim: &Victim) -> Result<String, WireError> {
    let path = format!("/generations/{}", victim.generation);
    let generation: Option<Value> = api.find(&person.token, path).await?;
    Ok(generation.unwrap_or_default()["status"].as_str().unwrap_or_default().to_owned())
}

/// Waits until the other one has marked all of them.
async fn marked(
    api: &Api,
    person: &Person,
    victims: &[Victim],
    frozen_at: Instant,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut times = Vec::new();
    for victim in victims {
        loop {
            let status = status(api, person, victim).await?;
            if status == "interrupted" {
                times.push(frozen_at.elapsed());
                break;
            }
            if !matches!(status.as_str(), "pending" | "running") {
                report.wrong(format!("a reply of the sleeper is {status}"));
                break;
            }
            if frozen_at.elapsed() > GIVEN_UP_AFTER {
                report.wrong("a reply is not marked".to_owned());
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    report.must(times.iter().all(|time| *time < MARKED_WITHIN), || "marked too late".to_owned());
    report.figure(format!("{} replies were taken from it after {}", times.len(), spread(times)));
    Ok(())
}

/// Everything that can be seen of them.
async fn states(api: &Api, person: &Person, victims: &[Victim]) -> anyhow::Result<Vec<Value>> {
    let mut states = Vec::new();
    for victim in victims {
        let generation = format!("/generations/{}", victim.generation);
        let messages = format!("/conversations/{}/messages", victim.conversation);
        for path in [generation, messages] {
            let state: Option<Value> = api.find(&person.token, path).await?;
            let state = state.unwrap_or_default();
            if let Some(items) = state["items"].as_array() {
                let reply = items.get(1).and_then(|reply| reply["content"].as_str());
                let begins = reply.is_some_and(|reply| victim.text.starts_with(reply));
                anyhow::ensure!(begins, "a reply of the sleeper is no beginning of the model's");
            }
            states.push(state);
        }
    }
    Ok(states)
}

fn tally(mut ends: Vec<String>) -> String {
    ends.sort_unstable();
    let counts = ends.chunk_by(|a, b| a == b).map(|same| format!("{} {}", same.len(), same[0]));
    counts.collect::<Vec<_>>().join(", ")
}

/// Milliseconds from one moment to another, which may be before it.
fn signed(at: Instant, from: Instant) -> i128 {
    let ms = |time: Duration| i128::try_from(time.as_millis()).unwrap_or(i128::MAX);
    ms(at.saturating_duration_since(from)) - ms(from.saturating_duration_since(at))
}

/// Whoever asked the one that is awake was served.
fn judge_the_other(diaries: &[Diary], asleep: std::ops::Range<Instant>, report: &mut Report) {
    let good = diaries.iter().flat_map(|diary| &diary.good);
    let good = good.filter(|(at, _, on)| *on == 1 && asleep.contains(at));
    let times: Vec<Duration> = good.map(|(_, took, _)| *took).collect();
    report.figure(format!(
        "the other one served {} requests meanwhile, {}",
        times.len(),
        spread(times.clone())
    ));
    report.must(times.len() > 100, || "the other one hardly served anybody".to_owned());
    report.must(times.iter().all(|time| *time < LOCKED_AT_MOST), || {
        "somebody waited too long".to_owned()
    });
    for failure in diaries.iter().flat_map(|diary| &diary.failures) {
        let (status, code) = (failure.status, &failure.code);
        if failure.on == 1 {
            let early = failure.asked_at < asleep.start + LOCKED_AT_MOST && status == 503;
            report.must(early, || format!("{}: {status} {code} of the one awake", failure.what));
        } else {
            let ended_at = failure.asked_at + failure.took;
            // Nobody but who was kept waiting by its sleep.
            let excused = (asleep.start..asleep.end + AWAKE_WITHIN).contains(&ended_at);
            report.must(excused, || {
                let after = signed(ended_at, asleep.end);
                let what = failure.what;
                format!("{what}: {status} {code} of the one that woke up, {after} ms after that")
            });
        }
    }
    let again = diaries.iter().flat_map(|diary| &diary.good);
    let again = again.filter(|(at, _, on)| *on == 0 && *at > asleep.end + AWAKE_WITHIN).count();
    report.must(again > 20, || format!("it served {again} requests after it woke up"));
}
