//! The real binary, from outside: how it starts, stops and survives, what its commands print, what
//! it logs, and what it asks a model server.

mod commands;
mod logs;
mod models;
mod start;
mod stop;
