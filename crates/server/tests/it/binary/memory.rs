//! What the real binary holds in memory, whatever is thrown at it.

use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::json;

use crate::process::{Home, PATIENCE, Request, Server};

/// The most memory that it ever held, in KiB.
fn peak_kib(server: &Server) -> u64 {
    let path = format!("/proc/{}/status", server.pid().as_raw_nonzero());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// Sends a body in chunks of 32 KiB, at most so many bytes, and returns the status of the answer.
fn pour(server: &Server, path: &str, token: &str, piece: &str, bytes: usize) -> u16 {
    let head = Request::new("POST", path)
        .token(token)
        .header("content-type", "application/json")
        .header("transfer-encoding", "chunked")
        .header("connection", "close");
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&head.bytes()).unwrap();
    let chunk = piece.repeat(32 * 1024 / piece.len());
    let mut framed = String::new();
    write!(framed, "{:x}\r\n{chunk}\r\n", chunk.len()).unwrap();
    for _ in 0..bytes.div_ceil(chunk.len()) {
        // A server that has heard enough closes.
        if stream.write_all(framed.as_bytes()).is_err() {
            break;
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n");
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..count]);
    }
    let answer = String::from_utf8_lossy(&answer);
    answer.split(' ').nth(1).map_or(0, |status| status.parse().unwrap())
}

#[test]
fn huge_and_deep_bodies_leave_the_memory_flat() {
    const MIB: usize = 1024 * 1024;
    let home = Home::new();
    let server = home.start(&[]);
    let token = server.register("mira");
    let messages = server.conversation(&token);
    let round = || {
        let conversations = "/api/v1/conversations";
        assert_eq!(pour(&server, conversations, &token, " ", 2 * MIB), 413);
        assert_eq!(pour(&server, "/api/v1/auth/login", "", " ", 2 * MIB), 413);
        for piece in ["[", "{\"a\":"] {
            assert_eq!(pour(&server, conversations, &token, piece, MIB - 64 * 1024), 400);
            assert_eq!(pour(&server, &messages, &token, piece, 4 * MIB), 400);
        }
        // So much that no answer may be waited for.
        let status = pour(&server, conversations, &token, " ", 256 * MIB);
        assert!([0, 413].contains(&status), "{status}");
    };
    round();
    let before = peak_kib(&server);
    assert!(before < 64 * 1024, "one of each took {before} KiB");
    for _ in 0..12 {
        round();
    }
    let after = peak_kib(&server);
    assert!(after < before + 8 * 1024, "it grew from {before} to {after} KiB");
    let sent = server.post(&messages, &token, &json!({"content": "still there?"})).expect(201);
    assert_eq!(sent["assistant_message"]["status"], "complete");
}
