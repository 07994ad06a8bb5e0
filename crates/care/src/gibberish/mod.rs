//! Whether a note is keyboard mash. It says so only when sure.
pub(crate) mod keys;
mod known;
mod letters;
mod model;
mod shape;

use keys::Keys;
use letters::{Letters, Script, Word, letters};
use shape::Shape;

#[derive(Clone, Copy, Default)]
pub struct Figures {
    pub bits: f32,
    shape: Shape,
    keys: Keys,
    pub n: usize,
}

#[expect(clippy::cast_precision_loss, reason = "counts of letters, at most some thousands")]
fn share(part: usize, whole: usize) -> f32 {
    if whole == 0 { 0.0 } else { part as f32 / whole as f32 }
}

/// Runs of three and more of one letter cut to `keep`.
fn collapse(word: &Word, keep: usize) -> Word {
    fn cut<T: PartialEq + Copy>(all: &[T], keep: usize) -> Vec<T> {
        let mut out = Vec::with_capacity(all.len());
        for run in all.chunk_by(|a, b| a == b) {
            let n = if run.len() >= 3 { keep } else { run.len() };
            out.extend_from_slice(&run[..n]);
        }
        out
    }
    Word { keys: cut(&word.keys, keep), codes: cut(&word.codes, keep) }
}

pub fn measure(text: &str) -> Option<Figures> {
    let found = letters(text);
    let mut bits = 0.0; let mut steps = 0; let mut n = 0;
    let mut collapsed = Vec::new();
    for w in &found.words {
        let one = collapse(w, 1); let two = collapse(w, 2);
        let known = known::is_known(&one.keys) || known::is_known(&two.keys);
        let (b1, s1) = model::surprise_bits(&one.codes, found.script);
        let (b2, s2) = model::surprise_bits(&two.codes, found.script);
        let (b, s) = if b1 / s1 as f32 <= b2 / s2 as f32 { (b1, s1) } else { (b2, s2) };
        bits += if known { 1.5 * s as f32 } else { b };
        steps += s; n += s - 1;
        collapsed.push(one);
    }
    let all: Vec<&Word> = found.words.iter().collect();
    Some(Figures { bits: bits / steps as f32, shape: shape::shape(collapsed.iter(), found.script), keys: keys::keys(&all), n })
}

#[cfg(test)]
mod probe {
    use super::*;
    #[test]
    fn probe() {
        let base = concat!(env!("CARGO_MANIFEST_DIR"), "/data/gibberish/");
        let mut out = String::new();
        let extra = std::fs::read_to_string("/tmp/guard-exp/extra.txt").unwrap_or_default();
        for f in ["natural-1.txt", "natural-2.txt", "natural-3.txt", "natural-4.txt", "mash.txt", "extra"] {
            let t = if f == "extra" { extra.clone() } else { std::fs::read_to_string(format!("{base}{f}")).unwrap() };
            let mut tag = String::new();
            let mut i = 0;
            for l in t.lines() {
                if let Some(t) = l.strip_prefix("== ") { tag = t.to_owned(); continue; }
                if l.starts_with("# ") { continue; }
                i += 1;
                if i % 5 == 0 && f != "extra" { continue; }
                let m = measure(l).unwrap();
                use std::fmt::Write;
                let _ = writeln!(out, "{}\t{}\t{}\t{:.3}\t{:.3}\t{:.3}\t{:.3}\t{:.3}\t{:.3}\t{:.3}\t{:.3}\t{:.3}\t{}", f, tag, m.n, m.bits, m.shape.in_long_runs, m.shape.without_vowel, m.shape.vowels, m.shape.in_patterns, m.keys.neighbours, m.keys.one_row, m.keys.repeated, m.keys.held, l);
            }
        }
        std::fs::write("/tmp/guard-exp/feat.tsv", out).unwrap();
    }
}
