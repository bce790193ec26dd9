//! Who takes the traces; the way there is in `traces`, which not every build has.

use reqwest::{Url, header::HeaderName};
use secrecy::SecretString;

/// An OpenTelemetry collector.
#[derive(Clone, Debug)]
pub struct Collector {
    /// The whole address; it holds no secret.
    pub endpoint: Url,
    /// What the collector wants to see.
    pub header: Option<Header>,
    /// The share that is traced, 0 to 1.
    pub sample_ratio: f64,
}

/// A header of each request.
#[derive(Clone, Debug)]
pub struct Header {
    /// Its name.
    pub name: HeaderName,
    /// Its value, which is fit for a header.
    pub value: SecretString,
}
