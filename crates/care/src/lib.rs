//! What is safe to say: whether a text speaks of a crisis, whether it is a text at all, and whether a
//! model's answer may be shown. Pure functions: no I/O, no clock, no configuration.

pub mod gibberish;
pub mod guard;
pub mod note;
pub mod screen;
