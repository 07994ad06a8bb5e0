//! `serene.toml`: named engines, the models that people may choose, and what they cost.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;
use serde::Deserialize;
use serene_llm::BUILT_IN;

use super::{network::ServiceUrl, parse, sources::Sources};

/// The models of a file, the usual one first.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    /// The file, as it was named.
    pub(crate) file: String,
    /// The usual one first.
    pub(crate) models: Vec<ModelEntry>,
    /// Who steps in, as places in `models`.
    pub(crate) fallback: Vec<usize>,
}

/// A model of the file.
#[derive(Clone, Debug)]
pub(crate) struct ModelEntry {
    /// What people choose it by.
    pub(crate) name: String,
    /// Who answers.
    pub(crate) engine: EngineEntry,
    /// What the engine is asked for.
    pub(crate) model: String,
    /// What it reads and writes together.
    pub(crate) context_tokens: Option<u32>,
    /// Whether people may choose it.
    pub(crate) listed: bool,
    /// What it costs.
    pub(crate) price: PriceEntry,
}

/// What a million tokens cost, in the operator's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct PriceEntry {
    /// Of what is read.
    pub(crate) prompt: f64,
    /// Of what is read and was cached.
    pub(crate) cached: f64,
    /// Of what is written.
    pub(crate) completion: f64,
}

/// An engine of the file.
#[derive(Clone, Debug)]
pub(crate) struct EngineEntry {
    /// What it is.
    pub(crate) kind: EngineKind,
    /// As the file says, in place of the usual ones.
    pub(crate) timeouts: TimeoutEntry,
}

/// What answers.
#[derive(Clone, Debug)]
pub(crate) enum EngineKind {
    /// The built-in responder.
    Basic,
    /// The other built-in responder, which reads more closely.
    Nlp,
    /// A server that speaks `OpenAI`'s format.
    OpenAi {
        /// Never ends in a slash.
        base_url: ServiceUrl,
        /// Sent as a bearer token.
        api_key: Option<SecretString>,
    },
    /// The model in this folder, on this machine.
    Transformers {
        /// Where it is.
        folder: PathBuf,
    },
    /// A model at a URL.
    Endpoint {
        /// Where.
        url: ServiceUrl,
        /// Sent as a bearer token.
        api_key: Option<SecretString>,
    },
}

/// How long to wait for what; `None` is the usual wait.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TimeoutEntry {
    /// Until there is a connection.
    pub(crate) connect: Option<Duration>,
    /// Until the first byte.
    pub(crate) first_byte: Option<Duration>,
    /// Between two pieces.
    pub(crate) idle: Option<Duration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default: Option<String>,
    #[serde(default)]
    fallback: Vec<String>,
    #[serde(default)]
    engines: BTreeMap<String, Engine>,
    #[serde(default)]
    models: Vec<Listing>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Engine {
    kind: String,
    base_url: Option<String>,
    url: Option<String>,
    path: Option<String>,
    api_key_env: Option<String>,
    connect_timeout_secs: Option<u32>,
    first_byte_timeout_secs: Option<u32>,
    idle_timeout_secs: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    name: String,
    engine: String,
    model: Option<String>,
    context_tokens: Option<u32>,
    #[serde(default = "yes")]
    listed: bool,
    prompt_price: Option<f64>,
    cached_price: Option<f64>,
    completion_price: Option<f64>,
}

const fn yes() -> bool {
    true
}

/// The longest wait that can be asked for.
const MAX_TIMEOUT_SECS: u32 = 600;
/// A million tokens may cost so much.
const MAX_PRICE: f64 = 1_000_000.0;

impl Catalogue {
    /// Reads a file. The error says what is wrong in it, without its name.
    pub(super) fn read(path: &Path, sources: &Sources<'_>) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("cannot be read: {e}"))?;
        let file: File = toml::from_str(&text).map_err(|error| one_line(&text, &error))?;
        let mut engines = BTreeMap::new();
        for (name, engine) in file.engines {
            if BUILT_IN.contains(&&*name) {
                return Err(format!("engine \"{name}\" is built in; give yours another name"));
            }
            let engine = engine.check(sources).map_err(|why| format!("engine \"{name}\" {why}"))?;
            engines.insert(name, engine);
        }
        for (name, kind) in BUILT_IN.iter().zip([EngineKind::Basic, EngineKind::Nlp]) {
            let timeouts = TimeoutEntry::default();
            engines.insert((*name).to_owned(), EngineEntry { kind, timeouts });
        }
        let mut models = Vec::new();
        for model in file.models {
            let name = model.name.clone();
            let model = model.check(&engines).map_err(|why| format!("model \"{name}\" {why}"))?;
            models.push(model);
        }
        let place = |models: &[ModelEntry], name: &str| {
            let place = models.iter().position(|model| model.name == name);
            place.ok_or_else(|| format!("no model is called \"{name}\""))
        };
        for model in &models {
            if models.iter().filter(|other| other.name == model.name).count() > 1 {
                return Err(format!("two models are called \"{}\"", model.name));
            }
        }
        if let Some(name) = &file.default {
            let place = place(&models, name).map_err(|why| format!("default: {why}"))?;
            models[..=place].rotate_right(1);
        }
        if models.is_empty() {
            return Err("names no model; add a [[models]]".to_owned());
        }
        let fallback = file.fallback.iter().map(|name| place(&models, name));
        let fallback =
            fallback.collect::<Result<_, _>>().map_err(|why| format!("fallback: {why}"))?;
        Ok(Self { file: super::error::shown_path(path), models, fallback })
    }
}

