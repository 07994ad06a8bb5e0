//! The script that a model's name is for the engine and the server that tests talk to. What they do
//! with its events is theirs.

use std::{str::FromStr, time::Duration};

use futures_util::stream;

use crate::{
    EngineError, Event, EventStream, FinishReason, Request, Role, Usage,
    openai::wire::finish_reason,
};

/// The words of `long`.
const WORDS: [&str; 8] =
    ["The ", "rain ", "has ", "stopped ", "and ", "the ", "street ", "shines. "];

/// What a model without a mind does: steps joined by `+`, such as `slow:20+long:200+cut:50`.
///
/// | step | what it does |
/// |---|---|
/// | `echo` | answers with the last user text, word by word (the default) |
/// | `fixed:<text>` | answers with this text, word by word; the last step, for the text may hold anything |
/// | `long:<n>` | answers with `n` deltas of fixed words |
/// | `first:<ms>` | waits so long before anything else |
/// | `slow:<ms>` | waits so long before each delta |
/// | `cut:<n>` | [`EngineError::Cut`] after `n` deltas |
/// | `fail`, `garbage`, `unreachable`, `timeout`, `unauthorized`, `rejected`, `empty` | fails so; after `n` deltas with `:<n>`, else before the first |
/// | `rate-limited`, `rate-limited:<s>` | [`EngineError::RateLimited`], asking to wait so many seconds |
/// | `times:<n>` | the fault befalls the first `n` requests only |
/// | `finish:<reason>` | gives this reason for stopping, in the words of OpenAI's format; `finish:` gives an empty one |
/// | `no-usage` | gives no figures at the end |
///
/// Otherwise it finishes with the reason `stop` and figures: as prompt tokens the words it was
/// sent, as completion tokens the deltas it gave. An answer without a delta is
/// [`EngineError::Empty`].
#[derive(Clone, Debug)]
pub struct Script {
    answer: Answer,
    first: Duration,
    pause: Duration,
    /// How it fails, and after how many deltas.
    fault: Option<(usize, EngineError)>,
    /// How many requests the fault befalls; all when absent.
    times: Option<usize>,
    finish: String,
    usage: bool,
}

#[derive(Clone, Debug)]
enum Answer {
    Echo,
    Fixed(String),
    Long(usize),
}

/// A model name that is no script; holds the step that was not understood.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no step of a script")]
pub struct NotAScript(pub String);

/// `echo`.
impl Default for Script {
    fn default() -> Self {
        Self {
            answer: Answer::Echo,
            first: Duration::ZERO,
            pause: Duration::ZERO,
            fault: None,
            times: None,
            finish: "stop".to_owned(),
            usage: true,
        }
    }
}

impl FromStr for Script {
    type Err = NotAScript;

    fn from_str(model: &str) -> Result<Self, NotAScript> {
        let mut script = Self::default();
        let mut rest = Some(model);
        while let Some(steps) = rest {
            if let Some(text) = steps.strip_prefix("fixed:") {
                script.answer = Answer::Fixed(text.to_owned());
                break;
            }
            let (step, later) = steps.split_once('+').map_or((steps, None), |(a, b)| (a, Some(b)));
            script.add(step).ok_or_else(|| NotAScript(step.to_owned()))?;
            rest = later;
        }
        Ok(script)
    }
}

impl Script {
    fn add(&mut self, step: &str) -> Option<()> {
        if let Some(reason) = step.strip_prefix("finish:") {
            reason.clone_into(&mut self.finish);
            return Some(());
        }
        let (name, number) = match step.split_once(':') {
            Some((name, number)) => (name, Some(number.parse::<u32>().ok()?)),
            None => (step, None),
        };
        let count = || usize::try_from(number?).ok();
        let ms = || Some(Duration::from_millis(u64::from(number?)));
        match name {
            "echo" if number.is_none() => self.answer = Answer::Echo,
            "no-usage" if number.is_none() => self.usage = false,
            "long" => self.answer = Answer::Long(count()?),
            "first" => self.first = ms()?,
            "slow" => self.pause = ms()?,
            "times" => self.times = Some(count()?),
            "cut" => self.fault = Some((count()?, EngineError::Cut)),
            "rate-limited" => {
                let retry_after = number.map(|seconds| Duration::from_secs(u64::from(seconds)));
                self.fault = Some((0, EngineError::RateLimited { retry_after }));
            }
            _ => self.fault = Some((count().unwrap_or(0), fault(name)?)),
        }
        Some(())
    }

