//! Settings that follow from several others: the database, the engine, the log, lifetimes.

use serene_http::RateLimit;

use super::*;

#[test]
fn db_names_make_a_mysql_address_only_when_they_are_whole() {
    let whole = [("DB_USER", "u"), ("DB_HOST", "h"), ("DB_NAME", "n"), ("DB_PORT", "3307")];
    assert_eq!(exposed(&env(&whole).database), "mysql://u@h:3307/n");
    let special = [&whole[..3], &[("DB_PASSWORD", " p@:/ ")]].concat();
    assert_eq!(exposed(&env(&special).database), "mysql://u:%20p%40%3A%2F%20@h/n");
    for missing in 0..3 {
        let mut parts = whole.to_vec();
        let (name, _) = parts.remove(missing);
        let message = refused(&parts);
        assert!(message.starts_with(&format!("{name} (not set): is needed")), "{message}");
    }
    assert!(refused(&[("DB_PASSWORD", "p")]).starts_with("DB_USER (not set): is needed"));
    let wrong_port = [&whole[..3], &[("DB_PORT", "tcp://10.0.0.1:3306")]].concat();
    assert!(
        refused(&wrong_port).starts_with("DB_PORT (environment): \"tcp://10.0.0.1:3306\" is not")
    );
    assert_eq!(exposed(&env(&[("DB_PORT", "tcp://10.0.0.1:3306")]).database), "./data/serene.db");
    let wrong_name = [("DB_USER", "u"), ("DB_HOST", "h"), ("DB_NAME", "a b")];
    assert!(
        refused(&wrong_name).contains("DATABASE_URL (from DB_USER, DB_HOST and DB_NAME): has no")
    );
}

#[test]
fn database_url_goes_before_the_db_names() {
    let config = load(&[("DB_USER", "u")], "DATABASE_URL=sqlite:////x.db").unwrap();
    assert_eq!(exposed(&config.database), "/x.db");
    assert_eq!(config.data_dir(), Path::new("/"));
    assert!(config.warnings[0].starts_with("DATABASE_URL is set, so DB_USER"));
}

#[test]
fn the_engine_follows_from_what_is_set() {
    const KEY: (&str, &str) = ("OPENAI_API_KEY", "sk-proj-1");
    const URL: (&str, &str) = ("AI_MODEL_ENDPOINT", "http://h/generate");
    const BASE: (&str, &str) = ("OPENAI_BASE_URL", "http://localhost:11434/v1/");
    for (environment, name, from) in [
        (&[][..], "basic", "default"),
        (&[KEY], "openai", "because OPENAI_API_KEY is set"),
        (&[KEY, URL], "endpoint", "because AI_MODEL_ENDPOINT is set"),
        (&[BASE], "basic", "default"),
        (&[("AI_ENGINE", "Basic"), KEY, URL], "basic", "environment AI_ENGINE"),
        (&[("AI_ENGINE", "openai"), KEY, URL], "openai", "environment AI_ENGINE"),
        (&[("AI_ENGINE", "openai"), BASE], "openai", "environment AI_ENGINE"),
        (&[("AI_ENGINE", "endpoint"), KEY, URL], "endpoint", "environment AI_ENGINE"),
    ] {
        let config = env(environment);
        assert_eq!(config.ai.engine.name(), name, "{environment:?}");
        assert_eq!(row(&config, "AI_ENGINE"), (name.into(), from.into()), "{environment:?}");
    }
    assert_eq!(env(&[BASE]).ai.openai_base_url.as_str(), "http://localhost:11434/v1");
    assert!(env(&[BASE]).warnings[0].contains("needs AI_ENGINE=openai"));
    let key = env(&[("OPENAI_API_KEY", " sk-proj-1\n")]).ai.openai_api_key.unwrap();
    assert_eq!(key.expose_secret(), "sk-proj-1");
}

