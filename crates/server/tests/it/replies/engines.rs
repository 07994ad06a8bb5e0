//! Engines for tests that no script can write: what they say comes from the test itself.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::{StreamExt, stream};
use serene_llm::{
    Engine, EngineError, Event, EventStream, FinishReason, OpenAiConfig, OpenAiEngine, Request,
};
use tokio::sync::mpsc;

use crate::app::Setup;

type Said = Result<Event, EngineError>;

/// Tells an engine what to say, when the test wants it said. Dropping it cuts the model off.
#[derive(Debug)]
pub(super) struct Prompter(mpsc::UnboundedSender<Said>);

impl Prompter {
    /// The model says this.
    pub(super) fn say(&self, text: &str) {
        self.0.send(Ok(Event::Delta(text.to_owned()))).unwrap();
    }

    /// The model has said it all.
    pub(super) fn finish(&self) {
        self.0.send(Ok(Event::Finished { reason: FinishReason::Stop, usage: None })).unwrap();
    }
}

/// The engine behind a [`Prompter`]; it answers once.
#[derive(Debug)]
struct Prompted(Mutex<Option<mpsc::UnboundedReceiver<Said>>>);

impl Engine for Prompted {
    fn name(&self) -> &'static str {
        "prompted"
    }

    fn model(&self) -> &'static str {
        "prompted"
    }

    fn stream(&self, _: Request) -> EventStream {
        let said = self.0.lock().unwrap().take().expect("it is asked once");
        Box::pin(stream::unfold(said, async |mut said| Some((said.recv().await?, said))))
    }
}

/// An application whose model says what the test tells it, word by word.
pub(super) fn prompted() -> (Prompter, Setup) {
    let (sender, said) = mpsc::unbounded_channel();
    let engine = Prompted(Mutex::new(Some(said)));
    (Prompter(sender), Setup { engine: Some(Arc::new(engine)), ..Setup::default() })
}

/// An engine that does what a closure says, which is asked anew each time. After its events it
/// ends, or never does.
#[derive(Clone)]
pub(super) struct Custom {
    answer: Arc<dyn Fn() -> Vec<Said> + Send + Sync>,
    ends: bool,
    dropped: Arc<AtomicUsize>,
}

impl Custom {
    pub(super) fn new(answer: impl Fn() -> Vec<Said> + Send + Sync + 'static) -> Self {
        Self { answer: Arc::new(answer), ends: true, dropped: Arc::default() }
    }

    /// One that gives its events and then falls silent.
    pub(super) fn endless(answer: impl Fn() -> Vec<Said> + Send + Sync + 'static) -> Self {
        Self { ends: false, ..Self::new(answer) }
    }

    /// How many of its streams were dropped: each is a connection that was closed.
    pub(super) fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }
}

impl std::fmt::Debug for Custom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Custom")
    }
}

struct CountsDrop(Arc<AtomicUsize>);

impl Drop for CountsDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Engine for Custom {
    fn name(&self) -> &'static str {
        "custom"
    }

    fn model(&self) -> &'static str {
        "custom"
    }

    fn stream(&self, _: Request) -> EventStream {
        let guard = CountsDrop(Arc::clone(&self.dropped));
        let events = stream::iter((self.answer)());
        let silence = if self.ends { stream::empty().boxed() } else { stream::pending().boxed() };
        let events = events.chain(silence);
        Box::pin(events.inspect(move |_| {
            let _ = &guard;
        }))
    }
}

pub(super) fn custom(engine: Custom) -> Setup {
    Setup { engine: Some(Arc::new(engine)), ..Setup::default() }
}

/// An application that asks a model server.
pub(crate) fn over_http(config: OpenAiConfig) -> Setup {
    let engine = OpenAiEngine::new(config).unwrap();
    Setup { engine: Some(Arc::new(engine)), ..Setup::default() }
}
