//! An engine without a model or a network, for tests: what it does is written in its model's name.

use std::{
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::stream;

use crate::{Engine, EngineError, Event, EventStream, FinishReason, Request, Role, Usage};

/// The words of `long`.
const WORDS: [&str; 8] =
    ["The ", "rain ", "has ", "stopped ", "and ", "the ", "street ", "shines. "];

/// A scripted engine and the record of what it was asked.
///
/// The model's name is a script of steps joined by `+`, such as `slow:20+long:200+cut:50`:
///
/// | step | what it does |
/// |---|---|
/// | `echo` | answers with the last user text, word by word (the default) |
/// | `fixed:<text>` | answers with this text, word by word; the last step, for the text may hold anything |
/// | `long:<n>` | answers with `n` deltas of fixed words |
/// | `slow:<ms>` | waits so long before each delta |
/// | `cut:<n>` | [`EngineError::Cut`] after `n` deltas |
/// | `fail`, `garbage`, `unreachable`, `timeout`, `unauthorized`, `rejected`, `empty` | fails so; after `n` deltas with `:<n>`, else before the first |
/// | `rate-limited`, `rate-limited:<s>` | [`EngineError::RateLimited`], asking to wait so many seconds |
/// | `no-usage` | gives no figures at the end |
/// | `panic` | panics when asked, for tests that prove that no model is |
///
/// Otherwise it finishes with [`FinishReason::Stop`] and figures: as prompt tokens the words it
/// was sent, as completion tokens the deltas it gave. An answer without a delta is
/// [`EngineError::Empty`]. Clones share the record.
#[derive(Clone, Debug)]
pub struct ScriptedEngine {
    model: String,
    script: Script,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// A model name that is no script; holds the step that was not understood.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no step of a scripted engine")]
pub struct NotAScript(pub String);

impl ScriptedEngine {
    /// Reads the script.
    ///
    /// # Errors
    /// [`NotAScript`] names the step that is unknown or has a wrong argument.
    pub fn new(model: &str) -> Result<Self, NotAScript> {
        let script = model.parse()?;
        Ok(Self { model: model.to_owned(), script, requests: Arc::default() })
    }

    /// What it was asked so far, oldest first. A request counts once its stream is polled.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Engine for ScriptedEngine {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn stream(&self, request: Request) -> EventStream {
        assert!(!self.script.panics, "a scripted engine was asked although it must not be");
        let start = Step::Start(self.clone(), request);
        Box::pin(stream::try_unfold(start, Step::next))
    }
}

#[derive(Clone, Debug)]
enum Answer {
    Echo,
    Fixed(String),
    Long(usize),
}

#[derive(Clone, Debug)]
struct Script {
    answer: Answer,
    pause: Duration,
    /// How it fails, and after how many deltas.
    fault: Option<(usize, EngineError)>,
    usage: bool,
    panics: bool,
}

impl FromStr for Script {
    type Err = NotAScript;

    fn from_str(model: &str) -> Result<Self, NotAScript> {
        let mut script = Self {
            answer: Answer::Echo,
            pause: Duration::ZERO,
            fault: None,
            usage: true,
            panics: false,
        };
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
        let (name, number) = match step.split_once(':') {
            Some((name, number)) => (name, Some(number.parse::<u32>().ok()?)),
            None => (step, None),
        };
        let count = || usize::try_from(number?).ok();
        match name {
            "echo" if number.is_none() => self.answer = Answer::Echo,
            "no-usage" if number.is_none() => self.usage = false,
            "panic" if number.is_none() => self.panics = true,
            "long" => self.answer = Answer::Long(count()?),
            "slow" => self.pause = Duration::from_millis(u64::from(number?)),
            "cut" => self.fault = Some((count()?, EngineError::Cut)),
            "rate-limited" => {
                let retry_after = number.map(|seconds| Duration::from_secs(u64::from(seconds)));
                self.fault = Some((0, EngineError::RateLimited { retry_after }));
            }
            _ => self.fault = Some((count().unwrap_or(0), fault(name)?)),
        }
        Some(())
    }

    fn deltas(&self, request: &Request) -> Vec<String> {
        let words = |text: &str| text.split_inclusive(' ').map(str::to_owned).collect();
        match &self.answer {
            Answer::Echo => {
                let asked = request.messages.iter().rfind(|message| message.role == Role::User);
                asked.map(|message| words(&message.text)).unwrap_or_default()
            }
            Answer::Fixed(text) => words(text),
            Answer::Long(count) => {
                WORDS.iter().cycle().take(*count).map(|&word| word.to_owned()).collect()
            }
        }
    }
}

fn fault(name: &str) -> Option<EngineError> {
    Some(match name {
        "fail" => EngineError::Failed { status: Some(503) },
        "garbage" => EngineError::Garbage,
        "unreachable" => EngineError::Unreachable,
        "timeout" => EngineError::Timeout { phase: "first byte", limit: Duration::from_secs(30) },
        "unauthorized" => EngineError::Unauthorized { status: 401 },
        "rejected" => EngineError::Rejected { status: 400 },
        "empty" => EngineError::Empty,
        _ => return None,
    })
}

enum Step {
    Start(ScriptedEngine, Request),
    Deltas { script: Script, left: std::vec::IntoIter<String>, given: usize, prompt_tokens: usize },
    Over,
}

impl Step {
    async fn next(self) -> Result<Option<(Event, Self)>, EngineError> {
        let (script, mut left, given, prompt_tokens) = match self {
            Self::Start(ScriptedEngine { script, requests, .. }, request) => {
                let left = script.deltas(&request).into_iter();
                let prompt_tokens =
                    request.messages.iter().map(|m| m.text.split_whitespace().count()).sum();
                requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                (script, left, 0, prompt_tokens)
            }
            Self::Deltas { script, left, given, prompt_tokens } => {
                (script, left, given, prompt_tokens)
            }
            Self::Over => return Ok(None),
        };
        let delta = match &script.fault {
            Some((after, error)) if given >= *after => return Err(error.clone()),
            _ => left.next(),
        };
        let Some(delta) = delta else {
            return script.end(given, prompt_tokens).map(|event| Some((event, Self::Over)));
        };
        if !script.pause.is_zero() {
            tokio::time::sleep(script.pause).await;
        }
        Ok(Some((
            Event::Delta(delta),
            Self::Deltas { script, left, given: given + 1, prompt_tokens },
        )))
    }
}

impl Script {
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
        Ok(Event::Finished { reason: FinishReason::Stop, usage })
    }
}
