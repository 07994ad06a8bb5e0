//! Makes keyboard mash for the published figures, in several manners of mashing. The same seed
//! makes the same mash.

/// A manner of mashing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MashKind {
    /// Short rolls along a row: `asdf jkl`.
    Rolls,
    /// Any letters at all.
    AnyLetters,
    /// One hand and the other in turn.
    TwoHands,
    /// Any keys of the middle row.
    MiddleRow,
    /// Two to four letters over and over: `asdasdasd`.
    Syllables,
    /// From each key to one beside it.
    Walk,
    /// Held keys and pairs, as under the paws of a cat.
    Cat,
    /// The fingers of one hand in changing order.
    Drumming,
}

impl MashKind {
    /// Every manner.
    pub const ALL: [Self; 8] = [
        Self::Rolls,
        Self::AnyLetters,
        Self::TwoHands,
        Self::MiddleRow,
        Self::Syllables,
        Self::Walk,
        Self::Cat,
        Self::Drumming,
    ];
}

/// The rows of a keyboard and a few short words of those who use it.
struct Board {
    rows: [&'static str; 3],
    words: &'static str,
}

const BOARDS: [Board; 4] = [
    Board {
        rows: ["qwertyuiop", "asdfghjkl", "zxcvbnm"],
        words: "the a I am ok so is no yes why not day me and bad test hi you it was good one",
    },
    Board {
        rows: ["qwertzuiop", "asdfghjkl", "yxcvbnm"],
        words: "ich der ja nein und so was tag gut da ist es ein mir los",
    },
    Board {
        rows: ["azertyuiop", "qsdfghjklm", "wxcvbn"],
        words: "je tu oui non et la le un bon mal moi pas jour ok",
    },
    Board {
        rows: ["йцукенгшщзх", "фывапролджэ", "ячсмитьбю"],
        words: "я да нет и не что как так мне он она ок день",
    },
];

/// Numbers that look random and are the same for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    fn between(&mut self, low: usize, high: usize) -> usize {
        let span = u64::try_from(high - low + 1).unwrap_or(1);
        low + usize::try_from(self.next() % span).unwrap_or(0)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.between(0, from.len() - 1)]
    }
}

struct Masher {
    dice: Dice,
    rows: [Vec<char>; 3],
    out: Vec<char>,
}

/// Mash of about that many letters: with or without spaces, a third of it with short words in it.
pub(super) fn mash(kind: MashKind, seed: u64, letters: usize) -> String {
    let mut dice = Dice(seed);
    // QWERTY as often as the three others together.
    let board = &BOARDS[dice.between(0, 5).saturating_sub(2)];
    let spacing = dice.between(0, 2);
    let rows = board.rows.map(|row| row.chars().collect());
    let mut masher = Masher { dice, rows, out: Vec::new() };
    let unit = (kind == MashKind::Syllables).then(|| masher.syllable());
    while masher.out.len() < letters {
        masher.more(kind, unit.as_deref());
    }
    if spacing == 0 {
        return masher.out.into_iter().collect();
    }
    let words: Vec<&str> = board.words.split(' ').collect();
    masher.spaced(if spacing == 2 { &words } else { &[] })
}

impl Masher {
    fn more(&mut self, kind: MashKind, unit: Option<&[char]>) {
        match kind {
            MashKind::Rolls => self.roll(),
            MashKind::AnyLetters => {
                let row = self.dice.between(0, 2);
                let key = self.dice.pick(&self.rows[row]);
                self.out.push(key);
            }
            MashKind::TwoHands => self.two_hands(),
            MashKind::MiddleRow => {
                let key = self.dice.pick(&self.rows[1]);
                self.out.push(key);
            }
            MashKind::Syllables => self.out.extend(unit.into_iter().flatten()),
            MashKind::Walk => self.step(),
            MashKind::Cat => self.paw(),
            MashKind::Drumming => self.drum(),
        }
    }

    /// The middle row most of the time, as hands rest there.
    fn row(&mut self) -> usize {
        match self.dice.between(0, 9) {
            0..=6 => 1,
            7 | 8 => 0,
            _ => 2,
        }
    }

    fn roll(&mut self) {
        let row = self.row();
        let keys = self.rows[row].clone();
        let length = self.dice.between(3, 6).min(keys.len());
        let start = self.dice.between(0, keys.len() - length);
        let mut roll = keys[start..start + length].to_vec();
        if self.dice.between(0, 2) == 0 {
            roll.reverse();
        }
        self.out.extend(roll);
    }

    fn two_hands(&mut self) {
        let row = self.dice.between(0, 1);
        let keys = &self.rows[row];
        let (left, right) = keys.split_at(keys.len() / 2);
        let hand = if self.out.len().is_multiple_of(2) { left } else { right };
        self.out.push(self.dice.pick(hand));
    }

    /// Two to four keys of the upper rows, one a consonant at least: "ada" is nearly a word.
    fn syllable(&mut self) -> Vec<char> {
        let length = self.dice.between(2, 4);
        loop {
            let mut unit = Vec::new();
            for _ in 0..length {
                let row = self.row().min(1);
                unit.push(self.dice.pick(&self.rows[row]));
            }
            let vowels = unit.iter().filter(|c| "aeiouyаеиоуыэюя".contains(**c)).count();
            if vowels * 3 <= unit.len() {
                return unit;
            }
        }
    }

    fn step(&mut self) {
        let place = self.out.last().and_then(|last| {
            (0..3).find_map(|row| Some((row, self.rows[row].iter().position(|c| c == last)?)))
        });
        let (row, column) = place.unwrap_or((1, 3));
        let row = (row + self.dice.between(0, 2)).saturating_sub(1).min(2);
        let column = (column + self.dice.between(0, 2)).saturating_sub(1);
        let keys = &self.rows[row];
        self.out.push(keys[column.min(keys.len() - 1)]);
    }

    fn paw(&mut self) {
        let row = self.dice.between(0, 2);
        let keys = self.rows[row].clone();
        let at = self.dice.between(0, keys.len() - 2);
        if self.dice.between(0, 2) == 0 {
            let held = self.dice.between(3, 12);
            self.out.extend(std::iter::repeat_n(keys[at], held));
        } else {
            let pair = [keys[at], keys[at + 1], keys[at], keys[at + 1]];
            let length = self.dice.between(2, 4);
            self.out.extend(&pair[..length]);
        }
    }

    fn drum(&mut self) {
        let row = self.row().min(1);
        let keys = &self.rows[row];
        let start = if self.dice.between(0, 1) == 0 { 0 } else { keys.len() - 4 };
        let mut fingers = keys[start..start + 4].to_vec();
        for _ in 0..self.dice.between(2, 3) {
            let finger = self.dice.between(0, fingers.len() - 1);
            self.out.push(fingers.remove(finger));
        }
    }

    fn spaced(&mut self, words: &[&str]) -> String {
        let mut text = String::new();
        let mut rest = self.out.as_slice();
        while !rest.is_empty() {
            let length = self.dice.between(3, 10).min(rest.len());
            let (chunk, after) = rest.split_at(length);
            text.extend(chunk);
            text.push(' ');
            rest = after;
            if !words.is_empty() && self.dice.between(0, 3) == 0 {
                text.push_str(self.dice.pick(words));
                text.push(' ');
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}