#[test]
fn an_engine_that_cannot_answer_is_refused() {
    let message = refused(&[("AI_ENGINE", "openai")]);
    assert!(
        message.starts_with("AI_ENGINE (environment): \"openai\" needs OPENAI_API_KEY"),
        "{message}"
    );
    assert!(
        refused(&[("AI_ENGINE", "openai"), ("OPENAI_API_KEY", "sk-…")])
            .contains("needs OPENAI_API_KEY")
    );
    assert!(refused(&[("AI_ENGINE", "endpoint")]).contains("needs AI_MODEL_ENDPOINT"));
    for name in ["nlp", "spacy", "NLP"] {
        assert_eq!(env(&[("AI_ENGINE", name)]).ai.engine, AiEngine::Nlp);
    }
    assert!(
        refused(&[("AI_ENGINE", "gpt")])
            .contains("\"gpt\" is not known; give basic, nlp, openai, endpoint or transformers")
    );
}

#[test]
fn a_local_model_needs_its_folder_and_a_binary_that_can_run_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = ("AI_MODEL_PATH", folder.path().to_str().unwrap());
    let engine = ("AI_ENGINE", "transformers");
    if cfg!(feature = "local-models") {
        assert!(
            refused(&[engine])
                .ends_with("\"transformers\" needs AI_MODEL_PATH, the folder of a model")
        );
        assert_eq!(env(&[engine, path]).ai.engine, AiEngine::Transformers(folder.path().into()));
        let behind = env(&[("OPENAI_API_KEY", "sk-proj-1"), path, ("AI_FALLBACK", "transformers")]);
        assert_eq!(behind.ai.fallback.map(|engine| engine.name()), Some("transformers"));
        assert!(behind.warnings.is_empty(), "{:?}", behind.warnings);
    } else {
        let message = refused(&[engine, path]);
        assert!(
            message.ends_with("cargo build --release -p serene-server --features local-models")
        );
    }
    assert_eq!(row(&env(&[path]), "AI_MODEL_PATH").0, path.1);
    assert!(env(&[path]).warnings[0].ends_with("that needs AI_ENGINE=transformers"));
    assert!(
        refused(&[("AI_MODEL_PATH", "/no\nwhere")]).ends_with("\"/no\\nwhere\" is not a folder")
    );
}

#[test]
fn another_engine_steps_in_when_one_is_named() {
    const KEY: (&str, &str) = ("OPENAI_API_KEY", "sk-proj-1");
    const URL: (&str, &str) = ("AI_MODEL_ENDPOINT", "http://h/generate");
    let fallback = |environment: &[(&str, &str)]| {
        let config = env(environment);
        let name = config.ai.fallback.as_ref().map_or("none", AiEngine::name);
        assert_eq!(row(&config, "AI_FALLBACK").0, name);
        (config.ai.engine.name(), name, config.warnings.len())
    };
    assert_eq!(fallback(&[KEY]), ("openai", "none", 0));
    assert_eq!(fallback(&[KEY, ("AI_FALLBACK", "None")]), ("openai", "none", 0));
    assert_eq!(fallback(&[KEY, ("AI_FALLBACK", "Basic")]), ("openai", "basic", 0));
    assert_eq!(fallback(&[KEY, URL, ("AI_FALLBACK", "openai")]), ("endpoint", "openai", 0));
    let openai = [("AI_ENGINE", "openai"), KEY, URL, ("AI_FALLBACK", "endpoint")];
    assert_eq!(fallback(&openai), ("openai", "endpoint", 0));
    // The built-in responder does not fail.
    let never = [("AI_ENGINE", "basic"), KEY, ("AI_FALLBACK", "openai")];
    assert_eq!(fallback(&never), ("basic", "openai", 1));
    assert!(env(&never).warnings[0].starts_with("AI_FALLBACK is never asked"));
}

