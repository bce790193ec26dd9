//! The shipped file as its sections, and the comment of each.
//!
//! A comment explains what follows it without an empty line: the section, or the keys up to the next comment. One that
//! explains nothing is an error, or it would be missing on the page.

/// A comment as running text, and the list of values in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Explained {
    pub(super) text: String,
    pub(super) items: Vec<(String, String)>,
}

/// Keys that share one comment; at least one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) about: Explained,
    pub(super) keys: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) name: String,
    /// `[[name]]`, which may stand more than once.
    pub(super) is_list: bool,
    pub(super) about: Explained,
    pub(super) groups: Vec<Group>,
}

impl Section {
    pub(super) fn header(&self) -> String {
        if self.is_list {
            format!("[[{}]]", self.name)
        } else {
            format!("[{}]", self.name)
        }
    }

    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.name)
    }
}

pub(super) fn sections(shipped: &str) -> Vec<Section> {
    // The first paragraph is about the file.
    let (_, shipped) = shipped.split_once("\n\n").unwrap();
    let mut sections: Vec<Section> = Vec::new();
    let mut comment = Vec::new();

    for line in shipped.lines() {
        if line.trim().is_empty() {
            assert!(comment.is_empty(), "explains nothing: {comment:?}");
        } else if let Some(text) = comment_of(line) {
            comment.push(text);
        } else {
            let about = Explained::from_lines(&std::mem::take(&mut comment));
            setting(line.trim_start_matches('#'), about, &mut sections);
        }
    }

    assert!(comment.is_empty(), "explains nothing: {comment:?}");
    sections
}

/// A `#` and no blank begins a line of a block that is commented out.
fn comment_of(line: &str) -> Option<&str> {
    let text = line.strip_prefix('#')?;
    (text.is_empty() || text.starts_with(' ')).then_some(text)
}

fn setting(line: &str, about: Explained, sections: &mut Vec<Section>) {
    if line.starts_with('[') {
        sections.push(Section {
            name: line.trim_matches(['[', ']', ' ']).to_owned(),
            is_list: line.starts_with("[["),
            about,
            groups: Vec::new(),
        });
        return;
    }

    let (name, _) = line.split_once(" = ").unwrap();
    let groups = &mut sections.last_mut().unwrap().groups;
    match groups.last_mut() {
        Some(group) if about == Explained::default() => group.keys.push(name.to_owned()),
        _ => groups.push(Group {
            about,
            keys: vec![name.to_owned()],
        }),
    }
}

impl Explained {
    /// Indented lines are the list: `value  meaning`, and the rest of a meaning below it.
    fn from_lines(lines: &[&str]) -> Self {
        let mut explained = Self::default();
        for line in lines {
            let indented = line.starts_with("  ");
            match line.trim().split_once("  ") {
                Some((value, meaning)) if indented => {
                    let item = (value.to_owned(), meaning.trim_start().to_owned());
                    explained.items.push(item);
                }
                _ if indented => {
                    let (_, meaning) = explained.items.last_mut().unwrap();
                    append(meaning, line.trim());
                }
                _ => append(&mut explained.text, line.trim()),
            }
        }
        explained
    }
}

fn append(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(line);
}

#[test]
fn a_comment_explains_the_section_or_the_keys_up_to_the_next_one() {
    let found = sections(
        "# About the file.\n\n# About the\n# section.\n[a.b]\n# Both of them.\none = 1\ntwo = 2\n# The third:\n\
         #   x    first\n#        half\n#   y    second\nthree = \"x\"\n",
    );
    let plain = |text: &str| Explained {
        text: text.to_owned(),
        items: Vec::new(),
    };
    let pair = |value: &str, meaning: &str| (value.to_owned(), meaning.to_owned());
    let third = Explained {
        items: vec![pair("x", "first half"), pair("y", "second")],
        ..plain("The third:")
    };

    assert_eq!(found.len(), 1);
    assert_eq!(found[0].header(), "[a.b]");
    assert_eq!(found[0].about, plain("About the section."));
    assert_eq!(
        found[0].groups,
        [
            Group {
                about: plain("Both of them."),
                keys: vec!["one".to_owned(), "two".to_owned()],
            },
            Group {
                about: third,
                keys: vec!["three".to_owned()],
            },
        ]
    );
}

#[test]
fn a_block_that_is_commented_out_is_a_section() {
    let found = sections("# File.\n\n# One for each.\n#[[a.b]]\n# Its name.\n#name = \"\"\n");
    assert_eq!(found[0].header(), "[[a.b]]");
    assert_eq!(found[0].about.text, "One for each.");
    assert_eq!(found[0].groups[0].about.text, "Its name.");
    assert_eq!(found[0].key(&found[0].groups[0].keys[0]), "a.b.name");
}

#[test]
#[should_panic(expected = "explains nothing")]
fn a_comment_that_explains_nothing_is_noticed() {
    sections("# File.\n\n[a]\n# Lost.\n\none = 1\n");
}
