//! Makes Rust of the sentences in `src/text/*.toml`: one file each, which the module that
//! shows them includes.
//!
//! What must stay true: a sentence that lacks a language, a variant without a sentence, a key that a
//! template or a call misspells and an argument that a call forgets do not compile.
//!
//! The name of a table says what becomes of it:
//!
//! * `[Page.key]`: a struct with a field for each text; a text with blanks becomes a method of them,
//! * `[SENTENCES.KEY]`: a constant for each text, and a list of them all,
//! * `[stage]` with `of = "Stage"`: a function whose `match` has an arm for each entry,
//! * `[batch_state.key]`: a function from a name that comes from outside, `None` for others.
//!
//! An entry has `en`, `tr`, `ar`, or is one string that is the same in each. In a `match`, other keys
//! of an entry (`fix`) hold further texts and become functions of their own, optional where the table
//! lists them in `optional`.

use std::{collections::BTreeSet, env, error::Error, fmt::Write as _, fs, path::Path};

use toml::{Table, Value};

type Fault = Box<dyn Error>;

const DIRECTORY: &str = "src/text";
const ALLOW: &str = "#[allow(unreachable_pub, clippy::too_many_lines, clippy::match_same_arms, \
                     clippy::unneeded_struct_pattern, \
                     reason = \"a table, of which each room shows what it needs\")]";

fn main() -> Result<(), Fault> {
    // Otherwise every change of a source file would run this again.
    println!("cargo:rerun-if-changed={DIRECTORY}");
    let out = env::var("OUT_DIR")?;

    for file in fs::read_dir(DIRECTORY)? {
        let path = file?.path();
        if path.extension().is_none_or(|kind| kind != "toml") {
            continue;
        }
        let name = path.file_stem().ok_or("a file without a name")?;
        let rust = file_of(&path).map_err(|fault| format!("{}: {fault}", path.display()))?;
        fs::write(Path::new(&out).join(name).with_extension("rs"), rust)?;
    }
    Ok(())
}

fn file_of(path: &Path) -> Result<String, Fault> {
    let tables: Table = fs::read_to_string(path)?.parse()?;
    let mut rust = String::new();

    for (name, table) in &tables {
        let table = table
            .as_table()
            .ok_or_else(|| format!("{name} is no table"))?;
        // Constants before groups, whose names begin with a capital letter as well.
        let written = if let Some(of) = table.get("of") {
            let of = of.as_str().ok_or_else(|| format!("{name}.of is no type"))?;
            by_variant(name, of, table)
        } else if name.starts_with(|c: char| c.is_lowercase()) {
            by_name(name, table)
        } else if *name == name.to_uppercase() {
            constants(name, table)
        } else {
            group(name, table)
        };
        rust += &written.map_err(|fault| format!("{name}.{fault}"))?;
    }

    Ok(rust)
}

/// One text in its languages.
struct Text {
    say: [String; 3],
    blanks: Vec<String>,
}

impl Text {
    fn read(key: &str, value: &Value) -> Result<Self, Fault> {
        let say = match value {
            Value::String(all) => [all, all, all].map(Clone::clone),
            Value::Table(table) => {
                let text = |lang: &str| match table.get(lang) {
                    Some(Value::String(text)) => Ok(text.clone()),
                    _ => Err(format!("{key} has no {lang}")),
                };
                [text("en")?, text("tr")?, text("ar")?]
            }
            _ => return Err(format!("{key} is no text").into()),
        };

        let blanks = blanks(&say[0]);
        for text in &say {
            if text.trim().is_empty() || text.trim() != text {
                return Err(format!("{key} is empty, or has blanks around it: {text:?}").into());
            }
            // As sets: another language may need another order.
            if set(&blanks) != set(&self::blanks(text)) {
                return Err(format!("{key} has other blanks in another language: {text:?}").into());
            }
        }

        Ok(Self { say, blanks })
    }

    fn literal(&self) -> String {
        format!("{:?}", self.say)
    }
}

fn set(blanks: &[String]) -> BTreeSet<&String> {
    blanks.iter().collect()
}

/// The blanks in the order in which they come first.
fn blanks(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for rest in text.split('{').skip(1) {
        if let Some((name, _)) = rest.split_once('}')
            && !name.is_empty()
            && !found.iter().any(|known| known == name)
        {
            found.push(name.to_owned());
        }
    }
    found
}

fn texts(table: &Table) -> impl Iterator<Item = Result<(&String, Text), Fault>> {
    let entries = table
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "of" | "optional"));
    entries.map(|(key, value)| Ok((key, Text::read(key, value)?)))
}

fn group(name: &str, table: &Table) -> Result<String, Fault> {
    let (mut fields, mut methods) = (String::new(), String::new());
    let mut each = [String::new(), String::new(), String::new()];
    for text in texts(table) {
        let (key, text) = text?;
        // A text with blanks is reached by its method alone, so that none is shown unfilled.
        let seen = if text.blanks.is_empty() { "pub " } else { "" };
        writeln!(fields, "{seen}{key}: &'static str,")?;
        for (own, said) in each.iter_mut().zip(&text.say) {
            writeln!(own, "{key}: {said:?},")?;
        }

        if !text.blanks.is_empty() {
            let parameters = text.blanks.iter().map(|blank| format!(", {blank}: &str"));
            let parameters: String = parameters.collect();
            writeln!(
                methods,
                "#[must_use] pub fn {key}(&self{parameters}) -> String {{ fill(self.{key}, &[{}]) }}",
                filled(&text.blanks, "")
            )?;
        }
    }

    let [en, tr, ar] = each;
    Ok(format!(
        "#[derive(Debug)] {ALLOW} pub struct {name} {{ {fields} }}
         {ALLOW} impl {name} {{
            const EN: Self = Self {{ {en} }};
            const TR: Self = Self {{ {tr} }};
            const AR: Self = Self {{ {ar} }};
            #[must_use] pub const fn of(lang: Lang) -> &'static Self {{
                match lang {{ Lang::En => &Self::EN, Lang::Tr => &Self::TR, Lang::Ar => &Self::AR }}
            }}
            {methods}
         }}"
    ))
}

