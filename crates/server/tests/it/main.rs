//! The whole server, in this process and as the real binary. One room per subject.

mod app;
mod conversations;
mod readme;
mod replies;
