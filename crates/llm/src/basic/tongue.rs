//! Other languages: telling which one a message is in, and what can be answered in it.

use std::sync::LazyLock;

use super::{
    spans::WordMap,
    text::fold,
    voice::Occasion,
    words::{
        self, acts, lexicon,
        tongues::{TONGUES, Tongue},
    },
};

/// Words that every language writes in a chat; they show none.
const EVERYWHERE: &[&str] = &["ok", "okay", "haha", "hahaha", "lol", "hm", "hmm"];

/// The language of a message, when it is one of the known ones and not English. `before` are the
/// person's earlier messages, latest first: "no" and "ok" go with what was spoken so far, and before
/// that with the language they say they speak.
pub(crate) fn detect<'a>(
    text: &str,
    before: impl Iterator<Item = &'a str>,
    own: Option<[u8; 2]>,
) -> Option<&'static Tongue> {
    let mut earlier = before.take(3).peekable();
    let own = own.filter(|_| earlier.peek().is_none()).and_then(of_code);
    let spoken = earlier.find_map(|earlier| weigh(earlier, None).clear()).or(own);
    let evidence = weigh(text, spoken);
    if let Some(tongue) = evidence.clear() {
        return Some(tongue);
    }
    if evidence.english > evidence.foreign {
        return None;
    }
    let spoken = spoken?;
    let fits = evidence.tongue.is_none_or(|t| t.code == spoken.code)
        || evidence.foreign == evidence.english;
    (fits && words_of(text).len() <= 4).then_some(spoken)
}

/// The language of a code.
fn of_code(code: [u8; 2]) -> Option<&'static Tongue> {
    TONGUES.iter().find(|tongue| tongue.code.as_bytes() == code)
}

struct Evidence {
    tongue: Option<&'static Tongue>,
    foreign: usize,
    english: usize,
    words: usize,
    /// A whole greeting or the like was found.
    phrase: bool,
}

impl Evidence {
    fn clear(&self) -> Option<&'static Tongue> {
        let enough = self.foreign >= 2 || self.words <= 3 && self.english == 0 || self.phrase;
        self.tongue.filter(|_| self.foreign > self.english && enough)
    }
}

/// The languages each marker shows.
static MARKERS: LazyLock<WordMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let mut map: WordMap<&str, Vec<&str>> = WordMap::default();
    for tongue in TONGUES.iter().filter(|t| !t.markers.is_empty()) {
        for word in tongue.markers.split(' ') {
            map.entry(word).or_default().push(tongue.code);
        }
    }
    map
});

/// What speaks for which language; `spoken` wins among equals.
fn weigh(text: &str, spoken: Option<&'static Tongue>) -> Evidence {
    let words = words_of(text);
    if let Some(tongue) = by_script(text) {
        return Evidence {
            tongue: Some(tongue),
            foreign: words.len().max(1),
            english: 0,
            words: words.len(),
            phrase: true,
        };
    }
    let english = words.iter().filter(|word| is_english(word)).count();
    let line = format!(" {} ", words.join(" "));
    let shows = |tongue: &Tongue, word: &str| {
        MARKERS.get(word).is_some_and(|codes| codes.contains(&tongue.code))
    };
    let greeted = shown_by_phrase(&line);
    let best = spoken.into_iter().chain(TONGUES).filter(|t| !t.markers.is_empty()).map(|tongue| {
        let markers = words.iter().filter(|word| shows(tongue, word)).count();
        let phrase = greeted.contains(&tongue.code);
        (tongue, markers + 2 * usize::from(phrase), phrase)
    });
    // The first of equals: the table's order decides.
    let best = best
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .filter(|(_, score, _)| *score > 0);
    Evidence {
        tongue: best.map(|(tongue, _, _)| tongue),
        foreign: best.map_or(0, |(_, score, _)| score),
        english,
        words: words.len(),
        phrase: best.is_some_and(|(_, _, phrase)| phrase),
    }
}

/// The greetings, thanks and farewells of all languages by their first word, with the language.
static PHRASES: LazyLock<WordMap<&str, Vec<(&str, &str)>>> = LazyLock::new(|| {
    let mut map: WordMap<&str, Vec<(&str, &str)>> = WordMap::default();
    for tongue in TONGUES.iter().filter(|t| !t.markers.is_empty()) {
        for phrase in [tongue.hello, tongue.thanks, tongue.bye].concat() {
            let first = phrase.split(' ').next().unwrap_or(phrase);
            map.entry(first).or_default().push((phrase, tongue.code));
        }
    }
    map
});

