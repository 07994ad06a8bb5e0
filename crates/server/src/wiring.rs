//! Putting the product together from its configuration.

use std::{num::NonZero, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use serene_core::{
    Options, Serene,
    accounts::{AccountOptions, HashingOptions, ThrottleMode, TokenLifetimes},
    base::{Base, Clock, Ids, Instances, Tasks, Vault, limits::BEAT_EVERY},
    schema::MIGRATIONS,
    sealing,
    usage::{Price, Prices},
};
use serene_db::{
    DataLock, Db, MigrationState, ServerOptions, SqliteOptions, refuse_unfinished_copy,
};
use serene_llm::{
    BasicEngine, Engine, NlpEngine, Offer, OpenAiConfig, OpenAiEngine, Registry, Retries, Timeouts,
};

use crate::config::{
    AiConfig, AiEngine, Config, ConfigError, DatabaseUrl, EngineKind, ModelEntry,
    load_or_create_secret,
};

/// The runtime of every command that touches the database.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .thread_name("serene-worker")
        // Name look-ups for model servers are the only blocking work there is.
        .max_blocking_threads(8)
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

/// Keeps other servers from a SQLite database. A database server does its own locking, and several
/// may serve what is there: then the lock only says that nobody else is in this folder.
pub(crate) fn lock(config: &Config) -> anyhow::Result<Option<DataLock>> {
    match DataLock::acquire(&config.data_dir()) {
        Err(error) if config.is_shared() => {
            tracing::debug!("no place of its own: {error}");
            Ok(None)
        }
        lock => Ok(Some(lock?)),
    }
}

/// Opens the database, without applying migrations. One that a copy is unfinished in is refused.
pub(crate) async fn open_database(config: &Config) -> anyhow::Result<Db> {
    let db = open_address(&config.database).await?;
    refuse_unfinished_copy(&db).await?;
    Ok(db)
}

/// Opens a database, whatever is in it.
pub(crate) async fn open_address(address: &DatabaseUrl) -> anyhow::Result<Db> {
    Ok(match address {
        DatabaseUrl::Sqlite { path } => Db::open_sqlite(SqliteOptions::new(path))?,
        DatabaseUrl::Postgres { url } => {
            Db::open_postgres(ServerOptions::new(url.expose_secret())).await?
        }
        DatabaseUrl::Mysql { url } => {
            Db::open_mysql(ServerOptions::new(url.expose_secret())).await?
        }
    })
}

/// Whether a database has Serene's tables, of this version or an older one.
pub(crate) async fn is_migrated(db: &Db) -> anyhow::Result<bool> {
    let status = db.migration_status(MIGRATIONS).await?;
    Ok(status.iter().any(|one| one.state == MigrationState::Applied))
}

/// Opens the database, brings it up to date and puts the product on it. A server has a lock.
pub(crate) async fn open(config: &Config, lock: Option<&DataLock>) -> anyhow::Result<Arc<Serene>> {
    // First: a model that cannot be read must not have migrated a database.
    let engine = engine(&config.ai)?;
    let db = open_migrated(config).await?;
    let vault = sealing::open(&db, config.master_key.as_ref()).await?;
    product(config, base(config, db, vault, lock), engine)
}

/// The same for a command that asks no model: none is loaded.
pub(crate) async fn open_without_model(config: &Config) -> anyhow::Result<Arc<Serene>> {
    let db = open_migrated(config).await?;
    let vault = sealing::open(&db, config.master_key.as_ref()).await?;
    product_without_model(config, base(config, db, vault, None))
}

/// Opens the database and brings it up to date.
pub(crate) async fn open_migrated(config: &Config) -> anyhow::Result<Db> {
    let db = open_database(config).await?;
    let applied = db.migrate(MIGRATIONS).await?;
    if applied > 0 {
        tracing::info!(applied, "applied migrations: {applied}");
    }
    Ok(db)
}

pub(crate) fn base(config: &Config, db: Db, vault: Vault, lock: Option<&DataLock>) -> Base {
    let (clock, ids) = (Clock::system(), Ids::random());
    let instances = if config.is_shared() {
        Instances::shared(&ids, clock.now(), BEAT_EVERY, lock.and_then(DataLock::place))
    } else {
        Instances::alone(&ids, clock.now())
    };
    Base { db, clock, ids, vault, tasks: Tasks::new(), instances }
}

/// The product on a base, for a command that asks no model.
pub(crate) fn product_without_model(config: &Config, base: Base) -> anyhow::Result<Arc<Serene>> {
    product(config, base, Arc::new(BasicEngine))
}

/// The product on a base.
fn product(config: &Config, base: Base, engine: Arc<dyn Engine>) -> anyhow::Result<Arc<Serene>> {
    let options = Options {
        accounts: AccountOptions {
            secret: secret(config)?,
            lifetimes: TokenLifetimes {
                access: Duration::from_secs(config.access_token_secs),
                refresh: Duration::from_secs(config.refresh_token_secs),
            },
            hashing: HashingOptions { cost: config.bcrypt_cost, threads: hashing_threads() },
            throttle: if config.auth_throttle { ThrottleMode::On } else { ThrottleMode::Off },
            firebase: config.firebase.clone(),
        },
        engine,
        resources: config.resources.clone(),
        instruction: config.system_instruction.clone(),
        context_tokens: Some(config.ai.context_tokens),
        titles: config.ai.titles,
        prices: prices(&config.ai),
        budgets: config.budgets.clone(),
    };
    Ok(Arc::new(Serene::new(base, options).context("cannot start the hashing threads")?))
}

/// The secret that was given, or the one kept in the data folder.
fn secret(config: &Config) -> anyhow::Result<SecretString> {
    if let Some(secret) = &config.jwt_secret {
        return Ok(secret.clone());
    }
    let (secret, created) = load_or_create_secret(&config.data_dir())?;
    if let Some(warning) = created.warning() {
        tracing::warn!("{warning}");
    }
    Ok(secret)
}

/// Half of the processors may be busy with passwords, so that the other half serves.
fn hashing_threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).div_ceil(2)
}

