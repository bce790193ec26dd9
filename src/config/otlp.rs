//! `[otlp]`

use reqwest::{Url, header::HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::{notify::is_private, read::Section};
use crate::telemetry::{Collector, Header};

const EXAMPLE: &str = "http://127.0.0.1:4318";
/// Where a collector takes traces.
const PATH: &str = "/v1/traces";

/// Where traces go.
#[derive(Clone, Debug)]
pub struct Otlp {
    /// The whole address; it holds no secret. `None` when nothing is exported.
    pub endpoint: Option<Url>,
    /// What the collector wants to see.
    pub header: Option<Header>,
    /// The share that is traced, 0 to 1.
    pub sample_ratio: f64,
}

impl Otlp {
    /// Who takes the traces; `None` when nothing is exported.
    #[must_use]
    pub fn collector(&self) -> Option<Collector> {
        self.endpoint.clone().map(|endpoint| Collector {
            endpoint,
            header: self.header.clone(),
            sample_ratio: self.sample_ratio,
        })
    }

    /// The header's value, and the token that it ends with, for the log to mask.
    pub fn secrets(&self) -> Vec<SecretString> {
        let value = self
            .header
            .iter()
            .map(|header| header.value.expose_secret());
        let with_token = |value: &str| {
            let token = value.rsplit(' ').next().unwrap_or_default();
            [SecretString::from(value), token.into()]
        };
        value.flat_map(with_token).collect()
    }

    /// `None` only together with a fault.
    pub(super) fn read(mut section: Section<'_, '_>) -> Option<Self> {
        let endpoint = section.parsed("endpoint", endpoint);
        if cfg!(not(feature = "otlp")) && section.is_set("endpoint") {
            section.fault(
                "endpoint",
                "is set, but this build exports no traces; leave it empty, or build with `--features otlp`",
            );
        }
        let header = section.secret("header").and_then(|(text, name)| {
            let header = header(text.expose_secret());
            if header.is_none() {
                section.fault(
                    &name,
                    "must be a header such as \"Authorization: Bearer ...\"",
                );
            }
            header
        });
        let sample_ratio = section.float("sample_ratio", 0.0..=1.0);
        Some(Self {
            endpoint: endpoint?,
            header,
            sample_ratio,
        })
    }
}

/// No fault repeats the address: somebody may have put a secret into it.
fn endpoint(text: &str) -> Result<Option<Url>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || format!("must be an address such as {EXAMPLE}");
    let mut url = Url::parse(text).map_err(|_| wrong())?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err("must hold no user, password or query; use otlp.header_file".to_owned());
    }
    match (url.scheme(), url.host_str()) {
        ("https", Some(_)) => {}
        ("http", Some(host)) if is_private(host) => {}
        ("http", Some(_)) => {
            let message = "must begin with https://; http is for this machine and private networks";
            return Err(message.to_owned());
        }
        _ => return Err(wrong()),
    }
    if url.path() == "/" {
        url.set_path(PATH);
    }
    Ok(Some(url))
}

fn header(text: &str) -> Option<Header> {
    let (name, value) = text.split_once(':')?;
    let value = value.trim();
    HeaderValue::from_str(value).ok()?;
    let name = name.trim().parse().ok()?;
    (!value.is_empty()).then(|| Header {
        name,
        value: value.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_path_gets_the_usual_one() {
        let whole = |text| endpoint(text).map(|url| url.map(String::from));
        let cases = [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("https://otel.example/", "https://otel.example/v1/traces"),
            ("https://otel.example/a/b", "https://otel.example/a/b"),
        ];
        for (text, want) in cases {
            assert_eq!(whole(text), Ok(Some(want.to_owned())), "{text}");
        }
        assert_eq!(whole(""), Ok(None));
    }

    #[test]
    fn an_address_holds_no_secret_and_crosses_no_public_network_in_the_open() {
        for text in [
            "collector",
            "ftp://collector",
            "http://otel.example:4318",
            "https://user@otel.example",
            "https://user:geheim@otel.example",
            "https://otel.example/?key=geheim",
        ] {
            let fault = endpoint(text).unwrap_err();
            assert!(!fault.contains("geheim"), "{fault}");
        }
    }

    #[cfg(not(feature = "otlp"))]
    #[test]
    fn a_build_without_traces_says_so() {
        use crate::config::{Config, Sources};
        let environment = [
            ("DATABASE_URL", "postgres://shop:one@localhost/shop"),
            ("ORDERWATCH__OTLP__ENDPOINT", "http://127.0.0.1:4318"),
        ];
        let faults = Config::load(&Sources::new(None, environment, Vec::new())).unwrap_err();
        let text = faults.to_string();
        assert!(
            text.contains("otlp.endpoint is set, but this build"),
            "{text}"
        );
    }

    #[test]
    fn a_header_is_a_name_and_a_value() {
        let good = header("Authorization: Bearer abc:d").unwrap();
        assert_eq!(good.name, "authorization");
        assert_eq!(good.value.expose_secret(), "Bearer abc:d");
        for text in [
            "",
            "Bearer",
            "name:",
            ": value",
            "na me: value",
            "a: b\nc: d",
        ] {
            assert!(header(text).is_none(), "{text:?}");
        }
    }
}
