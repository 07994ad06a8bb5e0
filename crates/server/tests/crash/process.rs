//! The real binary: the server that is killed, and the model server that is not.

use std::{
    fs::{File, OpenOptions},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

/// Nothing that is waited for takes longer; what does has hung.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

#[expect(
    clippy::disallowed_methods,
    reason = "measures when what was acknowledged, and when it died"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A child that does not outlive the test.
pub(crate) struct Process {
    child: Child,
    /// `http://` and the address.
    pub(crate) url: String,
    /// When it had said that it listens.
    pub(crate) listening_since: Instant,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// The model server.
    pub(crate) async fn mock_model(home: &Path) -> anyhow::Result<Self> {
        let child = spawn(home, &["mock-model", "--port", "0"], &[], "mock")?;
        let (before, after) = ("Mock model server on ", "/v1 - ");
        Self::listening(child, &home.join("mock.out"), before, after).await
    }

    /// A server on the one data folder, whose model is this script.
    pub(crate) async fn serene(
        home: &Path,
        database: &str,
        mock: &Self,
        script: &str,
    ) -> anyhow::Result<Self> {
        let child = Self::spawn_serene(home, database, mock, script)?;
        Self::listening(child, &home.join("serene.out"), "  listening  ", "\n").await
    }

    /// One that dies on its way up, this long after it was started.
    pub(crate) async fn stillborn(
        home: &Path,
        database: &str,
        mock: &Self,
        life: Duration,
    ) -> anyhow::Result<()> {
        let mut child = Self::spawn_serene(home, database, mock, "echo")?;
        tokio::time::sleep(life).await;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    fn spawn_serene(
        home: &Path,
        database: &str,
        mock: &Self,
        script: &str,
    ) -> anyhow::Result<Child> {
        let model_url = format!("{}/v1", mock.url);
        let environment = [
            ("PORT", "0"),
            ("DATABASE_URL", database),
            ("AI_ENGINE", "openai"),
            // Each call of the model is one message here.
            ("AI_TITLES", "off"),
            ("OPENAI_BASE_URL", &model_url),
            ("OPENAI_MODEL", script),
            ("AUTH_THROTTLE", "off"),
            ("RATE_LIMIT_PER_USER", "off"),
            ("BCRYPT_COST", "4"),
            // Room for all of them: what is kept free must be given back after every kill.
            ("BUDGET_PER_USER", "1000000000000 tokens/month"),
            // Who registered in the first round is still signed in in the last.
            ("JWT_ACCESS_TOKEN_EXPIRES", "31536000"),
            ("SERENE_LOG", "warn"),
        ];
        spawn(home, &[], &environment, "serene")
    }

    /// That every total of the ledger is the sum of what it counts, by the command that counts anew.
    pub(crate) fn verify_usage(home: &Path, database: &str) -> anyhow::Result<()> {
        let mut child = spawn(home, &["usage", "verify"], &[("DATABASE_URL", database)], "verify")?;
        if child.wait()?.success() {
            return Ok(());
        }
        bail!("{}", std::fs::read_to_string(home.join("verify.out"))?)
    }

    async fn listening(
        child: Child,
        out: &Path,
        before: &str,
        after: &str,
    ) -> anyhow::Result<Self> {
        let start = now();
        let mut process = Self { child, url: String::new(), listening_since: start };
        loop {
            let printed = std::fs::read_to_string(out)?;
            let said = printed.split_once(before).and_then(|(_, rest)| rest.split_once(after));
            if let Some((url, _)) = said {
                url.clone_into(&mut process.url);
                process.listening_since = now();
                return Ok(process);
            }
            process.check_alive()?;
            if start.elapsed() > PATIENCE {
                bail!("it does not say that it listens");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// That nobody but us has ended it.
    pub(crate) fn check_alive(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("it ended by itself: {status}"),
        }
    }

    /// SIGKILL. Returns when it was sent; what comes later was on its way.
    pub(crate) fn kill(mut self) -> anyhow::Result<Instant> {
        self.check_alive()?;
        let killed_at = now();
        self.child.kill()?;
        self.child.wait()?;
        Ok(killed_at)
    }

    /// SIGTERM, and a proper end.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let start = now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                anyhow::ensure!(status.success(), "it stopped with {status}");
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("it does not stop")
    }
}

/// Starts the binary with this environment and no other. What it prints is read from a file, what
/// it logs is kept for who looks into a failure.
fn spawn(
    home: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
    name: &str,
) -> anyhow::Result<Child> {
    let out = File::create(home.join(format!("{name}.out")))?;
    let log = home.join(format!("{name}.log"));
    let log = OpenOptions::new().create(true).append(true).open(log)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_serene"));
    command.args(arguments).env_clear().envs(environment.iter().copied()).current_dir(home);
    let child = command.stdin(Stdio::null()).stdout(out).stderr(log).spawn();
    child.context("cannot start the binary")
}
