//! The second built-in responder: it reads a conversation by tokens, stems, sentiment, intent and
//! the names in it, remembers it over its turns, and plans an answer.
//!
//! Text in, text out, without a model, a clock, chance or the network, like `basic`. With it it
//! shares the promise that no six words in a row come twice, the manner, the last safety net, what
//! is said under a journal entry, and the languages it has no words of its own for. What may be said
//! to someone in danger is decided before it, in the crate `care`.

mod compose;
mod intent;
mod memory;
mod names;
mod pack;
mod recall;
mod reply;
mod said;
mod sense;
mod talk;
mod text;

#[cfg(test)]
mod tests;

use futures_util::{StreamExt, stream};

use crate::{Engine, EventStream, Manner, Message, Request, Role, basic};

/// The built-in responder with language processing, as an engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct NlpEngine;

impl Engine for NlpEngine {
    fn name(&self) -> &'static str {
        "nlp"
    }

    fn model(&self) -> &'static str {
        "nlp"
    }

    /// The answer word by word, without delay, then the end with an estimated usage (bytes / 4).
    /// An answer longer than `max_tokens` is cut after a word and ends with
    /// [`crate::FinishReason::Length`]; at least one word always comes.
    fn stream(&self, request: Request) -> EventStream {
        stream::once(
            async move { stream::iter(basic::events(&request, answer).into_iter().map(Ok)) },
        )
        .flatten()
        .boxed()
    }
}

/// The answer to a conversation in a manner. Never empty, at most 600 characters and one question;
/// the same conversation in the same manner always gets the same answer.
fn answer(messages: &[Message], manner: Manner) -> String {
    let danger = messages.iter().rev().find(|message| message.role == Role::User);
    let danger = danger.is_some_and(|message| basic::is_crisis(&message.text));
    let talk = if danger || basic::journal::entry(messages).is_some() {
        None
    } else {
        talk::Talk::read(messages, manner)
    };
    let planned = talk.and_then(|talk| reply::Reply::new(&talk, manner).choose());
    // Danger, a journal entry, a language without a pack, a conversation nobody has opened, or
    // everything said already.
    planned.unwrap_or_else(|| basic::answer(messages, manner))
}
