//! What a `config.json` says of a model: its family and its measures. Whatever candle would answer
//! wrongly, or with a panic, is refused here.

use std::path::Path;

use candle_nn::Activation;
use candle_transformers::models::{
    llama::{self, Llama3RopeConfig, Llama3RopeType},
    mistral, qwen2,
};
use serde::Deserialize;
use serde_json::Value;

use super::LocalModelError;

/// Prompt and answer together are never longer, whatever the model allows: what is kept of them
/// grows with every token, and a processor takes minutes to read more.
pub(super) const MAX_CONTEXT_TOKENS: usize = 8192;

/// The kinds of network that can be run from safetensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Llama,
    Mistral,
    Qwen2,
}

impl Family {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Llama, "llama", "LlamaForCausalLM"),
        (Self::Mistral, "mistral", "MistralForCausalLM"),
        (Self::Qwen2, "qwen2", "Qwen2ForCausalLM"),
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Mistral => "mistral",
            Self::Qwen2 => "qwen2",
        }
    }
}

/// Numbers that no model can be made without.
const MEASURES: [&str; 6] = [
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "max_position_embeddings",
];

/// The measures of a network.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) family: Family,
    pub(super) vocab: usize,
    pub(super) hidden: usize,
    pub(super) intermediate: usize,
    pub(super) layers: usize,
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head: usize,
    /// Tokens that it can hold.
    pub(super) context: usize,
    /// Whether the first and the last matrix are one.
    pub(super) tied: bool,
    norm_eps: f64,
    rope_theta: f64,
    rope_scaling: Option<Llama3RopeConfig>,
}

#[derive(Deserialize)]
struct Raw {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    max_position_embeddings: usize,
    rms_norm_eps: f64,
    rope_theta: Option<f64>,
    rope_scaling: Option<Rope>,
    rope_parameters: Option<Rope>,
    sliding_window: Option<usize>,
    use_sliding_window: Option<bool>,
    tie_word_embeddings: Option<bool>,
    hidden_act: Option<String>,
    quantization_config: Option<Value>,
}

/// Newer files keep everything about positions in one place, and older ones say `type`.
#[derive(Deserialize)]
struct Rope {
    #[serde(rename = "rope_theta")]
    theta: Option<f64>,
    #[serde(rename = "rope_type", alias = "type")]
    kind: Option<String>,
    factor: Option<f32>,
    low_freq_factor: Option<f32>,
    high_freq_factor: Option<f32>,
    original_max_position_embeddings: Option<usize>,
}

impl Shape {
    pub(super) fn read(file: &Path, json: Value) -> Result<Self, LocalModelError> {
        let wrong = |problem: String| LocalModelError::new(file, problem);
        let family = family(&json).map_err(wrong)?;
        // The error below would not say which of them it is.
        let unusable =
            MEASURES.iter().find(|name| json.get(name).and_then(Value::as_u64).is_none());
        if let Some(name) = unusable {
            return Err(wrong(format!("says nothing usable of {name}")));
        }
        let raw = serde_json::from_value(json).map_err(|error| wrong(error.to_string()))?;
        Self::of(family, raw).map_err(wrong)
    }

    fn of(family: Family, raw: Raw) -> Result<Self, String> {
        if raw.quantization_config.is_some() {
            return Err("quantised safetensors are not read; a GGUF file is".into());
        }
        if let Some(act) = raw.hidden_act.filter(|act| act != "silu") {
            return Err(format!("hidden_act {act:?} is not known; only silu is"));
        }
        let heads = raw.num_attention_heads;
        let kv_heads = raw.num_key_value_heads.unwrap_or(heads);
        let measures = [raw.vocab_size, raw.hidden_size, raw.intermediate_size, heads, kv_heads];
        if measures.contains(&0) || raw.num_hidden_layers == 0 {
            return Err("a measure is 0".into());
        }
        let head = raw.head_dim.unwrap_or(raw.hidden_size / heads);
        let even = raw.hidden_size.is_multiple_of(heads) && heads.is_multiple_of(kv_heads);
        let usual = head * heads == raw.hidden_size || family == Family::Mistral;
        if !even || !usual || head == 0 || !head.is_multiple_of(2) {
            return Err(format!(
                "hidden_size {}, {heads} heads, {kv_heads} key-value heads and head_dim {head} do \
                 not fit together",
                raw.hidden_size
            ));
        }
        // Within its window a model with one sees everything, as one without does.
        let window = raw.sliding_window.filter(|_| raw.use_sliding_window != Some(false));
        let context = raw.max_position_embeddings.min(window.unwrap_or(usize::MAX));
        if context < 2 {
            return Err("max_position_embeddings or sliding_window leaves no room".into());
        }
        let rope = raw.rope_parameters.or(raw.rope_scaling);
        let theta = rope.as_ref().and_then(|rope| rope.theta).or(raw.rope_theta);
        Ok(Self {
            family,
            vocab: raw.vocab_size,
            hidden: raw.hidden_size,
            intermediate: raw.intermediate_size,
            layers: raw.num_hidden_layers,
            heads,
            kv_heads,
            head,
            context: context.min(MAX_CONTEXT_TOKENS),
            tied: raw.tie_word_embeddings.unwrap_or(false),
            norm_eps: raw.rms_norm_eps,
            rope_theta: theta.unwrap_or(10_000.0),
            rope_scaling: rope.map_or(Ok(None), |rope| scaling(family, &rope))?,
        })
    }

