//! Whether an answer repeats the instruction it was given.

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
    let instruction = words(&tokens(&shown(instruction)));
    let answer = words(answer);
    let letters = answer.concat();
    let letters: Vec<&str> = letters.split("").filter(|letter| !letter.is_empty()).collect();
    let spaced = format!(" {} ", instruction.join(" "));
    let leaks = shares_run(&answer, " ", &spaced, MAX_SHARED_WORDS + 1)
        || shares_run(&letters, "", &instruction.concat(), MAX_SHARED_CHARS + 1);
    leaks.then_some(Violation::Leak)
}

fn words(tokens: &[Token]) -> Vec<String> {
    tokens.iter().map(|token| token.word.clone()).collect()
}

/// Whether so many units of the answer in a row stand in the instruction. Any such run holds half
/// as many from a multiple of that on, so these few are looked for first.
fn shares_run<T: AsRef<str>>(answer: &[T], space: &str, instruction: &str, run: usize) -> bool {
    let is_shared = |units: &[T]| {
        let units: Vec<&str> = units.iter().map(AsRef::as_ref).collect();
        instruction.contains(&format!("{space}{}{space}", units.join(space)))
    };
    answer.chunks_exact(run / 2).any(is_shared) && answer.windows(run).any(is_shared)
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
