//! Kills Serene again and again while clients write and read, and looks at what is left: everything
//! that was acknowledged is there, once, and as it was.
//!
//! `make crash-test` runs it. `ROUNDS=` says how often it kills (200), `SEED=` repeats the choices
//! of a run, `EXPECT=lost` turns the verdict round: it ends well once something acknowledged was
//! lost. `SERENE_TEST_ENGINE=` keeps the data on a server. A kill leaves the kernel's cache alone, so
//! this shows that nothing is acknowledged before it is committed, and not that a commit reaches the
//! disk.

mod book;
mod check;
mod database;
mod dice;
#[path = "../it/database.rs"]
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "the other tests look at more of it, and a test may panic"
)]
mod engines;
mod findings;
mod lists;
mod load;
mod process;
mod resume;
mod wire;
mod wishes;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context;
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    book::{Book, CLIENTS, USERS},
    check::{Checker, Evidence},
    database::Database,
    dice::Dice,
    findings::{Findings, Tally},
    load::{Probes, Progress},
    process::{PATIENCE, Process, now},
    wire::{Api, Call},
    wishes::{Promise, Told},
};

/// What the model does, by chance: from one word every 25 ms to all at once.
const SCRIPTS: [&str; 6] = ["slow:25", "slow:8", "slow:4", "slow:2", "slow:1", "echo"];

/// Dice for what is no client's plan.
const MOMENTS: u64 = 1000;
const PROBES: u64 = 1001;
const OFFSETS: u64 = 1002;

/// When the server is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So long after the clients began.
    Begin(Duration),
    /// So long after the first stream began.
    Stream(Duration),
    /// As soon as so many writes were acknowledged.
    Acknowledged(u64),
    /// As soon as so many replies were told to be whole.
    Ended(u64),
    /// As soon as so many stops were answered.
    Stopped(u64),
}

impl Moment {
    fn choose(dice: &mut Dice) -> Self {
        match dice.below(100) {
            0..10 => Self::Begin(Duration::from_millis(dice.below(60))),
            10..55 => Self::Stream(Duration::from_millis(dice.below(400))),
            // Long enough for replies to pass 250 ms and be late.
            55..75 => Self::Stream(Duration::from_millis(400 + dice.below(500))),
            75..90 => Self::Acknowledged(1 + dice.below(60)),
            90..95 => Self::Ended(1 + dice.below(20)),
            _ => Self::Stopped(1 + dice.below(3)),
        }
    }

