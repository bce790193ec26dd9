//! Secrets and their `_file` twins.
//!
//! No message in here repeats a secret, nor a path that may be one. Every secret is read here, wherever it was
//! written, so what no secret may hold is refused here once for all of them.

use std::{
    fs::{self, Metadata},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;

use super::{defaults::Known, faults::Faults, fields::no_key_has, read::at, sources::Sources};
use crate::text::invisible::invisible;

/// Where containers get their secrets; the runtime decides about the rights there.
const CONTAINER_SECRETS: &str = "/run/secrets";
/// Names the folder where systemd puts a service's credentials.
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";
/// A secret is a line, not a book.
const MAX_BYTES: u64 = 64 * 1024;
const OTHERS_MAY_READ: u32 = 0o004;

/// Where secret files are.
pub(super) struct Folders {
    /// Their files may be readable by others, because the system keeps others out of them.
    trusted: Vec<PathBuf>,
    /// Beside the configuration file.
    beside: PathBuf,
}

impl Folders {
    pub(super) fn new(sources: &Sources, file: Option<&Path>) -> Self {
        let credentials = sources.variable(CREDENTIALS_VARIABLE).map(PathBuf::from);
        Self {
            trusted: credentials
                .into_iter()
                .chain([PathBuf::from(CONTAINER_SECRETS)])
                .collect(),
            beside: file
                .and_then(Path::parent)
                .unwrap_or(Path::new(""))
                .to_owned(),
        }
    }

    /// Puts the secrets of these keys in the place of the files that hold them; the sections know
    /// nothing of the twins.
    pub(super) fn resolve(
        &self,
        keys: &[String],
        settings: &mut Json,
        known: &Known,
        faults: &mut Faults<'_>,
    ) {
        for key in keys.iter().filter(|key| known.is_secret(key)) {
            self.take_file(key, settings, faults);
            refuse_invisible(key, settings, faults);
        }
    }

    fn take_file(&self, key: &str, settings: &mut Json, faults: &mut Faults<'_>) {
        let twin = format!("{key}_file");
        let path = at(settings, &twin).map(Json::take).unwrap_or_default();
        // The sections know no such key and would refuse it.
        remove(settings, &twin);
        let Some(path) = path.as_str() else {
            faults.wrong(&twin, "must be text in quotes");
            return;
        };
        if path.is_empty() {
            return;
        }

        // Both set would leave open which of them is in force.
        let given = at(settings, key).is_some_and(|value| value.as_str() != Some(""));
        let read = if given {
            let origin = faults.origin(key);
            Err(format!(
                "and {key} ({origin}) are both set; remove one of them"
            ))
        } else {
            self.read(path)
        };

        match read {
            Ok(secret) => {
                faults.read_from_file(key);
                if let Some(value) = at(settings, key) {
                    *value = Json::String(secret);
                }
            }
            Err(message) => {
                faults.add(&twin, message);
                // It is empty only because its file was not read, which is no further fault.
                faults.taint(key);
            }
        }
    }

    fn read(&self, path: &str) -> Result<String, String> {
        // An address under the wrong key; the message must not repeat it.
        if path.contains("://") {
            return Err("must be the path of a file, not the secret itself".to_owned());
        }

        let path = self.locate(Path::new(path));
        let shown = path.display();
        let failed = |error| format!("names {shown}, which cannot be read: {error}");
        // Checked before anything is read: the path may name a device, or a file without an end.
        let meta = fs::metadata(&path).map_err(failed)?;
        if !meta.is_file() || meta.len() > MAX_BYTES {
            return Err(format!("names {shown}, which is not a small file"));
        }
        // In the other two places the system keeps others out by the folder, whatever the rights of the file.
        if others_may_read(&meta) && !self.is_trusted(&path) {
            return Err(format!(
                "names {shown}, which everybody on this machine may read; run chmod o-r {shown}"
            ));
        }

        let bytes = fs::read(&path).map_err(failed)?;
        let Ok(text) = String::from_utf8(bytes) else {
            return Err(format!("names {shown}, which is not valid UTF-8"));
        };
        // Editors and `echo` end a file with a line break, which no secret means.
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err(format!("names {shown}, which is empty"));
        }
        Ok(secret.to_owned())
    }

    /// A relative path is looked up among systemd's credentials and the container's secrets first,
    /// then beside the configuration file.
    fn locate(&self, path: &Path) -> PathBuf {
        if path.is_absolute() {
            return path.to_owned();
        }

        let mut trusted = self.trusted.iter().map(|folder| folder.join(path));
        trusted
            .find(|path| path.exists())
            .unwrap_or_else(|| self.beside.join(path))
    }

    fn is_trusted(&self, path: &Path) -> bool {
        // Both sides resolved, so that neither `..` nor a link leads out of the folder.
        let Ok(path) = path.canonicalize() else {
            return false;
        };
        let mut trusted = self
            .trusted
            .iter()
            .filter_map(|folder| folder.canonicalize().ok());
        trusted.any(|folder| path.starts_with(folder))
    }
}

/// A copied secret brings along what cannot be seen, and would only be refused by the other side, for ever.
fn refuse_invisible(key: &str, settings: &mut Json, faults: &mut Faults<'_>) {
    let secret = at(settings, key).and_then(|value| value.as_str());
    if let Some(c) = secret.and_then(invisible) {
        faults.add(key, no_key_has(c));
    }
}

fn remove(settings: &mut Json, key: &str) {
    if let Some((section, name)) = key.rsplit_once('.')
        && let Some(Json::Object(section)) = at(settings, section)
    {
        section.remove(name);
    }
}

fn others_may_read(meta: &Metadata) -> bool {
    meta.permissions().mode() & OTHERS_MAY_READ != 0
}