fn constants(name: &str, table: &Table) -> Result<String, Fault> {
    let mut rust = String::new();
    let mut all: Vec<(String, &String)> = Vec::new();
    for text in texts(table) {
        let (key, text) = text?;
        let literal = text.literal();
        writeln!(
            rust,
            "pub(crate) const {key}: Sentence = Sentence({literal});"
        )?;
        let [en, ..] = text.say;
        all.push((en, key));
    }

    // Of two that begin alike the longer one comes first, so that a message is found whole.
    all.sort_by(|(a, _), (b, _)| b.cmp(a));
    let all: Vec<&str> = all.iter().map(|(_, key)| key.as_str()).collect();
    let all = all.join(", ");

    Ok(format!(
        "{rust} pub(crate) const {name}: &[Sentence] = &[{all}];"
    ))
}

fn by_name(name: &str, table: &Table) -> Result<String, Fault> {
    let mut arms = String::new();
    for text in texts(table) {
        let (key, text) = text?;
        writeln!(arms, "{key:?} => {},", text.literal())?;
    }
    Ok(format!(
        "#[must_use]
         {ALLOW}
         pub fn {name}(name: &str) -> Option<Say> {{ Some(match name {{ {arms} _ => return None }}) }}"
    ))
}

/// A function for the texts themselves, and one for each further key of the entries.
fn by_variant(name: &str, of: &str, table: &Table) -> Result<String, Fault> {
    let optional = table.get("optional").and_then(Value::as_array);
    let optional: Vec<&str> = optional
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let entries = table
        .iter()
        .filter_map(|(key, value)| Some((key, value.as_table()?)));
    let entries: Vec<(&String, &Table)> = entries.collect();
    let further: BTreeSet<&String> = entries
        .iter()
        .flat_map(|(_, entry)| entry.iter().filter(|(_, value)| value.is_table()))
        .map(|(key, _)| key)
        .collect();

    let (mut arms, mut asked) = (String::new(), Vec::new());
    for text in texts(table) {
        let (key, text) = text?;
        writeln!(arms, "{} => {},", pattern(of, key), text.literal())?;
        asked.extend(text.blanks);
    }
    // All variants share one struct of blanks, so each blank is in it once.
    asked.sort();
    asked.dedup();
    let mut rust = say(name, of, &arms);
    if !asked.is_empty() {
        rust += &sentence(name, of, &asked);
    }

    for column in further {
        let mut arms = String::new();
        let may_lack = optional.contains(&column.as_str());
        for (key, entry) in &entries {
            let Some(value) = entry.get(column) else {
                // Only where the table says so: a text that was forgotten must not compile.
                if may_lack {
                    continue;
                }
                return Err(format!("{key} has no {column}").into());
            };
            let text = Text::read(key, value)?.literal();
            let text = if may_lack {
                format!("Some({text})")
            } else {
                text
            };
            writeln!(arms, "{} => {text},", pattern(of, key))?;
        }

        let function = format!("{name}_{column}");
        rust += &if may_lack {
            say(&function, of, &(arms + "_ => None,")).replace("-> Say", "-> Option<Say>")
        } else {
            say(&function, of, &arms)
        };
    }

    Ok(rust)
}

fn say(name: &str, of: &str, arms: &str) -> String {
    format!(
        "#[must_use]
         {ALLOW}
         pub const fn {name}(value: {of}) -> Say {{ match value {{ {arms} }} }}\n"
    )
}

/// The same with its blanks filled in, which a caller cannot forget.
fn sentence(name: &str, of: &str, blanks: &[String]) -> String {
    let blanks_type = format!("{}Blanks", of.trim_start_matches('&'));
    let fields = blanks
        .iter()
        .map(|blank| format!("pub(crate) {blank}: String, "));
    format!(
        "#[derive(Debug, Default)] pub(crate) struct {blanks_type} {{ {} }}
         #[must_use] pub(crate) fn {name}_said(value: {of}, lang: Lang, blanks: &{blanks_type}) -> String {{
            fill(lang.pick({name}(value)), &[{}])
         }}",
        fields.collect::<String>(),
        filled(blanks, "&blanks.")
    )
}

fn filled(blanks: &[String], before: &str) -> String {
    let pairs = blanks
        .iter()
        .map(|blank| format!("({blank:?}, {before}{blank})"));
    pairs.collect::<Vec<_>>().join(", ")
}

/// A variant's name stands for the variant whatever it holds; anything else is a pattern already.
fn pattern(of: &str, key: &str) -> String {
    let of = of.trim_start_matches('&');
    let patterns = key.split(" | ").map(|one| {
        if one.chars().all(char::is_alphanumeric) {
            format!("{of}::{one} {{ .. }}")
        } else {
            format!("{of}::{one}")
        }
    });
    patterns.collect::<Vec<_>>().join(" | ")
}
