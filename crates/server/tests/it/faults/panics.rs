//! A mistake of ours ends one request or one reply, and nothing else.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use serene_llm::{Engine, EventStream, ScriptedEngine};

use crate::{
    app::{Setup, TestApp},
    bad_input::assert_goes_on,
};

/// An engine that panics where a handler asks for its model, or where a task asks for its answer,
/// while it is told to.
#[derive(Debug)]
struct Trap {
    in_handler: AtomicBool,
    in_task: AtomicBool,
    engine: ScriptedEngine,
}

impl Engine for Trap {
    fn name(&self) -> &'static str {
        "trap"
    }

    fn model(&self) -> &'static str {
        assert!(!self.in_handler.load(Ordering::SeqCst), "a mistake in a handler");
        "trap"
    }

    fn stream(&self, request: serene_llm::Request) -> EventStream {
        assert!(!self.in_task.load(Ordering::SeqCst), "a mistake in a task");
        self.engine.stream(request)
    }
}

async fn trapped(in_handler: bool, in_task: bool) -> (TestApp, Arc<Trap>) {
    let trap = Arc::new(Trap {
        in_handler: AtomicBool::new(in_handler),
        in_task: AtomicBool::new(in_task),
        engine: ScriptedEngine::new("echo").unwrap(),
    });
    let engine: Arc<dyn Engine> = Arc::<Trap>::clone(&trap);
    (TestApp::with(Setup { engine: Some(engine), ..Setup::default() }).await, trap)
}

#[tokio::test]
async fn panic_in_a_handler() {
    let (app, trap) = trapped(true, false).await;
    let (mira, noor) = (app.user("mira").await, app.user("noor").await);
    let conversation = mira.conversation().await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    for accept in ["application/json", "text/event-stream"] {
        let body = Some(json!({"content": "hello"}));
        let header = [("accept", accept), ("x-request-id", "to-quote")];
        let reply = mira.send(Method::POST, &path, body, &header).await;
        let error = reply.expect_error(500, "INTERNAL");
        assert_eq!(error["request_id"], "to-quote");
        assert!(!reply.text().contains("mistake in a handler"), "{}", reply.text());
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        // Nobody else is harmed.
        noor.get("/api/v1/conversations").await.expect(StatusCode::OK);
    }
    assert_eq!(mira.get(&path).await.expect(StatusCode::OK)["items"], json!([]));
    trap.in_handler.store(false, Ordering::SeqCst);
    mira.say(&conversation, "hello again").await;
    assert_goes_on(&mira).await;
}

#[tokio::test]
async fn panic_while_a_reply_is_written() {
    let (app, trap) = trapped(false, true).await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let sent = mira.say(&conversation, "hello").await;
    assert_eq!(sent["user_message"]["content"], "hello");
    let reply = &sent["assistant_message"];
    assert_eq!((&reply["status"], &reply["error_code"]), (&json!("failed"), &json!("INTERNAL")));

    let path = format!("/api/v1/conversations/{conversation}/messages");
    let accept = [("accept", "text/event-stream")];
    let body = Some(json!({"content": "hello again"}));
    let events = mira.send(Method::POST, &path, body, &accept).await.events();
    let (name, _, data) = events.last().unwrap();
    assert_eq!((name.as_str(), &data["code"]), ("error", &json!("INTERNAL")));
    assert!(!data["error"].as_str().unwrap().contains("mistake"), "{data}");

    let one = format!("/api/v1/conversations/{conversation}");
    let state = mira.get(&one).await.expect(StatusCode::OK);
    assert_eq!(state["active_generation_id"], Value::Null);
    trap.in_task.store(false, Ordering::SeqCst);
    let sent = mira.say(&conversation, "and now?").await;
    assert_eq!(sent["assistant_message"]["content"], "and now?");
    assert_goes_on(&mira).await;
}
