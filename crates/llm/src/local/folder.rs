//! A model's folder: which files count, and what they say.

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;
use tokenizers::Tokenizer;

use super::{
    LocalModelError, Model, Sampling,
    net::{Gguf, Net},
    shape::Shape,
    template::{Special, Template},
    weights::Weights,
};

const CONFIG: &str = "config.json";
const GENERATION: &str = "generation_config.json";
const INDEX: &str = "model.safetensors.index.json";
const SINGLE: &str = "model.safetensors";
const TOKENIZER: &str = "tokenizer.json";
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
const CHAT_TEMPLATE: &str = "chat_template.jinja";

type Result<T> = std::result::Result<T, LocalModelError>;

/// A network with what its files say of how to use it.
struct Loaded {
    net: Net,
    vocab: usize,
    context: usize,
    stop_tokens: Vec<u32>,
    bos: Option<u32>,
    chat_template: Option<(PathBuf, String)>,
}

/// Reads a whole model.
pub(super) fn load(folder: &Path) -> Result<Model> {
    // The small files first: what is wrong with them is said before gigabytes are read.
    let tokenizer = tokenizer(&folder.join(TOKENIZER))?;
    let tokenizer_config = json(&folder.join(TOKENIZER_CONFIG))?.unwrap_or_default();
    let generation = json(&folder.join(GENERATION))?;
    let own_template = own_template(folder, &tokenizer_config)?;
    let loaded = match gguf_file(folder)? {
        Some(file) => from_gguf(&file)?,
        None => from_safetensors(folder)?,
    };
    let highest = tokenizer.get_vocab(true).into_values().max().unwrap_or(0);
    if highest as usize >= loaded.vocab {
        let problem = format!(
            "does not fit the model: it has a token {highest}, and the model ends at {}",
            loaded.vocab.saturating_sub(1)
        );
        return Err(LocalModelError::new(&folder.join(TOKENIZER), problem));
    }
    let special = Special::of(&tokenizer, &tokenizer_config, loaded.bos, &loaded.stop_tokens);
    let template = match own_template.or(loaded.chat_template) {
        Some((file, source)) => Template::new(&source, &special, &tokenizer)
            .map_err(|problem| LocalModelError::new(&file, problem))?,
        None => Template::plain(),
    };
    let mut stop_tokens = loaded.stop_tokens;
    stop_tokens.extend(generation.as_ref().map(end_tokens).unwrap_or_default());
    stop_tokens.extend(special.eos_id);
    stop_tokens.extend(template.end_token());
    Ok(Model {
        tokenizer: Arc::new(tokenizer),
        template,
        net: loaded.net,
        context_tokens: u32::try_from(loaded.context).unwrap_or(u32::MAX),
        sampling: generation.as_ref().map(sampling).unwrap_or_default(),
        stop_tokens,
    })
}

fn from_gguf(file: &Path) -> Result<Loaded> {
    let gguf = Gguf::read(file)?;
    Ok(Loaded {
        net: gguf.net,
        vocab: gguf.vocab,
        context: gguf.context,
        stop_tokens: gguf.stop_tokens,
        bos: gguf.bos,
        chat_template: gguf.chat_template.map(|source| (file.to_owned(), source)),
    })
}

fn from_safetensors(folder: &Path) -> Result<Loaded> {
    let file = folder.join(CONFIG);
    let Some(config) = json(&file)? else {
        let problem = "is missing, and there is no .gguf file either: this is no model's folder";
        return Err(LocalModelError::new(&file, problem));
    };
    let stop_tokens = end_tokens(&config);
    let shape = Shape::read(&file, config)?;
    let weights = Weights::open(&weight_files(folder)?)?;
    weights.check(folder, &shape.tensors(), shape.family.name())?;
    let net = Net::new(&shape, weights).map_err(|error| LocalModelError::new(folder, error))?;
    let (vocab, context) = (shape.vocab, shape.context);
    Ok(Loaded { net, vocab, context, stop_tokens, bos: None, chat_template: None })
}