/// Everybody who can answer.
pub(crate) fn engine(ai: &AiConfig) -> anyhow::Result<Arc<dyn Engine>> {
    let (offers, fallback) = match &ai.catalogue {
        Some(catalogue) => {
            let offers: anyhow::Result<_> = catalogue.models.iter().map(offer).collect();
            (offers?, catalogue.fallback.clone())
        }
        None => {
            let first = Offer::of(one_engine(&ai.engine, ai)?);
            let next = ai.fallback.as_ref().map(|engine| one_engine(engine, ai)).transpose()?;
            let next = next.map(|engine| Offer { listed: false, ..Offer::of(engine) });
            (std::iter::once(first).chain(next).collect(), vec![1])
        }
    };
    let registry = Registry::new(offers, fallback)?;
    warm_up(&registry);
    Ok(Arc::new(registry))
}

/// What the models of `serene.toml` cost, by the names that people choose them by. Without the file
/// nothing has a price.
fn prices(ai: &AiConfig) -> Prices {
    let models = ai.catalogue.iter().flat_map(|catalogue| &catalogue.models);
    models.fold(Prices::default(), |prices, entry| {
        // By what an endpoint's address is, it is either.
        let engines: &[&str] = match &entry.engine.kind {
            EngineKind::Basic => &["basic"],
            EngineKind::Nlp => &["nlp"],
            EngineKind::Transformers { .. } => &["transformers"],
            EngineKind::OpenAi { .. } => &["openai"],
            EngineKind::Endpoint { .. } => &["endpoint", "openai"],
        };
        let price = Price {
            prompt_nanos: nanos_per_token(entry.price.prompt),
            cached_nanos: nanos_per_token(entry.price.cached),
            completion_nanos: nanos_per_token(entry.price.completion),
        };
        engines.iter().fold(prices, |prices, engine| prices.with(*engine, &entry.name, price))
    })
}

/// From the price of a million tokens, to the nearest billionth. The configuration has checked it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to a million")]
fn nanos_per_token(of_a_million: f64) -> u64 {
    (of_a_million * 1000.0).round() as u64
}

/// Reads the vocabularies of the models before somebody waits for them: it takes a tenth of a second.
fn warm_up(registry: &Registry) {
    let registry = registry.clone();
    let read = move || {
        for model in registry.models() {
            registry.count_tokens(&model, "warm up");
        }
    };
    let thread = std::thread::Builder::new().name("serene-tokens".to_owned());
    if let Err(error) = thread.spawn(read) {
        tracing::debug!("the first message reads the vocabulary: {error}");
    }
}

