//! Signing up, in and out, sessions, the caller's own account; and health, which asks nobody who
//! they are.

use serde_json::json;

use super::{CLIENTS, Case, HASHING_CLIENTS, Prepared, Stage, case, ready};
use crate::{
    load::Work,
    seed::{Account, PASSWORD},
};

/// Sign-ins of one account in one case; beyond a hundred the oldest would be ended.
const MOST_LOGINS: usize = 90;

pub(super) const CASES: &[Case] = &[
    case("livez", "", |stage| health(stage, "livez")),
    case("readyz", "", |stage| health(stage, "readyz")),
    case("healthz", "", |stage| health(stage, "healthz")),
    case("register", "", register).hashing(),
    case("login", "", login).hashing(),
    case("refresh", "", refresh),
    case("logout", "", logout),
    case("logout_everywhere", "", logout_everywhere),
    case("list_sessions", "20 sessions", list_sessions),
    case("revoke_session", "", revoke_session),
    case("read_me", "", read_me),
    case("change_me", "", change_me),
    case("change_password", "two hashes", change_password).hashing(),
    case("sign_in_with_firebase", "a bad token", |stage| refused(stage, "sign_in_with_firebase")),
    case("link_identity", "a bad token", |stage| refused(stage, "link_identity")),
    case("list_identities", "none", list_identities),
    case("my_usage", "31 days", my_usage),
    case("export_me", "of a new account", export_me),
    case("delete_me", "with 1 conversation", delete_me),
];

fn health<'a>(stage: &'a Stage, operation: &str) -> Prepared<'a> {
    ready(Work::Again(vec![stage.api.to(operation).expect(200)]))
}

fn register(stage: &Stage) -> Prepared<'_> {
    // More than can be hashed in the time there is.
    let one = |n: usize| {
        let body = json!({"username": format!("newcomer{n}"), "password": PASSWORD});
        stage.api.to("register").json(&body).expect(201)
    };
    ready(Work::Once((0..2_000).map(one).collect()))
}

/// Accounts whose password hash costs what it costs in production, which the spare ones' does not.
async fn costly_accounts(stage: &Stage, prefix: &str) -> anyhow::Result<Vec<Account>> {
    let names = (0..HASHING_CLIENTS).map(|n| format!("{prefix}{n}")).collect();
    stage.hands().register(names).await
}

fn login(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let accounts = costly_accounts(stage, "returning").await?;
        let login = |account: &Account| {
            let body = json!({"username": account.name, "password": PASSWORD});
            stage.api.to("login").json(&body).expect(200)
        };
        Ok(Work::Again(accounts.iter().map(login).collect()))
    })
}

/// New sessions of accounts that nobody else uses.
async fn sessions(stage: &Stage) -> anyhow::Result<Vec<Account>> {
    let number = stage.supply.min(CLIENTS * MOST_LOGINS);
    let accounts = stage.seed.take_accounts(CLIENTS)?;
    let logins: Vec<&Account> = accounts.iter().cycle().take(number).collect();
    stage.hands().login(&logins).await
}

fn refresh(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let refresh = |session: &Account| {
            let body = json!({"refresh_token": session.refresh_token});
            stage.api.to("refresh").json(&body).expect(200)
        };
        Ok(Work::Once(sessions(stage).await?.iter().map(refresh).collect()))
    })
}

fn logout(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let logout = |session: &Account| stage.api.to("logout").token(&session.token).expect(204);
        Ok(Work::Once(sessions(stage).await?.iter().map(logout).collect()))
    })
}

fn logout_everywhere(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let accounts = stage.seed.take_accounts(stage.supply)?;
        let logout =
            |account: &Account| stage.api.to("logout_everywhere").token(&account.token).expect(204);
        Ok(Work::Once(accounts.iter().map(logout).collect()))
    })
}

fn list_sessions(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let accounts = stage.seed.take_accounts(CLIENTS)?;
        let logins: Vec<&Account> = accounts.iter().cycle().take(CLIENTS * 19).collect();
        stage.hands().login(&logins).await?;
        let list =
            |account: &Account| stage.api.to("list_sessions").token(&account.token).expect(200);
        Ok(Work::Again(accounts.iter().map(list).collect()))
    })
}

fn revoke_session(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        // Each is ended by the session that was opened after it.
        let sessions = sessions(stage).await?;
        let revoke = |pair: &[Account]| {
            let (old, new) = (&pair[0], &pair[CLIENTS]);
            stage.api.to("revoke_session").id(&old.session_id).token(&new.token).expect(204)
        };
        Ok(Work::Once(sessions.windows(CLIENTS + 1).map(revoke).collect()))
    })
}

fn read_me(stage: &Stage) -> Prepared<'_> {
    let read = |account: &Account| stage.api.to("read_me").token(&account.token).expect(200);
    ready(Work::Again(stage.writers.iter().map(read).collect()))
}

fn my_usage(stage: &Stage) -> Prepared<'_> {
    let read = |account: &Account| stage.api.to("my_usage").token(&account.token).expect(200);
    ready(Work::Again(stage.writers.iter().map(read).collect()))
}

fn change_me(stage: &Stage) -> Prepared<'_> {
    let change = |suffix: &'static str| {
        stage.writers.iter().map(move |account| {
            let body = json!({"username": format!("{}{suffix}", account.name)});
            stage.api.to("change_me").token(&account.token).json(&body).expect(200)
        })
    };
    ready(Work::Again(change("-a").chain(change("-b")).collect()))
}

fn change_password(stage: &Stage) -> Prepared<'_> {
    const OTHER: &str = "an even better password";
    Box::pin(async move {
        let accounts = costly_accounts(stage, "careful").await?;
        let change = |from: &'static str, to: &'static str| {
            accounts.iter().map(move |account| {
                let body = json!({"current_password": from, "new_password": to});
                stage.api.to("change_password").token(&account.token).json(&body).expect(204)
            })
        };
        Ok(Work::Again(change(PASSWORD, OTHER).chain(change(OTHER, PASSWORD)).collect()))
    })
}

/// No ID token of Firebase can be had here: what is measured is how one is refused.
fn refused<'a>(stage: &'a Stage, operation: &str) -> Prepared<'a> {
    let body = json!({"id_token": "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.e30.c2ln"});
    let request = stage.api.to(operation).token(&stage.seed.reader.token).json(&body);
    ready(Work::Again(vec![request.expect(401)]))
}

fn list_identities(stage: &Stage) -> Prepared<'_> {
    let request = stage.api.to("list_identities").token(&stage.seed.reader.token);
    ready(Work::Again(vec![request.expect(200)]))
}

fn export_me(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let accounts = costly_accounts(stage, "leaving").await?;
        let export =
            |account: &Account| stage.api.to("export_me").token(&account.token).expect(200);
        Ok(Work::Again(accounts.iter().map(export).collect()))
    })
}

fn delete_me(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let accounts = stage.seed.take_accounts(stage.supply)?;
        let owners: Vec<&Account> = accounts.iter().collect();
        let conversations = stage.hands().converse(&owners).await?;
        stage.hands().talk(&owners, &conversations).await?;
        let delete =
            |account: &Account| stage.api.to("delete_me").token(&account.token).expect(204);
        Ok(Work::Once(accounts.iter().map(delete).collect()))
    })
}
