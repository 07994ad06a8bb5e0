//! Conversations of ten messages with all sorts of people. Every answer must pick something up and
//! no six words may come twice. A message that begins with `~` asks for a fitting reaction instead
//! of a pick-up: greetings, thanks, words about the responder itself.

use crate::talk::{check, hold, transcript};

const CONVERSATIONS: &[(&str, &[&str])] = &[
    (
        "before an exam",
        &[
            "~hi",
            "I'm so nervous about my exam tomorrow",
            "it's organic chemistry",
            "I studied for weeks but I forget everything",
            "my parents expect a lot",
            "they never say it but I can feel it",
            "no",
            "maybe",
            "~I should probably sleep",
            "~thank you, good night",
        ],
    ),
    (
        "a bad day at work",
        &[
            "~hello",
            "My boss yelled at me in front of everyone",
            "I made a small mistake in the report",
            "I felt so humiliated",
            "yes",
            "I want to quit but I need the money",
            "my wife says I should wait until summer",
            "I don't know what to do",
            "I can't stop thinking about it",
            "~bye",
        ],
    ),
    (
        "grief",
        &[
            "My grandmother died last week",
            "she raised me",
            "I keep expecting her to call",
            "the funeral was on Friday",
            "ok",
            "I didn't get to say goodbye",
            "my brother doesn't want to talk about it",
            "I still have her cookbook",
            "I made her soup today",
            "~thanks for listening",
        ],
    ),
    (
        "terse",
        &["~hey", "bad day", "work", "boss", "idk", "tired", "yes", "no", "whatever", "~bye"],
    ),
    (
        "with typos",
        &[
            "~helo",
            "im so tierd of evrything",
            "my freind dosent talk to me anymore",
            "i dont know waht i did wrong",
            "we were best freinds since school",
            "she is in a new group now",
            "yeah",
            "i feel lonley at lunch",
            "mabye i shoud write her",
            "~thx",
        ],
    ),
    (
        "in Spanish",
        &[
            "~hola",
            "estoy muy cansada de mi trabajo",
            "mi jefe me grita todos los días",
            "no sé qué hacer",
            "mi hermana dice que busque otro empleo",
            "tengo miedo de quedarme sin dinero",
            "~sí",
            "hoy hice una tarta de manzana",
            "me encanta cocinar los domingos",
            "~gracias",
        ],
    ),
    (
        "facts",
        &[
            "What is the capital of Australia?",
            "who wrote Hamlet",
            "How many planets are there?",
            "when did the second world war end?",
            "What is photosynthesis?",
            "how does a vaccine work?",
            "what is the population of Brazil",
            "Who is the president of Kenya?",
            "how tall is Mount Everest",
            "what time is it in Tokyo?",
        ],
    ),
    (
        "hostile",
        &[
            "~this is stupid",
            "~you are useless",
            "~shut up",
            "~you're just a dumb bot",
            "my life is a mess and you can't help",
            "~I hate you",
            "everyone leaves me anyway",
            "~leave me alone",
            "I lost my temper with my son today",
            "~sorry",
        ],
    ),
    ("only ok", &["ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok"]),
    (
        "a good day",
        &[
            "~Good morning!",
            "I passed my driving test!!",
            "third attempt",
            "I'm so proud of myself",
            "my dad cried when I told him",
            "we are going to celebrate with pizza",
            "I want to drive to the sea first",
            "my best friend Lena will come along",
            "haha",
            "~thanks, you're sweet",
        ],
    ),
    (
        "a breakup",
        &[
            "he broke up with me",
            "after four years",
            "by text message",
            "I feel so stupid",
            "I miss him and I hate him",
            "our cat is still at his place",
            "her name is Luna",
            "I can't eat",
            "my mum wants me to come home",
            "maybe I will",
        ],
    ),
    (
        "music and a dog",
        &[
            "~hey there",
            "I started learning the cello at 52",
            "my fingers hurt but I love it",
            "my dog howls when I practise",
            "he is called Bruno",
            "Should I take lessons or use videos?",
            "the teacher in town is expensive",
            "I also write songs, badly",
            "nothing serious",
            "~you are nice",
        ],
    ),
    (
        "a new city",
        &[
            "I moved to Rotterdam in March",
            "I don't know anybody here",
            "the evenings are long",
            "my colleagues are friendly but they all have families",
            "I joined a climbing gym",
            "it was fun actually",
            "why?",
            "I miss my old kitchen",
            "not really",
            "I think I'll cook tonight",
        ],
    ),
    (
        "a parent who can't any more",
        &[
            "my baby doesn't sleep",
            "I haven't slept for more than two hours in weeks",
            "my husband works nights",
            "I yelled at her yesterday and felt terrible",
            "she is only four months old",
            "I'm a bad mother",
            "I don't know",
            "my sister could come on Saturday",
            "she smiled today",
            "~ok thanks",
        ],
    ),
    (
        "about the responder",
        &[
            "~who are you?",
            "~are you human?",
            "~is this private?",
            "~do you have feelings?",
            "~what can you do?",
            "write me a poem",
            "tell me a joke",
            "another joke",
            "translate this to French",
            "~are you there?",
        ],
    ),
    (
        "hints of despair",
        &[
            "I feel hopeless",
            "I hate myself",
            "nobody would miss me",
            "~yes",
            "my sister lives far away",
            "I used to paint",
            "I don't want to be here",
            "ok",
            "I called my sister",
            "~thank you",
        ],
    ),
];

