//! What a model may say back: one or two calm sentences, and nothing that a reply to a private note
//! must not hold. The whole answer is buffered, checked by [`guard`], and only then handed out, word
//! by word, by [`emit`]: a word that was shown cannot be taken back.
//!
//! It reads words, not meaning. It knows the vocabulary of fifteen languages in `data/guard`, in
//! plain spelling and in the usual disguises (other cases, marks, look-alike letters, `d3pr3ssion`,
//! `d e p r e s s i o n`, `dis-order`, `symptoooom`), but not a clinical claim made in everyday
//! words, nor words with letters starred or with a space put into them.

mod answer;
mod clean;
mod fold;
mod leak;
mod lexicon;
mod links;
mod numbers;
mod report;
mod sentences;

pub use answer::{AnswerBuffer, Guarded, emit};
pub use report::{Report, report};

/// The most a guarded answer holds, in Unicode code points.
pub const MAX_REPLY_CHARS: usize = 280;
/// The most sentences a guarded answer holds.
pub const MAX_SENTENCES: usize = 2;

/// What the guard needs to know besides the answer.
#[derive(Clone, Copy, Default)]
pub struct GuardContext<'a> {
    /// The instruction the model was given; an answer that repeats it is a leak. Empty: there is
    /// nothing to leak.
    pub instruction: &'a str,
}

impl std::fmt::Debug for GuardContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GuardContext { instruction: [redacted] }")
    }
}

/// Why an answer may not be shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum Violation {
    /// No letter in it.
    #[error("the answer is empty")]
    Empty,
    /// The first sentence alone is beyond [`MAX_REPLY_CHARS`].
    #[error("the answer is too long")]
    TooLong,
    /// Clinical vocabulary, or advice to seek treatment.
    #[error("the answer uses clinical words")]
    Clinical,
    /// "You have", "you are", "it looks like" and the name of a condition.
    #[error("the answer names a condition")]
    Condition,
    /// Emergency services, hotlines, self-harm: what crisis resources are for.
    #[error("the answer gives crisis instructions")]
    Crisis,
    /// Digits, or spelled digits, that look like a telephone number.
    #[error("the answer holds a telephone number")]
    PhoneNumber,
    /// An address on the web, whole, bare or spelled.
    #[error("the answer holds a link")]
    Link,
    /// An e-mail address.
    #[error("the answer holds an e-mail address")]
    Email,
    /// A markdown link or image, or HTML.
    #[error("the answer holds markup")]
    Markup,
    /// A piece of the instruction.
    #[error("the answer repeats its instruction")]
    Leak,
}

impl Violation {
    /// Every violation.
    pub const ALL: [Self; 10] = [
        Self::Empty,
        Self::TooLong,
        Self::Clinical,
        Self::Condition,
        Self::Crisis,
        Self::PhoneNumber,
        Self::Link,
        Self::Email,
        Self::Markup,
        Self::Leak,
    ];

    /// A code for logs and metrics that never changes.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "REPLY_EMPTY",
            Self::TooLong => "REPLY_TOO_LONG",
            Self::Clinical => "REPLY_CLINICAL",
            Self::Condition => "REPLY_CONDITION",
            Self::Crisis => "REPLY_CRISIS",
            Self::PhoneNumber => "REPLY_PHONE_NUMBER",
            Self::Link => "REPLY_LINK",
            Self::Email => "REPLY_EMAIL",
            Self::Markup => "REPLY_MARKUP",
            Self::Leak => "REPLY_LEAK",
        }
    }
}

/// Cuts a model's answer to two sentences and [`MAX_REPLY_CHARS`] and checks what is left.
///
/// White space becomes single spaces; control and invisible format characters go. A third sentence
/// is cut off; if two are too long, so is the second. What comes out passes again unchanged.
pub fn guard(answer: &str, context: &GuardContext<'_>) -> Result<Guarded, Violation> {
    let text = cut(&clean::clean(answer));
    check(&text, context)?;
    Ok(Guarded::new(text))
}

/// At most two sentences, on one line, and only the first if both are too long.
fn cut(lines: &str) -> String {
    let ends = sentences::ends(lines);
    let take = |count: usize| {
        let end = ends.get(count - 1).or(ends.last()).copied().unwrap_or(0);
        clean::one_line(&lines[..end])
    };
    let mut text = take(MAX_SENTENCES);
    if text.chars().count() > MAX_REPLY_CHARS {
        text = take(1);
    }
    text
}

fn check(text: &str, context: &GuardContext<'_>) -> Result<(), Violation> {
    if !text.chars().any(char::is_alphabetic) {
        return Err(Violation::Empty);
    }
    if text.chars().count() > MAX_REPLY_CHARS {
        return Err(Violation::TooLong);
    }
    let shown = fold::shown(text);
    let words = fold::tokens(&shown);
    let found = links::find(&shown)
        .or_else(|| lexicon::find(&shown, &words))
        .or_else(|| numbers::find(&shown, &words))
        .or_else(|| leak::find(&words, context.instruction));
    found.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests;
