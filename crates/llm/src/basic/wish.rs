//! What a person's account says of them, and what they wish in their own words: as far as a
//! responder without a model can heed it. A question about today or about where they live is
//! answered from it; a name, brevity and "no questions" shape whatever is answered.

use unicode_segmentation::UnicodeSegmentation;

use super::text::fold;
use crate::{Message, Person, Role};

/// Words that are asked for something, and what is said then; `{}` is what is known.
struct Fact {
    asked: &'static [&'static str],
    answer: &'static str,
}

const TODAY: &[Fact] = &[
    Fact {
        asked: &[
            "what day is it",
            "which day is it",
            "what is the date",
            "what's the date",
            "today's date",
            "what date is",
        ],
        answer: "Where you are, it's {}.",
    },
    Fact {
        asked: &[
            "welcher tag ist heute",
            "welches datum",
            "der wievielte ist heute",
            "den wievielten haben wir",
        ],
        answer: "Bei dir ist heute der {}.",
    },
    Fact {
        asked: &["que dia es hoy", "que fecha es", "a que dia estamos"],
        answer: "Donde estás, hoy es {}.",
    },
    Fact {
        asked: &["quel jour sommes", "quel jour on est", "on est quel jour", "quelle date"],
        answer: "Là où tu es, nous sommes le {}.",
    },
    Fact {
        asked: &["che giorno e oggi", "che giorno e", "che data e"],
        answer: "Dove sei tu, oggi è il {}.",
    },
    Fact {
        asked: &["welke dag is het", "wat is de datum", "welke datum"],
        answer: "Bij jou is het vandaag {}.",
    },
    Fact { asked: &["que dia e hoje", "qual e a data"], answer: "Aí onde estás, hoje é {}." },
];

const COUNTRY: &[Fact] = &[
    Fact {
        asked: &[
            "where do i live",
            "which country do i live",
            "what country do i live",
            "which country am i",
            "which country am i",
            "what country am i",
        ],
        answer: "Your account has the country code {}. More than that I don't know.",
    },
    Fact {
        asked: &["wo wohne ich", "wo lebe ich", "in welchem land"],
        answer: "In deinem Konto steht der Ländercode {}. Mehr weiß ich nicht.",
    },
    Fact {
        asked: &["donde vivo", "en que pais vivo"],
        answer: "En tu cuenta está el código de país {}. Más no sé.",
    },
    Fact {
        asked: &["ou est-ce que j'habite", "dans quel pays"],
        answer: "Ton compte porte le code de pays {}. Je n'en sais pas plus.",
    },
    Fact {
        asked: &["dove vivo", "in che paese vivo", "in quale paese"],
        answer: "Nel tuo account c'è il codice di paese {}. Di più non so.",
    },
    Fact {
        asked: &["waar woon ik", "in welk land"],
        answer: "In je account staat de landcode {}. Meer weet ik niet.",
    },
    Fact {
        asked: &["onde moro", "em que pais"],
        answer: "Na tua conta está o código de país {}. Mais não sei.",
    },
];

/// What comes before a name that somebody wishes to be called by.
const NAMED: &[&str] = &[
    "call me ",
    "my name is ",
    "i am called ",
    "nenn mich ",
    "nenne mich ",
    "ich heisse ",
    "llamame ",
    "me llamo ",
    "appelle-moi ",
    "je m'appelle ",
    "chiamami ",
    "mi chiamo ",
    "noem me ",
    "noem mij ",
    "ik heet ",
    "me chama de ",
    "me chame de ",
    "chama-me ",
    "o meu nome e ",
];

/// The wish for short answers.
const BRIEF: &[&str] = &[
    "brief",
    "briefly",
    "short",
    "shorter",
    "concise",
    "few words",
    "kurz",
    "kurze",
    "kurzen",
    "knapp",
    "breve",
    "brevi",
    "breves",
    "bref",
    "brefs",
    "court",
    "courte",
    "courtes",
    "kort",
    "korte",
    "curto",
    "curta",
    "curtas",
    "corto",
    "cortas",
    "concis",
    "conciso",
];

