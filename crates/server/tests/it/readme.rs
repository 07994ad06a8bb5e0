//! The README, run line by line against the real binary, must give what it prints.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

const README: &str = include_str!("../../../../README.md");

/// A fenced block: its language and its lines.
struct Block {
    language: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                open = Some(Block { language: language.to_owned(), text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// Whether `actual` is `expected`, where `…` stands for anything without a quotation mark.
fn fits(expected: &str, actual: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = actual.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    for part in parts {
        let gap = rest.find('"').unwrap_or(rest.len());
        let found = if part.is_empty() { Some(gap) } else { rest.find(part) };
        match found {
            Some(at) if at <= gap => rest = &rest[at + part.len()..],
            _ => return false,
        }
    }
    rest.is_empty()
}

/// Ends what it started, also when the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the binary in an empty folder with an empty environment; returns what it printed.
fn start(folder: &Path) -> (Running, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_serene"))
        .args(["--port", "0"])
        .env_clear()
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    while !printed.contains("engine") {
        assert_ne!(out.read_line(&mut printed).unwrap(), 0, "it stopped after: {printed}");
    }
    (Running(child), printed)
}

#[test]
fn the_readme_says_what_happens() {
    let folder = tempfile::tempdir().unwrap();
    let (_running, printed) = start(folder.path());
    let address = printed.split("http://").nth(1).unwrap().lines().next().unwrap().to_owned();
    let here = |text: &str| text.replace("127.0.0.1:8000", &address);

    let mut blocks = blocks(README).into_iter();
    assert_eq!(blocks.next().unwrap().text, "cargo run --release\n");
    assert_eq!(here(&blocks.next().unwrap().text), printed);

    // One shell for all of them, as a reader has: variables stay.
    let mut script = String::from("set -eu\n");
    let mut expected = Vec::new();
    let mut blocks = blocks.peekable();
    while let Some(block) = blocks.next() {
        match &*block.language {
            "sh" => {
                script.push_str(&here(&block.text));
                script.push_str("printf '\\n\\f'\n");
                let answers = blocks.next_if(|next| ["json", "text"].contains(&&*next.language));
                expected.push((block.text, answers.map_or(String::new(), |answer| answer.text)));
            }
            // For other machines than this one.
            "console" => {}
            other => panic!("nothing prints this block of `{other}`: {}", block.text),
        }
    }
    assert!(expected.len() >= 5, "the README has lost its examples");
    let output = shell(folder.path(), &script);
    let outputs: Vec<&str> = output.split_terminator('\u{c}').collect();
    assert_eq!(outputs.len(), expected.len(), "{output}");
    for ((command, expected), actual) in expected.iter().zip(outputs) {
        let (expected, actual) = (expected.trim(), actual.trim());
        assert!(fits(expected, actual), "{command}\nREADME: {expected}\nactual: {actual}");
    }
}

fn shell(folder: &Path, script: &str) -> String {
    let mut bash = Command::new("bash")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let mut output = String::new();
    bash.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    assert!(bash.wait().unwrap().success(), "{output}");
    output
}

#[test]
fn a_gap_stands_for_a_value_and_no_more() {
    assert!(fits(r#"{"id":"…","n":1}"#, r#"{"id":"abc","n":1}"#));
    assert!(!fits(r#"{"id":"…","n":1}"#, r#"{"id":"abc","x":"y","n":1}"#));
    assert!(!fits(r#"{"id":"…"}"#, r#"{"id":"abc"} "#));
    assert!(fits("a…", "abc"));
    assert!(!fits("a…", "a\"c"));
}
