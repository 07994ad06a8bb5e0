//! The manner of both built-in responders: it shows in their words in every combination, and the
//! promises and the care hold in all of them.

use std::collections::HashSet;

use serene_llm::{
    AddressStyle, BasicEngine, Engine, Manner, Message, NlpEngine, Personality, Request, Role,
};

use crate::talk::{ask, check, hold_with};

const ENGINES: [&dyn Engine; 2] = [&BasicEngine, &NlpEngine];

/// Every personality with every form of address, and each without the other: 5 times 5.
fn manners() -> Vec<Manner> {
    let personalities = Personality::ALL.iter().copied().map(Some).chain([None]);
    personalities
        .flat_map(|personality| {
            let styles = AddressStyle::ALL.iter().copied().map(Some).chain([None]);
            styles.map(move |address_style| Manner {
                personality,
                address_style,
                ..Manner::default()
            })
        })
        .collect()
}

fn answers(engine: &dyn Engine, manner: Manner, messages: &[&str]) -> Vec<String> {
    let turns = hold_with(engine, manner, None, messages);
    check(&turns);
    turns.into_iter().map(|turn| turn.answer).collect()
}

const ORDINARY: &[&str] = &[
    "hello",
    "I have a new desk in the office",
    "I passed my driving test!",
    "we went to the lake with my brother",
    "what is the capital of France?",
    "who are you?",
    "Should I paint the kitchen?",
    "the tomatoes are turning red",
    "thanks",
    "bye",
];

const SAD: &[&str] = &[
    "I'm so sad today",
    "my boss yelled at me in front of everyone",
    "I feel ashamed and I can't sleep",
    "I'm exhausted",
];

const GRAVE: &[&str] =
    &["My grandmother died last week", "I feel worthless", "he hits me", "thanks", "good night"];

#[test]
fn every_combination_keeps_the_promises() {
    let mixed = [ORDINARY, SAD, GRAVE, &["tell me a joke", "ok", "My sister Ana is fine"]].concat();
    for engine in ENGINES {
        for manner in manners() {
            answers(engine, manner, &mixed);
            for text in ["I want to kill myself", "self-harm"] {
                let messages = vec![Message::text(Role::User, text)];
                let answer = ask(engine, Request { messages, manner, ..Request::default() });
                assert!(answer.starts_with("If you're feeling unsafe"), "{manner:?}: {answer}");
            }
        }
    }
}

#[test]
fn every_combination_has_words_of_its_own() {
    for engine in ENGINES {
        let mut seen: HashSet<String> = HashSet::new();
        for manner in manners() {
            let usual = manner.personality.is_none_or(|one| one == Personality::Default);
            let words = answers(engine, manner, ORDINARY).join("\n");
            // "default" and none at all are the same voice.
            let new = seen.insert(words.clone());
            assert!(new || usual, "{} has no own words in {manner:?}:\n{words}", engine.name());
        }
        assert_eq!(seen.len(), 20, "{}", engine.name());
        let plain = answers(engine, Manner::default(), ORDINARY);
        let default = Manner {
            personality: Some(Personality::Default),
            address_style: None,
            ..Manner::default()
        };
        assert_eq!(answers(engine, default, ORDINARY), plain);
    }
}

/// How many answers differ from the usual ones when each message stands alone.
#[test]
fn a_manner_shows_in_nearly_every_first_answer() {
    for engine in ENGINES {
        for manner in manners() {
            let usual = manner.personality.is_none_or(|one| one == Personality::Default);
            if usual && manner.address_style.is_none() {
                continue;
            }
            let shows = |text: &str| {
                answers(engine, manner, &[text]) != answers(engine, Manner::default(), &[text])
            };
            let count = ORDINARY.iter().filter(|text| shows(text)).count();
            assert!(count >= 9, "{} shows {manner:?} in {count} of 10", engine.name());
        }
    }
}

#[test]
fn a_cynic_is_kind_to_who_is_sad() {
    for engine in ENGINES {
        for style in AddressStyle::ALL.iter().copied().map(Some).chain([None]) {
            let cynic = Manner {
                personality: Some(Personality::Cynic),
                address_style: style,
                ..Manner::default()
            };
            let kind = Manner { personality: None, address_style: style, ..Manner::default() };
            for texts in [SAD, GRAVE] {
                assert_eq!(answers(engine, cynic, texts), answers(engine, kind, texts));
            }
        }
    }
}