/// The wish not to be asked.
const NO_QUESTIONS: &[&str] = &[
    "no questions",
    "not ask",
    "don't ask",
    "never ask",
    "without questions",
    "stop asking",
    "keine fragen",
    "frag nicht",
    "frage nicht",
    "sin preguntas",
    "no preguntes",
    "no me preguntes",
    "pas de question",
    "pas de questions",
    "senza domande",
    "niente domande",
    "geen vragen",
    "sem perguntas",
];

/// First words of a sentence that are written small behind a name, in any of the languages.
const SMALL: &[&str] = &[
    "you", "you're", "you've", "that", "that's", "it", "it's", "what", "how", "there", "this",
    "so", "then", "good", "some", "when", "if", "no", "yes", "thank", "hello", "du", "das", "es",
    "ich", "was", "wie", "da", "dann", "ja", "nein", "hallo", "eso", "que", "qué", "hola", "c'est",
    "tu", "ça", "bonjour", "quel", "è", "che", "ciao", "quello", "je", "dat", "het", "wat", "hoe",
    "isso", "olá",
];

/// A name is said in the first answer, and in every one of so many.
const NAME_EVERY: usize = 4;
const MAX_NAME_CHARS: usize = 30;
/// A first sentence that is shorter stands with the next one.
const SHORT_SENTENCE_CHARS: usize = 30;
/// The most characters of an answer.
const LONGEST: usize = 600;

/// The answer to a question that only the account can answer.
pub(crate) fn fact(person: &Person, turns: &[Message]) -> Option<String> {
    let said = turns.iter().rev().find(|message| message.role == Role::User)?;
    let said = plain(&said.text);
    let known = [(TODAY, &person.today), (COUNTRY, &person.country)];
    known.into_iter().find_map(|(facts, known)| {
        let known = known.as_ref()?;
        let fact = facts.iter().find(|fact| fact.asked.iter().any(|words| said.contains(words)))?;
        Some(fact.answer.replace("{}", known))
    })
}

/// An answer as the person wishes it: shorter, without a question, with their name.
pub(crate) fn shape(person: &Person, turns: &[Message], answer: String) -> String {
    let Some(wish) = &person.wish else { return answer };
    let folded = plain(wish);
    let words: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric() && c != '\'').collect();
    let line = format!(" {} ", words.join(" "));
    // Whole words: courtesy is not brevity.
    let wants = |list: &[&str]| list.iter().any(|words| line.contains(&format!(" {words} ")));
    let mut answer = answer;
    if wants(NO_QUESTIONS) {
        answer = without_questions(&answer);
    }
    if wants(BRIEF) {
        answer = beginning(&answer);
    }
    let answered = turns.iter().filter(|message| message.role == Role::Assistant).count();
    match name(wish).filter(|_| answered.is_multiple_of(NAME_EVERY)) {
        Some(name) => addressed(&name, answer),
        None => answer,
    }
}

