//! The configuration: flags, environment and `.env` made into one checked value. The only place that reads
//! the environment. Acting on the configuration (opening, listening, logging) happens elsewhere.
//!
//! A value that cannot be used stops the start with one line; see [`ConfigError`].

mod ai;
mod contracts;
mod database;
#[cfg(test)]
mod docs;
mod dotenv;
mod error;
mod firebase;
mod flags;
mod loader;
mod models;
mod network;
mod parse;
mod report;
mod secret;
mod settings;
mod sources;
#[cfg(test)]
mod tests;

use std::{
    ffi::OsString,
    fmt::Display,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    str::FromStr,
};

use secrecy::{ExposeSecret, SecretString};
use serene_core::{
    accounts::{FirebaseKeys, FirebaseOptions},
    base::MasterKey,
    safety::SafetyResources,
    usage::Budgets,
};
use serene_http::{ContractOptions, RateLimit, RateLimits};

pub(crate) use ai::{AiConfig, AiEngine};
pub(crate) use database::DatabaseUrl;
pub(crate) use error::ConfigError;
pub(crate) use flags::Flags;
pub(crate) use models::{EngineKind, ModelEntry};
pub(crate) use network::IpNetwork;
pub(crate) use report::Report;
pub(crate) use secret::load_or_create_secret;

use loader::Loader;
use report::Shown;
use settings::{
    AUTH_THROTTLE, BCRYPT_COST, BUDGET_PER_INSTANCE, BUDGET_PER_USER, FRONTEND_URL,
    JWT_ACCESS_TOKEN_EXPIRES, JWT_ALGORITHM, JWT_SECRET, MAX_CONNECTIONS, METRICS_ADDRESS,
    METRICS_TOKEN, PORT, RATE_LIMIT_PER_ADDRESS, RATE_LIMIT_PER_USER, REFRESH_TOKEN_EXPIRES,
    SAFETY_RESOURCES_FILE, SERENE_ENV, SERENE_LOG, SERENE_LOG_FORMAT, SERENE_MASTER_KEY,
    SERENE_MASTER_KEY_FILE, SERVER_HOST, SYSTEM_INSTRUCTION, TRUSTED_PROXIES,
};
use sources::{Origin, Sources};

/// The seconds a token's lifetime may have: a minute to a year.
const LIFETIME_SECS: RangeInclusive<u64> = 60..=31_536_000;

/// What a model may be let read and write together.
const CONTEXT_TOKENS: RangeInclusive<u32> = 512..=2_000_000;

/// What kind of place this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Environment {
    /// Somebody's own machine: weak secrets are warned about.
    Development,
    /// Reached by others: weak secrets are refused.
    Production,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Pretty on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Pretty,
    /// For programs.
    Json,
}

/// Everything that can be configured, checked. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Where the data is kept.
    pub(crate) database: DatabaseUrl,
    /// Address to listen on.
    pub(crate) host: IpAddr,
    /// Port to listen on; 0 takes any free one.
    pub(crate) port: u16,
    /// Connections served at once.
    pub(crate) max_connections: usize,
    /// Development or production.
    pub(crate) environment: Environment,
    /// Signs tokens. When it is absent, [`load_or_create_secret`] keeps one in the data folder.
    pub(crate) jwt_secret: Option<SecretString>,
    /// Lifetime of an access token in seconds.
    pub(crate) access_token_secs: u64,
    /// Lifetime of a refresh token in seconds.
    pub(crate) refresh_token_secs: u64,
    /// The cost of a password hash, 4 to 15.
    pub(crate) bcrypt_cost: u32,
    /// Whether repeated login and register attempts are slowed.
    pub(crate) auth_throttle: bool,
    /// Seals private text; without one it is stored as it is.
    pub(crate) master_key: Option<MasterKey>,
    /// Where people in need can turn.
    pub(crate) resources: SafetyResources,
    /// Who answers.
    pub(crate) ai: AiConfig,
    /// Replaces the built-in system instruction; at most 8000 characters.
    pub(crate) system_instruction: Option<String>,
    /// How much of models may be used.
    pub(crate) budgets: Budgets,
    /// Origins that may call from a browser, as browsers spell them.
    pub(crate) frontend_origins: Vec<String>,
    /// Peers whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub(crate) trusted_proxies: Vec<IpNetwork>,
    /// How often somebody may ask.
    pub(crate) rate_limits: RateLimits,
    /// Which published contracts are served, and how.
    pub(crate) contracts: ContractOptions,
    /// Whose Firebase ID tokens are taken.
    pub(crate) firebase: Option<FirebaseOptions>,
    /// Where whoever reaches it reads the metrics.
    pub(crate) metrics_address: Option<SocketAddr>,
    /// What opens the metrics at the main port.
    pub(crate) metrics_token: Option<SecretString>,
    /// What is logged, as `tracing_subscriber::EnvFilter` reads it.
    pub(crate) log_filter: String,
    /// How it is logged.
    pub(crate) log_format: LogFormat,
    /// What the operator should hear at the start, one line each.
    pub(crate) warnings: Vec<String>,
    rows: Vec<report::Row>,
}

