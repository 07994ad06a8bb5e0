//! `docs/built-in-responder.md` shows a conversation; it must be the one the engine really holds.

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
