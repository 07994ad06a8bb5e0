//! The real binary, from outside: how it starts, stops and survives, what its commands print, what
//! it logs, what it holds in memory, and what it asks a model server.

mod backup;
mod care;
mod commands;
mod copy;
mod import;
#[cfg(feature = "local-models")]
mod local_model;
mod logs;
mod memory;
mod models;
mod start;
mod stop;
mod vault;
