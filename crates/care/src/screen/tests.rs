//! What holds for any text: no disguise lowers a tier, nothing around it lowers explicit intent,
//! and no text is too strange to be read.

use proptest::prelude::*;

use super::disguise::{DISGUISES, NAMES, disguise};
use super::sets::{Sentence, sentences};
use super::{Language, Surface, Tier, fixed_answer, screen};

/// The brief's four phrases, and ways they are met.
const BRIEF: [&str; 8] = [
    "suicide",
    "kill myself",
    "self harm",
    "want to die",
    "I have been thinking about suicide.",
    "I will kill myself",
    "Self-harm again, all night long",
    "I just want to die and be done",
];

fn explicit() -> impl Strategy<Value = Sentence> {
    let found = |s: &Sentence| {
        s.tier == Some(Tier::Explicit) && screen(&s.text, Surface::Chat).tier == s.tier
    };
    prop::sample::select(sentences().into_iter().filter(found).collect::<Vec<_>>())
}

/// The first ten explicit sentences of each language, without anything around them: the plainest.
fn plainest() -> Vec<String> {
    let all = sentences();
    let of = |language| {
        let texts = all
            .iter()
            .filter(move |s: &&Sentence| s.language == language && s.tier == Some(Tier::Explicit));
        // Each stands in its carriers first, then alone.
        texts.skip(3).step_by(4).take(10).map(|s| s.text.clone())
    };
    Language::ALL.into_iter().flat_map(of).collect()
}

fn harmless(language: Language) -> Vec<String> {
    let all = sentences().into_iter();
    all.filter(|s| s.language == language && s.tier.is_none()).map(|s| s.text).collect()
}

/// The sentence with a stop at its end, so that no phrase runs on into the next.
fn stopped(text: &str) -> String {
    let stop = if text.is_ascii() || !text.contains(['。', '、', '，']) { "." } else { "。" };
    if text.ends_with(char::is_alphanumeric) { format!("{text}{stop}") } else { text.to_owned() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_disguise_lowers_the_tier(
        text in prop::sample::select(plainest()),
        n in 0..DISGUISES,
        seed: u64,
    ) {
        if let Some(text) = disguise(&text, n, seed) {
            let tier = screen(&text, Surface::Chat).tier;
            prop_assert_eq!(tier, Some(Tier::Explicit), "{}: {}", NAMES[n], text);
        }
    }

    #[test]
    fn the_four_phrases_are_found_in_any_disguise(
        phrase in prop::sample::select(&BRIEF[..]),
        n in 0..DISGUISES,
        seed: u64,
    ) {
        if let Some(text) = disguise(phrase, n, seed) {
            let found = screen(&text, Surface::Entry);
            prop_assert!(found.brief, "{}: {}", NAMES[n], text);
            prop_assert!(fixed_answer(Surface::Entry, &found));
        }
    }

    #[test]
    fn nothing_around_it_lowers_explicit_intent(
        sentence in explicit(),
        before: prop::sample::Index,
        after: prop::sample::Index,
    ) {
        let around = harmless(sentence.language);
        let all = [before.get(&around), &sentence.text, after.get(&around)];
        let text = all.map(|text| stopped(text)).join("\n");
        prop_assert_eq!(screen(&text, Surface::Chat).tier, Some(Tier::Explicit), "{}", text);
    }

    #[test]
    fn any_text_can_be_screened(text: String) {
        let (entry, chat) = (screen(&text, Surface::Entry), screen(&text, Surface::Chat));
        prop_assert_eq!(entry.phrase.is_some(), entry.tier.is_some());
        prop_assert!(entry.tier >= chat.tier);
    }
}
