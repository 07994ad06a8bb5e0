//! `serene.toml`: named engines, models, prices.

use secrecy::ExposeSecret;

use super::*;
use crate::config::{EngineKind, models::Catalogue};

const FILE: &str = r#"
default = "large"
fallback = ["small", "basic"]

[engines.work]
kind = "openai"
base_url = "https://models.example.org/v1/"
api_key_env = "WORK_KEY"
first_byte_timeout_secs = 90

[engines.home]
kind = "endpoint"
url = "http://localhost:8001/generate"

[[models]]
name = "small"
engine = "home"

[[models]]
name = "large"
engine = "work"
model = "large-2026"
context_tokens = 128000
prompt_price = 2.5
completion_price = 10

[[models]]
name = "basic"
engine = "basic"
listed = false
"#;

/// Loads with this text as `serene.toml` beside the `.env`.
fn with_file(toml: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("serene.toml"), toml).unwrap();
    let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
    Config::load(&Flags::default(), environment, Some(&folder.path().join(".env")))
}

fn catalogue(toml: &str) -> Catalogue {
    with_file(toml, &[("WORK_KEY", "sk-work-1")]).unwrap().ai.catalogue.unwrap()
}

/// What is said of a file, without its path.
fn wrong(toml: &str) -> String {
    let error = with_file(toml, &[("WORK_KEY", "sk-work-1")]).expect_err("is refused");
    assert_eq!(error.exit_code(), 78);
    let message = error.to_string();
    assert!(!message.contains('\n'), "{message}");
    message.split_once("serene.toml: ").unwrap().1.to_owned()
}

#[test]
fn a_file_names_engines_and_models() {
    let catalogue = catalogue(FILE);
    let names: Vec<&str> = catalogue.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["large", "small", "basic"], "the default comes first");
    assert_eq!(catalogue.fallback, [1, 2]);
    let [large, small, basic] = &catalogue.models[..] else { panic!("three models") };
    let EngineKind::OpenAi { base_url, api_key } = &large.engine.kind else { panic!("openai") };
    assert_eq!(base_url.as_str(), "https://models.example.org/v1");
    assert_eq!(api_key.as_ref().unwrap().expose_secret(), "sk-work-1");
    assert_eq!((large.model.as_str(), large.context_tokens), ("large-2026", Some(128_000)));
    assert_eq!(large.engine.timeouts.first_byte.unwrap().as_secs(), 90);
    assert_eq!((large.price.prompt, large.price.cached, large.price.completion), (2.5, 2.5, 10.0));
    assert!(matches!(&small.engine.kind, EngineKind::Endpoint { api_key: None, .. }));
    assert_eq!((small.model.as_str(), small.price.prompt), ("small", 0.0));
    assert!(matches!(basic.engine.kind, EngineKind::Basic) && !basic.listed && small.listed);
    assert!(!format!("{catalogue:?}").contains("sk-work-1"));
}

#[test]
fn a_key_may_stand_in_the_env_file_and_must_stand_somewhere() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("serene.toml"), FILE).unwrap();
    let env_file = folder.path().join(".env");
    std::fs::write(&env_file, "WORK_KEY=sk-of-file").unwrap();
    let config = Config::load(&Flags::default(), [], Some(&env_file)).unwrap();
    let models = config.ai.catalogue.unwrap().models;
    let EngineKind::OpenAi { api_key, .. } = &models[0].engine.kind else { panic!("openai") };
    assert_eq!(api_key.as_ref().unwrap().expose_secret(), "sk-of-file");
    let missing = with_file(FILE, &[]).unwrap_err().to_string();
    assert!(missing.ends_with("engine \"work\" wants the key in WORK_KEY, which is not set"));
}