/// The languages of which a padded line holds a phrase, as whole words.
fn shown_by_phrase(line: &str) -> Vec<&'static str> {
    let mut shown = Vec::new();
    let starts = line.match_indices(' ').map(|(at, _)| &line[at + 1..]);
    for (rest, first) in starts.filter_map(|rest| Some((rest, rest.split(' ').next()?))) {
        let fits = |phrase: &str| rest.strip_prefix(phrase).is_some_and(|r| r.starts_with(' '));
        let found = PHRASES.get(first).into_iter().flatten().filter(|(phrase, _)| fits(phrase));
        shown.extend(found.map(|(_, code)| *code));
    }
    shown
}

fn is_english(word: &str) -> bool {
    !EVERYWHERE.contains(&word)
        && (lexicon::is_stop(word)
            || words::knows(word)
            || lexicon::is_noun(word)
            || lexicon::is_adjective(word)
            || lexicon::NEGATIVE.contains(&word)
            || lexicon::POSITIVE.contains(&word)
            || acts::HELLO.contains(&word)
            || lexicon::SHORTHAND.iter().any(|(short, _)| *short == word))
}

/// Scripts that stand for one of the known languages.
fn by_script(text: &str) -> Option<&'static Tongue> {
    let has = |range: std::ops::RangeInclusive<char>| text.chars().any(|c| range.contains(&c));
    let code = if has('\u{3040}'..='\u{30ff}') {
        "ja"
    } else if has('\u{ac00}'..='\u{d7af}') {
        "ko"
    } else if has('\u{4e00}'..='\u{9fff}') {
        "zh"
    } else if has('\u{0400}'..='\u{04ff}') {
        "ru"
    } else if has('\u{0600}'..='\u{06ff}') {
        "ar"
    } else if has('\u{0900}'..='\u{097f}') {
        "hi"
    } else {
        return None;
    };
    TONGUES.iter().find(|t| t.code == code)
}

fn words_of(text: &str) -> Vec<String> {
    fold(text)
        .split(|c: char| !(c.is_alphanumeric() || c == '\'' || is_mark(c)))
        .map(|word| word.trim_matches('\'').to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

/// Vowel signs of Hindi and marks of Arabic, which belong to their word.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{0900}'..='\u{0903}' | '\u{093a}'..='\u{094f}' | '\u{064b}'..='\u{065f}')
}

/// What a message in another language does, and the lists that answer it, best first.
pub(crate) fn answers(
    tongue: &'static Tongue,
    text: &str,
    noun: bool,
) -> Vec<&'static [&'static str]> {
    let folded = fold(text);
    let line = format!(" {} ", words_of(text).join(" "));
    let count = words_of(text).len();
    let spaced = !matches!(tongue.code, "zh" | "ja");
    let has = |list: &[&str]| {
        if spaced {
            list.iter().any(|part| line.contains(&format!(" {part} ")))
        } else {
            list.iter().any(|part| folded.contains(part))
        }
    };
    let short = if spaced { count <= 5 } else { folded.chars().count() <= 12 };
    let tone = tone(tongue, &folded, &line);
    // "I am tired" names nothing that could be heavy; "my work" does.
    let noun = noun || tongue.low_bare.is_empty();
    let felt: &'static [&'static str] = match tone {
        Some(true) if noun => tongue.bright,
        Some(true) => tongue.bright_bare,
        Some(false) if noun => tongue.low,
        Some(false) => tongue.low_bare,
        None => &[],
    };
    if tone.is_none() && short && has(tongue.thanks) {
        vec![tongue.on_thanks, tongue.plain, tongue.bare]
    } else if tone.is_none() && short && has(tongue.bye) {
        vec![tongue.on_bye, tongue.bare, tongue.plain]
    } else if tone.is_none() && short && has(tongue.hello) {
        vec![tongue.on_hello, tongue.bare, tongue.plain]
    } else if text.contains(['?', '\u{ff1f}', '\u{061f}']) {
        vec![tongue.honest, felt, tongue.plain, tongue.bare]
    } else if count <= 2 && spaced || folded.chars().count() <= 3 {
        vec![felt, tongue.bare, tongue.plain]
    } else {
        vec![felt, tongue.plain, tongue.bare]
    }
}

/// What the answer to a message does, as far as its manner goes.
pub(crate) fn occasion(tongue: &'static Tongue, text: &str) -> Occasion {
    let first = answers(tongue, text, true).first().copied().unwrap_or_default();
    let is = |list| std::ptr::eq(first, list);
    if is(tongue.on_hello) {
        Occasion::Hello
    } else if is(tongue.on_thanks) {
        Occasion::Thanks
    } else if is(tongue.on_bye) {
        Occasion::Bye
    } else if is(tongue.honest) {
        Occasion::Me
    } else {
        match tone_of(tongue, text) {
            Some(false) => Occasion::Low,
            Some(true) => Occasion::Bright,
            None => Occasion::Even,
        }
    }
}