    /// Every matrix the network has, and its measures.
    pub(super) fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let (hidden, wide) = (self.hidden, self.intermediate);
        let (queries, keys) = (self.heads * self.head, self.kv_heads * self.head);
        let mut all = vec![
            ("model.embed_tokens.weight".to_owned(), vec![self.vocab, hidden]),
            ("model.norm.weight".to_owned(), vec![hidden]),
        ];
        if !self.tied {
            all.push(("lm_head.weight".to_owned(), vec![self.vocab, hidden]));
        }
        let mut layer = vec![
            ("input_layernorm.weight", vec![hidden]),
            ("post_attention_layernorm.weight", vec![hidden]),
            ("self_attn.q_proj.weight", vec![queries, hidden]),
            ("self_attn.k_proj.weight", vec![keys, hidden]),
            ("self_attn.v_proj.weight", vec![keys, hidden]),
            ("self_attn.o_proj.weight", vec![hidden, queries]),
            ("mlp.gate_proj.weight", vec![wide, hidden]),
            ("mlp.up_proj.weight", vec![wide, hidden]),
            ("mlp.down_proj.weight", vec![hidden, wide]),
        ];
        if self.family == Family::Qwen2 {
            layer.extend([
                ("self_attn.q_proj.bias", vec![queries]),
                ("self_attn.k_proj.bias", vec![keys]),
                ("self_attn.v_proj.bias", vec![keys]),
            ]);
        }
        for number in 0..self.layers {
            let named = |(name, shape): &(&str, Vec<usize>)| {
                (format!("model.layers.{number}.{name}"), shape.clone())
            };
            all.extend(layer.iter().map(named));
        }
        all
    }

    pub(super) fn llama(&self) -> llama::Config {
        llama::Config {
            hidden_size: self.hidden,
            intermediate_size: self.intermediate,
            vocab_size: self.vocab,
            num_hidden_layers: self.layers,
            num_attention_heads: self.heads,
            num_key_value_heads: self.kv_heads,
            use_flash_attn: false,
            rms_norm_eps: self.norm_eps,
            // A base of 500,000 or a million is the same in both.
            #[expect(clippy::cast_possible_truncation, reason = "candle keeps it so")]
            rope_theta: self.rope_theta as f32,
            bos_token_id: None,
            eos_token_id: None,
            rope_scaling: self.rope_scaling.clone(),
            max_position_embeddings: self.context,
            tie_word_embeddings: self.tied,
        }
    }

    pub(super) fn mistral(&self) -> mistral::Config {
        mistral::Config {
            vocab_size: self.vocab,
            hidden_size: self.hidden,
            intermediate_size: self.intermediate,
            num_hidden_layers: self.layers,
            num_attention_heads: self.heads,
            head_dim: Some(self.head),
            num_key_value_heads: self.kv_heads,
            hidden_act: Activation::Silu,
            max_position_embeddings: self.context,
            rms_norm_eps: self.norm_eps,
            rope_theta: self.rope_theta,
            sliding_window: None,
            use_flash_attn: false,
        }
    }

    pub(super) fn qwen2(&self) -> qwen2::Config {
        qwen2::Config {
            vocab_size: self.vocab,
            hidden_size: self.hidden,
            intermediate_size: self.intermediate,
            num_hidden_layers: self.layers,
            num_attention_heads: self.heads,
            num_key_value_heads: self.kv_heads,
            max_position_embeddings: self.context,
            sliding_window: self.context,
            max_window_layers: self.layers,
            tie_word_embeddings: self.tied,
            rope_theta: self.rope_theta,
            rms_norm_eps: self.norm_eps,
            use_sliding_window: false,
            hidden_act: Activation::Silu,
        }
    }
}

/// The family that `model_type` names, or else `architectures`.
fn family(json: &Value) -> Result<Family, String> {
    let model_type = json.get("model_type").and_then(|name| name.as_str());
    let architecture = json.pointer("/architectures/0").and_then(|name| name.as_str());
    let Some(said) = model_type.or(architecture) else {
        return Err("names no model_type".into());
    };
    let known = |(_, name, class): &&(Family, &str, &str)| [*name, *class].contains(&said);
    Family::ALL
        .iter()
        .find(known)
        .map(|(family, ..)| *family)
        .ok_or_else(|| format!("model_type {said:?} is not known; llama, mistral and qwen2 are"))
}

fn scaling(family: Family, rope: &Rope) -> Result<Option<Llama3RopeConfig>, String> {
    match rope.kind.as_deref() {
        None | Some("default") => Ok(None),
        Some("llama3") if family == Family::Llama => {
            let read = llama3(rope).ok_or("rope_scaling of the type llama3 lacks a number")?;
            Ok(Some(read))
        }
        Some(other) => Err(format!("rope_scaling of the type {other:?} is not known")),
    }
}

fn llama3(rope: &Rope) -> Option<Llama3RopeConfig> {
    Some(Llama3RopeConfig {
        factor: rope.factor?,
        low_freq_factor: rope.low_freq_factor?,
        high_freq_factor: rope.high_freq_factor?,
        original_max_position_embeddings: rope.original_max_position_embeddings?,
        rope_type: Llama3RopeType::Llama3,
    })
}