/// A mistake in the file on one line, with the line it is on.
fn one_line(text: &str, error: &toml::de::Error) -> String {
    let before = |at: usize| text[..at.min(text.len())].matches('\n').count();
    let line = error.span().map(|span| before(span.start) + 1);
    let message = error.message().replace('\n', " ");
    line.map_or_else(|| message.clone(), |line| format!("line {line}: {message}"))
}

impl Engine {
    fn check(self, sources: &Sources<'_>) -> Result<EngineEntry, String> {
        let api_key = match &self.api_key_env {
            None => None,
            Some(name) => {
                let value = sources.variable(name);
                let value =
                    value.ok_or_else(|| format!("wants the key in {name}, which is not set"))?;
                if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(format!("cannot send the key in {name}; give the key alone"));
                }
                Some(SecretString::from(value))
            }
        };
        let missing = |what: &str| format!("needs a {what}");
        let kind = match (self.kind.as_str(), self.base_url, self.url, self.path) {
            ("openai", Some(base_url), None, None) => EngineKind::OpenAi {
                base_url: ServiceUrl::parse_base(&base_url)
                    .map_err(|why| format!("base_url {why}"))?,
                api_key,
            },
            ("openai", ..) => return Err(missing("base_url, and nothing else that says where")),
            ("endpoint", None, Some(url), None) => EngineKind::Endpoint {
                url: ServiceUrl::parse(&url).map_err(|why| format!("url {why}"))?,
                api_key,
            },
            ("endpoint", ..) => return Err(missing("url, and nothing else that says where")),
            ("transformers", ..) if !cfg!(feature = "local-models") => {
                return Err(format!("kind {}", super::ai::NOT_BUILT));
            }
            ("transformers", None, None, Some(path)) => {
                let folder = parse::folder(&path).map_err(|why| format!("path {why}"))?;
                EngineKind::Transformers { folder }
            }
            ("transformers", ..) => {
                return Err(missing("path, and nothing else that says where"));
            }
            (other, ..) => {
                let shown = parse::quoted(other);
                return Err(format!(
                    "kind {shown} is not known; give openai, endpoint or transformers"
                ));
            }
        };
        let timeouts = TimeoutEntry {
            connect: timeout("connect_timeout_secs", self.connect_timeout_secs)?,
            first_byte: timeout("first_byte_timeout_secs", self.first_byte_timeout_secs)?,
            idle: timeout("idle_timeout_secs", self.idle_timeout_secs)?,
        };
        Ok(EngineEntry { kind, timeouts })
    }
}

fn timeout(field: &str, secs: Option<u32>) -> Result<Option<Duration>, String> {
    match secs {
        Some(0) => Err(format!("{field} must be 1 or more")),
        Some(secs) if secs > MAX_TIMEOUT_SECS => {
            Err(format!("{field} must be at most {MAX_TIMEOUT_SECS}"))
        }
        secs => Ok(secs.map(|secs| Duration::from_secs(secs.into()))),
    }
}

impl Listing {
    fn check(self, engines: &BTreeMap<String, EngineEntry>) -> Result<ModelEntry, String> {
        let name = parse::model_name(&self.name).map_err(|why| format!("name {why}"))?;
        let engine = engines.get(&self.engine).ok_or_else(|| {
            format!("wants an engine {}, which is not there", parse::quoted(&self.engine))
        })?;
        let model = match self.model {
            Some(model) => parse::model_name(&model).map_err(|why| format!("model {why}"))?,
            None => name.clone(),
        };
        if self.context_tokens.is_some_and(|tokens| !super::CONTEXT_TOKENS.contains(&tokens)) {
            return Err("context_tokens must be from 512 to 2000000".to_owned());
        }
        let price = |field: &str, price: Option<f64>| match price {
            Some(price) if !(0.0..=MAX_PRICE).contains(&price) => {
                Err(format!("{field} must be a price of a million tokens, 0 or more"))
            }
            price => Ok(price),
        };
        let prompt = price("prompt_price", self.prompt_price)?.unwrap_or_default();
        let price = PriceEntry {
            prompt,
            // Who says nothing of caching is charged as if there were none.
            cached: price("cached_price", self.cached_price)?.unwrap_or(prompt),
            completion: price("completion_price", self.completion_price)?.unwrap_or_default(),
        };
        Ok(ModelEntry {
            name,
            engine: engine.clone(),
            model,
            context_tokens: self.context_tokens,
            listed: self.listed,
            price,
        })
    }
}

/// As the banner says it: `gpt-4o-mini at https://api.openai.com/v1`.
impl fmt::Display for ModelEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.engine.kind {
            EngineKind::Basic | EngineKind::Nlp => write!(f, "{} (built in)", self.name),
            EngineKind::OpenAi { base_url, .. } => write!(f, "{} (at {base_url})", self.name),
            EngineKind::Endpoint { url, .. } => write!(f, "{} (at {url})", self.name),
            EngineKind::Transformers { folder } => {
                write!(f, "{} (in {})", self.name, folder.display())
            }
        }
    }
}
