//! Who answers: the engine, and the model servers it may ask.

use std::path::PathBuf;

use secrecy::SecretString;

use super::{
    CONTEXT_TOKENS,
    error::{ConfigError, shown_path},
    loader::Loader,
    models::Catalogue,
    network::ServiceUrl,
    parse,
    report::Shown,
    settings::{
        AI_CONTEXT_TOKENS, AI_ENGINE, AI_FALLBACK, AI_MODEL_ENDPOINT, AI_MODEL_PATH, AI_TITLES,
        OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL, SERENE_TOML,
    },
    sources::Origin,
};

/// The engine that answers, once every rule about choosing it is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AiEngine {
    /// The built-in responder: no key, no network.
    Basic,
    /// The other built-in responder, which reads more closely.
    Nlp,
    /// The OpenAI-compatible server at [`AiConfig::openai_base_url`].
    OpenAi,
    /// The model at this URL; one that ends in `/chat/completions` speaks OpenAI's format.
    Endpoint(ServiceUrl),
    /// The model in this folder, on this machine.
    Transformers(PathBuf),
}

/// Everything about models.
#[derive(Clone, Debug)]
pub(crate) struct AiConfig {
    /// Which engine answers.
    pub(crate) engine: AiEngine,
    /// Which engine answers when that one cannot; never the same.
    pub(crate) fallback: Option<AiEngine>,
    /// Never ends in a slash.
    pub(crate) openai_base_url: ServiceUrl,
    /// The model asked for.
    pub(crate) openai_model: String,
    /// Sent as a bearer token; placeholders are not here.
    pub(crate) openai_api_key: Option<SecretString>,
    /// The models of `serene.toml`; with them nothing above says who answers.
    pub(crate) catalogue: Option<Catalogue>,
    /// What a model is let read and write together.
    pub(crate) context_tokens: u32,
    /// Whether it names conversations.
    pub(crate) titles: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    Basic,
    Nlp,
    OpenAi,
    Endpoint,
    Transformers,
}

impl AiConfig {
    pub(super) fn load(loader: &mut Loader<'_>) -> Result<Self, ConfigError> {
        let catalogue = catalogue(loader)?;
        let context_tokens = super::integer(loader, &AI_CONTEXT_TOKENS, CONTEXT_TOKENS, "tokens")?;
        let choice = loader.sources.find(&AI_ENGINE);
        let choice = choice
            .map(|found| match engine_name(found.value.trim()) {
                Ok(choice) => Ok((choice, found.origin)),
                Err(problem) => Err(found.origin.error(&AI_ENGINE, problem)),
            })
            .transpose()?;
        let endpoint =
            loader.optional(&AI_MODEL_ENDPOINT, ServiceUrl::parse, ToString::to_string)?;
        let model_path = loader.optional(&AI_MODEL_PATH, parse::folder, |path| shown_path(path))?;
        let openai_api_key = api_key(loader)?;
        let openai_base_url =
            loader.required(&OPENAI_BASE_URL, ServiceUrl::parse_base, ToString::to_string)?;
        let openai_model = loader.required(&OPENAI_MODEL, parse::model_name, String::clone)?;

        let (choice, origin) =
            choice.unwrap_or_else(|| decide(endpoint.is_some(), openai_api_key.is_some()));
        let own_base_url = loader.origin(&OPENAI_BASE_URL) != Origin::Default;
        let has_server = openai_api_key.is_some() || own_base_url;
        let known = Known { has_server, endpoint, model_path };
        let engine = known.engine(choice).map_err(|problem| origin.error(&AI_ENGINE, problem))?;
        let fallback = fallback(loader, choice, &known)?;
        if engine == AiEngine::Basic && own_base_url && origin == Origin::Default {
            loader.warnings.push(
                "OPENAI_BASE_URL is set, but the built-in responder answers, because OPENAI_API_KEY is not; \
                 a server without keys needs AI_ENGINE=openai"
                    .to_owned(),
            );
        }
        let asked = |engine: &AiEngine| matches!(engine, AiEngine::Transformers(_));
        if known.model_path.is_some()
            && ![Some(&engine), fallback.as_ref()].into_iter().flatten().any(asked)
        {
            loader.warnings.push(
                "AI_MODEL_PATH is set, but the model there is not asked; that needs AI_ENGINE=transformers"
                    .to_owned(),
            );
        }
        match &catalogue {
            None => loader.note(&AI_ENGINE, Shown::Value(engine.name().to_owned()), origin),
            Some(_) => {
                loader.note(&AI_ENGINE, Shown::Unset, Origin::Derived("SERENE_TOML decides"));
            }
        }
        Ok(Self {
            engine,
            fallback,
            openai_base_url,
            openai_model,
            openai_api_key,
            catalogue,
            context_tokens,
            titles: loader.required(&AI_TITLES, parse::boolean, |on| super::on_off(*on))?,
        })
    }
}

