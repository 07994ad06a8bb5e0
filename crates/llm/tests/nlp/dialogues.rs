//! Twenty written dialogues with the answers of both built-in responders, as they are now. The files
//! in `dialogues/` are the record; a change of the material or the rules shows there.

use std::{fmt::Write as _, fs, path::PathBuf};

use serene_llm::{BasicEngine, Manner, NlpEngine};

use crate::talk::{check, hold_with};

fn files() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/nlp/dialogues");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The person's messages of a file: its lines that begin with `> `.
fn messages(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("> ")).collect()
}

/// The file as it should be.
fn record(messages: &[&str]) -> String {
    let nlp = hold_with(&NlpEngine, Manner::default(), None, messages);
    check(&nlp);
    let basic = hold_with(&BasicEngine, Manner::default(), None, messages);
    let mut out = String::new();
    for (basic, nlp) in basic.iter().zip(&nlp) {
        writeln!(out, "> {}\nbasic: {}\nnlp: {}\n", nlp.said, basic.answer, nlp.answer).unwrap();
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

#[test]
fn the_files_show_what_both_engines_say_now() {
    let files = files();
    assert_eq!(files.len(), 20);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let now = record(&messages(&text));
        let name = file.file_name().unwrap().display().to_string();
        assert!(text == now, "{name} and the engines differ; they say now:\n\n{now}");
    }
}

#[test]
#[ignore = "writes the answers of now into the files"]
fn write_the_files_anew() {
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, record(&messages(&text))).unwrap();
    }
}
