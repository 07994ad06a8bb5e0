//! The networks that candle runs, behind one `forward`. A copy shares the weights and remembers
//! nothing of what the original read: each answer is made on a copy of its own.

use std::{fs::File, io::BufReader, path::Path};

use candle_core::{DType, Device, Result, Tensor, quantized::gguf_file};
use candle_nn::VarBuilder;
use candle_transformers::models::{
    llama::{Cache, Llama},
    mistral, quantized_llama, qwen2,
};

use super::{
    LocalModelError,
    shape::{Family, Shape},
    weights::Weights,
};

#[derive(Clone)]
pub(super) enum Net {
    Llama(Box<(Llama, Cache)>),
    Mistral(Box<mistral::Model>),
    Qwen2(Box<qwen2::ModelForCausalLM>),
    Gguf(Box<quantized_llama::ModelWeights>),
}

impl Net {
    /// The network that `shape` describes, with these weights.
    pub(super) fn new(shape: &Shape, mut weights: Weights) -> Result<Self> {
        if shape.tied {
            weights.tie_head();
        }
        let weights = VarBuilder::from_backend(Box::new(weights), DType::F32, Device::Cpu);
        Ok(match shape.family {
            Family::Llama => {
                let config = shape.llama();
                let memory = Cache::new(true, DType::F32, &config, &Device::Cpu)?;
                Self::Llama(Box::new((Llama::load(weights, &config)?, memory)))
            }
            Family::Mistral => {
                Self::Mistral(Box::new(mistral::Model::new(&shape.mistral(), weights)?))
            }
            Family::Qwen2 => {
                Self::Qwen2(Box::new(qwen2::ModelForCausalLM::new(&shape.qwen2(), weights)?))
            }
        })
    }

    /// Reads these tokens, which stand at `position`, and weighs every token that may be next.
    pub(super) fn forward(&mut self, tokens: &[u32], position: usize) -> Result<Tensor> {
        let tokens = Tensor::new(tokens, &Device::Cpu)?.unsqueeze(0)?;
        let next = match self {
            Self::Llama(net) => net.0.forward(&tokens, position, &mut net.1)?,
            Self::Mistral(net) => net.forward(&tokens, position)?,
            Self::Qwen2(net) => net.forward(&tokens, position)?,
            Self::Gguf(net) => net.forward(&tokens, position)?,
        };
        next.flatten_all()?.to_dtype(DType::F32)
    }
}

/// What is read of a GGUF file besides its network.
pub(super) struct Gguf {
    pub(super) net: Net,
    pub(super) vocab: usize,
    pub(super) context: usize,
    pub(super) stop_tokens: Vec<u32>,
    pub(super) bos: Option<u32>,
    pub(super) chat_template: Option<String>,
}

impl Gguf {
    pub(super) fn read(path: &Path) -> std::result::Result<Self, LocalModelError> {
        let wrong = |problem: &dyn std::fmt::Display| LocalModelError::new(path, problem);
        let file = File::open(path).map_err(|error| wrong(&error))?;
        let mut file = BufReader::new(file);
        let content = gguf_file::Content::read(&mut file)
            .map_err(|error| wrong(&format!("cannot be read as GGUF: {error}")))?;
        let facts = Facts(&content);
        facts.check().map_err(|problem| wrong(&problem))?;
        let vocab = content.tensor_infos.get("token_embd.weight").map(|info| info.shape.dims()[0]);
        let vocab = vocab.ok_or_else(|| wrong(&"lacks the tensor token_embd.weight"))?;
        let stops = ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"];
        let stop_tokens = stops.into_iter().filter_map(|name| facts.number(name)).collect();
        let longest = facts.number("llama.context_length").and_then(|n| usize::try_from(n).ok());
        let chat_template = facts.text("tokenizer.chat_template").map(str::to_owned);
        let bos = facts.number("tokenizer.ggml.bos_token_id");
        if content.tensor_infos.contains_key("rope_freqs.weight") {
            tracing::warn!(
                "{}: its rope_freqs are not used: answers differ a little from other programs'",
                path.display()
            );
        }
        let net = quantized_llama::ModelWeights::from_gguf(content, &mut file, &Device::Cpu)
            .map_err(|error| wrong(&error))?;
        Ok(Self {
            net: Net::Gguf(Box::new(net)),
            vocab,
            context: longest.unwrap_or(usize::MAX).min(quantized_llama::MAX_SEQ_LEN),
            stop_tokens,
            bos,
            chat_template,
        })
    }
}

/// The head of a GGUF file.
struct Facts<'a>(&'a gguf_file::Content);

impl Facts<'_> {
    fn number(&self, name: &str) -> Option<u32> {
        let value = self.0.metadata.get(name)?;
        value.to_u64().ok().and_then(|number| u32::try_from(number).ok())
    }

    fn text(&self, name: &str) -> Option<&str> {
        Some(self.0.metadata.get(name)?.to_string().ok()?.as_str())
    }

    /// What candle does not look at before it divides by it.
    fn check(&self) -> std::result::Result<(), String> {
        match self.text("general.architecture") {
            Some("llama") => {}
            Some(other) => {
                return Err(format!("general.architecture {other:?} is not known; llama is"));
            }
            None => return Err("names no general.architecture".into()),
        }
        let need = |name| {
            let found = self.number(name).filter(|number| *number > 0);
            found.ok_or_else(|| format!("says nothing usable of {name}"))
        };
        let heads = need("llama.attention.head_count")?;
        let key_heads = need("llama.attention.head_count_kv")?;
        let width = need("llama.embedding_length")?;
        if !width.is_multiple_of(heads) || !heads.is_multiple_of(key_heads) {
            return Err("its measures do not fit together".into());
        }
        Ok(())
    }
}
