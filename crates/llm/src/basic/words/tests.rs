//! The lines are checked, all of them, for what nobody should have to check by eye.

use std::collections::HashMap;

use super::{
    super::{text::fold, voice::address},
    acts as a, general as g, journal as page,
    tongues::TONGUES,
    *,
};

/// The lists of `acts` that are said.
fn manners() -> Vec<&'static [&'static str]> {
    vec![
        a::GREET,
        a::GREET_AGAIN,
        a::GREET_MORNING,
        a::GREET_EVENING,
        a::INTRODUCED,
        a::ANSWER_HOW_ARE_YOU,
        a::ANSWER_THANKS,
        a::ANSWER_BYE,
        a::ANSWER_NIGHT,
        a::ANSWER_HOSTILE,
        a::ANSWER_CORRECTION,
        a::ANSWER_STOP_ASKING,
        a::YES_OLD,
        a::YES_PLAIN,
        a::NO_OLD,
        a::NO_PLAIN,
        a::OKAY_OLD,
        a::OKAY_PLAIN,
        a::OKAY_IDLE,
        a::YES_IDLE,
        a::NO_IDLE,
        a::ANSWER_REFUSING,
        a::ANSWER_SIGH,
        a::DONT_KNOW_OLD,
        a::DONT_KNOW_PLAIN,
        a::ANSWER_MAYBE_OLD,
        a::ANSWER_MAYBE,
        a::ANSWER_NOTHING,
        a::ANSWER_WHY_OLD,
        a::ANSWER_WHY,
        a::ANSWER_LAUGH,
        a::ANSWER_SORRY,
        a::ANSWER_PRAISE,
        a::ANSWER_BORED,
        a::ANSWER_NUMBER,
        a::ANSWER_SILENCE,
        a::ANSWER_UNREADABLE,
        a::FACT_POINTER,
        a::FACT_POINTER_PLAIN,
        a::FACT_IT,
        a::FACT_PLAIN,
        a::ADVICE_IT,
        a::ADVICE_PLAIN,
        a::WONDER,
        a::WONDER_WHY,
        a::WHAT_IF,
        a::OPINION,
        a::THANKS_QUIETLY,
        a::BYE_QUIETLY,
    ]
}

/// The lists of `general`.
fn general() -> Vec<&'static [&'static str]> {
    vec![
        g::IT_UNABLE,
        g::IT_UNWILLING,
        g::IT_LOW,
        g::IT_BRIGHT,
        g::IT_EVEN,
        g::WHO_LOW,
        g::WHO_BRIGHT,
        g::WHO_EVEN,
        g::WHO_ASK,
        g::ASK_LOW,
        g::ASK_BRIGHT,
        g::ASK_EVEN,
        g::REST_LOW,
        g::REST_BRIGHT,
        g::REST_EVEN,
        g::REMEMBER,
        g::REMEMBER_GENTLY,
        g::AGAIN,
        g::NO_LONGER,
        g::WORD,
        g::OPENING,
        g::STAY,
        g::SAID,
        g::SAID_FULL,
        g::ASK_QUIET,
        g::SAID_SLOWLY,
        g::SAID_LOW,
        g::SAID_BRIGHT,
        g::SAID_ALWAYS,
        g::IT_SUBDUED,
        g::NOTHING_TO_HOLD,
    ]
}

/// Every line of the chat, in English and otherwise.
fn chat() -> Vec<&'static str> {
    let mut all: Vec<&'static str> = Vec::new();
    for theme in themes() {
        for list in
            [theme.low, theme.bright, theme.even, theme.ask_low, theme.ask_bright, theme.ask]
        {
            all.extend(list);
        }
    }
    for feeling in feelings::FEELINGS {
        all.extend(feeling.says.iter().chain(feeling.asks));
    }
    all.extend(
        a::ABOUT_ME
            .iter()
            .flat_map(|about| about.says)
            .chain(a::WISHES.iter().flat_map(|wish| wish.says)),
    );
    all.extend(manners().into_iter().chain(general()).flatten());
    for tongue in TONGUES {
        for list in [
            tongue.on_hello,
            tongue.on_thanks,
            tongue.on_bye,
            tongue.honest,
            tongue.low,
            tongue.bright,
            tongue.low_bare,
            tongue.bright_bare,
            tongue.plain,
            tongue.bare,
        ] {
            all.extend(list);
        }
    }
    all
}

/// The lines as they are said, in the familiar form of address or in the formal one.
fn said(formal: bool) -> Vec<String> {
    chat().into_iter().map(|line| address(line, formal)).collect()
}

/// The same with the journal's.
fn all_said() -> Vec<String> {
    let journal = journal_lines().into_iter().map(str::to_owned);
    said(false).into_iter().chain(said(true)).chain(journal).collect()
}

/// Every line of the journal.
fn journal_lines() -> Vec<&'static str> {
    let lists = [
        page::IT_HEAVY,
        page::IT_LOW,
        page::IT_BRIGHT,
        page::IT_EVEN,
        page::WHO_LOW,
        page::WHO_BRIGHT,
        page::WHO_EVEN,
        page::WHO_GRIEF,
        page::PLAIN_LOW,
        page::PLAIN_BRIGHT,
        page::PLAIN_EVEN,
        page::STEADY_HEAVY,
        page::STEADY_LOW,
        page::STEADY_BRIGHT,
        page::STEADY_EVEN,
    ];
    let moods = page::MOODS.iter().flat_map(|(_, lines)| *lines);
    let foreign = TONGUES.iter().flat_map(|tongue| tongue.journal.iter().copied().flatten());
    lists.into_iter().flatten().chain(moods).chain(foreign).copied().collect()
}

