//! The two ends of the guard: collecting what a model says, and handing out what passed.

use unicode_segmentation::UnicodeSegmentation as _;

use super::{GuardContext, Violation, guard};

/// A model that goes on beyond this many bytes has long said its two sentences.
const MAX_BUFFER_BYTES: usize = 16 * 1024;

/// Collects a model's answer, in whatever pieces it comes, until it is whole.
#[derive(Default)]
pub struct AnswerBuffer {
    text: String,
}

impl AnswerBuffer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next piece. Beyond 16 KiB pieces are dropped; the answer is cut shorter anyway.
    pub fn push(&mut self, piece: &str) {
        let room = MAX_BUFFER_BYTES.saturating_sub(self.text.len());
        self.text.push_str(&piece[..piece.floor_char_boundary(room)]);
    }

    /// Whether more pieces would change nothing.
    pub fn is_full(&self) -> bool {
        self.text.len() + char::MAX_LEN_UTF8 > MAX_BUFFER_BYTES
    }

    /// Guards the whole answer.
    pub fn finish(self, context: &GuardContext<'_>) -> Result<Guarded, Violation> {
        guard(&self.text, context)
    }
}

impl std::fmt::Debug for AnswerBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AnswerBuffer([redacted])")
    }
}

/// An answer that passed the guard: at most two sentences and 280 code points.
#[derive(Clone, PartialEq, Eq)]
pub struct Guarded {
    text: String,
}

impl Guarded {
    pub(super) fn new(text: String) -> Self {
        Self { text }
    }

    /// The answer.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The answer.
    pub fn into_string(self) -> String {
        self.text
    }
}

impl std::fmt::Debug for Guarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guarded([redacted])")
    }
}

/// Hands out a guarded answer in slices of whole words, white space after them included. The
/// slices put together are the answer, and whatever has been handed out at any moment passes the
/// guard by itself: where the words so far would not, the slice goes on to the next word.
pub fn emit(guarded: &Guarded) -> impl Iterator<Item = &str> {
    let text = guarded.as_str();
    let mut start = 0;
    std::iter::from_fn(move || {
        if start == text.len() {
            return None;
        }
        let context = GuardContext::default();
        let cuts = cuts(&text[start..]).map(|cut| start + cut);
        let passes = |&end: &usize| end == text.len() || guard(&text[..end], &context).is_ok();
        let end = cuts.into_iter().find(passes).unwrap_or(text.len());
        let slice = &text[start..end];
        start = end;
        Some(slice)
    })
}

/// Where a slice may end: before each word, and between the words of scripts without spaces.
fn cuts(text: &str) -> impl Iterator<Item = usize> {
    let mut last = None;
    text.split_word_bound_indices()
        .filter_map(move |(at, word)| {
            let first = word.chars().next()?;
            let before = last.replace(word.chars().next_back()?)?;
            let spaced = before.is_whitespace() && !first.is_whitespace();
            (spaced || is_unspaced(before) && is_unspaced(first)).then_some(at)
        })
        .chain([text.len()])
}

/// Letters of scripts that put no spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0EFF}'
        | '\u{1000}'..='\u{109F}'
        | '\u{1780}'..='\u{17FF}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{30FF}'
        | '\u{3400}'..='\u{9FFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slices(text: &str) -> Vec<String> {
        let guarded = guard(text, &GuardContext::default()).expect("it passes");
        emit(&guarded).map(str::to_owned).collect()
    }

    #[test]
    fn slices_are_whole_words() {
        assert_eq!(slices("You did well today."), ["You ", "did ", "well ", "today."]);
        assert_eq!(slices("今日は晴れ。").concat(), "今日は晴れ。");
        assert!(slices("今日は晴れ。").len() > 2);
    }

    #[test]
    fn a_slice_goes_on_where_the_words_so_far_would_not_pass() {
        assert_eq!(slices("… so glad.")[0], "… so ");
        let slices = slices("Your prescription glasses suit you.");
        assert_eq!(slices, ["Your ", "prescription glasses ", "suit ", "you."]);
    }

    #[test]
    fn a_buffer_takes_pieces_and_is_bounded() {
        let mut buffer = AnswerBuffer::new();
        for piece in ["You d", "", "id we", "ll, Zoë."] {
            buffer.push(piece);
        }
        let guarded = buffer.finish(&GuardContext::default()).expect("it passes");
        assert_eq!(guarded.into_string(), "You did well, Zoë.");
        let mut endless = AnswerBuffer::new();
        for _ in 0..10_000 {
            endless.push("You did well. ü");
        }
        assert!(endless.is_full());
        assert!(endless.text.len() <= MAX_BUFFER_BYTES);
    }

    #[test]
    fn answers_are_not_printed() {
        let guarded = guard("A secret.", &GuardContext::default()).expect("it passes");
        assert_eq!(format!("{guarded:?}"), "Guarded([redacted])");
    }
}
