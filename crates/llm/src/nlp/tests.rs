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
    test(&Talk::read(&messages, crate::Manner::default()).unwrap());
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
        ("are you human?", "person"),
        ("are you a robot?", "bot"),
        ("who are you?", "who"),
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
        for name in
            ["hello", "thanks", "bye", "who", "person", "stopasking", "drop", "yes", "no", "okay"]
        {
            assert!(pack.acts.iter().any(|act| act.name == name), "{code}: {name}");
        }
        for set in ["negators", "me", "mine", "recall", "advice", "fillers", "subject", "am"] {
            assert!(pack.set(set).next().is_some(), "{code}: {set}");
        }
        for (name, _) in english.says().filter(|(name, _)| name.starts_with("recall")) {
            let spoken = !matches!(*name, "recalltime" | "recallfirst") || *code == "en";
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

/// The last answer of a conversation.
fn last(said: &[&str]) -> String {
    turns(said).pop().unwrap()
}

/// All answers of a conversation.
fn turns(said: &[&str]) -> Vec<String> {
    let mut messages: Vec<Message> = Vec::new();
    let mut answers = Vec::new();
    for text in said {
        messages.push(Message::text(Role::User, *text));
        let answer = super::answer(&messages, crate::Manner::default());
        messages.push(Message::text(Role::Assistant, answer.clone()));
        answers.push(answer);
    }
    answers
}

#[test]
fn who_is_asked_for_is_told_by_all_that_was_said() {
    let book = "I'm writing a play about a clockmaker called Oren";
    let answer = last(&[book, "it has three acts", "who is Oren?"]);
    assert!(answer.contains("a clockmaker"), "{answer}");
    let garden = [
        "My neighbour lent me a ladder, an old woman named Tilda",
        "I'm going to paint her a picture this week",
        "what do you know about Tilda?",
    ];
    let answer = last(&garden);
    for part in ["an old woman", "lent you a ladder", "you'll paint her a picture"] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    let painted = last(&[garden[0], garden[1], "what did I say I'd paint?"]);
    assert!(painted.contains("you'll paint"), "{painted}");
    let coach = last(&["We met Bruno, a swimming coach", "ok", "who is Bruno?"]);
    assert!(coach.contains("a swimming coach"), "{coach}");
}

#[test]
fn it_never_says_that_it_knows_less_than_was_said() {
    for (code, ..) in SOURCES {
        for line in pack::of(code).unwrap().say("recallmention") {
            assert!(!line.text.contains("nothing") && !line.text.contains("not much"));
            assert!(line.text.ends_with('?') || line.text.ends_with("mean."), "{}", line.text);
        }
    }
    let odd = "Wilma whom everybody in the whole street has always liked so very much";
    let answer = last(&[odd, "hm", "what do you know about Wilma?"]);
    assert!(!answer.contains("nothing") && answer.contains("Wilma"), "{answer}");
}

#[test]
fn the_beginning_is_what_came_first() {
    let said = [
        "My cousin Rosa won't open my letters anymore",
        "I miss her",
        "I had soup for lunch",
        "What was I so sad about at the beginning?",
    ];
    let answer = last(&said);
    assert!(answer.contains("Rosa") && answer.contains("letters"), "{answer}");
    let plain = last(&["I painted the fence", "my boss yelled at me", "how did we start?"]);
    assert!(plain.contains("fence"), "{plain}");
}

#[test]
fn a_quotation_ends_with_its_clause() {
    let answer = last(&["mi amiga Inés dice que el examen va a ir bien", "¿qué sabes de Inés?"]);
    assert!(answer.contains("Inés dice \"examen va a ir bien\""), "{answer}");
    let answer = last(&["Meine Schwester Ute meint, alles wird gut", "Was weißt du über Ute?"]);
    assert!(answer.contains("\"Ute meint alles wird gut\""), "{answer}");
    let pack = pack::of("es").unwrap();
    let long =
        ["mi primo Raúl trabaja desde hace años en la misma fábrica", "ya", "¿qué sabes de Raúl?"];
    let answer = last(&long);
    let quoted = answer.split('"').nth(1).unwrap().trim_end_matches('…').to_owned();
    assert!(!pack.is_in("stop", quoted.rsplit(' ').next().unwrap()), "{answer}");
}

#[test]
fn joy_after_doubt_is_met_with_joy() {
    let doubt = ["I'm such a failure", "I always fail at everything"];
    for glad in [
        "I finished the whole painting!!",
        "I managed to run five miles!",
        "I sold my first vase!!",
    ] {
        let said = [doubt[0], doubt[1], glad];
        read(&said, |talk| {
            let reply = super::reply::Reply::new(talk, crate::Manner::default());
            assert_eq!(reply.mood(), Mood::Bright, "{glad}");
        });
        let answer = last(&said);
        for doubt in ["voice", "strict", "judge", "hard verdict"] {
            assert!(!answer.contains(doubt), "{answer}");
        }
    }
    read(&[doubt[0], "the roof is leaking!!"], |talk| {
        assert_ne!(super::reply::Reply::new(talk, crate::Manner::default()).mood(), Mood::Bright);
    });
}

#[test]
fn advice_is_one_thought_at_a_time() {
    let friend = ["my old friend Pia never answers me", "we used to hike together"];
    let asks =
        ["What would you text to Pia?", "any other advice?", "What else can I do?", "any tips?"];
    let mut said = friend.to_vec();
    for ask in asks {
        said.push(ask);
        let answer = last(&said);
        let thoughts = pack::of("en").unwrap().groups.iter().flat_map(|group| &group.think);
        let held = thoughts.filter(|line| answer.contains(line.text)).count();
        assert!(held <= 1, "{answer}");
        assert!(
            ask != asks[0] || !answer.contains("Another") && !answer.contains("else"),
            "{answer}"
        );
    }
}

#[test]
fn what_was_just_answered_is_not_asked() {
    for (said, asked) in [
        ("I can't sleep, since March it's like that", "since when"),
        ("my back hurts, I've had it for three weeks", "how long"),
    ] {
        for turn in 0..4 {
            let mut said = vec![said];
            said.extend(std::iter::repeat_n("my head hurts, for two weeks now", turn));
            let answer = last(&said).to_lowercase();
            assert!(!answer.contains(asked), "{answer}");
        }
    }
    let unkind = ["a little more right", "only to yourself", "read this?", "a little braver"];
    for line in lines(pack::of("en").unwrap()) {
        assert!(unkind.iter().all(|part| !line.text.contains(part)), "{}", line.text);
    }
}

#[test]
fn who_encourages_is_not_belittled() {
    let answer = last(&["I have an exam on Monday", "my uncle Bert believes in me"]);
    assert!(answer.contains("Bert"), "{answer}");
    let cold = ["voice", "may mean", "press", "easy to say", "command"];
    assert!(cold.iter().all(|part| !answer.contains(part)), "{answer}");
    let denied = last(&["my uncle Bert never believes in me"]);
    for line in pack::of("en").unwrap().say("cheers") {
        let said = line.text.replace("{p}", "Bert").replace("{P}", "Bert");
        let said = said.split('{').next().unwrap();
        assert!(!denied.contains(said), "{denied}");
    }
    for (code, ..) in SOURCES {
        assert!(pack::of(code).unwrap().set("cheers").next().is_some(), "{code}");
    }
}

#[test]
fn nothing_is_taken_for_granted_that_was_not_said() {
    let answers = turns(&["I don't know why I'm so furious lately", "my manager", "hm"]);
    let all = answers.join(" ");
    for part in ["good reason", "like to answer", "swallow", "treated like that"] {
        assert!(!all.contains(part), "{all}");
    }
    // Somebody else's work is not the person's.
    let answer = last(&[
        "my exam is tomorrow",
        "My friend Jo studied for months and it was always easy for her",
    ]);
    assert!(!answer.contains("put work into it"), "{answer}");
    let own = turns(&["my exam is tomorrow", "I prepared for months"]).join(" ");
    assert!(own.contains("put work into it") || own.contains("evening before"), "{own}");
}

#[test]
fn a_question_for_a_person_gets_a_plain_no() {
    for (asked, no) in [
        ("are you a real person?", "No"),
        ("am I talking to a human?", "No"),
        ("bist du ein echter Mensch?", "Nein"),
        ("¿eres una persona real?", "No"),
        ("es-tu une vraie personne ?", "Non"),
        ("sei una persona vera?", "No"),
        ("ben je een echt mens?", "Nee"),
        ("você é uma pessoa de verdade?", "Não"),
    ] {
        let answer = last(&[asked]);
        let first = answer.split([',', '.']).next().unwrap();
        assert_eq!(first, no, "{asked}: {answer}");
    }
    assert!(last(&["are you a robot?"]).starts_with("Yes"));
}

#[test]
fn stock_lines_come_alone_and_once() {
    let stock: Vec<&str> = ["low", "even", "stay", "restlow", "restbright", "resteven", "bright"]
        .iter()
        .flat_map(|name| pack::of("en").unwrap().say(name))
        .map(|line| line.text)
        .collect();
    let day = ["bad day", "it rained", "I'm tired", "meh", "long week", "so sad", "nothing works"];
    let mut seen: Vec<&str> = Vec::new();
    for answer in turns(&day.repeat(3)) {
        let held: Vec<&str> = stock.iter().copied().filter(|line| answer.contains(line)).collect();
        assert!(held.len() < 2, "{answer}");
        assert!(held.iter().all(|line| !seen.contains(line)), "twice: {answer}");
        seen.extend(held);
    }
}
