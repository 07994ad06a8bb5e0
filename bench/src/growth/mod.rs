//! How cost grows: the same pages, sends and starts with a hundred rows, ten thousand, a million.

mod plot;

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use plot::{Panel, Series};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Bar,
    api::Builder,
    client::Request,
    ground::{Ground, Setup},
    load::{Crew, Limit, Work},
    model::say,
    plant::{Garden, Person, cursor},
    progress,
    ratio::{
        cases::{CLIENTS, measured, message},
        commit, median, micros,
    },
    server::Server,
    table::aligned,
};

const SIZES: [usize; 3] = [100, 10_000, 1_000_000];
/// Conversations that messages are sent into: a few each, so that one of a hundred stays one.
const TALKS: usize = 16;
const SENDS_EACH: usize = 12;
const STARTS: usize = 5;

/// What the second may be of the first: a send into a conversation of 10,000 messages, of 100.
const SEND_AT_MOST: f64 = 2.0;
/// What the last point of any line may be of the first, or it is neither flat nor logarithmic.
const GROWTH_AT_MOST: f64 = 3.0;

/// What the command line asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    quick: bool,
    plot: Option<PathBuf>,
    json: Option<PathBuf>,
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
                "--plot" => options.plot = Some(value()?.into()),
                "--json" => options.json = Some(value()?.into()),
                other => anyhow::bail!("{other} is not known; see --help"),
            }
        }
        Ok(options)
    }

    fn sizes(&self) -> &'static [usize] {
        if self.quick { &SIZES[..2] } else { &SIZES }
    }

    const fn time(&self) -> Duration {
        Duration::from_millis(if self.quick { 500 } else { 2_000 })
    }
}

/// Somebody with as many of each.
struct Hoard {
    person: Person,
    /// As many messages in each.
    talks: Vec<Uuid>,
}

/// One line of the table: a figure for each size.
struct Line {
    name: &'static str,
    unit: &'static str,
    points: Vec<f64>,
}

/// Measures every size; whether nothing grows faster than it may.
pub(crate) async fn run(options: &Options) -> anyhow::Result<bool> {
    let sizes = options.sizes();
    let mut bar = Bar::new(sizes.len() * 7);
    let mut lines: Vec<Line> = Vec::new();
    for size in sizes {
        for (name, unit, figure) in measure(options, &mut bar, *size).await? {
            match lines.iter_mut().find(|line| line.name == name) {
                Some(line) => line.points.push(figure),
                None => lines.push(Line { name, unit, points: vec![figure] }),
            }
        }
    }
    progress("");
    print(sizes, &lines);
    if let Some(path) = &options.plot {
        std::fs::write(path, draw(sizes, &lines)).context("cannot write the plot")?;
    }
    if let Some(path) = &options.json {
        let line =
            |line: &Line| json!({"name": line.name, "unit": line.unit, "points": line.points});
        let lines: Vec<_> = lines.iter().map(line).collect();
        let document = json!({"commit": commit(), "sizes": sizes, "lines": lines});
        std::fs::write(path, format!("{document:#}\n")).context("cannot write the figures")?;
    }
    Ok(judge(&lines))
}

const SEND: &str = "send, with so many messages there";

/// Every figure of one size.
async fn measure(
    options: &Options,
    bar: &mut Bar,
    size: usize,
) -> anyhow::Result<Vec<(&'static str, &'static str, f64)>> {
    bar.step(&format!("writing {size} rows of each kind"));
    let (ground, hoard) = Ground::set_up(size * 5, |garden| plant(garden, size)).await?;
    let folder = ground.own();
    let mut starts = Vec::new();
    bar.step("starting");
    for _ in 0..STARTS {
        let server = ground.serene(&folder, Setup::default()).await?;
        starts.push(micros(server.ready_after()) / 1e3);
        server.stop().await?;
    }
    let mut figures = vec![("start, with so many messages", "ms", median(&starts))];
    let server = ground.serene(&folder, Setup::default()).await?;
    for (name, path, query) in pages(&hoard, size) {
        bar.step(name);
        let request = Builder::new("GET", &path).query(&query);
        let request = request.token(&hoard.person.token).expect(200);
        figures.push((name, "µs", read(&server, request, options.time()).await?));
    }
    bar.step(SEND);
    figures.push((SEND, "µs", send(&server, &hoard).await?));
    server.stop().await?;
    Ok(figures)
}

