//! What clients may write where: every bounded text is checked once, here, before it goes further.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

use super::{Error, Private, limits};

/// NUL ends strings in too many places, and PostgreSQL stores none.
fn no_nul(field: &'static str, text: &str) -> Result<(), Error> {
    if text.contains('\0') {
        return Err(Error::invalid(field, "must not contain a NUL character"));
    }
    Ok(())
}

/// Names are compared by this: width and case do not tell two people apart.
fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// A user name as it was chosen, and as it is compared.
#[derive(Clone, PartialEq, Eq)]
pub struct Username {
    shown: String,
    folded: String,
}

impl Username {
    /// # Errors
    /// [`Error::Invalid`] for a bad length, white space inside, control characters, or an `@`
    /// (which would make it an e-mail address at sign-in).
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FIELD: &str = "username";
        no_nul(FIELD, text)?;
        let (least, most) = (limits::USERNAME_CHARS.start(), limits::USERNAME_CHARS.end());
        // The whole text is at most so long, its name at least: as the OpenAPI document says it.
        let too_long = text.chars().count() > *most;
        let text = text.trim();
        if too_long || text.chars().count() < *least {
            return Err(Error::invalid(FIELD, format!("must have {least} to {most} characters")));
        }
        if text.contains('@') {
            return Err(Error::invalid(FIELD, "must not contain an @"));
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(Error::invalid(FIELD, "must not contain spaces or control characters"));
        }
        let folded = fold(text);
        // Some compatibility characters unfold into an @ or a space.
        if folded.contains('@') || folded.contains(char::is_whitespace) || folded.len() > 255 {
            return Err(Error::invalid(FIELD, "must be made of ordinary characters"));
        }
        Ok(Self { shown: text.to_owned(), folded })
    }

    /// As it was chosen.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// As it is compared.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

/// An e-mail address, checked loosely: something, an `@`, something. Only its owner can say more.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    shown: String,
    folded: String,
}

impl Email {
    /// # Errors
    /// [`Error::Invalid`] when it cannot be an address.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FIELD: &str = "email";
        no_nul(FIELD, text)?;
        let too_long = text.chars().count() > limits::MAX_EMAIL_BYTES;
        let text = text.trim();
        if too_long || text.len() > limits::MAX_EMAIL_BYTES {
            let most = limits::MAX_EMAIL_BYTES;
            return Err(Error::invalid(FIELD, format!("must have at most {most} bytes")));
        }
        let parts = text.rsplit_once('@');
        let whole = parts.is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !local.contains('@')
        });
        if !whole || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(Error::invalid(FIELD, "must be an e-mail address"));
        }
        let folded = fold(text);
        if folded.len() > 255 {
            return Err(Error::invalid(FIELD, "must be made of ordinary characters"));
        }
        Ok(Self { shown: text.to_owned(), folded })
    }

    /// As it was given.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// As it is compared.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

/// What somebody typed to sign in: with an `@` it is an e-mail address, otherwise a user name.
#[derive(Clone)]
pub(crate) enum LoginName {
    Username(String),
    Email(String),
}

impl LoginName {
    /// Never fails: what can be no name is a name that nobody has.
    pub(crate) fn new(text: &str) -> Self {
        // A server refuses a NUL even in a question; no name holds another control character either.
        let folded = fold(text.trim()).replace('\0', "\u{1}");
        if folded.contains('@') { Self::Email(folded) } else { Self::Username(folded) }
    }

    pub(crate) fn folded(&self) -> &str {
        match self {
            Self::Username(folded) | Self::Email(folded) => folded,
        }
    }
}

