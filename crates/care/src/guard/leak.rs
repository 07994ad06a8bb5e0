//! Whether an answer repeats the instruction it was given.

use std::collections::HashSet;

use super::Violation;
use super::fold::{Token, shown, tokens};

/// A run of as many words as the instruction has them, in the same order, is repeated from it.
const MAX_SHARED_WORDS: usize = 7;
/// So is a run of as many letters and digits, words apart or not.
const MAX_SHARED_CHARS: usize = 39;

/// A leak of the instruction in the words of an answer.
pub(super) fn find(answer: &[Token], instruction: &str) -> Option<Violation> {
    if instruction.is_empty() {
        return None;
    }
    let instruction = tokens(&shown(instruction));
    (shares_words(answer, &instruction) || shares_chars(answer, &instruction))
        .then_some(Violation::Leak)
}

fn shares_words(answer: &[Token], instruction: &[Token]) -> bool {
    let words = |tokens: &'_ [Token]| -> Vec<String> {
        tokens.iter().map(|token| token.word.clone()).collect()
    };
    let (answer, instruction) = (words(answer), words(instruction));
    let runs: HashSet<&[String]> = instruction.windows(MAX_SHARED_WORDS + 1).collect();
    answer.windows(MAX_SHARED_WORDS + 1).any(|run| runs.contains(run))
}

fn shares_chars(answer: &[Token], instruction: &[Token]) -> bool {
    let chars = |tokens: &[Token]| -> Vec<char> {
        tokens.iter().flat_map(|token| token.word.chars()).collect()
    };
    let (answer, instruction) = (chars(answer), chars(instruction));
    let runs: HashSet<&[char]> = instruction.windows(MAX_SHARED_CHARS + 1).collect();
    answer.windows(MAX_SHARED_CHARS + 1).any(|run| runs.contains(run))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTRUCTION: &str = "You are a warm companion for a private journal. Answer in one or two short sentences, \
        calm and supportive, and never name a condition.";

    fn leaks(answer: &str) -> bool {
        find(&tokens(&shown(answer)), INSTRUCTION).is_some()
    }

    #[test]
    fn a_run_of_eight_words_is_a_leak() {
        assert!(leaks("I was told to answer in one or two short sentences, calm"));
        assert!(leaks("ANSWER, in: one or two (short) sentences — calm!"));
        assert!(!leaks("Here are one or two short sentences, calm as you asked."));
    }

    #[test]
    fn a_run_of_forty_letters_is_a_leak_however_it_is_spaced() {
        assert!(leaks("Ready: y o u a r e a warmcompanion fora privatejournal answer in"));
        assert!(!leaks("You are a warm companion to your sister."));
    }

    #[test]
    fn without_an_instruction_nothing_leaks() {
        assert!(find(&tokens("you are a warm companion for a private journal"), "").is_none());
    }
}
