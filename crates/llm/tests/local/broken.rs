//! Folders that are no model: each is one line that names the file and what is wrong with it.

use std::{fs, path::Path};

use candle_core::quantized::GgmlDType;
use serde_json::{Value, json};
use serene_llm::{LocalEngine, LocalOptions};

use crate::{
    folder::{self, Says, Tiny, tokenizer},
    gguf, written,
};

const TINY: Tiny = Tiny::new(Says::Text("Hi."));

/// Why a folder is refused, without the folder.
fn refused(path: &Path) -> String {
    let error = LocalEngine::load(path, LocalOptions::default()).expect_err("is refused");
    let message = error.to_string();
    assert!(!message.contains('\n'), "{message}");
    message.replace(&format!("{}/", path.display()), "").replace(&path.display().to_string(), ".")
}

/// Why the folder of a sound model is refused after this is done to it.
fn after(change: impl FnOnce(&Path)) -> String {
    let folder = written(|path| TINY.write(path));
    change(folder.path());
    refused(folder.path())
}

/// Why it is refused with something else in `config.json`.
fn with(key: &str, value: Value) -> String {
    after(|path| {
        let mut config = TINY.config();
        config[key] = value;
        folder::write(path, "config.json", &config);
    })
}

fn remove(name: &'static str) -> impl FnOnce(&Path) {
    move |path| fs::remove_file(path.join(name)).unwrap()
}

#[test]
fn files_that_are_missing() {
    assert_eq!(refused(Path::new("/nowhere/model")), "tokenizer.json: is missing");
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(refused(empty.path()), "tokenizer.json: is missing");
    assert_eq!(
        after(remove("config.json")),
        "config.json: is missing, and there is no .gguf file either: this is no model's folder"
    );
    assert_eq!(after(remove("model.safetensors")), "model.safetensors: is missing");
    let index = json!({"weight_map": {"lm_head.weight": "part-2.safetensors"}});
    assert_eq!(
        after(|path| folder::write(path, "model.safetensors.index.json", &index)),
        "part-2.safetensors: is missing"
    );
    assert_eq!(
        after(|path| folder::write(path, "model.safetensors.index.json", &json!({}))),
        "model.safetensors.index.json: names no files in weight_map"
    );
}

#[test]
fn files_that_are_not_what_they_should_be() {
    let put = |name: &'static str, text: &'static str| {
        after(move |path| fs::write(path.join(name), text).unwrap())
    };
    assert!(put("config.json", "{").starts_with("config.json: is no JSON: EOF while parsing"));
    assert_eq!(put("config.json", "[]"), "config.json: is no JSON object");
    assert!(put("generation_config.json", "so").starts_with("generation_config.json: is no JSON"));
    assert!(
        put("tokenizer.json", "{}").starts_with("tokenizer.json: is no tokenizer that is known")
    );
    assert_eq!(
        put("model.safetensors", "no weights at all"),
        "model.safetensors: is no safetensors file"
    );
    assert_eq!(
        put("model.safetensors", "short"),
        "model.safetensors: is cut off: 5 bytes of at least 8"
    );
    assert_eq!(
        put("chat_template.jinja", "{% if %}"),
        "chat_template.jinja: its chat template is not understood: unexpected end of block (line 1)"
    );
    assert_eq!(
        put("chat_template.jinja", "\n{{ raise_exception('not so') }}"),
        "chat_template.jinja: its chat template fails: not so (line 2)"
    );
    assert_eq!(
        put("chat_template.jinja", "Always the same."),
        "chat_template.jinja: its chat template leaves out what was said"
    );
}