impl AiConfig {
    /// The key that is sent to the endpoint: none where the server at `OPENAI_BASE_URL` is asked as
    /// well, for then it is that one's, and nobody else's to know.
    pub(crate) fn endpoint_key(&self) -> Option<&SecretString> {
        let both = [Some(&self.engine), self.fallback.as_ref()].contains(&Some(&AiEngine::OpenAi));
        self.openai_api_key.as_ref().filter(|_| !both)
    }
}

impl AiEngine {
    /// The name by which `AI_ENGINE` chooses it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Nlp => "nlp",
            Self::OpenAi => "openai",
            Self::Endpoint(_) => "endpoint",
            Self::Transformers(_) => "transformers",
        }
    }
}

/// What is known of the model servers there are.
struct Known {
    has_server: bool,
    endpoint: Option<ServiceUrl>,
    model_path: Option<PathBuf>,
}

impl Known {
    /// The engine of this choice, or what it lacks.
    fn engine(&self, choice: Choice) -> Result<AiEngine, &'static str> {
        match choice {
            Choice::Basic => Ok(AiEngine::Basic),
            Choice::Nlp => Ok(AiEngine::Nlp),
            Choice::OpenAi if self.has_server => Ok(AiEngine::OpenAi),
            Choice::OpenAi => Err(NO_SERVER),
            Choice::Endpoint => self.endpoint.clone().map(AiEngine::Endpoint).ok_or(NO_ENDPOINT),
            Choice::Transformers if !cfg!(feature = "local-models") => Err(NOT_BUILT),
            Choice::Transformers => {
                self.model_path.clone().map(AiEngine::Transformers).ok_or(NO_MODEL_PATH)
            }
        }
    }
}

/// The models of `serene.toml`, where there is one. What would say who answers beside it is refused:
/// it would do nothing.
fn catalogue(loader: &mut Loader<'_>) -> Result<Option<Catalogue>, ConfigError> {
    let named = loader.sources.find(&SERENE_TOML);
    let (path, origin) = match (named, loader.sources.models_file()) {
        (Some(found), _) => (PathBuf::from(found.value.trim()), found.origin),
        (None, Some(path)) => (path, Origin::Derived("because serene.toml is there")),
        (None, None) => {
            loader.note(&SERENE_TOML, Shown::Unset, Origin::Default);
            return Ok(None);
        }
    };
    for setting in [
        &AI_ENGINE,
        &AI_FALLBACK,
        &AI_MODEL_ENDPOINT,
        &AI_MODEL_PATH,
        &OPENAI_BASE_URL,
        &OPENAI_MODEL,
    ] {
        if let Some(beside) = loader.sources.find(setting) {
            let problem = format!(
                "does nothing beside {}, which says who answers; keep one of them",
                shown_path(&path)
            );
            return Err(beside.origin.error(setting, problem));
        }
    }
    let file = shown_path(&path);
    let catalogue = Catalogue::read(&path, &loader.sources)
        .map_err(|problem| ConfigError::File { file: file.clone(), problem })?;
    loader.note(&SERENE_TOML, Shown::Value(file), origin);
    Ok(Some(catalogue))
}

/// Who answers when `first` cannot.
fn fallback(
    loader: &mut Loader<'_>,
    first: Choice,
    known: &Known,
) -> Result<Option<AiEngine>, ConfigError> {
    let read = |value: &str| {
        if value.eq_ignore_ascii_case("none") {
            return Ok(None);
        }
        let choice = engine_name(value)?;
        if choice == first {
            return Err(format!("{} {SAME_ENGINE}", parse::quoted(value)));
        }
        Ok(Some(known.engine(choice)?))
    };
    let show =
        |engine: &Option<AiEngine>| engine.as_ref().map_or("none", AiEngine::name).to_owned();
    let engine = loader.required(&AI_FALLBACK, read, show)?;
    if engine.is_some() && matches!(first, Choice::Basic | Choice::Nlp) {
        loader.warnings.push(
            "AI_FALLBACK is never asked, because the built-in responder answers and does not fail"
                .to_owned(),
        );
    }
    Ok(engine)
}

