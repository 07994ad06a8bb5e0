//! Child processes that are killed: this test binary once more, running one ignored test.

use std::{
    io::{BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
};

const FOLDER: &str = "SERENE_DB_TEST_FOLDER";

/// A running child, killed when dropped.
pub(crate) struct Victim {
    process: Child,
    says: BufReader<ChildStderr>,
}

impl Victim {
    /// Runs the ignored test `name` with `folder` to work in.
    pub(crate) fn start(name: &str, folder: &Path) -> Self {
        Self::start_at(name, folder.to_str().unwrap())
    }

    /// Runs the ignored test `name` with the address of something to work on.
    pub(crate) fn start_at(name: &str, folder: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored", "--nocapture"])
            .env(FOLDER, folder)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(process.stderr.take().unwrap());
        Self { process, says }
    }

    /// The next line the child said; `None` once it is dead and everything was read.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        (self.says.read_line(&mut line).unwrap() > 0).then(|| line.trim_end().to_owned())
    }

    /// SIGKILL: it has no say in this.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// In the child: the folder to work in. `None` when somebody ran the ignored test by hand.
#[expect(clippy::disallowed_methods, reason = "how a test speaks to its own child process")]
pub(crate) fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// In the child: says one line to the parent, past the test harness, which would keep it.
pub(crate) fn say(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}