impl Config {
    /// The configuration of this process: `flags`, its environment, and `.env` in the working directory.
    pub(crate) fn from_process(flags: &Flags) -> Result<Self, ConfigError> {
        #[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let environment = std::env::vars_os();
        Self::load(flags, environment, Some(Path::new(".env")))
    }

    /// The configuration that these sources make, the first going before the second and so on.
    ///
    /// `dotenv` is read when it exists; the flag `--env-file` replaces it and names a file that must exist.
    pub(crate) fn load(
        flags: &Flags,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        dotenv: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let mut loader = Loader::new(Sources::collect(flags, environment, dotenv)?);
        let mut config = Self::take(&mut loader)?;
        config.rows = loader.rows;
        config
            .rows
            .sort_by_key(|row| settings::ALL.iter().position(|s| s.name == row.setting.name));
        config.warnings = loader.warnings;
        config.warn_of_risks();
        Ok(config)
    }

    /// Takes every setting, in the order of the fields.
    fn take(l: &mut Loader<'_>) -> Result<Self, ConfigError> {
        let access_token_secs = integer(l, &JWT_ACCESS_TOKEN_EXPIRES, LIFETIME_SECS, "seconds")?;
        l.required(&JWT_ALGORITHM, parse::jwt_algorithm, ToString::to_string)?;
        Ok(Self {
            database: DatabaseUrl::load(l)?,
            host: l.required(&SERVER_HOST, network::host, ToString::to_string)?,
            port: l.required(&PORT, parse::port, ToString::to_string)?,
            max_connections: integer(l, &MAX_CONNECTIONS, 1..=1_000_000, "a number")?,
            environment: l.required(&SERENE_ENV, parse::environment, |e| e.name().to_owned())?,
            jwt_secret: l.optional(&JWT_SECRET, |v| Ok(v.into()), |_| String::new())?,
            access_token_secs,
            refresh_token_secs: refresh_token_secs(l, access_token_secs)?,
            bcrypt_cost: integer(l, &BCRYPT_COST, 4..=15, "a cost")?,
            auth_throttle: l.required(&AUTH_THROTTLE, parse::boolean, |on| on_off(*on))?,
            master_key: master_key(l)?,
            resources: l
                .optional(&SAFETY_RESOURCES_FILE, parse::resources, |(path, _)| path.clone())?
                .map(|(_, resources)| resources)
                .unwrap_or_default(),
            ai: AiConfig::load(l)?,
            system_instruction: l.optional(
                &SYSTEM_INSTRUCTION,
                parse::system_instruction,
                |text| format!("set ({} characters)", text.chars().count()),
            )?,
            budgets: budgets(l)?,
            frontend_origins: l
                .optional(&FRONTEND_URL, network::origins, |all| all.join(","))?
                .unwrap_or_default(),
            trusted_proxies: l
                .optional(&TRUSTED_PROXIES, network::networks, |all| {
                    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
                })?
                .unwrap_or_default(),
            rate_limits: RateLimits {
                per_user: rate_limit(l, &RATE_LIMIT_PER_USER)?,
                per_address: rate_limit(l, &RATE_LIMIT_PER_ADDRESS)?,
            },
            contracts: contracts::load(l, access_token_secs)?,
            firebase: firebase::load(l)?,
            metrics_address: l.optional(&METRICS_ADDRESS, network::socket, ToString::to_string)?,
            metrics_token: l.optional(&METRICS_TOKEN, parse::token, |_| String::new())?,
            log_filter: log_filter(l)?,
            log_format: l
                .required(&SERENE_LOG_FORMAT, parse::log_format, |f| f.name().to_owned())?,
            warnings: Vec::new(),
            rows: Vec::new(),
        })
    }

