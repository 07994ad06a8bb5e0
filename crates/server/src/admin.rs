//! `serene migrate` and `serene user`: short commands that work beside a running server.

use std::{io::Read, process::ExitCode};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serene_core::{
    Serene,
    accounts::NewUser,
    base::{Email, Ids, Owner, PageSize, Password, Username, limits},
    schema::MIGRATIONS,
};
use serene_db::MigrationState;

use crate::{
    cli::{MigrateCommand, UserCommand},
    config::Config,
    out::say,
    wiring,
};

pub(crate) async fn migrate(config: &Config, command: MigrateCommand) -> anyhow::Result<ExitCode> {
    let db = wiring::open_database(config).await?;
    if matches!(command, MigrateCommand::Up) {
        let applied = db.migrate(MIGRATIONS).await?;
        say!("applied now: {applied}");
    }
    for migration in db.migration_status(MIGRATIONS).await? {
        let state = match migration.state {
            MigrationState::Applied => "applied",
            MigrationState::Pending => "pending",
        };
        say!("{:>4}  {state}  {}", migration.version, migration.name);
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn user(config: &Config, command: UserCommand) -> anyhow::Result<ExitCode> {
    let serene = wiring::open_without_model(config).await?;
    match command {
        UserCommand::Create { username, email, password_stdin } => {
            let (password, made) = password(password_stdin)?;
            let new = NewUser {
                username: username.as_deref().map(Username::parse).transpose()?,
                email: email.as_deref().map(Email::parse).transpose()?,
                password,
            };
            let user = serene.accounts.create(new).await?;
            say!("created {}", user.id);
            print_made(made.as_deref());
        }
        UserCommand::List => list(&serene).await?,
        UserCommand::Delete { name, yes } => {
            let user = serene.accounts.find_by_login(&name).await?;
            if !yes {
                say!("would delete {} and everything in it; add --yes to do it", user.id);
                return Ok(ExitCode::FAILURE);
            }
            serene.delete_account(Owner::for_job(user.id, "user delete")).await?;
            say!("deleted {}", user.id);
        }
        UserCommand::SetPassword { name, password_stdin } => {
            let user = serene.accounts.find_by_login(&name).await?;
            let (password, made) = password(password_stdin)?;
            let owner = Owner::for_job(user.id, "user set-password");
            serene.accounts.set_password(owner, password, None).await?;
            say!("the password of {} is set; all its sessions have ended", user.id);
            print_made(made.as_deref());
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(serene: &Serene) -> anyhow::Result<()> {
    let size = PageSize::new(Some(limits::MAX_PAGE_ITEMS))?;
    let mut after = None;
    loop {
        let page = serene.accounts.list(after, size).await?;
        for user in page.items {
            let name = user.username.as_deref().unwrap_or("-");
            let email = user.email.as_deref().unwrap_or("-");
            say!("{}  {}  {name}  {email}", user.id, user.created_at);
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// The password to set, and its text if it was made here.
fn password(stdin: bool) -> anyhow::Result<(Password, Option<String>)> {
    if stdin {
        let mut text = String::new();
        std::io::stdin().take(4096).read_to_string(&mut text)?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        return Ok((Password::choose("password", text)?, None));
    }
    let text = URL_SAFE_NO_PAD.encode(Ids::random().secret::<15>());
    Ok((Password::choose("password", &text)?, Some(text)))
}

fn print_made(password: Option<&str>) {
    if let Some(password) = password {
        say!("password: {password}");
    }
}
