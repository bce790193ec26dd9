//! `orderwatch config check`: what is in force, and where each setting was written.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::{Global, out};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch config check                             every setting, its value and where it was written
  orderwatch config check --json                      the same for scripts
  orderwatch --config new.toml config check           before `systemctl reload orderwatch`

Secrets are shown as ***. The exit code is 2 when something is wrong, and every fault is named.";

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let loaded = global.load()?;
    if options.json {
        let settings: Vec<_> = loaded
            .settings
            .iter()
            .map(|setting| {
                json!({
                    "key": setting.key,
                    "value": value(&setting.value),
                    "from": setting.origin.to_string(),
                })
            })
            .collect();
        out::json(&json!({ "file": loaded.file, "settings": settings }))?;
        return Ok(ExitCode::SUCCESS);
    }

    let wide = |text: fn(&crate::config::Setting) -> &str| {
        let widths = loaded.settings.iter().map(|s| text(s).chars().count());
        widths.max().unwrap_or(0)
    };
    // By characters, as the padding below counts: values hold letters of any script.
    let (keys, values) = (wide(|s| &s.key), wide(|s| &s.value));
    for setting in &loaded.settings {
        out::line(format_args!(
            "{:keys$}  {:values$}  {}",
            setting.key, setting.value, setting.origin
        ))?;
    }

    match &loaded.file {
        Some(file) => out::line(format_args!(
            "\nThe configuration is fine: {}",
            file.display()
        ))?,
        None => {
            out::line("\nThe configuration is fine. No file was found; defaults are in force.")?;
        }
    }

    Ok(ExitCode::SUCCESS)
}

/// A value in TOML's notation as JSON: texts, numbers and lists are written alike in both, a
/// masked secret stays a text.
fn value(toml: &str) -> Value {
    serde_json::from_str(toml).unwrap_or_else(|_| Value::from(toml))
}