#[test]
fn models_of_another_kind() {
    assert_eq!(
        with("model_type", "mamba".into()),
        "config.json: model_type \"mamba\" is not known; llama, mistral and qwen2 are"
    );
    assert_eq!(with("model_type", Value::Null), "config.json: names no model_type");
    assert_eq!(with("hidden_size", Value::Null), "config.json: says nothing usable of hidden_size");
    assert!(with("rms_norm_eps", Value::Null).starts_with("config.json: invalid type: null"));
    assert_eq!(with("num_attention_heads", 0.into()), "config.json: a measure is 0");
    assert!(with("num_attention_heads", 3.into()).ends_with("do not fit together"));
    assert!(with("head_dim", 5.into()).ends_with("do not fit together"));
    assert_eq!(
        with("rope_scaling", json!({"type": "yarn", "factor": 4.0})),
        "config.json: rope_scaling of the type \"yarn\" is not known"
    );
    assert!(with("rope_scaling", json!({"rope_type": "llama3"})).ends_with("lacks a number"));
    assert!(with("hidden_act", "gelu".into()).contains("hidden_act \"gelu\" is not known"));
    assert!(with("quantization_config", json!({})).contains("a GGUF file is"));
    assert!(with("sliding_window", 1.into()).ends_with("leaves no room"));
}

#[test]
fn weights_that_do_not_fit() {
    assert_eq!(
        with("num_hidden_layers", 3.into()),
        "model.safetensors: lacks the tensor model.layers.2.input_layernorm.weight"
    );
    assert_eq!(
        with("intermediate_size", 65.into()),
        "model.safetensors: model.layers.0.mlp.gate_proj.weight measures [64, 32], and [65, 32] by \
         config.json"
    );
    // The biases of another family would silently be left out.
    assert_eq!(
        after(|path| {
            Tiny { family: "qwen2", ..TINY }.write(path);
            folder::write(path, "config.json", &TINY.config());
        }),
        "model.safetensors: has the tensor model.layers.0.self_attn.k_proj.bias, which a llama \
         model has not"
    );
    let cut = after(|path| {
        let file = path.join("model.safetensors");
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    });
    assert!(
        cut.starts_with("model.safetensors: is cut off in model.layers.1.mlp.down_proj"),
        "{cut}"
    );
    let strange = |dtype: &str, end: usize| {
        let header = json!({"x": {"dtype": dtype, "shape": [1], "data_offsets": [0, end]}});
        let header = header.to_string();
        let length = (header.len() as u64).to_le_bytes();
        let file = [&length[..], header.as_bytes(), &[0; 9]].concat();
        after(|path| fs::write(path.join("model.safetensors"), file).unwrap())
    };
    assert_eq!(strange("I8", 1), "model.safetensors: has x as I8; F32, F16 and BF16 are read");
    assert_eq!(strange("F32", 5), "model.safetensors: describes x wrongly");
}

#[test]
fn a_tokenizer_of_another_model() {
    let larger = after(|path| {
        let mut tokenizer = tokenizer();
        tokenizer["model"]["vocab"]["strange"] = 259.into();
        folder::write(path, "tokenizer.json", &tokenizer);
    });
    assert_eq!(
        larger,
        "tokenizer.json: does not fit the model: it has a token 259, and the model ends at 258"
    );
}

#[test]
fn gguf_files() {
    let change = |change: &dyn Fn(&Path)| {
        let folder = written(|path| gguf::write(&TINY, GgmlDType::Q4_0, path));
        change(folder.path());
        refused(folder.path())
    };
    let cut = |keep: fn(usize) -> usize| {
        change(&|path| {
            let file = path.join("tiny.gguf");
            let whole = fs::read(&file).unwrap();
            fs::write(&file, &whole[..keep(whole.len())]).unwrap();
        })
    };
    let end = cut(|all| all - 100);
    assert!(
        end.starts_with("tiny.gguf: tensor needs ") && end.contains("remaining in file"),
        "{end}"
    );
    assert!(cut(|all| all / 50).starts_with("tiny.gguf: cannot be read as GGUF: "));
    assert!(cut(|_| 0).starts_with("tiny.gguf: cannot be read as GGUF: "));
    assert_eq!(
        change(&|path| TINY.write(path)),
        ".: holds safetensors and a .gguf file; leave the one that is meant"
    );
    assert_eq!(
        change(&|path| fs::write(path.join("other.gguf"), "").unwrap()),
        ".: holds more than one .gguf file; leave one"
    );
}
