//! What is no plain request: streams, a storm of sign-ins, memory, the start, the vault.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use serde_json::json;

use super::{
    Options, at_most,
    cases::{CASES, Measured, World, measured, message},
    micros,
    report::{Limit, Report},
};
use crate::{
    Bar,
    api::Builder,
    ground::{Ground, Setup, most_streams},
    load::{Crew, Limit as Until, Work},
    model::say,
    seed::PASSWORD,
    server::Server,
    streams::{self, Outcome, Streams},
};

/// Streams that are read at once, the words of each, and the time between two of them.
const STREAMS: usize = 200;
const WORDS: u32 = 200;
const EVERY_MS: u32 = 10;

/// Open streams whose memory is measured.
const OPEN_STREAMS: usize = 5_000;
const OPEN_STREAMS_QUICK: usize = 1_000;
/// A word that comes when everything is measured, and before the server takes the model for dead.
const SILENCE_MS: u32 = 25_000;

/// Who signs in, and who does something else meanwhile.
const STORM_CLIENTS: usize = 16;
const OTHER_CLIENTS: usize = 8;

/// Both sides in the order of this round, and whether Serene came first.
type Sides<'a> = ([&'a Server; 2], bool);

fn in_order<T>(mut both: Vec<T>, serene_first: bool) -> anyhow::Result<[T; 2]> {
    if serene_first {
        both.reverse();
    }
    both.try_into().map_err(|_| anyhow::anyhow!("there are two sides"))
}

/// What streams cost on one side.
struct Flow {
    cpu_us: f64,
    outcome: Outcome,
}

impl Flow {
    fn first_ms(&self) -> f64 {
        micros(Outcome::percentile(&self.outcome.first, 50)) / 1e3
    }

    fn between_ms(&self, percent: usize) -> f64 {
        micros(Outcome::percentile(&self.outcome.between, percent)) / 1e3
    }

    fn words_per_second(&self) -> f64 {
        let words = u32::try_from(self.outcome.words).unwrap_or(u32::MAX);
        f64::from(words) / self.outcome.wall.as_secs_f64()
    }
}

/// 200 streams of 200 words, one every 10 ms: on the model alone, and through each side.
pub(super) async fn streams(
    report: &mut Report,
    bar: &mut Bar,
    ground: &Ground,
    world: &World,
    (sides, serene_first): Sides<'_>,
    options: &Options,
) -> anyhow::Result<()> {
    bar.step("streams, the model alone");
    let alone = flow(ground.model(), alone_requests(options), options).await?;
    let mut both = Vec::new();
    for side in sides {
        bar.step("streams");
        both.push(flow(side, requests(world, options), options).await?);
    }
    let [floor, serene] = in_order(both, serene_first)?;
    note(report, &alone, Some(&floor), &serene);
    Ok(())
}

/// The same without a floor.
pub(super) async fn streams_alone(
    report: &mut Report,
    bar: &mut Bar,
    ground: &Ground,
    world: &World,
    serene: &Server,
    options: &Options,
) -> anyhow::Result<()> {
    bar.step("streams, the model alone");
    let alone = flow(ground.model(), alone_requests(options), options).await?;
    bar.step("streams");
    let serene = flow(serene, requests(world, options), options).await?;
    note(report, &alone, None, &serene);
    Ok(())
}

fn note(report: &mut Report, alone: &Flow, floor: Option<&Flow>, serene: &Flow) {
    let mut row = |name, unit, limit, figure: &dyn Fn(&Flow) -> f64| {
        report.push(name, unit, limit, floor.map(figure), figure(serene));
    };
    let name = "stream 200 × 200 words at 10 ms, CPU per word";
    row(name, "µs", at_most(1.6), &|flow| flow.cpu_us);
    let added = |flow: &Flow| flow.first_ms() - alone.first_ms();
    row("… added time to the first word, median", "ms", Limit::Plus(1.0), &added);
    let added = |flow: &Flow| flow.between_ms(50) - alone.between_ms(50);
    row("… added between two words, median", "ms", Limit::Record, &added);
    let added = |flow: &Flow| flow.between_ms(99) - alone.between_ms(99);
    row("… added between two words, p99", "ms", Limit::Record, &added);
    row("… words per second", "", Limit::Record, &Flow::words_per_second);
}

