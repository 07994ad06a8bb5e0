//! Several engines as one: each model is answered for by its engine, and when that cannot answer,
//! others are asked.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{Engine, EngineError, Event, EventStream, Request, measured::counted};

/// A model that can be asked.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The name that people choose it by. No two in a registry have the same.
    pub name: String,
    /// Who is asked.
    pub engine: Arc<dyn Engine>,
    /// What the engine is asked for.
    pub model: String,
    /// The most tokens that it reads and writes together, where the operator says so.
    pub context_tokens: Option<u32>,
    /// Whether people may choose it. One that may not be chosen can still step in.
    pub listed: bool,
}

impl Offer {
    /// The model that an engine answers with by itself, under its own name.
    pub fn of(engine: Arc<dyn Engine>) -> Self {
        let model = engine.model().to_owned();
        Self { name: model.clone(), engine, model, context_tokens: None, listed: true }
    }
}

/// The models of a server, the usual one first.
///
/// When one fails before its first text, for whatever reason, the next is asked, because somebody
/// is waiting: a wrong key or a refused request, too, is nothing that they could mend. The answer
/// of another model than the one asked begins with [`Event::AnsweredBy`]. Once there is text nothing
/// is asked again, for half of one answer and half of another make none. When all fail, the error
/// is that of the first, which is the one that was meant to answer.
///
/// Each engine keeps to its own waits and retries, one after the other. A prompt is as long as the
/// model takes that was meant to answer; one that steps in and takes less may refuse it.
#[derive(Clone, Debug)]
pub struct Registry {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    offers: Vec<Offer>,
    /// Who steps in, as places in `offers`.
    fallback: Vec<usize>,
}

/// What keeps a list of models from being a registry.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum RegistryError {
    /// There is nobody to answer.
    #[error("there is no model")]
    Nobody,
    /// Two models that can be chosen have this name.
    #[error("two models are called \"{0}\"")]
    SameName(String),
}

impl Registry {
    /// These models, the first being the usual one, and the places of those that step in, in order;
    /// a place that there is not is passed over.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn new(offers: Vec<Offer>, mut fallback: Vec<usize>) -> Result<Self, RegistryError> {
        if offers.is_empty() {
            return Err(RegistryError::Nobody);
        }
        fallback.retain(|place| *place < offers.len());
        let inner = Inner { offers, fallback };
        let names = inner.listed().map(|(_, offer)| &offer.name);
        let mut names: Vec<&String> = names.collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(RegistryError::SameName(twice[0].clone()));
        }
        Ok(Self { inner: Arc::new(inner) })
    }
}

impl Inner {
    /// The model that people choose by this name.
    fn find(&self, name: &str) -> Option<usize> {
        self.listed().find(|(_, offer)| offer.name == name).map(|(place, _)| place)
    }

    /// What can be asked for by its name: the usual one too, though nobody may choose it.
    fn listed(&self) -> impl Iterator<Item = (usize, &Offer)> {
        self.offers.iter().enumerate().filter(|(place, offer)| offer.listed || *place == 0)
    }

    /// Who is asked, one after the other.
    fn order(&self, model: Option<&str>) -> impl Iterator<Item = &Offer> {
        let first = model.and_then(|name| self.find(name)).unwrap_or(0);
        let others = self.fallback.iter().copied().filter(move |place| *place != first);
        std::iter::once(first).chain(others).map(|place| &self.offers[place])
    }
}

impl Engine for Registry {
    fn name(&self) -> &'static str {
        self.inner.offers[0].engine.name()
    }

    // People know a model by its name, not by what its engine calls it.
    #[expect(clippy::misnamed_getters, reason = "an offer's `model` is its engine's business")]
    fn model(&self) -> &str {
        &self.inner.offers[0].name
    }

    fn offers(&self, model: &str) -> Option<&'static str> {
        self.inner.find(model).map(|place| self.inner.offers[place].engine.name())
    }

    fn models(&self) -> Vec<String> {
        self.inner.listed().map(|(_, offer)| offer.name.clone()).collect()
    }

    fn context_tokens(&self, model: &str) -> Option<u32> {
        let offer = &self.inner.offers[self.inner.find(model)?];
        offer.context_tokens.or_else(|| offer.engine.context_tokens(&offer.model))
    }

    fn count_tokens(&self, model: &str, text: &str) -> Option<u32> {
        let offer = &self.inner.offers[self.inner.find(model)?];
        offer.engine.count_tokens(&offer.model, text)
    }

    fn stream(&self, request: Request) -> EventStream {
        Box::pin(stream::once(begin(Arc::clone(&self.inner), request)).try_flatten())
    }
}

