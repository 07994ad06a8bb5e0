//! The engines that talk HTTP, against servers that behave, misbehave and break off.

#![expect(clippy::unwrap_used, reason = "in a test, what is not there is a failure")]

mod answers;
mod cuts;
mod endpoint;
mod faults;
mod requests;
mod support;
