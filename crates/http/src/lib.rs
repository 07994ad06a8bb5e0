//! Every byte on the wire: the canonical API, errors, limits and streams. No SQL lives here.

pub mod limits;
