//! Which events are logged: `tracing`'s directives, with two safeguards.
//!
//! A mistyped level would be taken for the name of a part and silence everything else, so it is
//! refused. And the libraries that see addresses and statements stay quiet unless they are named.

use std::fmt;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// Libraries whose debug output holds addresses, headers or statements.
const TALKATIVE: [&str; 4] = ["hyper", "reqwest", "rustls", "sqlx"];

/// Checked directives, such as `info,orderwatch::store=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    directives: String,
}

/// The directives make no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FilterError {
    /// A word that is no level stands alone.
    #[error("must be error, warn, info, debug, trace, off, or name=level separated by commas")]
    NotALevel,
    /// Not in the form that `tracing` understands.
    #[error("must be a level or name=level separated by commas")]
    Malformed,
}

impl Filter {
    pub(crate) fn parse(text: &str) -> Result<Self, FilterError> {
        // Inside of `[span{a,b}]` a comma separates no directives.
        let structured = text.contains(['[', '{']);
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let is_level = |part: &&str| !part.is_empty() && part.parse::<LevelFilter>().is_ok();
        let stray = |part: &&str| !part.contains('=') && !is_level(part);
        if text.trim().is_empty() || (!structured && parts.iter().any(stray)) {
            return Err(FilterError::NotALevel);
        }

        let general = parts.iter().filter(|part| is_level(part));
        let mut general = general.filter_map(|part| part.parse::<LevelFilter>().ok());
        let mut directives = parts.join(",");
        // A stricter general level than ours stands as it is.
        if general.next_back() > Some(LevelFilter::WARN) {
            let named = |name: &str| parts.iter().any(|part| target(part) == name);
            for name in TALKATIVE.into_iter().filter(|name| !named(name)) {
                directives.extend([",", name, "=warn"]);
            }
        }

        match EnvFilter::builder().parse(&directives) {
            Ok(_) => Ok(Self { directives }),
            Err(_) => Err(FilterError::Malformed),
        }
    }

    pub(super) fn to_env_filter(&self) -> EnvFilter {
        // Leaves out what is malformed; nothing is, they were checked.
        EnvFilter::new(&self.directives)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.directives)
    }
}

/// The part of the program that a directive is about.
fn target(directive: &str) -> &str {
    directive.split(['=', '[']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directives(text: &str) -> Result<String, FilterError> {
        Filter::parse(text).map(|filter| filter.to_string())
    }

    #[test]
    fn libraries_that_see_secrets_stay_at_warn_unless_named() {
        let cases = [
            ("info", "info,hyper=warn,reqwest=warn,rustls=warn,sqlx=warn"),
            (
                "debug,sqlx=info",
                "debug,sqlx=info,hyper=warn,reqwest=warn,rustls=warn",
            ),
            (
                "trace, sqlx::query=debug",
                "trace,sqlx::query=debug,hyper=warn,reqwest=warn,rustls=warn,sqlx=warn",
            ),
            ("warn", "warn"),
            ("error,orderwatch=debug", "error,orderwatch=debug"),
            ("off", "off"),
            (
                "orderwatch[pass{job=sweep}]=debug",
                "orderwatch[pass{job=sweep}]=debug",
            ),
        ];
        for (text, want) in cases {
            assert_eq!(directives(text).as_deref(), Ok(want), "{text}");
        }
    }

    #[test]
    fn a_mistyped_level_is_refused_rather_than_taken_for_a_name() {
        for text in ["", "  ", "inf", "info,orderwatch", "info,,"] {
            assert_eq!(directives(text), Err(FilterError::NotALevel), "{text:?}");
        }
        for text in ["orderwatch=loud", "a[b=c"] {
            assert_eq!(directives(text), Err(FilterError::Malformed), "{text:?}");
        }
    }
}
