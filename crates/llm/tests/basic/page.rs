//! `docs/built-in-responder.md` shows a conversation; it must be the one the engine really holds.

use std::fmt::Write;

use crate::talk::{check, hold, transcript};

/// The messages of the page's conversation.
const MESSAGES: &[&str] = &[
    "hi",
    "I am worried about my exam",
    "the statistics part, I never understood it",
    "my sister Anna says I should relax",
    "idk",
    "Can you explain standard deviation?",
    "fair enough. I can't sleep, that's the worst",
    "ok",
    "I baked bread to calm down and it was delicious",
    "thanks, good night",
];

#[test]
fn the_page_shows_what_the_engine_says() {
    let turns = hold(None, MESSAGES);
    check(&turns);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/built-in-responder.md");
    let page = std::fs::read_to_string(path).unwrap();
    let shown = page
        .split_once("<!-- conversation -->\n\n")
        .unwrap()
        .1
        .split_once("\n<!-- end -->")
        .unwrap()
        .0;
    let expected = transcript(&turns);
    assert!(shown == expected, "the page and the engine differ; the engine says:\n\n{expected}");
}

/// The entries of the page: mood and note.
const ENTRIES: &[(&str, &str)] = &[
    ("hopeful", "I walked along the river this morning and for once nothing hurried me."),
    (
        "tired",
        "I slept badly again and sat through four meetings without a word of my own in them.",
    ),
    (
        "sad",
        "My grandmother died in March and today would have been her birthday. I baked her cake.",
    ),
    ("proud", "I passed my driving test at the third attempt and I could hug the whole world."),
    (
        "anxious",
        "The exam is on Friday and every time I open the book I find something else to do.",
    ),
    ("angry", "My boss shouted at me in front of everyone, and I said nothing at all, as usual."),
    ("lonely", "New city, new job, and nobody to call in the evening. I ate soup by the window."),
    (
        "grateful",
        "My sister drove two hours just to help me carry boxes, and then she made us tea.",
    ),
    (
        "okay",
        "Went to the market, bought apples, cleaned the kitchen, read a bit of the new novel.",
    ),
    ("confused", "He wants us to move in together and I don't know why I am not happier about it."),
];

#[test]
fn the_page_shows_what_is_said_to_ten_entries() {
    let mut rows = String::from("| mood | entry | answer |\n|---|---|---|\n");
    let mut answers: Vec<String> = Vec::new();
    for (mood, note) in ENTRIES {
        let answer = serene_llm::reflect(note, Some(mood), answers.last().map(String::as_str));
        writeln!(rows, "| {mood} | {note} | {answer} |").unwrap();
        for sentence in answer.split_inclusive(['.', '?', '!']) {
            let before = answers.iter().any(|earlier| earlier.contains(sentence.trim()));
            assert!(!before, "said twice: {sentence}");
        }
        answers.push(answer);
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/built-in-responder.md");
    let page = std::fs::read_to_string(path).unwrap();
    let shown = page.split_once("<!-- entries -->\n\n").unwrap().1;
    let shown = shown.split_once("\n<!-- end of entries -->").unwrap().0;
    assert!(shown == rows, "the page and the responder differ; the responder says:\n\n{rows}");
}
