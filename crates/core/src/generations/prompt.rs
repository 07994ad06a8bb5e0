//! What a model is asked: who is asked, the instruction, what is shown of the conversation. How much
//! of it fits is decided in `context`, and what the instruction says in `instruction`.

use std::sync::Arc;

use serene_llm::{Image, Manner, Message as Turn, Request};
use uuid::Uuid;

use super::{
    Inner,
    context::{Context, LeftOutReason, Part, Scale, Window, window},
    instruction::{Instruction, LEFT_OUT},
};
use crate::{
    accounts::{
        Preferences,
        preferences::{self, Person},
    },
    base::{Error, MessageText, Owner, Private, limits},
    conversations::{self, Message, NewAttachment, Role, SafetyTier},
};

/// Who is asked for whom, and how they want to be spoken to.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    person: Person,
    preferences: Preferences,
    /// The engine that is asked.
    pub(super) engine: &'static str,
    /// Its model.
    pub(super) model: String,
}

/// Who is asked where: in a conversation, or for a text that stands by itself.
pub(super) async fn asking(
    inner: &Inner,
    owner: Owner,
    conversation_id: Option<Uuid>,
) -> Result<Asking, Error> {
    let (person, mut preferences) = preferences::read(&inner.base, owner).await?;
    if let Some(id) = conversation_id {
        let here = conversations::preferences::read(&inner.base, owner, id).await?;
        preferences = here.or(preferences);
    }
    // A model that was chosen once and is offered no more is as good as never chosen.
    let chosen = preferences.model.as_deref();
    let offered = chosen.and_then(|model| Some((inner.engine.offers(model)?, model)));
    let (engine, model) = offered.unwrap_or((inner.engine.name(), inner.engine.model()));
    let model = model.to_owned();
    Ok(Asking { person, preferences, engine, model })
}

impl Asking {
    fn scale<'a>(&'a self, inner: &'a Inner) -> Scale<'a> {
        let max_tokens = self.preferences.max_tokens;
        Scale::new(&*inner.engine, &self.model, inner.context_tokens, max_tokens)
    }

    fn instruction(&self, inner: &Inner, careful: bool) -> String {
        let instruction = Instruction {
            operator: &inner.instruction,
            person: &self.person,
            preferences: &self.preferences,
            now: inner.base.clock.now(),
            careful,
        };
        instruction.text()
    }

    /// How an engine is to speak that follows no instruction.
    fn manner(&self) -> Manner {
        let temperature = self.preferences.temperature;
        Manner {
            personality: self.preferences.personality,
            address_style: self.preferences.address_style,
            language: self.person.language.and_then(|it| it.as_str().as_bytes().try_into().ok()),
            variety: temperature.map_or(0, preferences::Temperature::hundredths),
        }
    }

    /// What an engine is to know of the person that follows no instruction.
    fn known(&self, inner: &Inner) -> serene_llm::Person {
        let country = self.person.country;
        serene_llm::Person {
            country: country.map(|country| country.as_str().to_owned()),
            today: self.person.today(inner.base.clock.now()).map(|day| day.to_string()),
            wish: self.preferences.instruction.as_ref().map(|wish| wish.expose().to_owned()),
        }
    }

    /// The most that may be written after a prompt of so many tokens, where somebody says so.
    pub(super) fn most_tokens(&self, inner: &Inner, total_tokens: u32) -> Option<u32> {
        let room = self.scale(inner).context_tokens.saturating_sub(total_tokens).max(1);
        self.preferences.max_tokens.map(|tokens| tokens.min(room))
    }

    /// The request with these turns, of which all together cost so much.
    fn request(&self, inner: &Inner, turns: Vec<Turn>, total_tokens: u32) -> Request {
        Request {
            messages: turns,
            model: Some(self.model.clone()),
            manner: self.manner(),
            person: self.known(inner),
            max_tokens: self.most_tokens(inner, total_tokens),
            temperature: self.preferences.temperature.map(preferences::Temperature::as_f32),
        }
    }
}

