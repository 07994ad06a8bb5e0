//! From a conversation to the next answer.

use super::{
    journal,
    reply::Reply,
    talk::Talk,
    tongue,
    voice::{Occasion, Voice},
    words::general as say,
};
use crate::{Manner, Message};

/// The answer to a conversation in a manner. Never empty, at most 600 characters and one question;
/// the same conversation in the same manner always gets the same answer.
pub(crate) fn answer(messages: &[Message], manner: Manner) -> String {
    if let Some((mood, note)) = journal::entry(messages) {
        return journal::reflect(note, mood, None);
    }
    let talk = Talk::read(messages, manner);
    let english = Voice::new(manner, "en");
    let dress = |voice: Voice, answer: String, occasion: Occasion| {
        voice.dress(answer, occasion, talk.answers.len(), &|text| talk.may_say(text))
    };
    let Some(now) = talk.said.last() else {
        return dress(english, talk.open(), Occasion::Hello);
    };
    if super::is_crisis(now) {
        return say::CRISIS.to_owned();
    }
    let before = talk.said.iter().rev().skip(1).copied();
    let Some(tongue) = tongue::detect(now, before, manner.language) else {
        let reply = Reply::new(&talk);
        let (occasion, sad) = (reply.occasion(), reply.is_sad());
        let voice = if sad && occasion.is_social() { english.gentle() } else { english };
        return dress(voice, reply.choose().unwrap_or_else(|| talk.compose()), occasion);
    };
    match talk.abroad(tongue, now) {
        Some(answer) => {
            dress(Voice::new(manner, tongue.code), answer, tongue::occasion(tongue, now))
        }
        None => talk.compose(),
    }
}
