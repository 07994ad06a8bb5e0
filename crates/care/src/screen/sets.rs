//! The reviewed sentences in `data/sets`, one file per language: what the screen should find, and
//! ordinary sentences that use the same words harmlessly.
//!
//! A file has sections in brackets. `(a|b|)` in a sentence makes one sentence per choice, so that
//! a line stands for a handful of variants. Sentences of the explicit tier are also put into
//! carriers, sentences that stand around the `{}`. A section whose name ends in ` late` was written
//! when the phrases stood, and has taught them nothing; its sentences stand alone.

use super::{Language, Tier};

static SOURCES: [(Language, &str); 15] = [
    (Language::En, include_str!("../../data/sets/en.txt")),
    (Language::Es, include_str!("../../data/sets/es.txt")),
    (Language::Pt, include_str!("../../data/sets/pt.txt")),
    (Language::Fr, include_str!("../../data/sets/fr.txt")),
    (Language::De, include_str!("../../data/sets/de.txt")),
    (Language::It, include_str!("../../data/sets/it.txt")),
    (Language::Nl, include_str!("../../data/sets/nl.txt")),
    (Language::Pl, include_str!("../../data/sets/pl.txt")),
    (Language::Tr, include_str!("../../data/sets/tr.txt")),
    (Language::Ru, include_str!("../../data/sets/ru.txt")),
    (Language::Hi, include_str!("../../data/sets/hi.txt")),
    (Language::Ar, include_str!("../../data/sets/ar.txt")),
    (Language::Zh, include_str!("../../data/sets/zh.txt")),
    (Language::Ja, include_str!("../../data/sets/ja.txt")),
    (Language::Ko, include_str!("../../data/sets/ko.txt")),
];

/// How many carriers each explicit sentence is put into, besides standing alone.
const CARRIERS: usize = 3;

/// A sentence and what the screen should say of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Sentence {
    pub(super) language: Language,
    /// The tier to be found; `None` for a harmless sentence.
    pub(super) tier: Option<Tier>,
    /// Whether it was written when the phrases were finished.
    pub(super) late: bool,
    pub(super) text: String,
}

/// Every sentence of every language.
pub(super) fn sentences() -> Vec<Sentence> {
    SOURCES.iter().flat_map(|&(language, source)| read(language, source)).collect()
}

fn read(language: Language, source: &str) -> Vec<Sentence> {
    let lines = sections(source);
    let carriers: Vec<&str> =
        lines.iter().filter(|line| line.0 == "carriers").map(|line| line.1).collect();
    let mut sentences = Vec::new();
    for (index, &(section, line)) in lines.iter().enumerate() {
        let (name, late) =
            section.strip_suffix(" late").map_or((section, false), |name| (name, true));
        let tier = tier(name);
        if tier.is_none() && name != "harmless" {
            continue;
        }
        for (variant, text) in choices(line).into_iter().enumerate() {
            let mut add = |text| sentences.push(Sentence { language, tier, late, text });
            if tier == Some(Tier::Explicit) && !late {
                for turn in 0..CARRIERS {
                    let carrier = carriers[(index * CARRIERS + variant + turn) % carriers.len()];
                    add(carrier.replace("{}", &text));
                }
            }
            add(text);
        }
    }
    sentences
}

/// The tier that a section's sentences belong to. Harmless ones and carriers belong to none.
fn tier(section: &str) -> Option<Tier> {
    Tier::ALL.into_iter().find(|tier| tier.name() == section)
}

/// Each line with the section it stands in.
fn sections(source: &str) -> Vec<(&str, &str)> {
    let mut section = "";
    let mut lines = Vec::new();
    for line in source.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
        } else if !line.is_empty() && !line.starts_with('#') {
            lines.push((section, line));
        }
    }
    lines
}

/// Every sentence that a line with choices stands for.
fn choices(line: &str) -> Vec<String> {
    let Some((head, tail)) = line.split_once('(') else { return vec![line.to_owned()] };
    let Some((inner, tail)) = tail.split_once(')') else { return vec![line.to_owned()] };
    let mut all = Vec::new();
    for rest in choices(tail) {
        for choice in inner.split('|') {
            all.push(format!("{head}{choice}{rest}"));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_written_out() {
        assert_eq!(choices("a (b|c) (d|)e"), ["a b de", "a c de", "a b e", "a c e"]);
    }

    #[test]
    fn every_line_of_the_sets_is_read_whole() {
        for (language, source) in SOURCES {
            for (section, line) in sections(source) {
                let name = section.strip_suffix(" late").unwrap_or(section);
                assert!(
                    ["carriers", "harmless"].contains(&name) || tier(name).is_some(),
                    "{language}: [{section}]"
                );
                assert_eq!(name == "carriers", line.contains("{}"), "{language}: {line}");
                let whole = |text: &String| !text.contains(['(', ')', '|', '[', ']']);
                assert!(choices(line).iter().all(whole), "{language}: {line}");
            }
        }
    }

    #[test]
    fn the_sets_are_as_large_as_the_specification_asks() {
        let all = sentences();
        let explicit = all.iter().filter(|s| s.tier == Some(Tier::Explicit)).count();
        let harmless = all.iter().filter(|s| s.tier.is_none()).count();
        assert!(explicit >= 2000, "{explicit} explicit sentences");
        assert!(harmless >= 5000, "{harmless} harmless sentences");
        for language in Language::ALL {
            for tier in [Some(Tier::Explicit), Some(Tier::Method), Some(Tier::Passive), None] {
                assert!(all.iter().any(|s| s.language == language && s.tier == tier));
            }
        }
    }

    #[test]
    fn no_sentence_is_counted_twice() {
        let mut texts: Vec<String> = sentences().into_iter().map(|s| s.text).collect();
        let count = texts.len();
        texts.sort();
        let doubles: Vec<String> =
            texts.windows(2).filter(|two| two[0] == two[1]).map(|two| two[0].clone()).collect();
        assert!(doubles.is_empty(), "{} of {count}: {doubles:?}", doubles.len());
    }
}
