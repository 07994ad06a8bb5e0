//! What a phrase means when it is found. The compiler of the phrase files, which runs when the
//! crate is built, and the screen both read this.

/// How grave a finding is; the greater, the graver.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tier {
    /// A word of the subject ("suicide"), without more.
    BareWord,
    /// Thoughts of not being there ("better off without me", "no reason to go on").
    Passive,
    /// Looking for a way to do it ("how many pills").
    Method,
    /// The wish, the plan or the act, in the first person ("I want to kill myself").
    Explicit,
}

impl Tier {
    /// Every tier, the gravest last.
    pub const ALL: [Self; 4] = [Self::BareWord, Self::Passive, Self::Method, Self::Explicit];

    /// The name in lower case, as it is stored and reported, and as the phrase files have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::BareWord => "bare",
            Self::Passive => "passive",
            Self::Method => "method",
            Self::Explicit => "explicit",
        }
    }
}

/// What a phrase means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::screen) enum Meaning {
    /// An idiom or a title: what it covers is not meant.
    Harmless,
    /// A denial, or somebody else: what it covers counts as a bare word.
    Denied,
    /// It counts in this tier. `brief` marks the four phrases of the brief.
    Counts {
        /// The tier.
        tier: Tier,
        /// Whether it is one of the four.
        brief: bool,
    },
}

impl Meaning {
    /// Every meaning, in the order of the numbers they have in the compiled tables.
    pub(in crate::screen) fn all() -> Vec<Self> {
        let mut all = vec![Self::Harmless, Self::Denied];
        for brief in [false, true] {
            all.extend(Tier::ALL.map(|tier| Self::Counts { tier, brief }));
        }
        all
    }

    /// Whether it is a finding, and not what lowers one.
    pub(in crate::screen) fn counts(self) -> bool {
        matches!(self, Self::Counts { .. })
    }
}
