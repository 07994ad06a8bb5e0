//! Where somebody in need can turn: the operator's list, and the part of it that fits a person.
//! Nothing of it comes from a model, and Serene brings none of its own: a wrong number is worse
//! than none.

use std::sync::Arc;

use serde::{Deserialize, de::Error as _};

use crate::base::{Country, Language};

/// The most that one person is shown.
const MOST_SHOWN: usize = 5;

/// A place to turn to.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct SafetyResource {
    /// What it is called.
    pub name: String,
    /// Its number, as people there dial it.
    pub phone: Option<String>,
    /// Its page.
    pub url: Option<String>,
    /// Where it helps; everywhere when absent.
    #[serde(default, deserialize_with = "country")]
    pub country: Option<Country>,
    /// What is spoken there; any language when absent.
    #[serde(default, deserialize_with = "language")]
    pub language: Option<Language>,
}

fn country<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Country>, D::Error> {
    Country::parse(&String::deserialize(from)?).map(Some).map_err(D::Error::custom)
}

fn language<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Language>, D::Error> {
    Language::parse(&String::deserialize(from)?).map(Some).map_err(D::Error::custom)
}

/// The operator's list, in their order. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct SafetyResources(Arc<Vec<SafetyResource>>);

impl SafetyResources {
    /// Reads a TOML file: a `[[resource]]` for each, with the fields of [`SafetyResource`].
    ///
    /// # Errors
    /// Says what is wrong, and where.
    pub fn parse(toml: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            #[serde(default)]
            resource: Vec<SafetyResource>,
        }
        let file: File = toml::from_str(toml).map_err(|error| error.to_string())?;
        for resource in &file.resource {
            let name = &resource.name;
            if name.trim().is_empty() {
                return Err("a resource has no name".to_owned());
            }
            if resource.phone.is_none() && resource.url.is_none() {
                return Err(format!("{name} has neither phone nor url"));
            }
            if resource.url.as_ref().is_some_and(|url| !url.starts_with("https://")) {
                return Err(format!("the url of {name} must begin with https://"));
            }
        }
        Ok(Self(Arc::new(file.resource)))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The list as somebody sees it.
    pub fn seen_by(&self, country: Option<Country>, language: Option<Language>) -> Help {
        Help { resources: self.clone(), country, language }
    }
}

/// The list as one person sees it. Chosen from only when it is needed.
#[derive(Clone, Debug)]
pub struct Help {
    resources: SafetyResources,
    country: Option<Country>,
    language: Option<Language>,
}

impl Help {
    /// Those of the person's country, in their language first; those of no country when there is
    /// none. At most five.
    pub fn resources(&self) -> Vec<&SafetyResource> {
        let of = |country| {
            let there = self.resources.0.iter().filter(move |one| one.country == country);
            let mut there: Vec<&SafetyResource> = there.collect();
            // Stable: the operator's order is kept within each.
            there.sort_by_key(|one| match one.language {
                language if language.is_some() && language == self.language => 0,
                None => 1,
                Some(_) => 2,
            });
            there
        };
        let mut found = match self.country {
            Some(country) => of(Some(country)),
            None => Vec::new(),
        };
        if found.is_empty() {
            found = of(None);
        }
        found.truncate(MOST_SHOWN);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"
        [[resource]]
        name = "Deutsch"
        phone = "1"
        country = "de"
        language = "de"
        [[resource]]
        name = "Türkçe"
        url = "https://example.org"
        country = "DE"
        language = "tr"
        [[resource]]
        name = "Alle"
        phone = "2"
        country = "DE"
        [[resource]]
        name = "World"
        url = "https://example.org/world"
    "#;

    fn names(country: Option<&str>, language: Option<&str>) -> Vec<String> {
        let list = SafetyResources::parse(LIST).unwrap();
        let country = country.map(|text| Country::parse(text).unwrap());
        let language = language.map(|text| Language::parse(text).unwrap());
        let help = list.seen_by(country, language);
        help.resources().iter().map(|one| one.name.clone()).collect()
    }

    #[test]
    fn a_person_sees_what_is_near_and_in_their_language_first() {
        assert_eq!(names(Some("DE"), Some("tr")), ["Türkçe", "Alle", "Deutsch"]);
        assert_eq!(names(Some("DE"), None), ["Alle", "Deutsch", "Türkçe"]);
        assert_eq!(names(Some("FR"), Some("de")), ["World"]);
        assert_eq!(names(None, None), ["World"]);
    }

    #[test]
    fn nobody_is_shown_more_than_they_can_read() {
        let many = "[[resource]]\nname = \"x\"\nphone = \"1\"\n".repeat(9);
        let list = SafetyResources::parse(&many).unwrap();
        assert_eq!((list.count(), list.seen_by(None, None).resources().len()), (9, MOST_SHOWN));
        assert_eq!(SafetyResources::default().seen_by(None, None).resources().len(), 0);
    }

    #[test]
    fn the_documented_sample_is_read() {
        let page = include_str!("../../../docs/safety-resources.md");
        let sample = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        assert_eq!(SafetyResources::parse(sample).unwrap().count(), 4);
    }

    #[test]
    fn a_list_with_a_mistake_is_refused_with_its_place() {
        for (bad, said) in [
            ("[[resource]]\nname = \"x\"", "neither phone nor url"),
            ("[[resource]]\nphone = \"1\"", "missing field `name`"),
            ("[[resource]]\nname = \" \"\nphone = \"1\"", "has no name"),
            ("[[resource]]\nname = \"x\"\nphone = 1", "invalid type"),
            ("[[resource]]\nname = \"x\"\nfax = \"1\"", "unknown field `fax`"),
            ("[[resource]]\nname = \"x\"\nurl = \"http://x\"", "must begin with https://"),
            ("[[resource]]\nname = \"x\"\nphone = \"1\"\ncountry = \"Germany\"", "two letters"),
            ("[[resources]]\nname = \"x\"", "unknown field `resources`"),
        ] {
            let error = SafetyResources::parse(bad).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