#[test]
fn an_engine_that_cannot_step_in_is_refused() {
    for (name, set) in [
        ("basic", &[][..]),
        ("openai", &[("OPENAI_API_KEY", "sk-proj-1")]),
        ("endpoint", &[("AI_MODEL_ENDPOINT", "http://h/generate")]),
    ] {
        assert_eq!(
            refused(&[set, &[("AI_FALLBACK", name)]].concat()),
            format!(
                "AI_FALLBACK (environment): \"{name}\" answers already and would fail again; give \
                 another of basic, nlp, openai, endpoint and transformers, or none"
            )
        );
    }
    let url = ("AI_MODEL_ENDPOINT", "http://h/generate");
    let message = refused(&[url, ("AI_FALLBACK", "openai")]);
    assert!(
        message.starts_with("AI_FALLBACK (environment): \"openai\" needs OPENAI_API_KEY"),
        "{message}"
    );
    assert!(refused(&[("AI_FALLBACK", "endpoint")]).contains("needs AI_MODEL_ENDPOINT"));
    assert!(refused(&[("AI_FALLBACK", "gpt")]).contains("\"gpt\" is not known; give basic"));
}

#[test]
fn the_key_of_one_server_is_not_shown_to_another() {
    let key = ("OPENAI_API_KEY", "sk-proj-1");
    let endpoint = ("AI_MODEL_ENDPOINT", "http://h/generate");
    let alone = env(&[key, endpoint, ("AI_FALLBACK", "basic")]);
    assert_eq!(alone.ai.endpoint_key().unwrap().expose_secret(), "sk-proj-1");
    for engine in ["openai", "endpoint"] {
        let other = if engine == "openai" { "endpoint" } else { "openai" };
        let both = env(&[key, endpoint, ("AI_ENGINE", engine), ("AI_FALLBACK", other)]);
        assert!(both.ai.openai_api_key.is_some() && both.ai.endpoint_key().is_none(), "{engine}");
    }
}

#[test]
fn a_placeholder_key_gives_way_to_a_real_one() {
    let config = load(&[("OPENAI_API_KEY", "sk-...")], "OPENAI_API_KEY=sk-real-1").unwrap();
    assert_eq!(config.ai.openai_api_key.as_ref().unwrap().expose_secret(), "sk-real-1");
    assert_eq!(
        row(&config, "OPENAI_API_KEY"),
        ("set (hidden)".into(), ".env OPENAI_API_KEY".into())
    );
    assert_eq!(
        config.warnings,
        ["OPENAI_API_KEY (environment) is a placeholder and counts as unset"]
    );
}

#[test]
fn flask_debug_means_debug_or_nothing() {
    for (environment, file, filter) in [
        (&[("FLASK_DEBUG", "1")][..], "", "debug"),
        (&[("FLASK_DEBUG", "0")], "", "info"),
        (&[("FLASK_DEBUG", "0")], "SERENE_LOG=warn", "warn"),
        (&[("FLASK_DEBUG", "on")], "SERENE_LOG=warn", "debug"),
        (&[("FLASK_DEBUG", "on"), ("SERENE_LOG", "warn")], "", "warn"),
    ] {
        assert_eq!(load(environment, file).unwrap().log_filter, filter, "{environment:?} {file}");
    }
    let flags = Flags { log: Some("trace".into()), ..Flags::default() };
    assert_eq!(load_with(&flags, &[("FLASK_DEBUG", "1")], "").unwrap().log_filter, "trace");
}

#[test]
fn a_refresh_token_outlives_the_access_token_unless_told_otherwise() {
    let config = env(&[("JWT_ACCESS_TOKEN_EXPIRES", "31536000")]);
    assert_eq!(config.refresh_token_secs, 31_536_000);
    let from = "as long as JWT_ACCESS_TOKEN_EXPIRES".to_owned();
    assert_eq!(row(&config, "REFRESH_TOKEN_EXPIRES"), ("31536000".into(), from));
    let config = env(&[("REFRESH_TOKEN_EXPIRES", "60")]);
    assert_eq!(config.refresh_token_secs, 60);
    assert!(config.warnings[0].contains("shorter than JWT_ACCESS_TOKEN_EXPIRES (900)"));
}

