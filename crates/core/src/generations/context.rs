//! The context window: what of a conversation a model is shown, how much that is, and what is left
//! out. Reading the conversation is not here, nor what the instruction says.

use serene_llm::{Engine, TURN_TOKENS, estimate_tokens};
use uuid::Uuid;

use crate::{
    base::{Private, limits},
    conversations::{Message, MessageStatus, Role, SafetyTier},
};

/// How the tokens of a context were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// With the model's own vocabulary. What images cost, and the marks around each turn, is a guess
    /// all the same.
    Tokenizer,
    /// Four bytes to a token.
    Estimate,
}

impl Counting {
    /// The word that is printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tokenizer => "tokenizer",
            Self::Estimate => "estimate",
        }
    }
}

/// Why a message is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOutReason {
    /// Newer ones fill the room.
    NoRoom,
    /// A reply that failed, or is being written.
    NotWhole,
    /// There are no words in it.
    Empty,
    /// It speaks of explicit intent: that is never repeated to a model, nor the answer it got.
    Safety,
}

impl LeftOutReason {
    /// The word that is printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoRoom => "no_room",
            Self::NotWhole => "not_whole",
            Self::Empty => "empty",
            Self::Safety => "safety",
        }
    }
}

/// A message that a model is not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Which.
    pub message_id: Uuid,
    /// Where it stands.
    pub position: i64,
    /// Why.
    pub reason: LeftOutReason,
}

/// A part of what a model is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The message it is, and its position; `None` for the instruction.
    pub message: Option<(Uuid, i64)>,
    /// Whose words they are.
    pub role: serene_llm::Role,
    /// The words.
    pub text: Private,
    /// Images that go with it.
    pub image_count: u32,
    /// What it costs.
    pub tokens: u32,
}

/// What a model would be shown of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The engine that is asked.
    pub engine: &'static str,
    /// Its model.
    pub model: String,
    /// How tokens are counted.
    pub counting: Counting,
    /// What the model reads and writes together, in tokens.
    pub context_tokens: u32,
    /// What of it is kept for the answer.
    pub reply_tokens: u32,
    /// The instruction, then what is shown of the conversation, the oldest first.
    pub parts: Vec<Part>,
    /// What is not shown, the oldest first.
    pub left_out: Vec<LeftOut>,
    /// How many older messages are not even looked at.
    pub older_count: i64,
}

impl Context {
    /// The most tokens that may be sent.
    pub const fn ceiling_tokens(&self) -> u32 {
        self.context_tokens - self.reply_tokens
    }

    /// What would be sent, in tokens.
    pub fn total_tokens(&self) -> u32 {
        self.parts.iter().map(|part| part.tokens).fold(0, u32::saturating_add)
    }

    /// False where the instruction and the last message alone are too much: then nothing is sent.
    pub fn fits(&self) -> bool {
        self.total_tokens() <= self.ceiling_tokens()
    }
}

/// Who is asked, how much they take, and how that is counted.
#[derive(Clone, Debug)]
pub(super) struct Scale<'a> {
    pub(super) engine: &'a dyn Engine,
    pub(super) model: &'a str,
    /// Reads and writes together.
    pub(super) context_tokens: u32,
    /// Kept for the answer.
    pub(super) reply_tokens: u32,
}

impl<'a> Scale<'a> {
    /// The scale of a model. It takes as much as its engine knows, and as the operator allows; at
    /// most half is kept for the answer.
    pub(super) fn new(
        engine: &'a dyn Engine,
        model: &'a str,
        allowed_tokens: u32,
        max_tokens: Option<u32>,
    ) -> Self {
        let known = engine.context_tokens(model).unwrap_or(allowed_tokens);
        let context_tokens = known.min(allowed_tokens);
        let wanted = max_tokens.unwrap_or(limits::DEFAULT_REPLY_TOKENS);
        Self { engine, model, context_tokens, reply_tokens: wanted.min(context_tokens / 2) }
    }

    pub(super) const fn ceiling_tokens(&self) -> u32 {
        self.context_tokens - self.reply_tokens
    }

    pub(super) fn counting(&self) -> Counting {
        match self.engine.count_tokens(self.model, "") {
            Some(_) => Counting::Tokenizer,
            None => Counting::Estimate,
        }
    }

    /// What a turn costs.
    pub(super) fn turn(&self, text: &str, image_count: u32) -> u32 {
        let words = self.words(text);
        let images = image_count.saturating_mul(limits::IMAGE_TOKENS);
        words.saturating_add(images).saturating_add(TURN_TOKENS)
    }

    /// What words cost by themselves.
    pub(super) fn words(&self, text: &str) -> u32 {
        self.engine.count_tokens(self.model, text).unwrap_or_else(|| estimate_tokens(text))
    }
}

/// What is shown of messages, and what is not.
#[derive(Debug, Default)]
pub(super) struct Window<'m> {
    /// The oldest first, with the images that go with each and what it costs.
    pub(super) shown: Vec<(&'m Message, u32, u32)>,
    /// The oldest first.
    pub(super) left_out: Vec<LeftOut>,
}

