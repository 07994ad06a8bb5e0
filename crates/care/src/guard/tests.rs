use proptest::prelude::*;

use super::report::{CONTEXT, acceptable, bad, report, total};
use super::*;

const NOTHING: GuardContext<'static> = GuardContext { instruction: "" };

fn passed(answer: &str) -> String {
    guard(answer, &NOTHING).map(Guarded::into_string).expect("it passes")
}

fn violation(answer: &str) -> Option<Violation> {
    guard(answer, &NOTHING).err()
}

#[test]
fn the_reviewed_sets_are_judged_within_the_targets() {
    let report = report();
    let (good, bad) = (total(&report.acceptable, ""), total(&report.bad, ""));
    assert!(good.answers >= 300 && bad.answers >= 500, "{report}");
    assert!(good.right * 100 >= good.answers * 99, "{:#?}", report.misjudged);
    assert!(bad.right * 100 >= bad.answers * 99, "{:#?}", report.misjudged);
}

#[test]
fn each_kind_of_bad_answer_is_called_by_its_name() {
    let names = [
        ("condition", Violation::Condition),
        ("crisis", Violation::Crisis),
        ("phone", Violation::PhoneNumber),
        ("link", Violation::Link),
        ("email", Violation::Email),
        ("markup", Violation::Markup),
        ("leak", Violation::Leak),
        ("empty", Violation::Empty),
        ("long", Violation::TooLong),
    ];
    for (tag, name) in names {
        let kind: Vec<&str> =
            bad().filter(|(kind, _)| kind.starts_with(tag)).map(|(_, answer)| answer).collect();
        let right = kind.iter().filter(|answer| guard(answer, &CONTEXT) == Err(name)).count();
        assert!(right * 10 >= kind.len() * 8, "{tag}: {right} of {}", kind.len());
    }
}

#[test]
fn a_third_sentence_is_cut_off() {
    assert_eq!(passed("You did well. Rest now. Drink tea."), "You did well. Rest now.");
    assert_eq!(
        passed("Dr. Meyer heard you. That helps! Call 911."),
        "Dr. Meyer heard you. That helps!"
    );
    assert_eq!(passed("One\nTwo\nThree"), "One Two");
    assert_eq!(passed("今日は晴れ。よかった。また明日。"), "今日は晴れ。よかった。");
}

#[test]
fn two_sentences_that_are_too_long_become_one() {
    let first = format!("{}.", "So it goes ".repeat(15).trim());
    let second = format!("{}.", "And so on ".repeat(15).trim());
    assert_eq!(passed(&format!("{first} {second}")), first);
    assert_eq!(violation(&"So it goes ".repeat(30)), Some(Violation::TooLong));
    assert_eq!(passed(&format!("{}.", "ü".repeat(279))).chars().count(), 280);
    assert_eq!(violation(&format!("{}.", "ü".repeat(280))), Some(Violation::TooLong));
}

#[test]
fn answers_come_out_on_one_clean_line() {
    assert_eq!(
        passed("  You\u{7} did\u{200B}  well,\r\n and more.\u{0} "),
        "You did well, and more."
    );
    assert_eq!(violation(""), Some(Violation::Empty));
    assert_eq!(violation(" \u{200B}\n "), Some(Violation::Empty));
}

#[test]
fn codes_are_stable_and_distinct() {
    let codes: Vec<&str> = Violation::ALL.iter().map(|violation| violation.code()).collect();
    let expected = [
        "REPLY_EMPTY",
        "REPLY_TOO_LONG",
        "REPLY_CLINICAL",
        "REPLY_CONDITION",
        "REPLY_CRISIS",
        "REPLY_PHONE_NUMBER",
        "REPLY_LINK",
        "REPLY_EMAIL",
        "REPLY_MARKUP",
        "REPLY_LEAK",
    ];
    assert_eq!(codes, expected);
}

