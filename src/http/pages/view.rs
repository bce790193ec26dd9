//! The few shapes that all pages are made of. Templates only lay them out; what they say is decided
//! before.

use super::format::Moment;

/// A short word with a colour that says no more than the word does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) text: String,
    /// `good`, `warn`, `bad`, `info` or nothing.
    pub(crate) tone: &'static str,
}

/// A link, or a step that begins with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) text: String,
}

/// A value as it is shown. Every text in it is escaped by the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// A text, also one from outside, in the direction of its own letters.
    Text(String),
    /// A text of ours with figures in it, in the direction of the page.
    Said(String),
    /// A few words of ours that stay in one line.
    Brief(String),
    /// A name from outside that is short enough for one line.
    Name(String),
    Num(String),
    /// A text of several lines, from outside.
    Long(String),
    /// An id or a reference: written from left to right.
    Code(String),
    Time(Moment),
    Tag(Tag),
    Tags(Vec<Tag>),
    Link(Link),
    /// A barcode that leads to its product: in one line, however narrow the column.
    Barcode(Link),
    /// Facts within.
    Facts(Vec<Fact>),
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) show: Show,
}

/// A table. The first cell of a row names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) caption: &'static str,
    pub(crate) heads: Vec<&'static str>,
    /// The rows, as wide as the columns.
    pub(crate) rows: Vec<Vec<Show>>,
    /// What is said when there are none.
    pub(crate) empty: &'static str,
}

/// A number that is read from afar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    /// `warn`, `bad` or nothing.
    pub(crate) tone: &'static str,
    /// Where more is said.
    pub(crate) href: Option<&'static str>,
    /// Whether it takes the room of two: an amount of money.
    pub(crate) wide: bool,
}

/// A sentence that is said before everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) text: String,
    /// `good`, `warn`, `bad` or nothing.
    pub(crate) tone: &'static str,
}

impl Figure {
    pub(super) fn new(name: &'static str, value: String) -> Self {
        Self {
            name,
            value,
            tone: "",
            href: None,
            wide: false,
        }
    }

    pub(super) fn tone(mut self, tone: &'static str) -> Self {
        self.tone = tone;
        self
    }

    pub(super) fn href(mut self, href: &'static str) -> Self {
        self.href = Some(href);
        self
    }
}

impl Tag {
    pub(crate) fn new(text: impl Into<String>, tone: &'static str) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }
}

impl Link {
    pub(crate) fn new(href: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            href: href.into(),
            text: text.into(),
        }
    }
}

impl Note {
    pub(crate) fn new(text: impl Into<String>, tone: &'static str) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }
}

/// A name of so many characters stays in one line.
const SHORT: usize = 24;
/// Of a longer one a table shows so much; the page of its own shows the rest.
const SHOWN: usize = 80;

impl Show {
    /// A name from outside in a table, or the mark for none.
    #[must_use]
    pub(crate) fn name_or(name: Option<&str>, none: &str) -> Self {
        let name = name.map_or("", str::trim);
        match name.chars().count() {
            0 => Self::Text(none.to_owned()),
            1..=SHORT => Self::Name(name.to_owned()),
            _ => Self::Text(cut(name)),
        }
    }

    /// A text, or the mark for none.
    pub(crate) fn text_or(text: Option<impl Into<String>>, none: &str) -> Self {
        Self::Text(text.map_or_else(|| none.to_owned(), Into::into))
    }
}

/// Whether a line must be broken within a word of it.
#[must_use]
pub(crate) fn has_long_word(text: &str) -> bool {
    text.split_whitespace()
        .any(|word| word.chars().count() > SHORT)
}

/// The beginning of a name that is too long for a table.
#[must_use]
pub(crate) fn cut(name: &str) -> String {
    match name.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// Facts, one after the other; those without a value are left out.
#[derive(Debug, Default)]
pub(crate) struct Facts(Vec<Fact>);

impl Facts {
    #[must_use]
    pub(crate) fn with(mut self, name: impl Into<String>, show: Show) -> Self {
        self.0.push(Fact {
            name: name.into(),
            show,
        });
        self
    }

    /// Adds a fact where there is a value.
    #[must_use]
    pub(crate) fn maybe<T>(
        self,
        name: impl Into<String>,
        value: Option<T>,
        show: impl FnOnce(T) -> Show,
    ) -> Self {
        match value {
            Some(value) => self.with(name, show(value)),
            None => self,
        }
    }

    /// Adds a text that says something.
    #[must_use]
    pub(crate) fn text(self, name: impl Into<String>, text: Option<&str>) -> Self {
        let text = text.filter(|text| !text.trim().is_empty());
        self.maybe(name, text, |text| Show::Text(text.to_owned()))
    }

    #[must_use]
    pub(crate) fn all(self) -> Vec<Fact> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_table_is_as_long_as_a_table_bears() {
        let none = Show::Text("–".to_owned());
        assert_eq!(Show::name_or(None, "–"), none);
        assert_eq!(Show::name_or(Some(" "), "–"), none);
        let short = Show::Name("player-1".to_owned());
        assert_eq!(Show::name_or(Some("player-1"), "–"), short);
        let long = "ü".repeat(SHOWN + 1);
        let Show::Text(text) = Show::name_or(Some(&long), "–") else {
            panic!("a long name is a text");
        };
        assert_eq!(text.chars().count(), SHOWN + 1);
        assert!(text.ends_with('…'));
    }
}
