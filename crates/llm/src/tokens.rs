//! How many tokens a text has for a model of OpenAI's families, and how many each of those takes.
//! Other models' tokens are their engines' business; where nobody can count, callers guess.

use tiktoken_rs::CoreBPE;

/// Tokens that a turn costs besides its text: its role and the marks around it.
pub const TURN_TOKENS: u32 = 4;

/// Bytes of text that are taken for one token where nobody can count. English has about four; what
/// is written in other scripts is counted too high rather than too low, but for a few.
const BYTES_PER_TOKEN: usize = 4;

/// What a text is taken to cost where nobody can count, in tokens.
pub fn estimate_tokens(text: &str) -> u32 {
    estimate_byte_tokens(text.len())
}

/// What so many bytes of text are taken to cost where nobody can count, in tokens.
pub fn estimate_byte_tokens(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(u32::MAX)
}

/// A family of models with one vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vocabulary {
    O200k,
    Cl100k,
}

/// The families, by how the names of their models begin, the longer beginning first; and the tokens
/// that they read and write together (OpenAI's page on its models).
const FAMILIES: [(&str, Vocabulary, u32); 13] = [
    ("gpt-3.5-turbo", Vocabulary::Cl100k, 16_385),
    ("gpt-4-turbo", Vocabulary::Cl100k, 128_000),
    ("gpt-4.1", Vocabulary::O200k, 1_047_576),
    ("gpt-4.5", Vocabulary::O200k, 128_000),
    ("gpt-4o", Vocabulary::O200k, 128_000),
    ("gpt-4", Vocabulary::Cl100k, 8_192),
    ("gpt-5", Vocabulary::O200k, 400_000),
    ("gpt-oss", Vocabulary::O200k, 131_072),
    ("chatgpt-4o", Vocabulary::O200k, 128_000),
    ("o1-mini", Vocabulary::O200k, 128_000),
    ("o1", Vocabulary::O200k, 200_000),
    ("o3", Vocabulary::O200k, 200_000),
    ("o4-mini", Vocabulary::O200k, 200_000),
];

/// The vocabulary of a model and its context, where its name is one of OpenAI's. A provider before
/// the name, as in `openai/gpt-4o`, does not count.
pub(crate) fn family(model: &str) -> Option<(Vocabulary, u32)> {
    let name = model.rsplit('/').next().unwrap_or(model);
    FAMILIES
        .iter()
        .find(|(start, ..)| {
            // `o1` is a model and `o1-preview` is; `o123` is another's.
            name.strip_prefix(start)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', ':']))
        })
        .map(|(_, vocabulary, context)| (*vocabulary, *context))
}

impl Vocabulary {
    /// How many tokens a text has. The first call of a process reads the vocabulary, which takes a
    /// tenth of a second and some 50 MB.
    pub(crate) fn count(self, text: &str) -> u32 {
        u32::try_from(self.table().encode_ordinary(text).len()).unwrap_or(u32::MAX)
    }

    fn table(self) -> &'static CoreBPE {
        match self {
            Self::O200k => tiktoken_rs::o200k_base_singleton(),
            Self::Cl100k => tiktoken_rs::cl100k_base_singleton(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_known_by_how_its_names_begin() {
        for (model, known) in [
            ("gpt-4o-mini", Some((Vocabulary::O200k, 128_000))),
            ("gpt-4", Some((Vocabulary::Cl100k, 8_192))),
            ("gpt-4-0613", Some((Vocabulary::Cl100k, 8_192))),
            ("gpt-4-turbo-2024-04-09", Some((Vocabulary::Cl100k, 128_000))),
            ("openai/gpt-4.1-nano", Some((Vocabulary::O200k, 1_047_576))),
            ("o3", Some((Vocabulary::O200k, 200_000))),
            ("gpt-oss:20b", Some((Vocabulary::O200k, 131_072))),
            ("o365-helper", None),
            ("gpt-4all", None),
            ("llama3.2", None),
        ] {
            assert_eq!(family(model), known, "{model}");
        }
    }

    /// Figures of OpenAI's own tokenizer (the `tiktoken` package for Python).
    #[test]
    fn tokens_are_counted_as_openai_counts_them() {
        for (vocabulary, text, tokens) in [
            (Vocabulary::O200k, "", 0),
            (Vocabulary::O200k, "hello world", 2),
            (Vocabulary::Cl100k, "hello world", 2),
            (Vocabulary::Cl100k, "tiktoken is great!", 6),
            (Vocabulary::O200k, "<|endoftext|>", 7),
        ] {
            assert_eq!(vocabulary.count(text), tokens, "{text}");
        }
    }

    #[test]
    fn an_estimate_is_a_quarter_of_the_bytes() {
        assert_eq!(["", "a", "four", "fives", "ä字🙂"].map(estimate_tokens), [0, 1, 1, 2, 3]);
    }
}
