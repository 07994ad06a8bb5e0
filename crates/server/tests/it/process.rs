//! The real binary as a child process, and a client that speaks to it over TCP.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    app::PASSWORD,
    database::{Cell, TestData, files_with, not_on_sqlite, rows_of_file},
};

/// Nothing that is not measured takes longer; what does has hung.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

#[expect(clippy::disallowed_methods, reason = "measures how long the test waits")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Looks every 10 ms until there is something, at most for [`PATIENCE`].
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A place to run the binary in: an empty folder, with its output beside it.
pub(crate) struct Home {
    folder: TempDir,
    /// The database, where it is on a server.
    data: Option<TestData>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        Self { folder, data: not_on_sqlite().then(TestData::new) }
    }

    /// One whose database is the usual file, whatever the engine of this run: for tests that are
    /// about the file.
    pub(crate) fn on_sqlite() -> Self {
        Self { data: None, ..Self::new() }
    }

    /// Every row of a query, as it is stored.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Vec<Cell>> {
        match &self.data {
            Some(data) => data.rows(sql),
            None => rows_of_file(&self.work().join("data/serene.db"), sql),
        }
    }

    /// Where these bytes lie: files, or the tables of a server.
    pub(crate) fn places_with(&self, wanted: &str) -> Vec<String> {
        let found = self.data.as_ref().map(|data| data.places_with(wanted)).unwrap_or_default();
        [found, files_with(&self.work(), wanted)].concat()
    }

    /// Where the binary runs.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The binary, with these arguments, no input, and nothing but these in its environment.
    pub(crate) fn serene(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_serene"));
        command.args(arguments).env_clear();
        if let Some(data) = &self.data {
            command.env("DATABASE_URL", data.address());
        }
        command.envs(environment.iter().copied());
        command.current_dir(self.work()).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Finished {
        finished(self.serene(arguments, environment), "")
    }

    /// Starts a server on a free port, with cheap passwords, no throttle and no limit.
    pub(crate) fn start(&self, environment: &[(&str, &str)]) -> Server {
        let usual = [
            ("PORT", "0"),
            ("BCRYPT_COST", "4"),
            ("AUTH_THROTTLE", "off"),
            ("RATE_LIMIT_PER_USER", "off"),
            // A model that is watched is asked for nothing but replies.
            ("AI_TITLES", "off"),
        ];
        let environment = [&usual[..], environment].concat();
        self.start_command(self.serene(&[], &environment))
    }

    pub(crate) fn start_command(&self, mut command: Command) -> Server {
        let file = |name| File::create(self.folder.path().join(name)).unwrap();
        let child = command.stdout(file("out.txt")).stderr(file("log.txt")).spawn().unwrap();
        let mut server = Server {
            child,
            address: ([127, 0, 0, 1], 0).into(),
            out: self.folder.path().join("out.txt"),
            log: self.folder.path().join("log.txt"),
        };
        let printed = wait_for("the server to say where it listens", || {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {}", server.log());
            Some(server.printed()).filter(|printed| printed.contains("  engine "))
        });
        let url = printed.lines().find_map(|line| line.strip_prefix("  listening  http://"));
        server.address = url.unwrap().parse().unwrap();
        server
    }
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command to its end, feeding it this input.
pub(crate) fn finished(mut command: Command, input: &str) -> Finished {
    // Files, because a pipe that nobody reads stops whoever writes more than it holds.
    let (mut out, mut err) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    command.stdin(Stdio::piped());
    command.stdout(out.try_clone().unwrap()).stderr(err.try_clone().unwrap());
    let mut child = Reaped(command.spawn().unwrap());
    // One that ended without reading closed the pipe.
    let _ = child.0.stdin.take().unwrap().write_all(input.as_bytes());
    let status = wait_for("a command to end", || child.0.try_wait().unwrap());
    let read = |file: &mut File| {
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    };
    Finished { code: status.code(), out: read(&mut out), err: read(&mut err) }
}

/// A child that does not outlive the test.
pub(crate) struct Reaped(pub(crate) Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running server. Killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    out: PathBuf,
    log: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// What it printed so far.
    pub(crate) fn printed(&self) -> String {
        std::fs::read_to_string(&self.out).unwrap()
    }

    /// What it logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits until it ends; says with what, and how long that took.
    pub(crate) fn wait(&mut self) -> (ExitStatus, Duration) {
        let start = now();
        let status = wait_for("the server to end", || self.child.try_wait().unwrap());
        (status, start.elapsed())
    }

    /// Kills it as a crash would.
    pub(crate) fn crash(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> Reply {
        Request::new("GET", path).token(token).send(self.address)
    }

    pub(crate) fn post(&self, path: &str, token: &str, body: &Value) -> Reply {
        Request::new("POST", path).token(token).json(body).send(self.address)
    }

    /// Registers somebody and returns the access token.
    pub(crate) fn register(&self, name: &str) -> String {
        let body = json!({"username": name, "password": PASSWORD});
        let reply = self.post("/api/v1/auth/register", "", &body);
        reply.expect(201)["access_token"].as_str().unwrap().to_owned()
    }

    /// The status of a sign-in.
    pub(crate) fn login(&self, name: &str, password: &str) -> u16 {
        let body = json!({"username": name, "password": password});
        self.post("/api/v1/auth/login", "", &body).status
    }

    /// Makes a conversation and returns the path of its messages.
    pub(crate) fn conversation(&self, token: &str) -> String {
        let made = self.post("/api/v1/conversations", token, &json!({})).expect(201);
        format!("/api/v1/conversations/{}/messages", made["id"].as_str().unwrap())
    }
}

/// A request to be sent on a connection of its own.
pub(crate) struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self { head: format!("{method} {path} HTTP/1.1\r\nhost: test\r\n"), body: Vec::new() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        write_header(&mut self.head, name, value);
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        if token.is_empty() {
            self
        } else {
            self.header("authorization", &format!("Bearer {token}"))
        }
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into_bytes();
        self.header("content-type", "application/json")
    }

    /// Asks for a stream.
    pub(crate) fn events(self) -> Self {
        self.header("accept", "text/event-stream")
    }

    /// The bytes on the wire.
    pub(crate) fn bytes(mut self) -> Vec<u8> {
        if !self.body.is_empty() {
            let length = self.body.len().to_string();
            self = self.header("content-length", &length);
        }
        [self.head.as_bytes(), b"\r\n", &self.body].concat()
    }

    /// Sends it and leaves the answer to be read.
    pub(crate) fn open(self, address: SocketAddr) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&self.bytes()).unwrap();
        BufReader::new(stream)
    }

    /// As [`Self::send`], to a server that may die meanwhile: `None` when no whole answer came.
    pub(crate) fn try_send(self, address: SocketAddr) -> Option<Reply> {
        let mut stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&self.header("connection", "close").bytes()).ok()?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok()?;
        bytes.windows(4).any(|end| end == b"\r\n\r\n").then_some(())?;
        let reply = Reply::read(&bytes);
        let length = reply.body.len().to_string();
        (reply.header("content-length") == Some(&length)).then_some(reply)
    }

    /// Sends it and reads the whole answer.
    pub(crate) fn send(self, address: SocketAddr) -> Reply {
        let mut stream = self.header("connection", "close").open(address);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Reply::read(&bytes)
    }
}

