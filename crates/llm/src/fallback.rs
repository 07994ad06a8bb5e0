//! Several engines as one: when the first cannot answer, the next is asked.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{Engine, EngineError, Event, EventStream, Request};

/// Engines in the order in which they are asked.
///
/// When one fails before its first text, for whatever reason, the next is asked, because somebody
/// is waiting: a wrong key or a refused request, too, is nothing that they could mend. The answer
/// of another engine than the first begins with [`Event::AnsweredBy`]. Once there is text nothing
/// is asked again, for half of one answer and half of another make none. When all fail, the error
/// is that of the first, which is the one that was meant to answer.
///
/// Each engine keeps to its own waits and retries, one after the other. Name and model are the
/// first one's.
#[derive(Clone, Debug)]
pub struct FallbackEngine {
    engines: Arc<[Arc<dyn Engine>]>,
}

impl FallbackEngine {
    /// The engines in order, at least one.
    pub fn new(engines: Vec<Arc<dyn Engine>>) -> Self {
        assert!(!engines.is_empty(), "somebody has to answer");
        Self { engines: engines.into() }
    }
}

impl Engine for FallbackEngine {
    fn name(&self) -> &'static str {
        self.engines[0].name()
    }

    fn model(&self) -> &str {
        self.engines[0].model()
    }

    fn stream(&self, request: Request) -> EventStream {
        let engines = Arc::clone(&self.engines);
        Box::pin(stream::once(begin(engines, request)).try_flatten())
    }
}

/// The answer of the first engine that begins one.
async fn begin(
    engines: Arc<[Arc<dyn Engine>]>,
    request: Request,
) -> Result<EventStream, EngineError> {
    let mut first_error = None;
    for (number, engine) in engines.iter().enumerate() {
        let mut events = engine.stream(request.clone());
        let error = match events.next().await {
            Some(Ok(event)) => {
                let (name, model) = (engine.name(), engine.model().to_owned());
                let answered_by = (number > 0).then_some(Event::AnsweredBy { name, model });
                let begun = answered_by.into_iter().chain([event]).map(Ok);
                return Ok(Box::pin(stream::iter(begun).chain(events)));
            }
            Some(Err(error)) => error,
            None => EngineError::Cut,
        };
        if let Some(next) = engines.get(number + 1) {
            let (code, failed, next) = (error.code(), engine.name(), next.name());
            tracing::warn!(code, engine = failed, next, "{failed} did not answer; asking {next}");
        }
        first_error.get_or_insert(error);
    }
    Err(first_error.expect("there is at least one engine"))
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
    fn engines(scripts: &[&str]) -> (Vec<ScriptedEngine>, FallbackEngine) {
        let single: Vec<_> =
            scripts.iter().map(|script| ScriptedEngine::new(script).unwrap()).collect();
        let shared = single.iter().cloned().map(|engine| Arc::new(engine) as Arc<dyn Engine>);
        let fallback = FallbackEngine::new(shared.collect());
        (single, fallback)
    }

    fn asked(engines: &[ScriptedEngine]) -> Vec<usize> {
        engines.iter().map(|engine| engine.requests().len()).collect()
    }

    async fn events(engine: &FallbackEngine) -> Vec<Result<Event, EngineError>> {
        engine.stream(request()).collect().await
    }

    #[tokio::test]
    async fn the_first_answers_alone_while_it_can() {
        let (single, engine) = engines(&["fixed:Here.", "fixed:Never."]);
        assert_eq!((engine.name(), engine.model()), ("scripted", "fixed:Here."));
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
            assert_eq!(engine.model(), fault, "it goes by the name of the first");
            let told = events(&engine).await;
            let model = "fixed:Yes, here.".to_owned();
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
        let expected = Some(("scripted", "fixed:At last.".to_owned()));
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

    #[test]
    #[should_panic(expected = "somebody has to answer")]
    fn there_is_always_one() {
        FallbackEngine::new(Vec::new());
    }
}
