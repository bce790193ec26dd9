//! What a secret looks like by its surroundings: the net for values that nobody has registered.

use std::{borrow::Cow, sync::LazyLock};

use aho_corasick::AhoCorasick;
use regex::Regex;

use super::MASK;

/// Names of fields that hold secrets. `kod` alone: `barkod` is a barcode.
const NAMES: &str = r"\bkod|sifre|passw(?:or)?d|passphrase|\bpwd|\btoken|api_?key|api_?secret";
/// Colour, which stands between a field's name and its value on a terminal.
const COLOR: &str = r"(?:\x1b\[[0-9;]*m)*";

/// Without one of these in a line, none of the patterns is.
static MARKERS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let markers = [
        "kod",
        "sifre",
        "passw",
        "passphrase",
        "pwd",
        "token",
        "api",
        "://",
    ];
    constant(
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(markers),
    )
});

static NAME: LazyLock<Regex> = LazyLock::new(|| regex(&format!("(?i)(?:{NAMES})$")));

/// `name="value"`, `name: "value"` and `"name":"value"`, also with escaped quotes.
static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
    let name = format!(r#"(?:{NAMES}){COLOR}\\*["']?\s*[=:]\s*{COLOR}\\*"#);
    regex(&format!(
        r#"(?i)({name}["])(?:[^"\\]|\\.)+|({name}['])(?:[^'\\]|\\.)+"#
    ))
});

/// `name=value` as in a URL; `%3D` where a URL stands inside of another one.
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r#"(?i)((?:{NAMES}){COLOR}(?:=|%3D){COLOR})[^\s&"'\\\x1b][^\s&"'\x1b]*"#
    ))
});

/// `://user:password@`.
static USER: LazyLock<Regex> = LazyLock::new(|| regex(r#"(://[^\s:/@"']*:)[^\s"'\x1b]+@"#));

/// Whether a line may hold one of the patterns.
pub(super) fn is_marked(text: &str) -> bool {
    MARKERS.is_match(text)
}

/// Whether a field of this name holds a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    NAME.is_match(name)
}

/// Masks what stands where secrets stand.
#[must_use]
pub(crate) fn patterns(text: &str) -> Cow<'_, str> {
    if !is_marked(text) {
        return Cow::Borrowed(text);
    }

    // Both groups: one of the two is empty, as either kind of quote was found.
    let text = QUOTED.replace_all(text, format!("${{1}}${{2}}{MASK}"));
    let text = BARE
        .replace_all(&text, format!("${{1}}{MASK}"))
        .into_owned();
    let text = USER.replace_all(&text, format!("${{1}}{MASK}@"));
    Cow::Owned(text.into_owned())
}

fn regex(pattern: &str) -> Regex {
    constant(Regex::new(pattern))
}

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants, and every test uses them"
)]
fn constant<T, E: std::fmt::Debug>(built: Result<T, E>) -> T {
    built.expect("a constant pattern")
}