/// Words that carry nothing, for the check below. Not the engine's own list.
const EMPTY: &str = "the and but you your are was were for with that this have has had not what who how when where why can will would should about from they them their she her his him all just very really some any out our been did does its im ive dont cant didnt is it in on at to of an as me my we so no if or be do";

fn root(word: &str) -> String {
    let word = word
        .trim_end_matches("ing")
        .trim_end_matches("ed")
        .trim_end_matches('s')
        .trim_end_matches('e');
    word.to_owned()
}

/// What was written, and the word of the answer that picks it up in another form.
const FORMS: &[(&str, &str)] = &[
    ("tierd", "tired"),
    ("broke", "breakup"),
    ("not", "no"),
    ("not", "not"),
    ("no", "no"),
    ("yes", "yes"),
    ("ok", "okay"),
];

/// True when the answer holds a word of the person's, this time or before.
fn picks_up(answer: &str, said: &[&str]) -> bool {
    let content = |text: &str| -> Vec<String> {
        crate::talk::words(text)
            .into_iter()
            .filter(|w| w.chars().count() > 1 && !EMPTY.split(' ').any(|e| e == w))
            .map(|w| root(&w))
            .collect()
    };
    let now = said.last().copied().unwrap_or_default();
    let (heard, given) = (crate::talk::words(now), crate::talk::words(answer));
    if FORMS
        .iter()
        .any(|(form, back)| heard.iter().any(|w| w == form) && given.iter().any(|w| w == back))
    {
        return true;
    }
    let said: Vec<String> = said.iter().flat_map(|text| content(text)).collect();
    content(answer).iter().any(|word| {
        said.iter().any(|other| {
            let least = word.chars().count().min(other.chars().count());
            let shared = word.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
            word == other || least >= 4 && shared >= 4 && shared + 1 >= least
        })
    })
}

#[test]
fn conversations_keep_the_rules() {
    let mut missed = Vec::new();
    for (name, messages) in CONVERSATIONS {
        let plain: Vec<&str> = messages.iter().map(|m| m.trim_start_matches('~')).collect();
        let turns = hold(None, &plain);
        println!("\n## {name}\n\n{}", transcript(&turns));
        check(&turns);
        assert_eq!(turns.len(), 10);
        for (at, turn) in turns.iter().enumerate() {
            if !messages[at].starts_with('~') && !picks_up(&turn.answer, &plain[..=at]) {
                missed.push(format!("{name}: > {}\n{}", turn.said, turn.answer));
            }
        }
    }
    assert!(missed.is_empty(), "nothing picked up in:\n{}", missed.join("\n"));
}