const ENGINES: &str = "give basic, nlp, openai, endpoint or transformers";
const SAME_ENGINE: &str = "answers already and would fail again; give another of basic, nlp, openai, endpoint and transformers, or none";
const NO_SERVER: &str =
    "\"openai\" needs OPENAI_API_KEY, or OPENAI_BASE_URL for a server that asks for no key";
const NO_ENDPOINT: &str = "\"endpoint\" needs AI_MODEL_ENDPOINT";
const NO_MODEL_PATH: &str = "\"transformers\" needs AI_MODEL_PATH, the folder of a model";
pub(super) const NOT_BUILT: &str = "\"transformers\" is not in this binary; make one that has it with: \
     cargo build --release -p serene-server --features local-models";

fn engine_name(value: &str) -> Result<Choice, String> {
    let shown = parse::quoted(value);
    match value.to_ascii_lowercase().as_str() {
        "basic" => Ok(Choice::Basic),
        // The name that one of the published contracts knows it by.
        "nlp" | "spacy" => Ok(Choice::Nlp),
        "openai" => Ok(Choice::OpenAi),
        "endpoint" => Ok(Choice::Endpoint),
        "transformers" => Ok(Choice::Transformers),
        _ => Err(format!("{shown} is not known; {ENGINES}")),
    }
}

/// What answers when nobody says so.
const fn decide(has_endpoint: bool, has_key: bool) -> (Choice, Origin) {
    match (has_endpoint, has_key) {
        (true, _) => (Choice::Endpoint, Origin::Derived("because AI_MODEL_ENDPOINT is set")),
        (false, true) => (Choice::OpenAi, Origin::Derived("because OPENAI_API_KEY is set")),
        (false, false) => (Choice::Basic, Origin::Default),
    }
}

/// The first key that is a real one. A placeholder is passed over with a warning.
fn api_key(loader: &mut Loader<'_>) -> Result<Option<SecretString>, ConfigError> {
    let mut row = (Shown::Unset, Origin::Default);
    let mut key = None;
    let candidates: Vec<_> = loader.sources.candidates(&OPENAI_API_KEY).collect();
    for found in candidates {
        let value = found.value.trim();
        if is_placeholder(value) {
            let place = found.origin.place();
            loader
                .warnings
                .push(format!("OPENAI_API_KEY ({place}) is a placeholder and counts as unset"));
            if row.0 == Shown::Unset {
                row = (Shown::Placeholder, found.origin);
            }
            continue;
        }
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            let problem = "holds blanks or characters that cannot be sent; give the key alone";
            return Err(found.origin.error(&OPENAI_API_KEY, problem));
        }
        key = Some(SecretString::from(value));
        row = (Shown::Hidden, found.origin);
        break;
    }
    loader.note(&OPENAI_API_KEY, row.0, row.1);
    Ok(key)
}

/// True for what templates print in place of a key.
fn is_placeholder(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let words = key.replace('-', "_");
    let only_x = key.trim_start_matches("sk-").chars().all(|c| c == 'x' || c == '*');
    key.contains("...")
        || key.contains('…')
        || key.starts_with('<')
        || only_x
        || ["your_", "sk_your"].iter().any(|start| words.starts_with(start))
        || ["changeme", "change_me", "placeholder", "todo", "none", "null"]
            .contains(&words.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_keys() {
        for placeholder in [
            "sk-...",
            "sk-…",
            "your_openai_api_key",
            "...",
            "changeme",
            "CHANGE-ME",
            "<key>",
            "sk-xxxx",
            "sk-",
            "your-api-key-here",
            "sk-your-key",
            "****",
        ] {
            assert!(is_placeholder(placeholder), "{placeholder}");
        }
        for key in ["sk-proj-a1B2c3", "local", "ollama", "x1", "gsk_yourself", "test"] {
            assert!(!is_placeholder(key), "{key}");
        }
    }
}
