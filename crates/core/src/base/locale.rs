//! Where somebody lives and what they speak, as two or three letters.

use super::{Error, limits};

/// A country or territory: two letters of ISO 3166-1, in upper case. Whether there is one of that
/// name is not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country([u8; 2]);

impl Country {
    /// # Errors
    /// [`Error::Invalid`] unless it is two letters from A to Z, in either case.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(Error::invalid("country", "must be two letters of ISO 3166-1, as DE")),
        }
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// A language: two or three letters of ISO 639, in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language {
    letters: [u8; 3],
    length: usize,
}

impl Language {
    /// Reads a language tag (BCP 47); what follows its first part is dropped.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless it begins with two or three letters from a to z, in either case.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let first = text.split(['-', '_']).next().unwrap_or_default();
        let mut letters = [0; 3];
        let length = first.len();
        let possible = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if !(2..=3).contains(&length)
            || !first.bytes().all(|byte| byte.is_ascii_alphabetic())
            || text.len() > limits::MAX_LANGUAGE_CHARS
            || !text.bytes().all(possible)
        {
            return Err(Error::invalid("language", "must be a language tag, as de or pt-BR"));
        }
        letters[..length].copy_from_slice(first.to_ascii_lowercase().as_bytes());
        Ok(Self { letters, length })
    }

    /// The letters.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.letters[..self.length]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_and_languages_are_read_in_any_case() {
        assert_eq!(Country::parse("de").unwrap().as_str(), "DE");
        assert_eq!(Language::parse("pt-BR").unwrap().as_str(), "pt");
        assert_eq!(Language::parse("HAW").unwrap().as_str(), "haw");
        for bad in ["", "D", "DEU", "D3", "ÄÖ", "d e", " de"] {
            assert!(Country::parse(bad).is_err(), "{bad}");
        }
        for bad in ["", "d", "german", "d3", "-de", "ää", "de-ä", &"de-".repeat(12)] {
            assert!(Language::parse(bad).is_err(), "{bad}");
        }
    }
}
