//! Turning one value into its type. Each function says in its error what is wrong and what is accepted.
//!
//! Nothing here knows where a value came from. A function that may be given a secret never quotes it.

use std::{fmt::Display, ops::RangeInclusive, path::PathBuf, str::FromStr};

use secrecy::SecretString;
use serene_core::safety::SafetyResources;
use serene_http::RateLimit;

use super::{Environment, LogFormat};

/// A value for a message: on one line, and not the whole of a long one.
pub(super) fn quoted(value: &str) -> String {
    const LONGEST: usize = 40;
    let shown: String = value.chars().take(LONGEST).collect();
    let dots = if value.chars().nth(LONGEST).is_some() { "…" } else { "" };
    format!("\"{}{dots}\"", shown.escape_debug())
}

/// A whole number within `range`, called `unit` when it is wrong.
pub(super) fn integer<T: FromStr + PartialOrd + Display>(
    value: &str,
    range: &RangeInclusive<T>,
    unit: &str,
) -> Result<T, String> {
    value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let (first, last) = (range.start(), range.end());
        format!("{} is not accepted; give {unit} from {first} to {last}", quoted(value))
    })
}

/// The file at a path, as a list of places to turn to.
pub(super) fn resources(path: &str) -> Result<(String, SafetyResources), String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
    let resources = SafetyResources::parse(&text);
    let resources = resources.map_err(|error| format!("{path}: {}", error.trim_end()))?;
    Ok((path.to_owned(), resources))
}

/// A folder that is there.
pub(super) fn folder(path: &str) -> Result<PathBuf, String> {
    let folder = PathBuf::from(path);
    if folder.is_dir() { Ok(folder) } else { Err(format!("{} is not a folder", quoted(path))) }
}

/// A port; 0 means any.
pub(super) fn port(value: &str) -> Result<u16, String> {
    value
        .parse()
        .map_err(|_| format!("{} is not a port; give a number from 0 to 65535", quoted(value)))
}

/// Yes or no in the words people use.
pub(super) fn boolean(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(format!("{} is neither on nor off; give on or off", quoted(value))),
    }
}

/// Development or production.
pub(super) fn environment(value: &str) -> Result<Environment, String> {
    match value.to_ascii_lowercase().as_str() {
        "development" | "dev" => Ok(Environment::Development),
        "production" | "prod" => Ok(Environment::Production),
        _ => Err(format!("{} is not known; give development or production", quoted(value))),
    }
}

/// The signature algorithm: one only, so that a token cannot choose a weaker one.
pub(super) fn jwt_algorithm(value: &str) -> Result<&'static str, String> {
    if value == "HS256" {
        return Ok("HS256");
    }
    Err(format!("{} is not supported; tokens are signed with HS256 only", quoted(value)))
}

/// How log lines look.
pub(super) fn log_format(value: &str) -> Result<LogFormat, String> {
    match value.to_ascii_lowercase().as_str() {
        "auto" => Ok(LogFormat::Auto),
        "pretty" => Ok(LogFormat::Pretty),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("{} is not known; give auto, pretty or json", quoted(value))),
    }
}

/// A log filter: levels, or `module=level` pairs, comma separated.
///
/// A part of what `tracing_subscriber::EnvFilter` reads, chosen so that a misspelt level is an error here
/// instead of a module's name there. Without a level of its own, everything else stays at `info`.
pub(super) fn log_filter(value: &str) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let mut directives = Vec::new();
    let mut has_level = false;
    for part in value.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (module, level) = part.rsplit_once('=').unwrap_or(("", part));
        let level = level.trim().to_ascii_lowercase();
        let module_is_path =
            module.trim().chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c));
        let lone_equals = module.trim().is_empty() && part.contains('=');
        if !LEVELS.contains(&level.as_str()) || !module_is_path || lone_equals {
            return Err(format!(
                "{} is not a log filter; give {} or pairs such as info,hyper=warn",
                quoted(part),
                LEVELS.join(", ")
            ));
        }
        has_level |= module.is_empty();
        directives.push(if module.is_empty() {
            level
        } else {
            format!("{}={level}", module.trim())
        });
    }
    if !has_level {
        directives.insert(0, "info".to_owned());
    }
    Ok(directives.join(","))
}

/// What windows of a rate limit are called, with their seconds.
const WINDOWS: [(&str, u32); 3] = [("second", 1), ("minute", 60), ("hour", 3600)];

/// So many in so much time, or off.
pub(super) fn rate_limit(value: &str) -> Result<Option<RateLimit>, String> {
    if boolean(value) == Ok(false) && value != "0" {
        return Ok(None);
    }
    let lower = value.to_ascii_lowercase();
    let limit = lower.split_once('/').and_then(|(quota, window)| {
        let (_, window_s) = WINDOWS.iter().find(|(name, _)| *name == window.trim())?;
        RateLimit::new(quota.trim().parse().ok()?, *window_s)
    });
    limit.map(Some).ok_or_else(|| {
        format!(
            "{} is not a rate limit; give one such as 600/minute (or /second, /hour; 1 to {}), or off",
            quoted(value),
            RateLimit::MOST
        )
    })
}

