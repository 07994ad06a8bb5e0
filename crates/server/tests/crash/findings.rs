//! What was found: what is wrong, and the figures of the summary.

use std::time::Duration;

use crate::wishes::Promise;

/// What is wrong, in sentences. None of them holds what anybody wrote.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Acknowledged, and not there.
    pub(crate) lost: Vec<String>,
    /// Replies of which less is stored than a reader had seen, or than was promised to be stored.
    pub(crate) short: Vec<String>,
    /// Everything else.
    pub(crate) wrong: Vec<String>,
}

impl Findings {
    pub(crate) fn lost(&mut self, what: String) {
        self.lost.push(what);
    }

    pub(crate) fn short(&mut self, what: String) {
        self.short.push(what);
    }

    pub(crate) fn wrong(&mut self, sentence: String) {
        self.wrong.push(sentence);
    }

    /// Compares how often something is there with what was promised.
    pub(crate) fn count(&mut self, promise: Promise, found: usize, what: impl Fn() -> String) {
        match (promise, found) {
            (Promise::Kept, 1) | (Promise::Open, 0 | 1) | (Promise::Refused, 0) => {}
            (Promise::Kept, 0) => self.lost(what()),
            (Promise::Refused, _) => self.wrong(format!("{} was refused and is there", what())),
            (Promise::Kept | Promise::Open, _) => {
                self.wrong(format!("{} is there {found} times", what()));
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lost.is_empty() && self.short.is_empty() && self.wrong.is_empty()
    }

    /// The first of each kind.
    pub(crate) fn print(&self) {
        for (word, all) in [("lost", &self.lost), ("short", &self.short), ("wrong", &self.wrong)] {
            for sentence in all.iter().take(10) {
                println!("  {word}: {sentence}");
            }
            if all.len() > 10 {
                println!("  {word}: and {} more", all.len() - 10);
            }
        }
    }
}

/// The figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) acknowledged: usize,
    pub(crate) probes: usize,
    pub(crate) unanswered: usize,
    pub(crate) sent_again: usize,
    pub(crate) refused: usize,
    pub(crate) stillborn: usize,
    /// Replies whose `done` was seen, and which are stored as it said.
    pub(crate) whole: usize,
    pub(crate) resumed: usize,
    complete: usize,
    stopped: usize,
    interrupted: usize,
    /// Of the interrupted ones that somebody read: bytes that are missing, and for how long the
    /// first of them had been seen.
    missing_bytes: Vec<usize>,
    missing_ages: Vec<Duration>,
    slacks: Vec<Duration>,
    slowest_settling: Duration,
}

impl Tally {
    pub(crate) fn settled(&mut self, took: Duration) {
        self.slowest_settling = self.slowest_settling.max(took);
    }

    pub(crate) fn reply(&mut self, status: &str, new: bool) {
        match status {
            "complete" => self.complete += usize::from(new),
            "stopped" => self.stopped += usize::from(new),
            _ => self.interrupted += usize::from(new),
        }
    }

    pub(crate) fn interrupted(&mut self, missing: usize, age: Duration, slack: Duration) {
        self.missing_bytes.push(missing);
        self.missing_ages.push(age);
        self.slacks.push(slack);
    }

    /// The summary.
    pub(crate) fn print(&self) {
        let Self { acknowledged, probes, unanswered, sent_again, refused, .. } = self;
        println!(
            "  writes: {} acknowledged ({probes} of them measured), {unanswered} without an answer, \
             {sent_again} sent again, {refused} refused as busy",
            acknowledged + probes
        );
        let Self { complete, stopped, interrupted, whole, resumed, .. } = self;
        println!(
            "  replies: {complete} complete, {stopped} stopped, {interrupted} interrupted; {whole} \
             were told to be whole, {resumed} read again from an offset"
        );
        let ms = |times: &[Duration]| {
            let mut times: Vec<u128> = times.iter().map(Duration::as_millis).collect();
            spread(&mut times)
        };
        println!(
            "  interrupted while read: {} bytes short of the reader, which it had seen for {} ms \
             (allowed: 250 ms or 4096 bytes, and {} ms for two writes; median / 99 % / most)",
            spread(&mut self.missing_bytes.clone()),
            ms(&self.missing_ages),
            ms(&self.slacks),
        );
        println!(
            "  starts: every reply over within {} ms of listening; {} starts were killed as well",
            self.slowest_settling.as_millis(),
            self.stillborn
        );
    }
}

/// The median, the 99th percentile and the largest.
fn spread<T: Ord + std::fmt::Display>(values: &mut [T]) -> String {
    values.sort_unstable();
    match values {
        [] => "-".to_owned(),
        [.., most] => {
            let most = most.to_string();
            let at = |percent: usize| &values[(values.len() - 1) * percent / 100];
            format!("{} / {} / {most}", at(50), at(99))
        }
    }
}
