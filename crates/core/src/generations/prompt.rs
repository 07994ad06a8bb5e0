//! What a model is told: the instruction, the conversation so far, the new message. Bounded in
//! messages, bytes and images; what was said last is never left out.

use serene_llm::{Image, Message as Turn, Request};

use super::Inner;
use crate::{
    accounts::{Preferences, preferences},
    base::{Error, MessageText, Owner, limits},
    conversations::{Message, MessageStatus, NewAttachment, Role, SafetyTier},
};

/// The instruction, unless the operator gives another.
pub const DEFAULT_INSTRUCTION: &str = "\
You are a calm and attentive companion in a chat. Answer in the language you are written to. \
Be warm, plain and honest; say so when you do not know something. Keep answers as short as the \
question allows. You are not a doctor or a therapist: do not diagnose, and do not advise on \
medicines. Never claim to be human.";

/// Added where the crisis screen found something that is no explicit intent.
const CAREFUL_INSTRUCTION: &str = "\n\n\
The last message touches on suicide or self-harm. Take it seriously, without alarm. Be brief and \
kind, ask how the person is, and suggest somebody they trust or a local support service. Describe \
no method, give no phone number, and play down nothing.";

/// The request for the reply `reply`, from what is stored before it.
pub(super) async fn build(inner: &Inner, owner: Owner, reply: &Message) -> Result<Request, Error> {
    let conversations = &inner.conversations;
    let (conversation_id, position) = (reply.conversation_id, reply.position);
    let messages = conversations.recent(owner, conversation_id, position).await?;
    let shown = window(&messages);
    let mut turns: Vec<Turn> = shown.iter().map(|message| turn(message)).collect();
    if !reply.content.expose().is_empty() {
        // It broke off: the engine goes on with it.
        turns.push(turn(reply));
    }
    if shown.iter().any(|message| !message.attachments.is_empty()) {
        let images = conversations.recent_images(owner, conversation_id, position).await?;
        for (message_id, attachment) in images {
            let place = shown.iter().position(|message| message.id == message_id);
            if let Some(turn) = place.and_then(|index| turns.get_mut(index)) {
                let media_type = attachment.info.media_type.as_str().to_owned();
                turn.images.push(Image { media_type, data: attachment.data });
            }
        }
    }
    let preferences = preferences::read(&inner.base, owner).await?;
    Ok(request(inner, turns, reply.safety_tier, preferences))
}

/// The request for a text that stands by itself.
pub(super) async fn build_once(
    inner: &Inner,
    owner: Owner,
    (text, images): (&MessageText, Vec<NewAttachment>),
    safety_tier: Option<SafetyTier>,
) -> Result<Request, Error> {
    let mut turn = Turn::text(serene_llm::Role::User, text.expose());
    turn.images = images.into_iter().map(NewAttachment::into_image).collect();
    let preferences = preferences::read(&inner.base, owner).await?;
    Ok(request(inner, vec![turn], safety_tier, preferences))
}

/// Puts the instruction before what was said.
fn request(
    inner: &Inner,
    mut turns: Vec<Turn>,
    safety_tier: Option<SafetyTier>,
    preferences: Preferences,
) -> Request {
    let mut instruction = inner.instruction.clone();
    instruction.push_str(&preferences.instruction());
    if safety_tier.is_some() {
        instruction.push_str(CAREFUL_INSTRUCTION);
    }
    turns.insert(0, Turn::text(serene_llm::Role::System, instruction));
    Request {
        messages: turns,
        max_tokens: preferences.max_tokens,
        manner: preferences.manner(),
        ..Request::default()
    }
}

fn turn(message: &Message) -> Turn {
    let role = match message.role {
        Role::User => serene_llm::Role::User,
        Role::Assistant => serene_llm::Role::Assistant,
    };
    Turn::text(role, message.content.expose())
}

/// The newest messages that fit, oldest first. Replies that failed or are empty say nothing, and
/// what spoke of explicit intent is never repeated to a model, nor the answer it got; the last
/// message is there however long it is.
pub(super) fn window(messages: &[Message]) -> Vec<&Message> {
    let mut bytes = 0;
    let mut shown = Vec::new();
    for message in messages.iter().rev().filter(|message| says_something(message)) {
        bytes += message.content.expose().len();
        if bytes > limits::MAX_PROMPT_BYTES && !shown.is_empty() {
            break;
        }
        shown.push(message);
    }
    shown.reverse();
    shown
}

fn says_something(message: &Message) -> bool {
    let kept = match message.role {
        Role::User => true,
        Role::Assistant => message.status.is_final() && message.status != MessageStatus::Failed,
    };
    kept && message.safety_tier != Some(SafetyTier::Explicit)
        && !message.content.expose().is_empty()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::base::{Private, Time};

    fn message(position: i64, role: Role, status: MessageStatus, content: &str) -> Message {
        Message {
            id: Uuid::from_u128(position.unsigned_abs().into()),
            number: position,
            conversation_id: Uuid::nil(),
            position,
            version: 1,
            version_count: 1,
            shown: true,
            role,
            status,
            content: Private::new(content),
            error_code: None,
            safety_tier: None,
            generation_id: None,
            engine: None,
            model: None,
            attachments: Vec::new(),
            created_at: Time::from_micros(0),
            updated_at: Time::from_micros(0),
        }
    }

    fn positions(messages: &[Message]) -> Vec<i64> {
        window(messages).iter().map(|message| message.position).collect()
    }

    #[test]
    fn failed_and_unfinished_replies_are_left_out() {
        let complete = MessageStatus::Complete;
        let messages = [
            message(1, Role::User, complete, "a"),
            message(2, Role::Assistant, MessageStatus::Failed, "I'm"),
            message(3, Role::User, complete, "b"),
            message(4, Role::Assistant, MessageStatus::Stopped, "so far"),
            message(5, Role::User, complete, "c"),
            message(6, Role::Assistant, MessageStatus::Interrupted, ""),
            message(7, Role::User, complete, "d"),
        ];
        assert_eq!(positions(&messages), [1, 3, 4, 5, 7]);
    }

    #[test]
    fn what_spoke_of_explicit_intent_is_not_repeated() {
        let complete = MessageStatus::Complete;
        let mut messages = [
            message(1, Role::User, complete, "a"),
            message(2, Role::User, complete, "b"),
            message(3, Role::Assistant, complete, "c"),
            message(4, Role::User, complete, "d"),
        ];
        messages[0].safety_tier = Some(SafetyTier::Passive);
        messages[1].safety_tier = Some(SafetyTier::Explicit);
        messages[2].safety_tier = Some(SafetyTier::Explicit);
        assert_eq!(positions(&messages), [1, 4]);
    }

    #[test]
    fn the_oldest_are_left_out_first_and_the_last_never() {
        let long = "x".repeat(limits::MAX_PROMPT_BYTES / 2);
        let mut messages: Vec<Message> =
            (1..=4).map(|n| message(n, Role::User, MessageStatus::Complete, &long)).collect();
        assert_eq!(positions(&messages), [3, 4]);
        messages.push(message(5, Role::User, MessageStatus::Complete, &long.repeat(3)));
        assert_eq!(positions(&messages), [5]);
    }
}