    async fn wait(self, mut progress: watch::Receiver<Progress>) {
        let after = match self {
            Self::Begin(after) => after,
            Self::Stream(after) => {
                let _ = progress.wait_for(|progress| progress.streams > 0).await;
                after
            }
            Self::Acknowledged(writes) => {
                let _ = progress.wait_for(|progress| progress.acknowledged >= writes).await;
                Duration::ZERO
            }
            Self::Ended(replies) => {
                let _ = progress.wait_for(|progress| progress.ended >= replies).await;
                Duration::ZERO
            }
            Self::Stopped(replies) => {
                let _ = progress.wait_for(|progress| progress.stopped >= replies).await;
                Duration::ZERO
            }
        };
        tokio::time::sleep(after).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the settings of the test itself")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn main() -> ExitCode {
    let expect_lost = setting("EXPECT").is_some_and(|expected| expected == "lost");
    match run(expect_lost) {
        Ok(as_expected) if as_expected => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            println!("crash-test: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(expect_lost: bool) -> anyhow::Result<bool> {
    let number = |name: &str| -> anyhow::Result<Option<u64>> {
        let value = setting(name).map(|value| value.parse());
        value.transpose().with_context(|| format!("{name} is no number"))
    };
    let rounds = number("ROUNDS")?.unwrap_or(200);
    let seed = number("SEED")?.map_or_else(|| getrandom::u64().map(|seed| seed % 1_000_000), Ok)?;
    println!("crash-test: {rounds} rounds, SEED={seed}");
    let runtime = tokio::runtime::Runtime::new()?;
    let home = tempfile::tempdir()?;
    let start = now();
    let mut test = runtime.block_on(Test::new(home.path(), seed))?;
    let outcome = runtime.block_on(test.rounds(rounds, expect_lost));
    let killed = test.killed;
    println!("crash-test: {killed} kills in {} s, SEED={seed}", start.elapsed().as_secs());
    test.tally.print();
    if let Some(bytes) = test.database.bytes(home.path()) {
        println!("  the database has {} MB", bytes / 1_000_000);
    }
    test.findings.print();
    if outcome.is_err() || !(expect_lost || test.findings.is_empty()) {
        println!("  the database and the log are in {}", home.keep().display());
    }
    outcome?;
    Ok(match (expect_lost, test.findings.lost.len()) {
        (true, 0) => {
            println!("crash-test: nothing was lost, although it was meant to be");
            false
        }
        (true, lost) => {
            println!("crash-test: it noticed that {lost} acknowledged things were lost, as meant");
            true
        }
        (false, _) if test.findings.is_empty() => {
            println!("crash-test: everything that was acknowledged is there");
            true
        }
        (false, _) => {
            println!("crash-test: FAILED");
            false
        }
    })
}

/// A run.
struct Test {
    home: PathBuf,
    database: Database,
    seed: u64,
    mock: Process,
    book: Book,
    findings: Findings,
    tally: Tally,
    killed: u64,
}

impl Test {
    async fn new(home: &Path, seed: u64) -> anyhow::Result<Self> {
        Ok(Self {
            home: home.to_owned(),
            database: Database::new(),
            seed,
            mock: Process::mock_model(home).await?,
            book: Book::default(),
            findings: Findings::default(),
            tally: Tally::default(),
            killed: 0,
        })
    }

    /// All rounds, and a last look at everything. Ends early when there is something to tell.
    async fn rounds(&mut self, rounds: u64, expect_lost: bool) -> anyhow::Result<()> {
        let mut evidence =
            Evidence { killed_at: now(), slowest_write: Duration::ZERO, told: Vec::new() };
        let mut said = now();
        for round in 1..=rounds {
            let mut dice = Dice::new(self.seed, [round, MOMENTS]);
            let server = self.start(&mut dice).await.with_context(|| format!("round {round}"))?;
            if round == 1 {
                self.register(&server.url).await?;
            }
            self.look(&server, &evidence, round, false).await?;
            if self.is_over(expect_lost) {
                println!("crash-test: found after round {}", round - 1);
                return Ok(());
            }
            evidence = self.load(server, round, Moment::choose(&mut dice)).await?;
            self.database.check(&self.home, false, &mut self.findings).await?;
            self.verify_usage();
            if said.elapsed() > Duration::from_secs(15) {
                said = now();
                let acknowledged = self.tally.acknowledged + self.tally.probes;
                println!("crash-test: round {round} of {rounds}, {acknowledged} acknowledged");
            }
        }
        let server = self.start(&mut Dice::new(self.seed, [rounds + 1, MOMENTS])).await?;
        self.look(&server, &evidence, rounds + 1, false).await?;
        evidence.told.clear();
        self.look(&server, &evidence, rounds + 2, true).await?;
        server.stop().await?;
        self.verify_usage();
        self.database.check(&self.home, true, &mut self.findings).await
    }

    fn verify_usage(&mut self) {
        if let Err(error) = Process::verify_usage(&self.home, self.database.address()) {
            self.findings.wrong(format!("the totals of usage are wrong: {error}"));
        }
    }

    fn is_over(&self, expect_lost: bool) -> bool {
        if expect_lost { !self.findings.lost.is_empty() } else { !self.findings.is_empty() }
    }

    /// Starts a server; sometimes one that was killed on its way up comes before it.
    async fn start(&mut self, dice: &mut Dice) -> anyhow::Result<Process> {
        if self.killed > 0 && dice.chance(15) {
            let life = Duration::from_millis(20 + dice.below(200));
            Process::stillborn(&self.home, self.database.address(), &self.mock, life).await?;
            self.tally.stillborn += 1;
            self.database.check(&self.home, false, &mut self.findings).await?;
        }
        let script = dice.pick(&SCRIPTS).expect("there are scripts");
        Process::serene(&self.home, self.database.address(), &self.mock, script).await
    }

    async fn register(&mut self, url: &str) -> anyhow::Result<()> {
        let api = Api::new(url)?;
        for user in 0..=USERS {
            let body = json!({"username": format!("user{user}"), "password": "correct horse"});
            let call = Call::post("", "/auth/register".to_owned(), body);
            let answer: Value = wire::parse(api.send(call).await?).await?;
            let token = answer["access_token"].as_str().context("no token")?;
            self.book.tokens.push(token.to_owned());
        }
        // They are needed in all rounds: no kill shall come close, whatever is being tried.
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(())
    }

    /// Compares what a server has with what was promised.
    async fn look(
        &mut self,
        server: &Process,
        evidence: &Evidence,
        round: u64,
        everything: bool,
    ) -> anyhow::Result<()> {
        let api = Api::new(&server.url)?;
        let mut checker = Checker {
            api: &api,
            book: &mut self.book,
            evidence,
            everything,
            findings: &mut self.findings,
            tally: &mut self.tally,
        };
        let mut dice = Dice::new(self.seed, [round, OFFSETS]);
        let looking = checker.run(server.listening_since, &mut dice);
        looking.await.with_context(|| format!("reading everything again in round {round}"))
    }

    /// Lets the clients at the server until it is killed.
    async fn load(
        &mut self,
        server: Process,
        round: u64,
        moment: Moment,
    ) -> anyhow::Result<Evidence> {
        let (progress, seen) = watch::channel(Progress::default());
        let mut clients = JoinSet::new();
        let mut targets = self.book.unanswered_targets();
        for client in 0..CLIENTS {
            let purpose = [round, u64::try_from(client)?];
            let mut dice = Dice::new(self.seed, purpose);
            let plan = self.book.plan(client, &mut dice, &mut targets);
            self.tally.sent_again += usize::from(plan[0].again);
            let (api, progress) = (Api::new(&server.url)?, progress.clone());
            let token = self.book.tokens[plan[0].user].clone();
            clients.spawn(async move { (client, load::client(api, token, plan, progress).await) });
        }
        let token = self.book.tokens[USERS].clone();
        let dice = Dice::new(self.seed, [round, PROBES]);
        let mut measuring = JoinSet::new();
        measuring.spawn(Probes::run(Api::new(&server.url)?, token, dice));
        let _ = tokio::time::timeout(Duration::from_secs(3), moment.wait(seen)).await;
        let killed_at = server.kill().with_context(|| format!("round {round}"))?;
        self.killed += 1;
        let all = tokio::time::timeout(PATIENCE, clients.join_all());
        let all = all.await.context("the clients do not notice that the server is gone")?;
        let probes = measuring.join_next().await.context("there are probes")??;
        let mut told = Vec::new();
        for (client, of_client) in all {
            for one in of_client {
                self.book.keep(client, &one);
                self.judge(&one, killed_at);
                told.push(one);
            }
        }
        let kept = probes.written.iter().filter(|(_, promise)| *promise == Promise::Kept);
        self.tally.probes += kept.count();
        let slowest_write = probes.slowest(killed_at);
        self.book.probes.extend(probes.written);
        Ok(Evidence { killed_at, slowest_write, told })
    }

    /// What no client must be told.
    fn judge(&mut self, told: &Told, killed_at: Instant) {
        match told.promise {
            Promise::Kept => self.tally.acknowledged += 1,
            Promise::Open => self.tally.unanswered += 1,
            Promise::Refused => self.tally.refused += 1,
        }
        if let Some(sentence) = &told.wrong {
            self.findings.wrong(format!("a client was told: {sentence}"));
        }
        if told.broke_at.is_some_and(|at| at < killed_at) {
            self.findings.wrong("a connection broke before the server was killed".to_owned());
        }
    }
}
