//! From tokens to text: whole characters only, and nothing of what only marks the end.

use tokenizers::Tokenizer;

/// What stands for bytes that are no character (yet).
const BROKEN: char = '\u{FFFD}';

/// A character has four bytes at most: what is none after so many tokens will never be one.
const MAX_TOKENS: usize = 4;

/// Makes text of tokens as they come.
///
/// Tokens are decoded together with those before them, because a tokenizer may write a word in
/// another way at the beginning of a text (most drop its first space).
pub(super) struct Detokenizer<'a> {
    tokenizer: &'a Tokenizer,
    tokens: Vec<u32>,
    /// Where the tokens begin that are decoded only for what comes after them.
    context: usize,
    /// Where the tokens begin whose text is not wholly given out.
    pending: usize,
    /// Bytes of the pending text that are given out already.
    given: usize,
    /// Tokens since there was any text.
    waiting: usize,
}

impl<'a> Detokenizer<'a> {
    /// `before` are the tokens that the text goes on from; none for a new text.
    pub(super) fn new(tokenizer: &'a Tokenizer, before: &[u32]) -> Self {
        Self {
            tokenizer,
            tokens: before.to_vec(),
            context: 0,
            pending: before.len(),
            given: 0,
            waiting: 0,
        }
    }

    /// What is certain now that this token is there. What is pending when no token follows is half
    /// a character, and no text.
    pub(super) fn push(&mut self, token: u32) -> String {
        self.tokens.push(token);
        self.waiting += 1;
        let text = self.pending_text();
        let whole = text.trim_end_matches(BROKEN);
        let is_whole = whole.len() == text.len() || self.waiting >= MAX_TOKENS;
        let end = if is_whole { text.len() } else { whole.len() };
        let fresh = text.get(self.given..end).unwrap_or_default().to_owned();
        if is_whole {
            self.context = self.pending;
            self.pending = self.tokens.len();
            self.given = 0;
        } else {
            self.given = self.given.max(end);
        }
        if is_whole || !fresh.is_empty() {
            self.waiting = 0;
        }
        fresh
    }

    fn pending_text(&self) -> String {
        let before = self.decode(&self.tokens[self.context..self.pending]);
        let all = self.decode(&self.tokens[self.context..]);
        match all.strip_prefix(&before) {
            Some(text) => text.to_owned(),
            // What came before reads differently now: bytes of which some are no character.
            None => self.decode(&self.tokens[self.pending..]),
        }
    }

    fn decode(&self, tokens: &[u32]) -> String {
        // Fails for a decoder that cannot be: the tokenizer was tried when it was loaded.
        self.tokenizer.decode(tokens, true).unwrap_or_default()
    }
}

/// Holds text back that may be the beginning of what ends an answer.
pub(super) struct StopText<'a> {
    stops: &'a [String],
    held: String,
}

impl<'a> StopText<'a> {
    pub(super) fn new(stops: &'a [String]) -> Self {
        Self { stops, held: String::new() }
    }

    /// What may be given out, and whether the answer ends with it.
    pub(super) fn push(&mut self, text: &str) -> (String, bool) {
        self.held.push_str(text);
        let first = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min();
        if let Some(end) = first {
            self.held.truncate(end);
            return (std::mem::take(&mut self.held), true);
        }
        let keep = self.stops.iter().map(|stop| overlap(&self.held, stop)).max().unwrap_or(0);
        let rest = self.held.split_off(self.held.len() - keep);
        (std::mem::replace(&mut self.held, rest), false)
    }

    /// What was held back when nothing follows.
    pub(super) fn rest(self) -> String {
        self.held
    }
}