/// A rate limit as it would be written.
pub(super) fn shown_rate(limit: Option<RateLimit>) -> String {
    let Some(limit) = limit else { return "off".to_owned() };
    let (name, _) = WINDOWS
        .iter()
        .find(|(_, window_s)| *window_s == limit.window_s())
        .expect("a rate limit was read with one of these windows");
    format!("{}/{name}", limit.quota())
}

/// A token that can travel in a header and cannot be guessed. Never quoted.
pub(super) fn token(value: &str) -> Result<SecretString, String> {
    let visible = value.bytes().all(|byte| byte.is_ascii_graphic());
    if value.len() < 16 || !visible {
        return Err("is no token; give 16 or more visible characters, without blanks".to_owned());
    }
    Ok(value.into())
}

/// A text of at most 8000 characters.
pub(super) fn system_instruction(value: &str) -> Result<String, String> {
    const LONGEST: usize = 8000;
    let length = value.chars().count();
    if length > LONGEST {
        return Err(format!("has {length} characters; give at most {LONGEST}"));
    }
    Ok(value.to_owned())
}

/// The name of a model, which travels inside JSON: any characters but control characters.
pub(super) fn model_name(value: &str) -> Result<String, String> {
    if value.chars().count() > 200 || value.chars().any(char::is_control) {
        return Err("is not a model's name; give at most 200 characters on one line".to_owned());
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_in_every_spelling() {
        for (words, expected) in [("1 true YES On", true), ("0 False no OFF", false)] {
            for word in words.split(' ') {
                assert_eq!(boolean(word), Ok(expected), "{word}");
            }
        }
        assert_eq!(boolean("2").unwrap_err(), "\"2\" is neither on nor off; give on or off");
    }

    #[test]
    fn environments_and_their_short_names() {
        for name in ["development", "dev", "Development"] {
            assert_eq!(environment(name), Ok(Environment::Development));
        }
        for name in ["production", "prod", "PROD"] {
            assert_eq!(environment(name), Ok(Environment::Production));
        }
        let message = environment("staging").unwrap_err();
        assert_eq!(message, "\"staging\" is not known; give development or production");
    }

    #[test]
    fn numbers_keep_to_their_range() {
        assert_eq!(integer("60", &(60_u64..=61), "seconds"), Ok(60));
        for wrong in ["59", "62", "-60", "6e1", "60s", "99999999999999999999"] {
            let message = integer(wrong, &(60_u64..=61), "seconds").unwrap_err();
            assert_eq!(message, format!("\"{wrong}\" is not accepted; give seconds from 60 to 61"));
        }
        assert_eq!(port("0"), Ok(0));
        assert_eq!(port("65535"), Ok(65535));
        for wrong in ["65536", "-1", "http", "80 81"] {
            assert!(port(wrong).unwrap_err().ends_with("give a number from 0 to 65535"));
        }
    }

    #[test]
    fn only_hs256_signs() {
        assert_eq!(jwt_algorithm("HS256"), Ok("HS256"));
        for wrong in ["RS256", "none", "hs256", "HS512"] {
            assert!(jwt_algorithm(wrong).unwrap_err().contains("HS256 only"));
        }
    }

    #[test]
    fn log_filters_are_levels_and_pairs() {
        for (given, filter) in [
            ("debug", "debug"),
            ("WARN", "warn"),
            ("info, hyper=warn ,", "info,hyper=warn"),
            ("serene_db::sqlite=trace", "info,serene_db::sqlite=trace"),
            ("hyper=off,error", "hyper=off,error"),
        ] {
            assert_eq!(log_filter(given).as_deref(), Ok(filter), "{given}");
        }
        for wrong in ["verbose", "info,loud", "a=b", "=info", "a b=info", "[span]=info", "hyper="] {
            assert!(log_filter(wrong).unwrap_err().contains("is not a log filter"), "{wrong}");
        }
    }

    #[test]
    fn a_system_instruction_is_counted_in_characters() {
        let most = "é".repeat(8000);
        assert_eq!(system_instruction(&most).as_deref(), Ok(most.as_str()));
        let message = system_instruction(&(most + "é")).unwrap_err();
        assert_eq!(message, "has 8001 characters; give at most 8000");
    }

    #[test]
    fn a_quoted_value_is_one_short_line() {
        assert_eq!(quoted("a\n\u{1b}b\"c"), "\"a\\n\\u{1b}b\\\"c\"");
        assert_eq!(quoted(&"x".repeat(41)), format!("\"{}…\"", "x".repeat(40)));
    }
}
