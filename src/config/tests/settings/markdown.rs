//! Comments as Markdown: what is written in files is set as code, or `_` and `*` would be read as emphasis and addresses
//! as links.

use super::Known;

/// Running text, with names, values and addresses as code.
pub(super) fn marked(text: &str, known: &Known) -> String {
    let mut marked = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '`' | '"' => quoted(rest, first),
            '[' => bracketed(rest),
            _ => word(rest).max(first.len_utf8()),
        };
        let (part, after) = rest.split_at(length);
        rest = after;

        if matches!(first, '"' | '[') || is_code(part, known) {
            marked.extend(["`", part, "`"]);
        } else {
            marked += part;
        }
    }
    marked
}

/// A cell of a table, also inside code.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The anchor that GitHub gives to a heading.
pub(super) fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-');
    heading.to_lowercase().chars().filter(kept).collect()
}

fn quoted(text: &str, quote: char) -> usize {
    let end = text[1..].find(quote);
    end.unwrap_or_else(|| panic!("{quote} is closed: {text}")) + 2
}

fn bracketed(text: &str) -> usize {
    let end = text.find(']');
    let end = end.unwrap_or_else(|| panic!("[ is closed: {text}"));
    end + text[end..].chars().take_while(|c| *c == ']').count()
}

/// Without the stop after it.
fn word(text: &str) -> usize {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '`' | '[' | '(' | ')');
    let word = &text[..text.find(ends).unwrap_or(text.len())];
    word.trim_end_matches(['.', ',', ':', ';']).len()
}

fn is_code(part: &str, known: &Known) -> bool {
    let is_key = part.contains('.') && known.find(part).is_some();
    let is_quoted = part.starts_with('`');
    !is_quoted && (is_key || part.contains(['_', '*', '=', '<', '{']) || part.contains("://"))
}

#[test]
fn what_is_written_in_files_is_code() {
    let Ok(known) = Known::shipped() else {
        panic!("the shipped file is TOML")
    };
    let cases = [
        (
            "Rows (orders_*, return_*).",
            "Rows (`orders_*`, `return_*`).",
        ),
        (
            "\"\" finds out; \"a b\" too.",
            "`\"\"` finds out; `\"a b\"` too.",
        ),
        (
            "Run `orderwatch stock resume`, then",
            "Run `orderwatch stock resume`, then",
        ),
        (
            "[[notify.webhook]] and [\"panel.example\"]",
            "`[[notify.webhook]]` and `[\"panel.example\"]`",
        ),
        (
            "Longer than dispatch.lease.",
            "Longer than `dispatch.lease`.",
        ),
        (
            "Not example.org; https://a.example is.",
            "Not example.org; `https://a.example` is.",
        ),
        ("... ö, 127.0.0.1", "... ö, 127.0.0.1"),
    ];
    for (text, wanted) in cases {
        assert_eq!(marked(text, &known), wanted);
    }
}

#[test]
fn a_heading_has_the_anchor_of_its_letters() {
    assert_eq!(anchor("`[[notify.webhook]]`"), "notifywebhook");
    assert_eq!(anchor("`dispatch.ask_first`"), "dispatchask_first");
}