#[test]
fn what_would_say_who_answers_beside_it_is_refused() {
    for (name, value) in [
        ("AI_ENGINE", "basic"),
        ("AI_FALLBACK", "basic"),
        ("AI_MODEL_ENDPOINT", "http://h/generate"),
        ("OPENAI_BASE_URL", "http://h/v1"),
        ("OPENAI_MODEL", "m"),
    ] {
        let message = with_file(FILE, &[("WORK_KEY", "k"), (name, value)]).unwrap_err().to_string();
        assert!(message.starts_with(&format!("{name} (environment): does nothing beside ")));
        assert!(message.ends_with("serene.toml, which says who answers; keep one of them"));
    }
    let config = with_file(FILE, &[("WORK_KEY", "k"), ("OPENAI_API_KEY", "sk-1")]).unwrap();
    assert_eq!(row(&config, "AI_ENGINE"), ("not set".into(), "SERENE_TOML decides".into()));
}

#[test]
fn a_file_can_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("models.toml");
    std::fs::write(&path, "[[models]]\nname = \"b\"\nengine = \"basic\"").unwrap();
    let config = env(&[("SERENE_TOML", path.to_str().unwrap())]);
    assert_eq!(config.ai.catalogue.unwrap().models[0].name, "b");
    let message = refused(&[("SERENE_TOML", "/nowhere/serene.toml")]);
    assert!(message.starts_with("/nowhere/serene.toml: cannot be read: "), "{message}");
    assert!(env(&[]).ai.catalogue.is_none());
}

#[test]
fn every_mistake_in_a_file_is_one_line_that_names_it() {
    let model = "[[models]]\nname = \"m\"\nengine = \"e\"\n";
    let engine = "[engines.e]\nkind = \"openai\"\nbase_url = \"http://h/v1\"\n";
    for (toml, says) in [
        ("", "names no model; add a [[models]]"),
        ("[[models", "line 1: "),
        ("\n\nmodel = 3", "line 3: unknown field `model`"),
        (model, "model \"m\" wants an engine \"e\", which is not there"),
        ("[engines.basic]\nkind = \"openai\"", "engine \"basic\" is built in"),
        ("[engines.e]\nkind = \"magic\"", "engine \"e\" kind \"magic\" is not known"),
        ("[engines.e]\nkind = \"openai\"", "engine \"e\" needs a base_url"),
        ("[engines.e]\nkind = \"endpoint\"\nbase_url = \"http://h\"", "engine \"e\" needs a url"),
        ("[engines.e]\nkind = \"openai\"\nbase_url = \"h\"", "engine \"e\" base_url "),
        (
            "[engines.e]\nkind = \"transformers\"\npath = \"/nowhere\"",
            if cfg!(feature = "local-models") {
                "engine \"e\" path \"/nowhere\" is not a folder"
            } else {
                "engine \"e\" kind \"transformers\" is not in this binary; make one"
            },
        ),
        (
            "[engines.e]\nkind = \"endpoint\"\nurl = \"http://h\"\nidle_timeout_secs = 0",
            "engine \"e\" idle_timeout_secs must be 1 or more",
        ),
        (
            "[engines.e]\nkind = \"endpoint\"\nurl = \"http://h\"\nidle_timeout_secs = 601",
            "engine \"e\" idle_timeout_secs must be at most 600",
        ),
        (&format!("default = \"x\"\n{engine}{model}"), "default: no model is called \"x\""),
        (&format!("fallback = [\"x\"]\n{engine}{model}"), "fallback: no model is called \"x\""),
        (&format!("{engine}{model}{model}"), "two models are called \"m\""),
        (&format!("{engine}{model}prompt_price = -1"), "model \"m\" prompt_price must be"),
        (&format!("{engine}{model}cached_price = nan"), "model \"m\" cached_price must be"),
        (&format!("{engine}{model}context_tokens = 9"), "model \"m\" context_tokens must be"),
        (&format!("{engine}{model}model = \"a\\nb\""), "model \"m\" model is not"),
    ] {
        let message = wrong(toml);
        assert!(message.starts_with(says), "{message}, not {says}");
    }
}