#[test]
fn contracts_are_served_as_they_are_set() {
    let config = env(&[
        ("SERENE_CONTRACTS", "entries, histories"),
        ("DEMO_USER", "demo"),
        ("COOKIE_SAMESITE", "None"),
        ("COOKIE_SECURE", "1"),
        ("WEEKLY_MOODS", "rolling"),
        ("JWT_ACCESS_TOKEN_EXPIRES", "900"),
    ]);
    let contracts = &config.contracts;
    assert_eq!(contracts.on, [Contract::Entries, Contract::Histories]);
    assert_eq!(contracts.demo_user.as_deref(), Some("demo"));
    assert_eq!((contracts.same_site, contracts.cookie_secure), (SameSite::None, true));
    assert!(contracts.rolling_week);
    let lifetime = std::time::Duration::from_mins(15);
    assert_eq!(contracts.token_lifetime, Some(lifetime), "set, if only to the default");
    for (name, shown) in [
        ("SERENE_CONTRACTS", "entries,histories"),
        ("DEMO_USER", "demo"),
        ("COOKIE_SAMESITE", "none"),
        ("COOKIE_SECURE", "on"),
        ("WEEKLY_MOODS", "rolling"),
    ] {
        assert_eq!(row(&config, name), (shown.into(), format!("environment {name}")));
    }
    assert_eq!(config.warnings.len(), 1, "{:?}", config.warnings);
    assert!(config.warnings[0].starts_with("DEMO_USER is set: whoever sends no credential"));
    assert_eq!(row(&env(&[("SERENE_CONTRACTS", "none")]), "SERENE_CONTRACTS").0, "none");
}

#[test]
fn metrics_for_everybody_are_warned_about_in_production() {
    let at = |address: &str| env(&[("METRICS_ADDRESS", address)]).metrics_address.unwrap();
    assert_eq!(at("localhost:9464"), "127.0.0.1:9464".parse().unwrap());
    assert_eq!(at("[::1]:1"), "[::1]:1".parse().unwrap());
    for wrong in ["9464", "127.0.0.1", "example.org:9464", "127.0.0.1:99999", "::9464"] {
        let message = refused(&[("METRICS_ADDRESS", wrong)]);
        assert!(message.contains("is not an address with a port"), "{message}");
    }
    let warnings = |address: &str, environment: &str| {
        let settings = [("METRICS_ADDRESS", address), ("SERENE_ENV", environment)];
        env(&[&settings[..], &[("JWT_SECRET", STRONG)]].concat()).warnings
    };
    assert_eq!(
        warnings("0.0.0.0:9464", "production"),
        [
            "METRICS_ADDRESS is 0.0.0.0:9464: whoever reaches it reads the metrics, without a credential"
        ]
    );
    for (address, environment) in
        [("127.0.0.1:9464", "production"), ("0.0.0.0:9464", "development")]
    {
        assert_eq!(warnings(address, environment), [""; 0]);
    }
}

#[test]
fn rate_limits_in_every_spelling() {
    let of = |value: &str| env(&[("RATE_LIMIT_PER_USER", value)]).rate_limits.per_user;
    let limit = |quota, window_s| RateLimit::new(quota, window_s);
    let default = env(&[]).rate_limits;
    assert_eq!((default.per_user, default.per_address), (limit(600, 60), None));
    assert_eq!(of("20/second"), limit(20, 1));
    assert_eq!(of(" 5 / Hour "), limit(5, 3600));
    for off in ["off", "no", "false"] {
        assert_eq!(of(off), None, "{off}");
    }
    for wrong in ["0", "600", "0/minute", "-1/minute", "1000001/hour", "600/day", "on", "600/"] {
        let message = refused(&[("RATE_LIMIT_PER_ADDRESS", wrong)]);
        assert!(message.contains("is not a rate limit; give one such as 600/minute"), "{message}");
    }
    let config = env(&[("RATE_LIMIT_PER_USER", "5/HOUR"), ("RATE_LIMIT_PER_ADDRESS", "no")]);
    assert_eq!(row(&config, "RATE_LIMIT_PER_USER").0, "5/hour");
    assert_eq!(row(&config, "RATE_LIMIT_PER_ADDRESS").0, "off");
}
