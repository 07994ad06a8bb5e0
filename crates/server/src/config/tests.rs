//! Whole configurations, from sources to checked values. Single values are tested where they are parsed.

mod briefs;
mod choices;
mod firebase;
mod models;

use std::{collections::HashSet, os::unix::ffi::OsStringExt as _};

use serene_http::contracts::{Contract, SameSite};

use super::*;

const STRONG: &str = "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MGFiY2RlZmdoaWo";

/// Loads `environment` and the text of a `.env` file, without flags.
fn load(environment: &[(&str, &str)], file: &str) -> Result<Config, ConfigError> {
    load_with(&Flags::default(), environment, file)
}

fn load_with(
    flags: &Flags,
    environment: &[(&str, &str)],
    file: &str,
) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    std::fs::write(&path, file).unwrap();
    let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
    Config::load(flags, environment, Some(&path))
}

fn env(environment: &[(&str, &str)]) -> Config {
    load(environment, "").unwrap()
}

/// The error of a configuration that must be refused; always one line.
fn refused(environment: &[(&str, &str)]) -> String {
    let error = load(environment, "").expect_err("is refused");
    assert_eq!(error.exit_code(), 78);
    let message = error.to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}

/// Value and origin as `serene config` prints them, without the folder of the test's `.env`.
fn row(config: &Config, name: &str) -> (String, String) {
    let row =
        config.rows.iter().find(|row| row.setting.name == name).expect("every setting has a row");
    let origin = row.origin.to_string();
    let origin = origin.rsplit('/').next().filter(|_| origin.contains("/.env ")).unwrap_or(&origin);
    (row.shown.to_string(), origin.to_owned())
}

fn exposed(url: &DatabaseUrl) -> String {
    match url {
        DatabaseUrl::Sqlite { path } => path.display().to_string(),
        DatabaseUrl::Postgres { url } | DatabaseUrl::Mysql { url } => {
            url.expose_secret().to_owned()
        }
    }
}

#[test]
fn nothing_set_gives_the_defaults() {
    let config = env(&[]);
    assert_eq!(exposed(&config.database), "./data/serene.db");
    assert_eq!(config.data_dir(), Path::new("./data"));
    assert_eq!(config.listen_address().to_string(), "127.0.0.1:8000");
    assert_eq!(config.environment, Environment::Development);
    assert!(config.jwt_secret.is_none());
    assert_eq!((config.access_token_secs, config.refresh_token_secs), (900, 30 * 24 * 3600));
    assert_eq!(
        (config.bcrypt_cost, config.auth_throttle, config.max_connections),
        (10, true, 4096)
    );
    assert_eq!(config.ai.engine, AiEngine::Basic);
    assert_eq!(config.ai.openai_base_url.as_str(), "https://api.openai.com/v1");
    assert_eq!(config.ai.openai_model, "gpt-4o-mini");
    assert_eq!((config.log_filter.as_str(), config.log_format), ("info", LogFormat::Auto));
    assert!(config.system_instruction.is_none() && config.ai.openai_api_key.is_none());
    assert!(config.frontend_origins.is_empty() && config.trusted_proxies.is_empty());
    let contracts = &config.contracts;
    assert_eq!(contracts.on, Contract::ALL);
    assert_eq!((contracts.same_site, contracts.cookie_secure), (SameSite::Lax, false));
    assert!(!contracts.rolling_week && contracts.demo_user.is_none());
    assert_eq!(contracts.token_lifetime, None, "each contract has its own");
    assert_eq!(config.warnings, [""; 0]);
    for row in &config.rows {
        assert_eq!(row.origin, Origin::Default, "{}", row.setting.name);
    }
}

#[test]
fn every_setting_has_one_row_in_the_order_of_the_table() {
    let mysql = [("DB_USER", "u"), ("DB_HOST", "h"), ("DB_NAME", "n")];
    for environment in [&[][..], &mysql, &[("JWT_ACCESS_TOKEN_EXPIRES", "9999999")]] {
        let names: Vec<_> = env(environment).rows.iter().map(|row| row.setting.name).collect();
        let expected: Vec<_> = settings::ALL.iter().map(|setting| setting.name).collect();
        assert_eq!(names, expected);
    }
    let all: Vec<_> = settings::ALL.iter().flat_map(|setting| setting.names()).collect();
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "no name has two meanings");
}

