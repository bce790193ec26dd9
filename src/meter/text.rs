//! The text that Prometheus reads, in its classic form and as `OpenMetrics`.
//!
//! The library writes `OpenMetrics`. Who does not ask for it, a browser or `promtool check
//! metrics`, gets the classic form, in which a counter is declared under its whole name.

use std::fmt::{self, Write as _};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, text::encode_eof, text::encode_registry},
    metrics::MetricType,
    registry::Registry,
};

use super::Meter;

/// Which form somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposition {
    /// `text/plain; version=0.0.4`.
    Classic,
    /// `application/openmetrics-text; version=1.0.0`.
    OpenMetrics,
}

impl Exposition {
    /// The form that an `Accept` header asks for.
    #[must_use]
    pub fn accepted(accept: Option<&str>) -> Self {
        let open = accept.is_some_and(|accept| accept.contains("application/openmetrics-text"));
        if open {
            Self::OpenMetrics
        } else {
            Self::Classic
        }
    }

    /// The content type of the answer.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Classic => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Gauges of one moment, by label values that are known at compile time.
#[derive(Clone, Debug, Default)]
pub struct Gauges(pub Vec<(Vec<(&'static str, &'static str)>, f64)>);

impl Gauges {
    /// One figure without labels.
    #[must_use]
    pub fn one(value: f64) -> Self {
        Self(vec![(Vec::new(), value)])
    }
}

impl EncodeMetric for Gauges {
    fn encode(&self, mut encoder: MetricEncoder) -> fmt::Result {
        for (labels, value) in &self.0 {
            if labels.is_empty() {
                encoder.encode_gauge(value)?;
            } else {
                encoder.encode_family(labels)?.encode_gauge(value)?;
            }
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}

impl Meter {
    /// What this process has counted and measured, followed by `more`.
    ///
    /// # Errors
    /// [`fmt::Error`] when a metric cannot be written.
    pub fn text(&self, more: &Registry, form: Exposition) -> Result<String, fmt::Error> {
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
///
/// # Errors
/// [`fmt::Error`] when it cannot be written.
pub fn classic(open: &str) -> Result<String, fmt::Error> {
    let mut text = String::with_capacity(open.len());
    let mut help = None;
    for line in open.lines() {
        if let Some(words) = line.strip_prefix("# HELP ") {
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
    use crate::meter::label::Stream;

    #[test]
    fn the_classic_form_declares_counters_by_their_whole_name() {
        let meter = Meter::new();
        meter.claimed.add(Stream::Poll, 3);
        let text = meter
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
        let open = meter
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
