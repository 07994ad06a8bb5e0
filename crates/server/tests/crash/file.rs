//! Reads the database file itself, while no server has it open.

use std::path::Path;

use anyhow::Context;
use rusqlite::{Connection, OpenFlags};

use crate::findings::Findings;

/// Each counts what must not be there.
const NEVER: [(&str, &str); 6] = [
    (
        "users whose ended generations are not as many as their records of usage",
        "SELECT count(*) FROM users u WHERE
            (SELECT count(*) FROM usage_records r WHERE r.owner_id = u.id AND r.purpose = 'reply')
            <> (SELECT count(*) FROM generations g WHERE g.owner_id = u.id
                AND g.status NOT IN ('pending', 'running'))",
    ),
    (
        "saved pieces of generations that have ended",
        "SELECT count(*) FROM generation_chunks c JOIN generations g
            ON g.owner_id = c.owner_id AND g.id = c.generation_id
            WHERE g.status NOT IN ('pending', 'running')",
    ),
    (
        "places in a conversation where not one message is shown",
        "SELECT count(*) FROM (SELECT sum(shown) AS shown FROM messages
            GROUP BY owner_id, conversation_id, position) WHERE shown <> 1",
    ),
    (
        "conversations whose reply is not being written",
        "SELECT count(*) FROM conversations c WHERE active_generation_id IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM generations g WHERE g.owner_id = c.owner_id
                AND g.id = c.active_generation_id AND g.status IN ('pending', 'running'))",
    ),
    (
        "replies that are being written, in conversations that do not know it",
        "SELECT count(*) FROM generations g WHERE g.status IN ('pending', 'running')
            AND NOT EXISTS (SELECT 1 FROM conversations c WHERE c.owner_id = g.owner_id
                AND c.active_generation_id = g.id)",
    ),
    (
        "messages that are pending although their generation has ended",
        "SELECT count(*) FROM messages m JOIN generations g
            ON g.owner_id = m.owner_id AND g.id = m.generation_id
            WHERE m.status = 'pending' AND g.status NOT IN ('pending', 'running')",
    ),
];

/// And what must not be there after a proper stop.
const NEVER_AT_REST: [(&str, &str); 3] = [
    (
        "generations that run",
        "SELECT count(*) FROM generations WHERE status IN ('pending', 'running')",
    ),
    (
        "messages of a user that are there twice",
        "SELECT count(*) FROM (SELECT 1 FROM messages WHERE role = 'user'
            GROUP BY owner_id, content HAVING count(*) > 1)",
    ),
    ("rows without what they belong to", "SELECT count(*) FROM pragma_foreign_key_check"),
];

/// Looks at a file that was left by a kill, or after a proper stop.
pub(crate) fn check(path: &Path, at_rest: bool, findings: &mut Findings) -> anyhow::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags).context("cannot open the file")?;
    let health: String = database.query_row("PRAGMA quick_check", [], |row| row.get(0))?;
    if health != "ok" {
        findings.wrong(format!("quick_check says: {health}"));
    }
    let at_rest = if at_rest { &NEVER_AT_REST[..] } else { &[] };
    for (what, sql) in NEVER.iter().chain(at_rest) {
        let count: i64 = database.query_row(sql, [], |row| row.get(0))?;
        if count != 0 {
            findings.wrong(format!("{count} {what}"));
        }
    }
    Ok(())
}
