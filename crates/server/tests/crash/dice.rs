//! Choices that a seed repeats, and the texts that are made of them.

use uuid::Uuid;

/// What texts are made of: one to four bytes a character, marks that combine, emoji of several
/// characters, a right-to-left word, a line break. None of them worries the crisis screen.
const WORDS: [&str; 24] = [
    "river",
    "window",
    "quietly",
    "bread",
    "Größe",
    "naïve",
    "cafe\u{301}",
    "e\u{301}\u{323}te\u{301}",
    "世界",
    "今天下雨",
    "散步",
    "早上好",
    "こんにちは",
    "안녕하세요",
    "🌧",
    "👩‍👩‍👧‍👦",
    "🇩🇪",
    "👍🏽",
    "🏳️‍🌈",
    "שלום",
    "путь",
    "\u{1d11e}",
    "line\nbreak",
    "tab\t\"quoted\"\\",
];

/// `SplitMix64`: the same seed gives the same choices.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice of their own for every purpose, so that one that is thrown more often changes no other.
    pub(crate) fn new(seed: u64, purpose: [u64; 2]) -> Self {
        let mut dice = Self(seed);
        for part in purpose {
            dice.0 = dice.next() ^ part;
        }
        dice
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number under `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A place in a list of this length.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).expect("a list is not that long");
        usize::try_from(self.below(length)).expect("it is under a usize")
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.index(from.len()))
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn uuid(&mut self) -> Uuid {
        let bytes = (u128::from(self.next()) << 64) | u128::from(self.next());
        uuid::Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid()
    }

    /// A message that is like no other: it begins with a name of its own. Some have long words, so
    /// that a reply passes 4 KiB before its time.
    pub(crate) fn message(&mut self) -> String {
        let (words, joined) = match self.below(10) {
            0..5 => (20 + self.below(350), 1),
            5..8 => (10 + self.below(90), 12),
            _ => (20 + self.below(100), 40),
        };
        self.text(words, joined)
    }

    /// A journal entry: long enough to be one, and soon answered.
    pub(crate) fn note(&mut self) -> String {
        self.text(10, 1) + " and then I walked home along the river, slowly."
    }

    fn text(&mut self, words: u64, joined: u64) -> String {
        let mut text = format!("No. {:016x}", self.next());
        for _ in 0..words {
            text.push(' ');
            for _ in 0..joined {
                text.push_str(self.pick(&WORDS).expect("there are words"));
            }
        }
        text
    }
}
