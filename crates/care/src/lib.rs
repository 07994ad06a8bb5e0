//! placeholder
pub mod screen;
