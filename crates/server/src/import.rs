//! `serene import`: reads an export into an account, and says what became of everything in it.

use std::{fs::File, io, path::Path, process::ExitCode};

use anyhow::{Context, anyhow};
use serene_core::portable::{self, Importer, Item, Kind, Report};
use tokio::sync::mpsc;

use crate::{config::Config, out::say, wiring};

/// How many items are stored at a time.
const AT_A_TIME: usize = 64;

pub(crate) async fn run(config: &Config, file: &Path, user: &str) -> anyhow::Result<ExitCode> {
    let serene = wiring::open_without_model(config).await?;
    let user = serene.accounts.find_by_login(user).await.context("there is no such account")?;
    let owner = serene.base().owner_for_job(user.id, "import").await?;
    let source: Box<dyn io::Read + Send> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).with_context(|| format!("cannot open {}", file.display()))?)
    };

    let (give, mut items) = mpsc::channel::<Item>(AT_A_TIME);
    // Reading blocks, and a document may be as large as it likes.
    let reading = std::thread::Builder::new()
        .name("serene-import".into())
        .spawn(move || portable::read(source, &mut |item| give.blocking_send(item).is_ok()))?;
    let mut importer = Importer::new(&serene, owner);
    let mut some = Vec::with_capacity(AT_A_TIME);
    let mut failed = None;
    while items.recv_many(&mut some, AT_A_TIME).await > 0 {
        if let Err(error) = importer.take(std::mem::take(&mut some)).await {
            failed = Some(anyhow!(error).context("storing failed; run it again to go on"));
            break;
        }
    }
    // The reader ends when nobody takes what it gives.
    drop(items);
    let read = reading.join().map_err(|_| anyhow!("the reader of the document panicked"))?;
    let report = importer.report();
    print(&report);
    if let Some(error) = failed {
        return Err(error);
    }
    read.map_err(|why| anyhow!("the document ended early: {why}"))?;
    let refused: u64 = report.tallies.iter().map(|tally| tally.refused).sum();
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(report: &Report) {
    if !report.set.is_empty() {
        say!("set in the account: {}", report.set.join(", "));
    }
    for (kind, tally) in Kind::ALL.into_iter().zip(&report.tallies) {
        let mut words = vec![
            format!("{} taken", tally.taken),
            format!("{} there already", tally.had),
            format!("{} not taken", tally.refused),
        ];
        if kind == Kind::Usage {
            words = vec![format!("{} passed over: it was charged elsewhere", tally.passed_over)];
        }
        say!("{:<14} {}", kind.list(), words.join(", "));
        for reason in &tally.reasons {
            say!("  {reason}");
        }
        let more = tally.refused.saturating_sub(tally.reasons.len() as u64);
        if more > 0 {
            say!("  and {more} more");
        }
    }
}