fn words(line: &str) -> Vec<String> {
    fold(line)
        .split_whitespace()
        .map(|w| w.chars().filter(|c| c.is_alphanumeric() || *c == '{').collect())
        .collect()
}

#[test]
fn no_two_lines_share_six_words() {
    let mut shared = Vec::new();
    let journal = journal_lines().into_iter().map(str::to_owned).collect();
    for lines in [said(false), said(true), journal] {
        let mut seen: HashMap<Vec<String>, &str> = HashMap::new();
        for line in &lines {
            for span in words(line).windows(6) {
                if let Some(other) = seen.insert(span.to_vec(), line) {
                    shared.push(format!("{other}\n{line}\n"));
                }
            }
        }
    }
    assert!(shared.is_empty(), "{}", shared.join("\n"));
}

#[test]
fn every_line_is_in_good_form() {
    for line in all_said() {
        assert!(line.matches(['?', '\u{ff1f}', '\u{061f}']).count() <= 1, "two questions: {line}");
        assert!(
            line.chars().count() < 260 && line.trim() == line && !line.contains("  "),
            "{line}"
        );
        assert!(
            line.ends_with(['.', '?', '!', '\u{3002}', '\u{ff1f}', '\u{061f}', '\u{0964}']),
            "no end: {line}"
        );
        assert!(!line.contains(['*', '#', '[', '<', '/', '\u{2014}']), "markup: {line}");
        let slots = line.matches('{').count();
        let known = ["it", "feel", "who", "old", "word", "name", "said"]
            .iter()
            .map(|s| line.to_lowercase().matches(&format!("{{{s}}}")).count());
        assert_eq!(slots, known.sum::<usize>(), "an unknown slot: {line}");
    }
}

/// Words of the familiar address that no formal line may hold.
const FAMILIAR: &[(&str, &[&str])] = &[
    ("de", &["du", "dich", "dir", "dein", "deine", "deinem", "deinen", "deiner"]),
    ("es", &["tú", "te", "ti", "tu", "tus", "contigo"]),
    ("fr", &["tu", "te", "toi", "ta", "ton", "tes"]),
    ("it", &["tu", "te", "ti", "tuo", "tua", "tuoi"]),
    ("nl", &["je", "jij", "jou", "jouw", "jezelf"]),
];

#[test]
fn formal_lines_hold_no_familiar_word() {
    for (code, familiar) in FAMILIAR {
        let tongue = TONGUES.iter().find(|tongue| tongue.code == *code).unwrap();
        let mut both = 0;
        let lists = [
            tongue.on_hello,
            tongue.on_thanks,
            tongue.on_bye,
            tongue.honest,
            tongue.low,
            tongue.bright,
            tongue.plain,
            tongue.low_bare,
            tongue.bright_bare,
            tongue.bare,
        ];
        for line in lists.into_iter().flatten() {
            let formal = address(line, true);
            let wrong = fold(&formal)
                .split(|c: char| !c.is_alphabetic())
                .find(|word| familiar.contains(word))
                .map(str::to_owned);
            assert_eq!(wrong, None, "{code}: {formal}");
            both += usize::from(formal != address(line, false));
        }
        assert!(both > 15, "{code}: only {both} lines have two forms");
    }
}

#[test]
fn a_slot_may_be_one_thing_or_many() {
    let singular = [
        "is", "has", "was", "does", "knows", "comes", "goes", "takes", "makes", "brings", "needs",
        "seems", "feels", "turns", "isn't", "hasn't",
    ];
    let subject = [
        "that", "when", "once", "what", "how", "and", "so", "before", "because", "even", "while",
        "where", "if",
    ];
    for line in all_said() {
        let words: Vec<&str> = line.split(' ').collect();
        for (at, _) in words
            .iter()
            .enumerate()
            .filter(|(_, w)| ["{it}", "{who}", "{old}"].contains(&w.to_lowercase().as_str()))
        {
            let before = at.checked_sub(1).map_or("", |i| words[i]);
            let starts = before.is_empty()
                || before.ends_with(['.', ',', ';', ':'])
                || subject.contains(&before);
            let wrong = starts
                && words
                    .get(at + 1)
                    .is_some_and(|next| singular.contains(&next.trim_end_matches(['.', ',', '?'])));
            assert!(
                !wrong && !["is", "does", "has"].contains(&before.to_lowercase().as_str()),
                "one or many in: {line}"
            );
        }
    }
}

#[test]
fn the_journal_is_free_of_the_clinic() {
    for line in journal_lines() {
        let clinical = line
            .split(|c: char| !c.is_alphabetic())
            .map(fold)
            .find(|word| lexicon::is_avoided(word));
        assert_eq!(clinical, None, "{line}");
    }
}

#[test]
fn parts_are_short_enough_to_be_put_together() {
    use g::{PART_CLOSING, PART_QUIET, PART_REMARK, PART_WORD};
    for part in [PART_WORD, PART_QUIET, PART_REMARK, PART_CLOSING].into_iter().flatten() {
        assert!((1..=5).contains(&words(part).len()), "{part}");
    }
}

#[test]
fn phrases_are_written_as_messages_are_read() {
    for (theme, word) in themes().flat_map(|t| t.words.iter().map(move |(word, _)| (t.name, *word)))
    {
        let read = super::super::text::read(word);
        assert_eq!(read.line.trim(), word, "{theme} listens for what no message reads like");
    }
}
