//! What a reply may take at most, before anybody is asked for it: so much is kept free in the budgets
//! by the write that begins it.

use super::{
    CARE, Generation, Inner,
    prompt::{self, Asking},
};
use crate::{
    base::{Error, Owner},
    conversations::Message,
    usage::Reservation,
};

/// What to keep free for the reply of a generation. `unsaved` is the message that it answers, where
/// that is not stored yet. `None` where there is no budget, and where no model will be asked: for the
/// fixed answer, and where the prompt is too long.
pub(super) async fn reservation(
    inner: &Inner,
    owner: Owner,
    asking: &Asking,
    (unsaved, reply): (Option<&Message>, &Message),
    generation: &Generation,
) -> Result<Option<Reservation>, Error> {
    if !inner.ledger.has_budgets() || generation.engine == CARE {
        return Ok(None);
    }
    let place = (reply.conversation_id, reply.position);
    let context = prompt::plan(inner, owner, asking, place, (unsaved, Some(reply))).await?;
    if !context.fits() {
        return Ok(None);
    }
    let total = context.total_tokens();
    let most = (total, asking.most_tokens(inner, total).unwrap_or(context.reply_tokens));
    let engine = (&*generation.engine, &*generation.model);
    Ok(inner.ledger.reservation(generation.id, engine, most, generation.created_at))
}
