//! Tests that measure or change the whole process, each in a process of its own.

use std::process::Command;

/// Runs an ignored test of this binary in a new process and fails if it does.
pub(crate) fn alone(test: &str) {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    let errors = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && output.contains("1 passed"), "{output}{errors}");
    eprint!("{errors}");
}
