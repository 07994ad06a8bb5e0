//! Digits that look like a telephone number, and the short codes of emergency lines.

use super::Violation;
use super::fold::Token;
use super::lexicon::asks_to_call;

/// Short codes that mean a line for emergencies wherever they stand.
const CODES: [&str; 6] = ["988", "911", "112", "116123", "131114", "741741"];
/// Numbers that mean one only where somebody is asked to call.
const CALLED_CODES: &str = " 000 061 100 102 103 108 110 111 113 115 116 117 118 119 120 122 123 133 135 137 140 141 143 144 147 \
    150 155 182 188 190 192 193 197 199 999 1099 1122 1323 1393 1577 1737 1925 3114 4357 9152 15 17 18 103 13 ";
/// How many words before a number may ask to call it.
const CALL_REACH: usize = 5;
/// As many digits as a telephone number has at least.
const MIN_DIGITS: usize = 7;
const MIN_DIGITS_AFTER_PLUS: usize = 6;
/// As many digits as anybody is asked to call, at least.
const MIN_DIGITS_CALLED: usize = 5;
/// As many spelled digits in a row; counting breaths ends before.
const MIN_SPELLED: usize = 7;

const SPELLED: &str = " zero oh nought one two three four five six seven eight nine cero uno dos tres cuatro cinco seis siete ocho \
    nueve un deux trois quatre cinq sept huit neuf null eins zwei zwo drei vier funf sechs sieben acht neun due tre \
    quattro cinque sei sette otto nove um dois meia quatro sete oito nul een twee drie vijf zes zeven acht negen ноль один \
    два три четыре пять шесть семь восемь девять ";

/// A run of digits with the signs of a number between them.
struct Run<'a> {
    groups: Vec<&'a str>,
    plus: bool,
    /// The text before it.
    before: &'a str,
    /// The text after it.
    after: &'a str,
}

fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '–' | '—' | '‐' | '‑' | '.' | '/' | '(' | ')' | '·' | '_' | '*')
}

/// The runs of digits in a text.
fn runs(text: &str) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find(|c: char| c.is_ascii_digit()) {
        let start = at + offset;
        let mut groups = Vec::new();
        let mut end = start;
        loop {
            let rest = &text[end..];
            let gap = rest.find(|c| !is_separator(c)).unwrap_or(rest.len());
            let digits = &rest[gap..];
            let length = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            // A sentence may end between two numbers.
            let apart = rest[..gap].chars().count() > 3 || rest.starts_with(". ");
            if length == 0 || !groups.is_empty() && apart {
                break;
            }
            groups.push(&digits[..length]);
            end += gap + length;
        }
        let plus = text[..start].trim_end_matches(is_separator).ends_with('+');
        runs.push(Run { groups, plus, before: &text[..start], after: &text[end..] });
        at = end;
    }
    runs
}

impl Run<'_> {
    fn digits(&self) -> String {
        self.groups.concat()
    }

    /// `2026-05-12`, `12.05.2026`, `2019-2024`, `1 000 000`.
    fn is_date_or_amount(&self) -> bool {
        let value = |group: &str| group.parse::<u32>().unwrap_or(u32::MAX);
        let year = |group: &&str| group.len() == 4 && (1800..=2199).contains(&value(group));
        let part = |group: &&str| group.len() <= 2 && (1..=31).contains(&value(group));
        match self.groups.as_slice() {
            [y, m, d] if year(y) => part(m) && part(d),
            [d, m, y] if year(y) => part(d) && part(m),
            [from, to] => year(from) && year(to) || value(to) == 0 && to.len() == 3,
            [first, rest @ ..] if !rest.is_empty() => {
                first.len() <= 3 && rest.iter().all(|group| *group == "000")
            }
            _ => false,
        }
    }

    /// `1-800-TALK`, `0800`: the beginning of a free number.
    fn is_free_number(&self) -> bool {
        let free = |group: &str| matches!(group, "0800" | "0808" | "00800" | "0300" | "0845");
        let vanity = self.after.starts_with('-')
            && self.after[1..].starts_with(|c: char| c.is_ascii_alphabetic());
        match self.groups.as_slice() {
            ["1", "800" | "888" | "877" | "866"] | ["800" | "1800" | "1300"] => vanity,
            [first, ..] => free(first),
            [] => false,
        }
    }

    /// Whether it is a number of its own: not part of a decimal, a percentage, a time or a name.
    /// Scripts without spaces write their words right behind it.
    fn stands_alone(&self) -> bool {
        let is_latin = |c: char| c.is_alphabetic() && c < '\u{250}';
        let before = self.before.chars().next_back();
        let after = self.after.chars().next();
        !before.is_some_and(|c| matches!(c, ',' | ':' | '$' | '€' | '£') || is_latin(c))
            && !after.is_some_and(|c| matches!(c, '%' | ':' | '°') || is_latin(c))
            && !self.before.trim_end().to_lowercase().ends_with("porsche")
    }
}