#[test]
fn flags_go_before_environment_before_env_file_before_default() {
    let file = "SERVER_PORT=4\nPORT=3\nOPENAI_MODEL=from-file";
    let flags = Flags { port: Some("1".into()), ..Flags::default() };
    let config = load_with(&flags, &[("PORT", "2")], file).unwrap();
    assert_eq!((config.port, row(&config, "PORT").1.as_str()), (1, "flag --port"));
    assert_eq!(row(&config, "OPENAI_MODEL"), ("from-file".into(), ".env OPENAI_MODEL".into()));

    let config = load(&[("SERVER_PORT", "2")], file).unwrap();
    assert_eq!((config.port, row(&config, "PORT").1.as_str()), (2, "environment SERVER_PORT"));
    let config = load(&[("SERVER_PORT", "2"), ("PORT", "5")], file).unwrap();
    assert_eq!((config.port, row(&config, "PORT").1.as_str()), (5, "environment PORT"));
    let config = load(&[], file).unwrap();
    assert_eq!((config.port, row(&config, "PORT").1.as_str()), (3, ".env PORT"));
    let config = load(&[], "SERVER_PORT=4\nSERVER_PORT=6").unwrap();
    assert_eq!((config.port, row(&config, "PORT").1.as_str()), (6, ".env SERVER_PORT"));
}

#[test]
fn an_empty_or_blank_value_counts_as_unset() {
    let file = "SERVER_PORT=4\nJWT_SECRET=\nFRONTEND_URL=''";
    let config =
        load(&[("PORT", ""), ("SERVER_PORT", " \t"), ("OPENAI_API_KEY", "")], file).unwrap();
    assert_eq!(config.port, 4);
    assert!(config.jwt_secret.is_none() && config.frontend_origins.is_empty());
    assert_eq!(row(&config, "OPENAI_API_KEY"), ("not set".into(), "default".into()));
    assert_eq!(env(&[("PORT", " 81 \r")]).port, 81, "blanks around a value are dropped");
}

