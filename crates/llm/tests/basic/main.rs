//! The built-in responder as its users meet it: whole conversations, the journal, the page about it.

mod conversations;
mod engine;
mod journal;
mod page;
mod properties;
mod talk;
