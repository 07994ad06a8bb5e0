//! The engine for local models, on tiny models that these tests write.

#![expect(clippy::unwrap_used, reason = "in a test, what is not there is a failure")]

mod answers;
mod broken;
mod folder;
mod gguf;
mod limits;

use folder::Tiny;
use futures_util::StreamExt;
use serene_llm::{
    Engine, Event, FinishReason, LocalEngine, LocalOptions, Message, Request, Role, Usage,
};
use tempfile::TempDir;

/// A model in a folder of its own.
fn model(tiny: Tiny) -> LocalEngine {
    let folder = written(|path| tiny.write(path));
    load(folder.path())
}

fn written(write: impl FnOnce(&std::path::Path)) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    folder
}

fn load(folder: &std::path::Path) -> LocalEngine {
    LocalEngine::load(folder, LocalOptions { seed: Some(7) }).unwrap()
}

/// One question, answered without chance.
fn asked(text: &str) -> Request {
    Request {
        messages: vec![Message::text(Role::User, text)],
        temperature: Some(0.0),
        ..Request::default()
    }
}

/// All deltas, and the end.
async fn streamed(engine: &LocalEngine, request: Request) -> (Vec<String>, FinishReason, Usage) {
    let mut deltas = Vec::new();
    let mut stream = engine.stream(request);
    while let Some(event) = stream.next().await {
        match event.unwrap() {
            Event::Delta(text) => deltas.push(text),
            Event::Finished { reason, usage } => {
                assert!(stream.next().await.is_none(), "the end is the end");
                return (deltas, reason, usage.unwrap());
            }
            Event::AnsweredBy { .. } => panic!("there is nobody else"),
        }
    }
    panic!("the stream has no end");
}
