//! The server under test: the release binary as a process of its own, with its own data, on a free
//! port of this machine. It ends with its handle, however that is dropped.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use crate::plant::SECRET;
use anyhow::{Context, bail};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// The port is printed, and then a request is answered, within this time.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// Replies may take 25 s to end after SIGTERM; here none is running.
const STOP_PATIENCE: Duration = Duration::from_secs(30);
/// What the server writes to standard error, in its folder.
const LOG: &str = "stderr.log";

/// How a server is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Cheap password hashes, to make many accounts quickly.
    Seeding,
    /// As in production.
    Measured,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    child: Child,
    folder: PathBuf,
    ready_after: Duration,
}

/// The binary to measure: `SERENE_BIN`, or what `make bench` has built.
///
/// # Errors
/// When there is none.
pub(crate) fn find_binary() -> anyhow::Result<PathBuf> {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/serene");
    let path = std::env::var_os("SERENE_BIN").map_or_else(built, PathBuf::from);
    let shown = path.display();
    path.canonicalize().with_context(|| format!("no server at {shown}; `make bench` builds it"))
}

/// A new master key.
///
/// # Errors
/// When the server makes none.
pub(crate) async fn master_key(binary: &Path) -> anyhow::Result<String> {
    let made = Command::new(binary).args(["vault", "key"]).env_clear().output().await?;
    anyhow::ensure!(made.status.success(), "`serene vault key` failed");
    Ok(String::from_utf8(made.stdout)?.trim().to_owned())
}

impl Server {
    /// Starts a server on the data in `folder`, and waits until it answers.
    pub(crate) async fn start(
        binary: &Path,
        folder: &Path,
        mode: Mode,
        master_key: Option<&str>,
    ) -> anyhow::Result<Self> {
        Self::launch(command(binary, folder, mode, master_key)?, folder).await
    }

    /// Starts a program that prints where it listens, and waits until it answers `/readyz`. Its
    /// folder is where [`command`] or [`quiet`] put its log.
    pub(crate) async fn launch(mut command: Command, folder: &Path) -> anyhow::Result<Self> {
        let started = Instant::now();
        let child = command.spawn();
        let mut child = child.with_context(|| format!("cannot start {command:?}"))?;
        let ready = tokio::time::timeout(START_PATIENCE, listening(&mut child)).await;
        let folder = folder.to_owned();
        match ready.unwrap_or_else(|_| bail!("the server does not start")) {
            Ok(address) => Ok(Self { address, child, folder, ready_after: started.elapsed() }),
            Err(error) => Err(error.context(last_words(&folder))),
        }
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From starting the process to its first answer.
    pub(crate) const fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// The processor time it has used so far, all its threads, those that ended too; `None` once it
    /// ended. In nanoseconds: the clock of the process, not the ticks of /proc.
    pub(crate) fn cpu_time(&self) -> Option<Duration> {
        let id = i32::try_from(self.child.id()?).ok()?;
        let clock = nix::time::clock_getcpuclockid(nix::unistd::Pid::from_raw(id)).ok()?;
        Some(nix::time::clock_gettime(clock).ok()?.into())
    }

    /// Its process, while it runs.
    pub(crate) fn process_id(&self) -> anyhow::Result<u32> {
        self.child.id().context("the server has ended")
    }

    /// A line of `/proc/PID/smaps_rollup`, in bytes: `Rss` is all that is mapped to memory now,
    /// `Anonymous` what of it is no page of a file.
    pub(crate) fn memory(&self, name: &str) -> anyhow::Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.process_id()?))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok(number.with_context(|| format!("no {name} in smaps_rollup"))? * 1024)
    }

    /// Fails when the process has ended by itself.
    pub(crate) fn check_alive(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the server ended: {status}\n{}", last_words(&self.folder)),
        }
    }

    /// Ends it at once, and waits until it is gone.
    pub(crate) async fn stop_now(mut self) {
        // One that is gone already has ended too.
        let _ = self.child.kill().await;
    }

    /// Ends it as an operator would, so that its data is as a clean shutdown leaves it.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let id = id.and_then(rustix::process::Pid::from_raw).context("the server has ended")?;
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        let ended = tokio::time::timeout(STOP_PATIENCE, self.child.wait()).await;
        let status = ended.context("the server does not stop")??;
        anyhow::ensure!(status.success(), "the server stopped badly: {status}");
        Ok(())
    }
}

