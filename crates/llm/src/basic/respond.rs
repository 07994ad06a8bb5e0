//! From a conversation to the next answer.

use super::{reply::Reply, talk::Talk, tongue, words::general as say};
use crate::Message;

/// The answer to a conversation. Never empty, at most 600 characters and one question; the same
/// conversation always gets the same answer.
pub(super) fn answer(messages: &[Message]) -> String {
    let talk = Talk::read(messages);
    let Some(now) = talk.said.last() else { return talk.open() };
    if super::is_crisis(now) {
        return say::CRISIS.to_owned();
    }
    let before = talk.said.iter().rev().skip(1).copied();
    let spoken = match tongue::detect(now, before) {
        Some(tongue) => talk.abroad(tongue, now),
        None => Reply::new(&talk).choose(),
    };
    spoken.unwrap_or_else(|| talk.compose())
}
