//! `serene mock-model`: a model server with OpenAI's format and without a model, for tests. What it
//! does with a request is the script that the request's `model` is (see [`Script`]). It reads no
//! configuration and keeps nothing on disk.

mod asked;
mod log;
mod speech;
mod wire;

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{Method, StatusCode, Uri},
    response::Response,
    routing::{get, post},
    serve::ListenerExt as _,
};
use serde_json::Value;
use serene_llm::Script;
use tokio::net::TcpListener;

use self::{asked::Asked, log::Log, wire::Shape};
use crate::{config::Flags, out::say, serve::Signals, wiring};

/// Where it listens when no flag says otherwise.
pub(crate) const PORT: u16 = 8811;

/// The largest request: a conversation with some pictures in it.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// Serves until a signal says otherwise, which ends it at once.
pub(crate) fn run(flags: &Flags) -> anyhow::Result<ExitCode> {
    let address = flags.listen_address(PORT)?;
    let runtime = wiring::runtime()?;
    let result = runtime.block_on(async {
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| {
            format!("cannot listen on {address} (--port 0 takes any free port)")
        })?;
        let mut signals = Signals::listen().context("cannot listen for signals")?;
        let address = listener.local_addr()?;
        say!(
            "Mock model server on http://{address}/v1 - the model's name says what it does, such \
             as slow:50+long:200; Ctrl-C ends it"
        );
        // A token is sent when it is said, not when there are enough to fill a packet.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        tokio::select! {
            failed = async { axum::serve(listener, router(Arc::new(Log::new()))).await } => failed?,
            () = signals.next() => {}
        }
        Ok(ExitCode::SUCCESS)
    });
    runtime.shutdown_background();
    result
}

fn router(log: Arc<Log>) -> Router {
    Router::new()
        .route("/v1/models", get(async || Json(wire::models())))
        .route("/v1/chat/completions", post(chat))
        .route("/requests", get(requests).delete(forget))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(log)
}

async fn requests(State(log): State<Arc<Log>>) -> Json<Value> {
    Json(log.to_json())
}

async fn forget(State(log): State<Arc<Log>>) -> StatusCode {
    log.forget();
    StatusCode::NO_CONTENT
}

async fn unknown(method: Method, uri: Uri) -> Response {
    let sentence = format!("There is no {method} {} here.", uri.path());
    wire::refusal(StatusCode::NOT_FOUND, &sentence, "invalid_request_error", None)
}

async fn chat(State(log): State<Arc<Log>>, body: Bytes) -> Response {
    let asked = match Asked::read(&body) {
        Ok(asked) => asked,
        Err(sentence) => {
            let status = StatusCode::BAD_REQUEST;
            return wire::refusal(status, sentence, "invalid_request_error", None);
        }
    };
    // A name that is no script is that of some real model, which an app was set up for.
    let script: Script = asked.model.parse().unwrap_or_default();
    let (running, earlier) = log.begin(&asked);
    let events = script.stream(&asked.request(), earlier);
    let shape = Shape {
        number: running.number(),
        created: running.started().as_seconds(),
        usage: asked.include_usage,
        model: asked.model,
        finish_reason: script.finish_reason().to_owned(),
    };
    if asked.stream {
        speech::streamed(events, running, shape).await
    } else {
        speech::whole(events, running, &shape).await
    }
}