/// The one GGUF file, if there is any.
fn gguf_file(folder: &Path) -> Result<Option<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| LocalModelError::new(folder, error))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "gguf"))
        .collect();
    match found.len() {
        0 => Ok(None),
        1 if folder.join(SINGLE).exists() || folder.join(INDEX).exists() => {
            let problem = "holds safetensors and a .gguf file; leave the one that is meant";
            Err(LocalModelError::new(folder, problem))
        }
        1 => Ok(found.pop()),
        _ => Err(LocalModelError::new(folder, "holds more than one .gguf file; leave one")),
    }
}

/// All files that hold weights.
fn weight_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let index = folder.join(INDEX);
    let Some(json) = json(&index)? else { return Ok(vec![folder.join(SINGLE)]) };
    let files = json
        .get("weight_map")
        .and_then(Value::as_object)
        .map(|map| map.values().filter_map(Value::as_str).collect::<BTreeSet<_>>());
    match files {
        Some(files) if !files.is_empty() => {
            Ok(files.into_iter().map(|name| folder.join(name)).collect())
        }
        _ => Err(LocalModelError::new(&index, "names no files in weight_map")),
    }
}

/// A JSON object; `None` when there is no such file.
fn json(path: &Path) -> Result<Option<Value>> {
    let Some(text) = text(path)? else { return Ok(None) };
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| LocalModelError::new(path, format!("is no JSON: {error}")))?;
    if value.is_object() {
        Ok(Some(value))
    } else {
        Err(LocalModelError::new(path, "is no JSON object"))
    }
}

fn text(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LocalModelError::new(path, error)),
    }
}

fn tokenizer(path: &Path) -> Result<Tokenizer> {
    let Some(text) = text(path)? else {
        return Err(LocalModelError::new(path, "is missing"));
    };
    let wrong =
        |error| LocalModelError::new(path, format!("is no tokenizer that is known: {error}"));
    let mut tokenizer = Tokenizer::from_bytes(text).map_err(wrong)?;
    // Both are for training: a conversation is neither cut nor filled up here.
    tokenizer.with_truncation(None).map_err(wrong)?;
    tokenizer.with_padding(None);
    let probe = tokenizer.encode_fast("A word, and another.", false).map_err(wrong)?;
    tokenizer.decode(probe.get_ids(), true).map_err(wrong)?;
    Ok(tokenizer)
}

/// The chat template that lies in the folder: in a file of its own, or in the tokenizer's.
fn own_template(folder: &Path, tokenizer_config: &Value) -> Result<Option<(PathBuf, String)>> {
    let file = folder.join(CHAT_TEMPLATE);
    if let Some(source) = text(&file)? {
        return Ok(Some((file, source)));
    }
    let source = match tokenizer_config.get("chat_template") {
        Some(Value::String(source)) => Some(source.as_str()),
        // Several for several ends, of which one is for talking.
        Some(Value::Array(named)) => named
            .iter()
            .find(|one| one.get("name").and_then(Value::as_str) == Some("default"))
            .and_then(|one| one.get("template")?.as_str()),
        _ => None,
    };
    Ok(source.map(|source| (folder.join(TOKENIZER_CONFIG), source.to_owned())))
}

/// `eos_token_id`: one number or several.
fn end_tokens(json: &Value) -> Vec<u32> {
    let number = |value: &Value| u32::try_from(value.as_u64()?).ok();
    match json.get("eos_token_id") {
        Some(Value::Array(all)) => all.iter().filter_map(number).collect(),
        Some(one) => number(one).into_iter().collect(),
        None => Vec::new(),
    }
}

fn sampling(json: &Value) -> Sampling {
    let usual = Sampling::default();
    let number = |name: &str| json.get(name).and_then(Value::as_f64);
    let greedy = json.get("do_sample") == Some(&Value::Bool(false));
    Sampling {
        temperature: if greedy { 0.0 } else { number("temperature").unwrap_or(usual.temperature) },
        top_p: number("top_p").unwrap_or(usual.top_p),
        top_k: json
            .get("top_k")
            .and_then(Value::as_u64)
            .and_then(|k| usize::try_from(k).ok())
            .filter(|k| *k > 0),
    }
}
