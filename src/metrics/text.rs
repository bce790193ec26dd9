//! The text that Prometheus reads, in its classic form and as `OpenMetrics`.
//!
//! The library writes `OpenMetrics`. Who does not ask for it, a browser or `promtool check
//! metrics`, gets the classic form, in which a counter is declared under its whole name.

use std::fmt::{self, Write as _};

use prometheus_client::{
    encoding::text::{encode_eof, encode_registry},
    registry::Registry,
};

use super::Metrics;

/// Which form somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exposition {
    /// `text/plain; version=0.0.4`.
    Classic,
    /// `application/openmetrics-text; version=1.0.0`.
    OpenMetrics,
}

impl Exposition {
    /// The form that an `Accept` header asks for.
    pub(crate) fn accepted(accept: Option<&str>) -> Self {
        let open = accept.is_some_and(|accept| accept.contains("application/openmetrics-text"));
        if open {
            Self::OpenMetrics
        } else {
            Self::Classic
        }
    }

    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Classic => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

impl Metrics {
    /// What this process has counted and measured, followed by `more`.
    pub(crate) fn text(&self, more: &Registry, form: Exposition) -> Result<String, fmt::Error> {
        let mut text = String::with_capacity(64 * 1024);
        encode_registry(&mut text, &self.registry)?;
        encode_registry(&mut text, more)?;

        match form {
            Exposition::OpenMetrics => {
                encode_eof(&mut text)?;
                Ok(text)
            }
            Exposition::Classic => classic(&text),
        }
    }
}

/// `OpenMetrics` in the classic form: counters and infos are declared under their whole names, and
/// there are no lines about units.
fn classic(open: &str) -> Result<String, fmt::Error> {
    let mut text = String::with_capacity(open.len());
    let mut help = None;

    for line in open.lines() {
        if let Some(words) = line.strip_prefix("# HELP ") {
            // It comes before the type, which alone says how the name ends.
            help = words.split_once(' ');
        } else if let Some(words) = line.strip_prefix("# TYPE ") {
            let (name, kind) = words.split_once(' ').unwrap_or((words, "untyped"));
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                other => ("", other),
            };

            if let Some((_, words)) = help.take().filter(|(helped, _)| *helped == name) {
                writeln!(text, "# HELP {name}{suffix} {words}")?;
            }
            writeln!(text, "# TYPE {name}{suffix} {kind}")?;
        } else if !line.starts_with("# UNIT ") && line != "# EOF" {
            writeln!(text, "{line}")?;
        }
    }

    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::label::Stream;

    #[test]
    fn the_classic_form_declares_counters_by_their_whole_name() {
        let metrics = Metrics::new();
        metrics.claimed(Stream::Poll, 3);
        let text = metrics
            .text(&Registry::default(), Exposition::Classic)
            .unwrap();
        for line in [
            "# TYPE orderwatch_claims_total counter",
            "orderwatch_claims_total{stream=\"poll\"} 3",
            "orderwatch_claims_total{stream=\"dispatch\"} 0",
            "# TYPE orderwatch_dispatch_latency_seconds histogram",
            "orderwatch_dispatch_latency_seconds_bucket{le=\"+Inf\"} 0",
        ] {
            assert!(text.lines().any(|have| have == line), "{line}\n{text}");
        }
        assert!(!text.contains("# UNIT") && !text.contains("# EOF"));
        let open = metrics
            .text(&Registry::default(), Exposition::OpenMetrics)
            .unwrap();
        assert!(open.ends_with("# EOF\n"));
    }

    #[test]
    fn the_form_is_the_one_that_is_asked_for() {
        let asked = Exposition::accepted;
        assert_eq!(asked(None), Exposition::Classic);
        assert_eq!(asked(Some("text/html,*/*;q=0.8")), Exposition::Classic);
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.4";
        assert_eq!(asked(Some(prometheus)), Exposition::OpenMetrics);
    }
}
