//! `[znet]`

use std::{num::NonZeroU32, time::Duration};

use serde::{Deserialize, Deserializer};

use super::{MAX_IN_FLIGHT, faults::Faults, fields};
use crate::{
    breaker::BreakerLimits,
    order::{IntegrationId, PlayerFields, PlayerRule, PlayerRules},
    outbound::{HttpSettings, PlainHttp},
};

/// Slower is a mistake: use the time-outs and brakes instead.
const LOWEST_RATE: f64 = 0.001;
const HIGHEST_RATE: u32 = 10_000;
const MAX_FAILURES: u32 = 1000;

/// How panels are called, of whichever kind. Rates and limits are per integration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Znet {
    /// To open a connection.
    #[serde(deserialize_with = "fields::duration")]
    pub(crate) connect_timeout: Duration,
    /// From the request to the end of the answer.
    #[serde(deserialize_with = "fields::duration")]
    pub(crate) request_timeout: Duration,
    /// Requests per second, above zero; `None` for no limit.
    #[serde(deserialize_with = "rate")]
    pub(crate) requests_per_second: Option<f64>,
    /// Hosts of panels that may be called over plain HTTP.
    #[serde(deserialize_with = "fields::plain_http")]
    pub(crate) allow_plain_http: PlainHttp,
    /// Calls under way at once; `None` for no limit.
    #[serde(deserialize_with = "in_flight")]
    pub(crate) max_in_flight: Option<NonZeroU32>,
    /// How long a price list is used.
    #[serde(deserialize_with = "fields::duration")]
    pub(crate) catalog_ttl: Duration,
    #[serde(deserialize_with = "fields::whole::<0, MAX_FAILURES, _>")]
    breaker_failures: u32,
    #[serde(deserialize_with = "fields::duration")]
    breaker_cooldown: Duration,
    player_fields: PlayerFields,
    player_fields_for: Vec<PlayerFieldsFor>,
}

/// A rule as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlayerFieldsFor {
    integration: String,
    package: String,
    fields: PlayerFields,
}

impl Znet {
    /// The longest that one call can take once its turn has come.
    #[must_use]
    pub(crate) fn longest_call(&self) -> Duration {
        self.connect_timeout + self.request_timeout
    }

    #[must_use]
    pub(crate) const fn timeouts(&self) -> HttpSettings {
        HttpSettings {
            connect_timeout: self.connect_timeout,
            request_timeout: self.request_timeout,
        }
    }

    /// When a panel's circuit opens, and for how long.
    #[must_use]
    pub(crate) const fn breaker(&self) -> BreakerLimits {
        BreakerLimits {
            failures: self.breaker_failures,
            cooldown: self.breaker_cooldown,
        }
    }

    pub(super) fn validate(&self, faults: &mut Faults<'_>, player: &mut PlayerRules) {
        player.usual = self.player_fields;
        for (rule, number) in self.player_fields_for.iter().zip(1..) {
            let key = |name| format!("znet.player_fields_for[{number}].{name}");
            let integration = fields::uuid(&rule.integration, "the id of a panel")
                .map_err(|message| faults.wrong(&key("integration"), &message))
                .ok();

            let package = match fields::uuid(&rule.package, "the id of a package") {
                Ok(package) => Some(package),
                Err(_) if rule.package.is_empty() => None,
                Err(message) => {
                    faults.wrong(&key("package"), &message);
                    None
                }
            };

            // A block with a fault is left out: the configuration is refused anyway.
            let Some(integration) = integration.map(IntegrationId) else {
                continue;
            };
            // Two blocks for one product would leave it to their order where a code goes.
            let mut before = player.others.iter();
            if before.any(|other| (other.integration, other.package) == (integration, package)) {
                let message = "has a block for the same product already";
                faults.add(&key("integration"), message);
            }
            player.others.push(PlayerRule {
                integration,
                package,
                fields: rule.fields,
            });
        }
    }
}

fn rate<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    let rate = fields::number::<HIGHEST_RATE, D>(from)?;
    if rate > 0.0 && rate < LOWEST_RATE {
        return Err(serde::de::Error::custom(format!(
            "must be at least {LOWEST_RATE}, or 0 for no limit"
        )));
    }
    Ok((rate > 0.0).then_some(rate))
}

fn in_flight<'de, D: Deserializer<'de>>(from: D) -> Result<Option<NonZeroU32>, D::Error> {
    fields::whole::<0, MAX_IN_FLIGHT, D>(from).map(NonZeroU32::new)
}
