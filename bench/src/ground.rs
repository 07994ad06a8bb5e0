//! What a run stands on: a folder, a model server, a database that Serene made and that was then
//! filled, and servers on copies of it.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    plant::Garden,
    server::{self, Mode, Server},
};

/// The name of the file in the folder of each server.
const DATABASE: &str = "serene.db";
/// As many as the streams of a run, and some.
const CONNECTIONS: &str = "12000";

/// How a Serene is set up apart from its data.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Setup<'a> {
    /// The master key, for data that it has sealed.
    pub(crate) key: Option<&'a str>,
    /// A database on a server, in place of the file.
    pub(crate) database_url: Option<&'a str>,
}

/// A folder with everything in it. Gone when it is dropped.
pub(crate) struct Ground {
    // The fields are dropped in this order: the server before the folder.
    model: Server,
    folder: TempDir,
    binary: PathBuf,
}

impl Ground {
    /// Makes a database and fills it with about so many rows.
    pub(crate) async fn set_up<T>(
        rows: usize,
        fill: impl FnOnce(&mut Garden) -> anyhow::Result<T>,
    ) -> anyhow::Result<(Self, T)> {
        raise_file_limit();
        let binary = server::find_binary()?;
        let folder = tempfile::Builder::new().prefix("serene-bench-").tempdir()?;
        let model = model(folder.path()).await?;
        let ground = Self { model, folder, binary };
        let template = ground.template();
        std::fs::create_dir(&template)?;
        ground.serene(&template, Setup::default()).await?.stop().await?;
        let mut garden = Garden::open(&template.join(DATABASE), rows)?;
        let filled = fill(&mut garden)?;
        garden.finish()?;
        Ok((ground, filled))
    }

    fn template(&self) -> PathBuf {
        self.folder.path().join("template")
    }

    /// A folder of this name with a copy of the database.
    pub(crate) fn copy(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.path().join(name);
        std::fs::create_dir(&folder)?;
        std::fs::copy(self.template().join(DATABASE), folder.join(DATABASE))?;
        Ok(folder)
    }

    /// The folder of the database itself, for who needs no other copy.
    pub(crate) fn own(&self) -> PathBuf {
        self.template()
    }

    /// The model alone.
    pub(crate) const fn model(&self) -> &Server {
        &self.model
    }

    fn model_url(&self) -> String {
        format!("http://{}/v1", self.model.address())
    }

    /// Serene on the data in a folder.
    pub(crate) async fn serene(&self, folder: &Path, setup: Setup<'_>) -> anyhow::Result<Server> {
        let mut command = server::command(&self.binary, folder, Mode::Measured, setup.key)?;
        command
            .env("AI_ENGINE", "openai")
            .env("OPENAI_BASE_URL", self.model_url())
            .env("OPENAI_API_KEY", "a-key-that-nobody-checks")
            .env("OPENAI_MODEL", crate::floor::MODEL)
            // A name for a conversation is another call of the model.
            .env("AI_TITLES", "off")
            .env("MAX_CONNECTIONS", CONNECTIONS);
        if let Some(url) = setup.database_url {
            command.env("DATABASE_URL", url);
        }
        Server::launch(command, folder).await
    }

    /// The floor on the data in a folder.
    pub(crate) async fn floor(&self, folder: &Path) -> anyhow::Result<Server> {
        let mut command = server::quiet(&std::env::current_exe()?, folder)?;
        command.arg("floor").arg(folder.join(DATABASE)).arg(self.model_url());
        Server::launch(command, folder).await
    }

    /// Seals the data in a folder, and returns the key.
    pub(crate) async fn seal(&self, folder: &Path) -> anyhow::Result<String> {
        let key = server::master_key(&self.binary).await?;
        let mut command = server::command(&self.binary, folder, Mode::Measured, Some(&key))?;
        // `serve` is what the command begins with: the same settings, another word.
        let mut command = renamed(&mut command, folder, &["vault", "encrypt"]);
        succeed(&mut command).await.context("serene vault encrypt")?;
        Ok(key)
    }

    /// Copies the data into an empty database on a server.
    pub(crate) async fn move_to(&self, url: &str) -> anyhow::Result<()> {
        let target = self.folder.path().join("target-url");
        std::fs::write(&target, url)?;
        let from = format!("sqlite:///{}", self.template().join(DATABASE).display());
        let to = format!("@{}", target.display());
        let mut command = server::quiet(&self.binary, self.folder.path())?;
        command.args(["copy", "--from", &from, "--to", &to]);
        succeed(&mut command).await.context("serene copy")
    }
}

/// The same program and settings with other arguments.
fn renamed(command: &mut Command, folder: &Path, arguments: &[&str]) -> Command {
    let old = command.as_std();
    let mut new = Command::new(old.get_program());
    new.args(arguments).current_dir(folder).env_clear().kill_on_drop(true);
    new.envs(old.get_envs().filter_map(|(name, value)| Some((name, value?))));
    new
}

async fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{}: {}", output.status, said.trim());
    Ok(())
}

async fn model(folder: &Path) -> anyhow::Result<Server> {
    let mut command = server::quiet(&std::env::current_exe()?, folder)?;
    command.arg("model");
    Server::launch(command, folder).await.context("the model server")
}

/// As far as the system lets us, for this process and those that it starts.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised, less is measured, and the table says how much.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// How many streams can be open at once: the server holds two connections for each.
pub(crate) fn most_streams() -> usize {
    const OTHERS: u64 = 500;
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(files.saturating_sub(OTHERS) / 2).unwrap_or(usize::MAX)
}
