//! Secrets and their `_file` twins.
//!
//! No message in here repeats a secret, nor a path that may be one.

use std::{
    fs::{self, Metadata},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::read::Section;

/// Where containers get their secrets; the runtime decides about the rights there.
pub(super) const CONTAINER_SECRETS: &str = "/run/secrets";
/// Names the folder where systemd puts a service's credentials.
pub(super) const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";
/// A secret is a line, not a book.
const MAX_BYTES: u64 = 64 * 1024;
const OTHERS_MAY_READ: u32 = 0o004;

impl Section<'_, '_> {
    /// The secret `name`, given as such or as the file `name_file`; `None` when neither is set or
    /// when there is a fault. The second value is the name under which it was given.
    pub(super) fn secret(&mut self, name: &'static str) -> Option<(SecretString, String)> {
        let twin = format!("{name}_file");
        let value = self.text(name);
        let path = self.text(&twin);
        match (value.is_empty(), path.is_empty()) {
            (true, true) => None,
            (false, true) => Some((value.into(), name.to_owned())),
            (true, false) => match self.read_secret(&path) {
                Ok(secret) => Some((secret, twin)),
                Err(message) => {
                    self.fault(&twin, message);
                    None
                }
            },
            (false, false) => {
                let other = self.key(name);
                let origin = self.reader().origin(&other);
                self.fault(
                    &twin,
                    format!("and {other} ({origin}) are both set; remove one of them"),
                );
                None
            }
        }
    }

    fn read_secret(&mut self, path: &str) -> Result<SecretString, String> {
        if path.contains("://") {
            return Err("must be the path of a file, not the secret itself".to_owned());
        }
        let path = self.locate(Path::new(path));
        let shown = path.display();
        let failed = |error| format!("names {shown}, which cannot be read: {error}");
        let meta = fs::metadata(&path).map_err(failed)?;
        if !meta.is_file() || meta.len() > MAX_BYTES {
            return Err(format!("names {shown}, which is not a small file"));
        }
        if others_may_read(&meta) && !self.is_trusted(&path) {
            return Err(format!(
                "names {shown}, which everybody on this machine may read; run chmod o-r {shown}"
            ));
        }
        let bytes = fs::read(&path).map_err(failed)?;
        let Ok(text) = String::from_utf8(bytes) else {
            return Err(format!("names {shown}, which is not valid UTF-8"));
        };
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err(format!("names {shown}, which is empty"));
        }
        Ok(secret.into())
    }

    /// A relative path is looked up among systemd's credentials and the container's secrets first,
    /// then beside the configuration file.
    fn locate(&mut self, path: &Path) -> PathBuf {
        if path.is_absolute() {
            return path.to_owned();
        }
        let reader = self.reader();
        let mut trusted = reader.trusted().iter().map(|folder| folder.join(path));
        let beside = reader.file().and_then(Path::parent);
        trusted
            .find(|path| path.exists())
            .unwrap_or_else(|| beside.unwrap_or(Path::new("")).join(path))
    }

    fn is_trusted(&mut self, path: &Path) -> bool {
        // Both sides resolved, so that neither `..` nor a link leads out of the folder.
        let Ok(path) = path.canonicalize() else {
            return false;
        };
        let trusted = self.reader().trusted().iter();
        let mut trusted = trusted.filter_map(|folder| folder.canonicalize().ok());
        trusted.any(|folder| path.starts_with(folder))
    }
}

fn others_may_read(meta: &Metadata) -> bool {
    meta.permissions().mode() & OTHERS_MAY_READ != 0
}
