//! A case as its manifest describes it.

use std::{collections::BTreeMap, error::Error, fs, path::Path, path::PathBuf};

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use crate::json;

/// The Rust type that runs a case, or why none does.
pub(crate) type Typed = Result<String, String>;

/// One case.
pub(crate) struct Entry {
    pub(crate) suite: String,
    pub(crate) case: String,
    pub(crate) op: String,
    pub(crate) attrs: Value,
    /// Type and shape of each tensor: `in.x`, `out.y`.
    pub(crate) tensors: BTreeMap<String, (String, Vec<usize>)>,
    /// ONNX: the nodes of the graph, with the order of inputs and outputs.
    pub(crate) nodes: Value,
    pub(crate) file: PathBuf,
    /// What no type can express, or why the entry cannot be read.
    pub(crate) damage: Option<String>,
}

/// All cases of a folder of suites.
pub(crate) fn read(folder: &Path) -> Result<Vec<Entry>, Box<dyn Error>> {
    let mut entries = Vec::new();
    let mut suites: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    suites.sort_by_key(fs::DirEntry::path);
    for suite in suites {
        let (path, name) = (suite.path(), suite.file_name().to_string_lossy().into_owned());
        let manifest = path.join("manifest.json");
        if !manifest.is_file() {
            continue;
        }
        println!("cargo::rerun-if-changed={}", manifest.display());
        let manifest = json::parse(&fs::read_to_string(&manifest)?)?;
        for case in manifest["entries"].as_array().ok_or_else(|| format!("{name}: no entries"))? {
            entries.push(Entry::new(&name, &path, case).unwrap_or_else(|| Entry::damaged(&name, case)));
        }
    }
    Ok(entries)
}

impl Entry {
    fn new(suite: &str, folder: &Path, case: &Value) -> Option<Self> {
        let tensors = case["tensors"].as_object()?.iter().map(|(name, tensor)| {
            let dims = tensor[1].as_array()?.iter().map(|dim| Some(dim.as_u64()? as usize)).collect::<Option<_>>()?;
            Some((name.clone(), (tensor[0].as_str()?.to_owned(), dims)))
        });
        let tensors: BTreeMap<_, (String, Vec<usize>)> = tensors.collect::<Option<_>>()?;
        // Graphs have lists without elements, which become types.
        let empty = suite == "torch" && tensors.values().any(|(_, shape)| shape.contains(&0));
        Some(Self {
            suite: suite.to_owned(),
            case: case["case"].as_str()?.to_owned(),
            op: case["op"].as_str()?.to_owned(),
            attrs: case["attrs"].clone(),
            tensors,
            nodes: case["nodes"].clone(),
            file: folder.join(case["file"].as_str()?),
            damage: empty.then(|| "a tensor without elements has no type".to_owned()),
        })
    }

    /// An entry that cannot be read.
    fn damaged(suite: &str, case: &Value) -> Self {
        let text = |name: &str| case[name].as_str().unwrap_or("?").to_owned();
        Self {
            suite: suite.to_owned(),
            case: text("case"),
            op: text("op"),
            attrs: Value::Null,
            tensors: BTreeMap::new(),
            nodes: Value::Null,
            file: PathBuf::new(),
            damage: Some("its entry in the manifest is damaged".to_owned()),
        }
    }

    /// Whether it has this tensor.
    pub(crate) fn has(&self, tensor: &str) -> bool {
        self.tensors.contains_key(tensor)
    }

    /// The shape of a tensor.
    pub(crate) fn shape(&self, tensor: &str) -> Result<&[usize], String> {
        self.tensors.get(tensor).map(|(_, shape)| &shape[..]).ok_or_else(|| format!("the case has no tensor {tensor}"))
    }

    /// An integer attribute.
    pub(crate) fn integer(&self, attribute: &str) -> Option<i64> {
        self.attrs[attribute].as_i64()
    }

    /// An attribute that is a number or a list of numbers.
    pub(crate) fn integers(&self, attribute: &str) -> Option<Vec<i64>> {
        let value = &self.attrs[attribute];
        value.as_i64().map(|one| vec![one]).or_else(|| value.as_array()?.iter().map(Value::as_i64).collect())
    }

    /// A number.
    pub(crate) fn number(&self, attribute: &str) -> Option<f64> {
        json::number(&self.attrs[attribute])
    }

    /// A truth value, also as 0 and 1.
    pub(crate) fn flag(&self, attribute: &str) -> bool {
        self.attrs[attribute].as_bool().unwrap_or_else(|| self.integer(attribute).is_some_and(|flag| flag != 0))
    }

    /// A text.
    pub(crate) fn text(&self, attribute: &str) -> Option<&str> {
        self.attrs[attribute].as_str()
    }

    /// ONNX: the name of input `i` of the first node, `in.X`; none if it is left out.
    pub(crate) fn input(&self, i: usize) -> Option<String> {
        let name = self.nodes[0]["inputs"][i].as_str()?;
        (!name.is_empty()).then(|| format!("in.{name}"))
    }

    /// ONNX: the name of output `i` of the last node, `out.Y`; none if it is left out.
    pub(crate) fn output(&self, i: usize) -> Option<String> {
        let name = self.nodes.as_array()?.last()?["outputs"][i].as_str()?;
        (!name.is_empty()).then(|| format!("out.{name}"))
    }

    /// The values of a tensor of whole numbers: shapes, axes and the like, which become types.
    pub(crate) fn values(&self, tensor: &str) -> Option<Vec<i64>> {
        let bytes = fs::read(&self.file).ok()?;
        let tensors = SafeTensors::deserialize(&bytes).ok()?;
        let tensor = tensors.tensor(tensor).ok()?;
        let data = tensor.data();
        match tensor.dtype() {
            Dtype::I64 => Some(data.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()),
            Dtype::I32 => Some(data.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes).into()).collect()),
            Dtype::F32 => Some(data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes) as i64).collect()),
            Dtype::BOOL | Dtype::U8 => Some(data.iter().map(|&byte| byte.into()).collect()),
            _ => None,
        }
    }

    /// The value of a tensor of one float.
    pub(crate) fn scalar(&self, tensor: &str) -> Option<f32> {
        let bytes = fs::read(&self.file).ok()?;
        let tensors = SafeTensors::deserialize(&bytes).ok()?;
        Some(f32::from_le_bytes(tensors.tensor(tensor).ok()?.data().try_into().ok()?))
    }
}
