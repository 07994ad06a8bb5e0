//! The storage engines, tried from outside: one binary, one room for each promise.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod batches;
mod busy;
mod child;
mod copying;
mod cuts;
mod engines;
mod files;
mod full;
mod half_way;
mod house;
mod kills;
mod logs;
mod migrations;
mod pragmas;
mod reads;
mod sequences;
mod servers;
mod values;
mod writes;
