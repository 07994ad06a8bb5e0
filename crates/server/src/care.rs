//! `serene care report`: how well the crisis screen, the gibberish check and the reply guard do on
//! their reviewed sets. It opens no database and needs no configuration.

use std::process::ExitCode;

use serene_care::{gibberish, guard, screen};

use crate::{cli::CareCommand, out::say};

pub(crate) fn run(command: &CareCommand) -> ExitCode {
    match command {
        CareCommand::Report => report(),
    }
}

/// Prints the figures, then what is below its bound. Fails if anything is.
fn report() -> ExitCode {
    let (screen, gibberish, guard) =
        (screen::report::report(), gibberish::report(), guard::report());
    say!("{}\n", screen.to_string().trim_end());
    say!("Gibberish check\n\n{gibberish}\n");
    say!("Reply guard\n\n{guard}\n");
    let violations = guard.violations.iter().map(|line| format!("reply guard: {line}"));
    let below: Vec<String> =
        screen.shortfalls().into_iter().chain(gibberish.shortfalls()).chain(violations).collect();
    for line in &below {
        say!("Not as promised: {line}");
    }
    if !below.is_empty() {
        return ExitCode::FAILURE;
    }
    say!("Every figure is within its bound.");
    ExitCode::SUCCESS
}