async fn flow(
    server: &Server,
    requests: Vec<Vec<Arc<[u8]>>>,
    options: &Options,
) -> anyhow::Result<Flow> {
    let ramp = Duration::from_millis(u64::from(WORDS * EVERY_MS));
    let ramp = if options.quick { ramp / 4 } else { ramp };
    let streams = Streams { requests, words: WORDS as usize, ramp };
    let before = server.cpu_time().context("no processor time")?;
    let outcome = streams.read(server.address()).await?;
    let cpu = server.cpu_time().context("no processor time")?.saturating_sub(before);
    let words = u32::try_from(outcome.words.max(1))?;
    Ok(Flow { cpu_us: micros(cpu) / f64::from(words), outcome })
}

fn requests(world: &World, options: &Options) -> Vec<Vec<Arc<[u8]>>> {
    let conversations = world.conversations();
    let request = |client: usize, n: usize| {
        let (person, id) = conversations[n * STREAMS + client];
        let message = message(person, id, &say(WORDS, EVERY_MS));
        message.header("accept", "text/event-stream").expect(200).bytes
    };
    let streams = options.pace().streams;
    let of = |client| (0..streams).map(|n| request(client, n)).collect();
    (0..STREAMS).map(of).collect()
}

fn alone_requests(options: &Options) -> Vec<Vec<Arc<[u8]>>> {
    let body = json!({"stream": true, "messages": [
        {"role": "user", "content": say(WORDS, EVERY_MS)}
    ]});
    let request = Builder::new("POST", "/v1/chat/completions").json(&body).expect(200).bytes;
    vec![vec![request; options.pace().streams]; STREAMS]
}

/// How long others wait while many sign in.
pub(super) async fn storm(
    report: &mut Report,
    bar: &mut Bar,
    world: &World,
    (sides, serene_first): Sides<'_>,
    options: &Options,
) -> anyhow::Result<()> {
    let mut both = Vec::new();
    for side in sides {
        bar.step("a storm of sign-ins");
        both.push(others_in_storm(side, world, options.quick).await?);
    }
    let [floor, serene] = in_order(both, serene_first)?;
    let name = "others' p99 in a storm of sign-ins";
    report.push(name, "ms", at_most(2.0), Some(floor.p99_ms), serene.p99_ms);
    let name = "… sign-ins per second";
    report.push(name, "", Limit::Record, Some(floor.per_second), serene.per_second);
    Ok(())
}

/// What others waited, and how many signed in meanwhile.
async fn others_in_storm(server: &Server, world: &World, quick: bool) -> anyhow::Result<Measured> {
    let login = |person: &crate::plant::Person| {
        let body = json!({"username": person.name, "password": PASSWORD});
        Builder::new("POST", "/api/v1/auth/login").json(&body).expect(200)
    };
    let logins = world.people.iter().rev().take(STORM_CLIENTS).map(login).collect();
    let mut storm = Crew::new(server.address(), STORM_CLIENTS, Work::Again(logins)).await?;
    let reads = (CASES[0].requests)(world);
    let mut others = Crew::new(server.address(), OTHER_CLIENTS, Work::Again(reads)).await?;
    let time = Duration::from_millis(if quick { 1_500 } else { 4_000 });
    let until = |time| Until { time, requests: usize::MAX };
    let (storm, others) = tokio::join!(
        storm.round(until(time)),
        measured(&mut others, server, until(time / 10), until(time * 7 / 10)),
    );
    if let Some(error) = storm.first_error {
        anyhow::bail!("a sign-in failed: {error}");
    }
    let logins = u32::try_from(storm.latencies.len())?;
    let per_second = f64::from(logins) / storm.wall.as_secs_f64();
    Ok(Measured { per_second, ..others? })
}