/// What must hold of any answer that is accepted, and of all that is shown of it.
fn assert_kept(answer: &str) -> Result<(), TestCaseError> {
    let Ok(guarded) = guard(answer, &CONTEXT) else { return Ok(()) };
    let text = guarded.as_str();
    prop_assert!(text.chars().count() <= MAX_REPLY_CHARS);
    prop_assert!(sentences::ends(text).len() <= MAX_SENTENCES, "{}", text);
    prop_assert!(!text.chars().any(char::is_control));
    let again = guard(text, &CONTEXT).map(Guarded::into_string);
    prop_assert_eq!(again.as_deref(), Ok(text));
    let mut shown = String::new();
    for slice in emit(&guarded) {
        prop_assert!(!slice.is_empty());
        shown.push_str(slice);
        let prefix = guard(&shown, &CONTEXT);
        prop_assert!(prefix.is_ok(), "{:?} of {:?}: {:?}", shown, text, prefix);
    }
    prop_assert_eq!(shown, text);
    Ok(())
}

/// Answers as models make them: pieces of the reviewed sets, put together.
fn an_answer() -> impl Strategy<Value = String> {
    let pieces: Vec<&'static str> = acceptable()
        .chain(bad())
        .flat_map(|(_, answer)| answer.split_inclusive(['.', ' ', '。', '!', '?']))
        .chain([
            "\n", "e.g. ", "Dr. ", "3. ", "U.S. ", "… ", "\"", "(", ") ", "“", "”", "。", "」",
            "? ", "A", "a",
        ])
        .collect();
    prop::collection::vec(prop::sample::select(pieces), 0..60).prop_map(|pieces| pieces.concat())
}

fn a_set_answer() -> impl Strategy<Value = String> {
    let answers: Vec<&'static str> = acceptable().map(|(_, answer)| answer).collect();
    prop::collection::vec(prop::sample::select(answers), 1..4).prop_map(|answers| answers.join(" "))
}

proptest! {
    // Each case guards every prefix of an answer.
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_accepted_stays_accepted_word_by_word(answer in an_answer()) {
        assert_kept(&answer)?;
    }

    #[test]
    fn acceptable_answers_stay_accepted_word_by_word(answer in a_set_answer()) {
        assert_kept(&answer)?;
    }

    #[test]
    fn any_text_is_safe_to_guard(answer in any::<String>()) {
        assert_kept(&answer)?;
    }

    #[test]
    fn it_does_not_matter_how_an_answer_is_cut_into_pieces(
        answer in a_set_answer(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut ends: Vec<usize> = cuts
            .iter()
            .map(|cut| answer.floor_char_boundary(cut.index(answer.len() + 1)))
            .chain([0, answer.len()])
            .collect();
        ends.sort_unstable();
        let mut buffer = AnswerBuffer::new();
        for piece in ends.windows(2) {
            buffer.push(&answer[piece[0]..piece[1]]);
        }
        prop_assert_eq!(buffer.finish(&CONTEXT), guard(&answer, &CONTEXT));
    }
}

#[test]
fn disguises_do_not_help() {
    let disguises: [fn(&str) -> String; 6] = [
        str::to_uppercase,
        |answer| answer.chars().flat_map(|c| [c, '\u{200B}']).collect(),
        |answer| answer.replace(' ', " \u{A0} "),
        |answer| answer.chars().map(wide).collect(),
        |answer| answer.replace('e', "е").replace('o', "о"),
        |answer| format!("*{answer}*"),
    ];
    let refused = |answer: &str| guard(answer, &CONTEXT).is_err();
    let worded = |kind: &str| {
        ["clinical", "condition", "crisis"].iter().any(|start| kind.starts_with(start))
    };
    for (_, answer) in bad().filter(|(kind, answer)| worded(kind) && refused(answer)) {
        for disguise in disguises {
            let hidden = disguise(answer);
            assert!(refused(&hidden), "{hidden}");
        }
    }
}

/// The full-width form.
fn wide(c: char) -> char {
    match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c),
        other => other,
    }
}
