//! The layers laid over each other: defaults, file, environment, and `DATABASE_URL` where nothing else
//! names the database.

use std::path::PathBuf;

use config::{Map, Value, ValueKind};

use super::{
    defaults::Known,
    fault::{Fault, Origin},
    layer::{self, Layer, Mark},
    sources::{self, Sources},
};

/// The variable that other tools use, too; ours win over it.
const DATABASE_URL: &str = "DATABASE_URL";
/// What it stands for.
const URL_KEY: &str = "database.url";
const URL_FILE_KEY: &str = "database.url_file";

/// All layers in one tree, and what was wrong with their keys.
pub(super) struct Merged {
    pub(super) root: Value,
    pub(super) file: Option<PathBuf>,
    pub(super) faults: Vec<Fault>,
}

impl Merged {
    /// Fails when the file cannot be read: what it would have said is anybody's guess.
    pub(super) fn read(sources: &Sources, known: &Known) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        // Before the file: its faults are named even where the file cannot be read.
        let environment = sources.environment(known, &mut faults);

        let (file, layer) = match sources.read_file() {
            Ok(Some((path, text))) => {
                let layer = sources::file(known, &path, &text, &mut faults);
                (Some(path), layer)
            }
            Ok(None) => (None, Some(Layer::default())),
            Err(fault) => {
                faults.push(fault);
                (None, None)
            }
        };
        let Some(layer) = layer else {
            return Err(faults);
        };

        // Each layer wins over those before it.
        let mut layers = vec![known.layer(), layer, environment];
        let mut root = merge(&layers)?;

        // Only what the others make together shows whether one of them names the database.
        if let Some(url) = database_url(&root, sources, &mut faults) {
            layers.push(url);
            root = merge(&layers)?;
        }

        Ok(Self { root, file, faults })
    }
}

fn merge(layers: &[Layer]) -> Result<Value, Vec<Fault>> {
    let mut builder = config::Config::builder();
    for layer in layers {
        builder = builder.add_source(layer.clone());
    }
    let merged = builder.build().map_err(|error| {
        vec![Fault {
            origin: Origin::Default,
            key: String::new(),
            message: format!("the layers cannot be merged: {error}"),
        }]
    })?;
    Ok(merged.cache)
}

/// `DATABASE_URL` as a layer, if nobody else names the database.
fn database_url(root: &Value, sources: &Sources, faults: &mut Vec<Fault>) -> Option<Layer> {
    let is_unset = |key| match layer::find(root, key).map(|value| &value.kind) {
        Some(ValueKind::String(text)) => text.is_empty(),
        _ => false,
    };
    // Other tools use the variable too, so it must not win over a setting that was made for us.
    if !is_unset(URL_KEY) || !is_unset(URL_FILE_KEY) {
        return None;
    }

    let value = sources.variable(DATABASE_URL)?;
    let Some(url) = value.to_str() else {
        faults.push(Fault {
            origin: Origin::Variable(DATABASE_URL.to_owned()),
            key: URL_KEY.to_owned(),
            message: "is not valid UTF-8".to_owned(),
        });
        return None;
    };

    let mark = Mark::Variable(DATABASE_URL).write();
    let value = Value::new(Some(&mark), url);
    Some(Layer(Map::from_iter([(URL_KEY.to_owned(), value)])))
}