#[test]
fn an_error_names_the_name_that_was_used_and_the_place() {
    for (environment, start) in [
        ([("PORT", "http")], "PORT (environment): \"http\" is not a port; give"),
        ([("SERVER_PORT", "70000")], "SERVER_PORT (environment): \"70000\" is not a port"),
        ([("SERVER_HOST", "a\nb")], "SERVER_HOST (environment): \"a\\nb\" is not an address"),
        ([("SERENE_ENV", "staging")], "SERENE_ENV (environment): \"staging\" is not known"),
        ([("FLASK_ENV", "testing")], "FLASK_ENV (environment): \"testing\" is not known"),
        ([("FLASK_DEBUG", "maybe")], "FLASK_DEBUG (environment): \"maybe\" is neither"),
        ([("JWT_ALGORITHM", "RS256")], "JWT_ALGORITHM (environment): \"RS256\" is not supported"),
        (
            [("JWT_ACCESS_TOKEN_EXPIRES", "59")],
            "JWT_ACCESS_TOKEN_EXPIRES (environment): \"59\" is not accepted; give seconds from 60 to 31536000",
        ),
        (
            [("JWT_ACCESS_TOKEN_EXPIRES", "31536001")],
            "JWT_ACCESS_TOKEN_EXPIRES (environment): \"31536001\"",
        ),
        ([("REFRESH_TOKEN_EXPIRES", "0")], "REFRESH_TOKEN_EXPIRES (environment): \"0\""),
        (
            [("BCRYPT_COST", "3")],
            "BCRYPT_COST (environment): \"3\" is not accepted; give a cost from 4 to 15",
        ),
        ([("BCRYPT_COST", "16")], "BCRYPT_COST (environment): \"16\""),
        (
            [("AUTH_THROTTLE", "maybe")],
            "AUTH_THROTTLE (environment): \"maybe\" is neither on nor off",
        ),
        (
            [("MAX_CONNECTIONS", "0")],
            "MAX_CONNECTIONS (environment): \"0\" is not accepted; give a number",
        ),
        (
            [("BUDGET_PER_USER", "5 a day")],
            "BUDGET_PER_USER (environment): \"5 a day\" is no budget; give an amount as 200000 tokens/day",
        ),
        (
            [("BUDGET_PER_INSTANCE", "5 tokens/day, 6 tokens/day")],
            "BUDGET_PER_INSTANCE (environment): has two budgets of one kind: 6 tokens/day is",
        ),
        ([("FRONTEND_URL", "*")], "FRONTEND_URL (environment): * is refused, because"),
        (
            [("TRUSTED_PROXIES", "proxy")],
            "TRUSTED_PROXIES (environment): \"proxy\" is not a network",
        ),
        ([("SERENE_CONTRACTS", "journal")], "SERENE_CONTRACTS (environment): \"journal\" is no"),
        ([("DEMO_USER", "a b")], "DEMO_USER (environment): \"a b\" is not a user name"),
        ([("COOKIE_SAMESITE", "loose")], "COOKIE_SAMESITE (environment): \"loose\" is not known"),
        ([("COOKIE_SECURE", "maybe")], "COOKIE_SECURE (environment): \"maybe\" is neither"),
        ([("WEEKLY_MOODS", "moon")], "WEEKLY_MOODS (environment): \"moon\" is not known"),
        ([("SERENE_LOG", "loud")], "SERENE_LOG (environment): \"loud\" is not a log filter"),
        ([("SERENE_LOG_FORMAT", "xml")], "SERENE_LOG_FORMAT (environment): \"xml\" is not known"),
        (
            [("DATABASE_URL", "oracle://x")],
            "DATABASE_URL (environment): begins with an unknown scheme",
        ),
        ([("OPENAI_BASE_URL", "x")], "OPENAI_BASE_URL (environment): is not a URL"),
        ([("AI_MODEL_ENDPOINT", "x")], "AI_MODEL_ENDPOINT (environment): is not a URL"),
        ([("OPENAI_MODEL", "a\nb")], "OPENAI_MODEL (environment): is not a model's name"),
    ] {
        let message = refused(&environment);
        assert!(message.starts_with(start), "{message}");
    }
    let error = load(&[], "# first\nSERVER_PORT=x").unwrap_err().to_string();
    assert!(
        error.starts_with("SERVER_PORT (/") && error.contains("/.env line 2): \"x\""),
        "{error}"
    );
    let flags = Flags { port: Some("x".into()), ..Flags::default() };
    let error = load_with(&flags, &[("PORT", "1")], "").unwrap_err().to_string();
    assert!(error.starts_with("PORT (flag --port): \"x\""), "{error}");
}

#[test]
fn values_that_are_no_text_are_refused_when_they_are_settings() {
    let strange = |name: &str| [(OsString::from(name), OsString::from_vec(vec![b'h', 0xff]))];
    let error = Config::load(&Flags::default(), strange("SECRET_KEY"), None).unwrap_err();
    assert_eq!(error.to_string(), "SECRET_KEY (environment): is not UTF-8 text");
    assert!(Config::load(&Flags::default(), strange("LS_COLORS"), None).is_ok());
}

#[test]
fn the_env_file_flag_replaces_the_usual_file() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.env");
    let flags = Flags { env_file: Some(own.clone()), ..Flags::default() };
    let error = load_with(&flags, &[], "PORT=1").unwrap_err().to_string();
    assert!(error.contains("own.env: cannot be read:"), "{error}");
    std::fs::write(&own, "SERVER_HOST=::1").unwrap();
    let config = load_with(&flags, &[], "PORT=1").unwrap();
    assert_eq!((config.port, config.host.to_string()), (8000, "::1".to_owned()));
}

#[test]
fn a_malformed_env_file_stops_the_start() {
    let error = load(&[], "PORT=1\nJWT_SECRET=hunter2 and more").unwrap_err();
    let message = error.to_string();
    assert!(message.contains("/.env line 2: is not NAME=value"), "{message}");
    assert!(!message.contains("hunter2") && error.exit_code() == 78);
}

#[test]
fn the_process_environment_is_left_alone() {
    load(&[], "SERENE_TEST_LEAK=1\nPORT=1").unwrap();
    #[allow(clippy::disallowed_methods, reason = "looks for what must not be there")]
    let leaked = std::env::vars_os().any(|(name, _)| name == "SERENE_TEST_LEAK");
    assert!(!leaked);
}

