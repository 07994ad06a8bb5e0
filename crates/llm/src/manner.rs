//! How a person wants to be spoken to, for engines that follow no instruction. What a model is told
//! of it is the caller's business.

use std::fmt;

macro_rules! words {
    ($(#[$doc:meta])* $type:ident {
        $(#[$first:meta])* $head:ident = $word:literal,
        $($(#[$inner:meta])* $variant:ident = $other:literal),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type { $(#[$first])* $head, $($(#[$inner])* $variant),+ }

        impl $type {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[Self::$head, $(Self::$variant),+];

            /// The word that is stored and printed.
            pub const fn as_str(self) -> &'static str {
                match self { Self::$head => $word, $(Self::$variant => $other),+ }
            }

            /// The variant of a word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }
    };
}

words! {
    /// Whose voice answers.
    Personality {
        /// The usual one.
        Default = "default",
        /// A friendly machine.
        Robot = "robot",
        /// A dry one.
        Cynic = "cynic",
        /// One who knows.
        Expert = "expert",
    }
}

words! {
    /// How the person is addressed.
    AddressStyle {
        /// As among friends.
        Casual = "casual",
        /// With distance.
        Formal = "formal",
        /// Warmly.
        Friendly = "friendly",
        /// As at work.
        Professional = "professional",
    }
}

/// What is known of a person, for the engines that follow no instruction; what is `None` was never
/// said.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// Where they live: two letters of ISO 3166-1.
    pub country: Option<String>,
    /// Which day it is where they are, as `2026-11-21`.
    pub today: Option<String>,
    /// How they want to be spoken to, in their own words.
    pub wish: Option<String>,
}

// A stray `{:?}` must not put what somebody wrote into a log.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person([redacted])")
    }
}

/// How a person wants to be spoken to; what is `None` was never said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Whose voice answers.
    pub personality: Option<Personality>,
    /// How the person is addressed.
    pub address_style: Option<AddressStyle>,
    /// The language they speak, where a message does not show which it is in: ISO 639-1.
    pub language: Option<[u8; 2]>,
    /// Which of several words that fit are chosen; 0 chooses the usual ones.
    pub variety: u16,
}

impl Manner {
    /// How far the choice among words that fit is moved on: 0 for the usual ones.
    pub(crate) fn turn(self) -> u64 {
        // Spread, so that it is no multiple of how many there are to choose from.
        u64::from(self.variety).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_as_it_is_printed() {
        for one in Personality::ALL {
            assert_eq!(Personality::from_word(one.as_str()), Some(*one));
        }
        for one in AddressStyle::ALL {
            assert_eq!(AddressStyle::from_word(one.as_str()), Some(*one));
        }
        assert_eq!(Personality::from_word("pirate"), None);
    }
}
