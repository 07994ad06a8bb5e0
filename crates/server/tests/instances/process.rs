//! A real process of the test: started with an environment of its own, told things by signals, and
//! never left behind.

use std::{
    ffi::OsStr,
    fs::{File, OpenOptions},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

/// Nothing that is waited for takes longer; what does has hung.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

#[expect(clippy::disallowed_methods, reason = "the test measures how long things take")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A child that does not outlive the test.
pub(crate) struct Process {
    child: Child,
    out: PathBuf,
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that was left asleep would not hear of its end. nginx ends its workers on SIGTERM only.
        for signal in [Signal::CONT, Signal::TERM] {
            let _ = self.signal(signal);
        }
        let start = now();
        while start.elapsed() < Duration::from_secs(2) {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Starts a program in a folder, where what it prints is kept in `<name>.out` and `<name>.log`.
    /// `user` is who it runs as, where the test runs as root.
    pub(crate) fn spawn(
        program: impl AsRef<OsStr>,
        home: &Path,
        name: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
        user: Option<u32>,
    ) -> anyhow::Result<Self> {
        let out = home.join(format!("{name}.out"));
        let log = home.join(format!("{name}.log"));
        let log = OpenOptions::new().create(true).append(true).open(log)?;
        let mut command = Command::new(program.as_ref());
        command.args(arguments).env_clear().envs(environment.iter().copied()).current_dir(home);
        command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(log);
        if let Some(id) = user {
            command.uid(id).gid(id);
        }
        let child = command.spawn();
        let program = program.as_ref().display();
        Ok(Self { child: child.with_context(|| format!("cannot start {program}"))?, out })
    }

    /// The binary under test.
    pub(crate) fn serene(
        home: &Path,
        name: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        Self::spawn(env!("CARGO_BIN_EXE_serene"), home, name, arguments, environment, None)
    }

    /// Waits until it has printed what stands between these two, and gives it.
    pub(crate) async fn says(&mut self, before: &str, after: &str) -> anyhow::Result<String> {
        let start = now();
        loop {
            let printed = std::fs::read_to_string(&self.out)?;
            let said = printed.split_once(before).and_then(|(_, rest)| rest.split_once(after));
            if let Some((said, _)) = said {
                return Ok(said.to_owned());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended by itself: {status}; see {}", self.out.display());
            }
            if start.elapsed() > PATIENCE {
                bail!("it does not say that it listens");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn signal(&self, signal: Signal) -> std::io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    /// SIGKILL, and the moment when it was sent.
    pub(crate) fn kill(mut self) -> anyhow::Result<Instant> {
        anyhow::ensure!(self.child.try_wait()?.is_none(), "it ended by itself");
        let killed_at = now();
        self.child.kill()?;
        self.child.wait()?;
        Ok(killed_at)
    }

    /// SIGTERM, and how it ends.
    pub(crate) async fn stop(mut self) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        let start = now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("it does not stop")
    }
}