    /// Where to listen.
    pub(crate) const fn listen_address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }

    /// The folder for files of Serene's own: beside the SQLite file, `./data` with a database server.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.database.folder().unwrap_or_else(|| PathBuf::from("./data"))
    }

    /// Whether other processes may serve the same database: one on a server is there for all of them.
    pub(crate) const fn is_shared(&self) -> bool {
        !matches!(self.database, DatabaseUrl::Sqlite { .. })
    }

    /// What to say when an instance that serves the same database signs with another secret.
    pub(crate) fn another_secret(&self) -> ConfigError {
        let problem = "is not that of an instance which serves this database already; \
                       give all of them the same";
        self.origin(&JWT_SECRET).error(&JWT_SECRET, problem.to_owned())
    }

    /// Every setting, its value and where it came from, without secrets.
    pub(crate) fn report(&self) -> Report {
        Report::new(self.rows.clone())
    }

    /// What is tolerable here and would not be in production, or is allowed and still a risk.
    fn warn_of_risks(&mut self) {
        let weakness = self.jwt_secret.as_ref().and_then(|s| secret::weakness(s.expose_secret()));
        if let (Environment::Development, Some(weakness)) = (self.environment, weakness) {
            let origin = self.origin(&JWT_SECRET);
            let (name, place) = (origin.name_of(&JWT_SECRET), origin.place());
            self.warnings.push(format!(
                "{name} ({place}) {weakness}; production refuses it; {}",
                secret::ADVICE
            ));
        }
        if self.environment == Environment::Production && !self.auth_throttle {
            self.warnings.push("AUTH_THROTTLE is off: passwords can be guessed quickly".to_owned());
        }
        let open_metrics = self.metrics_address.filter(|at| !at.ip().is_loopback());
        if let (Environment::Production, Some(address)) = (self.environment, open_metrics) {
            self.warnings.push(format!(
                "METRICS_ADDRESS is {address}: whoever reaches it reads the metrics, without a \
                 credential"
            ));
        }
        if let Some(name) = &self.contracts.demo_user {
            self.warnings.push(format!(
                "DEMO_USER is set: whoever sends no credential reads and writes as {name}"
            ));
        }
        if self.firebase.as_ref().is_some_and(|it| it.keys == FirebaseKeys::Emulator) {
            self.warnings.push(
                "FIREBASE_AUTH_EMULATOR_HOST is set: ID tokens are not checked, and anybody can \
                 make one"
                    .to_owned(),
            );
        }
        let database = self.origin(&settings::DATABASE_URL);
        if matches!(database, Origin::Flag(_)) && self.database.has_password() {
            self.warnings.push(
                "--database-url holds a password, which other users of this machine can see; \
                 set DATABASE_URL in the environment instead"
                    .to_owned(),
            );
        }
    }

    fn origin(&self, setting: &settings::Setting) -> Origin {
        loader::origin(&self.rows, setting)
    }
}

/// The budgets; none where nothing is set.
fn budgets(l: &mut Loader<'_>) -> Result<Budgets, ConfigError> {
    let mut limits = |setting| l.optional(setting, str::parse, ToString::to_string);
    Ok(Budgets {
        per_user: limits(&BUDGET_PER_USER)?.unwrap_or_default(),
        per_instance: limits(&BUDGET_PER_INSTANCE)?.unwrap_or_default(),
    })
}

/// The master key, from its setting or its file.
fn master_key(l: &mut Loader<'_>) -> Result<Option<MasterKey>, ConfigError> {
    let given = l.optional(&SERENE_MASTER_KEY, secret::master_key, |_| String::new())?;
    let read = |path: &str| Ok((path.to_owned(), secret::read_master_key(path)?));
    let file = l.optional(&SERENE_MASTER_KEY_FILE, read, |(path, _)| path.clone())?;
    match (given, file) {
        (Some(_), Some(_)) => {
            let problem = "is set beside SERENE_MASTER_KEY; keep one of them".to_owned();
            let setting = &SERENE_MASTER_KEY_FILE;
            Err(l.origin(setting).error(setting, problem))
        }
        (given, file) => Ok(given.or(file.map(|(_, key)| key))),
    }
}

