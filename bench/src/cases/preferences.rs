//! How somebody wants to be spoken to, the models there are, and what a model would be shown.

use serde_json::json;

use super::{Case, Prepared, Stage, case, ready};
use crate::{client::Request, load::Work};

pub(super) const CASES: &[Case] = &[
    case("list_models", "", |stage| everybody(stage, "list_models")),
    case("read_preferences", "", |stage| everybody(stage, "read_preferences")),
    case("change_preferences", "", change),
    case("read_conversation_preferences", "", read_here),
    case("change_conversation_preferences", "", change_here),
    case("read_context", "of the longest conversation", context),
];

fn everybody<'a>(stage: &'a Stage, operation: &str) -> Prepared<'a> {
    let read = |token: &str| stage.api.to(operation).token(token).expect(200);
    ready(Work::Again(stage.writers.iter().map(|account| read(&account.token)).collect()))
}

fn change(stage: &Stage) -> Prepared<'_> {
    let change = |max_tokens: u32| {
        stage.writers.iter().map(move |account| {
            let body = json!({"max_tokens": max_tokens, "instruction": "Be brief."});
            stage.api.to("change_preferences").token(&account.token).json(&body).expect(200)
        })
    };
    ready(Work::Again(change(500).chain(change(600)).collect()))
}

fn read_here(stage: &Stage) -> Prepared<'_> {
    let token = &stage.seed.reader.token;
    let read = |id: &String| -> Request {
        stage.api.to("read_conversation_preferences").id(id).token(token).expect(200)
    };
    ready(Work::Again(stage.seed.conversations.iter().map(read).collect()))
}

fn change_here(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let conversations = stage.conversations(stage.writers.len()).await?;
        let change = |personality: &'static str| {
            conversations.iter().map(move |(owner, id)| {
                let request = stage.api.to("change_conversation_preferences").id(id);
                let body = json!({"personality": personality});
                request.token(&owner.token).json(&body).expect(200)
            })
        };
        Ok(Work::Again(change("robot").chain(change("expert")).collect()))
    })
}

fn context(stage: &Stage) -> Prepared<'_> {
    let request = stage.api.to("read_context").id(&stage.seed.long);
    ready(Work::Again(vec![request.token(&stage.seed.reader.token).expect(200)]))
}
