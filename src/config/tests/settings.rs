//! docs/settings.md: each key of the shipped file with its default, its variable and its meaning.
//!
//! The page is written from the comments of `config/orderwatch.toml` and from the defaults as the program reads them. No
//! key and no comment of that file may be missing in it.

mod explained;
mod markdown;

use std::{collections::BTreeSet, fmt::Write, fs};

use super::{super::quote, *};
use explained::{Explained, Group, Section};
use markdown::{anchor, cell, marked};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.md");

/// From here on the page is generated.
const START: &str = "Sections: ";

/// A longer explanation stands below the table, where there is room for it.
const LONGEST_CELL: usize = 260;

struct Page {
    known: Known,
    text: String,
}

impl Page {
    fn generated() -> String {
        let Ok(known) = Known::shipped() else {
            panic!("the shipped file is TOML")
        };
        let sections = explained::sections(defaults::SHIPPED);
        let mut page = Self {
            known,
            text: contents(&sections),
        };
        for section in &sections {
            page.section(section);
        }
        page.text
    }

    fn section(&mut self, section: &Section) {
        writeln!(self.text, "\n## `{}`", section.header()).unwrap();
        self.explanation(&section.about);

        self.text += "\n| key | default | meaning |\n|---|---|---|\n";
        for group in &section.groups {
            self.rows(section, group);
        }

        for group in section.groups.iter().filter(|group| is_long(&group.about)) {
            writeln!(self.text, "\n### `{}`", section.key(&group.keys[0])).unwrap();
            self.explanation(&group.about);
        }
    }

    fn explanation(&mut self, about: &Explained) {
        if !about.text.is_empty() {
            writeln!(self.text, "\n{}", marked(&about.text, &self.known)).unwrap();
        }
        if !about.items.is_empty() {
            self.text += "\n";
        }
        for (name, meaning) in &about.items {
            writeln!(self.text, "* `{name}`: {}", marked(meaning, &self.known)).unwrap();
        }
    }

    fn rows(&mut self, section: &Section, group: &Group) {
        let first = &group.keys[0];
        for name in &group.keys {
            let meaning = if name == first {
                self.meaning(&section.key(first), &group.about)
            } else if group.about.text.is_empty() {
                String::new()
            } else {
                format!("See `{first}`.")
            };
            let default = quote::written(&self.default(section, name).kind);
            writeln!(
                self.text,
                "| {} | `{}` | {} |",
                names(section, name),
                cell(&default),
                cell(&meaning)
            )
            .unwrap();
        }
    }

    fn meaning(&self, key: &str, about: &Explained) -> String {
        if !is_long(about) {
            return marked(&about.text, &self.known);
        }
        let sentence = match about.text.split_once(". ") {
            Some((sentence, _)) => format!("{sentence}."),
            None => about.text.clone(),
        };
        let sentence = marked(&sentence, &self.known);
        format!("{sentence} [More](#{})", anchor(key))
    }

    fn default(&self, section: &Section, name: &str) -> &Value {
        let entry = if section.is_list { "[1]" } else { "" };
        let key = format!("{}{entry}.{name}", section.name);
        let value = self.known.find(&key);
        value.unwrap_or_else(|| panic!("{key} is a key of the program"))
    }
}

fn is_long(about: &Explained) -> bool {
    about.text.chars().count() > LONGEST_CELL || !about.items.is_empty()
}

fn contents(sections: &[Section]) -> String {
    let links = sections.iter().map(|section| {
        let header = section.header();
        format!("[`{header}`](#{})", anchor(&header))
    });
    format!("{START}{}\n", links.collect::<Vec<_>>().join(",\n"))
}

/// The key, and below it its variable: the entries of a list have none.
fn names(section: &Section, name: &str) -> String {
    if section.is_list {
        return format!("`{name}`");
    }
    let variable = section.key(name).to_uppercase().replace('.', "__");
    format!("`{name}`<br>`ORDERWATCH__{variable}`")
}

/// Written anew by `ORDERWATCH_WRITE_DOCS=1 cargo test --lib page_of_settings`.
#[test]
fn the_page_of_settings_is_what_the_program_says() {
    let page = fs::read_to_string(PATH).unwrap();
    let (head, _) = page.split_once(START).unwrap();
    let wanted = format!("{head}{}", Page::generated());

    if std::env::var_os("ORDERWATCH_WRITE_DOCS").is_some() {
        fs::write(PATH, &wanted).unwrap();
        return;
    }
    assert!(
        page == wanted,
        "docs/settings.md is out of date: ORDERWATCH_WRITE_DOCS=1 cargo test --lib page_of_settings"
    );
}

#[test]
fn every_key_of_the_program_is_explained_in_its_order() {
    let Ok(known) = Known::shipped() else {
        panic!("the shipped file is TOML")
    };
    let mut wanted = Vec::new();
    for key in known.keys() {
        let entry = known.entry_keys(&key);
        if entry.is_empty() {
            wanted.push(key);
        } else {
            wanted.extend(entry.iter().map(|name| format!("{key}.{name}")));
        }
    }

    let mut explained = Vec::new();
    for section in explained::sections(defaults::SHIPPED) {
        let names = section.groups.iter().flat_map(|group| &group.keys);
        explained.extend(names.map(|name| section.key(name)));
    }
    assert_eq!(explained, wanted);
}

#[test]
fn no_comment_of_the_shipped_file_is_lost() {
    let page = Page::generated().replace(['`', '\\'], "");
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");

    let (_, sections) = defaults::SHIPPED.split_once("\n\n").unwrap();
    let comments = sections.lines().filter_map(|line| line.strip_prefix("# "));
    // In a list of values, blanks are between a value and its meaning.
    for part in comments.flat_map(|comment| comment.split("  ")) {
        let part = part.trim().replace('`', "");
        assert!(page.contains(&part), "missing: {part}");
    }
}

#[test]
fn every_link_leads_to_one_heading() {
    let page = Page::generated();
    let headings: Vec<String> = page
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches(['#', ' '])))
        .collect();
    let distinct: BTreeSet<&String> = headings.iter().collect();
    assert_eq!(distinct.len(), headings.len());

    let links = page.split("](#").skip(1);
    let targets: Vec<&str> = links
        .filter_map(|rest| Some(rest.split_once(')')?.0))
        .collect();
    assert_eq!(targets.len(), headings.len());
    for target in targets {
        assert!(distinct.contains(&target.to_owned()), "no heading {target}");
    }
}