/// The newest messages that fit into so many tokens, oldest first. What was said last is there
/// however long it is.
pub(super) fn window<'m>(messages: &'m [Message], scale: &Scale<'_>, room: u32) -> Window<'m> {
    let mut window = Window::default();
    let (mut room, mut images, mut full) = (room, limits::MAX_PROMPT_IMAGES, false);
    for message in messages.iter().rev() {
        let reason = match silent(message) {
            Some(reason) => Some(reason),
            None if full => Some(LeftOutReason::NoRoom),
            None => {
                let attached = u32::try_from(message.attachments.len()).unwrap_or(u32::MAX);
                let image_count = attached.min(images);
                let tokens = scale.turn(message.content.expose(), image_count);
                full = tokens > room && !window.shown.is_empty();
                if full {
                    Some(LeftOutReason::NoRoom)
                } else {
                    images -= image_count;
                    room = room.saturating_sub(tokens);
                    window.shown.push((message, image_count, tokens));
                    None
                }
            }
        };
        let left_out = reason.map(|reason| LeftOut {
            message_id: message.id,
            position: message.position,
            reason,
        });
        window.left_out.extend(left_out);
    }
    window.shown.reverse();
    window.left_out.reverse();
    window
}

/// Why a message says nothing to a model, if it does not.
fn silent(message: &Message) -> Option<LeftOutReason> {
    let whole = match message.role {
        Role::User => true,
        Role::Assistant => message.status.is_final() && message.status != MessageStatus::Failed,
    };
    if message.safety_tier == Some(SafetyTier::Explicit) {
        Some(LeftOutReason::Safety)
    } else if !whole {
        Some(LeftOutReason::NotWhole)
    } else if message.content.expose().is_empty() {
        Some(LeftOutReason::Empty)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serene_llm::BasicEngine;

    use super::*;
    use crate::base::Time;

    const COMPLETE: MessageStatus = MessageStatus::Complete;

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

    fn scale(allowed_tokens: u32, max_tokens: Option<u32>) -> Scale<'static> {
        Scale::new(&BasicEngine, "basic", allowed_tokens, max_tokens)
    }

    /// The positions that are shown in so much room, and those that are not, with the reason.
    fn split(messages: &[Message], room: u32) -> (Vec<i64>, Vec<(i64, &'static str)>) {
        let Window { shown, left_out } = window(messages, &scale(100_000, None), room);
        let spent: u32 = shown.iter().map(|(.., tokens)| tokens).sum();
        assert!(spent <= room || shown.len() == 1, "{spent} of {room}");
        (
            shown.iter().map(|(message, ..)| message.position).collect(),
            left_out.iter().map(|one| (one.position, one.reason.as_str())).collect(),
        )
    }

    #[test]
    fn failed_and_unfinished_replies_are_left_out() {
        let messages = [
            message(1, Role::User, COMPLETE, "a"),
            message(2, Role::Assistant, MessageStatus::Failed, "I'm"),
            message(3, Role::User, COMPLETE, "b"),
            message(4, Role::Assistant, MessageStatus::Stopped, "so far"),
            message(5, Role::User, COMPLETE, "c"),
            message(6, Role::Assistant, MessageStatus::Interrupted, ""),
            message(7, Role::User, COMPLETE, "d"),
        ];
        let left_out = vec![(2, "not_whole"), (6, "empty")];
        assert_eq!(split(&messages, 1_000), (vec![1, 3, 4, 5, 7], left_out));
    }

    #[test]
    fn what_spoke_of_explicit_intent_is_not_repeated() {
        let mut messages = [
            message(1, Role::User, COMPLETE, "a"),
            message(2, Role::User, COMPLETE, "b"),
            message(3, Role::Assistant, COMPLETE, "c"),
            message(4, Role::User, COMPLETE, "d"),
        ];
        messages[0].safety_tier = Some(SafetyTier::Passive);
        messages[1].safety_tier = Some(SafetyTier::Explicit);
        messages[2].safety_tier = Some(SafetyTier::Explicit);
        assert_eq!(split(&messages, 1_000), (vec![1, 4], vec![(2, "safety"), (3, "safety")]));
    }

    #[test]
    fn the_oldest_are_left_out_first_and_the_last_never() {
        let long = "x".repeat(400);
        let mut messages: Vec<Message> =
            (1..=4).map(|n| message(n, Role::User, COMPLETE, &long)).collect();
        let no_room = |positions: &[i64]| positions.iter().map(|n| (*n, "no_room")).collect();
        assert_eq!(split(&messages, 208), (vec![3, 4], no_room(&[1, 2])));
        assert_eq!(split(&messages, 207), (vec![4], no_room(&[1, 2, 3])));
        // A short one before a long one is not shown either: there would be a hole.
        messages[0] = message(1, Role::User, COMPLETE, "x");
        assert_eq!(split(&messages, 220), (vec![3, 4], no_room(&[1, 2])));
        messages.push(message(5, Role::User, COMPLETE, &long.repeat(3)));
        assert_eq!(split(&messages, 10), (vec![5], no_room(&[1, 2, 3, 4])));
    }

    #[test]
    fn at_most_half_is_kept_for_the_answer() {
        assert_eq!(scale(10_000, None).ceiling_tokens(), 10_000 - limits::DEFAULT_REPLY_TOKENS);
        assert_eq!(scale(10_000, Some(4_000)).ceiling_tokens(), 6_000);
        assert_eq!(scale(10_000, Some(8_000)).ceiling_tokens(), 5_000);
    }

    #[test]
    fn images_cost_and_only_the_newest_few_do() {
        let scale = scale(100_000, None);
        assert_eq!(scale.turn("four", 0), 1 + TURN_TOKENS);
        assert_eq!(scale.turn("", 2), 2 * limits::IMAGE_TOKENS + TURN_TOKENS);
    }
}
