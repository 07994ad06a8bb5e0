//! What the product counts, once somebody has asked for it: replies by how they ended, tokens, and
//! the queue of passwords. Whose they are is not known here.

use std::sync::OnceLock;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use serene_llm::Usage;

static METRICS: OnceLock<Metrics> = OnceLock::new();

/// As OpenTelemetry has them for tokens, as far as any context window goes.
const TOKENS: [f64; 11] =
    [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262_144.0, 1_048_576.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ended {
    status: &'static str,
    /// The code of what went wrong; empty where nothing did.
    error_type: String,
}

#[expect(clippy::struct_field_names, reason = "the labels are called so")]
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Tokens {
    gen_ai_operation_name: &'static str,
    gen_ai_token_type: &'static str,
    gen_ai_provider_name: String,
    gen_ai_request_model: String,
}

#[derive(Debug)]
struct Metrics {
    ended: Family<Ended, Counter>,
    tokens: Family<Tokens, Histogram, fn() -> Histogram>,
    hashing: Gauge,
}

/// Counts from now on, for as long as the process lives, and has it read through this registry.
/// Before that nothing is counted.
pub fn register(registry: &mut Registry) {
    let metrics = METRICS.get_or_init(|| Metrics {
        ended: Family::default(),
        tokens: Family::new_with_constructor(|| Histogram::new(TOKENS)),
        hashing: Gauge::default(),
    });
    registry.register(
        "serene_generations",
        "Replies that ended, by how they did",
        metrics.ended.clone(),
    );
    registry.register(
        "gen_ai_client_token_usage",
        "Tokens of one call of a model, as it counted them or as was estimated",
        metrics.tokens.clone(),
    );
    registry.register(
        "serene_hashing_queue",
        "Passwords that wait to be hashed or compared",
        metrics.hashing.clone(),
    );
}

/// A reply ended with this status, and its end is stored.
pub(crate) fn ended(status: &'static str, error_code: Option<&str>) {
    if let Some(metrics) = METRICS.get() {
        let error_type = error_code.unwrap_or_default().to_owned();
        metrics.ended.get_or_create(&Ended { status, error_type }).inc();
    }
}

/// A call of a model cost this.
pub(crate) fn tokens(engine: &str, model: &str, usage: Usage) {
    let Some(metrics) = METRICS.get() else { return };
    let counts = [("input", usage.prompt_tokens), ("output", usage.completion_tokens)];
    for (gen_ai_token_type, count) in counts {
        let labels = Tokens {
            gen_ai_operation_name: "chat",
            gen_ai_token_type,
            gen_ai_provider_name: engine.to_owned(),
            gen_ai_request_model: model.to_owned(),
        };
        metrics.tokens.get_or_create(&labels).observe(count.into());
    }
}

/// A password that waits, for as long as this is kept.
#[derive(Debug)]
pub(crate) struct Waiting(Option<&'static Gauge>);

impl Waiting {
    pub(crate) fn new() -> Self {
        let gauge = METRICS.get().map(|metrics| &metrics.hashing);
        if let Some(gauge) = gauge {
            gauge.inc();
        }
        Self(gauge)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(gauge) = self.0 {
            gauge.dec();
        }
    }
}
