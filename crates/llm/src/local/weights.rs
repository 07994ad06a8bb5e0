//! Weights from safetensors files: each matrix is read when the network asks for it, so that no
//! more than one of them is in memory twice. (Mapping the files would need `unsafe`.)

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::ErrorKind,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use candle_core::{DType, Device, Error, Result, Shape, Tensor};
use candle_nn::{Init, var_builder::SimpleBackend};
use serde::Deserialize;

use super::LocalModelError;

/// A header is some kilobytes; one that claims more than this is none.
const MAX_HEADER_BYTES: u64 = 100 * 1024 * 1024;

/// Matrices by name, and where they are.
pub(super) struct Weights {
    files: Vec<(PathBuf, File)>,
    entries: BTreeMap<String, Entry>,
    /// Answers for `lm_head.weight` where the two are one.
    tied_head: Option<&'static str>,
}

struct Entry {
    file: usize,
    dtype: DType,
    shape: Vec<usize>,
    start: u64,
    bytes: usize,
}

#[derive(Deserialize)]
struct Raw {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

impl Weights {
    /// Reads the headers of all files.
    pub(super) fn open(paths: &[PathBuf]) -> std::result::Result<Self, LocalModelError> {
        let mut weights = Self { files: Vec::new(), entries: BTreeMap::new(), tied_head: None };
        for path in paths {
            weights.add(path).map_err(|problem| LocalModelError::new(path, problem))?;
        }
        Ok(weights)
    }

    fn add(&mut self, path: &Path) -> std::result::Result<(), String> {
        let file = File::open(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => "is missing".to_owned(),
            _ => error.to_string(),
        })?;
        let size = file.metadata().map_err(|error| error.to_string())?.len();
        let cut = |wanted: u64| format!("is cut off: {size} bytes of at least {wanted}");
        let mut length = [0; 8];
        file.read_exact_at(&mut length, 0).map_err(|_| cut(8))?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER_BYTES {
            return Err("is no safetensors file".into());
        }
        let mut header = vec![0; usize::try_from(length).expect("no more than the limit")];
        file.read_exact_at(&mut header, 8).map_err(|_| cut(8 + length))?;
        let header: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(&header).map_err(|_| "is no safetensors file")?;
        for (name, value) in header.into_iter().filter(|(name, _)| name != "__metadata__") {
            let raw: Raw = serde_json::from_value(value)
                .map_err(|error| format!("describes {name} wrongly: {error}"))?;
            let kind = dtype(&raw.dtype).ok_or_else(|| {
                format!("has {name} as {}; F32, F16 and BF16 are read", raw.dtype)
            })?;
            let entry = entry(&raw, kind, self.files.len(), 8 + length)
                .ok_or_else(|| format!("describes {name} wrongly"))?;
            let end = entry.start + entry.bytes as u64;
            if end > size {
                return Err(format!("is cut off in {name}: {size} bytes of at least {end}"));
            }
            self.entries.insert(name, entry);
        }
        self.files.push((path.to_owned(), file));
        Ok(())
    }

    /// Whether these are exactly the matrices of a network; what is missing or more would give a
    /// model that talks nonsense.
    pub(super) fn check(
        &self,
        folder: &Path,
        tensors: &[(String, Vec<usize>)],
        family: &str,
    ) -> std::result::Result<(), LocalModelError> {
        let only = |entry: &Entry| self.files[entry.file].0.clone();
        for (name, shape) in tensors {
            let Some(entry) = self.entries.get(name) else {
                let file = if let [(file, _)] = &self.files[..] { file } else { folder };
                return Err(LocalModelError::new(file, format!("lacks the tensor {name}")));
            };
            if entry.shape != *shape {
                let found = &entry.shape;
                let problem = format!("{name} measures {found:?}, and {shape:?} by config.json");
                return Err(LocalModelError::new(&only(entry), problem));
            }
        }
        let known: BTreeSet<_> = tensors.iter().map(|(name, _)| name.as_str()).collect();
        // Older files keep numbers that follow from config.json; a tied head is in some files twice.
        let spare = |name: &str| name.ends_with(".rotary_emb.inv_freq") || name == "lm_head.weight";
        let more =
            self.entries.iter().find(|(name, _)| !known.contains(name.as_str()) && !spare(name));
        more.map_or(Ok(()), |(name, entry)| {
            let problem = format!("has the tensor {name}, which a {family} model has not");
            Err(LocalModelError::new(&only(entry), problem))
        })
    }

    pub(super) const fn tie_head(&mut self) {
        self.tied_head = Some("model.embed_tokens.weight");
    }
}

fn dtype(name: &str) -> Option<DType> {
    match name {
        "F32" => Some(DType::F32),
        "F16" => Some(DType::F16),
        "BF16" => Some(DType::BF16),
        _ => None,
    }
}

/// `None` when the numbers do not fit together.
fn entry(raw: &Raw, dtype: DType, file: usize, data: u64) -> Option<Entry> {
    let (from, to) = raw.data_offsets;
    let bytes = usize::try_from(to.checked_sub(from)?).ok()?;
    let elements = raw.shape.iter().try_fold(1_usize, |all, one| all.checked_mul(*one))?;
    (elements.checked_mul(dtype.size_in_bytes())? == bytes).then_some(())?;
    let start = data.checked_add(from)?;
    start.checked_add(bytes as u64)?;
    Some(Entry { file, dtype, shape: raw.shape.clone(), start, bytes })
}

impl SimpleBackend for Weights {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        _: Init,
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        let tensor = self.get_unchecked(name, dtype, device)?;
        if tensor.shape() == &shape {
            return Ok(tensor);
        }
        let (msg, got) = (format!("shape of {name}"), tensor.shape().clone());
        Err(Error::UnexpectedShape { msg, expected: shape, got })
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        let tied = self.tied_head.filter(|_| name == "lm_head.weight");
        let name = tied.unwrap_or(name);
        let entry = self
            .entries
            .get(name)
            .ok_or_else(|| Error::CannotFindTensor { path: name.to_owned() })?;
        let mut data = vec![0; entry.bytes];
        self.files[entry.file].1.read_exact_at(&mut data, entry.start)?;
        Tensor::from_raw_buffer(&data, entry.dtype, &entry.shape, device)?.to_dtype(dtype)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        let tied = self.tied_head.is_some() && name == "lm_head.weight";
        !tied && self.entries.contains_key(name)
    }
}