/// A model of `serene.toml`.
fn offer(entry: &ModelEntry) -> anyhow::Result<Offer> {
    let usual = Timeouts::default();
    let timeouts = Timeouts {
        connect: entry.engine.timeouts.connect.unwrap_or(usual.connect),
        first_byte: entry.engine.timeouts.first_byte.unwrap_or(usual.first_byte),
        idle: entry.engine.timeouts.idle.unwrap_or(usual.idle),
        ..usual
    };
    let engine: Arc<dyn Engine> = match &entry.engine.kind {
        EngineKind::Basic => Arc::new(BasicEngine),
        EngineKind::Nlp => Arc::new(NlpEngine),
        EngineKind::OpenAi { base_url, api_key } => {
            let mut openai = OpenAiConfig::new(base_url.as_str(), &entry.model);
            openai.api_key.clone_from(api_key);
            openai.timeouts = timeouts;
            Arc::new(OpenAiEngine::new(openai)?)
        }
        EngineKind::Transformers { folder } => local_engine(folder)?,
        EngineKind::Endpoint { url, api_key } => serene_llm::endpoint(
            url.as_str(),
            api_key.clone(),
            &entry.model,
            timeouts,
            Retries::default(),
        )?,
    };
    Ok(Offer {
        name: entry.name.clone(),
        engine,
        model: entry.model.clone(),
        context_tokens: entry.context_tokens,
        listed: entry.listed,
    })
}

fn one_engine(engine: &AiEngine, ai: &AiConfig) -> anyhow::Result<Arc<dyn Engine>> {
    Ok(match engine {
        AiEngine::Basic => Arc::new(BasicEngine),
        AiEngine::Nlp => Arc::new(NlpEngine),
        AiEngine::OpenAi => {
            let mut openai = OpenAiConfig::new(ai.openai_base_url.as_str(), &ai.openai_model);
            openai.api_key.clone_from(&ai.openai_api_key);
            Arc::new(OpenAiEngine::new(openai)?)
        }
        AiEngine::Endpoint(url) => serene_llm::endpoint(
            url.as_str(),
            ai.endpoint_key().cloned(),
            &ai.openai_model,
            Timeouts::default(),
            Retries::default(),
        )?,
        AiEngine::Transformers(folder) => local_engine(folder)?,
    })
}

#[cfg(feature = "local-models")]
fn local_engine(folder: &Path) -> Result<Arc<dyn Engine>, ConfigError> {
    use serene_llm::{LocalEngine, LocalModelError, LocalOptions};

    tracing::debug!("reading the model in {}", folder.display());
    match LocalEngine::load(folder, LocalOptions::default()) {
        Ok(engine) => Ok(Arc::new(engine)),
        Err(LocalModelError { file, problem }) => Err(ConfigError::File { file, problem }),
    }
}

#[cfg(not(feature = "local-models"))]
fn local_engine(folder: &Path) -> Result<Arc<dyn Engine>, ConfigError> {
    let problem = "this binary runs no models; the configuration should have refused it".to_owned();
    Err(ConfigError::File { file: folder.display().to_string(), problem })
}

/// What the banner and the doctor say of who answers.
pub(crate) fn describe_engine(ai: &AiConfig) -> String {
    if let Some(catalogue) = &ai.catalogue {
        let others = match catalogue.models.len() - 1 {
            0 => String::new(),
            1 => ", and one more".to_owned(),
            more => format!(", and {more} more"),
        };
        return format!("{}{others} ({})", catalogue.models[0], catalogue.file);
    }
    let describe = |engine: &AiEngine| match engine {
        AiEngine::Basic | AiEngine::Nlp => {
            format!("{} (built in: no key, no network)", engine.name())
        }
        AiEngine::OpenAi => format!("openai ({} at {})", ai.openai_model, ai.openai_base_url),
        AiEngine::Endpoint(url) => format!("endpoint ({url})"),
        AiEngine::Transformers(folder) => format!("transformers ({})", folder.display()),
    };
    let first = describe(&ai.engine);
    ai.fallback.as_ref().map_or(first.clone(), |next| format!("{first}, else {}", describe(next)))
}
