//! An answer to one text that is kept nowhere: no conversation, no message. The crisis screen comes
//! first as everywhere, and the ledger has what it cost.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use serene_care::screen::{CRISIS_SENTENCE, Surface, screen};
use serene_db::Write;
use serene_llm::{Request, complete};

use super::{Generations, Inner, PROMPT_TOO_LONG, prompt};
use crate::{
    base::{Error, MessageText, Owner, Private, limits},
    conversations::{MessageStatus, NewAttachment, SafetyTier},
    usage::{MadeFor, Purpose, UsageRecord, estimate, prompt_tokens},
};

/// What came of asking once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The answer; empty when the model failed.
    pub text: Private,
    /// How the model failed.
    pub error_code: Option<&'static str>,
    /// What the crisis screen found in the question.
    pub safety_tier: Option<SafetyTier>,
}

impl Generations {
    /// Answers a text by itself. Who hangs up is charged all the same.
    ///
    /// # Errors
    /// [`Error::BudgetExceeded`], [`Error::ShuttingDown`]; what is wrong with storage. That the model failed is no error.
    pub async fn answer_once(
        &self,
        owner: Owner,
        text: &MessageText,
        images: Vec<NewAttachment>,
    ) -> Result<Answer, Error> {
        let inner = &self.inner;
        if inner.base.tasks.stopping().is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        let safety_tier = screen(text.expose(), Surface::Chat).tier;
        if safety_tier == Some(SafetyTier::Explicit) {
            let text = Private::new(CRISIS_SENTENCE);
            return Ok(Answer { text, error_code: None, safety_tier });
        }
        let request = prompt::build_once(inner, owner, (text, images), safety_tier).await?;
        let Some(request) = request else {
            let (text, error_code) = (Private::default(), Some(PROMPT_TOO_LONG));
            return Ok(Answer { text, error_code, safety_tier });
        };
        let (tell, told) = tokio::sync::oneshot::channel();
        let task = std::sync::Arc::clone(inner);
        inner.base.tasks.spawn(async move {
            let call = (Purpose::Reply, limits::MAX_GENERATION);
            let answer = ask(&task, owner, request, call).await;
            // Nobody may be listening any more.
            let _ = tell.send(answer);
        });
        let (text, error_code) = told.await.map_err(|_| Error::ShuttingDown)??;
        Ok(Answer { text: Private::new(text), error_code, safety_tier })
    }
}

/// Asks the engine, for as long as it may take, and records the call: the text, or how the model
/// failed. A budget without room for it is [`Error::BudgetExceeded`], and nobody is asked.
pub(super) async fn ask(
    inner: &Inner,
    owner: Owner,
    mut request: Request,
    (purpose, patience): (Purpose, Duration),
) -> Result<(String, Option<&'static str>), Error> {
    let began_at = inner.base.clock.now();
    let model = request.model.clone();
    let offered = model.as_deref().and_then(|it| Some((inner.engine.offers(it)?, it)));
    let engine = offered.unwrap_or((inner.engine.name(), inner.engine.model()));
    let prompt_tokens = prompt_tokens(&*inner.engine, engine.1, &request);
    let most = (prompt_tokens, &mut request);
    let reservation = inner.ledger.reserve_now(owner, engine, most).await?;
    let asking = AssertUnwindSafe(complete(&*inner.engine, request)).catch_unwind();
    let asked = tokio::select! {
        asked = asking => asked.map_err(|_| {
            tracing::error!("an engine panicked");
            "INTERNAL"
        }),
        () = inner.base.tasks.ending().cancelled() => Err(SHUT_DOWN),
        () = tokio::time::sleep(patience) => Err("MODEL_TIMEOUT"),
    };
    let replied = asked.and_then(|reply| {
        reply.map_err(|error| {
            tracing::warn!(code = error.code(), "the model failed: {error}");
            error.code()
        })
    });
    let answered_by = replied.as_ref().ok().and_then(|reply| reply.answered_by.clone());
    let (engine, model) = answered_by.unwrap_or_else(|| (engine.0, engine.1.to_owned()));
    let (text, tokens, error_code) = match replied {
        Ok(reply) if reply.text.is_empty() => (String::new(), reply.usage, Some("MODEL_EMPTY")),
        Ok(mut reply) => {
            reply.text.truncate(reply.text.floor_char_boundary(limits::MAX_REPLY_BYTES));
            let usage = reply.usage.unwrap_or_else(|| estimate(prompt_tokens, &reply.text));
            (reply.text, Some(usage), None)
        }
        Err(code) => (String::new(), None, Some(code)),
    };
    let status = match error_code {
        None => MessageStatus::Complete,
        Some(SHUT_DOWN) => MessageStatus::Interrupted,
        Some(_) => MessageStatus::Failed,
    };
    let mut calls = [UsageRecord {
        purpose,
        made_for: MadeFor::NothingKept,
        status: status.as_str(),
        engine: engine.to_owned(),
        model,
        tokens: tokens.unwrap_or_else(|| estimate(0, "")),
        cost_nanos: 0,
        began_at,
        reservation,
    }];
    inner.ledger.settle(owner, &mut calls, Write::new).await?;
    if error_code == Some(SHUT_DOWN) { Err(Error::ShuttingDown) } else { Ok((text, error_code)) }
}

/// Not the model's failure: the server stops.
const SHUT_DOWN: &str = "SHUT_DOWN";
