//! The distance to the floor: the same cases on the floor and on Serene, in turns, as a table of
//! ratios. Absolute figures belong to one machine on one day; a ratio is what is promised.

pub(crate) mod cases;
mod others;
mod report;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Context;
use cases::{CASES, Case, Measured, Pace, World};
pub(crate) use report::commit;
use report::{Limit, Report};

use crate::{
    Bar,
    client::{Client, Request},
    ground::{Ground, Setup},
    progress,
    server::Server,
};

/// What the command line asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) quick: bool,
    pub(crate) json: Option<PathBuf>,
    pub(crate) database_url: Option<String>,
}

impl Options {
    pub(crate) fn parse(arguments: Vec<String>) -> anyhow::Result<Self> {
        let mut options = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value =
                || arguments.next().with_context(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--json" => options.json = Some(value()?.into()),
                "--database-url" => options.database_url = Some(value()?),
                other => anyhow::bail!("{other} is not known; see --help"),
            }
        }
        Ok(options)
    }

    const fn rounds(&self) -> usize {
        if self.quick { 2 } else { 3 }
    }

    const fn pace(&self) -> Pace {
        if self.quick { Pace::QUICK } else { Pace::FULL }
    }
}

/// The whole run; whether everything is as promised.
pub(crate) async fn run(options: &Options) -> anyhow::Result<bool> {
    let start = Instant::now();
    progress("filling a database");
    let (ground, world) = Ground::set_up(World::ROWS, World::plant).await?;
    let report = match &options.database_url {
        None => compare(options, &ground, &world).await?,
        Some(url) => record(options, &ground, &world, url).await?,
    };
    progress("");
    report.print(options.quick, start.elapsed());
    if let Some(path) = &options.json {
        let text = format!("{:#}\n", report.json(options.quick, start.elapsed()));
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(report.is_good())
}

async fn compare(options: &Options, ground: &Ground, world: &World) -> anyhow::Result<Report> {
    let rounds = options.rounds();
    let mut bar = Bar::new(rounds * (2 * CASES.len() + 5) + 8);
    let floor = ground.floor(&ground.copy("floor")?).await?;
    let serene = ground.serene(&ground.copy("serene")?, Setup::default()).await?;
    bar.step("the same bytes");
    same_bytes(&floor, &serene, world).await?;
    let mut report = Report::new();
    for round in 0..rounds {
        // Who comes first has a colder machine, or a warmer one.
        let sides = if round % 2 == 0 { [&floor, &serene] } else { [&serene, &floor] };
        for case in CASES {
            let mut measured = Vec::new();
            for side in sides {
                bar.step(case.name);
                measured.push(case.measure(side, world, options.pace()).await?);
            }
            if round % 2 == 1 {
                measured.reverse();
            }
            report.add(case, measured[0], Some(measured[1]));
        }
        others::streams(&mut report, &mut bar, ground, world, (sides, round % 2 == 1), options)
            .await?;
        others::storm(&mut report, &mut bar, world, (sides, round % 2 == 1), options).await?;
    }
    floor.stop_now().await;
    serene.stop().await?;
    others::memory(&mut report, &mut bar, ground, world, options.quick).await?;
    others::start(&mut report, &mut bar, ground, options.quick).await?;
    others::vault(&mut report, &mut bar, ground, world, options).await?;
    Ok(report)
}

/// The same cases on a database of another kind, which has no floor.
async fn record(
    options: &Options,
    ground: &Ground,
    world: &World,
    url: &str,
) -> anyhow::Result<Report> {
    progress("copying the data");
    ground.move_to(url).await?;
    let mut bar = Bar::new(options.rounds() * (CASES.len() + 2));
    let setup = Setup { database_url: Some(url), ..Setup::default() };
    let serene = ground.serene(&ground.copy("serene")?, setup).await?;
    let mut report = Report::new();
    for _ in 0..options.rounds() {
        for case in CASES {
            bar.step(case.name);
            report.add(case, case.measure(&serene, world, options.pace()).await?, None);
        }
        others::streams_alone(&mut report, &mut bar, ground, world, &serene, options).await?;
    }
    serene.stop().await?;
    Ok(report)
}

/// Checks that both answer the same, so that the floor is one: pages byte for byte, what is created
/// apart from its ids and times.
async fn same_bytes(floor: &Server, serene: &Server, world: &World) -> anyhow::Result<()> {
    for case in CASES {
        let requests = (case.requests)(world);
        let request = requests.first().context("a case without requests")?;
        let bodies = [body(floor, request).await?, body(serene, request).await?];
        let [ours, theirs] =
            if case.creates() { [blanked(&bodies[0])?, blanked(&bodies[1])?] } else { bodies };
        let at = ours.iter().zip(&theirs).position(|(a, b)| a != b);
        let at = at.or((ours.len() != theirs.len()).then(|| ours.len().min(theirs.len())));
        if let Some(at) = at {
            let near = |body: &[u8]| {
                let part = &body[at.saturating_sub(60)..body.len().min(at + 60)];
                String::from_utf8_lossy(part).into_owned()
            };
            anyhow::bail!(
                "{}: the floor does not answer as Serene does, at byte {at}:\n{}\n{}",
                case.name,
                near(&ours),
                near(&theirs)
            );
        }
    }
    Ok(())
}

async fn body(server: &Server, request: &Request) -> anyhow::Result<Vec<u8>> {
    let mut client = Client::new(server.address());
    client.send(request).await?;
    Ok(client.body().to_vec())
}

/// A body without what is another each time.
fn blanked(body: &[u8]) -> anyhow::Result<Vec<u8>> {
    fn blank(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Array(items) => items.iter_mut().for_each(blank),
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    let is_new = name == "id" || name.ends_with("_id") || name.ends_with("_at");
                    if is_new && value.is_string() {
                        *value = "…".into();
                    } else {
                        blank(value);
                    }
                }
            }
            _ => {}
        }
    }
    let mut value = serde_json::from_slice(body)?;
    blank(&mut value);
    Ok(serde_json::to_vec(&value)?)
}

