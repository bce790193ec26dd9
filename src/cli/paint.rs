//! Colours, for terminals only: [`out`](super::out) takes them out of everything else, and where
//! `NO_COLOR` is set.

use std::{fmt, io::IsTerminal as _};

use anstyle::{AnsiColor, Style};

use crate::attention::Severity;

pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();

pub(super) fn in_style(style: Style, text: impl fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

pub(super) const fn of(severity: Severity) -> Style {
    match severity {
        Severity::Critical => RED,
        Severity::Warning => YELLOW,
        Severity::Notice => DIM,
    }
}

/// Columns of a line of words: what every terminal has, and less on one that is narrower.
pub(super) fn width() -> usize {
    const NARROWEST: usize = 30;
    const WIDEST: usize = 78;
    // A file or a pipe gets the same lines whichever terminal it is written from.
    if !std::io::stdout().is_terminal() {
        return WIDEST;
    }
    let columns = crossterm::terminal::size().map_or(WIDEST, |(columns, _)| columns.into());
    columns.clamp(NARROWEST, WIDEST)
}

/// Breaks a text into lines of at most `width` columns, at blanks; a longer word stands alone.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_break_at_blanks() {
        assert_eq!(wrapped("ab cd efghij k", 5), ["ab cd", "efghij", "k"]);
        assert!(wrapped(" ", 5).is_empty());
    }
}
