//! Talking to models: the engines, their wire formats, and the one stream they all answer with.
//!
//! This crate knows messages, deltas and usage. It knows nothing of users, tables or instructions:
//! what the system message says is the caller's business.

mod basic;
mod endpoint;
mod engine;
mod http;
#[cfg(feature = "local-models")]
mod local;
mod manner;
pub mod measured;
mod nlp;
mod openai;
mod registry;
mod script;
mod scripted;
mod tokens;

/// The engines that need no key, no network and no file.
pub const BUILT_IN: [&str; 2] = ["basic", "nlp"];

pub use basic::{BasicEngine, digest, reflect};
pub use endpoint::{EndpointEngine, endpoint};
pub use engine::{
    Engine, EngineError, Event, EventStream, FinishReason, Image, Message, Reply, Request, Role,
    Usage, complete,
};
pub use http::{ConfigError, MAX_ATTEMPTS, Retries, Timeouts};
#[cfg(feature = "local-models")]
pub use local::{LocalEngine, LocalModelError, LocalOptions};
pub use manner::{AddressStyle, Manner, Person, Personality};
pub use nlp::NlpEngine;
pub use openai::{OPENAI_BASE_URL, OpenAiConfig, OpenAiEngine};
pub use registry::{Offer, Registry, RegistryError};
pub use script::{NotAScript, Script};
pub use scripted::ScriptedEngine;
pub use tokens::{TURN_TOKENS, estimate_byte_tokens, estimate_tokens};