/// What is shown of a conversation before a position, and the turns that say it: without their
/// images. `reply` is what is written at that position so far, `unsaved` a message before it that is
/// not stored yet.
pub(super) async fn plan(
    inner: &Inner,
    owner: Owner,
    asking: &Asking,
    (conversation_id, position): (Uuid, i64),
    (unsaved, reply): (Option<&Message>, Option<&Message>),
) -> Result<Context, Error> {
    let mut messages = inner.conversations.recent(owner, conversation_id, position).await?;
    messages.extend(unsaved.cloned());
    let scale = asking.scale(inner);
    let last = messages.iter().rev().find(|message| message.role == Role::User);
    let tier = reply.or(last).and_then(|message| message.safety_tier);
    let mut instruction = asking.instruction(inner, tier.is_some());
    // It broke off: the engine goes on with it.
    let begun = reply.filter(|reply| !reply.content.expose().is_empty());
    let begun_tokens = begun.map_or(0, |reply| scale.turn(reply.content.expose(), 0));
    let mut instruction_tokens = scale.turn(&instruction, 0);
    let fixed = instruction_tokens + scale.words(LEFT_OUT) + begun_tokens;
    let room = scale.ceiling_tokens().saturating_sub(fixed);
    let Window { shown, left_out } = window(&messages, &scale, room);
    let unread = messages.len() >= limits::MAX_PROMPT_MESSAGES as usize
        && messages.first().is_some_and(|first| first.position > 1);
    if unread || left_out.iter().any(|one| one.reason == LeftOutReason::NoRoom) {
        instruction.push_str(LEFT_OUT);
        instruction_tokens = scale.turn(&instruction, 0);
    }
    let system = Part {
        message: None,
        role: serene_llm::Role::System,
        tokens: instruction_tokens,
        text: Private::new(instruction),
        image_count: 0,
    };
    let part = |(message, image_count, tokens): (&Message, u32, u32)| Part {
        message: Some((message.id, message.position)),
        role: role(message),
        text: message.content.clone(),
        image_count,
        tokens,
    };
    let begun = begun.map(|reply| (reply, 0, begun_tokens));
    Ok(Context {
        engine: asking.engine,
        model: asking.model.clone(),
        counting: scale.counting(),
        context_tokens: scale.context_tokens,
        reply_tokens: scale.reply_tokens,
        parts: std::iter::once(system).chain(shown.into_iter().chain(begun).map(part)).collect(),
        left_out,
        older_count: 0,
    })
}

/// The request for the reply `reply`, from what is stored before it; and what it is made of.
pub(super) async fn build(
    inner: &Inner,
    owner: Owner,
    asking: &Asking,
    reply: &Message,
) -> Result<(Context, Request), Error> {
    let (conversation_id, position) = (reply.conversation_id, reply.position);
    let context =
        plan(inner, owner, asking, (conversation_id, position), (None, Some(reply))).await?;
    let mut turns: Vec<Turn> = context.parts.iter().map(turn).collect();
    if context.parts.iter().any(|part| part.image_count > 0) {
        let conversations = &inner.conversations;
        let images = conversations.recent_images(owner, conversation_id, position).await?;
        for (message_id, attachment) in images {
            let is_its = |part: &Part| part.message.is_some_and(|(id, _)| id == message_id);
            let place = context.parts.iter().position(is_its);
            if let Some(turn) = place.and_then(|index| turns.get_mut(index)) {
                let media_type = attachment.info.media_type.as_str().to_owned();
                turn.images.push(Image { media_type, data: attachment.data });
            }
        }
    }
    let request = asking.request(inner, turns, context.total_tokens());
    Ok((context, request))
}

/// The request for a text that stands by itself; `None` where that is too long for the model.
pub(super) async fn build_once(
    inner: &Arc<Inner>,
    owner: Owner,
    (text, images): (&MessageText, Vec<NewAttachment>),
    safety_tier: Option<SafetyTier>,
) -> Result<Option<Request>, Error> {
    let asking = asking(inner, owner, None).await?;
    let instruction = asking.instruction(inner, safety_tier.is_some());
    let scale = asking.scale(inner);
    let image_count = u32::try_from(images.len()).unwrap_or(u32::MAX);
    let total = scale.turn(&instruction, 0) + scale.turn(text.expose(), image_count);
    if total > scale.ceiling_tokens() {
        return Ok(None);
    }
    let mut turn = Turn::text(serene_llm::Role::User, text.expose());
    turn.images = images.into_iter().map(NewAttachment::into_image).collect();
    let system = Turn::text(serene_llm::Role::System, instruction);
    Ok(Some(asking.request(inner, vec![system, turn], total)))
}

/// The newest messages that a model can be shown together with an instruction, oldest first.
pub(super) fn shown<'m>(
    inner: &Inner,
    messages: &'m [Message],
    instruction: &str,
) -> Vec<&'m Message> {
    let model = inner.engine.model();
    let scale = Scale::new(&*inner.engine, model, inner.context_tokens, None);
    let room = scale.ceiling_tokens().saturating_sub(scale.turn(instruction, 0));
    window(messages, &scale, room).shown.into_iter().map(|(message, ..)| message).collect()
}

fn role(message: &Message) -> serene_llm::Role {
    match message.role {
        Role::User => serene_llm::Role::User,
        Role::Assistant => serene_llm::Role::Assistant,
    }
}

fn turn(part: &Part) -> Turn {
    Turn::text(part.role, part.text.expose())
}