#[test]
fn typed_values_arrive() {
    let config = env(&[
        ("FRONTEND_URL", "http://localhost:3000/, https://app.example.org"),
        ("TRUSTED_PROXIES", "10.0.0.0/8"),
        ("SYSTEM_INSTRUCTION", "Be kind."),
        ("SERENE_LOG_FORMAT", "JSON"),
        ("AUTH_THROTTLE", "Off"),
        ("PORT", "0"),
        ("BCRYPT_COST", "4"),
    ]);
    assert_eq!(config.frontend_origins, ["http://localhost:3000", "https://app.example.org"]);
    assert_eq!(config.trusted_proxies[0].to_string(), "10.0.0.0/8");
    assert_eq!(config.system_instruction.as_deref(), Some("Be kind."));
    assert_eq!(row(&config, "SYSTEM_INSTRUCTION").0, "set (8 characters)");
    assert_eq!((config.log_format, config.auth_throttle, config.port), (LogFormat::Json, false, 0));
    check_production(&config).expect("development refuses nothing");
}

#[test]
fn production_refuses_missing_and_weak_secrets() {
    let check = |pairs: &[(&str, &str)]| {
        let config = env(&[&[("SERENE_ENV", "prod")], pairs].concat());
        check_production(&config).map_err(|error| {
            assert_eq!(error.exit_code(), 78);
            error.to_string()
        })
    };
    let advice = "and SERENE_ENV is production; make a good one with: openssl rand -base64 48";
    assert_eq!(check(&[]).unwrap_err(), format!("JWT_SECRET (not set): is missing, {advice}"));
    assert_eq!(
        check(&[("SECRET_KEY", "your_secret_key")]).unwrap_err(),
        format!("SECRET_KEY (environment): is a well-known example, {advice}")
    );
    let short = check(&[("JWT_SECRET", "0123456789abcdef")]).unwrap_err();
    assert_eq!(short, format!("JWT_SECRET (environment): has 16 bytes, fewer than 32, {advice}"));
    assert!(
        check(&[("JWT_SECRET", &"ab".repeat(32))]).unwrap_err().contains("only 2 different bytes")
    );
    assert_eq!(check(&[("JWT_SECRET", STRONG)]), Ok(()));
    assert_eq!(
        check(&[("JWT_SECRET", STRONG), ("BCRYPT_COST", "9")]).unwrap_err(),
        "BCRYPT_COST (environment): 9 is too cheap, and SERENE_ENV is production; give 10 to 15"
    );
    assert_eq!(
        check(&[("JWT_SECRET", STRONG), ("DEMO_USER", "demo")]).unwrap_err(),
        "DEMO_USER (environment): lets anybody in, and SERENE_ENV is production; unset it"
    );
    assert_eq!(check(&[("JWT_SECRET", STRONG), ("FLASK_ENV", "development")]), Ok(()));
}

#[test]
fn production_without_throttle_is_warned_about() {
    let config =
        env(&[("SERENE_ENV", "production"), ("AUTH_THROTTLE", "off"), ("JWT_SECRET", STRONG)]);
    assert_eq!(config.warnings, ["AUTH_THROTTLE is off: passwords can be guessed quickly"]);
}

#[test]
fn a_password_on_the_command_line_is_warned_about() {
    let with = |url: &str| {
        let flags = Flags { database_url: Some(url.into()), ..Flags::default() };
        load_with(&flags, &[], "").unwrap().warnings
    };
    assert!(with("mysql://u:p@h/d")[0].starts_with("--database-url holds a password"));
    assert!(with("mysql://u@h/d").is_empty() && with("sqlite:///x.db").is_empty());
}

