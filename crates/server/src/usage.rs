//! `serene usage`: what models were used for, and whether the totals are right. Works beside a running
//! server, and without one.

use std::process::ExitCode;

use anyhow::ensure;
use jiff::civil::Date;
use serde_json::{Value, json};
use serene_core::{
    Serene,
    base::{Error, Owner},
    usage::{Difference, Figures, Money, Sums},
};

use crate::{
    cli::{UsageBy, UsageCommand},
    config::Config,
    out::say,
    wiring,
};

pub(crate) async fn run(config: &Config, command: UsageCommand) -> anyhow::Result<ExitCode> {
    let serene = wiring::open(config, None).await?;
    match command {
        UsageCommand::Report { from, to, by, json } => {
            let to = to.unwrap_or_else(|| serene.ledger.today());
            let from = from.unwrap_or_else(|| to.first_of_month());
            ensure!(from <= to, "--from {from} is after --to {to}");
            report(&serene, (from, to), by, json).await?;
            Ok(ExitCode::SUCCESS)
        }
        UsageCommand::Verify { repair } => verify(&serene, repair).await,
    }
}

/// The lines of a report: what each is about, and its sums.
type Lines = Vec<(String, Sums)>;

async fn lines(serene: &Serene, (from, to): (Date, Date), by: UsageBy) -> anyhow::Result<Lines> {
    let ledger = &serene.ledger;
    if by == UsageBy::User {
        let mut lines = Lines::new();
        for (id, sums) in ledger.report_by_user(from, to).await? {
            let name = match serene.accounts.user(Owner::for_job(id, "usage report")).await {
                Ok(user) => user.username.or(user.email).unwrap_or_else(|| "-".to_owned()),
                // Deleted a moment ago.
                Err(Error::NotFound(_)) => "-".to_owned(),
                Err(error) => return Err(error.into()),
            };
            lines.push((format!("{id} {name}"), sums));
        }
        return Ok(lines);
    }
    let report = ledger.report_of_all(from, to).await?;
    Ok(match by {
        UsageBy::Day => report.by_day.into_iter().collect(),
        UsageBy::Purpose => report.by_purpose.into_iter().collect(),
        UsageBy::Model | UsageBy::User => {
            let name = |(engine, model)| format!("{engine} {model}");
            report.by_model.into_iter().map(|(of, sums)| (name(of), sums)).collect()
        }
    })
}

async fn report(
    serene: &Serene,
    range: (Date, Date),
    by: UsageBy,
    as_json: bool,
) -> anyhow::Result<()> {
    let lines = lines(serene, range, by).await?;
    let mut total = Sums::default();
    for (_, sums) in &lines {
        total.add(sums);
    }
    if as_json {
        let key = match by {
            UsageBy::Day => "day",
            UsageBy::Model => "model",
            UsageBy::Purpose => "purpose",
            UsageBy::User => "user",
        };
        let items: Vec<Value> = lines
            .iter()
            .map(|(of, sums)| {
                let mut item = sums_json(sums);
                item[key] = json!(of);
                item
            })
            .collect();
        let (from, to) = (range.0.to_string(), range.1.to_string());
        let whole = json!({"from": from, "to": to, "items": items, "total": sums_json(&total)});
        say!("{}", serde_json::to_string_pretty(&whole)?);
        return Ok(());
    }
    let width = lines.iter().map(|(of, _)| of.chars().count()).max().unwrap_or(0).max(10);
    say!(
        "{:width$} {:>8} {:>8} {:>12} {:>12} {:>12} {:>14}",
        "",
        "calls",
        "guessed",
        "prompt",
        "cached",
        "answers",
        "cost"
    );
    for (of, sums) in lines.iter().map(|(of, sums)| (&**of, sums)).chain([("total", &total)]) {
        say!(
            "{of:width$} {:>8} {:>8} {:>12} {:>12} {:>12} {:>14}",
            sums.calls,
            sums.estimated_calls,
            sums.prompt_tokens,
            sums.cached_tokens,
            sums.completion_tokens,
            Money(sums.cost_nanos).to_string(),
        );
    }
    Ok(())
}

fn sums_json(sums: &Sums) -> Value {
    json!({
        "calls": sums.calls,
        "estimated_calls": sums.estimated_calls,
        "prompt_tokens": sums.prompt_tokens,
        "completion_tokens": sums.completion_tokens,
        "cached_tokens": sums.cached_tokens,
        "total_tokens": sums.total_tokens(),
        "cost_nanos": sums.cost_nanos,
    })
}

async fn verify(serene: &Serene, repair: bool) -> anyhow::Result<ExitCode> {
    let verified = serene.ledger.verify(repair).await?;
    for difference in &verified.differences {
        say!("{}", sentence(difference));
    }
    let (totals, wrong) = (verified.totals, verified.differences.len());
    if wrong == 0 {
        say!("{totals} totals, all of them right");
        return Ok(ExitCode::SUCCESS);
    }
    say!("{totals} totals, {wrong} of them {}", if repair { "were wrong" } else { "wrong" });
    Ok(ExitCode::FAILURE)
}

fn sentence(difference: &Difference) -> String {
    let whose = difference.user_id.map_or("everybody".to_owned(), |id| format!("user {id}"));
    let figures = |it: &Figures| {
        format!(
            "{} tokens and {} used, {} and {} reserved",
            it.used.tokens,
            Money(it.used.cost_nanos),
            it.reserved.tokens,
            Money(it.reserved.cost_nanos),
        )
    };
    let period = &difference.period;
    match &difference.kept {
        None => format!("{period} of {whose}: there is no total"),
        Some(kept) => format!(
            "{period} of {whose}: {}; counted: {}",
            figures(kept),
            figures(&difference.should_be)
        ),
    }
}
