//! `docs/nlp-responder.md` shows a conversation and the manners; they must be the ones the engines
//! really have.

use std::fmt::Write as _;

use serene_llm::{AddressStyle, BasicEngine, Engine, Manner, NlpEngine, Personality};

use crate::talk::{check, hold_with};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/nlp-responder.md");

const MESSAGES: &[&str] = &[
    "hi, I'm Mara",
    "my brother Leo wants me to lend him money again",
    "he still owes me from last year, and I feel guilty for saying no",
    "What should I do?",
    "my interview is on Tuesday, that's the other thing",
    "What did I tell you about Leo?",
    "thanks, good night",
];

const MANNERS: &[(Option<Personality>, Option<AddressStyle>)] = &[
    (None, None),
    (Some(Personality::Robot), None),
    (Some(Personality::Cynic), None),
    (Some(Personality::Expert), None),
    (None, Some(AddressStyle::Casual)),
    (None, Some(AddressStyle::Formal)),
    (None, Some(AddressStyle::Friendly)),
    (None, Some(AddressStyle::Professional)),
    (Some(Personality::Robot), Some(AddressStyle::Friendly)),
    (Some(Personality::Cynic), Some(AddressStyle::Formal)),
];

fn conversation() -> String {
    let turns = hold_with(&NlpEngine, Manner::default(), None, MESSAGES);
    check(&turns);
    let lines = turns.iter().map(|turn| format!("> {}\n\n{}\n", turn.said, turn.answer));
    lines.collect::<Vec<_>>().join("\n")
}

fn manners() -> String {
    let mut out = String::from("| manner | basic | nlp |\n|---|---|---|\n");
    for (personality, address_style) in MANNERS {
        let words = [personality.map(Personality::as_str), address_style.map(AddressStyle::as_str)];
        let name = words.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let manner = Manner {
            personality: *personality,
            address_style: *address_style,
            ..Manner::default()
        };
        let one = |engine: &dyn Engine| {
            let turns = hold_with(engine, manner, None, &["My neighbour gave me tomato plants"]);
            turns[0].answer.clone()
        };
        let name = if name.is_empty() { "none" } else { &name };
        writeln!(out, "| {name} | {} | {} |", one(&BasicEngine), one(&NlpEngine)).unwrap();
    }
    out
}

fn shown(page: &str, name: &str) -> String {
    let after = page.split_once(&format!("<!-- {name} -->\n\n")).unwrap().1;
    after.split_once("\n<!-- end -->").unwrap().0.to_owned()
}

#[test]
fn the_page_shows_what_the_engines_say() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    for (name, now) in [("conversation", conversation()), ("manners", manners())] {
        let shown = shown(&page, name);
        assert!(shown == now, "the page and the engines differ in {name}; now:\n\n{now}");
    }
}

#[test]
#[ignore = "writes what the engines say now into the page"]
fn write_the_page_anew() {
    let mut page = std::fs::read_to_string(PAGE).unwrap();
    for (name, now) in [("conversation", conversation()), ("manners", manners())] {
        let (before, rest) = page.split_once(&format!("<!-- {name} -->\n")).unwrap();
        let (_, after) = rest.split_once("<!-- end -->").unwrap();
        page = format!("{before}<!-- {name} -->\n\n{now}\n<!-- end -->{after}");
    }
    std::fs::write(PAGE, page).unwrap();
}