fn write_header(head: &mut String, name: &str, value: &str) {
    use std::fmt::Write;
    write!(head, "{name}: {value}\r\n").unwrap();
}

/// Reads lines until one contains this, and returns all of them.
#[track_caller]
pub(crate) fn read_until(stream: &mut impl BufRead, wanted: &str) -> String {
    let mut text = String::new();
    while !text.contains(wanted) {
        assert_ne!(stream.read_line(&mut text).unwrap(), 0, "no {wanted} in {text}");
    }
    text
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text}"));
        let head = head.to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let chunked = head.contains("transfer-encoding: chunked");
        let body = if chunked { unchunk(body.as_bytes()) } else { body.to_owned() };
        Self { status, head, body }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body, after checking the status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The value of a header, in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The data of every event of a stream, by name.
    pub(crate) fn events(&self) -> Vec<(String, Value)> {
        let field = |block: &str, name: &str| {
            block.lines().find_map(|line| Some(line.strip_prefix(name)?.to_owned()))
        };
        let blocks = self.body.split("\n\n").filter(|block| !block.is_empty());
        let event = |block: &str| {
            let data = serde_json::from_str(&field(block, "data: ").unwrap()).unwrap();
            (field(block, "event: ").unwrap(), data)
        };
        blocks.map(event).collect()
    }
}

fn unchunk(mut body: &[u8]) -> String {
    let mut out = Vec::new();
    while let Some(end) = body.windows(2).position(|pair| pair == b"\r\n") {
        let size = std::str::from_utf8(&body[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        out.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[(end + size + 4).min(body.len())..];
    }
    String::from_utf8(out).unwrap()
}

/// The permissions of a file or folder.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
