//! The same tiny model as one GGUF file.

use std::{fs, path::Path};

use candle_core::{
    Device, Tensor,
    quantized::{GgmlDType, QTensor, gguf_file},
};
use gguf_file::Value;

use crate::folder::{HIDDEN, LAYERS, Tiny, VOCAB, WIDE};

/// Writes the whole folder: `tokenizer.json`, `tokenizer_config.json` and `tiny.gguf`, whose large
/// matrices are of this kind.
pub(crate) fn write(tiny: &Tiny, kind: GgmlDType, folder: &Path) {
    tiny.write_words(folder);
    fs::remove_file(folder.join("config.json")).unwrap();
    let tensors: Vec<_> = tiny
        .weights()
        .into_iter()
        .map(|(name, shape, numbers)| {
            let numbers = if name.contains("q_proj") || name.contains("k_proj") {
                interleaved(&numbers)
            } else {
                numbers
            };
            let kind = if shape.len() == 1 { GgmlDType::F32 } else { kind };
            let tensor = Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap();
            (gguf_name(&name), QTensor::quantize(&tensor, kind).unwrap())
        })
        .collect();
    let number = |number: usize| Value::U32(u32::try_from(number).unwrap());
    let facts = [
        ("general.architecture", Value::String("llama".into())),
        ("llama.attention.head_count", number(4)),
        ("llama.attention.head_count_kv", number(2)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
        ("llama.block_count", number(LAYERS)),
        ("llama.context_length", number(tiny.context)),
        ("llama.embedding_length", number(HIDDEN)),
        ("llama.feed_forward_length", number(WIDE)),
        ("llama.rope.dimension_count", number(HIDDEN / 4)),
        ("llama.vocab_size", number(VOCAB)),
        ("tokenizer.ggml.eos_token_id", number(257)),
        ("tokenizer.ggml.bos_token_id", number(258)),
        ("tokenizer.chat_template", Value::String(crate::folder::TEMPLATE.into())),
    ];
    let facts: Vec<_> = facts.iter().map(|(name, value)| (*name, value)).collect();
    let tensors: Vec<_> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let mut file = fs::File::create(folder.join("tiny.gguf")).unwrap();
    gguf_file::write(&mut file, &facts, &tensors).unwrap();
}

/// The two halves of each head's rows in turn: GGUF pairs neighbours where safetensors pair halves.
fn interleaved(numbers: &[f32]) -> Vec<f32> {
    let head = HIDDEN / 4;
    let rows: Vec<_> = numbers.chunks(HIDDEN).collect();
    let mut out = Vec::new();
    for rows in rows.chunks(head) {
        for pair in 0..head / 2 {
            out.extend_from_slice(rows[pair]);
            out.extend_from_slice(rows[pair + head / 2]);
        }
    }
    out
}

fn gguf_name(name: &str) -> String {
    [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("lm_head", "output"),
        ("model.layers", "blk"),
        ("input_layernorm", "attn_norm"),
        ("post_attention_layernorm", "ffn_norm"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
    ]
    .into_iter()
    .fold(name.to_owned(), |name, (from, to)| name.replace(from, to))
}