#[test]
fn nothing_is_put_around_grave_answers() {
    let frills = ["Noted", "Logged", "Query", "Gotcha", "Ugh", "Oof", "In short:", "fans are"];
    for engine in ENGINES {
        for manner in manners() {
            for answer in answers(engine, manner, GRAVE) {
                assert!(!frills.iter().any(|frill| answer.contains(frill)), "{answer}");
            }
        }
    }
}

#[test]
fn a_journal_entry_is_answered_the_same_in_every_manner() {
    let turn = "Mood: sad\n<entry>\nI passed my exam but nobody called me, and the evening is long.\n</entry>";
    let messages = [Message::text(Role::System, "Be brief."), Message::text(Role::User, turn)];
    for engine in ENGINES {
        let mut seen = HashSet::new();
        for manner in manners() {
            let messages = messages.to_vec();
            seen.insert(ask(engine, Request { messages, manner, ..Request::default() }));
        }
        assert_eq!(seen.len(), 1, "{seen:?}");
    }
}

#[test]
fn formal_english_has_no_contractions() {
    let formal = Manner {
        personality: None,
        address_style: Some(AddressStyle::Formal),
        ..Manner::default()
    };
    for engine in ENGINES {
        for answer in answers(engine, formal, &[ORDINARY, SAD].concat()) {
            let short = ["n't", "'m ", "'re ", "'ll ", "'ve ", "it's", "that's", "It's", "That's"];
            assert!(!short.iter().any(|short| answer.contains(short)), "{answer}");
        }
    }
}

/// The address of each language that has two: messages, words of the familiar form, of the formal.
type Address = (&'static [&'static str], &'static [&'static str], &'static [&'static str]);

const ADDRESSES: &[Address] = &[
    (
        &[
            "Hallo",
            "Ich bin so erschöpft",
            "Mein Chef ruft sogar am Sonntag an",
            "was soll ich tun?",
        ],
        &["du", "dich", "dir", "dein", "bist"],
        &["Sie", "Ihnen", "Ihr", "Ihre"],
    ),
    (
        &["hola", "estoy muy cansada", "tengo un examen mañana", "¿qué puedo hacer?"],
        &["tú", "te", "ti", "tu", "estás", "cuéntame"],
        &["usted", "le", "su", "esté"],
    ),
    (
        &["bonjour", "je suis très fatiguée", "mon examen est demain", "que faire ?"],
        &["tu", "te", "toi", "ta", "ton"],
        &["vous", "votre", "vos"],
    ),
    (
        &["ciao", "sono molto stanca", "domani ho un esame", "cosa posso fare?"],
        &["tu", "ti", "te", "tua", "tuo"],
        &["Lei", "La", "Le", "Sua", "Suo", "Buongiorno"],
    ),
    (
        &["hallo", "ik ben heel moe", "morgen heb ik een examen", "wat kan ik doen?"],
        &["je", "jou", "jij", "jouw"],
        &["u", "uw"],
    ),
];

fn has(answers: &[String], words: &[&str]) -> bool {
    let all = answers.join(" ");
    all.split(|c: char| !c.is_alphabetic()).any(|word| words.contains(&word))
}

#[test]
fn the_form_of_address_is_kept_in_other_languages() {
    for engine in ENGINES {
        for style in AddressStyle::ALL {
            let manner =
                Manner { personality: None, address_style: Some(*style), ..Manner::default() };
            let formal = matches!(style, AddressStyle::Formal | AddressStyle::Professional);
            for (messages, familiar, polite) in ADDRESSES {
                let said = answers(engine, manner, messages);
                let (wanted, other) = if formal { (polite, familiar) } else { (familiar, polite) };
                assert!(has(&said, wanted), "{} {style:?}: {said:?}", engine.name());
                // "Le" and "La" are also articles, "Sie" also she.
                if formal {
                    assert!(!has(&said, other), "{} {style:?}: {said:?}", engine.name());
                }
            }
        }
    }
}

#[test]
fn personalities_speak_other_languages() {
    for engine in ENGINES {
        for (messages, ..) in ADDRESSES {
            let mut seen = HashSet::new();
            for personality in Personality::ALL {
                let manner = Manner {
                    personality: Some(*personality),
                    address_style: None,
                    ..Manner::default()
                };
                seen.insert(answers(engine, manner, messages).join("\n"));
            }
            assert_eq!(seen.len(), 4, "{}: {messages:?}", engine.name());
        }
    }
}