/// At rest, and with many streams open in which nothing happens.
pub(super) async fn memory(
    report: &mut Report,
    bar: &mut Bar,
    ground: &Ground,
    world: &World,
    quick: bool,
) -> anyhow::Result<()> {
    let wanted = if quick { OPEN_STREAMS_QUICK } else { OPEN_STREAMS };
    let open = wanted.min(most_streams());
    if open < wanted {
        report.remark(format!(
            "The limit on open files lets {open} of {wanted} streams be open at once."
        ));
    }
    bar.step("memory of the floor");
    let server = ground.floor(&ground.copy("floor-memory")?).await?;
    let floor = memory_of(server, world, open).await?;
    bar.step("memory");
    let folder = ground.copy("serene-memory")?;
    let server = ground.serene(&folder, Setup::default()).await?;
    let serene = memory_of(server, world, open).await?;
    let name = "memory at rest, resident";
    report.push(name, "MB", Limit::AtMost(20.0), Some(floor.at_rest_mb), serene.at_rest_mb);
    let name = "… of it not pages of the program's own file";
    report.push(name, "MB", Limit::Record, Some(floor.anonymous_mb), serene.anonymous_mb);
    let name = "memory of each open, idle stream";
    // Against the floor: what hyper needs is most of it (docs/decisions/0012-memory.md).
    report.push(name, "KB", at_most(1.2), Some(floor.stream_kb), serene.stream_kb);
    report.remark(format!("{open} streams were open at once while their memory was measured."));
    Ok(())
}

/// What a server holds.
struct Memory {
    at_rest_mb: f64,
    anonymous_mb: f64,
    stream_kb: f64,
}

async fn memory_of(server: Server, world: &World, open: usize) -> anyhow::Result<Memory> {
    const AT_ONCE: usize = 64;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let at_rest = server.memory("Rss")?;
    let anonymous = server.memory("Anonymous")?;
    let address = server.address();
    let conversations = world.all_conversations();
    let request = |(person, id): &(&crate::plant::Person, uuid::Uuid)| {
        let message = message(person, *id, &say(2, SILENCE_MS));
        message.header("accept", "text/event-stream").expect(200).bytes
    };
    let requests: Vec<Arc<[u8]>> = conversations.iter().take(open).map(request).collect();
    let mut kept = Vec::new();
    for some in requests.chunks(AT_ONCE) {
        let opening = some.iter().map(|request| streams::open(address, request));
        kept.extend(futures_util::future::try_join_all(opening).await?);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let grown = server.memory("Rss")?.saturating_sub(at_rest);
    drop(kept);
    Ok(Memory {
        at_rest_mb: bytes(at_rest) / 1e6,
        anonymous_mb: bytes(anonymous) / 1e6,
        stream_kb: bytes(grown) / bytes(requests.len() as u64) / 1024.0,
    })
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
const fn bytes(bytes: u64) -> f64 {
    bytes as f64
}

/// From starting the process to its first answer.
pub(super) async fn start(
    report: &mut Report,
    bar: &mut Bar,
    ground: &Ground,
    quick: bool,
) -> anyhow::Result<()> {
    let folder = ground.copy("serene-start")?;
    bar.step("starting");
    for _ in 0..if quick { 3 } else { 9 } {
        let server = ground.serene(&folder, Setup::default()).await?;
        let millis = micros(server.ready_after()) / 1e3;
        let name = "cold start to the first 200, existing database";
        report.push(name, "ms", Limit::AtMost(50.0), None, millis);
        server.stop().await?;
    }
    Ok(())
}

/// A page of 100 messages, sealed and not.
pub(super) async fn vault(
    report: &mut Report,
    bar: &mut Bar,
    ground: &Ground,
    world: &World,
    options: &Options,
) -> anyhow::Result<()> {
    bar.step("sealing");
    let sealed = ground.copy("serene-sealed")?;
    let key = ground.seal(&sealed).await?;
    let setup = Setup { key: Some(&key), ..Setup::default() };
    let on = ground.serene(&sealed, setup).await?;
    let off = ground.serene(&ground.copy("serene-open")?, Setup::default()).await?;
    bar.step("the vault");
    let page = &CASES[1];
    for round in 0..options.rounds() {
        let sides = if round % 2 == 0 { [&off, &on] } else { [&on, &off] };
        let mut both = Vec::new();
        for side in sides {
            both.push(page.measure(side, world, options.pace()).await?.cpu_us);
        }
        let [off, on] = in_order(both, round % 2 == 1)?;
        let name = "vault on ÷ off: GET messages, page of 100";
        report.push(name, "µs", at_most(1.3), Some(off), on);
    }
    on.stop().await?;
    off.stop().await?;
    Ok(())
}
