//! Whether the database can be written: a write that needs room, on every engine.

use crate::{Statement, Write, values};

/// How much room a probe must find: a disk with less is as good as full.
const BYTES: usize = 64 * 1024;

crate::statements! {
    /// Takes room. Setting a row to what it is would not do: a database writes nothing then, and
    /// succeeds on a full disk.
    FILL = "storage.probe_fill": "INSERT INTO storage_probe (id, filler) VALUES (1, ?)";
    /// Gives it back, in the same write.
    CLEAR = "storage.probe_clear": "DELETE FROM storage_probe WHERE id = 1";
}

/// The write. Its bytes do not repeat: PostgreSQL would press zeros into nothing.
pub(crate) fn write() -> Write {
    let mut state = 1_u32;
    let filler: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(BYTES)
    .collect();
    let fill = Statement::guard(&FILL, values![filler]);
    Write::from(fill).with(Statement::guard(&CLEAR, Vec::new()))
}