/// A password on its way to be hashed.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// A password that somebody chooses.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is too short, has more bytes than bcrypt reads, or a NUL.
    pub fn choose(field: &'static str, text: &str) -> Result<Self, Error> {
        no_nul(field, text)?;
        if text.chars().count() < limits::MIN_PASSWORD_CHARS {
            let least = limits::MIN_PASSWORD_CHARS;
            return Err(Error::invalid(field, format!("must have at least {least} characters")));
        }
        if text.len() > limits::MAX_PASSWORD_BYTES {
            let most = limits::MAX_PASSWORD_BYTES;
            return Err(Error::invalid(field, format!("must have at most {most} bytes")));
        }
        Ok(Self(text.into()))
    }

    /// A password that somebody signs in with: `None` when nobody can have it.
    pub(crate) fn present(text: &str) -> Option<Self> {
        let possible = text.len() <= limits::MAX_PASSWORD_BYTES && !text.contains('\0');
        possible.then(|| Self(text.into()))
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The title of a conversation.
#[derive(Clone)]
pub struct Title(Private);

impl Title {
    /// # Errors
    /// [`Error::Invalid`] when it is blank, too long, or has a NUL.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FIELD: &str = "title";
        no_nul(FIELD, text)?;
        if text.chars().count() > limits::MAX_TITLE_CHARS {
            let most = limits::MAX_TITLE_CHARS;
            return Err(Error::invalid(FIELD, format!("must have at most {most} characters")));
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::invalid(FIELD, "must not be empty"));
        }
        Ok(Self(Private::new(text)))
    }

    /// A title from what was written first: its first line, cut at a word.
    pub(crate) fn derive(text: &MessageText) -> Self {
        Self::from_words(text.expose())
    }

    /// The first line of a text, cut at a word where it is long.
    pub(crate) fn from_words(text: &str) -> Self {
        let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or(text);
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let most = limits::DERIVED_TITLE_CHARS;
        if line.chars().count() <= most {
            return Self(Private::new(line));
        }
        let head: String = line.chars().take(most).collect();
        // A language without spaces, or one very long word, is cut where it is.
        let cut = head.rfind(' ').filter(|at| *at > head.len() / 2).unwrap_or(head.len());
        let head = head[..cut].trim_end_matches([',', ';', ':', '.', ' ', '-']);
        Self(Private::new(format!("{head}…")))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    pub(crate) fn into_private(self) -> Private {
        self.0
    }
}

/// What a user sends.
#[derive(Clone)]
pub struct MessageText(Private);

impl MessageText {
    /// # Errors
    /// [`Error::Invalid`] when it is blank, too long, or has a NUL.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Error> {
        no_nul(field, text)?;
        if text.trim().is_empty() {
            return Err(Error::invalid(field, "must not be empty"));
        }
        if text.chars().count() > limits::MAX_MESSAGE_CHARS {
            let most = limits::MAX_MESSAGE_CHARS;
            return Err(Error::invalid(field, format!("must have at most {most} characters")));
        }
        Ok(Self(Private::new(text)))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    pub(crate) fn to_private(&self) -> Private {
        self.0.clone()
    }
}

macro_rules! redacted {
    ($($type:ident),+) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "([redacted])"))
            }
        }
    )+};
}

redacted!(Username, Email, LoginName, Password, Title, MessageText);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_are_compared_without_case_and_width() {
        let plain = Username::parse("Mira_Voss").unwrap();
        let wide = Username::parse(" ＭＩＲＡ_ｖｏｓｓ ").unwrap();
        assert_eq!(plain.folded(), wide.folded());
        assert_eq!(plain.shown(), "Mira_Voss");
    }

    #[test]
    fn bad_user_names_are_refused() {
        for name in
            ["", "a", "two words", "a@b", "a\u{ff20}b", "nul\0nul", "tab\ttab", &"x".repeat(65)]
        {
            assert!(Username::parse(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn e_mail_addresses_are_checked_loosely() {
        assert_eq!(Email::parse(" A@Example.ORG ").unwrap().folded(), "a@example.org");
        for text in
            ["", "x", "@", "x@", "@y", "a@b@c", "a b@c", "a@b\0", &format!("{}@y", "x".repeat(253))]
        {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn passwords_are_never_cut() {
        assert!(Password::choose("password", &"ä".repeat(36)).is_ok());
        assert!(Password::choose("password", &"ä".repeat(37)).is_err());
        assert!(Password::choose("password", "1234567").is_err());
        assert!(Password::present(&"x".repeat(73)).is_none());
    }

    #[test]
    fn titles_come_from_the_first_line_and_end_at_a_word() {
        let derive = |text: &str| {
            Title::derive(&MessageText::parse("content", text).unwrap()).expose().to_owned()
        };
        assert_eq!(derive("\n  Hello   there \nmore"), "Hello there");
        let long =
            derive("I could not sleep again last night, and the whole of Tuesday was a blur");
        assert_eq!(long, "I could not sleep again last night, and the whole of…");
        assert_eq!(derive(&"字".repeat(80)).chars().count(), 61);
    }
}