    /// The reason for stopping that it gives, in the words of OpenAI's format.
    pub fn finish_reason(&self) -> &str {
        &self.finish
    }

    /// Plays the script as the answer to a request; `earlier` is how many it was played to before.
    pub fn stream(&self, request: &Request, earlier: usize) -> EventStream {
        let befalls = self.times.is_none_or(|times| earlier < times);
        let words = |message: &crate::Message| message.text.split_whitespace().count();
        let player = Player {
            script: Self { fault: self.fault.clone().filter(|_| befalls), ..self.clone() },
            left: self.deltas(request).into_iter(),
            given: 0,
            prompt_tokens: request.messages.iter().map(words).sum(),
            over: false,
        };
        Box::pin(stream::try_unfold(player, Player::next))
    }

    fn deltas(&self, request: &Request) -> Vec<String> {
        let answer = match &self.answer {
            Answer::Echo => {
                let asked = request.messages.iter().rfind(|message| message.role == Role::User);
                asked.map(|message| message.text.clone()).unwrap_or_default()
            }
            Answer::Fixed(text) => text.clone(),
            Answer::Long(count) => WORDS.iter().cycle().take(*count).copied().collect(),
        };
        request.rest_of(answer).split_inclusive(' ').map(str::to_owned).collect()
    }

    fn end(&self, given: usize, prompt_tokens: usize) -> Result<Event, EngineError> {
        // A fault further on than the answer is long still happens.
        if let Some((_, error)) = &self.fault {
            return Err(error.clone());
        }
        if given == 0 {
            return Err(EngineError::Empty);
        }
        let figure = |count| u32::try_from(count).unwrap_or(u32::MAX);
        let usage = self.usage.then(|| Usage {
            prompt_tokens: figure(prompt_tokens),
            completion_tokens: figure(given),
            cached_tokens: 0,
            estimated: false,
        });
        let reason = finish_reason(&self.finish).unwrap_or(FinishReason::Other);
        Ok(Event::Finished { reason, usage })
    }
}

fn fault(name: &str) -> Option<EngineError> {
    Some(match name {
        "fail" => EngineError::Failed { status: Some(500) },
        "garbage" => EngineError::Garbage,
        "unreachable" => EngineError::Unreachable,
        "timeout" => EngineError::Timeout { phase: "first byte", limit: Duration::from_secs(30) },
        "unauthorized" => EngineError::Unauthorized { status: 401 },
        "rejected" => EngineError::Rejected { status: 400 },
        "empty" => EngineError::Empty,
        _ => return None,
    })
}

/// A script being played.
struct Player {
    script: Script,
    left: std::vec::IntoIter<String>,
    given: usize,
    prompt_tokens: usize,
    over: bool,
}

impl Player {
    async fn next(mut self) -> Result<Option<(Event, Self)>, EngineError> {
        if self.over {
            return Ok(None);
        }
        if self.given == 0 {
            pause(self.script.first).await;
        }
        let delta = match &self.script.fault {
            Some((after, error)) if self.given >= *after => return Err(error.clone()),
            _ => self.left.next(),
        };
        let Some(delta) = delta else {
            self.over = true;
            let end = self.script.end(self.given, self.prompt_tokens)?;
            return Ok(Some((end, self)));
        };
        pause(self.script.pause).await;
        self.given += 1;
        Ok(Some((Event::Delta(delta), self)))
    }
}

/// Even a wait of nothing would cost a millisecond.
async fn pause(wait: Duration) {
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
}
