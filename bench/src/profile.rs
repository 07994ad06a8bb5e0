//! Where the processor time of a case goes: `perf` on Serene while the case is asked of it.

use std::{path::Path, time::Duration};

use anyhow::Context;
use tokio::process::Command;

use crate::{
    ground::{Ground, Setup},
    ratio::{
        cases::{CASES, Case, Pace, World},
        distances,
    },
};

/// How long is recorded, and how many lines are shown.
const SECONDS: u32 = 6;
const LINES: usize = 40;

/// Profiles the case of this name, or a part of its name; without one, the case that is furthest
/// over its target or nearest to it.
pub(crate) async fn run(name: Option<&str>) -> anyhow::Result<bool> {
    let case = match name {
        Some(name) => {
            let found = CASES.iter().find(|case| case.name.contains(name));
            let names: Vec<_> = CASES.iter().map(|case| case.name).collect();
            found.with_context(|| format!("no such case; there are: {}", names.join("; ")))?
        }
        None => worst().await?,
    };
    let (ground, world) = Ground::set_up(World::ROWS, World::plant).await?;
    let folder = ground.copy("serene")?;
    let server = ground.serene(&folder, Setup::default()).await?;
    let data = folder.join("perf.data");
    let mut perf = Command::new("perf");
    perf.args(["record", "--quiet", "--freq", "997", "--output"])
        .arg(&data)
        .args(["--pid", &server.process_id()?.to_string(), "--"])
        .args(["sleep", &SECONDS.to_string()])
        .kill_on_drop(true);
    let mut recording = perf.spawn().context("cannot start perf; `make profile` installs it")?;
    let listen = async {
        let status = recording.wait().await?;
        anyhow::ensure!(status.success(), "perf record failed: {status}");
        anyhow::Ok(())
    };
    let ask = async {
        let pace = Pace { time: Duration::from_secs(1), ..Pace::FULL };
        loop {
            case.measure(&server, &world, pace).await?;
        }
        #[expect(unreachable_code, reason = "says what the loop would give, if it ended")]
        anyhow::Ok(())
    };
    tokio::select! {
        over = listen => over?,
        failed = ask => failed?,
    }
    println!("{}: where the processor time of Serene goes", case.name);
    report(&data).await?;
    server.stop().await?;
    Ok(true)
}

async fn worst() -> anyhow::Result<&'static Case> {
    let found = distances().await?;
    for (case, share) in &found {
        println!("{:<40} {:.2} of what it may", case.name, share);
    }
    println!();
    let worst = found.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
    Ok(worst.context("there are cases")?.0)
}

async fn report(data: &Path) -> anyhow::Result<()> {
    let mut reporter = Command::new("perf");
    reporter.args(["report", "--stdio", "--no-children", "--percent-limit", "0.4"]);
    let output = reporter.args(["--sort", "symbol", "--input"]).arg(data).output().await?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    for line in lines.take(LINES) {
        println!("{}", line.trim_end());
    }
    Ok(())
}
