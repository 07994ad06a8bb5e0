//! What hands do on a keyboard when they mean nothing: neighbouring keys, one row, the same few
//! keys again.

use std::sync::LazyLock;

use super::letters::Word;

/// How the keys of a text stand to each other.
#[derive(Clone, Copy, Default)]
pub(super) struct Keys {
    /// Pairs of letters within words that lie side by side on one row, or are the same key.
    pub(super) neighbours: f32,
    /// Letters on the row that has most of them.
    pub(super) one_row: f32,
    /// Letters at which three letters in a row end that were typed shortly before.
    pub(super) repeated: f32,
    /// Letters that repeat the one before, twice and more.
    pub(super) held: f32,
}

/// The three rows of a keyboard.
type Layout = [&'static str; 3];

/// The rows of QWERTY, QWERTZ, AZERTY and ЙЦУКЕН (with its Bulgarian and Serbian kin).
const LAYOUTS: [Layout; 6] = [
    ["qwertyuiop", "asdfghjklñ", "zxcvbnm"],
    ["qwertzuiopü", "asdfghjklöä", "yxcvbnm"],
    ["azertyuiop", "qsdfghjklmù", "wxcvbn"],
    ["йцукенгшщзхъї", "фывапролджэ", "ячсмитьбю"],
    ["љњертзуиопшђ", "асдфгхјклчћ", "ѕџцвбнм"],
    ["явертъуиопшщ", "асдфгхйкл", "зьцжбнм"],
];

/// How far back the same three letters are looked for, in letters.
const REACH: usize = 12;

#[derive(Clone, Copy)]
struct Key {
    row: u8,
    column: u8,
}

/// The keys of every layout, by character; the last one here is `џ`.
static KEYS: LazyLock<Vec<[Option<Key>; LAYOUTS.len()]>> = LazyLock::new(|| {
    let mut table = vec![[None; LAYOUTS.len()]; 0x460];
    for (layout, rows) in LAYOUTS.iter().enumerate() {
        for (row, keys) in (0..).zip(rows) {
            for (column, c) in (0..).zip(keys.chars()) {
                table[c as usize][layout] = Some(Key { row, column });
            }
        }
    }
    table['і' as usize] = table['ы' as usize]; // the same key in Ukraine
    table
});

fn layout_figures(words: &[&Word], layout: usize) -> (usize, usize) {
    let mut near = 0;
    let mut rows = [0; 3];
    for word in words {
        let mut last: Option<Key> = None;
        for &c in &word.keys {
            let here = KEYS.get(c as usize).and_then(|keys| keys[layout]);
            if let Some(here) = here {
                rows[usize::from(here.row)] += 1;
                near += usize::from(last.is_some_and(|last| {
                    last.row == here.row && last.column.abs_diff(here.column) <= 1
                }));
            }
            last = here;
        }
    }
    (near, rows.into_iter().max().unwrap_or(0))
}

/// Measures words as typed.
pub(super) fn keys(words: &[&Word]) -> Keys {
    let letters: Vec<char> = words.iter().flat_map(|word| word.keys.iter().copied()).collect();
    let pairs = letters.len().saturating_sub(words.len());
    let figures = (0..LAYOUTS.len()).map(|layout| layout_figures(words, layout));
    let (near, row) = figures.fold((0, 0), |(near, row), (n, r)| (near.max(n), row.max(r)));
    let held = letters.windows(3).filter(|w| w[0] == w[1] && w[1] == w[2]).count();
    Keys {
        neighbours: super::share(near, pairs),
        one_row: super::share(row, letters.len()),
        repeated: super::share(repeated(&letters), letters.len().saturating_sub(3)),
        held: super::share(held, letters.len()),
    }
}

/// How many positions end three letters that stand within reach before, too.
fn repeated(letters: &[char]) -> usize {
    (3..letters.len())
        .filter(|&end| {
            let three = &letters[end - 2..=end];
            let back = &letters[(end - 2).saturating_sub(REACH)..end];
            back.windows(3).any(|w| w == three)
        })
        .count()
}