/// Refuses what must not reach production: a missing or weak secret, cheap password hashes, a user
/// for everybody.
///
/// Nothing is refused in development.
pub(crate) fn check_production(config: &Config) -> Result<(), ConfigError> {
    if config.environment == Environment::Development {
        return Ok(());
    }
    let weakness = match &config.jwt_secret {
        None => Some("is missing".to_owned()),
        Some(secret) => secret::weakness(secret.expose_secret()),
    };
    if let Some(weakness) = weakness {
        let problem = format!("{weakness}, and SERENE_ENV is production; {}", secret::ADVICE);
        return Err(config.origin(&JWT_SECRET).error(&JWT_SECRET, problem));
    }
    if config.bcrypt_cost < 10 {
        let problem = format!(
            "{} is too cheap, and SERENE_ENV is production; give 10 to 15",
            config.bcrypt_cost
        );
        return Err(config.origin(&BCRYPT_COST).error(&BCRYPT_COST, problem));
    }
    match config.firebase.as_ref().map(|firebase| &firebase.keys) {
        Some(FirebaseKeys::Emulator) => {
            let problem = "checks no token, and SERENE_ENV is production; unset it".to_owned();
            let setting = &settings::FIREBASE_AUTH_EMULATOR_HOST;
            return Err(config.origin(setting).error(setting, problem));
        }
        Some(FirebaseKeys::At(url)) if !firebase::is_safe(url) => {
            let problem = "is not https, and SERENE_ENV is production".to_owned();
            let setting = &settings::FIREBASE_CERTS_URL;
            return Err(config.origin(setting).error(setting, problem));
        }
        _ => {}
    }
    if config.contracts.demo_user.is_some() {
        let problem = "lets anybody in, and SERENE_ENV is production; unset it".to_owned();
        let setting = &settings::DEMO_USER;
        return Err(config.origin(setting).error(setting, problem));
    }
    Ok(())
}

fn integer<T: FromStr + PartialOrd + Display>(
    loader: &mut Loader<'_>,
    setting: &'static settings::Setting,
    range: RangeInclusive<T>,
    unit: &str,
) -> Result<T, ConfigError> {
    loader.required(setting, |value| parse::integer(value, &range, unit), T::to_string)
}

fn rate_limit(
    loader: &mut Loader<'_>,
    setting: &'static settings::Setting,
) -> Result<Option<RateLimit>, ConfigError> {
    loader.required(setting, parse::rate_limit, |limit| parse::shown_rate(*limit))
}

fn on_off(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

/// Unless it is set, a refresh token lives at least as long as the access token it renews.
fn refresh_token_secs(loader: &mut Loader<'_>, access_secs: u64) -> Result<u64, ConfigError> {
    let secs = integer(loader, &REFRESH_TOKEN_EXPIRES, LIFETIME_SECS, "seconds")?;
    if secs >= access_secs {
        return Ok(secs);
    }
    if loader.origin(&REFRESH_TOKEN_EXPIRES) != Origin::Default {
        loader.warnings.push(format!(
            "REFRESH_TOKEN_EXPIRES ({secs}) is shorter than JWT_ACCESS_TOKEN_EXPIRES ({access_secs})"
        ));
        return Ok(secs);
    }
    loader.rows.pop();
    let origin = Origin::Derived("as long as JWT_ACCESS_TOKEN_EXPIRES");
    loader.note(&REFRESH_TOKEN_EXPIRES, Shown::Value(access_secs.to_string()), origin);
    Ok(access_secs)
}

/// `FLASK_DEBUG` is a switch among filters: on means `debug`, off says nothing.
fn log_filter(loader: &mut Loader<'_>) -> Result<String, ConfigError> {
    let candidates: Vec<_> = loader.sources.candidates(&SERENE_LOG).collect();
    for found in candidates {
        let value = found.value.trim();
        let filter = if found.origin.name_of(&SERENE_LOG) == "FLASK_DEBUG" {
            parse::boolean(value).map(|on| on.then(|| "debug".to_owned()))
        } else {
            parse::log_filter(value).map(Some)
        };
        let filter = filter.map_err(|problem| found.origin.error(&SERENE_LOG, problem))?;
        if let Some(filter) = filter {
            loader.note(&SERENE_LOG, Shown::Value(filter.clone()), found.origin);
            return Ok(filter);
        }
    }
    let default = SERENE_LOG.default.expect("the table gives this setting a default").to_owned();
    loader.note(&SERENE_LOG, Shown::Value(default.clone()), Origin::Default);
    Ok(default)
}

impl Environment {
    /// The name by which `SERENE_ENV` chooses it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

impl LogFormat {
    const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Pretty => "pretty",
            Self::Json => "json",
        }
    }
}
