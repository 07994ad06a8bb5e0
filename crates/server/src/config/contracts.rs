//! The published contracts: which of them are served, and how.

use std::time::Duration;

use serene_core::base::Username;
use serene_http::{
    ContractOptions,
    contracts::{Contract, SameSite},
};

use super::{
    error::ConfigError,
    loader::Loader,
    on_off,
    parse::{self, quoted},
    settings::{
        COOKIE_SAMESITE, COOKIE_SECURE, DEMO_USER, JWT_ACCESS_TOKEN_EXPIRES, SERENE_CONTRACTS,
        WEEKLY_MOODS,
    },
    sources::Origin,
};

/// Takes their settings. `access_token_secs` counts for them only where somebody set it.
pub(super) fn load(
    l: &mut Loader<'_>,
    access_token_secs: u64,
) -> Result<ContractOptions, ConfigError> {
    let lifetime_is_set = l.origin(&JWT_ACCESS_TOKEN_EXPIRES) != Origin::Default;
    Ok(ContractOptions {
        on: l.required(&SERENE_CONTRACTS, names, |on| shown(on))?,
        demo_user: l.optional(&DEMO_USER, demo_user, Clone::clone)?,
        same_site: l.required(&COOKIE_SAMESITE, same_site, |it| same_site_name(*it).to_owned())?,
        cookie_secure: l.required(&COOKIE_SECURE, parse::boolean, |on| on_off(*on))?,
        rolling_week: l.required(&WEEKLY_MOODS, rolling_week, |rolling| {
            if *rolling { "rolling" } else { "iso" }.to_owned()
        })?,
        token_lifetime: lifetime_is_set.then_some(Duration::from_secs(access_token_secs)),
    })
}

/// Names of contracts, comma separated, each once; `all`, or `none`.
fn names(value: &str) -> Result<Vec<Contract>, String> {
    let lower = value.to_ascii_lowercase();
    match lower.as_str() {
        "all" => return Ok(Contract::ALL.to_vec()),
        "none" | "off" => return Ok(Vec::new()),
        _ => {}
    }
    let mut on = Vec::new();
    for name in lower.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let known = Contract::ALL.into_iter().find(|contract| contract.name() == name);
        let contract = known.ok_or_else(|| {
            let all = Contract::ALL.map(Contract::name).join(", ");
            format!("{} is no contract; give all, none, or some of {all}", quoted(name))
        })?;
        if !on.contains(&contract) {
            on.push(contract);
        }
    }
    Ok(on)
}

fn shown(on: &[Contract]) -> String {
    if on.is_empty() {
        return "none".to_owned();
    }
    on.iter().map(|contract| contract.name()).collect::<Vec<_>>().join(",")
}

/// A user name, for whoever comes without a credential.
fn demo_user(value: &str) -> Result<String, String> {
    match Username::parse(value) {
        Ok(name) => Ok(name.shown().to_owned()),
        Err(_) => Err(format!("{} is not a user name; give a word such as demo", quoted(value))),
    }
}

fn same_site(value: &str) -> Result<SameSite, String> {
    let known = [SameSite::Lax, SameSite::Strict, SameSite::None];
    let found = known.into_iter().find(|it| same_site_name(*it).eq_ignore_ascii_case(value));
    found.ok_or_else(|| format!("{} is not known; give lax, strict or none", quoted(value)))
}

const fn same_site_name(same_site: SameSite) -> &'static str {
    match same_site {
        SameSite::Lax => "lax",
        SameSite::Strict => "strict",
        SameSite::None => "none",
    }
}

fn rolling_week(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "iso" => Ok(false),
        "rolling" => Ok(true),
        _ => Err(format!("{} is not known; give iso or rolling", quoted(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contracts_are_named_once_each() {
        assert_eq!(names("All").unwrap(), Contract::ALL);
        assert_eq!(names("none").unwrap(), []);
        let some = names(" Entries, sessions,entries,").unwrap();
        assert_eq!(
            (some.as_slice(), shown(&some).as_str()),
            (&[Contract::Entries, Contract::Sessions][..], "entries,sessions")
        );
        let wrong = names("entries,journal").unwrap_err();
        assert!(wrong.starts_with("\"journal\" is no contract; give all, none, or"), "{wrong}");
    }

    #[test]
    fn each_choice_has_its_words() {
        assert_eq!(same_site("Strict"), Ok(SameSite::Strict));
        assert_eq!(same_site("none"), Ok(SameSite::None));
        assert!(same_site("loose").unwrap_err().ends_with("give lax, strict or none"));
        assert_eq!((rolling_week("ISO"), rolling_week("rolling")), (Ok(false), Ok(true)));
        assert!(rolling_week("moon").unwrap_err().ends_with("give iso or rolling"));
        assert_eq!(demo_user("mira").as_deref(), Ok("mira"));
        assert!(demo_user("mira@example.org").unwrap_err().contains("is not a user name"));
    }
}