/// `Some(true)` for a bright message, `Some(false)` for a dark one.
pub(crate) fn tone(tongue: &Tongue, folded: &str, line: &str) -> Option<bool> {
    let spaced = !matches!(tongue.code, "zh" | "ja");
    let count = |stems: &[&str]| {
        stems
            .iter()
            .filter(|stem| {
                if spaced { line.contains(&format!(" {stem}")) } else { folded.contains(*stem) }
            })
            .count()
    };
    let (dark, bright) = (count(tongue.sad), count(tongue.glad));
    // When both are there, the dark one is the one not to miss.
    if dark > 0 { Some(false) } else { (bright > 0).then_some(true) }
}

/// The tone of a journal entry: see [`tone`].
pub(crate) fn tone_of(tongue: &Tongue, text: &str) -> Option<bool> {
    tone(tongue, &fold(text), &format!(" {} ", words_of(text).join(" ")))
}

/// The word of the message that stands for it: a known subject, a noun by its capital, else the
/// longest that is no marker. With it comes whether it is a noun for sure.
pub(crate) fn key_word(tongue: &Tongue, text: &str) -> Option<(String, bool)> {
    if let Some(subject) = tongue.subjects.iter().find(|s| text.contains(**s)) {
        return Some(((*subject).to_owned(), true));
    }
    if !tongue.subjects.is_empty() {
        return None;
    }
    let fit = |word: &str| {
        let folded = fold(word);
        let chars = word.chars().count();
        let noun = tongue.code == "de" && word.starts_with(char::is_uppercase);
        let least = match tongue.code {
            "ko" => 2,
            _ if noun => 3,
            _ => 4,
        };
        (least..=16).contains(&chars)
            && word.chars().all(|c| c.is_alphabetic() || is_mark(c))
            && !tongue.markers.split(' ').any(|marker| marker == folded)
            && ![tongue.hello, tongue.thanks, tongue.bye]
                .iter()
                .any(|list| list.contains(&folded.as_str()))
            && !lexicon::is_avoided(&folded)
    };
    let words: Vec<&str> = text
        .split(|c: char| !(c.is_alphabetic() || is_mark(c)))
        .filter(|w| !w.is_empty())
        .collect();
    let after = tongue.before_nouns.split(' ').find_map(|before| {
        words.windows(2).find(|pair| fold(pair[0]) == before && fit(pair[1])).map(|pair| pair[1])
    });
    if let Some(word) = after.filter(|_| tongue.code != "de") {
        return Some((fold(word), true));
    }
    let noun = words.iter().skip(1).find(|w| {
        fit(w) && tongue.code == "de" && w.chars().next().is_some_and(char::is_uppercase)
    });
    // The last of the longest: what matters tends to come late in a sentence.
    noun.or_else(|| words.iter().filter(|w| fit(w)).max_by_key(|w| w.chars().count()))
        .map(|word| (if noun.is_some() { (*word).to_owned() } else { fold(word) }, noun.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<&'static str> {
        detect(text, std::iter::empty(), None).map(|t| t.code)
    }

    #[test]
    fn languages_are_told_apart() {
        for (text, expected) in [
            ("hola", Some("es")),
            ("Estoy muy cansada de mi trabajo", Some("es")),
            ("Je suis triste aujourd'hui", Some("fr")),
            ("Ich habe morgen eine Prüfung", Some("de")),
            ("Oggi sono felice perché ho passato l'esame", Some("it")),
            ("Hoje estou com muita saudade da minha avó", Some("pt")),
            ("Ik ben vandaag heel moe", Some("nl")),
            ("Jestem bardzo zmęczony", Some("pl")),
            ("Bugün çok yorgunum", Some("tr")),
            ("мне грустно", Some("ru")),
            ("我很累", Some("zh")),
            ("今日は疲れました", Some("ja")),
            ("오늘 힘들어", Some("ko")),
            ("أنا متعب", Some("ar")),
            ("मैं थक गया हूँ", Some("hi")),
            ("Ben cried", None),
            ("I am so tired", None),
            ("ok", None),
            ("yo", None),
            ("we was even of", None),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn short_words_stay_in_the_language_spoken_so_far() {
        let detect = |text| {
            detect(text, ["Estoy muy triste por mi examen"].into_iter(), None).map(|t| t.code)
        };
        assert_eq!(detect("ok"), Some("es"));
        assert_eq!(detect("no"), Some("es"));
        assert_eq!(detect("let's speak English please"), None);
    }
}
