//! Two instances on one database behind nginx, and a model server beside them.

use std::{
    net::TcpListener,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context;
use rustix::process::{Signal, getuid};
use serde_json::{Value, json};

use crate::{
    database::Database,
    dice::Dice,
    process::{PATIENCE, Process, now},
    wire::{Api, Call, parse},
};

/// The configuration that operators are given.
const NGINX_CONF: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/nginx.conf"));

/// Debian's `nobody`.
const NOBODY: u32 = 65534;

/// What all instances are told; two things that must be the same are here as well.
const SETTINGS: [(&str, &str); 11] = [
    ("JWT_SECRET", "the same on every instance, and known to nobody 83"),
    ("SERENE_MASTER_KEY", "q3Jd0aV7bK1mXs5oYt9uPz2wRf6hCe8gLi4nEjBkMHA="),
    ("AI_ENGINE", "openai"),
    // Each call of the model is one message here.
    ("AI_TITLES", "off"),
    ("OPENAI_MODEL", "slow:40"),
    ("AUTH_THROTTLE", "off"),
    ("RATE_LIMIT_PER_USER", "off"),
    ("BCRYPT_COST", "4"),
    ("JWT_ACCESS_TOKEN_EXPIRES", "31536000"),
    ("TRUSTED_PROXIES", "127.0.0.1"),
    ("SERENE_LOG", "warn"),
];

/// Everything that runs.
pub(crate) struct Cluster {
    pub(crate) home: PathBuf,
    pub(crate) database: Database,
    pub(crate) seed: u64,
    mock: Process,
    model_url: String,
    ports: [u16; 2],
    instances: [Option<Process>; 2],
    nginx: Process,
    nginx_port: u16,
    people: u64,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) token: String,
}

impl Cluster {
    pub(crate) async fn start(home: &Path, database: Database, seed: u64) -> anyhow::Result<Self> {
        let arguments = ["mock-model", "--port", "0"];
        let mut mock = Process::serene(home, "mock", &arguments, &[])?;
        let model_url = mock.says("Mock model server on ", " - ").await?;
        let [first, second, nginx_port] = free_ports()?;
        let ports = [first, second];
        let mut cluster = Self {
            home: home.to_owned(),
            database,
            seed,
            mock,
            model_url,
            ports,
            instances: [None, None],
            nginx: nginx(home, ports, nginx_port)?,
            nginx_port,
            people: 0,
        };
        for which in 0..2 {
            cluster.start_one(which).await?;
        }
        cluster.wait_for_nginx().await?;
        Ok(cluster)
    }

    /// Starts an instance in its place, and waits until it serves.
    pub(crate) async fn start_one(&mut self, which: usize) -> anyhow::Result<Duration> {
        let start = now();
        let home = self.home.join(format!("instance-{which}"));
        std::fs::create_dir_all(&home)?;
        let port = self.ports[which].to_string();
        let mut environment = SETTINGS.to_vec();
        environment.extend([
            ("PORT", port.as_str()),
            ("DATABASE_URL", &self.database.url),
            ("OPENAI_BASE_URL", &self.model_url),
        ]);
        let mut instance = Process::serene(&home, "serene", &[], &environment)?;
        instance.says("  listening  ", "\n").await.with_context(|| format!("instance {which}"))?;
        self.instances[which] = Some(instance);
        Ok(start.elapsed())
    }

    async fn wait_for_nginx(&self) -> anyhow::Result<()> {
        let start = now();
        while start.elapsed() < PATIENCE {
            if let Ok(response) = reqwest_client()?.get(self.url() + "/readyz").send().await
                && response.status().is_success()
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("nginx does not serve; see nginx.log")
    }

    /// Where clients ask: nginx.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.nginx_port)
    }

    /// Where one instance listens.
    pub(crate) fn url_of(&self, which: usize) -> String {
        format!("http://127.0.0.1:{}", self.ports[which])
    }

    /// Through nginx.
    pub(crate) fn api(&self) -> anyhow::Result<Api> {
        Api::new(&self.url())
    }

    /// Both instances, nginx left out; this one first.
    pub(crate) fn apis(&self, first: usize) -> anyhow::Result<[Api; 2]> {
        Ok([Api::new(&self.url_of(first))?, Api::new(&self.url_of(1 - first))?])
    }

