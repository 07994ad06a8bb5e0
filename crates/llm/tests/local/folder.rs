//! Writes the folder of a tiny model: two layers of 32 numbers, and a token for each byte.
//!
//! What it says is made, not learned. The last matrix is put together so that each byte calls for
//! the next one of a text; everything else is noise from a seed, small enough not to drown it. So a
//! test knows the answer, and the answer still goes through every part of a network.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};

/// Numbers of a token.
pub(crate) const HIDDEN: usize = 32;
/// Numbers inside a layer.
pub(crate) const WIDE: usize = 64;
/// Layers.
pub(crate) const LAYERS: usize = 2;
/// 256 bytes and three control tokens.
pub(crate) const VOCAB: usize = 259;
/// Begins a text.
pub(crate) const TEXT: &str = "<|text|>";
/// Begins a turn.
pub(crate) const START: &str = "<|start|>";
/// Ends a turn.
pub(crate) const END: &str = "<|end|>";
/// The number of [`END`].
pub(crate) const END_ID: u32 = 257;

/// A template in the usual manner.
pub(crate) const TEMPLATE: &str = "{{ bos_token }}{%- for message in messages %}
<|start|>{{ message['role'] }}
{{ message['content'] | trim }}<|end|>
{%- endfor %}
{%- if add_generation_prompt %}
<|start|>assistant
{% endif %}";