/// A telephone number or an emergency code; `words` are the tokens of `shown`.
pub(super) fn find(shown: &str, words: &[Token]) -> Option<Violation> {
    let has_number = runs(shown).iter().any(is_phone_number) || has_spelled_number(words);
    has_number.then_some(Violation::PhoneNumber)
}

fn is_phone_number(run: &Run<'_>) -> bool {
    let digits = run.digits();
    if run.is_free_number() {
        return true;
    }
    if run.is_date_or_amount() && !run.plus {
        return false;
    }
    let needed = if run.plus { MIN_DIGITS_AFTER_PLUS } else { MIN_DIGITS };
    if digits.len() >= needed {
        return true;
    }
    if !run.stands_alone() {
        return false;
    }
    let one_by_one = run.groups.iter().all(|group| group.len() == 1);
    let as_written = run.groups.len() == 1 || one_by_one || digits.len() > 3;
    let code = as_written && CODES.contains(&digits.as_str());
    let callable =
        digits.len() >= MIN_DIGITS_CALLED || CALLED_CODES.contains(&format!(" {digits} "));
    code || callable && is_called(run)
}

fn is_called(run: &Run<'_>) -> bool {
    let before = super::fold::tokens(run.before);
    let near = before.len().saturating_sub(CALL_REACH);
    let after = super::fold::tokens(run.after);
    asks_to_call(&before[near..]) || asks_to_call(&after[..after.len().min(2)])
}

fn has_spelled_number(words: &[Token]) -> bool {
    words
        .chunk_by(|a, b| is_spelled(a) && is_spelled(b))
        .any(|run| run.len() >= MIN_SPELLED && run.iter().all(is_spelled))
}

fn is_spelled(token: &Token) -> bool {
    !token.word.is_empty() && SPELLED.contains(&format!(" {} ", token.word))
}

#[cfg(test)]
mod tests {
    use super::super::fold::{shown, tokens};
    use super::*;

    fn is_number(text: &str) -> bool {
        let shown = shown(text);
        find(&shown, &tokens(&shown)).is_some()
    }

    #[test]
    fn numbers_to_call_are_found() {
        for text in [
            "dial 988",
            "112 is there",
            "call 999 now",
            "116 123, day and night",
            "(030) 123-4567",
            "+44 116 123",
            "0800 111 0 111",
            "1-800-273-8255",
            "1-800-LIFELINE",
            "ring ١١٢",
            "text 85258",
            "nine one one two three four five six",
            "１１６ １２３",
            "zadzwoń pod 999",
            "请拨打 120",
        ] {
            assert!(is_number(text), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "I slept 3 hours",
            "you walked 10,000 steps and 1 000 000 more",
            "on 2026-05-12, 12.05.2026 and 5/12/2026",
            "from 2019-2024",
            "at 7:30, 24/7, 50/50, 3.5 km",
            "999 reasons to smile",
            "breathe in, one two three four, and out",
            "your Porsche 911",
            "chapter 12. 45 pages were left",
            "9/11 was long ago",
        ] {
            assert!(!is_number(text), "{text}");
        }
    }
}