/// The median of some figures; zero of none.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        length if length % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// So many microseconds.
pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// A case and what it gave, for whoever looks for the one that is worst.
pub(crate) async fn distances() -> anyhow::Result<Vec<(&'static Case, f64)>> {
    let (ground, world) = Ground::set_up(World::ROWS, World::plant).await?;
    let floor = ground.floor(&ground.copy("floor")?).await?;
    let serene = ground.serene(&ground.copy("serene")?, Setup::default()).await?;
    let mut found = Vec::new();
    for case in CASES {
        progress(case.name);
        let base: Measured = case.measure(&floor, &world, Pace::QUICK).await?;
        let own = case.measure(&serene, &world, Pace::QUICK).await?;
        found.push((case, own.cpu_us / base.cpu_us / case.at_most));
    }
    progress("");
    serene.stop().await?;
    Ok(found)
}

/// The limit of a ratio.
const fn at_most(times: f64) -> Limit {
    Limit::Times(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_understood_or_refused() {
        let parse =
            |line: &str| Options::parse(line.split_whitespace().map(str::to_owned).collect());
        let options = parse("--quick --json out.json --database-url mysql://h/d").unwrap();
        assert!(options.quick && options.database_url.is_some() && options.json.is_some());
        assert_eq!(parse("").unwrap(), Options::default());
        assert!(parse("--json").is_err() && parse("--only login").is_err());
    }

    #[test]
    fn what_is_new_each_time_is_blanked_and_nothing_else() {
        let one =
            br#"{"id":"a","at":{"created_at":"x","ended_at":null},"n":[{"user_id":"b"}],"t":"c"}"#;
        let other =
            br#"{"id":"A","at":{"created_at":"X","ended_at":null},"n":[{"user_id":"B"}],"t":"c"}"#;
        assert_eq!(blanked(one).unwrap(), blanked(other).unwrap());
        let third =
            br#"{"id":"A","at":{"created_at":"X","ended_at":null},"n":[{"user_id":"B"}],"t":"d"}"#;
        assert_ne!(blanked(one).unwrap(), blanked(third).unwrap());
        let fourth =
            br#"{"id":"A","at":{"created_at":"X","ended_at":"Y"},"n":[{"user_id":"B"}],"t":"c"}"#;
        assert_ne!(blanked(one).unwrap(), blanked(fourth).unwrap());
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median(&[]).abs() < 1e-9);
    }
}
