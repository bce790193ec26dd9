//! `[log]`

use serde::{Deserialize, Deserializer};

use super::fields;
use crate::telemetry::{Filter, Format};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    /// Which events are logged.
    #[serde(deserialize_with = "level")]
    pub(crate) level: Filter,
    pub(crate) format: Format,
}

fn level<'de, D: Deserializer<'de>>(from: D) -> Result<Filter, D::Error> {
    fields::text(from, |text| {
        Filter::parse(text).map_err(|error| error.to_string())
    })
}
