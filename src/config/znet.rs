//! `[znet]`

use std::{num::NonZeroU32, time::Duration};

use uuid::Uuid;

use super::{
    MAX_IN_FLIGHT,
    read::{Reader, Section},
};
use crate::{
    breaker::BreakerLimits,
    order::{IntegrationId, PlayerFields, PlayerRule, PlayerRules},
};

const RULES: &str = "znet.player_fields_for";
const FIELDS: [(&str, PlayerFields); 2] =
    [("sheet", PlayerFields::Sheet), ("shop", PlayerFields::Shop)];

/// Slower is a mistake: use the time-outs and brakes instead.
const LOWEST_RATE: f64 = 0.001;
const HIGHEST_RATE: f64 = 10_000.0;

/// How panels are called. Rates and limits are per integration.
#[derive(Clone, Debug)]
pub struct Znet {
    /// To open a connection.
    pub connect_timeout: Duration,
    /// From the request to the end of the answer.
    pub request_timeout: Duration,
    /// Requests per second, above zero; `None` for no limit.
    pub requests_per_second: Option<f64>,
    /// Calls under way at once; `None` for no limit.
    pub max_in_flight: Option<NonZeroU32>,
    /// How long a price list is used.
    pub catalog_ttl: Duration,
    /// When a panel is left alone, and for how long.
    pub breaker: BreakerLimits,
    /// Which fields of a purchase hold what the customer typed.
    pub player: PlayerRules,
}

impl Znet {
    /// `None` only together with a fault.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let others = read_rules(reader);
        let mut section = reader.section("znet");
        Some(Self {
            connect_timeout: section.duration("connect_timeout"),
            request_timeout: section.duration("request_timeout"),
            requests_per_second: read_rate(&mut section),
            max_in_flight: NonZeroU32::new(section.count("max_in_flight", 0..=MAX_IN_FLIGHT)),
            catalog_ttl: section.duration("catalog_ttl"),
            breaker: BreakerLimits {
                failures: section.count("breaker_failures", 0..=1000),
                cooldown: section.duration("breaker_cooldown"),
            },
            player: PlayerRules {
                usual: section.choice("player_fields", PlayerFields::Sheet, &FIELDS),
                others: others?,
            },
        })
    }
}

/// The rules of single panels and packages; `None` only together with a fault.
fn read_rules(reader: &mut Reader<'_>) -> Option<Vec<PlayerRule>> {
    let mut rules: Vec<PlayerRule> = Vec::new();
    let mut sound = true;
    for number in 1..=reader.entries(RULES) {
        let mut section = reader.entry(RULES, number);
        let integration = section.parsed("integration", |text| {
            id(text).map_err(|()| "must be the id of a panel, a UUID".to_owned())
        });
        let package = section.parsed("package", |text| match text {
            "" => Ok(None),
            text => id(text)
                .map(Some)
                .map_err(|()| "must be the id of a package, a UUID".to_owned()),
        });
        let fields = section.choice("fields", PlayerFields::Sheet, &FIELDS);
        let (Some(integration), Some(package)) = (integration, package) else {
            sound = false;
            continue;
        };
        let rule = PlayerRule {
            integration: IntegrationId(integration),
            package,
            fields,
        };
        let same = |other: &PlayerRule| {
            (other.integration, other.package) == (rule.integration, rule.package)
        };
        if rules.iter().any(same) {
            section.fault("integration", "has a block for the same product already");
            sound = false;
        }
        rules.push(rule);
    }
    sound.then_some(rules)
}

fn id(text: &str) -> Result<Uuid, ()> {
    Uuid::try_parse(text).map_err(|_| ())
}

fn read_rate(section: &mut Section<'_, '_>) -> Option<f64> {
    let rate = section.float("requests_per_second", 0.0..=HIGHEST_RATE);
    if rate > 0.0 && rate < LOWEST_RATE {
        section.fault(
            "requests_per_second",
            format!("must be at least {LOWEST_RATE}, or 0 for no limit"),
        );
    }
    (rate > 0.0).then_some(rate)
}
