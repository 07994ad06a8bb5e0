//! What a part has to say.

/// A part of the test, its figures, and what is wrong.
#[derive(Debug)]
pub(crate) struct Report {
    name: String,
    figures: Vec<String>,
    /// In sentences. None of them holds what anybody wrote.
    pub(crate) wrong: Vec<String>,
}

impl Report {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), figures: Vec::new(), wrong: Vec::new() }
    }

    pub(crate) fn figure(&mut self, line: String) {
        self.figures.push(line);
    }

    pub(crate) fn wrong(&mut self, sentence: String) {
        self.wrong.push(sentence);
    }

    /// Says that something is wrong unless it holds.
    pub(crate) fn must(&mut self, holds: bool, sentence: impl FnOnce() -> String) {
        if !holds {
            self.wrong(sentence());
        }
    }

    pub(crate) fn is_good(&self) -> bool {
        self.wrong.is_empty()
    }

    pub(crate) fn print(&self) {
        let verdict = if self.is_good() { "ok" } else { "FAILED" };
        println!("{verdict:>6}  {}", self.name);
        for figure in &self.figures {
            println!("        {figure}");
        }
        let mut sentences: Vec<(&String, usize)> = Vec::new();
        for sentence in &self.wrong {
            match sentences.iter_mut().find(|(known, _)| *known == sentence) {
                Some((_, times)) => *times += 1,
                None => sentences.push((sentence, 1)),
            }
        }
        for (sentence, times) in sentences.iter().take(20) {
            let times = if *times > 1 { format!(" ({times} times)") } else { String::new() };
            println!("        wrong: {sentence}{times}");
        }
        if sentences.len() > 20 {
            println!("        wrong: and {} more", sentences.len() - 20);
        }
    }
}

/// The median and the largest, in milliseconds.
pub(crate) fn spread(times: impl IntoIterator<Item = std::time::Duration>) -> String {
    let mut times: Vec<u128> = times.into_iter().map(|time| time.as_millis()).collect();
    times.sort_unstable();
    match times.last() {
        Some(most) => format!("{} / {most} ms", times[times.len() / 2]),
        None => "-".to_owned(),
    }
}
