use proptest::prelude::*;

use super::report::{Tally, report, total};
use super::*;

#[expect(clippy::cast_precision_loss, reason = "some thousands of lines")]
fn percent(tally: &Tally) -> f64 {
    let flagged = tally.flagged + tally.held_out_flagged;
    100.0 * flagged as f64 / (tally.lines + tally.held_out) as f64
}

#[test]
fn the_reviewed_sets_are_judged_within_the_targets() {
    let report = report();
    let natural = &report.natural;
    assert!(natural.lines + natural.held_out >= 2_000, "{natural}");
    assert!(percent(natural) <= 0.1, "{:#?}", report.misjudged);
    let typed = total(&report.typed, "typed");
    assert!(typed.lines + typed.held_out >= 300, "{typed}");
    assert!(percent(&typed) >= 95.0, "{report}");
    assert!(percent(&total(&report.made, "made")) >= 98.0, "{report}");
    for manner in &report.made {
        assert!(percent(manner) >= 93.0, "{manner}");
    }
}

#[test]
fn what_must_pass_passes() {
    for text in [
        "",
        "   ",
        "hahaha hahahaha hahaha",
        "aaaaah I'm so happy",
        "NASA FBI CIA HTML CSS JSON SQL HTTP TCP",
        "no no no no no no no no no no no no",
        "Strč prst skrz krk",
        "🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉",
        "1234567890 1234567890 !!!!! ?????",
        "jkl asdf",
        "ㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋ",
        "今日はとても疲れたけど楽しかった",
        "https://example.org/qwrtpsdfghjklzxcvbnm",
    ] {
        assert!(!is_gibberish(text), "{text} {:?}", judge(text));
    }
}

#[test]
fn one_sign_over_and_over_is_a_flood_in_any_script() {
    assert!(judge("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").flooded);
    assert!(judge("ααααααααααααααα βγδ").flooded);
    assert!(judge("ああああああああああああああああ").flooded);
    assert!(judge("кккккккккккккккккк").flooded);
    assert!(!judge("noooooooooooooooooooooo").is_gibberish());
    assert!(!judge("ああああ 今日はもう疲れたよ").is_gibberish());
}

#[test]
fn two_signs_of_three_are_needed() {
    let sign = Verdict { improbable: true, ..Verdict::default() };
    assert!(!sign.is_gibberish());
    assert!(Verdict { mechanical: true, ..sign }.is_gibberish());
    assert!(Verdict { flooded: true, ..Verdict::default() }.is_gibberish());
}

#[test]
fn a_mixture_of_alphabets_is_not_judged() {
    let half = "sdkfjh wqerzx lkjdfg вылаор фывцйу ждлорп";
    assert_eq!(judge(half), Verdict::default());
}

#[test]
fn a_very_long_text_is_judged_by_its_beginning() {
    assert!(is_gibberish(&"asdkfj qwoeiru zxmcnv ".repeat(50_000)));
    assert!(!is_gibberish(&"Today was long and good. ".repeat(50_000)));
}

proptest! {
    #[test]
    fn any_text_is_safe_to_judge(text in ".{0,200}") {
        is_gibberish(&text);
    }

    #[test]
    fn white_space_around_changes_nothing(text in "[a-zà-ÿа-я ]{0,80}") {
        prop_assert_eq!(judge(&text), judge(&format!(" \n{text}\t ")));
    }
}