/// A process that knows nothing of this environment: a key or a `.env` file lying about must not
/// change what is measured.
pub(crate) fn command(
    binary: &Path,
    folder: &Path,
    mode: Mode,
    master_key: Option<&str>,
) -> anyhow::Result<Command> {
    let (environment, cost) = match mode {
        Mode::Seeding => ("development", "4"),
        Mode::Measured => ("production", "10"),
    };
    let mut command = quiet(binary, folder)?;
    command
        .arg("serve")
        .env("DATABASE_URL", "sqlite:///./serene.db")
        .env("SERVER_HOST", "127.0.0.1")
        .env("PORT", "0")
        .env("SERENE_ENV", environment)
        .env("BCRYPT_COST", cost)
        .env("AUTH_THROTTLE", "off")
        .env("RATE_LIMIT_PER_USER", "off")
        .env("AI_ENGINE", "basic")
        // Of this run's data, which nobody keeps.
        .env("JWT_SECRET", SECRET);
    if let Some(key) = master_key {
        command.env("SERENE_MASTER_KEY", key);
    }
    Ok(command)
}

/// A program in a folder, with an empty environment and what it says on standard error in a file
/// there.
pub(crate) fn quiet(binary: &Path, folder: &Path) -> anyhow::Result<Command> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join(LOG))?;
    let mut command = Command::new(binary);
    command
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true);
    Ok(command)
}

/// Reads where the server listens from what it prints, and waits until it is ready.
async fn listening(child: &mut Child) -> anyhow::Result<SocketAddr> {
    let output = child.stdout.take().context("the server's output is not piped")?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        let Some(address) = line.trim().strip_prefix("listening") else { continue };
        let address = address.trim().trim_start_matches("http://").parse()?;
        wait_until_ready(address).await?;
        // It prints its whole greeting in one go; the pipe holds what is left of it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        return Ok(address);
    }
    bail!("the server ended before it listened")
}

async fn wait_until_ready(address: SocketAddr) -> anyhow::Result<()> {
    let mut client = crate::client::Client::new(address);
    let bytes = b"GET /readyz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".as_slice();
    let request = crate::client::Request { bytes: bytes.into(), status: 200, contains: None };
    client.send(&request).await.context("/readyz")
}

/// The end of what the server wrote, for a person who has to find out why it failed.
fn last_words(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join(LOG)).unwrap_or_default();
    let lines: Vec<&str> = log.lines().rev().take(10).collect();
    let lines: Vec<&str> = lines.into_iter().rev().collect();
    format!("the server's last words:\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn a_dropped_server_is_a_dead_one() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        // `sh serve` in place of `serene serve`: it prints where somebody else listens.
        let script = format!("echo '  listening  http://{address}'; exec sleep 60");
        std::fs::write(folder.path().join("serve"), script).unwrap();
        let answer = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            stream
        };
        let start = Server::start(Path::new("/bin/sh"), folder.path(), Mode::Measured, None);
        let (server, _stream) = tokio::join!(start, answer);
        let mut server = server.unwrap();
        assert_eq!(server.address(), address);
        assert!(server.cpu_time().is_some());
        server.check_alive().unwrap();
        let id = server.child.id().unwrap();
        drop(server);
        assert!(killed(id).await);
    }

    /// Whether the process is gone, or a zombie that nobody has waited for, within two seconds.
    async fn killed(id: u32) -> bool {
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            let state = stat.rsplit_once(')').map_or("Z", |(_, rest)| rest.trim());
            if state.starts_with(['Z', 'X']) {
                return true;
            }
        }
        false
    }
}
