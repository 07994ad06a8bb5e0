//! What a screening says: tier, language, phrase. Never a quote of the text.

use std::fmt;

use super::phrases::Tier;

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Where the text was written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Surface {
    /// A journal entry, or a note sent to the vibe check.
    Entry,
    /// A message in a conversation.
    Chat,
}

macro_rules! languages {
    ($($variant:ident $code:literal),+ $(,)?) => {
        /// A language that the screen knows phrases of.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[expect(missing_docs, reason = "the variants are the ISO 639 codes")]
        pub enum Language { $($variant),+ }

        impl Language {
            /// Every language, in the order of the specification.
            pub const ALL: [Self; [$($code),+].len()] = [$(Self::$variant),+];

            /// The ISO 639-1 code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
        }
    };
}

languages! {
    En "en", Es "es", Pt "pt", Fr "fr", De "de", It "it", Nl "nl", Pl "pl", Tr "tr", Ru "ru",
    Hi "hi", Ar "ar", Zh "zh", Ja "ja", Ko "ko",
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// A set of languages.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Languages(u16);

impl Languages {
    /// Whether the set holds this language.
    pub fn contains(self, language: Language) -> bool {
        self.0 & (1 << language as u16) != 0
    }

    /// The languages of the set, in the order of [`Language::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Language> {
        Language::ALL.into_iter().filter(move |&language| self.contains(language))
    }

    pub(super) fn add(&mut self, language: Language) {
        self.0 |= 1 << language as u16;
    }
}

impl fmt::Debug for Languages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(Language::code)).finish()
    }
}

/// The name of a phrase: stable across versions, and no quote. Prints as `en:want-to-die`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PhraseId {
    /// The language whose file has the phrase.
    pub language: Language,
    /// Its name there.
    pub name: &'static str,
}

impl fmt::Display for PhraseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.language, self.name)
    }
}

impl fmt::Debug for PhraseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the screen found. It holds no part of the text, so it may be stored and logged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Screening {
    /// The gravest tier found; `None` if nothing was.
    pub tier: Option<Tier>,
    /// The languages of everything found. Languages share words, so there may be several.
    pub languages: Languages,
    /// A phrase of that tier.
    pub phrase: Option<PhraseId>,
    /// Whether one of the brief's four phrases is in the text, whatever stands around it.
    pub brief: bool,
    /// The version of the phrases: grows with every change to any of the files.
    pub version: u32,
}

impl fmt::Debug for Screening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screening")
            .field("tier", &self.tier)
            .field("phrase", &self.phrase)
            .finish_non_exhaustive()
    }
}
