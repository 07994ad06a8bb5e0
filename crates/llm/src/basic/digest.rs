//! The summary of what somebody wrote, without a model: the sentences of their own that have most
//! of the words they used again and again.

use std::collections::HashMap;

use unicode_segmentation::UnicodeSegmentation;

/// Sentences in a digest, at most.
const MAX_SENTENCES: usize = 3;
/// Characters of one sentence, at most; it is cut at a word.
const MAX_SENTENCE_CHARS: usize = 200;
/// Sentences that are looked at, the last ones.
const MAX_READ: usize = 1000;
/// Shorter words say little, in the languages that write with spaces.
const MIN_WORD_CHARS: usize = 4;

/// At most three sentences out of these texts, word for word, in the order in which they were
/// written. Empty when nothing was.
pub fn digest(texts: &[&str]) -> String {
    let mut sentences: Vec<&str> = Vec::new();
    for text in texts {
        for line in text.lines() {
            for sentence in line.unicode_sentences().map(str::trim) {
                if !sentence.is_empty() && !sentences.contains(&sentence) {
                    sentences.push(sentence);
                }
                if sentences.len() > MAX_READ {
                    sentences.remove(0);
                }
            }
        }
    }
    let words: Vec<Vec<String>> = sentences.iter().map(|sentence| words(sentence)).collect();
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for word in words.iter().flatten() {
        *counts.entry(word).or_default() += 1;
    }
    let weight = |index: usize| -> u32 {
        words[index].iter().map(|word| counts.get(word.as_str()).copied().unwrap_or(0)).sum()
    };
    let mut best: Vec<usize> = (0..sentences.len()).collect();
    // The sort is stable: of two that weigh the same the earlier one stays in front.
    best.sort_by_key(|index| std::cmp::Reverse(weight(*index)));
    best.truncate(MAX_SENTENCES);
    best.sort_unstable();
    best.into_iter().map(|index| whole(sentences[index])).collect::<Vec<_>>().join(" ")
}

/// The words that tell what a sentence is about, each once.
fn words(sentence: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in sentence.unicode_words().map(str::to_lowercase) {
        let tells = !word.is_ascii() || word.chars().count() >= MIN_WORD_CHARS;
        if tells && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// The sentence, not longer than it may be, and with an end.
fn whole(sentence: &str) -> String {
    let mut cut = sentence.char_indices().map(|(at, _)| at).skip(MAX_SENTENCE_CHARS);
    let Some(end) = cut.next() else {
        let open = sentence.ends_with(|last: char| last.is_alphanumeric());
        return if open { format!("{sentence}.") } else { sentence.to_owned() };
    };
    let head = &sentence[..end];
    // One very long word, or a language without spaces, is cut where it is.
    let space = head.rfind(' ').filter(|at| *at > end / 2).unwrap_or(end);
    format!("{}…", head[..space].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_what_was_said_most_in_the_order_it_was_said() {
        let texts = [
            "Good morning. My sister and I argued about the garden again.",
            "It rained. The garden is all my sister talks about. I am tired of arguing about it",
            "Bye!",
        ];
        let digest = digest(&texts);
        assert_eq!(
            digest,
            "My sister and I argued about the garden again. The garden is all my sister talks \
             about. I am tired of arguing about it."
        );
    }

    #[test]
    fn says_nothing_of_nothing_and_nothing_twice() {
        assert_eq!(digest(&[]), "");
        assert_eq!(digest(&["", " \n "]), "");
        assert_eq!(digest(&["Only this.", "Only this."]), "Only this.");
        assert_eq!(digest(&["今日は疲れた。"]), "今日は疲れた。");
    }

    #[test]
    fn what_is_too_long_is_cut_at_a_word() {
        let long = "word ".repeat(100);
        let short = digest(&[&long]);
        assert!(short.chars().count() <= MAX_SENTENCE_CHARS + 1 && short.ends_with("word…"));
        let endless = "é".repeat(1000);
        assert_eq!(digest(&[&endless]).chars().count(), MAX_SENTENCE_CHARS + 1);
    }
}
