//! Measures Serene against a floor: the least work that could be done. And how its cost grows, and
//! every one of its routes. `serene-bench --help` says how.

mod api;
mod cases;
mod client;
mod floor;
mod ground;
mod growth;
mod load;
mod model;
mod options;
mod plant;
mod profile;
mod ratio;
mod routes;
mod seed;
mod server;

mod streams;
mod table;

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
Measures Serene. SERENE_BIN names its binary, else it is target/release/serene.

serene-bench [--quick] [--json FILE] [--database-url URL]
    The distance to the floor, as a table of ratios; fails when one is over its target.
    --quick                under a minute, and less certain
    --json FILE            keeps every number
    --database-url URL     the same cases on a PostgreSQL or MySQL database, which must be empty;
                           for the record, without a floor
serene-bench growth [--quick] [--plot FILE] [--json FILE]
    How cost grows with the number of rows; --plot draws it. --quick stops at 10,000 rows.
serene-bench profile [CASE]
    Where the processor time of a case goes, by perf: the case that is nearest to its target, or
    furthest over it, unless one is named.
serene-bench routes [--quick] [--only OPERATION] [--json FILE] [--vault]
    Every route, in absolute figures.
serene-bench floor DATABASE MODEL_URL
serene-bench model
    The floor and the model server, each on a free port.
";

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_command = arguments.first().is_some_and(|first| !first.starts_with('-'));
    let command = if is_command { arguments.remove(0) } else { String::new() };
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run(&command, arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything is as promised.
fn run(command: &str, arguments: Vec<String>) -> anyhow::Result<bool> {
    match command {
        "" => {
            let options = ratio::Options::parse(arguments)?;
            measured(async move { ratio::run(&options).await })
        }
        "growth" => {
            let options = growth::Options::parse(arguments)?;
            measured(async move { growth::run(&options).await })
        }
        "profile" => {
            let case = arguments.into_iter().next();
            measured(async move { profile::run(case.as_deref()).await })
        }
        "routes" => {
            let options = options::Options::parse(arguments).map_err(anyhow::Error::msg)?;
            measured(async move { routes::run(&options).await })
        }
        "floor" => {
            let [database, model] = <[String; 2]>::try_from(arguments)
                .map_err(|_| anyhow::anyhow!("floor needs a database and the URL of a model"))?;
            let secret = plant::SECRET.to_owned();
            floor::serve(&floor::Setup { database: database.into(), secret, model })?;
            Ok(true)
        }
        "model" => {
            model::serve()?;
            Ok(true)
        }
        other => anyhow::bail!("{other} is not known; see --help"),
    }
}

/// Runs to the end, or until somebody wants this process to end: whoever loses is dropped, and the
/// servers with it.
fn measured(work: impl Future<Output = anyhow::Result<bool>>) -> anyhow::Result<bool> {
    // One thread: the clients must not take the processors away from the server.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start the runtime")?.block_on(async {
        tokio::select! {
            outcome = work => outcome,
            signal = interrupted() => Err(signal),
        }
    })
}

/// Ends when somebody wants this process to end.
async fn interrupted() -> anyhow::Error {
    let terminated = async { signal(SignalKind::terminate()).ok()?.recv().await };
    let hung_up = async { signal(SignalKind::hangup()).ok()?.recv().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        Some(()) = terminated => {}
        Some(()) = hung_up => {}
    }
    anyhow::anyhow!("interrupted")
}

/// One line that is written over, for people who wait.
fn progress(line: &str) {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        // A terminal that does not take it is nobody who waits.
        let _ = write!(terminal, "\r\x1b[2K{line}");
        let _ = terminal.flush();
    }
}

/// How far a run has come.
#[derive(Debug)]
struct Bar {
    done: usize,
    steps: usize,
}

impl Bar {
    const WIDTH: usize = 30;

    const fn new(steps: usize) -> Self {
        Self { done: 0, steps }
    }

    /// The next step begins.
    fn step(&mut self, what: &str) {
        let full = (self.done * Self::WIDTH / self.steps.max(1)).min(Self::WIDTH);
        let bar = format!("{}{}", "#".repeat(full), ".".repeat(Self::WIDTH - full));
        progress(&format!("[{bar}] {:>3} of {}  {what}", self.done + 1, self.steps));
        self.done += 1;
    }
}