/// Bytes at the end of `text` that `stop` begins with.
fn overlap(text: &str, stop: &str) -> usize {
    let mut ends = stop.char_indices().map(|(at, _)| at).rev();
    ends.find(|&at| text.ends_with(&stop[..at])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokenizer(json: &serde_json::Value) -> Tokenizer {
        Tokenizer::from_bytes(json.to_string()).unwrap()
    }

    /// One token for each byte, in the way that byte-level vocabularies spell them.
    fn byte_level() -> Tokenizer {
        let visible = |byte: u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
        let mut hidden = 256..;
        let vocab: serde_json::Map<_, _> = (0..=255_u8)
            .map(|byte| {
                let code = if visible(byte) { u32::from(byte) } else { hidden.next().unwrap() };
                (char::from_u32(code).unwrap().to_string(), byte.into())
            })
            .collect();
        tokenizer(&serde_json::json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
            "normalizer": null, "post_processor": null,
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false},
            "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false},
            "model": {"type": "BPE", "vocab": vocab, "merges": []},
        }))
    }

    /// The other way: `<0xE2>` for bytes, `▁` for spaces, of which the first is dropped.
    fn byte_fallback() -> Tokenizer {
        let mut vocab: serde_json::Map<_, _> =
            (0..=255_u8).map(|byte| (format!("<0x{byte:02X}>"), byte.into())).collect();
        for (id, word) in (256..).zip(["\u{2581}one", "\u{2581}two", "x"]) {
            vocab.insert(word.to_owned(), id.into());
        }
        tokenizer(&serde_json::json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
            "normalizer": null, "post_processor": null, "pre_tokenizer": null,
            "decoder": {"type": "Sequence", "decoders": [
                {"type": "Replace", "pattern": {"String": "\u{2581}"}, "content": " "},
                {"type": "ByteFallback"}, {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
            "model": {"type": "BPE", "vocab": vocab, "merges": [], "byte_fallback": true},
        }))
    }

    fn pieces(tokenizer: &Tokenizer, before: &[u32], tokens: &[u32]) -> Vec<String> {
        let mut detokenizer = Detokenizer::new(tokenizer, before);
        tokens.iter().map(|token| detokenizer.push(*token)).collect()
    }

    fn bytes(text: &str) -> Vec<u32> {
        text.bytes().map(u32::from).collect()
    }

    #[test]
    fn a_character_comes_when_it_is_whole() {
        for tokenizer in [byte_level(), byte_fallback()] {
            let got = pieces(&tokenizer, &[], &bytes("a€é😀b"));
            assert_eq!(got, ["a", "", "", "€", "", "é", "", "", "", "😀", "b"]);
            // Half a character at the end is none.
            let half = &bytes("h€")[..3];
            assert_eq!(pieces(&tokenizer, &[], half).concat(), "h");
        }
    }

    #[test]
    fn what_is_no_character_does_not_hold_up_what_is() {
        let broken = vec![0xFF; 6];
        let after = [broken.clone(), bytes("so é")].concat();
        let text = pieces(&byte_level(), &[], &after).concat();
        assert_eq!(text.trim_start_matches(BROKEN), "so é");
        // There, bytes in a row are one text or none; a word ends the row.
        let after = [broken, vec![258], bytes("é")].concat();
        let text = pieces(&byte_fallback(), &[], &after).concat();
        assert_eq!(text.trim_start_matches(BROKEN), "xé");
    }

    #[test]
    fn a_space_is_dropped_at_the_beginning_only() {
        let tokenizer = byte_fallback();
        assert_eq!(pieces(&tokenizer, &[], &[256, 257, 258]), ["one", " two", "x"]);
        assert_eq!(pieces(&tokenizer, &[256], &[257, 258]), [" two", "x"]);
    }

    #[test]
    fn what_ends_an_answer_is_never_part_of_it() {
        let stops = ["\nUser:".to_owned(), "<end>".to_owned()];
        let mut text = StopText::new(&stops);
        assert_eq!(text.push("Hi\n"), ("Hi".into(), false));
        assert_eq!(text.push("Us"), (String::new(), false));
        assert_eq!(text.push("e it\nUse"), ("\nUse it".into(), false));
        assert_eq!(text.push("r: more"), (String::new(), true));
        let mut text = StopText::new(&stops);
        assert_eq!(text.push("a<en"), ("a".into(), false));
        assert_eq!(text.rest(), "<en");
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_text(text in "[^\u{FFFD}\\pC]{0,40}") {
            for tokenizer in [byte_level(), byte_fallback()] {
                // One that drops the first space drops it here too.
                let whole = tokenizer.decode(&bytes(&text), true).unwrap();
                prop_assert_eq!(pieces(&tokenizer, &[], &bytes(&text)).concat(), whole);
            }
        }

        #[test]
        fn a_stop_is_found_however_it_comes(before in "[ab\n]{0,9}", cuts in proptest::collection::vec(1..5_usize, 1..9)) {
            let stops = ["\nb:".to_owned()];
            let whole = format!("{before}\nb: after");
            let mut text = StopText::new(&stops);
            let (mut got, mut rest, mut over) = (String::new(), whole.as_str(), false);
            for cut in cuts.into_iter().cycle() {
                if over || rest.is_empty() {
                    break;
                }
                let (piece, later) = rest.split_at(cut.min(rest.len()));
                let (fresh, ended) = text.push(piece);
                got.push_str(&fresh);
                (rest, over) = (later, ended);
            }
            prop_assert!(over);
            prop_assert_eq!(got, before);
        }
    }
}
