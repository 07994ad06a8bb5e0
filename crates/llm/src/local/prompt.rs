//! From a request to the tokens that the model reads: the turns it can take, as many as fit.

use super::{Model, template::Turn};
use crate::{EngineError, Request, Role};

/// The longest answer where the request sets no limit.
const DEFAULT_MAX_TOKENS: usize = 1024;

/// The least that marks a turn, in tokens: a first guess, from which more turns are left out if
/// there have to be.
const TOKENS_PER_TURN: usize = 2;

/// What the model reads, and how much it may write.
pub(super) struct Prompt {
    pub(super) tokens: Vec<u32>,
    pub(super) max_tokens: usize,
}

/// A request as the model knows it.
struct Dialogue {
    instruction: Option<String>,
    turns: Vec<Turn>,
    begun: String,
}

/// The tokens of a request. The oldest turns are left out until there is room for the answer (for a
/// quarter of the context at most: what was said counts for more).
pub(super) fn fit(model: &Model, request: &Request) -> Result<Prompt, EngineError> {
    let context = model.context_tokens as usize;
    let wanted = request.max_tokens.map_or(DEFAULT_MAX_TOKENS, |tokens| tokens as usize).max(1);
    let room = context - wanted.min(context / 4).max(1);
    let dialogue = Dialogue::new(model, request);
    let mut from = dialogue.guess(model, room)?;
    loop {
        let tokens = dialogue.tokens(model, from)?;
        let last = from + 1 >= dialogue.turns.len();
        if tokens.len() <= room || (last && tokens.len() < context) {
            let max_tokens = wanted.min(context - tokens.len());
            return Ok(Prompt { tokens, max_tokens });
        }
        if last {
            return Err(EngineError::TooLong);
        }
        from = dialogue.start(model, from + 1);
    }
}

impl Dialogue {
    fn new(model: &Model, request: &Request) -> Self {
        let template = &model.template;
        let begun = request.begun();
        let count = request.messages.len() - usize::from(!begun.is_empty());
        let mut instruction: Option<String> = None;
        let mut turns: Vec<Turn> = Vec::new();
        for message in &request.messages[..count] {
            let text = template.harmless(&message.text);
            match (message.role, turns.last_mut()) {
                (Role::System, _) => match &mut instruction {
                    Some(instruction) => instruction.extend(["\n\n", &text]),
                    None => instruction = Some(text),
                },
                // Templates know two sides that take turns.
                (role, Some(turn)) if turn.is_assistant() == (role == Role::Assistant) => {
                    turn.append(&text);
                }
                (role, _) => turns.push(Turn::new(role, &text)),
            }
        }
        if turns.last().is_none_or(Turn::is_assistant) {
            turns.push(Turn::new(Role::User, ""));
        }
        Self { instruction, turns, begun: template.harmless(begun) }
    }

    /// The first turn from `from` on that the conversation may begin with.
    fn start(&self, model: &Model, from: usize) -> usize {
        let skip = !model.template.model_may_begin() && self.turns[from].is_assistant();
        from + usize::from(skip && from + 1 < self.turns.len())
    }

    /// How many of the newest turns may fit, without reading more of the older ones than that.
    fn guess(&self, model: &Model, room: usize) -> Result<usize, EngineError> {
        let mut used = count(model, self.instruction.as_deref().unwrap_or_default())?;
        used += count(model, &self.begun)?;
        let mut from = self.turns.len() - 1;
        used += count(model, self.turns[from].text())?;
        while from > 0 {
            used += TOKENS_PER_TURN + count(model, self.turns[from - 1].text())?;
            if used > room {
                break;
            }
            from -= 1;
        }
        Ok(self.start(model, from))
    }

    fn tokens(&self, model: &Model, from: usize) -> Result<Vec<u32>, EngineError> {
        let turns = self.turns[from..].to_vec();
        // A template was tried with every kind of turn; its complaint may quote what was said.
        let rendered = model.template.render(self.instruction.as_deref(), turns);
        let rendered = rendered.map_err(|_| EngineError::Failed { status: None })?;
        encode(model, &model.template.go_on(&rendered, &self.begun), model.template.is_plain())
    }
}

fn count(model: &Model, text: &str) -> Result<usize, EngineError> {
    Ok(encode(model, text, false)?.len())
}

fn encode(model: &Model, text: &str, whole: bool) -> Result<Vec<u32>, EngineError> {
    let encoding = model.tokenizer.encode_fast(text, whole);
    // The error may quote the text.
    Ok(encoding.map_err(|_| EngineError::Failed { status: None })?.get_ids().to_vec())
}