/// What a tiny model answers to anything.
#[derive(Clone, Copy)]
pub(crate) enum Says {
    /// This text, and then it ends its turn. No byte of it may come twice.
    Text(&'static str),
    /// This text again and again, without an end.
    Endless(&'static str),
    /// Letters in an order that follows from all that went before, without an end.
    Noise,
}

/// A tiny model.
#[derive(Clone, Copy)]
pub(crate) struct Tiny {
    /// `model_type` in `config.json`.
    pub(crate) family: &'static str,
    /// What it answers.
    pub(crate) says: Says,
    /// Tokens that it can hold.
    pub(crate) context: usize,
    /// From which the noise comes.
    pub(crate) seed: u64,
}

impl Tiny {
    /// A Llama that holds 512 tokens.
    pub(crate) const fn new(says: Says) -> Self {
        Self { family: "llama", says, context: 512, seed: 1 }
    }

    /// Writes everything but the weights.
    pub(crate) fn write_words(&self, folder: &Path) {
        write(folder, "config.json", &self.config());
        write(folder, "tokenizer.json", &tokenizer());
        let words =
            json!({"bos_token": TEXT, "eos_token": {"content": END}, "chat_template": TEMPLATE});
        write(folder, "tokenizer_config.json", &words);
    }

    /// Writes the whole folder, with the weights as safetensors.
    pub(crate) fn write(&self, folder: &Path) {
        self.write_words(folder);
        fs::write(folder.join("model.safetensors"), safetensors(&self.weights())).unwrap();
    }

    /// `config.json`.
    pub(crate) fn config(&self) -> Value {
        json!({
            "model_type": self.family, "vocab_size": VOCAB, "hidden_size": HIDDEN,
            "intermediate_size": WIDE, "num_hidden_layers": LAYERS, "num_attention_heads": 4,
            "num_key_value_heads": 2, "max_position_embeddings": self.context,
            "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": false,
            "hidden_act": "silu", "sliding_window": null, "eos_token_id": END_ID,
        })
    }

    /// The matrices by their names in safetensors.
    pub(crate) fn weights(&self) -> Vec<(String, Vec<usize>, Vec<f32>)> {
        let mut noise = Noise(self.seed);
        let embedding = noise.numbers(VOCAB * HIDDEN, 1.0);
        let head = self.head(&embedding, &mut noise);
        let mut all = vec![
            ("model.embed_tokens.weight".to_owned(), vec![VOCAB, HIDDEN], embedding),
            ("model.norm.weight".to_owned(), vec![HIDDEN], vec![1.0; HIDDEN]),
            ("lm_head.weight".to_owned(), vec![VOCAB, HIDDEN], head),
        ];
        let scale = if matches!(self.says, Says::Noise) { 0.5 } else { 0.02 };
        for layer in 0..LAYERS {
            let mut add = |name: &str, shape: &[usize], is_norm: bool| {
                let count = shape.iter().product();
                let numbers = if is_norm { vec![1.0; count] } else { noise.numbers(count, scale) };
                all.push((format!("model.layers.{layer}.{name}"), shape.to_vec(), numbers));
            };
            add("input_layernorm.weight", &[HIDDEN], true);
            add("post_attention_layernorm.weight", &[HIDDEN], true);
            for (name, rows) in [("q", HIDDEN), ("k", HIDDEN / 2), ("v", HIDDEN / 2)] {
                add(&format!("self_attn.{name}_proj.weight"), &[rows, HIDDEN], false);
                if self.family == "qwen2" {
                    add(&format!("self_attn.{name}_proj.bias"), &[rows], false);
                }
            }
            add("self_attn.o_proj.weight", &[HIDDEN, HIDDEN], false);
            add("mlp.gate_proj.weight", &[WIDE, HIDDEN], false);
            add("mlp.up_proj.weight", &[WIDE, HIDDEN], false);
            add("mlp.down_proj.weight", &[HIDDEN, WIDE], false);
        }
        all
    }

    /// The last matrix: a token is called for by the one it follows.
    fn head(&self, embedding: &[f32], noise: &mut Noise) -> Vec<f32> {
        let mut head = vec![0.0; VOCAB * HIDDEN];
        let mut follows = |token: usize, before: usize| {
            for at in 0..HIDDEN {
                head[token * HIDDEN + at] += embedding[before * HIDDEN + at];
            }
        };
        match self.says {
            Says::Text(text) | Says::Endless(text) => {
                // The template's last byte is a line end, that of the plain form a colon.
                let first = usize::from(text.as_bytes()[0]);
                for end in [b'\n', b':'].into_iter().filter(|end| !text.as_bytes().contains(end)) {
                    follows(first, usize::from(end));
                }
                for pair in text.as_bytes().windows(2) {
                    follows(usize::from(pair[1]), usize::from(pair[0]));
                }
                let last = usize::from(*text.as_bytes().last().unwrap());
                let ends = matches!(self.says, Says::Text(_));
                follows(if ends { END_ID as usize } else { first }, last);
            }
            Says::Noise => {
                for letter in b'a'..=b'z' {
                    let at = usize::from(letter) * HIDDEN;
                    head[at..at + HIDDEN].copy_from_slice(&noise.numbers(HIDDEN, 1.0));
                }
            }
        }
        head
    }
}

/// A JSON file of the folder.
pub(crate) fn write(folder: &Path, name: &str, value: &Value) {
    fs::write(folder.join(name), value.to_string()).unwrap();
}

/// A token for each byte, spelled as byte-level vocabularies spell them, and the control tokens.
pub(crate) fn tokenizer() -> Value {
    let visible = |byte: u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let mut hidden = 256..;
    let vocab: Map<_, _> = (0..=255_u8)
        .map(|byte| {
            let code = if visible(byte) { u32::from(byte) } else { hidden.next().unwrap() };
            (char::from_u32(code).unwrap().to_string(), byte.into())
        })
        .collect();
    let control = [START, END, TEXT].into_iter().zip(256..);
    let control: Vec<_> = control
        .map(|(content, id)| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true})
        })
        .collect();
    let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false,
        "use_regex": false});
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": control,
        "normalizer": null, "pre_tokenizer": bytes, "post_processor": null, "decoder": bytes,
        "model": {"type": "BPE", "vocab": vocab, "merges": []},
    })
}

/// A safetensors file: the length of a header, the header, the numbers.
pub(crate) fn safetensors(weights: &[(String, Vec<usize>, Vec<f32>)]) -> Vec<u8> {
    let mut header = Map::new();
    let mut data = Vec::new();
    for (name, shape, numbers) in weights {
        let start = data.len();
        data.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        let offsets = [start, data.len()];
        header
            .insert(name.clone(), json!({"dtype": "F32", "shape": shape, "data_offsets": offsets}));
    }
    let header = Value::Object(header).to_string();
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], header.as_bytes(), &data].concat()
}

/// Numbers that look drawn and are the same each time.
struct Noise(u64);

impl Noise {
    /// So many numbers around 0, of about this size.
    fn numbers(&mut self, count: usize, scale: f32) -> Vec<f32> {
        // The sum of twelve even numbers is as good as a bell curve.
        (0..count).map(|_| scale * ((0..12).map(|_| self.next()).sum::<f32>() - 6.0)).collect()
    }

    /// From 0 to 1.
    fn next(&mut self) -> f32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bits = u16::try_from(self.0 >> 48).expect("sixteen bits");
        f32::from(bits) / 65536.0
    }
}
