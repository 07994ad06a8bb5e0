//! The integers that some contracts print for conversations and messages.

/// The integer in a path. What is none, or does not fit, names nothing: `None`.
pub(crate) fn number(text: &str) -> Option<i64> {
    let digits = (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}