fn plant(garden: &mut Garden, size: usize) -> anyhow::Result<Hoard> {
    let mut person = garden.person("hoarder")?;
    // A million messages are enough once.
    let talks = if size > 10_000 { 1 } else { TALKS };
    for _ in 0..talks {
        garden.conversation(&mut person, size)?;
    }
    let talks = person.conversations.clone();
    for _ in talks.len()..size {
        garden.conversation(&mut person, 0)?;
    }
    person.conversations.clear();
    garden.entries(&person, size)?;
    Ok(Hoard { person, talks })
}

fn pages(hoard: &Hoard, size: usize) -> [(&'static str, String, String); 4] {
    let messages = format!("/api/v1/conversations/{}/messages", hoard.talks[0]);
    let middle = cursor(i64::try_from(size / 2).unwrap_or(0), Uuid::nil());
    [
        ("page of 50 conversations", "/api/v1/conversations".into(), "limit=50".into()),
        ("page of 50 messages", messages.clone(), "limit=50".into()),
        ("page of 50 messages, from the middle", messages, format!("limit=50&cursor={middle}")),
        ("page of 30 entries", "/api/v1/entries".into(), "limit=30".into()),
    ]
}

async fn read(server: &Server, request: Request, time: Duration) -> anyhow::Result<f64> {
    let mut crew = Crew::new(server.address(), CLIENTS, Work::Again(vec![request])).await?;
    let until = |time| Limit { time, requests: usize::MAX };
    Ok(measured(&mut crew, server, until(time / 5), until(time)).await?.cpu_us)
}

async fn send(server: &Server, hoard: &Hoard) -> anyhow::Result<f64> {
    let message = |id: &Uuid| message(&hoard.person, *id, &say(8, 0)).expect(201);
    let talks: Vec<Request> = hoard.talks.iter().map(message).collect();
    // One after the other: there is but one conversation of a million, and it takes one at a time.
    let mut crew = Crew::new(server.address(), 1, Work::Again(talks)).await?;
    let until = |requests| Limit { time: Duration::MAX, requests };
    Ok(measured(&mut crew, server, until(8), until(TALKS * SENDS_EACH)).await?.cpu_us)
}

fn print(sizes: &[usize], lines: &[Line]) {
    let mut table = vec![vec!["with so many rows".to_owned(), "unit".to_owned()]];
    table[0].extend(sizes.iter().map(ToString::to_string));
    table[0].push("last ÷ first".to_owned());
    for line in lines {
        let mut cells = vec![line.name.to_owned(), line.unit.to_owned()];
        cells.extend(line.points.iter().map(|point| format!("{point:.1}")));
        cells.push(format!("{:.2}", line.growth()));
        table.push(cells);
    }
    println!("Commit {}", commit());
    println!();
    print!("{}", aligned(&table));
}

impl Line {
    fn growth(&self) -> f64 {
        let (first, last) = (self.points.first(), self.points.last());
        first.zip(last).map_or(0.0, |(first, last)| last / first)
    }
}

fn judge(lines: &[Line]) -> bool {
    let mut good = true;
    for line in lines {
        if line.growth() > GROWTH_AT_MOST {
            println!("Grows too fast: {}.", line.name);
            good = false;
        }
        if line.name == SEND && line.points[1] > SEND_AT_MOST * line.points[0] {
            println!("A send with 10,000 messages costs more than twice one with 100.");
            good = false;
        }
    }
    good
}

fn draw(sizes: &[usize], lines: &[Line]) -> String {
    let series = |wanted: fn(&Line) -> bool| -> Vec<Series> {
        let series = |line: &Line| Series { name: line.name.into(), points: line.points.clone() };
        lines.iter().filter(|line| wanted(line)).map(series).collect()
    };
    let panel =
        |title: &str, unit: &str, series| Panel { title: title.into(), unit: unit.into(), series };
    let panels = [
        panel("Reading a page", "CPU µs", series(|line| line.name.starts_with("page"))),
        panel("Sending a message", "CPU µs", series(|line| line.name == SEND)),
        panel("Starting", "ms", series(|line| line.unit == "ms")),
    ];
    plot::draw(sizes, &panels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &'static str, points: &[f64]) -> Line {
        Line { name, unit: "µs", points: points.to_vec() }
    }

    #[test]
    fn what_grows_with_the_rows_is_found() {
        assert!(judge(&[line("page", &[50.0, 60.0, 140.0]), line(SEND, &[100.0, 190.0, 290.0])]));
        assert!(!judge(&[line("page", &[50.0, 60.0, 160.0])]));
        assert!(!judge(&[line(SEND, &[100.0, 210.0, 210.0])]));
    }
}
