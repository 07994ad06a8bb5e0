//! The built-in responder: the engine that answers when no model is connected.
//!
//! Text in, text out, without a model, a clock, chance or the network: the same conversation always
//! gets the same answer. It picks up what was said, by the rules in this room and the words in
//! `words/`, and it never says six words in a row twice in one conversation. What may be said to
//! someone in danger is decided before it, in the crate `care`; the fixed sentence here is a last
//! safety net.

mod act;
mod digest;
pub(crate) mod journal;
mod lines;
mod manners;
pub(crate) mod mirror;
pub(crate) mod nouns;
mod reply;
mod respond;
pub(crate) mod said;
mod sense;
pub(crate) mod spans;
mod talk;
pub(crate) mod text;
pub(crate) mod tongue;
pub(crate) mod voice;
mod wish;
pub(crate) mod words;

use futures_util::{StreamExt, stream};

use crate::{
    Engine, Event, EventStream, FinishReason, Manner, Message, Request, Role, Usage,
    estimate_byte_tokens,
};

pub use digest::digest;
pub use journal::reflect;
pub(crate) use respond::answer;

/// The built-in responder as an engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct BasicEngine;

impl Engine for BasicEngine {
    fn name(&self) -> &'static str {
        "basic"
    }

    fn model(&self) -> &'static str {
        "basic"
    }

    /// The answer word by word, without delay, then the end with an estimated usage (bytes / 4).
    /// An answer longer than `max_tokens` is cut after a word and ends with
    /// [`FinishReason::Length`]; at least one word always comes.
    fn stream(&self, request: Request) -> EventStream {
        stream::once(
            async move { stream::iter(events(&request, respond::answer).into_iter().map(Ok)) },
        )
        .flatten()
        .boxed()
    }
}

/// How a responder answers a conversation in a manner.
pub(crate) type Respond = fn(&[Message], Manner) -> String;

/// The answer to a request as a stream's events: word by word, cut at `max_tokens`, then the end.
pub(crate) fn events(request: &Request, respond: Respond) -> Vec<Event> {
    let turns = match request.begun() {
        "" => request.messages.as_slice(),
        _ => request.messages.split_last().map_or(&[][..], |(_, turns)| turns),
    };
    // The same turns get the same answer: the rest of it is what comes after its beginning.
    let answer = request.rest_of(wished(request, turns, respond));
    let most = request.max_tokens.map_or(usize::MAX, |tokens| {
        usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(4)
    });
    let mut events = Vec::new();
    let mut written = 0;
    for word in answer.split_inclusive(' ') {
        if written > 0 && written + word.trim_end().len() > most {
            break;
        }
        written += word.len();
        events.push(Event::Delta(word.to_owned()));
    }
    let read = request.messages.iter().map(|message| message.text.len()).sum();
    let usage = Usage {
        prompt_tokens: estimate_byte_tokens(read),
        completion_tokens: estimate_byte_tokens(written),
        cached_tokens: 0,
        estimated: true,
    };
    let reason = if written < answer.len() { FinishReason::Length } else { FinishReason::Stop };
    events.push(Event::Finished { reason, usage: Some(usage) });
    events
}

/// The answer, as far as the person's own wishes and their account have a say in it: not in an answer
/// to a journal entry, nor to somebody in danger.
fn wished(request: &Request, turns: &[Message], respond: Respond) -> String {
    let answer = || respond(turns, request.manner);
    let in_danger = turns.iter().rev().find(|turn| turn.role == Role::User);
    if in_danger.is_some_and(|turn| is_crisis(&turn.text)) || journal::entry(turns).is_some() {
        return answer();
    }
    let answer = wish::fact(&request.person, turns).unwrap_or_else(answer);
    wish::shape(&request.person, turns, answer)
}

/// True for the words that call for the fixed sentence: a last net below the crate `care`.
pub(crate) fn is_crisis(text: &str) -> bool {
    let letters: String =
        text::fold(text).chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let line = format!(" {} ", letters.split_whitespace().collect::<Vec<_>>().join(" "));
    // Whole words, but for the endings of "suicidal" and "self-harming"; "want to diet" is none.
    let mut starts = line.match_indices(' ').map(|(at, _)| &line[at + 1..]);
    starts.any(|rest| words::general::CRISIS_PHRASES.iter().any(|phrase| rest.starts_with(phrase)))
}

/// With a capital in front.
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
