//! What the engines count, once somebody has asked for it: how long a call took, how soon its first
//! text came, and how it failed. Engine and model are named; nothing that was asked or answered is.

use std::sync::OnceLock;

use futures_util::StreamExt;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};
use tokio::time::Instant;

use crate::{EngineError, Event, EventStream};

static METRICS: OnceLock<Metrics> = OnceLock::new();

/// As OpenTelemetry has them for calls of models, in seconds.
const SECONDS: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

/// As OpenTelemetry has them for the first token, in seconds.
const FIRST_SECONDS: [f64; 16] =
    [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// How a call ended that nobody waited for: stopped, or out of time.
const DROPPED: &str = "dropped";

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    gen_ai_operation_name: &'static str,
    gen_ai_provider_name: &'static str,
    gen_ai_request_model: String,
    /// How it failed; empty for a call that went well.
    error_type: &'static str,
}

type Calls = Family<Labels, Histogram, fn() -> Histogram>;

#[derive(Debug)]
struct Metrics {
    calls: Calls,
    firsts: Calls,
}

/// Counts from now on, for as long as the process lives, and has it read through this registry.
/// Before that nothing is counted.
pub fn register(registry: &mut Registry) {
    let metrics = METRICS.get_or_init(|| Metrics {
        calls: Family::new_with_constructor(|| Histogram::new(SECONDS)),
        firsts: Family::new_with_constructor(|| Histogram::new(FIRST_SECONDS)),
    });
    registry.register_with_unit(
        "gen_ai_client_operation_duration",
        "How long calls of a model took",
        Unit::Seconds,
        metrics.calls.clone(),
    );
    registry.register_with_unit(
        "gen_ai_server_time_to_first_token",
        "How soon the first text of a model came",
        Unit::Seconds,
        metrics.firsts.clone(),
    );
}

/// The same answer; its call is counted as one of this engine and this model of the operator's, when
/// [`register`] came before.
pub(crate) fn counted(
    gen_ai_provider_name: &'static str,
    model: &str,
    events: EventStream,
) -> EventStream {
    let Some(metrics) = METRICS.get() else { return events };
    let labels = Labels {
        gen_ai_operation_name: "chat",
        gen_ai_provider_name,
        gen_ai_request_model: model.to_owned(),
        error_type: DROPPED,
    };
    let mut call = Call { metrics, labels, start: Instant::now(), has_text: false };
    Box::pin(events.inspect(move |event| call.see(event)))
}

/// One call; it is over when this is dropped, which the stream does with its own end.
struct Call {
    metrics: &'static Metrics,
    labels: Labels,
    start: Instant,
    has_text: bool,
}

impl Call {
    fn see(&mut self, event: &Result<Event, EngineError>) {
        match event {
            Ok(Event::Delta(_)) if !self.has_text => {
                self.has_text = true;
                let labels = Labels { error_type: "", ..self.labels.clone() };
                observe(&self.metrics.firsts, &labels, self.start);
            }
            Ok(Event::Delta(_) | Event::AnsweredBy { .. }) => {}
            Ok(Event::Finished { .. }) => self.labels.error_type = "",
            Err(error) => self.labels.error_type = error.code(),
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        observe(&self.metrics.calls, &self.labels, self.start);
    }
}

fn observe(family: &Calls, labels: &Labels, start: Instant) {
    family.get_or_create(labels).observe(start.elapsed().as_secs_f64());
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;
    use crate::{Engine, Message, Request, Role, ScriptedEngine};

    /// The calls that were counted with this model and this end.
    fn count(registry: &Registry, name: &str, model: &str, error_type: &str) -> u64 {
        let mut page = String::new();
        encode(&mut page, registry).unwrap();
        let labels = format!("gen_ai_request_model=\"{model}\",error_type=\"{error_type}\"}} ");
        let begins = format!("{name}_seconds_count{{");
        let mut lines = page.lines().filter(|line| line.starts_with(&begins));
        let found = lines.find_map(|line| line.split_once(&labels));
        found.map_or(0, |(_, count)| count.parse().unwrap())
    }

    /// The answer of an engine with this script, counted as that of this model.
    fn answer(script: &str, model: &str) -> EventStream {
        let messages = vec![Message::text(Role::User, "Are you there?")];
        let request = Request { messages, ..Request::default() };
        let engine = ScriptedEngine::new(script).unwrap();
        counted(engine.name(), model, engine.stream(request))
    }

    /// One test, because what is counted is one for the whole process.
    #[tokio::test]
    async fn a_call_is_counted_once_by_how_it_ended() {
        answer("echo", "early").collect::<Vec<_>>().await;
        let mut registry = Registry::default();
        register(&mut registry);
        let calls = |model: &str, end: &str| {
            count(&registry, "gen_ai_client_operation_duration", model, end)
        };
        let firsts = |model: &str| count(&registry, "gen_ai_server_time_to_first_token", model, "");
        assert_eq!((calls("early", ""), firsts("early")), (0, 0), "nobody had asked for it");

        assert_eq!(answer("fixed:Yes, here.", "well").count().await, 3);
        assert_eq!((calls("well", ""), firsts("well")), (1, 1));

        answer("rejected", "failing").collect::<Vec<_>>().await;
        assert_eq!((calls("failing", "MODEL_REJECTED"), firsts("failing")), (1, 0));
        answer("cut:1", "cut").collect::<Vec<_>>().await;
        assert_eq!((calls("cut", "MODEL_CUT"), firsts("cut")), (1, 1));

        let mut left = answer("echo", "left");
        left.next().await.unwrap().unwrap();
        assert_eq!((calls("left", DROPPED), firsts("left")), (0, 1), "it is not over");
        drop(left);
        assert_eq!((calls("left", DROPPED), calls("left", "")), (1, 0));
    }
}