#[test]
fn no_secret_is_printed_anywhere() {
    let environment = [
        ("DATABASE_URL", "postgresql://user:hunter2@h/d"),
        ("JWT_SECRET", "hunter2"),
        ("OPENAI_API_KEY", "sk-hunter2"),
        ("AI_MODEL_ENDPOINT", "http://u:hunter2@h/x?key=hunter2"),
        ("OPENAI_BASE_URL", "http://u:hunter2@h/v1"),
        ("DB_PASSWORD", "hunter2"),
        ("METRICS_TOKEN", "hunter2-hunter2-hunter2"),
    ];
    let config = env(&environment);
    let report = config.report();
    for text in [format!("{config:?}"), report.to_string(), report.to_json().to_string()] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    for warning in &config.warnings {
        assert!(!warning.contains("hunter2"), "{warning}");
    }
    for wrong in [
        ("DATABASE_URL", "hunter2"),
        ("OPENAI_API_KEY", "sk hunter2"),
        ("AI_MODEL_ENDPOINT", "u:hunter2@h"),
        ("OPENAI_BASE_URL", "http://hunter2 x"),
        ("DB_PASSWORD", "hunter2"),
        ("METRICS_TOKEN", "hunter2"),
        ("METRICS_TOKEN", "a hunter2 with blanks in it"),
    ] {
        let message = refused(&[wrong]);
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn the_report_is_aligned_and_says_where_from() {
    let config = env(&[("PORT", "81"), ("JWT_SECRET_KEY", STRONG)]);
    let text = config.report().to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 1 + settings::ALL.len());
    let value_column = lines[0].find("VALUE").unwrap();
    let from_column = lines[0].find("FROM").unwrap();
    for (line, setting) in lines[1..].iter().zip(settings::ALL) {
        assert!(line.starts_with(&format!("{} ", setting.name)), "{line}");
        for column in [value_column, from_column] {
            assert!(
                line[column - 2..column] == *"  " && !line[column..].starts_with(' '),
                "{line}"
            );
        }
    }
    let port = lines.iter().find(|line| line.starts_with("PORT ")).unwrap();
    assert_eq!(port.split_whitespace().collect::<Vec<_>>(), ["PORT", "81", "environment", "PORT"]);

    let json = config.report().to_json();
    let find = |name: &str| {
        let rows = json.as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap().clone()
    };
    let port = serde_json::json!({"name": "PORT", "value": "81", "set": true, "secret": false, "from": "environment PORT"});
    assert_eq!(find("PORT"), port);
    let secret = serde_json::json!({"name": "JWT_SECRET", "value": null, "set": true, "secret": true, "from": "environment JWT_SECRET_KEY"});
    assert_eq!(find("JWT_SECRET"), secret);
    assert_eq!(find("OPENAI_API_KEY")["set"], false);
}

#[test]
fn files_that_the_configuration_names_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let key = serene_core::base::MasterKey::random();
    let key_file = file("key", &format!("{}\n", key.to_base64()));
    let resources = file("good.toml", "[[resource]]\nname = \"x\"\nphone = \"1\"\n");
    let config =
        env(&[("SERENE_MASTER_KEY_FILE", &key_file), ("SAFETY_RESOURCES_FILE", &resources)]);
    assert_eq!((config.master_key, config.resources.count()), (Some(key.clone()), 1));
    let config = env(&[]);
    assert_eq!((config.master_key, config.resources.count()), (None, 0));
    assert_eq!(env(&[("SERENE_MASTER_KEY", &key.to_base64())]).master_key, Some(key.clone()));

    let bad_key = file("bad", "hunter2");
    let bad_list = file("bad.toml", "[[resource]]\nname = \"x\"\n");
    let both = [("SERENE_MASTER_KEY", key.to_base64()), ("SERENE_MASTER_KEY_FILE", key_file)];
    let both: Vec<(&str, &str)> = both.iter().map(|(name, value)| (*name, &**value)).collect();
    for (settings, said) in [
        (&[("SERENE_MASTER_KEY", "hunter2")][..], "is not 32 bytes in base64"),
        (&[("SERENE_MASTER_KEY_FILE", &*bad_key)][..], "is not 32 bytes in base64"),
        (&[("SERENE_MASTER_KEY_FILE", "/no/such/file")][..], "/no/such/file cannot be read"),
        (&both[..], "is set beside SERENE_MASTER_KEY"),
        (&[("SAFETY_RESOURCES_FILE", &*bad_list)][..], "x has neither phone nor url"),
        (&[("SAFETY_RESOURCES_FILE", "/no/such/file")][..], "/no/such/file cannot be read"),
    ] {
        let error = refused(settings);
        assert!(error.contains(said) && !error.contains("hunter2"), "{error}");
    }
}