/// Small, without accents, with plain apostrophes and single spaces.
fn plain(text: &str) -> String {
    let text = fold(text).replace('’', "'").replace('ß', "ss");
    let bare = |c: char| match c {
        'á' | 'à' | 'â' | 'ã' => 'a',
        'é' | 'è' | 'ê' => 'e',
        'í' | 'ì' | 'î' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' => 'o',
        'ú' | 'ù' | 'û' => 'u',
        c => c,
    };
    let text: String = text.chars().map(bare).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name that a wish asks for, as it is written there.
fn name(wish: &str) -> Option<String> {
    let folded = plain(wish);
    let at = NAMED.iter().find_map(|words| Some(folded.find(words)? + words.len()))?;
    let is_of_name = |c: char| c.is_alphabetic() || "-'".contains(c);
    let small: String = folded[at..].chars().take_while(|c| is_of_name(*c)).collect();
    // As it was written: the same word in the wish itself.
    let name = wish
        .split(|c: char| !is_of_name(c))
        .find(|word| !word.is_empty() && plain(word) == small)?;
    (name.chars().count() <= MAX_NAME_CHARS).then(|| super::capital(name))
}

/// All but the questions; all of it where there is nothing else.
fn without_questions(answer: &str) -> String {
    let kept: String =
        answer.unicode_sentences().filter(|sentence| !sentence.trim_end().ends_with('?')).collect();
    if kept.trim().is_empty() { answer.to_owned() } else { kept.trim_end().to_owned() }
}

/// The first sentence, and the second where that one is short.
fn beginning(answer: &str) -> String {
    let mut sentences = answer.unicode_sentences();
    let first = sentences.next().unwrap_or(answer);
    let next = sentences.next().filter(|_| first.chars().count() < SHORT_SENTENCE_CHARS);
    (first.to_owned() + next.unwrap_or_default()).trim_end().to_owned()
}

/// The answer with a name before it, where its first word can stand behind one.
fn addressed(name: &str, answer: String) -> String {
    let first = answer.split_whitespace().next().unwrap_or_default();
    let bare = first.trim_end_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let is_i = ["i", "i'm", "i'll", "i've", "i'd"].contains(&bare.replace('’', "'").as_str());
    let long = answer.len() + name.len() + 2 > LONGEST;
    if long || answer.contains(name) || !(is_i || SMALL.contains(&bare.as_str())) {
        return answer;
    }
    if is_i {
        return format!("{name}, {answer}");
    }
    let mut rest = answer.chars();
    let small = rest.next().map(char::to_lowercase).into_iter().flatten();
    format!("{name}, {}{}", small.collect::<String>(), rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(wish: &str) -> Person {
        Person {
            country: Some("CH".into()),
            today: Some("2026-11-21".into()),
            wish: (!wish.is_empty()).then(|| wish.to_owned()),
        }
    }

    fn ask(text: &str) -> [Message; 1] {
        [Message::text(Role::User, text)]
    }

    #[test]
    fn what_the_account_knows_is_answered_in_the_language_of_the_question() {
        for (asked, answer) in [
            ("What day is it today?", "Where you are, it's 2026-11-21."),
            ("Welcher Tag ist heute?", "Bei dir ist heute der 2026-11-21."),
            ("¿Qué día es hoy?", "Donde estás, hoy es 2026-11-21."),
            (
                "Where do I live?",
                "Your account has the country code CH. More than that I don't know.",
            ),
            (
                "Où est-ce que j’habite ?",
                "Ton compte porte le code de pays CH. Je n'en sais pas plus.",
            ),
        ] {
            assert_eq!(fact(&person(""), &ask(asked)).as_deref(), Some(answer));
            assert_eq!(fact(&Person::default(), &ask(asked)), None);
        }
        assert_eq!(fact(&person(""), &ask("It was a long day")), None);
    }

    #[test]
    fn a_name_is_found_in_a_wish_and_said_now_and_then() {
        for (wish, expected) in [
            ("Please call me Mi.", Some("Mi")),
            ("nenn mich Jörg, bitte", Some("Jörg")),
            ("Llámame Íñigo", Some("Íñigo")),
            ("je m’appelle anne-marie", Some("Anne-marie")),
            ("Be kind.", None),
        ] {
            assert_eq!(name(wish).as_deref(), expected, "{wish}");
        }
        let shaped = |answer: &str| shape(&person("Call me Mi."), &ask("x"), answer.to_owned());
        assert_eq!(shaped("You did it. Well done."), "Mi, you did it. Well done.");
        assert_eq!(shaped("I'm glad."), "Mi, I'm glad.");
        // What cannot stand behind a name has none.
        assert_eq!(shaped("Friday is near."), "Friday is near.");
        let later = [
            Message::text(Role::User, "x"),
            Message::text(Role::Assistant, "y"),
            Message::text(Role::User, "z"),
        ];
        let answer = shape(&person("Call me Mi."), &later, "You did it.".into());
        assert_eq!(answer, "You did it.");
    }

    #[test]
    fn brevity_and_no_questions_are_heeded() {
        let answer = "You couldn't sleep. I'm sorry about that night. How do you feel now?";
        let shaped = |wish: &str| shape(&person(wish), &ask("x"), answer.to_owned());
        assert_eq!(shaped("Be brief."), "You couldn't sleep. I'm sorry about that night.");
        assert_eq!(
            shaped("Please do not ask me how I feel."),
            "You couldn't sleep. I'm sorry about that night."
        );
        assert_eq!(shaped("Be kind."), answer);
        assert_eq!(shaped("With courtesy, and shortening nothing."), answer);
        let question = shape(&person("no questions"), &ask("x"), "How are you?".into());
        assert_eq!(question, "How are you?", "rather a question than nothing");
    }
}
