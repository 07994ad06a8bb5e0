//! Every route of Serene that waits for no model, and those that wait for the built-in responder
//! beside them, against the release binary on data of its own: one absolute table.

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context;
use serde_json::json;

use crate::{
    api::Api,
    cases::{self, Case, Stage},
    load::{Crew, Limit},
    options::Options,
    progress,
    seed::Hands,
    server::{self, Mode, Server},
    table::{self, LIMIT, Row},
};

/// A tenth of what can be sent once only is spent on warming up.
const WARM_UP_SHARE: usize = 10;

/// The whole run; whether everything is as promised.
pub(crate) async fn run(options: &Options) -> anyhow::Result<bool> {
    let start = Instant::now();
    let binary = server::find_binary()?;
    let cases = cases::all();
    let chosen: Vec<&Case> = cases.iter().filter(|case| options.wants(case.operation)).collect();
    anyhow::ensure!(!chosen.is_empty(), "there is no such operation");
    // Declared before the server, so that it goes after it.
    let folder = tempfile::Builder::new().prefix("serene-bench-").tempdir()?;
    let (mut server, stage) = set_up(options, &binary, folder.path(), &cases).await?;
    let size = options.size().describe();
    let cores = std::thread::available_parallelism()?;
    let vault = if options.vault { ", texts sealed" } else { "" };
    println!("Serene {}, {cores} cores, engine basic, bcrypt cost 10{vault}", stage.api.version());
    println!("seed: {size}");
    println!("first answer {} ms after the start, on this data", server.ready_after().as_millis());
    println!();

    let mut rows = Vec::new();
    for (index, case) in chosen.iter().enumerate() {
        let name = format!("{} {}", case.operation, case.detail);
        progress(&format!("{:>2} of {}  {name}", index + 1, chosen.len()));
        let row = measure(options, &server, &stage, case).await;
        // A server that is gone says more than what became of the requests to it.
        server.check_alive()?;
        rows.push(row.context(name)?);
    }
    progress("");
    server.stop().await?;
    report(options, &stage.api, &rows, start.elapsed())
}

/// Seeds, and starts the server that is measured. The seeding server's hashes are cheap: they are
/// not what is measured, and there are thousands.
async fn set_up(
    options: &Options,
    binary: &Path,
    folder: &Path,
    cases: &[Case],
) -> anyhow::Result<(Server, Stage)> {
    let key = if options.vault { Some(server::master_key(binary).await?) } else { None };
    let mut server = Server::start(binary, folder, Mode::Seeding, key.as_deref()).await?;
    let address = server.address();
    let api = Api::fetch(address).await?;
    api.census(&cases.iter().map(|case| case.operation).collect())?;
    progress("seeding");
    let hands = Hands { api: &api, address };
    let seed = hands.seed(&options.size()).await;
    server.check_alive()?;
    let seed = seed.context("cannot seed")?;
    server.stop().await?;
    let server = Server::start(binary, folder, Mode::Measured, key.as_deref()).await?;
    let stage = Stage::new(api, server.address(), seed, options.supply())?;
    Ok((server, stage))
}

async fn measure(
    options: &Options,
    server: &Server,
    stage: &Stage,
    case: &Case,
) -> anyhow::Result<Row> {
    let work = (case.prepare)(stage).await?;
    let mut crew = Crew::new(server.address(), case.clients, work).await?;
    let (time, warm_up) = options.times();
    let few = crew.supply().map_or(usize::MAX, |supply| supply / WARM_UP_SHARE);
    let warm = crew.round(Limit { time: warm_up, requests: few }).await;
    let before = server.cpu_time();
    let mut outcome = crew.round(Limit { time, requests: usize::MAX }).await;
    let cpu = server.cpu_time().zip(before).map(|(after, before)| after.saturating_sub(before));
    // What is wrong is wrong at any time.
    outcome.errors += warm.errors;
    outcome.first_error = warm.first_error.or(outcome.first_error);
    Ok(Row::new(case, outcome, cpu))
}

/// Prints and keeps the table; whether everything is as promised.
fn report(options: &Options, api: &Api, rows: &[Row], took: Duration) -> anyhow::Result<bool> {
    print!("{}", table::render(rows));
    println!();
    println!("CPU µs: processor time of the server per request, all its threads.");
    println!("(model): the reply is part of the answer, so no limit is promised.");
    for row in rows {
        if let Some(error) = row.first_error() {
            println!("{}: {error}", row.name());
        }
    }
    if let Some(path) = &options.json {
        let document = json!({
            "version": api.version(),
            "quick": options.quick,
            "limit_ms": LIMIT.as_millis(),
            "seed": options.size().describe(),
            "rows": rows.iter().map(Row::json).collect::<Vec<_>>(),
        });
        let text = format!("{document:#}\n");
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let bad: Vec<String> = rows.iter().filter(|row| !row.is_good()).map(Row::name).collect();
    let measured: BTreeSet<&str> = rows.iter().map(Row::operation).collect();
    println!("Measured {} of {} operations in {} s.", measured.len(), api.len(), took.as_secs());
    if !bad.is_empty() {
        println!("Not as promised: {}.", bad.join("; "));
    }
    Ok(bad.is_empty())
}
