//! Messages, images and generations.

use serde_json::{Value, json};

use super::{Case, Prepared, Stage, case, ready};
use crate::{
    client::Request,
    load::Work,
    seed::{Account, image, text, words},
};

/// Conversations in which each client speaks in turn, so that none of them grows for ever.
const IN_TURN: usize = 8;
/// Messages with an image are fewer: each leaves 200 KB on the disk.
const FEWER: usize = 8;
const IMAGE_BYTES: usize = 200 * 1024;

pub(super) const CASES: &[Case] = &[
    case("send_message", "answered at once", send).replying(),
    case("send_message", "streamed", send_streamed).replying(),
    case("send_message", "with an image of 200 KB", send_image).replying(),
    case("list_messages", "page of 100", list),
    case("list_messages", "last 50 of 500", list_last),
    case("read_message", "", read),
    case("delete_message", "", delete),
    case("clear_conversation", "of 2 messages", clear),
    case("regenerate_reply", "", regenerate).replying(),
    case("continue_reply", "of a reply that is whole", go_on),
    case("list_versions", "of one", versions),
    case("choose_version", "", choose),
    case("read_attachment", "200 KB", read_attachment),
    case("read_generation", "", read_generation),
    case("stream_generation", "of a reply that has ended", stream),
    case("stop_generation", "of a reply that has ended", stop),
];

fn send(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let conversations = stage.conversations(stage.writers.len() * IN_TURN).await?;
        let send = |(n, (owner, id)): (usize, &(&Account, String))| {
            stage.hands().message(owner, id, &json!({"content": words(n)}))
        };
        Ok(Work::Again(conversations.iter().enumerate().map(send).collect()))
    })
}

fn send_streamed(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let conversations = stage.conversations(stage.writers.len() * IN_TURN).await?;
        let send = |(n, (owner, id)): (usize, &(&Account, String))| {
            let request = stage.api.to("send_message").id(id).token(&owner.token);
            let request = request.header("accept", "text/event-stream");
            let request = request.json(&json!({"content": words(n)}));
            request.containing("event: done").expect(200)
        };
        Ok(Work::Again(conversations.iter().enumerate().map(send).collect()))
    })
}

fn send_image(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let conversations = stage.conversations(stage.supply / FEWER).await?;
        let body = json!({"content": words(0), "attachments": [image(IMAGE_BYTES)]});
        let send = |(owner, id): &(&Account, String)| stage.hands().message(owner, id, &body);
        Ok(Work::Once(conversations.iter().map(send).collect()))
    })
}

fn page(stage: &Stage, query: &str) -> Work {
    let request = stage.api.to("list_messages").id(&stage.seed.long).query(query);
    Work::Again(vec![request.token(&stage.seed.reader.token).expect(200)])
}

fn list(stage: &Stage) -> Prepared<'_> {
    ready(page(stage, "limit=100"))
}

fn list_last(stage: &Stage) -> Prepared<'_> {
    ready(page(stage, "order=desc&limit=50"))
}

/// The same request for each of these ids of the reader.
fn reads(stage: &Stage, operation: &str, ids: &[String], contains: Option<&'static str>) -> Work {
    let token = &stage.seed.reader.token;
    let read = |id: &String| {
        let request = stage.api.to(operation).id(id).token(token).expect(200);
        Request { contains, ..request }
    };
    Work::Again(ids.iter().map(read).collect())
}

fn read(stage: &Stage) -> Prepared<'_> {
    ready(reads(stage, "read_message", &stage.seed.messages, None))
}

fn read_attachment(stage: &Stage) -> Prepared<'_> {
    ready(reads(stage, "read_attachment", &stage.seed.images, None))
}

fn read_generation(stage: &Stage) -> Prepared<'_> {
    ready(reads(stage, "read_generation", &stage.seed.generations, None))
}

fn stream(stage: &Stage) -> Prepared<'_> {
    let generations = &stage.seed.generations;
    ready(reads(stage, "stream_generation", generations, Some("event: done")))
}

fn stop(stage: &Stage) -> Prepared<'_> {
    ready(reads(stage, "stop_generation", &stage.seed.generations, None))
}

fn delete(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let owners = stage.columns(stage.supply);
        let conversations = stage.hands().converse(&owners).await?;
        let sent = stage.hands().talk(&owners, &conversations).await?;
        let delete = |(owner, sent): (&&Account, &Value)| {
            let id = text(&sent["user_message"]["id"])?;
            Ok(stage.api.to("delete_message").id(&id).token(&owner.token).expect(204))
        };
        let requests = owners.iter().zip(&sent).map(delete);
        Ok(Work::Once(requests.collect::<anyhow::Result<_>>()?))
    })
}

/// The same request for the reply in each of many new conversations.
async fn for_replies(stage: &Stage, operation: &str, status: u16) -> anyhow::Result<Vec<Request>> {
    let owners = stage.columns(stage.supply);
    let conversations = stage.hands().converse(&owners).await?;
    let sent = stage.hands().talk(&owners, &conversations).await?;
    let request = |(owner, sent): (&&Account, &Value)| {
        let id = text(&sent["assistant_message"]["id"])?;
        Ok(stage.api.to(operation).id(&id).token(&owner.token).expect(status))
    };
    owners.iter().zip(&sent).map(request).collect()
}

fn regenerate(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move { Ok(Work::Once(for_replies(stage, "regenerate_reply", 201).await?)) })
}

fn go_on(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move { Ok(Work::Again(for_replies(stage, "continue_reply", 409).await?)) })
}

fn choose(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move { Ok(Work::Again(for_replies(stage, "choose_version", 200).await?)) })
}

fn versions(stage: &Stage) -> Prepared<'_> {
    ready(reads(stage, "list_versions", &stage.seed.messages, None))
}

fn clear(stage: &Stage) -> Prepared<'_> {
    Box::pin(async move {
        let conversations = stage.exchanges(stage.supply).await?;
        let clear = |(owner, id): &(&Account, String)| {
            stage.api.to("clear_conversation").id(id).token(&owner.token).expect(204)
        };
        Ok(Work::Once(conversations.iter().map(clear).collect()))
    })
}
