//! Values as they are written in the file.

use config::ValueKind;

use crate::telemetry::redact::{self, MASK};

/// Characters of a wrong value that are repeated in a message.
const SHOWN_CHARS: usize = 60;

/// A wrong value, cut to a readable length. Anything that looks like a password is masked: a secret
/// may have been put under the wrong key.
pub(super) fn shown(kind: &ValueKind) -> String {
    let whole = presentable(kind);
    if whole.chars().count() <= SHOWN_CHARS {
        return whole;
    }
    let start: String = whole.chars().take(SHOWN_CHARS).collect();
    format!("{start}…")
}

/// A value in the notation of the file, without what may be secret in an address: its user
/// information and its query.
pub(super) fn presentable(kind: &ValueKind) -> String {
    let text = written(kind);
    let text = redact::patterns(&text);

    let Some((scheme, rest)) = text.split_once("://") else {
        return text.into_owned();
    };
    let quote = if rest.ends_with('"') { "\"" } else { "" };
    let rest = match rest.split_once('?') {
        Some((path, _)) => format!("{path}?{MASK}{quote}"),
        None => rest.to_owned(),
    };
    let end = rest.find('/').unwrap_or(rest.len());
    // A user with a password is masked above, with all other addresses; here it is the user alone.
    let rest = match rest[..end].rsplit_once('@') {
        Some((user, _)) if !user.contains(':') => format!("{MASK}{}", &rest[user.len()..]),
        _ => rest,
    };

    format!("{scheme}://{rest}")
}

/// A value in the notation of the file.
pub(super) fn written(kind: &ValueKind) -> String {
    match kind {
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Float(number) => format!("{number:?}"),
        ValueKind::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| written(&item.kind)).collect();
            format!("[{}]", items.join(", "))
        }
        ValueKind::Table(_) => "a section".to_owned(),
        other => other.to_string(),
    }
}
