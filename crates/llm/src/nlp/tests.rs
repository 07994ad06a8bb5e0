//! Each step by itself: reading, sentiment, intent, names, memory, and the material.

use rust_stemmers::Stemmer;

use super::{
    intent::Intent,
    memory::Person,
    pack::{self, Line, Mood, Pack, SOURCES},
    talk::Talk,
    text::{Reader, stem},
};
use crate::{
    Message, Role,
    basic::{
        text::fold,
        voice::Voice,
        words::lexicon::{is_avoided, is_stop},
    },
};

fn read(messages: &[&str], test: impl FnOnce(&Talk<'_>)) {
    let messages: Vec<Message> =
        messages.iter().map(|text| Message::text(Role::User, *text)).collect();
    test(&Talk::read(&messages).unwrap());
}

fn mood(text: &str) -> Mood {
    let mut mood = Mood::Mixed;
    read(&[text], |talk| mood = talk.now().sense.mood);
    mood
}

fn intent(text: &str) -> String {
    let mut found = String::new();
    read(&["I was at home", text], |talk| {
        let now = talk.now().intent;
        let act = now.act(talk.pack);
        found = if act.is_empty() { format!("{now:?}") } else { act.to_owned() };
    });
    found
}

#[test]
fn words_have_stems_and_statements_are_parted() {
    let pack = pack::of("en").unwrap();
    let text = Reader::new(pack)
        .read("I'm worrying about my exams, but she says I'll pass because I studied!");
    let stems: Vec<&str> = text.words().map(|(_, stem)| stem.as_str()).collect();
    assert!(stems.contains(&"worri") && stems.contains(&"exam") && stems.contains(&"studi"));
    assert_eq!(text.parts.len(), 3);
    assert!(text.parts[1].turns && !text.parts[0].turns && !text.parts[2].turns);
    assert_eq!(text.loud, 1);
    let german = Stemmer::create(rust_stemmers::Algorithm::German);
    assert_eq!(stem(&german, "prüfungen"), stem(&german, "prüfung"));
}

#[test]
fn the_mood_follows_negation_strength_and_contrast() {
    for (text, expected) in [
        ("I'm happy", Mood::Bright),
        ("I'm not happy", Mood::Low),
        ("I'm not sad any more", Mood::Even),
        ("it was a terrible, awful day", Mood::Low),
        ("the film was not bad", Mood::Even),
        ("the day was horrible but the evening was wonderful", Mood::Mixed),
        ("I passed my driving test!", Mood::Bright),
        ("I wrote two pages today!!", Mood::Bright),
        ("I went to the shop", Mood::Even),
        ("my boss yelled at me", Mood::Low),
        ("My grandmother died last week", Mood::Grave),
        ("my phone died on the train", Mood::Low),
        ("Estoy muy feliz", Mood::Bright),
        ("no estoy feliz con mi trabajo", Mood::Low),
        ("Ich bin total erschöpft", Mood::Low),
        ("ja, schon seit Monaten im Büro", Mood::Even),
        ("das war heute ein schöner Tag für mich", Mood::Bright),
        ("Je suis très contente aujourd'hui", Mood::Bright),
        ("Oggi sono molto stanca e non ho dormito", Mood::Low),
        ("Ik ben zo blij vandaag", Mood::Bright),
        ("estou muito triste hoje", Mood::Low),
        ("Mein Großvater ist gestern gestorben", Mood::Grave),
    ] {
        assert_eq!(mood(text), expected, "{text}");
    }
}

#[test]
fn what_is_done_with_a_message_is_seen() {
    for (text, expected) in [
        ("hello", "hello"),
        ("thank you so much", "thanks"),
        ("good night", "night"),
        ("bye", "bye"),
        ("are you human?", "who"),
        ("is this private?", "private"),
        ("please stop asking questions", "stopasking"),
        ("I don't want to talk about it", "drop"),
        ("you are useless", "hostile"),
        ("What should I do?", "Advice"),
        ("is it normal to feel like this?", "Opinion"),
        ("why am I like this?", "Wonder"),
        ("what if it goes wrong?", "WhatIf"),
        ("What is the capital of France?", "Fact"),
        ("what did I tell you about Ana?", "Recall"),
        ("I'm going to call my mother tomorrow", "Plan"),
        ("My name is Ana", "Introduced"),
        ("7", "Number"),
        ("", "Silence"),
        ("sdfkjhg", "Unreadable"),
        ("My sister came home yesterday", "Tell"),
    ] {
        assert_eq!(intent(text), expected, "{text}");
    }
}

fn person<'t>(talk: &'t Talk<'_>, name: &str) -> &'t Person {
    talk.memory.people.iter().find(|p| p.mention() == name).unwrap()
}

#[test]
fn people_are_remembered_over_the_turns() {
    let said = [
        "My sister Ana lives in Lisbon",
        "she is a nurse and she says I should rest",
        "our neighbour Viktor gave me tomatoes",
        "Ana called him",
        "what do you know about Ana?",
    ];
    read(&said, |talk| {
        let ana = person(talk, "Ana");
        assert_eq!(ana.owned.as_deref(), Some("your sister"));
        let facts = talk.memory.facts_of(talk.pack, &talk.readings, ana);
        let facts: Vec<&str> = facts.iter().map(|fact| fact.text.as_str()).collect();
        assert_eq!(
            facts,
            ["she lives in Lisbon", "she's a nurse", "she says you should rest", "she called him"]
        );
        assert_eq!(talk.memory.people.len(), 2, "Viktor is the neighbour");
        assert_eq!(talk.now().intent, Intent::Recall);
    });
}

#[test]
fn a_name_given_later_belongs_to_the_one_met_before() {
    read(&["my brother moved out", "his name is Leo", "Leo is my brother"], |talk| {
        assert_eq!(person(talk, "Leo").kin.as_deref(), Some("brother"));
        assert_eq!(talk.memory.people.len(), 1);
    });
}

#[test]
fn things_times_and_places_are_named() {
    read(&["I have my statistics exam on Friday in Leeds"], |talk| {
        let names = &talk.now().names;
        assert_eq!(names.things, ["your statistics exam"]);
        assert_eq!(names.times.len(), 1);
        assert_eq!((names.times[0].text.as_str(), names.times[0].ahead), ("on Friday", true));
        assert_eq!(names.places, ["Leeds"]);
        assert_eq!(talk.memory.olds[0].ahead.as_deref(), Some("on Friday"));
    });
}

#[test]
fn a_closed_subject_and_words_of_danger_are_not_brought_up() {
    read(&["my boss yelled at me", "I don't want to talk about it", "ok"], |talk| {
        assert!(talk.thread().is_none());
    });
    read(&["I want to kill myself because of my sister Ana", "hello"], |talk| {
        assert!(talk.is_subdued());
        let ana = person(talk, "Ana");
        assert!(talk.memory.facts_of(talk.pack, &talk.readings, ana).is_empty());
    });
}

/// All lines of a pack.
fn lines(pack: &'static Pack) -> Vec<&'static Line> {
    let groups = pack.groups.iter().flat_map(|group| {
        let lists = [&group.low, &group.bright, &group.even, &group.think];
        lists.into_iter().flatten().chain(group.questions())
    });
    let acts = pack.acts.iter().flat_map(|act| act.says.iter().chain(&act.says_gravely));
    let says = pack.says().filter(|(name, _)| !WORDS.contains(name)).flat_map(|(_, lines)| lines);
    groups.chain(acts).chain(says).collect()
}

/// Lists of single words and parts of sentences.
const WORDS: &[&str] = &["yours", "and", "andplain", "that", "whenearly", "whenlately"];

const SLOTS: &[&str] = &[
    "t", "p", "they", "them", "their", "feel", "time", "place", "old", "when", "fact", "facts",
    "said", "frag", "do", "w", "name",
];

#[test]
fn every_line_of_every_pack_is_in_good_form() {
    let mut clinical: Vec<String> = Vec::new();
    for (code, ..) in SOURCES {
        let pack = pack::of(code).unwrap();
        let lines = lines(pack);
        assert!(lines.len() > 200, "{code} has {} lines", lines.len());
        for line in lines {
            let all = [&line.yes, &line.no, &line.told].into_iter().flatten().chain([&line.text]);
            for text in all {
                let voice = Voice::new(crate::Manner::default(), code);
                let said = voice.word(text);
                assert!(said.matches('?').count() <= 1, "two questions: {text}");
                assert!(said.ends_with(['.', '!', '?', ':', '"']), "no end: {text}");
                assert!(said.chars().count() < 260 && !said.contains("  "), "{text}");
                assert!(!said.contains(['[', ']', '*', '<', '~', '\u{2014}']), "markup: {text}");
                for slot in said.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()) {
                    let known = SLOTS.contains(&slot.to_lowercase().as_str());
                    assert!(known || slot.contains('|'), "an unknown slot: {text}");
                }
                let avoided = |word: &&str| *code == "en" && is_avoided(word) && !is_stop(word);
                let said = fold(&said);
                clinical.extend(
                    said.split(|c: char| !c.is_alphabetic())
                        .filter(avoided)
                        .map(|word| format!("{word} in: {text}")),
                );
            }
        }
    }
    assert!(clinical.is_empty(), "{}", clinical.join("\n"));
}

#[test]
fn every_pack_can_do_the_same() {
    let english = pack::of("en").unwrap();
    for (code, ..) in SOURCES {
        let pack = pack::of(code).unwrap();
        for name in ["grief", "despair", "illness", "exam", "sleep", "success"] {
            assert!(pack.groups.iter().any(|group| group.name == name), "{code}: {name}");
        }
        for name in ["hello", "thanks", "bye", "who", "stopasking", "drop", "yes", "no", "okay"] {
            assert!(pack.acts.iter().any(|act| act.name == name), "{code}: {name}");
        }
        for set in ["negators", "me", "mine", "recall", "advice", "fillers", "subject", "am"] {
            assert!(pack.set(set).next().is_some(), "{code}: {set}");
        }
        for (name, _) in english.says().filter(|(name, _)| name.starts_with("recall")) {
            let spoken = *name != "recalltime" || *code == "en";
            assert!(!spoken || !pack.say(name).is_empty(), "{code}: {name}");
        }
    }
}

#[test]
fn formal_lines_hold_no_familiar_word() {
    let familiar: &[(&str, &[&str])] = &[
        ("de", &["du", "dich", "dir", "dein", "deine", "deinem", "deinen", "deiner", "euch"]),
        ("es", &["tú", "te", "ti", "tu", "tus", "contigo"]),
        ("fr", &["tu", "te", "toi", "ta", "ton", "tes"]),
        ("it", &["tu", "te", "ti", "tuo", "tua", "tuoi"]),
        ("nl", &["je", "jij", "jou", "jouw", "jezelf"]),
    ];
    let formal = crate::Manner {
        address_style: Some(crate::AddressStyle::Formal),
        ..crate::Manner::default()
    };
    for (code, familiar) in familiar {
        for line in lines(pack::of(code).unwrap()) {
            let said = fold(&Voice::new(formal, code).word(line.text));
            let wrong = said.split(|c: char| !c.is_alphabetic()).find(|w| familiar.contains(w));
            assert_eq!(wrong, None, "{code}: {said}");
        }
    }
}