    pub(crate) fn dice(&self, part: u64, who: usize) -> anyhow::Result<Dice> {
        Ok(Dice::new(self.seed, [part, u64::try_from(who)?]))
    }

    /// New people, who are signed in.
    pub(crate) async fn people(&mut self, count: usize) -> anyhow::Result<Vec<Person>> {
        let api = self.api()?;
        let mut people = Vec::new();
        for _ in 0..count {
            self.people += 1;
            let name = format!("person{}", self.people);
            let body = json!({"username": name, "password": "correct horse"});
            let call = Call::post("", "/auth/register".to_owned(), body);
            let answer: Value = parse(api.send(call).await?).await?;
            let token = answer["access_token"].as_str().context("nobody could register")?;
            people.push(Person { name, token: token.to_owned() });
        }
        Ok(people)
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self, which: usize) -> anyhow::Result<Instant> {
        self.instances[which].take().context("it does not run")?.kill()
    }

    /// SIGSTOP, SIGCONT.
    pub(crate) fn signal(&self, which: usize, signal: Signal) -> anyhow::Result<Instant> {
        let instance = self.instances[which].as_ref().context("it does not run")?;
        let at = now();
        instance.signal(signal)?;
        Ok(at)
    }

    /// SIGTERM, and how long it takes to end well.
    pub(crate) async fn stop_one(&mut self, which: usize) -> anyhow::Result<Duration> {
        let start = now();
        let instance = self.instances[which].take().context("it does not run")?;
        let status = instance.stop().await?;
        anyhow::ensure!(status.success(), "an instance stopped with {status}");
        Ok(start.elapsed())
    }

    /// Ends everything and throws the database away.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        for which in 0..2 {
            self.stop_one(which).await?;
        }
        let Self { nginx, mock, database, .. } = self;
        drop((nginx, mock));
        database.drop().await
    }

    /// That each generation that is over was charged once, and what is not over.
    pub(crate) async fn ledger(&self) -> anyhow::Result<(i64, i64)> {
        let over = "SELECT COUNT(*) FROM generations WHERE status NOT IN ('pending', 'running')";
        let charged = "SELECT COUNT(*) FROM usage_records WHERE purpose = 'reply'";
        Ok((self.database.count(over).await?, self.database.count(charged).await?))
    }
}

/// A client that asks once and takes no proxy's word.
pub(crate) fn reqwest_client() -> anyhow::Result<reqwest::Client> {
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    Ok(builder.retry(reqwest::retry::never()).build()?)
}

/// Ports that were free a moment ago. An instance needs the same one at every start.
fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    let mut ports = [0; N];
    let mut taken = Vec::new();
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        *port = listener.local_addr()?.port();
        taken.push(listener);
    }
    Ok(ports)
}

/// nginx with the operators' configuration, as an ordinary process that is not root.
fn nginx(home: &Path, ports: [u16; 2], port: u16) -> anyhow::Result<Process> {
    let folder = home.join("nginx");
    std::fs::create_dir_all(&folder)?;
    let user = getuid().is_root().then_some(NOBODY);
    if user.is_some() {
        chown(&folder, user, user)?;
    }
    let [first, second] = ports;
    let path = folder.to_str().context("a temporary folder with a strange name")?;
    let mut conf = NGINX_CONF.to_owned();
    for (theirs, ours) in [
        ("serene-1:8000", format!("127.0.0.1:{first}")),
        ("serene-2:8000", format!("127.0.0.1:{second}")),
        ("listen 8080;", format!("listen 127.0.0.1:{port};")),
        ("/tmp/", format!("{path}/")),
    ] {
        anyhow::ensure!(conf.contains(theirs), "deploy/nginx.conf has no {theirs}");
        conf = conf.replace(theirs, &ours);
    }
    std::fs::write(folder.join("nginx.conf"), conf)?;
    // Debian keeps it in a folder that is not on everybody's PATH.
    let folders =
        ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];
    let programs = folders.map(|folder| Path::new(folder).join("nginx"));
    let program = programs.iter().find(|program| program.is_file());
    let program = program.context("nginx is missing: apt-get install nginx-light")?;
    let file = folder.join("nginx.conf");
    let file = file.to_str().context("a temporary folder with a strange name")?;
    let arguments = ["-p", path, "-e", "stderr", "-c", file, "-g", "daemon off;"];
    Process::spawn(program, home, "nginx", &arguments, &[], user)
}
