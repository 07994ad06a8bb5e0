//! The accept loop over real sockets on 127.0.0.1: who is closed, when, with what last word, and
//! who must not be. `flood` runs with the production limits; the rest with limits of under a second.

#![expect(clippy::unwrap_used, reason = "a failing test helper should fail loudly, at its line")]

mod answers;
#[cfg(target_os = "linux")]
mod flood;
mod full;
mod peer;
mod process;
mod server;
mod shutdown;
mod slow;