/// The answer of the first model that begins one.
async fn begin(inner: Arc<Inner>, mut request: Request) -> Result<EventStream, EngineError> {
    let wanted = request.model.take();
    let mut order = inner.order(wanted.as_deref()).peekable();
    let mut first_error = None;
    while let Some(offer) = order.next() {
        let request = Request { model: Some(offer.model.clone()), ..request.clone() };
        let answer = offer.engine.stream(request);
        let mut events = counted(offer.engine.name(), &offer.name, answer);
        let error = match events.next().await {
            Some(Ok(event)) => {
                let (name, model) = (offer.engine.name(), offer.name.clone());
                let stepped_in = first_error.is_some();
                let answered_by = stepped_in.then_some(Event::AnsweredBy { name, model });
                let begun = answered_by.into_iter().chain([event]).map(Ok);
                return Ok(Box::pin(stream::iter(begun).chain(events)));
            }
            Some(Err(error)) => error,
            None => EngineError::Cut,
        };
        if let Some(next) = order.peek() {
            let (code, failed, next) = (error.code(), &*offer.name, &*next.name);
            tracing::warn!(code, model = failed, next, "{failed} did not answer; asking {next}");
        }
        first_error.get_or_insert(error);
    }
    Err(first_error.expect("there is at least one model"))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::{FinishReason, Message, Reply, Role, ScriptedEngine, complete};

    fn request() -> Request {
        Request {
            messages: vec![Message::text(Role::User, "Are you there?")],
            ..Request::default()
        }
    }

    /// Engines with these scripts, on their own and as one.
    fn engines(scripts: &[&str]) -> (Vec<ScriptedEngine>, Registry) {
        let single: Vec<_> =
            scripts.iter().map(|script| ScriptedEngine::new(script).unwrap()).collect();
        let mut offers: Vec<_> =
            single.iter().map(|engine| Offer::of(Arc::new(engine.clone()))).collect();
        for (place, offer) in offers.iter_mut().enumerate() {
            offer.name = format!("model-{place}");
        }
        let others = (1..offers.len()).collect();
        (single, Registry::new(offers, others).unwrap())
    }

    fn asked(engines: &[ScriptedEngine]) -> Vec<usize> {
        engines.iter().map(|engine| engine.requests().len()).collect()
    }

    async fn events(engine: &Registry) -> Vec<Result<Event, EngineError>> {
        engine.stream(request()).collect().await
    }

    #[tokio::test]
    async fn the_first_answers_alone_while_it_can() {
        let (single, engine) = engines(&["fixed:Here.", "fixed:Never."]);
        assert_eq!((engine.name(), engine.model()), ("scripted", "model-0"));
        let reply = complete(&engine, request()).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.answered_by), ("Here.", None));
        assert_eq!(asked(&single), [1, 0]);
    }

    #[tokio::test]
    async fn whatever_keeps_the_first_from_beginning_the_next_is_asked_the_same() {
        for fault in [
            "unreachable",
            "timeout",
            "rate-limited:9",
            "unauthorized",
            "rejected",
            "fail",
            "cut:0",
            "garbage",
            "empty",
        ] {
            let (single, engine) = engines(&[fault, "fixed:Yes, here.", "fixed:Never."]);
            assert_eq!(engine.model(), "model-0", "it goes by the name of the first");
            let told = events(&engine).await;
            let model = "model-1".to_owned();
            assert_eq!(told[0], Ok(Event::AnsweredBy { name: "scripted", model }), "{fault}");
            assert_eq!(told[1..3], ["Yes, ", "here."].map(|text| Ok(Event::Delta(text.into()))));
            let last = told[3].as_ref().unwrap();
            assert!(matches!(last, Event::Finished { reason: FinishReason::Stop, .. }), "{last:?}");
            assert_eq!((told.len(), asked(&single)), (4, vec![1, 1, 0]));
            assert_eq!(single[1].requests()[0].messages, request().messages);
        }
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_not_begun_again() {
        let (single, engine) = engines(&["cut:2", "fixed:Never."]);
        let told = events(&engine).await;
        assert_eq!(told[2], Err(EngineError::Cut), "{told:?}");
        assert_eq!((told.len(), asked(&single)), (3, vec![1, 0]));
        // Nor is that of the engine that stepped in.
        let (single, engine) = engines(&["fail", "cut:1", "fixed:Never."]);
        let told = events(&engine).await;
        assert_eq!((told.len(), &told[2]), (3, &Err(EngineError::Cut)));
        assert_eq!(asked(&single), [1, 1, 0]);
    }

    #[tokio::test]
    async fn when_all_fail_the_first_ones_error_is_told_and_nobody_is_named() {
        let (single, engine) = engines(&["unauthorized", "unreachable", "garbage"]);
        assert_eq!(events(&engine).await, [Err(EngineError::Unauthorized { status: 401 })]);
        assert_eq!(asked(&single), [1, 1, 1]);
    }

    #[tokio::test]
    async fn the_last_of_three_answers_and_is_named_once() {
        let (_, engine) = engines(&["fail", "cut:0", "fixed:At last."]);
        let reply = complete(&engine, request()).await.unwrap();
        let expected = Some(("scripted", "model-2".to_owned()));
        let Reply { text, answered_by, .. } = reply;
        assert_eq!((text.as_str(), answered_by), ("At last.", expected));
        let told = events(&engine).await;
        let named = told.iter().filter(|event| matches!(event, Ok(Event::AnsweredBy { .. })));
        assert_eq!(named.count(), 1);
    }

    #[tokio::test]
    async fn nothing_happens_before_it_is_polled() {
        let (single, engine) = engines(&["fail", "echo"]);
        drop(engine.stream(request()));
        assert_eq!(asked(&single), [0, 0]);
        // A first that is silent keeps the next from being asked: its own wait decides.
        let (single, engine) = engines(&["first:60000", "echo"]);
        let mut stream = engine.stream(request());
        assert!(stream.next().now_or_never().is_none());
        assert_eq!(asked(&single), [1, 0]);
    }

    #[tokio::test]
    async fn a_model_is_asked_by_its_own_name_and_the_others_step_in() {
        let (single, engine) = engines(&["fixed:Zero.", "fail", "fixed:Two."]);
        assert_eq!(engine.models(), ["model-0", "model-1", "model-2"]);
        assert_eq!((engine.offers("model-2"), engine.offers("other")), (Some("scripted"), None));
        let ask = |model: &str| Request { model: Some(model.to_owned()), ..request() };
        let reply = complete(&engine, ask("model-2")).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.answered_by), ("Two.", None));
        assert_eq!(single[2].requests()[0].model.as_deref(), Some("fixed:Two."));
        // The usual one steps in only where it is named among those that do.
        let reply = complete(&engine, ask("model-1")).await.unwrap();
        assert_eq!(reply.answered_by, Some(("scripted", "model-2".to_owned())));
        // What is not there any more is answered by the usual one.
        let reply = complete(&engine, ask("gone")).await.unwrap();
        assert_eq!((reply.text.as_str(), asked(&single)), ("Zero.", vec![1, 1, 2]));
    }

    #[test]
    fn what_is_not_listed_cannot_be_chosen() {
        let offer = |name: &str, listed| {
            let engine = Arc::new(ScriptedEngine::new("echo").unwrap());
            Offer { name: name.to_owned(), listed, ..Offer::of(engine) }
        };
        let offers = vec![offer("a", false), offer("b", true), offer("c", false)];
        let engine = Registry::new(offers.clone(), vec![2, 9]).unwrap();
        assert_eq!(engine.models(), ["a", "b"]);
        assert_eq!(engine.offers("c"), None);
        let twice = Registry::new([offers.clone(), offers].concat(), Vec::new()).unwrap_err();
        assert_eq!(twice, RegistryError::SameName("b".to_owned()));
        assert_eq!(Registry::new(Vec::new(), Vec::new()).unwrap_err(), RegistryError::Nobody);
    }
}
