//! Talking to models: the engines, their wire formats, and the one stream they all answer with.
//!
//! This crate knows messages, deltas and usage. It knows nothing of users, tables or instructions:
//! what the system message says is the caller's business.

mod basic;
mod endpoint;
mod engine;
mod fallback;
mod http;
mod manner;
mod openai;
mod script;
mod scripted;

pub use basic::{BasicEngine, digest, reflect};
pub use endpoint::{EndpointEngine, endpoint};
pub use engine::{
    Engine, EngineError, Event, EventStream, FinishReason, Image, Message, Reply, Request, Role,
    Usage, complete,
};
pub use fallback::FallbackEngine;
pub use http::{ConfigError, MAX_ATTEMPTS, Retries, Timeouts};
pub use manner::{AddressStyle, Manner, Personality};
pub use openai::{OPENAI_BASE_URL, OpenAiConfig, OpenAiEngine};
pub use script::{NotAScript, Script};
pub use scripted::ScriptedEngine;
